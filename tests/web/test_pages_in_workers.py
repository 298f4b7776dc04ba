"""Pages and saved questions are as bounded as the endpoint: they run in the same processes, with the same deadline."""

from __future__ import annotations

import html
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from citygraph.errors import StoreTimeout
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store.pool_store import Room
from citygraph.store.process import SupervisedProcess
from patience import PATIENCE
from web.conftest import BASE, Server, project_with, serving

SETTINGS = """
[limits]
timeout = {timeout:g}
memory  = 300_000_000

[serve]
per_client = 8
"""
HEAD = """#+ title:    {{ nb: "{name}", en: "{name}" }}
#+ question: {{ nb: "Hvor lenge?", en: "How long?" }}
#+ columns:  {columns}
"""
QUESTIONS = {
    "runaway": ("[n]", "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"),
    "bomb": (
        "[x33]",
        "SELECT ?x33 WHERE { BIND('x' AS ?x0) "
        + " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(33))
        + " }",
    ),
    "flood": ("[s, o, x]", f"SELECT ?s ?o ?x WHERE {{ ?s <{BASE}id/said> ?o . ?a <{BASE}id/said> ?x }} LIMIT 99000"),
    "small": ("[o]", "SELECT ?o WHERE { <https://example.org/served/id/place-3> ?p ?o }"),
}
HUGE = Iri(f"{BASE}id/place-1")


def many_quads() -> list[Quad]:
    """Cities, and one that everything is said about."""
    graph, label = Iri(f"{BASE}graph/data"), Iri(PREFIXES["skos"] + "prefLabel")
    type_, city = Iri(PREFIXES["rdf"] + "type"), Iri(PREFIXES["cg"] + "City")
    cities = [Iri(f"{BASE}id/place-{number}") for number in range(3000)]
    quads = [Quad(each, type_, city, graph) for each in cities]
    quads += [Quad(each, label, Literal(f"By {number}", language="nb"), graph) for number, each in enumerate(cities)]
    quads += [Quad(HUGE, Iri(f"{BASE}near"), each, graph) for each in cities[2:]]
    quads += [Quad(HUGE, Iri(f"{BASE}id/said"), Literal(f"{number} " + "ord " * 200), graph) for number in range(3000)]
    return quads


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph with questions that take too much, and little time for them."""
    return with_questions(tmp_path_factory.mktemp("heavy"), timeout=2)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with time enough."""
    return with_questions(tmp_path_factory.mktemp("roomy"), timeout=PATIENCE)


def with_questions(folder: Path, *, timeout: float) -> Path:
    project_with(folder, many_quads(), SETTINGS.format(timeout=timeout))
    (folder / "queries").mkdir()
    for name, (columns, text) in QUESTIONS.items():
        header = HEAD.format(name=name, columns=columns)
        (folder / "queries" / f"{name}.rq").write_text(header + text + "\n", encoding="utf-8")
    return folder


def memory_of(server: Server) -> int:
    """The most memory that the process of the server has had, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


def test_a_saved_question_that_runs_away_is_ended_while_others_are_answered(heavy: Path) -> None:
    with serving(heavy, "--workers", "3") as server, ThreadPoolExecutor(4) as pool:
        bad = [pool.submit(server.get, f"/queries/runaway{ending}", client="192.0.2.1") for ending in ("", ".csv")]
        server.until(lambda health: health["pool"]["idle"] < 3)
        for path in ("/queries/small", "/city/3", "/", "/city", "/search?q=By%2012", "/queries/small.json"):
            assert server.patiently(path, client="192.0.2.2").status_code == 200, path
        assert server.answers(client="192.0.2.2")
        page, file = (each.result() for each in bad)
        assert page.status_code == file.status_code == 503
        assert "<h1>The answer did not come in time</h1>" in page.text
        assert file.json()["status"] == 503
        assert page.headers["Retry-After"]
        health = server.until(lambda health: health["pool"]["idle"] == 3)
        assert health["pool"]["replaced"] >= 2


def test_the_memory_of_the_server_stays_bounded_whatever_a_question_asks(roomy: Path) -> None:
    with serving(roomy, "--workers", "2") as server:
        assert server.get("/queries/small").status_code == 200
        before = memory_of(server)
        assert server.get("/queries/bomb").status_code == 503
        flood = server.get("/queries/flood")
        assert flood.status_code == 400
        assert "too much for a page" in flood.text
        assert server.get("/city/1").status_code == 200
        server.until(lambda health: health["pool"]["idle"] == 2)
        assert memory_of(server) - before < 200_000_000


@pytest.fixture(scope="module")
def served(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our own graph with the limits that it has by default."""
    folder = tmp_path_factory.mktemp("usual") / "graph"
    shutil.copytree(built_folder, folder, symlinks=True)
    with serving(folder, "--workers", "2") as started:
        yield started


@pytest.fixture(scope="module")
def served_from_disk(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, with no room for it in memory."""
    folder = tmp_path_factory.mktemp("large") / "graph"
    shutil.copytree(built_folder, folder, symlinks=True)
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write("\n[serve]\nin_memory = 1\n")
    with serving(folder, "--workers", "2") as started:
        yield started


@pytest.mark.parametrize("is_large", [False, True])
def test_the_server_itself_opens_the_store_for_lookups_alone(
    served: Server, served_from_disk: Server, *, is_large: bool
) -> None:
    served = served_from_disk if is_large else served
    for path in (
        "/",
        "/city/stavanger",
        "/queries/members?as_of=2019-01-01",
        "/queries/members.csv?cite=1",
        "/why?" + why(),
    ):
        assert served.patiently(path).status_code == 200, path
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this machine does not list the open files of a process: run it on Linux")
    files = [str(file.readlink()) for file in Path(f"/proc/{served.process.pid}/fd").iterdir() if file.is_symlink()]
    assert any(name.endswith("directory.sqlite") for name in files)
    # What is small was read into memory, and what is not is opened for lookups: whatever else asked it here would
    # have opened its files once more.
    store = [name for name in files if name.endswith(".sst")]
    assert bool(store) == is_large
    assert len(store) == len(set(store))


def why() -> str:
    cg = "https://w3id.org/citygraph/"
    terms = (f"<{cg}id/place-stavanger>", f"<{cg}ontology#participatesIn>", f"<{cg}id/eurocities>")
    return str(httpx.QueryParams(dict(zip("spo", terms, strict=True))))


def test_days_and_sources_and_proofs_are_the_same_from_workers(served: Server) -> None:
    for day in ("", "2019-01-01"):
        cited = served.patiently(f"/queries/norwegian-participants.json?as_of={day}&cite=1")
        assert cited.status_code == 200
        assert "sources" in cited.json()["head"]["vars"]
    now, then = (served.patiently(f"/queries/members.csv?as_of={day}").text for day in ("", "1990-01-01"))
    assert now != then
    proof = served.patiently("/why.json?" + why()).json()
    assert proof["holds"] is True
    assert served.get("/why?s=%3Cx:a%3E&p=x&o=x").status_code == 400
    assert served.get("/queries/members?as_of=0001-01-01").status_code == 400
    # Two days in one page take one turn after the other.
    assert 'id="days"' in served.patiently("/queries/members?as_of=1990-01-01&before=1980-01-01").text


def test_a_query_asks_the_version_of_a_day_and_its_turn_ends_with_the_answer(served: Server) -> None:
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?city cg:participatesIn|org:memberOf ?network }"
    direct, address = {"Content-Type": "application/sparql-query"}, "/sparql?as_of=1990-01-01"
    asked = {"query": count, "as_of": "1990-01-01", "format": "csv"}
    then, form, body = (
        served.patiently(each)
        for each in (
            lambda: served.get("/sparql", params=asked),
            lambda: served.request("POST", "/sparql", data=asked),
            lambda: served.request("POST", address, content=count.encode(), headers=direct | {"Accept": "text/csv"}),
        )
    )
    assert then.status_code == 200
    assert then.text == form.text == body.text != served.ask(count, format="csv").text
    again = served.patiently(
        lambda: served.get("/sparql", params=asked, headers={"If-None-Match": then.headers["ETag"]})
    )
    assert again.status_code == 304
    day = served.health()["as_of"]
    assert served.ask(count, as_of=day).headers["ETag"] == served.ask(count, as_of="").headers["ETag"]
    # A query of one pattern, which is answered past everything else when it is about the version in use.
    one = "SELECT ?when WHERE { ?network time:hasTime ?when }"
    at_once = [lambda: served.get("/sparql", params={"query": one, "as_of": "1990-01-01"}) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(served.patiently, at_once))
    assert {each.status_code for each in answers} == {200}
    assert len({each.headers["ETag"] for each in answers}) == 1
    whole = served.patiently("/graph-store?default&as_of=1990-01-01&format=nt")
    assert len(whole.text.splitlines()) < len(served.get("/graph-store?default&format=nt").text.splitlines())
    for wrong in ("as_of=yesterday&query=ASK%7B%7D", "as_of=1899-12-31&query=ASK%7B%7D", "as_of=2019-12-31"):
        assert served.get(f"/sparql?{wrong}").status_code == 400, wrong
    assert served.get("/sparql?query=ASK%7B%7D&as_of=2019-12-31&as_of=2020-12-31").json()["code"] == "endpoint.days"


def test_nobody_has_more_pages_made_at_once_than_queries_answered(heavy: Path) -> None:
    with serving(heavy, "--workers", "2") as server, ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(server.get, f"/queries/runaway?lang=en&n={n}", client="192.0.2.1") for n in range(12)]
        assert server.patiently("/city/3", client="192.0.2.2").status_code == 200
        assert {each.result().status_code for each in asked} <= {400, 503}


def test_room_for_answers_is_given_back() -> None:
    room = Room(100)
    assert room.take(80)
    assert not room.take(30)
    room.give_back(80)
    assert room.take(100)


def test_what_is_never_ready_is_ended_and_can_be_asked_for_again() -> None:
    apart = SupervisedProcess(time.sleep, 600, memory=1_000_000_000, seconds=0.2, patience=0.1)
    for _ in range(2):
        is_over = False
        while not is_over:
            with pytest.raises(StoreTimeout, match=r"takes a while|was stopped"):
                apart.prepared()
            is_over = apart.is_over
    apart.close()


NORWEGIAN = {
    "/nothing/here": (404, "Ingenting i grafen har adressen"),
    "/not/an/address": (404, "Det er ingenting på denne adressen."),
    "/queries/nothing": (404, "Siden finnes ikke"),
    "/queries/small?as_of=yesterday": (400, "er ikke en dato."),
    "/queries/small?as_of=1000-01-01": (400, "ligger utenfor 1900 til 2100"),
    "/queries/small?nothing=1": (400, "har ingen parameter «nothing»"),
    "/queries/bomb": (503, '<p class="lead">Spørringen '),
    "/queries/flood": (400, "det er for mye for en side"),
    "/editor?query=SELECT%20*%20WHERE%20%7B": (400, "spørringen slutter for tidlig: { på linje 1"),
    "/editor?query=DROP%20ALL": (400, "ville endre grafen, og spørringer bare leser"),
    "/editor?query=ASK%20%7B%20SERVICE%20%3Cx:a%3E%20%7B%7D%20%7D": (400, "spørringer blir på denne maskinen"),
    "/editor?query=SELECT%20*%20WHERE%20%7B%20%3Fs%20%3Fp%20%3Fo%20.%20%3Fa%20%3Fb%20%3Fc%20%7D": (400, "Svaret"),
    "/why?s=x": (400, "Adressen navngir ikke én påstand."),
}


def test_a_reader_of_norwegian_is_told_no_in_norwegian(roomy: Path) -> None:
    with serving(roomy, "--workers", "2") as server:
        for path, (status, words) in NORWEGIAN.items():
            assert_says_no_in_norwegian(server, path, status, words)
        too_long = server.request("POST", "/editor?lang=nb", content=b"query=" + b"x" * 500_000)
        assert (too_long.status_code, "Forespørselen er for lang" in too_long.text) == (413, True)
        method = server.request("DELETE", "/queries", headers={"Accept-Language": "nb", "Accept": "text/html"})
        assert (method.status_code, "Det går ikke an på denne adressen" in method.text) == (405, True)
        body = server.get("/queries/small.json?as_of=yesterday&lang=nb")
        assert body.json()["error"] == "«yesterday» er ikke en dato."


def test_a_reader_of_norwegian_is_told_in_norwegian_that_time_is_up(heavy: Path) -> None:
    with serving(heavy, "--workers", "1") as server:
        words = "Spørringen tok mer enn 2 sekunder og ble stanset."
        assert_says_no_in_norwegian(server, "/queries/runaway", 503, words)


def assert_says_no_in_norwegian(server: Server, path: str, status: int, words: str) -> None:
    answer = server.get(path, headers={"Accept-Language": "nb", "Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-language"]) == (status, "nb"), path
    assert words in html.unescape(answer.text), (path, answer.text)
    english = re.findall(r"\b(?:The|is not|was stopped|more than|There|There is|Ask for)\b", shown(answer.text))
    assert english == [], (path, english)


def shown(page: str) -> str:
    """The message of an error page, without what surrounds it, and without the engine's own words."""
    main = page.partition("<main")[2].partition("</main>")[0]
    told = re.findall(
        r'<p class="lead">.*?</p>|<div[^>]*role="alert".*?</div>|<p[^>]*role="alert".*?</p>', main, re.DOTALL
    )
    return re.sub(r"gyldig SPARQL: .*", "", html.unescape(" ".join(told)))
