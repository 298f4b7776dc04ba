"""Asking a server of others: the address, who we are, the kept answer, patience, and one way to say what went wrong."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from citygraph.errors import CitygraphError
from citygraph.http_policy import (
    Deadline,
    DeadlinePassed,
    Headers,
    Policy,
    TooLarge,
    TryAgain,
    one_at_a_time,
    patiently,
    retry_after,
)

__all__ = ["Exchange", "Fetched", "media_type_of"]

_AGAIN: Final = "Try again; nothing was kept."
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The body of an answer, unpacked, and when the server gave it."""

    body: bytes
    at: datetime


class Exchange:
    """Questions to one address under one policy; every failure is an error of the class that the caller names."""

    def __init__(
        self,
        address: str,
        policy: Policy,
        *,
        what: str,
        failure: type[CitygraphError],
        late: type[CitygraphError],
        alone: bool = True,
    ) -> None:
        """Nothing is asked yet.

        Args:
            address: where the server is.
            policy: how it is asked.
            what: what stands at the address, for the message when it cannot be one: "a SPARQL server".
            failure: the class of every error but one.
            late: the class of the error when the deadline has passed.
            alone: nobody else in this process asks the same server meanwhile.

        Raises:
            ConfigError: the policy has no contact.
            CitygraphError: the address is not one of the web.
        """
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{address!r} is not the address of {what}."
            raise failure(message, fix="An address begins with https:// or http://.")
        self.address, self.host, self.policy = address, parts.netloc, policy
        self.user_agent = policy.user_agent()
        self._failure, self._late, self._alone = failure, late, alone

    def ask(
        self, asked: tuple[str, ...], attempt: Callable[[Deadline], bytes], *, timeout: float | None = None
    ) -> Fetched:
        """The kept answer when there is one, else that of `attempt`, made again as the policy says, and kept.

        Args:
            asked: everything that makes it the same question; the key of the cache, below the address.
            attempt: asks once; what it returns has been looked at and is worth keeping.
            timeout: seconds for one attempt; the policy's without it.

        Raises:
            CitygraphError: the server does not answer, or too late or too much.
        """
        cache = self.policy.cache
        key = (self.address, *asked)
        kept = cache.get(*key) if cache else None
        if cache is not None and kept is not None:
            return Fetched(kept, datetime.now(tz=UTC) - timedelta(seconds=cache.age(*key) or 0.0))
        seconds = self.policy.timeout if timeout is None else timeout
        try:
            with self._turn():
                body = patiently(lambda whole: attempt(Deadline(min(seconds, whole.left))), self.policy)
        except DeadlinePassed as error:
            message = f"{self.host} did not answer whole within {seconds:g} seconds."
            raise self._late(message, fix="Ask for less, or try again later; what was answered is kept.") from error
        except TooLarge as error:
            message = f"The answer of {self.host} is larger than {self.policy.most_bytes:,} bytes."
            raise self._failure(message, fix="Ask for less at a time.") from error
        except TryAgain as error:
            message = f"{self.host} does not answer now: {error.reason}."
            wait = f" in {error.wait:.0f} seconds" if error.wait else " later"
            raise self._failure(message, fix=f"Try again{wait}; what was answered before is kept.") from error
        if cache:
            cache.put(body, *key)
        return Fetched(body, datetime.now(tz=UTC))

    def _turn(self) -> AbstractContextManager[None]:
        if not self._alone:
            return nullcontext()
        return one_at_a_time(self.host, self.policy.pause, patience=self.policy.patience)

    # -- what went wrong ------------------------------------------------------------------------------

    def refusal(self, status: int, headers: Headers, *, elsewhere: str, detail: str = "") -> Exception:
        """What an answer that is not 200 means; `elsewhere` is what to do when it sends the question on."""
        if status in self.policy.retried:
            return TryAgain(f"HTTP {status}", retry_after(headers))
        if status in _REDIRECTS:
            message = f"{self.host} sends the question elsewhere (HTTP {status}), and it is not sent on."
            return self._failure(message, fix=elsewhere)
        fix = "Check wikidata.contact in graph.toml." if status == http.client.FORBIDDEN else ""
        return self._failure(f"{self.host} answered HTTP {status}{detail}.", fix=fix)

    def wrong_type(self, content_type: str, wanted: str) -> Exception:
        """An answer of another type than was asked for."""
        media_type = media_type_of(content_type)
        what = "a web page" if "html" in media_type else media_type or "something without a type"
        message = f"{self.host} answered with {what} instead of {wanted}."
        return self._failure(message, fix="Check the address; a page to log in or an error page looks like this.")

    def cut(self, *, wanted: str = "", detail: str = "") -> Exception:
        """An answer that is not whole, or perhaps not what was wanted."""
        why = (f", or it is not {wanted}" if wanted else "") + (f": {detail.rstrip('.')}" if detail else "")
        return self._failure(f"{self.host} cut the answer{why}.", fix=_AGAIN)

    def badly_packed(self, error: ValueError) -> Exception:
        """An answer that cannot be unpacked."""
        return self._failure(f"{self.host}: {error}.", fix=_AGAIN)

    def unreachable(self, reason: object) -> Exception:
        """A server that is not there."""
        message = f"{self.host} cannot be reached: {reason}."
        return self._failure(message, fix="Check the address and the connection.")


def media_type_of(content_type: str) -> str:
    """The type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()
