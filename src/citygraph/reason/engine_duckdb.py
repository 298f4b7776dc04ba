"""Larger than memory: the same rules as SQL joins in a DuckDB database on disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget
from citygraph.reason.duckdb_database import DuckdbDatabase
from citygraph.reason.encode import Columns, Dictionary, encode_terms
from citygraph.reason.sql_closure import SqlClosure

__all__ = ["close"]

_MEMORY: Final = "4GB"


def close(
    asserted: Iterable[Triple] | Iterable[Quad] | Columns,
    *,
    dictionary: Dictionary | None = None,
    budget: Budget | None = None,
    memory_limit: str = _MEMORY,
) -> SqlClosure:
    """Everything that follows from these triples by OWL 2 RL; what does not fit in memory goes to disk.

    Args:
        asserted: the triples, as terms or encoded with `dictionary`.
        dictionary: the numbers of the terms; needed with `Columns`, and extended by what the rules speak of.
        budget: limits; a closure that would pass them is stopped.
        memory_limit: what the database may use, such as "1GB"; the terms themselves are kept besides.

    Raises:
        ReasoningError: DuckDB is not installed, a limit was reached, or the disk is full.
    """
    database = DuckdbDatabase(memory_limit)
    dictionary = Dictionary() if dictionary is None else dictionary
    columns = asserted if isinstance(asserted, Columns) else encode_terms(asserted, dictionary)
    closure = SqlClosure(columns, dictionary, Budget() if budget is None else budget, database)
    closure.run()
    return closure
