"""The front end: nothing of others in git, a lock file without traces of a machine, a build with and without npm."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from citygraph import Project
from pages_client import Pages

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
OWN = {
    "basemap.js", "browser-sparql.js", "editor.js", "icon.svg", "package-lock.json", "package.json", "search.js", "site.css",
    "site.js", "sparql-worker.js", "vite.config.js",
}  # fmt: skip


def test_git_holds_nothing_but_our_own_scripts() -> None:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--"]
    listed = subprocess.run([*command, "frontend", "src/citygraph/web"], capture_output=True, text=True, check=True)
    files = [Path(line) for line in listed.stdout.splitlines()]
    assert {path.name for path in files if path.parts[0] == "frontend"} == OWN
    assert not [path for path in files if path.suffix in {".js", ".css"} and path.parts[0] != "frontend"]


def test_the_lock_file_names_no_registry_and_no_machine() -> None:
    text = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    hosts = set(re.findall(r'"resolved": "[a-z]+://([^/"]+)', text))
    assert not hosts
    assert "file:" not in text
    assert "/root" not in text
    assert "/home" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in each for name, each in packages.items() if name)


def _build(root: Path) -> None:
    """The hook on a copy of the sources, without hatchling around it."""
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["FrontEnd"]
    hook.initialize(SimpleNamespace(root=str(root)), "standard", {})


def _copy(target: Path) -> Path:
    for name in OWN:
        (target / "frontend").mkdir(exist_ok=True)
        shutil.copy(FRONTEND / name, target / "frontend" / name)
    return target


def test_without_npm_the_build_carries_our_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYGRAPH_WITHOUT_NPM", "1")
    _build(_copy(tmp_path))
    static = tmp_path / "src/citygraph/web/static"
    assert {path.name for path in static.iterdir()} == {"site.css", "site.js", "search.js", "icon.svg"}
    assert (static / "site.css").read_bytes() == (FRONTEND / "site.css").read_bytes()


def test_a_source_distribution_without_the_front_end_builds_too(tmp_path: Path) -> None:
    _build(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_new_project_has_a_site_from_its_first_day(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "my-city", base="https://example.org/my-city/", example=True)
    assert not project.build().report.violations
    pages = Pages(project)
    for path in ("/", "/queries", "/search?q=oslo", "/editor", "/openapi.json", "/index.json"):
        assert pages.get(path).status_code == 200, path
    for saved in project.queries():
        assert pages.get(f"/queries/{saved.name}").status_code in {200, 400}, saved.name


def test_a_project_that_is_not_built_says_so(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "my-city", base="https://example.org/my-city/", example=True)
    answer = Pages(project).get("/?lang=en")
    assert answer.status_code == 503
    assert "has not been built" in answer.text
