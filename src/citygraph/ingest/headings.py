"""The row with the names of the columns: found by the map, or said by it; and which cells mean what."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean
from citygraph.ingest.csvw import Described
from citygraph.ingest.mapping import COLUMNS, ListMap
from citygraph.ingest.tables import Row, Sheet
from citygraph.namespaces import fold

__all__ = ["Heading", "find_heading"]

_LOOKED_AT: Final = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the table begins and which column holds what.

    Args:
        number: the first row with names of columns.
        last: the last one.
        cells: these names, cleaned.
        columns: for each thing that the map names, the places of its columns.
        wide: the columns that are networks, by place.
        width: how many columns there are.
    """

    number: int
    last: int
    cells: tuple[str, ...]
    columns: Mapping[str, int]
    wide: Mapping[int, str]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.cells)

    def is_repeated(self, row: Row) -> bool:
        """Whether a row is the heading once more, as lists have it that were printed on pages."""
        names = [each for each in self.cells if each]
        first = next((text for cell in row.cells if (text := clean(cell).text)), "")
        if not names or first != names[0]:
            return False
        return [clean(cell).text for cell in row.cells if cell.strip()] == names


def find_heading(sheet: Sheet, map_: ListMap, described: Described | None = None) -> Heading | None:
    """The heading of a sheet; nothing when no row has the columns of the map.

    Raises:
        IngestError: the map says which row it is, and that row lacks a column.
    """
    said, depth = int(map_.values["header"]), int(map_.values["header_rows"])
    if described is not None and not said:
        if described.names and not described.header:
            return _heading((_of_metadata(described),), map_)
        said, depth = described.header, max(depth, described.header_rows)
        if described.names and said <= len(sheet.rows):
            also = _all_of_metadata(described, said + depth - 1)
            return _heading(sheet.rows[said - 1 : said - 1 + depth], map_, also=also)
    starts = range(said - 1, said) if said else range(min(_LOOKED_AT, len(sheet.rows)))
    tops = [sheet.rows[start : start + depth] for start in starts if start < len(sheet.rows)]
    if all(isinstance(each, int) for each in map_.columns("city")):
        # Columns by number need no names; then the first row is the first row of data, unless the map says otherwise.
        return _heading(tops[0] if said and tops else (Row(0, ()),), map_)
    best = max(tops, key=lambda rows: (_known(_joined(rows), map_), -rows[0].number), default=())
    if not best or _city(_joined(best), map_) is None:
        if said or len(sheet.rows) == 0:
            raise _missing([rows[0] for rows in tops], map_, "columns.city")
        return None
    return _heading(best, map_, below=sheet.rows[best[-1].number : best[-1].number + 3])


def _of_metadata(described: Described) -> Row:
    return Row(0, tuple(names[0] if names else "" for names in described.names))


def _all_of_metadata(described: Described, number: int) -> list[Row]:
    """The titles and names of the metadata as further rows: the map may use any of them."""
    most = max(map(len, described.names), default=0)
    return [Row(number, tuple(names[at] if at < len(names) else "" for names in described.names)) for at in range(most)]


def _joined(rows: Sequence[Row]) -> Row:
    """Several rows of names as one: the lower name counts, and the upper where there is none below."""
    width = max(len(row.cells) for row in rows)
    cells = [""] * width
    for row in rows:
        for place, cell in enumerate(row.cells):
            cells[place] = cell if clean(cell).text else cells[place]
    return Row(rows[0].number, tuple(cells))


def _heading(rows: Sequence[Row], map_: ListMap, below: Sequence[Row] = (), also: Sequence[Row] = ()) -> Heading:
    """The heading that some rows are; `also` are other names of the same columns."""
    row = _joined(rows)
    names = _names(row)
    columns: dict[str, int] = {}
    for key in COLUMNS:
        name = key.key.removeprefix("columns.")
        wanted = map_.columns(name)
        place = _place(wanted, names)
        if place is None:
            # The map may also name the group above.
            place = next(
                (found for each in (*rows, *also) if (found := _place(wanted, _names(each))) is not None), None
            )
        if place is not None:
            columns[name] = place
        elif wanted:
            raise _absent(wanted, row, key.key, below)
    cells = tuple(clean(cell).text for cell in row.cells)
    return Heading(row.number, rows[-1].number, cells, columns, _wide(names, cells, map_, below))


def _wide(names: Sequence[str], cells: Sequence[str], map_: ListMap, below: Sequence[Row]) -> dict[int, str]:
    if map_.values["wide.first"]:
        ends = [_place((map_.text(f"wide.{end}"),), names) for end in ("first", "last") if map_.text(f"wide.{end}")]
        if None in ends:
            raise _absent(
                (map_.text("wide.first"), map_.text("wide.last")),
                Row(0, tuple(cells)),
                "wide.first and wide.last",
                below,
            )
        places = [place for place in ends if place is not None]
        last = places[1] if len(places) > 1 else len(cells) - 1
        return {place: cells[place] for place in range(places[0], last + 1) if cells[place]}
    found: dict[int, str] = {}
    for name in map_.texts("wide.columns"):
        place = _place((name,), names)
        if place is None:
            raise _absent((name,), Row(0, tuple(cells)), "wide.columns", below)
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
    wide = [(name,) for name in (*map_.texts("wide.columns"), map_.text("wide.first"), map_.text("wide.last")) if name]
    return sum(_place(each, names) is not None for each in (*wanted, *wide) if each)


def _absent(wanted: Sequence[str | int], row: Row, key: str, below: Sequence[Row] = ()) -> IngestError:
    lower = next((number for number, each in enumerate(below, start=2) if _place(wanted, _names(each)) is not None), 0)
    if lower:
        message = f"The map names the column {' or '.join(map(repr, wanted))} ({key}), which stands in row {below[lower - 2].number}."
        return IngestError(
            message, fix=f"The names of the columns take {lower} rows: write header_rows = {lower} in the map."
        )
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
