"""Write the directory of a version: read once through its statements, name everything, give each thing an address."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Final

from citygraph.kinds import FALLBACK, KINDS, Kind, kind_of, local_name, slug_of
from citygraph.labels import LABEL_PROPERTIES, NAMING_PROPERTIES, Labels
from citygraph.language import LANGUAGES
from citygraph.namespaces import CG, PREFIXES, prefixes_for
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store.name_index import write_names

__all__ = ["sort_key", "write_directory"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_ALT: Final = PREFIXES["skos"] + "altLabel"
_OF_THEMES: Final = frozenset({CG + "coversTheme", PREFIXES["org"] + "purpose"})
_LAST: Final = str.maketrans("æøåäö", "\ue000\ue001\ue002\ue000\ue001")
_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE node (
  id INTEGER PRIMARY KEY, iri TEXT NOT NULL, nb TEXT, en TEXT, named INTEGER NOT NULL,
  kind TEXT, slug TEXT, local TEXT, place_nb INTEGER, place_en INTEGER
);
CREATE TABLE class (class INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (class, node)) WITHOUT ROWID;
"""
_INDEXES: Final = """
CREATE UNIQUE INDEX by_iri ON node (iri);
CREATE UNIQUE INDEX by_address ON node (kind, slug) WHERE kind IS NOT NULL;
CREATE INDEX by_local ON node (local) WHERE local IS NOT NULL;
CREATE INDEX in_order_nb ON node (kind, place_nb) WHERE kind IS NOT NULL;
CREATE INDEX in_order_en ON node (kind, place_en) WHERE kind IS NOT NULL;
CREATE INDEX classes_of ON class (node);
"""


class _Seen:
    """What one pass over the statements finds out."""

    def __init__(self, quads: Iterable[Quad], base: str) -> None:
        naming: dict[Quad, None] = {}
        self.classes: dict[str, set[str]] = defaultdict(set)
        self.properties: set[str] = set()
        self.themes: set[str] = set()
        for quad in quads:
            subject, predicate, value = quad.subject, quad.predicate.value, quad.object
            self.properties.add(predicate)
            if not isinstance(subject, Iri):
                continue
            if predicate == _TYPE and isinstance(value, Iri):
                self.classes[subject.value].add(value.value)
            elif predicate in NAMING_PROPERTIES or predicate == _ALT:
                naming[Quad(subject, quad.predicate, value)] = None
            elif predicate in _OF_THEMES and isinstance(value, Iri):
                self.themes.add(value.value)
        self.labels = Labels(naming, prefixes=prefixes_for(base))
        self.names = _names_of(naming)
        self.described = {quad.subject.value for quad in naming if isinstance(quad.subject, Iri)}


def write_directory(path: Path, quads: Iterable[Quad], *, base: str, findings: int) -> None:
    """Write the directory of these statements; a statement may stand in several graphs.

    Raises:
        OSError: the file cannot be written.
    """
    seen = _Seen(quads, base)
    kinds = {
        iri: kind_of(found, is_theme=iri in seen.themes)
        for iri, found in seen.classes.items()
        if local_name(iri, base) and "#" not in iri
    }
    with closing(sqlite3.connect(path)) as database:
        try:
            database.executescript(_TABLES)
            _write_nodes(database, seen, kinds, base)
            write_names(database, ((iri, *name) for iri in sorted(kinds) for name in seen.names.get(iri, ())))
            database.executescript(_INDEXES)
            said = {"base": base, "kinds": _counts(kinds), "vocabulary": _vocabulary(seen), "findings": findings}
            written = ((key, json.dumps(value)) for key, value in said.items())
            database.executemany("INSERT INTO meta VALUES (?, ?)", written)
            database.commit()
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


def _write_nodes(database: sqlite3.Connection, seen: _Seen, kinds: Mapping[str, Kind], base: str) -> None:
    classes = {each for found in seen.classes.values() for each in found}
    iris = sorted({*seen.described, *seen.classes, *classes})
    numbers = {iri: number for number, iri in enumerate(iris, 1)}
    slugs = _slugs(kinds, base)
    called = {iri: tuple(seen.labels.describe(iri, language) for language in LANGUAGES) for iri in seen.described}
    places = [
        {
            iri: place
            for place, iri in enumerate(
                sorted(kinds, key=lambda iri, at=at: sort_key(called[iri][at] if iri in called else iri))  # type: ignore[misc]  # at is bound
            )
        }
        for at in range(len(LANGUAGES))
    ]

    def rows() -> Iterator[tuple[object, ...]]:
        for iri, number in numbers.items():
            nb, en = called.get(iri, (None, None))
            names = (nb, None if en == nb else en, iri in seen.labels)
            if iri in kinds:
                yield (
                    number,
                    iri,
                    *names,
                    kinds[iri].name,
                    slugs[iri],
                    local_name(iri, base),
                    *(p[iri] for p in places),
                )
            else:
                yield (number, iri, *names, None, None, None, None, None)

    database.executemany("INSERT INTO node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())
    pairs = sorted((numbers[class_], numbers[iri]) for iri, found in seen.classes.items() for class_ in found)
    database.executemany("INSERT INTO class VALUES (?, ?)", pairs)


def _slugs(kinds: Mapping[str, Kind], base: str) -> dict[str, str]:
    """The last part of the address of every thing; two things of one kind never share one."""
    taken: dict[tuple[str, str], str] = {}
    for iri, kind in sorted(kinds.items(), key=lambda item: (len(item[0]), item[0])):
        name = local_name(iri, base)
        slug = next(
            each
            for each in chain((slug_of(iri, kind, base), name), (f"{name}-{n}" for n in count(2)))
            if (kind.name, each) not in taken
        )
        taken[kind.name, slug] = iri
    return {iri: slug for (_, slug), iri in taken.items()}


def _names_of(naming: Iterable[Quad]) -> dict[str, list[tuple[str, str, bool]]]:
    """Every name of every thing, each once: the text, its language, and whether it is a main one."""
    names: dict[str, dict[tuple[str, str, bool], None]] = defaultdict(dict)
    for quad in naming:
        said = quad.predicate.value in {*LABEL_PROPERTIES, _ALT}
        if said and isinstance(quad.subject, Iri) and isinstance(quad.object, Literal):
            main = quad.predicate.value != _ALT
            names[quad.subject.value][quad.object.value, quad.object.language or "", main] = None
    return {iri: list(found) for iri, found in names.items()}


def _counts(kinds: Mapping[str, Kind]) -> dict[str, int]:
    """How many things of each kind there are; kinds without one, and mere records, are left out."""
    numbers = Counter(kind.name for kind in kinds.values())
    return {kind.name: numbers[kind.name] for kind in KINDS if numbers[kind.name] and kind != FALLBACK}


def _vocabulary(seen: _Seen) -> list[str]:
    """The classes and properties that the graph uses or defines, by IRI."""
    classes: AbstractSet[str] = {each for found in seen.classes.values() for each in found}
    defined = {iri for iri in seen.classes if "#" in iri and "/source/" not in iri}
    return sorted(seen.properties | classes | defined)


def sort_key(name: str) -> tuple[str, str]:
    """Where a name stands in a Norwegian or English list: accents count little, and æ, ø, å come last."""
    lowered = name.casefold().translate(_LAST)
    return (lowered, name)
