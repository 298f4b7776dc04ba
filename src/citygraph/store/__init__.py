"""Where quads live: in memory, or in an immutable snapshot folder, read by workers that may die."""

from citygraph.store.base import Store
from citygraph.store.memory import MemoryStore
from citygraph.store.snapshot import Manifest, Snapshot, SnapshotBuilder
from citygraph.store.versions import Snapshots

__all__ = ["Manifest", "MemoryStore", "Snapshot", "SnapshotBuilder", "Snapshots", "Store"]
