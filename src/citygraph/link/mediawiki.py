"""The MediaWiki API of Wikidata: search and entities, one request at a time, polite when the servers are behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import httpx

from citygraph.errors import ReconciliationError
from citygraph.http_exchange import Exchange, media_type_of
from citygraph.http_policy import Deadline, DeadlinePassed, Policy, TryAgain, decoded, retry_after, whole_body
from citygraph.link.item_json import item_from_json
from citygraph.link.items import Item

__all__ = ["BATCH", "MediaWiki"]

BATCH: Final = 50
"""As many entities as the API gives at once."""
_MAXLAG: Final = "5"
_PROPS: Final = "labels|aliases|descriptions|claims"
_MOST_FOUND: Final = 20
_HTTP_OK: Final = 200


class MediaWiki:
    """The API at one address."""

    def __init__(self, api: str, policy: Policy, *, transport: httpx.BaseTransport | None = None) -> None:
        """The API at `api`; a test passes a transport of its own.

        Raises:
            ConfigError: the policy has no contact.
            ReconciliationError: the address is not one of the web.
        """
        self._exchange = Exchange(
            api, policy, what="a MediaWiki API", failure=ReconciliationError, late=ReconciliationError
        )
        self._transport = transport
        self._headers = {
            "User-Agent": self._exchange.user_agent, "Accept": "application/json", "Accept-Encoding": "gzip",
        }  # fmt: skip

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
        key = (json.dumps(asked, sort_keys=True),)
        fetched = self._exchange.ask(key, lambda deadline: self._attempt(asked, fits, deadline))
        found: dict[str, Any] = json.loads(fetched.body)
        return found

    def _attempt(
        self, asked: Mapping[str, str], fits: Callable[[Mapping[str, Any]], bool], deadline: Deadline
    ) -> bytes:
        client = httpx.Client(
            headers=self._headers, timeout=max(deadline.left, 0.01), transport=self._transport, follow_redirects=False
        )
        # httpx counts its timeout anew for each read; the watch ends what drips on, headers included.
        watch = threading.Timer(deadline.left, client.close)
        watch.daemon = True
        watch.start()
        try:
            with client.stream("GET", self._exchange.address, params=dict(asked)) as response:
                body = whole_body(_Pieces(response.iter_raw()), deadline, self._exchange.policy.most_bytes)
            return self._read(response, body, fits)
        except httpx.TimeoutException as error:
            raise DeadlinePassed from error
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError) as error:
            deadline.check()
            if isinstance(error, httpx.RemoteProtocolError):
                raise self._exchange.cut() from error
            raise self._exchange.unreachable(error) from error
        finally:
            watch.cancel()
            client.close()

    def _read(self, response: httpx.Response, body: bytes, fits: Callable[[Mapping[str, Any]], bool]) -> bytes:
        """What the API said, once it is JSON, whole, and no error.

        Raises:
            TryAgain: the servers are busy, or behind (maxlag).
            ReconciliationError: it is something else.
        """
        if response.status_code != _HTTP_OK:
            elsewhere = "Write the final address into graph.toml: wikidata.api."
            raise self._exchange.refusal(response.status_code, response.headers, elsewhere=elsewhere)
        content_type = response.headers.get("content-type", "")
        if media_type_of(content_type) != "application/json":
            raise self._exchange.wrong_type(content_type, "JSON")
        try:
            plain = decoded(body, response.headers.get("content-encoding", ""), self._exchange.policy.most_bytes)
            answer = json.loads(plain)
        except (ValueError, RecursionError) as error:
            raise self._exchange.cut(wanted="JSON") from error
        error_ = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error_, dict):
            if error_.get("code") in {"maxlag", "ratelimited", "readonly"}:
                reason = f"its servers are behind ({error_.get('code')})"
                raise TryAgain(reason, retry_after(response.headers))
            message = f"{self._exchange.host}: {error_.get('info') or error_.get('code')}"
            raise ReconciliationError(message)
        if not fits(answer):
            message = f"{self._exchange.host} answered something that the API does not say."
            raise ReconciliationError(message)
        return plain


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
