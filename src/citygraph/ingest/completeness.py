"""Whether a list is the full membership of a network: what the map says of it, and whether every row could be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.countries import country_label
from citygraph.ingest.describing import Descriptions
from citygraph.ingest.known import Known
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.minting import Mint, country_iri, iri_triple, text_triple
from citygraph.ingest.networks import Networks
from citygraph.ingest.outcomes import Line
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Triple

__all__ = ["Completeness"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_PROV, _COMMENT = PREFIXES["prov"], PREFIXES["rdfs"] + "comment"


class Completeness:
    """The completeness statements of one edition.

    A list that is complete does not make the graph complete: where a row was refused or waits for a decision, the
    statement says `partial`, for "not a member" would be said of the very city in that row.
    """

    def __init__(self, map_: ListMap, known: Known, networks: Networks, base: str) -> None:
        """Take what the map says.

        Raises:
            IngestError: the map names a judge, a role or a network that is not there.
        """
        self._map = map_
        self._said = map_.values["complete"]
        self._known = known
        self._networks = networks
        self._judge = base + "id/" + map_.text("judged_by").removeprefix("id:")
        self._role = map_.text("complete_role").removeprefix("concept:")
        if self._said and self._judge not in known.taken:
            message = (
                f"The map says that {map_.text('judged_by')} judged the list complete, and the graph does not have it."
            )
            raise IngestError(message, fix="Write judged_by with the short name of a person or group of the graph.")
        if self._role and CONCEPT + self._role not in known.roles:
            message = f"The map names the role {self._role!r} (complete_role), which the graph does not have."
            raise IngestError(
                message, fix=f"The roles are: {', '.join(sorted(each.removeprefix(CONCEPT) for each in known.roles))}."
            )

    @property
    def is_partial(self) -> bool:
        """Whether the map says that the list lacks members, so that nobody has left by not standing on it."""
        return self._said is False

    def networks(self) -> dict[str, str]:
        """The networks whose full membership this is, by address.

        Raises:
            IngestError: the map names one of which the list says nothing.
        """
        if not self._said:
            return {}
        listed = self._networks.listed
        if self._said is True:
            return listed
        found: dict[str, str] = {}
        for name in self._said:
            iri = self._networks.find(name).iri if not name.startswith("id:") else self._networks.by_id(name)
            if iri not in listed:
                message = (
                    f"The map says that the list is complete for {name!r}, and no row of the list names that network."
                )
                raise IngestError(message, fix=f"The list names: {', '.join(sorted(listed.values())[:20])}.")
            found[iri] = listed[iri]
        return found

    def covers(self, country: str, role: str) -> bool:
        """Whether the statement is about members of this country in this role."""
        countries = self._map.texts("complete_country")
        return (not countries or country in countries) and (not self._role or role == CONCEPT + self._role)

    def open_rows(self, lines: Iterable[Line]) -> Counter[str]:
        """How many rows keep the graph from having every member, by network; rows of no network count for each."""
        rows: dict[str, set[tuple[str, int]]] = {iri: set() for iri in self.networks()}
        for line in lines:
            if line.is_open:
                iri = self._networks.find(line.network).iri if line.network else ""
                for each in [iri] if iri in rows else list(rows) if not iri else []:
                    rows[each].add((line.sheet, line.row))
        return Counter({iri: len(each) for iri, each in rows.items()})

    def triples(self, lines: Iterable[Line], mint: Mint, document: str, described: Descriptions) -> Iterator[Triple]:
        """A statement for each network, and for each country when the map names some.

        Args:
            lines: the report.
            mint: gives the statements their names.
            document: the list.
            described: takes the countries that the graph lacks.
        """
        missing = self.open_rows(lines)
        day = self._map.as_of.isoformat()
        for network in sorted(missing):
            for country in self._map.texts("complete_country") or ("",):
                scope = country_label(country, "en").lower().replace(" ", "-") if country else "all"
                iri = mint.free(f"list-{network.rpartition('/')[2]}-{scope}-{day}", self._map.name)
                yield iri_triple(iri, _TYPE, CG + "CompletenessStatement")
                yield iri_triple(iri, CG + "listOf", network)
                yield iri_triple(iri, CG + "listKind", CONCEPT + "list-memberships")
                if self._role:
                    yield iri_triple(iri, CG + "listRole", CONCEPT + self._role)
                if country:
                    yield iri_triple(iri, PREFIXES["dct"] + "spatial", country_iri(country))
                    yield from described.country(country)
                yield iri_triple(iri, CG + "completeness", CONCEPT + ("partial" if missing[network] else "complete"))
                yield text_triple(iri, CG + "asOf", day, kind="date")
                yield iri_triple(iri, CG + "asOfBasis", CONCEPT + "basis-document")
                if missing[network]:
                    yield text_triple(
                        iri, _COMMENT, f"Listen er fullstendig, men {missing[network]} rader er ikke tatt inn.", "nb"
                    )
                    yield text_triple(
                        iri,
                        _COMMENT,
                        f"The list is complete, but {missing[network]} of its rows were not taken in.",
                        "en",
                    )
                yield iri_triple(iri, _PROV + "wasAttributedTo", self._judge)
                yield iri_triple(iri, _PROV + "wasDerivedFrom", document)
