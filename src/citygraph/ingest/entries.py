"""Rows to entries: what each row says of a city and its networks, cleaned, or why it says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean, coordinates, name_problem, tidy_case
from citygraph.ingest.countries import country_label, country_of, named_country
from citygraph.ingest.dates import Period, read_date, read_period
from citygraph.ingest.gazetteer import Asked
from citygraph.ingest.headings import Heading, find_heading, no_table
from citygraph.ingest.lists import Listing
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.regions import is_region, region_of
from citygraph.ingest.statuses import LEFT, NOT_YET, read_status
from citygraph.ingest.tables import Limits, Row, Sheet
from citygraph.namespaces import fold

__all__ = ["Claim", "Entry", "Outcome", "read_entries"]

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    PARTLY = "partly imported"
    DUPLICATE = "duplicate"
    REVIEW = "review"
    REFUSED = "refused"
    HEADING = "heading"
    EMPTY = "empty"
    OUTSIDE = "sheet not read"


@dataclass(frozen=True, slots=True)
class Claim:
    """One membership that a row states: the network as written, the role, when; or why it cannot be used."""

    network: str
    role: str = ""
    period: Period = field(default_factory=Period)
    has_left: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: which city it asks for and what it claims; or at once an outcome with its reason."""

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


_DIRECTIONS: Final = frozenset(
    {"city of", "the city of", "city", "town of", "municipality of", "commune", "kommune", "stadt", "ville de"}
)


def read_entries(listing: Listing, map_: ListMap, limits: Limits) -> Iterator[Entry]:
    """One entry for every row of every sheet, in order.

    Raises:
        IngestError: no sheet has the columns of the map, or a sheet that it names is not there.
    """
    wanted = {fold(each) for each in map_.texts("sheet")}
    names = {fold(sheet.name) for sheet in listing.sheets}
    if wanted - names:
        raise _no_sheet(min(wanted - names), listing)
    headings = [
        find_heading(sheet, map_) if not wanted or fold(sheet.name) in wanted else None for sheet in listing.sheets
    ]
    if not any(headings):
        raise no_table(listing.sheets, map_)
    for sheet, heading in zip(listing.sheets, headings, strict=True):
        if heading is None:
            reason = "the sheet has no column that the map names" if not wanted else "the map does not name this sheet"
            for row in sheet.rows:
                yield Entry(sheet.name, row.number, row.cells, outcome=Outcome.OUTSIDE, reason=reason)
            continue
        yield from _entries(sheet, heading, map_, limits)


def _no_sheet(name: str, listing: Listing) -> IngestError:
    message = f"{listing.name} has no sheet {name!r}."
    return IngestError(message, fix=f"Its sheets are: {', '.join(sheet.name for sheet in listing.sheets)}.")


def _entries(sheet: Sheet, heading: Heading, map_: ListMap, limits: Limits) -> Iterator[Entry]:
    reader = _Reader(heading, map_)
    for row in sheet.rows:
        entry = Entry(sheet.name, row.number, row.cells)
        if row.is_empty:
            yield replace(entry, outcome=Outcome.EMPTY)
        elif row.number < heading.number:
            yield replace(entry, outcome=Outcome.HEADING, reason="above the names of the columns")
        elif row.number == heading.number or heading.is_repeated(row):
            yield replace(entry, outcome=Outcome.HEADING, reason="the names of the columns")
        elif problem := _shape_problem(row, heading, limits):
            yield replace(entry, outcome=Outcome.REFUSED, reason=problem, cells=row.cells[: limits.cells])
        else:
            yield reader.read(entry, row)


def _shape_problem(row: Row, heading: Heading, limits: Limits) -> str:
    """What makes a row unreadable before any cell is understood."""
    if len(row.cells) > limits.cells:
        return f"it has more than {limits.cells:,} cells"
    longest = max(map(len, row.cells), default=0)
    if longest > limits.characters:
        return f"a cell has {longest:,} characters; {limits.characters:,} are allowed"
    filled = [place for place, cell in enumerate(row.cells) if cell.strip()]
    if heading.width > 1 and filled and filled[-1] >= heading.width:
        return (
            f"it has {filled[-1] + 1} cells and the heading {heading.width}: "
            "a separator stands inside a cell without quotation marks"
        )
    return ""


class _Reader:
    """Rows of one sheet, read by one heading and map."""

    def __init__(self, heading: Heading, map_: ListMap) -> None:
        self._heading = heading
        self._map = map_
        self._month_first = map_.text("dates") == "month-first"
        self._yes = {fold(each) for each in map_.texts("wide.yes")}
        self._no = {fold(each) for each in map_.texts("wide.no")}

    def read(self, entry: Entry, row: Row) -> Entry:
        cells, notes = self._cells(row)
        written = cells.get("city", "")
        entry = replace(entry, written=written, notes=tuple(notes))
        if not written:
            return replace(entry, outcome=Outcome.REFUSED, reason="the column of the city is empty")
        asked, region, problem, more = self._asked(cells)
        notes += more
        as_of = read_date(cells.get("as_of", ""), month_first=self._month_first)
        if cells.get("as_of") and not as_of:
            notes.append(f"date not understood, the day of the list is used: {cells['as_of'][:60]}")
        entry = replace(entry, asked=asked, region=region, as_of=as_of, notes=tuple(notes))
        if problem:
            return replace(entry, outcome=Outcome.REFUSED, reason=problem)
        period = read_period(cells.get("joined", ""), cells.get("left", ""), month_first=self._month_first)
        claims = tuple(self._claims(cells, row, period))
        entry = replace(entry, claims=claims, notes=(*entry.notes, *period.notes))
        if not claims:
            return replace(entry, outcome=Outcome.REFUSED, reason="it names no network")
        return entry

    def _cells(self, row: Row) -> tuple[dict[str, str], list[str]]:
        cells: dict[str, str] = {}
        notes: list[str] = []
        for name, place in self._heading.columns.items():
            if place < len(row.cells):
                cleaned = clean(row.cells[place])
                cells[name] = cleaned.text
                notes += cleaned.notes if name in {"city", "country", "network"} else ()
        return cells, notes

    def _asked(self, cells: Mapping[str, str]) -> tuple[Asked | None, str, str, list[str]]:
        """The question for the city; the region as written; what makes it none; and notes."""
        name, qualifier, behind = _apart(cells["city"])
        if problem := name_problem(cells["city"]):
            return None, "", f"this is no name: {problem}", []
        said = cells.get("country", "")
        country = self._country(said)
        if said and not country:
            return None, "", f"the country {said[:60]!r} is not known: add it to [countries] in the map", []
        if behind and country and behind != country:
            # "Paris (Texas)" is no country; "Paris, France" in the row of Germany is a contradiction.
            names = f"{country_label(behind, 'en')} behind the name, {country_label(country, 'en')} in its column"
            return None, "", f"two countries: {names}", []
        country = country or behind or self._country(self._map.text("country"))
        region = cells.get("region", "")
        if not region and qualifier and is_region(qualifier, country or "US"):
            region, country, qualifier = qualifier, country or "US", ""
        if qualifier and region_of(qualifier, country) == region_of(region, country):
            qualifier = ""
        point, note = coordinates(cells.get("latitude", ""), cells.get("longitude", ""))
        asked = Asked(tidy_case(name), qualifier, country, region_of(region, country), point)
        return asked, region, "", [note] if note else []

    def _country(self, said: str) -> str:
        return country_of(self._map.names("countries").get(fold(said), said)) if said else ""

    def _claims(self, cells: Mapping[str, str], row: Row, period: Period) -> Iterator[Claim]:
        status = cells.get("status", "")
        if self._heading.wide:
            for place, network in self._heading.wide.items():
                mark = clean(row.cells[place]).text if place < len(row.cells) else ""
                if fold(mark) in self._no:
                    continue
                year = read_date(mark, month_first=self._month_first) if fold(mark) not in self._yes else ""
                if fold(mark) in self._yes:
                    yield self._claim(network, status, period)
                elif year:
                    yield self._claim(network, status, replace(period, begin=year))
                else:
                    yield self._claim(network, mark, period)
            return
        written = cells.get("network", "") or self._map.text("network")
        separator = self._map.text("separator")
        networks = [each.strip() for each in written.split(separator)] if separator else [written]
        for network in dict.fromkeys(each for each in networks if each):
            yield self._claim(network, status, period)

    def _claim(self, network: str, status: str, period: Period) -> Claim:
        if not network.startswith("id:") and (problem := name_problem(network)):
            return Claim(network, problem=f"this is no name of a network: {problem}")
        if not status:
            role = self._map.text("default_role").removeprefix("concept:")
            return Claim(network, role, period, has_left=bool(period.end))
        read = read_status(status, self._map.names("roles"), month_first=self._month_first)
        if read is None:
            return Claim(network, problem=f"the status {status[:60]!r} is not known: add it to [roles] in the map")
        if read.meaning == NOT_YET:
            return Claim(network, problem=f"not a member by its status: {status[:60]}")
        role = self._map.text("default_role").removeprefix("concept:") if read.meaning == LEFT else read.meaning
        if read.meaning == LEFT:
            period = replace(period, end=period.end or read.date)
            if not period.end:
                return Claim(network, problem="a former member without the year in which it left: nothing can be dated")
            if period.begin and period.end < period.begin[: len(period.end)]:
                return Claim(network, problem=f"it left {period.end}, before it began {period.begin}")
            return Claim(network, role, period, has_left=True)
        if read.date and not period.begin:
            period = replace(period, begin=read.date)
        return Claim(network, role, period, has_left=bool(period.end))


def _apart(text: str) -> tuple[str, str, str]:
    """The name, what stands behind a comma or in brackets, and a country behind that; "Oslo, City of" is all name.

    >>> _apart("Springfield, Illinois, USA"), _apart("Frankfurt (Oder)"), _apart("Oslo, City of")
    (('Springfield', 'Illinois', 'US'), ('Frankfurt', 'Oder', ''), ('City of Oslo', '', ''))
    """
    name, behind = _one_apart(text)
    if not behind:
        return text, "", ""
    if fold(behind) in _DIRECTIONS:
        return f"{behind} {name}", "", ""
    country = named_country(behind)
    if not country:
        return name, behind, ""
    inner, outer = _one_apart(name)
    return (inner, outer, country) if outer else (name, "", country)


def _one_apart(text: str) -> tuple[str, str]:
    if text.endswith((")", "]")):
        for opening in ("(", "["):
            name, bracket, inside = text.rpartition(opening)
            if bracket and name.strip() and inside[:-1].strip():
                return name.strip(), inside[:-1].strip()
    name, comma, behind = text.rpartition(",")
    if comma and name.strip() and behind.strip():
        return name.strip(), behind.strip()
    return text, ""
