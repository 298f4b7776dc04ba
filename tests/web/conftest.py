"""A real server, started by the tests on loopback: one for each module, with limits that the module sets."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from citygraph.rdf import Iri, Quad
from citygraph.store import Manifest, SnapshotBuilder, Snapshots
from patience import PATIENCE, wait_until

BASE = "https://example.org/served/"


def limits(*, timeout: float = PATIENCE, patience: float = PATIENCE) -> str:
    """Limits for graph.toml: small, but in time, which a machine that does much else has less of."""
    return f"""
[limits]
timeout = {timeout:g}
rows    = 20000
bytes   = 5_000_000
memory  = 400_000_000
query_size = 20_000

[serve]
patience   = {patience:g}
per_client = 8
"""


SHORT = limits(timeout=2, patience=2)
"""For what must be ended; whatever else is asked there is asked with patience."""
_OUT_OF_TIME = ("busy.", "limit.time", "limit.answer_time")


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, *, client: str = "", **arguments: Any) -> httpx.Response:  # noqa: ANN401  # what httpx takes
        """One request; `client` is who asks, as a proxy on this machine would say it."""
        headers = dict(arguments.pop("headers", {}))
        if client:
            headers["X-Forwarded-For"] = client
        with httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False) as http:
            return http.request(method, path, headers=headers, **arguments)

    def get(self, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """One GET."""
        return self.request("GET", path, **arguments)

    def ask(self, query: str, *, client: str = "", accept: str = "", **parameters: Any) -> httpx.Response:  # noqa: ANN401
        """One query by GET."""
        headers = {"Accept": accept} if accept else {}
        return self.get("/sparql", params={"query": query, **parameters}, headers=headers, client=client)

    def post(self, query: str, *, client: str = "") -> httpx.Response:
        """One query as the body of a POST, for texts that no address should carry."""
        headers = {"Content-Type": "application/sparql-query"}
        return self.request("POST", "/sparql", content=query.encode(), headers=headers, client=client)

    def answers(self, *, client: str = "") -> bool:
        """Whether a small query is answered; each one is another text, so that no cache answers for the workers."""

        def answer() -> httpx.Response:
            return self.ask(f"ASK {{ FILTER(1 < {time.monotonic_ns()}) }}", client=client)

        return bool(self.patiently(answer).json().get("boolean"))

    def patiently(self, asked: str | Callable[[], httpx.Response], **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """The answer to a GET, or to another request, as soon as it is none that speaks of too little time."""
        found: list[httpx.Response] = []

        def is_answered() -> bool:
            found[:] = [asked() if callable(asked) else self.get(asked, **arguments)]
            return not is_out_of_time(found[0])

        wait_until(is_answered, f"an answer to {asked}")
        return found[0]

    def health(self) -> dict[str, Any]:
        """What `/health` says."""
        return dict(self.get("/health").json())

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the health is as it should be."""
        found: list[dict[str, Any]] = []

        def is_so() -> bool:
            found.append(self.health())
            return condition(found[-1])

        wait_until(is_so, "the health that the server should have")
        return found[-1]

    def raw(self, data: bytes, *, shut: bool = False) -> bytes:
        """Bytes as they are, and everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(data)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received


def is_out_of_time(answer: httpx.Response) -> bool:
    """Whether an answer says that there was not time enough, or no room just now; pages say it in words."""
    if answer.status_code != 503:
        return False
    is_json = answer.headers["content-type"].startswith("application/json")
    return answer.json()["code"].startswith(_OUT_OF_TIME) if is_json else "Retry-After" in answer.headers


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Server]:
    """A server for the project in `folder`, ended with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "serve.log"
    command = [sys.executable, "-m", "citygraph", "serve", str(folder), "--port", str(port), "--quiet", *arguments]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, "LANG": "en_GB.UTF-8"})
    server = Server(folder, port, process, log)
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            try:
                return bool(server.health())
            except httpx.TransportError:
                return False

        wait_until(answers, "an answer of the server")
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def project_with(folder: Path, quads: Sequence[Quad], settings: str = "") -> Path:
    """A project folder whose version in use holds these quads, whatever they are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graph.toml").write_text(f'title = "Served"\nbase = "{BASE}"\n{settings}', encoding="utf-8")
    put_to_use(folder, quads, "0000000000000001")
    return folder


def put_to_use(folder: Path, quads: Sequence[Quad], name: str) -> None:
    """Another version of the graph, in use as `citygraph build` would put it."""
    graphs = sorted({quad.graph_name.value for quad in quads if isinstance(quad.graph_name, Iri)})
    manifest = Manifest(
        snapshot_id=name, citygraph_version="0", base=BASE, as_of="2020-11-05", engine="columnar", files={},
        asserted_graphs=graphs, inferred_graph=f"{BASE}graph/inferred/2020-11-05", counts={"asserted": len(quads), "inferred": 0},
    )  # fmt: skip
    snapshots = Snapshots(folder / "build")
    with SnapshotBuilder(folder / "build") as builder:
        snapshots.use(builder.seal(manifest, asserted=quads, inferred=[], findings=[], replace=True))


def settled(built: Path, folder: Path, settings: str) -> Path:
    """A built project in another folder, with more settings."""
    shutil.copytree(built, folder, symlinks=True)
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write(settings)
    return folder


@pytest.fixture(scope="module")
def settings() -> str:
    """What stands in graph.toml beside the reference graph's own settings; a module may say otherwise."""
    return limits()


@pytest.fixture(scope="module")
def server(built_folder: Path, tmp_path_factory: pytest.TempPathFactory, settings: str) -> Iterator[Server]:
    """Our own graph, served with those limits."""
    with serving(settled(built_folder, tmp_path_factory.mktemp("served") / "graph", settings)) as started:
        yield started


@pytest.fixture(scope="module")
def short_server(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our own graph, served with little time for anything."""
    with serving(settled(built_folder, tmp_path_factory.mktemp("short") / "graph", SHORT)) as started:
        yield started
