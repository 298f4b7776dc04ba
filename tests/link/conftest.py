"""Servers on loopback for the tests of links: one that misbehaves, and one that is real."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from citygraph.http_policy import Policy
from misbehaving import Misbehaving, misbehaving_server

EXTRACT = Path(__file__).parent / "wikidata.nt"


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    """An HTTP server that does what it is told."""
    with misbehaving_server() as told:
        yield told


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a client waited between two attempts."""
    return []


@pytest.fixture
def policy(waits: list[float]) -> Policy:
    """A policy that notes its waits instead of waiting."""
    return Policy(contact="tests@example.org", timeout=5, sleep=waits.append)


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Oxigraph server that holds an extract shaped like Wikidata."""
    program = Path(sys.executable).parent / "oxigraph"
    if not program.exists() and shutil.which("oxigraph") is None:
        pytest.skip("the Oxigraph server is not at hand: pip install oxigraph")
    place = str(tmp_path_factory.mktemp("oxigraph"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(program) if program.exists() else "oxigraph"]
    subprocess.run([*command, "load", "--location", place, "--file", str(EXTRACT)], check=True, capture_output=True)
    serve = [*command, "serve", "--location", place, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(address, timeout=1).close()  # our own server
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        yield f"{address}/query"
    finally:
        process.terminate()
        process.wait(timeout=20)
