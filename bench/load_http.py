"""A load generator in a process of its own: `python -m bench.load_http HOST PORT CONNECTIONS SECONDS FILE`.

FILE holds the raw requests as a JSON list of texts; each connection takes them in turn. What comes out is one
line of JSON: answers, seconds, failures, and the latencies in milliseconds at 50, 95 and 99 per cent.

It shares the machine with the server that it measures, so it does as little as it can for each answer.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

__all__ = ["main"]

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_GOOD: Final = b"HTTP/1.1 200"
_PATIENCE: Final = 30.0


class _Connection:
    """One keep-alive connection: the next request goes out when the answer before is whole."""

    def __init__(self, address: tuple[str, int], requests: list[bytes], start: int) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests, self._next = requests, start
        self._data = b""
        self.sent = 0.0

    def send(self) -> None:
        """Ask the next question."""
        self._next = (self._next + 1) % len(self._requests)
        self._data = b""
        self.sent = time.perf_counter()
        self.socket.sendall(self._requests[self._next])

    def receive(self) -> bytes | None:
        """The answer, when it is whole.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        piece = self.socket.recv(32_768)
        if not piece:
            message = "connection lost"
            raise ConnectionError(message)
        data = self._data = self._data + piece if self._data else piece
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return None
        length = _LENGTH.search(data, 0, end)
        if length is not None:
            return data if len(data) >= end + int(length[1]) else None
        return data if _CHUNKED.search(data, 0, end) and data.endswith(b"0\r\n\r\n") else None


def _run(address: tuple[str, int], connections: int, seconds: float, requests: list[bytes]) -> dict[str, Any]:
    poll, open_connections = select.epoll(), dict[int, _Connection]()
    latencies: list[float] = []
    failures: list[str] = []
    start = time.perf_counter()
    end = start + seconds
    for number in range(connections):
        connection = _Connection(address, requests, number * 7)
        open_connections[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
        connection.send()
    while open_connections and time.perf_counter() < end + _PATIENCE:
        for file, _ in poll.poll(1.0):
            connection = open_connections[file]
            try:
                answer = connection.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                latencies.append(now - connection.sent)
                if not answer.startswith(_GOOD):
                    failures.append(answer[:300].decode("latin-1"))
                if now < end:
                    connection.send()
                    continue
            except OSError as error:
                failures.append(f"{error}")
            poll.unregister(file)
            open_connections.pop(file).socket.close()
    failures += ["no answer"] * len(open_connections)
    took = time.perf_counter() - start
    latencies.sort()

    def at(share: float) -> float:
        return latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 if latencies else 0.0

    return {
        "answers": len(latencies),
        "seconds": took,
        "failures": len(failures),
        "first_failures": failures[:3],
        "p50": at(0.5),
        "p95": at(0.95),
        "p99": at(0.99),
    }


def main() -> None:
    """Run as described above."""
    host, port, connections, seconds, file = sys.argv[1:6]
    requests = [text.encode() for text in json.loads(Path(file).read_text(encoding="utf-8"))]
    print(json.dumps(_run((host, int(port)), int(connections), float(seconds), requests)))


if __name__ == "__main__":
    main()
