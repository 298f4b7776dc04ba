"""Rows to entries: what each row says of a city and its networks, cleaned, or why it says nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.asking import Asking, cities_in
from citygraph.ingest.claims import Claim, Claims
from citygraph.ingest.cleaning import clean
from citygraph.ingest.dates import Period, read_date, read_period
from citygraph.ingest.gazetteer import Asked
from citygraph.ingest.headings import Heading, find_heading, no_table
from citygraph.ingest.lists import Listing
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.notes import explained, footnotes, note_reason
from citygraph.ingest.outcomes import Outcome
from citygraph.ingest.sections import Sections
from citygraph.ingest.tables import Limits, Row, Sheet
from citygraph.namespaces import fold

__all__ = ["Entry", "read_entries"]


# What stands between several names in a cell, or between a name and what is said of it.
_BETWEEN: Final = re.compile(r"[,;/|+&\n():–]|\s(?:and|og|und|et|y|-)\s|\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One city of a row: whom it asks for and what it claims; or at once an outcome with its reason."""

    sheet: str
    row: int
    cells: tuple[str, ...]
    written: str = ""
    asked: Asked | None = None
    claims: tuple[Claim, ...] = ()
    as_of: str = ""
    region: str = ""
    outcome: Outcome | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def read_entries(listing: Listing, map_: ListMap, limits: Limits, networks: Collection[str] = ()) -> Iterator[Entry]:
    """At least one entry for every row of every sheet, in order; a row that names several cities has one for each.

    Args:
        listing: the rows.
        map_: what the columns mean.
        limits: how much of a row is read.
        networks: the names of networks that the graph knows, folded.

    Raises:
        IngestError: no sheet has the columns of the map, or a sheet that it names is not there.
    """
    wanted = {fold(each) for each in map_.texts("sheet")}
    names = {fold(sheet.name) for sheet in listing.sheets}
    if wanted - names:
        raise _no_sheet(min(wanted - names), listing)
    read = [fold(sheet.name) in wanted if wanted else not sheet.is_hidden for sheet in listing.sheets]
    headings = [
        find_heading(sheet, map_, listing.described) if is_read else None
        for sheet, is_read in zip(listing.sheets, read, strict=True)
    ]
    if not any(headings):
        raise no_table(listing.sheets, map_)
    known = frozenset({*networks, *map_.names("networks"), *_listed_networks(listing, headings)})
    for sheet, heading in zip(listing.sheets, headings, strict=True):
        if heading is not None:
            comment = listing.described.comment if listing.described else ""
            yield from _Reader(sheet, heading, map_, limits, known, comment).entries()
            continue
        reason = _outside(sheet, is_named=bool(wanted))
        for row in sheet.rows:
            yield Entry(sheet.name, row.number, row.cells, outcome=Outcome.OUTSIDE, reason=reason)


def _outside(sheet: Sheet, *, is_named: bool) -> str:
    if sheet.is_hidden:
        return "the sheet is hidden in the workbook: to read it, name it in the map (sheet)"
    if is_named:
        return "the map does not name this sheet"
    return "the sheet has no column that the map names"


def _no_sheet(name: str, listing: Listing) -> IngestError:
    message = f"{listing.name} has no sheet {name!r}."
    return IngestError(message, fix=f"Its sheets are: {', '.join(sheet.name for sheet in listing.sheets)}.")


def _listed_networks(listing: Listing, headings: list[Heading | None]) -> Iterator[str]:
    """Names that stand alone in a cell of networks: they tell how cells with several are to be read."""
    for sheet, heading in zip(listing.sheets, headings, strict=True):
        place = heading.columns.get("network") if heading else None
        if heading is None or place is None:
            continue
        for row in sheet.rows:
            cell = row.cells[place] if row.number > heading.last and place < len(row.cells) else ""
            if cell and not _BETWEEN.search(cell):
                yield fold(clean(cell).text)


class _Reader:
    """Rows of one sheet, read by one heading and map."""

    def __init__(
        self, sheet: Sheet, heading: Heading, map_: ListMap, limits: Limits, networks: frozenset[str], comment: str
    ) -> None:
        self._sheet = sheet
        self._comment = comment
        self._heading = heading
        self._map = map_
        self._limits = limits
        self._month_first = map_.text("dates") == "month-first"
        self._city = heading.columns["city"]
        below = tuple(row for row in sheet.rows if row.number > heading.last)
        self._footnotes = footnotes(below, self._city)
        alone = not heading.wide and not (set(heading.columns) - {"city"})
        self._sections = Sections(map_, sheet.name, networks, alone=alone)
        self._claims = Claims(map_, heading.wide, networks)
        self._asking = Asking(map_, (row.cells[self._city] for row in below if self._city < len(row.cells)))
        self._filled: dict[str, str] = {}

    def entries(self) -> Iterator[Entry]:
        for row in self._sheet.rows:
            entry = Entry(self._sheet.name, row.number, row.cells)
            if row.is_empty:
                yield replace(entry, outcome=Outcome.EMPTY)
            elif row.number < self._heading.number:
                yield replace(entry, outcome=Outcome.HEADING, reason="above the names of the columns")
            elif row.number <= self._heading.last or self._heading.is_repeated(row):
                yield replace(entry, outcome=Outcome.HEADING, reason="the names of the columns")
            elif problem := _shape_problem(row, self._heading, self._limits, is_text=not self._sheet.name):
                cells = row.cells[: self._limits.cells]
                yield replace(entry, outcome=Outcome.REFUSED, reason=problem, cells=cells)
            elif self._comment and row.cells[0].startswith(self._comment):
                yield replace(entry, outcome=Outcome.NOTE, reason="a comment, as the metadata say", written=_first(row))
            elif note := note_reason(row, self._city):
                yield replace(entry, outcome=Outcome.NOTE, reason=note, written=_first(row))
            elif section := self._sections.take(row, self._city):
                self._filled = {}
                outcome = Outcome.HEADING if section.startswith("a section") else Outcome.REFUSED
                yield replace(entry, outcome=outcome, reason=section, written=_first(row))
            else:
                yield from self._read(entry, row)

    def _read(self, entry: Entry, row: Row) -> Iterator[Entry]:
        cells, notes = self._cells(row)
        if row.number in self._sheet.hidden:
            notes.append("the row is hidden in the workbook")
        width = self._heading.width
        if width and (beside := [text for cell in row.cells[width:] if (text := clean(cell).text)]):
            notes.append(f"beside the table, not read: {' '.join(beside)[:200]}")
        entry = replace(entry, written=cells.get("city", ""), notes=tuple(notes))
        if not entry.written:
            yield replace(entry, outcome=Outcome.REFUSED, reason="the column of the city is empty")
            return
        raw = row.cells[self._city] if self._city < len(row.cells) else ""
        names = list(cities_in(raw)) if clean(raw).text else [entry.written]
        if len(names) > 1:
            entry = replace(entry, notes=(*entry.notes, f"the cell names {len(names)} cities"))
        for name in names:
            yield self._of_one(replace(entry, written=name), name, cells, row)

    def _of_one(self, entry: Entry, name: str, cells: dict[str, str], row: Row) -> Entry:
        if self._sections.problem:
            return replace(entry, outcome=Outcome.REFUSED, reason=self._sections.problem)
        who = self._asking.read(name, cells, self._sections.country or self._above(cells))
        notes = [*entry.notes, *who.notes]
        as_of = read_date(cells.get("as_of", ""), month_first=self._month_first)
        if cells.get("as_of") and not as_of:
            notes.append(f"date not understood, the day of the list is used: {cells['as_of'][:60]}")
        period = read_period(cells.get("joined", ""), cells.get("left", ""), month_first=self._month_first)
        entry = replace(entry, asked=who.asked, region=who.region, as_of=as_of, notes=(*notes, *period.notes))
        if who.problem:
            return replace(entry, outcome=Outcome.REFUSED, reason=who.problem)
        claims = tuple(self._claims.read(cells, row, self._network(cells, row), Period(period.begin, period.end)))
        if not claims:
            return replace(entry, outcome=Outcome.REFUSED, reason="it names no network")
        return replace(entry, claims=claims)

    def _above(self, cells: dict[str, str]) -> str:
        """The country of the cell above, which counts less than one behind the name."""
        return "" if cells.get("country") else self._asking.country(self._filled.get("country", ""))

    def _network(self, cells: dict[str, str], row: Row) -> str:
        """The cell of the network as it stands, for its lines say something; or the section, the sheet, the list."""
        place = self._heading.columns.get("network")
        if place is not None and place < len(row.cells) and clean(row.cells[place]).text:
            return row.cells[place]
        return cells.get("network", "") or self._sections.network or self._map.text("network")

    def _cells(self, row: Row) -> tuple[dict[str, str], list[str]]:
        cells: dict[str, str] = {}
        notes: list[str] = []
        filling = self._map.texts("fill")
        for name, place in self._heading.columns.items():
            cleaned = clean(row.cells[place]) if place < len(row.cells) else clean("")
            cells[name] = cleaned.text
            if name in {"city", "country", "network"}:
                notes += cleaned.notes
            if cleaned.mark and name in {"city", "status", "network"}:
                notes.append(explained(cleaned.mark, self._footnotes))
            if name in filling:
                self._filled[name] = cleaned.text or self._filled.get(name, "")
                if name != "country":
                    cells[name] = self._filled[name]
        return cells, notes


def _first(row: Row) -> str:
    return next((text for cell in row.cells if (text := clean(cell).text)), "")


def _shape_problem(row: Row, heading: Heading, limits: Limits, *, is_text: bool) -> str:
    """What makes a row unreadable before any cell is understood; in a workbook nothing can slip into the next cell."""
    if len(row.cells) > limits.cells:
        return f"it has more than {limits.cells:,} cells"
    longest = max(map(len, row.cells), default=0)
    if longest > limits.characters:
        return f"a cell has {longest:,} characters; {limits.characters:,} are allowed"
    filled = [place for place, cell in enumerate(row.cells) if cell.strip()]
    if is_text and heading.width > 1 and filled and filled[-1] >= heading.width:
        return (
            f"it has {filled[-1] + 1} cells and the heading {heading.width}: "
            "a separator stands inside a cell without quotation marks"
        )
    return ""
