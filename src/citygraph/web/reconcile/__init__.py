"""Names in a spreadsheet matched to things of the graph, in the protocol that OpenRefine speaks.

In reading order: `service` has the addresses and what they answer, `batch` reads what is asked, `targets` are the
things that can be matched, with the search for the candidates of one query.
"""
