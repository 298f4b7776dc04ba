"""Stores: what goes in comes out, every triple counts once, and a version of the graph never changes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import QueryError, SnapshotError, StoreTimeout
from citygraph.rdf import Iri, Literal, Quad, canonical_hash, parse
from citygraph.results import Graph, Solutions, Truth
from citygraph.store import Manifest, MemoryStore, Snapshot, SnapshotBuilder, Snapshots, Store
from citygraph.store.directory import DIRECTORY_FILE
from clean_project import NETWORK, clean_project
from conftest import TODAY

_XSD = "http://www.w3.org/2001/XMLSchema#"
_P = Iri("http://a/p")
_ONE, _TWO = Iri("http://a/one"), Iri("http://a/two")
_QUADS = [
    Quad(Iri("http://a/s"), _P, Literal("x", language="en"), _ONE),
    Quad(Iri("http://a/s"), _P, Literal("x", language="en"), _TWO),
    Quad(Iri("http://a/t"), _P, Literal("01", datatype=Iri(_XSD + "integer")), _TWO),
]


def _manifest(name: str) -> Manifest:
    return Manifest(name, "0", "http://a/", "2020-11-05", "owlrl", {}, ["http://a/one"], "http://a/two", {})


def _sealed(folder: Path, name: str = "v1", quads: list[Quad] | None = None, *, replace: bool = False) -> Path:
    asserted = _QUADS if quads is None else quads
    with SnapshotBuilder(folder) as builder:
        return builder.seal(_manifest(name), asserted=asserted, inferred=[], findings=[], replace=replace)


@pytest.fixture(params=["memory", "snapshot"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The same quads in every kind of store."""
    opened: Store = MemoryStore(_QUADS) if request.param == "memory" else Snapshot(_sealed(tmp_path))
    yield opened
    opened.close()


def _rows(store: Store, text: str, **options: object) -> tuple[tuple[object, ...], ...]:
    answer = store.query(text, **options)  # type: ignore[arg-type]
    assert isinstance(answer, Solutions)
    return answer.rows


def test_a_triple_in_two_files_counts_once_in_the_default_graph(store: Store) -> None:
    assert _rows(store, "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")[0][0] == Literal(
        "2", datatype=Iri(_XSD + "integer")
    )
    assert len(_rows(store, "SELECT ?g WHERE { GRAPH ?g { ?s ?p 'x'@en } }")) == 2


def test_quads_are_those_of_the_named_graphs(store: Store) -> None:
    assert len(list(store.quads())) == 3
    assert [quad.subject for quad in store.quads(_ONE)] == [Iri("http://a/s")]


def test_a_query_can_be_asked_of_some_graphs_alone(store: Store) -> None:
    text = "SELECT ?s WHERE { ?s ?p ?o }"
    assert _rows(store, text, graphs=[_ONE]) == ((Iri("http://a/s"),),)
    assert not _rows(store, text, graphs=[])


def test_a_value_is_bound_as_a_term(store: Store) -> None:
    assert _rows(store, "SELECT ?s ?o WHERE { ?s ?p ?o }", bind={"o": Literal("x", language="en")})[0][0] == Iri(
        "http://a/s"
    )


def test_a_bound_value_must_be_a_column_and_in_group_by(store: Store) -> None:
    with pytest.raises(QueryError, match=r"\?o is not a column"):
        store.query("SELECT ?s WHERE { ?s ?p ?o }", bind={"o": _ONE})
    with pytest.raises(QueryError, match=r"\?s is missing in GROUP BY"):
        store.query("SELECT (COUNT(?o) AS ?s) WHERE { ?x ?p ?o } GROUP BY ?x", bind={"s": _ONE})


def test_the_columns_of_a_star_stand_in_the_order_of_the_text(store: Store) -> None:
    answer = store.query("SELECT * WHERE { ?z ?a ?m }")
    assert isinstance(answer, Solutions)
    assert answer.columns == ("z", "a", "m")


def test_prefixes_of_the_project_need_not_be_declared(store: Store) -> None:
    assert store.query("ASK { x:s x:p 'x'@en }", prefixes={"x": "http://a/"}) == Truth(value=True)


def test_a_graph_holds_each_triple_once(store: Store) -> None:
    answer = store.query("CONSTRUCT { ?s ?p 1 } WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert isinstance(answer, Graph)
    assert len(answer.triples) == 2


def test_wrong_sparql_is_one_sentence_with_its_place(store: Store) -> None:
    with pytest.raises(QueryError, match=r"Line 1, column \d+: "):
        store.query("SELECT ?s WHERE { ?s ?p }")


def test_a_query_past_its_deadline_is_given_up(store: Store) -> None:
    # It goes on in its thread until it is done, which is soon: see `_no_query_goes_on` in conftest.
    values = " ".join(map(str, range(250)))
    text = f"SELECT (COUNT(*) AS ?n) WHERE {{ {' '.join(f'VALUES ?v{n} {{ {values} }}' for n in range(3))} }}"
    with pytest.raises(StoreTimeout, match="longer than"):
        store.query(text, timeout=0.01)
    assert store.query("ASK {}") == Truth(value=True)


# -- versions --------------------------------------------------------------------------------------


def test_a_sealed_version_refuses_new_quads(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="is sealed"):
        Snapshot(_sealed(tmp_path)).load([])


def test_a_sealed_version_keeps_lexical_forms(tmp_path: Path) -> None:
    asserted = Snapshot(_sealed(tmp_path)).asserted()
    assert canonical_hash(asserted) == canonical_hash(_QUADS)
    assert any(isinstance(quad.object, Literal) and quad.object.value == "01" for quad in asserted)


def test_a_version_that_was_not_sealed_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with SnapshotBuilder(tmp_path) as builder:
            (builder.folder / "asserted.nq").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_the_manifest_is_what_makes_a_version_whole(tmp_path: Path) -> None:
    folder = _sealed(tmp_path)
    (folder / "manifest.json").unlink()
    assert Snapshots(tmp_path).get("v1") is None
    with pytest.raises(SnapshotError, match="no whole snapshot"):
        Snapshot(folder)


def test_sealing_the_same_version_twice_uses_the_first(tmp_path: Path) -> None:
    first = _sealed(tmp_path)
    inode = first.stat().st_ino
    assert _sealed(tmp_path).stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_a_half_made_version_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "v1" / "store").mkdir(parents=True)
    assert Snapshot(_sealed(tmp_path)).snapshot_id == "v1"


def test_the_link_moves_from_one_version_to_the_other(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    assert snapshots.current() is None
    for name in ("v1", "v2", "v1"):
        snapshots.use(_sealed(tmp_path, name))
        current = snapshots.current()
        assert current is not None
        assert current.snapshot_id == name


def test_the_version_in_use_is_opened_once_until_there_is_another(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.use(_sealed(tmp_path, "v1"))
    first = snapshots.current()
    assert snapshots.current() is first
    # Built afresh under the same name it is another one.
    _sealed(tmp_path, "v1", replace=True)
    again = snapshots.current()
    assert again is not first
    snapshots.use(_sealed(tmp_path, "v2"))
    second = snapshots.current()
    assert second is not None
    assert second.snapshot_id == "v2"
    (tmp_path / "v2" / "manifest.json").unlink()
    with pytest.raises(SnapshotError, match="no whole snapshot"):
        snapshots.current()


def test_a_reader_of_the_old_version_is_not_disturbed_by_a_new_one(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.use(_sealed(tmp_path, "v1"))
    reader = snapshots.current()
    assert reader is not None
    snapshots.use(_sealed(tmp_path, "v2", []))
    assert len(list(reader.quads())) == 3
    newer = snapshots.current()
    assert newer is not None
    assert not list(newer.quads())


@pytest.mark.slow
def test_pruning_keeps_the_current_version_and_the_newest(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    for age, name in enumerate(["v1", "v2", "v3", "v4"]):
        manifest = _sealed(tmp_path, name) / "manifest.json"
        os.utime(manifest, (1_000_000_000 + age, 1_000_000_000 + age))
    snapshots.use(tmp_path / "v1")
    snapshots.prune(keep=2)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.is_symlink()) == ["v1", "v3", "v4"]


def test_pruning_takes_old_leftovers_and_leaves_a_running_build_alone(tmp_path: Path) -> None:
    for name, age in ((".building-old", 0), (".building-new", None)):
        (tmp_path / name).mkdir()
        if age is not None:
            os.utime(tmp_path / name, (age, age))
    for name, age in ((".building-pull-1.tar.part", 0), (".building-pull-2.tar", None)):
        (tmp_path / name).touch()
        if age is not None:
            os.utime(tmp_path / name, (age, age))
    Snapshots(tmp_path).prune(keep=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".building-new", ".building-pull-2.tar"]


def test_pruning_takes_at_once_what_a_killed_build_left_and_nothing_of_one_that_runs(tmp_path: Path) -> None:
    with SnapshotBuilder(tmp_path) as running:
        killed = SnapshotBuilder(tmp_path)
        killed._lock.close()  # noqa: SLF001  # as the system does when the process ends
        assert killed.folder.is_dir()
        Snapshots(tmp_path).prune(keep=1)
        assert list(tmp_path.iterdir()) == [running.folder]
    assert not list(tmp_path.iterdir())


def test_pruning_a_folder_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    Snapshots(tmp_path / "none").prune(keep=1)


def test_a_damaged_list_of_quads_is_said_with_its_line(tmp_path: Path) -> None:
    folder = _sealed(tmp_path)
    with (folder / "asserted.nq").open("a") as file:
        file.write("<http://a/s> <http://a/p>\n")
    with pytest.raises(SnapshotError, match=r"asserted\.nq is damaged in line \d"):
        Snapshot(folder).asserted()


# -- builds of a whole project -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.open(clean_project(tmp_path_factory.mktemp("clean")), today=TODAY)
    project.build()
    return project


def test_the_same_files_give_the_same_version_in_any_folder(clean: Project, tmp_path: Path) -> None:
    other = Project.open(clean_project(tmp_path), today=TODAY)
    outcome = other.build()
    assert outcome.new
    assert outcome.snapshot_id == clean.snapshot().snapshot_id
    first, second = clean.snapshot(), other.snapshot()
    for name in ("asserted.nq", "inferred.nq", "findings.json"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name
    again = other.build()
    assert not again.new
    assert again.snapshot_id == outcome.snapshot_id
    assert again.counts == outcome.counts


@pytest.mark.slow
def test_a_fresh_build_makes_the_same_version_anew(clean: Project, tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path), today=TODAY)
    project.build()
    inode = project.snapshot().folder.stat().st_ino
    shutil.rmtree(project.snapshot().folder / "store")
    with pytest.raises(SnapshotError, match="is gone from the disk"):
        project.use_snapshot(clean.snapshot().snapshot_id)
    outcome = project.build()
    assert (outcome.snapshot_id, outcome.new) == (clean.snapshot().snapshot_id, True), "its store was gone"
    assert project.snapshot().folder.stat().st_ino != inode
    inode = project.snapshot().folder.stat().st_ino
    # What another release of the program wrote, which compares names in another way.
    with closing(sqlite3.connect(project.snapshot().folder / DIRECTORY_FILE)) as names, names:
        names.execute("UPDATE meta SET value = '0' WHERE key = 'names'")
    assert project.build().new
    assert not project.build().new
    inode = project.snapshot().folder.stat().st_ino
    outcome = project.build(fresh=True)
    assert outcome.snapshot_id == clean.snapshot().snapshot_id
    assert project.snapshot().folder.stat().st_ino != inode
    assert project.snapshots.last_build()["ok"] is True


def test_a_version_on_this_machine_is_put_to_use_until_the_next_build(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text('title = "x"\nbase = "http://a/"\n', encoding="utf-8")
    project = Project.open(tmp_path, today=TODAY)
    for name in ("v1", "v2"):
        project.snapshots.use(_sealed(tmp_path / "build", name))
    assert project.use_snapshot("v1").snapshot_id == project.snapshot().snapshot_id == "v1"
    with pytest.raises(SnapshotError, match="There is no version v3"):
        project.use_snapshot("v3")
    assert project.snapshot().snapshot_id == "v1"


@pytest.mark.slow
@pytest.mark.parametrize("change", ["data", "settings", "check", "date"])
def test_whatever_goes_into_a_version_changes_its_name(change: str, clean: Project, tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    files = {"data": NETWORK, "settings": "graph.toml", "check": "queries/checks/two-presidents.rq"}
    if change in files:
        with (folder / files[change]).open("a") as file:
            file.write("\n# a change\n")
    as_of = date(2020, 11, 6) if change == "date" else None
    assert Project.open(folder, today=TODAY).build(as_of=as_of).snapshot_id != clean.snapshot().snapshot_id


def test_another_day_is_a_version_of_its_own_and_the_current_one_stays(clean: Project) -> None:
    current = clean.snapshot()
    text = "SELECT ?member WHERE { ?member cg:hasCurrentMembership ?m }"
    now = clean.sparql(text)
    earlier = clean.sparql(text, as_of=date(1990, 1, 1))
    assert isinstance(now, Solutions)
    assert isinstance(earlier, Solutions)
    assert len(now) > len(earlier) == 0
    derived = clean.snapshot(as_of=date(1990, 1, 1))
    assert derived.snapshot_id != current.snapshot_id
    assert derived.manifest.as_of == "1990-01-01"
    assert clean.snapshot().snapshot_id == current.snapshot_id
    assert clean.snapshot(as_of=date(1990, 1, 1)).folder == derived.folder
    assert clean.snapshot(as_of=date(2020, 11, 5)).snapshot_id == current.snapshot_id


@pytest.mark.slow
def test_what_was_written_is_kept_in_the_version_and_in_every_export(tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    with (folder / "data" / "forms.ttl").open("w") as file:
        file.write(
            "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n<https://w3id.org/citygraph/id/forms> rdfs:comment 01, 1.50, 1E0 .\n"
        )
    project = Project.open(folder, today=TODAY)
    project.build()
    for format_ in ("ttl", "nt", "nq", "trig", "jsonld", "rdf"):
        quads = parse(project.export(format=format_, which="asserted"), format=format_).quads
        forms = {
            quad.object.value
            for quad in quads
            if str(quad.subject).endswith("/forms>") and isinstance(quad.object, Literal)
        }
        assert forms == {"01", "1.50", "1E0"}, format_


@pytest.mark.slow
def test_a_build_with_a_violation_keeps_the_version_in_use(clean: Project, tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path), today=TODAY)
    good = project.build().snapshot_id
    clean_project(tmp_path, mistake="one-member")
    outcome = Project.open(tmp_path, today=TODAY).build()
    assert [each.code for each in outcome.report.violations] == ["one-member"]
    assert (outcome.snapshot_id, outcome.new) == (good, False)
    assert project.snapshot().snapshot_id == good == clean.snapshot().snapshot_id
    assert project.snapshots.last_build()["ok"] is False


@pytest.mark.slow
def test_a_changed_file_makes_the_version_stale(tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path), today=TODAY)
    project.build()
    assert not project.is_stale(project.snapshot())
    (tmp_path / NETWORK).write_text((tmp_path / NETWORK).read_text() + "# more\n")
    assert project.is_stale(project.snapshot())


@pytest.mark.slow
def test_the_findings_of_a_build_can_be_read_again(tmp_path: Path) -> None:
    project = Project.open(clean_project(tmp_path, mistake="two-presidents"), today=TODAY)
    first = project.build().report
    assert [each.code for each in first] == ["two-presidents"]
    assert project.build().report == first
    assert [each["code"] for each in project.snapshot().findings()] == ["two-presidents"]


def test_the_manifest_names_every_file_with_its_hash(clean: Project) -> None:
    manifest = json.loads((clean.snapshot().folder / "manifest.json").read_text())
    assert set(manifest["files"]) >= {
        NETWORK,
        "ontology/citygraph.ttl",
        "graph.toml",
        "data/mappings/wikidata.sssom.tsv",
    }
    assert all(len(value) == 64 for value in manifest["files"].values())
