"""Names in a spreadsheet matched to things of the graph, in the protocol that OpenRefine speaks.

In reading order: `service` has the addresses and what they answer, `batch` reads what is asked, `matching` finds the
candidates for one query among the `targets`.
"""
