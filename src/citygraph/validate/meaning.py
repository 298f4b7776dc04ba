"""What people wrote against what the vocabularies expect: kinds of things at both ends of a property, and known terms.

Domains and ranges of the ontology (RDF Schema 1.1, sections 3.1 and 3.2) and `expectations.ttl` are read as expectations
about the types that stand in the files, before anything is derived from them: a reasoner would make a place that is a
member an agent, and say nothing.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

from citygraph.findings import Finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import Labels, reused_labels
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import CG, PREFIXES, compress, expand, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term, parse
from citygraph.validate.checks import finding_at

_RDF, _RDFS, _ORG = PREFIXES["rdf"], PREFIXES["rdfs"], PREFIXES["org"]
_TYPE, _SUBCLASS, _SUBPROPERTY = Iri(_RDF + "type"), Iri(_RDFS + "subClassOf"), Iri(_RDFS + "subPropertyOf")
_STARTS: Final = frozenset({Iri(_RDFS + "domain"), Iri(PREFIXES["schema"] + "domainIncludes")})
_ENDS: Final = frozenset({Iri(_RDFS + "range"), Iri(PREFIXES["schema"] + "rangeIncludes")})
_ANYTHING: Final = frozenset(
    {_RDFS + "Resource", _RDFS + "Literal", PREFIXES["owl"] + "Thing", PREFIXES["prov"] + "Entity"}
)
_MEMBER, _ROLE = Iri(_ORG + "member"), Iri(_ORG + "role")
_ADMINISTERS = Iri(CG + "administers")
_BROADER = Iri(PREFIXES["skos"] + "broader")
# The vocabularies of which rdflib has every term, by our prefix and its name for them.
_CLOSED: Final = {
    "csvw": "CSVW", "dcat": "DCAT", "dct": "DCTERMS", "foaf": "FOAF", "org": "ORG", "owl": "OWL", "prov": "PROV",
    "rdf": "RDF", "rdfs": "RDFS", "schema": "SDO", "skos": "SKOS", "time": "TIME", "vann": "VANN", "void": "VOID",
}  # fmt: skip
# Terms of theirs that every graph may use: for these rdflib need not be read.
_COMMON: Final = frozenset(
    expand(curie)
    for curie in [
        "dct:PeriodOfTime",
        "dct:bibliographicCitation",
        "dct:created",
        "dct:creator",
        "dct:issued",
        "dct:modified",
        "dct:publisher",
        "dct:source",
        "org:Post",
        "org:postIn",
        "prov:Agent",
        "prov:Plan",
        "rdf:first",
        "rdf:rest",
        "schema:Event",
        "schema:endDate",
        "schema:organizer",
        "schema:startDate",
        "skos:scopeNote",
    ]
)
# What people write for a namespace that we know by another address.
_OTHER_ADDRESS: Final = {"http://schema.org/": PREFIXES["schema"]}


def check_meaning(graphs: ProjectGraphs, *, told: Iterable[Finding] = ()) -> list[Finding]:
    """Things of the wrong kind at one end of a property, and terms that their vocabulary does not have.

    Args:
        graphs: the project, before anything is derived.
        told: what shapes said already; a statement that one of them names is not named again.
    """
    expected = _Expected(graphs)
    named = {(each.focus_node, each.path) for each in told}
    findings: list[Finding] = []
    for file in graphs.of(Part.DATA, Part.SOURCES):
        misfits = expected.misfits(file)
        findings += [each for each in misfits if (each.focus_node, each.path) not in named]
        findings += _unknown_terms(file, expected.defined)
    return findings


@cache
def _expectations() -> tuple[Quad, ...]:
    text = files("citygraph.validate").joinpath("expectations.ttl").read_bytes()
    return parse(text, format="ttl").quads


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A thing of the wrong kind, the kinds that would do, what may be meant, and the role that wants it so."""

    term: Term
    wanted: frozenset[str]
    instead: Sequence[Term]
    role: Term | None


class _Expected:
    """What each property and each role wants, and the kinds that things are said to be."""

    def __init__(self, graphs: ProjectGraphs) -> None:
        self._graphs = graphs
        self._above: dict[str, set[str]] = defaultdict(set)
        self._classes: dict[str, frozenset[str]] = {}
        above_property: dict[str, set[str]] = defaultdict(set)
        starts: dict[str, list[frozenset[str]]] = defaultdict(list)
        ends: dict[str, list[frozenset[str]]] = defaultdict(list)
        self.defined = {quad.subject.value for quad in graphs.quads(Part.ONTOLOGY) if isinstance(quad.subject, Iri)}
        for quads in ([*graphs.quads(Part.ONTOLOGY)], _expectations()):
            for upwards, above in (({_SUBCLASS}, self._above), ({_SUBPROPERTY, _BROADER}, above_property)):
                for subject, names in _by_subject(quads, upwards).items():
                    above[subject] |= names
            for predicates, kept in ((_STARTS, starts), (_ENDS, ends)):
                for subject, classes in _by_subject(quads, predicates).items():
                    kept[subject].append(frozenset(classes))
        self._starts = {name: _inherited(name, starts, above_property) for name in {*starts, *above_property}}
        self._ends = {name: _inherited(name, ends, above_property) for name in {*ends, *above_property}}
        self._kinds: dict[Term, frozenset[str]] = {}
        self._authorities: dict[Term, list[Term]] = defaultdict(list)
        for quad in graphs.quads():
            if quad.predicate == _TYPE and isinstance(quad.object, Iri):
                kinds = self._with_above(quad.object.value)
                self._kinds[quad.subject] = self._kinds.get(quad.subject, kinds) | kinds
            elif quad.predicate == _ADMINISTERS:
                self._authorities[quad.object].append(quad.subject)

    @cached_property
    def _labels(self) -> Labels:
        return Labels([*self._graphs.triples()])

    def _with_above(self, kind: str) -> frozenset[str]:
        if kind not in self._classes:
            self._classes[kind] = frozenset(_closure(kind, self._above))
        return self._classes[kind]

    def misfits(self, file: FileGraph) -> Iterator[Finding]:
        """The statements of a file at one end of which stands something of the wrong kind."""
        roles = {quad.subject: quad.object for quad in file.quads if quad.predicate == _ROLE}
        for quad in file.quads:
            name = quad.predicate.value
            role = roles.get(quad.subject) if quad.predicate == _MEMBER else None
            of_role = self._starts.get(role.value, ()) if isinstance(role, Iri) else ()
            ends = ((quad.subject, self._starts.get(name, ())), (quad.object, (*of_role, *self._ends.get(name, ()))))
            for end, wants in ends:
                wanted = self._not_met(end, wants)
                if wanted is not None:
                    fitting = [each for each in self._authorities.get(end, ()) if self._not_met(each, wants) is None]
                    yield self._finding(file, quad, _Misfit(end, wanted, fitting, role if wanted in of_role else None))
                    break

    def _not_met(self, term: Term, wants: Iterable[frozenset[str]]) -> frozenset[str] | None:
        """The first of the expectations that a term does not meet; one about which nothing is said meets them all."""
        for wanted in wants:
            if isinstance(term, Literal):
                if not any(each.startswith(PREFIXES["xsd"]) or each == _RDFS + "Literal" for each in wanted):
                    return wanted
            elif (kinds := self._kinds.get(term)) and not (kinds & wanted or wanted & _ANYTHING):
                return wanted
        return None

    def _finding(self, file: FileGraph, quad: Quad, misfit: _Misfit) -> Finding:
        labels, prefixes = self._labels, prefixes_for(self._graphs.base)
        kinds = sorted(self._kinds.get(misfit.term, ()), key=lambda each: (len(self._with_above(each)), each))
        if isinstance(misfit.term, Literal):
            code = "text-for-thing"
        else:
            code = "wrong-kind-place" if misfit.instead else "wrong-kind"
        return finding_at(
            code,
            file,
            quad,
            statement=_said(labels, quad.subject, quad.predicate, quad.object),
            term=_each(lambda language: labels.describe(misfit.term, language)),
            kind=_each(lambda language: labels.of(kinds[-1], language) if kinds else ""),
            wanted=_each(lambda language: ", ".join(sorted(labels.of(each, language) for each in misfit.wanted))),
            role=_each(lambda language: f" ({labels.of(misfit.role, language)})" if misfit.role is not None else ""),
            instead=", ".join(compress(each.value, prefixes) for each in misfit.instead if isinstance(each, Iri)),
        )


def _by_subject(quads: Iterable[Quad], predicates: AbstractSet[Iri]) -> Mapping[str, set[str]]:
    """What statements with these predicates name, by their subjects."""
    found: dict[str, set[str]] = defaultdict(set)
    for quad in quads:
        if quad.predicate in predicates and isinstance(quad.subject, Iri) and isinstance(quad.object, Iri):
            found[quad.subject.value].add(quad.object.value)
    return found


def _inherited(
    name: str, own: Mapping[str, list[frozenset[str]]], above: Mapping[str, set[str]]
) -> tuple[frozenset[str], ...]:
    return tuple(wanted for each in sorted(_closure(name, above)) for wanted in own.get(each, ()))


def _closure(name: str, above: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = above.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _each(say: Callable[[str], str]) -> Text:
    return Text(*(say(language) for language in LANGUAGES))


def _said(labels: Labels, *terms: Term) -> Text:
    return _each(lambda language: "{}: {} {}".format(*(labels.describe(term, language) for term in terms)))


# -- terms -------------------------------------------------------------------------------------------------


def _unknown_terms(file: FileGraph, defined: set[str]) -> Iterator[Finding]:
    """Properties and classes in a namespace that is known, and that does not have them, with the nearest."""
    seen: set[str] = set()
    for quad in file.quads:
        for term in (quad.predicate, quad.object) if quad.predicate == _TYPE else (quad.predicate,):
            if not isinstance(term, Iri) or term.value in seen:
                continue
            seen.add(term.value)
            if term.value in defined or term.value in _COMMON or term.value in reused_labels():
                continue
            known, near = _nearest(term.value)
            if not known:
                yield finding_at("unknown-reused-term", file, quad, term=compress(term.value), near=near)


def _nearest(iri: str) -> tuple[bool, str]:
    """Whether a term is there, and if not the nearest that is; a namespace that nobody here knows has every term."""
    for other, namespace in _OTHER_ADDRESS.items():
        if iri.startswith(other):
            return False, compress(namespace + iri.removeprefix(other))
    for prefix in _CLOSED:
        namespace = PREFIXES[prefix]
        local = iri.removeprefix(namespace)
        if local == iri or "/" in local or "#" in local:
            continue
        names = _terms_of(prefix)
        if local in names or local.startswith("_"):
            return True, ""
        near = difflib.get_close_matches(local, names, n=1, cutoff=0.6)
        return False, f"{prefix}:{near[0]}" if near else namespace
    return True, ""


@cache
def _terms_of(prefix: str) -> frozenset[str]:
    """The local names of a vocabulary, as rdflib has them."""
    import rdflib.namespace  # noqa: PLC0415  # a tenth of a second, when something is in no file of ours

    return frozenset(getattr(rdflib.namespace, _CLOSED[prefix]).__annotations__)
