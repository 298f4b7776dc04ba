"""The directory of a version: names, kinds and addresses of everything in it, looked up in one file one by one.

Pages need a name for every IRI that they show. A dictionary of all of them takes seconds to read and memory that
grows with the graph; this file is written at the build, beside the manifest, and read a row at a time.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from citygraph.errors import SnapshotError
from citygraph.labels import passage_label, reused_labels
from citygraph.namespaces import compress
from citygraph.rdf import Iri, Literal, Term
from citygraph.sources import excerpt_range
from citygraph.store.name_index import Hit, search_names

__all__ = ["DIRECTORY_FILE", "Directory", "Node"]

DIRECTORY_FILE: Final = "directory.sqlite"
_KEPT: Final = 20_000
_MAPPED: Final = 64_000_000
_IN_ONE: Final = 500
_AT_THE_END: Final = 1 << 60


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
            SnapshotError: there is none, or it is damaged.
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
            message = f"The names of the snapshot {folder} cannot be read."
            raise SnapshotError(message, fix="Build it again: citygraph build --fresh") from error
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
        rows = self._rows("SELECT text, language, main FROM name WHERE iri = ? ORDER BY id", (iri,))
        return [(text, language, bool(main)) for text, language, main in rows]

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
        excerpt = excerpt_range(iri)
        if excerpt is not None and excerpt.source in self:
            return passage_label(self.of(excerpt.source, language), excerpt, language)
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

    def search(self, text: str, *, most: int = 50) -> list[Hit]:
        """The things with a page whose names come nearest, the best first."""
        with self._open() as database:
            return search_names(database, text, most=most)


def _close_all(free: deque[sqlite3.Connection]) -> None:
    while free:
        free.pop().close()
