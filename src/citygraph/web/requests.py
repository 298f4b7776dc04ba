"""Requests and refusals: what a request says of itself, and what is said instead of the answer that was asked for.

In this order: who asks, under which host, with which body; then `Refusal`, whose body is the one error body of the site,
`{"ok": false, "error", "errors", "status", "code"}`: the sentences are in the language asked for, `code` is the same in
all. Last come the headers that every answer of the site carries.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citygraph.errors import CitygraphError, QueryError, SnapshotError
from citygraph.messages import DEFAULT_LANGUAGE, key_of, said_in, sentence
from citygraph.store.protocol import NotAcceptable
from citygraph.web.pages.i18n import choose_language

# -- who asks -----------------------------------------------------------------------------------------

REFUSED: Final = "citygraph.refused"
"""Where a refusal leaves its code in the scope of a request, for the figures of the operator."""
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


# -- the host -----------------------------------------------------------------------------------------

_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(
    rf"(?P<name>{_LABEL}(?:\.{_LABEL})*\.?|\[(?P<address>[0-9A-Fa-f:.]{{2,45}})\])(?::(?P<port>\d{{1,5}}))?\Z"
)
_LONGEST_HOST: Final = 253
_LAST_PORT: Final = 65_535
_IPV6: Final = 6


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


def no_host() -> Refusal:
    """The answer to a request that names none."""
    return Refusal(400, sentence("request.host"), sentence("endpoint.send_host"), {"Connection": "close"})


def is_host_of(scope: Scope, hosts: Collection[str]) -> bool:
    """Whether the request names one of these hosts, whatever the port and the case of the letters."""
    name = header(scope, b"host").lower()
    return name in hosts or re.sub(r":\d+\Z", "", name).removesuffix(".") in hosts


def other_host() -> Refusal:
    """The answer to a request that names a host which is not ours (RFC 9110, 15.5.20)."""
    return Refusal(421, sentence("request.other_host"), sentence("endpoint.our_hosts"))


# -- the day ------------------------------------------------------------------------------------------

_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2100, 12, 31)


def other_day(text: str, served: str) -> date | None:
    """The day that `as_of` names; `None` when it is that of the version served, or none is named.

    Raises:
        QueryError: it is no date, or too far away.
    """
    text = text.strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise QueryError(sentence("question.no_date", text=text[:60]), fix=sentence("next.write_date")) from error
    if day is None or day.isoformat() == served:
        return None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise QueryError(sentence("question.far_date", date=day.isoformat()), fix=sentence("next.day_between"))
    return day


# -- the body -----------------------------------------------------------------------------------------


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


# -- refusals -----------------------------------------------------------------------------------------


class BrokenAnswer(ConnectionError):  # noqa: N818  # what it is
    """An answer that had begun cannot be finished: the connection is broken, so that nobody takes a part for the whole."""


class Refusal(Exception):  # noqa: N818  # the normal end of a bad request, and an answer like any other
    """An answer other than the one that was asked for: its status, what is wrong, and the next step."""

    def __init__(self, status: int, message: str, fix: str = "", headers: Mapping[str, str] | None = None) -> None:
        """A refusal with this status.

        Args:
            status: of the answer.
            message: what is wrong; a `Sentence` is said in the reader's language, and gives the answer its code.
            fix: the next step, likewise.
            headers: beside those that every refusal has.
        """
        super().__init__(message)
        self.status, self.message, self.fix = status, message, fix
        self.headers = dict(headers or {})

    @property
    def code(self) -> str:
        """What says to programs, in every language, what is wrong."""
        return key_of(self.message) or f"http.{self.status}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope[REFUSED] = self.code
        request = Request(scope)
        language = choose_language(request).language
        await self.response(request.headers.get("accept", ""), language)(scope, receive, send)

    def response(self, accept: str = "", language: str = DEFAULT_LANGUAGE) -> Response:
        """As JSON, unless plain text is all that is taken; `language` is the reader's."""
        headers = {
            "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", "Content-Language": language, **self.headers
        }  # fmt: skip
        errors = [said_in(text, language) for text in (self.message, self.fix) if text]
        if "text/plain" in accept and "json" not in accept and "*/*" not in accept:
            text = "\n".join(errors) + "\n"
            return Response(text, self.status, headers, "text/plain; charset=utf-8")
        return Response(error_body(self.status, errors, key_of(self.message)), self.status, headers, "application/json")


def error_body(status: int, errors: Sequence[str], code: str = "") -> bytes:
    """The error body; `code` says to programs, in every language, what is wrong."""
    code = code or f"http.{status}"
    value = {"ok": False, "error": errors[0] if errors else "", "errors": list(errors), "status": status, "code": code}
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()


def refusal_of(error: CitygraphError) -> Refusal:
    """What a program on the other side is told about an error of ours."""
    if isinstance(error, NotAcceptable):
        return Refusal(406, error.message, error.fix)
    if isinstance(error, QueryError):
        return Refusal(400, error.message, error.fix)
    if isinstance(error, SnapshotError):
        # Its message names folders of this machine.
        return Refusal(503, sentence("request.unreadable"), sentence("next.again"), {"Retry-After": "5"})
    return Refusal(503, error.message, error.fix, {"Retry-After": "2"})


async def respond_to_error(request: Request, error: Exception) -> Response:
    """The handler that the site registers for errors of ours."""
    refusal = refusal_of(error) if isinstance(error, CitygraphError) else Refusal(500, sentence("request.wrong"))
    return refusal.response(request.headers.get("accept", ""), choose_language(request).language)


# -- the headers of every answer ----------------------------------------------------------------------

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: Final = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), browsing-topics=()"),
]


def static_policy(*script_sources: str) -> str:
    """The same policy for a page that is a file, where it stands in the page itself.

    What a `meta` element cannot say (frame-ancestors) is left out; a worker may run, for the query engine.
    """
    scripts = " ".join(("'self'", *script_sources))
    return (
        f"default-src 'none'; script-src {scripts}; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'"
    )


_SECURITY_WIRE: Final = b"".join(b"%s: %s\r\n" % pair for pair in SECURITY)


def head_bytes(headers: list[tuple[bytes, bytes]], status: bytes = b"200 OK") -> bytes:
    """The head of an answer as it goes over the wire, all but the date and the empty line.

    None of these values comes from a request, so none needs to be looked at again.
    """
    return b"HTTP/1.1 %s\r\n" % status + b"".join(b"%s: %s\r\n" % pair for pair in headers) + _SECURITY_WIRE


_READABLE: Final = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Citygraph-Account, Citygraph-Day, Content-Disposition, ETag, Link, Location, Retry-After",
    ),
]


def add_headers(headers: list[tuple[bytes, bytes]], *, is_readable: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those above, where it does not set its own.

    Args:
        headers: what the answer has.
        is_readable: whether the scripts of every other site may read it, as open data is read.
    """
    own = {name.lower() for name, _ in headers}
    more = [*SECURITY, *_READABLE] if is_readable else SECURITY
    return headers + [pair for pair in more if pair[0] not in own]


def preflight(methods: str) -> Response:
    """The answer to OPTIONS: what a script of another site may ask (Fetch, 3.2.2)."""
    headers = {
        "Allow": methods, "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Accept, Accept-Language, Content-Type, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }  # fmt: skip
    return Response(status_code=204, headers=headers)
