"""A document becomes text that is kept, and facts that it may say.

In reading order: `text` (the text and its parts), `patterns` (what a language says when it states a fact, as data),
`sentences` (a text as sentences and words), `figures` (numbers, money, dates), `mentions` (what words name), `propose`
(from sentences to proposed facts), `decisions` (proposals as a table, out and in).
"""
