"""Internal files stay, with everything that follows from them, and whatever would give them away is named."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from citygraph import Project
from citygraph.graphs import ProjectGraphs
from citygraph.namespaces import PREFIXES
from citygraph.publish.edition import find_leaks, period_of, secrets_of, split
from citygraph.rdf import Iri, Quad, parse
from conftest import TODAY

_PLANS: Final = """@prefix id: <https://w3id.org/citygraph/id/> .
@prefix cg: <https://w3id.org/citygraph/ontology#> .
@prefix concept: <https://w3id.org/citygraph/concept/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

id:oslo-kommune skos:editorialNote "Vi vurderer å tre ut av nettverket neste år"@nb .
"""
_KEY: Final = 'internal = ["data/internal/*.ttl"]\n'


def _with_secret(folder: Path, text: str = _PLANS, key: str = _KEY) -> Project:
    (folder / "data" / "internal").mkdir()
    (folder / "data" / "internal" / "plans.ttl").write_text(text, encoding="utf-8")
    path = folder / "graph.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[publish]\n", f"[publish]\n{key}"), encoding="utf-8")
    return Project.open(folder, today=TODAY)


def _all_bytes(folder: Path) -> bytes:
    found = b""
    for path in folder.rglob("*"):
        if path.suffix == ".gz":
            found += gzip.decompress(path.read_bytes())
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found += b"".join(book.read(name) for name in book.namelist())
        elif path.is_file():
            found += path.read_bytes()
    return found


@pytest.mark.slow
def test_an_internal_file_stays_with_its_name_and_all_it_says(own_copy: Path, tmp_path: Path) -> None:
    project = _with_secret(own_copy)
    outcome = project.publish(tmp_path / "site")
    assert outcome.written, [each.message.en for each in outcome.report.violations]
    everything = _all_bytes(tmp_path / "site")
    for secret in ("tre ut av nettverket", "plans.ttl", "internal"):
        assert secret.encode() not in everything


@pytest.mark.slow
def test_without_the_key_the_same_file_is_published(own_copy: Path, tmp_path: Path) -> None:
    project = _with_secret(own_copy, key="")
    assert project.publish(tmp_path / "site").written
    assert b"tre ut av nettverket" in _all_bytes(tmp_path / "site")


@pytest.mark.slow
def test_a_question_that_names_an_internal_thing_stops_the_run(own_copy: Path, tmp_path: Path) -> None:
    text = _PLANS + 'id:secret-forum a skos:Concept ; skos:prefLabel "Hemmelig forum"@nb , "Secret forum"@en .\n'
    project = _with_secret(own_copy, text)
    (own_copy / "queries" / "forum.rq").write_text(
        '#+ title:    { nb: "Forum", en: "Forum" }\n#+ question: { nb: "Hva?", en: "What?" }\n#+ columns:  [label]\n'
        "PREFIX id: <https://w3id.org/citygraph/id/>\nPREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
        "SELECT ?label WHERE { id:secret-forum skos:prefLabel ?label }\n",
        encoding="utf-8",
    )
    outcome = project.publish(tmp_path / "site")
    leaks = [each for each in outcome.report if each.code == "publish-leak"]
    assert {each.file for each in leaks} == {"queries/grlc/forum.rq", "queries/examples/forum.ttl"}
    assert "data/internal/plans.ttl" in leaks[0].message.en
    assert not outcome.written
    assert not (tmp_path / "site").exists()


@pytest.mark.slow
def test_a_pattern_that_fits_no_file_stops_the_run(own_copy: Path, tmp_path: Path) -> None:
    project = _with_secret(own_copy, key='internal = ["data/intern/*.ttl"]\n')
    outcome = project.publish(tmp_path / "site")
    assert [each.code for each in outcome.report.violations] == ["publish-no-internal-file"]
    assert not (tmp_path / "site").exists()


_TTL: Final = """@prefix id: <https://w3id.org/citygraph/id/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""


def _graphs(**files: str) -> ProjectGraphs:
    from citygraph.graphs import FileGraph, graph_iri, part_of  # noqa: PLC0415

    base = "https://w3id.org/citygraph/"
    found = []
    for name, body in files.items():
        path, text = f"data/{name}.ttl", _TTL + body
        graph = graph_iri(base, path)
        found.append(
            FileGraph(path, graph, part_of(path), text, parse(text.encode(), format="ttl", graph_name=graph).quads)
        )
    return ProjectGraphs(base, tuple(found))


@pytest.mark.parametrize("pattern", ["data/b.ttl", "data/b*.ttl", "https://w3id.org/citygraph/graph/data/b.ttl"])
def test_a_file_is_named_by_path_pattern_or_graph(pattern: str) -> None:
    public, internal, findings = split(_graphs(a="id:a skos:note 'x' .", b="id:b skos:note 'y' ."), [pattern])
    assert [each.path for each in public.files] == ["data/a.ttl"]
    assert [each.path for each in internal] == ["data/b.ttl"]
    assert findings == []


def test_a_folder_is_internal_with_everything_in_it() -> None:
    public, internal, _ = split(_graphs(a="id:a skos:note 'x' ."), ["data/"])
    assert (public.files, len(internal)) == ((), 1)


@pytest.mark.parametrize(
    "pattern", ["data/intern/*.ttl", "data/intern", "data/intern/**/*.ttl", "data/int*/", "intern/*"]
)
def test_a_pattern_covers_its_whole_tree(pattern: str) -> None:
    names = ("intern/a", "intern/2026/b", "intern/2026/08/c", "other/d", "internal-affairs")
    graphs = _graphs(**dict.fromkeys(names, "id:a skos:note 'x' ."))
    public, internal, findings = split(graphs, [pattern])
    assert [each.path for each in internal] == [f"data/{name}.ttl" for name in names[:3]] + (
        ["data/internal-affairs.ttl"] if "int*" in pattern else []
    )
    assert "data/other/d.ttl" in [each.path for each in public.files]
    assert findings == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ["data/intern/2026/b.nt", "data/intern/b.jsonld", "data/Intern/b.ttl"])
def test_a_file_that_a_pattern_almost_fits_stops_the_run(path: str, own_copy: Path, tmp_path: Path) -> None:
    project = _with_secret(own_copy, key='internal = ["data/intern/*.ttl", "data/internal/"]\n')
    for each in ("data/intern/a.ttl", path):
        (own_copy / each).parent.mkdir(parents=True, exist_ok=True)
        (own_copy / each).write_text("{}" if each.endswith("jsonld") else "", encoding="utf-8")
    outcome = project.publish(tmp_path / "site")
    assert [(each.code, each.file) for each in outcome.report.violations] == [("publish-beside-internal", path)]
    assert not outcome.written
    assert not (tmp_path / "site").exists()


def test_a_statement_that_the_public_facts_give_all_the_same_is_a_leak() -> None:
    public, internal, _ = split(_graphs(a="id:a skos:broader id:b .", b="id:a skos:related id:b ."), ["data/b.ttl"])
    secrets = secrets_of(internal, public.files, prefixes=PREFIXES)
    stated = internal[0].quads[0].triple
    graph = Iri("https://w3id.org/citygraph/graph/inferred/2020-11-05")
    derived = Quad(stated.subject, stated.predicate, stated.object, graph)
    (leak,) = find_leaks(secrets, [*public.quads(), derived], [])
    assert leak.code == "publish-leak"
    assert "skos/core#related" in leak.message.en
    assert find_leaks(secrets, public.quads(), []) == []


@pytest.mark.parametrize(
    ("path", "data", "leaks"),
    [
        ("a.html", b"<p>&quot;Plan&quot; &amp; m\xc3\xa5l</p>", True),
        ("a.json", b'{"x": "\\"Plan\\" & m\\u00e5l"}', True),
        ("a.json", '{"x": "\\"Plan\\" & mål"}'.encode(), True),
        ("a.csv", '"""Plan"" & mål"'.encode(), True),
        ("a.ttl", b"id:hidden skos:note 1 .", True),
        ("a.nt", b"<https://w3id.org/citygraph/id/hidden> <x:y> 1 .", True),
        ("id-hidden.txt", b"data/b.ttl", True),
        ("a.ttl", b"id:hidden-valley skos:note 1 .", False),
        ("a.ttl", b"id:a skos:note 1 .", False),
    ],
)
def test_a_secret_is_found_however_a_file_writes_it(path: str, data: bytes, *, leaks: bool) -> None:
    public, internal, _ = split(
        _graphs(a="id:a skos:note 'x' .", b="""id:hidden skos:note '"Plan" & mål' ."""), ["data/b.ttl"]
    )
    secrets = secrets_of(internal, public.files, prefixes=PREFIXES)
    assert bool(find_leaks(secrets, [], [(path, data)])) is leaks
    packed = gzip.compress(data)
    assert bool(find_leaks(secrets, [], [(f"{path}.gz", packed)])) is leaks


def test_what_a_public_file_says_too_is_no_secret() -> None:
    graphs = _graphs(
        a="id:a skos:note 'A well known sentence' .", b="id:b skos:note 'well known' ; skos:related id:a ."
    )
    public, internal, _ = split(graphs, ["data/b.ttl"])
    secrets = secrets_of(internal, public.files, prefixes=PREFIXES)
    assert find_leaks(secrets, [], [("a.ttl", b"A well known sentence")]) == []


def test_the_period_is_that_of_the_data_up_to_the_last_change() -> None:
    text = """@prefix x: <http://www.w3.org/2001/XMLSchema#> .
    <a:a> <a:p> "1986"^^x:gYear , "2020-02"^^x:gYearMonth , "2030-01-01"^^x:date , "bad"^^x:date , "1066" ."""
    quads = parse(text.encode(), format="ttl").quads
    assert period_of(quads, latest=date(2025, 1, 1)) == ("1986-01-01", "2020-02-29")
    assert period_of(quads, latest=date(2020, 2, 3)) == ("1986-01-01", "2020-02-03")
    assert period_of([], latest=date(2025, 1, 1)) == ("", "")
