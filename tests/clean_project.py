"""A small project without a single finding, and broken projects laid over it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from citygraph.findings import Severity

__all__ = ["BROKEN", "DATA", "NETWORK", "ROOT", "Expected", "clean_project", "expectations"]

ROOT: Final = Path(__file__).parents[1]
DATA: Final = Path(__file__).parent / "data"
BROKEN: Final = sorted(
    path.name for path in DATA.iterdir() if path.is_dir() and path.name not in {"_clean", "projects"}
)
NETWORK: Final = "data/networks/nordnett.ttl"
_EXPECT: Final = re.compile(r"expect: ([a-z0-9-]+) (violation|warning|info)(?: ([^\s:]+)(?::(\d+))?)?")


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that a broken project announces; without a file, or with line 0, the place is not held against it."""

    code: str
    severity: Severity
    file: str = ""
    line: int = 0


def clean_project(folder: Path, *, mistake: str = "", questions: bool = True) -> Path:
    """The clean project in `folder`, with our own ontology, queries and settings; `mistake` is laid over it.

    A mistake that brings its own graph.toml is a whole project and stands alone. Without `questions` the project has
    our checks and none of our questions, which take as long to look through as all the rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not mistake or not (DATA / mistake / "graph.toml").is_file():
        for name in ("ontology", "queries"):
            shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
        shutil.copy(ROOT / "graph.toml", folder / "graph.toml")
        shutil.copytree(DATA / "_clean", folder, dirs_exist_ok=True)
        for question in (folder / "queries").glob("*.rq") if not questions else ():
            question.unlink()
    if mistake:
        shutil.copytree(DATA / mistake, folder, dirs_exist_ok=True)
    return folder


def expectations(mistake: str) -> list[Expected]:
    """What the files of a broken project say they must give."""
    found = []
    for path in sorted((DATA / mistake).rglob("*")):
        if path.is_file():
            for match in _EXPECT.finditer(path.read_bytes().decode("utf-8", "replace")):
                code, severity, file, line = match.groups()
                found.append(Expected(code, Severity(severity), file or "", int(line or 0)))
    return found
