"""The access log: one line of JSON for each answer, on stderr; no query text, no part of an address after `?`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final, TextIO

from starlette.types import Scope

from citygraph.web.requests import client_of

__all__ = ["AccessLog"]

_FLUSH_AFTER: Final = 0.2
_MOST_WAITING: Final = 64
_EVENT: Final = 2
_quoted: Final = encode_basestring
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AccessLog:
    """Lines that leave together, so that writing them costs an answer nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """A log on `stream`, else on stderr."""
        self._stream = stream or sys.stderr
        self._entries: list[tuple[Any, ...]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, scope: Scope, *, status: int, size: int, began: float) -> None:
        """One answer: `began` is what `time.perf_counter` said when the request came."""
        took = (time.perf_counter() - began) * 1000
        self._keep((time.time(), client_of(scope), scope["method"], scope["path"], status, size, took))

    def add_fast(self, client: str, path: bytes, *, status: int, size: int) -> None:
        """One answer of the fast path, which takes no time worth naming."""
        self._keep((time.time(), client, "GET", path.decode("latin-1"), status, size, 0.0))

    def say(self, event: str, **values: object) -> None:
        """Something that is not an answer: a start, an error of ours."""
        self._keep((time.time(), event, values))

    def _keep(self, entry: tuple[Any, ...]) -> None:
        self._entries.append(entry)
        if len(self._entries) >= _MOST_WAITING:
            # Thousands of lines at once would keep everybody waiting for milliseconds.
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries, self._entries = self._entries, []
        if entries:
            self._stream.write("".join(_line(*entry) for entry in entries))
            self._stream.flush()


def _line(when: float, *rest: Any) -> str:  # noqa: ANN401  # an answer, or an event with its values
    """One line: an answer by client, method, path, status, bytes and milliseconds, or an event."""
    moment = f"{_second(int(when))}.{int(when * 1000) % 1000:03}Z"
    if len(rest) == _EVENT:
        return _encode({"time": moment, "event": rest[0], **rest[1]}) + "\n"
    client, method, path, status, size, took = rest
    return (
        f'{{"time":"{moment}","client":{_quoted(client)},"method":"{method}","path":{_quoted(path)},'
        f'"status":{status},"bytes":{size},"ms":{took:.2f}}}\n'
    )


@lru_cache(maxsize=8)
def _second(when: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))
