"""Words to what they mean, and how near the phrasings of a question come to what somebody typed."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from citygraph.matching.names import plain, word_lists, words_of
from citygraph.saved_query import SavedQuery

_ENDINGS: Final = sorted(
    (
        "hetenes", "hetene", "hetens", "heten", "heter", "endes", "ende", "ande", "enes", "ene", "ane", "ens", "ers", "ets", "ing",
        "ingen", "inger", "ies", "ed", "en", "ar", "er", "es", "et", "ly", "as", "e", "a", "s", "t", "n",
    ),
    key=lambda ending: -len(ending),
)  # fmt: skip
_SHORTEST_STEM: Final = 3
_SHORTEST_PART: Final = 5
_NEARLY: Final = 0.84
_OF_A_PART: Final = 0.6
"""What a word counts for that is only part of one: "styremøte" for "møte"."""
_UNKNOWN: Final = 0.5
"""What a word counts for that no question has: people say more than they ask."""


@cache
def stem(word: str) -> str:
    """A word, as `plain` writes it, without what it takes on in a sentence.

    >>> stem("presidentene"), stem("presidents"), stem("nettverket"), stem("by")
    ('president', 'president', 'nettverk', 'by')
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


@cache
def _small() -> frozenset[str]:
    return frozenset(map(plain, words_of(__package__, "questions", "small")))


@cache
def _meanings() -> Mapping[str, str]:
    """What words mean, as they are written and by their stems."""
    written: dict[str, str] = {}
    stems: dict[str, str] = {}
    for meaning, words in word_lists(__package__, "questions")["same"].items():
        for word in map(plain, words):
            written.setdefault(word, meaning)
            stems.setdefault(stem(word), meaning)
    return stems | written


def meanings_of(words: Iterable[str]) -> list[str]:
    """What the words mean, in order: the name of a line of words, else a stem; small words are left out.

    >>> meanings_of(["Hvem", "er", "presidentene", "i", "nettverkene"])
    ['who', 'president', 'network']
    """
    found = (plain(word) for each in words for word in each.split())
    return [
        _meanings().get(word) or _meanings().get(stem(word)) or stem(word) for word in found if word not in _small()
    ]


class Phrasings:
    """All the ways in which the saved questions are put, to be compared with what somebody types."""

    def __init__(self, questions: Sequence[SavedQuery]) -> None:
        """The phrasings of these questions: titles, questions and what their headers say also."""
        self.questions = {each.name: each for each in questions}
        self._phrases = {
            each.name: [Counter(found) for text in each.phrasings if (found := meanings_of(text.split()))]
            for each in questions
        }
        self._bags = {name: frozenset(word for each in all_ for word in each) for name, all_ in self._phrases.items()}
        held = Counter(word for bag in self._bags.values() for word in bag)
        self._weights = {word: math.log(1 + len(questions) / count) for word, count in held.items()}
        self._rare = math.log(1 + len(questions))
        self.words = frozenset(
            [*_meanings(), *_small(), *(plain(w) for q in questions for t in q.phrasings for w in t.split())]
        )

    def nearness(self, asked: Sequence[str]) -> dict[str, float]:
        """How near each question comes to these meanings, from 0 to 1.

        The nearest phrasing counts, and how much of what was asked any phrasing of the question has.
        """
        known = {word: self._known(word) for word in dict.fromkeys(asked)}
        wanted = {
            meaning: (share * self._weights.get(meaning, _UNKNOWN * self._rare), share)
            for word in known
            for meaning, share in [known[word]]
        }
        whole = sum(weight for weight, _ in wanted.values()) or 1.0
        found = {}
        for name, phrases in self._phrases.items():
            bag = sum(weight for word, (weight, _) in wanted.items() if word in self._bags[name]) / whole
            found[name] = 0.5 * bag + 0.5 * max((self._likeness(wanted, whole, each) for each in phrases), default=0.0)
        return found

    def _likeness(self, wanted: Mapping[str, tuple[float, float]], whole: float, phrase: Mapping[str, int]) -> float:
        both = sum(weight for word, (weight, _) in wanted.items() if word in phrase)
        return 2 * both / (whole + sum(self._weights[word] for word in phrase))

    def _known(self, word: str) -> tuple[str, float]:
        """The meaning that a word comes near, and how near: itself, one with a slip in it, or a part of it."""
        if word in self._weights:
            return word, 1.0
        near = difflib.get_close_matches(word, self._weights, n=1, cutoff=_NEARLY)
        if near and len(word) >= _SHORTEST_PART:
            return near[0], _NEARLY
        parts = [
            meaning
            for part, meaning in _meanings().items()
            if len(part) >= _SHORTEST_PART - 1 and word != part and (word.startswith(part) or word.endswith(part))
        ]
        parts = [each for each in parts if each in self._weights]
        return (parts[-1], _OF_A_PART) if parts else (word, 1.0)
