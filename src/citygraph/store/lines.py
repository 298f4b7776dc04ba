"""Statements as the lines of N-Triples and N-Quads, so that millions of them need not become objects.

A line is one statement in UTF-8, without its line end, as our own writer leaves it: one space between the terms, and
two lines are the same bytes exactly when they are the same statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from citygraph.rdf import Iri, Quad, Triple, parse, serialize

__all__ = ["END", "lines_of", "quads_of", "split_quad", "triples_of"]

END: Final = b" ."
"""What a statement ends with."""
_TERMS: Final = 3


def lines_of(triples: Iterable[Triple]) -> list[bytes]:
    """One line of N-Triples for each triple, in their order."""
    return serialize(triples, format="nt").split(b"\n")[:-1]


def triples_of(lines: Sequence[bytes]) -> list[Triple]:
    """The triples of some lines of N-Triples, also where they are not written as ours.

    Raises:
        ValueError: a line is no statement.
    """
    return [quad.triple for quad in _parsed(lines, "nt")]


def quads_of(lines: Iterable[bytes], graph: Iri) -> list[Quad]:
    """The same in a named graph.

    Raises:
        ValueError: a line is no statement.
    """
    name = f" {graph} .".encode()
    return _parsed([_opened(line) + name for line in lines], "nq")


def _opened(line: bytes) -> bytes:
    """A line without the point at its end."""
    whole = line.rstrip()
    if not whole.endswith(b"."):
        message = "a statement ends with a point"
        raise ValueError(message)
    return whole[:-1]


def _parsed(lines: Sequence[bytes], format_: str) -> list[Quad]:
    parsed = parse(b"\n".join(lines), format=format_, most_problems=1)
    if parsed.problems or len(parsed.quads) != len(lines):
        message = parsed.problems[0].message if parsed.problems else "a line holds another number of statements"
        raise ValueError(message)
    return list(parsed.quads)


def split_quad(line: bytes) -> tuple[bytes, bytes]:
    """A line of N-Quads as one of N-Triples and the name of its graph in brackets, empty in the default graph."""
    # No IRI holds a space or an opening bracket: behind the last of both stands the graph, or else the object.
    triple, _, graph = line.removesuffix(END).rpartition(b" <")
    if not graph.endswith(b">") or triple.count(b" ") < _TERMS - 1:
        return line, b""
    return triple + END, b"<" + graph
