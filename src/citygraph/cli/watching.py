"""`--watch`: run again whenever a file is saved, and say what is new since the last run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from citygraph.cli.printing import say
from citygraph.errors import CitygraphError
from citygraph.labels import Labels
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.project import Project
    from citygraph.rdf import Quad

__all__ = ["say_inferred", "watch"]

_PAUSE: Final = 0.3
_SHOWN: Final = 12


def watch(project: Project, run: Callable[[Project], None], language: str) -> None:
    """Run once, then again after every change of a file, until Ctrl-C."""
    from citygraph.cli.printing import print_error  # noqa: PLC0415
    from citygraph.project import Project as Opened  # noqa: PLC0415

    waiting = Text("Venter på endringer; Ctrl-C stopper.", "Waiting for changes; Ctrl-C stops.")
    seen = None
    while True:
        stamp = project.stamp()
        if stamp == seen:
            time.sleep(_PAUSE)
            continue
        seen = stamp
        started = time.perf_counter()
        try:
            # graph.toml may be what was saved.
            project = Opened.open(project.folder)
            run(project)
        except CitygraphError as error:
            print_error(error)
        say(f"[{time.perf_counter() - started:.2f} s] {waiting.in_language(language)}")


def say_inferred(before: Iterable[Quad], after: Iterable[Quad], labels: Labels, language: str) -> None:
    """The statements that follow now and did not before, and the other way round."""
    old, new = {quad.triple for quad in before}, {quad.triple for quad in after}
    for sign, triples in (("+", new - old), ("-", old - new)):
        for triple in sorted(triples, key=str)[:_SHOWN]:
            words = [labels.describe(term, language) for term in (triple.subject, triple.predicate, triple.object)]
            say(f"  {sign} {' '.join(words)}")
        if len(triples) > _SHOWN:
            more = Text("{} flere", "{} more").in_language(language).format(len(triples) - _SHOWN)
            say(f"  {sign} … {more}")
