"""A new edition of a text held against the old one: what it says again, what it says in another sentence, and what is new.

Words are found again only where they stand in the same sentence, word for word, or in the run of words that the two texts
share at that place; white space does not count, a likeness is never enough. All of it is bounded by the length of the texts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal, TypeAlias

from citygraph.read.patterns import PatternBook
from citygraph.read.sentences import ReadWord, TextSentence, sentences_of, tokens_of
from citygraph.read.text import KeptText

Again: TypeAlias = Literal["again", "changed", "gone"]

_MOST_COMPARED: Final = 4_000_000
"""Pairs of words that are held against each other in one stretch that has changed; longer ones count as new."""


@dataclass(frozen=True, slots=True)
class FoundAgain:
    """What became of words of the old text.

    Attributes:
        how: `again` when their sentence is the same, `changed` when only the words are, `gone` when they are not there.
        start: their first character in the new text.
        end: the character behind their last one.
        sentence: the sentence of the new text that they stand in; empty outside of sentences.
    """

    how: Again
    start: int = 0
    end: int = 0
    sentence: str = ""


class TextRevision:
    """Two editions of one text."""

    def __init__(self, old: KeptText, new: KeptText, book: PatternBook) -> None:
        """`old` and `new` are the texts, `book` the words by which sentences are told."""
        self._old, self._new = _Units(old, book), _Units(new, book)
        self._places: dict[int, int] = {}
        self._same: set[int] = set()
        self._told: set[int] = set()
        self._match()

    def found(self, start: int, end: int) -> FoundAgain:
        """What became of the characters `start` to before `end` of the old text."""
        first, last = self._old.words_in(start, end)
        places = [self._places.get(each, -1) for each in range(first, last)]
        if not places or places[0] < 0 or places != list(range(places[0], places[0] + len(places))):
            return FoundAgain("gone")
        words = self._new.words
        begin, stop = words[places[0]].start, words[places[-1]].end
        is_same = all(each in self._same for each in range(first, last))
        return FoundAgain("again" if is_same else "changed", begin, stop, self._new.around(places[0]))

    def is_told(self, sentence: TextSentence) -> bool:
        """Whether the old text has a sentence of the new one, word for word."""
        first, last = self._new.words_in(sentence.start, sentence.end)
        return first < last and all(each in self._told for each in range(first, last))

    def _match(self) -> None:
        old, new = self._old.said, self._new.said
        taken_old: set[int] = set()
        taken_new: set[int] = set()
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for tag, i1, i2, j1, j2 in blocks:
            if tag == "equal":
                for one, other in zip(range(i1, i2), range(j1, j2), strict=True):
                    self._pair(one, other)
                taken_old.update(range(i1, i2))
                taken_new.update(range(j1, j2))
        once_old, once_new = Counter(old), Counter(new)
        place = {said: number for number, said in enumerate(new) if number not in taken_new}
        for number, said in enumerate(old):  # a sentence that has moved, and stands once in each
            if number not in taken_old and once_old[said] == once_new.get(said) == 1 and said in place:
                self._pair(number, place[said])
        for tag, i1, i2, j1, j2 in blocks:
            if tag == "replace":
                self._align(i1, i2, j1, j2)

    def _pair(self, old: int, new: int) -> None:
        """One sentence stands in both."""
        first, last = self._old.bounds[old]
        begin, _ = self._new.bounds[new]
        for offset in range(last - first):
            self._places[first + offset] = begin + offset
            self._same.add(first + offset)
            self._told.add(begin + offset)

    def _align(self, i1: int, i2: int, j1: int, j2: int) -> None:
        """The runs of words that two changed stretches share at the same place."""
        first, last = self._old.bounds[i1][0], self._old.bounds[i2 - 1][1]
        begin, end = self._new.bounds[j1][0], self._new.bounds[j2 - 1][1]
        if (last - first) * (end - begin) > _MOST_COMPARED:
            return
        old = [each.text for each in self._old.words[first:last]]
        new = [each.text for each in self._new.words[begin:end]]
        for one, other, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            for offset in range(size):
                self._places.setdefault(first + one + offset, begin + other + offset)


class _Units:
    """A text as words, and as the sentences and stretches between them that the words are in."""

    def __init__(self, kept: KeptText, book: PatternBook) -> None:
        self.words: Sequence[ReadWord] = tokens_of(kept.text, 0, len(kept.text))
        self._starts = [each.start for each in self.words]
        self._text = kept.text
        self.bounds = list(self._bounds(sentences_of(kept, book)))
        self.said = [" ".join(each.text for each in self.words[first:last]) for first, last in self.bounds]

    def _bounds(self, sentences: Sequence[TextSentence]) -> Iterator[tuple[int, int]]:
        """Where each unit begins and ends among the words; every word is in one."""
        at = 0
        for each in sentences:
            first, last = self.words_in(each.start, each.end)
            if first > at:
                yield at, first
            if last > max(first, at):
                yield max(first, at), last
            at = max(at, last)
        if at < len(self.words):
            yield at, len(self.words)

    def words_in(self, start: int, end: int) -> tuple[int, int]:
        """The words that have a character in a stretch."""
        first = bisect_right(self._starts, start) - 1
        first = first if first >= 0 and self.words[first].end > start else first + 1
        return first, bisect_left(self._starts, end)

    def around(self, word: int) -> str:
        """The unit that a word is in, with single blanks."""
        first, last = next((each for each in self.bounds if each[0] <= word < each[1]), (word, word + 1))
        return " ".join(self._text[self.words[first].start : self.words[last - 1].end].split())
