"""What kind of body a row names, a city, a region or an organisation: by its column of kinds, else by the words of the name."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from citygraph.matching.names import fold, one_of, plain, read_name, word_lists, words_of

_SHORTEST_STEM: Final = 3
# From here on letters of languages that write without blanks: 東京大学, 서울대학교.
_NO_BLANKS: Final = "\u3040"
# Forms of companies that in brackets say a country: Sweden.
_COUNTRIES: Final = frozenset({"SE"})
_WORD: Final = re.compile(r"[^\W\d_]+")
_ROMAN: Final = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})\Z")
_LONGEST_ABBREVIATION: Final = 5
_PART: Final = re.compile(r"\s+[-–—]\s+|[,;:/()\[\]]+")


class BodyKind(StrEnum):
    """What a member can be: a word of maps, of the review and of the graph."""

    CITY = "city"
    REGION = "region"
    ORGANISATION = "organisation"


def kind_said(text: str) -> BodyKind | None:
    """The kind that a cell of a column names; nothing when it is none that we know.

    >>> kind_said("Local Government"), kind_said("Universität"), kind_said("Landkreise"), kind_said("gold")
    (<BodyKind.CITY: 'city'>, <BodyKind.ORGANISATION: 'organisation'>, None, None)
    """
    return _said().get(plain(text))


@cache
def _said() -> dict[str, BodyKind]:
    return {plain(word): kind for kind in BodyKind for word in words_of(__package__, "kinds", f"is_{kind}")}


def is_region_name(name: str) -> bool:
    """Whether a name speaks of a county, province or region and not of a city; one word alone ("Canton") does not.

    >>> is_region_name("Kanton Zürich"), is_region_name("Osloregionen"), is_region_name("Canton")
    (True, True, False)
    """
    form = read_name(name)
    text = form.core if form.level == "municipality" else form.folded
    first, between, _ = text.partition(" ")
    return (
        form.level == "county"
        or bool(_region().search(text) if between else _compound().match(first))
        or bool(between and first in _first_words())
    )


@cache
def _region() -> re.Pattern[str]:
    words = one_of(map(plain, words_of(__package__, "kinds", "region")))
    return re.compile(rf"\b(?:{words}|\w{{4,}}regionen)\b")


@cache
def _compound() -> re.Pattern[str]:
    return re.compile(r"\w{4,}regionen\Z")


@cache
def _first_words() -> frozenset[str]:
    return frozenset(map(plain, words_of(__package__, "kinds", "region_before")))


def organisation_word(name: str, country: str, is_city: Callable[[str], bool]) -> str:
    """The word with which a name speaks of an organisation and not of a city; empty when it does not.

    Args:
        name: as the list writes it.
        country: two letters, empty when not said: "Calgary AB" is no company.
        is_city: whether a name, as names are compared, is that of a well-known city.

    >>> organisation_word("Agency of Granada", "ES", bool), organisation_word("Agency", "US", bool)
    ('agency', '')
    >>> organisation_word("Oslo Havn KF", "NO", bool), organisation_word("Wiener Stadtwerke", "AT", bool)
    ('KF', 'stadtwerke')
    """
    form = read_name(name)
    core = form.core if form.level == "municipality" else ""
    return _in_letters(name, country) or _in_words(plain(name), core) or _around_city(plain(name), is_city)


def abbreviation(name: str, country: str, is_city: Callable[[str], bool]) -> str:
    """The letters of an organisation among the words of a name: "TU Dresden", "Fraunhofer ISI"; empty when there are none.

    A name all in capitals has none: that is how some lists write every name.

    >>> [abbreviation(name, "DE", lambda core: core == "ulm") for name in ("TU Dresden", "FRANKFURT am Main", "ULM Stadt", "ULM")]
    ['TU', '', '', '']
    """
    words: list[str] = [word for word in _WORD.findall(name) if len(word) > 1]
    if not any(word[:1].isupper() and not word.isupper() for word in words):
        return ""
    for word in words:
        is_short = word.isupper() and len(word) <= _LONGEST_ABBREVIATION and not _ROMAN.match(word)
        if is_short and not _is_place_code(word, country) and not is_city(read_name(word).core):
            return word
    return ""


def form_of_body(letters: str, country: str) -> bool:
    """Whether letters in brackets behind a name say what form of body it is in that country: "Dunkerque (CU)"."""
    return letters in word_lists(__package__, "kinds")["forms"].get(country, ()) or letters in _companies() - _COUNTRIES


@cache
def _companies() -> frozenset[str]:
    return frozenset(words_of(__package__, "kinds", "company"))


@cache
def _acronyms() -> frozenset[str]:
    return frozenset(words_of(__package__, "kinds", "acronym"))


def _in_letters(name: str, country: str) -> str:
    """A form of company at the end of one part of the name, or an acronym for all of one."""
    for part in _PART.split(name):
        if part.strip() in _acronyms():
            return part.strip()
    words = name.replace(",", " ").split()
    if words and words[0] in _acronyms():
        return words[0]
    if len(words) > 1 and not name.isupper():
        for count in range(1, min(len(words), 4)):
            end = " ".join(words[-count:])
            if end in _companies() and not _is_place_code(end, country):
                return end
    return ""


def _is_place_code(letters: str, country: str) -> bool:
    """Whether these letters are a state or province of the country: SA in Australia."""
    return fold(letters) in word_lists(__package__, "regions").get(country, {})


@cache
def _phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The words that speak of an organisation, by the first of them; the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in words_of(__package__, "kinds", "organisation"):
        words = tuple(plain(phrase).split())
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(each, key=len, reverse=True)) for first, each in found.items()}


@cache
def _endings() -> dict[int, frozenset[str]]:
    """The ends of words that do, by their length."""
    found: dict[int, set[str]] = {}
    for ending in map(plain, words_of(__package__, "kinds", "organisation_ending")):
        found.setdefault(len(ending), set()).add(ending)
    return {length: frozenset(each) for length, each in found.items()}


@cache
def _beginnings() -> re.Pattern[str]:
    """The beginnings of words that do."""
    return re.compile("|".join(sorted(map(plain, words_of(__package__, "kinds", "organisation_beginning")))))


@cache
def _names_of_cities() -> re.Pattern[str]:
    words = sorted(map(plain, words_of(__package__, "kinds", "no_organisation")), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")


@lru_cache(maxsize=50_000)
def _in_words(name: str, core: str) -> str:
    """The word of a name that speaks of an organisation; `core` is what stands in a name that calls itself a municipality."""
    words = tuple(_without_cities(core or name).split()) if _without_cities(name).strip() else ()
    is_alone = len(name.split()) == 1
    for place, word in enumerate(words):
        for phrase in _phrases().get(word, ()):
            if words[place : place + len(phrase)] == phrase and not is_alone:
                return " ".join(phrase)
        if _beginnings().match(word) and not is_alone:
            return word
        shortest = 1 if word >= _NO_BLANKS else _SHORTEST_STEM
        for length, endings in _endings().items():
            stem = len(word) - length
            if word[-length:] in endings and (stem >= shortest or (not stem and not is_alone)):
                return word
    return ""


def _without_cities(name: str) -> str:
    """A name without the words that speak of regions, and without those that cities have as names of their own."""
    return _names_of_cities().sub(" ", _region().sub(" ", name))


@cache
def _before_cities() -> tuple[str, ...]:
    return tuple(sorted(map(plain, words_of(__package__, "kinds", "before_city")), key=len, reverse=True))


def _around_city(name: str, is_city: Callable[[str], bool]) -> str:
    for word in _before_cities():
        if name.startswith(f"{word} ") and is_city(read_name(name[len(word) + 1 :]).core):
            return word
    return ""
