"""Countries and the states and provinces of federations: by name in many languages, by code, by what stands behind a name."""

from __future__ import annotations

import difflib
import re
from functools import cache, lru_cache
from itertools import product
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages

from citygraph.matching.names import countries, fold, plain, word_lists
from citygraph.messages import Text, text
from citygraph.namespaces import PREFIXES

_LANGUAGES: Final = ["nb", "nn", "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "is", "pl", "cs", "hu", "et", "lv", "lt", "el", "tr", "ro", "bg", "hr", "sl", "sk", "uk", "ru", "ja", "ko", "zh", "ar", "ca", "eu", "ga", "cy", "sr", "mk", "sq", "fa", "he", "th", "vi", "id"]  # fmt: skip
_KOSOVO: Final = "XK"
# Codes that CLDR knows and ISO 3166-1 does not have, and codes of names that countries no longer bear.
_NO_COUNTRIES: Final = frozenset({"AC", "CP", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
_FORMER: Final = frozenset({"BUR", "ZAR", "DDR", "FXX", "TMP", "YMD"})
_BETWEEN: Final = re.compile(r"\s+[-–—]\s+|[/()\[\]|:]+|\n")
# "Iran, Islamic Rep.", "Gambia (the)": what stands last is read first.
_TURNED: Final = re.compile(r"\A([^,()]+?)\s*[,(]\s*([^,()]+?)\s*\)?\Z")
_THE: Final = re.compile(r"\s*[,(]\s*the\s*\)?(?=\s*(?:\[|\Z))", re.IGNORECASE)
_OF_TWICE: Final = re.compile(r" of(?: the)? of ", re.IGNORECASE)
_MOST_WORDS: Final = 6
_TABLE: Final = PREFIXES["country"]
_FORMAL: Final = re.compile(
    r"\A(?:the )?(?:(?:federal |islamic |democratic |hellenic |arab |federative )*"
    r"(?:republic|kingdom|state|principality|commonwealth|sultanate|grand duchy|union) of )?(?:the )?"
)
# What stands before the name decides in these: nothing may be taken off.
_UNLIKE: Final = frozenset({"korea", "congo", "china", "ireland", "macedonia", "samoa", "guinea", "micronesia"})
_WITH_STATES: Final = ("US", "CA", "AU")
# There a city bears the name of the country in every language.
_CITIES: Final = frozenset({"SG", "MC", "LU", "DJ", "PA", "GT", "SM", "VA", "KW", "MX", "HK", "MO", "SV", "GI", "AD"})


def _compared(name: str) -> str:
    """The name of a country as it is compared: Côte d'Ivoire is one word less."""
    return plain(fold(name).replace("'", ""))


@cache
def _codes() -> dict[str, str]:
    """ISO 3166-1 alpha-2 to alpha-3."""
    aliases = get_global("territory_aliases")
    countries = set(Locale.parse("en").territories) - _NO_COUNTRIES
    found = {
        codes[0]: name
        for name, codes in aliases.items()
        if len(codes) == 1 and codes[0] in countries and re.fullmatch(r"[A-Z]{3}", name) and name not in _FORMER
    }
    return found | {_KOSOVO: "XKX"}


@cache
def _by_alpha3() -> dict[str, str]:
    return {three: two for two, three in _codes().items()}


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    codes = _codes()
    for language in _LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in codes:
                found.setdefault(_compared(str(name)), code)
    for each in countries().values():
        found |= {_compared(name): each.alpha2 for name in each.names}
    for heading in ("countries", "own_names"):
        for code, names in word_lists(__package__, "places")[heading].items():
            found |= dict.fromkeys(map(_compared, names), code)
    found.pop("", None)
    return found


@cache
def _by_own_name() -> dict[str, str]:
    """What countries are called in the languages that are official there; read when no commoner name is theirs."""
    found: dict[str, str] = {}
    for code in _codes():
        for language in get_official_languages(code, regional=True, de_facto=True):
            try:
                names = Locale.parse(language).territories
            except (UnknownLocaleError, ValueError):
                continue
            if code in names:
                found.setdefault(_compared(str(names[code])), code)
    found.pop("", None)
    return found


def country_of(text: str) -> str:
    """The two letters of the country that a cell names; empty when it is none we know.

    >>> [country_of(each) for each in ("Norge", "NOR", "no", "Korea, Republic of", "Kingdom of Spain", "Atlantis")]
    ['NO', 'NO', 'NO', 'KR', 'ES', '']
    """
    code = text.strip().upper()
    codes = _codes()
    if code in codes:
        return code
    return _by_alpha3().get(code) or named_country(text) or _of_parts(text) or _by_own_name().get(_compared(text), "")


def _of_parts(text: str) -> str:
    """The country of "Norway (NO)", "NO - Norway" and "Norge / Norway": all parts that are countries say the same one."""
    parts = [part for each in _BETWEEN.split(text) if (part := each.strip())]
    if len(parts) == 1 and ("," in text or "-" in text):
        parts = [part for each in re.split("[,-]", text) if (part := each.strip())]
    if len(parts) < len(("Norway", "NO")):
        return ""
    found = {country_of(part) for part in parts}
    return found.pop() if len(found) == 1 else ""


def alpha2_only(text: str) -> str:
    """The two letters of the country that two or three capital letters are the code of.

    >>> alpha2_only("NO"), alpha2_only("NOR"), alpha2_only("no"), alpha2_only("Oder")
    ('NO', 'NO', '', '')
    """
    if not text.isupper():
        return ""
    return "GB" if text == "UK" else text if text in _codes() else _by_alpha3().get(text, "")


def alpha2_of(iri: str) -> str:
    """The two letters of a country in the authority table of the EU; empty for any other address.

    >>> alpha2_of("http://publications.europa.eu/resource/authority/country/BOL")
    'BO'
    """
    return _by_alpha3().get(iri.removeprefix(_TABLE), "") if iri.startswith(_TABLE) else ""


@lru_cache(maxsize=1_000)
def country_like(text: str) -> str:
    """What a country is called in English whose name a word resembles; empty when it resembles none.

    >>> country_like("Belguim"), country_like("Atlantis")
    ('Belgium', '')
    """
    names = _by_english_name()
    near = difflib.get_close_matches(_compared(text), names, n=1, cutoff=0.8)
    return country_label(names[near[0]], "en") if near else ""


@cache
def _by_english_name() -> dict[str, str]:
    return {_compared(country_label(code, "en")): code for code in _codes()}


def named_country(text: str) -> str:
    """The same by name alone: behind a comma two letters may be a state of the USA ("Vienna, VA").

    >>> named_country("Deutschland"), named_country("VA"), named_country("Tsjekkia")
    ('DE', '', 'CZ')
    """
    name = _compared(text)
    if name.isascii() and len(name) < len("lao"):
        return "GB" if name == "uk" else ""
    known = _by_name()
    if name in known:
        return known[name]
    short = _FORMAL.sub("", name, count=1)
    return ("" if short in _UNLIKE else known.get(short, "")) or _shortened(text)


def _shortened(text: str) -> str:
    """The country of a name with shortened words or with its first words last: "Congo, Dem. Rep.", "Netherlands (the)"."""
    bare = _THE.sub("", text)
    turned = _TURNED.match(bare)
    orders = [f"{turned[2]} of {turned[1]}", f"{turned[2]} {turned[1]}"] if turned else [bare]
    for words in (_compared(_OF_TWICE.sub(" of ", order)).split() for order in orders):
        meanings = [_full_words().get(word, (word,)) for word in words[:_MOST_WORDS]]
        for full in product(*meanings):
            name = " ".join((*full, *words[_MOST_WORDS:])).removeprefix("the ")
            short = _FORMAL.sub("", name, count=1)
            code = _by_name().get(name) or ("" if short in _UNLIKE else _by_name().get(short, ""))
            if code:
                return code
    return ""


@cache
def _full_words() -> dict[str, tuple[str, ...]]:
    """What each shortened word may stand for."""
    found: dict[str, list[str]] = {}
    for full, shortened in word_lists(__package__, "places")["abridged"].items():
        for each in shortened:
            found.setdefault(each, []).append(full)
    return {each: tuple(full) for each, full in found.items()}


def alpha3(code: str) -> str:
    """ISO 3166-1 alpha-3: what the EU table of countries uses (Kosovo: XKX)."""
    return _codes()[code]


@cache
def country_label(code: str, language: str) -> str:
    """What the country is called in `nb` or `en` (Unicode CLDR)."""
    return str(Locale.parse(language).territories[code])


def country_name(code: str) -> Text:
    """The country in both languages, to stand in a sentence; an unknown one when there is no code."""
    if not code:
        return text("ingest.who.unknown_country")
    return Text(country_label(code, "nb"), country_label(code, "en"))


@cache
def _regions() -> dict[str, dict[str, str]]:
    """For each federation its regions by name and abbreviation."""
    return {
        country: {word: code for code, names in regions.items() for word in (code, *map(fold, names))}
        for country, regions in word_lists(__package__, "regions").items()
    }


def region_of(text: str, country: str) -> str:
    """A region as it is compared: the abbreviation where we know one, else the folded name.

    >>> region_of("Virginia", "US"), region_of("D.C.", "US"), region_of("Lazio", "IT")
    ('va', 'dc', 'lazio')
    """
    name = fold(text.replace(".", ""))
    return _regions().get(country, {}).get(name, name)


def is_region(text: str, country: str) -> bool:
    """Whether this is a state or province of that country that we know."""
    return fold(text.replace(".", "")) in _regions().get(country, {})


def is_state(text: str) -> bool:
    """Whether these letters are a state of the USA, a province of Canada or a state of Australia."""
    name = fold(text.replace(".", ""))
    return any(name in _regions()[each] for each in _WITH_STATES)


def is_state_name(name: str, country: str) -> bool:
    """Whether a name is that of a state of the USA, Canada or Australia, and of no city there as well known.

    >>> is_state_name("California", "US"), is_state_name("New York", "US"), is_state_name("CA", "US")
    (True, False, False)
    """
    folded = fold(name)
    return (
        country in _WITH_STATES
        and folded in _regions()[country]
        and len(folded) > len("nsw")
        and folded not in word_lists(__package__, "places")["cities_named_as_states"].get(country, ())
    )


def federations_with(letters: str) -> list[str]:
    """The countries that have a region with these letters, of those whose regions we know."""
    code = fold(letters)
    return [country for country, names in _regions().items() if code in names] if len(code) <= len("nsw") else []


def names_city_and_country(name: str, country: str) -> bool:
    """Whether the name of a country is that of a city in it as well: Singapore, Tunis.

    >>> names_city_and_country("Luxembourg", "LU"), names_city_and_country("Tunis", "TN"), names_city_and_country("Norge", "NO")
    (True, True, False)
    """
    named = word_lists(__package__, "places")["cities_named_as_countries"].get(country, ())
    return country in _CITIES or plain(name) in map(plain, named)
