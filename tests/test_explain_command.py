"""`citygraph explain` and `query --explain`: from an answer down to files and passages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from citygraph import Project, QueryError

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_derived_statement_is_explained_down_to_file_line_and_passage(run: Run, built_folder: Path) -> None:
    done = run("explain", "place-stavanger", "participatesIn", "eurocities", cwd=built_folder)
    assert done.returncode == 0, done.stderr
    assert "prp-spo2: ontology/citygraph.ttl:" in done.stdout
    assert "data/networks/eurocities.ttl:" in done.stdout
    assert "characters 1552" in done.stdout
    assert "known since 2020-11-05" in done.stdout
    assert "Memo on two city networks" in done.stdout
    norwegian = run("explain", "place-stavanger", "participatesIn", "eurocities", "--lang", "nb", cwd=built_folder)
    assert "Notat om to bynettverk, tegn 1552" in norwegian.stdout
    assert "Memo on" not in norwegian.stdout


def test_what_does_not_hold_names_the_premise_that_is_missing(run: Run, built_folder: Path) -> None:
    norwegian = run("explain", "Stavanger kommune", "medlem av", "Eurocities", "--lang", "nb", cwd=built_folder)
    assert norwegian.returncode == 0, norwegian.stderr
    assert norwegian.stdout.startswith("Gjelder ikke: Stavanger kommune")
    assert "assosiert partner" in norwegian.stdout
    assert "mangler:" in norwegian.stdout


@pytest.mark.parametrize("predicate", ["cg:participatesIn", "participatesIn", "deltar i", "participates in"])
def test_a_property_is_found_by_curie_local_name_or_label(this_project: Project, predicate: str) -> None:
    assert this_project.explain("Oslo kommune", predicate, "Metrex").holds


def test_an_unknown_property_names_the_nearest(this_project: Project) -> None:
    with pytest.raises(QueryError, match="No property here is called 'participatsIn'") as error:
        this_project.explain("Oslo kommune", "participatsIn", "Metrex")
    assert "cg:participatesIn" in error.value.fix


def test_a_literal_is_explained_as_it_stands_in_the_file(this_project: Project) -> None:
    found = this_project.explain("eurocities", "schema:foundingDate", "1986")
    assert found.holds
    assert any(origin.file == "data/networks/eurocities.ttl" for origin in found.proofs[0].origins)


def test_a_row_of_an_answer_is_explained_statement_by_statement(this_project: Project) -> None:
    answered = this_project.query("norwegian-participants", {"network": "Metrex"})
    found = this_project.explain_row(answered, 1)
    assert found
    assert all(each.holds for each in found)
    rules = {each.proofs[0].rule for each in found}
    assert "as-of" in rules
    assert "prp-spo2" in rules


def test_a_row_that_is_not_there_and_a_row_of_counts_say_so(
    this_project: Project, run: Run, built_folder: Path
) -> None:
    answered = this_project.query("norwegian-participants")
    with pytest.raises(QueryError, match="has no row 99"):
        this_project.explain_row(answered, 99)
    counted = run("query", "source-coverage", "--explain", "1", cwd=built_folder)
    assert counted.returncode == 2
    assert "count several things together" in counted.stderr


def test_a_proof_is_written_for_programs_and_for_pages(run: Run, built_folder: Path) -> None:
    words = ("explain", "oslo-kommune", "org:memberOf", "metrex")
    document = json.loads(run(*words, "--format", "json", cwd=built_folder).stdout)
    assert document["holds"] is True
    assert run(*words, "--format", "mermaid", cwd=built_folder).stdout.startswith(("graph", "flowchart"))
    assert "<" in run(*words, "--format", "html", cwd=built_folder).stdout


@pytest.mark.slow
def test_the_day_decides_whether_a_statement_holds(this_project: Project) -> None:

    assert this_project.explain("viken-fylkeskommune", "org:memberOf", "metrex").holds
    later = this_project.explain("viken-fylkeskommune", "org:memberOf", "metrex", as_of=date(2025, 6, 1))
    assert not later.holds
    assert later.gap is not None
