"""HTML: the home page, and the list of all routes of the pages."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citygraph.openapi import openapi_document
from citygraph.web.pages.builder import build_file, build_page
from citygraph.web.pages.editor import editor_notes, editor_page, editor_terms
from citygraph.web.pages.entities import entity, identifier
from citygraph.web.pages.facets import kind_list
from citygraph.web.pages.files import json_response
from citygraph.web.pages.graph import saved_queries
from citygraph.web.pages.neighbourhood import neighbourhood_page
from citygraph.web.pages.news import news_page
from citygraph.web.pages.page import JSON, Page, data_block, kindly, wanted_format
from citygraph.web.pages.questions import queries, queries_json, query_page
from citygraph.web.pages.search import letters_page, names_json, search_json, search_page
from citygraph.web.pages.sources import why_json, why_page
from citygraph.web.pages.urls import static_file

_FEATURED: Final = (
    "norwegian-participants", "network-presidents", "thematic-areas", "places-on-the-map", "figures-over-time",
    "presidents-over-time",
)  # fmt: skip


@kindly
def home(request: Request) -> Response:
    """`/`: what the graph is, its questions, its size, how fresh it is."""
    if wanted_format(request, JSON):
        return home_json(request)
    page = Page(request)
    queries = saved_queries(page.project, page.memory)
    by_name = {query.name: query for query in queries}
    featured = [by_name[name] for name in _FEATURED if name in by_name] or queries[:6]
    response = page.render(
        "home.html",
        featured=featured,
        queries=queries,
        kinds=page.graph.counts(),
        findings=page.graph.directory.findings,
        stale=page.graph.is_stale(),
        structured=data_block(_dataset(page)),
    )
    response.headers.append("Link", f'<{page.urls.home(format="json")}>; rel="alternate"; type="application/json"')
    return response


@kindly
def home_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    manifest, config = page.graph.manifest, page.project.config
    return json_response(
        request,
        {
            "title": config.title.to_json(),
            "base": config.base,
            "licence": config.licence,
            "snapshot": manifest.snapshot_id,
            "as_of": manifest.as_of,
            "counts": dict(manifest.counts),
            "kinds": {kind.name: count for kind, count in page.graph.counts()},
            "queries": page.urls.queries(format="json"),
            "openapi": page.urls.openapi(),
        },
    )


def _dataset(page: Page) -> dict[str, object]:
    """The graph as a schema.org Dataset."""
    config, manifest = page.project.config, page.graph.manifest
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": config.base,
        "name": config.title.in_language(page.language),
        "description": page.words("home.lead"),
        "license": config.licence,
        "inLanguage": list(config.languages),
        "version": manifest.snapshot_id,
        "dateModified": manifest.as_of,
        "isAccessibleForFree": True,
    }


@kindly
def openapi(request: Request) -> Response:
    """`/openapi.json`: all questions as an API."""
    page = Page(request)
    config = page.project.config
    document = openapi_document(
        saved_queries(page.project, page.memory),
        title=config.title,
        licence=config.licence,
        server=page.urls.prefix,
        language=page.language,
    )
    return json_response(request, document)


routes: Final = [
    Route("/", home),
    Route("/index.json", home_json),
    Route("/queries", queries),
    Route("/queries.json", queries_json),
    Route("/queries/{name}", query_page),
    Route("/build", build_page),
    Route("/build.{ending}", build_file),
    Route("/news", kindly(news_page)),
    Route("/news.{ending}", kindly(news_page)),
    Route("/search", kindly(search_page)),
    Route("/search.json", kindly(search_json)),
    Route("/search/names.json", names_json),
    Route("/a-z", letters_page),
    Route("/a-z/{letter}", letters_page),
    Route("/why", kindly(why_page)),
    Route("/why.json", kindly(why_json)),
    Route("/editor", kindly(editor_page), methods=["GET", "POST"]),
    Route("/editor/terms.json", kindly(editor_terms)),
    Route("/editor/notes.json", kindly(editor_notes), methods=["GET", "POST"]),
    Route("/openapi.json", openapi),
    Route("/static/{name}", static_file),
    Route("/id/{name}", identifier),
    Route("/source/{name}", identifier),
    Route("/around/{kind}/{slug}", neighbourhood_page),
    Route("/{kind}", kind_list),
    Route("/{kind}/{slug}", entity),
]
