"""What git knows of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.files import git
from processes import starting_no_process
from test_compare import committed


def test_git_says_which_commit_a_project_is_at(tmp_path: Path) -> None:
    folder = committed(tmp_path)
    commit = git(folder, "rev-parse", "HEAD")
    assert len(commit or b"") == len("\n") + 40
    assert git(folder / "data", "rev-parse", "HEAD") == commit
    assert git(folder, "rev-parse", "--verify", "nothing") is None


def test_outside_a_checkout_no_process_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_DIR", raising=False)
    with starting_no_process("this test"):
        assert git(tmp_path, "rev-parse", "HEAD") is None


def test_a_checkout_that_the_environment_names_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = committed(tmp_path / "one")
    monkeypatch.setenv("GIT_DIR", str(folder / ".git"))
    assert git(tmp_path, "rev-parse", "HEAD")
