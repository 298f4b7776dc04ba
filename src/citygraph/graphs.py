"""The graph as its files: what each file states, lexical forms kept, and where each statement stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath

from citygraph.rdf import Iri, Quad, Triple
from citygraph.turtle import Place, TurtleError, places, read_document

__all__ = ["FileGraph", "Part", "ProjectGraphs", "covers", "graph_iri", "part_of"]


class Part(StrEnum):
    """What a file is for; the stages ask for files by this."""

    ONTOLOGY = "ontology"
    SHAPES = "shapes"
    DATA = "data"
    SOURCES = "sources"
    MAPPINGS = "mappings"


def part_of(path: str) -> Part:
    """What a file is for, by its path from the project folder."""
    name = PurePosixPath(path).name
    if path.startswith("ontology/"):
        return Part.SHAPES if name.startswith("shapes") else Part.ONTOLOGY
    if path.startswith("mappings/"):
        return Part.MAPPINGS
    return Part.SOURCES if name == "sources.ttl" or path.startswith("data/sources/") else Part.DATA


def graph_iri(base: str, path: str) -> Iri:
    """The name of the graph that holds the file at `path`, relative to the project folder."""
    return Iri(f"{base}graph/{PurePosixPath(path)}")


@dataclass(frozen=True)
class FileGraph:
    """One file: its path from the project folder, the name of its graph, its text and its quads."""

    path: str
    name: Iri
    part: Part
    text: str
    quads: tuple[Quad, ...]

    @cached_property
    def _places(self) -> dict[tuple[str, str, str], Place]:
        if not self.path.endswith(".ttl"):
            return {}
        try:
            return places(read_document(self.text))
        except TurtleError:
            # The RDF parser reads more (RDF 1.2) than our reader of places; the finding then names the file alone.
            return {}

    def place(self, subject: str, predicate: str = "", object_: str = "") -> Place | None:
        """Where a statement stands, else its predicate, else its subject; terms in N-Triples syntax."""
        for key in ((subject, predicate, object_), (subject, predicate, ""), (subject, "", "")):
            if key in self._places:
                return self._places[key]
        return None


@dataclass(frozen=True)
class ProjectGraphs:
    """Every file of one project that could be read, in the order of their paths."""

    base: str
    files: tuple[FileGraph, ...] = ()

    def of(self, *parts: Part) -> tuple[FileGraph, ...]:
        """The files of these parts; all of them without an argument."""
        return tuple(file for file in self.files if not parts or file.part in parts)

    def quads(self, *parts: Part) -> Iterator[Quad]:
        """The quads of these parts, file by file."""
        for file in self.of(*parts):
            yield from file.quads

    def triples(self, *parts: Part) -> list[Triple]:
        """The triples of these parts, each once, in the order of the files."""
        return list(dict.fromkeys(quad.triple for quad in self.quads(*parts)))

    @cached_property
    def _files_by_subject(self) -> dict[str, list[FileGraph]]:
        index: dict[str, list[FileGraph]] = {}
        for file in self.files:
            for subject in dict.fromkeys(str(quad.subject) for quad in file.quads):
                index.setdefault(subject, []).append(file)
        return index

    @cached_property
    def _files_by_property(self) -> dict[tuple[str, str], list[FileGraph]]:
        index: dict[tuple[str, str], list[FileGraph]] = {}
        for file in self.files:
            for key in dict.fromkeys((str(quad.subject), str(quad.predicate)) for quad in file.quads):
                index.setdefault(key, []).append(file)
        return index

    @cached_property
    def _file_by_statement(self) -> dict[tuple[str, str, str], FileGraph]:
        return {
            (str(quad.subject), str(quad.predicate), str(quad.object)): file
            for file in reversed(self.files)
            for quad in file.quads
        }

    def locate(self, subject: str, predicate: str = "", object_: str = "") -> tuple[str, int, int]:
        """File, line and column of a statement; as much of it as is known, `("", 0, 0)` for nothing."""
        exact = self._file_by_statement.get((subject, predicate, object_)) if object_ else None
        candidates = [exact] if exact else self._files_by_subject.get(subject, [])
        with_predicate = self._files_by_property.get((subject, predicate), []) if predicate and not exact else []
        for file in [*with_predicate, *candidates]:
            place = file.place(subject, predicate, object_)
            return (file.path, place.line, place.column) if place else (file.path, 0, 0)
        return ("", 0, 0)

    @classmethod
    def from_quads(cls, base: str, quads: Iterable[Quad]) -> ProjectGraphs:
        """The graphs as they come out of a snapshot: the files by their names, without their text."""
        by_name: dict[Iri, list[Quad]] = {}
        for quad in quads:
            if isinstance(quad.graph_name, Iri):
                by_name.setdefault(quad.graph_name, []).append(quad)
        prefix = f"{base}graph/"
        paths = {name: name.value.removeprefix(prefix) for name in by_name}
        files = (FileGraph(path, name, part_of(path), "", tuple(by_name[name])) for name, path in paths.items())
        return cls(base, tuple(sorted(files, key=lambda file: file.path)))

    def with_files(self, files: Iterable[FileGraph]) -> ProjectGraphs:
        """The same project with more files."""
        return ProjectGraphs(self.base, (*self.files, *files))


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern of `publish.internal` covers a path: both are from the project folder, with `/`.

    It does when the path or a folder that it lies in fits, or its name fits at any depth below the folder of the pattern.
    """
    parts = [part for part in PurePosixPath(pattern).parts if part != "**"]
    if not parts:
        return "**" in pattern
    whole, above = "/".join(parts), "/".join(parts[:-1])
    each = PurePosixPath(path)
    if any(one.match(whole) for one in (each, *_above(each))):
        return True
    return each.match(parts[-1]) and any(one.match(above) for one in _above(each) if above)


def _above(path: PurePosixPath) -> list[PurePosixPath]:
    return [parent for parent in path.parents if parent.name]
