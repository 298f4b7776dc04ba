"""Quads to files: stable Turtle so that differences are small, every RDF format, and a table per class."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from xml.parsers import expat

from citygraph.errors import ExportError
from citygraph.labels import Labels
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Triple, serialize
from citygraph.turtle import document_of, write_document

__all__ = ["EXPORT_FORMATS", "export_bytes", "tables_per_class"]

EXPORT_FORMATS: Final = ("ttl", "nt", "nq", "trig", "jsonld", "rdf", "csv")
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_OWL: Final = PREFIXES["owl"]


def export_bytes(quads: Iterable[Quad], *, format: str, prefixes: Mapping[str, str] = PREFIXES) -> bytes:  # noqa: A002
    """The quads in one RDF format; the bytes depend on the quads alone, not on their order.

    Formats without graphs get each triple once.

    Raises:
        ExportError: the format cannot carry the quads, as RDF/XML with a property that is no XML name.
    """
    unique = sorted(set(quads), key=str)
    triples = list(dict.fromkeys(quad.triple for quad in unique))
    match format:
        case "ttl":
            return write_document(document_of(triples, prefixes=prefixes)).encode()
        case "nt":
            return serialize(sorted(triples, key=str), format="nt")
        case "nq":
            return serialize(unique, format="nq")
        case "trig":
            return _trig(unique, prefixes)
        case "jsonld":
            return serialize(sorted(unique, key=_by_graph), format="jsonld", prefixes=_used(unique, prefixes))
        case "rdf":
            try:
                data = serialize(sorted(triples, key=str), format="rdf", prefixes=_used(unique, prefixes))
                # pyoxigraph 0.5 writes what is no XML: a property without a local name, a control character.
                expat.ParserCreate(namespace_separator=" ").Parse(data, True)  # noqa: FBT003  # expat's own signature
                return data  # noqa: TRY300
            except (OSError, ValueError, expat.ExpatError) as error:
                message = f"RDF/XML cannot carry this graph: {error}."
                raise ExportError(message, fix="Choose another format, such as ttl or nt.") from error
    message = f"There is no format {format!r} for a graph."
    raise ExportError(message, fix=f"Choose one of: {', '.join(EXPORT_FORMATS)}.")


def _by_graph(quad: Quad) -> tuple[str, str]:
    return (str(quad.graph_name), str(quad))


def _used(quads: Sequence[Quad], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Only the prefixes that a predicate or a type needs, so that the head of the file does not wander."""
    names = {quad.predicate.value for quad in quads}
    names |= {quad.object.value for quad in quads if quad.predicate == _TYPE and isinstance(quad.object, Iri)}
    return {
        prefix: namespace
        for prefix, namespace in sorted(prefixes.items())
        if any(name.startswith(namespace) for name in names)
    }


def _trig(quads: Sequence[Quad], prefixes: Mapping[str, str]) -> bytes:
    """One block for each graph, in the Turtle style inside it."""
    by_graph: dict[str, list[Triple]] = defaultdict(list)
    graphs_of: dict[BlankNode, set[str]] = defaultdict(set)
    for quad in quads:
        name = str(quad.graph_name) if isinstance(quad.graph_name, Iri) else ""
        by_graph[name].append(quad.triple)
        for term in (quad.subject, quad.object):
            if isinstance(term, BlankNode):
                graphs_of[term].add(name)
    # A label means the same node in the whole file (TriG, 2.3), whichever graph it stands in.
    shared = {node for node, names in graphs_of.items() if len(names) > 1}
    labels: dict[BlankNode, str] = {}
    used: dict[str, str] = {}
    bodies = []
    for name in sorted(by_graph):
        document = document_of(by_graph[name], prefixes=prefixes, labels=labels, shared=shared)
        used |= document.prefixes
        document.prefixes = {}
        body = write_document(document)
        bodies.append(f"{name} {{\n\n{body}\n}}\n" if name else f"{body}")
    head = "".join(f"@prefix {prefix}: {iri} .\n" for prefix, iri in sorted(used.items()))
    return "\n".join([head, *bodies]).encode()


def tables_per_class(quads: Iterable[Quad], *, prefixes: Mapping[str, str] = PREFIXES) -> dict[str, bytes]:
    """A CSV table for each class of the data: one row a thing, one column a property, by the name of the class.

    Several values of one property stand in one cell, separated by ` | `. Cells are plain: IRIs as CURIEs.
    """
    given = list(quads)
    labels = Labels(given, prefixes=prefixes)
    about: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    members: dict[str, set[str]] = defaultdict(set)
    for quad in sorted({quad.triple for quad in given}, key=str):
        if not isinstance(quad.subject, Iri):
            continue
        subject = quad.subject.value
        if quad.predicate == _TYPE and isinstance(quad.object, Iri):
            if not quad.object.value.startswith(_OWL):
                members[quad.object.value].add(subject)
            continue
        about[subject][_column(quad, prefixes)].append(_cell(quad.object, prefixes))
    return {
        _file_name(class_, prefixes): _table(sorted(things), about, labels, prefixes)
        for class_, things in sorted(members.items())
    }


def _column(triple: Triple, prefixes: Mapping[str, str]) -> str:
    name = compress(triple.predicate.value, prefixes)
    language = triple.object.language if isinstance(triple.object, Literal) else None
    return f"{name}@{language}" if language else name


def _cell(term: object, prefixes: Mapping[str, str]) -> str:
    if isinstance(term, Iri):
        return compress(term.value, prefixes)
    return term.value if isinstance(term, Literal) else str(term)


def _file_name(class_: str, prefixes: Mapping[str, str]) -> str:
    return compress(class_, prefixes).strip("<>").replace(":", "-").replace("/", "-") + ".csv"


def _table(
    things: Sequence[str], about: Mapping[str, Mapping[str, list[str]]], labels: Labels, prefixes: Mapping[str, str]
) -> bytes:
    columns = sorted({column for thing in things for column in about.get(thing, {})})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["id", "label", *columns])
    for thing in things:
        values = about.get(thing, {})
        label = labels.of(thing, "en") if thing in labels else ""
        cells = [" | ".join(sorted(values.get(column, []))) for column in columns]
        writer.writerow([_safe(cell) for cell in (compress(thing, prefixes), label, *cells)])
    return text.getvalue().encode()


def _safe(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run (OWASP, CSV injection); numbers stay numbers."""
    return f"'{cell}" if cell[:1] in {"=", "@", "\t", "\r"} or (cell[:1] in {"+", "-"} and not _number(cell)) else cell


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
