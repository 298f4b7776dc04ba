"""One version of the graph as the pages read it: names, kinds and the search index, made once for each version."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from itertools import chain, count
from typing import Final

from starlette.requests import Request

from citygraph.labels import LABEL_PROPERTIES, Labels
from citygraph.namespaces import PREFIXES
from citygraph.project import Project
from citygraph.rdf import Iri, Literal, Triple
from citygraph.store import Snapshot
from citygraph.web.kinds import FALLBACK, KINDS, Kind, kind_named, kind_of
from citygraph.web.names import NameIndex
from citygraph.web.urls import local_name, slug_of

__all__ = ["Reading", "project_of", "reading_of"]

_PARTS: Final = (
    "org:member", "org:organization", "org:role", "schema:observationAbout", "schema:measuredProperty",
    "rdf:subject", "rdf:predicate", "rdf:object", "cg:listOf", "cg:listKind",
)  # fmt: skip
_SAID: Final = (*(f"<{iri}>" for iri in LABEL_PROPERTIES), "skos:altLabel", *_PARTS)
_NAMES: Final = f"SELECT ?s ?p ?o WHERE {{ VALUES ?p {{ {' '.join(_SAID)} }} ?s ?p ?o }}"
_TYPES: Final = "SELECT ?s ?c WHERE { ?s a ?c }"
_THEMES: Final = "SELECT DISTINCT ?s WHERE { ?x cg:coversTheme|org:purpose ?s }"
_ALT: Final = PREFIXES["skos"] + "altLabel"
_KEPT: Final = 3
_LAST: Final = str.maketrans("æøåäö", "\ue000\ue001\ue002\ue000\ue001")


class Reading:
    """A snapshot with what every page needs to know about it."""

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        """Read the names and the classes of everything in the snapshot."""
        self.project, self.snapshot = project, snapshot
        self._stale: tuple[object, bool] | None = None
        triples = [
            Triple(row["s"], row["p"], row["o"])  # type: ignore[arg-type]  # the store keeps subjects and predicates
            for row in self._ask(_NAMES)
        ]
        self.labels = Labels(triples, prefixes=project.prefixes)
        self.names = _names_of(triples)
        classes: dict[str, set[str]] = defaultdict(set)
        for row in self._ask(_TYPES):
            if isinstance(row["s"], Iri) and isinstance(row["c"], Iri):
                classes[row["s"].value].add(row["c"].value)
        self._classes = {iri: frozenset(found) for iri, found in classes.items()}
        themes = {row["s"].value for row in self._ask(_THEMES) if isinstance(row["s"], Iri)}
        base = project.config.base
        self.kinds: dict[str, Kind] = {
            iri: kind_of(found, is_theme=iri in themes)
            for iri, found in classes.items()
            if local_name(iri, base) and "#" not in iri
        }

    def _ask(self, text: str) -> list[dict[str, object]]:
        answer = self.snapshot.query(text, prefixes=self.project.prefixes)
        return list(answer)  # type: ignore[arg-type]  # a SELECT gives rows

    def is_stale(self) -> bool:
        """Whether a file has changed since this version was built; hashed again only when one may have."""
        stamp = self.project.stamp()
        if self._stale is None or self._stale[0] != stamp:
            self._stale = (stamp, self.project.is_stale(self.snapshot))
        return self._stale[1]

    @property
    def as_of(self) -> date:
        """The reference date of the version."""
        return date.fromisoformat(self.snapshot.manifest.as_of)

    @cached_property
    def slugs(self) -> dict[str, str]:
        """The last part of the address of every thing; two things of one kind never share one."""
        base = self.project.config.base
        taken: dict[tuple[str, str], str] = {}
        for iri, kind in sorted(self.kinds.items(), key=lambda item: (len(item[0]), item[0])):
            name = local_name(iri, base)
            slug = next(
                each
                for each in chain((slug_of(iri, kind, base), name), (f"{name}-{n}" for n in count(2)))
                if (kind.name, each) not in taken
            )
            taken[kind.name, slug] = iri
        return {iri: slug for (_, slug), iri in taken.items()}

    @cached_property
    def by_address(self) -> dict[tuple[str, str], str]:
        """The IRI behind the kind and the slug of an address."""
        return {(self.kinds[iri].name, slug): iri for iri, slug in self.slugs.items()}

    @cached_property
    def by_local_name(self) -> dict[str, str]:
        """The IRI behind a local name, in whichever of the graph's namespaces it stands; `id/` comes first."""
        base = self.project.config.base
        ordered = sorted(self.kinds, key=lambda iri: (not iri.startswith(f"{base}id/"), iri), reverse=True)
        return {local_name(iri, base): iri for iri in ordered}

    @cached_property
    def index(self) -> NameIndex:
        """The names of everything that has a page."""
        return NameIndex({iri: [name for name, *_ in names] for iri, names in self.names.items() if iri in self.kinds})

    def of_kind(self, name: str) -> list[str]:
        """The IRIs of all things of a kind."""
        kind = kind_named(name)
        return [iri for iri, each in self.kinds.items() if each == kind]

    def of_class(self, iri: str) -> list[str]:
        """The IRIs of all things of a class, derived membership included."""
        return [thing for thing, classes in self._classes.items() if iri in classes and "#" not in thing]

    def classes_of(self, iri: str) -> frozenset[str]:
        """The classes of a thing."""
        return self._classes.get(iri, frozenset())

    @cached_property
    def vocabulary(self) -> list[str]:
        """The classes and properties that the graph uses or defines, by IRI."""
        used = {row["p"] for row in self._ask("SELECT DISTINCT ?p WHERE { ?s ?p ?o }")}
        properties = {term.value for term in used if isinstance(term, Iri)}
        classes = {each for found in self._classes.values() for each in found}
        return sorted(properties | classes | {iri for iri in self._classes if "#" in iri and "/source/" not in iri})

    def counts(self) -> list[tuple[Kind, int]]:
        """How many things of each kind there are; kinds without one, and mere records, are left out."""
        numbers: dict[Kind, int] = defaultdict(int)
        for kind in self.kinds.values():
            numbers[kind] += 1
        return [(kind, numbers[kind]) for kind in KINDS if numbers[kind] and kind != FALLBACK]

    def label(self, iri: str, language: str) -> str:
        """What a thing is called; a fact by what it ties together."""
        return self.labels.describe(iri, language)

    def in_order(self, iris: Iterable[str], language: str) -> list[str]:
        """IRIs by name, the way the language sorts its letters."""
        return sorted(iris, key=lambda iri: sort_key(self.label(iri, language)))


def sort_key(name: str) -> tuple[str, str]:
    """Where a name stands in a Norwegian or English list: accents count little, and æ, ø, å come last."""
    lowered = name.casefold().translate(_LAST)
    return (lowered, name)


def _names_of(triples: Iterable[Triple]) -> dict[str, list[tuple[str, str, bool]]]:
    """Every name of every thing: the text, its language, and whether it is the main one."""
    names: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for triple in triples:
        said = triple.predicate.value in {*LABEL_PROPERTIES, _ALT}
        if said and isinstance(triple.subject, Iri) and isinstance(triple.object, Literal):
            main = triple.predicate.value != _ALT
            names[triple.subject.value].append((triple.object.value, triple.object.language or "", main))
    return names


class _Kept:
    """The newest few readings; a new version is read once, however many ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: OrderedDict[tuple[str, str], Reading] = OrderedDict()

    def get(self, project: Project, snapshot: Snapshot) -> Reading:
        key = (str(snapshot.folder), snapshot.snapshot_id)
        with self._lock:
            if key not in self._readings:
                self._readings[key] = Reading(project, snapshot)
                while len(self._readings) > _KEPT:
                    self._readings.popitem(last=False)
            self._readings.move_to_end(key)
            return self._readings[key]


_kept = _Kept()


def project_of(request: Request) -> Project:
    """The project that is being served."""
    project: Project = request.app.state.project
    return project


def reading_of(request: Request) -> Reading:
    """The version in use.

    Raises:
        SnapshotError: nothing has been built yet.
    """
    project = project_of(request)
    return _kept.get(project, project.snapshot())
