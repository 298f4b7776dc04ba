"""A plain file server on loopback for one folder: with or without parts, and cutting or refusing when told to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loopback import Handler, LoopbackServer, listening


@dataclass
class FileServer:
    """The folder that is shown, what was asked for, and what goes wrong."""

    folder: Path
    address: str
    parts: bool = True  # whether `Range` is understood
    cut_after: int = 0  # the largest number of bytes of one answer; 0 for no limit
    first: list[int] = field(default_factory=list)  # the status of the next answers
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range


class _Server(LoopbackServer):
    told: FileServer


class _Handler(Handler):
    server: _Server

    protocol_version = "HTTP/1.0"  # an answer that is cut ends with its connection

    def respond(self) -> None:
        """One file, or a part of it."""
        told = self.server.told
        told.asked.append((self.path, self.headers.get("Range", "")))
        if told.first:
            self.send_response(told.first.pop(0))
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            return
        path = told.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        data, start = path.read_bytes(), 0
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match and told.parts:
            start = int(match[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        self.wfile.write(body[: told.cut_after] if told.cut_after else body)


@contextmanager
def showing(folder: Path) -> Iterator[FileServer]:
    """A file server for `folder`, ended with it."""
    with listening(_Server(("127.0.0.1", 0), _Handler)) as server:
        server.told = FileServer(folder, f"{server.address}/")
        yield server.told
