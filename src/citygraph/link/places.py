"""A list of places in a CSV file as things that names are matched against."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from citygraph.matching.names import country_code
from citygraph.matching.things import KINDS, Name, Thing
from citygraph.namespaces import CG

__all__ = ["read_places"]

_NEEDED: Final = ("id", "name")
_KIND_CLASSES: Final = {kind: iri for iri, kind in KINDS.items()}


def read_places(text: str) -> list[Thing]:
    """The places of a CSV table with the columns `id` and `name`, and any of `aliases country type latitude longitude`.

    Aliases are separated by `|`; `type` is city, region, country, authority or network, and city without it.

    Raises:
        ValueError: a column or a cell is missing; the line is in the message.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [column for column in _NEEDED if column not in (rows.fieldnames or ())]
    if missing:
        message = f"line 1: the column {missing[0]} is missing"
        raise ValueError(message)
    return list(_things(rows))


def _things(rows: csv.DictReader[str]) -> Iterator[Thing]:
    seen: set[str] = set()
    for row in rows:
        cells = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        if not cells["id"] or not cells["name"] or cells["id"] in seen:
            message = f"line {rows.line_num}: id and name must be there, and an id only once"
            raise ValueError(message)
        seen.add(cells["id"])
        kind = cells.get("type") or "city"
        aliases = [each.strip() for each in cells.get("aliases", "").split("|") if each.strip()]
        country = country_code(cells.get("country", ""))
        yield Thing(
            id=cells["id"],
            names=(Name(cells["name"]), *(Name(each, main=False) for each in aliases)),
            kinds=frozenset({kind}),
            countries=frozenset({country} - {""}),
            point=_point(cells, rows.line_num),
            classes=(_KIND_CLASSES.get(kind, CG + "City"),),
        )


def _point(cells: dict[str, str], line: int) -> tuple[float, float] | None:
    latitude, longitude = cells.get("latitude", ""), cells.get("longitude", "")
    if not latitude or not longitude:
        return None
    try:
        return float(latitude), float(longitude)
    except ValueError as error:
        message = f"line {line}: latitude and longitude are numbers such as 59.91"
        raise ValueError(message) from error
