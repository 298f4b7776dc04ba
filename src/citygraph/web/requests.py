"""What a request says, as far as more than one part of the site asks: headers, body, who is there."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from functools import lru_cache
from typing import Final

from starlette.types import Receive, Scope

from citygraph.sentences import sentence
from citygraph.web.refusal import Refusal

__all__ = ["client_of", "header", "is_loopback", "origin_of", "read_body"]

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, the values of a repeated one joined; empty when it is not there."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else b", ".join(found).decode("latin-1")


def client_of(scope: Scope) -> str:
    """Who asks, as far as limits go: the address, and of IPv6 the network that one subscriber has."""
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def is_loopback(host: str) -> bool:
    """Whether an address or a name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_of(scope: Scope) -> str:
    """Scheme, host and prefix under which the client reached this site.

    Raises:
        Refusal: the host is none.
    """
    host = header(scope, b"host")
    if not _HOST.match(host):
        raise Refusal(400, "The request names no host.", "Send the header: Host")
    scheme = "https" if scope.get("scheme") == "https" else "http"
    return f"{scheme}://{host}{scope.get('root_path', '')}"


async def read_body(scope: Scope, receive: Receive, most: int, patience: float) -> bytes:
    """The whole body of a request.

    Raises:
        Refusal: it is too long, or comes too slowly.
    """
    closing = {"Connection": "close"}
    announced = header(scope, b"content-length")
    if announced.isdigit() and int(announced) > most:
        raise Refusal(413, sentence("request.too_long", most=most), sentence("next.less_at_once"), closing)
    data = bytearray()
    try:
        async with asyncio.timeout(patience):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, sentence("request.broke_off"), "", closing)
                data += message.get("body", b"")
                if len(data) > most:
                    raise Refusal(413, sentence("request.too_long", most=most), sentence("next.less_at_once"), closing)
                if not message.get("more_body"):
                    return bytes(data)
    except TimeoutError as error:
        raise Refusal(408, sentence("request.too_slow", seconds=patience), "", closing) from error
