"""A map begun from a list, for a person to read and mend: what its columns probably hold, and what is uncertain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from citygraph.ingest.cells import clean, number
from citygraph.ingest.countries import country_of
from citygraph.ingest.dates import read_date, read_status
from citygraph.ingest.kinds import kind_said
from citygraph.ingest.layout import note_reason
from citygraph.ingest.places import known_countries
from citygraph.ingest.read import Listing, read_list
from citygraph.ingest.tables import ListLimits, Row, Sheet, list_error
from citygraph.matching.names import fold, plain, read_name, slug, words_of
from citygraph.messages import said_in, text

_KINDS: Final = ("city", "country", "region", "network", "status", "joined", "left", "latitude", "longitude")
# A date says more than what it is the date of, and anything more than "city".
_WITHIN: Final = ("joined", "left", "status", "country", "network", "region", "city")
_SAMPLE: Final = 400
_MOSTLY, _MANY, _SOME = 0.9, 0.7, 0.3
_LEAST: Final = 2
_LOOKED_AT: Final = 40
_COUNTED: Final = re.compile(r"\s*[(\[]?\s*\d*\s*[)\]]?\s*:?\Z")
_DAY: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.?\s+[^\W\d]{3,}\.?\s+\d{4}|[^\W\d]{3,}\.?\s+\d{4}|(?:19|20)\d\d"
)
_AMERICAN: Final = re.compile(r"\A(\d{1,2})/(\d{1,2})/\d{2,4}\Z")
_MONTHS: Final = 12
_SUFFIX: Final = re.compile(r"(?<=\w\w)(?:[._][xy]|\.{1,3}\d{1,2})\Z")
_CAMEL: Final = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")
_BY_PROGRAM: Final = re.compile(
    r"(?:sheet|ark|blad|tabelle|feuil\w*|hoja|foglio|list|arkusz|taul\w*)\s?\d*\Z", re.IGNORECASE
)
_NA: Final = "NA"
_FEW: Final = 0.7
_YEAR: Final = re.compile(r"(?:19|20)\d\d|\d{1,4}([.-])\d{1,2}\1\d{2,4}")
_FIRST_ROWS: Final = 6
_SHOWN: Final = 3


class _HeadingWords(NamedTuple):
    """What words/headings.toml says, as headings are compared: whole headings and words of each kind, and others."""

    whole: Mapping[str, tuple[str, ...]]
    within: Mapping[str, frozenset[str]]
    other: frozenset[str]
    known: frozenset[str]


@cache
def _heading_words() -> _HeadingWords:
    def some(*headings: str) -> tuple[str, ...]:
        return tuple(map(_compared, words_of(__package__, "headings", *headings)))

    whole = {kind: some("city", "name") if kind == "city" else some(kind) for kind in _KINDS}
    within = {kind: frozenset(some(f"{kind}_within")) for kind in _WITHIN}
    return _HeadingWords(whole, within, frozenset(some("other")), frozenset(chain.from_iterable(whole.values())))


def _compared(heading: str) -> str:
    """A heading as headings are compared, also as R and pandas write it: Network_Name, Start.x, Year.of.Joining, joinYear."""
    return plain(_CAMEL.sub(" ", _SUFFIX.sub("", heading)).replace("_", " "), "'/")


def by_words(names: Sequence[str]) -> dict[str, int]:
    """The columns whose headings say what they hold, by kind."""
    headings, words = [_compared(name) for name in names], _heading_words()
    found: dict[str, int] = {}
    for kind, whole in words.whole.items():
        for word in whole:
            if word in headings and headings.index(word) not in found.values():
                found[kind] = headings.index(word)
                break
    for kind, within in words.within.items():
        places = [
            place
            for place, text in enumerate(headings)
            if place not in found.values() and within & set(re.split(r"[ /']", text))
        ]
        if kind not in found and places:
            found[kind] = places[0]
    if "longitude" in found and "latitude" not in found and len(names[found["longitude"]]) == 1:
        # R calls the numbers of the rows X.
        del found["longitude"]
    return found


def heading_score(names: Sequence[str]) -> int:
    """How much a row looks like the names of columns with a city among them: whole headings count twice; 0 when it does not."""
    headings, words = [_compared(name) for name in names], _heading_words()
    whole = set(headings) & words.known
    others = [
        name for name, text in zip(names, headings, strict=True) if text and text not in words.known | words.other
    ]
    if any(is_mark(name) or country_of(name) or not any(map(str.isalpha, name)) for name in others):
        return 0
    found = by_words(names)
    if "city" not in found:
        return 0
    is_sure = headings[found["city"]] in words.whole["city"]
    filled = sum(map(bool, names))
    return len(whole) + len(found) if (is_sure and (filled > 1 or len(names) == 1)) or len(found) > 1 else 0


def cells_of(rows: Sequence[Row], place: int) -> list[str]:
    """What stands in a column, cleaned, without empty cells."""
    cells = (clean(row.cells[place]).text for row in rows[:_SAMPLE] if place < len(row.cells))
    return [cell for cell in cells if cell and cell != _NA]


def by_content(rows: Sequence[Row], width: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The columns that show what they hold: names of cities, of countries."""
    found: dict[str, int] = {}
    for kind, is_one in (("country", _is_country), ("city", is_city)):
        free = [place for place in range(width) if place not in {*taken.values(), *found.values()}]
        shares = {place: _share(cells_of(rows, place), is_one) for place in free}
        best = max(shares, key=lambda place: shares[place], default=None)
        if kind not in taken and best is not None and shares[best] >= _SOME:
            found[kind] = best
    return found


def _of_names(rows: Sequence[Row], width: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The first column of texts that hardly repeat: the cities of a list of small towns, none of which is well known."""
    texts = [_texts(row) for row in rows[:_SAMPLE]]
    for place in range(width):
        cells = cells_of(rows, place)
        if place not in taken.values() and _usual(texts, place) == "text" and len(set(cells)) >= _MOSTLY * len(cells):
            return {"city": place}
    return {}


def _of_years(rows: Sequence[Row], width: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The one column that is full of years or days; several may be networks."""
    if "joined" in taken or len(rows) <= _LEAST:
        return {}
    full = [
        place
        for place in range(width)
        if place not in taken.values() and len(cells_of(rows, place)) == len(rows[:_SAMPLE])
    ]
    years = [place for place in full if all(map(_YEAR.fullmatch, cells_of(rows, place)))]
    return {"joined": years[0]} if len(years) == 1 else {}


def marked(rows: Sequence[Row], names: Sequence[str], taken: Mapping[str, int]) -> list[int]:
    """The columns that are probably networks: most of their cells are a mark, a year or a word of a status."""
    found = []
    for place, name in enumerate(names):
        words = set(_compared(name).split())
        heads = _heading_words()
        is_other = bool(words & heads.other) or _compared(name) in heads.known - set(heads.whole["network"])
        if place in taken.values() or not name or is_other or read_date(name):
            continue
        cells = cells_of(rows, place)
        if cells and is_marked(cells):
            found.append(place)
    return found


def is_marked(cells: Sequence[str]) -> bool:
    """Whether most cells of a column are marks; so they are when there is none."""
    return sum(map(is_mark, cells)) >= _MANY * len(cells)


def _share(cells: Sequence[str], is_one: Callable[[str], bool]) -> float:
    return sum(map(is_one, cells)) / len(cells) if len(cells) >= _LEAST else 0.0


def _is_country(cell: str) -> bool:
    return bool(country_of(cell))


def is_city(cell: str) -> bool:
    """Whether a cell names a well-known city."""
    return bool(known_countries(read_name(cell).core))


def is_mark(cell: str) -> bool:
    """Whether a cell is what stands in a column that is a network: a mark, a year, a status."""
    return fold(cell) in words_of(__package__, "headings", "mark") or bool(read_status(cell, {}))


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet as it is guessed: its heading, how many rows that takes, the names, the columns, the rows below."""

    sheet: Sheet
    number: int
    depth: int
    names: tuple[str, ...]
    columns: dict[str, int]
    wide: list[int]
    rows: tuple[Row, ...]
    is_by_types: bool = False

    @property
    def names_of_columns(self) -> dict[str, str | int]:
        """How the map calls each column: by its name, or by its number where the name is missing or stands twice."""
        called: dict[str, str | int] = {}
        for kind, place in self.columns.items():
            name = self.names[place] if place < len(self.names) else ""
            called[kind] = name if name and self.names.count(name) == 1 else place + 1
        return called


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """A column of a list: how a map calls it, its heading, what it probably holds (empty: nothing), and what stands in it."""

    called: str | int
    heading: str
    kind: str
    samples: tuple[str, ...]


def columns_of(path: Path) -> tuple[ListedColumn, ...]:
    """The columns of the table that a draft is made for; `kind` is one of the columns of a map, or `wide`.

    Raises:
        IngestError: the list cannot be read.
    """
    listing = read_list(path, limits=ListLimits())
    tables = [table for sheet in listing.sheets if not sheet.is_hidden and (table := _table(sheet))]
    if not tables:
        rows = next((sheet.rows for sheet in listing.sheets if sheet.rows), ())
        width = max((len(row.cells) for row in rows[:_LOOKED_AT]), default=0)
        names = [*(_texts(rows[0]) if rows else ()), *[""] * width][:width]
        return tuple(
            ListedColumn(
                name if name and names.count(name) == 1 else at + 1, name, "", tuple(cells_of(rows[1:], at)[:_SHOWN])
            )
            for at, name in enumerate(names)
        )
    table = max(tables, key=lambda each: (len(each.columns) + len(each.wide), len(each.rows)))
    kinds = {place: kind for kind, place in table.columns.items()} | dict.fromkeys(table.wide, "wide")
    width = max((len(table.names), *(place + 1 for place in kinds), *(len(row.cells) for row in table.rows[:_SAMPLE])))
    found = []
    for place in range(width):
        name = table.names[place] if place < len(table.names) else ""
        called = name if name and table.names.count(name) == 1 else place + 1
        samples = tuple(cells_of(table.rows, place)[:_SHOWN])
        if name or samples:
            found.append(ListedColumn(called, name, kinds.get(place, ""), samples))
    return tuple(found)


def draft_map(path: Path, *, language: str = "en") -> str:
    """A map for the list, with what is uncertain as comments in the language of the reader.

    Raises:
        IngestError: the list cannot be read, or nothing in it looks like cities.
    """
    listing = read_list(path, limits=ListLimits())
    found = [table for sheet in listing.sheets if (table := _table(sheet))]
    tables = [table for table in found if not table.sheet.is_hidden]
    if not tables:
        raise list_error("nothing_like_cities", fix="by_hand", name=path.name)
    first = max(tables, key=lambda each: (len(each.columns) + len(each.wide), len(each.rows)))
    together = [each for each in tables if each is first or _is_alike(each, first)]

    def said(key: str, **values: object) -> str:
        return text(f"ingest.draft.{key}").filled(**values).in_language(language)

    lines = [
        *_head(path, listing, first, said, language),
        *_shape(first, together, len(listing.sheets), said),
        "",
        *_columns_and_wide(together, said),
        "",
        *_remarks(first, said),
    ]
    for table in found:
        if table.sheet.is_hidden:
            lines.append(f"# {said('hidden_sheet', sheet=table.sheet.name, count=len(table.rows))}")
        elif table not in together:
            own = [*_head(path, listing, table, said, language), *_shape(table, [table], len(listing.sheets), said)]
            lines += ["", f"# {said('other_sheet', sheet=table.sheet.name, count=len(table.rows))}"]
            lines += [f"# {line}".rstrip() for line in (*own, "", *_columns_and_wide([table], said)) if line[:1] != "#"]
    return "\n".join(lines).rstrip() + "\n"


def _is_alike(table: _Table, first: _Table) -> bool:
    """Whether one map can read both tables: the same names, or the same columns under names that mean nothing else there."""
    if table.names == first.names and set(table.columns) == set(first.columns):
        return True
    if set(table.columns) != set(first.columns) or table.wide or first.wide or table.depth != first.depth:
        return False
    ours, theirs = first.names_of_columns, table.names_of_columns
    if any(isinstance(name, int) for name in (*ours.values(), *theirs.values())):
        return False
    return all(
        (ours[kind] == theirs[kind]) or (ours[kind] not in table.names and theirs[kind] not in first.names)
        for kind in ours
    )


def _columns_and_wide(tables: Sequence[_Table], said: Callable[..., str]) -> Iterator[str]:
    """The tables [columns] and [wide] of a map."""
    yield "[columns]"
    for kind, place in tables[0].columns.items():
        written = _one_or_list(each.names_of_columns[kind] for each in tables)
        name = tables[0].names[place] if place < len(tables[0].names) else ""
        same = [at + 1 for at, each in enumerate(tables[0].names) if name and each == name]
        twice = (
            said("twice", name=name[:80], count=len(same), numbers=", ".join(map(str, same))) if len(same) > 1 else ""
        )
        yield f"{kind:<9} = {written}" + (f"   # {twice}" if twice else "")
    unknown = dict.fromkeys(
        cell
        for table in tables
        if "kind" in table.columns
        for cell in cells_of(table.rows, table.columns["kind"])
        if kind_said(cell) is None
    )
    if unknown:
        yield from (
            "",
            f"# {said('kinds')}",
            "# [kinds]",
            *(f'# {_quoted(each)} = "city"' for each in list(unknown)[:20]),
        )
    if tables[0].wide:
        names = [_quoted(tables[0].names[place]) for place in tables[0].wide]
        yield from ("", f"# {said('wide')}", "[wide]", f"columns = [{', '.join(map(str, dict.fromkeys(names)))}]")


def _remarks(table: _Table, said: Callable[..., str]) -> Iterator[str]:
    """What the map leaves out, and what it takes for nothing."""
    used = {*table.columns.values(), *table.wide}
    left = [(place, name) for place, name in enumerate(table.names) if name and place not in used]
    for place, name in left[:40]:
        is_twice = table.names.count(name) > 1
        key, values = ("not_used_twice", {"number": place + 1}) if is_twice else ("not_used", {})
        yield f"# {said(key, name=name[:80], **values)}"
    empty = [
        name
        for place, name in enumerate(table.names)
        if name
        and any(place < len(row.cells) and row.cells[place].strip() == _NA for row in table.rows[:_SAMPLE])
        and table.columns.get("country") != place
    ]
    if empty:
        yield f"# {said('na', columns=', '.join(empty)[:200])}"


def _table(sheet: Sheet) -> _Table | None:
    scores = [(heading_score(_texts(row)), -place) for place, row in enumerate(sheet.rows[:_LOOKED_AT])]
    score, place = max(scores, default=(0, 0))
    return _with_heading(sheet, -place, _depth(sheet, -place)) if score else _by_content(sheet)


def _depth(sheet: Sheet, place: int) -> int:
    """Two, when the row below gives names to columns that have none, or to the parts of a group."""
    if place + 1 >= len(sheet.rows):
        return 1
    upper, lower = (_texts(sheet.rows[place + each]) for each in (0, 1))
    city = by_words(upper)["city"]
    below = lower[city] if city < len(lower) else ""
    fresh = [text for at, text in enumerate(lower) if text and (at >= len(upper) or not upper[at] or text != upper[at])]
    is_names = not any(is_mark(text) or country_of(text) for text in fresh)
    return 2 if below in {"", upper[city]} and len(fresh) >= _LEAST and is_names else 1


def _texts(row: Row) -> list[str]:
    return [clean(cell).text for cell in row.cells]


def _with_heading(sheet: Sheet, place: int, depth: int) -> _Table:
    upper = _texts(sheet.rows[place])
    lower = _texts(sheet.rows[place + depth - 1])
    width = max(len(upper), len(lower))
    names = tuple(
        (lower[at] if at < len(lower) else "") or (upper[at] if at < len(upper) else "") for at in range(width)
    )
    rows = tuple(row for row in sheet.rows[place + depth :] if not row.is_empty)
    columns = _with_kinds(by_words(names), names, rows)
    if "network" in columns and is_marked(cells_of(rows, columns["network"])):
        # "Rainbow Cities Network" with a mark below it is one network.
        del columns["network"]
    wide = marked(rows, names, columns) if "network" not in columns else []
    columns |= by_content(rows, width, columns | {str(at): at for at in wide})
    return _Table(sheet, sheet.rows[place].number, depth, names, columns, wide, rows)


def _with_kinds(columns: dict[str, int], names: Sequence[str], rows: Sequence[Row]) -> dict[str, int]:
    """The columns, with the one that holds kinds of bodies as `kind`, whatever its heading would make of it: "Type"."""
    fixed = {place for kind, place in columns.items() if kind in {"city", "country"}}
    shares = {
        place: _share(cells_of(rows, place), lambda cell: kind_said(cell) is not None)
        for place in range(len(names))
        if place not in fixed
    }
    best = max(shares, key=lambda place: shares[place], default=None)
    if best is None or shares[best] < _MANY:
        return columns
    found = by_words(["" if place == best else name for place, name in enumerate(names)])
    return {**found, "kind": best} if found.get("city") == columns.get("city") else columns


def _by_content(sheet: Sheet) -> _Table | None:
    """A table whose columns have no names that we know: the row above the first city is the heading, if it has names."""
    width = max((len(row.cells) for row in sheet.rows[:_LOOKED_AT]), default=0)
    columns = by_content(sheet.rows, width, {})
    place = _by_types(sheet, width)
    if "city" not in columns and "country" in columns and place >= 0:
        columns |= _of_names(sheet.rows[place + 1 :], width, columns)
    if "city" not in columns:
        # A list of sections has countries and cities in one column.
        columns = {"city": columns["country"]} if "country" in columns else {}
    if "city" not in columns:
        return None
    is_by_types = place >= 0
    if not is_by_types:
        place = _above_first(sheet, columns["city"])
    names = tuple(_texts(sheet.rows[place])) if place >= 0 else ()
    rows = tuple(row for row in sheet.rows[place + 1 :] if not row.is_empty)
    columns |= _of_years(rows, width, columns)
    wide = marked(rows, names, columns)
    number = sheet.rows[place].number if place >= 0 else 0
    return _Table(sheet, number, 1, names, columns, wide, rows, is_by_types)


def _kind(cell: str) -> str:
    """Of what type a cell is, where that can be seen."""
    if number(cell) is not None:
        return "number"
    if read_date(cell):
        return "date"
    if cell.islower() and is_mark(cell):
        # "no" in a column of yes and no is not Norway.
        return "mark"
    return "country" if country_of(cell) else "mark" if is_mark(cell) else "text"


def _by_types(sheet: Sheet, width: int) -> int:
    """The place of the first row of texts above columns of numbers, dates, countries or marks; -1 when there is none.

    A year may stand above numbers, and "Active" above yes and no, where another column shows that the row is the heading.
    """
    filled = [place for place, row in enumerate(sheet.rows[:_LOOKED_AT]) if not row.is_empty]
    for at, place in enumerate(filled[:_FIRST_ROWS]):
        names = _texts(sheet.rows[place])
        below = [_texts(sheet.rows[each]) for each in filled[at + 1 :]]
        usual = [_usual(below, column) for column in range(width)]
        pairs = [
            (_kind(text), usual[column], text)
            for column, text in enumerate(names)
            if text and usual[column] not in {"", "text"}
        ]
        shown = sum(kind == "text" for kind, _, _ in pairs)
        alike = [kind for kind, each, text in pairs if kind == each and not (shown and _YEAR.fullmatch(text))]
        if shown > len(alike) - alike.count("mark") and sum(map(bool, names)) > 1:
            return place
        if alike:
            return -1
    return -1


def _usual(rows: Sequence[Sequence[str]], column: int) -> str:
    """The type of most cells of a column; empty when there are too few, or no type is that of most."""
    kinds = [_kind(row[column]) for row in rows if column < len(row) and row[column] not in {"", _NA}]
    if len(kinds) < _LEAST:
        return ""
    kind, count = Counter(kinds).most_common(1)[0]
    return kind if count >= _MANY * len(kinds) else ""


def _above_first(sheet: Sheet, city: int) -> int:
    """The place of the row above the first city, when it has a name for that column and for others; else -1."""
    first = next(
        (
            place
            for place, row in enumerate(sheet.rows)
            if city < len(row.cells) and is_city(clean(row.cells[city]).text)
        ),
        0,
    )
    above = [place for place in range(first) if not sheet.rows[place].is_empty]
    names = _texts(sheet.rows[above[-1]]) if above else []
    below = [_texts(row) for row in sheet.rows[first : first + _LOOKED_AT] if not row.is_empty]
    if any(
        text and (kind := _kind(text)) != "text" and kind == _usual(below, column) for column, text in enumerate(names)
    ):
        # A row like those below it is a city that we do not know.
        return -1
    return above[-1] if city < len(names) and names[city] and sum(map(bool, names)) > 1 else -1


def _head(path: Path, listing: Listing, table: _Table, said: Callable[..., str], language: str) -> Iterator[str]:
    yield f"list   = {_quoted(slug(path.stem) or 'list')}   # {said('same_name')}"
    day, where = _day_of(path, table, said)
    yield f"as_of  = {day}   # {where}"
    yield '# title = { nb = "…", en = "…" }'
    yield f'# page  = "https://…"   # {said("page")}'
    yield f"# complete = true   # {said('complete')}"
    for note in listing.notes:
        yield f"# {said_in(note, language)}"


def _day_of(path: Path, table: _Table, said: Callable[..., str]) -> tuple[str, str]:
    """The day for which the list holds, as the name of the file or a title says it; and where that stands."""
    titles = [row for row in table.sheet.rows if row.number < table.number or note_reason(row, table.columns["city"])]
    places = [*((" ".join(_texts(row)), said("row", row=row.number)) for row in titles), (path.stem, said("file_name"))]
    for name, where in places:
        for written in _DAY.findall(name):
            day = read_date(written)
            if day:
                # TOML has no months.
                called = _quoted(day) if len(day) == len("2024-05") else day
                return called, said("read_as", written=written, where=where)
    return _quoted(said("mend")), said("day")


def _shape(table: _Table, together: Sequence[_Table], sheets: int, said: Callable[..., str]) -> Iterator[str]:
    """What the rows, sections and sheets say together."""
    has_network = "network" in table.columns or bool(table.wide)
    names = [each.sheet.name for each in together]
    roles = [(name, read) for name in names if (read := read_status(name.rstrip("s"), {}) or read_status(name, {}))]
    if len(together) > 1:
        is_general = bool(roles) or any(
            _BY_PROGRAM.match(name) or _compared(name) in _heading_words().known for name in names
        )
        kind = "country" if all(map(country_of, names)) else "network"
        if kind == "country" or not (has_network or is_general):
            yield f"sheets = {_quoted(kind)}   # {said(f'sheets_{kind}')}"
            has_network = has_network or kind == "network"
    if len(together) < sheets:
        yield f"sheet  = {_one_or_list(names)}"
    for name, read in roles if len(together) > 1 else ():
        if read.meaning != "role-full-member":
            yield f"# {said('sheet_role', sheet=name, said=read.meaning)}"
    if table.number and (table.is_by_types or isinstance(table.names_of_columns["city"], int)):
        yield f"header = {table.number}" + (f"   # {said('by_types')}" if table.is_by_types else "")
    if table.depth > 1:
        yield f"header_rows = {table.depth}"
    if _sections(table) >= _LEAST:
        yield f'sections = "country"   # {said("sections")}'
    if filling := [kind for kind in ("city", "country", "network") if _is_filled_down(table, kind)]:
        yield f"fill   = [{', '.join(map(_quoted, filling))}]   # {said('fill')}"
    if "joined" in table.columns and _is_american(cells_of(table.rows, table.columns["joined"])):
        yield 'dates  = "month-first"'
    if not has_network:
        yield f'network = "{said("network")}"'


def _sections(table: _Table) -> int:
    found = 0
    for row in table.rows:
        said = {text for text in _texts(row) if text}
        if len(said) == 1:
            found += bool(country_of(_COUNTED.sub("", said.pop())))
    return found


def _is_filled_down(table: _Table, kind: str) -> bool:
    """Whether empty cells of a column mean the cell above: some rows have none, and say something else all the same."""
    place = table.columns.get(kind)
    if place is None or (kind == "country" and _sections(table) >= _LEAST):
        return False
    rows = [
        row for row in table.rows if not note_reason(row, table.columns["city"]) and sum(map(bool, _texts(row))) > 1
    ]
    filled = [place < len(row.cells) and bool(clean(row.cells[place]).text) for row in rows]
    most = 1 if kind == "city" else _FEW
    return bool(filled) and filled[0] and sum(filled) < most * len(filled)


def _is_american(cells: Sequence[str]) -> bool:
    parts = [(int(match[1]), int(match[2])) for cell in cells if (match := _AMERICAN.match(cell))]
    return any(second > _MONTHS for _, second in parts) and all(first <= _MONTHS for first, _ in parts)


def _one_or_list(values: Iterable[str | int]) -> str:
    """Values in TOML, each once; one alone needs no brackets."""
    written = [_quoted(each) if isinstance(each, str) else str(each) for each in dict.fromkeys(values)]
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def _quoted(text: str) -> str:
    """A TOML basic string."""
    plain = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x20 or letter in '"\\' else letter for letter in text)  # noqa: PLR2004
    return f'"{plain}"'
