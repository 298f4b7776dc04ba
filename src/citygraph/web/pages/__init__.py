"""The pages for people, and their twins for programs.

In reading order: `home` has the table of all routes; `page` is one request for a page, made of what it reads in `graph`,
the words in `i18n`, the addresses in `urls`, those of styles and scripts too, and the terms in `terms`. Things:
`entities` with the rows of `facts` and the `brief` of a city, what one can `take` along, `news` for what is new and old,
`neighbourhood` for one step around a thing, `sources` for documents and proofs, `search` for finding them by name, `columns`
for what the list of a kind shows, and `facets` for narrowing it. Questions: `questions`, the `editor`, the `builder` for new
ones, with the rows of `facts`, the `pictures` drawn by `drawings`, `two_days` for before and after, and the answer in `files`. Deciding about links: `review`.
"""
