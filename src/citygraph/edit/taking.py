"""Networks of another graph, taken over: the smallest closed part of it that says all that is said of them.

What is taken are the networks, their bodies and every fact about them, with all that these refer to: members as
authorities and places, persons, themes, documents and passages. Facts about what is taken come too, when they refer to
nothing else. Dates and sources stay as they are; texts of documents do not come along.

Whatever a graph describes has an address of that graph: so what is taken gets one below the base of the new graph, and a
table of links says which thing of the other graph it is.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from citygraph.edit.blocks import EditableTurtle
from citygraph.edit.facts import StatementChange
from citygraph.edit.plan import EditedFile, EditPlan, Placing
from citygraph.edit.state import EditedGraph, is_editable
from citygraph.errors import EditError
from citygraph.graphs import Part, part_of
from citygraph.matching.names import plain
from citygraph.messages import Text, sentence, text
from citygraph.namespaces import CG, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Triple
from citygraph.sssom import Mapping as Row
from citygraph.sssom import MappingSet, new_mapping_set, read_mappings, with_mappings, write_mappings

LINKS: Final = "data/mappings/taken-over.sssom.tsv"
"""Which thing of the other graph each thing is that was taken over."""
_SEMAPV: Final = "https://w3id.org/semapv/vocab/"
_FOAF, _ORG, _RDF, _SKOS = (PREFIXES[each] for each in ("foaf", "org", "rdf", "skos"))
_NETWORK: Final = CG + "CityNetwork"
_CONCEPT: Final = _SKOS + "Concept"
_DOCUMENT: Final = _FOAF + "Document"
_AGENT: Final = PREFIXES["prov"] + "Agent"
_LABELS: Final = (_SKOS + "prefLabel", _SKOS + "altLabel")
_THINGS: Final = frozenset({
    _NETWORK, _ORG + "Organization", _FOAF + "Person", _FOAF + "Group", _FOAF + "Agent", _AGENT, _DOCUMENT,
    *(CG + each for each in ("City", "Region", "Country")),
})  # fmt: skip
"""What a fact is about or refers to; it brings no facts along but those that refer to nothing that is not taken."""
_FACTS: Final = frozenset({
    *(CG + each for each in ("Claim", "CompletenessStatement", "Disagreement")), _ORG + "Membership",
    _ORG + "ChangeEvent", *(PREFIXES["schema"] + each for each in ("Observation", "Event")),
})  # fmt: skip
_COUNTED: Final[Mapping[str, str]] = {
    "members": _ORG + "Membership", "authorities": PREFIXES["cv"] + "PublicOrganisation", "places": CG + "City",
    "persons": _FOAF + "Person", "documents": _DOCUMENT,
}  # fmt: skip


def network_names(origin: EditedGraph) -> dict[str, Text]:
    """The networks of a graph by address, with what they are called."""
    found = {}
    for iri in origin.instances(_NETWORK):
        labels = {each.language: each.value for each in origin.objects(iri, _LABELS[0]) if isinstance(each, Literal)}
        name = labels.get("en") or next(iter(labels.values()), iri)
        found[iri] = Text(labels.get("nb") or name, name)
    return found


def networks_named(names: Iterable[str], origin: EditedGraph) -> list[str]:
    """The addresses of the networks of a graph that are called so, in either language or by the end of their address.

    Raises:
        EditError: none is, or none is named; all are in the message, or those that are near.
    """
    called: dict[str, str] = {}
    for iri in network_names(origin):
        labels = [each.value for key in _LABELS for each in origin.objects(iri, key) if isinstance(each, Literal)]
        called |= {plain(each): iri for each in (iri.rpartition("/")[2], *labels)}
    shorts = dict.fromkeys(each.rpartition("/")[2] for each in called.values())
    found = []
    for name in names:
        wanted = expand(name, origin.prefixes) or called.get(plain(name.removeprefix("id:")), "")
        if wanted not in called.values():
            near = difflib.get_close_matches(plain(name), called, n=3, cutoff=0.5)
            choices = dict.fromkeys(called[each].rpartition("/")[2] for each in near) or shorts
            fix = sentence("edit.next.networks", choices=", ".join(choices))
            raise EditError(sentence("edit.no_network", name=name), fix=fix)
        found.append(wanted)
    if not found:
        raise EditError(sentence("edit.which_network"), fix=sentence("edit.next.networks", choices=", ".join(shorts)))
    return list(dict.fromkeys(found))


class Taken:
    """The smallest closed part of a graph about some networks: `nodes` are the subjects in it."""

    def __init__(self, networks: Sequence[str], origin: EditedGraph) -> None:
        """Gather what belongs to these networks, by address."""
        self._networks, self._graph = frozenset(networks), origin
        self._own = {
            quad.subject.value
            for file in origin.graphs.of(Part.DATA, Part.SOURCES, Part.ONTOLOGY)
            if is_editable(file)
            for quad in file.quads
            if isinstance(quad.subject, Iri)
        }
        self.nodes: dict[str, bool] = {}
        """Each with whether the facts about it are taken, whatever else they refer to."""
        self._follow([(each, True) for each in networks])
        while more := [each for each in self._own - self.nodes.keys() if self._is_about_taken(each)]:
            self._follow([(each, True) for each in more])

    def _follow(self, waiting: list[tuple[str, bool]]) -> None:
        while waiting:
            node, whole = waiting.pop()
            home = self._graph.home_of(node)
            whole = whole and home is not None and part_of(home.path) is not Part.SOURCES
            if node not in self._own or self.nodes.get(node, False) or (node in self.nodes and not whole):
                continue
            self.nodes[node] = whole
            is_concept = _CONCEPT in self._graph.classes(node)
            for triple in self._said(node):
                other = triple.object.value if isinstance(triple.object, Iri) else ""
                waiting.append((other, whole and not is_concept and not self._is_thing(other)))
            if whole:
                waiting += [(each, True) for each in self._about(node, is_concept=is_concept)]

    def _said(self, node: str) -> Iterator[Triple]:
        """What is said of a node, as far as it is taken: of another network its name, of a thing no other network."""
        is_other = self._is_other(node)
        for predicate, values in self._graph.said[node].items():
            if is_other and predicate not in {*_LABELS, _RDF + "type", PREFIXES["prov"] + "wasDerivedFrom"}:
                continue
            for value in values:
                if not (isinstance(value, Iri) and self._is_other(value.value) and self._is_thing(node)):
                    yield Triple(Iri(node), Iri(predicate), value)

    def _about(self, node: str, *, is_concept: bool) -> Iterator[str]:
        """The facts about a node, its bodies, and the themes of a scheme; of a theme the claims about it alone."""
        for predicate, subjects in self._graph.said_of.get(node, {}).items():
            for each in subjects:
                is_part = predicate == _SKOS + "inScheme" or _CONCEPT not in self._graph.classes(each)
                if (predicate == _RDF + "subject" or (is_part and not is_concept)) and not self._is_thing(each):
                    yield each

    def _is_about_taken(self, fact: str) -> bool:
        """Whether a fact refers to things that are taken, and to no other."""
        if not self._graph.classes(fact) & _FACTS:
            return False
        values = {each.value for each in chain.from_iterable(self._graph.said[fact].values()) if isinstance(each, Iri)}
        things = [each for each in values & self._own if self._counts(each)]
        return bool(things) and all(each in self.nodes and not self._is_other(each) for each in things)

    def _counts(self, node: str) -> bool:
        classes = self._graph.classes(node)
        is_body = bool(self._graph.objects(node, _ORG + "unitOf"))
        return _DOCUMENT not in classes and (is_body or bool(classes & (_FACTS | _THINGS)))

    def _is_thing(self, node: str) -> bool:
        return bool(self._graph.classes(node) & _THINGS) and not self._graph.objects(node, _ORG + "unitOf")

    def _is_other(self, node: str) -> bool:
        return node not in self._networks and _NETWORK in self._graph.classes(node)

    def is_named(self, node: str) -> bool:
        """Whether others may want to know which thing this is: no fact, no document, no theme."""
        classes = self._graph.classes(node)
        is_own = node.startswith(self._graph.base + "id/")
        return is_own and _DOCUMENT not in classes and bool(classes & (_THINGS | {_ORG + "OrganizationalUnit"}))

    def by_file(self) -> dict[str, list[Triple]]:
        """What is taken, by the path of the file in which it stands, in the order of the files."""
        found: dict[str, list[Triple]] = {}
        kept = {node: set(self._said(node)) for node in self.nodes}
        for file in self._graph.graphs.of(Part.DATA, Part.SOURCES, Part.ONTOLOGY):
            if is_editable(file):
                triples = [each.triple for each in file.quads if each.triple in kept.get(str(each.subject)[1:-1], ())]
                found |= {file.path: list(dict.fromkeys(triples))} if triples else {}
        return found


# -- into the other graph -------------------------------------------------------------------------------------


def plan_taking(names: Sequence[str], origin: EditedGraph, into: EditedGraph, folder: Path, *, title: Text) -> EditPlan:
    """Networks of one graph for another one.

    Args:
        names: the networks, by their names or the ends of their addresses.
        origin: the graph that has them, without what may not leave it.
        into: the graph that is to have them.
        folder: the project of that graph.
        title: what the graph that has them is called.

    Returns:
        The plan. What the other graph has already stays as it is there.

    Raises:
        EditError: a network is not known, or all are there already; a file cannot be changed.
    """
    networks = networks_named(names, origin)
    moved = _Moved(origin, into, title)
    called = network_names(origin)
    new = [each for each in networks if moved.iri(each) not in into.said]
    if not new:
        message = sentence("edit.networks_there", names=", ".join(called[each].en for each in networks))
        raise EditError(message, fix=sentence("edit.next.networks_there"))
    taken = Taken(networks, origin)
    placing = Placing(into, folder)
    files: dict[str, list[Triple]] = {}
    fresh = {each for each in taken.nodes if moved.iri(each) not in into.said}
    for path, triples in taken.by_file().items():
        own = [moved.triple(each) for each in triples if _is_wanted(each, fresh)]
        files.setdefault(placing.usable(path), []).extend(each for each in own if not into.states(each))
    paths = sorted((each for each in files if files[each]), key=lambda path: (part_of(path) is not Part.SOURCES, path))
    changes = [_with(each, files[each], into, folder) for each in paths]
    changes += _mappings(taken, fresh, moved, origin, folder)
    names_ = Text(*(", ".join(called[each].in_language(language) for each in new) for language in ("nb", "en")))
    counts = Counter(key for key, class_ in _COUNTED.items() for each in fresh if class_ in origin.classes(each))
    numbers = {key: counts[key] for key in _COUNTED}
    told = text("edit.said.take").filled(names=names_, title=title, **numbers)
    return EditPlan(tuple(changes), (told,), tuple(moved.iri(each) for each in new))


def _is_wanted(triple: Triple, fresh: set[str]) -> bool:
    """Whether something is said of what is new; of what is there already, only how it refers to what is new."""
    subject = str(triple.subject)[1:-1]
    return subject in fresh or (isinstance(triple.object, Iri) and triple.object.value in fresh)


def _with(path: str, triples: Sequence[Triple], into: EditedGraph, folder: Path) -> EditedFile:
    place = folder / path
    before = place.read_bytes() if place.is_file() else None
    turtle = EditableTurtle(path, (before or b"").decode("utf-8"))
    return EditedFile(
        path, before, turtle.changed(StatementChange(added=tuple(triples)), prefixes=into.prefixes).encode()
    )


class _Moved:
    """The addresses of one graph as those of another. Who signed a list there is nobody of the other graph."""

    def __init__(self, origin: EditedGraph, into: EditedGraph, title: Text) -> None:
        self._old, self._title = origin.base, title
        self.base, self.prefixes = into.base, into.prefixes
        self.editors = {
            each
            for each in origin.instances(_AGENT)
            if PREFIXES["prov"] + "wasAttributedTo" in origin.said_of.get(each, {})
        }

    def iri(self, iri: str) -> str:
        """The address in the other graph."""
        for space in ("id/", "source/"):
            if iri.startswith(self._old + space):
                local = iri.removeprefix(self._old)
                return self.base + (f"{local}-of-origin" if iri in self.editors else local)
        return iri

    def triple(self, triple: Triple) -> Triple:
        """A statement with the addresses of the other graph."""
        subject, value = triple.subject, triple.object
        if isinstance(subject, Iri) and subject.value in self.editors and isinstance(value, Literal):
            name = f"{value.value} ({self._title.in_language(value.language or 'en')})"
            value = Literal(name, language=value.language) if value.language else Literal(name)
        new = [Iri(self.iri(each.value)) if isinstance(each, Iri) else each for each in (subject, value)]
        return Triple(new[0], triple.predicate, new[1])  # type: ignore[arg-type]  # kinds are kept

    def table(self, table: MappingSet) -> MappingSet:
        """An empty table with the header of one, in the addresses of the other graph."""
        metadata = {
            key: value.replace(self._old, self.base, 1) if key == "mapping_set_id" else value
            for key, value in table.metadata.items()
        }
        own = {key: self.prefixes[key] for key in table.curie_map if key in {"id", "source"}}
        metadata["curie_map"] = {**table.curie_map, **own}
        return replace(new_mapping_set(metadata), columns=table.columns)


# -- links ----------------------------------------------------------------------------------------------------


def _mappings(taken: Taken, fresh: set[str], moved: _Moved, origin: EditedGraph, folder: Path) -> Iterator[EditedFile]:
    """The links of what is new: those that the other graph has, and which thing of that graph each is."""
    prefixes = origin.prefixes
    named = {compress(each, prefixes) for each in fresh}
    editors = {compress(each, prefixes): compress(moved.iri(each), moved.prefixes) for each in moved.editors}
    for file in origin.graphs.of(Part.MAPPINGS):
        known = read_mappings(file.text)
        rows = [
            replace(each, slots={key: editors.get(value, value) for key, value in each.slots.items()}, written="")
            for each in known.mappings
            if each.subject_id in named
        ]
        if rows:
            yield _table(file.path, rows, moved.table(known), folder)
    links = [
        Row(compress(moved.iri(node), moved.prefixes), "skos:exactMatch", f"origin:{node.rpartition('/')[2]}",
            "semapv:ManualMappingCuration", 0)
        for node in sorted(fresh)
        if taken.is_named(node)
    ]  # fmt: skip
    curies = {**{each: moved.prefixes[each] for each in ("id", "skos")}, "origin": prefixes["id"], "semapv": _SEMAPV}
    header = new_mapping_set({
        "curie_map": curies,
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "mapping_set_id": f"{moved.base}mappings/taken-over",
        "mapping_set_title": "What was taken over from another graph",
    })  # fmt: skip
    yield _table(LINKS, links, header, folder)


def _table(path: str, rows: Sequence[Row], empty: MappingSet, folder: Path) -> EditedFile:
    """A table with these rows too; a row that is there already stays as it is."""
    place = folder / path
    before = place.read_bytes() if place.is_file() else None
    table = empty if before is None else read_mappings(before.decode("utf-8-sig"))
    there = {(each.subject_id, each.object_id) for each in table.mappings}
    new = [each for each in rows if (each.subject_id, each.object_id) not in there]
    return EditedFile(path, before, write_mappings(with_mappings(table, new)).encode())
