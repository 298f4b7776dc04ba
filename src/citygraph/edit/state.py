"""The graph that an edit starts from: what is said of each thing, of which classes it is, and in which file it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Final

from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.matching.names import shortened
from citygraph.namespaces import PREFIXES, RDF_TYPE, prefixes_for
from citygraph.rdf import Iri, Term, Triple

Resolve = Callable[[str, tuple[str, ...]], Iri]
"""The one thing of some classes that a text names; raises QueryError when there is none, or when there are several."""

_SUBCLASS: Final = PREFIXES["rdfs"] + "subClassOf"
_PARTS: Final = (Part.ONTOLOGY, Part.DATA, Part.SOURCES)
# What an import has written says so above all else, with the hash of the rest.
_IMPORTED: Final = re.compile(r"\A# [^\n]* sha256 [0-9a-f]{64}\r?\n")


class EditedGraph:
    """The files of a project as they were read, looked at as one graph."""

    def __init__(self, graphs: ProjectGraphs) -> None:
        """Look at some files; nothing is read again."""
        self.graphs = graphs
        self.base = graphs.base
        self.prefixes = prefixes_for(graphs.base)
        self.said: dict[str, dict[str, list[Term]]] = {}
        self.said_of: dict[str, dict[str, list[str]]] = {}
        self._places: dict[str, list[FileGraph]] = {}
        for file in graphs.of(*_PARTS):
            for quad in file.quads:
                if isinstance(quad.subject, Iri):
                    self._tell(quad.triple)
            for subject in dict.fromkeys(quad.subject.value for quad in file.quads if isinstance(quad.subject, Iri)):
                self._places.setdefault(subject, []).append(file)
        self._taken = set(self.said) | set(self.said_of)

    def _tell(self, triple: Triple) -> None:
        subject, predicate, value = triple.subject, triple.predicate.value, triple.object
        if not isinstance(subject, Iri):
            return
        values = self.said.setdefault(subject.value, {}).setdefault(predicate, [])
        if value not in values:
            values.append(value)
            if isinstance(value, Iri):
                self.said_of.setdefault(value.value, {}).setdefault(predicate, []).append(subject.value)

    def objects(self, subject: str, predicate: str) -> list[Term]:
        """What is said of a thing by a property, in the order of the files."""
        return self.said.get(subject, {}).get(predicate, [])

    def subjects(self, predicate: str, value: str) -> list[str]:
        """The things of which this is said."""
        return self.said_of.get(value, {}).get(predicate, [])

    def states(self, triple: Triple) -> bool:
        """Whether a file says this."""
        return triple.object in self.objects(str(triple.subject)[1:-1], triple.predicate.value)

    @cached_property
    def _above(self) -> dict[str, set[str]]:
        """The classes above each class, itself among them."""
        direct = {
            subject: [each.value for each in about.get(_SUBCLASS, ()) if isinstance(each, Iri)]
            for subject, about in self.said.items()
            if _SUBCLASS in about
        }
        above: dict[str, set[str]] = {}
        for start in direct:
            found, waiting = {start}, [start]
            while waiting:
                new = [each for each in direct.get(waiting.pop(), ()) if each not in found]
                found.update(new)
                waiting += new
            above[start] = found
        return above

    def above(self, class_: str) -> set[str]:
        """A class, and those above it."""
        return self._above.get(class_, {class_})

    def classes(self, subject: str) -> set[str]:
        """The classes of a thing, and those above them."""
        own = [each.value for each in self.objects(subject, RDF_TYPE) if isinstance(each, Iri)]
        return {above for each in own for above in self.above(each)}

    def types(self) -> Iterator[Triple]:
        """Of each thing the classes that follow from its own, so that a thing is found by any of them."""
        type_ = Iri(RDF_TYPE)
        for subject, about in list(self.said.items()):
            own = {each.value for each in about.get(RDF_TYPE, ()) if isinstance(each, Iri)}
            for each in sorted(self.classes(subject) - own) if own & self._above.keys() else ():
                yield Triple(Iri(subject), type_, Iri(each))

    def instances(self, class_: str) -> list[str]:
        """The things whose files say that they are of a class."""
        return self.subjects(RDF_TYPE, class_)

    def labels_with(self, extra: Iterable[Triple] = ()) -> Labels:
        """What everything is called, also as far as statements say that are in no file yet."""
        triples = (
            Triple(Iri(subject), Iri(predicate), value)
            for subject, about in self.said.items()
            for predicate, values in about.items()
            for value in values
        )
        return Labels(chain(triples, extra), prefixes=self.prefixes)

    def files_of(self, subject: str) -> list[FileGraph]:
        """The files in which something is said of a thing."""
        return self._places.get(subject, [])

    def home_of(self, subject: str) -> FileGraph | None:
        """The file of a thing that can be edited: Turtle, and not what an import wrote; `None` without one."""
        return next((file for file in self.files_of(subject) if is_editable(file)), None)

    def file(self, path: str) -> FileGraph | None:
        """The file at a path from the project folder, as far as it was read."""
        return next((file for file in self.graphs.files if file.path == path), None)

    def free(self, stems: Iterable[str], *, space: str = "id/") -> str:
        """An address that nobody has: the first free stem, else the last of them with a number behind it; now taken."""
        tried = list(dict.fromkeys(stems))
        numbered = (f"{tried[-1]}-{number}" for number in range(3, 100_000))
        namespace = self.prefixes["concept"] if space == "concept/" else self.base + space
        for stem in chain(tried, numbered):
            iri = namespace + shortened(stem)
            if iri not in self._taken:
                self._taken.add(iri)
                return iri
        message = f"no free name for {tried[-1]}"
        raise AssertionError(message)


def is_editable(file: FileGraph) -> bool:
    """Whether a person may change a file: it is Turtle with data or sources, and no import keeps it."""
    is_data = file.part in {Part.DATA, Part.SOURCES} or file.path.startswith("ontology/themes")
    return is_data and file.path.endswith(".ttl") and not is_imported(file.text)


def is_imported(text: str) -> bool:
    """Whether an import wrote a file with this text, and keeps it."""
    return _IMPORTED.match(text) is not None
