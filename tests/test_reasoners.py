"""Every engine gives the same statements and the same findings on real projects."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from citygraph import Project, ReasoningError
from citygraph.project import Checked
from citygraph.rdf import Triple
from citygraph.reason import ENGINES, close_with, owlrl
from clean_project import clean_project
from conftest import ROOT, TODAY

pytestmark = pytest.mark.slow  # owlrl runs in a process of its own
# Spark takes minutes for what takes the others seconds; tests/reason/test_spark.py holds it equal.
ENGINES_HERE = [engine for engine in ENGINES if engine != "spark"]
DAYS = [None, date(2019, 12, 31), date(2025, 6, 1)]
BROKEN = ["contradiction", "organization-that-is-a-concept", "person-that-is-an-organization", "merged-nodes"]


def said(checked: Checked) -> set[tuple[str, str, str]]:
    return {(each.code, each.file, each.focus_node) for each in checked.report}


@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_all_engines_derive_the_same_from_our_graph(as_of: date | None) -> None:
    project = Project.open(ROOT, today=TODAY)
    checked = {engine: project.check(as_of=as_of, engine=engine) for engine in ENGINES_HERE}
    wanted = set(checked["owlrl"].inferred)
    assert len(wanted) > 500
    for engine, found in checked.items():
        assert set(found.inferred) == wanted, engine
        assert said(found) == said(checked["owlrl"]), engine


@pytest.mark.parametrize("folder", BROKEN)
@pytest.mark.parametrize("engine", ENGINES_HERE)
def test_all_engines_report_the_same_contradictions(engine: str, folder: str, tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path, mistake=folder), today=TODAY)
    theirs, ours = said(project.check(engine=engine)), said(project.check(engine="columnar"))
    if engine == "owlrl" and folder == "merged-nodes":
        # The reference tells a contradiction once for each of several equal names; ours tell it once.
        theirs, ours = {(code, "", "") for code, _, _ in theirs}, {(code, "", "") for code, _, _ in ours}
    assert theirs == ours


def test_an_unknown_engine_names_those_that_there_are() -> None:
    with pytest.raises(ReasoningError, match="no reasoning engine 'hermit'") as error:
        close_with("hermit", list[Triple]())
    assert all(engine in error.value.fix for engine in ENGINES)


def test_a_complete_closure_keeps_what_the_rules_say_of_their_own_words(tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "project", questions=False)
    tidy = set(Project.open(folder, today=TODAY).check().inferred)
    settings = folder / "graph.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[reason]\n", "[reason]\ncomplete = true\n"), encoding="utf-8")
    project = Project.open(folder, today=TODAY)
    checked = project.check()
    assert tidy < set(checked.inferred)
    thing = next(quad for quad in checked.inferred if str(quad.subject).endswith("owl#Thing>"))
    assert str(thing.object).endswith("owl#Class>")
    assert not checked.report.violations
    with pytest.raises(ReasoningError, match=r"reason\.complete"):
        project.check(engine="duckdb")


def test_the_reference_is_ended_when_it_takes_too_long_and_the_next_step_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owlrl, "_SECONDS", 0.01)
    with pytest.raises(ReasoningError, match="has not ended") as caught:
        owlrl.close([])
    assert "columnar" in caught.value.fix
