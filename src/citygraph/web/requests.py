"""What a request says, as far as more than one part of the site asks: headers, body, who is there."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Final

from starlette.types import Receive, Scope

from citygraph.sentences import sentence
from citygraph.web.refusal import Refusal

__all__ = [
    "PUBLIC_URL", "client_of", "has_host", "header", "is_loopback", "network_of", "no_host", "origin_of", "reached_at",
    "read_body", "trusted_by",
]  # fmt: skip

_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(
    rf"(?P<name>{_LABEL}(?:\.{_LABEL})*\.?|\[(?P<address>[0-9A-Fa-f:.]{{2,45}})\])(?::(?P<port>\d{{1,5}}))?\Z"
)
_LONGEST_HOST: Final = 253
_LAST_PORT: Final = 65_535
_IPV6: Final = 6
PUBLIC_URL: Final = "citygraph.public_url"
"""Where the site leaves its address in the scope of a request."""


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, the values of a repeated one joined; empty when it is not there."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else b", ".join(found).decode("latin-1")


def client_of(scope: Scope) -> str:
    """Who asks, as far as limits go."""
    client = scope.get("client")
    return network_of(client[0]) if client else "unknown"


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, and of IPv6 the /64 that one subscriber has (RFC 6177).

    An IPv4 address in the form of IPv6 (RFC 4291, 2.5.5.2), as a socket for both sees it, is an IPv4 address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"


def trusted_by(proxies: str) -> Callable[[str], bool]:
    """Whether an address is one of these: addresses and networks with commas between them, or `*` for all."""
    names = {each.strip() for each in proxies.split(",")}
    networks = []
    for name in names:
        with suppress(ValueError):
            networks.append(ipaddress.ip_network(name, strict=False))

    def is_trusted(address: str) -> bool:
        if "*" in names or address in names:
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return any((mapped or parsed) in network for network in networks)

    return is_trusted


def is_loopback(host: str) -> bool:
    """Whether an address or a name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_of(scope: Scope) -> str:
    """Scheme, host and prefix of this site, for addresses that go out: what graph.toml says, else what was asked.

    Raises:
        Refusal: the request names no host.
    """
    public: str = scope.get(PUBLIC_URL, "")
    return public or reached_at(scope)


def reached_at(scope: Scope) -> str:
    """Scheme, host and prefix under which the client reached this site.

    Raises:
        Refusal: the request names no host.
    """
    host = header(scope, b"host")
    if not _is_host(host):
        raise no_host()
    scheme = "https" if scope.get("scheme") == "https" else "http"
    return f"{scheme}://{host}{scope.get('root_path', '')}"


def has_host(scope: Scope) -> bool:
    """Whether the request names one host, as it must since HTTP/1.1 (RFC 9112, 3.2)."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if not hosts:
        return scope.get("http_version") == "1.0"
    return len(hosts) == 1 and _is_host(hosts[0].decode("latin-1"))


def no_host() -> Refusal:
    """The answer to a request that names none."""
    return Refusal(400, sentence("request.host"), sentence("endpoint.send_host"), {"Connection": "close"})


@lru_cache(maxsize=256)
def _is_host(text: str) -> bool:
    """Whether a text is a host with or without a port (RFC 3986, 3.2.2), by the names that servers have."""
    match = _HOST.match(text)
    if match is None or len(match["name"]) > _LONGEST_HOST or int(match["port"] or 0) > _LAST_PORT:
        return False
    if match["address"] is not None:
        with suppress(ValueError):
            return ipaddress.IPv6Address(match["address"]).version == _IPV6
        return False
    return True


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
