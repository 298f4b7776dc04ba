"""The pages for people, and their twins for programs.

In reading order: `home` has the table of all routes; `page` is one request for a page, made of the version it reads in
`graph`, the words in `i18n`, the addresses in `urls`, the styles and scripts in `assets` and the terms in `terms`. Things: `entities` with what
`facts` says about them, `sources` for documents, `why` for proofs. Questions: `questions` and `editor`, shown by
`table`, `pictures` and `drawings`, written by `files`. Finding a thing: `search`. Deciding about links: `review`.
"""
