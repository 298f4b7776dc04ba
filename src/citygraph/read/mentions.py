"""What words of a sentence name: things of the graph, names that nobody knows, numbers with their marks, dates, money, roles.

Each sort of value has one reader; a pattern asks for it by name. What a word names is never decided by a likeness: a name
is one of the graph's as names are compared, or it is new.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from citygraph.edit.state import EditedGraph
from citygraph.labels import LABEL_PROPERTIES, Labels
from citygraph.matching.names import country_code, plain
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.rdf import Iri
from citygraph.rdf import Literal as Text
from citygraph.read.figures import Answers, ReadValue, WrittenFigures, words_between
from citygraph.read.patterns import PatternBook, Slot
from citygraph.read.sentences import TextSentence

CONTEXT: Final = "@context"
"""Stands for the organisation that the text is about: "the network", "organisasjonen"."""
_LONGEST: Final = 8
_GROUPS: Final = {
    "network": (CG + "CityNetwork",),
    "body": (CG + "GoverningBody", CG + "WorkingGroup", CG + "Secretariat"),
    "authority": (PREFIXES["cv"] + "PublicOrganisation",),
    "place": (CG + "City", CG + "Region"),
    "country": (CG + "Country",),
    "person": (PREFIXES["foaf"] + "Person",),
    "organisation": (PREFIXES["org"] + "Organization",),
    "concept": (PREFIXES["skos"] + "Concept",),
}
_PARTICLES: Final = frozenset({"de", "van", "von", "der", "den", "af", "av", "of", "for", "the", "and", "d", "la", "du", "di", "da", "dos", "on", "to", "&", "del"})  # fmt: skip
_PARTICLE_PAIRS: Final = frozenset({"of the", "for the", "de la", "de las", "de los"})
_TO: Final = frozenset({"i", "til", "in", "to", "from", "fra", "frå"})
_NAME_ENDS: Final = frozenset({"kommune", "fylkeskommune", "fylke", "fylkesting", "region", "county", "regionen"})
_PERSON_WORDS: Final = (2, 5)
_STOPS: Final = frozenset('.;:()[]–—!?"«»“”')
_SHORT_NAME: Final = 3
_DEFINITE: Final = re.compile(r"[a-zæøå]{3}(?:en|et|ene|ane|a)\Z")


class KnownNames:
    """The names of a graph, with what bears them."""

    def __init__(self, state: EditedGraph) -> None:
        """Read the names of all things of a graph that a sentence may speak of."""
        self._state = state
        self.labels: Labels = state.labels_with()
        self._named: dict[str, list[str]] = defaultdict(list)
        self.groups: dict[str, set[str]] = {name: set() for name in _GROUPS}
        for iri, about in state.said.items():
            classes = state.classes(iri)
            groups = [name for name, wanted in _GROUPS.items() if not classes.isdisjoint(wanted)]
            for name in groups:
                self.groups[name].add(iri)
            for key in {plain(n) for n in _labels_of(about) if groups} - {""}:
                self._named[key].append(iri)

    def called(self, key: str, groups: Iterable[str]) -> list[str]:
        """The things of some groups that are called so, as names are compared; those of the first group that has any."""
        named = self._named.get(key, ())
        for group in groups:
            if found := [iri for iri in named if iri in self.groups[group]]:
                return found
        return []

    def authorities(self, place: str) -> list[str]:
        """The authorities of today that govern a place; those that are no more only where there are no others."""
        found = self._state.subjects(CG + "administers", place)
        lasting = [each for each in found if "-until-" not in each]
        return lasting or found

    def short(self, iri: str) -> str:
        """The address of a thing as people write it."""
        return compress(iri, self._state.prefixes)

    def word(self, said: str, language: str) -> str:
        """What a thing is called whose short address an edit takes; anything else as it is."""
        prefix, colon, local = said.partition(":")
        if not colon or prefix not in self._state.prefixes or " " in said:
            return said
        iri = self._state.prefixes[prefix] + local
        return self.labels.describe(iri, language) if iri in self._state.said else said

    def networks_of(self, said: str) -> list[str]:
        """The networks that a body is a unit of, all by their short addresses."""
        prefix, _, local = said.partition(":")
        iri = self._state.prefixes.get(prefix, "") + local
        found = self._state.objects(iri, PREFIXES["org"] + "unitOf")
        return [self.short(each.value) for each in found if isinstance(each, Iri)]

    def country_of(self, place: str) -> str:
        """The country that a place lies in, by its address; empty when nobody says."""
        found = self._state.objects(place, CG + "inCountry")
        return next((each.value for each in found if isinstance(each, Iri)), "")

    def countries(self, code: str) -> list[str]:
        """The countries of the graph with these two letters."""
        notation = PREFIXES["skos"] + "notation"
        return [
            iri
            for iri in self.groups["country"]
            if any(isinstance(each, Text) and each.value == code for each in self._state.objects(iri, notation))
        ]


def _labels_of(about: Mapping[str, Sequence[object]]) -> Iterator[str]:
    for property_ in (*LABEL_PROPERTIES, PREFIXES["skos"] + "altLabel", PREFIXES["foaf"] + "name"):
        yield from (each.value for each in about.get(property_, ()) if isinstance(each, Text))


class NamedWords:
    """What may stand in the slots of patterns in one sentence."""

    def __init__(
        self,
        sentence: TextSentence,
        known: KnownNames,
        book: PatternBook,
        common: frozenset[str],
        introduced: Container[str] = (),
        host: ReadValue | None = None,
    ) -> None:
        """Take a sentence.

        Args:
            sentence: whose words are read.
            known: the names of the graph.
            book: the words of the languages.
            introduced: networks that the text itself has introduced, in small letters.
            common: words that the document has in small letters too: none of them is a name at the start of a sentence.
            host: the authority that "the city" or "kommunen" means, by what was said before.
        """
        self.tokens = sentence.tokens
        self.keys = tuple(each.key for each in self.tokens)
        self._sentence, self._known, self._common, self._introduced = sentence, known, common, introduced
        self._host = host
        self.book = self._book = book.of(sentence.language)
        self._plain = tuple(plain(each.text) for each in self.tokens)
        figures = WrittenFigures(self.tokens, self.book)
        self._readers: Mapping[str, Callable[[int], Answers]] = {
            "member": self._member, "network": self._network, "person": self._person, "holder": self._holder,
            "place": self._place, "authority": self._authority, "country": self._country, "date": figures.date,
            "number": figures.number, "money": figures.money, "page": figures.page, "phrase": self._phrase, "item": self._item, "word": self._word,
            "deed": self._deed, "name": self._proper_name, "group": self._group, "body": self._body, "relation": self._thing,
        }  # fmt: skip
        self._cache: dict[tuple[str, bool, int], Answers] = {}

    def find(self, slot: Slot, at: int) -> Answers:
        """What may stand in a slot from a word on, the longest first: see `patterns.Find`."""
        sort = slot.sort or _SORTS.get(slot.option, "phrase")
        key = (sort, slot.many, at)
        if key not in self._cache:
            self._cache[key] = self._several(sort, at) if slot.many else self._single(sort, at)
        return self._cache[key]

    def _single(self, sort: str, at: int) -> Answers:
        if sort in self._readers:
            return self._readers[sort](at)
        return self._of_table(sort, at)

    def _several(self, sort: str, at: int) -> Answers:
        """A list such as "A, B og C", and its beginnings."""
        found: list[tuple[int, tuple[ReadValue, ...]]] = []
        values: list[ReadValue] = []
        where = at
        while where < len(self.tokens):
            each = self._single("item" if sort == "phrase" else sort, where)
            if not each:
                break
            end, (value, *_) = each[0]
            values.append(value)
            found.append((end, tuple(values)))
            where = self.behind_separator(end)
            if where == end:
                break
        return found[::-1]

    def behind_separator(self, at: int) -> int:
        """The word behind a comma, an "and", or both."""
        end = at
        while end < len(self.keys) and self.keys[end] in {",", *self._book.list("and")} and end - at < len((",", "og")):
            end += 1
        return end

    def is_genitive(self, at: int) -> bool:
        """Whether a word is the name of something that what follows belongs to, and that is no network."""
        text = self.tokens[at].text
        is_name = text[:1].isupper() and text[-1:] in {"s", "'", "’"} and not self._is_common(at)
        return is_name and not any(self.named(start, "network")[0] == at + 1 for start in range(max(0, at - 5), at + 1))

    def has_name(self, start: int, end: int) -> bool:
        """Whether a name begins in a stretch; a word at the beginning of the sentence is one if the text has no such."""
        return any(self._name_from(at) > at for at in range(start, end))

    def has_anaphor(self, start: int, end: int) -> bool:
        """Whether "the network" or its like begins in a stretch."""
        return any(self._anaphor(at) > at for at in range(start, end))

    def words(self, start: int, end: int) -> str:
        """The words of a stretch, with single blanks where there are any."""
        return words_between(self.tokens, start, end)

    # -- names ------------------------------------------------------------------------------------------

    def named(self, at: int, *groups: str) -> tuple[int, list[str]]:
        """The longest name of a thing of some groups that begins at a word: the word behind it, and what bears it."""
        if not self._plain[at] or (not self._is_capital(at) and "concept" not in groups):
            return at, []
        for end in range(min(len(self.tokens), at + _LONGEST), at, -1):
            if not self._plain[end - 1]:
                continue
            key = " ".join(each for each in self._plain[at:end] if each)
            for form in (key, *_without_genitive(key, self.tokens[end - 1].text)):
                found = self._known.called(form, groups)
                if found and (len(form) > _SHORT_NAME or self.tokens[at].text.isupper()):
                    return end, found
        return at, []

    def _is_capital(self, at: int) -> bool:
        text = self.tokens[at].text
        return text[:1].isupper() or (text[:1].isdigit() and any(map(str.isalpha, text)))

    def _values(self, iris: Sequence[str], start: int, end: int) -> tuple[ReadValue, ...]:
        words = self.words(start, end)
        if len(iris) == 1:
            return (ReadValue(self._known.short(iris[0]), words),)
        choices = tuple(self._known.short(each) for each in iris)
        return (ReadValue(choices[0], words, "choose", choices),)

    def _name_from(self, at: int) -> int:
        """Behind which word a name ends that begins here: capital words, and small ones between them."""
        if at >= len(self.tokens) or not self._is_capital(at) or not self.tokens[at].text[0].isalpha():
            return at
        if self._is_common(at):
            return at
        end = at + 1
        while end < len(self.tokens):
            text = self.tokens[end].text
            if (self._is_capital(end) and text[0].isalpha()) or (
                len(text) == 1 and text == "." and len(self.tokens[end - 1].text) == 1
            ):
                end += 1
            elif self.keys[end] in _PARTICLES and end + 1 < len(self.tokens) and self._is_capital(end + 1) and self._runs_on(end):  # fmt: skip
                end += 2
            elif " ".join(self.keys[end : end + 2]) in _PARTICLE_PAIRS and end + 2 < len(self.tokens) and self._is_capital(end + 2):  # fmt: skip
                end += 3
            else:
                break
        if end < len(self.tokens) and self.keys[end] in _NAME_ENDS:
            end += 1
        return end

    def names_authority(self, at: int, end: int) -> bool:
        """Whether a name that nobody knows is that of an authority by its words: "Vik kommune", "the City of Espoo"."""
        heads = self._book.list("before_names")
        return self.keys[end - 1] in _NAME_ENDS or (self.keys[at] in heads and self.keys[at + 1 : at + 2] == ("of",))

    def _runs_on(self, at: int) -> bool:
        """Whether a small word stands inside a name, and not between two names."""
        return self.keys[at] not in {"and", "to", "on", "av", "the"}

    def _is_common(self, at: int) -> bool:
        """Whether a capital word is one only because it begins the sentence."""
        text = self.tokens[at].text
        if at > 0 and self.tokens[at - 1].text not in {"«", '"', "“", "(", "–", "-"}:
            return self.keys[at] in self._book.list("no_names")
        if any(map(str.isupper, text[1:])):
            return False
        return self.keys[at] in self._common or self.keys[at] in self._book.list("no_names")

    def _new(self, at: int, end: int) -> Answers:
        words = self.words(at, end)
        return ((end, (ReadValue(_base_form(words), words, "new"),)),)

    def _member(self, at: int) -> Answers:
        if self._host is not None and (end := self._host_words(at)) > at:
            return ((end, (replace(self._host, words=self.words(at, end)),)),)
        at = self._behind_head(at)
        if at >= len(self.tokens):
            return ()
        end, found = self.named(at, "authority", "place", "organisation")
        if found and found[0] in self._known.groups["place"]:
            return self._governing(found, at, end)
        if found:
            return ((end, self._values(found, at, end)),) if found[0] not in self._known.groups["body"] else ()
        end = self._name_from(at)
        if end > at and not self._named_country(at, end):
            return self._new(at, end)
        return ()

    def host(self) -> ReadValue | None:
        """The authority that a sentence begins with, and that "the city" in the next one may mean."""
        at = self._behind_head(1 if self.keys[0] == "the" else 0)
        end = self._name_from(at)
        if at >= len(self.keys) or not (self.named(at, "authority", "place")[1] or (end > at and self.names_authority(at, end))):  # fmt: skip
            return None
        found = self._member(at)
        value = found[0][1][0] if found else None
        return replace(value, sort="choose") if value is not None and value.sort == "clear" else value

    def _host_words(self, at: int) -> int:
        """Behind which word "the city" or its like end, where no name goes on with them; `at` when none begins here."""
        for length in (2, 1):
            end = at + length
            if " ".join(self.keys[at:end]) in self._book.list("hosts"):
                return at if end < len(self.keys) and (self.keys[end] == "of" or self._name_from(end) > end) else end
        return at

    def _behind_head(self, at: int) -> int:
        heads = self._book.list("before_names")
        while at < len(self.keys) and self.keys[at] in heads and not self.named(at, "authority", "organisation")[1]:
            at += 1 + (self.keys[at + 1 : at + 2] == ("of",))
        return at

    def _governing(self, places: Sequence[str], at: int, end: int) -> Answers:
        """The authority of a place that is meant, unless the text names another country for it."""
        said, last = self._said_country(end)
        if end < len(self.keys) and self.keys[end] in _NAME_ENDS:
            end += 1  # "Oslo kommune", where the graph has but the place
        own = {self._known.country_of(each) for each in places} - {""}
        if said and own and not own & set(said):
            words = self.words(at, end)
            return ((last, (ReadValue(words, words, "new"),)), (end, (ReadValue(words, words, "new"),)))
        found = [each for place in places for each in self._known.authorities(place)]
        if not found:
            return self._new(at, end)
        values = self._values(found, at, end)
        return ((last, values), (end, values)) if last > end else ((end, values),)

    def _said_country(self, at: int) -> tuple[list[str], int]:
        """The country that stands behind a name, with a comma or in brackets; and the word behind it."""
        if at + 1 >= len(self.tokens) or self.keys[at] not in {",", "("}:
            return [], at
        end, found = self.named(at + 1, "country")
        if not found and (code := country_code(self.tokens[at + 1].text)):
            end, found = at + 2, self._known.countries(code) or [code]
        if not found or len(self.tokens[at + 1].text) < _SHORT_NAME:
            return [], at
        if self.keys[at] == "(":
            return (found, end + 1) if end < len(self.keys) and self.keys[end] == ")" else ([], at)
        return found, end

    def _named_country(self, at: int, end: int) -> bool:
        return bool(country_code(self.words(at, end))) and end - at <= len(("United", "Kingdom"))

    def _network(self, at: int) -> Answers:
        end, found = self.named(at, "network", "organisation")
        if found and not self._known.groups["authority"].intersection(found):
            return ((end, self._values(found, at, end)),)
        last = self._anaphor(at)
        if last > at:
            return ((last, (ReadValue(CONTEXT, self.words(at, last)),)),)
        start = at + 1 if self.keys[at] == "the" and at + 1 < len(self.keys) else at
        if start > at and (inner := self.named(start, "network"))[1]:
            return ((inner[0], self._values(inner[1], start, inner[0])),)
        end = self._name_from(start)
        if (
            end == start
            or self.named(start, "place", "person", "authority")[0] == end
            or self._named_country(start, end)
            or self.names_authority(start, end)
        ):
            return ()
        words = self.words(start, end)
        if end - start == 1 and not (words.isupper() and len(words) >= _SHORT_NAME) and words.casefold() not in self._introduced and not self._belongs_to(at):  # fmt: skip
            return ()  # one word with a capital may be anything
        return self._new(start, end)

    def _belongs_to(self, at: int) -> bool:
        """Whether the words before a name say of what somebody is a member: "of Polis", "vært med i Nordsjøkommisjonen"."""
        before, word = (self.keys[each] if each >= 0 else "" for each in (at - 1, at - 2))
        is_club = {before, word} & self._book.list("belonging") and len(self.tokens[at].text) > _SHORT_NAME
        return before in {"av", "of"} or ((before in _TO or before in self._book.list("belonging")) and bool(is_club))

    def _anaphor(self, at: int) -> int:
        """Behind which word "the network" and its like end that mean the one of the text; `at` when none begins here."""
        end = self._anaphor_word(at)
        return at if self._is_existential(at) or self._is_of_others(end) else end

    def _anaphor_word(self, at: int) -> int:
        for length in (2, 1):
            key = " ".join(self.keys[at : at + length])
            if key in self._book.list("anaphors") or key.removesuffix("s") in self._book.list("anaphors") or key.removesuffix("'s") in self._book.list("anaphors"):  # fmt: skip
                return at + length
        return at

    def _is_of_network(self, at: int) -> bool:
        """Whether something that no network has stands behind the genitive of one: "Eurocities' sister organisation"."""
        is_marked = at < len(self.keys) and self.keys[at] in {"'", "’"}
        behind = at + 1 if is_marked else at
        if behind >= len(self.keys) or not (is_marked or self.keys[at - 1].endswith("'s")):
            return False
        return self.keys[behind].isalpha() and self.keys[behind] not in self._book.vocabulary

    def _is_existential(self, at: int) -> bool:
        """Whether it is said that there are so many of something: "det er 20 byer i fylket" is about no network."""
        if self.keys[at] != "det":
            return False
        verbs = self._book.list("there_are")
        behind = at + 1 if at and self.keys[at - 1] in verbs else at + 2
        is_verb = behind == at + 1 or (behind <= len(self.keys) and self.keys[behind - 1] in verbs)
        return is_verb and behind < len(self.keys) and bool(self._readers["number"](behind))

    def _is_of_others(self, at: int) -> bool:
        """Whether it goes on with whom: "samarbeidet med Polis", "the alliance between Vienna and Leipzig"."""
        if at + 1 >= len(self.keys) or self.keys[at] not in self._book.list("with"):
            return False
        return self._is_capital(at + 1) and self.tokens[at + 1].text[0].isalpha()

    def subject(self) -> str:
        """What a sentence begins with: a `network`, `anaphor`, `place`, `name` that nobody knows, other `noun`, or nothing."""
        at = 1 if self.keys[0] == "the" and len(self.keys) > 1 else 0
        if self.keys[0] in self._book.list("indefinites"):
            return "noun"
        end, found = self.named(at, "network")
        if found or self.keys[at] in self._introduced:
            return "noun" if self._is_of_network(end) else "network"
        if self._anaphor(0) > 0:
            return "anaphor"
        if self._anaphor_word(0) > 0:  # of others, or "det er"
            return "" if self._is_existential(0) and self.has_anaphor(1, len(self.keys)) else "noun"
        if self.named(at, "place", "authority", "person", "country")[1] or self.keys[0] in self._book.list("others"):
            return "place"
        if self._name_from(at) > at + (self.keys[at] in self._book.vocabulary):
            return "name"
        is_definite = at == 1 or bool(_DEFINITE.search(self.keys[0]))
        return "noun" if is_definite and self.keys[at] not in self._book.vocabulary else ""

    def _person(self, at: int) -> Answers:
        while at < len(self.tokens) and self.keys[at] in self._book.list("titles"):
            at += 1
        if at >= len(self.tokens):
            return ()
        end, found = self.named(at, "person")
        if found:
            return ((end, self._values(found, at, end)),)
        end = self._name_from(at)
        least, most = _PERSON_WORDS
        length = sum(1 for each in self.tokens[at:end] if each.text != ".")
        if not least <= length <= most or self.keys[end - 1] in _NAME_ENDS or self._has_other_name(at, end):
            return ()
        return self._new(at, end)

    def _has_other_name(self, at: int, end: int) -> bool:
        """Whether some words are no name of a person: one of a place or network, or with words that organisations have."""
        others = self._book.list("organisation_words")
        if any(key in others or key in self._book.months for key in self.keys[at:end]):
            return True
        return self.named(at, "place", "network", "authority", "organisation", "country")[0] >= end

    def _holder(self, at: int) -> Answers:
        """Who holds an office: a person, or an authority whose own seat it is."""
        return self._person(at) or self._known_member(at)

    def _known_member(self, at: int) -> Answers:
        found = self._member(at)
        return found if found and (found[0][1][0].sort != "new" or found[0][0] - at == 1) else ()

    def _place(self, at: int) -> Answers:
        at = self._behind_head(at)
        if at >= len(self.tokens):
            return ()
        end, found = self.named(at, "place")
        if found:
            return ((end, self._values(found, at, end)),)
        end = self._name_from(at)
        if end == at or self.named(at, "network", "person")[1] or self._named_country(at, end):
            return ()
        return self._new(at, end)

    def _authority(self, at: int) -> Answers:
        return self._member(at)

    def _country(self, at: int) -> Answers:
        end, found = self.named(at, "country")
        if found:
            return ((end, self._values(found, at, end)),)
        for end in (at + 2, at + 1):
            words = self.words(at, end) if end <= len(self.tokens) and self._is_capital(at) else ""
            if len(words) > _SHORT_NAME and (code := country_code(words)):
                iris = self._known.countries(code)
                return ((end, self._values(iris, at, end) if iris else (ReadValue(words, words, "new"),)),)
        return ()

    def _thing(self, at: int) -> Answers:
        """Anything that a relation may be to: a thing or concept of the graph, a name, or what the words say."""
        end, found = self.named(at, "network", "authority", "organisation", "place", "concept")
        if found:
            return ((end, self._values(found[:1] if len(found) == 1 else found, at, end)),)
        end = self._name_from(at)
        return self._new(at, end) if end > at and end - at > 1 else self._item(at)

    def _proper_name(self, at: int) -> Answers:
        quoted = self.keys[at] in {"«", '"', "“"}
        start = at + 1 if quoted or self.keys[at] == "the" else at
        end, found = self.named(start, "network", "organisation") if start < len(self.tokens) else (at, [])
        if not found:
            end = self._name_from(start)
        if end == start:
            return ()
        words = self.words(start, end)
        closing = end + 1 if quoted and end < len(self.keys) and self.keys[end] in {"»", '"', "”"} else end
        return ((closing, (ReadValue(words, words),)),)

    # -- words -------------------------------------------------------------------------------------------

    def _of_table(self, sort: str, at: int) -> Answers:
        """A word of a table: roles, indicators, months, frequencies; what it says is the heading of its list."""
        table = self._book.table(_TABLES.get(sort, sort))
        for end in range(min(len(self.keys), at + _LONGEST), at, -1):
            heading = table.get(" ".join(self.keys[at:end]))
            if heading is None and " ".join(self.keys[at:end]) in self._book.list(sort):
                return self._new(at, end)
            if heading is not None:
                said = f"concept:{heading}" if sort in _OF_CONCEPTS else heading
                return ((end, (ReadValue(said, self.words(at, end)),)),)
        return ()

    def _group(self, at: int) -> Answers:
        """A working group, by what it is on: one of the graph, else a new one."""
        return tuple((end, (self._known_group(value),)) for end, (value, *_) in self._item(at))

    def _body(self, at: int) -> Answers:
        """A working group on something that may have an "and" in it."""
        return tuple((end, (self._known_group(value),)) for end, (value, *_) in self._phrase(at))

    def _known_group(self, value: ReadValue) -> ReadValue:
        keys = (
            plain(value.words),
            *(f"{each} {plain(value.words)}" for each in ("arbeidsgruppe for", "working group on")),
        )
        for key in keys:
            if found := self._known.called(key, ("body",)):
                choices = tuple(self._known.short(each) for each in found)
                return replace(value, said=choices[0], sort="clear" if len(found) == 1 else "choose", choices=choices if len(found) > 1 else ())  # fmt: skip
        return replace(value, said=value.words, sort="new", choices=())

    def _phrase(self, at: int) -> Answers:
        """Words up to the end of the clause."""
        return self._until(at, frozenset({*_STOPS, ","}), self._book.list("phrase_ends"))

    def _item(self, at: int) -> Answers:
        """Words up to a comma, an "and" or the end of the clause."""
        return self._until(at, frozenset({*_STOPS, ",", *self._book.list("and")}), self._book.list("phrase_ends"))

    def _word(self, at: int) -> Answers:
        """One word, and no mark."""
        return ((at + 1, (self._concept(at, at + 1),)),) if self._plain[at] else ()

    def _until(self, at: int, stops: frozenset[str], ends: frozenset[str]) -> Answers:
        end = at
        while end < len(self.keys) and self.keys[end] not in stops and self.keys[end] not in ends:
            end += 1
        if end == at or (end - at == 1 and not self._plain[at]):
            return ()
        shorter = range(min(end - 1, at + _LONGEST), at, -1)
        return tuple((each, (self._concept(at, each),)) for each in (end, *shorter) if self._plain[each - 1])

    def _concept(self, at: int, end: int) -> ReadValue:
        """What a phrase says: a concept of the graph that is called so, or a new one."""
        words = self.words(at, end)
        found = self._known.called(plain(words), ("concept",))
        short = tuple(self._known.short(each) for each in found)
        return ReadValue(short[0], words, "clear" if len(short) == 1 else "choose", short if len(short) > 1 else ()) if short else ReadValue(words, words, "new")  # fmt: skip

    def _deed(self, at: int) -> Answers:
        """What is done: a verb and what belongs to it, up to the next verb behind a comma or an "and"."""
        if not self._is_verb(at):
            return ()
        end = at + 1
        while (
            end < len(self.keys)
            and self.keys[end] not in _STOPS
            and self.keys[end] not in self._book.list("phrase_ends")
        ):
            behind = self.behind_separator(end)
            if behind > end and (behind >= len(self.keys) or self._is_verb(behind) or self._is_subject(behind)):
                break
            end += 1
        return ((end, (self._concept(at, end),)),)

    def _is_verb(self, at: int) -> bool:
        key = self.keys[at + 1] if self.keys[at] in {"å", "to"} and at + 1 < len(self.keys) else self.keys[at]
        return key in self._book.list("deeds")

    def _is_subject(self, at: int) -> bool:
        return self._is_capital(at) or self.keys[at] in self._book.list("phrase_ends")


_SORTS: Final = {
    "member": "member", "organization": "network", "role": "office", "since": "date", "until": "date", "as-of": "date",
    "date": "date", "value": "number", "place": "place", "page": "page", "indicator": "indicator", "month": "month",
    "frequency": "frequency", "on-behalf-of": "authority", "comes-from": "place", "country": "country", "end": "date",
    "object": "relation", "name": "name",
}  # fmt: skip
_TABLES: Final = {
    "grade": "roles_grade", "office": "roles_office", "public": "roles_public", "indicator": "indicators",
    "month": "months", "frequency": "frequencies",
}  # fmt: skip
_OF_CONCEPTS: Final = frozenset({"grade", "office", "public", "indicator"})


def _without_genitive(key: str, text: str) -> Iterator[str]:
    """The name that a word is the genitive of, such as "Oslos" and "AER's"."""
    if text.endswith(("'s", "’s")):
        yield key.removesuffix(" s")
    elif text[-1:] == "s":
        yield key[:-1]


def _base_form(words: str) -> str:
    """A name that nobody knows, without the genitive that English marks."""
    return re.sub(r"['’]s\Z", "", words)
