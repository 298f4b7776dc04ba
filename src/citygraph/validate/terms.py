"""Words and names that nobody knows: of our vocabulary, of the others that the project reuses, and of its own things."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from typing import Final

from citygraph.findings import Finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import reused_labels
from citygraph.messages import text
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress, expand, prefixes_for
from citygraph.rdf import Iri, Term
from citygraph.validate.things import finding_at

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_PREDICATE: Final = Iri(PREFIXES["rdf"] + "predicate")
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
_NEAR: Final = 0.6
_NEAR_NAME: Final = 0.75
# What one would not take for another: a word this far from every known one is a word of its own.
_ALMOST: Final = 0.8
_NAMESPACE: Final = re.compile(r"(.*[/#])([^/#]*)\Z", re.DOTALL)


def check_terms_used(graphs: ProjectGraphs) -> list[Finding]:
    """Words that their vocabulary does not have, and names of things about which no file says anything, with the nearest."""
    defined = {quad.subject for quad in graphs.quads(Part.ONTOLOGY)}
    own = sorted(each.value for each in defined if isinstance(each, Iri) and each.value.startswith((CG, CONCEPT)))
    described = {quad.subject for quad in graphs.quads()}
    findings: list[Finding] = []
    for file in graphs.of(Part.ONTOLOGY, Part.DATA, Part.SOURCES):
        findings += _own_terms(file, defined, own)
        if file.part is not Part.ONTOLOGY:
            findings += _reused_terms(file, defined)
            findings += _names(file, graphs, described)
    return findings


# -- our own vocabulary --------------------------------------------------------------------------------------


def _own_terms(file: FileGraph, defined: AbstractSet[Term], names: Sequence[str]) -> Iterator[Finding]:
    seen: set[Term] = set()
    for quad in file.quads:
        for term in (quad.predicate, quad.object):
            if not isinstance(term, Iri) or term in seen or term in defined:
                continue
            seen.add(term)
            namespace = next((each for each in (CG, CONCEPT) if term.value.startswith(each)), "")
            if namespace == CG or (namespace and file.part is not Part.ONTOLOGY):
                locals_ = [each.removeprefix(namespace) for each in names if each.startswith(namespace)]
                near = difflib.get_close_matches(term.value.removeprefix(namespace), locals_, n=3, cutoff=_NEAR_NAME)
                word = "near_word" if near else "own_word" if namespace == CONCEPT else "no_word"
                advice = text(f"advice.{word}").filled(near=_or([compress(namespace + each) for each in near]))
                yield finding_at("unknown-term", file, quad, term=compress(term.value), near=advice)


def _or(choices: Sequence[str]) -> str:
    return ", ".join(choices)


# -- other vocabularies --------------------------------------------------------------------------------------


def _reused_terms(file: FileGraph, defined: AbstractSet[Term]) -> Iterator[Finding]:
    seen: set[str] = set()
    for quad in file.quads:
        is_class, is_predicate = quad.predicate == _TYPE, quad.predicate == _PREDICATE
        for term in (quad.predicate, quad.object) if is_class or is_predicate else (quad.predicate,):
            if not isinstance(term, Iri) or term.value in seen:
                continue
            seen.add(term.value)
            if term in defined or term.value in _COMMON or term.value in reused_labels():
                continue
            right, namespace = _right_address(term.value)
            if right:
                # One wrong address is one mistake, however many words are written with it.
                if namespace in seen:
                    continue
                seen.add(namespace)
                prefix, wanted = compress(right).partition(":")[0], right[: len(right) - len(_local(right))]
                advice = text("advice.other_address").filled(
                    near=compress(right), old=namespace, new=wanted, place=_declared(file, namespace), prefix=prefix
                )
                yield finding_at("unknown-reused-term", file, quad, term=compress(term.value), near=advice)
                continue
            known, near, namespace = _nearest(term.value)
            if not known:
                word = "near_reused" if near else "no_reused"
                advice = text(f"advice.{word}").filled(near=_or(near), namespace=namespace)
                yield finding_at("unknown-reused-term", file, quad, term=compress(term.value), near=advice)


def _local(iri: str) -> str:
    match = _NAMESPACE.match(iri)
    return match[2] if match else ""


def has_other_address(iri: str) -> bool:
    """Whether a word is written with another address of its vocabulary than the one that we know."""
    return bool(_right_address(iri)[0])


@cache
def _right_address(iri: str) -> tuple[str, str]:
    """The word at the address of its vocabulary that we know, and the other that it has here: http, www, no #."""
    match = _NAMESPACE.match(iri)
    if match is None or match[1] in _known_addresses().values():
        return "", ""
    namespace = _known_addresses().get(_bare(match[1]))
    if namespace and match[2]:
        return namespace + match[2], match[1]
    for bare, known in _known_addresses().items():
        start = iri[: len(known) - 1]
        local = iri.removeprefix(start)
        if _bare(start) == bare and local.isalnum() and local in _words_of(known):
            return known + local, start
    return "", ""


def _words_of(namespace: str) -> frozenset[str]:
    prefix = next((each for each in (*_CLOSED, "adms", "cv", "oa") if PREFIXES[each] == namespace), "")
    return _terms_of(prefix) if prefix else frozenset()


@cache
def _known_addresses() -> dict[str, str]:
    return {_bare(PREFIXES[each]): PREFIXES[each] for each in (*_CLOSED, "adms", "cg", "concept", "cv", "oa")}


def _bare(namespace: str) -> str:
    return namespace.partition("://")[2].removeprefix("www.").rstrip("/#").casefold()


def _declared(file: FileGraph, namespace: str) -> str:
    place = file.text.find(f"<{namespace}>")
    return f"{file.path}:{file.text.count(chr(10), 0, place) + 1}" if place >= 0 else file.path


def _nearest(iri: str) -> tuple[bool, list[str], str]:
    """Whether a term is there, and if not the nearest that are; a namespace that nobody here knows has every term."""
    for prefix in (*_CLOSED, "adms", "cv", "oa"):
        namespace = PREFIXES[prefix]
        local = iri.removeprefix(namespace)
        if local == iri or "/" in local or "#" in local:
            continue
        names = _terms_of(prefix)
        if local in names or local.startswith("_"):
            return True, [], ""
        is_whole = prefix in _CLOSED
        near = _near_names(local, names, _NEAR if is_whole else _ALMOST)
        return not is_whole and not near, [f"{prefix}:{each}" for each in near], namespace
    return True, [], ""


def _near_names(local: str, names: AbstractSet[str], cutoff: float) -> list[str]:
    """The nearest name, of the same kind first: classes are written with a capital, properties without."""
    same = sorted(each for each in names if each[:1].isupper() == local[:1].isupper())
    by_case = [each for each in sorted(names) if each.casefold() == local.casefold()]
    return by_case[:1] or difflib.get_close_matches(local, same, n=1, cutoff=cutoff) or difflib.get_close_matches(
        local, sorted(names), n=1, cutoff=cutoff
    )  # fmt: skip


@cache
def _terms_of(prefix: str) -> frozenset[str]:
    """The local names of a vocabulary: as rdflib has them, else those of `words.txt`."""
    if prefix not in _CLOSED:
        lines = files("citygraph.validate").joinpath("words.txt").read_text(encoding="utf-8").splitlines()
        start = f"{prefix}:"
        return frozenset(word.removeprefix(start) for line in lines for word in line.split() if word.startswith(start))
    import rdflib.namespace  # noqa: PLC0415  # a tenth of a second, when something is in no file of ours

    return frozenset(getattr(rdflib.namespace, _CLOSED[prefix]).__annotations__)


# -- the project's own things --------------------------------------------------------------------------------


def _names(file: FileGraph, graphs: ProjectGraphs, described: AbstractSet[Term]) -> Iterator[Finding]:
    """Names of things about which no file says anything."""
    start, prefixes = graphs.base + "id/", prefixes_for(graphs.base)
    seen: set[Term] = set()
    names: list[str] = []
    for quad in file.quads:
        term = quad.object
        if not isinstance(term, Iri) or not term.value.startswith(start) or term in described or term in seen:
            continue
        seen.add(term)
        names = names or sorted(e.value.removeprefix(start) for e in _iris(described) if e.value.startswith(start))
        near = difflib.get_close_matches(term.value.removeprefix(start), names, n=3, cutoff=_NEAR_NAME)
        advice = text("advice.near_thing" if near else "advice.no_thing").filled(
            near=_or([compress(start + each, prefixes) for each in near])
        )
        yield finding_at("unknown-thing", file, quad, term=compress(term.value, prefixes), advice=advice)


def _iris(terms: Iterable[Term]) -> Iterator[Iri]:
    return (each for each in terms if isinstance(each, Iri))
