"""Two gold sets for matching names: places and networks from general knowledge with variants by rule; and names by hand."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from citygraph.matching.things import Name, Thing

_FILE = Path(__file__).with_name("gold_places.txt")
_BY_HAND = Path(__file__).with_name("gold_names.txt")
_SEED = 5
_DECORATIONS = {
    "NO": ("{} kommune", "{} bykommune", "Kommunen {}"),
    "SE": ("{} kommun", "Staden {}", "{}s stad"),
    "DK": ("{} Kommune", "{} by"),
    "FI": ("{}n kaupunki", "{} kaupunki", "{} stad"),
    "EE": ("{} linn", "{}a linn"),
    "DE": ("Stadt {}", "Landeshauptstadt {}", "{} (Stadt)", "Hansestadt {}"),
    "AT": ("Stadt {}", "Stadtgemeinde {}"),
    "CH": ("Stadt {}", "Ville de {}", "Città di {}"),
    "NL": ("Gemeente {}", "{} (gemeente)"),
    "BE": ("Stad {}", "Ville de {}"),
    "FR": ("Ville de {}", "Mairie de {}", "Commune de {}"),
    "IT": ("Comune di {}", "Città di {}"),
    "ES": ("Ayuntamiento de {}", "Ciudad de {}"),
    "PT": ("Câmara Municipal de {}", "Município de {}"),
    "PL": ("Miasto {}", "Gmina {}", "Urząd Miasta {}"),
    "CZ": ("Město {}", "Statutární město {}"),
    "SK": ("Mesto {}",),
    "HU": ("{} város", "{} Megyei Jogú Város"),
    "RO": ("Municipiul {}", "Primăria {}"),
    "GB": ("City of {}", "{} City Council", "{} City"),
    "IE": ("{} City Council",),
    "HR": ("Grad {}",),
    "SI": ("Mestna občina {}",),
}
_ANY = ("City of {}", "Municipality of {}", "{} Municipality", "{} (city)", "The City of {}", "{} municipality")
_NAMES = {
    "NO": ("Norway", "Norge", "Norwegen"), "SE": ("Sweden", "Sverige"), "DE": ("Germany", "Tyskland", "Deutschland"),
    "FR": ("France", "Frankrike"), "IT": ("Italy", "Italia"), "ES": ("Spain", "Spania", "España"), "PL": ("Poland", "Polska"),
    "DK": ("Denmark", "Danmark"), "FI": ("Finland", "Suomi"), "NL": ("Netherlands", "Nederland"), "BE": ("Belgium", "Belgia"),
    "CZ": ("Czechia", "Czech Republic"), "HU": ("Hungary", "Magyarország"), "GB": ("UK", "United Kingdom"), "PT": ("Portugal",),
    "AT": ("Austria", "Österreich"), "CH": ("Switzerland", "Schweiz"), "RO": ("Romania",), "GR": ("Greece",), "TR": ("Turkey",),
}  # fmt: skip
_READ_WRONG = (
    ("m", "rn"),
    ("l", "1"),
    ("o", "0"),
    ("d", "cl"),
    ("h", "b"),
    ("e", "c"),
    ("i", "l"),
    ("u", "ii"),
    ("g", "q"),
)
_PLAIN = {"ø": "o", "Ø": "O", "æ": "ae", "ł": "l", "Ł": "L", "ß": "ss", "ı": "i", "Þ": "Th", "ð": "d", "đ": "d"}


@dataclass(frozen=True)
class Case:
    """A query, its class, the right target, and the country when it is known; no target when nothing may match.

    `verdict` is `match` or `no match` where the case says whether the first one is beyond doubt.
    """

    kind: str
    query: str
    target: str
    country: str = ""
    verdict: str = ""


def _sections(file: Path = _FILE) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = here = []
        elif line and not line.startswith("#"):
            here.append(line)
    return found


def _places() -> Iterator[tuple[str, str, list[str]]]:
    for line in _sections()["places"]:
        head, _, others = line.partition("|")
        country, _, name = head.strip().partition(" ")
        yield country, name.strip(), [each.strip() for each in others.split(";") if each.strip()]


def gold_targets() -> list[Thing]:
    """The places and networks, each with the name that it gives itself and no other."""
    things = [_place(country, name) for country, name, _ in _places()]
    for line in _sections()["shared"]:
        for number, each in enumerate(line.split(" / ")):
            country, _, name = each.strip().partition(" ")
            things.append(_place(country, name, f"-{number}"))
    for line in _sections()["networks"]:
        name = line.partition("|")[0].strip()
        things.append(Thing(f"network {name}", (Name(name),), frozenset({"network"})))
    return things


def _place(country: str, name: str, mark: str = "") -> Thing:
    return Thing(f"{country} {name}{mark}", (Name(name),), frozenset({"city"}), frozenset({country}))


def gold_cases() -> list[Case]:
    """Every case; the same in every run."""
    return list(_cases(random.Random(_SEED)))


def named_targets() -> list[Thing]:
    """Cities of the set by hand with regions and authorities of their names, each with one name."""
    found = []
    for line in _sections(_BY_HAND)["things"]:
        id_, kind, country, people, name = line.split(" ", 4)
        thing = Thing(id_, (Name(name),), frozenset({kind}), frozenset({country}), population=float(people))
        found.append(thing)
    return found


def named_cases() -> list[Case]:
    """The cases by hand: official names in other languages, exonyms, letters, namesakes, regions, evidence."""
    found = []
    verdicts = {"!": "no match", "-": "no match", "+": "match"}
    for line in _sections(_BY_HAND)["cases"]:
        kind, query, country, target = (part.strip() for part in line.split("|"))
        found.append(Case(kind, query, target.lstrip("!+-"), country, verdicts.get(target[:1], "")))
    return found


def _cases(chance: random.Random) -> Iterator[Case]:
    own = {name.casefold() for _, name, _ in _places()}
    taken: dict[str, set[str]] = {}
    for country, name, others in _places():
        for each in (name, *others):
            taken.setdefault(plain(each).casefold(), set()).add(f"{country} {name}")
    for country, name, others in _places():
        target = f"{country} {name}"
        for other in others:
            # An exonym that two of them share, or that is the name of another, decides nothing.
            if len(taken[plain(other).casefold()]) == 1 and other.casefold() not in own:
                yield Case("other languages", other, target)
                yield Case("other languages, country known", other, target, country)
        if name[0] > "ɏ":
            continue
        yield Case("as written", name, target)
        yield Case("capitals", name.upper(), target)
        if plain(name) != name:
            yield Case("without accents", plain(name), target)
        template = chance.choice((*_DECORATIONS.get(country, ()), *_DECORATIONS.get(country, ()), *_ANY))
        yield Case("decorated", template.format(name), target)
        yield Case("decorated, without accents", plain(template.format(name)), target)
        place = chance.choice((*_NAMES.get(country, ()), country))
        yield Case("with a country", chance.choice(("{}, {}", "{} ({})")).format(name, place), target)
        if len(name) > 5:
            yield Case("mistyped", _mistyped(name, chance), target)
            yield Case("read wrongly", _read_wrong(name, chance), target)
    yield from _traps()


def _traps() -> Iterator[Case]:
    for line in _sections()["shared"]:
        for number, each in enumerate(line.split(" / ")):
            country, _, name = each.strip().partition(" ")
            if number == 0:
                yield Case("several bear it", name, "")
                yield Case("several bear it", f"City of {name}", "")
            if len({part.strip()[:2] for part in line.split(" / ")}) > 1:
                yield Case("several bear it, country known", name, f"{country} {name}-{number}", country)
    for kind in ("near", "absent"):
        for line in _sections()[kind]:
            yield from (Case(f"{kind}: not here", each.strip(), "") for each in line.split("|"))
            yield from (Case(f"{kind}: not here", f"City of {each.strip()}", "") for each in line.split("|")[::3])
    for line in _sections()["networks"]:
        name, _, others = line.partition("|")
        target = f"network {name.strip()}"
        yield Case("as written", name.strip(), target)
        yield from (
            Case("networks by another name", each.strip(), target) for each in others.split(";") if each.strip()
        )


def plain(text: str) -> str:
    """The text as somebody without these letters types it."""
    marks = unicodedata.normalize("NFD", "".join(_PLAIN.get(letter, letter) for letter in text))
    return "".join(each for each in marks if not unicodedata.combining(each))


def _mistyped(name: str, chance: random.Random) -> str:
    letters = list(name)
    place = chance.randrange(1, len(letters) - 2)
    match chance.randrange(3):
        case 0:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
        case 1:
            del letters[place]
        case _:
            letters[place] = chance.choice("aeiourstn")
    return "".join(letters)


def _read_wrong(name: str, chance: random.Random) -> str:
    """As a scanner reads it: rn for m, 1 for l."""
    fitting = [(right, wrong) for right, wrong in _READ_WRONG if right in name[1:]]
    if not fitting:
        return name
    right, wrong = chance.choice(fitting)
    return name[0] + name[1:].replace(right, wrong, 1)
