"""IRI to page or RDF: `/id/…` leads to the page or to a file by `Accept`; every page has its twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from citygraph.errors import ExportError
from citygraph.export import export_bytes
from citygraph.formats import content_type
from citygraph.labels import FALLBACK, Kind
from citygraph.namespaces import PREFIXES, compress, expand
from citygraph.query import cite
from citygraph.query.entity import places_of
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.results import Solutions
from citygraph.web.pages.brief import Brief, brief_of, governed, mail_of, other_brief
from citygraph.web.pages.drawings import MapDrawing, MapPlace, draw_map, is_on_earth
from citygraph.web.pages.facts import (
    HEADINGS,
    FactGroup,
    FactProperty,
    FactTable,
    ShownStatus,
    cited_sources,
    column_name,
    groups_about,
    shown_status,
    tables_about,
)
from citygraph.web.pages.files import json_response
from citygraph.web.pages.graph import GraphView, saved_queries
from citygraph.web.pages.page import NotFound, Page, data_block, kindly, respond, wanted_format
from citygraph.web.pages.search import nearest_things
from citygraph.web.pages.sources import document_view
from citygraph.web.pages.take import OFFICE, TEXT, Take, endings, take_of, taken
from citygraph.web.pages.terms import ShownTerm
from citygraph.web.pages.urls import ON_DEMAND, TWINS
from citygraph.web.requests import Refusal

_MOST_RECORDS: Final = 400
_TAKEN: Final = frozenset({TEXT, *OFFICE})
_FILES: Final = {**TWINS, **ON_DEMAND}
_OFFERED: Final = {type_: name for name, type_ in _FILES.items()}


# -- pages -----------------------------------------------------------------------------------------------


@kindly
def identifier(request: Request) -> Response:
    """`/id/{name}`: 303 to the page or to the file that the reader asks for (Cool URIs, 4.3)."""
    page = Page(request)
    name = str(request.path_params["name"])
    iri = page.graph.directory.called(name)
    if iri is None:
        raise _not_found(page, name)
    response = RedirectResponse(page.urls.entity(iri, format=wanted_format(request, _OFFERED)), 303)
    response.headers["Vary"] = "Accept"
    return response


@kindly
def entity(request: Request) -> Response:
    """`/{kind}/{slug}` and its twins."""
    page = Page(request)
    kind, slug = str(request.path_params["kind"]), str(request.path_params["slug"])
    iri = page.graph.directory.at(kind, slug)
    if iri is not None and (said := request.query_params.get("format")) in _TAKEN:
        return _taken(page, iri, str(said))
    if iri is not None:
        wanted = wanted_format(request, _OFFERED)
        return _twin(page, iri, wanted) if wanted else _entity_page(page, iri)
    stem, _, extension = slug.rpartition(".")
    of_twin = page.graph.directory.at(kind, stem) if extension in {*_FILES, *_TAKEN} else None
    if of_twin is not None and extension in _TAKEN:
        return _taken(page, of_twin, extension)
    if of_twin is not None:
        return _twin(page, of_twin, extension)
    # The address of the IRI itself, or of another kind than the one it has now, leads on to the page.
    elsewhere = page.graph.directory.called(slug)
    if elsewhere is not None:
        return RedirectResponse(page.urls.entity(elsewhere), 303)
    raise _not_found(page, stem if extension in _FILES else slug)


def _not_found(page: Page, slug: str) -> NotFound:
    near = [
        (page.graph.label(hit.iri, page.language), page.urls.entity(hit.iri))
        for hit in nearest_things(page.graph, slug)
    ]
    return NotFound(page.request.url.path, near)


def _taken(page: Page, iri: str, ending: str) -> Response:
    """The brief of a page as a text, or as a document to edit further; few things have one."""
    brief = _brief(page, iri)
    if brief is None or ending not in endings():
        raise NotFound(page.request.url.path, [(page.graph.label(iri, page.language), page.urls.entity(iri))])
    said = mail_of(page, brief, iri)
    name = page.urls.entity(iri).partition("?")[0].rpartition("/")[2]
    return taken(page, said, ending, name, day=page.graph.manifest.as_of)


def _brief(page: Page, iri: str) -> Brief | None:
    pair = governed(page, iri)
    return brief_of(page, pair) if pair else other_brief(page, iri)


def _take(page: Page, brief: Brief, iri: str) -> Take:
    """What a page with a brief offers to take along."""
    language = f"?lang={page.language}" if page.urls.choice.explicit else ""
    return take_of(mail_of(page, brief, iri), page, lambda ending: page.urls.entity(iri, format=ending) + language)


_NAMED: Final = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT ?thing ?named ?name ?claim WHERE { ?claim rdf:subject ?thing ; rdf:predicate ?named ; rdf:object ?name }
"""


def _other_names(page: Page, iri: str, main: str) -> list[tuple[str, str, ShownStatus | None]]:
    """The other names of a thing, each with its language, and why it is not its name on the day when it is not."""
    names = sorted({(text, language or "") for text, language, _ in page.graph.directory.names(iri) if text != main})
    answer = page.graph.store.query(_NAMED, bind={"thing": Iri(iri), "named": Iri(PREFIXES["skos"] + "prefLabel")})
    claims: dict[tuple[str, str], list[Term]] = {}
    for row in answer if names and isinstance(answer, Solutions) else ():
        if isinstance(name := row["name"], Literal):
            claims.setdefault((name.value, name.language or ""), []).append(row["claim"])
    known = page.graph.statuses(each for found in claims.values() for each in found)
    told: list[tuple[str, str, ShownStatus | None]] = []
    for text, language in names:
        found = claims.get((text, language), [])
        # One claim that has no status holds, and the name with it.
        away = [known[each] for each in found] if all(each in known for each in found) else []
        last = max(away, key=lambda each: each.date, default=None)
        told.append((text, language, shown_status(last, page.formatter) if last else None))
    return told


def _entity_page(page: Page, iri: str) -> Response:
    kind = page.graph.kind_of(iri) or FALLBACK
    pair = governed(page, iri)
    other = pair.other_than(iri) if pair else ""
    brief = brief_of(page, pair) if pair else other_brief(page, iri)
    groups = groups_about(iri, page.formatter)
    tables = tables_about(pair.one if pair else iri, page.formatter)
    here = (cite([Iri(iri)], page.graph.store) or {}).get(Iri(iri), ())
    main = page.graph.label(iri, page.language)
    same = [each for each in _same(groups) if each.iri.startswith(PREFIXES["wd"])]
    twins = [(name, page.urls.entity(iri, format=name), media_type) for name, media_type in TWINS.items()]
    response = page.render(
        "entity.html",
        iri=iri,
        kind=kind,
        name=main,
        standing=next((shown_status(each, page.formatter) for each in page.graph.statuses([Iri(iri)]).values()), None),
        other_names=_other_names(page, iri, main),
        groups=_together(groups, groups_about(other, page.formatter) if other else [], (iri, other)),
        brief=brief,
        take=_take(page, brief, iri) if brief else None,
        other=page.formatter.iri(other) if other else None,
        tables=[(table, [column_name(each, page.words) for each in table.columns]) for table in tables],
        sources=cited_sources(here, page.formatter, page.words),
        cited=lambda citations: cited_sources(citations, page.formatter, page.words),
        wikidata=same,
        map=_map(page, iri),
        questions=_questions(page, pair.one if pair else iri),
        document=document_view(page, iri) if kind.name == "document" else None,
        twins=twins,
        structured=data_block(_structured_data(page, iri, kind, groups, tables)),
        desk=page.desk,
        classes=page.graph.directory.classes(iri),
    )
    for _, address, media_type in twins:
        response.headers.append("Link", f'<{address}>; rel="alternate"; type="{media_type}"')
    return response


def _together(groups: Sequence[FactGroup], more: Sequence[FactGroup], both: tuple[str, str]) -> list[FactGroup]:
    """The headings of a place and of its authority as those of one page; that they belong together goes without saying."""
    if not more:
        return list(groups)
    found: dict[str, dict[tuple[str, bool], FactProperty]] = {key: {} for key in HEADINGS}
    for group in (*groups, *more):
        for each in group.properties:
            properties, key = found[group.key], (each.curie, each.incoming)
            known = properties[key].statements if key in properties else ()
            said = {one.value.text for one in known}
            new = (one for one in each.statements if one.value.iri not in both and one.value.text not in said)
            if statements := (*known, *new):
                properties[key] = replace(each, statements=statements)
    return [FactGroup(key, tuple(properties.values())) for key, properties in found.items() if properties]


def _same(groups: Sequence[FactGroup]) -> list[ShownTerm]:
    return [
        statement.value
        for group in groups
        for each in group.properties
        if each.curie in {"schema:sameAs", "skos:exactMatch"} and not each.incoming
        for statement in each.statements
        if statement.followed
    ]


def _map(page: Page, iri: str) -> MapDrawing | None:
    """Where the thing is, or where those are who take part in it."""
    places: dict[str, MapPlace] = {}
    for place, north, east in places_of(iri, page.graph.store):
        if is_on_earth(north, east):
            shown = page.formatter.iri(place)
            places[place] = MapPlace(shown.text, north, east, shown.href if place != iri else "")
    return draw_map(list(places.values())[:400]) if places else None


def _questions(page: Page, iri: str) -> list[tuple[str, str]]:
    """The saved questions that can be asked about this thing, with it filled in."""
    # A question about any concept at all says little on the page of one.
    classes = page.graph.directory.classes(iri) - {PREFIXES["skos"] + "Concept"}
    found = []
    for query in saved_queries(page.project, page.memory):
        name = next((p.name for p in query.parameters if p.type == "entity" and expand(p.of_class) in classes), None)
        if name is not None:
            short = _short(page, iri)
            found.append((query.title.in_language(page.language), page.urls.query(query.name, {name: short})))
    return found


def _short(page: Page, iri: str) -> str:
    return compress(iri, page.project.prefixes).strip("<>").removeprefix("id:")


# -- the files beside a page -----------------------------------------------------------------------------


def _twin(page: Page, iri: str, format_: str) -> Response:
    """What the page of a thing says, in one of `_FILES`."""
    if format_ == "json":
        return json_response(page.request, _as_json(page, iri))
    quads = _quads_about(iri, page.graph)
    try:
        data = export_bytes(quads, format=format_, prefixes=page.project.prefixes)
    except ExportError as error:
        raise Refusal(406, error.message, error.fix) from error
    response = respond(page.request, data, content_type(format_))
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _quads_about(iri: str, graph: GraphView) -> list[Quad]:
    """What is said of a thing, what names it, and all that the naming records say."""
    quads = [Quad(Iri(iri), Iri(p), value) for p, value in graph.statements(iri)]
    records = []
    for predicate, subject in graph.statements(iri, incoming=True):
        if isinstance(subject, Iri):
            quads.append(Quad(subject, Iri(predicate), Iri(iri)))
            if graph.kind_of(subject.value) == FALLBACK:
                records.append(subject.value)
    for record in sorted(set(records))[:_MOST_RECORDS]:
        quads += [Quad(Iri(record), Iri(p), value) for p, value in graph.statements(record)]
    return quads


def _as_json(page: Page, iri: str) -> dict[str, object]:
    graph, manifest = page.graph, page.graph.manifest
    return {
        "iri": iri,
        "kind": (graph.kind_of(iri) or FALLBACK).name,
        "name": {language: graph.label(iri, language) for language in ("nb", "en")},
        "as_of": manifest.as_of,
        "snapshot": manifest.snapshot_id,
        "statements": [_statement_json(p, term, derived) for (p, term), derived in _sorted_statements(iri, graph)],
        "tables": {
            table.key: [
                {
                    **{name: cell.iri or cell.datetime or cell.text for name, cell in zip(table.columns, row.cells, strict=True)},
                    "current": row.holds,
                    "status": row.status.code if row.status else None,
                    "sources": [citation.to_json() for citation in row.citations],
                }
                for row in table.rows
            ]
            for table in tables_about(iri, page.formatter)
        },
    }  # fmt: skip


def _sorted_statements(iri: str, graph: GraphView) -> list[tuple[tuple[str, Term], bool]]:
    return sorted(graph.statements(iri).items(), key=lambda item: (item[0][0], str(item[0][1])))


def _statement_json(predicate: str, term: Term, derived: bool) -> dict[str, object]:  # noqa: FBT001
    value: dict[str, object] = {"value": term.value if isinstance(term, Iri | Literal) else str(term)}
    if isinstance(term, Literal):
        value["datatype"] = term.datatype.value
        if term.language:
            value["language"] = term.language
    return {"property": predicate, "kind": "iri" if isinstance(term, Iri) else "literal", "derived": derived, **value}


def _structured_data(
    page: Page, iri: str, kind: Kind, groups: Sequence[FactGroup], tables: Sequence[FactTable]
) -> dict[str, object]:
    """The thing in schema.org's words, for search engines."""
    names = sorted({text for text, *_ in page.graph.directory.names(iri)} - {page.graph.label(iri, page.language)})
    properties = {each.curie: each.statements for group in groups for each in group.properties if not each.incoming}
    document: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": kind.schema_type,
        "@id": iri,
        "name": page.graph.label(iri, page.language),
    }
    if names:
        document["alternateName"] = names
    same = [statement.value.iri for statement in properties.get("schema:sameAs", ()) if statement.followed]
    if same:
        document["sameAs"] = same
    for curie, key in (("schema:foundingDate", "foundingDate"), ("foaf:homepage", "url")):
        values = [each.value.datetime or each.value.iri for each in properties.get(curie, ()) if each.followed]
        if values:
            document[key] = values[0]
    latitude, longitude = properties.get("schema:latitude", ()), properties.get("schema:longitude", ())
    if latitude and longitude:
        document["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": latitude[0].value.number,
            "longitude": longitude[0].value.number,
        }
    for table in tables:
        if table.key == "memberships" and "organization" in table.columns and kind.name in {"authority", "person"}:
            place = table.columns.index("organization")
            current = [row.cells[place] for row in table.rows if row.holds]
            if current:
                document["memberOf"] = [{"@type": "Organization", "name": cell.text} for cell in current]
    return document
