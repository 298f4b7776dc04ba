"""A query from outside before the engine may see it: what it needs, and why it is refused.

These are belts, and the deadline is what holds: three hundred patterns that share no variable, or a path of
eight hundred steps, keep the planner busy for minutes before the first row (measured, Oxigraph 0.5.13).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from citygraph.errors import QueryError
from citygraph.sentences import sentence
from citygraph.sparql import QueryText, Token, read_query_tokens
from citygraph.store.asking import Bounds

__all__ = ["Checked", "check", "uses_service"]

_CHANGES: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE"})
_SEPARATORS: Final = frozenset(".;,")
_SHORT: Final = 2_000
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_NAMED: Final = re.compile(r"^([\w.-]*):")


@dataclass(frozen=True, slots=True)
class Checked:
    """A query that may run: how its text reads, prefixes it uses and does not declare, whether it repeats itself."""

    query: QueryText
    prefixes: Mapping[str, str]
    is_stable: bool
    from_graphs: Sequence[str]


def uses_service(text: str) -> bool:
    """Whether the word stands anywhere: then the query needs a worker of its own, if it may run at all."""
    return "service" in text.lower() or "\\u" in text.lower()


def check(text: str, bounds: Bounds) -> Checked:
    """What must be known of a query before the engine reads it; known again when a short text comes again.

    Raises:
        QueryError: it is too long, too deep or too wide, no query, or asks a server that is not allowed.
    """
    return _check_again(text, bounds) if len(text) <= _SHORT else _check(text, bounds)


def _check(text: str, bounds: Bounds) -> Checked:
    query, found = read_query_tokens(text, most_characters=bounds.query_size, deepest=bounds.query_depth)
    if query.uses_service:
        _check_service(text, found, bounds.service_allowed)
    _check_width(found, bounds.query_patterns)
    used = {match[1] for token in found if token.kind == "pname" for match in [_NAMED.match(token.text)] if match}
    declared = {after.text.rstrip(":") for token, after in pairwise(found) if token.text.upper() == "PREFIX"}
    words = {token.text.upper() for token in found if token.kind == "word"}
    return Checked(
        query=query,
        prefixes={name: iri for name, iri in bounds.prefixes if name in used - declared},
        is_stable=not words & _CHANGES and not query.uses_service,
        from_graphs=_from_graphs(found),
    )


# Texts of some kilobytes at most, so that what is remembered is bounded in bytes too.
_check_again: Final = lru_cache(maxsize=4096)(_check)


def _check_service(text: str, found: list[Token], allowed: Sequence[str]) -> None:
    """Every SERVICE names, in full and undisguised, an address of the list."""
    if not allowed:
        raise QueryError(sentence("query.service"), fix=sentence("next.no_service"))
    listed = f"serve.service_allowed in graph.toml lists: {', '.join(allowed)}."
    if "\\u" in text.lower():
        raise QueryError("SERVICE and an escape such as \\u0041 cannot stand in one query.", fix="Write it in full.")
    asked = 0
    for place, token in enumerate(found):
        if token.kind == "word" and token.text.upper() == "SERVICE":
            rest = [each for each in found[place + 1 : place + 3] if each.text.upper() != "SILENT"]
            address = rest[0].text[1:-1] if rest and rest[0].kind == "iri" else ""
            if address not in allowed:
                message = f"Line {token.line}: queries may not ask {address or 'an address that is not written out'}."
                raise QueryError(message, fix=listed)
            asked += 1
    hidden = sum("SERVICE" in token.text.upper() for token in found if token.kind not in {"string", "variable"})
    if hidden - asked > sum("SERVICE" in address.upper() for address in allowed):
        raise QueryError("The word SERVICE stands inside another word.", fix=listed)


def _check_width(found: list[Token], most: int) -> None:
    """At most so many patterns in the query, and steps in its paths."""
    patterns = steps = 0
    open_brackets: list[str] = []
    for place, token in enumerate(found):
        text = token.text
        if token.kind == "word" and text.upper() == "UNION":
            # Alternatives side by side are cheap, and each has braces of its own.
            patterns -= 1
        if token.kind != "mark":
            continue
        if text in "([{":
            open_brackets.append(text)
            patterns += text == "{"
        elif text in _PAIRS:
            if open_brackets:
                open_brackets.pop()
        elif text == "/":
            steps += 1
        elif text in _SEPARATORS and open_brackets and open_brackets[-1] != "(":
            following = found[place + 1].text if place + 1 < len(found) else "}"
            patterns += following not in {"}", "]", ".", ";", "{"}
    for number, what in ((patterns, "limit.patterns"), (steps, "limit.steps")):
        if number > most:
            raise QueryError(sentence(what, count=number, most=most), fix=sentence("next.parts"))


def _from_graphs(found: list[Token]) -> tuple[str, ...]:
    """The graphs that FROM merges, when all are written in full and FROM NAMED adds none; empty otherwise."""
    graphs: list[str] = []
    for token, after in pairwise(found):
        if token.kind == "word" and token.text.upper() == "FROM":
            if after.kind != "iri" or ":" not in after.text:
                return ()
            graphs.append(after.text[1:-1])
    return tuple(graphs)
