"""The reference graph, published once for all workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.publish import Published
from conftest import ROOT, TODAY, copy_project, made_once

# Conformance of records, case by case: the other modules of this room have shorter tests of the same.
_LONG = {"test_foreign_catalogs", "test_mutations", "test_profiles"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What publishes a whole graph is slow, and so is what holds record after record against published shapes."""
    for each in items:
        if {"published", "in_pages"} & set(getattr(each, "fixturenames", ())) or each.path.stem in _LONG:
            each.add_marker("slow")


@pytest.fixture(scope="session")
def published(this_project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    """The folder of our own graph, and what was said about it; tests read it and never write to it."""
    folder, outcome = made_once("published", tmp_path_factory, lambda each: this_project.publish(each / "site"))
    return folder / "site", outcome


@pytest.fixture(scope="session")
def in_pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    """The same, written twice, with a dataset for each question, two of them on a page; tests read it and never write to it."""

    def publish(folder: Path) -> Published:
        path = copy_project(ROOT, folder) / "graph.toml"
        keys = "[publish]\nquery_datasets = true\npage_size = 2\n"
        path.write_text(path.read_text(encoding="utf-8").replace("[publish]\n", keys), encoding="utf-8")
        return Project.open(folder, today=TODAY).publish(folder / "site", twice=True)

    folder, outcome = made_once("in-pages", tmp_path_factory, publish)
    return folder / "site", outcome
