"""The installed package: what is in the wheel, and that it works in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from citygraph.version import __version__
from conftest import ROOT
from patience import PATIENCE


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run_installed(
    installed: Path, folder: Path, *arguments: str, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line of the unpacked wheel, far from the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "LANG": "en_GB.UTF-8"}
    environment["XDG_CACHE_HOME"] = str(home or folder / "cache")
    words = [sys.executable, "-m", "citygraph", *arguments]
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_the_wheel_carries_the_reference_graph_and_the_rules(installed: Path) -> None:
    package = installed / "citygraph"
    for name in (
        "reference/graph.toml",
        "reference/ontology/citygraph.ttl",
        "reference/data/networks/eurocities.ttl",
        "reference/queries/norwegian-participants.rq",
        "messages/finding_codes.toml",
        "doctor/probes.toml",
        "messages/reused_labels.toml",
        "starter/graph.toml",
        "starter/services/gitlab.yml",
        "py.typed",
    ):
        assert (package / name).is_file(), name
    assert not [path for path in package.rglob("*") if path.name.startswith("eurocities-metrex-memo")]


def test_the_lock_of_a_release_has_every_extra_that_is_installed_by_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.search(r"^EXTRAS = (.*)$", makefile, re.MULTILINE)
    assert named is not None
    # Spark is half a gigabyte, and the tools of development are none of a release.
    assert {*named[1].split()} == {*project["optional-dependencies"]} - {"spark", "dev"}
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert version[1] == project["version"] == __version__
    assert "--generate-hashes --no-header" in makefile


def test_an_installed_citygraph_answers_from_the_graph_inside_it(installed: Path, tmp_path: Path) -> None:
    done = run_installed(
        installed, tmp_path, "query", "norwegian-participants", "--network", "Metrex", "--format", "csv"
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert any("viken-fylkeskommune" in line for line in lines)
    # The package itself is no place to write: the version it built lies in the cache of the user.
    assert not (installed / "citygraph" / "reference" / "build").exists()
    assert list((tmp_path / "cache").rglob("manifest.json"))


def test_an_installed_citygraph_starts_a_project_that_passes_every_check(installed: Path, tmp_path: Path) -> None:
    new = run_installed(installed, tmp_path, "new", "my-city", "--example")
    assert new.returncode == 0, new.stderr
    check = run_installed(installed, tmp_path / "my-city", "check", "--fail-on", "warning")
    assert check.returncode == 0, check.stderr
    build = run_installed(installed, tmp_path / "my-city", "build")
    assert build.returncode == 0, build.stderr
    answer = run_installed(
        installed, tmp_path / "my-city", "query", "members", "--format", "csv", "--as-of", "2025-02-01"
    )
    assert answer.returncode == 0, answer.stderr
    assert "example-kommune" in answer.stdout
    assert run_installed(installed, tmp_path / "my-city", "format", "--check").returncode == 0
