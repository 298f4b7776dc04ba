"""Where quads live: in memory, or in an immutable snapshot folder, read by workers that may die."""

from citygraph.store.base import Store
from citygraph.store.batch import query_each
from citygraph.store.manifest import Manifest
from citygraph.store.memory import MemoryStore
from citygraph.store.snapshot import Snapshot
from citygraph.store.snapshot_builder import SnapshotBuilder
from citygraph.store.snapshots import Snapshots

__all__ = ["Manifest", "MemoryStore", "Snapshot", "SnapshotBuilder", "Snapshots", "Store", "query_each"]
