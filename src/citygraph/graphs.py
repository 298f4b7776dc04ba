"""The graph as its files: what each file states, lexical forms kept, and where each statement stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urljoin

from citygraph.lexer import bare_name
from citygraph.rdf import Iri, Quad, Triple
from citygraph.turtle.document import Document, TurtleError, WrittenTerm, read_document

MAPPINGS: Final = ".sssom.tsv"
"""The ending of a file of links."""
# RFC 3987, 2.2, and the sign of the escape itself, so that every path has a name of its own.
_UNFIT: Final = re.compile(
    r"[^!$&'()*+,./0-9:;=?@A-Z_a-z~\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd-]"
)


class Part(StrEnum):
    """What a file is for; the stages ask for files by this."""

    ONTOLOGY = "ontology"
    SHAPES = "shapes"
    KINDS = "kinds"
    DATA = "data"
    SOURCES = "sources"
    MAPPINGS = "mappings"


def part_of(path: str) -> Part:
    """What a file is for, by its path from the project folder, or by the path that the name of its graph gives."""
    name = PurePosixPath(path).name
    if path.startswith("ontology/"):
        return Part.SHAPES if name.startswith("shapes") else Part.KINDS if name.startswith("kinds") else Part.ONTOLOGY
    if path.startswith("mappings/"):
        return Part.MAPPINGS
    return Part.SOURCES if name == "sources.ttl" or path.startswith("data/sources/") else Part.DATA


def graph_iri(base: str, path: str) -> Iri:
    """The name of the graph that holds the file at `path`, relative to the project folder.

    What may not stand in an address, such as a blank, is written with `%`.
    """
    return Iri(_graph_name(base, path))


LIFTED: Final = ("stated", "inferred", "rejected", "facts")
"""The graphs of what does not hold on the day: what the files state of another time, what follows besides when time is
lifted, what would follow if facts counted that somebody has rejected, and which facts these are and why."""


def lifted_graph(base: str, kind: str) -> Iri:
    """The name of the graph of one of the `LIFTED` kinds."""
    return Iri(f"{base}graph/ever/{kind}")


def stated_of_other_times(lifted: Iterable[Quad], base: str) -> set[Triple]:
    """What the files state and does not hold on the day, out of all that does not hold."""
    name = lifted_graph(base, LIFTED[0])
    return {quad.triple for quad in lifted if quad.graph_name == name}


def graph_of_file(base: str, path: str) -> Iri:
    """The name of the graph that holds what the file at `path` states: for a file of links `mappings/NAME`, wherever it lies."""
    return Iri(_graph_name(base, _named_by(path)))


def _named_by(path: str) -> str:
    return f"mappings/{PurePosixPath(path).name.removesuffix(MAPPINGS)}" if path.endswith(MAPPINGS) else path


def _graph_name(base: str, path: str) -> str:
    name = _UNFIT.sub(lambda match: quote(match[0], safe="", errors="surrogateescape"), str(PurePosixPath(path)))
    return f"{base}graph/{name}"


def path_of_graph(name: str, *, base: str) -> str:
    """The path that `graph_iri` made a name of."""
    return unquote(name.removeprefix(f"{base}graph/"), errors="surrogateescape")


@dataclass(frozen=True)
class FileGraph:
    """One file: its path from the project folder, the name of its graph, its text and its quads.

    `declared` are prefixes that the text uses and does not declare, and what they were taken to mean.
    """

    path: str
    name: Iri
    part: Part
    text: str
    quads: tuple[Quad, ...]
    declared: tuple[tuple[str, str], ...] = ()

    @cached_property
    def triples(self) -> tuple[Triple, ...]:
        """The triples of its quads, made once for all who ask for them."""
        return tuple(quad.triple for quad in self.quads)

    @cached_property
    def _places(self) -> dict[tuple[str, str, str], Place]:
        if not self.path.endswith(".ttl"):
            return {}
        try:
            return places(read_document(self.text), dict(self.declared))
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

    @cached_property
    def _triples(self) -> dict[frozenset[Part], tuple[Triple, ...]]:
        return {}

    def triples(self, *parts: Part) -> tuple[Triple, ...]:
        """The triples of these parts, each once, in the order of the files; made when they are first asked for."""
        kept = frozenset(parts or Part)
        if kept not in self._triples:
            self._triples[kept] = tuple(dict.fromkeys(each for file in self.of(*parts) for each in file.triples))
        return self._triples[kept]

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

    @cached_property
    def _property_between(self) -> dict[tuple[str, str], str]:
        return {
            (str(quad.subject), str(quad.object)): str(quad.predicate)
            for file in reversed(self.files)
            for quad in reversed(file.quads)
        }

    def property_between(self, subject: str, object_: str) -> str:
        """The property of the first statement that has this subject and this object; empty when there is none."""
        return self._property_between.get((subject, object_), "")

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
        paths = {name: path_of_graph(name.value, base=base) for name in by_name}
        files = (FileGraph(path, name, part_of(path), "", tuple(by_name[name])) for name, path in paths.items())
        return cls(base, tuple(sorted(files, key=lambda file: file.path)))


def is_internal(path: str, patterns: Iterable[str], *, base: str) -> bool:
    """Whether one of the patterns of `publish.internal` covers the file at `path`, or is the name of its graph."""
    graph = _graph_name(base, _named_by(path))
    return any(pattern == graph or covers(pattern, path) for pattern in patterns)


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


# -- where statements stand in a Turtle file -------------------------------------------------------------

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_QUOTING: Final = (
    ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\b", "\\b"), ("\f", "\\f"),
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
_QUOTED = re.compile(r"(\"\"\"|'''|\"|')(.*)\1(@[A-Za-z0-9-]+|\^\^.+)?\Z", re.DOTALL)


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


def places(document: Document, declared: Mapping[str, str] = MappingProxyType({})) -> dict[tuple[str, str, str], Place]:
    """The place of every statement and of every subject.

    Keys are terms in N-Triples syntax. A key with an empty predicate and object is the place of the
    subject itself; one with an empty object is the first statement with that predicate. Statements
    inside brackets are found through the statement that encloses them. `declared` are prefixes besides those of the
    document.
    """
    found: dict[tuple[str, str, str], Place] = {}
    prefixes = {name: f"<{iri}>" for name, iri in declared.items()}
    resolve = TermResolver({**prefixes, **document.prefixes}, document.base)
    for block in document.blocks:
        subject = resolve.term(block.subject)
        found.setdefault((subject, "", ""), Place(block.subject.line, block.subject.column))
        for pair in block.pairs:
            predicate = resolve.term(pair.predicate)
            shared = pair.predicate.line == pair.object.line
            place = Place(pair.object.line, pair.predicate.column if shared else pair.object.column)
            found.setdefault((subject, predicate, ""), place)
            found.setdefault((subject, predicate, resolve.term(pair.object)), place)
    return found


class TermResolver:
    """Terms as written to terms in N-Triples syntax."""

    def __init__(self, prefixes: Mapping[str, str], base: str) -> None:
        """The prefixes and the base of the document, as it writes them, in angle brackets."""
        self._prefixes = {name: iri[1:-1] for name, iri in prefixes.items()}
        self._base = base[1:-1]

    def term(self, node: WrittenTerm) -> str:
        """The term in N-Triples syntax; empty for a list and for a blank node with properties."""
        text = node.text
        if not text:
            return ""
        if text[0] in "\"'":
            return self._literal(text)
        if text in {"true", "false"}:
            return f'"{text}"^^<{_XSD}boolean>'
        if text[0] in "+-.0123456789":
            kind = "double" if "e" in text.lower() else "decimal" if "." in text else "integer"
            return f'"{text}"^^<{_XSD}{kind}>'
        return self._iri(text)

    def _iri(self, text: str) -> str:
        if text.startswith("<"):
            iri = _unescape(text[1:-1])
            return f"<{urljoin(self._base, iri) if self._base and ':' not in iri.split('/')[0] else iri}>"
        if text.startswith(("_:", "[")):
            return text
        prefix, _, local = text.partition(":")
        return f"<{self._prefixes.get(prefix, '')}{bare_name(local)}>"

    def _literal(self, text: str) -> str:
        match = _QUOTED.match(text)
        if match is None:
            return text
        value, suffix = _unescape(match.group(2)), match.group(3) or ""
        quoted = _quote(value)
        if suffix.startswith("@"):
            # RDF 1.1 Concepts, 3.3: tags are equal in any case, and the RDF parser writes them small.
            return quoted + suffix.lower()
        if suffix.startswith("^^"):
            datatype = self._iri(suffix[2:])
            return quoted if datatype == f"<{_XSD}string>" else f"{quoted}^^{datatype}"
        return quoted


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] in "uU" and len(code) > 1 else _ESCAPES.get(code, code)

    return _ESCAPED.sub(one, text)


def _quote(value: str) -> str:
    """As in canonical N-Triples, so that the key equals `str(term)` of the RDF parser."""
    for plain, escaped in _QUOTING:
        value = value.replace(plain, escaped)
    value = _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04X}", value)
    return f'"{value}"'
