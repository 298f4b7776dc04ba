"""SPARQL 1.1 Graph Store Protocol, the reading half: `?default` or `?graph=IRI`; writing is refused."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.types import Receive, Scope, Send

from citygraph.namespaces import is_absolute_iri
from citygraph.web.refusal import Refusal
from citygraph.web.service import Service
from citygraph.web.sparql import SparqlEndpoint

__all__ = ["GraphStore"]

_ALL: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_ALLOWED: Final = "GET, HEAD, OPTIONS"


class GraphStore:
    """One graph of the version in use as a document, as an ASGI application."""

    def __init__(self, service: Service, endpoint: SparqlEndpoint) -> None:
        """A graph store that asks `endpoint`."""
        self._service, self._endpoint = service, endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the endpoint does, asked for a whole graph."""
        try:
            parameters = {"query": _ALL} | self._graph(scope)
        except Refusal as refusal:
            await refusal(scope, receive, send)
            return
        await self._endpoint({**scope, "query_string": urlencode(parameters).encode()}, receive, send)

    def _graph(self, scope: Scope) -> dict[str, str]:
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            message = "Graphs are only read here: the files in git are the source of truth."
            raise Refusal(405, message, "Change the files in data/ and run: citygraph build", {"Allow": _ALLOWED})
        try:
            given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=10))
        except ValueError as error:
            raise Refusal(400, "The request has too many parameters.", "Write ?default or ?graph= alone.") from error
        if "default" in given or scope["method"] == "OPTIONS":
            return {}
        manifest = self._service.manifest
        graph = given.get("graph", "")
        if not is_absolute_iri(graph):
            raise Refusal(400, "The request names no graph.", "Write ?default or ?graph= and the address of a graph.")
        if graph not in {*manifest.asserted_graphs, manifest.inferred_graph}:
            raise Refusal(404, "There is no graph of that name.", "The description of /sparql lists them.")
        return {"default-graph-uri": graph}
