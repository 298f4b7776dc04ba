"""Tables of measurements, written into docs/benchmarks/*.md by the program and never by hand."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Section", "milliseconds", "page_of", "paired", "ratio", "write"]

_FOLDER = Path(__file__).parents[1] / "docs" / "benchmarks"
_PAGES = {
    "building": ("pipeline-", "growth-"),
    "reasoning": ("reason-", "spark"),
    "serving": ("serve-", "first-page"),
    "servers": ("servers-",),
    "publishing": ("publish",),
    "names": ("link-",),
    "lists": ("ingest-",),
    "documents": ("read-",),
}
"""Which sections stand on which page, by the beginning of their names."""


def page_of(section: str) -> Path:
    """The page that a section stands on, by its name.

    Raises:
        KeyError: no page is for sections with such a name.
    """
    for name, beginnings in _PAGES.items():
        if section.startswith(beginnings):
            return _FOLDER / f"{name}.md"
    raise KeyError(section)


@dataclass(slots=True)
class Section:
    """One heading with a sentence, a table, and notes below it."""

    name: str
    title: str
    about: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The section as it stands on the page, between marks that name it."""
        lines = [f"<!-- {self.name} -->", f"## {self.title}", self.about, ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        lines += ["", *self.notes] if self.notes else []
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        return "\n".join([*lines, "", f"Measured on {machine}.", f"<!-- /{self.name} -->"])


def paired(*sides: Callable[[], object], runs: int = 5) -> list[list[float]]:
    """Seconds of each run of each side; the sides take turns."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(runs):
        for side, found in zip(sides, times, strict=True):
            start = time.perf_counter()
            side()
            found.append(time.perf_counter() - start)
    return times


def milliseconds(seconds: Sequence[float]) -> str:
    """The median, in the unit that reads best."""
    median = statistics.median(seconds)
    return f"{median:.2f} s" if median >= 1 else f"{median * 1000:.1f} ms"


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    """How many times longer the first takes: the median of the pairs."""
    return f"{statistics.median(a / b for a, b in zip(slow, fast, strict=True)):.3g}"


def write(section: Section) -> None:
    """Put a section into its page, in the place of its last version."""
    place = page_of(section.name)
    page = place.read_text(encoding="utf-8")
    pattern = re.compile(rf"<!-- {section.name} -->.*?<!-- /{section.name} -->", re.DOTALL)
    text = section.markdown()
    page = pattern.sub(lambda _: text, page) if pattern.search(page) else f"{page.rstrip()}\n\n{text}\n"
    place.write_text(page, encoding="utf-8")
