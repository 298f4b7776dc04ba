"""One request to a server, within one deadline, bounded, without redirects, and patient when asked to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from citygraph.doctor.probe import NoAnswer, Refused
from citygraph.http import Deadline, DeadlinePassed, Policy, TooLarge, decoded, one_at_a_time, retry_after

__all__ = ["ROWS_TYPE", "Asker", "Reply"]

ROWS_TYPE: Final = "application/sparql-results+json"
_MOST_WAIT: Final = 30.0
_MOST_WAITS: Final = 2
_MOST_DETAIL: Final = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers, the unpacked body or its beginning, and the seconds it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether it says that it worked."""
        return httpx.codes.is_success(self.status)

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    def excerpt(self) -> str:
        """The beginning of a message in plain text, on one line; nothing of a web page."""
        if "html" in self.media_type or self.body.lstrip()[:1] == b"<":
            return ""
        # Many servers repeat the query behind their message.
        text = self.body[:2_000].decode(errors="replace").partition("SPARQL query:")[0]
        text = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
        return text if len(text) <= _MOST_DETAIL else text[:_MOST_DETAIL].rpartition(" ")[0] + " …"


class Asker:
    """Asks one server; each probe gets its time anew with `begin`."""

    def __init__(self, policy: Policy, auth: httpx.Auth | None, *, is_here: bool = True) -> None:
        """A client that behaves as `policy` says; a proxy named in the environment is for servers elsewhere.

        Raises:
            ConfigError: the policy has no contact.
        """
        self._policy = policy
        self._auth = auth
        self._is_here = is_here
        self._agent = policy.user_agent()
        self._deadline = Deadline(policy.timeout)
        # Reading the certificates of this machine takes longer than most answers.
        self._certificates = httpx.create_ssl_context()
        self.server = ""

    def begin(self, seconds: float | None = None) -> None:
        """The clock of the next probe starts now."""
        self._deadline = Deadline(self._policy.timeout if seconds is None else seconds)

    def ask(
        self,
        method: str,
        url: str,
        *,
        parameters: Mapping[str, str | list[str]] | None = None,
        form: Mapping[str, str | list[str]] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        beginning: int = 0,
    ) -> Reply:
        """One request; a server that says "not now" is given the time it asks for, twice.

        Args:
            method: of HTTP.
            url: where to; a query in it is kept.
            parameters: more for the query of the address.
            form: sent as a form.
            body: sent as it is.
            headers: besides those that say who we are.
            beginning: read so many bytes of the body and let go of the rest.

        Raises:
            NoAnswer: it did not answer within the deadline, or not to the end.
            Refused: it still says "not now".
        """
        request = httpx.Request(
            method,
            httpx.URL(url).copy_merge_params(dict(parameters or {})) if parameters else url,
            data=dict(form) if form else None,
            content=body,
            headers={"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})},
        )
        for waits in range(_MOST_WAITS + 1):
            with one_at_a_time(urlsplit(url).netloc, self._policy.pause):
                reply = self._once(request, beginning)
            self.server = reply.headers.get("server") or self.server
            wait = retry_after(httpx.Headers(dict(reply.headers)))
            is_busy = reply.status == httpx.codes.TOO_MANY_REQUESTS or (
                reply.status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None
            )
            if not is_busy:
                return reply
            wait = self._policy.first_wait if wait is None else wait
            if waits == _MOST_WAITS or wait > _MOST_WAIT:
                message = f"HTTP {reply.status}: the server asks to wait {wait:g} seconds"
                raise Refused(message)
            self._policy.sleep(wait)
            # The wait was the server's wish, and is not taken from the time of its answer.
            self._deadline = Deadline(self._policy.timeout)
        raise AssertionError

    def _once(self, request: httpx.Request, beginning: int) -> Reply:
        left = self._deadline.left
        started = time.monotonic()
        client = httpx.Client(
            timeout=max(left, 0.01),
            auth=self._auth,
            verify=self._certificates,
            trust_env=not self._is_here,
            follow_redirects=False,
        )
        # httpx counts its timeout anew for each read; the watch ends what drips on, headers included.
        watch = threading.Timer(left, client.close)
        watch.daemon = True
        watch.start()
        try:
            self._deadline.check()
            response = client.send(request, stream=True)
            body = self._body(response, beginning)
        except (httpx.TimeoutException, DeadlinePassed) as error:
            raise self._late(left) from error
        except TooLarge as error:
            message = f"the answer is larger than {self._policy.most_bytes:,} bytes"
            raise NoAnswer(message) from error
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, ValueError) as error:
            if not self._deadline.left:
                raise self._late(left) from error
            cut = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
            message = "the connection was cut" if cut else f"no connection: {error}"
            raise NoAnswer(message) from error
        finally:
            watch.cancel()
            with suppress(RuntimeError):
                client.close()
        return Reply(response.status_code, response.headers, body, time.monotonic() - started)

    def _late(self, seconds: float) -> NoAnswer:
        return NoAnswer(f"no answer within {seconds:.0f} second{'s' * (round(seconds) != 1)}")

    def _body(self, response: httpx.Response, beginning: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in self._pieces(response):
            size += len(piece)
            if size > self._policy.most_bytes:
                raise TooLarge
            pieces.append(piece)
            if beginning and size >= beginning:
                return b"".join(pieces)
        return decoded(b"".join(pieces), response.headers.get("content-encoding", ""), self._policy.most_bytes)

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        for piece in response.iter_raw():
            self._deadline.check()
            yield piece
        self._deadline.check()
