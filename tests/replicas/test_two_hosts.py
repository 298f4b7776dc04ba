"""The recipe of docs/replicas.md on two hosts: a new version, a killed host and a pulled cable under load, no failure."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from citygraph.store import Snapshots
from citygraph.store.mirror import MirrorFolder
from conftest import ROOT
from patience import PATIENCE
from replicas.hosts import Host, Network, network, until_it_answers
from replicated import BASE, ONE, TWO, Replicas

_PORT = 8000
_SERVED = re.compile(r"^upstream=(\S+(?:, \S+)*) status=(\d+)$", re.MULTILINE)


@dataclass
class Site:
    """Two hosts that serve what the mirror holds, behind the proxy."""

    network: Network
    replicas: Replicas
    log: Path

    def pull(self, host: Host) -> str:
        """Pull on one host: the first from the folder, the second from the file server; the name of the version."""
        place = str(self.replicas.mirror.folder)
        if host is self.network.hosts[1]:
            place = f"http://{self.network.proxy_address(host)}/mirror/"
        done = host.run(sys.executable, "-m", "citygraph", "snapshot", "pull", place)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def serve(self, host: Host) -> None:
        """Start the server of one host."""
        log = host.folder / "serve.log"
        command = ("citygraph", "serve", ".", "--quiet", "--host", host.address, "--port", str(_PORT), "--workers", "2")
        process = host.start(sys.executable, "-m", *command, log=log)
        until_it_answers(host, _PORT, process, log)

    def served_by(self, start: int = 0) -> tuple[list[str], int]:
        """Who has answered since that place in the log of the proxy (a request tried twice names both), and its end."""
        text = self.log.read_bytes()[start:].decode()
        return [match[1].replace(f":{_PORT}", "") for match in _SERVED.finditer(text)], start + len(text.encode())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The first version pulled and served on both hosts, and the proxy of the recipe before them."""
    with network(tmp_path) as made:
        replicas = Replicas(Snapshots(tmp_path / "built"), MirrorFolder(tmp_path / "mirror"), Snapshots(tmp_path / "x"))
        replicas.push(ONE)
        site = Site(made, replicas, made.proxy.folder / "access.log")
        _start_proxy(made, tmp_path / "mirror")
        for host in made.hosts:
            settings = (
                f'title = "Replicated"\nbase = "{BASE}"\n[serve]\ntrusted_proxies = "{made.proxy_address(host)}"\n'
            )
            (host.folder / "graph.toml").write_text(settings, encoding="utf-8")
            assert site.pull(host) == ONE
            site.serve(host)
        yield site


def _start_proxy(made: Network, mirror: Path) -> None:
    """Nginx with the recipe word for word, but for the addresses of this network."""
    page = (ROOT / "docs" / "replicas.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^```nginx\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for written, here in [
        *((f"10.0.0.1{i + 1}:8000", f"{host.address}:{_PORT}") for i, host in enumerate(made.hosts)),
        ("/srv/mirror/", f"{mirror}/"),
    ]:
        assert recipe.count(written) == 1
        recipe = recipe.replace(written, here)
    folder = made.proxy.folder
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = (
        f"daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{\nlog_format served 'upstream=$upstream_addr status=$status';\naccess_log {folder}/access.log served;\n"
        f"{temporary}{recipe}}}\n"
    )
    (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
    log = folder / "nginx.log"
    process = made.proxy.start(
        "nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", log=log
    )
    until_it_answers(made.proxy, 80, process, log)


_CONNECTIONS = 8


class _Load:
    """The load, as it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.result: dict[str, Any] = {}

    def more(self, answers: int = 300) -> None:
        """Wait until so many more requests have been answered."""
        assert self._process.stdout is not None
        for _ in range(answers // 50):
            assert self._process.stdout.readline(), "the load has ended by itself"

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that happens under load; the runner's timeout ends a wait in vain."""
        while not condition():
            self.more(50)


@contextmanager
def _load(site: Site) -> Iterator[_Load]:
    command = site.network.proxy.command(
        [sys.executable, str(Path(__file__).with_name("load.py")), "http://127.0.0.1", str(_CONNECTIONS), str(PATIENCE)]
    )
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    load = _Load(process)
    try:
        load.more()
        yield load
        output, _ = process.communicate(timeout=PATIENCE)
        load.result = json.loads(output.splitlines()[-1])
    finally:
        process.kill()
        process.communicate()


def test_a_new_version_is_pulled_by_both_hosts_without_a_failed_request(site: Site) -> None:
    with _load(site) as load:
        site.replicas.push(TWO)
        for host in site.network.hosts:
            assert site.pull(host) == TWO
        load.more()
    assert load.result["failed"] == []
    assert load.result["versions"].keys() == {ONE, TWO, "page"}
    assert {*site.served_by()[0]} >= {host.address for host in site.network.hosts}


@pytest.mark.parametrize("loss", ["killed", "unplugged"])
def test_a_host_is_lost_under_load_and_comes_back_without_a_failed_request(loss: str, site: Site) -> None:
    lost, other = site.network.hosts
    with _load(site) as load:
        before, place = site.served_by()
        assert {*before} >= {lost.address, other.address}
        if loss == "killed":
            lost.kill()
        else:
            site.network.plug(lost, into=False)
        # The loss is felt by the proxy and by nobody else: it asks the other host for what the first did not answer.
        load.until(lambda: f"{lost.address}, {other.address}" in site.served_by(place)[0])
        load.more()
        _, place = site.served_by(place)
        if loss == "killed":
            site.serve(lost)
        else:
            site.network.plug(lost, into=True)
        load.until(lambda: lost.address in site.served_by(place)[0])
    broken_off = [each for each in load.result["failed"] if "without sending complete message body" in each]
    assert load.result["failed"] == broken_off
    # An answer of which the proxy has passed the head on cannot be asked of the other host: when the cable is pulled, or
    # the process dies, between its head and its end, it breaks off, and whoever reads it sees that.
    assert len(broken_off) <= _CONNECTIONS
    assert sum(load.result["versions"].values()) > 600
