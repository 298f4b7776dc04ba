"""Which things come near a name, and how well each fits: name, kind, country, place and codes, and whether it is sure."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from citygraph.matching.cities import homonyms, names_elsewhere, other_names
from citygraph.matching.names import NameForm, read_name
from citygraph.matching.things import Thing

MATCH: Final = 95.0
"""Above this, and well ahead of the next, a name is beyond doubt: only the same name is."""
_AHEAD: Final = 10.0
_HALF: Final = 50.0
_WEIGHT: Final = 0.4
_SAME_PLACE, _OTHER_PLACE = 2.0, 30.0
_EARTH: Final = 6371.0
_SHORT: Final = 5

MAIN, ALIAS, OFFICIAL, EXONYM = 100.0, 99.0, 97.0, 94.0
"""The most that a label counts, an alias, and from our list an official name and what a city is called elsewhere."""
_PLAIN, _LOOSE, _OTHER_LETTERS = 98.0, 97.0, 95.0
_ORDER, _NOMINATIVE, _KEYBOARD = 92.0, 94.0, 94.0
_DECORATED: Final = 86.0
_ALIKE: Final = 88.0
_PART: Final = 74.0
_SOUND: Final = 0.88
_DOUBLED: Final = re.compile(r"(\w)\1")
_ORDER_OF_KINDS: Final = ("city", "network", "authority", "region", "country", "person", "concept")


@dataclass(frozen=True, slots=True)
class Clue:
    """A value that the caller knows: its property, and the fit of a candidate, 0 to 100; nothing when not known."""

    property: str
    fit: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    forms: tuple[NameForm, ...]
    kinds: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    point: tuple[float, float] | None = None
    codes: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that may be meant; `features` say why, `identifier` that a code matches exactly."""

    thing: Thing
    score: float
    features: dict[str, float | bool] = field(default_factory=dict)
    match: bool = False
    identifier: bool = False


def score(
    wanted: Wanted, thing: Thing, forms: Sequence[tuple[NameForm, float]], clues: Iterable[Clue] = ()
) -> Candidate:
    """The candidate with its score: the mean of name (weight 1) and everything else that is known (0.4 each).

    Args:
        wanted: what is looked for.
        thing: what may be meant.
        forms: its names taken apart, each with the most that it can count.
        clues: how well it fits what else the caller knows.
    """
    alike = (min(most, name_score(one, form, wanted, thing)) for one in wanted.forms for form, most in forms)
    best = max(alike, default=0.0)
    features: dict[str, float | bool] = {"name": round(best, 1)} if wanted.forms else {}
    parts = [(best, 1.0)] if wanted.forms else []
    countries = wanted.countries | {form.country for form in wanted.forms if form.country}
    if countries and thing.countries:
        features["country"] = bool(countries & thing.countries)
        parts.append((100.0 if features["country"] else 0.0, _WEIGHT))
    if wanted.point and thing.point:
        fit = nearness(wanted.point, thing.point)
        features["coordinates"] = round(fit, 1)
        parts.append((fit, _WEIGHT))
    for clue in clues:
        features[clue.property] = round(clue.fit, 1)
        parts.append((clue.fit, _WEIGHT))
    total = sum(value * weight for value, weight in parts) / sum(weight for _, weight in parts) if parts else 0.0
    if wanted.kinds:
        features["type"] = bool(wanted.kinds & thing.kinds)
        total *= 1.0 if features["type"] else 0.5
    identifier = _codes_agree(wanted, thing)
    if identifier is not None:
        features["identifier"] = identifier
        total = 100.0 if identifier else min(total, _PART)
    return Candidate(thing, round(total, 1), features, identifier=bool(identifier))


def _codes_agree(wanted: Wanted, thing: Thing) -> bool | None:
    """Whether a code matches exactly; nothing when no kind of code is known on both sides."""
    both = {kind for kind, _ in wanted.codes} & {kind for kind, _ in thing.codes}
    return bool(wanted.codes & thing.codes) if both else None


def nearness(one: tuple[float, float], other: tuple[float, float]) -> float:
    """100 within two kilometres, 0 from thirty on: registers put the point of a city in different squares.

    >>> nearness((59.91, 10.74), (59.913, 10.75)), nearness((59.91, 10.74), (60.39, 5.32))
    (100.0, 0.0)
    """
    a, b = math.radians(one[0]), math.radians(other[0])
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    distance = 2 * _EARTH * math.asin(min(1.0, math.sqrt(half)))
    return 100.0 * min(1.0, max(0.0, (_OTHER_PLACE - distance) / (_OTHER_PLACE - _SAME_PLACE)))


def name_score(one: NameForm, other: NameForm, wanted: Wanted, thing: Thing) -> float:
    """How alike two names are, 0 to 100; what only looks alike stays below 90."""
    if one.level != other.level and one.core == other.core:
        return _decorated(one, other, wanted, thing)
    if one.exact == other.exact:
        return _with_qualifier(MAIN, one, other)
    if one.core == other.core:
        # Whoever has no ö on the keyboard means Malmö all the same; of Malmon and Malmön nobody knows.
        as_written = one.letters == other.letters or _is_exonym(one.core, other.core, thing)
        most = _PLAIN if one.folded == other.folded else _LOOSE
        return _with_qualifier(most if as_written else _OTHER_LETTERS, one, other)
    if one.spaced == other.spaced and one.level == other.level and one.letters == other.letters:
        return _with_qualifier(_LOOSE, one, other)
    if one.loose == other.loose and not (one.exact.isascii() and other.exact.isascii() and one.joined != other.joined):
        return _with_qualifier(_KEYBOARD, one, other) if one.level == other.level else _DECORATED - 2.0
    if one.nominative and one.nominative in {other.core, other.nominative}:
        return _NOMINATIVE if one.level == other.level else _DECORATED
    if _is_exonym(one.core, other.core, thing):
        return EXONYM if one.level == other.level else _DECORATED
    if (one.acronym and one.acronym == other.joined) or (other.acronym and other.acronym == one.joined):
        return _DECORATED
    return _likeness(one, other)


def _decorated(one: NameForm, other: NameForm, wanted: Wanted, thing: Thing) -> float:
    """The words around a name are evidence for what it names: "Bergen kommune" is not quite "Bergen"."""
    if one.level and other.level:
        return _PART
    if wanted.kinds:
        # Which of the two is meant has been said already.
        return _LOOSE if wanted.kinds & thing.kinds else _DECORATED
    return _DECORATED if one.level else _DECORATED - 2.0


def _with_qualifier(value: float, one: NameForm, other: NameForm) -> float:
    """What stands in brackets counts: "Halle (Saale)" may be "Halle", and is not "Halle (Westf.)"."""
    if one.qualifier and other.qualifier and one.qualifier != other.qualifier:
        return min(value, _PART)
    if bool(one.qualifier) != bool(other.qualifier):
        return min(value, EXONYM)
    if other.country and one.country and one.country != other.country:
        return min(value, _PART)
    return value


def _is_exonym(one: str, other: str, thing: Thing) -> bool:
    cities = other_names(one)
    if not cities:
        return False
    shared = set(cities) & set(other_names(other))
    return any(not thing.countries or city[:2] in thing.countries for city in shared)


def _likeness(one: NameForm, other: NameForm) -> float:
    a, b = one.core, other.core
    if not a or not b:
        return 0.0
    alike = max(_ratio(a, b), _ratio(one.loose, other.loose))
    # Another language writes the same sounds in its own way.
    if alike < _SOUND and (one.sound, other.sound) != (a, b):
        alike = max(alike, _SOUND * _ratio(one.sound, other.sound))
    # A letter typed twice or once is the commonest slip, and accents that were typed were meant.
    alike = 0.9 * alike + 0.1 * _ratio(_DOUBLED.sub(r"\1", a), _DOUBLED.sub(r"\1", b))
    if not one.exact.isascii():
        alike = 0.9 * alike + 0.1 * _ratio(one.exact, other.exact)
    first, second = a.split(), b.split()
    if len(first) > 1 or len(second) > 1:
        ordered, other_ordered = " ".join(sorted(first)), " ".join(sorted(second))
        if ordered == other_ordered:
            return _ORDER
        alike = max(alike, _ratio(ordered, other_ordered) * 0.97)
        if _contains(first, second):
            alike = max(alike, _PART / _ALIKE)
    return _ALIKE * alike


def _contains(first: list[str], second: list[str]) -> bool:
    """Whether all words of the shorter name stand in the longer one: "Newcastle" in "Newcastle upon Tyne"."""
    less, more = sorted((set(first), set(second)), key=len)
    return less <= more and any(len(word) >= _SHORT - 1 or not word.isalpha() for word in less)


def _ratio(one: str, other: str) -> float:
    """Typing errors count by their number, and the beginning counts a little more than the end."""
    edits = float(OSA.normalized_similarity(one, other))
    return 0.75 * edits + 0.25 * float(JaroWinkler.similarity(one, other)) if edits else 0.0


def decide(candidates: Sequence[Candidate], wanted: Wanted) -> list[Candidate]:
    """The candidates, best first, the first one marked when it is beyond doubt and well ahead of all others.

    Among equals a city comes before a region, and the larger before the smaller.
    """
    ordered = sorted(candidates, key=_rank)
    if not ordered:
        return []
    best, rest = ordered[0], ordered[1:]
    if best.identifier:
        match = not any(each.identifier for each in rest)
    else:
        match = _beyond_doubt(best, wanted) and all(_lead(best, each) > _AHEAD for each in rest)
    return [replace(best, match=match), *rest]


def _rank(candidate: Candidate) -> tuple[float, bool, int, float, str]:
    thing = candidate.thing
    kind = min((_ORDER_OF_KINDS.index(each) for each in thing.kinds if each in _ORDER_OF_KINDS), default=0)
    return -candidate.score, not candidate.identifier, kind, -thing.population, thing.id


def _lead(best: Candidate, other: Candidate) -> float:
    """By how much the evidence for one is stronger than for another; what is known of one alone counts half.

    A mean would not do: what speaks for both alike would draw them together, and undo a match.
    """
    if best.features.get("type") is not False and other.features.get("type") is False:
        return best.score - other.score
    lead = float(best.features.get("name", 0.0)) - float(other.features.get("name", 0.0))
    for key in best.features.keys() | other.features.keys():
        if key not in {"name", "type"}:
            lead += _WEIGHT * (_points(best.features.get(key)) - _points(other.features.get(key)))
    return lead


def _points(value: float | bool | None) -> float:  # noqa: FBT001  # a feature is one or the other
    return _HALF if value is None else 100.0 * value if isinstance(value, bool) else value


def _beyond_doubt(best: Candidate, wanted: Wanted) -> bool:
    """A name alone decides nothing when several places bear it, or when only its accents are missing and it is short."""
    if any(_points(value) < _HALF for key, value in best.features.items() if key != "name"):
        return False
    certain = best.features.get("country") is True or bool(best.features.get("coordinates"))
    name = float(best.features.get("name", 0.0))
    if name <= MATCH:
        return False
    if certain:
        return True
    for form in wanted.forms:
        if form.core in homonyms() and "city" in (best.thing.kinds or {"city"}):
            return False
    return name >= ALIAS or all(len(form.core) >= _SHORT for form in wanted.forms)


def nearest(core: str, cores: Sequence[str], *, least: float, limit: int = 5) -> list[int]:
    """The places in `cores` of the names most like `core`, best first.

    Args:
        core: a name without decorations, folded.
        cores: the names to look among.
        least: the least likeness, 0 to 1: one less the share of letters that differ.
        limit: as many at most.

    >>> nearest("trondhiem", ["oslo", "trondheim", "stockholm"], least=0.75)
    [1]
    """
    found = process.extract(
        core, cores, scorer=OSA.normalized_similarity, score_cutoff=least, limit=limit, processor=None
    )
    return [place for _, _, place in found]


_LONGEST_FOR_DELETES = 16
_NEAR = 25
_MOST_COMMON = 0.16


class TargetIndex:
    """A few thousand things that names are matched against."""

    def __init__(self, things: Iterable[Thing]) -> None:
        """Take every name of every thing apart, once."""
        self.things = {thing.id: thing for thing in things}
        self._list = list(self.things.values())
        self._forms: list[list[tuple[NameForm, float]]] = []
        self._keys: dict[str, set[int]] = defaultdict(set)
        self._deletes: dict[str, set[int]] = defaultdict(set)
        self._grams: dict[str, list[int]] = defaultdict(list)
        self._cities: dict[str, set[int]] = defaultdict(set)
        self._codes: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._sizes: list[int] = []
        for number, thing in enumerate(self._list):
            self._add(number, thing)

    def _add(self, number: int, thing: Thing) -> None:
        forms: dict[tuple[str, str, str], tuple[NameForm, float]] = {}
        for name in thing.names:
            form = read_name(name.text)
            spelled = (form.exact, form.qualifier, form.country)
            known = forms[spelled][1] if spelled in forms else 0.0
            forms[spelled] = (form, max(MAIN if name.main else ALIAS, known))
        for form, _ in list(forms.values()):
            # "Halle (Saale)" says which one it is: nothing is known of what that one is called elsewhere.
            cores = () if form.qualifier else (form.core, form.nominative)
            for other, official in (each for core in cores for each in names_elsewhere(core, thing.countries)):
                elsewhere = replace(read_name(other), level=form.level)
                forms.setdefault((elsewhere.exact, "", ""), (elsewhere, OFFICIAL if official else EXONYM))
        self._forms.append(list(forms.values()))
        grams: set[str] = set()
        for core in {form.core for form, _ in forms.values()}:
            grams.update(_grams(core))
            if len(core) <= _LONGEST_FOR_DELETES:
                for each in _deletes(core):
                    self._deletes[each].add(number)
            for city in other_names(core):
                self._cities[city].add(number)
        for form, _ in forms.values():
            for key in form.keys:
                self._keys[key].add(number)
        for gram in grams:
            self._grams[gram].append(number)
        for code in thing.codes:
            self._codes[code].add(number)
        self._sizes.append(len(grams))

    def __len__(self) -> int:
        """How many things there are."""
        return len(self._list)

    def find(
        self,
        wanted: Wanted,
        *,
        limit: int = 5,
        least: float = 40.0,
        clues: Callable[[Thing], Sequence[Clue]] | None = None,
        among: Callable[[Thing], bool] | None = None,
    ) -> list[Candidate]:
        """The best candidates, the first one marked as a match when it is beyond doubt.

        Args:
            wanted: what is looked for.
            limit: as many at most.
            least: candidates below this score are left out.
            clues: how well a thing fits what else is known.
            among: only things for which this holds.
        """
        numbers = self._near(wanted)
        if not wanted.forms and not wanted.codes:
            numbers = set(range(len(self._list)))
        found: list[Candidate] = []
        for number in numbers:
            thing = self._list[number]
            if among is None or among(thing):
                found.append(score(wanted, thing, self._forms[number], clues(thing) if clues else ()))
        # Whether the best one is beyond doubt depends on all of them, also on those that are not shown.
        return [each for each in decide(found, wanted)[:limit] if each.score >= least]

    def _near(self, wanted: Wanted) -> set[int]:
        numbers: set[int] = set()
        for code in wanted.codes:
            numbers |= self._codes.get(code, set())
        for form in wanted.forms:
            for key in form.keys:
                numbers |= self._keys.get(key, set())
            for city in other_names(form.core):
                numbers |= self._cities.get(city, set())
            if len(form.core) <= _LONGEST_FOR_DELETES:
                for each in _deletes(form.core):
                    numbers |= self._deletes.get(each, set())
            numbers.update(self._alike(form.core))
            if form.nominative:
                numbers.update(self._alike(form.nominative))
        return numbers

    def _alike(self, core: str) -> list[int]:
        """The things that share most pairs and triples of letters with a name."""
        mine = _grams(core)
        counts: Counter[int] = Counter()
        most = max(50, int(_MOST_COMMON * len(self._list)))
        for gram in mine:
            having = self._grams.get(gram, ())
            if len(having) <= most:
                counts.update(having)
        best = counts.most_common(4 * _NEAR)
        best.sort(key=lambda each: (-each[1] / (len(mine) + self._sizes[each[0]]), each[0]))
        return [number for number, _ in best[:_NEAR]]


def _deletes(core: str) -> set[str]:
    """The name, and the name without each of its letters: two names with one error between them share one."""
    return {core, *(core[:place] + core[place + 1 :] for place in range(len(core)))}


def _grams(core: str) -> set[str]:
    padded = f"  {core} "
    pairs = {core[place : place + 2] for place in range(len(core) - 1)}
    return {padded[place : place + 3] for place in range(len(padded) - 2)} | pairs
