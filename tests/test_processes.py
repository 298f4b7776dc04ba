"""The marker `slow` is honest: what starts a process has it, and what has it not cannot start one."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Callable

import pytest

from processes import starting_no_process


def test_a_test_that_starts_a_process_is_marked_by_itself(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("slow")
    assert subprocess.run([sys.executable, "-c", ""], check=True).returncode == 0


def test_a_test_with_a_fixture_that_starts_a_process_is_marked(
    request: pytest.FixtureRequest, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert request.node.get_closest_marker("slow")
    assert run("--version").returncode == 0


def test_a_test_that_starts_nothing_is_not_marked(request: pytest.FixtureRequest) -> None:
    assert not request.node.get_closest_marker("slow")


def test_a_test_without_the_mark_cannot_start_a_process() -> None:
    with starting_no_process("a test") as started:
        with pytest.raises(AssertionError, match="mark it with"):
            subprocess.run([sys.executable, "-c", ""], check=True)
        with pytest.raises(AssertionError, match="mark it with"):
            multiprocessing.get_context("forkserver").Process(target=print).start()
    assert len(started) == 2
