"""A table for each class of a graph: one row a thing, one column a property."""

from __future__ import annotations

import csv
import io
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from citygraph.labels import Labels
from citygraph.namespaces import PREFIXES, Curies
from citygraph.rdf import Iri, Literal, Quad, Triple
from citygraph.results import defused
from citygraph.sorted_quads import SortedQuads, distinct_triples

__all__ = ["class_tables", "tables_per_class"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_OWL: Final = PREFIXES["owl"]


def tables_per_class(quads: Iterable[Quad], *, prefixes: Mapping[str, str] = PREFIXES) -> dict[str, bytes]:
    """A CSV table for each class of the data: one row a thing, one column a property, by the name of the class.

    Several values of one property stand in one cell, separated by ` | `. Cells are plain: IRIs as CURIEs.
    """
    return dict(class_tables(quads, prefixes=prefixes))


def class_tables(quads: Iterable[Quad], *, prefixes: Mapping[str, str] = PREFIXES) -> Iterator[tuple[str, bytes]]:
    """The tables of `tables_per_class` one after the other, so that only one is in memory."""
    given = quads if isinstance(quads, SortedQuads) else SortedQuads(quads)
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, group in enumerate(given.groups()):
        subject = group[0].subject
        if isinstance(subject, Iri):
            for class_ in _classes(group):
                members[class_].append((subject.value, number))
    curies = Curies(prefixes)
    for class_, things in sorted(members.items()):
        numbers = array("q", (number for _, number in sorted(things)))
        yield _file_name(class_, curies), _Table(given, numbers, prefixes, curies).as_csv()


def _classes(group: Iterable[Quad]) -> set[str]:
    return {
        quad.object.value
        for quad in group
        if quad.predicate.value == _TYPE and isinstance(quad.object, Iri) and not quad.object.value.startswith(_OWL)
    }


def _file_name(class_: str, curies: Curies) -> str:
    return curies.of(class_).strip("<>").replace(":", "-").replace("/", "-") + ".csv"


class _Table:
    """The table of one class."""

    def __init__(self, quads: SortedQuads, numbers: array[int], prefixes: Mapping[str, str], curies: Curies) -> None:
        self._quads, self._numbers, self._prefixes, self._curies = quads, numbers, prefixes, curies
        self._names: dict[tuple[str, str | None], str] = {}

    def as_csv(self) -> bytes:
        columns = sorted({self._column(each) for number in self._numbers for each in self._about(number)})
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(["id", "label", *columns])
        for number in self._numbers:
            values: dict[str, list[str]] = {}
            for triple in self._about(number):
                values.setdefault(self._column(triple), []).append(self._cell(triple.object))
            cells = [" | ".join(sorted(values[column])) if column in values else "" for column in columns]
            writer.writerow(map(defused, (*self._name(self._quads.about(number)), *cells)))
        return text.getvalue().encode()

    def _about(self, number: int) -> list[Triple]:
        """What is said of a thing besides its types."""
        triples = distinct_triples(self._quads.about(number))
        return [each for each in triples if each.predicate.value != _TYPE or not isinstance(each.object, Iri)]

    def _name(self, group: list[Quad]) -> tuple[str, str]:
        thing = str(getattr(group[0].subject, "value", ""))
        labels = Labels(group, prefixes=self._prefixes)
        return self._curies.of(thing), labels.of(thing, "en") if thing in labels else ""

    def _column(self, triple: Triple) -> str:
        key = triple.predicate.value, triple.object.language if isinstance(triple.object, Literal) else None
        known = self._names.get(key)
        if known is None:
            name = self._curies.of(key[0])
            known = self._names[key] = f"{name}@{key[1]}" if key[1] else name
        return known

    def _cell(self, term: object) -> str:
        if isinstance(term, Iri):
            return self._curies.of(term.value)
        return term.value if isinstance(term, Literal) else str(term)
