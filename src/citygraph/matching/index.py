"""Which things to look at for a name: by equal forms, by one typing error, by shared letters; then scored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from citygraph.matching.names import NameForm, exonyms, other_names, read_name
from citygraph.matching.score import ALIAS, EXONYM, MAIN, Candidate, Clue, Wanted, decide, score
from citygraph.matching.things import Thing

__all__ = ["TargetIndex"]

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
            for other in exonyms(form.core, thing.countries):
                elsewhere = replace(read_name(other), level=form.level)
                forms.setdefault((elsewhere.exact, "", ""), (elsewhere, EXONYM))
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
