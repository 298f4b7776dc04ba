"""Versions pulled from a plain file server: gone on with, bounded, and no other address asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citygraph.errors import SnapshotError
from citygraph.http import Policy
from citygraph.store.mirror import MirrorAddress
from file_server import FileServer, showing
from replicated import ONE, TWO, Replicas, in_old_layout, sealed


@pytest.fixture
def server(replicas: Replicas) -> Iterator[FileServer]:
    """The mirror, with one version in it, shown on loopback."""
    replicas.push(size=5_000)
    with showing(replicas.mirror.folder) as shown:
        yield shown


def _at(server: FileServer, *, attempts: int = 4, timeout: float = 60) -> MirrorAddress:
    policy = Policy(contact="", attempts=attempts, timeout=timeout, first_wait=0.01, sleep=lambda _: None)
    return MirrorAddress(server.address.removesuffix("/"), policy=policy)


def test_a_version_is_pulled_from_a_file_server(replicas: Replicas, server: FileServer) -> None:
    sent = replicas.pull(_at(server))
    assert sent.moved_bytes == sent.size == replicas.archive().stat().st_size
    assert replicas.in_use() == ONE
    current = replicas.served.current()
    assert current is not None
    assert len(list(current.quads())) == 5_000


@pytest.mark.parametrize("parts", [True, False])
def test_a_cut_answer_is_gone_on_with(parts: bool, replicas: Replicas, server: FileServer) -> None:  # noqa: FBT001  # a case
    size = replicas.archive().stat().st_size
    server.parts, server.cut_after = parts, size // 2 + 1
    if parts:
        replicas.pull(_at(server))
        assert any(part for _, part in server.asked)
        assert replicas.in_use() == ONE
        return
    # Without parts nothing larger than the cut ever comes through, and what was begun is used when it does.
    with pytest.raises(SnapshotError, match="does not answer now"):
        replicas.pull(_at(server))
    server.cut_after = 0
    replicas.pull(_at(server))
    assert replicas.in_use() == ONE


def test_an_interrupted_pull_asks_only_for_the_rest(replicas: Replicas, server: FileServer) -> None:
    size = replicas.archive().stat().st_size
    server.cut_after = size - 1
    with pytest.raises(SnapshotError, match="does not answer now"):
        replicas.pull(_at(server, attempts=1))
    asked = len(server.asked)
    server.cut_after = 0
    replicas.pull(_at(server, attempts=1))
    index, archive = server.asked[asked:]
    assert index == ("/index.json", "")
    assert archive == (f"/{ONE}.tar", f"bytes={size - 1}-")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int, replicas: Replicas, server: FileServer) -> None:
    server.first = [status, status]
    replicas.pull(_at(server))
    assert replicas.in_use() == ONE


@pytest.mark.parametrize(
    ("first", "headers", "says"),
    [
        ([302], {"Location": "http://elsewhere.example/"}, "leads elsewhere"),
        ([404], {}, "is not there"),
        ([403], {}, "the server answers 403"),
        ([503] * 9, {}, "does not answer now .*: it answers 503"),
        ([], {"Content-Encoding": "gzip"}, "comes packed with 'gzip'"),
        ([206], {}, "the server answers 206"),
    ],
)
def test_an_answer_that_is_no_file_is_refused(
    first: list[int], headers: dict[str, str], says: str, replicas: Replicas, server: FileServer
) -> None:
    server.first, server.headers = first, headers
    with pytest.raises(SnapshotError, match=says):
        replicas.pull(_at(server))
    assert replicas.in_use() == ""


def _turn_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def _lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize(
    ("harm", "says"),
    [(_turn_a_byte, "is damaged: its hash"), (_lengthen, "has more than"), (Path.unlink, "is not there")],
)
def test_a_damaged_file_on_the_server_is_named_and_the_version_in_use_stays(
    harm: Callable[[Path], object], says: str, replicas: Replicas, server: FileServer
) -> None:
    replicas.pull(_at(server))
    replicas.push(TWO)
    path = replicas.archive(TWO)
    harm(path)
    with pytest.raises(SnapshotError, match=says) as raised:
        replicas.pull(_at(server))
    assert f"{server.address}{path.name}" in raised.value.message
    assert replicas.in_use() == ONE


def test_a_version_in_the_older_layout_is_pulled_from_a_file_server(replicas: Replicas, server: FileServer) -> None:
    in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, TWO))
    replicas.pull(_at(server))
    assert replicas.in_use() == TWO


def test_a_server_that_is_not_there_is_said_so(replicas: Replicas, server: FileServer) -> None:
    address = MirrorAddress("http://127.0.0.1:1/", policy=Policy(contact="", attempts=2, sleep=lambda _: None))
    with pytest.raises(SnapshotError, match="does not answer now"):
        replicas.pull(address)
    del server


@pytest.mark.parametrize(
    "address",
    ["http://", "ftp://example.org/", "https://a b/", "https://[", "https://example.org/?x", "https://example.org/#x"],
)
def test_what_is_no_address_of_a_file_server_is_refused(address: str) -> None:
    with pytest.raises(SnapshotError, match=r"is no address of a file server|may have no name"):
        MirrorAddress(address)
