"""What a caller may catch: one tree, drawn here, and nothing else.

```
CitygraphError             the command line prints it without a traceback
├── ConfigError            graph.toml is missing or wrong
├── EditError              a change to a fact is not understood, or cannot be made
├── IngestError            a list cannot be read, or its map is wrong
├── ReadError              a document cannot be read, or its text is not at hand
├── QueryError             a saved query does not exist, lacks a parameter, or is not valid SPARQL
├── StoreError             the engine cannot be opened or reached
│   ├── StoreTimeout       the deadline passed before the answer was whole
│   └── SnapshotError      the snapshot is not whole, or was built by another version
├── ReasoningError         the engine stopped before the fixpoint
├── ExportError            the quads cannot be written in that format or to that place
├── ReconciliationError    the service did not answer, or answered nonsense
└── PublishError           the record would be rejected by the portal profile
```

Mistakes in the data are not here: they are `Finding`s. Mistakes of our own are `ValueError` and
`AssertionError`, and show a traceback.
"""

from __future__ import annotations

__all__ = [
    "CitygraphError",
    "ConfigError",
    "EditError",
    "ExportError",
    "IngestError",
    "PublishError",
    "QueryError",
    "ReadError",
    "ReasoningError",
    "ReconciliationError",
    "SnapshotError",
    "StoreError",
    "StoreTimeout",
]


class CitygraphError(Exception):
    """Something that stops the work and that the caller can act on.

    Args:
        message: what happened, with the name of the thing and the place.
        fix: the next step, in words an office worker follows.
        line: the line of the file or text that it is about, from 1; 0 when it is about all of it.
    """

    def __init__(self, message: str, *, fix: str = "", line: int = 0) -> None:
        """Keep the parts apart, so that the command line can set them on two lines."""
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.line = line


class ConfigError(CitygraphError):
    """`graph.toml` is missing or wrong."""


class EditError(CitygraphError):
    """A change to a fact is not understood, or cannot be made; no file was touched.

    Args:
        message, fix, line: as for every error.
        fact: the address of the fact that is there already; empty when none is in the way.
    """

    def __init__(self, message: str, *, fix: str = "", line: int = 0, fact: str = "") -> None:
        """Keep the parts apart."""
        super().__init__(message, fix=fix, line=line)
        self.fact = fact


class IngestError(CitygraphError):
    """A list cannot be read, or the map that says what its columns mean is wrong."""


class ReadError(CitygraphError):
    """A document cannot be read, or its text is not at hand or not the one that was kept; no file was touched."""


class QueryError(CitygraphError):
    """A saved query does not exist, lacks a parameter, or is not valid SPARQL.

    Args:
        message, fix, line: as for every error.
        candidates: the addresses of the things that a name may mean; empty when it is about something else.
    """

    def __init__(self, message: str, *, fix: str = "", line: int = 0, candidates: tuple[str, ...] = ()) -> None:
        """Keep the parts apart."""
        super().__init__(message, fix=fix, line=line)
        self.candidates = candidates


class StoreError(CitygraphError):
    """The engine cannot be opened or reached."""


class StoreTimeout(StoreError):  # noqa: N818  # the field says timeout
    """The deadline passed before the answer was whole."""


class SnapshotError(StoreError):
    """The snapshot is not whole, or was built by another version."""


class ReasoningError(CitygraphError):
    """The reasoner stopped before the fixpoint: a budget was used up, or the engine failed."""


class ExportError(CitygraphError):
    """The quads cannot be written in that format or to that place."""


class ReconciliationError(CitygraphError):
    """The service did not answer, or answered nonsense."""


class PublishError(CitygraphError):
    """The record would be rejected by the portal profile."""
