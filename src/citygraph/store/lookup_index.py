"""What lookups are read from: the default graph as written terms in memory, or the engine's own indexes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Protocol, cast

import pyoxigraph

from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.results import json_term
from citygraph.store.lookup_text import Part

__all__ = ["DiskIndex", "Index", "MemoryIndex", "Statement"]

_DEFAULT_GRAPH: Final = pyoxigraph.DefaultGraph()
_ANY: Final = Iri("urn:any")
_NOTHING: Final[Sequence[str]] = ()
_LONG: Final = 32

Statement = tuple[Any, Any, Any]
"""Three terms in the form of their index."""


class Index(Protocol):
    """Statements by what is known of them; each index has a form of its own for terms."""

    def term(self, part: Part) -> Any:  # noqa: ANN401  # the form is the index's own
        """An IRI or a literal of a query in the form of this index.

        Raises:
            ValueError: it is not a valid IRI.
        """

    def match(self, subject: Any, predicate: Any, object_: Any) -> Iterable[Statement]:  # noqa: ANN401  # likewise
        """The statements with these terms, `None` for any; every one that is read is one that is given.

        Raises:
            OSError: they cannot be read.
        """

    def objects(self, subject: Any, predicate: Any) -> Iterable[Any]:  # noqa: ANN401  # likewise
        """The objects of the statements with these two terms, which is what lookups ask most.

        Raises:
            OSError: they cannot be read.
        """

    def written(self, term: Any) -> str:  # noqa: ANN401  # likewise
        """The term as SPARQL 1.1 results in JSON write it."""


class DiskIndex:
    """The default graph of a store, range by range; terms are those of the engine."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        """An index of `store`."""
        self._store = store

    def term(self, part: Part) -> Term:
        """See `Index.term`."""
        return part if isinstance(part, Literal) else Iri(cast("str", part))

    def match(self, subject: Any, predicate: Any, object_: Any) -> Iterable[Statement]:  # noqa: ANN401  # terms
        """See `Index.match`."""
        # What was found as an object may be something that never stands where it is looked for now.
        if isinstance(subject, Literal | Triple) or not isinstance(predicate, Iri | None):
            return ()
        return cast("Iterable[Statement]", self._statements(subject, predicate, object_))

    def _statements(self, subject: Any, predicate: Any, object_: Any) -> Iterator[Statement]:  # noqa: ANN401  # terms
        for quad in self._store.quads_for_pattern(subject, predicate, object_, _DEFAULT_GRAPH):
            yield quad.subject, quad.predicate, quad.object

    def objects(self, subject: Any, predicate: Any) -> Iterable[Any]:  # noqa: ANN401  # terms
        """See `Index.objects`."""
        return (each for _, _, each in self.match(subject, predicate, None))

    def written(self, term: Term) -> str:
        """See `Index.written`."""
        return json_term(term)


class MemoryIndex:
    """The default graph in dictionaries; a term is what JSON writes for it, which no two terms share."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        """All of the default graph of `store`."""
        # What is long is a dictionary too, so that nobody goes through it to find one term.
        self._subjects: dict[str, dict[str, list[str] | dict[str, None]]] = {}
        self._objects: dict[str, dict[str, list[str] | dict[str, None]]] = {}
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
                if len(found) > _LONG:
                    by_predicate[predicate] = dict.fromkeys(found)

    def term(self, part: Part) -> str:
        """See `Index.term`."""
        if isinstance(part, Literal):
            return json_term(part if part.language else _as_stored(part))
        written = f'{{"type":"uri","value":"{part}"}}'
        if not (written in self._subjects or written in self._objects or written in self._predicates):
            # Nothing has this name; whether it could, the engine says.
            Iri(cast("str", part))
        return written

    def match(self, subject: Any, predicate: Any, object_: Any) -> Iterable[Statement]:  # noqa: ANN401  # texts
        """See `Index.match`."""
        if subject is not None:
            by_predicate = self._subjects.get(subject)
            if by_predicate is None:
                return ()
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
        if predicate is not None:
            subjects = self._predicates.get(predicate, ())
            return ((each, predicate, value) for each in subjects for value in self._subjects[each][predicate])
        return (
            (each, name, value)
            for each, by_predicate in self._subjects.items()
            for name, found in by_predicate.items()
            for value in found
        )

    def objects(self, subject: str, predicate: str) -> Iterable[str]:
        """See `Index.objects`."""
        by_predicate = self._subjects.get(subject)
        return _NOTHING if by_predicate is None else by_predicate.get(predicate, _NOTHING)

    def written(self, term: str) -> str:
        """See `Index.written`."""
        return term


def _as_stored(literal: Literal) -> Term:
    """A literal as the engine gives it back: it keeps numbers and dates as values, so that `"00"` is `0`."""
    store = pyoxigraph.Store()
    store.add(Quad(_ANY, _ANY, literal))
    stored: Term = next(iter(store)).object
    return stored
