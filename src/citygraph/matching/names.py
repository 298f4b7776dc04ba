"""Names taken apart for comparing: spelling, sound, decorations such as "kommune" or "City of", a country behind a comma."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, TypeAlias

WordList: TypeAlias = Mapping[str, tuple[str, ...]]
"""Words by their language, or by what they mean."""

# As English-speaking cartographers write Cyrillic and modern Greek (BGN/PCGN, simplified).
_LETTERS: Final = {
    **dict(zip("абвгґдеєёжзиіїйклмнопрстуўфхцчшщъыьэюя", (
        "a b v g g d e ye yo zh z i i yi y k l m n o p r s t u u f kh ts ch sh shch . y . e yu ya"
    ).replace(".", "\0").split(), strict=True)),
    **dict(zip("ђѓѕјљњћќџ", ["dj", "gj", "dz", "j", "lj", "nj", "c", "kj", "dz"], strict=True)),
    **dict(zip("ўәғқңөұүһ", ["u", "a", "g", "k", "n", "o", "u", "u", "h"], strict=True)),
    **dict(zip("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ", ["a", "a", "v", "g", "d", "e", "e", "z", "i", "i", "th", "i", "i", "i", "i", "k", "l", "m", "n", "x", "o", "o", "p", "r", "s", "s", "t", "y", "y", "y", "y", "f", "ch", "ps", "o", "o"], strict=True)),
}  # fmt: skip
_ALPHABETS: Final = str.maketrans({
    **{letter: latin.replace("\0", "") for letter, latin in _LETTERS.items()},
    **{letter.upper(): latin.replace("\0", "").capitalize() for letter, latin in _LETTERS.items() if letter not in "ςΐΰ"},
})  # fmt: skip
_OTHER: Final = re.compile(r"[\u0370-\u052f]")
_PAIRS: Final = {"ου": "ou", "ού": "ou", "Ου": "Ou", "Ού": "Ou", "ΟΥ": "OU", "ΟΎ": "OU"}  # noqa: RUF001  # Greek is meant
_GEMINATE: Final = re.compile("(?<=l)·(?=l)")

# From the longest to the shortest; what is written differently for one sound in the languages around us.
_SOUNDS: Final = (
    ("tsch", "c"), ("sch", "s"), ("tch", "c"), ("cz", "c"), ("sz", "s"), ("sh", "s"), ("zh", "s"), ("kh", "k"), ("ck", "k"),
    ("ch", "k"), ("ph", "f"), ("th", "t"), ("gh", "g"), ("qu", "k"), ("tz", "s"), ("ts", "s"), ("ks", "x"), ("ou", "u"),
    ("ae", "e"), ("oe", "o"), ("ue", "u"), ("ei", "i"), ("ij", "i"), ("c", "k"), ("q", "k"), ("w", "v"), ("y", "i"),
    ("j", "i"), ("z", "s"),
)  # fmt: skip
_SOFT: Final = re.compile(r"c(?=[eiy])")
_DOUBLED: Final = re.compile(r"(\w)\1+")
_FOLDED: Final = str.maketrans({
    "æ": "ae", "ø": "o", "å": "a", "ö": "o", "ü": "u", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "ı": "i",
    "ħ": "h", "ŋ": "n", "ŧ": "t", "ə": "e", "ǝ": "e", "ɛ": "e", "ɔ": "o", "ɖ": "d", "ɗ": "d", "ɓ": "b", "ƙ": "k", "ĸ": "k",
    "ǥ": "g", "ʒ": "z", "ƶ": "z", "ɨ": "i", "ɉ": "j", "ƴ": "y", "ɫ": "l",
    **dict.fromkeys("\u2019\u2018\u02bc\u02bb\u02b9\u02bd\u2032\u201b\u00b4`", "'"),
    # Nobody sees these, and a spreadsheet is full of them.
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
})  # fmt: skip
_APOSTROPHES: Final = str.maketrans({letter: latin for letter, latin in _FOLDED.items() if latin in {"'", ""}})
# Letters of their own in the languages that have them: Malmön and Malmon are two places. Which of two forms is no matter.
_OWN_LETTERS: Final = frozenset("åäöü")
_ONE_LETTER: Final = str.maketrans("øæ", "öä")
_BRACKETS: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*\Z")
# What a keyboard without the letter writes instead: Tromsoe, Muenchen, Aalesund.
_LOOSE: Final = (("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("th", "t"), ("ph", "f"))
_LEVELS: Final = ("municipality", "county")
_SHORTEST: Final = 2
_LEAST_WORDS: Final = 3


def fold(text: str) -> str:
    """A text without case, accents and letters that few keyboards have; its marks stay.

    What people type of one name is one text: É and e, ø and o, ħ and h, ß and ss, ’ and ', any spaces and one.

    >>> fold("Østfold Fylkeskommune"), fold("Malmö"), fold("Ħamrun"), fold("O’Neill")
    ('ostfold fylkeskommune', 'malmo', 'hamrun', "o'neill")
    """
    # Unicode 3.13: compatible forms first, or a mathematical letter keeps its case; an accent alone would become a blank.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.replace("\u00b4", "'")).casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_GEMINATE.sub("", bare.translate(_FOLDED)).split())


def plain(text: str, kept: str = "") -> str:
    """A name as names are compared, wherever that is done: folded, in Latin letters, marks as blanks, & as and.

    Args:
        text: the name.
        kept: marks that stay.

    >>> plain("Saint-Étienne"), plain("Vitoria/Gasteiz"), plain("Нови Сад"), plain("L'Aquila"), plain("L’Aquila", "'")
    ('saint etienne', 'vitoria gasteiz', 'novi sad', 'l aquila', "l'aquila")
    """
    latin = in_latin(fold(in_latin(unicodedata.normalize("NFC", text))))
    return " ".join(_marks_but(kept).sub(" ", latin.replace("&", " and ")).split())


def letters() -> dict[str, str]:
    """What `plain` writes for letters, pairs of letters and quotation marks, for a program that compares names elsewhere."""
    single = {chr(letter): latin for table in (_FOLDED, _ALPHABETS) for letter, latin in table.items()}
    return {**_PAIRS, **single}


@cache
def _marks_but(kept: str) -> re.Pattern[str]:
    return re.compile(rf"[^\w{re.escape(kept)}]+")


def in_latin(text: str) -> str:
    """Cyrillic and Greek letters as Latin ones; everything else as it is.

    >>> in_latin("Нови Сад"), in_latin("Θεσσαλονίκη"), in_latin("Tromsø")
    ('Novi Sad', 'Thessaloniki', 'Tromsø')
    """
    if not _OTHER.search(text):
        return text
    for pair, latin in _PAIRS.items():
        text = text.replace(pair, latin)
    return text.translate(_ALPHABETS)


_BETWEEN: Final = (" / ", "/", " | ", "|", " – ", " — ", " - ", "–", "-")
_SHORTEST_PART: Final = 3


def name_parts(text: str) -> tuple[str, ...]:
    """The parts of a name that a slash, a dash or a hyphen joins; nothing when it is one name.

    Two official names are joined so, and so are two cities, a town and its land, or the halves of one name: the parts are
    names to look for, and never by themselves what is meant.

    >>> name_parts("Bolzano/Bozen"), name_parts("Bruxelles-Brussel"), name_parts("Guovdageaidnu - Kautokeino")
    (('Bolzano', 'Bozen'), ('Bruxelles', 'Brussel'), ('Guovdageaidnu', 'Kautokeino'))
    >>> name_parts("Oslo"), name_parts("Aix-en-Provence"), name_parts("'s-Hertogenbosch")
    ((), (), ())
    """
    for between in _BETWEEN:
        parts = tuple(part.strip() for part in text.split(between))
        if len(parts) > 1:
            return parts if all(len(part) >= _SHORTEST_PART for part in parts) else ()
    return ()


def slug(name: str) -> str:
    """The ASCII name an IRI ends in: `[a-z0-9-]`, at most 100 characters.

    >>> slug("Anna König Jerlmyr"), slug("Østfold fylkeskommune")
    ('anna-konig-jerlmyr', 'ostfold-fylkeskommune')
    """
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:100].rstrip("-")


_LONGEST: Final = 90


def shortened(name: str) -> str:
    """The last part of an address, cut where it is too long, with a hash of the whole behind it.

    >>> shortened("oslo-kommune"), len(shortened("a" * 200))
    ('oslo-kommune', 90)
    """
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def sounded(core: str) -> str:
    """A folded name as it sounds, roughly and the same for all languages; for comparing, not for showing.

    >>> sounded("sztokholm"), sounded("stockholm"), sounded("cvikov"), sounded("zwickau")
    ('stokolm', 'stokolm', 'kvikov', 'svikau')
    """
    text = _SOFT.sub("s", core)
    for written, meant in _SOUNDS:
        text = text.replace(written, meant)
    return _DOUBLED.sub(r"\1", text.replace("h", "") if len(text) > 1 else text)


@cache
def word_lists(package: str, name: str) -> Mapping[str, WordList]:
    """The word lists in `words/NAME.toml` of a package, by their headings; read once, when the first is needed.

    Raises:
        ValueError: the file is no TOML of tables of lists of texts; the message says where.
    """
    place = f"{package.replace('.', '/')}/words/{name}.toml"
    try:
        raw = tomllib.loads(files(package).joinpath("words", f"{name}.toml").read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        message = f"{place} is not valid TOML: {error}"
        raise ValueError(message) from error
    for heading, lists in raw.items():
        for key, words in lists.items() if isinstance(lists, dict) else [("", None)]:
            if not isinstance(words, list) or not all(isinstance(each, str) and each for each in words):
                message = f'{place}: [{heading}] {key} is no list of texts such as ["utmeldt", "sluttet"]'
                raise ValueError(message)
    return {heading: {key: tuple(words) for key, words in lists.items()} for heading, lists in raw.items()}


@cache
def words_of(package: str, name: str, *headings: str) -> tuple[str, ...]:
    """The words below some headings of `words/NAME.toml`, of all languages, each once."""
    lists = word_lists(package, name)
    return tuple(dict.fromkeys(word for heading in headings for each in lists[heading].values() for word in each))


def rows_of(package: str, name: str) -> list[list[str]]:
    """The words of each line of a list beside a package, `_` for a blank in them; no remarks and no empty lines.

    >>> rows_of("citygraph.matching", "countries.txt")[0][:3]
    ['NO', 'NOR', 'Q20']
    """
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return [
        [part.replace("_", " ") for part in line.split()] for line in text.splitlines() if line[:1] not in {"", "#"}
    ]


def one_of(words: Iterable[str]) -> str:
    """A regular expression for any of the words, the longest first, with or without accents and the dot of a short form.

    >>> bool(re.fullmatch(one_of(["høst", "ca."]), "host")), bool(re.fullmatch(one_of(["høst", "ca."]), "ca"))
    (True, True)
    """
    found = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))
    return "(?:" + "|".join("".join(map(_letter, word)) for word in found) + ")"


def _letter(letter: str) -> str:
    match letter:
        case " ":
            return r"\s+"
        case ".":
            return r"\.?"
        case "'":
            return "['’]"
    bare = fold(letter)
    return f"(?:{letter}|{bare})" if bare not in {"", letter.casefold()} else re.escape(letter)


@dataclass(frozen=True, slots=True)
class NameForm:
    """One name in its forms, from the strictest to the loosest.

    Args:
        text: the name as written.
        exact: without case and with plain marks; letters keep their accents.
        letters: its å, ä, ö and ü in order, ø as ö and æ as ä: letters of their own, for which a core has a, o and u.
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
    letters: str
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
    def spaced(self) -> str:
        """The core with blanks for apostrophes, every saint written alike: what is said of one name in two ways."""
        return " ".join(_saint().sub("st", self.core).replace("'", " ").split())

    @property
    def joined(self) -> str:
        """The core without spaces and apostrophes, every saint written alike."""
        return _saint().sub("st", self.core).replace("'", "").replace(" ", "")

    @property
    def keys(self) -> tuple[str, ...]:
        """Under what this name is found at once."""
        ordered = " ".join(sorted(self.core.split()))
        found = dict.fromkeys((self.folded, self.core, self.loose, ordered, self.nominative, self.acronym, self.sound))
        return tuple(each for each in found if each)


@lru_cache(maxsize=50_000)
def read_name(text: str) -> NameForm:
    """A name taken apart.

    >>> form = read_name("Ville d’Évry (France)")
    >>> form.core, form.level, form.country
    ('evry', 'municipality', 'FR')
    """
    name, qualifier = _without_qualifier(text)
    country = country_code(qualifier)
    written = name.translate(_APOSTROPHES)
    exact = " ".join(_marks_but("'").sub(" ", unicodedata.normalize("NFC", written).casefold()).split())
    folded = plain(written, "'")
    core, level, nominative = _without_decoration(folded)
    return NameForm(
        text=text,
        exact=exact,
        letters=_own_letters(exact, core),
        folded=folded,
        core=core,
        loose=_loosen(core),
        level=level,
        country=country,
        qualifier="" if country else plain(qualifier, "'"),
        nominative=nominative,
        sound=sounded(core),
        acronym=_acronym(folded),
    )


def _own_letters(exact: str, core: str) -> str:
    """The letters of their own in the words of the core: "å" of "Ålesunds stad", and not that of "Stadt Ålesund"'s a."""
    if exact.isascii():
        return ""
    words = set(core.split())
    kept = [word for word in exact.replace("'", " ").split() if words & {plain(word), plain(word, "'")}]
    return "".join(letter for letter in " ".join(kept).translate(_ONE_LETTER) if letter in _OWN_LETTERS)


def _acronym(folded: str) -> str:
    """UCLG for United Cities and Local Governments; empty for shorter names."""
    words = [word for word in folded.split() if word not in small_words()]
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
    before, after, endings = _decorations()
    for words, each in before:
        rest = core[len(words) :]
        if core.startswith(words) and len(rest.strip()) >= _SHORTEST and (words.endswith("'") or rest.startswith(" ")):
            core, level = rest.strip(), each
            break
    for words, each in after:
        if core.endswith(f" {words}") and len(core) - len(words) > _SHORTEST:
            core, level = core[: -len(words)].strip(), level or each
            ending = endings.get(words, "")
            nominative = core.removesuffix(ending) if ending and core.endswith(ending) else ""
            break
    return core, level, nominative


@cache
def _decorations() -> tuple[list[tuple[str, str]], list[tuple[str, str]], dict[str, str]]:
    """What stands before and behind a name with its level, the longest first; the ending it gives the word before."""
    before, after = (
        sorted(
            (
                (plain(words, "'"), level)
                for level in _LEVELS
                for words in words_of(__package__, "names", f"{place}_{level}")
            ),
            key=lambda each: -len(each[0]),
        )
        for place in ("before", "after")
    )
    return (
        before,
        after,
        {
            plain(word): ending
            for ending, words in word_lists(__package__, "names")["genitive"].items()
            for word in words
        },
    )


@cache
def _saint() -> re.Pattern[str]:
    return re.compile(rf"\b{one_of(words_of(__package__, 'names', 'saint'))}\b")


@cache
def small_words() -> frozenset[str]:
    """Words of names that say nothing of their own, as `plain` writes them: of, and, de."""
    return frozenset(map(plain, words_of(__package__, "names", "small")))


def _loosen(core: str) -> str:
    loose = _saint().sub("st", core).replace("'", "").replace(" ", "")
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


@cache
def countries() -> dict[str, Country]:
    """The countries we know by name, by their two letters."""
    return {
        line[0]: Country(line[0], line[1], line[2], tuple(line[3:])) for line in rows_of(__package__, "countries.txt")
    }


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
