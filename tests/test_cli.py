"""The command line: answers on stdout, everything else on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from citygraph import Project, Report, Severity
from citygraph.cli.output import print_report
from citygraph.findings import Finding
from citygraph.messages import Text
from clean_project import NETWORK, clean_project
from conftest import TODAY

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
_NETWORKS = "SELECT ?network WHERE { ?network a cg:CityNetwork }"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clean_project(tmp_path_factory.mktemp("built"))
    Project.open(folder, today=TODAY).build()
    return folder


def test_the_version_goes_to_stdout(run: Run) -> None:
    result = run("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("citygraph ")
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["", "new", "check", "build", "query", "sparql", "export", "format", "finding"])
def test_every_command_explains_itself(command: str, run: Run) -> None:
    result = run(*filter(None, [command]), "--help")
    assert result.returncode == 0
    assert "Usage: " in result.stdout


def test_a_good_project_is_checked_without_a_word_on_stdout(built: Path, run: Run) -> None:
    result = run("check", str(built), "--lang", "en")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "no findings\n")


def test_the_name_of_the_version_is_all_that_build_prints_on_stdout(built: Path, run: Run) -> None:
    result = run("build", str(built), "--lang", "en", "--quiet")
    assert result.returncode == 0
    assert result.stdout.strip() == (built / "build" / "current").readlink().name
    assert result.stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path, unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "citygraph", "finding", "-C", str(clean_project(tmp_path / "project"))]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, env=environment)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_findings_can_be_had_as_json_on_stdout(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project", mistake="one-member")
    result = run("check", str(folder), "--format", "json")
    assert result.returncode == 1
    (found,) = json.loads(result.stdout)
    assert (found["code"], found["severity"], found["file"]) == ("one-member", "violation", "data/networks/mistake.ttl")


def test_notes_are_shown_when_asked_for_and_can_fail_the_check(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project", mistake="stale")
    quiet = run("check", str(folder), "--lang", "en")
    assert (quiet.returncode, quiet.stderr) == (0, "1 note (info); shown with --notes\n")
    assert " info stale " not in quiet.stderr
    loud = run("check", str(folder), "--lang", "en", "--notes", "--fail-on", "info")
    assert loud.returncode == 1
    assert " info stale " in loud.stderr


def test_a_finding_has_two_lines_place_and_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = Finding("syntax", Severity.VIOLATION, Text("Feil.", "Wrong."), Text("Rett.", "Mend."), "a.ttl", 3, 7)
    print_report(Report.of([found]), "nb", notes=False)
    assert (
        capsys.readouterr().err
        == "a.ttl:3:7 violation syntax Feil.\n    Rett.  [citygraph finding syntax]\n1 må rettes (violation)\n"
    )
    print_report(Report.of([found]), "en", notes=False)
    assert capsys.readouterr().err.startswith("a.ttl:3:7 violation syntax Wrong.\n    Mend.")


def test_a_mistake_made_many_times_is_shown_twenty_times_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    several = [
        Finding("one-role", Severity.VIOLATION, Text("En.", "One."), Text("Rett.", "Mend."), file=f"data/{i}.ttl")
        for i in range(25)
    ]
    once = Finding("bad-rank", Severity.WARNING, Text("En.", "One."), Text("Rett.", "Mend."), file="data/x.ttl")
    print_report(Report.of([*several, once]), "en", notes=False)
    lines = capsys.readouterr().err.splitlines()
    assert sum(" one-role " in line and line.startswith("data/") for line in lines) == 20
    assert "… and 5 more of one-role; all of them: citygraph check --format json" in lines
    assert any(" bad-rank " in line for line in lines)
    assert lines[-1] == "25 must fix (violation), 1 should fix (warning)"


@pytest.mark.parametrize("format_", ["csv", "tsv", "json", "xml"])
def test_rows_come_in_every_result_format(format_: str, built: Path, run: Run) -> None:
    result = run("sparql", _NETWORKS, "--format", format_, cwd=built)
    assert result.returncode == 0
    assert "https://w3id.org/citygraph/id/nordnett" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("format_", ["table", "ttl", "nt", "jsonld"])
def test_a_graph_comes_in_every_rdf_format(format_: str, built: Path, run: Run) -> None:
    result = run(
        "sparql", "CONSTRUCT { ?n a cg:CityNetwork } WHERE { ?n a cg:CityNetwork }", "--format", format_, cwd=built
    )
    assert result.returncode == 0, result.stderr
    assert "nordnett" in result.stdout


@pytest.mark.parametrize(("language", "label", "yes"), [("nb", "Nordnett", "ja"), ("en", "Nordic Net", "yes")])
def test_a_table_speaks_the_language_of_its_reader(language: str, label: str, yes: str, built: Path, run: Run) -> None:
    assert label in run("sparql", _NETWORKS, "--lang", language, cwd=built).stdout
    assert run("sparql", "ASK {}", "--lang", language, cwd=built).stdout.strip() == yes
    assert label in run("sparql", _NETWORKS, cwd=built, CITYGRAPH_LANG=language).stdout


def test_a_query_is_read_from_a_file_or_from_stdin(built: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "question.rq").write_text(_NETWORKS)
    assert run("sparql", str(tmp_path / "question.rq"), "-f", "csv", cwd=built).returncode == 0
    command = [sys.executable, "-m", "citygraph", "sparql", "-", "-f", "csv"]
    piped = subprocess.run(command, input=_NETWORKS, cwd=built, capture_output=True, text=True, check=True)
    assert "nordnett" in piped.stdout


@pytest.mark.parametrize("format_", ["ttl", "nt", "nq", "trig", "jsonld", "rdf"])
def test_the_graph_is_written_to_a_file_by_its_ending(format_: str, built: Path, run: Run, tmp_path: Path) -> None:
    target = tmp_path / f"graph.{format_}"
    result = run("export", str(target), "-C", str(built))
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    piped = run("export", "--format", format_, "-C", str(built))
    assert piped.stdout.encode() == target.read_bytes()


def test_tables_are_written_to_a_folder(built: Path, run: Run, tmp_path: Path) -> None:
    assert run("export", str(tmp_path / "tables"), "--format", "csv", "-C", str(built)).returncode == 0
    assert (tmp_path / "tables" / "cg-City.csv").is_file()
    assert run("export", "--format", "csv", "-C", str(built)).returncode == 2


def test_format_says_what_it_changes_and_check_changes_nothing(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project")
    file = folder / NETWORK
    file.write_text(file.read_text().replace(" ;\n.", " ."))
    before = file.read_text()
    checked = run("format", "--check", str(file), "-C", str(folder))
    assert checked.returncode == 1
    assert "would change: " in checked.stderr
    assert NETWORK in checked.stderr
    assert file.read_text() == before
    assert run("format", str(file), "-C", str(folder)).returncode == 0
    assert file.read_text() != before
    assert run("format", "--check", str(file), "-C", str(folder)).returncode == 0


def test_a_code_is_explained_and_a_wrong_one_is_guessed(built: Path, run: Run) -> None:
    explained = run("finding", "one-member", "-C", str(built), "--lang", "en")
    assert explained.returncode == 0
    assert "A membership has exactly one member." in explained.stdout
    wrong = run("finding", "one-membr", "-C", str(built), "--lang", "en")
    assert wrong.returncode == 2
    assert "one-member" in wrong.stderr
    assert "two-presidents" in run("finding", "-C", str(built)).stdout


def test_a_reader_that_goes_away_is_no_error(built: Path) -> None:
    command = f"{sys.executable} -m citygraph export --format nt | head -c 10 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=built, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_the_first_question_builds_the_graph(tmp_path: Path, run: Run) -> None:
    folder = clean_project(tmp_path / "project", mistake="one-member")
    (folder / "queries" / "test-all.rq").write_text(
        '#+ title: { nb: "a", en: "b" }\n#+ question: { nb: "a", en: "b" }\n#+ columns: [thing]\nSELECT ?thing WHERE { ?thing a <https://w3id.org/citygraph/ontology#CityNetwork> }\n'
    )
    broken = run("query", "test-all", "-C", str(folder), "--lang", "en")
    assert broken.returncode == 1
    assert "violation one-member" in broken.stderr
    (folder / "data" / "networks" / "mistake.ttl").unlink()
    mended = run("query", "test-all", "-C", str(folder), "--lang", "en", "--format", "csv")
    assert mended.returncode == 0
    assert "nordnett" in mended.stdout
    (folder / NETWORK).write_text((folder / NETWORK).read_text() + "# new\n")
    assert "have changed since" in run("query", "test-all", "-C", str(folder), "--lang", "en").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("check",), ("build",), ("format",), ("compare", "HEAD~1"), ("publish", "site"), ("publish", "check"),
        ("publish", "ckan", "http://127.0.0.1:1"), ("link", "suggest"), ("link", "check"),
        ("ingest", "list.csv", "--map", "map.toml"), ("snapshot", "list"), ("snapshot", "push", "mirror"),
    ],
)  # fmt: skip
def test_outside_of_a_project_no_other_graph_is_judged_or_written(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "list.csv").write_text("city\nOslo\n")
    before = sorted(tmp_path.rglob("*"))
    done = run(*words)
    assert done.returncode == 2, done.stdout
    assert "has a graph.toml" in done.stderr
    assert "citygraph new" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_the_graph_of_the_program_is_checked_when_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    done = run("check", "--reference", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
