"""The row with the names of the columns: found by the map, or said by it; and which cells mean what."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean
from citygraph.ingest.mapping import COLUMNS, ListMap
from citygraph.ingest.tables import Row, Sheet
from citygraph.namespaces import fold

__all__ = ["Heading", "find_heading"]

_LOOKED_AT: Final = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the table begins and which column holds what.

    Args:
        number: the row with the names of the columns.
        cells: these names, cleaned.
        columns: for each thing that the map names, the places of its columns.
        wide: the columns that are networks, by place.
        width: how many columns there are.
    """

    number: int
    cells: tuple[str, ...]
    columns: Mapping[str, int]
    wide: Mapping[int, str]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.cells)

    def is_repeated(self, row: Row) -> bool:
        """Whether a row is the heading once more, as lists have it that were printed on pages."""
        return tuple(clean(cell).text for cell in row.cells if cell.strip()) == tuple(
            each for each in self.cells if each
        )


def find_heading(sheet: Sheet, map_: ListMap) -> Heading | None:
    """The heading of a sheet; nothing when no row has the columns of the map.

    Raises:
        IngestError: the map says which row it is, and that row lacks a column.
    """
    said = int(map_.values["header"])
    rows = sheet.rows[said - 1 : said] if said else sheet.rows[:_LOOKED_AT]
    if all(isinstance(each, int) for each in map_.columns("city")):
        # Columns by number need no names; then the first row is the first row of data, unless the map says otherwise.
        return _heading(rows[0] if said and rows else Row(0, ()), map_)
    best = max(rows, key=lambda row: (_known(row, map_), -row.number), default=None)
    if best is None or not _place(map_.columns("city"), _names(best)) is not None or _city(best, map_) is None:
        if said or len(sheet.rows) == 0:
            raise _missing(rows, map_, "columns.city")
        return None
    return _heading(best, map_)


def _heading(row: Row, map_: ListMap) -> Heading:
    names = _names(row)
    columns: dict[str, int] = {}
    for key in COLUMNS:
        name = key.key.removeprefix("columns.")
        wanted = map_.columns(name)
        place = _place(wanted, names)
        if place is not None:
            columns[name] = place
        elif wanted:
            raise _absent(wanted, row, key.key)
    cells = tuple(clean(cell).text for cell in row.cells)
    return Heading(row.number, cells, columns, _wide(names, cells, map_))


def _wide(names: Sequence[str], cells: Sequence[str], map_: ListMap) -> dict[int, str]:
    if map_.values["wide.first"]:
        ends = [_place((map_.text(f"wide.{end}"),), names) for end in ("first", "last") if map_.text(f"wide.{end}")]
        if None in ends:
            raise _absent(
                (map_.text("wide.first"), map_.text("wide.last")), Row(0, tuple(cells)), "wide.first and wide.last"
            )
        places = [place for place in ends if place is not None]
        last = places[1] if len(places) > 1 else len(cells) - 1
        return {place: cells[place] for place in range(places[0], last + 1) if cells[place]}
    found: dict[int, str] = {}
    for name in map_.texts("wide.columns"):
        place = _place((name,), names)
        if place is None:
            raise _absent((name,), Row(0, tuple(cells)), "wide.columns")
        found[place] = cells[place]
    return found


def _names(row: Row) -> list[str]:
    return [fold(clean(cell).text) for cell in row.cells]


def _place(wanted: Sequence[str | int], names: Sequence[str]) -> int | None:
    for each in wanted:
        if isinstance(each, int):
            return each - 1
        if fold(clean(each).text) in names:
            return names.index(fold(clean(each).text))
    return None


def _city(row: Row, map_: ListMap) -> int | None:
    return _place(map_.columns("city"), _names(row))


def _known(row: Row, map_: ListMap) -> int:
    """How many columns of the map a row has; a row without the city has none."""
    if _city(row, map_) is None:
        return 0
    names = _names(row)
    wanted = [map_.columns(key.key.removeprefix("columns.")) for key in COLUMNS]
    return sum(_place(each, names) is not None for each in wanted if each)


def _absent(wanted: Sequence[str | int], row: Row, key: str) -> IngestError:
    cells = [clean(cell).text for cell in row.cells if cell.strip()]
    near = difflib.get_close_matches(str(wanted[0]), cells, n=1, cutoff=0.4)
    place = f" in row {row.number}" if row.number else ""
    message = f"The map names the column {' or '.join(map(repr, wanted))} ({key}), which is not{place}."
    return IngestError(
        message, fix=f"Did you mean {near[0]!r}?" if near else f"The columns are: {', '.join(cells[:30])}."
    )


def _missing(rows: Sequence[Row], map_: ListMap, key: str) -> IngestError:
    filled = [row for row in rows if not row.is_empty]
    return _absent(map_.columns("city"), max(filled, key=lambda row: len(row.cells), default=Row(0, ())), key)


def no_table(sheets: Sequence[Sheet], map_: ListMap) -> IngestError:
    """What to say when no sheet has the columns of the map."""
    rows = [row for sheet in sheets for row in sheet.rows[:_LOOKED_AT] if not row.is_empty]
    widest = max(rows, key=lambda row: sum(bool(cell.strip()) for cell in row.cells), default=Row(0, ()))
    return _absent(map_.columns("city"), widest, "columns.city")
