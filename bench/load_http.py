"""A load generator in a process of its own: `python -m bench.load_http HOST PORT CONNECTIONS SECONDS FILE`.

FILE holds the raw requests as a JSON list of texts; each connection takes them in turn. What comes out is one
line of JSON: answers, seconds, failures, and the latencies in milliseconds at 50, 95 and 99 per cent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["main"]


class _Connection(asyncio.Protocol):
    """One keep-alive connection: the next request goes out when the answer before is whole."""

    def __init__(self, requests: list[bytes], start: int, state: dict[str, Any]) -> None:
        self._requests, self._next, self._state = requests, start, state
        self._buffer = bytearray()
        self._sent = 0.0
        self._need = -1
        self._chunked = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._need, self._chunked = -1, False
        self._buffer.clear()
        self._next = (self._next + 1) % len(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._need < 0 and not self._chunked:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                self._state["failures"].append(bytes(self._buffer[:300]).decode("latin-1"))
            self._chunked = b"transfer-encoding: chunked" in head
            if not self._chunked:
                length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
                self._need = end + 4 + int(length)
        whole = self._buffer.endswith(b"0\r\n\r\n") if self._chunked else len(self._buffer) >= self._need
        if whole:
            self._state["latencies"].append(time.perf_counter() - self._sent)
            if time.perf_counter() < self._state["end"]:
                self._send()
            elif self._transport is not None:
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if time.perf_counter() < self._state["end"]:
            self._state["failures"].append(f"connection lost: {error}")
        self._state["open"] -= 1
        if not self._state["open"]:
            self._state["done"].set()


async def _run(host: str, port: int, connections: int, seconds: float, requests: list[bytes]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    state: dict[str, Any] = {
        "latencies": [], "failures": [], "end": start + seconds, "open": connections, "done": asyncio.Event()
    }  # fmt: skip
    for number in range(connections):
        await loop.create_connection(lambda number=number: _Connection(requests, number * 7, state), host, port)
    await asyncio.wait_for(state["done"].wait(), seconds + 30)
    took = time.perf_counter() - start
    latencies = sorted(state["latencies"])

    def at(share: float) -> float:
        return latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 if latencies else 0.0

    return {
        "answers": len(latencies),
        "seconds": took,
        "failures": len(state["failures"]),
        "first_failures": state["failures"][:3],
        "p50": at(0.5),
        "p95": at(0.95),
        "p99": at(0.99),
    }


def main() -> None:
    """Run as described above."""
    host, port, connections, seconds, file = sys.argv[1:6]
    requests = [text.encode() for text in json.loads(Path(file).read_text(encoding="utf-8"))]
    try:
        import uvloop  # noqa: PLC0415

        run = uvloop.run
    except ImportError:
        run = asyncio.run
    print(json.dumps(run(_run(host, int(port), int(connections), float(seconds), requests))))


if __name__ == "__main__":
    main()
