"""CSV on the Web: what the metadata beside a list say of it, and the metadata of the tables that an import writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from citygraph.errors import IngestError
from citygraph.ingest.tables import Row, Sheet

__all__ = ["Described", "metadata_path", "read_metadata", "table_metadata", "without_nulls"]

_CONTEXT: Final = "http://www.w3.org/ns/csvw"
_LONGEST: Final = 1_000_000
_FIX: Final = "Mend the metadata (CSVW, https://www.w3.org/TR/tabular-metadata/), or move them away: the map says the same things."
_DATE: Final = {"base": "string", "format": r"(\d{4}(-\d{2}(-\d{2})?)?)?"}
_INTEGER: Final = {"base": "integer"}


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
        message = f"{place} cannot be read: {error.strerror or error}."
        raise IngestError(message, fix=_FIX) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        message = f"{place.name} is not valid JSON of at most {_LONGEST:,} bytes: {error}."
        raise IngestError(message, fix=_FIX) from error
    table = _table(raw, path.name, place.name)
    dialect = {**_mapping(raw, "dialect", place.name), **_mapping(table, "dialect", place.name)}
    return _described(table, dialect, place.name)


def _table(raw: object, name: str, place: str) -> Mapping[str, Any]:
    """The description of this table, alone or in a group of tables."""
    if not isinstance(raw, dict):
        message = f"{place} does not describe a table."
        raise IngestError(message, fix=_FIX)
    tables = raw.get("tables", [raw])
    for each in tables if isinstance(tables, list) else []:
        if isinstance(each, dict) and str(each.get("url", name)).rpartition("/")[2] == name:
            return each
    message = f"{place} does not describe {name}: its url is another."
    raise IngestError(message, fix=_FIX)


def _mapping(raw: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    found = raw.get(key, {})
    if isinstance(found, dict):
        return found
    message = f"{place}: {key} is not an object."
    raise IngestError(message, fix=_FIX)


def _described(table: Mapping[str, Any], dialect: Mapping[str, Any], place: str) -> Described:
    for key, plain in (("quoteChar", '"'), ("doubleQuote", True), ("skipColumns", 0), ("trim", True)):
        if key != "trim" and dialect.get(key, plain) != plain:
            message = f"{place} says {key} = {dialect[key]!r}; lists are read with {plain!r} alone."
            raise IngestError(message, fix="Save the list again with double quotation marks, and no columns to skip.")
    skipped = _whole(dialect, "skipRows", 0, place)
    rows = _whole(dialect, "headerRowCount", 1 if dialect.get("header", True) else 0, place)
    schema = _mapping(table, "tableSchema", place)
    columns = schema.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(each, dict) for each in columns):
        message = f"{place}: the columns are not a list of objects."
        raise IngestError(message, fix=_FIX)
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
    message = f"{place}: {key} = {found!r} is no whole number."
    raise IngestError(message, fix=_FIX)


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
    name: str, columns: Sequence[tuple[str, str, str]], *, delimiter: str, title: str, about: str
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
        "dc:title": title,
        "dc:description": about,
        "dialect": {"encoding": "utf-8", "delimiter": delimiter, "header": True, "quoteChar": '"', "doubleQuote": True},
        "tableSchema": {
            "columns": [
                {"name": key, "titles": key, "datatype": kinds[kind], "dc:description": what, "required": False}
                for key, kind, what in columns
            ]
        },
    }
    return (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()
