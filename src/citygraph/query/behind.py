"""The statements that a row of an answer rests on, for "why?"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from citygraph.errors import QueryError
from citygraph.patterns import Pattern, triple_patterns
from citygraph.query.run import Answered
from citygraph.rdf import BlankNode, Iri, Term, Triple
from citygraph.results import Row, Solutions, Truth
from citygraph.sparql import tokens
from citygraph.store import Store

__all__ = ["statements_behind"]

_HOLDS: Final = "ASK { ?s ?p ?o }"


def statements_behind(answered: Answered, number: int, store: Store, *, prefixes: Mapping[str, str]) -> list[Triple]:
    """The statements behind row `number` (from 1) of an answer, in the order of the query.

    Raises:
        QueryError: there is no such row, or its rows are counted together so that no single statements stand behind one.
    """
    answer, query = answered.answer, answered.query
    if not isinstance(answer, Solutions) or not 1 <= number <= len(answer):
        count = len(answer) if isinstance(answer, Solutions) else 0
        message = f"The answer to {query.name!r} has no row {number}; it has {count}."
        raise QueryError(message, fix="Rows count from 1, in the order of the table.")
    if query.parsed.grouped is not None:
        message = f"The rows of {query.name!r} count several things together, so a row has no statements of its own."
        raise QueryError(message, fix="Ask for the single things first, as in: citygraph query members")
    row = _whole_row(answered, answer.rows[number - 1], store)
    found = [triple for pattern in triple_patterns(query.text, prefixes=prefixes) if (triple := _filled(pattern, row))]
    return [triple for triple in dict.fromkeys(found) if _holds(triple, store)]


def _whole_row(answered: Answered, row: Row, store: Store) -> dict[str, Term]:
    """The row with every variable of the query, those that the answer does not show too."""
    shown = {name: term for name, term in zip(answered.query.columns, row, strict=True) if term is not None}
    bound = {name: term for name, term in shown.items() if not isinstance(term, BlankNode)}
    answer = store.query(_with_star(answered.query.text), bind={**answered.bound, **bound})
    rows = list(answer) if isinstance(answer, Solutions) else []
    return next((each for each in rows if all(each.get(name) == term for name, term in shown.items())), shown)


def _with_star(text: str) -> str:
    """The query with `SELECT *` instead of its columns, found by its tokens."""
    select = next(token for token in tokens(text) if token.kind == "word" and token.text.upper() == "SELECT")
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: select.line - 1])) + select.column - 1
    rest = text[start + len("SELECT") :]
    end = re.search(r"\bWHERE\b|\{", rest, re.IGNORECASE)
    return f"{text[:start]}SELECT * {rest[end.start() :] if end else rest}"


def _filled(pattern: Pattern, row: Mapping[str, Term]) -> Triple | None:
    subject, predicate, object_ = (row.get(part) if isinstance(part, str) else part for part in pattern)
    if not isinstance(subject, Iri) or not isinstance(predicate, Iri) or object_ is None:
        return None
    return Triple(subject, predicate, object_)


def _holds(triple: Triple, store: Store) -> bool:
    answer = store.query(_HOLDS, bind={"s": triple.subject, "p": triple.predicate, "o": triple.object})
    return isinstance(answer, Truth) and answer.value
