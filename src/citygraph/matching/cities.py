"""What cities are called in other languages, as far as our list knows: their names, which are official, and which several bear."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Final

from citygraph.matching.names import NameForm, fold, plain, read_name, rows_of, slug, small_words, words_of

_SHORT: Final = 3


@dataclass(frozen=True, slots=True)
class _KnownCities:
    """Our list: the cities that bear a name, the names of each, which of them are official, and names of several places."""

    bearing: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    official: Mapping[str, frozenset[str]]
    shared: frozenset[str]


@cache
def _cities() -> _KnownCities:
    bearing: dict[str, dict[str, None]] = {}
    names: dict[str, dict[str, None]] = {}
    official: dict[str, set[str]] = {}
    shared: set[str] = set()
    for country, *written in rows_of(__package__, "city_names.txt"):
        if country == "!":
            shared.update(fold(name) for name in written)
            continue
        first = [read_name(name).core for name in written[0].split("=")]
        # Where a city has several official names, signs and lists join them with a hyphen, a dash or a slash.
        joined = [" ".join(each) for size in range(2, len(first) + 1) for each in permutations(first, size)]
        city = f"{country} {first[0]}"
        official.setdefault(city, set()).update(first, joined)
        for core in (*first, *(read_name(name).core for name in written[1:]), *joined):
            names.setdefault(city, {})[core] = None
            bearing.setdefault(core, {})[city] = None
    return _KnownCities(
        {core: tuple(found) for core, found in bearing.items()},
        {city: tuple(found) for city, found in names.items()},
        {city: frozenset(found) for city, found in official.items()},
        frozenset(shared),
    )


def other_names(core: str) -> tuple[str, ...]:
    """Which cities of our list bear this name in some language, each as country and local name.

    >>> other_names("copenhagen"), other_names("bergen"), other_names("kautokeino guovdageaidnu")
    (('DK kobenhavn',), ('BE mons',), ('NO kautokeino',))
    """
    return _cities().bearing.get(core, ())


def address_stem(name: str, country: str = "") -> str:
    """What the address of something new is made of: its name in the letters of an address.

    For other alphabets it is a name in Latin letters that we know, else a hash.

    >>> address_stem("Région Île-de-France"), address_stem("東京", "JP")
    ('region-ile-de-france', 'tokyo')
    """
    plainly = slug(name)
    letters = sum(letter.isalpha() for letter in name)
    if len(plainly.replace("-", "")) * 2 >= letters:
        return plainly
    known = next((each for each in exonyms(read_name(name).core, frozenset({country})) if each.isascii()), "")
    return slug(known) or f"{country.lower() or 'x'}-{hashlib.sha256(fold(name).encode()).hexdigest()[:10]}"


def exonyms(core: str, countries_: frozenset[str]) -> tuple[str, ...]:
    """What a city is called elsewhere: of the one whose local name this is, or that lies in one of the countries.

    >>> exonyms("wien", frozenset())[:2], exonyms("bergen", frozenset({"NO"}))
    (('vienna', 'wenen'), ())
    """
    return tuple(name for name, _ in names_elsewhere(core, countries_))


def names_elsewhere(core: str, countries_: frozenset[str]) -> list[tuple[str, bool]]:
    """The same, and of each name whether it is one of the official ones.

    >>> [name for name, official in names_elsewhere("turku", frozenset({"FI"})) if official]
    ['abo', 'turku abo', 'abo turku']
    """
    known = _cities()
    found: dict[str, bool] = {}
    for city in other_names(core):
        local = core in known.official[city] and not countries_
        if local or city[:2] in countries_:
            for name in known.names[city]:
                found[name] = found.get(name, False) or name in known.official[city]
    found.pop(core, None)
    return list(found.items())


def other_spellings(text: str, countries_: frozenset[str]) -> tuple[str, ...]:
    """What a place is looked for under beside its name, as `plain` writes it: what it is called elsewhere, saints at length.

    >>> other_spellings("St. Gallen", frozenset({"NO"}))
    ('saint gallen', 'sankt gallen', 'sint gallen')
    >>> "city of cologne" in other_spellings("City of Köln", frozenset({"DE"}))
    True
    """
    written = plain(text)
    found = {written: None}
    # Most names are of no city of our list: their words tell so, before they are taken apart.
    known = _telling_words()
    if any(word in known or (len(word) > _SHORT and word[:-1] in known) for word in written.split()):
        form = read_name(text)
        elsewhere = () if form.qualifier else exonyms(form.core, countries_) or exonyms(form.nominative, countries_)
        found |= dict.fromkeys(written.replace(plain(form.core), plain(each), 1) for each in elsewhere)
    saints = _saints()
    for each in tuple(found):
        for number, word in enumerate(words := each.split()):
            if word in saints:
                found |= dict.fromkeys(" ".join([*words[:number], saint, *words[number + 1 :]]) for saint in saints)
    found.pop(written)
    return tuple(found)


@cache
def _saints() -> tuple[str, ...]:
    return tuple(map(plain, words_of(__package__, "names", "saint")))


@cache
def _telling_words() -> frozenset[str]:
    """Of each name of our list the first word that says something."""
    names = (plain(core).split() for core in _cities().bearing)
    return frozenset(next((word for word in words if word not in small_words()), words[0]) for words in names if words)


def are_one_city(one: NameForm, other: NameForm, countries_: frozenset[str] = frozenset()) -> bool:
    """Whether two names, of one level, are the same or are names of one city of our list.

    Args:
        one: a name.
        other: another one.
        countries_: where the city lies; without it the list alone decides.

    >>> are_one_city(read_name("Sankt Gallen"), read_name("St. Gallen"))
    True
    >>> are_one_city(read_name("City of Cologne"), read_name("Stadt Köln"), frozenset({"DE"}))
    True
    >>> are_one_city(read_name("Athens"), read_name("Αθήνα"), frozenset({"US"}))
    False
    """
    if one.level != other.level or one.qualifier != other.qualifier:
        return False
    cores = [{form.core, form.nominative} - {""} for form in (one, other)]
    if cores[0] & cores[1] or one.joined == other.joined:
        return True
    mine, theirs = ({city for core in each for city in other_names(core)} for each in cores)
    return any(not countries_ or city[:2] in countries_ for city in mine & theirs)


def homonyms() -> frozenset[str]:
    """Names that several well-known places bear, folded: alone they decide nothing."""
    return _cities().shared
