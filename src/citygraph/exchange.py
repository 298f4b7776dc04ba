"""Questions to servers of others that are worth keeping: the kept answer, patience, one way to say what went wrong."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from citygraph.errors import CitygraphError, ExportError
from citygraph.files import write_file
from citygraph.http import (
    Broken,
    Deadline,
    DeadlinePassed,
    Headers,
    Policy,
    TooLarge,
    TryAgain,
    media_type_of,
    one_at_a_time,
    patiently,
    retry_after,
)
from citygraph.messages import framed, sentence

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
        """The address and the policy are looked at; nothing is asked.

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
            message = sentence("servers.address", address=address, what=what)
            raise failure(message, fix=sentence("servers.how_address"))
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
            message = sentence("servers.late", host=self.host, seconds=seconds)
            raise self._late(message, fix=sentence("servers.less_or_later")) from error
        except TooLarge as error:
            message = sentence("servers.large", host=self.host, most=self.policy.most_bytes)
            raise self._failure(message, fix=sentence("servers.less")) from error
        except Broken as error:
            raise (self.cut() if error.cut else self.unreachable(error.reason)) from error
        except TryAgain as error:
            message = sentence("servers.busy", host=self.host, reason=error.reason)
            wait = sentence("servers.again_in", seconds=error.wait) if error.wait else sentence("servers.again_later")
            raise self._failure(message, fix=wait) from error
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
            return self._failure(sentence("servers.elsewhere", host=self.host, status=status), fix=elsewhere)
        fix = sentence("servers.check_contact") if status == HTTPStatus.FORBIDDEN else ""
        return self._failure(sentence("servers.status", host=self.host, status=status, detail=detail), fix=fix)

    def wrong_type(self, content_type: str, wanted: str) -> Exception:
        """An answer of another type than was asked for."""
        media_type = media_type_of(content_type)
        is_page = "html" in media_type
        what = sentence("servers.web_page") if is_page else media_type or sentence("servers.no_type")
        message = sentence("servers.wrong_type", host=self.host, what=what, wanted=wanted)
        return self._failure(message, fix=sentence("servers.check_address"))

    def cut(self, *, wanted: str = "", detail: str = "") -> Exception:
        """An answer that is not whole, or perhaps not what was wanted."""
        said = sentence("servers.not_wanted", wanted=wanted) if wanted else ""
        why = framed("", said, f": {detail.rstrip('.')}" if detail else "")
        return self._failure(sentence("servers.cut", host=self.host, why=why), fix=sentence("servers.again"))

    def badly_packed(self, error: ValueError) -> Exception:
        """An answer that cannot be unpacked."""
        return self._failure(sentence("servers.packed", host=self.host, why=error), fix=sentence("servers.again"))

    def unreachable(self, reason: object) -> Exception:
        """A server that is not there."""
        message = sentence("servers.unreachable", host=self.host, reason=reason)
        return self._failure(message, fix=sentence("servers.check_connection"))


@dataclass(frozen=True, slots=True)
class DiskCache:
    """Answers on disk by what was asked; an answer older than `most_age` seconds counts as missing."""

    folder: Path
    most_age: float

    def get(self, *asked: str) -> bytes | None:
        """The kept answer, if it is young enough and whole."""
        path = self._path(asked)
        try:
            if time.time() - path.stat().st_mtime > self.most_age:
                return None
            return gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error):
            return None

    def put(self, body: bytes, *asked: str) -> None:
        """Keep an answer; a disk that cannot be written only costs the memory of it."""
        try:
            write_file(self._path(asked), gzip.compress(body, mtime=0))
        except ExportError:
            return

    def age(self, *asked: str) -> float | None:
        """How many seconds ago the answer was kept; nothing when it is not there."""
        try:
            return max(0.0, time.time() - self._path(asked).stat().st_mtime)
        except OSError:
            return None

    def _path(self, asked: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join(asked).encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.gz"


def cache_folder() -> Path:
    """Where answers of other servers are kept: below the user's cache, never in the project."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "citygraph" / "answers"
