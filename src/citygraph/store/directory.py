"""The directory of a version: names, kinds and addresses of everything in it, in one file that is read row by row.

Pages need a name for every IRI that they show. A dictionary of all of them takes seconds to read and memory that
grows with the graph; this file is written at the build, beside the manifest, and read a row at a time.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, NamedTuple

from citygraph.errors import SnapshotError
from citygraph.labels import (
    FALLBACK,
    KINDS,
    LABEL_PROPERTIES,
    NAMING_PROPERTIES,
    Kind,
    Labels,
    kind_of,
    local_name,
    place_label,
    reused_labels,
    slug_of,
)
from citygraph.matching.names import country_code
from citygraph.messages import LANGUAGES, sentence
from citygraph.namespaces import CG, PREFIXES, compress, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.sources import anchor_of
from citygraph.store.names import NAMES_VERSION, Hit, search_names, write_names

DIRECTORY_FILE: Final = "directory.sqlite"
_KEPT: Final = 20_000
_MAPPED: Final = 64_000_000
_IN_ONE: Final = 500
_AT_THE_END: Final = 1 << 60
_TYPE: Final = PREFIXES["rdf"] + "type"
_ALT: Final = PREFIXES["skos"] + "altLabel"
_COUNTRY, _ADMINISTERS = CG + "inCountry", CG + "administers"
_OF_PLACES: Final = frozenset({"city", "authority", "place"})
_OF_THEMES: Final = frozenset({CG + "coversTheme", PREFIXES["org"] + "purpose"})
_READ: Final = frozenset({_TYPE, _ALT, _COUNTRY, _ADMINISTERS, *NAMING_PROPERTIES, *_OF_THEMES})
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


# -- read row by row ----------------------------------------------------------------------------------


class Node(NamedTuple):
    """One IRI: what it is called, whether by a name of its own, and its kind and the end of its address, if any."""

    iri: str
    nb: str
    en: str
    is_named: bool
    kind: str
    slug: str


class Directory:
    """The names of one version, for any number of threads."""

    def __init__(self, folder: Path, prefixes: Mapping[str, str]) -> None:
        """The directory in the folder of a snapshot.

        Raises:
            SnapshotError: there is none, it is damaged, or its names are compared in another way.
        """
        self._file, self._prefixes = folder / DIRECTORY_FILE, prefixes
        self._free: deque[sqlite3.Connection] = deque()
        self._end = weakref.finalize(self, _close_all, self._free)
        try:
            said = {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM meta")}
            self.counts: Mapping[str, int] = said["kinds"]
            self.vocabulary: Sequence[str] = said["vocabulary"]
            self.findings: int = said["findings"]
            self._base: str = said["base"]
        except (sqlite3.Error, KeyError, ValueError) as error:
            message = sentence("store.names_unreadable", name=folder.name)
            raise SnapshotError(message, fix=sentence("store.build_again")) from error
        if said.get("names") != NAMES_VERSION:
            message = sentence("store.names_of_another", name=folder.name)
            raise SnapshotError(message, fix=sentence("store.build_again"))
        self.node = lru_cache(maxsize=_KEPT)(self._read_node)

    def close(self) -> None:
        """Give back what is open; whoever still reads finishes."""
        self._end()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has."""
        try:
            database = self._free.pop()
        except IndexError:
            # The file never changes, so nothing needs to be locked or looked at again.
            address = f"{self._file.absolute().as_uri()}?mode=ro&immutable=1"
            database = sqlite3.connect(address, uri=True, check_same_thread=False)
            database.execute(f"PRAGMA mmap_size = {_MAPPED}")
        try:
            yield database
        finally:
            if self._end.alive:
                self._free.append(database)
            else:
                database.close()

    def _rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        with self._open() as database:
            return database.execute(text, values).fetchall()

    # -- one thing ------------------------------------------------------------------------------------

    def _read_node(self, iri: str) -> Node | None:
        rows = self._rows("SELECT nb, en, named, kind, slug FROM node WHERE iri = ?", (iri,))
        if not rows:
            return None
        nb, en, named, kind, slug = rows[0]
        return Node(iri, nb or "", (nb if en is None else en) or "", bool(named), kind or "", slug or "")

    def at(self, kind: str, slug: str) -> str | None:
        """The IRI behind the kind and the slug of an address."""
        rows = self._rows("SELECT iri FROM node WHERE kind = ? AND slug = ?", (kind, slug))
        return rows[0][0] if rows else None

    def called(self, local: str) -> str | None:
        """The IRI behind a local name, in whichever of the graph's namespaces it stands; `id/` comes first."""
        found = [iri for (iri,) in self._rows("SELECT iri FROM node WHERE local = ?", (local,))]
        return min(found, key=lambda iri: (not iri.startswith(f"{self._base}id/"), iri), default=None)

    def names(self, iri: str) -> list[tuple[str, str, bool]]:
        """Every name of a thing that has a page: the text, its language, and whether it is a main one."""
        rows = self._rows("SELECT text, language, main FROM name WHERE iri = ? AND spelled = 0 ORDER BY id", (iri,))
        return [(text, language, bool(main)) for text, language, main in rows]

    def spellings(self, iri: str) -> list[tuple[str, str]]:
        """What a thing is found under beside its names, as names are compared, and of which name that is a spelling."""
        return self._rows("SELECT folded, text FROM name WHERE iri = ? AND spelled = 1 ORDER BY id", (iri,))

    def classes(self, iri: str) -> frozenset[str]:
        """The classes of a thing, derived ones included."""
        query = (
            "SELECT it.iri FROM node AS thing JOIN class ON class.node = thing.id JOIN node AS it ON it.id = class.class"
            " WHERE thing.iri = ?"
        )
        return frozenset(name for (name,) in self._rows(query, (iri,)))

    def of(self, term: Term | str, language: str) -> str:
        """What a term is called; a fact by what it ties together; without a name its CURIE (see `Labels.of`)."""
        if isinstance(term, Literal):
            return term.value
        iri = term.value if isinstance(term, Iri) else str(term)
        node = self.node(iri)
        if node is not None and node.nb:
            return node.nb if language == "nb" else node.en
        if iri in reused_labels():
            return reused_labels()[iri].in_language(language)
        anchor = anchor_of(iri)
        if anchor is not None and anchor.source in self:
            return place_label(self.of(anchor.source, language), anchor, language)
        return compress(iri, self._prefixes)

    def __contains__(self, iri: str) -> bool:
        """Whether there is any label for this IRI."""
        node = self.node(iri)
        return node is not None and node.is_named

    # -- many things ----------------------------------------------------------------------------------

    def things(self, kind: str = "", *, language: str = "en", most: int = -1) -> list[str]:
        """The IRIs of everything of a kind, or of everything with a page, by name."""
        chosen = "kind = ?" if kind else "kind IS NOT NULL AND ? = ''"
        place = "place_nb" if language == "nb" else "place_en"
        # Two fixed conditions and two fixed columns.
        query = f"SELECT iri FROM node WHERE {chosen} ORDER BY {place} LIMIT ?"  # noqa: S608
        return [iri for (iri,) in self._rows(query, (kind, most))]

    def of_class(self, iri: str, *, most: int = -1) -> list[str]:
        """The IRIs of things of a class, derived membership included."""
        query = (
            "SELECT thing.iri FROM node AS it JOIN class ON class.class = it.id JOIN node AS thing"
            " ON thing.id = class.node WHERE it.iri = ? AND instr(thing.iri, '#') = 0 LIMIT ?"
        )
        return [name for (name,) in self._rows(query, (iri, most))]

    def in_order(self, iris: Iterable[str], language: str) -> list[str]:
        """IRIs by name, the way the language sorts its letters; those without a page come last."""
        wanted = list(iris)
        places: dict[str, int] = {}
        column = "place_nb" if language == "nb" else "place_en"
        for start in range(0, len(wanted), _IN_ONE):
            some = wanted[start : start + _IN_ONE]
            marks = ",".join("?" * len(some))
            # Only question marks and one of two names are put into the text.
            query = f"SELECT iri, {column} FROM node WHERE kind IS NOT NULL AND iri IN ({marks})"  # noqa: S608
            places |= dict(self._rows(query, some))
        return sorted(wanted, key=lambda iri: (places.get(iri, _AT_THE_END), self.of(iri, language), iri))

    def called_exactly(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The IRIs of what is called so, in its own name before another spelling, by name as names are compared."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        wanted = sorted(set(names))
        for start in range(0, len(wanted), _IN_ONE):
            some = wanted[start : start + _IN_ONE]
            marks = ",".join("?" * len(some))
            # Only question marks are put into the text.
            query = f"SELECT folded, iri FROM name WHERE folded IN ({marks}) ORDER BY spelled, id"  # noqa: S608
            for folded, iri in self._rows(query, some):
                found[folded].setdefault(iri)
        return {folded: list(iris) for folded, iris in found.items()}

    def search(self, text: str, *, most: int = 50) -> list[Hit]:
        """The things with a page whose names come nearest, the best first."""
        with self._open() as database:
            return search_names(database, text, most=most)


def _close_all(free: deque[sqlite3.Connection]) -> None:
    while free:
        free.pop().close()


# -- written at the build -----------------------------------------------------------------------------


class _Seen:
    """What one pass over the statements finds out."""

    def __init__(self, quads: Iterable[Quad], base: str) -> None:
        naming: dict[Quad, None] = {}
        self.classes: dict[str, set[str]] = defaultdict(set)
        self.properties: set[str] = set()
        self.themes: set[str] = set()
        self._countries: dict[str, set[str]] = defaultdict(set)
        self._places: dict[str, set[str]] = defaultdict(set)
        for quad in quads:
            predicate = quad.predicate.value
            self.properties.add(predicate)
            if predicate not in _READ:
                continue
            subject, _, value = quad.triple
            if not isinstance(subject, Iri):
                continue
            if predicate == _TYPE and isinstance(value, Iri):
                self.classes[subject.value].add(value.value)
            elif predicate in NAMING_PROPERTIES or predicate == _ALT:
                naming[Quad(subject, quad.predicate, value)] = None
            elif predicate in _OF_THEMES and isinstance(value, Iri):
                self.themes.add(value.value)
            elif predicate in {_COUNTRY, _ADMINISTERS} and isinstance(value, Iri):
                (self._countries if predicate == _COUNTRY else self._places)[subject.value].add(value.value)
        self.labels = Labels(naming, prefixes=prefixes_for(base))
        self.names = _names_of(naming)
        self.described = {quad.subject.value for quad in naming if isinstance(quad.subject, Iri)}

    def lies_in(self, iri: str) -> frozenset[str]:
        """The countries of a place, or of what an authority governs; one that has no name here is a code of its own."""
        found = {each for place in (iri, *self._places.get(iri, ())) for each in self._countries.get(place, ())}
        return frozenset(country_code(each) or each for each in found)


def former_names(lifted: Iterable[Quad]) -> Iterator[Quad]:
    """What does not hold on the day, for the directory: a name of another time is one more spelling."""
    for quad in lifted:
        is_name = quad.predicate.value in NAMING_PROPERTIES
        yield Quad(quad.subject, Iri(_ALT), quad.object, quad.graph_name) if is_name else quad


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
            named = ((iri, *name) for iri in sorted(kinds) for name in seen.names.get(iri, ()))
            write_names(database, named, {iri: seen.lies_in(iri) for iri in kinds if kinds[iri].name in _OF_PLACES})
            database.executescript(_INDEXES)
            said = {
                "base": base, "kinds": _counts(kinds), "vocabulary": _vocabulary(seen), "findings": findings,
                "names": NAMES_VERSION,
            }  # fmt: skip
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
