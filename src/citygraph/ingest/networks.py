"""Which network a list means by a name: one of the graph, of the map, of the review, or a new one."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean
from citygraph.ingest.known import Known
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.minting import Mint
from citygraph.ingest.review import Choice, Decision, ReviewKey, Word, network_key
from citygraph.matching.names import read_name
from citygraph.matching.near import nearest
from citygraph.namespaces import fold

__all__ = ["Network", "Networks"]

_ALIKE: Final = 0.8
_SHORTEST: Final = 6
_SHORTEST_ACRONYM: Final = 3
_MOST_CANDIDATES: Final = 5
# What many networks have in their names, so that it tells none of them apart.
_COMMON: Final = frozenset(
    [
        "the",
        "of",
        "for",
        "in",
        "and",
        "a",
        "an",
        "to",
        "network",
        "networks",
        "nettverk",
        "nettverket",
        "netzwerk",
        "reseau",
        "red",
        "rete",
        "netwerk",
        "natverk",
        "natverket",
        "city",
        "cities",
        "town",
        "towns",
        "byer",
        "by",
        "stader",
        "staedte",
        "villes",
        "ciudades",
        "citta",
        "steden",
        "municipalities",
        "kommuner",
        "association",
        "e",
        "v",
        "ev",
        "asbl",
        "aisbl",
        "inc",
        "ltd",
        "ngo",
        "international",
        "initiative",
        "programme",
        "program",
        "members",
        "member",
        "membership",
        "secretariat",
        "group",
        "european",
        "europe",
        "de",
        "des",
        "der",
        "la",
        "le",
        "les",
        "et",
        "und",
        "og",
    ]
)


@dataclass(frozen=True, slots=True)
class Network:
    """The network that is meant, or why none is and which may be."""

    iri: str
    name: str = ""
    is_new: bool = False
    is_question: bool = False
    reason: str = ""
    candidates: tuple[Choice, ...] = ()


class Networks:
    """The networks of one list."""

    def __init__(
        self, known: Known, map_: ListMap, mint: Mint, base: str, decisions: Mapping[ReviewKey, Decision]
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
            reason = f"the network {name!r} resembles {near[0].name!r}"
            return Network("", name, is_question=True, reason=reason, candidates=near)
        match self._map.text("unknown.network"):
            case "review":
                return Network("", name, is_question=True, reason=f"the network {name!r} is not known")
            case "refuse":
                return Network("", name, reason=f"the network {name!r} is not known")
        return self._new(name)

    def by_id(self, name: str) -> str:
        """The address of a network of the graph by its short name.

        Raises:
            IngestError: the graph has none of that name.
        """
        iri = self._base + "id/" + name.removeprefix("id:")
        if iri not in self._known.networks.values():
            near = difflib.get_close_matches(name, self._names(), n=1, cutoff=0.5)
            message = f"The map names the network {name}, which is not in the graph."
            fix = f"Did you mean {near[0]}?" if near else "Write a name instead: a new one is made."
            raise IngestError(message, fix=fix)
        return iri

    def _decision(self, name: str) -> Decision | None:
        decision = self._decisions.get(network_key(name))
        return decision if decision is not None and decision.word is not Word.OPEN else None

    def _decided(self, name: str, decision: Decision) -> Network:
        if decision.word is Word.SKIP:
            return Network("", name, reason=f"skipped in the review{decision.said}")
        if decision.word is Word.NEW:
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
        reason = f"the review chose {decision.target}, which is no network of the graph"
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

    def _near(self, name: str) -> tuple[Choice, ...]:
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
        return tuple(Choice(iri, self._label(iri, key)) for iri, key in found.items())[:_MOST_CANDIDATES]

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
    return tuple(word for word in read_name(name).folded.split() if word not in _COMMON)


def _begins_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the telling words of one name are the first of the other: "Eurocities network", "C40 Climate Leadership Group"."""
    less, more = sorted((one, other), key=len)
    return bool(less) and more[: len(less)] == less
