"""The proof of a derived statement as a page, down to the files and the passages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.rdf import Iri, Triple, parse
from citygraph.web.apart import read_explainer
from citygraph.web.pages.files import json_response
from citygraph.web.pages.page import Page
from citygraph.web.requests import client_of

if TYPE_CHECKING:
    # The process that looks for proofs needs it, and the one that shows them does not.
    from citygraph.reason.proof.words import Explanation

__all__ = ["why_json", "why_page"]

_LONGEST: Final = 4000


def why_page(request: Request) -> Response:
    """`/why?s=…&p=…&o=…`: why a statement holds, or why it does not; terms in N-Triples syntax."""
    page = Page(request)
    triple = _triple(page)
    explanation = _explained(page, triple)
    return page.render(
        "why.html",
        explanation=explanation,
        triple=triple,
        subject=page.formatter.term(triple.subject),
        json_address=page.urls.why(str(triple.subject), str(triple.predicate), str(triple.object), format="json"),
    )


def why_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    return json_response(request, _explained(page, _triple(page)).to_json())


def _triple(page: Page) -> Triple:
    given = [page.request.query_params.get(name, "") for name in ("s", "p", "o")]
    text = f"{' '.join(given)} ."
    quads = parse(text.encode(), format="nt", most_problems=1).quads if len(text) < _LONGEST else ()
    if len(quads) != 1 or not isinstance(quads[0].subject, Iri):
        raise QueryError(page.words("why.not_understood"), fix=page.words("why.try"))
    return quads[0].triple


def _explained(page: Page, triple: Triple) -> Explanation:
    """From a process of its own when the site has one: proofs need the whole graph, and time."""
    terms = (str(triple.subject), str(triple.predicate), str(triple.object))
    service = getattr(page.request.app.state, "service", None)
    if service is not None:
        explained: Explanation = service.explain(terms, client_of(page.request.scope))
        return explained
    folder = str(page.project.snapshot().folder)
    explain = page.memory.once("explainer", folder, lambda: _explainer(page, folder))
    answer: Explanation = explain(terms)
    return answer


def _explainer(page: Page, folder: str) -> Callable[[tuple[str, str, str]], Any]:
    """What explains statements in this process, one at a time."""
    explain = read_explainer(str(page.project.folder), folder, page.graph.manifest.as_of)
    lock = threading.Lock()

    def one_at_a_time(terms: tuple[str, str, str]) -> Any:  # noqa: ANN401  # an `Explanation`
        with lock:
            return explain(terms)

    return one_at_a_time
