"""A query as a server shall get it: values inside its pattern, or the number of its rows instead of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from citygraph.rdf import Term
from citygraph.sparql import Form, Token, tokens
from citygraph.store.inline_values import every_combination

__all__ = ["counting", "solutions_of", "with_values"]

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
    at = _offset(text, found[place]) + 1
    return f"{text[:at]}\n{every_combination(values)} {text[at:]}"


def counting(text: str) -> str | None:
    """The same SELECT asked for the number of its rows, as `?n`; nothing when chance decides how many they are."""
    found = list(tokens(text))
    if any(token.kind == "word" and token.text.upper() in _BY_CHANCE for token in found):
        return None
    select = next(token for token in found if token.kind == "word" and token.text.upper() == Form.SELECT)
    start = _offset(text, select)
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
    return f"{text[: _offset(text, found[start])]}SELECT * {text[_offset(text, found[after]) :]}"


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


def _offset(text: str, token: Token) -> int:
    """Where a token stands in the text it was read from."""
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: token.line - 1])) + token.column - 1
