"""The access log: one line of JSON for each answer, on stderr; no query text, no part of an address after `?`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import Final, TextIO

from starlette.types import Scope

from citygraph.web.requests import client_of

__all__ = ["AccessLog"]

_FLUSH_AFTER: Final = 0.2
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AccessLog:
    """Lines that leave together, so that writing them costs an answer nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """A log on `stream`, else on stderr."""
        self._stream = stream or sys.stderr
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, scope: Scope, *, status: int, size: int, began: float) -> None:
        """One answer: `began` is what `time.perf_counter` said when the request came."""
        self._write({
            "time": datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
            "client": client_of(scope),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "bytes": size,
            "ms": round((time.perf_counter() - began) * 1000, 2),
        })  # fmt: skip

    def say(self, event: str, **values: object) -> None:
        """Something that is not an answer: a start, an error of ours."""
        self._write({"time": datetime.now(tz=UTC).isoformat(timespec="milliseconds"), "event": event, **values})

    def _write(self, line: dict[str, object]) -> None:
        self._lines.append(_encode(line))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        self._timer = None
        if self._lines:
            text = "\n".join(self._lines) + "\n"
            self._lines.clear()
            self._stream.write(text)
            self._stream.flush()
