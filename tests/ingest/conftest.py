"""A new project, and a way to take a list in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from citygraph import Project
from conftest import TODAY
from ingest_words import HEADING, MAP, Take, Taken


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """What `citygraph new` makes."""
    return Project.new(tmp_path / "my-city", example=True)


@pytest.fixture
def take(project: Project, tmp_path: Path) -> Take:
    """Take rows below the heading in: `take("Oslo;Norway;Eurocities")` has its first row of data in row 2."""

    def taken(
        *rows: str | bytes, day: str = "2025-03-01", more: str = "", name: str = "list.csv", heading: str = HEADING
    ) -> Taken:
        path = tmp_path / name
        if rows and isinstance(rows[0], bytes):
            path.write_bytes(rows[0])
        else:
            path.write_text(heading + "\n".join(map(str, rows)) + "\n", encoding="utf-8")
        map_file = tmp_path / "map.toml"
        map_file.write_text(more if "[columns]" in more else more + MAP.format(day=day), encoding="utf-8")
        done = Project.open(project.folder, today=TODAY).ingest(path, map_file=map_file)
        with done.report.open(encoding="utf-8-sig", newline="") as file:
            return Taken(done, tuple(csv.DictReader(file)))

    return taken
