"""What is put into the text of a query: terms as `VALUES`, and another head in front of its pattern.

This is the one place where values meet the text of a query (SPARQL 1.1 Query, 10.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, product
from typing import Final

from citygraph.errors import QueryError
from citygraph.lexer import Token
from citygraph.rdf import BlankNode, Iri, Term, Triple
from citygraph.sparql.text import Form, QueryText, tokens

__all__ = [
    "check_values",
    "counting",
    "every_combination",
    "solutions_of",
    "values_block",
    "with_every_variable",
    "with_prefixes",
    "with_values",
]


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


_BY_CHANCE: Final = frozenset({"RAND", "UUID", "STRUUID", "NOW", "BNODE"})


def with_values(text: str, values: Mapping[str, Sequence[Term]]) -> str:
    """The query with values for some of its variables, first in its pattern so that the server begins there.

    Behind the query they would be joined when everything else is done, which can take minutes. They stand there
    all the same when the pattern cannot take them: a variable that gets its value by `AS`, or a query in the query.
    """
    if not values:
        return text
    found = list(tokens(text))
    assigned = {after.text[1:] for token, after in pairwise(found) if token.text.upper() == "AS"}
    place = None if assigned & values.keys() else _inside(found)
    if place is None:
        return f"{text}\n{every_combination(values)}"
    at = found[place].end
    return f"{text[:at]}\n{every_combination(values)} {text[at:]}"


def counting(text: str) -> str | None:
    """The same SELECT asked for the number of its rows, as `?n`; nothing when chance decides how many they are."""
    found = list(tokens(text))
    if any(token.kind == "word" and token.text.upper() in _BY_CHANCE for token in found):
        return None
    select = next(token for token in found if token.kind == "word" and token.text.upper() == Form.SELECT)
    start = select.start
    return f"{text[:start]}SELECT (COUNT(*) AS ?n) WHERE {{ {{ {text[start:]}\n}} }}"


def solutions_of(text: str) -> str | None:
    """The solutions that a CONSTRUCT makes its triples of, as a SELECT; nothing when it groups them."""
    found = list(tokens(text))
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    start = words.index(Form.CONSTRUCT)
    if "GROUP" in words[start:]:
        return None
    after, depth = start + 1, 0
    while words[start + 1] != "WHERE":
        depth += {"{": 1, "}": -1}.get(found[after].text, 0) if found[after].kind == "mark" else 0
        after += 1
        if depth == 0:
            break
    return f"{text[: found[start].start]}SELECT * {text[found[after].start :]}"


def with_every_variable(text: str) -> str:
    """The SELECT with `*` instead of its columns: a row of it has every variable that its pattern binds."""
    found = list(tokens(text))
    select = next(number for number, token in enumerate(found) if token.kind == "word" and _word(token) == Form.SELECT)
    pattern = next((t for t in found[select:] if _word(t) == "WHERE" or (t.kind == "mark" and t.text == "{")), None)
    return f"{text[: found[select].start]}SELECT * {text[pattern.start :] if pattern else ''}"


def _word(token: Token) -> str:
    return token.text.upper() if token.kind == "word" else ""


def _inside(found: Sequence[Token]) -> int | None:
    """The brace that opens the pattern of a SELECT or ASK; nothing for other forms, or before a query in the query."""
    form, depth = "", 0
    for place, token in enumerate(found):
        if not form and token.kind == "word" and token.text.upper() in Form.__members__:
            form = token.text.upper()
        elif token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif form and token.kind == "mark" and token.text == "{" and not depth:
            is_query = place + 1 < len(found) and found[place + 1].text.upper() == Form.SELECT
            return None if is_query or form not in {Form.SELECT, Form.ASK} else place
    return None


def with_prefixes(text: str, prefixes: Mapping[str, str]) -> str:
    """The query with the prefixes declared that it may use without declaring them."""
    lines = [f"PREFIX {name}: {Iri(iri)}\n" for name, iri in prefixes.items() if f"{name}:" in text]
    return "".join(lines) + text


def check_values(query: QueryText, names: Iterable[str]) -> None:
    """See that each variable that gets a value is a column, and of `GROUP BY` when there is one.

    Raises:
        QueryError: one is not, and its value would not reach every row.
    """
    for name in names:
        if query.form is Form.SELECT and name not in query.columns:
            message = f"The parameter ?{name} is not a column of the answer."
            raise QueryError(message, fix=f"Write it behind SELECT: SELECT ?{name} …")
        if query.grouped is not None and name not in query.grouped:
            message = f"The parameter ?{name} is missing in GROUP BY."
            raise QueryError(message, fix=f"Write: GROUP BY ?{name} …")
