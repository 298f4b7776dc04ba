"""The query editor: a form that works without scripts, examples, prefixes, and the answer below it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from anyio.from_thread import run as run_in_loop
from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.namespaces import compress
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.sparql.text import read_query
from citygraph.web.pages.errors import as_fault
from citygraph.web.pages.files import json_response
from citygraph.web.pages.page import Page
from citygraph.web.pages.pictures import pictures_of
from citygraph.web.pages.questions import saved_queries
from citygraph.web.pages.table import table_of
from citygraph.web.requests import Refusal, read_body

__all__ = ["editor_page", "editor_terms"]

_MOST_TERMS: Final = 5000
_LONGEST_BODY: Final = 400_000
_PATIENCE: Final = 10.0
_LONGEST_LINK: Final = 6000


def editor_page(request: Request) -> Response:
    """`/editor?query=…`: the editor, and the answer when there is a query."""
    page = Page(request)
    given = _given(request)
    examples = saved_queries(page.project, page.memory)
    example = next((each for each in examples if each.name == given.get("example")), None)
    text = given.get("query", "").replace("\r\n", "\n")
    answer: Answer | None = None
    fault: list[str] = []
    if text.strip():
        try:
            answer = _ask(page, text)
        except QueryError as error:
            fault = as_fault(error, page.language)
    rows = answer if isinstance(answer, Solutions) else None
    return page.render(
        "editor.html",
        status=400 if fault else 200,
        text=text or (example.text if example else _first_query()),
        asked=bool(text.strip()),
        example=example,
        examples=examples,
        prefixes=sorted(page.project.prefixes.items()),
        fault=fault,
        table=table_of(rows, page.formatter, page.words) if rows is not None else None,
        truth=answer.value if isinstance(answer, Truth) else None,
        graph=answer if isinstance(answer, Graph) else None,
        pictures=pictures_of(rows, page.formatter, page.words) if rows is not None else [],
        share=page.urls.editor(query=text) if text and len(text) <= _LONGEST_LINK else "",
    )


@cache
def _first_query() -> str:
    return files("citygraph.web").joinpath("templates", "start.rq").read_text(encoding="utf-8")


def _ask(page: Page, text: str) -> Answer:
    """The answer to a query that somebody wrote.

    Raises:
        QueryError: it is not valid, or reaches for the network.
        StoreTimeout: the deadline passed.
    """
    project = page.project
    number = project.config.number
    read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
    return page.graph.store.query(
        text, prefixes=project.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
    )


def _given(request: Request) -> dict[str, str]:
    """The fields of the form, from the address or from the body; the address is what can be shared."""
    given = dict(request.query_params)
    if request.method == "POST":
        body = run_in_loop(read_body, request.scope, request.receive, _LONGEST_BODY, _PATIENCE)
        try:
            fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=20)
        except ValueError as error:
            raise Refusal(400, sentence("request.form")) from error
        given |= {name: values[-1] for name, values in fields.items()}
    return given


def editor_terms(request: Request) -> Response:
    """What the editor completes: classes, properties and things, by short name and label."""
    page = Page(request)
    prefixes = page.project.prefixes
    things = page.graph.directory.things(language=page.language, most=_MOST_TERMS)
    iris = [*page.graph.directory.vocabulary, *things]
    terms = []
    for iri in iris[:_MOST_TERMS]:
        short = compress(iri, prefixes)
        if not short.startswith("<"):
            terms.append({"term": short, "label": page.graph.label(iri, page.language)})
    return json_response(request, {"prefixes": prefixes, "terms": terms})
