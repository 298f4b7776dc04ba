"""Fronts: a connection that asks many lookups changes hands, and its client sees nothing of that, whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.rdf import Iri, Literal, Quad
from citygraph.store.process import Version
from citygraph.store.protocol import Bounds
from citygraph.web.front import packed, unpacked
from citygraph.web.fronts import Fronts, how_many
from citygraph.web.sockets import moved
from web.conftest import BASE, Server, project_with, put_to_use, serving

pytestmark = pytest.mark.skipif(
    not how_many(), reason="fronts need Linux and a second processor; this machine has one: give it another"
)
GRAPH, VALUE, LONG = (Iri(f"{BASE}{name}") for name in ("graph/data", "value", "long"))


def quads_of(version: int) -> list[Quad]:
    quads = [Quad(Iri(f"{BASE}id/{number}"), VALUE, Literal(f"{version}-{number}"), GRAPH) for number in range(60)]
    return [
        *quads,
        *(Quad(Iri(f"{BASE}long"), LONG, Literal(f"{number}" + "x" * 1_000), GRAPH) for number in range(25)),
    ]


@pytest.fixture(scope="module", params=["memory", "disk"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = "\n[serve]\npatience = 5\nworkers = 2\n" + ("in_memory = 1\n" if request.param == "disk" else "")
    with serving(project_with(tmp_path_factory.mktemp("fronts"), quads_of(1), settings)) as server:
        yield server


class Client:
    """One connection that asks one query after the other."""

    def __init__(self, server: Server) -> None:
        self.connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)

    def send(self, query: str, *more: str) -> None:
        """Ask by GET."""
        head = [f"GET /sparql?query={quote(query)} HTTP/1.1", "Host: x.example", *more, "", ""]
        self.connection.sendall("\r\n".join(head).encode())

    def receive(self) -> tuple[int, bytes]:
        """The status and the body of one answer with a length."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        length = int((re.search(rb"content-length: (\d+)", data[:end]) or [b"", b"0"])[1])
        while len(data) < end + 4 + length:
            data += self.more()
        assert len(data) == end + 4 + length, "more came than was asked for"
        return int(data[9:12]), data[end + 4 :]

    def more(self) -> bytes:
        """What comes next."""
        piece = self.connection.recv(65_536)
        if not piece:
            message = "the connection was closed"
            raise ConnectionError(message)
        return piece

    def ask(self, query: str, *more: str) -> str:
        """The first value of an answer."""
        self.send(query, *more)
        status, body = self.receive()
        assert status == 200, body
        rows = json.loads(body)["results"]["bindings"]
        return next(iter(rows[0].values()))["value"] if rows else ""

    def value(self, number: int) -> str:
        """The value of a thing."""
        return self.ask(value_query(number))

    def close(self) -> None:
        """Leave."""
        self.connection.close()


def value_query(number: int) -> str:
    return f"SELECT ?v WHERE {{ <{BASE}id/{number % 60}> <{BASE}value> ?v }}"


def ask_until_away(server: Server, client: Client) -> None:
    """Ask until a front has the connection."""
    server.until(lambda health: health["fronts"]["fronts"] > 0)
    until = time.monotonic() + 30
    while True:
        for number in range(200):
            assert client.value(number) == f"1-{number % 60}"
        if server.health()["fronts"]["connections"]:
            return
        assert time.monotonic() < until, "no front takes the connection"


def fronts_of(server: Server) -> list[int]:
    """The processes of the fronts: those that have the memory they share with the server."""

    def children(parent: int) -> list[int]:
        files = Path(f"/proc/{parent}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]

    found = []
    for process in (each for nursery in children(server.process.pid) for each in children(nursery)):
        with suppress(OSError):
            if "memfd:citygraph-front" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8"):
                found.append(process)
    return found


def test_a_busy_connection_goes_to_a_front_and_comes_back_for_anything_else(served: Server) -> None:
    with closing(Client(served)) as client:
        ask_until_away(served, client)
        for number in range(40):
            # What needs a worker, what is no query, another format, and a lookup again.
            assert (
                client.ask(f"SELECT (STR(?v) AS ?w) WHERE {{ <{BASE}id/{number}> <{BASE}value> ?v }}") == f"1-{number}"
            )
            client.send(value_query(number), "Accept: text/csv")
            assert client.receive()[1] == f"v\r\n1-{number}\r\n".encode()
            client.send("SELECT nonsense")
            assert client.receive()[0] == 400
            assert [client.value(each) for each in range(50)] == [f"1-{each}" for each in range(50)]
    served.until(lambda health: health["fronts"]["connections"] == 0)


def test_a_request_in_pieces_comes_back(served: Server) -> None:
    with closing(Client(served)) as client:
        ask_until_away(served, client)
        head = f"GET /sparql?query={quote(value_query(7))} HTTP/1.1\r\nHost: x.example\r\n\r\n".encode()
        for cut in (1, 30, len(head) - 1):
            client.connection.sendall(head[:cut])
            time.sleep(0.05)
            client.connection.sendall(head[cut:])
            assert b"1-7" in client.receive()[1]
            ask_until_away(served, client)


def test_whoever_is_silent_comes_home_and_may_ask_again(served: Server) -> None:
    with closing(Client(served)) as client:
        ask_until_away(served, client)
        served.until(lambda health: health["fronts"]["connections"] == 0)
        assert client.value(3) == "1-3"


def test_whoever_leaves_is_forgotten(served: Server) -> None:
    clients = [Client(served) for _ in range(6)]
    for client in clients:
        ask_until_away(served, client)
    for client in clients:
        client.close()
    served.until(lambda health: health["fronts"]["connections"] == 0)


def test_whoever_reads_nothing_for_a_while_gets_every_answer_once(served: Server) -> None:
    with closing(Client(served)) as client:
        ask_until_away(served, client)
        asked, text = 0, f"SELECT ?v WHERE {{ <{BASE}long> <{BASE}long> ?v }}"
        head = f"GET /sparql?query={quote(text)} HTTP/1.1\r\nHost: x.example\r\n\r\n".encode()
        client.connection.settimeout(0.5)
        with suppress(TimeoutError):
            # One request at a time, so that each is answered by itself, until answers have nowhere to go.
            while asked < 400:
                client.connection.sendall(head)
                asked += 1
                time.sleep(0.002)
        client.connection.settimeout(30)
        data = b""
        while data.count(b"HTTP/1.1 200") < asked or not data.endswith(b"]}}\n"):
            data += client.more()
        assert data.count(b"HTTP/1.1 200") == asked
        # Every answer is whole, so that taking out the heads leaves the same text again and again.
        bodies = re.split(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n", data)[1:]
        assert len(set(bodies)) == 1
        assert len(json.loads(bodies[0])["results"]["bindings"]) == 25


def test_fronts_that_are_killed_lose_no_answer_and_give_none_twice(served: Server) -> None:
    stop, wrong = threading.Event(), list[str]()
    given = [0] * 4

    def ask(place: int) -> None:
        try:
            with closing(Client(served)) as client:
                while not stop.is_set():
                    number = given[place]
                    if client.value(number) != f"1-{number % 60}":
                        wrong.append(f"another answer to {number}")
                        return
                    given[place] += 1
        except (OSError, AssertionError) as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    killed = 0
    until = time.monotonic() + 60
    while killed < 6 and time.monotonic() < until:
        served.until(lambda health: health["fronts"]["connections"] > 0)
        for victim in fronts_of(served):
            os.kill(victim, signal.SIGKILL)
            killed += 1
        before = list(given)
        while any(now == then for now, then in zip(given, before, strict=True)) and not wrong:
            assert time.monotonic() < until, "a connection hangs"
            time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert killed >= 6


def test_a_front_that_says_nothing_any_more_is_ended(served: Server) -> None:
    with closing(Client(served)) as client:
        ask_until_away(served, client)
        for frozen in fronts_of(served):
            os.kill(frozen, signal.SIGSTOP)
        # Either it had the connection at that moment, and the server waits for it, or it had gone home.
        assert client.value(5) == "1-5"
        served.until(lambda health: health["fronts"]["fronts"] > 0)
        assert not [frozen for frozen in fronts_of(served) if " T " in Path(f"/proc/{frozen}/stat").read_text("ascii")]


def test_no_older_version_after_a_newer_one(tmp_path: Path) -> None:
    folder = project_with(tmp_path / "versions", quads_of(1), "\n[serve]\nworkers = 2\n")
    with serving(folder) as server, closing(Client(server)) as client:
        ask_until_away(server, client)
        for version in (2, 3):
            put_to_use(folder, quads_of(version), f"version{version}")
            seen = [client.value(1)]
            while seen[-1] != f"{version}-1":
                seen.append(client.value(1))
            assert sorted(seen) == seen
            served_now = [client.value(number).split("-")[0] for number in range(300)]
            assert set(served_now) == {str(version)}


def test_a_server_stops_although_fronts_have_connections(tmp_path: Path) -> None:
    with serving(project_with(tmp_path / "stopped", quads_of(1))) as server, closing(Client(server)) as client:
        ask_until_away(server, client)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0
        with pytest.raises(OSError, match=r"closed|reset|Broken"):
            client.value(1)
        assert not fronts_of(server)


def test_every_answer_of_a_front_is_in_the_log(tmp_path: Path) -> None:
    with serving(project_with(tmp_path / "logged", quads_of(1))) as server, closing(Client(server)) as client:
        ask_until_away(server, client)
        before = server.log.read_text(encoding="utf-8").count('"path":"/sparql"')
        for number in range(500):
            client.value(number)
        server.until(lambda _: server.log.read_text(encoding="utf-8").count('"path":"/sparql"') >= before + 500)
        lines = server.log.read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["status"] for line in lines if '"/sparql"' in line} == {200}


def test_fronts_that_cannot_start_are_tried_again_one_for_one(tmp_path: Path) -> None:
    async def run() -> list[int]:
        fronts = Fronts(2, (b"/sparql",), print)
        fronts.open(Version(tmp_path / "nothing", "one"), Bounds(), 1)
        starting = []
        for _ in range(8):
            await asyncio.sleep(0.5)
            starting.append(fronts.state["starting"])
        await fronts.recall()
        return [*starting, fronts.state["starting"]]

    assert asyncio.run(run()) == [2] * 8 + [0]


@given(kind=st.sampled_from([b"T", b"B"]), number=st.integers(0, 2**32 - 1), first=st.binary(), rest=st.binary())
def test_a_message_is_what_was_packed(kind: bytes, number: int, first: bytes, rest: bytes) -> None:
    assert unpacked(packed(kind, number, first, rest)) == (kind, number, first, rest)


def test_the_kernel_counts_what_went_over_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()) as ours:
        theirs, _ = door.accept()
        with theirs:
            written, read = moved(theirs)
            theirs.sendall(b"x" * 100_000)
            ours.sendall(b"y" * 500)
            while moved(theirs) != (written + 100_000, read):
                time.sleep(0.01)
            assert theirs.recv(200) == b"y" * 200
            assert moved(theirs) == (written + 100_000, read + 200)
            taken = 0
            while taken < 100_000:
                taken += len(ours.recv(65_536))
                assert moved(theirs) == (written + 100_000, read + 200)
