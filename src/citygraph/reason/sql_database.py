"""A DuckDB database of numbered triples in a folder of its own, honouring a memory limit by spilling to disk."""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.reason.closure import TripleText
from citygraph.reason.columns import Ids
from citygraph.reason.encode import BLANK, LITERAL, Dictionary
from citygraph.reason.sql_rules import BLANK as BLANK_KIND
from citygraph.reason.sql_rules import KIND, VOCABULARY
from citygraph.reason.sql_rules import LITERAL as LITERAL_KIND
from citygraph.reason.tidy import VOCABULARIES

if TYPE_CHECKING:
    import duckdb

__all__ = ["NUMBER", "Database"]

NUMBER: Final = (1 << KIND) - 1
"""The bits of a code that are the number of the term; the others are its kind."""

_INSTALL: Final = "Install it with: pip install 'citygraph[duckdb]'"
_KINDS: Final = {"_": BLANK_KIND, '"': LITERAL_KIND}


class Database:
    """The connection, and the codes of terms: their numbers with their kinds in the highest bits."""

    def __init__(self, dictionary: Dictionary, memory_limit: str) -> None:
        """A new database, whose files go when it is closed or forgotten.

        Raises:
            ReasoningError: DuckDB is not installed, or the limit is no size.
        """
        self.dictionary = dictionary
        folder = Path(tempfile.mkdtemp(prefix="citygraph-"))
        self.connection = _open(folder, memory_limit)
        self.close = weakref.finalize(self, _discard, self.connection, folder)

    def put(self, table: str, columns: Mapping[str, Ids], query: str) -> None:
        """Make a table by a query that reads `given`, which has these columns."""
        self.connection.register("given", dict(columns))
        self.sql(f"CREATE OR REPLACE TABLE {table} AS {query}")
        self.connection.unregister("given")

    def codes(self) -> Ids:
        """For every term its number with its kind in the highest bits."""
        kinds = self.dictionary.kinds()
        starts = tuple(f"<{prefix}".encode() for prefix in VOCABULARIES)
        codes = np.arange(len(kinds), dtype=np.uint32)
        codes |= (kinds == LITERAL).astype(np.uint32) * np.uint32(LITERAL_KIND << KIND)
        codes |= (kinds == BLANK).astype(np.uint32) * np.uint32(BLANK_KIND << KIND)
        texts = self.dictionary.texts()
        vocabulary = np.fromiter((text.startswith(starts) for text in texts), np.bool_, len(texts))
        return codes | vocabulary.astype(np.uint32) * np.uint32(VOCABULARY << KIND)

    def code(self, text: str) -> int:
        """The number of one term, with its kind."""
        kind = _KINDS.get(text[0], 0)
        if text.startswith(tuple(f"<{prefix}" for prefix in VOCABULARIES)):
            kind = VOCABULARY
        return self.dictionary.number(text) | kind << KIND

    def text(self, code: int) -> str:
        """The term behind a code."""
        return self.dictionary.text(code & NUMBER)

    def texts(self, codes: tuple[int, ...]) -> tuple[TripleText, ...]:
        """The triples behind three codes each."""
        texts = [self.text(code) for code in codes]
        return tuple((texts[i], texts[i + 1], texts[i + 2]) for i in range(0, len(texts), 3))

    def code_of(self, number: int) -> int:
        """The code of a term by its number."""
        return self.code(self.dictionary.text(number))

    def fill(self, table: str, rows: Sequence[tuple[int, ...]]) -> None:
        """Replace the rows of a table."""
        self.sql(f"DELETE FROM {table}")
        if rows:
            values = ", ".join(f"({', '.join(map(str, row))})" for row in rows)
            self.sql(f"INSERT INTO {table} VALUES {values}")

    def one(self, text: str) -> int:
        """The one number that a query answers."""
        return int(self.sql(text).fetchall()[0][0])

    def sql(self, text: str, values: dict[str, int] | None = None) -> Any:  # noqa: ANN401  # a DuckDB result
        """Run one statement.

        Raises:
            ReasoningError: neither memory nor disk has room left.
        """
        import duckdb  # noqa: PLC0415

        try:
            return self.connection.execute(text, values)
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            reason = str(error).partition("\n")[0]
            message = f"The database of the reasoner has no room left: {reason}"
            raise ReasoningError(message, fix="Make room on the disk, or raise reason.memory_limit.") from error


def _open(folder: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb  # noqa: PLC0415  # an extra of its own
    except ImportError as error:
        shutil.rmtree(folder, ignore_errors=True)
        message = "The engine duckdb needs the package duckdb, which is not installed."
        raise ReasoningError(message, fix=_INSTALL) from error
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
        message = f"The database of the reasoner cannot be opened: {str(error).partition(chr(10))[0]}"
        raise ReasoningError(message, fix='Write the limit as a number and a unit: memory_limit = "4GB".') from error


def _discard(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)
