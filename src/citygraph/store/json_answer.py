"""SPARQL 1.1 results in JSON to an answer, triple terms of RDF 1.2 included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple
from citygraph.results import Row, Solutions, Truth

__all__ = ["read_json_answer"]


def read_json_answer(body: bytes) -> Solutions | Truth:
    """Rows or a yes/no out of SPARQL 1.1 results in JSON, RDF 1.2 triple terms included.

    Raises:
        ValueError: it is not JSON.
        KeyError, TypeError: it is JSON of another kind.
    """
    document: dict[str, Any] = json.loads(body)
    if "boolean" in document:
        if not isinstance(document["boolean"], bool):
            message = "a truth value is true or false"
            raise TypeError(message)
        return Truth(document["boolean"])
    columns = tuple(str(each) for each in document["head"]["vars"])
    rows: list[Row] = [
        tuple(_term(binding[column]) if column in binding else None for column in columns)
        for binding in document["results"]["bindings"]
    ]
    return Solutions(columns, tuple(rows))


def _term(raw: Mapping[str, Any]) -> Term:
    kind, value = raw["type"], raw["value"]
    match kind:
        case "uri":
            return Iri(value)
        case "bnode":
            # Servers label blank nodes as they like; ours follow the grammar of N-Triples.
            return BlankNode("r" + "".join(letter if letter.isalnum() else "x" for letter in value))
        case "literal" | "typed-literal" if raw.get("xml:lang"):
            return Literal(value, language=raw["xml:lang"])
        case "literal" | "typed-literal" if raw.get("datatype"):
            return Literal(value, datatype=Iri(raw["datatype"]))
        case "literal" | "typed-literal":
            return Literal(value)
        case "triple":
            parts = [_term(value[part]) for part in ("subject", "predicate", "object")]
            return Triple(*parts)  # type: ignore[arg-type]  # the format allows only what a triple can hold
    message = f"an unknown kind of term: {kind!r}"
    raise ValueError(message)
