"""What the pages read: one version of the graph, the saved questions, and what a site keeps between requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.requests import Request

from citygraph.as_of import DatedStatus
from citygraph.errors import SnapshotError
from citygraph.labels import FALLBACK, KINDS, Kind, kind_named
from citygraph.messages import sentence
from citygraph.namespaces import expand
from citygraph.query import NamedThing, statuses_of
from citygraph.query.entity import statements_about
from citygraph.rdf import Iri, Term
from citygraph.saved_query import SavedQuery
from citygraph.store import Manifest, Snapshot, Store
from citygraph.store.directory import Directory
from citygraph.web.requests import client_of

if TYPE_CHECKING:
    from citygraph.project import Project

_T = TypeVar("_T")
_SHORT: Final = re.compile(r"\bid:[\w.-]*\w")


class GraphView:
    """A version of the graph for one request: `store` answers in the time and within the limits of who asks."""

    def __init__(self, project: Project, snapshot: Snapshot, kept: KeptVersion, store: Store) -> None:
        """A view of one version.

        Args:
            project: the project that is being served.
            snapshot: the version; it is not opened here.
            kept: what is kept of it for all requests.
            store: answers queries, for this request alone.
        """
        self.project, self.snapshot, self.store = project, snapshot, store
        self.manifest: Manifest = snapshot.manifest
        self.directory, self.is_stale = kept.directory, kept.is_stale

    def kind_of(self, iri: str) -> Kind | None:
        """The kind of a thing that has a page; `None` for any other."""
        node = self.directory.node(iri)
        return kind_named(node.kind) if node is not None else None

    def label(self, iri: str, language: str) -> str:
        """What a thing is called; a fact by what it ties together, and what has no name by what it is."""
        name = self.directory.of(iri, language)
        return _SHORT.sub(lambda found: self._in_words(found[0], iri, language), name) if ":" in name else name

    def _in_words(self, short: str, of: str, language: str) -> str:
        """A short address in a name: what it is called itself, else the word for its class; as it is without either."""
        iri = expand(short, self.project.prefixes) or of
        node = self.directory.node(iri)
        if iri != of and node is not None and not _SHORT.search(name := self.directory.of(iri, language)):
            return name
        classes = sorted(self.directory.of(each, language) for each in self.directory.classes(iri))
        return next((each for each in classes if ":" not in each), short)

    def statements(self, iri: str, *, incoming: bool = False) -> dict[tuple[str, Term], bool]:
        """Every statement about a thing, or naming it: (property, other end) and whether it is only derived.

        Those of other times are left out, but for what is stated about a thing that is itself not there on the day.
        """
        inferred, lifted = self.manifest.inferred_graph, self.manifest.lifted_graphs
        away = lifted[1:] if self.statuses([Iri(iri)]) else lifted
        return statements_about(iri, self.store, inferred_graph=inferred, without=away, incoming=incoming)

    def statuses(self, facts: Iterable[Term]) -> dict[Term, DatedStatus]:
        """What does not hold on the day of those facts and things, and why."""
        graphs = self.manifest.lifted_graphs
        return statuses_of(facts, self.store, Iri(graphs[-1])) if graphs else {}

    def counts(self) -> list[tuple[Kind, int]]:
        """How many things of each kind there are; kinds without one, and mere records, are left out."""
        numbers = self.directory.counts
        return [(kind, numbers[kind.name]) for kind in KINDS if numbers.get(kind.name) and kind != FALLBACK]

    def candidates(self, text: str, of_class: str) -> list[NamedThing]:
        """The things of a class (an IRI; empty for all) whose names come near a text, each under the name that does."""
        hits = self.directory.search(text, most=200)
        found = [hit for hit in hits if not of_class or of_class in self.directory.classes(hit.iri)]
        return [NamedThing(hit.iri, name) for hit in found for name, *_ in self.directory.names(hit.iri)]


class KeptVersion:
    """What is kept of one version for all who read it."""

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        """What can be kept of the version; its directory is open from now on.

        Raises:
            SnapshotError: the version has none.
        """
        self.directory = Directory(snapshot.folder, project.prefixes)
        self._project, self._manifest = project, snapshot.manifest
        self._stale: tuple[object, bool] | None = None

    def is_stale(self) -> bool:
        """Whether a file has changed since this version was built; hashed again only when one may have."""
        stamp = self._project.stamp()
        if self._stale is None or self._stale[0] != stamp:
            self._stale = (stamp, self._project.is_stale_against(self._manifest))
        return self._stale[1]


class SiteMemory:
    """What a site keeps between requests: each thing is made once, and again when it is of another stamp."""

    def __init__(self) -> None:
        """Nothing is kept yet; many threads may use it."""
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._made: dict[Hashable, tuple[object, Any]] = {}

    def once(self, key: Hashable, stamp: object, make: Callable[[], _T]) -> _T:
        """What `make` makes; the one of the last time as long as the stamp is the same, however many ask at once.

        Args:
            key: which thing.
            stamp: what it is made from, as something that can be compared.
            make: makes it; what it raises is passed on, and nothing is kept.
        """
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                known = self._made.get(key)
                if known is None or known[0] != stamp:
                    known = self._made[key] = (stamp, make())
                made: _T = known[1]
                return made
        finally:
            # Keys come from addresses: nothing stays of one that leads nowhere.
            with self._lock:
                if key not in self._made:
                    self._making.pop(key, None)


def memory_of(request: Request) -> SiteMemory:
    """What the site keeps."""
    memory: SiteMemory = request.app.state.memory
    return memory


def project_of(request: Request) -> Project:
    """The project that is being served."""
    project: Project = request.app.state.project
    return project


def graph_of(request: Request) -> GraphView:
    """The version in use, for this request: from the workers when the site has them, else from this process.

    Raises:
        SnapshotError: nothing has been built yet.
    """
    project = project_of(request)
    service = getattr(request.app.state, "service", None)
    snapshot = snapshot_of(request)
    store: Store = snapshot
    if service is not None:
        store = _close_later(request, service.store(client_of(request.scope)))
    return GraphView(project, snapshot, kept_version(project, snapshot, memory_of(request)), store)


def snapshot_of(request: Request) -> Snapshot:
    """The version in use.

    Raises:
        SnapshotError: nothing has been built yet.
    """
    service = getattr(request.app.state, "service", None)
    snapshot: Snapshot = service.snapshot if service is not None else project_of(request).snapshot()
    return snapshot


def kept_version(project: Project, snapshot: Snapshot, memory: SiteMemory) -> KeptVersion:
    """What the site keeps of a version, made when it is asked for first.

    Raises:
        SnapshotError: its files cannot be read.
    """
    # A version that is built afresh has the same name and another folder.
    try:
        stamp = (str(snapshot.folder), snapshot.folder.stat().st_ino)
    except OSError as error:
        raise SnapshotError(sentence("request.unreadable"), fix=sentence("store.build_again")) from error
    return memory.once("version", stamp, lambda: KeptVersion(project, snapshot))


def day_of(request: Request, as_of: date) -> tuple[Snapshot, Store]:
    """What the files of the version in use say about another day, and a store to ask it.

    Raises:
        StoreTimeout: it is being worked out.
        StoreError: it cannot be worked out.
    """
    service = getattr(request.app.state, "service", None)
    if service is None:
        snapshot = project_of(request).snapshot(as_of=as_of)
        return snapshot, snapshot
    snapshot, store = service.day(as_of, client_of(request.scope))
    return snapshot, _close_later(request, store)


def _close_later(request: Request, store: Store) -> Store:
    """The store, which is closed when the request is answered."""
    kept: list[Store] = request.scope.setdefault("citygraph.stores", [])
    kept.append(store)
    return store


def close_stores(request: Request) -> None:
    """Give back the memory that the answers for this request took, and its turn with another day."""
    for store in request.scope.pop("citygraph.stores", ()):
        store.close()


def saved_queries(project: Project, memory: SiteMemory) -> list[SavedQuery]:
    """The questions that are published, by name; read again when one of their files has changed."""
    stats = [(path, path.stat()) for path in sorted((project.folder / "queries").glob("*.rq"))]
    stamp = (*((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats), _looked_at(project))
    return memory.once("questions", stamp, lambda: [query for query in project.queries() if query.publish])


def saved_query(project: Project, memory: SiteMemory, name: str) -> SavedQuery:
    """The question of that name, published or not; read again when its file has changed.

    Raises:
        QueryError: there is none, or it breaks a rule of its header.
    """
    folder = project.folder / "queries"
    # Before the file is read: a change in between is seen the next time.
    stamp = _stamp(folder / f"{name}.rq")
    return memory.once(("question", name), (stamp, _looked_at(project)), lambda: project.question(name))


def _looked_at(project: Project) -> Path | None:
    """The version whose build has looked at the questions of the public edition; other editions show them all."""
    link = project.snapshots.link
    return link.resolve() if project.config.hidden else None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        # A name with a null in it is no name of a file; whoever looks for it by name says so.
        return None
    return stat.st_mtime_ns, stat.st_size
