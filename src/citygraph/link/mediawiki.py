"""The MediaWiki API of Wikidata: search and entities, one request at a time, polite when the servers are behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from citygraph.errors import ReconciliationError
from citygraph.http_policy import (
    RETRIED,
    Deadline,
    DeadlinePassed,
    Policy,
    TooLarge,
    TryAgain,
    decoded,
    one_at_a_time,
    patiently,
    retry_after,
    whole_body,
)
from citygraph.link.items import Item, item_from_json

__all__ = ["BATCH", "MediaWiki"]

BATCH: Final = 50
"""As many entities as the API gives at once."""
_MAXLAG: Final = "5"
_PROPS: Final = "labels|aliases|descriptions|claims"
_MOST_FOUND: Final = 20
_HTTP_OK: Final = 200
_REDIRECTS: Final = range(300, 400)


class MediaWiki:
    """The API at one address."""

    def __init__(self, api: str, policy: Policy, *, transport: httpx.BaseTransport | None = None) -> None:
        """The API at `api`; a test passes a transport of its own.

        Raises:
            ConfigError: the policy has no contact.
            ReconciliationError: the address is not one of the web.
        """
        parts = urlsplit(api)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{api!r} is not the address of a MediaWiki API."
            raise ReconciliationError(message, fix="An address begins with https:// or http://.")
        self._api, self._host, self._policy, self._transport = api, parts.netloc, policy, transport
        self._headers = {"User-Agent": policy.user_agent(), "Accept": "application/json", "Accept-Encoding": "gzip"}

    def search(self, text: str, language: str, *, limit: int = 10) -> list[str]:
        """The ids of items whose label or alias begins like `text`."""
        found = self._ask({
            "action": "wbsearchentities", "search": text[:250], "language": language, "uselang": language,
            "type": "item", "limit": str(min(limit, _MOST_FOUND)),
        }, _has_hits)  # fmt: skip
        return [str(each["id"]) for each in found["search"]]

    def entities(self, ids: Iterable[str]) -> Iterator[Item]:
        """The items with these ids, in batches of 50; a merged one says where to, a deleted one that it is gone."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            yield from self._batch(wanted[start : start + BATCH])

    def _batch(self, ids: Sequence[str]) -> Iterator[Item]:
        asked = {"action": "wbgetentities", "ids": "|".join(ids), "props": _PROPS, "redirects": "yes"}
        for each in self._ask(asked, _has_items)["entities"].values():
            yield item_from_json(each)

    def _ask(self, parameters: Mapping[str, str], fits: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        asked = {**parameters, "format": "json", "formatversion": "2", "maxlag": _MAXLAG}
        key = (self._api, json.dumps(asked, sort_keys=True))
        cache = self._policy.cache
        kept = cache.get(*key) if cache else None
        if kept is not None:
            found: dict[str, Any] = json.loads(kept)
            return found
        try:
            with one_at_a_time(self._host, self._policy.pause):
                body, answer = patiently(lambda deadline: self._attempt(asked, deadline), self._policy)
        except DeadlinePassed as error:
            message = f"{self._host} did not answer whole within {self._policy.timeout:g} seconds."
            raise ReconciliationError(message, fix="Try again later; what was answered before is kept.") from error
        except TooLarge as error:
            message = f"The answer of {self._host} is larger than {self._policy.most_bytes:,} bytes."
            raise ReconciliationError(message) from error
        except TryAgain as error:
            message = f"{self._host} does not answer now: {error.reason}."
            wait = f" in {error.wait:.0f} seconds" if error.wait else " later"
            raise ReconciliationError(message, fix=f"Try again{wait}; what was answered before is kept.") from error
        if not fits(answer):
            message = f"{self._host} answered something that the API does not say."
            raise ReconciliationError(message)
        if cache:
            cache.put(body, *key)
        return answer

    def _attempt(self, asked: Mapping[str, str], deadline: Deadline) -> tuple[bytes, dict[str, Any]]:
        client = httpx.Client(
            headers=self._headers, timeout=max(deadline.left, 0.01), transport=self._transport, follow_redirects=False
        )
        # httpx counts its timeout anew for each read; the watch ends what drips on, headers included.
        watch = threading.Timer(deadline.left, client.close)
        watch.daemon = True
        watch.start()
        try:
            with client.stream("GET", self._api, params=dict(asked)) as response:
                body = whole_body(_Pieces(response.iter_raw()), deadline, self._policy.most_bytes)
            return self._read(response, body)
        except httpx.TimeoutException as error:
            raise DeadlinePassed from error
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError) as error:
            deadline.check()
            if isinstance(error, httpx.RemoteProtocolError):
                message = f"{self._host} cut the answer."
                raise ReconciliationError(message, fix="Try again; nothing was kept.") from error
            message = f"{self._host} cannot be reached: {error}."
            raise ReconciliationError(message, fix="Check the address and the connection.") from error
        finally:
            watch.cancel()
            client.close()

    def _read(self, response: httpx.Response, body: bytes) -> tuple[bytes, dict[str, Any]]:
        """What the API said, once it is JSON, whole, and no error.

        Raises:
            TryAgain: the servers are busy, or behind (maxlag).
            ReconciliationError: it is something else.
        """
        if response.status_code in RETRIED:
            reason = f"HTTP {response.status_code}"
            raise TryAgain(reason, retry_after(response.headers))
        if response.status_code in _REDIRECTS:
            message = f"{self._host} sends the question elsewhere (HTTP {response.status_code})."
            raise ReconciliationError(message, fix="Write the final address into graph.toml: wikidata.api.")
        if response.status_code != _HTTP_OK:
            fix = "Check wikidata.contact in graph.toml." if response.status_code == httpx.codes.FORBIDDEN else ""
            message = f"{self._host} answered HTTP {response.status_code}."
            raise ReconciliationError(message, fix=fix)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            what = "a web page" if "html" in media_type else media_type or "something without a type"
            message = f"{self._host} answered with {what} instead of JSON."
            raise ReconciliationError(message, fix="Check the address; a page to log in looks like this.")
        try:
            plain = decoded(body, response.headers.get("content-encoding", ""), self._policy.most_bytes)
            answer = json.loads(plain)
        except (ValueError, RecursionError) as error:
            message = f"{self._host} cut the answer, or it is not JSON."
            raise ReconciliationError(message, fix="Try again; nothing was kept.") from error
        error_ = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error_, dict):
            if error_.get("code") in {"maxlag", "ratelimited", "readonly"}:
                reason = f"its servers are behind ({error_.get('code')})"
                raise TryAgain(reason, retry_after(response.headers))
            message = f"{self._host}: {error_.get('info') or error_.get('code')}"
            raise ReconciliationError(message)
        return plain, answer


class _Pieces:
    """An iterator of pieces as something to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int, /) -> bytes:
        del size
        return next((piece for piece in self._pieces if piece), b"")


def _has_hits(answer: Mapping[str, Any]) -> bool:
    found = answer.get("search") if isinstance(answer, dict) else None
    return isinstance(found, list) and all(isinstance(each, dict) and "id" in each for each in found)


def _has_items(answer: Mapping[str, Any]) -> bool:
    found = answer.get("entities") if isinstance(answer, dict) else None
    try:
        return isinstance(found, dict) and all(bool(item_from_json(each).id) for each in found.values())
    except (KeyError, TypeError, AttributeError, ValueError):
        return False
