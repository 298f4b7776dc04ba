"""`citygraph publish` on the command line."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import PublishError
from citygraph.publish import Published

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_folder_is_written_and_the_score_goes_to_stdout(built_folder: Path, run: Run, tmp_path: Path) -> None:
    done = run("publish", str(tmp_path / "site"), "-C", str(built_folder))
    assert done.returncode == 0, done.stderr
    assert "405/405 (excellent)" in done.stdout
    assert "files" in done.stderr
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_quiet_run_that_wrote_the_folder_says_nothing_of_it(built_folder: Path, run: Run, tmp_path: Path) -> None:
    done = run("publish", str(tmp_path / "site"), "-C", str(built_folder), "--quiet", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "published" not in done.stderr
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_second_run_leaves_a_repository_alone_and_prune_names_what_it_removes(
    built_folder: Path, run: Run, tmp_path: Path
) -> None:
    site, arguments = tmp_path / "site", ("-C", str(built_folder), "--quiet", "--lang", "en")
    assert run("publish", str(site), *arguments).returncode == 0
    plan = run("publish", str(site), "--plan", "--lang", "nb", "-C", str(built_folder))
    assert re.search(r"Datasett som er som før: [23]\d\.", plan.stdout), plan.stderr
    assert "Filer: 0 nye, 0 endret, 0 borte" in plan.stdout
    (site / ".git").mkdir()
    (site / ".git" / "HEAD").write_text("x", encoding="utf-8")
    (site / "CNAME").write_text("my-city.example", encoding="utf-8")
    for _ in range(2):
        done = run("publish", str(site), *arguments)
        assert done.returncode == 0, done.stderr
        assert (site / "CNAME").exists()
    done = run("publish", str(site), "--prune", *arguments)
    assert done.returncode == 0
    assert "removed: CNAME\n" in done.stderr
    assert not (site / "CNAME").exists()
    assert (site / ".git" / "HEAD").exists()
    for option in ("--prune", "--plan", "--allow-removal"):
        assert run("publish", "check", option, *arguments).returncode == 2


def test_a_catalogue_in_a_file_is_held_against_its_profile(
    published: tuple[Path, Published], built_folder: Path, run: Run, tmp_path: Path
) -> None:
    folder, _ = published
    sound = run("publish", "check", str(folder), "-C", str(built_folder), "--format", "json")
    assert sound.returncode == 0, sound.stderr
    assert json.loads(sound.stdout)["score"]["points"] == 405
    broken = tmp_path / "mine.ttl"
    text = (folder / "catalog" / "dcat-ap-no-2.ttl").read_text(encoding="utf-8")
    broken.write_text(text.replace("dct:publisher", "dct:contributor"), encoding="utf-8")
    done = run("publish", "check", str(broken), "--profile", "dcat-ap-no-2", "-C", str(built_folder))
    assert done.returncode == 1
    assert "dct:publisher is missing on https://w3id.org/citygraph/catalog" in done.stderr
    assert run("publish", "check", str(broken), "-C", str(built_folder)).returncode == 2


def test_a_catalogue_that_cannot_be_read_is_a_finding_or_an_error(this_project: Project, tmp_path: Path) -> None:
    path = tmp_path / "dcat-ap-3.ttl"
    path.write_text("<relative> a <http://www.w3.org/ns/dcat#Catalog> .", encoding="utf-8")
    report, score = this_project.check_catalog(path)
    assert any("cannot be read" in each.message.en for each in report.violations)
    assert score is not None
    assert score.points < 405
    for wrong in (tmp_path / "nowhere.ttl", tmp_path):
        with pytest.raises(PublishError, match="no catalogue"):
            this_project.check_catalog(wrong)
    (tmp_path / "x.pdf").write_text("x", encoding="utf-8")
    with pytest.raises(PublishError, match="no RDF format"):
        this_project.check_catalog(tmp_path / "x.pdf", profile="dcat-ap-3")
    with pytest.raises(PublishError, match="cannot be read"):
        this_project.check_catalog(path, shapes=tmp_path / "no-shapes.ttl")


def test_ckan_needs_an_address_and_a_folder_takes_none(run: Run, built_folder: Path) -> None:
    assert run("publish", "ckan", "-C", str(built_folder)).returncode == 2
    assert run("publish", "site", "another", "-C", str(built_folder)).returncode == 2
