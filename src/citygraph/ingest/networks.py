"""Which network a list means by a name, and whether the list has all its members."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from citygraph.ingest.cells import clean
from citygraph.ingest.countries import country_label
from citygraph.ingest.known import KnownGraph
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.report import ReportLine, ReviewChoice, ReviewDecision, ReviewKey, ReviewWord, network_key
from citygraph.ingest.tables import list_error
from citygraph.ingest.write import Descriptions, Mint, country_iri, day_triple, iri_triple, said_triples
from citygraph.matching.names import fold, read_name, words_of
from citygraph.matching.score import nearest
from citygraph.messages import sentence, text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Triple

_EDITORS: Final = "agent-editors"
_ALIKE: Final = 0.8
_SHORTEST: Final = 6
_SHORTEST_ACRONYM: Final = 3
_MOST_CANDIDATES: Final = 5
_TYPE: Final = PREFIXES["rdf"] + "type"
_PROV, _COMMENT = PREFIXES["prov"], PREFIXES["rdfs"] + "comment"


@dataclass(frozen=True, slots=True)
class Network:
    """The network that is meant, or why none is and which may be."""

    iri: str
    name: str = ""
    is_new: bool = False
    is_question: bool = False
    reason: str = ""
    candidates: tuple[ReviewChoice, ...] = ()


class Networks:
    """The networks of one list."""

    def __init__(
        self, known: KnownGraph, map_: ListMap, mint: Mint, base: str, decisions: Mapping[ReviewKey, ReviewDecision]
    ) -> None:
        """Take what the graph, the map and the review say."""
        self._known = known
        self._remembered = known.remembered_networks()
        self._map = map_
        self._mint = mint
        self._base = base
        self._decisions = decisions
        self._found: dict[str, Network] = {}
        self._made: dict[str, Network] = {}
        self.decided_new: dict[ReviewKey, str] = {}
        # "Euro-Cities" is "Eurocities": only letters and digits count.
        self._squeezed = {_squeezed(name): Network(iri, name) for name, iri in known.networks.items()}

    @property
    def listed(self) -> dict[str, str]:
        """The networks that the list speaks of, with their names."""
        return {each.iri: each.name for each in self._found.values() if each.iri}

    def find(self, written: str) -> Network:
        """The network of that name.

        Raises:
            IngestError: the map names one that is not in the graph.
        """
        key = fold(clean(written).text or written)
        if key not in self._found:
            self._found[key] = self._find(self._map.names("networks").get(key, written))
        return self._found[key]

    def find_all(self, written: Iterable[str]) -> None:
        """Look all names up, the commonest first: it sets the spelling that rarer ones are held against."""
        counts = Counter(written)
        for name in sorted(counts, key=lambda each: (self._decision(each) is not None, -counts[each])):
            self.find(name)

    def _find(self, name: str) -> Network:
        if name.startswith("id:"):
            return Network(self.by_id(name), name)
        if (decision := self._decision(name)) is not None:
            return self._decided(name, decision)
        if (exact := self._exact(name)) is not None:
            return exact
        if near := self._near(name):
            reason = sentence("ingest.who.network_resembles", name=name, other=near[0].name)
            return Network("", name, is_question=True, reason=reason, candidates=near)
        match self._map.text("unknown.network"):
            case "review":
                return Network("", name, is_question=True, reason=sentence("ingest.who.network_not_known", name=name))
            case "refuse":
                return Network("", name, reason=sentence("ingest.who.network_not_known", name=name))
        return self._new(name)

    def by_id(self, name: str) -> str:
        """The address of a network of the graph by its short name.

        Raises:
            IngestError: the graph has none of that name.
        """
        iri = self._base + "id/" + name.removeprefix("id:")
        if iri not in self._known.networks.values():
            near = difflib.get_close_matches(name, self._names(), n=1, cutoff=0.5)
            raise list_error(
                "no_network", fix="mean_network" if near else "new_network", network=name, near=near[0] if near else ""
            )
        return iri

    def _decision(self, name: str) -> ReviewDecision | None:
        decision = self._decisions.get(network_key(name))
        return decision if decision is not None and decision.word is not ReviewWord.OPEN else None

    def _decided(self, name: str, decision: ReviewDecision) -> Network:
        if decision.word is ReviewWord.SKIP:
            return Network("", name, reason=decision.skipped)
        if decision.word is ReviewWord.NEW:
            found = self._new(name)
            self.decided_new[network_key(name)] = found.iri
            return found
        made = {each.iri: each for each in self._made.values()}
        names = {iri: known for known, iri in (*self._remembered.items(), *self._known.networks.items())}
        if decision.target in made:
            return made[decision.target]
        if decision.target in names:
            is_new = decision.target not in self._known.taken
            return Network(decision.target, name if is_new else names[decision.target], is_new=is_new)
        reason = sentence("ingest.who.no_network_chosen", target=decision.target)
        return Network("", name, is_question=True, reason=reason)

    def _exact(self, name: str) -> Network | None:
        """The network of that name in some spelling, also with its own abbreviation behind it in brackets."""
        before, bracket, inside = name.rstrip(")] ").rpartition("(")
        forms = [name, before.strip()] if bracket and _squeezed(inside) == _acronym(before) else [name]
        for form in forms:
            if fold(form) in self._known.networks:
                return Network(self._known.networks[fold(form)], form)
            if (squeezed := _squeezed(form)) and squeezed in self._squeezed:
                return self._squeezed[squeezed]
        return None

    def _near(self, name: str) -> tuple[ReviewChoice, ...]:
        """Networks that may be meant: by a slip, an abbreviation, or words that many networks have in their names."""
        others = {**{key: each.iri for key, each in self._made.items()}, **self._known.networks}
        keys = list(others)
        found: dict[str, str] = {}
        if len(name) >= _SHORTEST:
            found |= {others[keys[place]]: keys[place] for place in nearest(fold(name), keys, least=_ALIKE)}
        mine, acronym, squeezed = _telling(name), _acronym(name), _squeezed(name)
        for key, iri in others.items():
            theirs = _telling(key)
            short = len(squeezed) >= _SHORTEST_ACRONYM and squeezed == _acronym(key)
            if (
                short
                or (len(acronym) >= _SHORTEST_ACRONYM and acronym == _squeezed(key))
                or _begins_alike(mine, theirs)
            ):
                found.setdefault(iri, key)
        return tuple(ReviewChoice(iri, self._label(iri, key)) for iri, key in found.items())[:_MOST_CANDIDATES]

    def _label(self, iri: str, key: str) -> str:
        thing = self._known.things.get(iri)
        made = next((each.name for each in self._made.values() if each.iri == iri), key)
        return thing.name() if thing else made

    def _new(self, name: str) -> Network:
        key = fold(name)
        iri = self._remembered.get(key) or self._mint.network(name)
        self._made[key] = self._squeezed[_squeezed(name)] = Network(iri, name, is_new=True)
        return self._made[key]

    def _names(self) -> list[str]:
        return sorted({f"id:{iri.rpartition('/')[2]}" for iri in self._known.networks.values()})


def _squeezed(name: str) -> str:
    return "".join(letter for letter in fold(name) if letter.isalnum())


@lru_cache(maxsize=10_000)
def _acronym(name: str) -> str:
    return read_name(name).acronym


@lru_cache(maxsize=10_000)
def _telling(name: str) -> tuple[str, ...]:
    """The words of a name that tell it apart, folded."""
    return tuple(word for word in read_name(name).folded.split() if word not in _common())


@cache
def _common() -> frozenset[str]:
    return frozenset(map(fold, words_of(__package__, "networks", "common")))


def _begins_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the telling words of one name are the first of the other: "Eurocities network", "C40 Climate Leadership Group"."""
    less, more = sorted((one, other), key=len)
    return bool(less) and more[: len(less)] == less


class Completeness:
    """The completeness statements of one edition.

    A list that is complete does not make the graph complete: where a row was refused or waits for a decision, the
    statement says `partial`, for "not a member" would be said of the very city in that row.
    """

    def __init__(self, map_: ListMap, known: KnownGraph, networks: Networks, base: str) -> None:
        """Take what the map says.

        Raises:
            IngestError: the map names a judge, a role or a network that is not there; the editors come with the statement.
        """
        self._map = map_
        self._said = map_.values["complete"]
        self._known = known
        self._networks = networks
        self._judge = base + "id/" + map_.text("judged_by").removeprefix("id:")
        self._role = map_.text("complete_role").removeprefix("concept:")
        self._is_new = self._judge not in known.taken
        if self._said and self._is_new and self._judge != base + "id/" + _EDITORS:
            raise list_error("no_judge", fix="judge", judge=map_.text("judged_by"))
        if self._role and CONCEPT + self._role not in known.roles:
            raise list_error("no_complete_role", fix="roles", role=self._role, roles=known.role_names())

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
                networks = ", ".join(sorted(listed.values())[:20])
                raise list_error("not_listed", fix="listed", network=name, networks=networks)
            found[iri] = listed[iri]
        return found

    def covers(self, country: str, role: str) -> bool:
        """Whether the statement is about members of this country in this role."""
        countries = self._map.texts("complete_country")
        return (not countries or country in countries) and (not self._role or role == CONCEPT + self._role)

    def open_rows(self, lines: Iterable[ReportLine]) -> Counter[str]:
        """How many rows keep the graph from having every member, by network; rows of no network count for each."""
        rows: dict[str, set[tuple[str, int]]] = {iri: set() for iri in self.networks()}
        for line in lines:
            if line.is_open:
                iri = self._networks.find(line.network).iri if line.network else ""
                for each in [iri] if iri in rows else list(rows) if not iri else []:
                    rows[each].add((line.sheet, line.row))
        return Counter({iri: len(each) for iri, each in rows.items()})

    def triples(
        self, lines: Iterable[ReportLine], mint: Mint, document: str, described: Descriptions
    ) -> Iterator[Triple]:
        """A statement for each network, and for each country when the map names some.

        Args:
            lines: the report.
            mint: gives the statements their names.
            document: the list.
            described: takes the countries that the graph lacks.
        """
        missing = self.open_rows(lines)
        day = self._map.as_of
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
                yield day_triple(iri, CG + "asOf", day)
                yield iri_triple(iri, CG + "asOfBasis", CONCEPT + "basis-document")
                if missing[network]:
                    yield from said_triples(
                        iri, _COMMENT, text("ingest.statement.partial").filled(count=missing[network])
                    )
                yield iri_triple(iri, _PROV + "wasAttributedTo", self._judge)
                if self._is_new:
                    yield from described.editors(self._judge)
                yield iri_triple(iri, _PROV + "wasDerivedFrom", document)
