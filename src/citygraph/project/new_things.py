"""New things that an accepted proposal names: what each of them is, and the edits that make it before the fact about it.

Who accepts that Lise Berg leads a network accepts Lise Berg. What a name is follows from the field that it stands in and from
its own words ("Lillevik kommune" is an authority), from the reference graph, or from the person: `new=authority;
country=Norge` among the values of the row. What cannot be told is asked, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from citygraph.edit.answers import Said
from citygraph.edit.facts import read_fact
from citygraph.edit.kinds import FactField, FactKind, Kinds
from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError
from citygraph.ingest.kinds import organisation_word
from citygraph.labels import LABEL_PROPERTIES
from citygraph.matching.names import plain, words_of
from citygraph.messages import sentence
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Literal
from citygraph.read.mentions import KnownNames

_GROUPS: Final = ("network", "body", "authority", "place", "country", "person", "organisation", "concept")
_PERSON, _ORGANIZATION = PREFIXES["foaf"] + "Person", PREFIXES["org"] + "Organization"
_PLACE, _NETWORK = CG + "Place", CG + "CityNetwork"
_BODIES: Final = (CG + "WorkingGroup", CG + "GoverningBody", CG + "Secretariat")
_THINGS: Final = frozenset({_PERSON, _ORGANIZATION, _PLACE, _NETWORK, *_BODIES})
_HOLDERS: Final = frozenset({"office", "lead"})
_MEMBERS: Final = frozenset({"membership", "joined", "left"})
_NEW, _COUNTRY, _OF_NETWORK = "new", "country", "network"


@dataclass(frozen=True, slots=True)
class NewThing:
    """A thing that is to be made: the field that names it, and the kinds to add in order, each with what is said of it.

    The address of one is the `place` of the next; that of the last is the value of the field.
    """

    option: str
    steps: tuple[tuple[str, Said], ...]


class NewThings:
    """Tells which things of a proposal are new, and what they are."""

    def __init__(self, kinds: Kinds, state: EditedGraph, reference: Callable[[], EditedGraph]) -> None:
        """`state` is the graph; `reference` gives that of the program, for names, places and countries."""
        self._kinds, self._known = kinds, KnownNames(state)
        self._reference = cache(reference)

    def among(self, kind: FactKind, said: Said) -> tuple[list[NewThing], Said]:
        """The things that are to be made for a fact, and what is said of the fact itself.

        Raises:
            EditError: it is not told what a new thing is, or in which country it lies.
        """
        extra = {
            option: value for option, value in said if option in {_NEW, _COUNTRY, _OF_NETWORK} and not kind.has(option)
        }
        own = [(option, value) for option, value in said if option not in extra]
        new = [each for each in own if self._is_new(kind, *each)]
        return [self._thing(kind, *each, extra, is_alone=len(new) == 1) for each in new], own

    def _is_new(self, kind: FactKind, option: str, value: str) -> bool:
        if not kind.has(option) or ":" in value or not _names_a_thing(kind.field(option)):
            return False
        return not self._known.called(plain(value), _GROUPS)

    def _thing(self, kind: FactKind, option: str, name: str, extra: Mapping[str, str], *, is_alone: bool) -> NewThing:
        """One thing; where the row names several, what the person says it is goes for those that do not tell themselves."""
        guessed, told = self._guessed(kind, kind.field(option), name), extra.get(_NEW, "")
        wanted = self._kinds.named(told).name if told and (is_alone or not guessed) else guessed
        if not wanted or not self._kinds[wanted].has("name"):
            names = ", ".join(
                each.name for each in self._kinds.values() if each.has("name") and each.has("also-called")
            )
            fix = sentence("proposals.next.which_new", name=name, kinds=f"person, {names}")
            raise EditError(sentence("proposals.which_new", name=name, option=option), fix=fix)
        if wanted in {"authority", "city"}:
            return NewThing(option, tuple(self._governed(wanted, name, extra)))
        more = (
            [("organization", extra[_OF_NETWORK])]
            if _OF_NETWORK in extra and self._kinds[wanted].has("organization")
            else []
        )
        more += [(_COUNTRY, extra[_COUNTRY])] if _COUNTRY in extra and self._kinds[wanted].has(_COUNTRY) else []
        return NewThing(option, ((wanted, [("name", name), *more]),))

    def _guessed(self, kind: FactKind, field_: FactField, name: str) -> str:
        """The kind of a thing by the field that names it and by its words; empty when they do not tell."""
        if field_.option == "member" and kind.name in _HOLDERS:
            return "person" if " " in name and not _is_governing(name) else self._by_name(name)
        if set(field_.classes) == {_NETWORK} or (field_.option == "organization" and kind.name in _MEMBERS):
            return "network"
        if _PLACE in field_.classes and _ORGANIZATION not in field_.classes:
            return "city"
        return self._by_name(name)

    def _by_name(self, name: str) -> str:
        if _is_governing(name) or self._of_reference(name):
            return "authority"
        return "other-organization" if organisation_word(name, "", lambda _: False) else ""

    def _of_reference(self, name: str) -> str:
        """The place of the reference graph that is called so, or is governed by what is."""
        origin = self._reference()
        known = KnownNames(origin)
        found = known.called(plain(name), ("authority", "place"))
        if len(found) != 1:
            return ""
        governed = [each.value for each in origin.objects(found[0], CG + "administers") if isinstance(each, Iri)]
        return (governed or found)[0]

    def _governed(self, wanted: str, name: str, extra: Mapping[str, str]) -> Iterator[tuple[str, Said]]:
        """A city, and the authority that governs it; names and country are those of the reference graph where it has them."""
        place, origin = self._of_reference(name), self._reference()
        city = _without_governing(name)
        known = self._known.called(plain(city), ("place",)) if wanted == "authority" else []
        if len(known) == 1:
            yield wanted, [("name", name), ("place", self._known.short(known[0]))]
            return
        country = extra.get(_COUNTRY, "")
        if place and not country:
            countries = read_fact(self._kinds["city"], place, origin).values.get(_COUNTRY, ())
            country = next((each.value.rpartition("/")[2] for each in countries if isinstance(each, Iri)), "")
        if not country:
            fix = sentence("proposals.next.which_country", name=name, kind=wanted)
            raise EditError(sentence("proposals.which_country", name=name), fix=fix)
        yield "city", [*(_names(place, origin) or [("name", city)]), (_COUNTRY, country)]
        if wanted == "authority":
            governing = KnownNames(origin).authorities(place) if place else []
            yield wanted, _names(governing[0], origin) if len(governing) == 1 else [("name", name)]


def _names_a_thing(field_: FactField) -> bool:
    if field_.choices or field_.scheme or field_.datatypes or field_.pattern:
        return False
    return not field_.classes or bool(_THINGS.intersection(field_.classes))


def _names(iri: str, graph: EditedGraph) -> list[tuple[str, str]]:
    """What a thing of another graph is called, as the options of its name."""
    labels = [each for key in LABEL_PROPERTIES[:1] for each in graph.objects(iri, key) if isinstance(each, Literal)]
    return [(f"name-{each.language}", each.value) for each in labels if each.language in {"nb", "en"}]


@cache
def _governing_words() -> frozenset[str]:
    """The words for a municipality, as names are compared."""
    return frozenset(plain(each) for each in words_of("citygraph.ingest", "kinds", "is_city")) - {
        "by",
        "stad",
        "city",
        "grad",
    }


def _is_governing(name: str) -> bool:
    return _without_governing(name) != name


def _without_governing(name: str) -> str:
    """The name of a place in that of its authority: "Lillevik" of "Lillevik kommune" and of "Municipality of Lillevik"."""
    words: Sequence[str] = name.split()
    if len(words) > 1 and plain(words[-1]) in _governing_words():
        return " ".join(words[:-1])
    if len(words) > 1 and plain(words[0]) in _governing_words():
        return " ".join(words[2:] if len(words) > 2 and plain(words[1]) in {"of", "de", "van", "di"} else words[1:])  # noqa: PLR2004
    return name
