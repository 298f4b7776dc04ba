"""The reference graph, published once."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.publish import Published
from conftest import ROOT, TODAY, copy_project


@pytest.fixture(scope="session")
def published(this_project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    """The folder of our own graph, and what was said about it; tests read it and never write to it."""
    folder = tmp_path_factory.mktemp("published") / "site"
    return folder, this_project.publish(folder, twice=True)


@pytest.fixture(scope="session")
def in_pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    """The same with a dataset for each question, two of them on a page; tests read it and never write to it."""
    folder = copy_project(ROOT, tmp_path_factory.mktemp("in-pages"))
    path = folder / "graph.toml"
    keys = "[publish]\nquery_datasets = true\npage_size = 2\n"
    path.write_text(path.read_text(encoding="utf-8").replace("[publish]\n", keys), encoding="utf-8")
    return folder / "site", Project.open(folder, today=TODAY).publish(folder / "site", twice=True)
