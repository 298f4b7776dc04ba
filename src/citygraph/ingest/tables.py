"""Tables: sheets, rows and how much of them is read; and XLSX as such a table. The one home of openpyxl.

Merged cells are filled downwards, and a date is as exact as its cell shows it. What openpyxl gives is held against the
filled cells that `xlsx` finds in the file itself, row by row and column by column, so that no cell is lost in silence.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from citygraph.documents import DocumentRefused, refuse_archive
from citygraph.errors import IngestError
from citygraph.ingest.xlsx import (
    STRICT,
    SharedStrings,
    SheetXml,
    Styles,
    column_letters,
    comments_of,
    sheets_named,
    shown,
    transitional,
    unescaped,
)
from citygraph.messages import sentence

_OLE: Final = b"\xd0\xcf\x11\xe0"
"""How the files begin in which Excel keeps .xls, and any workbook with a password."""
_ERROR: Final = re.compile(
    r"#(?:REF!|N/A|NAME\?|DIV/0!|VALUE!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BUSY!|GETTING_DATA|[NI]/?[VT])", re.IGNORECASE
)
_NOT_FOUND: Final = "#N/A"
"""The error that says only that there is nothing, as NA does in R."""
_YEARS: Final = range(1900, 2101)
_SAID: Final = 200
_MOST_NAMED: Final = 12
_FIRST: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # the day 0 of spreadsheets, which know no time zones
_FIRST_OF_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_ISO: Final = {"month": "%Y-%m", "year": "%Y", "no-year": "--%m-%d"}


@dataclass(frozen=True, slots=True)
class ListLimits:
    """How much of a list is read: bytes (also unpacked), rows, cells of a row, characters of a cell."""

    size: int = 256_000_000
    rows: int = 500_000
    cells: int = 1_000
    characters: int = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file.

    Args:
        number: counts every row from 1, also titles and empty ones (RFC 7111).
        cells: the texts of its cells.
        struck: the places of cells that are struck out in a workbook.
        comments: what people remarked on its cells there.
        notes: what the reader should know of its cells.
        unknown: the places of cells whose value is not known: a formula that was saved without it, or an error.
    """

    number: int
    cells: tuple[str, ...]
    struck: frozenset[int] = frozenset()
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: frozenset[int] = frozenset()

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
        if _within_bounds(data, name, limits):
            data = transitional(data)
        with warnings.catch_warnings():
            # What openpyxl cannot keep when it writes is nothing to a reader.
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            try:
                return tuple(_Reading(book, data, name, limits).sheets())
            finally:
                book.close()
    except (
        zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError,
        EOFError, OverflowError, NotImplementedError, expat.ExpatError,
    ) as error:  # fmt: skip  # what openpyxl lets through when a part of the file is missing or broken
        key = "old_workbook" if data.startswith(_OLE) else "no_workbook" if not data.startswith(b"PK") else "not_xlsx"
        raise list_error(key, name=name, fix="not_xlsx") from error


def _within_bounds(data: bytes, name: str, limits: ListLimits) -> bool:
    """Hold a workbook against the bounds; gives whether it is written in Strict Open XML."""
    begins: list[bool] = []
    try:
        refuse_archive(data, limits.size, look=lambda chunk: begins.append(STRICT in chunk))
    except DocumentRefused as refused:
        most = refused.problem.values.get("limit", "")
        fix = "" if refused.problem.code == "unpacked" else "save_again"
        raise list_error(refused.problem.code, fix=fix, name=name, most=int(most or 0)) from refused
    return any(begins)


class _Reading:
    """Reads the sheets of one workbook."""

    def __init__(self, book: Any, data: bytes, name: str, limits: ListLimits) -> None:  # noqa: ANN401  # openpyxl has no types
        self._book = book
        self._name = name
        self._limits = limits
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        parts = [each for each in self._archive.namelist() if each.lower().endswith("/sharedstrings.xml")]
        self._strings = SharedStrings(self._archive.read(parts[0]) if parts else b"")
        self._styles = _styles(book)
        self._first = _FIRST_OF_1904 if book.epoch.year == _FIRST_OF_1904.year else _FIRST

    def sheets(self) -> Iterator[Sheet]:
        """Every sheet in its order.

        Raises:
            IngestError: a sheet has too many rows, is not found where the workbook says, or openpyxl gives other cells
                than its XML has.
        """
        with self._archive:
            if missing := sheets_named(self._archive) - set(self._book.sheetnames):
                raise list_error("sheet_missing", fix="save_again", name=self._name, sheet=min(missing))
            for sheet in self._book.worksheets:
                yield self._sheet(sheet)

    def _sheet(self, sheet: Any) -> Sheet:  # noqa: ANN401
        path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
        text = self._archive.read(path) if path in self._archive.namelist() else b""
        xml = SheetXml(text, self._limits.rows, styles=self._styles, strings=self._strings)
        comments = comments_of(self._archive, path)
        if len(getattr(sheet, "_shared_strings", ())) == len(self._strings.texts):
            # openpyxl takes a part of the escapes off, so that it cannot be told what they were.
            sheet._shared_strings = self._strings.texts  # noqa: SLF001
        # What the file says about the size of the sheet is a hint, which exporters get wrong.
        sheet.reset_dimensions()
        title = unescaped(str(sheet.title))
        rows = tuple(self._rows(sheet, xml, comments))
        is_hidden = sheet.sheet_state != "visible"
        notes = tuple(_told(title, xml, comments, is_hidden=is_hidden and bool(rows)))
        return Sheet(title, rows, is_hidden=is_hidden, hidden=frozenset(xml.hidden_rows), notes=notes)

    def _rows(self, sheet: Any, xml: SheetXml, comments: Mapping[tuple[int, int], str]) -> Iterator[Row]:  # noqa: ANN401
        """The rows up to the last that is not empty, merged cells filled downwards."""
        merges = _Merges([each for each in xml.merged if each[0] <= self._limits.cells])
        remarked = defaultdict(list)
        for (row_, column), said in sorted(comments.items()):
            remarked[row_].append((column, said))
        unknowns = defaultdict(set)
        for row_, column in (*xml.without_value, *(place for place, said in xml.errors.items() if said != _NOT_FOUND)):
            unknowns[row_].add(column)
        waiting: list[Row] = []
        left = xml.count.copy()
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > self._limits.rows:
                raise list_error("sheet_rows", sheet=str(sheet.title), name=self._name, most=self._limits.rows)
            read = sum(1 << place for place, value in enumerate(values) if value is not None)
            if read.bit_count() != left.pop(number, 0):
                raise _lost(sheet.title, self._name, number, xml.count[number], read.bit_count())
            if read != xml.columns.get(number, 0):
                raise list_error(
                    "cells_moved", fix="save_again", sheet=str(sheet.title), name=self._name, row=number,
                    there=_letters(xml.columns[number]), read=_letters(read),
                )  # fmt: skip
            cells, notes = self._texts(number, values[: self._limits.cells + 1], xml)
            merges.fill(number, cells)
            for column, said in remarked.get(number, ()):
                cell = f"{column_letters(column)}{number}"
                notes.append(sentence("ingest.note.remarked", cell=cell, said=said[:_SAID]))
            struck = frozenset(xml.struck.get(number, ()))
            remarks = tuple(said for _, said in remarked.get(number, ()))
            unknown = frozenset(unknowns.get(number, ()))
            row = Row(number, tuple(_without_tail(cells)), struck, remarks, tuple(notes), unknown)
            # A sheet often ends in thousands of formatted, empty rows: they are no rows of the list.
            waiting.append(row)
            if not row.is_empty:
                yield from waiting
                waiting = []
        for number, there in sorted(left.items()):
            raise _lost(sheet.title, self._name, number, there, 0)

    def _texts(self, number: int, values: Sequence[object], xml: SheetXml) -> tuple[list[str], list[str]]:
        """The texts of a row, and what should be known of its cells."""
        cells: list[str] = []
        notes: list[str] = []
        exact = xml.shown.get(number, {})
        for place, value in enumerate(values):
            cell = f"{column_letters(place)}{number}"
            text = _text(value, exact.get(place, "day"))
            if (error := xml.errors.get((number, place), "")) or _ERROR.fullmatch(text):
                notes.append(sentence("ingest.note.error", cell=cell, said=error or text))
                text = ""
            if isinstance(value, datetime) and (year := (value - self._first).days) in _YEARS:
                notes.append(sentence("ingest.note.year_as_day", cell=cell, shown=text, year=year))
                text = str(year)
            if partly := xml.partly.get((number, place)):
                notes.append(sentence("ingest.note.partly_struck", cell=cell, said=partly[:_SAID]))
            cells.append(text)
        return cells, notes


def _styles(book: Any) -> Styles:  # noqa: ANN401  # openpyxl has no types
    """Which styles of a workbook strike a text out, or show a date less exactly than by its day."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE  # noqa: PLC0415  # an extra

    struck: set[int] = set()
    exact: dict[int, str] = {}
    for number, style in enumerate(book._cell_styles):  # noqa: SLF001  # openpyxl tells it of no cell that it streams
        if book._fonts[style.fontId].strike:  # noqa: SLF001
            struck.add(number)
        own = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
        code = book._number_formats[own] if own >= 0 else BUILTIN_FORMATS.get(style.numFmtId, "")  # noqa: SLF001
        if number in book._date_formats and (how := shown(code)) != "day":  # noqa: SLF001
            exact[number] = how
    return Styles(struck, exact)


def _told(title: str, xml: SheetXml, comments: Mapping[tuple[int, int], str], *, is_hidden: bool) -> Iterator[str]:
    """What to tell of a sheet before its rows are read."""
    if without := xml.without_value:
        yield sentence("ingest.file.no_value", sheet=title, count=len(without), cell=without[min(without)])
    if is_hidden:
        yield sentence("ingest.file.hidden", sheet=title, count=len(xml.count))
    if rows := sorted(xml.hidden_rows & set(xml.count)):
        yield sentence("ingest.file.hidden_rows", sheet=title, count=len(rows), row=rows[0])
    if columns := xml.hidden_columns:
        yield sentence("ingest.file.hidden_columns", sheet=title, columns=", ".join(map(column_letters, columns)))
    if struck := sorted(number for number, places in xml.struck.items() if places):
        yield sentence("ingest.file.struck", sheet=title, count=len(struck), row=struck[0])
    if comments:
        (row, column), said = min(comments.items())
        cell = f"{column_letters(column)}{row}"
        yield sentence("ingest.file.remarked", sheet=title, count=len(comments), cell=cell, said=said[:_SAID])


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


def _letters(mask: int) -> str:
    places = [place for place in range(mask.bit_length()) if mask >> place & 1]
    return ", ".join(map(column_letters, places[:_MOST_NAMED])) + (", …" if len(places) > _MOST_NAMED else "")


def _without_tail(cells: list[str]) -> Iterable[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _text(value: object, exact: str = "day") -> str:
    """A cell as text: numbers without `.0`, escapes as letters, dates in ISO 8601 as exact as the cell shows them."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004  # beyond it floats have no units
            return str(int(value))
        case date() if exact in _ISO:
            # A day without its year is none: the year is the one in which somebody typed it.
            return value.strftime(_ISO[exact])
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return unescaped(str(value))
