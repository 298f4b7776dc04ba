"""The site asked in this process, without a port: what a browser would get, address by address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import unquote

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp, Message

from citygraph.project import Project
from citygraph.web.app import create_site

__all__ = ["ORIGIN", "Answer", "Asker", "asking"]

# RFC 2606: nobody is called so, and every address of ours in the pages is known by it.
_HOST: Final = "citygraph.invalid"
ORIGIN: Final = f"http://{_HOST}"
"""What the absolute addresses of the site begin with while it is being written."""


_COME_AGAIN: Final = 503
_PAUSE: Final = 0.2
_ASKERS: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type and body of one answer."""

    status: int
    media_type: str
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200  # noqa: PLR2004  # OK


class Asker:
    """Asks the site for addresses: one and its answer, or several that are answered beside each other."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        """An asker of an application that has been started."""
        self._app, self._portal = app, portal
        self._numbers = count()

    def ahead(self, address: str) -> Future[Answer]:
        """Ask for an address whose answer is wanted later."""
        return self._portal.start_task_soon(self._get, address)

    def answer_of(self, asked: Future[Answer], address: str, *, patience: float = 0.0) -> Answer:
        """The answer to what was asked ahead; one that says "come again" is asked for once more, as by `get`."""
        answer = asked.result()
        return self.get(address, patience=patience) if answer.status == _COME_AGAIN else answer

    def get(self, address: str, *, patience: float = 0.0) -> Answer:
        """The answer to a GET of a path with its parameters.

        Args:
            address: the path with its parameters.
            patience: seconds for which an answer that says "come again" is asked for once more.
        """
        until = time.monotonic() + patience
        while True:
            answer = self._portal.call(self._get, address)
            if answer.status != _COME_AGAIN or time.monotonic() >= until:
                return answer
            time.sleep(_PAUSE)

    async def _get(self, address: str) -> Answer:
        path, _, query = address.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", _HOST.encode()), (b"accept", b"*/*")],
            # Each is an asker of its own, so that none waits for the turn of another.
            "client": (f"127.0.0.{1 + next(self._numbers) % _ASKERS}", 0),
            "server": (_HOST, 80),
            # The pages leave out what needs a server. Nobody can say this from outside.
            "citygraph.static": True,
        }
        status, headers, body = 500, {}, bytearray()

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.lower(): value for name, value in message.get("headers", ())}
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        return Answer(status, headers.get(b"content-type", b"").decode("latin-1"), bytes(body))


@contextmanager
def asking(project: Project) -> Iterator[Asker]:
    """The site of a built project, started for as long as it is asked.

    Raises:
        SnapshotError: the project is not built.
    """
    site = create_site(project, workers=1)
    with start_blocking_portal() as portal:
        portal.call(site.service.start)
        try:
            # Past the access log: nobody visits.
            yield Asker(site.app, portal)
        finally:
            portal.call(site.service.stop)
