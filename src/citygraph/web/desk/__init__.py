"""The desk: pages with which a person adds and changes facts, under `citygraph serve --edit`.

In reading order: `access` lets in whoever may write and reads their forms, `links` leads from the pages of things to the
forms, `forms` makes a form of a kind of fact and reads it, `journal` keeps what was written and what waits, `work` writes an edit, takes it back and builds the graph,
`lists` takes a list in that is dropped, `arriving` a document, `approval` lets another person decide, `from_words` fills a form in from the words of a sentence, `shown_sentences` puts
the sentences of a document beside its facts, `reading` reads them one by one, and `pages` are the other pages. What an edit is, is in `edit`; the desk is one more way to it.
"""
