"""The texts of lookups: a few patterns and nothing else, known as a whole by regular expressions.

Nothing here goes back over what it has read, and a text that is not known to its end is no lookup: whatever
SPARQL has besides (paths, filters, graphs, comments, escapes) is left to the engine in a worker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal

__all__ = ["Lookup", "Part", "Pattern", "read_lookup"]

_LONGEST_TEXT: Final = 2_000
_MOST_PATTERNS: Final = 4

_IRI: Final = r'<[^<>"{}|^`\\\s]*>'
_PREFIX: Final = r"[A-Za-z][\w-]*+"
_NAME: Final = rf"{_PREFIX}:\w[\w-]*+"
_VARIABLE: Final = r"[?$][A-Za-z_]\w*+"
_LITERAL: Final = rf'"[^"\\\r\n]*"(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*+|\^\^{_IRI})?+'
_START: Final = re.compile(
    rf"""
    (?P<prologue>(?:\s*+(?i:PREFIX)\s++{_PREFIX}:\s*+{_IRI})*+)\s*+
    (?:(?i:SELECT)\s++(?P<distinct>(?i:DISTINCT)\s++)?+(?P<columns>\*|{_VARIABLE}(?:\s++{_VARIABLE})*+)\s*+|(?i:ASK)\s*+)
    (?:(?i:WHERE)\s*+)?+
    \{{
    """,
    re.VERBOSE | re.ASCII,
)
# A name may hold dots and cannot end with one, so that the dot behind a pattern is one before a blank or a brace.
_REST: Final = rf"""
    \s++(?P<p>{_IRI}|{_NAME}|{_VARIABLE}|a(?=\s))
    \s++(?P<o>{_IRI}|{_NAME}|{_VARIABLE}|{_LITERAL})
    \s*+(?P<end>\.\s*+\}}|\.(?=\s)|[;}}])
"""
_WHOLE: Final = re.compile(rf"\s*+(?P<s>{_IRI}|{_NAME}|{_VARIABLE}){_REST}", re.VERBOSE | re.ASCII)
_MORE: Final = re.compile(_REST, re.VERBOSE | re.ASCII)
_END: Final = re.compile(r"\s*+(?:(?i:LIMIT)\s++(?P<limit>\d{1,6})\s*+)?+", re.ASCII)
_DECLARED: Final = re.compile(rf"({_PREFIX}):\s*+<([^>]*)>", re.ASCII)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_TYPE: Final = PREFIXES["rdf"] + "type"

Part = int | str | Literal
"""A variable by its place among those of the query, an IRI as it stands, or a literal."""
Pattern = tuple[Part, Part, Part]


class Lookup(NamedTuple):
    """Patterns, and what is wanted of them.

    `places` says for each column which variable gives its values, `None` for a column without values. Without
    columns the question is whether there is anything.
    """

    patterns: tuple[Pattern, ...]
    columns: tuple[str, ...]
    places: tuple[int | None, ...]
    is_distinct: bool
    limit: int | None


def read_lookup(text: str, prefixes: Mapping[str, str]) -> Lookup | None:
    """A query that is a few patterns; `None` for every other text, also for one that is wrong.

    >>> read_lookup("SELECT ?c WHERE { <urn:x> a ?c } LIMIT 5", {}).columns
    ('c',)
    >>> read_lookup("SELECT ?o { <urn:x> ?p ?o . ?o a <urn:C> }", {}).patterns
    (('urn:x', 0, 1), (1, 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type', 'urn:C'))
    >>> read_lookup("SELECT ?c WHERE { ?c a ?c }", {}) is None
    True
    """
    start = _START.match(text) if len(text) <= _LONGEST_TEXT else None
    if start is None:
        return None
    prologue, distinct, wanted = start.groups()
    known = {**prefixes, **dict(_DECLARED.findall(prologue))} if prologue else prefixes
    variables: dict[str, int] = {}
    patterns: list[Pattern] = []
    place, end = start.end(), "."
    subject: Part = ""
    try:
        while end in ".;":
            match = (_WHOLE if end == "." else _MORE).match(text, place)
            if match is None or len(patterns) == _MOST_PATTERNS:
                return None
            if end == ".":
                subject = _part(match["s"], known, variables)
            predicate, object_, end = match.group("p", "o", "end")
            second, third = _part(predicate, known, variables), _part(object_, known, variables)
            # A variable that comes twice leaves out entries that were read, and the answer no longer says what it cost.
            if (type(second) is int and second in (subject, third)) or (type(third) is int and third == subject):
                return None
            patterns.append((subject, second, third))
            place = match.end()
    except (KeyError, ValueError):
        return None
    last = _END.fullmatch(text, place)
    # The text's order is what the author of SELECT * means.
    columns = tuple(variables) if wanted == "*" else tuple(each[1:] for each in (wanted or "").split())
    if last is None or (wanted and not columns) or len(set(columns)) < len(columns):
        return None
    places = tuple(variables.get(each) for each in columns)
    limit = last["limit"]
    return Lookup(tuple(patterns), columns, places, bool(distinct), None if limit is None else int(limit))


def _part(text: str, prefixes: Mapping[str, str], variables: dict[str, int]) -> Part:
    """One part of a pattern as it stands in the text.

    Raises:
        KeyError: its prefix is not known.
        ValueError: it is no absolute IRI, or no term.
    """
    match text[0]:
        case "<":
            return _iri(text[1:-1])
        case "?" | "$":
            return variables.setdefault(text[1:], len(variables))
        case '"':
            value, _, more = text[1:].rpartition('"')
            if more.startswith("@"):
                return Literal(value, language=more[1:])
            return Literal(value, datatype=Iri(_iri(more[3:-1]))) if more else Literal(value)
    if text == "a":
        return _TYPE
    prefix, _, name = text.partition(":")
    return _iri(prefixes[prefix] + name)


def _iri(text: str) -> str:
    # What the engine would resolve is left to the engine.
    if not _ABSOLUTE.match(text) or "/." in text:
        message = f"not an absolute IRI as it stands: {text}"
        raise ValueError(message)
    return text
