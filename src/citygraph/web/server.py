"""The server: uvicorn with our connections, until it is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, cast

import uvicorn

from citygraph.web.app import Site
from citygraph.web.at_once import FastConnection, FastPath
from citygraph.web.refusal import BrokenAnswer

__all__ = ["run"]

_KEEP_ALIVE: Final = 15


class _Quiet(logging.Filter):
    """A broken answer is meant to break; our own log says so already."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, BrokenAnswer) and record.levelno > logging.WARNING


class _Server(uvicorn.Server):
    """A server that says where it is, and ends with success when it is asked to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; the port may be one that the machine has chosen."""
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully at SIGTERM and SIGINT; at the second one at once."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def run(site: Site, *, host: str, port: int, ready: Callable[[int], None]) -> bool:
    """Serve until SIGTERM or SIGINT; whether the site could be started.

    Args:
        site: the application.
        host: the address to listen at.
        port: the port; 0 leaves the choice to the machine.
        ready: is told the port as soon as requests are taken.
    """
    limits = site.service.limits
    logging.getLogger("uvicorn.error").addFilter(_Quiet())
    config = uvicorn.Config(
        site,
        host=host,
        port=port,
        http=cast("type[asyncio.Protocol]", partial(FastConnection, FastPath(site))),
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(limits.share.timeout) + 5,
        proxy_headers=True,
        forwarded_allow_ips=limits.trusted_proxies,
    )
    server = _Server(config, ready)
    server.run()
    return server.started
