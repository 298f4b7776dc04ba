"""A document becomes text that is kept, and facts that it may say.

In reading order. From a file to its text: `text` (the text, its parts, and how one is put together), `plain_text` (.txt
and .md), `office` (.docx and .odt), `web_page` (.html), `mail` (.eml), `pdf`, `by_address`
(fetched once), `guess` (title, day, author, access), `run`
(in a process with bounds, and what is kept). From the text to facts: `patterns` (what a language says when it states a
fact, as data), `sentences` (a text as sentences and words), `figures` (numbers, money, dates), `mentions` (what words
name), `statement` (whether it is stated), `propose` (from sentences to proposed facts), `decisions` (proposals as a
table, out and in), `chat` (proposals of a model, if there is one), `revision` (a new edition of a text held against the old one). That a document is registered is done
by `project`.
"""
