"""SPARQL servers for the benchmarks: ours and two others, each in a process of its own on loopback."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["answer_of", "free_port", "memory_of", "ours", "peers_folder", "running"]

PEERS = ("oxigraph", "rdflib-endpoint", "uvicorn")


def peers_folder() -> Path:
    """The programs of the other servers, in an environment of their own; `CITYGRAPH_PEERS` names one that is there."""
    folder = Path(os.environ.get("CITYGRAPH_PEERS", Path(tempfile.gettempdir()) / "citygraph-peers"))
    if not (folder / "bin" / "rdflib-endpoint").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *PEERS], check=True)
    return folder / "bin"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str | Path], endpoint: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server while the block runs, from its first answer on."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([str(each) for each in command], stdout=log, stderr=log)
        try:
            while True:
                assert process.poll() is None, f"{command[0]} ended"
                with contextlib.suppress(OSError):
                    answer_of(endpoint, "ASK {}")
                    break
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def ours(folder: Path, port: int, *more: str) -> list[str]:
    """The command that serves a project."""
    return [sys.executable, "-m", "citygraph", "serve", str(folder), "--quiet", "--port", str(port), *more]


def answer_of(endpoint: str, query: str) -> tuple[bytes, str]:
    """The answer as JSON, and its ETag.

    Raises:
        OSError: there is none.
    """
    address = f"{endpoint}?{urllib.parse.urlencode({'query': query})}"
    request = urllib.request.Request(address, headers={"Accept": "application/sparql-results+json"})  # noqa: S310  # http
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        return response.read(), response.headers.get("ETag", "")


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes of memory of a process and all below it, shared pages counted once; and how many processes they are."""
    total, number = 0, 0
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        number += 1
        text = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii")
        total += 1024 * int(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:")))
        for file in Path(f"/proc/{each}/task").glob("*/children"):
            waiting += [int(child) for child in file.read_text(encoding="ascii").split()]
    return total, number
