"""The reference graph, published once."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.publish import Published


@pytest.fixture(scope="session")
def published(this_project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    """The folder of our own graph, and what was said about it; tests read it and never write to it."""
    folder = tmp_path_factory.mktemp("published") / "site"
    return folder, this_project.publish(folder, twice=True)
