"""Which versions a server holds, and which one is in use: one small graph, switched by one update.

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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from citygraph.errors import SnapshotError, StoreError
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Term
from citygraph.store.connection import Connection
from citygraph.store.manifest import Manifest, manifest_of
from citygraph.store.renaming import Renaming
from citygraph.store.served import FINDINGS

__all__ = ["Load", "Versions", "renaming_of"]

_DCAT, _DCT = PREFIXES["dcat"], PREFIXES["dct"]
_CURRENT: Final = Iri(_DCAT + "hasCurrentVersion")
_VERSION: Final = Iri(_DCAT + "version")
_CREATED: Final = Iri(_DCT + "created")
_ISSUED: Final = Iri(_DCT + "issued")
_TRIPLES: Final = Iri(PREFIXES["void"] + "triples")
_MANIFEST: Final = Iri("urn:citygraph:manifest")
_PROBE: Final = Iri("urn:citygraph:probe")
_WORK: Final = "work-"
_BROKEN_OFF: Final = timedelta(hours=1)


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
            message = f"{self._connection.host} does not know the version {load_id}."
            raise SnapshotError(message, fix="Run: citygraph build")
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
        kept = Literal(json.dumps(asdict(manifest), ensure_ascii=False, sort_keys=True))
        noted = Literal(json.dumps(list(findings), ensure_ascii=False, sort_keys=True))
        said = f"{_VERSION} {Literal(manifest.snapshot_id)} ; {_CREATED} {_now()} ; {_MANIFEST} {kept} ; {FINDINGS} {noted}"
        self._connection.update(f"INSERT DATA {{ GRAPH {self._graph} {{ {self._iri(load_id)} {said} }} }}")
        return renaming_of(manifest, load_id)

    def begin_work(self) -> tuple[str, tuple[Iri, Iri, Iri]]:
        """Announce three graphs to work in, which nobody serves; the id to forget them by, and their names.

        Raises:
            StoreError: the server cannot be written.
        """
        load_id = f"{_WORK}{secrets.token_hex(8)}"
        said = f'{_VERSION} "" ; {_CREATED} {_now()}'
        self._connection.update(f"INSERT DATA {{ GRAPH {self._graph} {{ {self._iri(load_id)} {said} }} }}")
        return load_id, self._work(load_id)

    def _work(self, load_id: str) -> tuple[Iri, Iri, Iri]:
        asserted, inferred, values = (
            Iri(f"{self._iri(load_id).value}/{name}") for name in ("asserted", "inferred", "values")
        )
        return asserted, inferred, values

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
            message = f"{self._connection.host} was told to use the version {load_id} and uses {now or 'none'}."
            raise StoreError(message, fix="Somebody else may have built at the same time. Run: citygraph build")

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
            graphs: list[Iri] = list(self._work(load_id))
        else:
            renaming = renaming_of(self.manifest(load_id), load_id)
            graphs = [renaming.merged, *(renaming.graph_there(name) for name in renaming.graphs)]
        self._connection.drop(graphs)
        load = self._iri(load_id)
        self._connection.update(f"DELETE WHERE {{ GRAPH {self._graph} {{ {load} ?property ?value }} }}")


def renaming_of(manifest: Manifest, load_id: str) -> Renaming:
    """The names of a load."""
    names = dict.fromkeys([*manifest.asserted_graphs, manifest.inferred_graph])
    return Renaming(manifest.base, load_id, tuple(map(Iri, names)))


def _text(row: dict[str, Term], name: str) -> str:
    term = row.get(name)
    return term.value if isinstance(term, Literal | Iri) else ""


def _now() -> Literal:
    return Literal(datetime.now(tz=UTC).isoformat(timespec="microseconds"))
