"""What the site says of itself: the SPARQL 1.1 service description, and VoID at `/.well-known/void`.

Every claim of the service description has a test; editors complete from the nesting of VoID.
"""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citygraph.errors import CitygraphError, StoreError
from citygraph.formats import GRAPHS, content_type, negotiate
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Subject, Term, Triple, serialize
from citygraph.void import void_triples
from citygraph.web.counts import Counts
from citygraph.web.requests import Refusal, header, origin_of, refusal_of
from citygraph.web.service import Service

__all__ = ["Statements", "WellKnownVoid", "describe"]


class Statements:
    """Triples in the order in which they are said."""

    def __init__(self) -> None:
        """No triples."""
        self.triples: list[Triple] = []
        self._blank = 0

    def say(self, subject: Subject, predicate: str, *objects: Term | str | int) -> None:
        """One or more statements; a text that is a `str` is an IRI, a number an integer."""
        for each in objects:
            term: Term
            if isinstance(each, str):
                term = Iri(each)
            elif isinstance(each, int):
                term = Literal(str(each), datatype=Iri(PREFIXES["xsd"] + "integer"))
            else:
                term = each
            self.triples.append(Triple(subject, Iri(predicate), term))

    def blank(self) -> BlankNode:
        """A new node without a name."""
        self._blank += 1
        return BlankNode(f"n{self._blank}")

    def write(self, format: str) -> bytes:  # noqa: A002
        """As a document."""
        names = ("dcat", "dct", "rdfs", "void", "xsd", "sd", "formats")
        prefixes = {name: iri for name, iri in PREFIXES.items() if name in names}
        return serialize(self.triples, format=format, prefixes=prefixes | {"sd": SD, "formats": _FORMATS})


def titles(service: Service) -> list[Literal]:
    """The name of the graph in each of its languages."""
    return [Literal(text, language=language) for language, text in service.project.config.title.to_json().items()]


# -- the service description --------------------------------------------------------------------------

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_FORMATS: Final = "http://www.w3.org/ns/formats/"
_RESULT_FORMATS: Final = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "JSON-LD", "RDF_XML", "N-Quads", "TriG",
)  # fmt: skip
_ONCE: Final = (
    "The default graph is the union of all named graphs and holds each triple once. The named graphs say where a"
    " statement comes from: one for each file, and one for what was derived."
)


async def describe(service: Service, scope: Scope, *, format: str) -> bytes:  # noqa: A002
    """The description of the endpoint under the address at which it was asked."""
    try:
        counts = await service.counts()
    except StoreError:
        # Nobody has to wait for figures; the claims stand without them.
        counts = None
    return _service_description(service, f"{origin_of(scope)}/sparql", counts).write(format)


def _service_description(service: Service, endpoint: str, counts: Counts | None) -> Statements:
    said = Statements()
    say, a = said.say, PREFIXES["rdf"] + "type"
    this = said.blank()
    say(this, a, SD + "Service")
    say(this, SD + "endpoint", endpoint)
    say(this, SD + "supportedLanguage", SD + "SPARQL11Query", SD + "SPARQL10Query")
    say(this, SD + "resultFormat", *(_FORMATS + name for name in _RESULT_FORMATS))
    say(this, SD + "feature", SD + "UnionDefaultGraph")
    if service.limits.bounds.service_allowed:
        say(this, SD + "feature", SD + "BasicFederatedQuery")
    say(this, SD + "defaultEntailmentRegime", "http://www.w3.org/ns/entailment/OWL-RDF-Based")
    say(this, SD + "defaultSupportedEntailmentProfile", "http://www.w3.org/ns/owl-profile/RL")
    bounds, share = service.limits.bounds, service.limits.share
    limits = (
        f"Limits: {share.timeout:g} seconds for a query, {bounds.query_size:,} characters of query text,"
        f" {bounds.rows:,} rows and {bounds.bytes:,} bytes in an answer, {share.per_client} queries at once."
    )
    say(this, PREFIXES["rdfs"] + "comment", Literal(limits, language="en"))
    dataset, default = said.blank(), said.blank()
    say(this, SD + "defaultDataset", dataset)
    say(dataset, a, SD + "Dataset")
    say(dataset, PREFIXES["dct"] + "title", *titles(service))
    say(dataset, PREFIXES["rdfs"] + "comment", Literal(_ONCE, language="en"))
    say(dataset, SD + "defaultGraph", default)
    say(default, a, SD + "Graph")
    if counts is not None:
        say(default, PREFIXES["void"] + "triples", counts.figures.triples)
    manifest = service.manifest
    for name in [*manifest.asserted_graphs, manifest.inferred_graph]:
        named, graph = said.blank(), said.blank()
        say(dataset, SD + "namedGraph", named)
        say(named, a, SD + "NamedGraph")
        say(named, SD + "name", name)
        say(named, SD + "graph", graph)
        say(graph, a, SD + "Graph")
        if counts is not None:
            say(graph, PREFIXES["void"] + "triples", counts.graphs.get(name, 0))
    return said


# -- VoID ---------------------------------------------------------------------------------------------


class WellKnownVoid:
    """`/.well-known/void`, as an ASGI application."""

    def __init__(self, service: Service) -> None:
        """The description of what `service` serves."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            wanted = negotiate(header(scope, b"accept"), GRAPHS) or ("ttl",)
            origin = origin_of(scope)
            # The addresses in it are those of the site as it was asked, unless graph.toml says where it is.
            here = hashlib.sha256(origin.encode()).hexdigest()[:12]
            etag = f'"{self._service.pool.version.snapshot_id}-void-{wanted[0]}-{here}"'
            headers = {
                "Content-Type": content_type(wanted[0]), "Vary": "Accept, Host", "ETag": etag, "Cache-Control": "no-cache",
                "Access-Control-Allow-Origin": "*",
            }  # fmt: skip
            if header(scope, b"if-none-match") == etag:
                await Response(status_code=304, headers=headers)(scope, receive, send)
                return
            triples = _void(self._service, origin, await self._service.counts())
            prefixes = {**self._service.project.prefixes, "void-ext": "http://ldf.fi/void-ext#"}
            data = serialize(triples, format=wanted[0], prefixes=prefixes)
            await Response(data, headers=headers)(scope, receive, send)
        except Refusal as refusal:
            await refusal(scope, receive, send)
        except CitygraphError as error:
            await refusal_of(error)(scope, receive, send)


def _void(service: Service, origin: str, counts: Counts) -> list[Triple]:
    config = service.project.config
    return void_triples(
        counts.figures,
        dataset=f"{origin}/.well-known/void#dataset",
        title=config.title,
        licence=config.licence,
        base=config.base,
        parts=[(name, Text("", ""), number) for name, number in sorted(counts.graphs.items())],
        endpoint=f"{origin}/sparql",
        prefixes=service.project.prefixes,
    )
