"""The pool itself, and a server through builds, signals and murdered workers."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import random
import re
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.errors import QueryError, SnapshotError, StoreError, StoreTimeout
from citygraph.rdf import Iri, Literal, Quad
from citygraph.results import Graph, JsonRows, Solutions, Truth
from citygraph.store import seccomp
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore
from citygraph.store.process import Worker
from citygraph.store.protocol import Bounds, NotAcceptable, Question, Reply
from citygraph.store.turns import Share, StoreBusy
from patience import PATIENCE, until
from web.conftest import BASE, Server, limits, project_with, put_to_use, serving

FOREVER = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def quads_of(version: int, number: int = 60) -> list[Quad]:
    graph, property_ = Iri(f"{BASE}graph/data"), Iri(f"{BASE}value")
    quads = [Quad(Iri(f"{BASE}id/{each}"), property_, Literal(str(each)), graph) for each in range(number)]
    return [*quads, Quad(Iri(BASE), Iri(f"{BASE}version"), Literal(str(version)), graph)]


@pytest.fixture(autouse=True)
def _nothing_left_by_other_tests() -> None:
    """What errors of other tests still hold is dropped here: results of the engine may not be in a thread of a pool."""
    gc.collect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return (project_with(tmp_path_factory.mktemp("pool"), quads_of(1)) / "build" / "current").resolve()


def in_pool(
    folder: Path,
    work: Callable[[Pool], Awaitable[None]],
    *,
    bounds: Bounds | None = None,
    **share: Any,  # noqa: ANN401  # as many kinds as `Share` has
) -> None:
    """Run `work` with a pool that is started and closed around it."""

    async def run() -> None:
        pool = Pool(
            folder, "one", bounds=bounds or Bounds(), share=Share(**{"workers": 2, "timeout": PATIENCE, **share})
        )
        await pool.start()
        try:
            await work(pool)
        finally:
            await pool.close(patience=1)

    asyncio.run(run())


async def all_idle(pool: Pool) -> None:
    await until(lambda: pool.state["idle"] == pool.share.workers, "workers that are all idle")


async def whole(reply: Reply) -> bytes:
    await reply.begun
    return b"".join([piece async for piece in reply.pieces()])


def test_a_question_whose_worker_somebody_ends_is_asked_again(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        asked = pool.ask(Question("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?a ?b ?c . ?d ?e ?f }"))
        assert asked.worker is not None
        os.kill(asked.worker.process.pid or 0, signal.SIGKILL)
        assert b'"226981"' in await whole(asked)
        await all_idle(pool)
        assert pool.state["replaced"] == 1

    in_pool(folder, work)


SLOW = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?a ?b ?c . ?d ?e ?f }"
ALL = "SELECT * WHERE { ?s ?p ?o . ?a ?b ?c }"


def murder(worker: Worker | None) -> None:
    assert worker is not None
    os.kill(worker.process.pid or 0, signal.SIGKILL)


async def next_worker(asked: Reply, before: Worker | None) -> Worker:
    worker = await until(lambda: asked.worker if asked.worker is not before else None, "another worker")
    assert worker is not None
    return worker


def test_a_question_survives_the_murder_of_its_workers_a_few_times_and_not_for_ever(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        kept, lost = pool.ask(Question(SLOW), client="a"), pool.ask(Question(FOREVER), client="b")
        before = None
        for _ in range(3):
            before = await next_worker(kept, before)
            murder(before)
        assert b'"226981"' in await whole(kept)
        before = None
        for _ in range(4):
            before = await next_worker(lost, before)
            murder(before)
        with pytest.raises(StoreError, match="has ended"):
            await whole(lost)
        await all_idle(pool)
        assert pool.state["workers"] == 2
        assert pool.turns.is_idle

    in_pool(folder, work)


def test_an_answer_that_has_begun_goes_on_from_another_worker(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        expected = await whole(pool.ask(Question(ALL)))
        for gzipped in (False, True):
            asked = pool.ask(Question(ALL, gzip=gzipped))
            pieces = []
            async for piece in asked.pieces():
                pieces.append(piece)
                if len(pieces) < 3 and asked.worker is not None:
                    murder(asked.worker)
            answer = b"".join(pieces)
            assert (gzip.decompress(answer) if gzipped else answer) == expected
        assert pool.replaced
        # What time or chance has a part in would be another answer.
        asked = pool.ask(Question("SELECT ?s ?a (RAND() AS ?r) WHERE { ?s ?p ?o . ?a ?b ?c }"))
        await asked.begun
        murder(asked.worker)
        with pytest.raises(StoreError, match="has ended"):
            await whole(asked)

    in_pool(folder, work)


def test_an_answer_that_comes_back_as_another_one_breaks_off() -> None:
    async def work() -> None:
        for again in (b"b" * 70_000, b"a" * 10):
            reply = Reply(Question("ASK {}"), "a", b"")
            reply.add(b"a" * 70_000)
            taken = reply.take()
            reply.start_again()
            reply.add(again)
            reply.end()
            assert len(taken) == 70_000
            with pytest.raises(StoreError, match="has ended"):
                await whole(reply)

    asyncio.run(work())


@pytest.mark.parametrize("seed", range(4))
def test_no_question_is_lost_while_workers_are_murdered_and_versions_change(folder: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same murders each time

    async def work(pool: Pool) -> None:
        expected = {text: await whole(pool.ask(Question(text))) for text in ("ASK {}", SLOW, ALL)}
        stop = asyncio.Event()

        answered = dict.fromkeys((f"client {each}" for each in range(5)), 0)
        asked: set[Reply] = set()
        murders = 0

        async def ask(client: str) -> None:
            while not stop.is_set():
                text = chance.choice([*expected])
                reply = pool.ask(Question(text), client=client)
                asked.add(reply)
                assert await whole(reply) == expected[text]
                asked.discard(reply)
                answered[client] += 1

        async def kill() -> None:
            nonlocal murders
            while not stop.is_set():
                before = sum(answered.values())
                # Whoever is starting may be hit as well as whoever is answering, but no question a fourth time: one
                # may be given to a worker whose death nobody has seen yet.
                if all(each.tries_left for each in asked):
                    victim = chance.choice([*pool.workers])
                    murder(victim)
                    murders += 1
                    await until(lambda victim=victim: victim not in pool.workers, "that a death is seen")  # type: ignore[misc]
                await until(lambda before=before: stop.is_set() or sum(answered.values()) > before, "one more answer")  # type: ignore[misc]

        # An answer that has begun cannot go on from another version.
        asking = [asyncio.ensure_future(ask(each)) for each in answered]
        killing = asyncio.ensure_future(kill())
        await until(
            lambda: any(each.done() for each in asking) or (murders >= 20 and min(answered.values()) >= 3),
            "three answers for each, and twenty murders",
        )
        stop.set()
        await asyncio.gather(*asking, killing)
        await all_idle(pool)
        assert pool.state["workers"] == 3
        assert pool.turns.is_idle

    in_pool(folder, work, workers=3)


def test_workers_that_are_murdered_while_a_version_is_put_to_use_are_replaced(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        for number in range(12):
            switching = asyncio.ensure_future(pool.switch(folder, f"version {number}"))
            victims = 0
            while not switching.done():
                fresh = [each for each in pool.workers if each.version != pool.version and not each.is_retired]
                if fresh and victims < number % 4:
                    murder(fresh[0])
                    victims += 1
                await asyncio.sleep(0.01)
            with suppress(SnapshotError):
                await switching
            answers = [pool.ask(Question(f"ASK {{}} # {each}"), client=str(each)) for each in range(6)]
            assert [b"true" in await whole(each) for each in answers] == [True] * 6
            await all_idle(pool)
            assert pool.state["workers"] == 2

    in_pool(folder, work)


def test_a_worker_that_dies_of_a_question_is_replaced_and_no_other_question_fails(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        lost, kept = pool.ask(Question(FOREVER), client="a"), pool.ask(Question("ASK {}"), client="b")
        assert lost.worker is not None
        os.kill(lost.worker.process.pid or 0, signal.SIGSEGV)
        assert b"true" in await whole(kept)
        with pytest.raises(StoreError, match="ended the process"):
            await whole(lost)
        await all_idle(pool)
        assert pool.state["replaced"] == 1
        assert b"true" in await whole(pool.ask(Question("ASK {}")))

    in_pool(folder, work)


def test_the_deadline_counts_planning_and_sorting(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        planning = "SELECT * WHERE { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(200)) + " }"
        sorting = "SELECT * WHERE { ?s ?p ?o . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY STR(?i) LIMIT 1"
        with pytest.raises(StoreTimeout):
            await whole(pool.ask(Question(planning)))
        # Here the memory limit may come before the deadline.
        with pytest.raises(StoreError):
            await whole(pool.ask(Question(sorting)))

    in_pool(folder, work, bounds=Bounds(query_patterns=1000), timeout=1.0)


def test_small_queries_overtake_those_that_were_too_slow_to_be_small(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        slow = [pool.ask(Question(FOREVER), client="a") for _ in range(3)]
        quick = [pool.ask(Question("ASK {}"), client=name) for name in ("a", "b", "c")]
        assert [b"true" in await whole(each) for each in quick] == [True, True, True]
        # They are still being looked for, or wait.
        assert not any(each.begun.done() for each in slow)
        for each in slow:
            pool.give_up(each)

    in_pool(folder, work)


def test_too_many_questions_are_turned_away_at_once(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        asked = [pool.ask(Question(FOREVER), client="a") for _ in range(3)]
        with pytest.raises(StoreBusy, match="3 of your queries"):
            pool.ask(Question("ASK {}"), client="a")
        more = [pool.ask(Question(FOREVER), client=name) for name in ("b", "c")]
        with pytest.raises(StoreBusy, match="waiting already"):
            pool.ask(Question("ASK {}"), client="d")
        for each in (*asked, *more):
            pool.give_up(each)

    in_pool(folder, work, per_client=3, queue=3)


def test_nothing_is_left_over_when_all_have_gone(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        for _ in range(3):
            asked = [pool.ask(Question(text), client="a") for text in (FOREVER, "ASK {}", FOREVER, "ASK {", "ASK {}")]
            for each in asked[::2]:
                pool.give_up(each)
            for each in asked:
                try:
                    await whole(each)
                except (StoreError, QueryError):
                    continue
        await all_idle(pool)
        assert pool.turns.is_idle

    in_pool(folder, work, timeout=1.0)


def test_the_kinds_of_answers_and_errors(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        with pytest.raises(NotAcceptable):
            await whole(pool.ask(Question("ASK {}", rows=("csv",))))
        with pytest.raises(NotAcceptable):
            await whole(pool.ask(Question("CONSTRUCT WHERE { ?s ?p ?o }", graph=())))
        with pytest.raises(QueryError, match="ends too early"):
            await whole(pool.ask(Question("ASK {")))
        with pytest.raises(QueryError, match="would change the graph"):
            await whole(pool.ask(Question("DROP ALL")))
        with pytest.raises(QueryError, match="more than 10 rows"):
            await whole(pool.ask(Question("SELECT * WHERE { ?s ?p ?o }", most_rows=10)))
        for format_ in ("ttl", "nt", "rdf", "jsonld", "nq", "trig"):
            assert await whole(pool.ask(Question("CONSTRUCT WHERE { ?s ?p ?o }", graph=(format_,))))

    in_pool(folder, work)


@given(
    st.lists(st.lists(st.none() | st.text('},{"\\\\:[]a', max_size=8), min_size=2, max_size=2), max_size=12),
    st.integers(1, 40),
)
def test_rows_of_json_are_counted_exactly(rows: list[list[str | None]], size: int) -> None:
    cells = ["UNDEF" if cell is None else str(Literal(cell)) for row in rows for cell in row]
    pairs = " ".join(f"({a} {b})" for a, b in zip(cells[::2], cells[1::2], strict=True))
    found = pyoxigraph.Store().query(f"SELECT ?a ?b WHERE {{ VALUES (?a ?b) {{ {pairs} }} }}")
    assert isinstance(found, pyoxigraph.QuerySolutions)
    data = found.serialize(format=pyoxigraph.QueryResultsFormat.JSON) or b""
    counter = JsonRows()
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    assert counter.between == max(len(rows) - 1, 0)


def test_memory_has_a_limit(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        doubled = " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(33))
        with pytest.raises(StoreError):
            await whole(pool.ask(Question(f"SELECT ?x33 WHERE {{ BIND('x' AS ?x0) {doubled} }}")))

    in_pool(folder, work, bounds=Bounds(memory=200_000_000))


def test_other_threads_ask_the_pool_as_a_store(folder: Path) -> None:
    async def work(pool: Pool) -> None:
        store = AskedStore(pool, asyncio.get_running_loop())

        def asking() -> None:
            thing = Iri(f"{BASE}id/7")
            found = store.query("SELECT ?thing ?v WHERE { ?thing ?p ?v }", bind={"thing": thing})
            assert found == Solutions(("thing", "v"), ((thing, Literal("7")),))
            assert store.query("ASK {}") == Truth(value=True)
            graph = store.query("CONSTRUCT WHERE { ?s ?p '7' }", graphs=[Iri(f"{BASE}graph/data")])
            assert isinstance(graph, Graph)
            assert len(graph.triples) == 1
            with pytest.raises(StoreTimeout):
                store.query(FOREVER, timeout=0.2)
            with pytest.raises(SnapshotError):
                store.load([])

        await asyncio.to_thread(asking)

    in_pool(folder, work)


def test_a_snapshot_that_is_none_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        pool = Pool(tmp_path, "none", bounds=Bounds(), share=Share(workers=1))
        with pytest.raises(SnapshotError):
            await pool.start()
        await pool.close(patience=0)

    asyncio.run(work())


class _Peer(BaseHTTPRequestHandler):
    """A SPARQL endpoint that knows one answer."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"literal","value":"from there"}}]}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # the library's own signature
        del format, args


def test_service_asks_the_endpoint_that_graph_toml_names_and_no_other(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), _Peer) as peer:
        thread = threading.Thread(target=peer.serve_forever)
        thread.start()
        try:
            there = f"http://127.0.0.1:{peer.server_port}/sparql"
            settings = f'[serve]\nservice_allowed = ["{there}"]\n[limits]\ntimeout = {PATIENCE:g}\n'
            with serving(project_with(tmp_path / "allowed", quads_of(1), settings), "--workers", "2") as server:
                allowed = server.ask(f"SELECT ?x WHERE {{ SERVICE <{there}> {{ ?s ?p ?x }} }}")
                assert allowed.json()["results"]["bindings"][0]["x"]["value"] == "from there"
                assert "etag" not in allowed.headers
                for query in (
                    f"ASK {{ SERVICE <{there}/other> {{ ?s ?p ?x }} }}",
                    f"ASK {{ VALUES ?g {{ <{there}> }} SERVICE ?g {{ ?s ?p ?x }} }}",
                    f"ASK {{ SERVICE <{there}> {{ ?s ?p ?x }} \\u0053ERVICE <{there}x> {{ ?s ?p ?x }} }}",
                    f"ASK {{ SERVICE SILENT <http://127.0.0.1:{peer.server_port}/> {{ ?s ?p ?x }} }}",
                ):
                    assert server.ask(query).status_code == 400
                assert server.health()["pool"]["fenced"] is seccomp.is_possible()
                assert "BasicFederatedQuery" in server.get("/sparql").text
        finally:
            peer.shutdown()
            thread.join()


# -- a server through its life ------------------------------------------------------------------------


def version_of(server: Server, number: int) -> tuple[int, str]:
    """The version that an answer comes from; each text is another one, so that workers answer."""
    response = server.ask(
        f"SELECT ?v WHERE {{ <{BASE}> <{BASE}version> ?v }} # {number}", client=f"192.0.2.{number % 200}"
    )
    rows = response.json().get("results", {}).get("bindings", [])
    return response.status_code, rows[0]["v"]["value"] if rows else response.text


def test_a_new_version_is_served_and_no_request_is_dropped(tmp_path: Path) -> None:
    with serving(project_with(tmp_path / "swapped", quads_of(1), limits()), "--workers", "2") as server:
        first = server.ask("SELECT ?v WHERE { ?s ?p ?v }")
        stop = threading.Event()

        def keep_asking(seed: int) -> list[tuple[int, str]]:
            answers: list[tuple[int, str]] = []
            while not stop.is_set():
                answers.append(version_of(server, seed + len(answers) * 3))
            return answers

        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(keep_asking, seed) for seed in range(3)]
            for number in (2, 3, 4):
                put_to_use(server.folder, quads_of(number), f"000000000000000{number}")
                server.until(lambda health, number=number: health["snapshot"].endswith(str(number)))  # type: ignore[misc]
                assert version_of(server, 1000 + number) == (200, str(number))
            # Built afresh under the same name it is a new version too.
            put_to_use(server.folder, quads_of(5), "0000000000000004")
            while version_of(server, 2000)[1] != "5":
                server.ask("ASK {}")
            stop.set()
            answers = [answer for each in asked for answer in each.result()]
        assert {status for status, _ in answers} == {200}
        assert {version for _, version in answers} <= {"1", "2", "3", "4", "5"}
        again = server.get("/sparql", params={"query": "SELECT ?v WHERE { ?s ?p ?v }"},
                           headers={"If-None-Match": first.headers["etag"]})  # fmt: skip
        assert again.status_code == 200


def children_of(pid: int) -> list[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]


def test_murdered_workers_are_replaced_while_queries_are_answered(server: Server) -> None:
    if not Path(f"/proc/self/task/{os.getpid()}/children").is_file():
        pytest.skip("this machine does not list the children of a process")
    victims = [victim for nursery in children_of(server.process.pid) for victim in children_of(nursery)]
    assert len(victims) == 4
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
        assert all(server.answers() for _ in range(5))
        server.until(lambda health: health["pool"]["idle"] == 4)
    assert server.health()["pool"]["replaced"] == 4


@pytest.mark.parametrize("proxied", [False, True])
def test_a_lookup_is_answered_without_a_worker(tmp_path: Path, *, proxied: bool) -> None:
    if not Path(f"/proc/self/task/{os.getpid()}/children").is_file():
        pytest.skip("this machine does not list the children of a process")
    folder = project_with(tmp_path / "frozen", quads_of(1), "[limits]\ntimeout = 1\n")
    client = "192.0.2.7" if proxied else ""
    lookup, question = f"ASK {{ <{BASE}id/1> ?p ?o }}", "SELECT ?s { ?s ?p ?o } ORDER BY ?s"
    with serving(folder, "--workers", "2") as server:
        frozen = [worker for nursery in children_of(server.process.pid) for worker in children_of(nursery)]
        for worker in frozen:
            os.kill(worker, signal.SIGSTOP)
        answered = server.request("GET", "/sparql", params={"query": lookup}, client=client)
        assert (answered.status_code, answered.json()["boolean"]) == (200, True)
        tag = {"If-None-Match": answered.headers["etag"]}
        again = server.request("GET", "/sparql", params={"query": lookup}, headers=tag, client=client)
        assert again.status_code == 304
        assert server.request("GET", "/sparql", params={"query": question}, client=client).status_code == 503


def test_lookups_come_in_order_and_from_the_version_that_is_served(tmp_path: Path) -> None:
    folder = project_with(tmp_path / "versions", quads_of(1))
    text = f"SELECT ?v WHERE {{ <{BASE}> <{BASE}version> ?v }}"
    with serving(folder, "--workers", "2") as server:
        assert [row["v"]["value"] for row in server.ask(text).json()["results"]["bindings"]] == ["1"]
        texts = [f"SELECT ?v WHERE {{ <{BASE}id/{number % 50}> <{BASE}value> ?v }} LIMIT 1" for number in range(200)]
        requests = [f"GET /sparql?query={quote(each)} HTTP/1.1\r\nHost: x.example\r\n" for each in texts]
        data = server.raw(("\r\n".join(requests) + "Connection: close\r\n\r\n").encode())
        assert re.findall(rb'"value":"(\d+)"', data) == [b"%d" % (number % 50) for number in range(200)]
        put_to_use(folder, quads_of(2), "two")
        server.until(lambda _: server.ask(text).json()["results"]["bindings"][0]["v"]["value"] == "2")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_stop_finishes_its_answers(tmp_path: Path, ending: signal.Signals) -> None:
    folder = project_with(tmp_path / "stopped", quads_of(1, 3000), f"[limits]\ntimeout = {PATIENCE:g}\n")
    with serving(folder, "--workers", "2") as server, ThreadPoolExecutor(1) as pool:
        slow = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?a ?b ?c FILTER(STRLEN(CONCAT(?o, ?c)) > 1) }"
        asked = pool.submit(server.ask, slow)
        server.until(lambda health: health["pool"]["idle"] == 1)
        server.process.send_signal(ending)
        assert asked.result().status_code == 200
        assert server.process.wait(PATIENCE) == 0
        assert '"event":"stop"' in server.log.read_text(encoding="utf-8")


def test_serve_builds_a_graph_that_was_never_built(own_copy: Path) -> None:
    with serving(own_copy, "--workers", "1") as server:
        assert server.health()["current"] is True
        assert server.ask("ASK { ?s a cg:CityNetwork }").json()["boolean"] is True
