"""An HTTP server on loopback for the length of a block, and a handler that reads whole bodies and is silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

__all__ = ["Handler", "LoopbackServer", "listening"]


class LoopbackServer(ThreadingHTTPServer):
    """A server; what its handlers need to know is an attribute of a subclass."""

    daemon_threads = True

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"


_Server = TypeVar("_Server", bound=LoopbackServer)


class Handler(BaseHTTPRequestHandler):
    """What handlers of tests share: every request, whatever its method, comes to `respond`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Respond."""
        self.respond()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815  # the names http.server calls

    def respond(self) -> None:
        """What the server of one test does."""
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server has
        """Be silent."""

    def body(self) -> bytes:
        """The body of the request, whole, however it is sent."""
        if (self.headers.get("Transfer-Encoding") or "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def answer(
        self, body: bytes, media_type: str = "", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole answer."""
        self.send_response(status)
        if media_type:
            self.send_header("Content-Type", media_type)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def listening(server: _Server) -> Iterator[_Server]:
    """The server answers until the block ends; its port is its own from the moment it is made."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
