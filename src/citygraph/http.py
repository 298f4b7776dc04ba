"""Requests over HTTP: who we are, one deadline, how much we take, how often and how long we wait.

`Policy` says how a server is asked. `HttpClient` sends one request and reads its answer whole, before one deadline;
`patiently` makes an attempt again while that can help. Questions that are worth keeping are asked in an
`exchange.Exchange`. httpx lives here alone, and is imported when the first request is sent.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar
from weakref import finalize

from citygraph.errors import ConfigError
from citygraph.messages import sentence
from citygraph.version import __version__

if TYPE_CHECKING:
    import httpx

    from citygraph.exchange import DiskCache

RETRIED: Final = frozenset({429, 502, 503, 504})
"""The answers that mean "not now"."""
AGENT: Final = f"citygraph/{__version__} (https://w3id.org/citygraph/)"
"""Who asks, where nobody wants to know whom to write to."""
_PIECE: Final = 64 * 1024
_Result = TypeVar("_Result")
_Form: TypeAlias = Mapping[str, str | Sequence[str]]


class DeadlinePassed(Exception):  # noqa: N818  # named by what happened; the callers turn it into their own error
    """The time for one answer is used up."""


class TooLarge(Exception):  # noqa: N818
    """The answer is larger than we take."""


class Broken(Exception):  # noqa: N818
    """No connection, or one that ended before the answer was whole (`cut`)."""

    def __init__(self, reason: str, *, cut: bool) -> None:
        """What the system says, and whether there was a connection."""
        super().__init__(reason)
        self.reason, self.cut = reason, cut


class TryAgain(Exception):  # noqa: N818
    """The server cannot answer now; `wait` is what it asks for in seconds, if it says so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """Why, and how long the server wants us to wait."""
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Policy:
    """How one kind of server is asked.

    Args:
        contact: who can be written to, a mail or web address; sent with every request.
        timeout: seconds until one answer must be whole, counted from before the connection.
        patience: seconds for all attempts and waits together.
        attempts: how often one question is asked at most.
        most_bytes: a larger answer, unpacked, is refused.
        first_wait: seconds before the second attempt when the server names none; doubled each time.
        pause: seconds between two requests to the same server.
        cache: where answers are kept; nowhere without it.
        retried: the answers after which an attempt is made again.
        retries_broken: whether an attempt is made again, too, when there was no connection or it broke.
        silence: seconds without a byte after which a connection is given up; the deadline alone without it.
    """

    contact: str
    timeout: float = 60.0
    patience: float = 180.0
    attempts: int = 4
    most_bytes: int = 64_000_000
    first_wait: float = 1.0
    pause: float = 0.0
    cache: DiskCache | None = None
    retried: frozenset[int] = RETRIED
    retries_broken: bool = False
    silence: float | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def user_agent(self) -> str:
        """Program, version, project address and contact.

        Raises:
            ConfigError: there is no contact; Wikidata refuses clients that do not say who they are.
        """
        contact = self.contact.strip()
        if not contact or not contact.isprintable() or not contact.isascii():
            raise ConfigError(sentence("servers.no_contact"), fix=sentence("servers.add_contact"))
        return f"{AGENT.removesuffix(')')}; {contact})"


class Deadline:
    """A point in time after which nothing more is waited for."""

    def __init__(self, seconds: float) -> None:
        """`seconds` from now."""
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Go on only before the deadline.

        Raises:
            DeadlinePassed: it is too late.
        """
        if not self.left:
            raise DeadlinePassed


class Headers(Protocol):
    """The headers of an answer, whichever library read them."""

    def get(self, name: str, /) -> str | None:
        """The value of a header."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def whole_body(response: _Readable, deadline: Deadline, most_bytes: int) -> bytes:
    """The body read in pieces, so that a slow drip cannot outlast the deadline.

    Raises:
        DeadlinePassed: it took too long.
        TooLarge: it has more than `most_bytes`.
    """
    # http.client has read1, which gives what is there instead of waiting for a full piece.
    read = getattr(response, "read1", response.read)
    pieces: list[bytes] = []
    size = 0
    while True:
        deadline.check()
        piece = read(_PIECE)
        if not piece:
            # A connection that is cut at the deadline looks like the end of the body.
            deadline.check()
            return b"".join(pieces)
        size += len(piece)
        if size > most_bytes:
            raise TooLarge
        pieces.append(piece)


def decoded(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its `Content-Encoding`, refused when it unpacks to more than `most_bytes`.

    Raises:
        ValueError: it is not packed as it says, or the packing is cut.
        TooLarge: it unpacks to too much.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        case "deflate":
            unpacker = zlib.decompressobj()
        case other:
            message = f"the answer is packed with {other}, which was not asked for"
            raise ValueError(message)
    try:
        plain = unpacker.decompress(body, most_bytes + 1)
    except zlib.error as error:
        message = "the answer is not packed as it says"
        raise ValueError(message) from error
    if len(plain) > most_bytes:
        raise TooLarge
    if not unpacker.eof:
        message = "the packed answer is cut"
        raise ValueError(message)
    return plain


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back: status, headers, the unpacked body or its beginning, and the seconds it took."""

    status: int
    headers: Headers
    body: bytes
    seconds: float

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters."""
        return media_type_of(self.headers.get("content-type") or "")


class HttpClient:
    """Requests that keep to one deadline each, headers and slow drips included; connections are used again.

    What comes back is the caller's to judge: no status is an error here, and a redirect is an answer like any other.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        transport: httpx.BaseTransport | None = None,
        uses_proxy: bool = True,
        follows: bool = False,
        address_of: Callable[[str, int], str] | None = None,
    ) -> None:
        """No connection is made yet.

        Args:
            policy: `most_bytes`, `silence`, `retries_broken` and the contact are looked at here.
            headers: sent with every request; without a `User-Agent` among them it is that of the policy.
            auth: how we log in.
            transport: what carries the requests; tests give their own.
            uses_proxy: whether the proxy and the certificates count that the environment names.
            follows: whether a redirect is followed.
            address_of: looks a host and its port up and gives the number that is asked, or refuses; certificates are held
                against the name all the same. Redirects and proxies would go around it: leave them off with it.

        Raises:
            ConfigError: the policy has no contact, and `headers` no `User-Agent`.
        """
        given = dict(headers or {})
        agent = given.pop("User-Agent", "") or policy.user_agent()
        self._policy, self._auth, self._transport = policy, auth, transport
        self._uses_proxy, self._follows, self._address_of = uses_proxy, follows, address_of
        self._headers = {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "gzip", **given}
        self._certificates: ssl.SSLContext | None = None
        # A client serves one request at a time, so that closing it at the deadline ends that request alone.
        self._free: deque[httpx.Client] = deque()
        # Few call it: connections that nobody uses are given back when this goes, or at the end of the program.
        self.close = finalize(self, _close_all, self._free)

    def send(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        params: _Form | None = None,
        data: _Form | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        beginning: int = 0,
    ) -> HttpReply:
        """One request and its whole answer, or the first `beginning` bytes of it.

        Args:
            method: of HTTP.
            url: where to; a query in it is kept.
            deadline: when the answer must be whole.
            params: more for the query of the address.
            data: sent as a form.
            content: sent as it is.
            headers: besides those of every request, or instead of them.
            beginning: read so many bytes, which are not unpacked, and let go of the rest.

        Raises:
            DeadlinePassed: it took too long.
            TooLarge: the answer has more bytes than the policy allows, unpacked.
            Broken: there was no connection, or the answer is not whole.
            TryAgain: the same, under a policy that retries it.
        """
        started = time.monotonic()
        with self.open(method, url, deadline, params=params, data=data, content=content, headers=headers) as response:
            pieces, size = [], 0
            for piece in response.iter_raw():
                deadline.check()
                size += len(piece)
                if size > self._policy.most_bytes:
                    raise TooLarge
                pieces.append(piece)
                if beginning and size >= beginning:
                    break
            deadline.check()
        body = b"".join(pieces)
        if not (beginning and size >= beginning):
            try:
                body = decoded(body, response.headers.get("content-encoding", ""), self._policy.most_bytes)
            except ValueError as error:
                raise Broken(str(error), cut=True) from error
        return HttpReply(response.status_code, response.headers, body, time.monotonic() - started)

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        params: _Form | None = None,
        data: _Form | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """One request, whose answer is read with `iter_raw` inside the block, under the same deadline and errors.

        Raises:
            DeadlinePassed, Broken, TryAgain: see `send`.
        """
        import httpx  # noqa: PLC0415  # 60 ms that most commands need not spend

        deadline.check()
        client = self._taken()
        # httpx counts its timeout anew for each read; the watch ends what drips on, headers included.
        watch = threading.Timer(deadline.left, client.close)
        watch.daemon = True
        watch.start()
        timeout = max(min(deadline.left, self._policy.silence or deadline.left), 0.01)
        is_whole = False
        try:
            where = httpx.URL(url).copy_merge_params(dict(params)) if params else httpx.URL(url)
            extensions = {}
            if self._address_of is not None:
                port = where.port or (443 if where.scheme == "https" else 80)
                headers = {"Host": where.netloc.decode(), **(headers or {})}
                extensions = {"sni_hostname": where.host}
                where = where.copy_with(host=self._address_of(where.host, port))
            request = client.build_request(
                method, where, data=dict(data) if data else None, content=content, headers=headers, timeout=timeout,
                extensions=extensions,
            )  # fmt: skip
            response = client.send(request, stream=True)
            try:
                yield response
                is_whole = response.is_closed
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise DeadlinePassed from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, RuntimeError) as error:
            deadline.check()
            self._broke(error, cut=isinstance(error, httpx.RemoteProtocolError | httpx.ReadError))
        finally:
            watch.cancel()
            if is_whole and deadline.left and not client.is_closed:
                self._free.append(client)
            else:
                with suppress(RuntimeError):
                    client.close()

    def _broke(self, error: Exception, *, cut: bool) -> None:
        reason = str(error) or type(error).__name__
        if self._policy.retries_broken:
            again = f"the connection broke ({reason})"
            raise TryAgain(again) from error
        raise Broken(reason, cut=cut) from error

    def _taken(self) -> httpx.Client:
        """A client that nobody else uses."""
        import httpx  # noqa: PLC0415

        with suppress(IndexError):
            return self._free.pop()
        if self._certificates is None:
            # Reading the certificates of this machine takes longer than most answers.
            self._certificates = httpx.create_ssl_context(trust_env=self._uses_proxy)
        return httpx.Client(
            auth=self._auth,
            headers=self._headers,
            transport=self._transport,
            verify=self._certificates,
            trust_env=self._uses_proxy,
            follow_redirects=self._follows,
        )


def _close_all(clients: deque[httpx.Client]) -> None:
    with suppress(IndexError):
        while True:
            clients.pop().close()


def retry_after(headers: Headers, now: datetime | None = None) -> float | None:
    """The seconds that `Retry-After` asks for, written as a number or as a date (RFC 9110, 10.2.3).

    >>> retry_after({"Retry-After": "7"})
    7.0
    """
    text = str(headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(tz=UTC))).total_seconds())


def patiently(attempt: Callable[[Deadline], _Result], policy: Policy) -> _Result:
    """The result of `attempt`, which is made again after a wait when it raises `TryAgain`.

    Raises:
        TryAgain: all attempts failed, or the wait would be longer than our patience; `wait` says how long.
        DeadlinePassed: one attempt took too long.
    """
    whole = Deadline(policy.patience)
    for number in range(1, policy.attempts + 1):
        try:
            return attempt(Deadline(min(policy.timeout, whole.left)))
        except TryAgain as again:
            # Half fixed, half chance: many clients that were refused together do not come back together.
            own = policy.first_wait * 2 ** (number - 1) * (0.5 + random.random() / 2)  # noqa: S311
            wait = max(again.wait + random.random() * policy.first_wait if again.wait is not None else 0.0, own)  # noqa: S311
            if number == policy.attempts or wait >= whole.left:
                raise
            policy.sleep(wait)
    message = "at least one attempt is made"
    raise AssertionError(message)


_gates: dict[str, threading.Lock] = {}
_last: dict[str, float] = {}
_gates_lock = threading.Lock()


@contextmanager
def one_at_a_time(server: str, pause: float = 0.0, *, patience: float = -1) -> Iterator[None]:
    """Nobody else in this process asks `server` meanwhile, and `pause` seconds lie between two requests.

    Raises:
        DeadlinePassed: others have been asking for `patience` seconds; without it the wait has no end.
    """
    with _gates_lock:
        gate = _gates.setdefault(server, threading.Lock())
    if not gate.acquire(timeout=patience):
        raise DeadlinePassed
    try:
        rest = pause - (time.monotonic() - _last.get(server, -pause))
        if rest > 0:
            time.sleep(rest)
        try:
            yield
        finally:
            _last[server] = time.monotonic()
    finally:
        gate.release()


def media_type_of(content_type: str) -> str:
    """The type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()
