"""The triple patterns of a query, read by rdflib's SPARQL parser: what a row of its answer rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from citygraph.errors import QueryError
from citygraph.rdf import Iri, Literal, from_rdflib

__all__ = ["Pattern", "triple_patterns"]

Pattern = tuple[Iri | Literal | str, Iri | str, Iri | Literal | str]
"""Subject, predicate and object; a variable is its name."""


def triple_patterns(text: str, *, prefixes: Mapping[str, str]) -> list[Pattern]:
    """The patterns that can hold in a row: those of the outer query, its OPTIONALs, UNIONs and graphs.

    What stands in FILTER, MINUS or behind a property path is left out: it is no single statement.

    Raises:
        QueryError: rdflib cannot read the query.
    """
    from pyparsing import ParseException  # noqa: PLC0415  # rdflib and its parser cost a third of a second
    from rdflib.plugins.sparql import prepareQuery  # noqa: PLC0415

    try:
        algebra = prepareQuery(text, initNs=dict(prefixes)).algebra
    except (ParseException, NotImplementedError, ValueError, KeyError, TypeError) as error:
        message = f"The query cannot be taken apart: {error}."
        raise QueryError(message) from error
    return list(dict.fromkeys(_patterns(algebra)))


def _patterns(node: Any) -> Iterator[Pattern]:  # noqa: ANN401  # rdflib's algebra has no types
    name = getattr(node, "name", "")
    if name == "BGP":
        yield from (pattern for triple in node.triples if (pattern := _pattern(triple)) is not None)
        return
    parts = ("p1",) if name == "Minus" else ("p", "p1", "p2")
    for part in parts:
        inner = node.get(part) if hasattr(node, "get") else None
        if inner is not None and hasattr(inner, "name"):
            yield from _patterns(inner)


def _pattern(triple: tuple[Any, Any, Any]) -> Pattern | None:
    """One pattern in our terms; nothing for a property path."""
    from rdflib.term import BNode, Literal, URIRef, Variable  # noqa: PLC0415

    terms: list[Any] = []
    for each in triple:
        if isinstance(each, Variable | BNode):
            terms.append(str(each))
        elif isinstance(each, URIRef | Literal):
            terms.append(from_rdflib(each))
        else:
            return None
    return (terms[0], terms[1], terms[2])
