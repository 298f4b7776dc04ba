"""Lists as rows with their place: CSV in any common encoding and delimiter, and XLSX, within bounds."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.csvw import Described, metadata_path, read_metadata, without_nulls
from citygraph.ingest.decoding import decode
from citygraph.ingest.tables import Limits, Row, Sheet
from citygraph.ingest.workbooks import read_workbook

__all__ = ["Listing", "read_list"]

_DELIMITERS: Final = (";", ",", "\t", "|")
_SAMPLE: Final = 200
# A quoted cell may go over lines; one that goes on longer was never closed.
_LONGEST_RECORD: Final = 60
_STRAY: Final = "a quotation mark opens here and is not closed"
_WORKBOOKS: Final = frozenset({".xlsx", ".xlsm"})
_TEXTS: Final = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True, slots=True)
class Listing:
    """One file as it was read: its sheets (a CSV file has one), the hash of its bytes, and what to tell the reader."""

    name: str
    sha256: str
    ending: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = field(default=())
    described: Described | None = None


def read_list(path: Path, *, limits: Limits, encoding: str = "", delimiter: str = "", metadata: bool = True) -> Listing:
    """The rows of a CSV or XLSX file, every one with its number in the file.

    Args:
        path: the list.
        limits: how much is read at most.
        encoding: of a CSV file, when it is known; otherwise as the CSVW metadata beside it say, or found by byte-order mark, UTF-8, then Windows-1252.
        delimiter: of a CSV file, when it is known; otherwise the one that gives the most even rows.
        metadata: whether CSVW metadata beside a CSV file are read.

    Raises:
        IngestError: the file or its metadata cannot be read, is of another kind, or is larger than the limits.
    """
    ending = path.suffix.lower()
    if ending not in _WORKBOOKS | _TEXTS:
        message = f"{path.name} is neither CSV nor XLSX."
        raise IngestError(message, fix="Open it in a spreadsheet program and save it as .xlsx or .csv.")
    data = _bytes(path, limits)
    digest = hashlib.sha256(data).hexdigest()
    if ending in _WORKBOOKS or data.startswith(b"PK\x03\x04"):
        sheets = read_workbook(data, path.name, limits)
        return Listing(path.name, digest, ".xlsx", sheets, tuple(note for sheet in sheets for note in sheet.notes))
    described = read_metadata(path) if metadata else None
    told = described or Described()
    text, notes = decode(data, path.name, encoding or told.encoding)
    sheet, more = _table(text, delimiter or told.delimiter, limits)
    if described is not None:
        sheet = without_nulls(sheet, described)
        notes.append(f"read as {metadata_path(path).name} says")
    return Listing(path.name, digest, ".csv", (sheet,), (*notes, *more), described)


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.size:
            message = f"{path.name} has {size:,} bytes; {limits.size:,} are allowed (limits.file_size in graph.toml)."
            raise IngestError(message, fix="Split the list, or raise limits.file_size.")
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise IngestError(message, fix="Check the name, and that the file is not open in another program.") from error


def _table(text: str, delimiter: str, limits: Limits) -> tuple[Sheet, list[str]]:
    # Only real ends of lines: str.splitlines would also cut at a form feed or a paragraph separator.
    lines = list(io.StringIO(text.replace("\x00", ""), newline=""))
    first = 0
    told = lines[0].strip().lower() if lines else ""
    if told.startswith("sep=") and len(told) == len("sep=;"):
        delimiter, first = delimiter or lines[0].strip()[-1], 1
    chosen = delimiter or _delimiter(lines[first : first + _SAMPLE])
    rows: list[Row] = []
    notes: list[str] = []
    if first:
        rows.append(Row(1, (lines[0].strip(),)))
    for cells, note in _records(lines[first:], chosen):
        if len(rows) >= limits.rows:
            message = f"The list has more than {limits.rows:,} rows."
            raise IngestError(message, fix="Split it into several lists.")
        if note:
            notes.append(f"row {len(rows) + 1}: {note}")
        rows.append(Row(len(rows) + 1, cells))
    return Sheet("", tuple(rows)), notes


def _delimiter(lines: list[str]) -> str:
    """The one with which most rows have the same number of cells, and more than one."""
    best, most = ",", 0.0
    for each in _DELIMITERS:
        widths = Counter(len(cells) for cells, _ in _records(lines, each) if any(cells))
        wide = {width: count for width, count in widths.items() if width > 1}
        if wide:
            width, count = max(wide.items(), key=lambda found: (found[1], found[0]))
            score = count + min(width, 30) / 100
            if score > most:
                best, most = each, score
    return best


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The cells of each record; a quotation mark that is never closed stands for itself, and is told."""
    place = 0
    while place < len(lines):
        line = lines[place]
        if '"' not in line:
            place += 1
            yield tuple(line.rstrip("\r\n").split(delimiter)), ""
            continue
        taken, cells = _quoted(lines[place : place + _LONGEST_RECORD], delimiter)
        place += max(taken, 1)
        yield (cells, "") if taken else (tuple(line.rstrip("\r\n").split(delimiter)), _STRAY)


def _quoted(window: list[str], delimiter: str) -> tuple[int, tuple[str, ...]]:
    """How many lines the record takes, and its cells; no line when a quotation mark does not close as it should."""
    strict = csv.reader(window, delimiter=delimiter, strict=True)
    try:
        cells = next(strict, [])
    except csv.Error:
        # A stray mark inside one line is harmless; one that would swallow the next rows is not.
        loose = csv.reader(window[:1], delimiter=delimiter)
        try:
            cells = next(loose, [])
        except csv.Error:
            return 0, ()
        closed = list(csv.reader([window[0], "\x01\n"], delimiter=delimiter))
        return (1, tuple(cells)) if closed[-1] == ["\x01"] else (0, ())
    return strict.line_num, tuple(cells)
