"""All saved questions as an API: an OpenAPI 3.1 document made from their headers, served and published alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from citygraph.formats import answer_formats, media_type
from citygraph.messages import Text, text
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sparql.text import Form
from citygraph.version import __version__

_TYPES: Final[dict[str, dict[str, Any]]] = {
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
}
_ERROR: Final = {
    "type": "object",
    "required": ["ok", "error", "errors", "status", "code"],
    "properties": {
        "ok": {"const": False},
        "error": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "string"}},
        "status": {"type": "integer"},
        "code": {"type": "string"},
    },
}


def openapi_document(
    queries: Sequence[SavedQuery], *, title: Text, licence: str, server: str, language: str = "en"
) -> dict[str, Any]:
    """All saved questions as an API of the server at `server`, in one language."""
    paths: dict[str, object] = {}
    for query in queries:
        for format_ in answer_formats(query.parsed.form, query.columns):
            paths[f"/queries/{query.name}.{format_}"] = {"get": _operation(query, format_, language)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title.in_language(language),
            "version": __version__,
            "description": text("openapi.about").in_language(language),
            "license": {"name": licence.rpartition("/")[2], "url": licence},
        },
        "servers": [{"url": server.rstrip("/") or "/"}],
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


def _operation(query: SavedQuery, format_: str, language: str) -> dict[str, object]:
    parameters = [_parameter(each, language) for each in query.parameters]
    as_of = {
        "name": "as_of",
        "in": "query",
        "description": text("openapi.as_of").in_language(language),
        "schema": {"type": "string", "format": "date"},
    }
    cite = {
        "name": "cite",
        "in": "query",
        "description": text("openapi.cite").in_language(language),
        "schema": {"type": "string", "enum": ["1"]},
    }
    strict = {
        "name": "strict",
        "in": "query",
        "description": text("openapi.strict").in_language(language),
        "schema": {"type": "string", "enum": ["1"]},
    }
    selects = query.parsed.form is Form.SELECT
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": f"{query.name}-{format_}",
        "summary": query.title.in_language(language),
        "description": query.question.in_language(language),
        "tags": list(query.keywords),
        "parameters": [*parameters, as_of, *([cite] if selects and query.cite else []), *([strict] if selects else [])],
        "responses": {
            "200": {
                "description": text("openapi.answer").in_language(language),
                "content": {media_type(format_): {"schema": _schema(query, format_)}},
            },
            "400": {"description": text("openapi.wrong").in_language(language), "content": error},
            "503": {"description": text("openapi.late").in_language(language), "content": error},
        },
    }


def _schema(query: SavedQuery, format_: str) -> dict[str, object]:
    if format_ == "json" and query.columns:
        row = {"type": "object", "properties": {column: {"type": "object"} for column in query.columns}}
        bindings = {"type": "object", "properties": {"bindings": {"type": "array", "items": row}}}
        return {"type": "object", "properties": {"head": {"type": "object"}, "results": bindings}}
    return {"type": "string"} if format_ != "geojson" else {"type": "object"}


def _parameter(parameter: Parameter, language: str) -> dict[str, object]:
    schema: dict[str, object] = dict(_TYPES.get(parameter.type, {"type": "string"}))
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required and parameter.default is None,
        "description": parameter.about.in_language(language),
        "schema": schema,
    }
