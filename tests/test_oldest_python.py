"""The commands with the Python that comes with Debian 12: a patch of 3.11 older than most developers have."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, copy_project

_DEBIAN = Path("/usr/bin/python3")
_SAY = "import sys; print(*sys.version_info[:2])"


@pytest.fixture
def old_python() -> Callable[..., str]:
    """A command of the program, run by Debian's Python with the packages of this environment."""
    if not _DEBIAN.is_file():
        pytest.skip("there is no /usr/bin/python3: apt-get install python3")
    version = subprocess.run([_DEBIAN, "-c", _SAY], capture_output=True, text=True, check=True).stdout.split()
    # Compiled packages are for one minor version: where Debian has another, the Python of the tests is asked.
    python = _DEBIAN if version == [str(part) for part in sys.version_info[:2]] else Path(sys.executable)

    def command(*arguments: str, cwd: Path) -> str:
        packages = os.pathsep.join([str(ROOT / "src"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
        env = {**os.environ, "PYTHONPATH": packages, "CITYGRAPH_LANG": "en"}
        done = subprocess.run(
            [python, "-m", "citygraph", *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


def test_a_project_is_begun_checked_built_asked_changed_and_compared(
    tmp_path: Path, old_python: Callable[..., str]
) -> None:
    old_python("new", "my-city", "--example", cwd=tmp_path)
    folder = tmp_path / "my-city"
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "before"]):
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)
    old_python("check", cwd=folder)
    old_python("build", cwd=folder)
    assert old_python("query", "members", "-f", "csv", "--as-of", "2025-02-01", cwd=folder).count("\n") > 1
    assert "Nothing has changed." in old_python("compare", "HEAD", cwd=folder)
    people = folder / "data" / "people.ttl"
    people.write_text(people.read_text(encoding="utf-8") + "\nid:person-x a foaf:Person .\n", encoding="utf-8")
    assert "Stated (+1 -0)" in old_python("compare", "HEAD", cwd=folder)


def test_our_own_graph_is_published(tmp_path: Path, old_python: Callable[..., str]) -> None:
    folder = copy_project(ROOT, tmp_path / "project")
    old_python("publish", str(tmp_path / "out"), cwd=folder)
    assert (tmp_path / "out" / "SHA256SUMS").is_file()
