"""A map begun from a list, for a person to read and mend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean
from citygraph.ingest.countries import country_of
from citygraph.ingest.dates import read_date
from citygraph.ingest.guessing import by_content, by_words, cells_of, heading_score, is_city, is_mark, is_marked, marked
from citygraph.ingest.lists import Listing, read_list
from citygraph.ingest.notes import note_reason
from citygraph.ingest.tables import Limits, Row, Sheet
from citygraph.namespaces import slug

__all__ = ["draft_map"]

_LOOKED_AT: Final = 40
_COUNTED: Final = re.compile(r"\s*[(\[]?\s*\d*\s*[)\]]?\s*:?\Z")
_DAY: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.?\s+[^\W\d]{3,}\.?\s+\d{4}|[^\W\d]{3,}\.?\s+\d{4}|(?:19|20)\d\d"
)
_AMERICAN: Final = re.compile(r"\A(\d{1,2})/(\d{1,2})/\d{2,4}\Z")
_MONTHS: Final = 12
_FEW: Final = 0.7
_LEAST: Final = 2


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


def draft_map(path: Path) -> str:
    """A map for the list, with what is uncertain as comments.

    Raises:
        IngestError: the list cannot be read, or nothing in it looks like cities.
    """
    listing = read_list(path, limits=Limits())
    tables = [table for sheet in listing.sheets if not sheet.is_hidden and (table := _table(sheet))]
    if not tables:
        message = (
            f"{path.name}: no row looks like the names of columns with a city among them, and no column like cities."
        )
        raise IngestError(message, fix="Write the map by hand: docs/lists.md says how.")
    first = max(tables, key=lambda each: (len(each.columns) + len(each.wide), len(each.rows)))
    alike = [each for each in tables if set(each.columns) == set(first.columns) and each.names == first.names]
    lines = [
        *_head(path, listing, first),
        *_shape(first, alike, len(listing.sheets)),
        "",
        "[columns]",
        *_columns(first),
    ]
    if first.wide:
        names = [_quoted(first.names[place]) for place in first.wide]
        lines += [
            "",
            "# One column for each network: take out what is none.",
            "[wide]",
            f"columns = [{', '.join(names)}]",
        ]
    used = {*first.columns.values(), *first.wide}
    others = [name for place, name in enumerate(first.names) if name and place not in used]
    lines += ["", *(f"# not used: {each[:80]}" for each in others[:40])]
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


def _head(path: Path, listing: Listing, table: _Table) -> Iterator[str]:
    yield f"list   = {_quoted(slug(path.stem) or 'list')}   # the same name for every edition of this list"
    day, where = _day_of(path, table)
    yield f"as_of  = {day}   # {where}"
    yield '# title = { nb = "…", en = "…" }'
    yield '# page  = "https://…"   # where the list was found'
    yield "# complete = true   # when it has every member on that day: then who is not on it is no member"
    for note in listing.notes:
        yield f"# {note}"


def _day_of(path: Path, table: _Table) -> tuple[str, str]:
    """The day for which the list holds, as the name of the file or a title says it."""
    titles = [row for row in table.sheet.rows if row.number < table.number or note_reason(row, table.columns["city"])]
    for text, where in [
        *((" ".join(_texts(row)), f"row {row.number}") for row in titles),
        (path.stem, "the name of the file"),
    ]:
        for written in _DAY.findall(text):
            day = read_date(written)
            if day:
                exact = "" if len(day) == len("2024-05-01") else "MEND THIS: "
                return f"{day}-01-01"[:10] if len(day) == len("2024") else f"{day}-01"[
                    :10
                ], f"{exact}read as {written!r} in {where}"
    return '"MEND THIS"', "the day for which the list holds, without quotes: 2025-03-01"


def _shape(table: _Table, alike: Sequence[_Table], sheets: int) -> Iterator[str]:
    """What the rows, sections and sheets say together."""
    has_network = "network" in table.columns or bool(table.wide)
    if len(alike) > 1:
        kind = "country" if all(country_of(each.sheet.name) for each in alike) else "network"
        if kind == "country" or not has_network:
            yield f"sheets = {_quoted(kind)}   # the name of each sheet is the {kind} of its rows"
            has_network = has_network or kind == "network"
    elif sheets > 1:
        yield f"sheet  = {_quoted(table.sheet.name)}"
    if table.depth > 1:
        yield f"header_rows = {table.depth}"
    if _sections(table) >= _LEAST:
        yield 'sections = "country"   # a row with a country alone stands above its cities'
    if filling := [kind for kind in ("city", "country", "network") if _is_filled_down(table, kind)]:
        yield f"fill   = [{', '.join(map(_quoted, filling))}]   # an empty cell means the one above"
    if "joined" in table.columns and _is_american(cells_of(table.rows, table.columns["joined"])):
        yield 'dates  = "month-first"'
    if not has_network:
        yield 'network = "MEND THIS: the network, or [wide] for one column for each network"'


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
