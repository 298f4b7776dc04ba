"""Quads to files: stable Turtle so that differences are small, every RDF format, and a table per class."""

from __future__ import annotations

import io
import re
import shutil
from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, NamedTuple

from citygraph.csv_tables import (
    METADATA_ENDING,
    STANDARD,
    CsvLayout,
    Dialect,
    TableAbout,
    TableColumn,
    describe_table,
    write_cells,
)
from citygraph.errors import ExportError
from citygraph.jsonld import write_compacted
from citygraph.labels import Labels
from citygraph.messages import Text, sentence, text
from citygraph.namespaces import CG, PREFIXES, Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Triple, serialize_to
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
            message = sentence("snapshots.no_format", format=format)
            raise ExportError(message, fix=sentence("snapshots.choose", formats=", ".join(EXPORT_FORMATS)))


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
        message = sentence("snapshots.not_xml", why=error)
        raise ExportError(message, fix=sentence("snapshots.other_format")) from error


def _write_json(quads: SortedQuads, into: BinaryIO, prefixes: Mapping[str, str]) -> None:
    with SpooledTemporaryFile(_IN_MEMORY) as body:
        try:
            write_compacted(quads, into, prefixes=prefixes, body=body)
        except ValueError as error:
            raise ExportError(error.args[0], fix=sentence("snapshots.other_format")) from error


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


# -- a table per class ----------------------------------------------------------------------------------

_TYPE: Final = PREFIXES["rdf"] + "type"
_OWL: Final = PREFIXES["owl"]
_BELOW: Final = PREFIXES["rdfs"] + "subClassOf"
_SEVERAL: Final = " | "
_LABELS: Final = (("label", "en"), ("label_nb", "nb"))
"""The columns of names, and their languages; the first was there before the second."""


class ClassTable(NamedTuple):
    """The table of a class: the name of its file, the CSV, and the metadata that belong beside it."""

    name: str
    data: bytes
    metadata: bytes


def tables_per_class(
    quads: Iterable[Quad],
    *,
    prefixes: Mapping[str, str] = PREFIXES,
    layout: CsvLayout = STANDARD,
    about: TableAbout | None = None,
) -> dict[str, bytes]:
    """A CSV table for each class of the data: one row a thing, one column a property, by the name of the class.

    Several values of one property stand in one cell, separated by ` | `. Cells are plain: IRIs as CURIEs. `label` and
    `label_nb` are the names in English and bokmål; a membership is named by what it ties together.

    Args:
        quads: the graph.
        prefixes: for CURIEs.
        layout: how cells are laid out.
        about: what the metadata of each say beside its title (licence, day, source); with it they are given too, in the
            standard layout, by the name that they have beside the table.
    """
    found: dict[str, bytes] = {}
    for table in class_tables(quads, prefixes=prefixes, layout=layout, about=about or TableAbout(Text())):
        found[table.name] = table.data
        if about is not None and layout.dialect is Dialect.STANDARD:
            found[table.name + METADATA_ENDING] = table.metadata
    return found


def class_tables(
    quads: Iterable[Quad], *, about: TableAbout, prefixes: Mapping[str, str] = PREFIXES, layout: CsvLayout = STANDARD
) -> Iterator[ClassTable]:
    """The tables of `tables_per_class` one after the other, so that only one is in memory.

    Of a class and those above it that have the same things the lowest gives a table.
    """
    given = quads if isinstance(quads, SortedQuads) else SortedQuads(quads)
    members: dict[str, array[int]] = defaultdict(lambda: array("q"))
    above: dict[str, set[str]] = defaultdict(set)
    for number, group in enumerate(given.groups()):
        if isinstance(group[0].subject, Iri):
            for class_ in _objects(group, _TYPE):
                if not class_.startswith(_OWL):
                    members[class_].append(number)
            above[group[0].subject.value] |= _objects(group, _BELOW)
    labels, curies = Labels(given, prefixes=prefixes), Curies(prefixes)
    names: set[str] = set()
    for class_, numbers in _each_once(members, above):
        name = _file_name(class_, curies, names)
        table = _Table(given, numbers, labels, curies)
        metadata = describe_table(name, table.columns, replace(about, title=_both(labels, class_)))
        yield ClassTable(name, table.as_csv(layout), metadata)


def _objects(group: Iterable[Quad], predicate: str) -> set[str]:
    return {quad.object.value for quad in group if quad.predicate.value == predicate and isinstance(quad.object, Iri)}


def _each_once(
    members: Mapping[str, array[int]], above: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, array[int]]]:
    """The classes in order, without those above another of the same things; of two that mean the same ours, or the first."""
    same: dict[bytes, list[str]] = defaultdict(list)
    for class_, numbers in members.items():
        same[numbers.tobytes()].append(class_)
    for class_, numbers in sorted(members.items()):
        others = (other for other in same[numbers.tobytes()] if other != class_)
        higher = _all_above(class_, above)
        lower = [other for other in others if class_ in _all_above(other, above)]
        if all(other in higher and _rank(class_) < _rank(other) for other in lower):
            yield class_, numbers


def _all_above(class_: str, above: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [class_]
    while waiting:
        new = set(above.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def _rank(class_: str) -> tuple[bool, str]:
    return not class_.startswith(CG), class_


def _file_name(class_: str, curies: Curies, taken: set[str]) -> str:
    """A name for the file that no disk and no address reads otherwise, and that no other table has."""
    stem = re.sub(r"[^\w.-]", "-", curies.of(class_).strip("<>"))
    numbered = (f"{stem}-{number}" for number in count(2))
    free = next(each for each in chain([stem], numbered) if each.casefold() not in taken)
    taken.add(free.casefold())
    return f"{free}.csv"


def _both(labels: Labels, iri: str) -> Text:
    return Text(labels.of(iri, "nb"), labels.of(iri, "en"))


class _Table:
    """The table of one class."""

    def __init__(self, quads: SortedQuads, numbers: array[int], labels: Labels, curies: Curies) -> None:
        self._quads, self._numbers, self._labels, self._curies = quads, numbers, labels, curies
        self._keys: dict[tuple[str, str], str] = {}
        self._several: set[str] = set()
        for number in numbers:
            headings = Counter(self._heading(each) for each in self._about(number))
            self._several |= {each for each, times in headings.items() if times > 1}
        self._headings = sorted(self._keys.values())

    @property
    def columns(self) -> list[TableColumn]:
        """What its columns are."""
        label = text("publish.table.label")
        first = [TableColumn("id", Text("id", "id")), *(TableColumn(name, label, language=of) for name, of in _LABELS)]
        keys = sorted(self._keys.items(), key=lambda each: each[1])
        return [*first, *(self._column(heading, iri, language) for (iri, language), heading in keys)]

    def _column(self, heading: str, iri: str, language: str) -> TableColumn:
        separator = _SEVERAL if heading in self._several else ""
        return TableColumn(heading, _both(self._labels, iri), language=language, property=iri, separator=separator)

    def as_csv(self, layout: CsvLayout) -> bytes:
        """A row for each thing below the headings."""
        head = ["id", *(name for name, _ in _LABELS), *self._headings]
        return write_cells(chain([head], self._rows(layout)), layout)

    def _rows(self, layout: CsvLayout) -> Iterator[list[str]]:
        for number in self._numbers:
            values: dict[str, list[str]] = {}
            for triple in self._about(number):
                cell = layout.cell(triple.object, self._cell(triple.object))
                values.setdefault(self._heading(triple), []).append(cell)
            thing = str(getattr(self._quads.about(number)[0].subject, "value", ""))
            names = [self._labels.name(thing, of) for _, of in _LABELS]
            cells = [_SEVERAL.join(sorted(values.get(heading, ()))) for heading in self._headings]
            yield [self._curies.of(thing), *names, *cells]

    def _about(self, number: int) -> list[Triple]:
        """What is said of a thing besides its types."""
        triples = distinct_triples(self._quads.about(number))
        return [each for each in triples if each.predicate.value != _TYPE or not isinstance(each.object, Iri)]

    def _heading(self, triple: Triple) -> str:
        language = (triple.object.language or "") if isinstance(triple.object, Literal) else ""
        key = triple.predicate.value, language
        known = self._keys.get(key)
        if known is None:
            name = self._curies.of(key[0])
            known = self._keys[key] = f"{name}@{language}" if language else name
        return known

    def _cell(self, term: object) -> str:
        if isinstance(term, Iri):
            return self._curies.of(term.value)
        return term.value if isinstance(term, Literal) else str(term)
