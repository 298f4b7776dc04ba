"""Terms as a `VALUES` block (SPARQL 1.1 Query, 10.2): the one place where values meet the text of a query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from citygraph.rdf import BlankNode, Term, Triple

__all__ = ["every_combination", "values_block"]


def values_block(names: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> str:
    r"""A `VALUES` block; terms write themselves, escaped, so that no value can become query text.

    >>> from citygraph.rdf import Iri, Literal
    >>> values_block(["a", "b"], [[Iri("https://example.org/x"), Literal('"} #')], [None, Literal("1")]])
    'VALUES (?a ?b) { (<https://example.org/x> "\\"} #") (UNDEF "1") }'

    Raises:
        ValueError: a blank node or a triple, which a `VALUES` block cannot hold.
    """
    lines: list[str] = []
    for row in rows:
        if any(isinstance(term, BlankNode | Triple) for term in row):
            message = "only IRIs and literals can be given to a query"
            raise ValueError(message)
        lines.append(f"({' '.join('UNDEF' if term is None else str(term) for term in row)})")
    return f"VALUES ({' '.join(f'?{name}' for name in names)}) {{ {' '.join(lines)} }}"


def every_combination(values: Mapping[str, Sequence[Term]]) -> str:
    r"""One `VALUES` block with every combination: a query takes one block behind it (grammar rule 28).

    >>> from citygraph.rdf import Literal
    >>> every_combination({"a": [Literal("1"), Literal("2")], "b": [Literal("3")]})
    'VALUES (?a ?b) { ("1" "3") ("2" "3") }'

    Raises:
        ValueError: a blank node or a triple.
    """
    rows = values_block(list(values), product(*values.values()))
    if len(values) > 1:
        return rows
    # Virtuoso 7.2.5 loses conditions on a variable whose one value stands in brackets of its own.
    ((name, terms),) = values.items()
    return f"VALUES ?{name} {{ {' '.join(map(str, terms))} }}"
