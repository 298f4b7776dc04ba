"""Names taken apart for comparing: spelling, sound, decorations such as "kommune" or "City of", a country behind a comma."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from citygraph.namespaces import fold

__all__ = [
    "Country",
    "Form",
    "countries",
    "country_code",
    "exonyms",
    "homonyms",
    "in_latin",
    "other_names",
    "read_name",
    "sounded",
]

# As English-speaking cartographers write Cyrillic and modern Greek (BGN/PCGN, simplified).
_LETTERS: Final = {
    **dict(zip("абвгґдеєёжзиіїйклмнопрстуўфхцчшщъыьэюя", (
        "a b v g g d e ye yo zh z i i yi y k l m n o p r s t u u f kh ts ch sh shch . y . e yu ya"
    ).replace(".", "\0").split(), strict=True)),
    **dict(zip("ђѓѕјљњћќџ", ["dj", "gj", "dz", "j", "lj", "nj", "c", "kj", "dz"], strict=True)),
    **dict(zip("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ", ["a", "a", "v", "g", "d", "e", "e", "z", "i", "i", "th", "i", "i", "i", "i", "k", "l", "m", "n", "x", "o", "o", "p", "r", "s", "s", "t", "y", "y", "y", "y", "f", "ch", "ps", "o", "o"], strict=True)),
}  # fmt: skip
_ALPHABETS: Final = str.maketrans({
    **{letter: latin.replace("\0", "") for letter, latin in _LETTERS.items()},
    **{letter.upper(): latin.replace("\0", "").capitalize() for letter, latin in _LETTERS.items() if letter not in "ςΐΰ"},
})  # fmt: skip
_OTHER: Final = re.compile(r"[\u0370-\u052f]")

# From the longest to the shortest; what is written differently for one sound in the languages around us.
_SOUNDS: Final = (
    ("tsch", "c"), ("sch", "s"), ("tch", "c"), ("cz", "c"), ("sz", "s"), ("sh", "s"), ("zh", "s"), ("kh", "k"), ("ck", "k"),
    ("ch", "k"), ("ph", "f"), ("th", "t"), ("gh", "g"), ("qu", "k"), ("tz", "s"), ("ts", "s"), ("ks", "x"), ("ou", "u"),
    ("ae", "e"), ("oe", "o"), ("ue", "u"), ("ei", "i"), ("ij", "i"), ("c", "k"), ("q", "k"), ("w", "v"), ("y", "i"),
    ("j", "i"), ("z", "s"),
)  # fmt: skip
_SOFT: Final = re.compile(r"c(?=[eiy])")
_DOUBLED: Final = re.compile(r"(\w)\1+")
_MUNICIPALITY: Final = "municipality"
_COUNTY: Final = "county"
# Folded, the longest first; each says what level of authority the name speaks of.
_BEFORE: Final = tuple(sorted((
    *((words, _MUNICIPALITY) for words in (
        "city of", "the city of", "town of", "municipality of", "municipal council of", "commune de", "commune d'",
        "ville de", "ville d'", "mairie de", "comune di", "citta di", "ayuntamiento de", "ajuntament de",
        "concello de", "camara municipal de", "camara municipal do", "camara municipal da", "municipio de",
        "municipio do", "municipiul", "primaria", "stadt", "landeshauptstadt", "hansestadt", "universitatsstadt",
        "wissenschaftsstadt", "bundesstadt", "gemeente", "stad", "stadsbestuur", "gmina", "miasto", "miasto stoleczne",
        "urzad miasta", "obec", "mesto", "statutarni mesto", "hlavni mesto", "grad", "obcina", "mestna obcina",
        "opcina", "obshtina", "dimos", "dhmos", "kommune", "bystyret i", "kommunen", "freie und hansestadt",
        "freie hansestadt", "stolicne mesto", "magistrat der stadt", "stadtverwaltung", "city and county of", "concelho de",
        "hovedstaden", "commune urbaine de",
    )),
    *((words, _COUNTY) for words in ("county of", "fylket", "provincia di", "province of", "provincie", "landkreis")),
), key=lambda each: -len(each[0])))  # fmt: skip
_AFTER: Final = tuple(sorted((
    *((words, _MUNICIPALITY) for words in (
        "kommune", "kommun", "municipality", "city council", "town council", "borough council", "district council",
        "metropolitan borough council", "municipal council", "municipal government", "council", "city", "town", "stad",
        "kaupunki", "kunta", "linn", "linnavalitsus", "varos", "onkormanyzata", "varos onkormanyzata", "belediyesi",
        "buyuksehir belediyesi", "bykommune", "city municipality", "city administration", "bystyre", "vald",
        "savivaldybe", "miesto savivaldybe", "pilseta", "dome", "comune", "stadt", "by",
    )),
    *((words, _COUNTY) for words in (
        "fylkeskommune", "county municipality", "county council", "county", "fylke", "landsting", "province",
    )),
), key=lambda each: -len(each[0])))  # fmt: skip
# "Stockholms stad", "Tallinna linn": the word before stands in the genitive.
_GENITIVE: Final = {"stad": "s", "kommun": "s", "kommune": "s", "by": "s", "linn": "a", "kaupunki": "n", "kunta": "n"}
_BRACKETS: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*\Z")
_MARKS: Final = re.compile(r"[^\w']+")
# What a keyboard without the letter writes instead: Tromsoe, Muenchen, Aalesund.
_LOOSE: Final = (("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("th", "t"), ("ph", "f"))
_SAINT: Final = re.compile(r"\b(?:saint|sankt|sint|st)\b")
_SHORTEST: Final = 2
_LEAST_WORDS: Final = 3
_SMALL_WORDS: Final = frozenset({
    "a", "and", "av", "de", "der", "des", "di", "die", "do", "et", "for", "fur", "i", "in", "la", "le", "of", "og", "on", "the",
    "und", "van", "y",
})  # fmt: skip


def in_latin(text: str) -> str:
    """Cyrillic and Greek letters as Latin ones; everything else as it is.

    >>> in_latin("Нови Сад"), in_latin("Θεσσαλονίκη"), in_latin("Tromsø")
    ('Novi Sad', 'Thessaloniki', 'Tromsø')
    """
    return text.translate(_ALPHABETS) if _OTHER.search(text) else text


def sounded(core: str) -> str:
    """A folded name as it sounds, roughly and the same for all languages; for comparing, not for showing.

    >>> sounded("sztokholm"), sounded("stockholm"), sounded("cvikov"), sounded("zwickau")
    ('stokolm', 'stokolm', 'kvikov', 'svikau')
    """
    text = _SOFT.sub("s", core)
    for written, meant in _SOUNDS:
        text = text.replace(written, meant)
    return _DOUBLED.sub(r"\1", text.replace("h", "") if len(text) > 1 else text)


@dataclass(frozen=True, slots=True)
class Form:
    """One name in its forms, from the strictest to the loosest.

    Args:
        text: the name as written.
        exact: without case and with plain marks; letters keep their accents.
        folded: without accents as well.
        core: without decorations as well.
        loose: the core as a plain keyboard may write it.
        level: `municipality` or `county` when a decoration says so.
        country: the code of a country behind a comma or in brackets.
        qualifier: whatever else stands there, folded.
        sound: the core as it is spoken, roughly: what languages write differently is written alike.
        acronym: the first letters of its words, when it has three or more.
        nominative: the core without the ending that the decoration gave it: "Stockholms stad".
    """

    text: str
    exact: str
    folded: str
    core: str
    loose: str
    level: str = ""
    country: str = ""
    qualifier: str = ""
    nominative: str = ""
    sound: str = ""
    acronym: str = ""

    @property
    def joined(self) -> str:
        """The core without spaces and apostrophes, every saint written alike."""
        return _SAINT.sub("st", self.core).replace("'", "").replace(" ", "")

    @property
    def keys(self) -> tuple[str, ...]:
        """Under what this name is found at once."""
        ordered = " ".join(sorted(self.core.split()))
        found = dict.fromkeys((self.folded, self.core, self.loose, ordered, self.nominative, self.acronym, self.sound))
        return tuple(each for each in found if each)


@lru_cache(maxsize=50_000)
def read_name(text: str) -> Form:
    """A name taken apart.

    >>> form = read_name("Ville d’Évry (France)")
    >>> form.core, form.level, form.country
    ('evry', 'municipality', 'FR')
    """
    name, qualifier = _without_qualifier(text)
    country = country_code(qualifier)
    plain = name.replace("’", "'").replace("‘", "'").replace("ʼ", "'").replace("\u00b4", "'").replace("`", "'")
    exact = " ".join(_MARKS.sub(" ", unicodedata.normalize("NFC", plain).casefold()).split())
    folded = " ".join(_MARKS.sub(" ", fold(in_latin(plain)).replace("&", " and ")).split())
    core, level, nominative = _without_decoration(folded)
    return Form(
        text=text,
        exact=exact,
        folded=folded,
        core=core,
        loose=_loosen(core),
        level=level,
        country=country,
        qualifier="" if country else " ".join(_MARKS.sub(" ", fold(qualifier)).split()),
        nominative=nominative,
        sound=sounded(core),
        acronym=_acronym(folded),
    )


def _acronym(folded: str) -> str:
    """UCLG for United Cities and Local Governments; empty for shorter names."""
    words = [word for word in folded.split() if word not in _SMALL_WORDS]
    return "".join(word[0] for word in words) if len(words) >= _LEAST_WORDS else ""


def _without_qualifier(text: str) -> tuple[str, str]:
    brackets = _BRACKETS.search(text)
    if brackets and brackets.start():
        return text[: brackets.start()], brackets[1]
    before, comma, after = text.rpartition(",")
    if comma and before.strip() and after.strip():
        return before, after.strip()
    return text, ""


def _without_decoration(folded: str) -> tuple[str, str, str]:
    level = nominative = ""
    core = folded
    for words, each in _BEFORE:
        rest = core[len(words) :]
        if core.startswith(words) and len(rest.strip()) >= _SHORTEST and (words.endswith("'") or rest.startswith(" ")):
            core, level = rest.strip(), each
            break
    for words, each in _AFTER:
        if core.endswith(f" {words}") and len(core) - len(words) > _SHORTEST:
            core, level = core[: -len(words)].strip(), level or each
            ending = _GENITIVE.get(words, "")
            nominative = core.removesuffix(ending) if ending and core.endswith(ending) else ""
            break
    return core, level, nominative


def _loosen(core: str) -> str:
    loose = _SAINT.sub("st", core).replace("'", "").replace(" ", "")
    for written, meant in _LOOSE:
        loose = loose.replace(written, meant)
    return loose


@dataclass(frozen=True, slots=True)
class Country:
    """One country: its codes, its item, its names."""

    alpha2: str
    alpha3: str
    item: str
    names: tuple[str, ...]


def _lines(name: str) -> list[list[str]]:
    text = files("citygraph.matching").joinpath(name).read_text(encoding="utf-8")
    return [
        [part.replace("_", " ") for part in line.split()] for line in text.splitlines() if line[:1] not in {"", "#"}
    ]


@cache
def countries() -> dict[str, Country]:
    """The countries we know by name, by their two letters."""
    return {line[0]: Country(line[0], line[1], line[2], tuple(line[3:])) for line in _lines("countries.txt")}


@cache
def _by_any_name() -> dict[str, str]:
    known: dict[str, str] = {}
    for code, country in countries().items():
        for name in (code, country.alpha3, country.item, *country.names):
            known[fold(name)] = code
    return known


def country_code(text: str) -> str:
    """The two letters of a country given by name, code, item or IRI; empty when it is none we know.

    >>> country_code("Norge"), country_code("DEU"), country_code("http://www.wikidata.org/entity/Q31"), country_code("x")
    ('NO', 'DE', 'BE', '')
    """
    last = text.rpartition("/")[2] if "://" in text else text
    return _by_any_name().get(fold(last), "")


@cache
def _cities() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    groups: dict[str, list[str]] = {}
    shared: set[str] = set()
    for line in _lines("city_names.txt"):
        if line[0] == "!":
            shared.update(fold(name) for name in line[1:])
            continue
        names = list(dict.fromkeys(read_name(name).core for name in line[1:]))
        for name in names:
            groups.setdefault(name, []).append(f"{line[0]} {names[0]}")
    return {name: tuple(found) for name, found in groups.items()}, frozenset(shared)


def other_names(core: str) -> tuple[str, ...]:
    """Which cities of our list bear this name in some language, each as country and local name.

    >>> other_names("copenhagen"), other_names("bergen")
    (('DK kobenhavn',), ('BE mons',))
    """
    return _cities()[0].get(core, ())


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    """The names of each city of our list by the local one, as country and name."""
    groups: dict[str, tuple[str, ...]] = {}
    for line in _lines("city_names.txt"):
        if line[0] != "!":
            cores = tuple(dict.fromkeys(read_name(name).core for name in line[1:]))
            groups[f"{line[0]} {cores[0]}"] = cores
    return groups


def exonyms(core: str, countries_: frozenset[str]) -> tuple[str, ...]:
    """What a city is called elsewhere: of the one whose local name this is, or that lies in one of the countries.

    >>> exonyms("wien", frozenset())[:2], exonyms("bergen", frozenset({"NO"}))
    (('vienna', 'wenen'), ())
    """
    found: dict[str, None] = {}
    for city in other_names(core):
        local = city[3:] == core and not countries_
        if local or city[:2] in countries_:
            found |= dict.fromkeys(_groups()[city])
    found.pop(core, None)
    return tuple(found)


def homonyms() -> frozenset[str]:
    """Names that several well-known places bear, folded: alone they decide nothing."""
    return _cities()[1]
