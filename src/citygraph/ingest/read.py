"""A file to rows: encoding and delimiter found or said, CSVW metadata beside a list read, XLSX told from CSV.

Also writes the CSVW metadata of the tables that an import writes.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from citygraph.ingest.places import spellings
from citygraph.ingest.tables import ListLimits, Row, Sheet, list_error, read_workbook
from citygraph.messages import LANGUAGES, Text, reason_of, sentence

_CONTEXT: Final = "http://www.w3.org/ns/csvw"
_LONGEST: Final = 1_000_000
_DATE: Final = {"base": "string", "format": r"(\d{4}(-\d{2}(-\d{2})?)?)?"}
_INTEGER: Final = {"base": "integer"}
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# What spreadsheet programs of Western and Central Europe, of Turkey, of old Macintoshes and of DOS save.
_OTHERS: Final = {
    "cp1250": "Windows-1250",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "mac_roman": "Macintosh",
    "cp850": "DOS 850",
}
_SAMPLE: Final = 4_000_000
_LEAST: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]+")
_DELIMITERS: Final = (";", ",", "\t", "|")
_LINES: Final = 200
# A quoted cell may go over lines; one that goes on longer was never closed.
_LONGEST_RECORD: Final = 60
_WORKBOOKS: Final = frozenset({".xlsx", ".xlsm"})
_TEXTS: Final = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True, slots=True)
class Described:
    """What the metadata beside a list say of reading it (Metadata Vocabulary for Tabular Data, sections 5.5 and 5.9).

    Args:
        encoding: of the file; empty when not said.
        delimiter: what stands between cells; empty when not said.
        header: the number of the first row with names of columns; 0 when there is none.
        header_rows: how many rows these names take.
        comment: what a row begins with that is a remark; empty when not said.
        names: the titles and names of each column, in order.
        nulls: for each column the texts that mean nothing.
    """

    encoding: str = ""
    delimiter: str = ""
    header: int = 1
    header_rows: int = 1
    comment: str = ""
    names: tuple[tuple[str, ...], ...] = ()
    nulls: tuple[frozenset[str], ...] = ()


def metadata_path(path: Path) -> Path:
    """Where the metadata of a table lie: `LIST.csv-metadata.json` (Model for Tabular Data, section 5.3)."""
    return path.with_name(f"{path.name}-metadata.json")


def read_metadata(path: Path) -> Described | None:
    """The metadata beside a list; nothing when there are none.

    Args:
        path: the list.

    Raises:
        IngestError: they are no CSVW metadata, or ask for what is not read here.
    """
    place = metadata_path(path)
    if not place.exists():
        return None
    try:
        data = place.read_bytes()
        raw = json.loads(data[:_LONGEST].decode("utf-8-sig"))
    except OSError as error:
        raise list_error("unreadable", fix="metadata", path=place, why=reason_of(error)) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise list_error("not_json", fix="metadata", place=place.name, most=_LONGEST, why=error) from error
    table = _table(raw, path.name, place.name)
    dialect = {**_mapping(raw, "dialect", place.name), **_mapping(table, "dialect", place.name)}
    return _described(table, dialect, place.name)


def _table(raw: object, name: str, place: str) -> Mapping[str, Any]:
    """The description of this table, alone or in a group of tables."""
    if not isinstance(raw, dict):
        raise list_error("no_table_described", fix="metadata", place=place)
    tables = raw.get("tables", [raw])
    for each in tables if isinstance(tables, list) else []:
        if isinstance(each, dict) and str(each.get("url", name)).rpartition("/")[2] == name:
            return each
    raise list_error("other_table", fix="metadata", place=place, name=name)


def _mapping(raw: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    found = raw.get(key, {})
    if isinstance(found, dict):
        return found
    raise list_error("not_object", fix="metadata", place=place, part=key)


def _described(table: Mapping[str, Any], dialect: Mapping[str, Any], place: str) -> Described:
    for key, plain in (("quoteChar", '"'), ("doubleQuote", True), ("skipColumns", 0), ("trim", True)):
        if key != "trim" and dialect.get(key, plain) != plain:
            raise list_error("dialect", place=place, part=key, said=dialect[key], plain=plain)
    skipped = _whole(dialect, "skipRows", 0, place)
    rows = _whole(dialect, "headerRowCount", 1 if dialect.get("header", True) else 0, place)
    schema = _mapping(table, "tableSchema", place)
    columns = schema.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(each, dict) for each in columns):
        raise list_error("not_objects", fix="metadata", place=place)
    inherited = _texts(table.get("null", schema.get("null")))
    return Described(
        encoding=str(dialect.get("encoding", "")),
        delimiter=str(dialect.get("delimiter", "")),
        header=skipped + 1 if rows else 0,
        header_rows=max(rows, 1),
        comment=str(dialect.get("commentPrefix") or ""),
        names=tuple(
            (*_texts(each.get("titles")), *_texts(each.get("name"))) for each in columns if not each.get("virtual")
        ),
        nulls=tuple(frozenset(_texts(each.get("null"))) or frozenset(inherited) for each in columns),
    )


def _whole(dialect: Mapping[str, Any], key: str, without: int, place: str) -> int:
    found = dialect.get(key, without)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= _LONGEST:
        return found
    raise list_error("not_whole", fix="metadata", place=place, part=key, said=found)


def _texts(value: object) -> list[str]:
    """A natural-language property or an atomic one, as texts."""
    match value:
        case str():
            return [value]
        case list():
            return [each for each in value if isinstance(each, str)]
        case dict():
            return [text for each in value.values() for text in _texts(each)]
    return []


def without_nulls(sheet: Sheet, described: Described) -> Sheet:
    """The rows with empty cells where the metadata say that a text means nothing; what is a remark has one cell."""
    if not any(described.nulls) and not described.comment:
        return sheet
    return replace(sheet, rows=tuple(_without_nulls(row, described) for row in sheet.rows))


def _without_nulls(row: Row, described: Described) -> Row:
    if row.number < described.header + described.header_rows and described.header:
        return row
    nulls = described.nulls
    return Row(
        row.number, tuple("" if at < len(nulls) and cell in nulls[at] else cell for at, cell in enumerate(row.cells))
    )


def table_metadata(
    name: str, columns: Sequence[tuple[str, str, Text]], *, delimiter: str, title: Text, about: Text
) -> bytes:
    """The metadata of a table that an import writes.

    Args:
        name: of the file.
        columns: for each column its name, its kind (`string`, `integer` or `date`) and what it holds.
        delimiter: what stands between cells.
        title: what the table is called.
        about: what it holds.
    """
    kinds: dict[str, object] = {"integer": _INTEGER, "date": _DATE, "string": "string"}
    described = {
        "@context": [_CONTEXT, {"@language": "en"}],
        "url": name,
        "dc:title": _in_both(title),
        "dc:description": _in_both(about),
        "dialect": {"encoding": "utf-8", "delimiter": delimiter, "header": True, "quoteChar": '"', "doubleQuote": True},
        "tableSchema": {
            "columns": [
                {
                    "name": key, "titles": key, "datatype": kinds[kind], "dc:description": _in_both(what),
                    "required": False,
                }
                for key, kind, what in columns
            ]
        },
    }  # fmt: skip
    return (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()


def _in_both(said: Text) -> list[dict[str, str]]:
    """A common property in both languages (Metadata Vocabulary for Tabular Data, section 5.8)."""
    return [{"@value": said.in_language(language), "@language": language} for language in LANGUAGES]


def decode(data: bytes, name: str, encoding: str) -> tuple[str, list[str]]:
    """The text of a file, and how it was read when that is not UTF-8.

    Args:
        data: the bytes.
        name: of the file, for messages.
        encoding: as the map or the metadata say; empty when they do not.

    Raises:
        IngestError: it cannot be read in the encoding that is said or that its first bytes name.
    """
    if encoding.lower() in {"utf-8", "utf8"}:
        encoding = "utf-8-sig"
    chosen = encoding or next((each for mark, each in _BOMS if data.startswith(mark)), "") or _wide(data)
    if chosen:
        try:
            note = sentence("ingest.file.read_as", encoding=chosen.upper())
            return data.decode(chosen), ([] if encoding or chosen == "utf-8-sig" else [note])
        except (UnicodeDecodeError, LookupError) as error:
            why = f"byte {error.start + 1}" if isinstance(error, UnicodeDecodeError) else "?"
            raise list_error("encoding", name=name, encoding=chosen, why=why) from error
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return _by_names(data)


def _by_names(data: bytes) -> tuple[str, list[str]]:
    """Read in Windows-1252, unless another encoding gives more names of cities that we know."""
    sample = data[:_SAMPLE]
    found = {each: _names_in(sample.decode(each, "replace")) for each in ("cp1252", *_OTHERS)}
    best = max(found, key=lambda each: found[each])
    if best != "cp1252" and found[best] >= max(_LEAST, found["cp1252"] + 1):
        return data.decode(best, "replace"), [sentence("ingest.file.by_names", encoding=_OTHERS[best])]
    # Five bytes have no letter in Windows-1252; they stay visible as damage, and their rows go to the review.
    return data.decode("cp1252", "replace"), [sentence("ingest.file.windows")]


def _names_in(text: str) -> int:
    words = {word.casefold() for word in _WORD.findall(text) if not word.isascii()}
    return len(words & _vocabulary())


@cache
def _vocabulary() -> frozenset[str]:
    """The words with letters of their own in names of cities."""
    return frozenset(word for name in spellings() for word in _WORD.findall(name.casefold()) if not word.isascii())


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: every other byte of plain letters is zero."""
    sample = data[:2000]
    if len(sample) < len("a;b;"):
        return ""
    odd, even = sample[1::2].count(0) / len(sample[1::2]), sample[::2].count(0) / len(sample[::2])
    many = 0.4
    return "utf-16-le" if odd > many > even else "utf-16-be" if even > many > odd else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One file as it was read: its sheets (a CSV file has one), the hash of its bytes, and what to tell the reader."""

    name: str
    sha256: str
    ending: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = field(default=())
    described: Described | None = None


def read_list(
    path: Path, *, limits: ListLimits, encoding: str = "", delimiter: str = "", metadata: bool = True
) -> Listing:
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
        raise list_error("not_a_list", name=path.name)
    data = _bytes(path, limits)
    digest = hashlib.sha256(data).hexdigest()
    if ending in _WORKBOOKS or data.startswith(b"PK\x03\x04"):
        sheets = read_workbook(data, path.name, limits)
        return Listing(path.name, digest, ".xlsx", sheets, tuple(note for sheet in sheets for note in sheet.notes))
    described = read_metadata(path) if metadata else None
    told = described or Described()
    text, notes = decode(data, path.name, encoding or told.encoding)
    sheet, more = _rows(text, delimiter or told.delimiter, limits)
    if described is not None:
        sheet = without_nulls(sheet, described)
        notes.append(sentence("ingest.file.metadata", name=metadata_path(path).name))
    return Listing(path.name, digest, ".csv", (sheet,), (*notes, *more), described)


def _bytes(path: Path, limits: ListLimits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.size:
            raise list_error("too_large", name=path.name, size=size, most=limits.size)
        return path.read_bytes()
    except OSError as error:
        raise list_error("unreadable", path=path, why=reason_of(error)) from error


def _rows(text: str, delimiter: str, limits: ListLimits) -> tuple[Sheet, list[str]]:
    # Only real ends of lines: str.splitlines would also cut at a form feed or a paragraph separator.
    lines = list(io.StringIO(text.replace("\x00", ""), newline=""))
    first = 0
    told = lines[0].strip().lower() if lines else ""
    if told.startswith("sep=") and len(told) == len("sep=;"):
        delimiter, first = delimiter or lines[0].strip()[-1], 1
    chosen = delimiter or _delimiter(lines[first : first + _LINES])
    rows: list[Row] = []
    notes: list[str] = []
    if first:
        rows.append(Row(1, (lines[0].strip(),)))
    for cells, is_stray in _records(lines[first:], chosen):
        if len(rows) >= limits.rows:
            raise list_error("too_many_rows", most=limits.rows)
        if is_stray:
            notes.append(sentence("ingest.file.stray", row=len(rows) + 1))
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


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The cells of each record, and whether it has a quotation mark that is never closed, which stands for itself."""
    place = 0
    while place < len(lines):
        line = lines[place]
        if '"' not in line:
            place += 1
            yield tuple(line.rstrip("\r\n").split(delimiter)), False
            continue
        taken, cells = _quoted(lines[place : place + _LONGEST_RECORD], delimiter)
        place += max(taken, 1)
        yield (cells, False) if taken else (tuple(line.rstrip("\r\n").split(delimiter)), True)


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
