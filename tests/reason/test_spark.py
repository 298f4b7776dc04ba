"""The rules on a Spark cluster of one master and two workers: the same closure, the same contradictions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import ReasoningError
from citygraph.rdf import Triple
from citygraph.reason import columnar
from citygraph.reason.sql import spark
from citygraph.reason.sql.spark import open_session, partitions
from clean_project import clean_project
from conftest import TODAY
from patience import PATIENCE
from reason.spark_cluster import Cluster, running_cluster

# A cluster takes its time where others work beside it.
pytestmark = pytest.mark.timeout(1800)

Turtle = Callable[[str], tuple[Triple, ...]]

# A little of everything: classes, properties, a chain, a list, a key, equality, values, and things that clash.
GRAPH = """
:A rdfs:subClassOf :B . :p rdfs:domain :A ; rdfs:range :C ; owl:inverseOf :r . :near a owl:TransitiveProperty .
:uncle owl:propertyChainAxiom ( :parent :brother ) . :Both owl:intersectionOf ( :A :C ) .
:code a owl:InverseFunctionalProperty . :lead a owl:FunctionalProperty . :K owl:hasKey ( :number ) .
:C owl:disjointWith :E . :size a owl:DatatypeProperty ; rdfs:range xsd:integer .
:a :p :b . :b a :A . :b :near :c . :c :near :d . :a :parent :b . :b :brother :c .
:one :code "7" ; :lead :m . :two :code "7" ; :says "two" . :one :lead :n . :m :says "m" .
:k1 a :K ; :number "01"^^xsd:integer . :k2 a :K ; :number "1"^^xsd:integer ; :says "k2" .
:b a :E . :a :size "large" . :m owl:differentFrom :n .
"""
CHAIN = ":near a owl:TransitiveProperty . " + " ".join(f":n{i} :near :n{i + 1} ." for i in range(30))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, and this process told how to reach it."""
    with running_cluster(tmp_path_factory.mktemp("spark")) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
        release()


def release() -> None:
    """Give the workers back, which a program keeps until it ends."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    active = SparkSession.getActiveSession()
    if active is not None:
        active.stop()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("here", [500_000, -1], ids=["small tables are read here", "the workers read every table"])
def test_the_cluster_concludes_what_the_embedded_engine_concludes(
    here: int, cluster: Cluster, turtle: Turtle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citygraph.reason.sql.spark._HERE", here)
    triples = turtle(GRAPH)
    embedded, there = (
        columnar.close(triples),
        spark.close(triples, master=cluster.master, folder=str(tmp_path)),
    )
    inferred = set(embedded.inferred())
    assert len(inferred) > 25
    assert set(there.inferred()) == inferred
    assert len({each.rule for each in embedded.contradictions}) > 2
    assert sorted(each.rule for each in there.contradictions) == sorted(each.rule for each in embedded.contradictions)
    assert len(there.columns()) == there.size()
    there.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_large_graph_is_cut_into_more_parts_than_there_are_cores(cluster: Cluster, tmp_path: Path) -> None:
    session = open_session(cluster.master, tmp_path)
    assert [partitions(session, rows)[1] for rows in (0, 100, 1_000_000)] == ["2", "2", "10"]
    session.conf.set(*partitions(session, 1_000_000))
    assert session.conf.get("spark.sql.shuffle.partitions") == "10"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_closure_beyond_the_budget_is_stopped_and_the_property_named(cluster: Cluster, turtle: Turtle) -> None:
    from citygraph.reason.closure import Budget  # noqa: PLC0415

    with pytest.raises(ReasoningError, match="urn:x:near"):
        spark.close(turtle(CHAIN), budget=Budget(derived=60), master=cluster.master)


def test_a_project_is_built_on_the_cluster_as_it_is_here(cluster: Cluster, tmp_path: Path) -> None:
    here = Project.open(clean_project(tmp_path / "here"), today=TODAY)
    here.build()
    release()
    folder = clean_project(tmp_path / "there")
    command = ["citygraph", "build", str(folder), "--reasoner", "spark", "--master", cluster.master]
    environment = {**os.environ, **cluster.environment, "LANG": "en_GB.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment, capture_output=True, text=True, check=False, timeout=5 * PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    built = Project.open(folder, today=TODAY).snapshot()
    assert built.manifest.engine == "spark"
    assert done.stdout == f"{here.snapshot().snapshot_id}\n"
    assert (built.folder / "inferred.nq").read_bytes() == (here.snapshot().folder / "inferred.nq").read_bytes()
    assert json.loads((built.folder / "findings.json").read_bytes()) == []


# -- what is missing is said in words; these need no cluster -----------------------------------------


@pytest.mark.parametrize(
    "master", ["", "nowhere", "http://127.0.0.1:7077", "spark://", "local[many]", "local[2] --conf"]
)
def test_what_is_no_address_of_a_cluster_is_refused(master: str, tmp_path: Path) -> None:
    with pytest.raises(ReasoningError, match="is no address of a Spark cluster"):
        open_session(master, tmp_path)


@pytest.mark.parametrize("package", ["pyspark", "duckdb"])
def test_without_the_package_the_message_says_how_to_install_it(
    package: str, monkeypatch: pytest.MonkeyPatch, turtle: Turtle
) -> None:
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install -e '.[spark]'")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ReasoningError, match=f"needs the package {package}") as raised:
        spark.close(turtle(":a :p :b ."))
    assert "citygraph[spark]" in raised.value.fix


def test_without_java_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install -e '.[spark]'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ReasoningError, match="needs Java") as raised:
        open_session("local", tmp_path)
    assert "openjdk-17-jre-headless" in raised.value.fix


def test_a_cluster_that_is_not_there_is_said_so_at_once(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install -e '.[spark]'")
    with pytest.raises(ReasoningError, match=r"No Spark cluster answers at spark://127\.0\.0\.1:1"):
        open_session("spark://127.0.0.1:1", tmp_path)


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path, turtle: Turtle) -> None:
    with pytest.raises(ReasoningError, match="folder for Spark's tables cannot be written") as raised:
        spark.close(turtle(":a :p :b ."), folder=str(tmp_path / "nowhere"))
    assert "reason.spark_folder" in raised.value.fix


def test_a_master_without_the_engine_is_a_mistake(tmp_path: Path) -> None:
    clean_project(tmp_path)
    command = [sys.executable, "-m", "citygraph", "build", str(tmp_path), "--master", "local"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert "it goes with --reasoner spark" in done.stderr.replace("\n", " ")
