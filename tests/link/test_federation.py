"""Questions that ask Wikidata too: bound, bounded, dated, and never silently short; from a real server on loopback."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from citygraph import Project
from citygraph.errors import ConfigError, QueryError, StoreError, StoreTimeout
from citygraph.link import write_extract
from citygraph.link.items_in_rdf import items_from_triples
from citygraph.link.links import MAPPING_FILE
from citygraph.link.wikidata import read_extract, read_extract_triples
from citygraph.namespaces import compress
from citygraph.publish.files import sib_example
from citygraph.query import Answered
from citygraph.query.run import problem_of
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from citygraph.saved_query import read_saved_query
from citygraph.sparql.service import read_service
from conftest import ROOT, TODAY
from misbehaving import Answer, Misbehaving
from patience import PATIENCE

EXTRACT = Path(__file__).parent / "wikidata.nt"
EXPECTED = ROOT / "tests" / "expected" / "queries" / "websites-on-wikidata.csv"
SHARED_QUESTION = "websites-on-wikidata"
HEAD = """#+ title: { nb: "T", en: "T" }
#+ question: { nb: "Q", en: "Q" }
#+ federates: wikidata
#+ columns: [thing, item, about]
PREFIX schema: <https://schema.org/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
PREFIX wikidata: <https://query.wikidata.org/sparql>
"""
PATTERN = "?thing schema:sameAs ?item . "
ASKED = "{ ?item wdt:P31 ?about }"
JSON = "application/sparql-results+json"


def settings(folder: Path, endpoint: str, more: str = "") -> None:
    path = folder / "graph.toml"
    wikidata = f'\n[wikidata]\ncontact = "tests@example.org"\nendpoint = "{endpoint}"\n{more}'
    path.write_text(path.read_text(encoding="utf-8") + wikidata, encoding="utf-8")


def question(folder: Path, body: str, *, head: str = HEAD) -> Path:
    path = folder / "queries" / "asked.rq"
    path.write_text(f"{head}\nSELECT ?thing ?item ?about WHERE {{ {body} }}", encoding="utf-8")
    return path


@pytest.fixture
def linked(own_copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own graph with one network linked, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_copy / "cache"))
    path = own_copy / MAPPING_FILE
    row = "id:{0}\t{0}\tskos:exactMatch\t\twd:{1}\t{0}\tsemapv:ManualMappingCuration\tid:agent-editors\t\t2026-11-23\t1.0\t\t\t\n"
    rows = row.format("eurocities", "Q910") + row.format("metrex", "Q911")
    path.write_text(path.read_text(encoding="utf-8") + rows, encoding="utf-8")
    return own_copy


def opened(folder: Path) -> Project:
    project = Project.open(folder, today=TODAY)
    if project.snapshots.current() is None:
        project.build()
    return project


def cells(answered: Answered, project: Project) -> list[tuple[str, ...]]:
    assert isinstance(answered.answer, Solutions)
    return [
        tuple(
            "" if t is None else compress(t.value, project.prefixes).strip("<>") if isinstance(t, Iri) else t.value
            for t in row
            if t is None or isinstance(t, Iri | Literal)
        )
        for row in answered.answer.rows
    ]


def test_the_question_on_websites_has_its_right_rows_from_a_real_server(linked: Path, oxigraph: str) -> None:
    settings(linked, oxigraph)
    project = opened(linked)
    answered = project.query(SHARED_QUESTION)
    head, *right = (tuple(line) for line in csv.reader(EXPECTED.read_text(encoding="utf-8").splitlines()))
    assert answered.query.columns == head
    assert cells(answered, project) == right
    told = answered.federated
    assert told is not None
    assert (told.columns, told.computed, told.address, told.failure) == (
        ("theirs",),
        ("same", "year", "same_year"),
        oxigraph,
        "",
    )
    assert told.fetched is not None


def test_an_extract_in_either_form_gives_the_rows_of_the_service(linked: Path, oxigraph: str, tmp_path: Path) -> None:
    settings(linked, oxigraph)
    project = opened(linked)
    lines = tmp_path / "extract.jsonl"
    write_extract(lines, read_extract(EXTRACT).values())
    asked = cells(project.query(SHARED_QUESTION), project)
    for path in (EXTRACT, lines):
        answered = project.query(SHARED_QUESTION, extract=path)
        assert cells(answered, project) == asked
        assert answered.federated is not None
        assert answered.federated.address == path.name


def test_items_survive_the_way_to_triples_and_back(tmp_path: Path) -> None:
    items = read_extract(EXTRACT)
    path = tmp_path / "extract.jsonl.gz"
    write_extract(path, items.values())
    assert items_from_triples(read_extract_triples(path)) == items


@pytest.mark.slow
def test_values_are_asked_in_batches_and_answers_kept_with_their_age(linked: Path, server: Misbehaving) -> None:
    settings(linked, server.address, "[federation]\nbatch = 3\n")
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    project = opened(linked)
    server.will(Answer(b'{"head": {"vars": ["item", "about"]}, "results": {"bindings": []}}'))
    first = project.query("asked").federated
    count = first.values if first else 0
    assert count > 6
    sent = [parse_qs(each.body.decode())["query"][0] for each in server.asked]
    assert [each.rpartition("VALUES ?item ")[2].count("<") for each in sent[:-1]] == [3] * (len(sent) - 1)
    assert sum(each.rpartition("VALUES ?item ")[2].count("<") for each in sent) == count
    assert not any("SERVICE" in each or "schema:sameAs" in each or "#+" in each for each in sent)
    server.asked.clear()
    then = datetime.now(UTC)
    again = project.query("asked").federated
    assert server.asked == []
    assert again is not None
    assert again.fetched is not None
    assert again.fetched <= then


@pytest.mark.slow
def test_too_many_values_are_refused(linked: Path, server: Misbehaving) -> None:
    settings(linked, server.address, "[federation]\nvalues = 2\n")
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    with pytest.raises(QueryError, match="would ask wikidata about"):
        opened(linked).query("asked")
    assert server.asked == []


BAD_DAYS = [
    (Answer(b"busy", 503, headers={"Retry-After": "600"}), StoreError),
    (Answer(b'{"head": {"vars": ["item"', 200), StoreError),
    (Answer(b"<html>log in</html>", 200, "text/html"), StoreError),
    (Answer(b'{"head": {}}', drip=0.5), StoreTimeout),
]


@pytest.mark.slow
@pytest.mark.parametrize(("bad", "error"), BAD_DAYS, ids=["503", "cut", "page", "drip"])
def test_a_server_that_fails_is_an_error_or_a_notice_with_the_local_columns(
    linked: Path, server: Misbehaving, bad: Answer, error: type[StoreError]
) -> None:
    settings(linked, server.address, f"[federation]\ntimeout = {2 if bad.drip else PATIENCE:g}\n")
    server.will(bad)
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    project = opened(linked)
    with pytest.raises(error, match="'asked' needs an answer of"):
        project.query("asked")
    local = cells(project.query(SHARED_QUESTION), project)
    question(linked, f"{PATTERN} SERVICE SILENT wikidata: {ASKED}")
    answered = project.query("asked")
    assert answered.federated is not None
    assert answered.federated.failure
    found = cells(answered, project)
    assert len(found) >= len(local) > 0
    assert all(thing and item and not about for thing, item, about in found)


@pytest.mark.slow
def test_one_bad_batch_is_never_half_an_answer(linked: Path, server: Misbehaving) -> None:
    settings(linked, server.address, "[federation]\nbatch = 2\n")
    good = b"""{"head": {"vars": ["item", "about"]}, "results": {"bindings": [
        {"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q910"},
         "about": {"type": "uri", "value": "http://www.wikidata.org/entity/Q43229"}}]}}"""
    server.will(Answer(good), Answer(b"no", 404))
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    project = opened(linked)
    with pytest.raises(StoreError, match="404"):
        project.query("asked")
    server.will(Answer(good), Answer(b"no", 404))
    question(linked, f"{PATTERN} SERVICE SILENT wikidata: {ASKED}")
    assert not any(about for _, _, about in cells(project.query("asked"), project))


@pytest.mark.slow
def test_values_of_a_server_are_terms_and_blank_nodes_get_a_name(linked: Path, server: Misbehaving) -> None:
    settings(linked, server.address)
    evil = b"""{"head": {"vars": ["item", "about"]}, "results": {"bindings": [
        {"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q910"},
         "about": {"type": "literal", "value": "\\") } } SELECT * { ?s ?p ?o } #"}},
        {"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q910"},
         "about": {"type": "bnode", "value": "t1"}}]}}"""
    server.will(Answer(evil))
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    project = opened(linked)
    found = {row[2] for row in cells(project.query("asked"), project)}
    assert '") } } SELECT * { ?s ?p ?o } #' in found
    assert any(each.startswith("urn:citygraph:genid:") for each in found)


def test_only_servers_of_the_list_are_asked(linked: Path, oxigraph: str, server: Misbehaving) -> None:
    body = f"{PATTERN} SERVICE <{oxigraph}> {ASKED}"
    head = HEAD.replace("federates: wikidata", f'federates: "{oxigraph}"')
    question(linked, body, head=head)
    settings(linked, server.address)
    with pytest.raises(ConfigError, match="does not allow questions to ask"):
        opened(linked).query("asked")
    settings_text = (linked / "graph.toml").read_text(encoding="utf-8")
    (linked / "graph.toml").write_text(f'{settings_text}\n[federation]\nendpoints = ["{oxigraph}"]\n', encoding="utf-8")
    assert cells(opened(linked).query("asked"), opened(linked))
    assert server.asked == []


def test_without_a_contact_nobody_is_asked(linked: Path, oxigraph: str) -> None:
    settings(linked, oxigraph)
    text = (linked / "graph.toml").read_text(encoding="utf-8")
    (linked / "graph.toml").write_text(text.replace('contact = "tests@example.org"\n', ""), encoding="utf-8")
    question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")
    with pytest.raises(ConfigError, match="contact"):
        opened(linked).query("asked")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"{PATTERN} SERVICE wikidata: {{ ?x wdt:P31 ?about }}", "shares none"),
        (f"SERVICE wikidata: {ASKED} {PATTERN}", "shares none"),
        (f"{PATTERN} ?thing a ?about SERVICE wikidata: {ASKED}", r"shares \?item, \?about"),
        (f"{PATTERN} SERVICE ?item {ASKED}", "a prefix such as wikidata:"),
        (f"{PATTERN} SERVICE wikidata:x {ASKED}", "a prefix such as wikidata:"),
        (f"{PATTERN} SERVICE <https://other.example/sparql> {ASKED}", "the header says 'wikidata'"),
        (f"{PATTERN} SERVICE wikidata: {ASKED} SERVICE wikidata: {ASKED}", "this one has 2"),
        (f"{PATTERN} {{ {{ SERVICE wikidata: {ASKED} }} }}", "outermost braces"),
        (f"{PATTERN} OPTIONAL {{ SERVICE wikidata: {ASKED} ?thing a ?b }}", "holds nothing else"),
        (f"{PATTERN} SERVICE wikidata: {{ ?item wdt:P31 ?about . SERVICE <x:y> {{ ?item ?p ?o }} }}", "this one has 2"),
        (f"{PATTERN} \\u0053ERVICE wikidata: {ASKED}", "escape"),
        (f"{PATTERN} ?item ?p ?about", "has 0"),
    ],
)
def test_a_block_that_cannot_be_taken_out_is_refused(linked: Path, body: str, words: str) -> None:
    path = question(linked, body)
    with pytest.raises(QueryError, match=words) as caught:
        read_saved_query(path)
    assert str(path) in caught.value.message


def test_service_without_a_header_and_in_a_check_is_refused(linked: Path) -> None:
    path = question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}", head=re.sub(r"#\+ federates.*\n", "", HEAD))
    with pytest.raises(QueryError, match="say which in the header"):
        read_saved_query(path)
    path = question(
        linked, f"{PATTERN} SERVICE wikidata: {ASKED}", head=HEAD.replace("#+ title", "#+ code: asked\n#+ title")
    )
    with pytest.raises(QueryError, match="asks nobody"):
        read_saved_query(path, check=True)


def test_a_syntax_error_in_the_block_is_found_before_anybody_is_asked(linked: Path) -> None:
    path = question(linked, f"{PATTERN} SERVICE wikidata: {{ ?item wdt:P31 ?about ?more }}")
    assert problem_of(path) is not None
    assert problem_of(question(linked, f"{PATTERN} SERVICE wikidata: {ASKED}")) is None


def test_only_what_the_rest_uses_is_asked_for() -> None:
    block = read_service(
        f"{HEAD} SELECT ?thing ?item ?about WHERE {{ {PATTERN} SERVICE wikidata: {{ ?item wdt:P1 ?about ; wdt:P2 ?b }} }}"
    )
    assert block.wanted == ("item", "about")
    assert block.service_query().startswith("PREFIX wdt: <http://www.wikidata.org/prop/direct/>\nSELECT ?item ?about")


def test_the_command_line_says_which_column_came_from_where(
    linked: Path, oxigraph: str, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    settings(linked, oxigraph)
    cache = {"XDG_CACHE_HOME": str(linked / "cache")}
    shown = run("query", SHARED_QUESTION, "--lang", "en", cwd=linked, **cache)
    assert re.search(rf"From wikidata \({re.escape(oxigraph)}\), \d{{4}}-\d\d-\d\d \d\d:\d\d: Wikidata\.", shown.stdout)
    table = run("query", SHARED_QUESTION, "--format", "csv", "--extract", str(EXTRACT), cwd=linked, **cache)
    assert "From wikidata (wikidata.nt)" in table.stderr
    assert table.stdout.splitlines()[0] == (
        "organization,organization_label,item,ours,theirs,same,founded,year,same_year,day,status,status_date"
    )


def test_an_example_for_other_editors_names_the_other_server() -> None:
    query = read_saved_query(ROOT / "queries" / f"{SHARED_QUESTION}.rq")
    triples = sib_example(query, endpoint="https://example.org/sparql")
    named = [t.object for t in triples if t.predicate.value.endswith("sparql-examples/ontology#federatesWith")]
    assert named == [Iri("https://query.wikidata.org/sparql")]
    other = read_saved_query(ROOT / "queries" / "members.rq")
    assert not any("federatesWith" in t.predicate.value for t in sib_example(other, endpoint="https://example.org/"))
