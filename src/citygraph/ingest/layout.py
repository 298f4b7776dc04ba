"""How a list is laid out: the row with the names of columns, headings between rows, and what the list says about itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from citygraph.errors import IngestError
from citygraph.ingest.cells import clean
from citygraph.ingest.countries import country_name, country_of
from citygraph.ingest.mapping import ListMap, map_columns
from citygraph.ingest.places import known_countries
from citygraph.ingest.read import Described
from citygraph.ingest.tables import Row, Sheet, list_error
from citygraph.matching.names import fold, one_of, read_name, words_of
from citygraph.messages import key_of, sentence

_LOOKED_AT: Final = 60
_MARKED: Final = re.compile(
    r"\A(?P<mark>[*†‡§#]{1,3}|[¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[\d{1,3}\]|\(\d{1,2}\)|\(\*+\)|\d{1,2}\))\s*[:=–-]?\s*(?P<text>\S.*)\Z",
    re.DOTALL,
)
_COPYRIGHT: Final = re.compile(r"\A(?:©|\(c\)\s)", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.!?](?:\s|\Z)|\s[=]\s")
_JOINED: Final = re.compile(r"[\s._]+")
_MANY_WORDS: Final = 6
_MOST_SIGNS: Final = 60


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
    if _are_numbers(map_):
        # Columns by number need no names; then the first row is the first row of data, unless the map says otherwise.
        return _heading(tops[0] if said and tops else (Row(0, ()),), map_)
    best = max(tops, key=lambda rows: (_known(_joined(rows), map_), -rows[0].number), default=())
    if not best or not _is_named(_joined(best), map_):
        if said or len(sheet.rows) == 0:
            raise _missing([rows[0] for rows in tops], map_, "columns.city")
        return None
    return _heading(best, map_, below=sheet.rows[best[-1].number : best[-1].number + 3])


def _are_numbers(map_: ListMap) -> bool:
    """Whether the map names every column by its number, and none by what stands above it."""
    named = (each for name in map_columns() for each in map_.columns(name) if isinstance(each, str))
    return not any(named) and not map_.texts("wide.columns") and not map_.text("wide.first")


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
    for name in map_columns():
        wanted = map_.columns(name)
        place = _place(wanted, names)
        if place is None:
            # The map may also name the group above.
            place = next(
                (found for each in (*rows, *also) if (found := _place(wanted, _names(each))) is not None), None
            )
        if place is not None:
            _once(wanted, names, row, f"columns.{name}")
            columns[name] = place
        elif wanted:
            raise _absent(wanted, row, f"columns.{name}", below)
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
        places = _places(name, names)
        if not places:
            raise _absent((name,), Row(0, tuple(cells)), "wide.columns", below)
        found |= {place: cells[place] for place in places}
    return found


def _names(row: Row) -> list[str]:
    return [fold(clean(cell).text) for cell in row.cells]


def _place(wanted: Sequence[str | int], names: Sequence[str]) -> int | None:
    for each in wanted:
        if isinstance(each, int):
            return each - 1
        if places := _places(each, names):
            return places[0]
    return None


def _places(wanted: str, names: Sequence[str]) -> list[int]:
    """The columns of one name; R and pandas write Year_of_Joining or Year.of.Joining for "Year of Joining"."""
    bare = fold(clean(wanted).text)
    exact = [place for place, name in enumerate(names) if name == bare]
    return exact or [
        place for place, name in enumerate(names) if name and _JOINED.sub(" ", name) == _JOINED.sub(" ", bare)
    ]


def _once(wanted: Sequence[str | int], names: Sequence[str], row: Row, key: str) -> None:
    """Refuse a name that the map uses and several columns have.

    Raises:
        IngestError: with their numbers, by which the map can say which is meant.
    """
    first = next((each for each in wanted if isinstance(each, int) or _places(each, names)), 0)
    places = [place + 1 for place in _places(first, names)] if isinstance(first, str) else []
    if len(places) > 1:
        numbers = ", ".join(map(str, places))
        raise list_error(
            "column_twice", column=first, part=key, row=row.number, count=len(places), numbers=numbers, first=places[0],
            key=key.removeprefix("columns."),
        )  # fmt: skip


def _city(row: Row, map_: ListMap) -> int | None:
    return _place(map_.columns("city"), _names(row))


def _is_named(row: Row, map_: ListMap) -> bool:
    """Whether a row has the city of the map; or, where that is a number, any name of another column."""
    names = _names(row)
    wanted = [(each,) for name in map_columns() for each in map_.columns(name) if isinstance(each, str)]
    wide = [(name,) for name in (*map_.texts("wide.columns"), map_.text("wide.first")) if name]
    is_number = any(isinstance(each, int) for each in map_.columns("city"))
    return _city(row, map_) is not None and (
        not is_number or any(_place(each, names) is not None for each in (*wanted, *wide))
    )


def _known(row: Row, map_: ListMap) -> int:
    """How many columns of the map a row has; a row without the city has none."""
    if _city(row, map_) is None:
        return 0
    names = _names(row)
    wanted = [map_.columns(name) for name in map_columns()]
    wide = [(name,) for name in (*map_.texts("wide.columns"), map_.text("wide.first"), map_.text("wide.last")) if name]
    return sum(_place(each, names) is not None for each in (*wanted, *wide) if each)


def _absent(wanted: Sequence[str | int], row: Row, key: str, below: Sequence[Row] = ()) -> IngestError:
    columns = " or ".join(map(repr, wanted))
    lower = next((number for number, each in enumerate(below, start=2) if _place(wanted, _names(each)) is not None), 0)
    if lower:
        row_ = below[lower - 2].number
        return list_error("column_below", fix="header_rows", columns=columns, part=key, row=row_, rows=lower)
    cells = [clean(cell).text for cell in row.cells if cell.strip()]
    near = difflib.get_close_matches(str(wanted[0]), cells, n=1, cutoff=0.4)
    return list_error(
        "no_column_in_row" if row.number else "no_column",
        fix="mean" if near else "columns",
        columns=columns, part=key, row=row.number, near=near[0] if near else "", names=", ".join(cells[:30]),
    )  # fmt: skip


def _missing(rows: Sequence[Row], map_: ListMap, key: str) -> IngestError:
    filled = [row for row in rows if not row.is_empty]
    return _absent(map_.columns("city"), max(filled, key=lambda row: len(row.cells), default=Row(0, ())), key)


def no_table(sheets: Sequence[Sheet], map_: ListMap) -> IngestError:
    """What to say when no sheet has the columns of the map."""
    rows = [row for sheet in sheets for row in sheet.rows[:_LOOKED_AT] if not row.is_empty]
    widest = max(rows, key=lambda row: sum(bool(cell.strip()) for cell in row.cells), default=Row(0, ()))
    return _absent(map_.columns("city"), widest, "columns.city")


class _Words(NamedTuple):
    """Patterns made of words/cells.toml: a count behind a heading; a total, a number of things, a remark."""

    counted: re.Pattern[str]
    total: re.Pattern[str]
    number: re.Pattern[str]
    about: re.Pattern[str]


@cache
def _words() -> _Words:
    def some(*headings: str) -> str:
        return one_of(words_of(__package__, "cells", *headings))

    patterns = (
        rf"\s*[-–:,]?\s*[(\[]?\s*\d+\s*{some('counted')}?\s*[)\]]?\s*:?\Z|\s*:\Z",
        rf"\A{some('total', 'total_below')}\b",
        rf"\A\d[\d.,\s]*{some('counted')}?\s*\Z",
        rf"\A{some('about')}\b\s*[:.\-–(\d©]",
    )
    return _Words(*(re.compile(each, re.IGNORECASE) for each in patterns))


class Sections:
    """What the last heading said; a heading that is not understood ends the section before it."""

    def __init__(self, map_: ListMap, sheet: str, networks: frozenset[str], *, alone: bool) -> None:
        """Begin a sheet.

        Args:
            map_: says whether headings and sheets name countries or networks.
            sheet: the name of the sheet.
            networks: names of networks that are known, folded.
            alone: whether the map names no other column of the rows, so that a row with one cell may be a city.
        """
        self._map = map_
        self._kind = map_.text("sections")
        self._networks = networks
        self._alone = alone
        self._is_like = False
        self.country = self._country(sheet) if map_.text("sheets") == "country" else ""
        self.network = sheet if map_.text("sheets") == "network" else ""
        self.problem = ""
        if map_.text("sheets") == "country" and not self.country:
            self.problem = sentence("ingest.row.sheet_country", name=sheet)

    def take(self, row: Row, city: int) -> str:
        """The reason why a row is a heading; empty when it is none.

        A row with one filled cell is a heading when it names a country or a network that is known; another is perhaps one
        when it looks like it: in capitals, with a colon or a count behind it, or in another column than the cities.

        Args:
            row: the row.
            city: the place of the column of cities.
        """
        if not self._kind:
            return ""
        said = {text for cell in row.cells if (text := clean(cell).text)}
        if len(said) != 1:
            return ""
        text = said.pop()
        self._is_like = not known_countries(read_name(text).core) and (
            text.isupper()
            or _words().counted.sub("", text) != text
            or city >= len(row.cells)
            or not clean(row.cells[city]).text
        )
        return self._take_country(text) if self._kind == "country" else self._take_network(text)

    def _take_country(self, text: str) -> str:
        bare = _words().counted.sub("", text).strip(" :")
        country = self._country(bare)
        if country and not (self._alone and country == self.country):
            self.country, self.problem = country, ""
            return sentence("ingest.row.section", name=country_name(country))
        if self._alone or not self._is_like:
            return ""
        self.country = ""
        self.problem = sentence("ingest.row.below_country", name=bare[:60])
        return sentence("ingest.row.perhaps_country", name=bare[:60])

    def _take_network(self, text: str) -> str:
        bare = _words().counted.sub("", text).strip(" :")
        if fold(bare) in self._networks or fold(text) in self._networks:
            self.network, self.problem = (bare if fold(bare) in self._networks else text), ""
            return sentence("ingest.row.section", name=self.network)
        if self._alone or not self._is_like:
            return ""
        self.network = ""
        self.problem = sentence("ingest.row.below_network", name=bare[:60])
        return sentence("ingest.row.perhaps_network", name=bare[:60])

    def _country(self, text: str) -> str:
        return country_of(self._map.names("countries").get(fold(text), text)) if text else ""


def note_reason(row: Row, city: int) -> str:
    """Why a row is something that the list says about itself; empty when it may be a member.

    >>> note_reason(Row(9, ("Source: the network, 2024", "", "")), 0), note_reason(Row(9, ("Total", "", "14")), 0)
    ('a remark below or between the rows', 'a total')
    >>> note_reason(Row(9, ("* observer since 2019", "")), 0), note_reason(Row(9, ("St. Gallen", "")), 0)
    ('a footnote', '')
    """
    filled = [(place, text) for place, cell in enumerate(row.cells) if (text := cell.strip(" \t\r\n\u00a0"))]
    if not filled:
        return ""
    first_place, first = filled[0]
    if first_place <= city and _words().total.match(first) and _is_total(filled):
        return sentence("ingest.row.total")
    if all(_words().number.match(text) for _, text in filled) and first_place > city:
        return sentence("ingest.row.total")
    if len(filled) > 1 and any(clean(text).text for _, text in filled[1:]):
        return ""
    marked = _MARKED.match(first)
    if marked and (not marked["mark"][:-1].isdigit() or _SENTENCE.search(first) or len(first.split()) >= _MANY_WORDS):
        return sentence("ingest.row.footnote")
    if _words().about.match(first) or _COPYRIGHT.match(first):
        return sentence("ingest.row.remark")
    if len(first.split()) >= _MANY_WORDS and (_SENTENCE.search(first) or len(first) > _MOST_SIGNS):
        return sentence("ingest.row.in_words")
    return ""


def _is_total(filled: list[tuple[int, str]]) -> bool:
    """A total has nothing but numbers beside it."""
    return all(not any(letter.isalpha() for letter in text) or _words().number.match(text) for _, text in filled[1:])


def footnotes(rows: tuple[Row, ...], city: int) -> dict[str, str]:
    """What the marks behind names mean, by mark."""
    found: dict[str, str] = {}
    for row in rows:
        if sum(map(bool, row.cells)) == 1 and key_of(note_reason(row, city)) == "ingest.row.footnote":
            text = next(cell.strip() for cell in row.cells if cell.strip())
            match = _MARKED.match(text)
            if match:
                found.setdefault(_bare(match["mark"]), clean(match["text"]).text)
    return found


def _bare(mark: str) -> str:
    """(1), [1], 1) and ¹ are the same mark."""
    return mark.strip("()[] ").translate(str.maketrans("¹²³⁴⁵⁶⁷⁸⁹⁰", "1234567890"))


def explained(mark: str, notes: dict[str, str]) -> str:
    """The mark behind a name with what the list says of it."""
    said = notes.get(_bare(mark), "")
    if not said:
        return sentence("ingest.note.mark", mark=mark)
    return sentence("ingest.note.footnote", mark=mark, said=said[:200])
