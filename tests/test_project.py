"""Project: the one place that knows the order of the verbs."""

from __future__ import annotations

import csv
import gc
import io
from datetime import date
from pathlib import Path

import pytest

from citygraph import ConfigError, Project, QueryError, Solutions
from citygraph.errors import SnapshotError
from clean_project import clean_project
from conftest import TODAY


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.open(clean_project(tmp_path_factory.mktemp("clean")), today=TODAY)
    project.build()
    return project


def test_a_project_is_found_from_any_folder_inside_it(clean: Project) -> None:
    assert Project.find(clean.folder / "data" / "networks").folder == clean.folder


def test_outside_of_every_project_our_own_graph_serves(tmp_path: Path) -> None:
    assert Project.find(tmp_path).is_reference


def test_a_folder_that_is_no_project_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Project.open(tmp_path)


def test_the_stages_are_told_in_their_order_and_keep_nothing(tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path), today=TODAY)
    stages: list[str] = []
    project.check(progress=lambda *told: stages.append(told[0]))
    told = list(dict.fromkeys(stages))
    assert told.index("shapes") < told.index("reason") < told.index("checks")
    assert told[-1] == "done"
    assert not (tmp_path / "build").exists()


_BY_GRAPH = """#+ title:    { nb: "I en fil", en: "In a file" }
#+ code:     in-a-file
#+ severity: warning
#+ columns:  [focus]
#+ fix:      { nb: "Se etter.", en: "Look." }
SELECT ?focus WHERE { {GRAPH ?g { ?focus a <https://w3id.org/citygraph/ontology#CityNetwork> }} FILTER (CONTAINS(STR(?g), "networks")) }
"""


@pytest.mark.parametrize(
    "text",
    [_BY_GRAPH, _BY_GRAPH.replace("\n", "\r"), _BY_GRAPH.replace("{ {GRAPH", '{ BIND ("""\n#""" AS ?text) {GRAPH')],
)
def test_a_check_query_finds_the_named_graphs_that_it_asks_for_and_python_collects_again_afterwards(
    text: str, tmp_path: Path
) -> None:
    folder = clean_project(tmp_path, questions=False)
    (folder / "queries" / "checks" / "in-a-file.rq").write_bytes(text.encode())
    collecting: list[bool] = []
    project = Project.open(folder, today=TODAY)
    report = project.check(progress=lambda *_: collecting.append(gc.isenabled())).report
    assert {each.code for each in report} == {"in-a-file"}
    assert not any(collecting)
    assert gc.isenabled()


@pytest.mark.slow
def test_the_day_is_the_one_asked_for_else_the_one_pinned_else_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clean_project(tmp_path)
    assert Project.open(folder, today=TODAY).check(as_of=date(2019, 1, 1)).as_of == date(2019, 1, 1)
    settings = (folder / "graph.toml").read_text()
    lines = [line for line in settings.splitlines() if not line.startswith("as_of")]
    (folder / "graph.toml").write_text("\n".join(["as_of = 2020-06-01", *lines]))
    assert Project.open(folder, today=TODAY).check().as_of == date(2020, 6, 1)
    (folder / "graph.toml").write_text("\n".join(lines))
    monkeypatch.setenv("CITYGRAPH_TODAY", "2028-02-29")
    assert Project.open(folder, today=TODAY).check().as_of == date(2028, 2, 29)
    monkeypatch.setenv("CITYGRAPH_TODAY", "tomorrow")
    with pytest.raises(ConfigError, match="is set to 'tomorrow', which is no day"):
        Project.open(folder).check()
    monkeypatch.delenv("CITYGRAPH_TODAY")
    assert Project.open(folder, today=date(2020, 12, 1)).check().as_of == date(2020, 12, 1)


def test_before_the_first_build_there_is_nothing_to_ask(tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path))
    with pytest.raises(SnapshotError, match="has not been built yet"):
        project.snapshot()
    with pytest.raises(SnapshotError, match="has not been built yet"):
        project.export(format="ttl")


def test_an_associated_partner_is_not_counted_as_a_member(clean: Project) -> None:
    answer = clean.sparql(
        "SELECT ?who WHERE { ?who org:memberOf id:nordnett . FILTER NOT EXISTS { ?who a foaf:Person } }"
    )
    assert isinstance(answer, Solutions)
    assert [str(row[0]) for row in answer.rows] == ["<https://w3id.org/citygraph/id/fjordby-kommune>"]


def test_stated_and_derived_can_be_had_apart(clean: Project) -> None:
    asserted, inferred, both = (clean.quads(which) for which in ("asserted", "inferred", "both"))
    assert asserted
    assert inferred
    assert len(both) == len(asserted) + len(inferred)
    assert not {quad.triple for quad in asserted} & {quad.triple for quad in inferred}


def test_every_class_of_the_data_has_a_table(clean: Project) -> None:
    tables = clean.tables(which="asserted")
    rows = list(csv.DictReader(io.StringIO(tables["cg-City.csv"].decode())))
    assert [row["label"] for row in rows] == ["Fjord City", "Forest City"]


def test_an_unknown_question_names_the_nearest(clean: Project) -> None:
    with pytest.raises(QueryError, match="There is no saved query"):
        clean.query("no-such-question")


def test_the_graph_says_its_name_and_its_day(clean: Project) -> None:
    answer = clean.sparql("SELECT ?title ?day WHERE { ?graph a void:Dataset ; dct:title ?title ; cg:asOf ?day }")
    assert isinstance(answer, Solutions)
    assert {str(row["day"]).split("^")[0] for row in answer} == {'"2020-11-05"'}
    assert len(answer) == 2


@pytest.mark.slow
def test_old_versions_are_pruned_and_the_current_one_never(tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    (folder / "graph.toml").write_text((folder / "graph.toml").read_text() + "\n[store]\nkeep = 2\n")
    project = Project.open(folder, today=TODAY)
    project.build()
    current = project.snapshot().snapshot_id
    for year in (2015, 2016, 2017):
        project.snapshot(as_of=date(year, 1, 1))
    kept = [path for path in (folder / "build").iterdir() if not path.is_symlink()]
    assert len(kept) <= 3
    assert project.snapshot().snapshot_id == current
