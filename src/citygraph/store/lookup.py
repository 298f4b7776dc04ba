"""Lookups: a query of one to four patterns and nothing else, answered in the process of the server, without a worker.

Three parts, in the order in which a query meets them:

- `read_lookup` knows the text as a whole, by regular expressions that never go back over what they have read. A text
  that is not known to its end is no lookup: whatever SPARQL has besides (paths, filters, graphs, comments, escapes) is
  left to the engine in a worker, so nothing of a stranger is planned or recursed into here.
- `MemoryIndex` and `DiskIndex` give the statements of the default graph by what is known of them: dictionaries for a
  small version, the engine's own sorted indexes on disk for a large one.
- `Lookups` joins the patterns. Every entry that is read is counted, and a query that would read much, or whose answer
  is not short, is left to a worker.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, cast

import pyoxigraph

from citygraph.errors import SnapshotError
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.results import JSON_END, json_head, json_term, write_truth
from citygraph.sparql.text import OF_SPARQL
from citygraph.store.protocol import WORTH_GZIP, Bounds, Head
from citygraph.store.snapshot import Version, is_small, open_on_disk

# -- the text -----------------------------------------------------------------------------------------

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

Part: TypeAlias = int | str | Literal
"""A variable by its place among those of the query, an IRI as it stands, or a literal."""
Pattern: TypeAlias = tuple[Part, Part, Part]


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


# -- the statements -----------------------------------------------------------------------------------

_DEFAULT_GRAPH: Final = pyoxigraph.DefaultGraph()
_ANY: Final = Iri("urn:any")
_NOTHING: Final[Sequence[str]] = ()
_LONG: Final = 32

Statement: TypeAlias = tuple[Any, Any, Any]
"""Three terms in the form of their index."""
_Found: TypeAlias = dict[str, dict[str, list[str] | dict[str, None]]]


class DiskIndex:
    """The default graph of a store, range by range; terms are those of the engine."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        """An index of `store`."""
        self._store = store

    def term(self, part: Part) -> Term:
        """An IRI or a literal of a query in the form of this index.

        Raises:
            ValueError: it is not a valid IRI.
        """
        return part if isinstance(part, Literal) else Iri(cast("str", part))

    def match(self, subject: Any, predicate: Any, object_: Any) -> Iterator[Statement]:  # noqa: ANN401  # terms
        """The statements with these terms, `None` for any; every one that is read is one that is given.

        Raises:
            OSError: they cannot be read.
        """
        # What was found as an object may be something that never stands where it is looked for now.
        if not isinstance(subject, Literal | Triple) and isinstance(predicate, Iri | None):
            for quad in self._store.quads_for_pattern(subject, predicate, object_, _DEFAULT_GRAPH):
                yield quad.subject, quad.predicate, quad.object

    def objects(self, subject: Any, predicate: Any) -> Iterator[Any]:  # noqa: ANN401  # terms
        """The objects of the statements with these two terms.

        Raises:
            OSError: they cannot be read.
        """
        return (each for _, _, each in self.match(subject, predicate, None))

    def stands(self, term: Any) -> bool:  # noqa: ANN401  # a term
        """Whether a name stands in any statement.

        Raises:
            OSError: they cannot be read.
        """
        places = ((None, term, None), (None, None, term), (term, None, None))
        return any(next(iter(self.match(*place)), None) is not None for place in places)

    written = staticmethod(json_term)
    """A term as SPARQL 1.1 results in JSON write it."""


class MemoryIndex:
    """The default graph in dictionaries; a term is what JSON writes for it, which no two terms share.

    Its methods are those of `DiskIndex`; none of them raises `OSError`.
    """

    def __init__(self, store: pyoxigraph.Store) -> None:
        """All of the default graph of `store`."""
        self._subjects: _Found = {}
        self._objects: _Found = {}
        self._predicates: dict[str, dict[str, None]] = {}
        written: dict[str, str] = {}
        for quad in store.quads_for_pattern(None, None, None, _DEFAULT_GRAPH):
            # One text for each term, however often it stands.
            subject, predicate, object_ = (
                written.setdefault(text, text) for text in map(json_term, (quad.subject, quad.predicate, quad.object))
            )
            cast("list[str]", self._subjects.setdefault(subject, {}).setdefault(predicate, [])).append(object_)
            cast("list[str]", self._objects.setdefault(object_, {}).setdefault(predicate, [])).append(subject)
            self._predicates.setdefault(predicate, {})[subject] = None
        for by_predicate in chain(self._subjects.values(), self._objects.values()):
            for predicate, found in by_predicate.items():
                # What is long is a dictionary too, so that nobody goes through it to find one term.
                if len(found) > _LONG:
                    by_predicate[predicate] = dict.fromkeys(found)

    def term(self, part: Part) -> str:
        """See `DiskIndex.term`."""
        if isinstance(part, Literal):
            return json_term(part if part.language else _as_stored(part))
        written = f'{{"type":"uri","value":"{part}"}}'
        if not (written in self._subjects or written in self._objects or written in self._predicates):
            # Nothing has this name; whether it could, the engine says.
            Iri(cast("str", part))
        return written

    def match(self, subject: Any, predicate: Any, object_: Any) -> Iterable[Statement]:  # noqa: ANN401  # texts
        """See `DiskIndex.match`."""
        if subject is not None:
            by_predicate = self._subjects.get(subject, {})
            if predicate is not None:
                found = by_predicate.get(predicate, _NOTHING)
                if object_ is None:
                    return ((subject, predicate, each) for each in found)
                return ((subject, predicate, object_),) if object_ in found else ()
            if object_ is None:
                return ((subject, name, each) for name, found in by_predicate.items() for each in found)
            names = self._objects.get(object_, {})
            return (
                (subject, name, object_) for name, found in by_predicate.items() if name in names and object_ in found
            )
        if object_ is not None:
            by_predicate = self._objects.get(object_, {})
            if predicate is not None:
                return ((each, predicate, object_) for each in by_predicate.get(predicate, _NOTHING))
            return ((each, name, object_) for name, found in by_predicate.items() for each in found)
        named = self._predicates if predicate is None else {predicate: self._predicates.get(predicate, {})}
        return (
            (each, name, value)
            for name, those in named.items()
            for each in those
            for value in self._subjects[each][name]
        )

    def objects(self, subject: str, predicate: str) -> Iterable[str]:
        """See `DiskIndex.objects`."""
        return self._subjects.get(subject, {}).get(predicate, _NOTHING)

    def stands(self, term: str) -> bool:
        """See `DiskIndex.stands`."""
        return term in self._predicates or term in self._objects or term in self._subjects

    written = staticmethod(str)
    """See `DiskIndex.written`."""


def _as_stored(literal: Literal) -> Term:
    """A literal as the engine gives it back: it keeps numbers and dates as values, so that `"00"` is `0`."""
    store = pyoxigraph.Store()
    store.add(Quad(_ANY, _ANY, literal))
    stored: Term = next(iter(store)).object
    return stored


# -- the answer ---------------------------------------------------------------------------------------

_MOST_ROWS: Final = 300
_MOST_BYTES: Final = 30_000
_MOST_READ: Final = {MemoryIndex: 2_000, DiskIndex: 100}
"""Ranges and entries that several patterns may read; one pattern reads what it gives."""
_Solution: TypeAlias = tuple[Any, ...]
# For the positions at which a pattern names something new, what takes it out of a statement.
_PICKS: Final[dict[tuple[int, ...], Callable[[Statement], _Solution]]] = {
    (): itemgetter(slice(0)),
    **{(place,): itemgetter(slice(place, place + 1)) for place in range(3)},
    **{places: itemgetter(*places) for places in ((0, 1), (0, 2), (1, 2), (0, 1, 2))},
}
_OBJECT_ALONE: Final = (2,)
_FOUND_NOTHING: Final = (f"[{JSON_END}".encode(), b"false}")
_JSON: Final = Head("json")
_PACKED: Final = Head("json", "gzip")


class _TooMuch(Exception):  # noqa: N818  # a signal out of a generator
    """More would be read than is read here."""


class Lookups:
    """One version, opened in this process for the queries whose cost is bounded beforehand."""

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
        folder = Path(version.folder)
        try:
            store = open_on_disk(folder)
        except OSError as error:
            raise SnapshotError(sentence("snapshots.not_opened"), fix=sentence("snapshots.run_build")) from error
        self._index = MemoryIndex(store) if is_small(folder, bounds.in_memory) else DiskIndex(store)
        self._most_read = _MOST_READ[type(self._index)]

    def answer(self, text: str, *, gzip: bool = False) -> tuple[Head, bytes] | None:
        """The whole answer in JSON; `None` leaves the query to a worker."""
        if not self._is_allowed or len(text) > self._longest:
            return None
        lookup = read_lookup(text, self._prefixes)
        if lookup is None:
            return None
        try:
            body = self._body(lookup)
            if body is not None and body.endswith(_FOUND_NOTHING) and self._is_of_nothing(lookup):
                # A worker says which term nobody knows.
                return None
        except (ValueError, OSError, _TooMuch):
            # What is no IRI, or cannot be read, a worker finds too, and says so or sees to it.
            return None
        if body is not None and gzip and len(body) >= WORTH_GZIP:
            return _PACKED, zlib.compress(body, 1, wbits=31)
        return None if body is None else (_JSON, body)

    def _body(self, lookup: Lookup) -> bytes | None:
        """The answer as JSON; `None` when it is not short."""
        solutions, places = self._solutions(lookup)
        limit = lookup.limit
        if not lookup.columns:
            return write_truth(value=next(iter(solutions), None) is not None and limit != 0, format="json")
        head, starts = _frame(lookup.columns)
        cells = [
            (start, places[place]) for start, place in zip(starts, lookup.places, strict=True) if place is not None
        ]
        written, rows, size = self._index.written, [], 0
        seen: set[str] = set()
        for solution in solutions if limit != 0 else ():
            row = ",".join([start + written(solution[place]) for start, place in cells])
            if lookup.is_distinct:
                if row in seen:
                    continue
                seen.add(row)
            size += len(row)
            rows.append(row)
            if len(rows) > _MOST_ROWS or size > _MOST_BYTES:
                return None
            if len(rows) == limit:
                break
        lines = "\n{" + "},\n{".join(rows) + "}" if rows else ""
        return f"{head}{lines}{JSON_END}".encode()

    def _is_of_nothing(self, lookup: Lookup) -> bool:
        """Whether a name in it stands in no statement of the index."""
        named = {part for pattern in lookup.patterns for part in pattern if type(part) is str}
        return not all(
            part.startswith(OF_SPARQL) or self._index.stands(cast("Any", self._index.term(part))) for part in named
        )

    def _solutions(self, lookup: Lookup) -> tuple[Iterable[_Solution], dict[int, int]]:
        """A term for each variable, in the form of the index, as often as the patterns fit; where each stands.

        Raises:
            ValueError: a name is no valid IRI.
            OSError: the index cannot be read.
            _TooMuch: more would have to be read than is read here.
        """
        places: dict[int, int] = {}
        solutions: Iterable[_Solution] = ((),)
        left = [self._most_read if len(lookup.patterns) > 1 else _MOST_ROWS + 2]
        for pattern in _in_order(lookup.patterns):
            # A term that is given stands for itself, and one that was found for its place in the solution.
            known = [
                (None, places.get(part, -1)) if type(part) is int else (self._index.term(part), -1) for part in pattern
            ]
            added = tuple(at for at, part in enumerate(pattern) if type(part) is int and part not in places)
            places |= {cast("int", pattern[at]): len(places) + number for number, at in enumerate(added)}
            solutions = _joined(self._index, solutions, known, added, left)
        return solutions, places


def _joined(
    index: MemoryIndex | DiskIndex,
    solutions: Iterable[_Solution],
    known: Sequence[tuple[Any, int]],
    added: tuple[int, ...],
    left: list[int],
) -> Iterator[_Solution]:
    """Each solution with what a pattern adds to it at the positions `added`; what is read is taken from what is `left`."""
    match, pick = index.match, _PICKS[added]
    (subject, subject_at), (predicate, predicate_at), (object_, object_at) = known
    for solution in solutions:
        left[0] -= 1
        given = (
            subject if subject_at < 0 else solution[subject_at],
            predicate if predicate_at < 0 else solution[predicate_at],
        )
        # What lookups ask most needs no statement to be made.
        found: Iterable[_Solution]
        if added == _OBJECT_ALONE:
            found = zip(index.objects(*given))
        else:
            found = map(pick, match(*given, object_ if object_at < 0 else solution[object_at]))
        for each in found:
            left[0] -= 1
            if left[0] < 0:
                raise _TooMuch
            yield solution + each


def _in_order(patterns: Sequence[Pattern]) -> Sequence[Pattern]:
    """The patterns so that each finds as much as possible known: its subject first, then its object."""
    if len(patterns) == 1:
        return patterns
    rest, known, ordered = list(patterns), set[Part](), list[Pattern]()
    while rest:
        best = max(rest, key=lambda pattern: _known_of(pattern, known))
        rest.remove(best)
        ordered.append(best)
        known.update(best)
    return ordered


def _known_of(pattern: Pattern, known: set[Part]) -> int:
    """How much of a pattern is given or has been found; a subject leads to fewer statements than an object."""
    weights = zip((4, 1, 3), pattern, strict=True)
    return sum(weight for weight, part in weights if type(part) is not int or part in known)


@lru_cache(maxsize=256)
def _frame(columns: tuple[str, ...]) -> tuple[str, list[str]]:
    """What stands before the rows, and before the value of each column."""
    return json_head(columns), [f'"{column}":' for column in columns]
