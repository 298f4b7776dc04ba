"""Tables: sheets, rows and how much of them is read; and XLSX as such a table. The one home of openpyxl.

Values only, merged cells filled downwards. What openpyxl gives is held against a count of the filled cells in the file
itself, so that no cell is lost in silence.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from citygraph.errors import IngestError
from citygraph.messages import sentence

_CHUNK: Final = 1 << 20
_MERGED: Final = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br=[\"'](\d{1,7})[\"'][^>]*>")
_HIDDEN: Final = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_NO_VALUE: Final = re.compile(rb"<f(?:\s[^>]*)?>[^<]*</f>(?:<v\s*/>|<v></v>)?</c>")
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MOST_MERGED: Final = 100_000
_PARTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class ListLimits:
    """How much of a list is read: bytes (also unpacked), rows, cells of a row, characters of a cell."""

    size: int = 256_000_000
    rows: int = 500_000
    cells: int = 1_000
    characters: int = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file; `number` counts every row from 1, also titles and empty ones (RFC 7111)."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything that can be seen."""
        return not any(cell.strip(" \t\r\n\u00a0\u200b\ufeff") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name (empty for CSV), all its rows, and what a workbook hides of it."""

    name: str
    rows: tuple[Row, ...]
    is_hidden: bool = False
    hidden: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def list_error(key: str, /, *, fix: str = "", **values: object) -> IngestError:
    """The error `ingest.error.KEY` with its next step `ingest.next.FIX` (of the same key without one), filled in."""
    return IngestError(sentence(f"ingest.error.{key}", **values), fix=sentence(f"ingest.next.{fix or key}", **values))


def read_workbook(data: bytes, name: str, limits: ListLimits) -> tuple[Sheet, ...]:
    """Every sheet, also hidden ones; formulas give the value that was saved with them.

    Raises:
        IngestError: it is no workbook, is protected by a password, unpacks to more than the limits, or has filled
            cells that cannot be read.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise list_error("openpyxl") from error
    try:
        _within_bounds(data, name, limits)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            return tuple(_sheet(sheet, data, name, limits) for sheet in book.worksheets)
        finally:
            book.close()
    except (
        zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError,
        EOFError, OverflowError, NotImplementedError, expat.ExpatError,
    ) as error:  # fmt: skip  # what openpyxl lets through when a part of the file is missing or broken
        raise list_error("not_xlsx", name=name, why=error or type(error).__name__) from error


def _within_bounds(data: bytes, name: str, limits: ListLimits) -> None:
    """Unpack everything once and throw it away: the sizes that a hostile file states are not to be believed."""
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > _PARTS:
            raise list_error("parts", fix="save_again", name=name, most=_PARTS)
        for part in archive.infolist():
            with archive.open(part) as stream:
                begin = True
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > limits.size:
                        raise list_error("unpacked", name=name, most=limits.size)
                    if begin and _DOCTYPE.search(chunk):
                        raise list_error("entities", fix="save_again", name=name)
                    begin = False


def _sheet(sheet: Any, data: bytes, name: str, limits: ListLimits) -> Sheet:  # noqa: ANN401  # openpyxl has no types
    text = _xml(data, sheet)
    hidden = frozenset(int(match[1]) for match in _ROW.finditer(text) if _HIDDEN.search(match[0]))
    # What the file says about the size of the sheet is a hint, which exporters get wrong.
    sheet.reset_dimensions()
    rows = tuple(_rows(sheet, _merged(text), _FilledCells(text, limits.rows).in_row, name, limits))
    without = len(_NO_VALUE.findall(text))
    notes = (sentence("ingest.file.no_value", sheet=str(sheet.title), count=without),)
    is_hidden = sheet.sheet_state != "visible"
    return Sheet(str(sheet.title), rows, is_hidden=is_hidden, hidden=hidden, notes=notes if without else ())


def _xml(data: bytes, sheet: Any) -> bytes:  # noqa: ANN401
    path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(path) if path in archive.namelist() else b""


def _merged(text: bytes) -> list[tuple[int, int, int]]:
    """Cells merged over several rows, as column, first and last row; openpyxl leaves them out when it streams."""
    found: list[tuple[int, int, int]] = []
    for match in _MERGED.finditer(text):
        first, last = int(match[2]), int(match[4])
        if last > first and len(found) < _MOST_MERGED:
            found.append((_column(match[1].decode()), first, last))
    return found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _FilledCells:
    """How many cells of a sheet hold a value, counted in its XML and by nothing else that the file says.

    Args:
        text: the XML of the sheet.
        most: how many rows are told apart; all later ones are counted as the one after these.

    Raises:
        ExpatError, ValueError: it is not well-formed, or numbers a row with something else than a number.
    """

    _PATH: Final = ("worksheet", "sheetData", "row", "c")

    def __init__(self, text: bytes, most: int) -> None:
        self.in_row: Counter[int] = Counter()
        self._most = most
        self._path: list[str] = []
        self._row = 0
        self._type = ""
        self._is_filled = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.CharacterDataHandler = self._characters
        parser.EndElementHandler = self._end
        if text:
            parser.Parse(text, True)  # noqa: FBT003  # expat takes no keyword: this is all of it

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        match self._path:
            case ["worksheet", "sheetData", "row"]:
                self._row = int(float(attributes["r"])) if "r" in attributes else self._row + 1
            case ["worksheet", "sheetData", "row", "c"]:
                self._type, self._is_filled = attributes.get("t", ""), False
            case ["worksheet", "sheetData", "row", "c", "is"] if self._type == "inlineStr":
                self._is_filled = True

    def _characters(self, text: str) -> None:
        match self._path:
            case ["worksheet", "sheetData", "row", "c", "v"]:
                self._is_filled = True
            case ["worksheet", "sheetData", "row", "c", "is", *_] if text.strip():
                self._is_filled = True

    def _end(self, _name: str) -> None:
        if self._is_filled and len(self._path) == len(self._PATH):
            self.in_row[min(self._row, self._most + 1)] += 1
            self._is_filled = False
        self._path.pop()


def _rows(
    sheet: Any,  # noqa: ANN401  # openpyxl has no types
    merged: list[tuple[int, int, int]],
    filled: Counter[int],
    name: str,
    limits: ListLimits,
) -> Iterator[Row]:
    """The rows up to the last that is not empty, merged cells filled downwards.

    Raises:
        IngestError: the sheet has too many rows, or openpyxl gives other cells than `filled` counts.
    """
    merges = _Merges([each for each in merged if each[0] <= limits.cells])
    waiting: list[Row] = []
    left = filled.copy()
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > limits.rows:
            raise list_error("sheet_rows", sheet=str(sheet.title), name=name, most=limits.rows)
        read = len(values) - values.count(None)
        if read != left.pop(number, 0):
            raise _lost(sheet.title, name, number, filled[number], read)
        cells = [_text(value) for value in values[: limits.cells + 1]]
        merges.fill(number, cells)
        row = Row(number, tuple(_without_tail(cells)))
        # A sheet often ends in thousands of formatted, empty rows: they are no rows of the list.
        waiting.append(row)
        if not row.is_empty:
            yield from waiting
            waiting = []
    for number, there in sorted(left.items()):
        raise _lost(sheet.title, name, number, there, 0)


class _Merges:
    """Cells merged over several rows: each has the value of the first."""

    def __init__(self, merged: list[tuple[int, int, int]]) -> None:
        self._last = {(first, column): last for column, first, last in merged}
        self._columns: dict[int, list[int]] = {}
        for column, first, _ in merged:
            self._columns.setdefault(first, []).append(column)
        self._filling: dict[int, tuple[str, int]] = {}

    def fill(self, number: int, cells: list[str]) -> None:
        """Write into the cells of row `number`, in order from row 1, what is merged into it from above."""
        for column in self._columns.get(number, ()):
            if column < len(cells) and cells[column]:
                self._filling[column] = (cells[column], self._last[number, column])
        for column, (text, last) in list(self._filling.items()):
            if number > last:
                del self._filling[column]
                continue
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = cells[column] or text


def _lost(title: str, name: str, row: int, there: int, read: int) -> IngestError:
    message = sentence("list.cells_lost", sheet=str(title), name=name, row=row, there=there, read=read)
    return IngestError(message, fix=sentence("next.save_again"))


def _without_tail(cells: list[str]) -> Iterable[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _text(value: object) -> str:
    """A cell as text: numbers without `.0`, dates as ISO days, errors as nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004  # beyond it floats have no units
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date():
            return value.isoformat()
        case str() if value.startswith("#") and value.rstrip("!?/0A").upper() in {
            "#REF",
            "#N",
            "#NAME",
            "#DIV",
            "#VALUE",
            "#NULL",
            "#NUM",
        }:
            return ""
        case _:
            return str(value)
