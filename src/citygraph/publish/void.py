"""VoID: how big the graph is, which classes and properties it has, and where its files are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from citygraph.matching.names import slug
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.sorted_quads import SortedQuads, distinct_triples

__all__ = ["void_triples"]

_VOID: Final = PREFIXES["void"]
_VOID_EXT: Final = "http://ldf.fi/void-ext#"
_RDF_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_SAME_AS: Final = PREFIXES["schema"] + "sameAs"
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")


def void_triples(  # noqa: PLR0913  # a description has many parts
    asserted: Iterable[Quad],
    inferred: Iterable[Quad] = (),
    *,
    dataset: str,
    title: Text,
    licence: str,
    base: str,
    modified: str = "",
    dumps: Sequence[str] = (),
    endpoint: str = "",
    prefixes: Mapping[str, str] = PREFIXES,
) -> list[Triple]:
    """The description of a graph for programs that look before they ask.

    Args:
        asserted: what the files say.
        inferred: what follows from it; counted apart.
        dataset: the IRI of the graph as a dataset. Everything else gets an IRI below it.
        title: its name.
        licence: the IRI of its licence.
        base: the address that its own names begin with.
        modified: the day of the last change.
        dumps: the addresses of the files.
        endpoint: the address that answers SPARQL.
        prefixes: for the names of the partitions.
    """
    stated = SortedQuads(asserted)
    everything = SortedQuads([*stated, *inferred])
    sizes = (sum(1 for _ in stated.triples()), sum(1 for _ in everything.triples()))
    void = _Void(dataset, prefixes)
    void.add(dataset, _RDF_TYPE.value, Iri(_VOID + "Dataset"))
    void.add(dataset, _RDF_TYPE.value, Iri(PREFIXES["dcat"] + "Dataset"))
    for language, words in title.to_json().items():
        if words:
            void.add(dataset, PREFIXES["dct"] + "title", Literal(words, language=language))
    void.add(dataset, PREFIXES["dct"] + "license", Iri(licence))
    if modified:
        void.add(dataset, PREFIXES["dct"] + "modified", Literal(modified, datatype=Iri(PREFIXES["xsd"] + "date")))
    void.add(dataset, _VOID + "uriSpace", Literal(base))
    for dump in dumps:
        void.add(dataset, _VOID + "dataDump", Iri(dump))
    if endpoint:
        void.add(dataset, _VOID + "sparqlEndpoint", Iri(endpoint))
    void.count_all(everything, sizes[1], base)
    for name, size, label in (
        ("stated", sizes[0], Text("oppgitt", "stated")),
        ("derived", sizes[1] - sizes[0], Text("utledet", "derived")),
    ):
        subset = void.below("subset", name)
        void.add(dataset, _VOID + "subset", Iri(subset))
        void.add(subset, _RDF_TYPE.value, Iri(_VOID + "Dataset"))
        for language, words in label.to_json().items():
            void.add(subset, PREFIXES["dct"] + "title", Literal(words, language=language))
        void.number(subset, "triples", size)
    void.links(stated.triples())
    return void.triples


class _Void:
    def __init__(self, dataset: str, prefixes: Mapping[str, str]) -> None:
        self._dataset, self._prefixes = dataset, prefixes
        self.triples: list[Triple] = []

    def add(self, subject: str, predicate: str, object_: Iri | Literal) -> None:
        self.triples.append(Triple(Iri(subject), Iri(predicate), object_))

    def number(self, subject: str, name: str, value: int) -> None:
        self.add(subject, _VOID + name, Literal(str(value), datatype=_INTEGER))

    def below(self, *names: str) -> str:
        parts = "/".join(slug(compress(name, self._prefixes)) for name in names)
        return f"{self._dataset}/void/{parts}"

    def count_all(self, quads: SortedQuads, size: int, base: str) -> None:
        classes: dict[Term, tuple[str, ...]] = {}
        predicates: Counter[str] = Counter()
        # Most things are of the same few classes; each such list is kept once.
        known: dict[tuple[str, ...], tuple[str, ...]] = {}
        for group in quads.groups():
            found = []
            for each in distinct_triples(group):
                predicates[each.predicate.value] += 1
                if each.predicate == _RDF_TYPE and isinstance(each.object, Iri):
                    found.append(each.object.value)
            if found:
                classes[group[0].subject] = known.setdefault(tuple(found), tuple(found))
        entities = Counter(class_ for found in classes.values() for class_ in found)
        self.number(self._dataset, "triples", size)
        self.number(
            self._dataset,
            "entities",
            len({s.value for s in classes if isinstance(s, Iri) and s.value.startswith(base)}),
        )
        self.number(self._dataset, "classes", len(entities))
        self.number(self._dataset, "properties", len(predicates))
        for namespace in sorted({self._namespace(name) for name in (*predicates, *entities)}):
            self.add(self._dataset, _VOID + "vocabulary", Iri(namespace))
        self._partitions(quads, classes, entities)

    def _namespace(self, name: str) -> str:
        return name[: max(name.rfind("#"), name.rfind("/")) + 1]

    def _partitions(
        self, quads: SortedQuads, classes: Mapping[Term, tuple[str, ...]], entities: Mapping[str, int]
    ) -> None:
        """Classes, in them properties, in them the classes or datatypes of the values."""
        used: dict[str, Counter[str]] = defaultdict(Counter)
        values: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for group in quads.groups():
            of_subject = classes.get(group[0].subject, ())
            for each in distinct_triples(group) if of_subject else ():
                predicate = each.predicate.value
                kinds = _kinds(each.object, classes)
                for class_ in of_subject:
                    used[class_][predicate] += 1
                    values[class_, predicate].update(kinds)
        for class_, number in sorted(entities.items()):
            partition = self.below("class", class_)
            self.add(self._dataset, _VOID + "classPartition", Iri(partition))
            self.add(partition, _VOID + "class", Iri(class_))
            self.number(partition, "entities", number)
            for predicate, count in sorted(used[class_].items()):
                inner = self.below("class", class_, predicate)
                self.add(partition, _VOID + "propertyPartition", Iri(inner))
                self.add(inner, _VOID + "property", Iri(predicate))
                self.number(inner, "triples", count)
                for namespace, value in sorted(values[class_, predicate]):
                    innermost = self.below("class", class_, predicate, value)
                    kind = "class" if namespace == _VOID else "datatype"
                    self.add(inner, f"{namespace}{kind}Partition", Iri(innermost))
                    self.add(innermost, f"{namespace}{kind}", Iri(value))

    def links(self, triples: Iterable[Triple]) -> None:
        """The links to other graphs, by where they lead."""
        targets: Counter[str] = Counter()
        for each in triples:
            if each.predicate.value == _SAME_AS and isinstance(each.object, Iri):
                targets["/".join(each.object.value.split("/")[:3]) + "/"] += 1
        for target, number in sorted(targets.items()):
            linkset = self.below("links", target)
            self.add(self._dataset, _VOID + "subset", Iri(linkset))
            self.add(linkset, _RDF_TYPE.value, Iri(_VOID + "Linkset"))
            self.add(linkset, _VOID + "target", Iri(self._dataset))
            self.add(linkset, _VOID + "target", Iri(target))
            self.add(linkset, _VOID + "linkPredicate", Iri(_SAME_AS))
            self.number(linkset, "triples", number)


def _kinds(term: Term, classes: Mapping[Term, tuple[str, ...]]) -> list[tuple[str, str]]:
    """The datatype of a literal, the classes of a thing."""
    if isinstance(term, Literal):
        return [(_VOID_EXT, term.datatype.value)]
    return [(_VOID, class_) for class_ in classes.get(term, ())]
