"""Hosts of their own in network namespaces of this kernel, with cables between them: processes, addresses, unplugging."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from patience import PATIENCE, wait_until

_INSTALL = "apt-get install iproute2 nginx"


@dataclass
class Host:
    """One host; `address` is its own, as the proxy sees it."""

    name: str
    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """What runs `arguments` on this host."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this host to its end."""
        return subprocess.run(
            self.command(arguments), capture_output=True, text=True, check=False, timeout=PATIENCE, cwd=self.folder
        )

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a program on this host."""
        environment = {**os.environ, "LANG": "en_GB.UTF-8"}
        with log.open("ab") as stream:
            process = subprocess.Popen(
                self.command(arguments), stdout=stream, stderr=stream, cwd=self.folder, env=environment
            )
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """End everything that runs on this host at once, as a power cut does."""
        for pid in subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, check=True).stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        for process in self.processes:
            process.wait(PATIENCE)
        self.processes.clear()


@dataclass
class Network:
    """A proxy and two hosts, each on a cable of its own to the proxy."""

    proxy: Host
    hosts: list[Host]

    def plug(self, host: Host, *, into: bool) -> None:
        """Plug the cable of a host into the proxy, or pull it out: what is sent then is lost without a word."""
        end = f"to{self.hosts.index(host)}"
        _ip("-n", self.proxy.name, "link", "set", end, "up" if into else "down")

    def proxy_address(self, host: Host) -> str:
        """The proxy as that host sees it."""
        return f"10.213.{self.hosts.index(host) + 1}.1"


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Two hosts and a proxy, gone afterwards with everything that runs on them."""
    for program in ("ip", "nginx"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: {_INSTALL}")
    stem = f"cg{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", f"{stem}p"], capture_output=True, check=False).returncode:
        pytest.skip(f"network namespaces are not permitted here: run as root, where {_INSTALL}")
    proxy = Host(f"{stem}p", "127.0.0.1", folder / "proxy")
    hosts = [Host(f"{stem}h{i}", f"10.213.{i + 1}.2", folder / f"host{i}") for i in range(2)]
    made = Network(proxy, hosts)
    try:
        _ip("-n", proxy.name, "link", "set", "lo", "up")
        for i, host in enumerate(hosts):
            _ip("netns", "add", host.name)
            _ip("-n", proxy.name, "link", "add", f"to{i}", "type", "veth", "peer", "name", "eth0", "netns", host.name)
            _ip("-n", proxy.name, "address", "add", f"10.213.{i + 1}.1/24", "dev", f"to{i}")
            _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", "eth0")
            for name, device in ((proxy.name, f"to{i}"), (host.name, "lo"), (host.name, "eth0")):
                _ip("-n", name, "link", "set", device, "up")
        for host in (proxy, *hosts):
            host.folder.mkdir(parents=True, exist_ok=True)
        yield made
    finally:
        for host in (proxy, *hosts):
            if (Path("/run/netns") / host.name).exists():
                host.kill()
                _ip("netns", "delete", host.name)


def until_it_answers(host: Host, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something on this host accepts connections."""
    probe = f"import socket; socket.create_connection(('{host.address}', {port}))"

    def accepts() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        return not host.run("python3", "-c", probe).returncode

    wait_until(accepts, f"a connection to {host.name}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True, timeout=PATIENCE)
