"""The fast path: a query that asks for one pattern is answered here, without a worker, while its answer is short.

Any pattern of a triple is a range of one of the engine's sorted indexes, so that every entry read is a row
given; what a lookup costs is then what it gives, and that is cut off here. Only texts that a regular expression
knows as a whole come this far, and the engine gets their terms, never the text: nothing of a stranger is parsed,
planned or recursed into in this process.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import pyoxigraph

from citygraph.errors import SnapshotError
from citygraph.namespaces import PREFIXES
from citygraph.store.asking import WORTH_GZIP, Bounds, Head, Question
from citygraph.store.process import Version
from citygraph.store.rows import write_rows, write_truth

__all__ = ["Lookup", "Lookups", "read_lookup"]

_LONGEST_TEXT: Final = 2_000
_MOST_ROWS: Final = 300
_MOST_BYTES: Final = 30_000

_IRI: Final = r'<[^<>"{}|^`\\\s]*>'
_PREFIX: Final = r"[A-Za-z](?:[\w-]*)"
_NAME: Final = rf"{_PREFIX}:\w[\w-]*"
_VARIABLE: Final = r"[?$][A-Za-z_]\w*"
_LITERAL: Final = rf'"[^"\\\r\n]*"(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^{_IRI})?'
_LOOKUP: Final = re.compile(
    rf"""
    (?P<prologue>(?:\s*(?i:PREFIX)\s+{_PREFIX}:\s*{_IRI})*)\s*
    (?:(?i:SELECT)\s+(?P<columns>\*|{_VARIABLE}(?:\s+{_VARIABLE})*)\s*|(?i:ASK)\s*)
    (?:(?i:WHERE)\s*)?
    \{{\s*(?P<s>{_IRI}|{_NAME}|{_VARIABLE})
    \s+(?P<p>{_IRI}|{_NAME}|{_VARIABLE}|a)
    \s+(?P<o>{_IRI}|{_NAME}|{_VARIABLE}|{_LITERAL})\s*\.?\s*\}}
    \s*(?:(?i:LIMIT)\s+(?P<limit>\d{{1,6}})\s*)?
    """,
    re.VERBOSE | re.ASCII,
)
_DECLARED: Final = re.compile(rf"({_PREFIX}):\s*<([^>]*)>", re.ASCII)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_DEFAULT_GRAPH: Final = pyoxigraph.DefaultGraph()
_TYPE: Final = pyoxigraph.NamedNode(PREFIXES["rdf"] + "type")

_Term = pyoxigraph.NamedNode | pyoxigraph.Literal


@dataclass(frozen=True, slots=True)
class Lookup:
    """One pattern and what is wanted of it.

    `pattern` has `None` where a variable stands; `places` says for each column where its values come from,
    `None` for a column without values. Without columns the question is whether there is anything.
    """

    pattern: tuple[pyoxigraph.NamedNode | None, pyoxigraph.NamedNode | None, _Term | None]
    columns: tuple[str, ...]
    places: tuple[int | None, ...]
    limit: int | None


def read_lookup(text: str, prefixes: Mapping[str, str]) -> Lookup | None:
    """A query that is one pattern; `None` for every other text, also for one that is wrong.

    >>> read_lookup("SELECT ?c WHERE { <urn:x> a ?c } LIMIT 5", {}).columns
    ('c',)
    >>> read_lookup("SELECT ?c WHERE { ?c a ?c }", {}) is None
    True
    """
    match = _LOOKUP.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        return None
    terms = match["s"], match["p"], match["o"]
    variables = [each[1:] if each[0] in "?$" else "" for each in terms]
    named = [each for each in variables if each]
    # The text's order is what the author of SELECT * means.
    columns = tuple(named if match["columns"] == "*" else (each[1:] for each in (match["columns"] or "").split()))
    if match["columns"] and not columns:
        return None
    # A variable that comes twice leaves out entries that were read, and the answer no longer says what it cost.
    if len(set(named)) < len(named) or len(set(columns)) < len(columns):
        return None
    known = {**prefixes, **dict(_DECLARED.findall(match["prologue"]))} if match["prologue"] else prefixes
    try:
        subject, predicate, object_ = (
            None if variable else _term(term, known) for term, variable in zip(terms, variables, strict=True)
        )
    except (KeyError, ValueError):
        return None
    places = tuple(variables.index(each) if each in named else None for each in columns)
    pattern = cast("Any", (subject, predicate, object_))  # the expression has literals as objects alone
    return Lookup(pattern, columns, places, int(match["limit"]) if match["limit"] else None)


def _term(text: str, prefixes: Mapping[str, str]) -> _Term:
    """One term as it stands in the text.

    Raises:
        KeyError: its prefix is not known.
        ValueError: it is no absolute IRI, or no term.
    """
    if text == "a":
        return _TYPE
    if text[0] == '"':
        value, _, more = text[1:].rpartition('"')
        if more.startswith("@"):
            return pyoxigraph.Literal(value, language=more[1:])
        return pyoxigraph.Literal(value, datatype=_iri(more[3:-1])) if more else pyoxigraph.Literal(value)
    if text[0] == "<":
        return _iri(text[1:-1])
    prefix, _, name = text.partition(":")
    return _iri(prefixes[prefix] + name)


def _iri(text: str) -> pyoxigraph.NamedNode:
    # What the engine would resolve is left to the engine.
    if not _ABSOLUTE.match(text) or "/." in text:
        message = f"not an absolute IRI as it stands: {text}"
        raise ValueError(message)
    return pyoxigraph.NamedNode(text)


class Lookups:
    """One version, opened in this process for the queries whose cost is their answer."""

    def __init__(self, version: Version, bounds: Bounds) -> None:
        """Open the version.

        Raises:
            SnapshotError: it cannot be opened.
        """
        self.version = version
        self._prefixes = dict(bounds.prefixes)
        # Where less is allowed than what is short here, a worker counts.
        self._is_allowed = bounds.rows >= _MOST_ROWS and bounds.bytes >= _MOST_BYTES
        self._longest = bounds.query_size
        try:
            self._store = pyoxigraph.Store.read_only(str(Path(version.folder) / "store"))
        except OSError as error:
            raise SnapshotError("The snapshot cannot be opened.", fix="Run: citygraph build") from error

    def answer(self, question: Question) -> tuple[Head, bytes] | None:
        """The whole answer in JSON; `None` leaves the question to a worker."""
        if not self._is_allowed or question.rows[:1] != ("json",) or question.default_graphs is not None:
            return None
        lookup = read_lookup(question.text, self._prefixes) if len(question.text) <= self._longest else None
        if lookup is None:
            return None
        try:
            body = self._read(lookup)
        except OSError:
            # A worker finds the same, and the pool knows what to do about it.
            return None
        if body is not None and question.gzip and len(body) >= WORTH_GZIP:
            return Head("json", "gzip"), zlib.compress(body, 1, wbits=31)
        return None if body is None else (Head("json"), body)

    def _read(self, lookup: Lookup) -> bytes | None:
        found = self._store.quads_for_pattern(*lookup.pattern, _DEFAULT_GRAPH)
        if not lookup.columns:
            return write_truth(value=next(found, None) is not None and lookup.limit != 0, format="json")
        most = _MOST_ROWS + 1 if lookup.limit is None else min(lookup.limit, _MOST_ROWS + 1)
        quads = list(islice(found, most))
        return None if len(quads) > _MOST_ROWS else _written(lookup, quads)


def _written(lookup: Lookup, quads: Sequence[Any]) -> bytes | None:
    rows = (tuple(None if place is None else quad[place] for place in lookup.places) for quad in quads)
    pieces, size = [], 0
    for piece in write_rows(lookup.columns, rows, format="json"):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES:
            return None
    return b"".join(pieces)
