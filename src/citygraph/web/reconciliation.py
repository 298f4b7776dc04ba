"""The reconciliation service: 0.2, which OpenRefine speaks, at /reconcile, and the 1.0 draft at /reconcile/1.0."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from citygraph.namespaces import CG
from citygraph.version import VERSION
from citygraph.web.reconciliation_asked import MOST_FIELDS, Answer, Asked, as_json, endpoint
from citygraph.web.reconciliation_batch import Query, read_json, read_queries, read_queries_draft
from citygraph.web.reconciliation_described import candidate_json, named, property_json, types, types_of
from citygraph.web.reconciliation_extend import extended, propose
from citygraph.web.reconciliation_matching import find
from citygraph.web.reconciliation_preview import HEIGHT, WIDTH, flyout, preview
from citygraph.web.refusal import Refusal

__all__ = ["routes"]

_ROOT: Final = "/reconcile"
_DRAFT: Final = "/reconcile/1.0"
_MOST_SUGGESTED: Final = 50


# -- version 0.2 ----------------------------------------------------------------------------------------


def _service(asked: Asked) -> Response:
    """The one address of 0.2: the manifest, a batch of queries, or a request for values."""
    if "queries" in asked.parameters:
        queries = read_queries(read_json(asked.parameters["queries"]), asked.batch)
        return as_json({key: {"result": _results(asked, query)} for key, query in queries.items()})
    if "extend" in asked.parameters:
        return as_json(extended(asked, read_json(asked.parameters["extend"]), draft=False))
    if asked.method == "POST" or "query" in asked.parameters:
        raise Refusal(
            400, "There is neither a field queries nor a field extend.", 'Send queries={"q0": {"query": "Oslo"}}'
        )
    return as_json(_manifest(asked))


def _manifest(asked: Asked) -> dict[str, Any]:
    base, root = asked.project.config.base, asked.origin + _ROOT
    suggest = {
        kind: {
            "service_url": root,
            "service_path": f"/suggest/{kind}",
            "flyout_service_url": root,
            "flyout_service_path": f"/flyout/{kind}?id=${{id}}",
        }
        for kind in ("entity", "property", "type")
    }
    return {
        "versions": ["0.2"],
        "name": asked.project.config.title.in_language(asked.language),
        "identifierSpace": f"{base}id/",
        "schemaSpace": CG,
        "documentation": asked.origin + "/",
        "serviceVersion": VERSION,
        "view": {"url": f"{asked.origin}/id/{{{{id}}}}"},
        "defaultTypes": types(asked),
        "suggest": suggest,
        "preview": {"url": f"{root}/preview?id={{{{id}}}}", "width": WIDTH, "height": HEIGHT},
        "extend": {"propose_properties": {"service_url": root, "service_path": "/properties"}, "property_settings": []},
        "batchSize": asked.batch,
    }


# -- the 1.0 draft --------------------------------------------------------------------------------------


def _draft_manifest(asked: Asked) -> Response:
    return as_json(
        {
            "versions": ["1.0-draft"],
            "name": asked.project.config.title.in_language(asked.language),
            "lang": asked.language,
            "dir": "ltr",
            "documentation": asked.origin + "/",
            "serviceVersion": VERSION,
            "view": {"url": f"{asked.origin}/id/{{id}}"},
            "defaultTypes": types(asked),
            "suggest": {"entity": True, "property": True, "type": True},
            "preview": {"width": WIDTH, "height": HEIGHT},
            "extend": {"proposeProperties": True, "propertySettings": []},
            "standardizedScore": True,
            "batchSize": asked.batch,
        }
    )


def _draft_match(asked: Asked) -> Response:
    queries = read_queries_draft(read_json(asked.body), asked.batch)
    return as_json({"results": [{"candidates": _results(asked, query, draft=True)} for query in queries]})


def _draft_extend(asked: Asked) -> Response:
    return as_json(extended(asked, read_json(asked.body), draft=True))


# -- what both versions answer ----------------------------------------------------------------------------


def _results(asked: Asked, query: Query, *, draft: bool = False) -> list[dict[str, Any]]:
    return [candidate_json(asked, each, draft=draft) for each in find(asked.targets, query, asked.go_on)]


def _suggest(asked: Asked) -> Response:
    prefix = asked.parameters.get("prefix")
    if prefix is None or len(prefix) > _MOST_SUGGESTED * MOST_FIELDS:
        raise Refusal(400, "The parameter prefix is missing or too long.")
    start = asked.whole("cursor", 0) or asked.whole("offset", 0)
    end = start + min(max(asked.whole("limit", 10), 1), _MOST_SUGGESTED)
    return as_json({"result": _suggested(asked, prefix)[start:end]})


def _suggested(asked: Asked, prefix: str) -> list[dict[str, Any]]:
    match asked.kind:
        case "entity":
            things = asked.targets.starting_with(prefix, asked.language)[: _MOST_SUGGESTED * MOST_FIELDS]
            return [{**named(asked, each), "notable": types_of(asked, each)} for each in things]
        case "property":
            found = [property_json(asked, each) for each in asked.targets.properties]
        case "type":
            found = types(asked)
        case _:
            raise Refusal(404, "There is nothing at this address.")
    wanted = prefix.casefold()
    return [each for each in found if wanted in each["name"].casefold() or wanted in each["id"].casefold()]


def _draft_suggest(asked: Asked) -> Response:
    response = _suggest(asked)
    if asked.kind != "property":
        return response
    found = json.loads(bytes(response.body))
    exact = {"id": "exact", "name": "exact"}
    return as_json({"result": [{**each, "matchQualifiers": [exact]} for each in found["result"]]})


def _route(path: str, answer: Answer, *methods: str) -> Route:
    return Route(path, endpoint(answer), methods=[*methods, "OPTIONS"])


routes: Final[list[BaseRoute]] = [
    _route(_ROOT, _service, "GET", "POST"),
    _route(f"{_ROOT}/", _service, "GET", "POST"),
    _route(f"{_ROOT}/suggest/{{kind}}", _suggest, "GET"),
    _route(f"{_ROOT}/flyout/{{kind}}", flyout, "GET"),
    _route(f"{_ROOT}/preview", preview, "GET"),
    _route(f"{_ROOT}/properties", propose, "GET"),
    _route(_DRAFT, _draft_manifest, "GET"),
    _route(f"{_DRAFT}/", _draft_manifest, "GET"),
    _route(f"{_DRAFT}/match", _draft_match, "POST"),
    _route(f"{_DRAFT}/suggest/{{kind}}", _draft_suggest, "GET"),
    _route(f"{_DRAFT}/preview", preview, "GET"),
    _route(f"{_DRAFT}/extend", _draft_extend, "POST"),
    _route(f"{_DRAFT}/extend/propose", propose, "GET"),
]
