"""VoID: how big a graph is, which classes and properties it has, where it links to, and where its files are.

The figures come from the quads, or from a store that is asked (`FIGURES`); both count the same. The terms are those of
the VoID vocabulary (<https://www.w3.org/TR/void/>), with the datatype partitions of <http://ldf.fi/void-ext>.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.matching.names import slug
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Answer, Solutions
from citygraph.sorted_quads import SortedQuads, distinct_triples

_VOID: Final = PREFIXES["void"]
_EXT: Final = "http://ldf.fi/void-ext#"
_RDF_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_SAME_AS: Final = PREFIXES["schema"] + "sameAs"
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")


@dataclass(slots=True)
class Used:
    """How one property is used by the things of one class: how often, and with values of which classes and datatypes."""

    triples: int = 0
    targets: dict[str, int] = field(default_factory=dict)
    datatypes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted in a graph; each triple once, in however many named graphs it stands.

    `entities` are the subjects whose address begins with that of the graph (VoID, 4.1), `classes` the instances of each
    class, `properties` the triples of each property, `links` the triples with schema:sameAs by the server they lead to.
    """

    triples: int
    entities: int
    classes: dict[str, int]
    properties: dict[str, int]
    used: dict[str, dict[str, Used]]
    links: dict[str, int]


# -- counted from quads -------------------------------------------------------------------------------


def figures_of(quads: SortedQuads, *, base: str) -> Figures:
    """The figures of some quads; `base` is the address that the graph's own names begin with."""
    instance_of: dict[Term, tuple[str, ...]] = {}
    properties: Counter[str] = Counter()
    links: Counter[str] = Counter()
    entities = 0
    # Most things are of the same few classes; each such list is kept once.
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for group in quads.groups():
        found, subject = [], group[0].subject
        entities += isinstance(subject, Iri) and subject.value.startswith(base)
        for each in distinct_triples(group):
            properties[each.predicate.value] += 1
            if isinstance(each.object, Iri) and each.predicate == _RDF_TYPE:
                found.append(each.object.value)
            elif isinstance(each.object, Iri) and each.predicate.value == _SAME_AS:
                links["/".join(each.object.value.split("/")[:3]) + "/"] += 1
        if found:
            instance_of[subject] = known.setdefault(tuple(found), tuple(found))
    classes = Counter(class_ for found in instance_of.values() for class_ in found)
    return Figures(
        triples=properties.total(),
        entities=entities,
        classes=dict(classes),
        properties=dict(properties),
        used=_used_by(quads, instance_of),
        links=dict(links),
    )


def _used_by(quads: SortedQuads, instance_of: Mapping[Term, tuple[str, ...]]) -> dict[str, dict[str, Used]]:
    used: dict[str, dict[str, Used]] = defaultdict(lambda: defaultdict(Used))
    for group in quads.groups():
        of_subject = instance_of.get(group[0].subject, ())
        for each in distinct_triples(group) if of_subject else ():
            for class_ in of_subject:
                use = used[class_][each.predicate.value]
                use.triples += 1
                if isinstance(each.object, Literal):
                    datatype = each.object.datatype.value
                    use.datatypes[datatype] = use.datatypes.get(datatype, 0) + 1
                else:
                    for target in instance_of.get(each.object, ()):
                        use.targets[target] = use.targets.get(target, 0) + 1
    return {class_: dict(by_property) for class_, by_property in used.items()}


# -- counted by a store -------------------------------------------------------------------------------

FIGURES: Final[Mapping[str, str]] = {
    "triples": "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    "entities": """
SELECT ?base (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o FILTER(ISIRI(?s) && STRSTARTS(STR(?s), ?base)) }
GROUP BY ?base""",
    "classes": "SELECT ?name (COUNT(*) AS ?n) WHERE { ?s a ?name FILTER(ISIRI(?name)) } GROUP BY ?name",
    "properties": "SELECT ?name (COUNT(*) AS ?n) WHERE { ?s ?name ?o } GROUP BY ?name",
    "links": f"""
SELECT ?name (COUNT(*) AS ?n) WHERE {{
  ?s <{_SAME_AS}> ?o FILTER(ISIRI(?o))
  BIND(IRI(REPLACE(STR(?o), "^([^/]*/[^/]*/[^/]*).*$", "$1/")) AS ?name)
}} GROUP BY ?name""",
    "used": "SELECT ?class ?property (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o } GROUP BY ?class ?property",
    "targets": """
SELECT ?class ?property ?value (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o . ?o a ?value }
GROUP BY ?class ?property ?value""",
    "datatypes": """
SELECT ?class ?property ?value (COUNT(*) AS ?n) WHERE {
  ?s a ?class ; ?property ?o
  BIND(DATATYPE(?o) AS ?value)
  FILTER(BOUND(?value))
} GROUP BY ?class ?property ?value""",
}
"""The questions whose answers `figures_from` reads, by name; `?base` in them is bound to the address of the graph."""


def figures_from(answers: Mapping[str, Answer]) -> Figures:
    """The figures in the answers to `FIGURES`, by the same names."""
    rows = {name: list(answer) if isinstance(answer, Solutions) else [] for name, answer in answers.items()}
    used: dict[str, dict[str, Used]] = {}
    for row in rows["used"]:
        if isinstance(row["class"], Iri):
            used.setdefault(row["class"].value, {})[_name(row["property"])] = Used(_number(row["n"]))
    for kind in ("targets", "datatypes"):
        for row in rows[kind]:
            use = used.get(_name(row["class"]), {}).get(_name(row["property"]))
            if use is not None and isinstance(row["value"], Iri):
                (use.targets if kind == "targets" else use.datatypes)[row["value"].value] = _number(row["n"])

    def by_name(kind: str) -> dict[str, int]:
        return {_name(row["name"]): _number(row["n"]) for row in rows[kind]}

    return Figures(
        triples=sum(_number(row["n"]) for row in rows["triples"]),
        entities=sum(_number(row["n"]) for row in rows["entities"]),
        classes=by_name("classes"),
        properties=by_name("properties"),
        used=used,
        links=by_name("links"),
    )


def _name(term: object) -> str:
    return term.value if isinstance(term, Iri) else ""


def _number(term: object) -> int:
    return int(term.value) if isinstance(term, Literal) else 0


# -- written ------------------------------------------------------------------------------------------


def void_triples(  # noqa: PLR0913  # a description has many parts
    figures: Figures,
    *,
    dataset: str,
    title: Text,
    licence: str,
    base: str,
    parts: Sequence[tuple[str, Text, int]] = (),
    modified: str = "",
    dumps: Sequence[str] = (),
    endpoint: str = "",
    prefixes: Mapping[str, str] = PREFIXES,
) -> list[Triple]:
    """The description of a graph for programs that look before they ask.

    Args:
        figures: what was counted in it.
        dataset: the IRI of the graph as a dataset. Everything else gets an IRI below it.
        title: its name.
        licence: the IRI of its licence.
        base: the address that its own names begin with.
        parts: parts of it that are counted apart: a short name or an address, a title, and the number of triples.
        modified: the day of the last change.
        dumps: the addresses of the files.
        endpoint: the address that answers SPARQL.
        prefixes: for the names of the partitions.
    """
    void = _Description(dataset, prefixes)
    void.add(dataset, _RDF_TYPE.value, Iri(_VOID + "Dataset"))
    void.add(dataset, _RDF_TYPE.value, Iri(PREFIXES["dcat"] + "Dataset"))
    void.name(dataset, title)
    void.add(dataset, PREFIXES["dct"] + "license", Iri(licence))
    if modified:
        void.add(dataset, PREFIXES["dct"] + "modified", Literal(modified, datatype=Iri(PREFIXES["xsd"] + "date")))
    void.add(dataset, _VOID + "uriSpace", Literal(base))
    for dump in dumps:
        void.add(dataset, _VOID + "dataDump", Iri(dump))
    if endpoint:
        void.add(dataset, _VOID + "sparqlEndpoint", Iri(endpoint))
    void.sizes(figures)
    void.partitions(figures)
    for name, words, size in parts:
        subset = void.below("subset", name)
        void.add(dataset, _VOID + "subset", Iri(subset))
        void.add(subset, _RDF_TYPE.value, Iri(_VOID + "Dataset"))
        void.name(subset, words)
        if "://" in name:
            void.add(subset, PREFIXES["dct"] + "source", Iri(name))
        void.number(subset, "triples", size)
    void.links(figures)
    return void.triples


class _Description:
    def __init__(self, dataset: str, prefixes: Mapping[str, str]) -> None:
        self._dataset, self._prefixes = dataset, prefixes
        self.triples: list[Triple] = []
        self._named: dict[str, list[tuple[str, ...]]] = {}

    def add(self, subject: str, predicate: str, object_: Iri | Literal) -> None:
        self.triples.append(Triple(Iri(subject), Iri(predicate), object_))

    def name(self, subject: str, title: Text) -> None:
        for language, words in title.to_json().items():
            if words:
                self.add(subject, PREFIXES["dct"] + "title", Literal(words, language=language))

    def number(self, subject: str, name: str, value: int) -> None:
        self.add(subject, _VOID + name, Literal(str(value), datatype=_INTEGER))

    def below(self, *names: str) -> str:
        """An address below the dataset for a part; names that look alike in an address are counted."""
        address = f"{self._dataset}/void/" + "/".join(slug(compress(name, self._prefixes)) for name in names)
        alike = self._named.setdefault(address, [])
        if names not in alike:
            alike.append(names)
        number = alike.index(names)
        return f"{address}-{number + 1}" if number else address

    def sizes(self, figures: Figures) -> None:
        self.number(self._dataset, "triples", figures.triples)
        self.number(self._dataset, "entities", figures.entities)
        self.number(self._dataset, "classes", len(figures.classes))
        self.number(self._dataset, "properties", len(figures.properties))
        names = (*figures.properties, *figures.classes)
        for namespace in sorted({name[: max(name.rfind("#"), name.rfind("/")) + 1] for name in names}):
            self.add(self._dataset, _VOID + "vocabulary", Iri(namespace))

    def partitions(self, figures: Figures) -> None:
        """Properties; and classes, in them properties, in them the classes and datatypes of the values."""
        for property_, number in sorted(figures.properties.items()):
            self._property(self._dataset, self.below("property", property_), property_, number)
        for class_, number in sorted(figures.classes.items()):
            partition = self.below("class", class_)
            self._partition(self._dataset, _VOID, "class", partition, class_)
            self.number(partition, "entities", number)
            for property_, used in sorted(figures.used.get(class_, {}).items()):
                inner = self.below("class", class_, property_)
                self._property(partition, inner, property_, used.triples)
                for namespace, kind, values in ((_VOID, "class", used.targets), (_EXT, "datatype", used.datatypes)):
                    for value, uses in sorted(values.items()):
                        innermost = self.below("class", class_, property_, value)
                        self._partition(inner, namespace, kind, innermost, value)
                        self.number(innermost, "triples", uses)

    def _property(self, whole: str, partition: str, property_: str, number: int) -> None:
        self._partition(whole, _VOID, "property", partition, property_)
        self.number(partition, "triples", number)

    def _partition(self, whole: str, namespace: str, kind: str, partition: str, value: str) -> None:
        self.add(whole, f"{namespace}{kind}Partition", Iri(partition))
        self.add(partition, f"{namespace}{kind}", Iri(value))

    def links(self, figures: Figures) -> None:
        """The links to other graphs, by where they lead."""
        for target, number in sorted(figures.links.items()):
            linkset = self.below("links", target)
            self.add(self._dataset, _VOID + "subset", Iri(linkset))
            self.add(linkset, _RDF_TYPE.value, Iri(_VOID + "Linkset"))
            self.add(linkset, _VOID + "target", Iri(self._dataset))
            self.add(linkset, _VOID + "target", Iri(target))
            self.add(linkset, _VOID + "linkPredicate", Iri(_SAME_AS))
            self.number(linkset, "triples", number)
