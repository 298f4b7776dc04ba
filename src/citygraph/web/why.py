"""The proof of a derived statement as a page, down to the files and the passages."""

from __future__ import annotations

import threading
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.graphs import ProjectGraphs
from citygraph.rdf import Iri, Triple, parse
from citygraph.reason.explain import Explainer, Explanation
from citygraph.web.files import json_response
from citygraph.web.reading import Reading
from citygraph.web.rendering import Page

__all__ = ["why_json", "why_page"]

_LONGEST: Final = 4000
_EXPLAIN: Final = threading.Lock()
_explainers: dict[str, Explainer] = {}


def why_page(request: Request) -> Response:
    """`/why?s=…&p=…&o=…`: why a statement holds, or why it does not; terms in N-Triples syntax."""
    page = Page(request)
    triple = _triple(page)
    explanation = _explained(page.reading, triple)
    return page.render(
        "why.html",
        explanation=explanation,
        triple=triple,
        subject=page.shower.term(triple.subject),
        json_address=page.urls.why(str(triple.subject), str(triple.predicate), str(triple.object), format="json"),
    )


def why_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    return json_response(request, _explained(page.reading, _triple(page)).to_json())


def _triple(page: Page) -> Triple:
    given = [page.request.query_params.get(name, "") for name in ("s", "p", "o")]
    text = f"{' '.join(given)} ."
    quads = parse(text.encode(), format="nt", most_problems=1).quads if len(text) < _LONGEST else ()
    if len(quads) != 1 or not isinstance(quads[0].subject, Iri):
        raise QueryError(page.words("why.not_understood"), fix=page.words("why.try"))
    return quads[0].triple


def _explained(reading: Reading, triple: Triple) -> Explanation:
    """Proofs come from the files when they are those of the version in use, because then lines can be named."""
    with _EXPLAIN:
        key = str(reading.snapshot.folder)
        if key not in _explainers:
            _explainers.clear()
            _explainers[key] = _explainer(reading)
        return _explainers[key].explain(triple)


def _explainer(reading: Reading) -> Explainer:
    project, snapshot = reading.project, reading.snapshot
    if not reading.is_stale():
        return project.explainer(as_of=reading.as_of)[0]
    graphs = ProjectGraphs.from_quads(project.config.base, snapshot.asserted())
    return Explainer(graphs, project.config, as_of=reading.as_of)
