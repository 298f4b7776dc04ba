"""What the project has to offer in place of something wrong: its things by kind, what is tied to what, and near names."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import LABEL_PROPERTIES, Labels, reused_labels
from citygraph.messages import LANGUAGES, Text, text, texts
from citygraph.namespaces import PREFIXES, compress, expand, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_SUBCLASS: Final = Iri(PREFIXES["rdfs"] + "subClassOf")
_LABELS: Final = frozenset({*LABEL_PROPERTIES, PREFIXES["skos"] + "altLabel", PREFIXES["skos"] + "notation"})
_TIES: Final = frozenset(
    Iri(PREFIXES[prefix] + name)
    for prefix, names in {
        "cg": "administers inCountry meetingRule",
        "org": "unitOf hasUnit hasPrimarySite subOrganizationOf memberDuring",
        "schema": "containedInPlace",
        "prov": "wasDerivedFrom",
        "adms": "identifier",
    }.items()
    for name in names.split()
)
_HELD: Final = frozenset(
    {Iri(PREFIXES["org"] + "member"), Iri(PREFIXES["cg"] + "onBehalfOf"), Iri(PREFIXES["cg"] + "comesFrom")}
)
WITHOUT_SHAPES: Final = (Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
"""The parts that say what is the case."""
_FEW, _NAMED_SHORT = 8, 30
_FILES_NAMED: Final = 3


def finding_at(code: str, file: FileGraph, quad: Quad, **values: str | Text) -> Finding:
    """A finding about one statement, placed where it stands in its file."""
    place = file.place(str(quad.subject), str(quad.predicate), str(quad.object))
    return finding(
        code,
        file=file.path,
        line=place.line if place else 0,
        column=place.column if place else 0,
        focus_node=str(quad.subject),
        path=str(quad.predicate),
        value=str(quad.object),
        **values,
    )


def each_language(say: Callable[[str], str]) -> Text:
    """The same said in each language."""
    return Text(*(say(language) for language in LANGUAGES))


def closure(name: str, above: Mapping[str, AbstractSet[str]]) -> set[str]:
    """A name and everything above it."""
    found, waiting = {name}, [name]
    while waiting:
        new = above.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += new
    return found


def by_subject(quads: Iterable[Quad], predicates: AbstractSet[Iri]) -> Mapping[str, set[str]]:
    """What statements with these predicates name, by their subjects."""
    found: dict[str, set[str]] = defaultdict(set)
    for quad in quads:
        if quad.predicate in predicates and isinstance(quad.subject, Iri) and isinstance(quad.object, Iri):
            found[quad.subject.value].add(quad.object.value)
    return found


class StatedValues:
    """What statements say, by subject and predicate: each value once, in the order of the statements."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._all: dict[tuple[str, Iri], dict[Term, None]] = defaultdict(dict)
        self.subjects: dict[Iri, list[Term]] = defaultdict(list)
        """What is said to be of a class."""
        for quad in quads:
            self._all[str(quad.subject), quad.predicate][quad.object] = None
            if quad.predicate == _TYPE and isinstance(quad.object, Iri):
                self.subjects[quad.object].append(quad.subject)

    def of(self, subject: Term | str, predicate: Iri) -> list[Term]:
        """The values of a property of a thing, which may be given in N-Triples syntax."""
        return list(self._all.get((str(subject), predicate), ()))


class Things:
    """Everything that the files say something about."""

    def __init__(self, graphs: ProjectGraphs, more: Iterable[Quad] = ()) -> None:
        """The things of a project; `more` are statements about classes that no file makes."""
        self.graphs = graphs
        self._prefixes = prefixes_for(graphs.base)
        self._above: dict[str, set[str]] = defaultdict(set)
        for quads in (graphs.quads(Part.ONTOLOGY), more):
            for subject, names in by_subject(quads, {_SUBCLASS}).items():
                self._above[subject] |= names
        self._classes: dict[str, frozenset[str]] = {}
        stated: dict[Term, set[str]] = defaultdict(set)
        self.described = {quad.subject for quad in graphs.quads()}
        for quad in graphs.quads():
            if quad.predicate == _TYPE and isinstance(quad.object, Iri):
                stated[quad.subject].add(quad.object.value)
        self._stated = {term: frozenset(kinds) for term, kinds in stated.items()}

    # -- kinds --------------------------------------------------------------------------------------

    def with_above(self, kind: str) -> frozenset[str]:
        """A class and its superclasses."""
        if kind not in self._classes:
            self._classes[kind] = frozenset(closure(kind, self._above))
        return self._classes[kind]

    def stated_kinds(self, term: Term) -> frozenset[str]:
        """The classes that a thing is said to be of, and no others."""
        return self._stated.get(term, frozenset())

    def kinds(self, term: Term) -> frozenset[str]:
        """The classes that a thing is said to be of, and those above; none when nothing is said."""
        return frozenset().union(*(self.with_above(each) for each in self.stated_kinds(term)))

    def own_kinds(self, term: Term) -> list[str]:
        """The classes that a thing is said to be of, without those above another of them."""
        stated = self.stated_kinds(term)
        return sorted(k for k in stated if not any(k in self.with_above(other) for other in stated - {k}))

    def may_be(self, term: Term, wanted: AbstractSet[str]) -> bool:
        """Whether a thing is of one of these kinds, or of one so general that it may be; one without a kind may."""
        own = self.own_kinds(term)
        if not own or any(self.with_above(kind) & wanted for kind in own):
            return True
        above = frozenset().union(*(self.with_above(each) for each in wanted))
        return any(kind in above for kind in own)

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Iri]]:
        found: dict[str, list[Iri]] = defaultdict(list)
        for term in self._stated:
            if isinstance(term, Iri):
                for kind in self.kinds(term):
                    found[kind].append(term)
        return found

    def of_kinds(self, wanted: AbstractSet[str]) -> list[Iri]:
        """The things of one of these kinds, by name."""
        return sorted({each for kind in wanted for each in self._by_kind.get(kind, ())}, key=str)

    # -- names --------------------------------------------------------------------------------------

    @cached_property
    def labels(self) -> Labels:
        """What everything is called."""
        return Labels(self.graphs.triples(), prefixes=self._prefixes)

    def short(self, term: Term) -> str:
        """How a thing or a term is written in a file."""
        if isinstance(term, Iri):
            return compress(term.value, self._prefixes)
        if isinstance(term, Literal) and "^^<" in str(term):
            plain = term.datatype.value == PREFIXES["xsd"] + "integer"
            return term.value if plain else f'"{term.value}"^^{compress(term.datatype.value)}'
        return str(term)

    def describe(self, term: Term) -> Text:
        """What a thing is called, in each language."""
        return each_language(lambda language: self.labels.describe(term, language))

    def kind_words(self, kinds: Iterable[str]) -> Text:
        """What classes are called."""
        named = list(kinds)
        named = [each for each in named if each in self.labels or each in reused_labels()] or named
        return each_language(lambda language: ", ".join(sorted(self.labels.of(each, language) for each in named)))

    def called(self, words: str, among: Iterable[Iri]) -> list[Iri]:
        """The things among these that have this name, in any language and case."""
        wanted = words.strip().casefold()
        return [each for each in among if wanted in self._names.get(each, ())]

    def near(self, words: str, among: Sequence[Iri], *, most: int = 3, cutoff: float = 0.7) -> list[Iri]:
        """The things among these whose name, or name in addresses, is nearest to this one."""
        named: dict[str, Iri] = {}
        for each in among:
            named.setdefault(_local(each.value).casefold(), each)
            for name in self._names.get(each, ()):
                named.setdefault(name, each)
        found = difflib.get_close_matches(words.casefold(), list(named), n=most, cutoff=cutoff)
        return list(dict.fromkeys(named[each] for each in found))

    @cached_property
    def _names(self) -> Mapping[Term, list[str]]:
        found: dict[Term, list[str]] = defaultdict(list)
        for quad in self.graphs.quads():
            if quad.predicate.value in _LABELS and isinstance(quad.object, Literal):
                found[quad.subject].append(quad.object.value.casefold())
        return found

    # -- what would do --------------------------------------------------------------------------------

    @cached_property
    def _neighbours(self) -> Mapping[Term, list[Term]]:
        """What a statement ties together, both ways; over a membership its holder, whom it represents and a place."""
        found: dict[Term, list[Term]] = defaultdict(list)
        held: dict[Term, list[Term]] = defaultdict(list)
        for quad in self.graphs.quads(Part.DATA, Part.SOURCES):
            if quad.predicate in _TIES and isinstance(quad.object, Iri):
                found[quad.subject].append(quad.object)
                found[quad.object].append(quad.subject)
            elif quad.predicate in _HELD and isinstance(quad.object, Iri):
                held[quad.subject].append(quad.object)
        for terms in held.values():
            for term in terms:
                found[term] += terms
        return found

    def tied_to(self, term: Term, *, without: AbstractSet[Term] = frozenset()) -> list[Iri]:
        """The things that a statement or a membership ties to this one."""
        found = dict.fromkeys(self._neighbours.get(term, ()))
        return [each for each in found if isinstance(each, Iri) and each != term and each not in without]

    def listed(self, things: Iterable[Iri]) -> Text:
        """The things as they are written, each with its name."""
        return each_language(
            lambda language: ", ".join(
                f"{self.short(each)} ({self.labels.describe(each, language)})" for each in things
            )
        )

    def choices(self, wanted: AbstractSet[str], *, like: str = "") -> Text:
        """What there is of these kinds: all of it when it is little, else the nearest to a name, and where the rest stands."""
        return self.choices_among(self.of_kinds(wanted), wanted, like=like)

    def choices_among(
        self, found: Sequence[Iri], wanted: AbstractSet[str], *, like: str = "", describe: bool = True
    ) -> Text:
        """The same about some of the things of these kinds; how one is described when there is none, with `describe`."""
        kind = self.kind_words(wanted)
        if not found:
            how = [
                words for curie, words in texts("advice").items() if expand(curie.removeprefix("describe.")) in wanted
            ]
            none = text("advice.none_yet").filled(kind=kind)
            return each_language(
                lambda language: " ".join(each.in_language(language) for each in [none, *(how[:1] if describe else [])])
            )
        if len(found) <= _FEW:
            return text("advice.one_of").filled(kind=kind, choices=self.listed(found))
        near = self.near(like, found) if like else []
        if len(found) <= _NAMED_SHORT and not near:
            return text("advice.one_of").filled(kind=kind, choices=", ".join(map(self.short, found)))
        stand = text("advice.stand_in").filled(kind=kind, count=len(found), files=self._files_of(found))
        if not near:
            return stand
        nearest = text("advice.nearest").filled(choices=self.listed(near))
        return each_language(lambda language: f"{nearest.in_language(language)} {stand.in_language(language)}")

    def _files_of(self, things: Iterable[Iri]) -> str:
        counted = Counter(self.graphs.locate(str(each))[0] for each in things)
        return ", ".join(name for name, _ in counted.most_common(_FILES_NAMED) if name)


def _local(iri: str) -> str:
    return iri.rpartition("#")[2].rpartition("/")[2]
