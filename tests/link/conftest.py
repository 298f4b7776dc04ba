"""Servers on loopback for the tests of links: one that misbehaves, and one that is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from citygraph.http_policy import Policy
from misbehaving import Misbehaving, misbehaving_server
from sparql_servers import oxigraph_server

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
    with oxigraph_server(tmp_path_factory.mktemp("oxigraph"), EXTRACT) as server:
        yield server.query
