"""A document by its address, fetched once because a person named it: politely, within bounds, and from the open web alone.

The host is looked up here and asked at the very address that was looked up, so that a name cannot lead into a house: not
at first, and not by a redirect. What robots.txt forbids is not fetched. What came is kept as it came.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from citygraph.http import AGENT, Broken, Deadline, DeadlinePassed, HttpClient, HttpReply, Policy, TooLarge
from citygraph.read.text import read_error

_SECONDS: Final = 60.0
_MOST: Final = 25_000_000
_MOST_ROBOTS: Final = 512_000
_REDIRECTS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_ROBOT: Final = "citygraph"
_NAME: Final = 60
_ENDINGS: Final = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "application/pdf": ".pdf", "message/rfc822": ".eml", "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip
_UNSAID: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document as it came.

    Attributes:
        address: where it was in the end, without what stands behind #.
        name: of the file that it becomes.
        data: its bytes, without the packing of the way.
        retrieved: when it came, in UTC.
        is_public: whether it came from the open web.
    """

    address: str
    name: str
    data: bytes
    retrieved: datetime
    is_public: bool


def is_address(text: str) -> bool:
    """Whether what a person names is the address of a page, and no file."""
    return bool(re.match(r"[a-z][a-z0-9+.-]{1,20}://", text, re.IGNORECASE))


def fetch_document(
    address: str, *, private: bool = False, seconds: float = _SECONDS, most: int = _MOST
) -> FetchedDocument:
    """Fetch a document.

    Args:
        address: as a person gave it.
        private: whether addresses of one's own house and machine may be asked.
        seconds: for all requests together.
        most: bytes that are taken, unpacked.

    Raises:
        ReadError: the address is none of http or https, leads into a house, is forbidden by robots.txt, answers with
            an error or with what is no document, is too large or too slow, or moves on too often.
    """
    fetcher = _Fetcher(private=private, deadline=Deadline(seconds), most=most)
    try:
        return fetcher.fetch(address)
    except DeadlinePassed as error:
        raise read_error("page_slow", fix="page", address=address, seconds=int(seconds)) from error
    except TooLarge as error:
        raise read_error("page_large", fix="page", address=address, most=most) from error
    except Broken as error:
        raise read_error("page_broken", fix="page", address=address, why=error.reason) from error


class _Fetcher:
    """Fetches one document, and remembers what each host on the way allows."""

    def __init__(self, *, private: bool, deadline: Deadline, most: int) -> None:
        self._private, self._deadline, self._is_public = private, deadline, True
        policy = Policy("", timeout=_SECONDS, most_bytes=most)
        self._client = HttpClient(
            policy, headers={"User-Agent": AGENT, "Connection": "close"}, uses_proxy=False, address_of=self._address_of
        )
        self._allowed: dict[str, RobotRules] = {}

    def fetch(self, address: str) -> FetchedDocument:
        where = address.partition("#")[0]
        for _ in range(_REDIRECTS + 1):
            parts = self._parts(where)
            if not self._robots(parts).allows(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"):
                raise read_error("page_robots", address=where)
            reply = self._client.send("GET", where, self._deadline)
            if reply.status not in _MOVED:
                return self._document(where, parts, reply)
            target = urljoin(where, (reply.headers.get("location") or "").strip()).partition("#")[0]
            if parts.scheme == "https" and urlsplit(target).scheme == "http":
                raise read_error("page_downgrade", fix="page", address=where, target=target)
            where = target
        raise read_error("page_moves", fix="page", address=address, most=_REDIRECTS)

    def _parts(self, address: str) -> SplitResult:
        try:
            parts = urlsplit(address)
            is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_fit = False
        if not is_fit or parts.username is not None or not address.isprintable() or " " in address:
            raise read_error("page_address", address=address)
        return parts

    def _address_of(self, host: str, port: int) -> str:
        """The number of a host, looked up once for the request that is made with it."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise read_error("page_host", fix="page", host=host) from error
        numbers = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        inside = [each for each in numbers if not is_open_web(each)]
        if inside and not self._private:
            raise read_error("page_private", host=host, number=inside[0])
        self._is_public = self._is_public and not inside
        return str(numbers[0])

    def _robots(self, parts: SplitResult) -> RobotRules:
        """What a host allows: everything without a robots.txt, nothing while it cannot give it (RFC 9309, 2.3.1)."""
        root = f"{parts.scheme}://{parts.netloc}"
        if root not in self._allowed:
            where = f"{root}/robots.txt"
            reply = self._client.send("GET", where, self._deadline)
            for _ in range(_REDIRECTS):
                if reply.status not in _MOVED:
                    break
                where = urljoin(where, (reply.headers.get("location") or "").strip())
                self._parts(where)
                reply = self._client.send("GET", where, self._deadline)
            refuses = 500 <= reply.status < 600 or reply.status == 429  # noqa: PLR2004  # of HTTP
            text = reply.body[:_MOST_ROBOTS].decode("utf-8", "replace") if reply.status == _OK else ""
            self._allowed[root] = RobotRules("User-agent: *\nDisallow: /" if refuses else text)
        return self._allowed[root]

    def _document(self, where: str, parts: SplitResult, reply: HttpReply) -> FetchedDocument:
        if reply.status != _OK:
            raise read_error("page_status", fix="page", address=where, status=reply.status)
        if not reply.body:
            raise read_error("empty", name=where)
        now = datetime.now(tz=UTC)
        path = PurePosixPath(unquote(parts.path))
        ending = _ENDINGS.get(reply.media_type, path.suffix.lower() if reply.media_type in _UNSAID else "")
        if ending not in set(_ENDINGS.values()):
            raise read_error("page_kind", address=where, kind=reply.media_type or "?")
        stem = (
            path.name.removesuffix(path.suffix)
            if path.suffix.lower() in {ending, ".htm", ".php", ".aspx"}
            else path.name
        )
        name = _file_name(f"{(parts.hostname or '').removeprefix('www.')}-{stem}".strip("-"), now, ending)
        return FetchedDocument(where, name, reply.body, now, self._is_public)


def is_open_web(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a number is of the open web: no house, no machine, none of a group, and none of those dressed as another."""
    inner = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    nat64 = isinstance(number, ipaddress.IPv6Address) and number in ipaddress.ip_network("64:ff9b::/96")
    if nat64:
        inner = ipaddress.ip_address(int(number) & 0xFFFFFFFF)
    return number.is_global and not number.is_multicast and (inner is None or is_open_web(inner))


def _file_name(stem: str, when: datetime, ending: str) -> str:
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return f"{re.sub(r'[^a-z0-9.]+', '-', plain)[:_NAME].strip('-.')}-{when:%Y-%m-%d}{ending}"


class RobotRules:
    """What one robots.txt says to us (RFC 9309): the longest rule that fits decides, and allowing wins over forbidding."""

    def __init__(self, text: str) -> None:
        """`text` is the file; what is not understood in it says nothing."""
        groups: dict[str, list[tuple[bool, str]]] = {}
        names: list[str] = []
        is_begun = False
        for line in text.removeprefix("\ufeff").splitlines():
            key, _, value = (each.strip() for each in line.partition("#")[0].partition(":"))
            if key.lower() == "user-agent":
                names = [] if is_begun else names
                is_begun = False
                names.append(value.lower())
                groups.setdefault(value.lower(), [])
            elif key.lower() in {"allow", "disallow"}:
                is_begun = True
                for name in names if value else ():
                    groups[name].append((key.lower() == "allow", value))
        self._rules = groups.get(_ROBOT, groups.get("*", []))

    def allows(self, path: str) -> bool:
        """Whether a path, with its query, may be fetched."""
        fits = [(len(rule), is_allowed) for is_allowed, rule in self._rules if _fits(rule, path)]
        return max(fits, default=(0, True))[1]


def _fits(rule: str, path: str) -> bool:
    """Whether a path begins as a rule says, with * for anything and $ for the end; in time that grows with both alone."""
    *pieces, last = unquote(rule).removesuffix("$").split("*")
    path, at = unquote(path), 0
    for number, piece in enumerate(pieces):
        found = path.find(piece, at) if number else (0 if path.startswith(piece) else -1)
        if found < 0:
            return False
        at = found + len(piece)
    if rule.endswith("$"):
        return path.endswith(last) and len(path) - len(last) >= at if pieces else path == last
    return path.find(last, at) >= 0 if pieces else path.startswith(last)
