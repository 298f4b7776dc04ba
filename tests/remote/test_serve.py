"""A site whose graph lies on a server: the same pages, the same protocol, the same refusals."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from citygraph import Project
from conftest import TODAY
from web.conftest import Server, serving

GRAPH = "https://w3id.org/citygraph/graph/"
ASKED = (
    "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "ASK { id:eurocities a cg:CityNetwork }",
    "SELECT ?n ?l WHERE { ?n a cg:CityNetwork ; skos:prefLabel ?l } ORDER BY ?n LANG(?l)",
    "SELECT ?s FROM <https://w3id.org/citygraph/graph/data/people.ttl> WHERE { ?s a ?c } ORDER BY ?s",
)
PAGES = (
    "/queries/members.json",
    "/queries/norwegian-participants.csv",
    "/network/eurocities.json",
    "/queries",
    "/",
)


@pytest.fixture(scope="module")
def here(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site over the embedded store."""
    folder = tmp_path_factory.mktemp("here") / "graph"
    shutil.copytree(built_folder, folder, symlinks=True)
    with serving(folder) as started:
        yield started


@pytest.fixture(scope="module")
def there(remote_project: Project) -> Iterator[Server]:
    """The site over the server."""
    with serving(remote_project.folder) as started:
        yield started


def plain(text: str) -> str:
    """XML without the white space between its elements; other texts as they are."""
    return ET.canonicalize(text, strip_text=True) if text.startswith("<?xml") else text


@pytest.mark.parametrize("query", ASKED)
@pytest.mark.parametrize("accept", ["application/sparql-results+json", "application/sparql-results+xml", "text/csv"])
def test_the_endpoint_gives_the_same_answers(query: str, accept: str, here: Server, there: Server) -> None:
    if query.startswith("ASK") and accept == "text/csv":
        assert there.ask(query, accept=accept).status_code == here.ask(query, accept=accept).status_code
        return
    wanted, found = here.ask(query, accept=accept), there.ask(query, accept=accept)
    assert found.status_code == wanted.status_code == 200, found.text
    assert found.headers["content-type"] == wanted.headers["content-type"]
    if accept.endswith("json"):
        assert found.json() == wanted.json()
    else:
        assert plain(found.text) == plain(wanted.text)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_there(path: str, here: Server, there: Server) -> None:
    wanted, found = here.get(path), there.get(path)
    assert found.status_code == wanted.status_code == 200, found.text[:2000]
    if path.endswith(".csv"):
        assert found.text == wanted.text


def test_a_named_graph_is_given_by_the_graph_store(here: Server, there: Server) -> None:
    parameters = {"graph": f"{GRAPH}data/people.ttl"}
    wanted, found = (
        each.get("/graph-store", params=parameters, headers={"Accept": "application/n-triples"})
        for each in (here, there)
    )
    assert sorted(found.text.splitlines()) == sorted(wanted.text.splitlines())


def test_the_protocol_chooses_the_graphs(here: Server, there: Server) -> None:
    text = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    chosen = {"default-graph-uri": f"{GRAPH}data/people.ttl"}
    assert there.ask(text, **chosen).json() == here.ask(text, **chosen).json()
    assert (
        there.ask(text, **{"default-graph-uri": "https://w3id.org/citygraph/versions"}).json()
        == here.ask(text, **{"default-graph-uri": "https://w3id.org/citygraph/versions"}).json()
    )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "DROP ALL",
        "SELECT * WHERE { " + "{" * 300 + "}" * 300 + " }",
        "SELECT ?s WHERE { ?s ?p }",
    ],
)
def test_what_is_refused_here_is_refused_there(query: str, here: Server, there: Server) -> None:
    assert there.ask(query).status_code == here.ask(query).status_code
    assert there.answers()


def test_health_says_which_version_is_served(there: Server, remote_project: Project) -> None:
    health = there.health()
    assert health["ok"]
    assert health["current"]
    assert health["snapshot"] == remote_project.snapshot().snapshot_id


def test_a_version_built_on_another_machine_is_served_soon(
    there: Server, remote_project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(remote_project.folder, folder, ignore=shutil.ignore_patterns("build", "serve.log"))
    # Another comment is another version of the files.
    with (folder / "data" / "people.ttl").open("a", encoding="utf-8") as file:
        file.write("\n# One more line.\n")
    built = Project.open(folder, today=TODAY).build()
    assert built.new
    there.until(lambda health: health["snapshot"] == built.snapshot_id)
    assert there.ask(ASKED[0]).status_code == 200
