"""Graphs of our own on a server of others: named so that nobody has them, and removed whatever happens."""

from __future__ import annotations

import secrets
from typing import Final

__all__ = ["BASE", "P", "ProbeGraphs", "S"]

BASE: Final = "urn:citygraph:probe:"
"""How the names of all our graphs begin."""
S: Final = f"<{BASE}s>"
"""The subject of the triples that the probes write."""
P: Final = f"<{BASE}p>"
"""Their property."""


class ProbeGraphs:
    """The names of the graphs that one run may write, noted before anything is written to them."""

    def __init__(self) -> None:
        """A name that no other run has."""
        self.base = f"{BASE}{secrets.token_hex(8)}"
        self.names: list[str] = []

    def new(self, name: str) -> str:
        """The IRI of a graph; from now on it is removed at the end."""
        iri = f"{self.base}:{name}"
        if iri not in self.names:
            self.names.append(iri)
        return iri
