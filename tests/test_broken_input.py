"""Broken input through the real command line: one clear message, the right exit code, the last good version in use."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from citygraph import Project
from clean_project import NETWORK, clean_project
from conftest import TODAY
from patience import PATIENCE, wait_until

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

NETWORKS = "SELECT ?network WHERE { ?network a cg:CityNetwork }"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clean_project(tmp_path_factory.mktemp("built"))
    outcome = Project.open(folder, today=TODAY).build()
    assert not outcome.report.violations
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """The clean project with a good version in use, in a folder that the test may break."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder, symlinks=True)
    return folder


@contextmanager
def last_good_version_kept(run: Run, folder: Path) -> Iterator[None]:
    """Whatever happens inside, the same version is in use afterwards, answers, and nothing half-made is left."""
    link = folder / "build" / "current"
    before = link.readlink()
    yield
    assert link.readlink() == before
    _answers(run, folder)
    assert not list((folder / "build").glob(".building-*"))


def _answers(run: Run, folder: Path) -> None:
    answer = run("sparql", NETWORKS, "-C", str(folder), "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == ["network", "https://w3id.org/citygraph/id/nordnett"]


def _one_message(result: subprocess.CompletedProcess[str], *, code: int, says: str) -> None:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    assert says in result.stderr
    first = [line for line in result.stderr.splitlines() if line and not line.startswith(" ")]
    messages = [line for line in first if line.startswith("Error: ") or " violation " in line]
    assert len(messages) == 1, result.stderr


def _add(folder: Path, text: str, path: str = NETWORK) -> None:
    file = folder / path
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def _change(folder: Path) -> None:
    """Something new to build."""
    _add(folder, '\nid:nordnett skos:altLabel "NN" .\n')


# -- files in data/ ------------------------------------------------------------------------------


def _latin_1(folder: Path) -> None:
    (folder / NETWORK).write_bytes((folder / NETWORK).read_text(encoding="utf-8").encode("latin-1"))


def _missing_dot(folder: Path) -> None:
    _add(folder, "\nid:a a cg:City\n")


def _unknown_prefix(folder: Path) -> None:
    _add(folder, "\nid:nordnett skso:altLabel 'x' .\n")


def _bad_date(folder: Path) -> None:
    text = (folder / NETWORK).read_text(encoding="utf-8")
    (folder / NETWORK).write_text(text.replace('time:inXSDDate "2021-06-30"', 'time:inXSDDate "2021-06-31"'))


def _without_member(folder: Path) -> None:
    text = (folder / NETWORK).read_text(encoding="utf-8")
    (folder / NETWORK).write_text(text.replace("    org:member id:skogstad-kommun ;\n", ""))


def _dangling_link(folder: Path) -> None:
    (folder / "data" / "lost.ttl").symlink_to("nowhere.ttl")


def _loop_of_links(folder: Path) -> None:
    (folder / "data" / "loop.ttl").symlink_to("loop.ttl")


def _folder_named_like_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    (folder / "data" / "everything.ttl").mkdir(parents=True)


def _empty_data(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    (folder / "data").mkdir()


def _trig(folder: Path) -> None:
    (folder / "data" / "extra.trig").write_text("<http://a/g> { <http://a/s> <http://a/p> <http://a/o> }")


def _deep_json(folder: Path) -> None:
    (folder / "data" / "deep.jsonld").write_text('{"http://a/p":' * 50_000 + "1" + "}" * 50_000)


def _deep_turtle(folder: Path) -> None:
    _add(folder, "\nid:nordnett rdfs:seeAlso " + "[ rdfs:seeAlso " * 50_000)


def _entity_bomb(folder: Path) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">\n' for n in range(1, 30))
    (folder / "data" / "bomb.rdf").write_text(f'<!DOCTYPE x [\n<!ENTITY l0 "ha">\n{levels}]>\n<x>&l29;</x>')


def _remote_context(folder: Path) -> None:
    (folder / "data" / "far.jsonld").write_text('{"@context": "https://schema.org/", "@id": "http://a/b", "name": "x"}')


def _null_bytes(folder: Path) -> None:
    (folder / "data" / "zero.ttl").write_bytes(b"\0" * 100)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (_latin_1, "violation encoding "),
        (_missing_dot, "violation syntax "),
        (_unknown_prefix, "violation syntax "),
        (_without_member, "violation one-member "),
        (_dangling_link, "data/lost.ttl violation unreadable-file "),
        (_loop_of_links, "data/loop.ttl violation unreadable-file "),
        (_trig, "data/extra.trig violation named-graphs "),
        (_deep_json, "data/deep.jsonld:1:1 violation too-deep "),
        (_deep_turtle, "violation too-deep "),
        (_entity_bomb, "data/bomb.rdf:3:1 violation entity-declaration "),
        (_remote_context, "data/far.jsonld:1:1 violation remote-context "),
        (_null_bytes, "data/zero.ttl:1:1 violation syntax "),
        (_empty_data, "data violation no-data "),
        (_folder_named_like_a_file, "data violation no-data "),
    ],
)
def test_a_broken_file_is_one_finding_and_the_last_good_version_stays(
    break_it: Callable[[Path], None], says: str, project: Path, run: Run
) -> None:
    break_it(project)
    with last_good_version_kept(run, project):
        result = run("build", str(project), "--lang", "en")
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert says in result.stderr
    assert "is still in use" in result.stderr
    assert result.stdout == ""


def test_a_bad_date_is_named_with_its_line(project: Path, run: Run) -> None:
    _bad_date(project)
    with last_good_version_kept(run, project):
        result = run("build", str(project), "--lang", "en")
    line = (project / NETWORK).read_text(encoding="utf-8").split("2021-06-31")[0].count("\n") + 1
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert f"{NETWORK}:{line}:5 violation bad-literal '2021-06-31' is not a valid xsd:date." in result.stderr


def test_a_byte_order_mark_is_a_warning_and_the_version_is_built(project: Path, run: Run) -> None:
    (project / NETWORK).write_bytes(b"\xef\xbb\xbf" + (project / NETWORK).read_bytes())
    result = run("build", str(project), "--lang", "en")
    assert result.returncode == 0, result.stderr
    assert f"{NETWORK}:1:1 warning byte-order-mark" in result.stderr
    _answers(run, project)


def test_two_presidents_are_a_warning_and_the_bar_can_be_lowered(project: Path, run: Run) -> None:
    shutil.copytree(Path(__file__).parent / "data" / "two-presidents", project, dirs_exist_ok=True)
    assert run("check", str(project), "--lang", "en").returncode == 0
    strict = run("check", str(project), "--lang", "en", "--fail-on", "warning")
    assert strict.returncode == 1
    assert "warning two-presidents" in strict.stderr


def test_the_findings_are_norwegian_for_a_norwegian(project: Path, run: Run) -> None:
    _without_member(project)
    result = run("check", str(project), "--lang", "nb")
    assert result.returncode == 1
    assert "et medlemskap har nøyaktig ett medlem" in result.stderr


# -- graph.toml ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('title = "x"\nlanguage = ["nb"]\n', "Did you mean 'languages'?"),
        ('title = "x"\n[reason]\nengin = "owlrl"\n', "Did you mean 'reason.engine'?"),
        ('title = "x"\n[reason]\nengine = "fast"\n', 'reason.engine = "fast": expected one of columnar'),
        ('title = "x"\nas_of = "yesterday"\n', "expected a date such as 2020-11-05"),
        ('title = "x"\nbase = "example"\n', "expected an absolute address"),
        ("title = x\n", "is not valid TOML"),
        ("", "the key 'title' is missing"),
        ('title = "x"\nreason = 5\n', "reason"),
    ],
)
def test_a_wrong_setting_is_one_message(text: str, says: str, project: Path, run: Run) -> None:
    settings = (project / "graph.toml").read_text(encoding="utf-8")
    (project / "graph.toml").write_text(text, encoding="utf-8")
    _one_message(run("build", str(project)), code=2, says=says)
    (project / "graph.toml").write_text(settings, encoding="utf-8")
    _answers(run, project)


def test_settings_in_another_encoding_are_one_message(project: Path, run: Run) -> None:
    (project / "graph.toml").write_bytes('title = "Bodø"\n'.encode("latin-1"))
    _one_message(run("check", str(project)), code=2, says="graph.toml is not UTF-8")


def test_a_folder_without_settings_says_how_to_start_one(tmp_path: Path, run: Run) -> None:
    result = run("check", str(tmp_path))
    _one_message(result, code=2, says="There is no graph.toml in ")
    assert "citygraph new" in result.stderr


def test_a_folder_that_does_not_exist_is_one_message(tmp_path: Path, run: Run) -> None:
    _one_message(run("build", str(tmp_path / "nowhere")), code=2, says="There is no graph.toml in ")


def test_settings_that_are_a_folder_are_one_message(tmp_path: Path, run: Run) -> None:
    (tmp_path / "graph.toml").mkdir()
    _one_message(run("check", str(tmp_path)), code=2, says="graph.toml cannot be read")


# -- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sparql", "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), "SERVICE would ask a server"),
        (("sparql", "INSERT DATA { <http://a/s> <http://a/p> <http://a/o> }"), "would change the graph"),
        (("sparql", "LOAD <http://127.0.0.1:9/>"), "would change the graph"),
        (("sparql", "SELECT * WHERE { ?s ?p"), "Line 1, column 23: the query ends too early"),
        (("sparql", ""), "it has no SELECT, ASK, CONSTRUCT or DESCRIBE"),
        (("sparql", "SELECT * WHERE " + "{" * 20_000 + "}" * 20_000), "brackets stand inside each other"),
        (("sparql", "missing.rq"), "missing.rq cannot be read"),
        (("sparql", NETWORKS, "--format", "ttl"), "The answer is rows"),
        (("sparql", NETWORKS, "--format", "docx"), "docx"),
        (("sparql", NETWORKS, "--as-of", "5 November"), "5 November"),
        (("query", "memberz"), "There is no saved query 'memberz'"),
        (("export", "graph.docx"), "The ending of graph.docx names no format"),
        (("export", "--format", "docx"), "docx"),
        (("format", "missing.ttl"), "There is no file missing.ttl"),
        (("finding", "one-membr"), "one-membr"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_message(
    arguments: tuple[str, ...], says: str, project: Path, run: Run
) -> None:
    with last_good_version_kept(run, project):
        result = run(*arguments, cwd=project)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert says in result.stderr
    assert result.stdout == ""


@pytest.fixture
def with_question(project: Path) -> Path:
    """A question of our own, so that the test does not depend on which ones there are."""
    (project / "queries" / "test-members.rq").write_text(
        '#+ title:    { nb: "Medlemmer", en: "Members" }\n'
        '#+ question: { nb: "Hvem?", en: "Who?" }\n'
        "#+ params:   { network: { type: entity, class: cg:CityNetwork, default: id:nordnett }, since: { type: date } }\n"
        "#+ columns:  [network, member, since]\n"
        "PREFIX cg: <https://w3id.org/citygraph/ontology#>\n"
        "PREFIX org: <http://www.w3.org/ns/org#>\n"
        "SELECT ?network ?member ?since WHERE {\n"
        "  ?m org:organization ?network ; org:member ?member ; cg:asOf ?since . ?network a cg:CityNetwork }\n",
        encoding="utf-8",
    )
    return project


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--network", "Nordnet"), "(id:nordnett)?"),
        (("--network", "Atlantis"), "Nothing here is called 'Atlantis'"),
        (("--network", "Fjordby kommune"), "Nothing here is called 'Fjordby kommune'"),
        (("--since", "yesterday"), "--since 'yesterday' is not a date such as 2020-11-05"),
        (("--netwrk", "Nordnett"), "Did you mean --network?"),
        (("--network",), "--network has no value"),
        (("Nordnett",), "'Nordnett' is not expected here"),
    ],
)
def test_a_wrong_parameter_is_one_message(arguments: tuple[str, ...], says: str, with_question: Path, run: Run) -> None:
    with last_good_version_kept(run, with_question):
        result = run("query", "test-members", *arguments, cwd=with_question)
    _one_message(result, code=2, says=says)
    assert result.stdout == ""


def test_a_value_is_a_term_and_never_part_of_the_query(with_question: Path, run: Run) -> None:
    result = run("query", "test-members", "--network", "x> } ; DROP ALL #", cwd=with_question)
    _one_message(result, code=2, says="Nothing here is called")


def test_the_question_about_a_day_before_everything_is_empty_and_keeps_the_version(project: Path, run: Run) -> None:
    link = project / "build" / "current"
    before = link.readlink()
    text = "SELECT ?member WHERE { ?member cg:hasCurrentMembership ?m }"
    result = run("sparql", text, "--as-of", "1900-01-01", "--format", "csv", cwd=project)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["member"]
    assert link.readlink() == before


def test_a_question_before_the_first_build_says_what_to_run(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project")
    result = run("sparql", NETWORKS, cwd=folder)
    _one_message(result, code=2, says="has not been built yet")
    assert "citygraph build" in result.stderr


# -- the place to write -----------------------------------------------------------------------------


def _limited(blocks: int, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command where no file may grow beyond `blocks` KiB, which is what a full disk looks like to a writer."""
    command = ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "-", sys.executable, "-m", "citygraph", *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.parametrize("blocks", [0, 1, 16, 64])
def test_a_disk_without_room_is_one_message_and_keeps_the_last_version(blocks: int, project: Path, run: Run) -> None:
    _change(project)
    with last_good_version_kept(run, project):
        result = _limited(blocks, "build", "--lang", "en", cwd=project)
    _one_message(result, code=2, says=str(project / "build"))


def test_a_full_disk_is_one_message_and_keeps_the_last_version(built: Path, tmp_path: Path, run: Run) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) // 1024 + 600
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], check=False).returncode:
        pytest.skip("only root can mount a small disk; the test above limits the size of files instead")
    try:
        folder = disk / "project"
        shutil.copytree(built, folder, symlinks=True)
        _change(folder)
        filler = disk / "filler"
        with filler.open("wb") as file:
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            file.write(b"\0" * max(free - 100_000, 0))
        with last_good_version_kept(run, folder):
            result = run("build", str(folder), "--lang", "en")
        _one_message(result, code=2, says="No space left on device")
        filler.unlink()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_build_folder_that_is_a_file_is_one_message(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project")
    (folder / "build").write_text("in the way")
    _one_message(run("build", str(folder)), code=2, says=f"Cannot write in {folder / 'build'}")


def test_a_build_folder_that_leads_nowhere_is_one_message(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project")
    (folder / "build").symlink_to("/proc/1/nowhere")
    _one_message(run("build", str(folder)), code=2, says="Cannot write in ")


def test_a_read_only_folder_still_answers_and_refuses_to_build(project: Path, run: Run) -> None:
    _change(project)
    mounted = subprocess.run(["mount", "--bind", project, project], check=False, capture_output=True).returncode == 0
    if mounted:
        subprocess.run(["mount", "-o", "remount,ro,bind", project], check=True)
    elif os.geteuid() != 0:
        (project / "build").chmod(0o555)
    else:
        pytest.skip("root may write everywhere, and this machine does not let it mount anything")
    try:
        with last_good_version_kept(run, project):
            result = run("build", str(project))
        _one_message(result, code=2, says=f"Cannot write in {project / 'build'}")
    finally:
        if mounted:
            subprocess.run(["umount", project], check=True)
        (project / "build").chmod(0o755)


def test_an_export_to_a_place_that_cannot_be_written_is_one_message(project: Path, run: Run) -> None:
    (project / "taken").write_text("a file")
    with last_good_version_kept(run, project):
        result = run("export", "taken/graph.ttl", cwd=project)
    _one_message(result, code=2, says="taken/graph.ttl cannot be written")


def test_an_export_without_room_leaves_the_old_file(project: Path) -> None:
    (project / "graph.nt").write_text("old")
    result = _limited(1, "export", "graph.nt", cwd=project)
    _one_message(result, code=2, says="graph.nt cannot be written")
    assert (project / "graph.nt").read_text() == "old"
    assert not list(project.glob(".graph.nt*"))


def test_a_damaged_version_says_how_to_build_it_again(project: Path, run: Run) -> None:
    current = (project / "build" / "current").resolve()
    (current / "manifest.json").write_text("{")
    _one_message(run("sparql", NETWORKS, cwd=project), code=2, says="cannot be read")
    assert run("build", str(project)).returncode == 0
    _answers(run, project)


def test_a_version_without_its_store_says_how_to_build_it_again(project: Path, run: Run) -> None:
    shutil.rmtree((project / "build" / "current").resolve() / "store")
    _one_message(run("sparql", NETWORKS, cwd=project), code=2, says="cannot be opened")
    assert run("build", str(project), "--fresh").returncode == 0
    _answers(run, project)


def test_a_version_of_another_program_says_how_to_build_it_again(project: Path, run: Run) -> None:
    manifest = (project / "build" / "current").resolve() / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    _one_message(run("sparql", NETWORKS, cwd=project), code=2, says="another version of citygraph")


# -- builds that are broken off ----------------------------------------------------------------------


def _start(folder: Path, *options: str, python: tuple[str, ...] = ("-m", "citygraph")) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *python, "build", "--lang", "en", *options, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait_for(folder: Path, name: str, process: subprocess.Popen[str]) -> bool:
    """Wait until the build has written `name`; false when the build was over first."""
    while process.poll() is None:
        if any((each / name).exists() for each in (folder / "build").glob(".building-*")):
            return True
        time.sleep(0.001)
    return False


# A build that waits where it would write its files, and says so.
_HELD = """
import sys, time
from pathlib import Path
from citygraph.__main__ import main
from citygraph.store import SnapshotBuilder

def seal(self, *arguments, **named):
    Path(sys.argv[-1], "held").touch()
    time.sleep({patience})

SnapshotBuilder.seal = seal
main()
"""


def test_ctrl_c_stops_a_build_with_one_sentence_and_leaves_nothing(project: Path, run: Run) -> None:
    _change(project)
    with last_good_version_kept(run, project):
        process = _start(project, python=("-c", _HELD.format(patience=PATIENCE)))
        wait_until(lambda: (project / "held").exists() or process.poll() is not None, "that the build writes")
        assert process.poll() is None
        assert list((project / "build").glob(".building-*"))
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "Stopped." in stderr
    assert "Traceback" not in stderr
    assert stdout == ""


@pytest.mark.parametrize("moment", ["", "store", "asserted.nq", "inferred.nq", "findings.json", "manifest.json"])
def test_a_build_killed_at_any_moment_leaves_a_whole_version(moment: str, project: Path, run: Run) -> None:
    _change(project)
    link = project / "build" / "current"
    before = link.readlink()
    process = _start(project)
    in_time = _wait_for(project, moment, process)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    if in_time and moment in {"", "store"}:
        assert link.readlink() == before
    _answers(run, project)
    again = run("build", str(project))
    assert again.returncode == 0, again.stderr
    assert link.readlink() == Path(again.stdout.strip())
    _answers(run, project)


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_two_builds_at_once_make_one_whole_version(options: tuple[str, ...], project: Path, run: Run) -> None:
    _change(project)
    processes = [_start(project, *options) for _ in range(2)]
    outcomes = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outcomes
    names = {stdout.strip() for stdout, _ in outcomes}
    assert len(names) == 1
    assert str((project / "build" / "current").readlink()) in names
    assert not list((project / "build").glob(".building-*"))
    _answers(run, project)
