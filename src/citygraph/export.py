"""Quads to files: stable Turtle so that differences are small, every RDF format, and a table per class."""

from __future__ import annotations

import csv
import io
import shutil
from array import array
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final

from citygraph.errors import ExportError
from citygraph.labels import Labels
from citygraph.namespaces import PREFIXES, Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Triple, serialize_to
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
            in_order = (quad for graph in given.by_graph() for quad in graph)
            serialize_to(into, in_order, format="jsonld", prefixes=_used(given, prefixes))
        case "rdf":
            _write_xml(given, into, prefixes)
        case _:
            message = f"There is no format {format!r} for a graph."
            raise ExportError(message, fix=f"Choose one of: {', '.join(EXPORT_FORMATS)}.")


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


_TYPE: Final = PREFIXES["rdf"] + "type"
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
