"""The MediaWiki API of Wikidata: search and entities, one request at a time, polite when the servers are behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from citygraph.errors import ReconciliationError
from citygraph.exchange import Exchange
from citygraph.http import Client, Deadline, HttpReply, Policy, TryAgain, retry_after
from citygraph.link.item_json import item_from_json
from citygraph.link.items import Item

if TYPE_CHECKING:
    import httpx

__all__ = ["BATCH", "MediaWiki"]

BATCH: Final = 50
"""As many entities as the API gives at once."""
_MAXLAG: Final = "5"
_PROPS: Final = "labels|aliases|descriptions|claims"
_MOST_FOUND: Final = 20


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
        self._client = Client(policy, headers={"Accept": "application/json"}, transport=transport)

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
        return self._read(self._client.send("GET", self._exchange.address, deadline, params=asked), fits)

    def _read(self, reply: HttpReply, fits: Callable[[Mapping[str, Any]], bool]) -> bytes:
        """What the API said, once it is JSON, whole, and no error.

        Raises:
            TryAgain: the servers are busy, or behind (maxlag).
            ReconciliationError: it is something else.
        """
        if reply.status != HTTPStatus.OK:
            elsewhere = "Write the final address into graph.toml: wikidata.api."
            raise self._exchange.refusal(reply.status, reply.headers, elsewhere=elsewhere)
        if reply.media_type != "application/json":
            raise self._exchange.wrong_type(reply.media_type, "JSON")
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            raise self._exchange.cut(wanted="JSON") from error
        error_ = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error_, dict):
            if error_.get("code") in {"maxlag", "ratelimited", "readonly"}:
                reason = f"its servers are behind ({error_.get('code')})"
                raise TryAgain(reason, retry_after(reply.headers))
            message = f"{self._exchange.host}: {error_.get('info') or error_.get('code')}"
            raise ReconciliationError(message)
        if not fits(answer):
            message = f"{self._exchange.host} answered something that the API does not say."
            raise ReconciliationError(message)
        return reply.body


def _has_hits(answer: Mapping[str, Any]) -> bool:
    found = answer.get("search") if isinstance(answer, dict) else None
    return isinstance(found, list) and all(isinstance(each, dict) and "id" in each for each in found)


def _has_items(answer: Mapping[str, Any]) -> bool:
    found = answer.get("entities") if isinstance(answer, dict) else None
    try:
        return isinstance(found, dict) and all(bool(item_from_json(each).id) for each in found.values())
    except (KeyError, TypeError, AttributeError, ValueError):
        return False
