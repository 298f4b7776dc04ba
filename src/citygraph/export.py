"""Quads to files: stable Turtle so that differences are small, every RDF format, and a table per class."""

from __future__ import annotations

import csv
import io
import json
import shutil
from array import array
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import groupby
from json.encoder import encode_basestring
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final

from citygraph.errors import ExportError
from citygraph.labels import Labels
from citygraph.namespaces import PREFIXES, XSD_STRING, Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple, serialize_to
from citygraph.results import defused
from citygraph.sorted_quads import SortedQuads, distinct_triples
from citygraph.turtle.layout import blocks_of

EXPORT_FORMATS: Final = ("ttl", "nt", "nq", "trig", "jsonld", "rdf", "csv")
_IN_MEMORY: Final = 4_000_000
"""Bytes of Turtle that wait in memory for the prefixes above them; more wait on disk."""


def export_bytes(quads: Iterable[Quad], *, format: str, prefixes: Mapping[str, str] = PREFIXES) -> bytes:  # noqa: A002
    """The quads in one RDF format; the bytes depend on the quads alone, not on their order.

    Formats without graphs get each triple once.

    Raises:
        ExportError: the format cannot carry the quads, as RDF/XML with a property that is no XML name.
    """
    file = io.BytesIO()
    write_graph(quads, file, format=format, prefixes=prefixes)
    return file.getvalue()


def write_graph(
    quads: Iterable[Quad],
    into: BinaryIO,
    *,
    format: str,  # noqa: A002
    prefixes: Mapping[str, str] = PREFIXES,
) -> None:
    """Write what `export_bytes` gives into a file; quads that are sorted already are not sorted again.

    Raises:
        ExportError: the format cannot carry the quads; the file holds a part of them.
    """
    given = quads if isinstance(quads, SortedQuads) else SortedQuads(quads)
    match format:
        case "ttl":
            _write_blocks([("", given)], into, prefixes)
        case "nt":
            serialize_to(into, given.triples(), format="nt")
        case "nq":
            serialize_to(into, given, format="nq")
        case "trig":
            _write_trig(given, into, prefixes)
        case "jsonld":
            _write_json(given, into, prefixes)
        case "rdf":
            _write_xml(given, into, prefixes)
        case _:
            message = f"There is no format {format!r} for a graph."
            raise ExportError(message, fix=f"Choose one of: {', '.join(EXPORT_FORMATS)}.")


_TYPE: Final = PREFIXES["rdf"] + "type"
# What `json.dumps` does with one text, without the way there.
_quoted: Final = encode_basestring


def _used(quads: SortedQuads, prefixes: Mapping[str, str]) -> dict[str, str]:
    """Only the prefixes that a predicate or a type needs, so that the head of the file does not wander."""
    names = quads.names()
    return {
        prefix: namespace
        for prefix, namespace in sorted(prefixes.items())
        if any(name.startswith(namespace) for name in names)
    }


def _write_xml(quads: SortedQuads, into: BinaryIO, prefixes: Mapping[str, str]) -> None:
    try:
        serialize_to(into, quads.triples(), format="rdf", prefixes=_used(quads, prefixes))
    except (OSError, ValueError) as error:
        message = f"RDF/XML cannot carry this graph: {error}."
        raise ExportError(message, fix="Choose another format, such as ttl or nt.") from error


def _write_trig(quads: SortedQuads, into: BinaryIO, prefixes: Mapping[str, str]) -> None:
    """One block for each graph, in the Turtle style inside it."""
    graphs: dict[str, list[SortedQuads]] = defaultdict(list)
    graphs_of: dict[BlankNode, set[str]] = defaultdict(set)
    for graph in quads.by_graph():
        first = next(iter(graph)).graph_name
        name = str(first) if isinstance(first, Iri) else ""
        graphs[name].append(graph)
        for quad in graph:
            for term in (quad.subject, quad.object):
                if isinstance(term, BlankNode):
                    graphs_of[term].add(name)
    # A label means the same node in the whole file (TriG, 2.3), whichever graph it stands in.
    shared = {node for node, names in graphs_of.items() if len(names) > 1}
    parts = [
        (name, found[0] if len(found) == 1 else SortedQuads(quad for graph in found for quad in graph))
        for name, found in sorted(graphs.items())
    ]
    _write_blocks(parts, into, prefixes, shared)


def _write_blocks(
    graphs: Iterable[tuple[str, SortedQuads]],
    into: BinaryIO,
    prefixes: Mapping[str, str],
    shared: Container[BlankNode] = (),
) -> None:
    """The prefixes that are used, and the blocks of each graph; those of a named one stand between braces."""
    curies = Curies(prefixes)
    labels: dict[BlankNode, str] = {}
    with SpooledTemporaryFile(_IN_MEMORY) as body:
        for name, quads in graphs:
            before = f"\n{name} {{\n\n" if name else "\n"
            for block in blocks_of(quads, curies, labels=labels, shared=shared):
                body.write(f"{before}{block}\n".encode())
                before = "\n"
            if name:
                body.write(b"\n}\n")
        head = "".join(f"@prefix {prefix}: <{prefixes[prefix]}> .\n" for prefix in sorted(curies.used))
        into.write(head.encode())
        # Nothing stands above the first block when no prefix is used.
        body.seek(0 if head else 1)
        shutil.copyfileobj(body, into)


# -- JSON-LD --------------------------------------------------------------------------------------------

_NESTED: Final = 3
"""Blanks before a key of a thing."""
_MOST_SHORT: Final = 100_000
"""Short IRIs that are kept."""


def _write_json(quads: SortedQuads, into: BinaryIO, prefixes: Mapping[str, str]) -> None:
    """A compacted document whose default graph is the graph: each triple once, whichever graph says it.

    Things stand one after the other, those without a name under labels. Nothing but prefixes is in the context, so that
    the form of a value never depends on other values.

    Raises:
        ExportError: a statement speaks of another, which JSON-LD cannot carry.
    """
    writer = _JsonThings(prefixes, quads)
    with SpooledTemporaryFile(_IN_MEMORY) as body:
        before = "\n"
        for group in quads.groups():
            body.write(f"{before}{writer.thing(group)}".encode())
            before = ",\n"
        context = {prefix: prefixes[prefix] for prefix in sorted(writer.used)}
        head = json.dumps(context, ensure_ascii=False, indent=2).replace("\n", "\n ")
        into.write(f'{{\n "@context": {head},\n "@graph": ['.encode())
        body.seek(0)
        shutil.copyfileobj(body, into)
        into.write(b"\n ]\n}\n")


class _JsonThings:
    """Things as objects of JSON, their IRIs shortened."""

    def __init__(self, prefixes: Mapping[str, str], quads: Iterable[Quad]) -> None:
        # Only a namespace that ends so makes a prefix (JSON-LD 1.1, 4.1.5); `geo:63.4,10.4` would be taken for one.
        fit = {name: space for name, space in prefixes.items() if name and space.endswith(tuple(":/?#[]@"))}
        schemes = _schemes(quads, fit)
        self._prefixes = {name: space for name, space in fit.items() if name not in schemes}
        self._short: dict[str, str] = {}
        self.used: set[str] = set()

    def thing(self, group: Iterable[Quad]) -> str:
        """All that is said of one thing."""
        triples = list(distinct_triples(group))
        types = [each for each in triples if each.predicate.value == _TYPE and isinstance(each.object, Iri)]
        # A reader that keeps nothing in memory wants the types first (Streaming JSON-LD, 3.1).
        pairs = [("@type", [self._node(each.object) for each in types])] if types else []
        pairs.append(("@id", [self._node(triples[0].subject)]))
        said = (each for each in triples if each.predicate.value != _TYPE or not isinstance(each.object, Iri))
        for predicate, some in groupby(said, key=lambda each: each.predicate.value):
            pairs.append((self._iri(predicate), [self._value(each.object) for each in some]))
        lines = [f"{_quoted(key)}: {_one_or_all(values)}" for key, values in pairs]
        indent = "\n" + " " * _NESTED
        return f"  {{{indent}{f',{indent}'.join(lines)}\n  }}"

    def _iri(self, iri: str) -> str:
        short = self._short.get(iri)
        if short is None:
            fit = ((name, iri[len(space) :]) for name, space in self._prefixes.items() if iri.startswith(space))
            prefix, rest = min(
                ((name, rest) for name, rest in fit if rest and not rest.startswith("//")),
                key=_length,
                default=("", ""),
            )
            short = f"{prefix}:{rest}" if prefix else iri
            self.used |= {prefix} - {""}
            if len(self._short) < _MOST_SHORT:
                self._short[iri] = short
        return short

    def _node(self, term: Term) -> str:
        return _quoted(self._iri(term.value) if isinstance(term, Iri) else str(term))

    def _value(self, term: Term) -> str:
        match term:
            case Literal() if term.language:
                direction = f'"@direction": "{term.direction}", ' if term.direction is not None else ""
                return f'{{"@language": "{term.language}", {direction}"@value": {_quoted(term.value)}}}'
            case Literal() if term.datatype.value == XSD_STRING:
                return _quoted(term.value)
            case Literal():
                return f'{{"@type": {self._node(term.datatype)}, "@value": {_quoted(term.value)}}}'
            case Triple():
                message = f"JSON-LD cannot carry this graph: a statement speaks of another, {term}."
                raise ExportError(message, fix="Choose another format, such as ttl or nt.")
            case _:
                return f'{{"@id": {self._node(term)}}}'


def _length(parts: tuple[str, str]) -> tuple[int, str]:
    """The shortest comes first, as the standard says (JSON-LD 1.1 Processing, 6.2)."""
    return sum(map(len, parts)), parts[0]


def _schemes(quads: Iterable[Quad], prefixes: Container[str]) -> set[str]:
    """The prefixes that whole IRIs of the graph begin with, which a reader would take for short ones."""
    found: set[str] = set()
    for quad in quads:
        for term in (quad.subject, quad.predicate, quad.object):
            iri = term.datatype if isinstance(term, Literal) else term
            if isinstance(iri, Iri) and not iri.value.startswith(("http://", "https://")):
                scheme, _, rest = iri.value.partition(":")
                if scheme in prefixes and not rest.startswith("//"):
                    found.add(scheme)
    return found


def _one_or_all(values: list[str]) -> str:
    """A value, or a list with a line for each."""
    indent = "\n" + " " * (_NESTED + 1)
    return values[0] if len(values) == 1 else f"[{indent}{f',{indent}'.join(values)}\n{' ' * _NESTED}]"


# -- a table per class ----------------------------------------------------------------------------------

_OWL: Final = PREFIXES["owl"]


def tables_per_class(quads: Iterable[Quad], *, prefixes: Mapping[str, str] = PREFIXES) -> dict[str, bytes]:
    """A CSV table for each class of the data: one row a thing, one column a property, by the name of the class.

    Several values of one property stand in one cell, separated by ` | `. Cells are plain: IRIs as CURIEs.
    """
    return dict(class_tables(quads, prefixes=prefixes))


def class_tables(quads: Iterable[Quad], *, prefixes: Mapping[str, str] = PREFIXES) -> Iterator[tuple[str, bytes]]:
    """The tables of `tables_per_class` one after the other, so that only one is in memory."""
    given = quads if isinstance(quads, SortedQuads) else SortedQuads(quads)
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, group in enumerate(given.groups()):
        subject = group[0].subject
        if isinstance(subject, Iri):
            for class_ in _classes(group):
                members[class_].append((subject.value, number))
    curies = Curies(prefixes)
    for class_, things in sorted(members.items()):
        numbers = array("q", (number for _, number in sorted(things)))
        yield _file_name(class_, curies), _Table(given, numbers, prefixes, curies).as_csv()


def _classes(group: Iterable[Quad]) -> set[str]:
    return {
        quad.object.value
        for quad in group
        if quad.predicate.value == _TYPE and isinstance(quad.object, Iri) and not quad.object.value.startswith(_OWL)
    }


def _file_name(class_: str, curies: Curies) -> str:
    return curies.of(class_).strip("<>").replace(":", "-").replace("/", "-") + ".csv"


class _Table:
    """The table of one class."""

    def __init__(self, quads: SortedQuads, numbers: array[int], prefixes: Mapping[str, str], curies: Curies) -> None:
        self._quads, self._numbers, self._prefixes, self._curies = quads, numbers, prefixes, curies
        self._names: dict[tuple[str, str | None], str] = {}

    def as_csv(self) -> bytes:
        columns = sorted({self._column(each) for number in self._numbers for each in self._about(number)})
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(["id", "label", *columns])
        for number in self._numbers:
            values: dict[str, list[str]] = {}
            for triple in self._about(number):
                values.setdefault(self._column(triple), []).append(self._cell(triple.object))
            cells = [" | ".join(sorted(values[column])) if column in values else "" for column in columns]
            writer.writerow(map(defused, (*self._name(self._quads.about(number)), *cells)))
        return text.getvalue().encode()

    def _about(self, number: int) -> list[Triple]:
        """What is said of a thing besides its types."""
        triples = distinct_triples(self._quads.about(number))
        return [each for each in triples if each.predicate.value != _TYPE or not isinstance(each.object, Iri)]

    def _name(self, group: list[Quad]) -> tuple[str, str]:
        thing = str(getattr(group[0].subject, "value", ""))
        labels = Labels(group, prefixes=self._prefixes)
        return self._curies.of(thing), labels.of(thing, "en") if thing in labels else ""

    def _column(self, triple: Triple) -> str:
        key = triple.predicate.value, triple.object.language if isinstance(triple.object, Literal) else None
        known = self._names.get(key)
        if known is None:
            name = self._curies.of(key[0])
            known = self._names[key] = f"{name}@{key[1]}" if key[1] else name
        return known

    def _cell(self, term: object) -> str:
        if isinstance(term, Iri):
            return self._curies.of(term.value)
        return term.value if isinstance(term, Literal) else str(term)
