"""SPARQL as text: read before an engine may see it, and rewritten where an engine would do the wrong thing.

In reading order: `text` (tokens, the form of a query, its columns, its patterns, what it must not contain,
the terms put into it as values), `grammar` (the first token that does not belong where it stands), `faults` (why the
engine refused it), `service` (the block that asks another server).
"""
