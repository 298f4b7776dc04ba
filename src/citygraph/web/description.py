"""What the site says of itself: the SPARQL 1.1 service description, and VoID at `/.well-known/void`.

Every claim of the service description has a test; editors complete from the nesting of VoID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citygraph.errors import CitygraphError, StoreError
from citygraph.formats import GRAPHS, content_type, media_type, negotiate
from citygraph.messages import Text, sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Subject, Term, Triple, serialize
from citygraph.results import Graph, write_answer
from citygraph.void import void_triples
from citygraph.web.background import Counts
from citygraph.web.requests import Refusal, header, origin_of, refusal_of
from citygraph.web.service import Service

# -- the service description --------------------------------------------------------------------------

_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_TYPE: Final = PREFIXES["rdf"] + "type"
_COMMENT: Final = PREFIXES["rdfs"] + "comment"
_TRIPLES: Final = PREFIXES["void"] + "triples"
_FORMATS: Final = "http://www.w3.org/ns/formats/"
_RESULT_FORMATS: Final = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "JSON-LD", "RDF_XML", "N-Quads", "TriG",
)  # fmt: skip
_ONCE: Final = (
    "The default graph is the union of all named graphs and holds each triple once. The named graphs say where a"
    " statement comes from: one for each file, and one for what was derived."
)

_ANOTHER_DAY: Final = "The parameter as_of, a day such as 2019-12-31, asks the version of that day; while it is worked out the answer is 503."


async def describe(service: Service, scope: Scope, *, format: str) -> bytes:  # noqa: A002
    """The description of the endpoint under the address at which it was asked."""
    try:
        counts = await service.counts()
    except StoreError:
        # Nobody has to wait for figures; the claims stand without them.
        counts = None
    names = ("dct", "rdfs", "void", "xsd")
    prefixes = {name: PREFIXES[name] for name in names} | {"sd": _SD, "formats": _FORMATS}
    return _written(_claims(service, f"{origin_of(scope)}/sparql", counts), format, prefixes)


def _written(triples: list[Triple], format_: str, prefixes: Mapping[str, str]) -> bytes:
    """The triples in a format, shortened with the prefixes where it has any."""
    if format_ == "jsonld":
        return write_answer(Graph(tuple(triples)), format=format_, prefixes=prefixes)
    return serialize(triples, format=format_, prefixes=prefixes)


def _claims(service: Service, endpoint: str, counts: Counts | None) -> list[Triple]:
    """What the endpoint is, how much it takes, and which graphs it has; with their sizes when they are counted."""
    claims: list[Triple] = []

    def say(subject: Subject, predicate: str, *objects: Term | str) -> None:
        """A text that is a `str` is an IRI."""
        claims.extend(Triple(subject, Iri(predicate), Iri(each) if isinstance(each, str) else each) for each in objects)

    this, dataset, default = (BlankNode(name) for name in ("service", "dataset", "default"))
    say(this, _TYPE, _SD + "Service")
    say(this, _SD + "endpoint", endpoint)
    say(this, _SD + "supportedLanguage", _SD + "SPARQL11Query", _SD + "SPARQL10Query")
    say(this, _SD + "resultFormat", *(_FORMATS + name for name in _RESULT_FORMATS))
    say(this, _SD + "feature", _SD + "UnionDefaultGraph")
    bounds, share = service.limits.bounds, service.limits.share
    if bounds.service_allowed:
        say(this, _SD + "feature", _SD + "BasicFederatedQuery")
    say(this, _SD + "defaultEntailmentRegime", "http://www.w3.org/ns/entailment/OWL-RDF-Based")
    say(this, _SD + "defaultSupportedEntailmentProfile", "http://www.w3.org/ns/owl-profile/RL")
    limits = (
        f"Limits: {share.timeout:g} seconds for a query, {bounds.query_size:,} characters of query text,"
        f" {bounds.rows:,} rows and {bounds.bytes:,} bytes in an answer, {share.per_client} queries at once."
    )
    say(this, _COMMENT, Literal(limits, language="en"), Literal(_ANOTHER_DAY, language="en"))
    say(this, _SD + "defaultDataset", dataset)
    say(dataset, _TYPE, _SD + "Dataset")
    titles = service.project.config.title.to_json().items()
    say(dataset, PREFIXES["dct"] + "title", *(Literal(text, language=language) for language, text in titles))
    say(dataset, _COMMENT, Literal(_ONCE, language="en"))
    say(dataset, _SD + "defaultGraph", default)
    say(default, _TYPE, _SD + "Graph")
    if counts is not None:
        say(default, _TRIPLES, _integer(counts.figures.triples))
    manifest = service.manifest
    for number, name in enumerate((*manifest.asserted_graphs, manifest.inferred_graph, *manifest.lifted_graphs)):
        named, graph = BlankNode(f"named{number}"), BlankNode(f"graph{number}")
        say(dataset, _SD + "namedGraph", named)
        say(named, _TYPE, _SD + "NamedGraph")
        say(named, _SD + "name", name)
        say(named, _SD + "graph", graph)
        say(graph, _TYPE, _SD + "Graph")
        if counts is not None:
            say(graph, _TRIPLES, _integer(counts.graphs.get(name, 0)))
    return claims


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=Iri(PREFIXES["xsd"] + "integer"))


def graph_formats(accept: str, *more: str) -> tuple[str, ...]:
    """The formats that a description can be had in, and `more`, the most welcome first.

    Raises:
        Refusal: there is none that `accept` takes.
    """
    wanted = negotiate(accept, (*GRAPHS, *more))
    if not wanted:
        formats = ", ".join(map(media_type, (*GRAPHS, *more)))
        raise Refusal(406, sentence("endpoint.described"), sentence("endpoint.ask_for", formats=formats))
    return wanted


# -- VoID ---------------------------------------------------------------------------------------------


class WellKnownVoid:
    """`/.well-known/void`, as an ASGI application."""

    def __init__(self, service: Service) -> None:
        """The description of what `service` serves."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            # An ending says what is wanted, whatever else Accept says.
            wanted = graph_formats("" if scope["path"].endswith(".ttl") else header(scope, b"accept"))
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
            data = _written(triples, wanted[0], prefixes)
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
