"""The versions of one project on a server: loaded beside the old one, counted, switched with one update, asked.

One small graph says which versions there are:

```
<base>            dcat:hasCurrentVersion  <base>version/<load id> .
<base>version/…   dcat:version "<snapshot id>" ; dct:created "…" ; dct:issued "…" ; void:triples 1 ; <urn:citygraph:manifest> "{…}" .
```

`dct:created` is when its loading began, `dct:issued` when every graph of it had been counted. What was created and
never issued is a load that was broken off.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from citygraph.config import Config
from citygraph.errors import ConfigError, SnapshotError, StoreError
from citygraph.http import Policy
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Term
from citygraph.store.server.capabilities import Capabilities, read_capabilities
from citygraph.store.server.connection import Addresses, Connection, Credentials
from citygraph.store.server.loading import Loader
from citygraph.store.server.renaming import Renaming, split_quad
from citygraph.store.server.snapshot import FINDINGS, ServedSnapshot
from citygraph.store.snapshot import Manifest, Snapshot, manifest_of

_DCAT, _DCT = PREFIXES["dcat"], PREFIXES["dct"]
_CURRENT: Final = Iri(_DCAT + "hasCurrentVersion")
_VERSION: Final = Iri(_DCAT + "version")
_CREATED: Final = Iri(_DCT + "created")
_ISSUED: Final = Iri(_DCT + "issued")
_TRIPLES: Final = Iri(PREFIXES["void"] + "triples")
_MANIFEST: Final = Iri("urn:citygraph:manifest")
_PROBE: Final = Iri("urn:citygraph:probe")
_WORK: Final = "work-"
"""What the loads are named that rules left on a server when they still ran there."""
_BROKEN_OFF: Final = timedelta(hours=1)
Progress = Callable[[str, int, int], None]


# -- which there are ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """One version as it was loaded; `issued` is empty and `triples` 0 until it was counted and found whole."""

    load_id: str
    snapshot_id: str
    created: str
    issued: str
    triples: int


class Versions:
    """The versions of one project on one server."""

    def __init__(self, connection: Connection, base: str) -> None:
        """The versions whose names begin with `base`."""
        self._connection, self._base = connection, base
        self._graph = Iri(f"{base}versions")
        self._project = Iri(base)

    def _iri(self, load_id: str) -> Iri:
        return Iri(f"{self._base}version/{load_id}")

    def _id(self, term: Term | None) -> str:
        return term.value.removeprefix(f"{self._base}version/") if isinstance(term, Iri) else ""

    # -- reading --------------------------------------------------------------------------------------

    def current(self) -> str:
        """The id of the load in use; empty before the first one.

        Raises:
            StoreError: the server did not answer.
        """
        text = f"SELECT ?version WHERE {{ GRAPH {self._graph} {{ {self._project} {_CURRENT} ?version }} }} ORDER BY ?version"
        rows = self._connection.rows(text)
        return self._id(rows[0]["version"]) if rows else ""

    def all(self) -> list[Load]:
        """Every load, the newest first.

        Raises:
            StoreError: the server did not answer.
        """
        text = f"""SELECT ?load ?version ?created ?issued ?triples WHERE {{ GRAPH {self._graph} {{
            ?load {_VERSION} ?version ; {_CREATED} ?created .
            OPTIONAL {{ ?load {_ISSUED} ?issued ; {_TRIPLES} ?triples }} }} }}"""
        loads = [
            Load(
                self._id(row["load"]),
                _text(row, "version"),
                _text(row, "created"),
                _text(row, "issued"),
                int(_text(row, "triples") or 0),
            )
            for row in self._connection.rows(text)
        ]
        return sorted(loads, key=lambda each: each.created, reverse=True)

    def manifest(self, load_id: str) -> Manifest:
        """What a load holds.

        Raises:
            SnapshotError: the server does not know it, or it was made by another version of citygraph.
            StoreError: the server did not answer.
        """
        text = f"SELECT ?manifest WHERE {{ GRAPH {self._graph} {{ {self._iri(load_id)} {_MANIFEST} ?manifest }} }}"
        rows = self._connection.rows(text)
        if not rows:
            message = sentence("snapshots.unknown_there", host=self._connection.host, name=load_id)
            raise SnapshotError(message, fix=sentence("snapshots.run_build"))
        return manifest_of(json.loads(_text(rows[0], "manifest")), self._connection.host)

    # -- writing --------------------------------------------------------------------------------------

    def probe(self) -> None:
        """See that the server answers and takes updates, before anything is worked out for it.

        Raises:
            StoreError: it does not.
        """
        self.current()
        self._connection.update(f'DELETE DATA {{ GRAPH {self._graph} {{ {self._project} {_PROBE} "1" }} }}')

    def begin(self, manifest: Manifest, findings: Sequence[Mapping[str, object]]) -> Renaming:
        """Announce a load under a name that nobody else uses, so that two builds never share a graph.

        Raises:
            StoreError: the server cannot be written.
        """
        load_id = f"{manifest.snapshot_id}-{secrets.token_hex(4)}"
        kept = Literal(json.dumps(manifest.to_json(), ensure_ascii=False, sort_keys=True))
        noted = Literal(json.dumps(list(findings), ensure_ascii=False, sort_keys=True))
        said = f"{_VERSION} {Literal(manifest.snapshot_id)} ; {_CREATED} {_now()} ; {_MANIFEST} {kept} ; {FINDINGS} {noted}"
        self._connection.update(f"INSERT DATA {{ GRAPH {self._graph} {{ {self._iri(load_id)} {said} }} }}")
        return renaming_of(manifest, load_id)

    def finish(self, load_id: str, triples: int) -> None:
        """Say that every graph of a load was counted and is whole.

        Raises:
            StoreError: the server cannot be written.
        """
        said = f"{self._iri(load_id)} {_ISSUED} {_now()} ; {_TRIPLES} {triples}"
        self._connection.update(f"INSERT DATA {{ GRAPH {self._graph} {{ {said} }} }}")

    def use(self, load_id: str) -> None:
        """Point to another load with one update: who asks sees the old version or the new one.

        Raises:
            StoreError: it was not switched, or nobody knows; either version is whole.
        """
        before, load = self.current(), self._iri(load_id)
        if before == load_id:
            return
        old = f"GRAPH {self._graph} {{ {self._project} {_CURRENT} ?before }}"
        new = f"GRAPH {self._graph} {{ {self._project} {_CURRENT} {load} }}"
        # Virtuoso does nothing when the pattern is empty, so the first version is simply said.
        self._connection.update(
            f"DELETE {{ {old} }} INSERT {{ {new} }} WHERE {{ {old} }}" if before else f"INSERT DATA {{ {new} }}"
        )
        now = self.current()
        if now != load_id:
            message = sentence("snapshots.uses_other", host=self._connection.host, name=load_id, now=now or "–")
            raise StoreError(message, fix=sentence("snapshots.built_by_another"))

    def prune(self, keep: int) -> list[str]:
        """Remove old loads and those that were broken off an hour ago or more; the ids of what is gone.

        The one in use stays, and so do the `keep` newest that are whole, at least two: whoever asked a moment ago
        still asks the one before.

        Raises:
            StoreError: the server did not do it.
        """
        current, loads = self.current(), self.all()
        an_hour_ago = (datetime.now(tz=UTC) - _BROKEN_OFF).isoformat(timespec="microseconds")
        whole = [each for each in loads if each.issued]
        stay = {current, *(each.load_id for each in whole[: max(keep, 2)])}
        gone = []
        for each in loads:
            is_young = not each.issued and each.created > an_hour_ago
            if each.load_id in stay or is_young:
                continue
            self.forget(each.load_id)
            gone.append(each.load_id)
        return gone

    def forget(self, load_id: str) -> None:
        """Remove one load: first its graphs, then its name, so that nothing is left without one.

        Raises:
            StoreError: the server did not do it.
        """
        if load_id.startswith(_WORK):
            graphs = [Iri(f"{self._iri(load_id).value}/{name}") for name in ("asserted", "inferred", "values")]
        else:
            renaming = renaming_of(self.manifest(load_id), load_id)
            graphs = [renaming.merged, *(renaming.graph_there(name) for name in renaming.graphs)]
        self._connection.drop(graphs)
        load = self._iri(load_id)
        self._connection.update(f"DELETE WHERE {{ GRAPH {self._graph} {{ {load} ?property ?value }} }}")


def renaming_of(manifest: Manifest, load_id: str) -> Renaming:
    """The names of a load."""
    lifted = tuple(map(Iri, manifest.lifted_graphs))
    names = dict.fromkeys([*map(Iri, manifest.asserted_graphs), Iri(manifest.inferred_graph), *lifted])
    return Renaming(manifest.base, load_id, tuple(names), lifted)


def _text(row: dict[str, Term], name: str) -> str:
    term = row.get(name)
    return term.value if isinstance(term, Literal | Iri) else ""


def _now() -> Literal:
    return Literal(datetime.now(tz=UTC).isoformat(timespec="microseconds"))


# -- loaded, switched, asked --------------------------------------------------------------------------


class HeldVersions:
    """What `Snapshots` is for folders, for a server; the folder beside it holds the sealed copies of this machine."""

    def __init__(
        self,
        connection: Connection,
        base: str,
        folder: Path,
        *,
        chunk: int = 100_000,
        known: Capabilities | None = None,
    ) -> None:
        """The versions of the project with that base address.

        Args:
            connection: the server.
            base: what the names of the project begin with.
            folder: where this machine keeps what it built.
            chunk: statements in one request while loading, at most.
            known: what `citygraph doctor` found out about the server.
        """
        self.connection = connection
        self.versions = Versions(connection, base)
        self._base, self._folder, self._chunk, self._known = base, folder, chunk, known
        self._last: ServedSnapshot | None = None
        self.seen = ""
        self._next_glance = 0.0

    def loader(self) -> Loader:
        """What fills graphs on this server, in the way that it is known to take them."""
        return Loader(self.connection, chunk=self._chunk, known=self._known)

    def ready(self) -> None:
        """See that the server answers, lets us in and takes updates, before anything is worked out for it.

        Raises:
            StoreError: it does not.
        """
        self.versions.probe()

    def current(self) -> ServedSnapshot | None:
        """The version in use; nothing before the first one.

        Raises:
            SnapshotError: it was made by another version of citygraph.
            StoreError: the server did not answer.
        """
        load_id = self.versions.current()
        return self._open(load_id) if load_id else None

    def glance(self, *, every: float = 2.0) -> str:
        """Which load is in use, asked of the server at most once in so many seconds.

        Raises:
            StoreError: the server did not answer.
        """
        now = time.monotonic()
        if now >= self._next_glance:
            self._next_glance = now + every
            self.seen = self.versions.current()
        return self.seen

    def _open(self, load_id: str) -> ServedSnapshot:
        """A load as a version to ask; a load never changes, so the last one opened is opened once."""
        if self._last is None or self._last.load_id != load_id:
            manifest = self.versions.manifest(load_id)
            folder = self._folder / manifest.snapshot_id
            self._last = ServedSnapshot(self.connection, renaming_of(manifest, load_id), manifest, folder)
        return self._last

    def use(self, snapshot: Snapshot, *, fresh: bool = False, progress: Progress | None = None) -> ServedSnapshot:
        """Serve a sealed version: load it unless the server has it whole, count it, then switch with one update.

        Until the switch, and after any failure, the version before is served.

        Args:
            snapshot: the version.
            fresh: load it even if the server has it.
            progress: told of each graph.

        Raises:
            StoreError: the server failed or has another number of statements than it was sent.
        """
        known = None if fresh else self._whole(snapshot.snapshot_id)
        load_id = known or self._load(snapshot, progress or _silent)
        self.versions.use(load_id)
        return self._open(load_id)

    def prune(self, keep: int) -> None:
        """Remove what is old or was broken off; see `Versions.prune`.

        Raises:
            StoreError: the server did not do it.
        """
        self.versions.prune(keep)

    def _whole(self, snapshot_id: str) -> str:
        """A load of that version that is whole, counted again; empty when there is none."""
        for each in self.versions.all():
            if each.snapshot_id == snapshot_id and each.issued:
                renaming = renaming_of(self.versions.manifest(each.load_id), each.load_id)
                if self.connection.count(renaming.merged) == each.triples:
                    return each.load_id
        return ""

    def _load(self, snapshot: Snapshot, say: Progress) -> str:
        manifest = snapshot.manifest
        renaming = self.versions.begin(manifest, snapshot.findings())
        try:
            triples = self._fill(snapshot, renaming, say)
            self._check_dataset(renaming, triples)
            self.versions.finish(renaming.load_id, triples)
        except StoreError:
            # A server that fails may not even take this; then a later build removes what was begun here.
            with suppress(StoreError):
                self.versions.forget(renaming.load_id)
            raise
        return renaming.load_id

    def _fill(self, snapshot: Snapshot, renaming: Renaming, say: Progress) -> int:
        """Every graph under its own name, and what holds on the day merged; the number of merged statements."""
        loader = self.loader()
        away = {str(name).encode() for name in renaming.lifted}
        graphs: dict[bytes, list[bytes]] = {str(name).encode(): [] for name in renaming.graphs}
        try:
            for line in snapshot.lines():
                statement, name = split_quad(line)
                if name:
                    graphs[name].append(renaming.line_there(statement))
        except ValueError as error:
            message = sentence("snapshots.not_loaded", why=error)
            raise StoreError(message, fix=sentence("snapshots.no_rdf12")) from error
        for done, (graph, lines) in enumerate(zip(renaming.graphs, graphs.values(), strict=True)):
            say("load-server", done, len(graphs) + 1)
            loader.fill_lines(renaming.graph_there(graph), lines)
        say("load-server", len(graphs), len(graphs) + 1)
        of_the_day = (lines for name, lines in graphs.items() if name not in away)
        return loader.fill_lines(renaming.merged, chain.from_iterable(of_the_day))

    def _check_dataset(self, renaming: Renaming, triples: int) -> None:
        """See that the server asks the graphs that it is told to ask, and no others.

        Raises:
            StoreError: it does not.
        """
        merged = renaming.merged
        seen = self.connection.number("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", (merged,), (merged,))
        by_name = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
        named = self.connection.number(by_name, (merged,), (merged,))
        if seen != triples or named != triples:
            message = sentence("snapshots.mixes_graphs", host=self.connection.host)
            raise StoreError(message, fix=sentence("snapshots.would_mix"))


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


_ATTEMPTS: Final = 5
_FIRST_WAIT: Final = 0.5
_ANOTHER: Final = "Use another server: "
_NEEDED: Final = {
    "query_form_post": ("takes no query as a form by POST", f"{_ANOTHER}citygraph asks in no other way."),
    "json_results": ("gives no answer in SPARQL JSON", f"{_ANOTHER}citygraph reads no other answer."),
    "default_graph_uri": (
        "does not keep to the graphs that a query names",
        f"{_ANOTHER}answers of this one would mix versions.",
    ),
    "trailing_values": (
        "passes over the values behind a query",
        f"{_ANOTHER}saved questions would be answered for other things than were asked about.",
    ),
}
"""Without these a server is not asked: what it says of itself, and what to do."""


def held_versions(config: Config, build_folder: Path) -> HeldVersions | None:
    """The versions on the server of this project; nothing when the graph lies here.

    Args:
        config: the settings; the user name and password are in the environment.
        build_folder: where this machine keeps what it built.

    Raises:
        ConfigError: the server has no address, the environment names half a user, or the file of capabilities
            cannot be read or says that the server lacks what is needed.
        StoreError: an address is not one of the web.
    """
    values, number = config.values, config.number
    if values["store.engine"] != "remote":
        return None
    if not values["store.endpoint"]:
        message = sentence("snapshots.no_endpoint")
        raise ConfigError(message, fix=sentence("snapshots.add_endpoint"))
    addresses = Addresses(str(values["store.endpoint"]), str(values["store.update"]), str(values["store.graph_store"]))
    timeout = float(number("store.timeout"))
    policy = Policy(
        contact=config.base,
        timeout=timeout,
        patience=3 * timeout,
        attempts=_ATTEMPTS,
        most_bytes=number("limits.memory"),
        first_wait=_FIRST_WAIT,
    )
    connection = Connection(addresses, policy, Credentials.from_environment().auth())
    file = str(values["store.capabilities"])
    known = read_capabilities(config.folder / file) if file else None
    if known is not None:
        _check(known, _NEEDED, host=connection.host, file=file)
    return HeldVersions(connection, config.base, build_folder, chunk=number("store.chunk"), known=known)


def _check(known: Capabilities, needed: Mapping[str, tuple[str, str]], *, host: str, file: str) -> None:
    """See that the server is not known to lack what is needed; what nobody has tried is tried.

    Raises:
        ConfigError: it lacks something.
    """
    for name, (lack, fix) in needed.items():
        if getattr(known, name) is False:
            message = f"{host} {lack}, says {file}."
            raise ConfigError(message, fix=fix)
