"""Where items come from: an extract on disk, or Wikidata itself through the polite clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from citygraph.link.item_things import thing_of_item
from citygraph.link.items import ENTITY, Item
from citygraph.link.mediawiki import MediaWiki
from citygraph.matching.index import TargetIndex
from citygraph.matching.names import read_name
from citygraph.matching.score import Wanted
from citygraph.matching.things import Thing
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from citygraph.store.endpoint import RemoteStore

__all__ = ["ExtractSource", "ItemSource", "LiveSource", "wanted_of"]

_LANGUAGES: Final = ("nb", "en")
_MOST_NAMES: Final = 4
_BY_CODE: Final = "SELECT ?item ?code WHERE { ?item <http://www.wikidata.org/prop/direct/%s> ?code }"


class ItemSource(Protocol):
    """Something that finds items."""

    def search(self, thing: Thing) -> list[Item]:
        """Items that may be this thing."""

    def get(self, ids: Iterable[str]) -> dict[str, Item]:
        """The items with these ids; one that is not there is missing in the answer or marked so."""


def wanted_of(thing: Thing) -> Wanted:
    """What is looked for when a thing of ours is to be found elsewhere."""
    forms = tuple({read_name(name.text) for name in thing.names})
    return Wanted(forms, thing.kinds - {"concept"}, thing.countries, thing.point, thing.codes)


class ExtractSource:
    """Items of an extract; nothing is asked of anybody."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """The items by id."""
        self._items = dict(items)
        there = (item for item in self._items.values() if not item.redirect and not item.missing)
        self._index = TargetIndex(thing_of_item(item) for item in there)

    def search(self, thing: Thing) -> list[Item]:
        """See `ItemSource.search`."""
        return [self._items[each.thing.id] for each in self._index.find(wanted_of(thing), limit=10, least=30)]

    def get(self, ids: Iterable[str]) -> dict[str, Item]:
        """See `ItemSource.get`."""
        return {each: self._items[each] for each in ids if each in self._items}


class LiveSource:
    """Wikidata: names through its API, codes through its query service."""

    def __init__(self, api: MediaWiki, endpoint: RemoteStore | None = None) -> None:
        """The API, and the query service when codes are to be asked for."""
        self._api, self._endpoint = api, endpoint

    def search(self, thing: Thing) -> list[Item]:
        """See `ItemSource.search`."""
        ids = dict.fromkeys([*self._by_code(thing), *self._by_name(thing)])
        return [item for item in self._api.entities(ids) if not item.missing]

    def get(self, ids: Iterable[str]) -> dict[str, Item]:
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
