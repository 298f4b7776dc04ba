"""Rows to entries: the city that a row names and the memberships that it states, or why it says nothing."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.asking import CityReader, belongs_in_front
from citygraph.ingest.cells import clean, name_problem
from citygraph.ingest.claims import DOUBT, Claim, Claims, in_time, is_one_name
from citygraph.ingest.countries import named_country
from citygraph.ingest.dates import (
    LEFT,
    Period,
    end_behind,
    read_date,
    read_period,
    speaks_of_end,
)
from citygraph.ingest.layout import Heading, Sections, explained, find_heading, footnotes, no_table, note_reason
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.places import WantedCity, known_countries
from citygraph.ingest.read import Listing
from citygraph.ingest.report import RowOutcome
from citygraph.ingest.tables import ListLimits, Row, Sheet, list_error
from citygraph.matching.cities import other_names
from citygraph.matching.names import fold, read_name
from citygraph.messages import key_of, sentence

_NA: Final = "NA"


def cities_in(written: str) -> Iterator[str]:
    r"""The cities of one cell, cleaned; several stand apart by semicolons or lines.

    A line that only carries a name on is not another city.

    >>> list(cities_in("Köln/Düsseldorf")), list(cities_in("Bolzano/Bozen"))
    (['Köln', 'Düsseldorf'], ['Bolzano/Bozen'])
    >>> list(cities_in("Oslo; Bergen")), list(cities_in("Oslo\nBergen")), list(cities_in("Frankfurt\nam Main"))
    (['Oslo', 'Bergen'], ['Oslo', 'Bergen'], ['Frankfurt am Main'])
    """
    whole = clean(written).text
    written = html.unescape(written)
    parts = [name for part in written.split(";") for line in _lines(part) for name in _halves(clean(line).text)]
    yield from parts if len(parts) > 1 and not any(name_problem(part) for part in parts) else [whole]


def _halves(name: str) -> list[str]:
    """The two names of "Köln/Düsseldorf", when they are known to be of two cities; "Bolzano/Bozen" is one."""
    parts = [part.strip() for part in name.split("/") if part.strip()]
    cores = [read_name(part).core for part in parts]
    if len(parts) > 1 and all(known_countries(core) for core in cores):
        cities = [set(other_names(core)) | {core} for core in cores]
        if not any(one & other for place, one in enumerate(cities) for other in cities[place + 1 :]):
            return parts
    return [name] if name else []


def _lines(text: str) -> list[str]:
    """The lines of a cell, when each can be a name of its own."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) > 1 and all(line[:1].isupper() and not belongs_in_front(line) for line in lines):
        known = [bool(known_countries(read_name(each).core)) for each in (*lines, " ".join(lines), "-".join(lines))]
        if any(known[:-2]) and not any(known[-2:]) and not any(named_country(line) for line in lines):
            return lines
    return [text]


@dataclass(frozen=True, slots=True)
class Entry:
    """One city of a row: whom it asks for and what it claims; or at once an outcome with its reason."""

    sheet: str
    row: int
    cells: tuple[str, ...]
    written: str = ""
    asked: WantedCity | None = None
    claims: tuple[Claim, ...] = ()
    as_of: str = ""
    region: str = ""
    outcome: RowOutcome | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def read_entries(
    listing: Listing, map_: ListMap, limits: ListLimits, networks: Collection[str] = ()
) -> Iterator[Entry]:
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
            yield Entry(sheet.name, row.number, row.cells, outcome=RowOutcome.OUTSIDE, reason=reason)


def _outside(sheet: Sheet, *, is_named: bool) -> str:
    if sheet.is_hidden:
        return sentence("ingest.row.sheet_hidden")
    return sentence("ingest.row.sheet_not_named" if is_named else "ingest.row.sheet_no_columns")


def _no_sheet(name: str, listing: Listing) -> IngestError:
    sheets = ", ".join(sheet.name for sheet in listing.sheets)
    return list_error("no_sheet", fix="sheets", name=listing.name, sheet=name, sheets=sheets)


def _listed_networks(listing: Listing, headings: list[Heading | None]) -> Iterator[str]:
    """Names that stand alone in a cell of networks: they tell how cells with several are to be read."""
    for sheet, heading in zip(listing.sheets, headings, strict=True):
        place = heading.columns.get("network") if heading else None
        if heading is None or place is None:
            continue
        for row in sheet.rows:
            cell = row.cells[place] if row.number > heading.last and place < len(row.cells) else ""
            if is_one_name(cell):
                yield fold(clean(cell).text)


class _Reader:
    """Rows of one sheet, read by one heading and map."""

    def __init__(
        self, sheet: Sheet, heading: Heading, map_: ListMap, limits: ListLimits, networks: frozenset[str], comment: str
    ) -> None:
        self._sheet = sheet
        self._comment = comment
        self._heading = heading
        self._map = map_
        self._limits = limits
        self._month_first = map_.text("dates") == "month-first"
        self._city = heading.columns["city"]
        self._says_na = _says_na(sheet, heading)
        below = tuple(self._without_na(row) for row in sheet.rows if row.number > heading.last)
        self._footnotes = footnotes(below, self._city)
        alone = not heading.wide and not (set(heading.columns) - {"city"})
        self._sections = Sections(map_, sheet.name, networks, alone=alone)
        self._claims = Claims(map_, heading.wide, networks)
        country, kind = (heading.columns.get(each, -1) for each in ("country", "kind"))
        names = ((_cell(row, self._city), _cell(row, country)) for row in below)
        self._asking = CityReader(map_, names, (_cell(row, kind) for row in below))
        self._filled: dict[str, str] = {}

    def entries(self) -> Iterator[Entry]:
        for row in self._sheet.rows:
            entry = Entry(self._sheet.name, row.number, row.cells)
            if row.is_empty:
                yield replace(entry, outcome=RowOutcome.EMPTY)
            elif row.number < self._heading.number:
                yield replace(entry, outcome=RowOutcome.HEADING, reason=sentence("ingest.row.above"))
            elif row.number <= self._heading.last or self._heading.is_repeated(row):
                yield replace(entry, outcome=RowOutcome.HEADING, reason=sentence("ingest.row.names"))
            elif problem := _shape_problem(row, self._heading, self._limits, is_text=not self._sheet.name):
                cells = row.cells[: self._limits.cells]
                yield replace(entry, outcome=RowOutcome.REFUSED, reason=problem, cells=cells)
            elif self._comment and row.cells[0].startswith(self._comment):
                yield replace(
                    entry, outcome=RowOutcome.NOTE, reason=sentence("ingest.row.comment"), written=_first(row)
                )
            elif note := note_reason(row, self._city):
                yield replace(entry, outcome=RowOutcome.NOTE, reason=note, written=_first(row))
            elif section := self._sections.take(row, self._city):
                self._filled = {}
                outcome = RowOutcome.HEADING if key_of(section) == "ingest.row.section" else RowOutcome.REFUSED
                yield replace(entry, outcome=outcome, reason=section, written=_first(row))
            else:
                yield from self._read(entry, self._without_na(row))

    def _without_na(self, row: Row) -> Row:
        """The row with nothing where the list writes NA for it."""
        if not self._says_na or _NA not in row.cells:
            return row
        return replace(row, cells=tuple("" if cell.strip() == _NA else cell for cell in row.cells))

    def _read(self, entry: Entry, row: Row) -> Iterator[Entry]:
        cells, notes = self._cells(row)
        notes += row.notes
        if row.number in self._sheet.hidden:
            notes.append(sentence("ingest.note.hidden"))
        width = self._heading.width
        if width and (beside := [text for cell in row.cells[width:] if (text := clean(cell).text)]):
            notes.append(sentence("ingest.note.beside", said=" ".join(beside)[:200]))
        entry = replace(entry, written=cells.get("city", ""), notes=tuple(notes))
        if not entry.written:
            yield replace(entry, outcome=RowOutcome.REFUSED, reason=sentence("ingest.row.no_city"))
            return
        raw = row.cells[self._city] if self._city < len(row.cells) else ""
        names = list(cities_in(raw)) if clean(raw).text else [entry.written]
        if len(names) > 1:
            entry = replace(entry, notes=(*entry.notes, sentence("ingest.note.cities", count=len(names))))
        for name in names:
            yield self._of_one(replace(entry, written=name), name, cells, row)

    def _of_one(self, entry: Entry, name: str, cells: dict[str, str], row: Row) -> Entry:
        if self._sections.problem:
            return replace(entry, outcome=RowOutcome.REFUSED, reason=self._sections.problem)
        bare, behind = end_behind(name, month_first=self._month_first)
        who = self._asking.read(bare, cells, self._sections.country or self._above(cells))
        notes = [*entry.notes, *who.notes]
        if bare != name:
            notes.append(sentence("ingest.note.end_behind", said=name[len(bare) :].strip()[:60]))
        as_of = read_date(cells.get("as_of", ""), month_first=self._month_first)
        if cells.get("as_of") and not as_of:
            notes.append(sentence("ingest.note.no_day", said=cells["as_of"][:60]))
        period = read_period(
            cells.get("joined", ""), cells.get("left", ""), own=self._map.names("roles"), month_first=self._month_first
        )
        entry = replace(entry, asked=who.asked, region=who.region, as_of=as_of, notes=(*notes, *period.notes))
        if who.problem:
            return replace(entry, outcome=RowOutcome.REFUSED, reason=who.problem)
        if problem := period.problem or self._marked_as_over(row):
            return replace(entry, outcome=RowOutcome.REFUSED, reason=problem)
        is_left = self._map.text("struck") == LEFT and self._is_struck(row)
        period = Period(
            period.begin or behind.begin, period.end or behind.end, (), period.is_over or behind.is_over or is_left
        )
        claims = self._claims.read(cells, row, self._network(cells, row), period)
        day = as_of or self._map.as_of
        entry = replace(entry, claims=tuple(in_time(claim, day) for claim in claims))
        return (
            entry
            if entry.claims
            else replace(entry, outcome=RowOutcome.REFUSED, reason=sentence("ingest.row.no_network"))
        )

    def _is_struck(self, row: Row) -> bool:
        """Whether the city of a row, or its network, is struck out."""
        places = {self._city, self._heading.columns.get("network", self._city)}
        return bool(places & row.struck)

    def _marked_as_over(self, row: Row) -> str:
        """Why a row is a question that a workbook strikes out, or on which somebody remarked that it is over."""
        if self._is_struck(row) and not self._map.text("struck"):
            return sentence("ingest.row.struck")
        if row.unknown & {self._heading.columns.get(each, -1) for each in ("left", "status", "network")}:
            return sentence("ingest.row.no_value")
        ends = [said for said in row.comments if speaks_of_end(said)]
        return sentence("ingest.row.remarked", said=ends[0][:60]) if ends and not self._map.text("comments") else ""

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
            if name == "left" and place < len(row.cells) and fold(row.cells[place].strip()) in DOUBT:
                cells[name] = row.cells[place].strip()
            if name in {"city", "country", "network"}:
                notes += cleaned.notes
            if cleaned.mark and name in {"city", "status", "network"}:
                notes.append(explained(cleaned.mark, self._footnotes))
            if name in filling:
                self._filled[name] = cleaned.text or self._filled.get(name, "")
                if name != "country":
                    cells[name] = self._filled[name]
        return cells, notes


def _cell(row: Row, place: int) -> str:
    return clean(row.cells[place]).text if 0 <= place < len(row.cells) else ""


def _says_na(sheet: Sheet, heading: Heading) -> bool:
    """Whether NA means that nothing is known, as R and pandas write it, and not Namibia.

    It does when a column other than that of the country has it, and when the column of the country has names.
    """
    country = heading.columns.get("country", -1)
    columns: dict[int, set[str]] = {}
    for row in sheet.rows:
        if row.number > heading.last:
            for place, cell in enumerate(row.cells):
                columns.setdefault(place, set()).add(cell.strip())
    for place, cells in columns.items():
        if _NA in cells:
            others = [cell for cell in cells - {_NA} if cell]
            codes = [cell for cell in others if len(cell) == len(_NA) and cell.isupper()]
            if len(codes) < len(others) if place == country else not codes:
                return True
    return False


def _first(row: Row) -> str:
    return next((text for cell in row.cells if (text := clean(cell).text)), "")


def _shape_problem(row: Row, heading: Heading, limits: ListLimits, *, is_text: bool) -> str:
    """What makes a row unreadable before any cell is understood; in a workbook nothing can slip into the next cell."""
    if len(row.cells) > limits.cells:
        return sentence("ingest.row.cells", most=limits.cells)
    longest = max(map(len, row.cells), default=0)
    if longest > limits.characters:
        return sentence("ingest.row.characters", count=longest, most=limits.characters)
    filled = [place for place, cell in enumerate(row.cells) if cell.strip()]
    if is_text and heading.width > 1 and filled and filled[-1] >= heading.width:
        return sentence("ingest.row.separator", cells=filled[-1] + 1, width=heading.width)
    return ""
