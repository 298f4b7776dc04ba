"""A graph in one RDF format, written piece by piece: a large graph needs no more memory than a small one."""

from __future__ import annotations

import io
import shutil
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final

from citygraph.errors import ExportError
from citygraph.namespaces import PREFIXES, Curies
from citygraph.rdf import BlankNode, Iri, Quad, serialize_to
from citygraph.sorted_quads import SortedQuads
from citygraph.turtle.layout import blocks_of

__all__ = ["EXPORT_FORMATS", "export_bytes", "write_graph"]

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
