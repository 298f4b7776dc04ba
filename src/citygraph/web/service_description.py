"""What this endpoint is, in its own words (SPARQL 1.1 Service Description): every claim here has a test."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

from citygraph.errors import StoreError
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Subject, Term, Triple, serialize
from citygraph.web.counts import Counts
from citygraph.web.requests import origin_of
from citygraph.web.service import Service

__all__ = ["Statements", "describe", "titles"]

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


class Statements:
    """Triples in the order in which they are said."""

    def __init__(self) -> None:
        """Nothing is said yet."""
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


async def describe(service: Service, scope: Scope, *, format: str) -> bytes:  # noqa: A002
    """The description of the endpoint under the address at which it was asked."""
    try:
        counts = await service.counts()
    except StoreError:
        # Nobody has to wait for figures; the claims stand without them.
        counts = None
    return _statements(service, f"{origin_of(scope)}/sparql", counts).write(format)


def _statements(service: Service, endpoint: str, counts: Counts | None) -> Statements:
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
        say(default, PREFIXES["void"] + "triples", counts.triples)
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


def titles(service: Service) -> list[Literal]:
    """The name of the graph in each of its languages."""
    return [Literal(text, language=language) for language, text in service.project.config.title.to_json().items()]
