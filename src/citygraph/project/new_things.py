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
from citygraph.namespaces import CG, CONCEPT, PREFIXES, expand
from citygraph.rdf import Iri, Literal
from citygraph.read.mentions import KnownNames

_GROUPS: Final = ("network", "body", "authority", "place", "country", "person", "organisation", "concept")
_PERSON, _ORGANIZATION = PREFIXES["foaf"] + "Person", PREFIXES["org"] + "Organization"
_PLACE, _NETWORK = CG + "Place", CG + "CityNetwork"
_BODIES: Final = (CG + "WorkingGroup", CG + "GoverningBody", CG + "Secretariat")
_ALL_BODIES: Final = frozenset({*_BODIES, _ORGANIZATION})
_THINGS: Final = frozenset({_PERSON, _ORGANIZATION, _PLACE, _NETWORK, *_BODIES})
_HOLDERS: Final = frozenset({"office", "lead"})
_MEMBERS: Final = frozenset({"membership", "joined", "left"})
_NEW, _COUNTRY, _OF_NETWORK = "new", "country", "network"
_CONCEPT, _IN_COUNTRY = PREFIXES["skos"] + "Concept", (CG + "Country",)
_SCHEMES: Final = (CONCEPT + "document-words", CONCEPT + "shared-themes")
"""The scheme of a concept that only a document names, and the one that stands in where a project does not have it."""


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
        self._kinds, self._known, self._state = kinds, KnownNames(state), state
        self._reference = cache(reference)

    def among(self, kind: FactKind, said: Said) -> tuple[list[NewThing], Said]:
        """The things that are to be made for a fact, and what is said of the fact itself.

        Raises:
            EditError: it is not told what a new thing is, or in which country it lies.
        """
        extra = {
            option: value for option, value in said if option in {_NEW, _COUNTRY, _OF_NETWORK} and not kind.has(option)
        }
        own = [(option, self._as_code(kind, option, value)) for option, value in said if option not in extra]
        new = [each for each in own if self._is_new(kind, *each)]
        return [self._thing(kind, *each, extra, is_alone=len(new) == 1) for each in new], own

    def _is_new(self, kind: FactKind, option: str, value: str) -> bool:
        if not kind.has(option) or not _names_a_thing(kind.field(option)):
            return False
        if iri := self._address(value):
            if iri in self._state.said:
                return self._is_subject_of(kind.field(option), iri)
            return bool(_names(iri, self._reference()))
        wanted = self._groups(kind.field(option))
        found = self._known.called(plain(value), wanted)
        if found and kind.field(option).classes and _PLACE not in kind.field(option).classes:
            # A place stands for its authority, where the graph has that.
            return all(e in self._known.groups["place"] and not self._known.authorities(e) for e in found)
        return not found

    def _address(self, value: str) -> str:
        """The address that a value is; empty for a name."""
        return (expand(value, self._state.prefixes) or "") if ":" in value and " " not in value else ""

    @staticmethod
    def _groups(field_: FactField) -> Sequence[str]:
        """Among what a name is looked for: a theme is no body, and no body a theme."""
        if not field_.classes:
            return _GROUPS
        return ("concept",) if _is_of_concepts(field_) else _GROUPS[:-1]

    def _is_subject_of(self, field_: FactField, iri: str) -> bool:
        """Whether a theme stands where a body is wanted: it is what a new one works on."""
        is_theme = _CONCEPT in self._state.classes(iri) and not _is_of_concepts(field_)
        return is_theme and not _ALL_BODIES.isdisjoint(field_.classes)

    def _as_code(self, kind: FactKind, option: str, value: str) -> str:
        """A country that the graph does not have by its letters, by which it comes in."""
        is_country = kind.has(option) and kind.field(option).classes == _IN_COUNTRY
        iri = self._address(value) if is_country else ""
        return iri.rpartition("/")[2] if iri and iri not in self._state.said else value

    def _thing(self, kind: FactKind, option: str, name: str, extra: Mapping[str, str], *, is_alone: bool) -> NewThing:
        """One thing; where the row names several, what the person says it is goes for those that do not tell themselves."""
        guessed, told = self._guessed(kind, kind.field(option), name), extra.get(_NEW, "")
        if guessed == "concept" and not (told and is_alone):
            return NewThing(option, (("concept", self._concept(name)),))
        wanted = self._kinds.named(told).name if told and (is_alone or not guessed) else guessed
        if not wanted or not self._kinds[wanted].has("name"):
            names = ", ".join(
                each.name for each in self._kinds.values() if each.has("name") and each.has("also-called")
            )
            fix = sentence("proposals.next.which_new", name=name, kinds=f"person, {names}")
            raise EditError(sentence("proposals.which_new", name=name, option=option), fix=fix)
        if wanted == "working-group" and _OF_NETWORK not in extra:
            fix = sentence("proposals.next.which_new", name=name, kinds=wanted)
            raise EditError(sentence("proposals.which_new", name=name, option=option), fix=fix)
        if wanted in {"authority", "city"}:
            return NewThing(option, tuple(self._governed(wanted, name, extra)))
        more = (
            [("organization", extra[_OF_NETWORK])]
            if _OF_NETWORK in extra and self._kinds[wanted].has("organization")
            else []
        )
        more += [(_COUNTRY, extra[_COUNTRY])] if _COUNTRY in extra and self._kinds[wanted].has(_COUNTRY) else []
        iri = self._address(name)
        themes = [self._known.short(each) for each in self._known.called(plain(name), ("concept",))]
        theme = name if iri else themes[0] if len(themes) == 1 else ""
        more += [("topic", theme)] if theme and self._kinds[wanted].has("topic") else []
        called = _names(iri, self._state) if iri else []
        return NewThing(option, ((wanted, [*(called or [("name", name)]), *more]),))

    def _guessed(self, kind: FactKind, field_: FactField, name: str) -> str:
        """The kind of a thing by the field that names it and by its words; empty when they do not tell."""
        if field_.option == "member" and kind.name in _HOLDERS:
            return "person" if " " in name and not _is_governing(name) else self._by_name(name)
        if _is_of_concepts(field_):
            return "concept"
        if kind.name == "lead":
            return "working-group"
        if set(field_.classes) == {_NETWORK} or (field_.option == "organization" and kind.name in _MEMBERS):
            return "network"
        if _PLACE in field_.classes and _ORGANIZATION not in field_.classes:
            return "city"
        # To whom or what a relation goes is often no thing but words: "the institutions", "joint measures".
        is_phrase = kind.name == "relation" and field_.option == "object"
        return ("" if is_phrase and name[:1].islower() else self._by_name(name)) or ("concept" if is_phrase else "")

    def _concept(self, name: str) -> Said:
        """What is said of a concept, in the words of the document or as the program's own graph calls it."""
        scheme = next((each for each in _SCHEMES if each in self._state.said), _SCHEMES[0])
        names = _names(self._address(name), self._reference()) if self._address(name) else []
        return [*(names or [("name", name)]), ("scheme", self._known.short(scheme))]

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
            yield wanted, [*self._called_there(place, name), ("place", self._known.short(known[0]))]
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
            yield wanted, self._called_there(place, name)

    def _called_there(self, place: str, name: str) -> Said:
        """What the authority of a place of the reference graph is called, else as it is said."""
        governing = KnownNames(self._reference()).authorities(place) if place else []
        return _names(governing[0], self._reference()) if len(governing) == 1 else [("name", name)]


def _names_a_thing(field_: FactField) -> bool:
    if field_.choices or field_.scheme or field_.datatypes or field_.pattern:
        return False
    return not field_.classes or bool({*_THINGS, _CONCEPT}.intersection(field_.classes))


def _is_of_concepts(field_: FactField) -> bool:
    return _CONCEPT in field_.classes


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
