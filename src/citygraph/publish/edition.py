"""The public edition of a graph: what is left when the internal files are taken out, and nothing that needed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from citygraph.config import Config
from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs, covers
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Literal, Quad
from citygraph.saved_query import SavedQuery
from citygraph.store import Store

__all__ = ["Edition", "period_of", "split"]

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T.*)?\Z")
_DATES: Final = frozenset(PREFIXES["xsd"] + name for name in ("date", "gYear", "gYearMonth", "dateTime"))
_THIRTY_DAYS: Final = frozenset({4, 6, 9, 11})
_FEBRUARY: Final = 2


@dataclass(frozen=True)
class Edition:
    """What may leave: the quads of the public files, what follows from them alone, and a store that answers from them.

    `internal` are the files that stay, for the search for leaks.
    """

    config: Config
    graphs: ProjectGraphs
    asserted: Sequence[Quad]
    inferred: Sequence[Quad]
    store: Store
    queries: Sequence[SavedQuery]
    as_of: date
    modified: date
    internal: Sequence[FileGraph] = ()

    @property
    def quads(self) -> list[Quad]:
        """All of it, stated and derived."""
        return [*self.asserted, *self.inferred]


def split(graphs: ProjectGraphs, patterns: Iterable[str]) -> tuple[ProjectGraphs, tuple[FileGraph, ...], list[Finding]]:
    """The public files, the internal files, and what is wrong with the patterns.

    A pattern is a path below the project folder with `*` and `?`, or the name of a file's graph. It covers the whole
    tree: the name of a folder everything in it, `data/internal/*.ttl` such files in `data/internal/2026/` too. A pattern
    that fits no file is a finding, and so is a public file that fits one but for its ending or its capitals.
    """
    internal: dict[str, FileGraph] = {}
    findings: list[Finding] = []
    beside: dict[str, str] = {}
    for pattern in patterns:
        found = [file for file in graphs.files if _fits(file, pattern)]
        internal |= {file.path: file for file in found}
        if not found:
            # A pattern with a slip of the pen must not publish what it was meant to keep.
            findings.append(finding("publish-no-internal-file", file="graph.toml", pattern=pattern))
        beside |= {file.path: pattern for file in graphs.files if _almost_fits(file, pattern)}
    for path, pattern in sorted(beside.items()):
        if path not in internal:
            findings.append(finding("publish-beside-internal", file=path, pattern=pattern))
    public = ProjectGraphs(graphs.base, tuple(file for file in graphs.files if file.path not in internal))
    return public, tuple(internal.values()), findings


def _fits(file: FileGraph, pattern: str) -> bool:
    return file.name.value == pattern or any(covers(pattern, path) for path in _paths_of(file))


def _almost_fits(file: FileGraph, pattern: str) -> bool:
    """Whether it would fit with another ending, or in other capitals."""
    if "://" in pattern:
        return False
    whole = pattern.casefold()
    stem = whole.removesuffix(PurePosixPath(whole).suffix)
    return any(covers(each, path.casefold()) for path in _paths_of(file) for each in (whole, stem, f"{stem}.*"))


def _paths_of(file: FileGraph) -> set[str]:
    return {file.path, f"data/{file.path}"} if file.part is Part.MAPPINGS else {file.path}


def period_of(quads: Iterable[Quad], *, latest: date) -> tuple[str, str]:
    """The first and the last day that the data speak of, up to `latest`; two empty texts when there is none."""
    days = [
        days
        for quad in quads
        if isinstance(quad.object, Literal) and quad.object.datatype.value in _DATES
        for days in [_days(quad.object.value)]
        if days and days[0] <= latest.isoformat()
    ]
    if not days:
        return "", ""
    return min(first for first, _ in days), min(max(last for _, last in days), latest.isoformat())


def _days(text: str) -> tuple[str, str] | None:
    """The first and the last day of a year, a month or a day."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day = match.groups()
    if day:
        return f"{year}-{month}-{day}", f"{year}-{month}-{day}"
    if month:
        return f"{year}-{month}-01", f"{year}-{month}-{_length(int(year), int(month)):02}"
    return f"{year}-01-01", f"{year}-12-31"


def _length(year: int, month: int) -> int:
    if month == _FEBRUARY:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in _THIRTY_DAYS else 31
