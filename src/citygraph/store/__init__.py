"""Where quads live: in memory, in a sealed snapshot folder, on a server; read by workers that may die.

In reading order. A graph on this machine:

- `memory`: what every store offers; quads in the memory of this process, and how one query is run on them
- `snapshot`: one version of a graph as a sealed folder, the versions of a project, and which one is in use
- `directory`, `names`: what everything in a version is called, and names that come near

Questions of strangers, in processes that may die:

- `protocol`: what goes to a process and comes back; one answer as it comes
- `worker`, `seccomp`, `landlock`: what runs inside a worker, and the fences around it
- `process`: one way to start processes, to speak with them, to end them, and to begin again
- `turns`: who waits for whom
- `pool`, `pool_store`: the workers over one version, and the pool as a store
- `lookup`: lookups of a few patterns, answered from an index without the engine

Other machines:

- `endpoint`, `wrapper`: any SPARQL server as a store that is read, and SPARQLWrapper with a deadline
- `archive`, `mirror`, `transfer`: a snapshot as one file, where such files lie, and moving them
- `server`: a graph that lies on a SPARQL server
"""

from citygraph.store.memory import MemoryStore, Store
from citygraph.store.snapshot import Manifest, Snapshot, SnapshotBuilder, Snapshots

__all__ = ["Manifest", "MemoryStore", "Snapshot", "SnapshotBuilder", "Snapshots", "Store"]
