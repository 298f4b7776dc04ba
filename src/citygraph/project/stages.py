"""What the stages of a check share: the parts that they read, what they find, and how Python collects meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from citygraph.findings import Report
from citygraph.graphs import Part, ProjectGraphs, stated_of_other_times
from citygraph.rdf import Quad

Progress = Callable[[str, int, int], None]
"""Told of progress: what is being done, how much of it is done, and of how much."""
PARTS: Final = (Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
"""What the files state; shapes are rules about it, and no part of the graph."""


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
    del what, done, total


@contextmanager
def collected_afterwards() -> Iterator[None]:
    """Python looks for cycles of dead objects only when this is over.

    A graph is read into millions of objects that all stay until the end and form no cycle, and Python would look through
    them again and again. What nothing refers to any more goes at once, as always.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found out, and the graph it found it out about."""

    report: Report
    graphs: ProjectGraphs
    inferred: tuple[Quad, ...]
    as_of: date
    lifted: tuple[Quad, ...] = ()
    """What does not hold on the day, see `graphs.LIFTED`."""

    def stated(self) -> list[Quad]:
        """What the files state and holds on the day."""
        away = stated_of_other_times(self.lifted, self.graphs.base)
        return [quad for quad in self.graphs.quads(*PARTS) if not away or quad.triple not in away]

    def count_stated(self, also: Iterable[Quad]) -> int:
        """How many different statements these are together with some others."""
        away = stated_of_other_times(self.lifted, self.graphs.base)
        return len((set(self.graphs.triples(*PARTS)) - away).union(quad.triple for quad in also))
