"""XLSX to rows: values only, merged cells filled downwards, within bounds. The one home of openpyxl."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from citygraph.errors import IngestError
from citygraph.ingest.tables import Limits, Row, Sheet

__all__ = ["read_workbook"]

_CHUNK: Final = 1 << 20
_MERGED: Final = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br=[\"'](\d{1,7})[\"'][^>]*>")
_HIDDEN: Final = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_NO_VALUE: Final = re.compile(rb"<f(?:\s[^>]*)?>[^<]*</f>(?:<v\s*/>|<v></v>)?</c>")
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MOST_MERGED: Final = 100_000
_PARTS: Final = 2_000


def read_workbook(data: bytes, name: str, limits: Limits) -> tuple[Sheet, ...]:
    """Every sheet, also hidden ones; formulas give the value that was saved with them.

    Raises:
        IngestError: it is no workbook, is protected by a password, or unpacks to more than the limits.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415  # an extra
    except ImportError as error:
        message = "Reading .xlsx needs openpyxl, which is not installed."
        raise IngestError(message, fix="Install it: pip install 'citygraph[xlsx]'. Or save the list as CSV.") from error
    try:
        _within_bounds(data, name, limits)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            return tuple(_sheet(sheet, data, name, limits) for sheet in book.worksheets)
        finally:
            book.close()
    except (
        zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError,
        EOFError, OverflowError, NotImplementedError,
    ) as error:  # fmt: skip  # what openpyxl lets through when a part of the file is missing or broken
        message = f"{name} cannot be read as XLSX: {error or type(error).__name__}."
        fix = "Open it in a spreadsheet program, take off any password, and save it again as .xlsx or .csv."
        raise IngestError(message, fix=fix) from error


def _within_bounds(data: bytes, name: str, limits: Limits) -> None:
    """Unpack everything once and throw it away: the sizes that a hostile file states are not to be believed."""
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > _PARTS:
            message = f"{name} has more than {_PARTS:,} parts: no spreadsheet program writes that."
            raise IngestError(message, fix="Save the list again as .xlsx or .csv.")
        for part in archive.infolist():
            with archive.open(part) as stream:
                begin = True
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > limits.size:
                        message = f"{name} unpacks to more than {limits.size:,} bytes (limits.file_size in graph.toml)."
                        raise IngestError(message, fix="Remove pictures and sheets that are not needed.")
                    if begin and _DOCTYPE.search(chunk):
                        message = f"{name} declares XML entities: no spreadsheet program writes that."
                        raise IngestError(message, fix="Save the list again as .xlsx or .csv.")
                    begin = False


def _sheet(sheet: Any, data: bytes, name: str, limits: Limits) -> Sheet:  # noqa: ANN401  # openpyxl has no types
    text = _xml(data, sheet)
    hidden = frozenset(int(match[1]) for match in _ROW.finditer(text) if _HIDDEN.search(match[0]))
    rows = tuple(_rows(sheet, _merged(text), name, limits))
    without = len(_NO_VALUE.findall(text))
    notes = (
        f"sheet {sheet.title!r}: {without:,} formulas have no saved value: open and save it in a spreadsheet program",
    )
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


def _rows(sheet: Any, merged: list[tuple[int, int, int]], name: str, limits: Limits) -> Iterator[Row]:  # noqa: ANN401
    begins = {(first, column): last for column, first, last in merged}
    columns_of: dict[int, list[int]] = {}
    for column, first, _ in merged:
        columns_of.setdefault(first, []).append(column)
    filling: dict[int, tuple[str, int]] = {}
    waiting: list[Row] = []
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > limits.rows:
            message = f"Sheet {sheet.title!r} of {name} has more than {limits.rows:,} rows."
            raise IngestError(message, fix="Delete the empty rows below the table, or split the list.")
        cells = [_text(value) for value in values[: limits.cells + 1]]
        for column in columns_of.get(number, ()):
            if column < len(cells) and cells[column]:
                filling[column] = (cells[column], begins[number, column])
        for column, (text, last) in list(filling.items()):
            if number > last:
                del filling[column]
            elif column < len(cells):
                cells[column] = cells[column] or text
        row = Row(number, tuple(_without_tail(cells)))
        # A sheet often ends in thousands of formatted, empty rows: they are no rows of the list.
        waiting.append(row)
        if not row.is_empty:
            yield from waiting
            waiting = []


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
