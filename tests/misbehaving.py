"""An HTTP server on loopback that does what it is told: refuse, drip, cut, pack, redirect, pretend."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from loopback import Handler, LoopbackServer, listening

SPARQL_JSON = "application/sparql-results+json"


@dataclass
class Answer:
    """One answer: what is sent, and how badly."""

    body: bytes = b""
    status: int = 200
    type: str = SPARQL_JSON
    headers: dict[str, str] = field(default_factory=dict)
    packed: bool = False
    announce: int | None = None  # a Content-Length that is not true
    drip: float = 0.0  # seconds between two bytes
    drip_headers: bool = False


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Misbehaving:
    """What the server will answer, in this order (the last one again and again), and what it was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.lock = threading.Lock()

    def will(self, *answers: Answer) -> None:
        """Answer so from now on."""
        self.answers = list(answers)

    def next(self) -> Answer:
        """What comes next."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def rows(*values: str) -> bytes:
    """A SPARQL result with the column `x`."""
    bindings = [{"x": {"type": "literal", "value": value}} for value in values]
    return json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": bindings}}).encode()


class _Server(LoopbackServer):
    told: Misbehaving


class _Handler(Handler):
    server: _Server

    def respond(self) -> None:
        """Answer as told."""
        body = self.body()
        with self.server.told.lock:
            self.server.told.asked.append(
                Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            answer = self.server.told.next()
        send(self, answer)


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Send `answer` as badly as it says; a client that has gone away is no error."""
    try:
        _send(handler, answer)
    except OSError:
        handler.close_connection = True


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    body = gzip.compress(answer.body) if answer.packed else answer.body
    if answer.drip_headers:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(400):
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(answer.drip)
        return
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.type)
    handler.send_header("Content-Length", str(len(body) if answer.announce is None else answer.announce))
    if answer.packed:
        handler.send_header("Content-Encoding", "gzip")
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if not answer.drip:
        handler.wfile.write(body)
    for number in range(len(body) if answer.drip else 0):
        handler.wfile.write(body[number : number + 1])
        handler.wfile.flush()
        time.sleep(answer.drip)
    if answer.announce is not None:
        handler.close_connection = True


@contextmanager
def misbehaving_server() -> Iterator[Misbehaving]:
    """The server, until the block ends."""
    with listening(_Server(("127.0.0.1", 0), _Handler)) as server:
        server.told = Misbehaving(f"{server.address}/sparql")
        yield server.told
