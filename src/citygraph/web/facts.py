"""What the graph says about one thing: statements grouped by meaning, dated, with their sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from citygraph.kinds import FALLBACK
from citygraph.namespaces import compress
from citygraph.query import Citation, cite
from citygraph.rdf import Iri, Literal, Term
from citygraph.web.asking import ask_graph
from citygraph.web.groups import GROUPS, HIDDEN, INCOMING_HIDDEN, group_of
from citygraph.web.reading import Reading
from citygraph.web.showing import Shower, Shown

__all__ = ["Group", "Property", "Statement", "best_language", "groups_about", "statements_of"]

_OUT: Final = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 20000"
_IN: Final = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 20000"
_CLAIMS: Final = """
PREFIX cg:   <https://w3id.org/citygraph/ontology#>
PREFIX rdf:  <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?s ?claim ?p ?o ?date ?comment WHERE {
  ?claim rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o .
  OPTIONAL { ?claim cg:asOf ?date }
  OPTIONAL { ?claim rdfs:comment ?comment }
}
"""
_IDENTIFIER: Final = """
PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX dct:  <http://purl.org/dc/terms/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?s ?kind ?code WHERE { ?s skos:notation ?code . OPTIONAL { ?s dct:type ?kind } }
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One value of one property, with what is known about the saying of it."""

    value: Shown
    derived: bool
    triple: tuple[str, str, str]
    citations: tuple[Citation, ...] = ()
    date: Shown | None = None
    comment: str = ""
    followed: bool = True


@dataclass(frozen=True, slots=True)
class Property:
    """All values of one property; `incoming` when the values say it of the thing."""

    label: str
    curie: str
    statements: tuple[Statement, ...]
    incoming: bool = False

    @property
    def derived(self) -> bool:
        """Whether nobody wrote any of it down."""
        return all(statement.derived for statement in self.statements)


@dataclass(frozen=True, slots=True)
class Group:
    """Properties that answer the same kind of question."""

    key: str
    properties: tuple[Property, ...]


@dataclass(slots=True)
class _Claim:
    facts: list[Iri] = field(default_factory=list)
    date: Term | None = None
    comments: list[Literal] = field(default_factory=list)
    followed: bool = False


def statements_of(iri: str, reading: Reading, *, incoming: bool = False) -> dict[tuple[str, Term], bool]:
    """Every statement about a thing, or naming it: (property, other end) and whether it is only derived."""
    inferred = reading.manifest.inferred_graph
    bind = {"o": Iri(iri)} if incoming else {"s": Iri(iri)}
    found: dict[tuple[str, Term], bool] = {}
    for row in ask_graph(reading.store, _IN if incoming else _OUT, **bind):
        predicate, graph = row["p"], row["g"]
        if isinstance(predicate, Iri) and isinstance(graph, Iri):
            key = (predicate.value, row["s"] if incoming else row["o"])
            found[key] = found.get(key, True) and graph.value == inferred
    return found


def best_language(terms: Iterable[Term], language: str) -> list[Term]:
    """Of texts in several languages those in the wanted one, else in the one there is; other terms stay."""
    given = list(terms)
    texts = [term for term in given if isinstance(term, Literal) and term.language]
    wanted = [term for term in texts if term.language == language]
    shown = set(wanted or texts)
    return [term for term in given if not (isinstance(term, Literal) and term.language) or term in shown]


def groups_about(iri: str, reading: Reading, shower: Shower) -> list[Group]:
    """The statements about a thing under their headings, empty headings left out."""
    claims = _claims(iri, reading)
    stated = statements_of(iri, reading)
    for key, claim in claims.items():
        claim.followed = key in stated
        stated.setdefault(key, False)
    properties = _properties(iri, stated, reading, shower, claims=claims)
    naming: dict[tuple[str, Term], bool] = {
        (predicate, subject): derived
        for (predicate, subject), derived in statements_of(iri, reading, incoming=True).items()
        if isinstance(subject, Iri) and reading.kinds.get(subject.value, FALLBACK) != FALLBACK
    }
    properties += _properties(iri, naming, reading, shower, incoming=True)
    by_group: dict[int, list[tuple[int, Property]]] = defaultdict(list)
    for predicate, shown in properties:
        group, position = group_of(predicate)
        by_group[group].append((position + 100 * shown.incoming, shown))
    return [
        Group(GROUPS[number], tuple(shown for _, shown in sorted(found, key=lambda each: each[0])))
        for number, found in sorted(by_group.items())
    ]


def _properties(
    iri: str,
    found: dict[tuple[str, Term], bool],
    reading: Reading,
    shower: Shower,
    *,
    incoming: bool = False,
    claims: dict[tuple[str, Term], _Claim] | None = None,
) -> list[tuple[str, Property]]:
    hidden = INCOMING_HIDDEN if incoming else HIDDEN
    by_predicate: dict[str, list[Term]] = defaultdict(list)
    for predicate, term in found:
        if predicate not in hidden:
            by_predicate[predicate].append(term)
    properties = []
    for predicate, terms in by_predicate.items():
        statements = [
            _statement(
                iri, predicate, term, found[predicate, term], reading, shower, (claims or {}).get((predicate, term))
            )
            for term in best_language(terms, shower.language)
        ]
        statements.sort(key=lambda each: (not each.followed, each.derived, each.value.text.casefold()))
        label = reading.label(predicate, shower.language)
        name = compress(predicate, reading.project.prefixes)
        properties.append((predicate, Property(label, name, tuple(statements), incoming)))
    return properties


def _statement(
    iri: str,
    predicate: str,
    term: Term,
    derived: bool,  # noqa: FBT001
    reading: Reading,
    shower: Shower,
    claim: _Claim | None,
) -> Statement:
    value = _identifier(term, reading, shower) or shower.term(term)
    triple = (f"<{iri}>", f"<{predicate}>", str(term))
    if claim is None:
        return Statement(value, derived, triple)
    cited = cite(claim.facts, reading.store)
    comments = best_language(claim.comments, shower.language)
    return Statement(
        value,
        derived=False,
        triple=triple,
        citations=tuple(dict.fromkeys(citation for fact in claim.facts for citation in cited.get(fact, ()))),
        date=shower.term(claim.date) if claim.date is not None else None,
        comment=comments[0].value if comments and isinstance(comments[0], Literal) else "",
        followed=claim.followed,
    )


def _identifier(term: Term, reading: Reading, shower: Shower) -> Shown | None:
    """An identifier by its kind and its code: its own name would say nothing."""
    if not isinstance(term, Iri) or reading.kinds.get(term.value) != FALLBACK:
        return None
    if reading.is_named(term.value):
        return None
    for row in ask_graph(reading.store, _IDENTIFIER, s=term):
        kind, code = row.get("kind"), row["code"]
        name = f"{reading.label(kind.value, shower.language)}: " if isinstance(kind, Iri) else ""
        text = f"{name}{code.value if isinstance(code, Literal) else code}"
        return Shown(text, shower.urls.entity(term.value), iri=term.value)
    return None


def _claims(iri: str, reading: Reading) -> dict[tuple[str, Term], _Claim]:
    claims: dict[tuple[str, Term], _Claim] = defaultdict(_Claim)
    for row in ask_graph(reading.store, _CLAIMS, s=Iri(iri)):
        predicate, fact = row["p"], row["claim"]
        if not isinstance(predicate, Iri) or not isinstance(fact, Iri):
            continue
        claim = claims[predicate.value, row["o"]]
        if fact not in claim.facts:
            claim.facts.append(fact)
        claim.date = claim.date or row.get("date")
        comment = row.get("comment")
        if isinstance(comment, Literal) and comment not in claim.comments:
            claim.comments.append(comment)
    return dict(claims)
