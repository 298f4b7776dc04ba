"""What an operator relies on: health, metrics, other settings while it runs, names, an end in time; and the fence."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from citygraph import Project
from citygraph.store import landlock, seccomp, worker
from citygraph.store.process import Child
from citygraph.store.protocol import DATA, Bounds, Frames, Question, frame
from citygraph.web.app import Site, create_site
from citygraph.web.server import Serving
from citygraph.web.status import Metrics
from conftest import ROOT
from patience import PATIENCE, until, wait_until
from web.conftest import SHORT, Server, project_with, serving
from web.test_workers import FOREVER, quads_of

OURS = {"Host": "graph.example.org"}
PROXIED = OURS | {"X-Forwarded-For": "192.0.2.7"}


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = project_with(
        tmp_path_factory.mktemp("operated") / "graph", quads_of(1), SHORT + 'hosts = ["Graph.example.org"]\n'
    )
    with serving(folder, "--workers", "2") as server:
        yield server


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, as Prometheus reads them."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for each in family.samples:
            found[each.name, *each.labels.values()] = each.value
    return found


def test_figures_are_read_by_prometheus_and_add_up() -> None:
    metrics = Metrics()
    for seconds in (0.0, 0.001, 0.02, 40.0):
        metrics.answered("/sparql", 200, seconds)
    metrics.answered("/city/oslo\n", 404, 0.3)
    metrics.refused('limit."time"\\')
    found = samples("\n".join(metrics.lines()) + "\n")
    assert found["citygraph_requests_total", "sparql", "200"] == 4
    assert found["citygraph_requests_total", "page", "404"] == 1
    assert found["citygraph_refusals_total", 'limit."time"\\'] == 1
    assert found["citygraph_request_seconds_bucket", "sparql", "0.001"] == 2
    assert found["citygraph_request_seconds_bucket", "sparql", "30.0"] == 3
    assert (
        found["citygraph_request_seconds_bucket", "sparql", "+Inf"]
        == found["citygraph_request_seconds_count", "sparql"]
        == 4
    )
    assert found["citygraph_request_seconds_sum", "sparql"] == pytest.approx(40.021)


def test_health_and_metrics_tell_the_state(operated: Server) -> None:
    health = operated.health()
    assert health["files_differ"] is None, "there are no files here, only a version"
    assert health["age_seconds"] >= 0
    assert health["built_at"].endswith("+00:00")
    assert health["last_build"] is None
    assert ("root" in health["warnings"]) is (os.geteuid() == 0)
    assert health["pool"]["confined"] is (landlock.version() > 0)
    operated.get("/sparql", params={"query": "ASK {"}, headers=OURS)
    answer = operated.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    assert found["citygraph_refusals_total", "query.too_early"] >= 1
    assert found["citygraph_requests_total", "sparql", "400"] >= 1
    assert found["citygraph_workers", "idle"] + found["citygraph_workers", "busy"] == 2
    assert found["citygraph_version_age_seconds",] >= 0


@pytest.mark.parametrize("claimed", ["192.0.2.7", "127.0.0.1", "::1"])
def test_metrics_are_for_this_machine_alone_whatever_a_header_claims(operated: Server, claimed: str) -> None:
    refused = operated.get("/metrics", headers=OURS | {"X-Forwarded-For": claimed})
    assert (refused.status_code, refused.json()["code"]) == (403, "request.metrics")


def test_only_hosts_that_are_ours_are_answered(operated: Server) -> None:
    for host in ("graph.example.org", "GRAPH.example.org.:8000"):
        assert operated.get("/sparql", params={"query": "ASK {}"}, headers={"Host": host}).status_code == 200, host
    for path in ("/", "/sparql?query=ASK%20%7B%7D", "/queries"):
        refused = operated.get(path, headers={"Host": "evil.example"})
        assert (refused.status_code, refused.json()["code"]) == (421, "request.other_host"), path
    assert "any_host" not in operated.health()["warnings"]


def test_headers_have_64_kilobytes_and_an_address_more(operated: Server) -> None:
    head = b"GET /health?%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n"
    assert operated.raw(head % (b"a" * 60_000, b"")).startswith(b"HTTP/1.1 200")
    for headers in (b"X: %b\r\n" % (b"x" * 66_000), b"".join(b"X-%d: %b\r\n" % (n, b"x" * 900) for n in range(80))):
        assert operated.raw(head % (b"", headers)).startswith(b"HTTP/1.1 431")
    with socket.create_connection(("127.0.0.1", operated.port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 30_000)
        wait_until(lambda: operated.get("/health").is_success, "that the first part is read")
        connection.sendall(b"x" * 70_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


def test_settings_are_read_again_and_wrong_ones_leave_everything_as_it_was(operated: Server) -> None:
    settings = operated.folder / "graph.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + "no_such_key = 1\n", encoding="utf-8")
    operated.process.send_signal(signal.SIGHUP)
    wait_until(lambda: '"event":"reload-failed"' in operated.log.read_text(encoding="utf-8"), "that it is told")
    assert operated.get("/", headers={"Host": "other.example"}).status_code == 421
    settings.write_text(before.replace("Graph.example.org", "other.example"), encoding="utf-8")
    operated.process.send_signal(signal.SIGHUP)
    wait_until(lambda: operated.get("/", headers={"Host": "other.example"}).status_code == 200, "the new settings")
    assert operated.ask("ASK {}").status_code == 421
    settings.write_text(before.replace('hosts = ["Graph.example.org"]', ""), encoding="utf-8")
    operated.process.send_signal(signal.SIGHUP)
    wait_until(operated.answers, "settings without hosts")
    assert "any_host" not in operated.health()["warnings"]
    operated.get("/", headers=PROXIED)
    assert "any_host" in operated.health()["warnings"]
    assert samples(operated.get("/metrics").text)["citygraph_requests_total", "status", "200"] > 2


@pytest.mark.slow
def test_of_a_site_whose_settings_were_read_again_nothing_is_kept(tmp_path: Path) -> None:
    folder = project_with(tmp_path / "again", quads_of(1))
    made: list[weakref.ref[Site]] = []

    def again() -> Site:
        site = create_site(Project.open(folder), workers=1)
        made.append(weakref.ref(site))
        return site

    async def run() -> tuple[list[bool], str]:
        serving, events, told = Serving(again(), again), asyncio.Queue[Message](), list[str]()

        async def send(message: Message) -> None:
            told.append(message["type"])

        alive = asyncio.create_task(serving({"type": "lifespan"}, events.get, send))
        await events.put({"type": "lifespan.startup"})
        await until(lambda: told, "the start")
        for count in (2, 3):
            serving.reload()
            await until(lambda count=count: len(made) == count and serving.site is made[-1](), "another site")  # type: ignore[misc]
            await until(lambda: gc.collect() >= 0 and made[-2]() is None, "that the site before is gone")
        await events.put({"type": "lifespan.shutdown"})
        await alive
        return [each() is None for each in made], told[-1]

    assert asyncio.run(run()) == ([True, True, False], "lifespan.shutdown.complete")


def test_it_ends_within_its_time_and_without_a_traceback(tmp_path: Path) -> None:
    settings = f"[limits]\ntimeout = {PATIENCE:g}\n[serve]\nstopping = 4\n"
    with (
        serving(project_with(tmp_path / "ended", quads_of(1), settings), "--workers", "2") as server,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(server.ask, FOREVER)
        server.until(lambda health: health["pool"]["idle"] == 1)
        server.process.send_signal(signal.SIGTERM)
        # The query that is being answered has all of it.
        assert server.process.wait(PATIENCE / 2) == 0
        assert asked.exception() is not None or asked.result().status_code >= 500
        log = server.log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        assert '"event":"stop"' in log


# -- the recipes of docs/deploy.md --------------------------------------------------------------------


def recipes(language: str) -> list[str]:
    """The blocks of that language in the page."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def proxied(operated: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, Path]]:
    """Both recipes in one nginx: the port of the server, that of the folder, and where its logs are."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not here: apt-get install nginx")
    folder = tmp_path_factory.mktemp("nginx")
    for name in ("city/oslo.ttl", "city/oslo.jsonld", "data/graph.rdf", "en/city/oslo/index.html", ".git/config"):
        (folder / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "site" / name).write_text("# a line\n" * 300, encoding="utf-8")
    (folder / "logs").mkdir()
    with socket.socket() as one, socket.socket() as other:
        ports = []
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
            ports.append(each.getsockname()[1])
    server, published = recipes("nginx")
    server = server.replace("127.0.0.1:8000", f"127.0.0.1:{operated.port}").replace(
        "listen 80", f"listen 127.0.0.1:{ports[0]}"
    )
    published = published.replace("/srv/graph", f"{folder}/site").replace("listen 80", f"listen 127.0.0.1:{ports[1]}")
    user = "user root; " if os.geteuid() == 0 else ""
    text = (
        f"daemon off; {user}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{server}{published}}}\n"
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    try:

        def answers() -> bool:
            assert process.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
            with socket.socket() as tried:
                return tried.connect_ex(("127.0.0.1", ports[1])) == 0

        wait_until(answers, "nginx")
        yield ports[0], ports[1], folder
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_recipe_for_the_server_says_who_asks_and_keeps_the_figures(
    operated: Server, proxied: tuple[int, int, Path]
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxied[0]}", headers=OURS, trust_env=False) as http:
        assert http.get("/sparql", params={"query": "ASK { FILTER(1 < 2) }"}).json()["boolean"] is True
        assert http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert '"client":"127.0.0.1"' in operated.log.read_text(encoding="utf-8")
    log = (proxied[2] / "logs" / "graph.log").read_text(encoding="utf-8")
    assert '"GET /sparql" 200' in log
    assert "FILTER" not in log


def test_the_recipe_for_a_folder_gives_types_and_leads_on(proxied: tuple[int, int, Path]) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxied[1]}", trust_env=False) as http:
        for path, type_ in {
            "/city/oslo.ttl": "text/turtle; charset=utf-8", "/city/oslo.jsonld": "application/ld+json",
            "/data/graph.rdf": "application/rdf+xml", "/en/city/oslo/": "text/html; charset=utf-8",
        }.items():  # fmt: skip
            answer = http.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, type_), path
            assert (answer.headers["access-control-allow-origin"], answer.headers["content-encoding"]) == ("*", "gzip")
        for accept, place in {
            "text/html": "en/city/oslo/",
            "text/turtle": "city/oslo.ttl",
            "application/ld+json": "city/oslo.jsonld",
        }.items():
            answer = http.get("/id/oslo", headers={"Accept": accept})
            assert (answer.status_code, answer.headers["location"]) == (303, f"http://127.0.0.1:{proxied[1]}/{place}")
            assert answer.headers["access-control-allow-origin"] == "*"
        assert {http.get(path).status_code for path in ("/id/none", "/.git/config")} == {404}
    assert '"GET /id/oslo" 303' in (proxied[2] / "logs" / "folder.log").read_text(encoding="utf-8")


def test_the_unit_is_as_closed_as_it_says(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    (unit,) = recipes("ini")
    (tmp_path / "citygraph.service").write_text(unit, encoding="utf-8")
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--threshold=15",
        "--no-pager",
        str(tmp_path / "citygraph.service"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    assert "ExecStartPre=-" in unit, "a build that fails leaves the last good version"


# -- the fence ----------------------------------------------------------------------------------------


def _tries(settings: str) -> dict[str, str]:
    """What a worker that somebody has taken over would try, and what comes of it."""
    found = {}
    tried: dict[str, Callable[[], object]] = {
        "passwd": lambda: Path("/etc/passwd").read_text(encoding="utf-8"),
        "settings": lambda: Path(settings).read_text(encoding="utf-8"),
        "folder": lambda: list(Path("/").iterdir()),
        "write": lambda: Path(settings).with_name("new").write_text("x", encoding="utf-8"),
        "environment": lambda: Path("/proc/self/environ").read_bytes(),
        "parent": lambda: os.kill(os.getppid(), 0),
        "everybody": lambda: os.kill(-1, 0),
        "group": lambda: os.kill(0, 0),
        "itself": lambda: os.kill(os.getpid(), 0),
        "socket": socket.socket,
    }
    for name, action in tried.items():
        try:
            action()
            found[name] = "done"
        except OSError as error:
            found[name] = type(error).__name__
    found["secrets"] = ",".join(name for name in os.environ if "SECRET" in name)
    return found


def taken_over(pipe: socket.socket, folder: str) -> None:
    """A worker whose answers are those of somebody who runs code in it."""

    def answer(_store: object, question: Question, _pipe: socket.socket, *_: object) -> None:
        _pipe.sendall(frame(DATA, json.dumps(_tries(question.text)).encode()))

    worker.answer = answer  # type: ignore[assignment]  # what another program would do
    worker.main(pipe, folder, Bounds(), fenced=True)


@pytest.mark.slow
def test_a_worker_that_is_taken_over_opens_nothing_signals_nobody_and_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "geheim")
    folder = project_with(tmp_path / "fenced", quads_of(1))
    child = Child(taken_over, str((folder / "build" / "current").resolve()))
    child.start()
    try:
        child.pipe.settimeout(PATIENCE)
        child.pipe.sendall(Question(str(folder / "graph.toml")).to_bytes())
        frames, contents = Frames(), list[bytes]()
        while len(contents) < 2:
            data = child.pipe.recv(65_536)
            assert data, "the worker has ended"
            contents += [content for _, content in frames.feed(data)]
    finally:
        child.kill()
        child.pipe.close()
    said, found = map(json.loads, contents)
    assert found["secrets"] == ""
    assert os.environ["A_SECRET"]
    if not said["fenced"]:
        assert not seccomp.is_possible()
        pytest.skip("this kernel has no seccomp")
    assert {found[each] for each in ("parent", "everybody", "group", "socket")} == {"PermissionError"}
    assert found["itself"] == "done", "how a library ends its process"
    if not said["confined"]:
        assert not landlock.version()
        pytest.skip("this kernel has no Landlock: a worker opens what its user may")
    tried = ("passwd", "settings", "folder", "write", "environment")
    assert {each: found[each] for each in tried} == dict.fromkeys(tried, "PermissionError")
