"""Countries as lists write them: names in forty languages, official names, ISO 3166-1 codes; and what they are called."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import Final

from babel import Locale
from babel.core import get_global

from citygraph.matching.names import countries as known_countries
from citygraph.namespaces import PREFIXES, fold

__all__ = ["alpha2_of", "alpha2_only", "alpha3", "country_label", "country_like", "country_of", "named_country"]

_LANGUAGES: Final = ["nb", "nn", "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "is", "pl", "cs", "hu", "et", "lv", "lt", "el", "tr", "ro", "bg", "hr", "sl", "sk", "uk", "ru", "ja", "ko", "zh", "ar", "ca", "eu", "ga", "cy", "sr", "mk", "sq", "fa", "he", "th", "vi", "id"]  # fmt: skip
_KOSOVO: Final = "XK"
# Codes that CLDR knows and ISO 3166-1 does not have, and codes of names that countries no longer bear.
_NO_COUNTRIES: Final = frozenset({"AC", "CP", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
_FORMER: Final = frozenset({"BUR", "ZAR", "DDR", "FXX", "TMP", "YMD"})
# What the Unicode names do not have: official and inverted forms, old names, abbreviations. Folded, without marks.
_OTHER: Final = {
    "RU": "russische foderation|federation de russie|russian federation|russia federation",
    "KR": "republic of korea|korea republic of|korea rep|korea south|rep of korea|south korea|korea",
    "KP": "democratic peoples republic of korea|korea democratic peoples republic of|dprk|korea north",
    "IR": "iran islamic republic of|islamic republic of iran",
    "BO": "bolivia plurinational state of|plurinational state of bolivia",
    "VE": "venezuela bolivarian republic of|bolivarian republic of venezuela",
    "TZ": "tanzania united republic of|united republic of tanzania",
    "MD": "moldova republic of|republic of moldova",
    "MK": "macedonia|fyrom|the former yugoslav republic of macedonia|macedonia the former yugoslav republic of",
    "TW": "taiwan province of china|chinese taipei",
    "VN": "viet nam|socialist republic of vietnam",
    "SY": "syrian arab republic|syria",
    "LA": "lao peoples democratic republic|lao pdr|lao",
    "BN": "brunei darussalam",
    "CV": "cabo verde|cape verde",
    "CZ": "czech republic|czech rep|tschechische republik|republique tcheque|tsjekkiske republikk",
    "SK": "slovak republic|slowakische republik|republique slovaque",
    "CI": "ivory coast|cote divoire|cote d ivoire",
    "CD": "democratic republic of the congo|democratic republic of congo|dr congo|drc|congo kinshasa|"
          "congo the democratic republic of the|congo democratic republic of the|congo dr",
    "CG": "republic of the congo|congo brazzaville|congo|congo rep|republic of congo",
    "PS": "palestine|state of palestine|palestine state of|palestinian authority|occupied palestinian territory|"
          "palestinian territory|palestinian territory occupied",
    "TR": "turkiye|turkey|republic of turkiye",
    "SZ": "swaziland",
    "MM": "burma",
    "VA": "holy see|vatican",
    "GB": "uk|u k|gb|england|scotland|wales|northern ireland|great britain|britain|"
          "united kingdom of great britain and northern ireland|the united kingdom",
    "US": "usa|u s a|u s|united states of america|the united states of america|america|estados unidos",
    "AE": "uae|u a e|united arab emirates",
    "CN": "peoples republic of china|pr china|p r china|prc|china peoples republic of|mainland china",
    "HK": "hong kong|hong kong sar|hong kong china|china hong kong",
    "MO": "macau|macao|macao sar",
    "NL": "holland|the netherlands",
    "FM": "micronesia federated states of|federated states of micronesia|micronesia",
    "GM": "the gambia|gambia the",
    "BS": "the bahamas|bahamas the",
    "TL": "east timor|timor leste",
    "BA": "bosnia|bosnia herzegovina|bosnia and herzegovina|bih",
    "IE": "republic of ireland|eire",
    "XK": "kosovo|xkx|kosovo under unscr 1244|republic of kosovo",
    "DE": "federal republic of germany|frg|brd",
    "LY": "libyan arab jamahiriya|state of libya",
    "KG": "kyrgyz republic",
    "BY": "belorussia",
    "FO": "faeroe islands",
    "FK": "falkland islands malvinas",
    "ST": "sao tome",
    "VC": "st vincent",
    "KN": "st kitts",
}  # fmt: skip
_MARKS: Final = re.compile(r"[^\w]+")
_BETWEEN: Final = re.compile(r"\s+[-–—]\s+|[/()\[\]|:]+|\n")
_TABLE: Final = PREFIXES["country"]
_FORMAL: Final = re.compile(
    r"\A(?:the )?(?:(?:federal |islamic |democratic |hellenic |arab |federative )*"
    r"(?:republic|kingdom|state|principality|commonwealth|sultanate|grand duchy|union) of )?(?:the )?"
)
# What stands before the name decides in these: nothing may be taken off.
_UNLIKE: Final = frozenset({"korea", "congo", "china", "ireland", "macedonia", "samoa", "guinea", "micronesia"})


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(text.replace("&", " and ")).replace("'", "")).split())


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
                found.setdefault(_plain(str(name)), code)
    for each in known_countries().values():
        found |= {_plain(name): each.alpha2 for name in each.names}
    for code, names in _OTHER.items():
        found |= dict.fromkeys(names.split("|"), code)
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
    return _by_alpha3().get(code) or named_country(text) or _of_parts(text)


def _of_parts(text: str) -> str:
    """The country of "Norway (NO)", "NO - Norway" and "Norge / Norway": all parts that are countries say the same one."""
    parts = [part for each in _BETWEEN.split(text) if (part := each.strip())]
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


def country_like(text: str) -> str:
    """What a country is called in English whose name a word resembles; empty when it resembles none.

    >>> country_like("Belguim"), country_like("Atlantis")
    ('Belgium', '')
    """
    names = {_plain(country_label(code, "en")): code for code in _codes()}
    near = difflib.get_close_matches(_plain(text), names, n=1, cutoff=0.8)
    return country_label(names[near[0]], "en") if near else ""


def named_country(text: str) -> str:
    """The same by name alone: behind a comma two letters may be a state of the USA ("Vienna, VA").

    >>> named_country("Deutschland"), named_country("VA"), named_country("Tsjekkia")
    ('DE', '', 'CZ')
    """
    plain = _plain(text)
    if plain.isascii() and len(plain) < len("lao"):
        return "GB" if plain == "uk" else ""
    known = _by_name()
    if plain in known:
        return known[plain]
    short = _FORMAL.sub("", plain, count=1)
    return "" if short in _UNLIKE else known.get(short, "")


def alpha3(code: str) -> str:
    """ISO 3166-1 alpha-3: what the EU table of countries uses (Kosovo: XKX)."""
    return _codes()[code]


def country_label(code: str, language: str) -> str:
    """What the country is called in `nb` or `en` (Unicode CLDR)."""
    return str(Locale.parse(language).territories[code])
