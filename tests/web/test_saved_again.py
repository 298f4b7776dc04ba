"""What a site keeps is made once, and again when it has changed: a question when its file has."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import QueryError
from citygraph.web.pages.graph import SiteMemory, saved_query
from clean_project import clean_project
from patience import PATIENCE


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


def test_what_a_site_keeps_is_made_once_however_many_ask() -> None:
    memory, made, may_end = SiteMemory(), Counter[str](), threading.Event()

    def make() -> object:
        made["slow"] += 1
        assert may_end.wait(PATIENCE)
        return object()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(memory.once, "slow", 1, make) for _ in range(8)]
        # Whoever makes one thing keeps nobody from another.
        assert memory.once("other", 1, lambda: "there") == "there"
        may_end.set()
        assert len({id(each.result(PATIENCE)) for each in asked}) == 1
    assert made["slow"] == 1


def test_what_a_site_keeps_is_made_again_with_another_stamp_and_not_kept_when_it_cannot_be_made() -> None:
    memory = SiteMemory()
    assert memory.once("key", 1, lambda: "first") == "first"
    assert memory.once("key", 1, lambda: "again") == "first"
    assert memory.once("key", 2, lambda: "second") == "second"

    def fail() -> str:
        raise ValueError

    for key in ("key", "nobody"):
        with pytest.raises(ValueError):  # noqa: PT011  # the one above
            memory.once(key, 3, fail)
    assert memory.once("key", 2, lambda: "again") == "second"
    assert memory.once("nobody", 3, lambda: "there") == "there"
