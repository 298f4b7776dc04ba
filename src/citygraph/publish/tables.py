"""Tables as files: CSV, JSON, GeoJSON where there are coordinates, and a workbook."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import Final

from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions, write_answer

__all__ = ["MOST_ROWS", "Table", "answer_files", "class_files"]

_LATITUDE: Final = frozenset({"latitude", "lat", "schema:latitude", "geo:lat"})
_LONGITUDE: Final = frozenset({"longitude", "long", "lon", "schema:longitude", "geo:long"})
_LONGEST_CELL: Final = 32_767
MOST_ROWS: Final = 1_048_575
"""Rows below the head of a sheet (Excel specifications and limits)."""
_MADE: Final = datetime(1980, 1, 1)  # noqa: DTZ001  # a workbook carries a time without zone; ours is always the same


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def class_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A class's CSV table in every format that fits, by the ending of the file."""
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    table = Table(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))
    yield "csv", data
    yield "json", _objects(table)
    yield from _on_a_map(table)
    yield from _workbook(table)


def answer_files(answer: Solutions, name: Callable[[Iri], str]) -> Iterator[tuple[str, bytes]]:
    """The answer to a question in every format that fits, by the ending of the file.

    Args:
        answer: its rows.
        name: what a thing is called, for the workbook and the map.
    """

    def shown(term: Term | None) -> str:
        if isinstance(term, Iri):
            return name(term)
        return "" if term is None else term.value if isinstance(term, Literal) else str(term)

    yield "csv", write_answer(answer.for_spreadsheets(), format="csv")
    yield "json", write_answer(answer, format="json")
    table = Table(answer.columns, tuple(tuple(map(shown, row)) for row in answer.rows))
    yield from _on_a_map(table)
    yield from _workbook(table)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _on_a_map(table: Table) -> Iterator[tuple[str, bytes]]:
    """RFC 7946: a point for each row that has coordinates; the other columns are its properties."""
    north = _place(table.columns, _LATITUDE)
    east = _place(table.columns, _LONGITUDE)
    if north is None or east is None:
        return
    features = []
    for row in table.rows:
        latitude, longitude = _number(row[north]), _number(row[east])
        if latitude is None or longitude is None:
            continue
        properties = {
            column: cell
            for index, (column, cell) in enumerate(zip(table.columns, row, strict=True))
            if cell and index not in {north, east}
        }
        geometry = {"type": "Point", "coordinates": [longitude, latitude]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    if features:
        yield "geojson", _json({"type": "FeatureCollection", "features": features})


def _place(columns: Sequence[str], names: frozenset[str]) -> int | None:
    return next((index for index, column in enumerate(columns) if column in names), None)


def _workbook(table: Table) -> Iterator[tuple[str, bytes]]:
    """A sheet of texts; nothing in it is a formula. A table that no sheet can hold is no workbook."""
    if importlib.util.find_spec("xlsxwriter") is None or len(table.rows) > MOST_ROWS:
        return
    import xlsxwriter  # noqa: PLC0415  # an extra

    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": _MADE})
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet()
    for index, column in enumerate(table.columns):
        sheet.write_string(0, index, column, bold)
    for number, row in enumerate(table.rows, 1):
        for index, cell in enumerate(row):
            sheet.write_string(number, index, cell[:_LONGEST_CELL])
    sheet.freeze_panes(1, 0)
    book.close()
    yield "xlsx", file.getvalue()


def _objects(table: Table) -> bytes:
    """What `_json` makes of an object for each row without its empty cells, in a fifth of the time."""
    keys = [f"  {encode_basestring(column)}: " for column in table.columns]
    rows = (
        ",\n".join([key + encode_basestring(cell) for key, cell in zip(keys, row, strict=True) if cell])
        for row in table.rows
    )
    body = ",\n".join(f" {{\n{row}\n }}" if row else " {}" for row in rows)
    return (f"[\n{body}\n]\n" if body else "[]\n").encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
