"""Larger than memory: the rules as SQL joins in a DuckDB database on disk, in a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget
from citygraph.reason.columnar.relations import Columns, Ids
from citygraph.reason.columnar.terms import Dictionary, encode_terms
from citygraph.reason.sql import SqlClosure
from citygraph.reason.sql.compiler import Row

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it


if TYPE_CHECKING:
    import duckdb


_PIECE: Final = 10_000


class DuckdbDatabase:
    """See `Database`."""

    def __init__(self, memory_limit: str) -> None:
        """A new database, whose files go when it is closed or forgotten.

        Raises:
            ReasoningError: DuckDB is not installed, or the limit is no size.
        """
        folder = Path(tempfile.mkdtemp(prefix="citygraph-"))
        self._connection = _open(folder, memory_limit)
        self._discard = weakref.finalize(self, _discard, self._connection, folder)

    def put(self, table: str, columns: Mapping[str, Ids], query: str = "given") -> None:
        """See `Database.put`."""
        self._connection.register("given", dict(columns))
        self.make(table, query)
        self._connection.unregister("given")

    def make(self, table: str, query: str, *, most: int | None = None) -> None:
        """See `Database.make`."""
        self._sql(f"CREATE OR REPLACE TABLE {table} AS {_asked(query)}" + (f" LIMIT {most}" if most else ""))

    def append(self, table: str, query: str) -> None:
        """See `Database.append`."""
        self._sql(f"INSERT INTO {table} {_asked(query)}")

    def view(self, name: str, query: str) -> None:
        """See `Database.view`."""
        self._sql(f"CREATE VIEW {name} AS {query}")

    def count(self, table: str) -> int:
        """See `Database.count`."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def rows(self, query: str) -> list[Row]:
        """See `Database.rows`."""
        return list(self._sql(query).fetchall())

    def numbers(self, query: str) -> dict[str, NDArray[Any]]:
        """See `Database.numbers`."""
        return dict(self._sql(query).fetchnumpy())

    def stream(self, query: str) -> Iterator[list[Row]]:
        """See `Database.stream`."""
        cursor = self._connection.cursor()
        cursor.execute(query)
        while rows := cursor.fetchmany(_PIECE):
            yield rows

    def close(self) -> None:
        """See `Database.close`."""
        self._discard()

    def _sql(self, text: str) -> Any:  # noqa: ANN401  # a DuckDB result
        import duckdb  # noqa: PLC0415

        try:
            return self._connection.execute(text)
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            message = sentence("reasoner.duckdb.full", why=str(error).partition("\n")[0])
            raise ReasoningError(message, fix=sentence("reasoner.duckdb.make_room")) from error


def _asked(query: str) -> str:
    """The query; all rows where it is the name of a table."""
    return f"FROM {query}" if query.isidentifier() else query


def _open(folder: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb  # noqa: PLC0415  # an extra of its own
    except ImportError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ReasoningError(sentence("reasoner.duckdb.missing"), fix=sentence("reasoner.duckdb.install")) from error
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(folder / "spilled"),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
    }
    try:
        return duckdb.connect(str(folder / "closure.duckdb"), config=settings)
    except duckdb.Error as error:
        shutil.rmtree(folder, ignore_errors=True)
        message = sentence("reasoner.duckdb.closed", why=str(error).partition("\n")[0])
        raise ReasoningError(message, fix=sentence("reasoner.duckdb.write_limit")) from error


def _discard(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


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
