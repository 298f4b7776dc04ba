"""What the SQL rules ask of a database: numbered tables that are made, appended to, looked through and read out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from citygraph.reason.columns import Ids

__all__ = ["Database", "Row"]

Row: TypeAlias = tuple[int, ...]


class Database(Protocol):
    """Tables of codes. Queries are made of numbers and of names written in these modules; no term comes near them.

    They are in the words that DuckDB and Spark share, but for `ANTI JOIN`, which each writes its own way.
    Every method raises a ReasoningError when there is no room left, or the database is lost.
    """

    def put(self, table: str, columns: Mapping[str, Ids], query: str) -> None:
        """Make a table by a query that reads `given`, which has these columns."""
        ...

    def make(self, table: str, query: str) -> None:
        """Make a table, or make it anew, of what the query answers; the query may read the old one."""
        ...

    def append(self, table: str, query: str) -> None:
        """Add what the query answers to a table."""
        ...

    def share(self, table: str, source: str, *, keep: bool = False) -> None:
        """Make a table what another one is, or with `keep` add that; both have the same columns. Copies little."""
        ...

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Make a table, or make it anew, of a few rows."""
        ...

    def view(self, name: str, query: str) -> None:
        """Give a name to a query, which is asked of the tables as they are whenever the name is used."""
        ...

    def at_most(self, query: str, rows: int) -> str:
        """The query, cut at so many rows where that is cheap."""
        ...

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ...

    def rows(self, query: str) -> list[Row]:
        """The answer of a query that has few rows."""
        ...

    def numbers(self, query: str) -> dict[str, NDArray[Any]]:
        """The answer of a query as columns of numbers, by name."""
        ...

    def stream(self, query: str) -> Iterator[list[Row]]:
        """The answer of a query in pieces."""
        ...

    def close(self) -> object:
        """Give everything back; the database cannot be asked any more."""
        ...
