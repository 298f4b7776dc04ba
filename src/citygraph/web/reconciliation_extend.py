"""Values of entities for the columns of a spreadsheet, and which properties there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.responses import Response

from citygraph.rdf import Iri, Literal, Term
from citygraph.sentences import sentence
from citygraph.web.reconciliation_asked import Asked, as_json
from citygraph.web.reconciliation_batch import read_extension
from citygraph.web.reconciliation_described import property_json
from citygraph.web.refusal import Refusal

__all__ = ["extended", "propose"]

_DATE_LENGTH: Final = 10
_MOST_PROPOSED: Final = 50


def propose(asked: Asked) -> Response:
    """The properties that entities of a type have."""
    type_ = asked.parameters.get("type", "")
    limit = min(asked.whole("limit", _MOST_PROPOSED), _MOST_PROPOSED)
    found = [property_json(asked, each) for each in asked.targets.properties_of(type_)[:limit]]
    document: dict[str, Any] = {"properties": found, "limit": limit}
    return as_json({**document, "type": type_} if type_ else document)


def extended(asked: Asked, raw: object, *, draft: bool) -> dict[str, Any]:
    """The values of the properties asked for, in the form of either version."""
    request = read_extension(raw)
    known = set(asked.targets.properties)
    unknown = [each for each in request.properties if each not in known]
    if unknown:
        raise Refusal(400, f"There is no property {unknown[0]!r}.", "See /reconcile/properties.")
    terms = {id_: _values(asked, id_, request.properties) for id_ in request.ids}
    most = asked.project.config.number("limits.rows")
    if sum(len(values) for cells in terms.values() for values in cells.values()) > most:
        raise Refusal(413, sentence("limit.rows", most=most), sentence("next.less_at_once"))
    rows = {id_: {each: _cells(asked, values) for each, values in cells.items()} for id_, cells in terms.items()}
    meta = [property_json(asked, each) for each in request.properties]
    if not draft:
        return {"meta": meta, "rows": rows}
    listed = [
        {"id": id_, "properties": [{"id": name, "values": values} for name, values in cells.items()]}
        for id_, cells in rows.items()
    ]
    return {"meta": meta, "rows": listed}


def _values(asked: Asked, id_: str, properties: Iterable[str]) -> dict[str, list[Term | str]]:
    asked.go_on()
    thing = asked.targets.thing(id_)
    return {each: asked.targets.values(thing.id, each, asked.language) if thing else [] for each in properties}


def _cells(asked: Asked, values: Iterable[Term | str]) -> list[dict[str, Any]]:
    asked.go_on()
    return [_cell(asked, value) for value in values]


def _cell(asked: Asked, value: Term | str) -> dict[str, Any]:
    if isinstance(value, Iri):
        if value.value in asked.targets.index.things or value.value in asked.targets.labels:
            return {"id": asked.targets.id_of(value.value), "name": asked.targets.labels.of(value, asked.language)}
        return {"str": value.value}
    if not isinstance(value, Literal):
        return {"str": str(value)}
    datatype = value.datatype.value.rpartition("#")[2]
    if datatype == "date" and len(value.value) == _DATE_LENGTH:
        # A date of the protocol is a full date and time.
        return {"date": f"{value.value}T00:00:00Z"}
    try:
        if datatype == "integer":
            return {"int": int(value.value)}
        if datatype in {"decimal", "double"}:
            return {"float": float(value.value)}
    except ValueError:
        return {"str": value.value}
    return {"str": value.value}
