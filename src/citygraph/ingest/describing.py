"""New cities, authorities, countries and networks: described once each, with the row that names them first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from citygraph.ingest.entries import Entry
from citygraph.ingest.gazetteer import Body
from citygraph.ingest.known import Known
from citygraph.ingest.minting import (
    country_iri,
    describe_authority,
    describe_country,
    describe_network,
    describe_place,
)
from citygraph.ingest.networks import Network
from citygraph.rdf import Triple

__all__ = ["Descriptions"]


class Descriptions:
    """What has been described in this edition, and how many things of each kind are new."""

    def __init__(self, known: Known, document: str) -> None:
        """`document` is the source of countries: no row of a list says more of one than its name."""
        self._known = known
        self._document = document
        self._done: set[str] = set()
        self.made: Counter[str] = Counter()

    def body(self, entry: Entry, body: Body, row: str) -> Iterator[Triple]:
        """A city or region with its authority, as far as the graph does not have them."""
        if body.is_new and body.place and self._is_first(body.place):
            self.made["region" if body.kind == "region" else "city"] += 1
            yield from self.country(body.country)
            yield from describe_place(body, entry.asked.name if entry.asked else body.name, entry.region, row)
        if body.authority not in self._known.taken and body.place and self._is_first(body.authority):
            yield from describe_authority(body, row)

    def country(self, code: str) -> Iterator[Triple]:
        """A country that the graph does not have."""
        iri = country_iri(code)
        if iri not in self._known.countries and self._is_first(iri):
            yield from describe_country(code, self._document)

    def network(self, network: Network, row: str) -> Iterator[Triple]:
        """A network that the graph does not have."""
        if network.is_new and self._is_first(network.iri):
            self.made["network"] += 1
            yield from describe_network(network.iri, network.name, row)

    def _is_first(self, iri: str) -> bool:
        if iri in self._done:
            return False
        self._done.add(iri)
        return True
