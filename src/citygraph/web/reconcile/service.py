"""The reconciliation service: 0.2, which OpenRefine speaks, at /reconcile, and the 1.0 draft at /reconcile/1.0."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property, wraps
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from citygraph.errors import CitygraphError, StoreTimeout
from citygraph.matching.names import plain
from citygraph.matching.score import Candidate
from citygraph.matching.things import KINDS, Thing
from citygraph.messages import said_in, sentence
from citygraph.namespaces import CG, compress
from citygraph.rdf import Iri, Literal, Term
from citygraph.store.turns import Turns
from citygraph.version import __version__
from citygraph.web.limits import limits_of
from citygraph.web.pages.graph import memory_of, project_of
from citygraph.web.pages.i18n import choose_language
from citygraph.web.pages.page import is_gone
from citygraph.web.reconcile.batch import (
    ReconcileQuery,
    read_extension,
    read_json,
    read_queries,
    read_queries_draft,
)
from citygraph.web.reconcile.targets import ReconcileTargets, find_candidates, targets_of
from citygraph.web.requests import Refusal, client_of, origin_of, read_body, refusal_of

if TYPE_CHECKING:
    from citygraph.project import Project

_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Accept, Accept-Language",
    "Access-Control-Max-Age": "86400",
    "Vary": "Accept-Language",
}
_MOST_FIELDS: Final = 10
_FORM: Final = "application/x-www-form-urlencoded"
# A match is work of this process, and one of its threads at a time can work.
_MOST_AT_ONCE: Final = 2
_Responder = Callable[["ReconcileRequest"], Response]
_DATE_LENGTH: Final = 10
_MOST_PROPOSED: Final = 50
# A preview is shown in a frame of the program that asks; it runs and loads nothing.
_FRAMED: Final = {"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors *"}
_WIDTH, _HEIGHT = 400, 160
_NOT_FOUND, _GONE = 404, 410
_ROOT: Final = "/reconcile"
_DRAFT: Final = "/reconcile/1.0"
_MOST_SUGGESTED: Final = 50


# -- version 0.2 -----------------------------------------------------------------------------------------


def _service(request: ReconcileRequest) -> Response:
    """The one address of 0.2: the manifest, a batch of queries, or a request for values."""
    if "queries" in request.parameters:
        queries = read_queries(read_json(request.parameters["queries"]), request.batch)
        return _as_json(
            {key: {"result": _results(request, each), **_problem(request, each)} for key, each in queries.items()}
        )
    if "extend" in request.parameters:
        return _as_json(_extend(request, read_json(request.parameters["extend"]), draft=False))
    if request.method == "POST" or "query" in request.parameters:
        raise Refusal(400, sentence("reconcile.no_field"), sentence("reconcile.send_queries"))
    return _as_json(_manifest(request))


def _manifest(request: ReconcileRequest) -> dict[str, Any]:
    base, root = request.project.config.base, request.origin + _ROOT
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
        "name": request.project.config.title.in_language(request.language),
        "identifierSpace": f"{base}id/",
        "schemaSpace": CG,
        "documentation": request.origin + "/",
        "serviceVersion": __version__,
        "view": {"url": f"{request.origin}/id/{{{{id}}}}"},
        "defaultTypes": _types(request),
        "suggest": suggest,
        "preview": {"url": f"{root}/preview?id={{{{id}}}}", "width": _WIDTH, "height": _HEIGHT},
        "extend": {"propose_properties": {"service_url": root, "service_path": "/properties"}, "property_settings": []},
        "batchSize": request.batch,
    }


# -- the 1.0 draft ---------------------------------------------------------------------------------------


def _draft_manifest(request: ReconcileRequest) -> Response:
    return _as_json(
        {
            "versions": ["1.0-draft"],
            "name": request.project.config.title.in_language(request.language),
            "lang": request.language,
            "dir": "ltr",
            "documentation": request.origin + "/",
            "serviceVersion": __version__,
            "view": {"url": f"{request.origin}/id/{{id}}"},
            "defaultTypes": _types(request),
            "suggest": {"entity": True, "property": True, "type": True},
            "preview": {"width": _WIDTH, "height": _HEIGHT},
            "extend": {"proposeProperties": True, "propertySettings": []},
            "standardizedScore": True,
            "batchSize": request.batch,
        }
    )


def _draft_match(request: ReconcileRequest) -> Response:
    queries = read_queries_draft(read_json(request.body), request.batch)
    return _as_json({
        "results": [
            {"candidates": _results(request, each, draft=True), **_problem(request, each)} for each in queries
        ]
    })  # fmt: skip


def _draft_extend(request: ReconcileRequest) -> Response:
    return _as_json(_extend(request, read_json(request.body), draft=True))


def _draft_suggest(request: ReconcileRequest) -> Response:
    response = _suggest(request)
    if request.kind != "property":
        return response
    found = json.loads(bytes(response.body))
    exact = {"id": "exact", "name": "exact"}
    return _as_json({"result": [{**each, "matchQualifiers": [exact]} for each in found["result"]]})


# -- what both versions answer ---------------------------------------------------------------------------


def _problem(request: ReconcileRequest, query: ReconcileQuery) -> dict[str, str]:
    """What is wrong with one query of a batch: the others are answered all the same."""
    return {"error": said_in(query.problem, request.language)} if query.problem else {}


def _results(request: ReconcileRequest, query: ReconcileQuery, *, draft: bool = False) -> list[dict[str, Any]]:
    found = [] if query.problem else find_candidates(request.targets, query, request.go_on)
    return [_candidate_json(request, each, draft=draft) for each in found]


def _suggest(request: ReconcileRequest) -> Response:
    prefix = request.parameters.get("prefix")
    if prefix is None or len(prefix) > _MOST_SUGGESTED * _MOST_FIELDS:
        raise Refusal(400, sentence("reconcile.no_prefix"))
    start = request.whole("cursor", 0) or request.whole("offset", 0)
    end = start + min(max(request.whole("limit", 10), 1), _MOST_SUGGESTED)
    return _as_json({"result": _suggested(request, prefix)[start:end]})


def _suggested(request: ReconcileRequest, prefix: str) -> list[dict[str, Any]]:
    match request.kind:
        case "entity":
            things = request.targets.starting_with(prefix, request.language)[: _MOST_SUGGESTED * _MOST_FIELDS]
            return [{**_named(request, each), "notable": _types_of(request, each)} for each in things]
        case "property":
            found = [_property_json(request, each) for each in request.targets.properties]
        case "type":
            found = _types(request)
        case _:
            raise Refusal(404, sentence("request.nothing_here"))
    wanted, code = plain(prefix), prefix.casefold()
    return [each for each in found if (wanted and wanted in plain(each["name"])) or code in each["id"].casefold()]


def _list_properties(request: ReconcileRequest) -> Response:
    """The properties that entities of a type have."""
    type_ = request.parameters.get("type", "")
    limit = min(request.whole("limit", _MOST_PROPOSED), _MOST_PROPOSED)
    found = [_property_json(request, each) for each in request.targets.properties_of(type_)[:limit]]
    document: dict[str, Any] = {"properties": found, "limit": limit}
    return _as_json({**document, "type": type_} if type_ else document)


def _extend(request: ReconcileRequest, raw: object, *, draft: bool) -> dict[str, Any]:
    """The values of the properties asked for, in the form of either version."""
    wanted = read_extension(raw)
    known = set(request.targets.properties)
    unknown = [each for each in wanted.properties if each not in known]
    if unknown:
        raise Refusal(400, sentence("reconcile.no_property", name=unknown[0]), sentence("reconcile.see_properties"))
    terms = {id_: _values(request, id_, wanted.properties) for id_ in wanted.ids}
    most = request.project.config.number("limits.rows")
    if sum(len(values) for cells in terms.values() for values in cells.values()) > most:
        raise Refusal(413, sentence("limit.rows", most=most), sentence("next.less_at_once"))
    rows = {id_: {each: _cells(request, values) for each, values in cells.items()} for id_, cells in terms.items()}
    meta = [_property_json(request, each) for each in wanted.properties]
    if not draft:
        return {"meta": meta, "rows": rows}
    listed = [
        {"id": id_, "properties": [{"id": name, "values": values} for name, values in cells.items()]}
        for id_, cells in rows.items()
    ]
    return {"meta": meta, "rows": listed}


def _values(request: ReconcileRequest, id_: str, properties: Iterable[str]) -> dict[str, list[Term | str]]:
    request.go_on()
    thing = request.targets.thing(id_)
    return {each: request.targets.values(thing.id, each, request.language) if thing else [] for each in properties}


def _cells(request: ReconcileRequest, values: Iterable[Term | str]) -> list[dict[str, Any]]:
    request.go_on()
    return [_cell(request, value) for value in values]


def _cell(request: ReconcileRequest, value: Term | str) -> dict[str, Any]:
    if isinstance(value, Iri):
        if value.value in request.targets.index.things or value.value in request.targets.labels:
            return {
                "id": request.targets.id_of(value.value),
                "name": request.targets.labels.of(value, request.language),
            }
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


def _preview(request: ReconcileRequest) -> Response:
    """The page for a frame of the announced size."""
    return Response(_preview_html(request, _wanted(request)), 200, _CORS | _FRAMED, "text/html; charset=utf-8")


def _preview_html(request: ReconcileRequest, thing: Thing) -> str:
    name, about = escape(thing.name(request.language)), escape(_description(request, thing))
    others = sorted({each.text for each in thing.names} - {thing.name(request.language)})
    link = f"{request.origin}/id/{quote(request.targets.id_of(thing.id))}"
    return (
        f'<!DOCTYPE html><html lang="{request.language}"><head><meta charset="utf-8"><title>{name}</title></head><body>'
        f'<p><a href="{escape(link)}" target="_blank" rel="noopener"><strong>{name}</strong></a><br>{about}</p>'
        f"<p>{escape(', '.join(others))}</p></body></html>\n"
    )


def _flyout(request: ReconcileRequest) -> Response:
    """A piece of HTML about an entity, a type or a property."""
    id_ = request.parameters.get("id", "")
    if request.kind == "entity":
        thing = _wanted(request)
        words = (
            f"<p><strong>{escape(thing.name(request.language))}</strong><br>{escape(_description(request, thing))}</p>"
        )
    elif request.kind == "type" and request.targets.class_of(id_) in KINDS:
        words = f"<p>{escape(request.targets.type_name(request.targets.class_of(id_), request.language))}</p>"
    elif request.kind == "property" and id_ in request.targets.properties:
        words = f"<p>{escape(request.targets.property_name(id_, request.language))}</p>"
    else:
        raise Refusal(404, sentence("reconcile.no_thing"))
    return _as_json({"id": id_, "html": words})


def _wanted(request: ReconcileRequest) -> Thing:
    thing = request.targets.thing(request.parameters.get("id", ""))
    if thing is None:
        raise Refusal(404, sentence("reconcile.no_entity"))
    return thing


# -- entities, types and properties in the words of the protocol -----------------------------------------


def _candidate_json(request: ReconcileRequest, candidate: Candidate, *, draft: bool) -> dict[str, Any]:
    """A candidate with its score and what speaks for it; the draft wants the names of these too."""
    found = {
        **_named(request, candidate.thing),
        "score": candidate.score,
        "match": candidate.match,
        "type": _types_of(request, candidate.thing),
        "features": [
            {"id": key, "name": _feature_name(request, key), "value": value} if draft else {"id": key, "value": value}
            for key, value in candidate.features.items()
        ],
    }
    return {**found, "lang": request.language} if draft else found


def _feature_name(request: ReconcileRequest, key: str) -> str:
    return request.targets.property_name(key, request.language) if ":" in key else key


def _named(request: ReconcileRequest, thing: Thing) -> dict[str, Any]:
    """Id, name and description."""
    about = _description(request, thing)
    return {
        "id": request.targets.id_of(thing.id),
        "name": thing.name(request.language),
        **({"description": about} if about else {}),
    }


def _description(request: ReconcileRequest, thing: Thing) -> str:
    """Its class and country, in a few words."""
    kinds = [request.targets.type_name(each, request.language) for each in thing.classes[:1]]
    countries = [
        request.targets.labels.of(each, request.language)
        for each in request.targets.values(thing.id, "cg:inCountry")
        if isinstance(each, Iri)
    ]
    return ", ".join([*kinds, *(countries or sorted(thing.countries))]) if thing.id not in countries else ""


def _types_of(request: ReconcileRequest, thing: Thing) -> list[dict[str, str]]:
    """The classes of an entity."""
    return [_type(request, each) for each in thing.classes]


def _type(request: ReconcileRequest, iri: str) -> dict[str, str]:
    return {"id": compress(iri), "name": request.targets.type_name(iri, request.language)}


def _types(request: ReconcileRequest) -> list[dict[str, str]]:
    """All classes that entities here have."""
    return [_type(request, each) for each in request.targets.types]


def _property_json(request: ReconcileRequest, name: str) -> dict[str, Any]:
    """Id and name of a property."""
    return {"id": name, "name": request.targets.property_name(name, request.language)}


# -- one request -----------------------------------------------------------------------------------------


class ReconcileRequest:
    """One request: its parameters, its body, its language, and what it is about."""

    def __init__(self, request: Request, body: bytes) -> None:
        """A request with the parameters of its address and of a form; its `limits.timeout` begins here."""
        self.method, self.body = request.method, body
        self.project: Project = project_of(request)
        self._memory = memory_of(request)
        self.language = choose_language(request).language
        self.origin = origin_of(request.scope)
        self._seconds = self.project.config.number("limits.timeout")
        self._until = time.monotonic() + self._seconds
        self.kind = str(request.path_params.get("kind", ""))
        self.parameters = dict(request.query_params)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            self.parameters |= _form(body)

    @cached_property
    def targets(self) -> ReconcileTargets:
        """The entities of the version in use."""
        return targets_of(self.project, self._memory)

    @property
    def batch(self) -> int:
        """How many queries a batch may have."""
        return self.project.config.number("reconcile.batch")

    def go_on(self) -> None:
        """See that there is time left.

        Raises:
            StoreTimeout: there is none.
        """
        if time.monotonic() > self._until:
            raise StoreTimeout(sentence("limit.answer_time", seconds=self._seconds), fix=sentence("next.less_at_once"))

    def whole(self, name: str, default: int) -> int:
        """A parameter that is a whole number from 0 on.

        Raises:
            Refusal: it is something else.
        """
        text = self.parameters.get(name, "") or str(default)
        if not text.isascii() or not text.isdigit() or len(text) > _MOST_FIELDS:
            raise Refusal(400, sentence("reconcile.whole", name=name))
        return int(text)


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Refusal(400, sentence("request.form"), sentence("reconcile.send_form")) from error
    return {name: values[0] for name, values in fields.items()}


def _endpoint(answer: _Responder) -> Callable[[Request], Awaitable[Response]]:
    """A handler with CORS on everything, refusals included, that works in a thread of its own."""

    @wraps(answer)
    async def handle(request: Request) -> Response:
        try:
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=_CORS)
            limits = limits_of(project_of(request).config)
            body = await read_body(request.scope, request.receive, limits.body, limits.patience)
            turns = memory_of(request).once("turns", None, lambda: Turns(_MOST_AT_ONCE))
            async with turns.of(client_of(request.scope), limits.share.timeout):
                return await run_in_threadpool(lambda: answer(ReconcileRequest(request, body)))
        except (Refusal, CitygraphError) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            if refusal.status == _NOT_FOUND and await run_in_threadpool(is_gone, request):
                refusal = Refusal(_GONE, sentence("request.gone"))
            response = refusal.response(request.headers.get("accept", ""), choose_language(request).language)
        response.headers.update(_CORS)
        return response

    return handle


def _as_json(document: object) -> Response:
    """A document as an answer."""
    return Response(json.dumps(document, ensure_ascii=False), 200, _CORS, "application/json")


def _route(path: str, answer: _Responder, *methods: str) -> Route:
    return Route(path, _endpoint(answer), methods=[*methods, "OPTIONS"])


routes: Final[list[BaseRoute]] = [
    _route(_ROOT, _service, "GET", "POST"),
    _route(f"{_ROOT}/", _service, "GET", "POST"),
    _route(f"{_ROOT}/suggest/{{kind}}", _suggest, "GET"),
    _route(f"{_ROOT}/flyout/{{kind}}", _flyout, "GET"),
    _route(f"{_ROOT}/preview", _preview, "GET"),
    _route(f"{_ROOT}/properties", _list_properties, "GET"),
    _route(_DRAFT, _draft_manifest, "GET"),
    _route(f"{_DRAFT}/", _draft_manifest, "GET"),
    _route(f"{_DRAFT}/match", _draft_match, "POST"),
    _route(f"{_DRAFT}/suggest/{{kind}}", _draft_suggest, "GET"),
    _route(f"{_DRAFT}/preview", _preview, "GET"),
    _route(f"{_DRAFT}/extend", _draft_extend, "POST"),
    _route(f"{_DRAFT}/extend/propose", _list_properties, "GET"),
]
