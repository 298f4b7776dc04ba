"""Where items come from: an extract on disk, or Wikidata itself, asked one request at a time and as its rules ask."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import re
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from citygraph.errors import ReconciliationError
from citygraph.exchange import Exchange
from citygraph.files import write_file
from citygraph.http import Deadline, HttpClient, HttpReply, Policy, TryAgain, retry_after
from citygraph.link.items import ENTITY, WikidataItem, entity_json, item_from_json, thing_of_item
from citygraph.link.items_in_rdf import items_from_triples, triples_of_items
from citygraph.matching.names import read_name
from citygraph.matching.score import TargetIndex, Wanted
from citygraph.matching.things import Thing
from citygraph.messages import reason_of, sentence
from citygraph.rdf import Iri, Literal, Triple, parse
from citygraph.results import Solutions
from citygraph.store.endpoint import RemoteStore

if TYPE_CHECKING:
    import httpx

BATCH: Final = 50
"""As many entities as the API gives at once."""
_MAXLAG: Final = "5"
_PROPS: Final = "labels|aliases|descriptions|claims"
_MOST_FOUND: Final = 20
_LANGUAGES: Final = ("nb", "en")
_MOST_NAMES: Final = 4
_BY_CODE: Final = "SELECT ?item ?code WHERE { ?item <http://www.wikidata.org/prop/direct/%s> ?code }"


class ItemSource(Protocol):
    """Something that finds items."""

    def search(self, thing: Thing) -> list[WikidataItem]:
        """Items that may be this thing."""

    def get(self, ids: Iterable[str]) -> dict[str, WikidataItem]:
        """The items with these ids; one that is not there is missing in the answer or marked so."""


def wanted_of(thing: Thing) -> Wanted:
    """What is looked for when a thing of ours is to be found elsewhere."""
    forms = tuple({read_name(name.text) for name in thing.names})
    return Wanted(forms, thing.kinds - {"concept"}, thing.countries, thing.point, thing.codes)


# -- an extract on disk -------------------------------------------------------------------------------


class ExtractSource:
    """Items of an extract; nothing is asked of anybody."""

    def __init__(self, items: Mapping[str, WikidataItem]) -> None:
        """Search and give `items`, by id; no request is made."""
        self._items = dict(items)
        there = (item for item in self._items.values() if not item.redirect and not item.missing)
        self._index = TargetIndex(thing_of_item(item) for item in there)

    def search(self, thing: Thing) -> list[WikidataItem]:
        """See `ItemSource.search`."""
        return [self._items[each.thing.id] for each in self._index.find(wanted_of(thing), limit=10, least=30)]

    def get(self, ids: Iterable[str]) -> dict[str, WikidataItem]:
        """See `ItemSource.get`."""
        return {each: self._items[each] for each in ids if each in self._items}


def read_extract(path: Path) -> dict[str, WikidataItem]:
    """The items of an extract by id: `.nt` is N-Triples, `.ttl` Turtle, anything else entities in JSON, one a line.

    What is packed with gzip or bzip2 is unpacked.

    Raises:
        ReconciliationError: it cannot be read; the line is in the message.
    """
    data = _read(path)
    if _FORMATS & set(path.suffixes):
        return items_from_triples(_parsed(path, data))
    return {item.id: item for _, item in _read_lines(path, data)}


def read_extract_triples(path: Path) -> list[Triple]:
    """An extract as the query service would have it: triples as they stand, entities as their statements.

    Raises:
        ReconciliationError: it cannot be read; the line is in the message.
    """
    data = _read(path)
    if _FORMATS & set(path.suffixes):
        return _parsed(path, data)
    found: dict[str, list[Triple]] = {}
    for line, item in _read_lines(path, data):
        try:
            found[item.id] = list(triples_of_items([item]))
        except ValueError as error:
            raise _no_entity(path, line) from error
    return [each for triples in found.values() for each in triples]


_ID: Final = re.compile(r"[QPL][1-9][0-9]{0,12}")
_FORMATS: Final = frozenset({".nt", ".ttl"})
_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_MOST_BYTES: Final = 4_000_000_000
"""What an extract may hold when it is unpacked; a packed file of a few megabytes can say that it is far more."""


def _read(path: Path) -> bytes:
    """The bytes of an extract, unpacked when they are packed, whatever the file is called."""

    def refused(key: str) -> ReconciliationError:
        message = sentence("link.unreadable", file=path, reason=sentence(f"link.extract.{key}"))
        return ReconciliationError(message, fix=sentence("link.make_extract"))

    try:
        data = path.read_bytes()
        if data.startswith(_GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(_MOST_BYTES + 1)
        elif data.startswith(_BZIP2):
            data = _from_bzip2(data)
    except EOFError as error:
        raise refused("cut") from error
    except (gzip.BadGzipFile, zlib.error, _DamagedError) as error:
        raise refused("damaged") from error
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) and error.strerror else path.name
        message = sentence("link.unreadable", file=path, reason=reason)
        raise ReconciliationError(message, fix=sentence("link.make_extract")) from error
    if len(data) > _MOST_BYTES:
        raise refused("too_large")
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(BOM_UTF8)
    if not data.strip():
        raise refused("empty")
    return data


class _DamagedError(Exception):
    """What is packed is no bzip2."""


def _from_bzip2(data: bytes) -> bytes:
    with bz2.BZ2File(io.BytesIO(data)) as file:
        try:
            return file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise _DamagedError from error


def _parsed(path: Path, data: bytes) -> list[Triple]:
    parsed = parse(data, format="ttl" if ".ttl" in path.suffixes else "nt", most_problems=1)
    if parsed.problems:
        problem = parsed.problems[0]
        message = f"{path}:{problem.line}: {problem.message}"
        raise ReconciliationError(message, fix=sentence("link.not_triples"))
    return [quad.triple for quad in parsed.quads]


def _read_lines(path: Path, data: bytes) -> Iterator[tuple[int, WikidataItem]]:
    """The entities with the numbers of their lines."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        # Wikidata's own dumps are one list with a comma behind every entity.
        text = line.strip().removesuffix(b",")
        if text in {b"", b"[", b"]"}:
            continue
        try:
            raw = json.loads(text)
            # What the API and the pages of entities give is one object with all of them.
            entities = raw.get("entities", {"": raw})
            found = [item_from_json(each) for each in (entities.values() if isinstance(entities, dict) else entities)]
            are_items = all(_ID.fullmatch(item.id) for item in found)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise _no_entity(path, number) from error
        if not are_items:
            raise _no_entity(path, number)
        yield from ((number, item) for item in found)


def _no_entity(path: Path, line: int) -> ReconciliationError:
    message = sentence("link.no_entity", file=path, line=line)
    return ReconciliationError(message, fix=sentence("link.not_lines"), line=line)


def write_extract(path: Path, items: Iterable[WikidataItem]) -> int:
    """One entity a line, by id; the same items give the same bytes. How many there are.

    Raises:
        ExportError: the file cannot be written.
    """
    by_id = {item.id: item for item in items}
    ordered = sorted(by_id, key=lambda each: (len(each), each))
    text = "".join(f"{entity_json(by_id[each])}\n" for each in ordered).encode()
    write_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return len(ordered)


# -- Wikidata itself ----------------------------------------------------------------------------------


class LiveSource:
    """Wikidata: names through its API, codes through its query service."""

    def __init__(self, api: MediaWiki, endpoint: RemoteStore | None = None) -> None:
        """Search names through `api`, and codes through `endpoint` when there is one."""
        self._api, self._endpoint = api, endpoint

    def search(self, thing: Thing) -> list[WikidataItem]:
        """See `ItemSource.search`."""
        ids = dict.fromkeys([*self._by_code(thing), *self._by_name(thing)])
        return [item for item in self._api.entities(ids) if not item.missing]

    def get(self, ids: Iterable[str]) -> dict[str, WikidataItem]:
        """See `ItemSource.get`."""
        return {item.id: item for item in self._api.entities(ids)}

    def _by_name(self, thing: Thing) -> Iterator[str]:
        asked: set[tuple[str, str]] = set()
        for name in thing.names[:_MOST_NAMES]:
            language = name.language if name.language in _LANGUAGES else "en"
            for text in dict.fromkeys((name.text, read_name(name.text).core)):
                if (text, language) not in asked:
                    asked.add((text, language))
                    yield from self._api.search(text, language)

    def _by_code(self, thing: Thing) -> Iterator[str]:
        if self._endpoint is None:
            return
        for property_, code in sorted(thing.codes):
            # The property comes from our own table; the code is a term and never text of the query.
            answer = self._endpoint.query(_BY_CODE % property_, bind={"code": Literal(code)})
            for row in answer if isinstance(answer, Solutions) else ():
                item = row.get("item")
                if isinstance(item, Iri) and item.value.startswith(ENTITY):
                    yield item.value.removeprefix(ENTITY)


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
        self._client = HttpClient(policy, headers={"Accept": "application/json"}, transport=transport)

    def search(self, text: str, language: str, *, limit: int = 10) -> list[str]:
        """The ids of items whose label or alias begins like `text`."""
        found = self._ask({
            "action": "wbsearchentities", "search": text[:250], "language": language, "uselang": language,
            "type": "item", "limit": str(min(limit, _MOST_FOUND)),
        }, _has_hits)  # fmt: skip
        return [str(each["id"]) for each in found["search"]]

    def entities(self, ids: Iterable[str]) -> Iterator[WikidataItem]:
        """The items with these ids, in batches of 50; a merged one says where to, a deleted one that it is gone."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            yield from self._batch(wanted[start : start + BATCH])

    def _batch(self, ids: Sequence[str]) -> Iterator[WikidataItem]:
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
            raise ReconciliationError(sentence("link.not_the_api", host=self._exchange.host))
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
