"""All saved questions as an API: an OpenAPI 3.1 document made from their headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sparql import Form
from citygraph.version import VERSION
from citygraph.web.files import MEDIA_TYPES, formats_of
from citygraph.web.rendering import Page

__all__ = ["openapi_of"]

_TYPES: Final[dict[str, dict[str, Any]]] = {
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
}
_ERROR: Final = {
    "type": "object",
    "required": ["ok", "error", "errors", "status"],
    "properties": {
        "ok": {"const": False},
        "error": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "string"}},
        "status": {"type": "integer"},
    },
}


def openapi_of(page: Page, queries: Sequence[SavedQuery]) -> dict[str, object]:
    """The document, in the language of the request."""
    config = page.project.config
    paths: dict[str, object] = {}
    for query in queries:
        for format_ in _formats(query):
            paths[f"/queries/{query.name}.{format_}"] = {"get": _operation(page, query, format_)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": config.title.in_language(page.language),
            "version": VERSION,
            "description": page.words("queries.lead"),
            "license": {"name": config.licence.rpartition("/")[2], "url": config.licence},
        },
        "servers": [{"url": page.urls.prefix or "/"}],
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


def _formats(query: SavedQuery) -> tuple[str, ...]:
    match query.parsed.form:
        case Form.SELECT:
            return formats_of(None, query.columns)
        case Form.ASK:
            return ("json", "xml")
        case _:
            return ("ttl", "jsonld", "nt")


def _operation(page: Page, query: SavedQuery, format_: str) -> dict[str, object]:
    parameters = [_parameter(page, each) for each in query.parameters]
    as_of = {
        "name": "as_of",
        "in": "query",
        "description": page.words("query.as_of"),
        "schema": {"type": "string", "format": "date"},
    }
    cite = {
        "name": "cite",
        "in": "query",
        "description": page.words("query.cite"),
        "schema": {"type": "string", "enum": ["1"]},
    }
    selects = query.parsed.form is Form.SELECT
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": f"{query.name}-{format_}",
        "summary": query.title.in_language(page.language),
        "description": query.question.in_language(page.language),
        "tags": list(query.keywords),
        "parameters": [*parameters, as_of, *([cite] if selects and query.cite else [])],
        "responses": {
            "200": {
                "description": page.words("query.answer"),
                "content": {MEDIA_TYPES[format_].partition(";")[0]: {"schema": _schema(query, format_)}},
            },
            "400": {"description": page.words("error.400"), "content": error},
            "503": {"description": page.words("error.503"), "content": error},
        },
    }


def _schema(query: SavedQuery, format_: str) -> dict[str, object]:
    if format_ == "json" and query.columns:
        row = {"type": "object", "properties": {column: {"type": "object"} for column in query.columns}}
        bindings = {"type": "object", "properties": {"bindings": {"type": "array", "items": row}}}
        return {"type": "object", "properties": {"head": {"type": "object"}, "results": bindings}}
    return {"type": "string"} if format_ != "geojson" else {"type": "object"}


def _parameter(page: Page, parameter: Parameter) -> dict[str, object]:
    schema: dict[str, object] = dict(_TYPES.get(parameter.type, {"type": "string"}))
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required and parameter.default is None,
        "description": parameter.about.in_language(page.language),
        "schema": schema,
    }
