"""A question is read once, and again when its file has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import QueryError
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.pages.questions import saved_query
from clean_project import clean_project


def test_a_question_is_read_again_when_its_file_has_changed(tmp_path: Path) -> None:
    project, memory = Project.open(clean_project(tmp_path / "project")), SiteMemory()
    path = project.folder / "queries" / "members.rq"
    first = saved_query(project, memory, "members")
    assert saved_query(project, memory, "members") is first
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(first.title.en, f"{first.title.en}, again"), encoding="utf-8")
    assert saved_query(project, memory, "members").title.en == f"{first.title.en}, again"
    path.unlink()
    with pytest.raises(QueryError):
        saved_query(project, memory, "members")


@pytest.mark.parametrize("name", ["nobody", "../queries/members", "members\0", ""])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    project, memory = Project.open(clean_project(tmp_path / "project")), SiteMemory()
    saved_query(project, memory, "members")
    with pytest.raises(QueryError):
        saved_query(project, memory, name)
