"""What the program gave a project is brought to what it gives now: nobody's change is lost, a break is mended by a second run."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from citygraph import Project, files, new
from citygraph.cli import app
from citygraph.errors import ConfigError, ExportError
from citygraph.new import BESIDE, RECORD, FileOutcome, add_service, upgrade
from citygraph.project import reference_folder

# Only what `new` copies, so that a test can change it.
SHAPES, CODES, MEMBERS, CHECK = (
    "ontology/shapes.ttl",
    "ontology/codes.ttl",
    "queries/members.rq",
    "queries/checks/two-countries.rq",
)
HEAD = '#+ title:    { nb: "Medlemmer og partnere", en: "Members and partners" }\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project, and beside it what the program of the next version gives."""
    place = tmp_path_factory.mktemp("made")
    project = Project.new(place / "city", example=True).folder
    add_service(project, "gitlab")
    for name in ("ontology", "queries"):
        shutil.copytree(reference_folder() / name, place / "next" / name)
    return place


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as the next version of the program finds it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(new, "__version__", "0.2.0")
    # No power cut is tried here, and the disk is waited for a thousand times.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return tmp_path / "city"


def edit(path: Path, old: str, changed: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, changed, 1), encoding="utf-8")


def run(folder: Path, *, write: bool = True, **options: object) -> Mapping[str, str]:
    """What became of the files, but for those that are as they were."""
    done = upgrade(folder, reference=folder.parent / "next", write=write, **options)  # type: ignore[arg-type]  # those of the function
    return {each.name: each.outcome.value for each in done.changes if each.outcome is not FileOutcome.SAME}


def state(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_programs_are_told_what_people_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_all(folder)
    monkeypatch.setattr("citygraph.project.project.reference_folder", lambda: folder.parent / "next")
    for given, is_planned in (("--plan", True), ("--lang=en", False)):
        expected = run(folder, write=False)
        done = CliRunner().invoke(app, ["upgrade", str(folder), "--format", "json", given])
        told = json.loads(done.stdout)
        assert {each["file"]: each["outcome"] for each in told["files"] if each["outcome"] != "same"} == expected
        assert told["planned"] is is_planned
        assert (told["open"], done.exit_code) == (sum(each["open"] for each in told["files"]), 1)
        collided = [each for each in told["files"] if each["outcome"] == "collides"]
        assert all("Alle medlemmer" in each["yours"] for each in collided[0]["collisions"])
    assert any(each.outcome is FileOutcome.WAITS for each in Project.open(folder).upgrade(write=False).open)


def edit_all(folder: Path) -> None:
    """Every kind of change, by the people of the project and by the program."""
    theirs = folder.parent / "next"
    edit(theirs / CODES, "@prefix", "# newer\n@prefix")
    edit(theirs / SHAPES, "# What people write", "# What anybody writes")
    edit(theirs / MEMBERS, "Medlemmer og partnere", "Medlemmer, partnere")
    edit(theirs / "queries/disagreements.rq", "#+ title:", "#+ title:   ")
    shutil.copy(theirs / "queries/thematic-areas.rq", theirs / "queries/brand-new.rq")
    shutil.copy(theirs / "queries/thematic-areas.rq", theirs / "queries/two-meanings.rq")
    (theirs / "queries/publishable.rq").unlink()
    shapes = (folder / SHAPES).read_text(encoding="utf-8")
    (folder / SHAPES).write_text(shapes + "\n# a rule of our own\n", encoding="utf-8")
    edit(folder / MEMBERS, "Medlemmer og partnere", "Alle medlemmer")
    edit(folder / "ontology/alignment.ttl", "@prefix", "# ours\n@prefix")
    shutil.copy(folder / MEMBERS, folder / "queries/two-meanings.rq")
    (folder / "queries/disagreements.rq").unlink()
    (folder / CHECK).unlink()


EXPECTED = {
    ".gitlab-ci.yml": "replaced", CODES: "replaced", SHAPES: "merged", MEMBERS: "collides", "queries/brand-new.rq": "comes",
    "queries/two-meanings.rq": "unknown", "queries/publishable.rq": "gone", "ontology/alignment.ttl": "yours",
    "queries/disagreements.rq": "away",
}  # fmt: skip


def test_nothing_of_anybody_is_lost(folder: Path) -> None:
    assert run(folder) == {".gitlab-ci.yml": "replaced"}
    edit_all(folder)
    before = state(folder)
    assert run(folder, write=False) == {name: each for name, each in EXPECTED.items() if name != ".gitlab-ci.yml"}
    assert state(folder) == before
    run(folder)
    now = state(folder)
    theirs = state(folder.parent / "next")
    for name, outcome in EXPECTED.items():
        if outcome in {"replaced", "comes"} and name in theirs:
            assert now[name] == theirs[name]
        if outcome in {"collides", "unknown", "gone", "yours"}:
            assert now[name] == before[name]
    assert now[SHAPES].startswith(theirs[SHAPES])
    assert now[SHAPES].endswith(b"\n# a rule of our own\n")
    assert {"queries/disagreements.rq", CHECK}.isdisjoint(now)
    assert now[f"{BESIDE}/queries/two-meanings.rq"] == theirs["queries/two-meanings.rq"]
    assert {name for name in now if name.startswith(BESIDE)} == {
        f"{BESIDE}/{MEMBERS}",
        f"{BESIDE}/queries/two-meanings.rq",
    }
    both = now[f"{BESIDE}/{MEMBERS}"].decode()
    assert both.startswith('<<<<<<< yours\n#+ title:    { nb: "Alle medlemmer"')
    assert HEAD in both
    assert "Medlemmer, partnere" in both
    assert both.count("\n=======\n") == 1
    assert Project.open(folder).check().report.violations == ()


def test_what_was_decided_is_decided_and_what_waits_is_told_until_then(folder: Path) -> None:
    edit_all(folder)
    run(folder)
    settled = state(folder)
    kept = {"queries/publishable.rq": "gone", "ontology/alignment.ttl": "yours", SHAPES: "yours"}
    assert run(folder) == {**kept, MEMBERS: "waits", "queries/two-meanings.rq": "waits"}
    assert state(folder) == settled
    # One text is mended and moved into its place, of the other the own one stays.
    mended = (folder.parent / "next" / MEMBERS).read_text(encoding="utf-8").replace("Medlemmer, partnere", "Alle")
    (folder / BESIDE / MEMBERS).write_text(mended, encoding="utf-8")
    (folder / BESIDE / MEMBERS).rename(folder / MEMBERS)
    (folder / BESIDE / "queries/two-meanings.rq").unlink()
    (folder / "queries/publishable.rq").unlink()
    assert run(folder) == {
        "ontology/alignment.ttl": "yours",
        SHAPES: "yours",
        MEMBERS: "yours",
        "queries/two-meanings.rq": "yours",
    }
    # What the program changes next is merged with what was decided.
    edit(folder.parent / "next" / MEMBERS, "#+ view:     network", "#+ view:     timeline")
    assert run(folder)[MEMBERS] == "merged"
    assert (folder / MEMBERS).read_text(encoding="utf-8") == mended.replace(
        "#+ view:     network", "#+ view:     timeline"
    )


def test_the_text_of_the_program_can_be_taken(folder: Path) -> None:
    edit_all(folder)
    run(folder)
    run(folder, take=[MEMBERS, "queries/d*.rq"])
    theirs = state(folder.parent / "next")
    assert [state(folder)[name] == theirs[name] for name in (MEMBERS, "queries/disagreements.rq")] == [True, True]
    assert not (folder / BESIDE / MEMBERS).exists()
    with pytest.raises(ConfigError, match="fits 'data/\\*'"):
        run(folder, take=["data/*"])


def test_a_project_without_a_record_is_compared_and_never_overwritten(folder: Path) -> None:
    edit_all(folder)
    (folder / RECORD).unlink()
    shutil.rmtree(folder / ".citygraph")
    before = state(folder)
    differ = dict.fromkeys(
        [".gitlab-ci.yml", CODES, SHAPES, MEMBERS, "queries/two-meanings.rq", "ontology/alignment.ttl"], "unknown"
    )
    come = dict.fromkeys(["queries/brand-new.rq", "queries/disagreements.rq", CHECK], "comes")
    assert run(folder) == {**differ, **come}
    assert {name: data for name, data in state(folder).items() if name in before} == before
    assert {f"{BESIDE}/{name}" for name in differ} <= set(state(folder))
    # From now on it has one.
    shutil.rmtree(folder / BESIDE)
    edit(folder.parent / "next/ontology/codes.ttl", "# newer", "# newest")
    assert {**run(folder), "queries/publishable.rq": ""} == {
        **{name: "yours" for name in differ if name != CODES}, CODES: "collides", "queries/publishable.rq": "",
    }  # fmt: skip


def test_a_file_of_ci_that_is_not_ours_is_not_looked_at(folder: Path) -> None:
    (folder / RECORD).unlink()
    (folder / ".gitlab-ci.yml").write_text("include: ours.yml\n", encoding="utf-8")
    assert ".gitlab-ci.yml" not in run(folder)
    assert run(folder, service="gitlab")[".gitlab-ci.yml"] == "unknown"
    assert run(folder, service="github") == {".github/workflows/citygraph.yml": "comes", ".gitlab-ci.yml": "waits"}


def test_other_ends_of_lines_and_a_mark_are_no_change_and_stay(folder: Path) -> None:
    for name in (CODES, SHAPES, f".citygraph/{SHAPES}"):
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"\n", b"\r\n"))
    (folder / MEMBERS).write_bytes(b"\xef\xbb\xbf" + (folder / MEMBERS).read_bytes())
    theirs = folder.parent / "next"
    edit(theirs / CODES, "@prefix", "# newer\n@prefix")
    edit(theirs / SHAPES, "# What people write", "# What anybody writes")
    edit(theirs / MEMBERS, "Medlemmer og partnere", "Medlemmer, partnere")
    (folder / SHAPES).write_bytes((folder / SHAPES).read_bytes() + b"# ours\r\n")
    assert run(folder) == {".gitlab-ci.yml": "replaced", CODES: "replaced", SHAPES: "merged", MEMBERS: "replaced"}
    for name in (CODES, SHAPES):
        data = (folder / name).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n")
        assert b"\r\r" not in data
    assert run(folder) == {SHAPES: "yours"}


def test_a_merge_that_cannot_be_read_is_no_merge(folder: Path) -> None:
    text = (folder / CODES).read_text(encoding="utf-8")
    first, last = text.index("\n\n") + 2, len(text)
    (folder / CODES).write_text(f"{text[:first]}<a:a> <a:b> (\n{text[first:last]}", encoding="utf-8")
    (folder.parent / "next" / CODES).write_text(text + "# newer\n", encoding="utf-8")
    edit(folder / MEMBERS, "SELECT ?network", "SELECT (?network")
    edit(folder.parent / "next" / MEMBERS, "#+ view:     network", "#+ view:     timeline")
    before = state(folder)
    assert run(folder) == {".gitlab-ci.yml": "replaced", CODES: "unreadable", MEMBERS: "unreadable"}
    assert [state(folder)[name] == before[name] for name in (CODES, MEMBERS)] == [True, True]


def test_a_link_and_a_folder_in_the_way_are_told_and_left(folder: Path) -> None:
    for name in (CODES, SHAPES):
        edit(folder.parent / "next" / name, "@prefix", "# newer\n@prefix")
    (folder / CODES).rename(folder.parent / "codes.ttl")
    (folder / CODES).symlink_to(folder.parent / "codes.ttl")
    (folder / SHAPES).unlink()
    (folder / SHAPES).mkdir()
    before = (folder.parent / "codes.ttl").read_bytes()
    assert run(folder, take=[CODES]) == {".gitlab-ci.yml": "replaced", CODES: "blocked", SHAPES: "blocked"}
    assert (folder / CODES).is_symlink()
    assert (folder.parent / "codes.ttl").read_bytes() == before


@pytest.mark.parametrize("name", [BESIDE, ".citygraph", f"{BESIDE}/queries", RECORD])
def test_nothing_is_written_or_removed_through_a_link(folder: Path, name: str) -> None:
    edit_all(folder)
    outside = folder.parent / "outside"
    outside.mkdir()
    if (folder / name).exists():
        (folder / name).rename(outside / "moved")
    else:
        (outside / "moved/queries").mkdir(parents=True)
        (outside / "moved/members.rq").write_text("theirs", encoding="utf-8")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(outside / "moved")
    before = state(folder.parent)
    with pytest.raises(ConfigError):
        run(folder, take=["queries/*"])
    with pytest.raises(ConfigError):
        run(folder)
    assert state(folder.parent) == before


@contextmanager
def breaking(place: object, name: str, after: int) -> Iterator[None]:
    """Let a step fail from the given time on."""
    done, real = [0], getattr(place, name)

    def step(*arguments: object, **options: object) -> object:
        done[0] += 1
        if done[0] > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, step)
        yield


def test_a_full_disk_changes_nothing_and_a_break_is_mended_by_a_second_run(folder: Path, tmp_path: Path) -> None:
    edit_all(folder)
    shutil.copytree(folder, tmp_path / "whole")
    shutil.copytree(folder, tmp_path / "before")
    (tmp_path / "whole").rename(folder.parent / "done")
    upgrade(folder.parent / "done", reference=folder.parent / "next")
    whole, before = state(folder.parent / "done"), state(folder)
    written = len([name for name, data in whole.items() if before.get(name) != data])
    assert written > 10
    for after in range(written):
        with breaking(files, "_stage", after), pytest.raises(ExportError, match="cannot be written"):
            run(folder)
        assert state(folder) == before
    for after in range(written):
        with breaking(Path, "replace", after), pytest.raises(ExportError):
            run(folder)
        run(folder)
        assert state(folder) == whole, after
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "before", folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n", "is not valid TOML"), ('version = "next"\n[files]\n', "not as citygraph writes it"),
        (f'version = "0.1.0"\n[files]\n"../graph.toml" = "{"0" * 64}"\n', "not as citygraph"),
        (f'version = "0.1.0"\n[files]\n"/etc/x" = "{"0" * 64}"\n', "not as citygraph"),
        ('version = "0.1.0"\n', "not as citygraph writes it"), ('version = "0.1.0"\n[files]\na = "b"\n', "not as citygraph"),
        ('version = "0.3.0"\n[files]\n', r"from citygraph 0\.3\.0, and this is 0\.2\.0"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_used_stops_before_anything_is_written(folder: Path, text: str, said: str) -> None:
    (folder / RECORD).write_text(text, encoding="utf-8")
    before = state(folder)
    with pytest.raises(ConfigError, match=said) as error:
        run(folder)
    assert error.value.fix
    assert state(folder) == before


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_command_says_what_it_does_and_fails_while_something_is_open(folder: Path, language: str) -> None:
    edit_all(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("citygraph.project.project.reference_folder", lambda: folder.parent / "next")
        patch.setattr("citygraph.project.Project.is_reference", property(lambda _: False))
        planned, done, again = (
            CliRunner().invoke(app, ["upgrade", str(folder), "--lang", language, *more])
            for more in (["--plan"], [], [])
        )
    assert [planned.exit_code, done.exit_code, again.exit_code] == [1, 1, 1]
    assert planned.stdout == done.stdout
    assert [
        f"  {sign} {name}: " in done.stdout
        for sign, name in (("~", CODES), ("!", MEMBERS), ("?", "queries/two-meanings.rq"))
    ] == [True] * 3
    assert '- #+ title:    { nb: "Alle medlemmer"' in done.stdout
    assert '+ #+ title:    { nb: "Medlemmer, partnere"' in done.stdout
    assert ("venter fra før" if language == "nb" else "waits since before") in again.stdout


def test_requires_is_kept_and_the_graph_of_the_program_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write('requires = "<0.2"\n')
    monkeypatch.setattr("citygraph.config.__version__", "0.2.0")
    said = CliRunner().invoke(app, ["upgrade", str(folder)])
    assert said.exit_code != 0
    assert "requires" in str(said.exception)
    with pytest.raises(ConfigError, match="comes with the program"):
        upgrade(folder, reference=folder)
