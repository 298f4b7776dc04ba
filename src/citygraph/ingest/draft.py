"""A map begun from a list, for a person to read and mend: what its columns probably hold, and what is uncertain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from citygraph.ingest.cells import clean
from citygraph.ingest.dates import read_date, read_status
from citygraph.ingest.layout import note_reason
from citygraph.ingest.places import country_of, known_countries
from citygraph.ingest.read import Listing, read_list
from citygraph.ingest.tables import ListLimits, Row, Sheet, list_error
from citygraph.matching.names import fold, plain, read_name, slug, words_of
from citygraph.messages import said_in, text

_KINDS: Final = ("city", "country", "region", "network", "status", "joined", "left", "latitude", "longitude")
# A date says more than what it is the date of, and anything more than "city".
_WITHIN: Final = ("joined", "left", "status", "country", "network", "region", "city")
_SAMPLE: Final = 400
_MANY, _SOME = 0.7, 0.3
_LEAST: Final = 2
_LOOKED_AT: Final = 40
_COUNTED: Final = re.compile(r"\s*[(\[]?\s*\d*\s*[)\]]?\s*:?\Z")
_DAY: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.?\s+[^\W\d]{3,}\.?\s+\d{4}|[^\W\d]{3,}\.?\s+\d{4}|(?:19|20)\d\d"
)
_AMERICAN: Final = re.compile(r"\A(\d{1,2})/(\d{1,2})/\d{2,4}\Z")
_MONTHS: Final = 12
_FEW: Final = 0.7


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
    return plain(heading, "'/")


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
    return [cell for cell in cells if cell]


def by_content(rows: Sequence[Row], width: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The columns that show what they hold: names of cities, of countries."""
    found: dict[str, int] = {}
    for kind, is_one in (("country", _is_country), ("city", is_city)):
        shares = {place: _share(cells_of(rows, place), is_one) for place in range(width) if place not in taken.values()}
        best = max(shares, key=lambda place: shares[place], default=None)
        if kind not in taken and best is not None and shares[best] >= _SOME and best not in found.values():
            found[kind] = best
    return found


def marked(rows: Sequence[Row], names: Sequence[str], taken: Mapping[str, int]) -> list[int]:
    """The columns that are probably networks: most of their cells are a mark, a year or a word of a status."""
    found = []
    for place, name in enumerate(names):
        words = set(_compared(name).split())
        if place in taken.values() or not name or words & _heading_words().other or read_date(name):
            continue
        cells = cells_of(rows, place)
        if cells and is_marked(cells):
            found.append(place)
    return found


def is_marked(cells: Sequence[str]) -> bool:
    """Whether most cells of a column are marks; so they are when there is none."""
    return sum(map(is_mark, cells)) >= _MANY * len(cells)


def _share(cells: Sequence[str], is_one: object) -> float:
    return sum(bool(is_one(cell)) for cell in cells) / len(cells) if len(cells) >= _LEAST and callable(is_one) else 0.0


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


def draft_map(path: Path, *, language: str = "en") -> str:
    """A map for the list, with what is uncertain as comments in the language of the reader.

    Raises:
        IngestError: the list cannot be read, or nothing in it looks like cities.
    """
    listing = read_list(path, limits=ListLimits())
    tables = [table for sheet in listing.sheets if not sheet.is_hidden and (table := _table(sheet))]
    if not tables:
        raise list_error("nothing_like_cities", fix="by_hand", name=path.name)
    first = max(tables, key=lambda each: (len(each.columns) + len(each.wide), len(each.rows)))
    alike = [each for each in tables if set(each.columns) == set(first.columns) and each.names == first.names]

    def said(key: str, **values: object) -> str:
        return text(f"ingest.draft.{key}").filled(**values).in_language(language)

    lines = [
        *_head(path, listing, first, said, language),
        *_shape(first, alike, len(listing.sheets), said),
        "",
        "[columns]",
        *_columns(first),
    ]
    if first.wide:
        names = [_quoted(first.names[place]) for place in first.wide]
        lines += [
            "",
            f"# {said('wide')}",
            "[wide]",
            f"columns = [{', '.join(names)}]",
        ]
    used = {*first.columns.values(), *first.wide}
    others = [name for place, name in enumerate(first.names) if name and place not in used]
    lines += ["", *(f"# {said('not_used', name=each[:80])}" for each in others[:40])]
    return "\n".join(lines).rstrip() + "\n"


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
    columns = by_words(names)
    if "network" in columns and is_marked(cells_of(rows, columns["network"])):
        # "Rainbow Cities Network" with a mark below it is one network.
        del columns["network"]
    wide = marked(rows, names, columns) if "network" not in columns else []
    columns |= by_content(rows, width, columns | {str(at): at for at in wide})
    return _Table(sheet, sheet.rows[place].number, depth, names, columns, wide, rows)


def _by_content(sheet: Sheet) -> _Table | None:
    """A table whose columns have no names that we know: the row above the first city is the heading, if it has names."""
    width = max((len(row.cells) for row in sheet.rows[:_LOOKED_AT]), default=0)
    columns = by_content(sheet.rows, width, {})
    if "city" not in columns:
        # A list of sections has countries and cities in one column.
        columns = {"city": columns["country"]} if "country" in columns else {}
    if "city" not in columns:
        return None
    place = _above_first(sheet, columns["city"])
    names = tuple(_texts(sheet.rows[place])) if place >= 0 else ()
    rows = tuple(row for row in sheet.rows[place + 1 :] if not row.is_empty)
    wide = marked(rows, names, columns)
    return _Table(sheet, sheet.rows[place].number if place >= 0 else 0, 1, names, columns, wide, rows)


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
                is_exact = len(day) == len("2024-05-01")
                first = f"{day}-01-01" if len(day) == len("2024") else f"{day}-01"
                return first[:10], said("read_as" if is_exact else "mend_read_as", written=written, where=where)
    return '"MEND THIS"', said("day")


def _shape(table: _Table, alike: Sequence[_Table], sheets: int, said: Callable[..., str]) -> Iterator[str]:
    """What the rows, sections and sheets say together."""
    has_network = "network" in table.columns or bool(table.wide)
    if len(alike) > 1:
        kind = "country" if all(country_of(each.sheet.name) for each in alike) else "network"
        if kind == "country" or not has_network:
            yield f"sheets = {_quoted(kind)}   # {said(f'sheets_{kind}')}"
            has_network = has_network or kind == "network"
    elif sheets > 1:
        yield f"sheet  = {_quoted(table.sheet.name)}"
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


def _columns(table: _Table) -> Iterator[str]:
    for kind, place in table.columns.items():
        name = table.names[place] if place < len(table.names) else ""
        repeated = table.names.count(name) > 1
        yield f"{kind:<9} = {_quoted(name) if name and not repeated else place + 1}"


def _quoted(text: str) -> str:
    """A TOML basic string."""
    plain = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x20 or letter in '"\\' else letter for letter in text)  # noqa: PLR2004
    return f'"{plain}"'
