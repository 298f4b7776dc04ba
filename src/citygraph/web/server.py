"""The server: uvicorn with our connections, until it is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator
from functools import partial
from typing import Final, cast

import uvicorn

from citygraph.web.app import Site
from citygraph.web.at_once import Swift, SwiftDoors
from citygraph.web.refusal import BrokenAnswer

__all__ = ["run"]

_KEEP_ALIVE: Final = 15


class _Quiet(logging.Filter):
    """A broken answer is meant to break; our own log says so already."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, BrokenAnswer) and record.levelno > logging.WARNING


class _Server(uvicorn.Server):
    """A server that ends with success when it is asked to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully at SIGTERM and SIGINT; at the second one at once."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def run(site: Site, *, host: str, port: int) -> bool:
    """Serve until SIGTERM or SIGINT; whether the site could be started."""
    limits = site.service.limits
    logging.getLogger("uvicorn.error").addFilter(_Quiet())
    config = uvicorn.Config(
        site,
        host=host,
        port=port,
        http=cast("type[asyncio.Protocol]", partial(Swift, SwiftDoors(site))),
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
    server = _Server(config)
    server.run()
    return server.started
