"""Larger than one machine: the same rules as SQL joins on a Spark cluster, with Parquet between the rounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget
from citygraph.reason.encode import Columns, Dictionary, encode_terms
from citygraph.reason.spark_database import SparkDatabase
from citygraph.reason.sql_closure import SqlClosure

__all__ = ["close"]

_MASTER: Final = "local[*]"


def close(
    asserted: Iterable[Triple] | Iterable[Quad] | Columns,
    *,
    dictionary: Dictionary | None = None,
    budget: Budget | None = None,
    master: str = _MASTER,
    folder: str = "",
) -> SqlClosure:
    """Everything that follows from these triples by OWL 2 RL, worked out by the workers of a cluster.

    Args:
        asserted: the triples, as terms or encoded with `dictionary`.
        dictionary: the numbers of the terms; needed with `Columns`, and extended by what the rules speak of. It
            stays in the memory of this machine.
        budget: limits; looked at between rounds.
        master: the address of the cluster, such as `spark://host:7077`, or `local[N]` for this machine.
        folder: where the tables lie as Parquet; every worker must see it under the same path. Without it the
            folder for temporary files of this machine.

    Raises:
        ReasoningError: Spark or Java is not installed, the cluster does not answer, or a limit was reached.
    """
    database = SparkDatabase(master, folder)
    dictionary = Dictionary() if dictionary is None else dictionary
    columns = asserted if isinstance(asserted, Columns) else encode_terms(asserted, dictionary)
    closure = SqlClosure(columns, dictionary, Budget() if budget is None else budget, database)
    closure.run()
    return closure
