"""Numbers with their marks, money, dates and web addresses as they are written in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from citygraph.matching.names import plain, word_lists
from citygraph.read.patterns import PatternBook
from citygraph.read.sentences import ReadWord

Sort: TypeAlias = Literal["clear", "choose", "new"]
Answers: TypeAlias = Sequence[tuple[int, tuple["ReadValue", ...]]]
"""What may stand from a word on: the word behind it, and what it is; the longest first."""

_URL: Final = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.(?:org|com|net|eu|no|se|dk|fi|int|info|city|cities|de|uk|nu|is)(?:/\S*)?", re.IGNORECASE)  # fmt: skip
_DIGITS: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d+")
_YEAR: Final = re.compile(r"(?:1[6-9]|20)\d\d\Z")
_DAY: Final = re.compile(r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\Z")
_ISO: Final = re.compile(r"\d{4}-\d{2}(?:-\d{2})?\Z")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\Z")
_CURRENCIES: Final = {"€": "EUR", "$": "USD", "£": "GBP"}
_SHORT: Final = 3
_SIGNS: Final = {"~": "about", "≈": "about", ">": "more-than", "≥": "at-least", "<": "at-most", "≤": "at-most"}
_RANGE: Final = frozenset({"-", "–", "—"})


@dataclass(frozen=True, slots=True)
class ReadValue:
    """What some words are, as the value of a field.

    Attributes:
        said: how an edit takes it: `id:oslo-kommune`, `2019`, `about 40`; the words where nothing else is known.
        words: the words themselves.
        sort: whether it is sure, one of several, or a thing that nobody knows.
        choices: what it may be, when there are several.
        more: values of other fields that come with it, such as the currency.
    """

    said: str
    words: str
    sort: Sort = "clear"
    choices: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()


def words_between(tokens: Sequence[ReadWord], start: int, end: int) -> str:
    """The words of a stretch of a sentence, with single blanks where there are any."""
    pieces = [tokens[start].text]
    for before, each in zip(tokens[start:end], tokens[start + 1 : end], strict=False):
        pieces.append(f" {each.text}" if each.start > before.end else each.text)
    return "".join(pieces)


@cache
def _marks() -> dict[str, str]:
    """What stands before a figure, as names are compared, with how exact it says that the figure is."""
    lists = word_lists("citygraph.edit", "marks")
    return {plain(word): name for name, said in lists.items() for words in said.values() for word in words}


class WrittenFigures:
    """Reads the numbers, days and addresses of one sentence; each reader takes the word from which on."""

    def __init__(self, tokens: Sequence[ReadWord], book: PatternBook) -> None:
        """`tokens` are the words of the sentence, `book` the words of its language."""
        self.tokens, self.keys, self._book = tokens, tuple(each.key for each in tokens), book

    def _words(self, start: int, end: int) -> str:
        return words_between(self.tokens, start, end)

    def number(self, at: int) -> Answers:
        """A number with its mark, or from and to."""
        mark, start = self._mark(at)
        if start >= len(self.keys):
            return ()
        opened = self.keys[start] in self._book.list("between")
        first, end = self._figure(start + opened)
        if first < 0:
            return ()
        if end + 1 < len(self.keys) and self.keys[end] in {"-", "–", *(self._book.list("between_and") if opened else self._book.list("to"))}:  # fmt: skip
            second, last = self._figure(end + 1)
            if second > first:
                return (
                    (last, (ReadValue("", self._words(at, last), more=(("from", str(first)), ("to", str(second)))),)),
                )
        if opened:
            return ()
        if end < len(self.keys) and self.keys[end] == "+" and not mark:
            mark, end = "at-least", end + 1
        said = (("exactness", f"concept:{mark}"),) if mark else ()
        return ((end, (ReadValue(str(first), self._words(at, end), more=said),)),)

    def _mark(self, at: int) -> tuple[str, int]:
        """How exact a number is said to be, and the word behind that."""
        if self.keys[at] in _SIGNS:
            return _SIGNS[self.keys[at]], at + 1
        if not plain(self.keys[at]):
            return "", at
        for length in (3, 2, 1):
            words = [each for each in self.keys[at : at + length + 1] if each != "."][:length]
            name = _marks().get(plain(" ".join(words)), "")
            if name and len(words) == length:
                end = at + length
                return ("" if name == "exact" else name), end + (end < len(self.keys) and self.keys[end] == ".")
        return "", at

    def _figure(self, at: int) -> tuple[int, int]:
        """A whole number in digits or letters, with thousands and millions, and the word behind it; -1 without one."""
        if at >= len(self.keys):
            return -1, at
        key, end = self.keys[at], at + 1
        small = self._book.table("numbers")
        if key in small:
            number = int(small[key])
        elif _DIGITS.fullmatch(key) and not key.startswith("0"):
            number = int(re.sub(r"[.,]", "", key))
            while end < len(self.keys) and re.fullmatch(r"\d{3}", self.keys[end]) and len(self.keys[end - 1]) <= _SHORT and self._touches(end):  # fmt: skip
                number, end = number * 1000 + int(self.keys[end]), end + 1
        else:
            return -1, at
        scales = self._book.table("scales")
        if end < len(self.keys) and self.keys[end] in scales:
            number, end = number * int(scales[self.keys[end]]), end + 1
        return number, end

    def _touches(self, at: int) -> bool:
        return self.tokens[at].start - self.tokens[at - 1].end == 1

    def money(self, at: int) -> Answers:
        """An amount with its currency and its mark."""
        if self._is_of_range(at):
            return ()  # from and to: an amount has one value
        mark, start = self._mark(at)
        currency, begin = self._currency(start)
        number, end = self._figure(begin)
        if number < 0:
            return ()
        if not currency:
            currency, end = self._currency(end)
        if not currency or self._begins_range(end):
            return ()
        more = (("currency", currency), *((("exactness", f"concept:{mark}"),) if mark else ()))
        sort: Sort = "choose" if self._is_rate(end) else "clear"
        return ((end, (ReadValue(str(number), self._words(at, end), sort, more=more),)),)

    def _is_of_range(self, at: int) -> bool:
        """Whether an amount is the second of two, or the first of which it is said that it is only the first."""
        if at and self.keys[at - 1] in self._book.list("from"):
            return True
        between = {*_RANGE, *self._book.list("between_and"), *self._book.list("to")}
        return at > 1 and self.keys[at - 1] in between and self.keys[at - 2][:1].isdigit()

    def _begins_range(self, at: int) -> bool:
        """Whether a second amount follows, up to which it goes."""
        is_mark = at < len(self.keys) and self.keys[at] in {*_RANGE, *self._book.list("to")}
        return is_mark and (self._figure(at + 1)[0] >= 0 or bool(self._currency(at + 1)[0]))

    def _is_rate(self, at: int) -> bool:
        """Whether an amount is for each of something, such as an inhabitant or a month, and not for a year."""
        if at + 1 >= len(self.keys) or self.keys[at] not in self._book.list("per"):
            return False
        return self.keys[at + 1] not in self._book.list("years")

    def _currency(self, at: int) -> tuple[str, int]:
        table = self._book.table("currencies")
        for end in range(min(len(self.keys), at + 2), at, -1):
            key = " ".join(self.keys[at:end])
            if key in _CURRENCIES or key in table:
                return _CURRENCIES.get(key) or table[key], end
        return "", at

    def date(self, at: int) -> Answers:
        """A day, a month or a year, as precise as it stands there: of several days the first."""
        key = self.keys[at]
        if _ISO.match(key):
            return self._dated(key, at, at + 1)
        if match := _DOTTED.match(key):
            return self._dated(f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}", at, at + 1)
        return self._written_day(at) or self._written_month(at) or self._year(at)

    def _dated(
        self, said: str, at: int, end: int, more: tuple[tuple[str, str], ...] = (), *, is_sure: bool = True
    ) -> Answers:
        """A day; one whose year stands elsewhere in the sentence is not sure."""
        return ((end, (ReadValue(said, self._words(at, end), "clear" if is_sure else "choose", more=more),)),)

    def _written_day(self, at: int) -> Answers:
        """Such as "8.-10. juni 2022", "June 3, 2022", "3 June 2022", and without a year the one that the sentence names."""
        days: list[int] = []
        end = at
        while end < len(self.keys) and (_DAY.match(self.keys[end]) or (days and self.keys[end] in {".", "-", "–", *self._book.list("to")})):  # fmt: skip
            if _DAY.match(self.keys[end]):
                days.append(int(re.sub(r"\D", "", self.keys[end])))
            end += 1
        if not days or end >= len(self.keys):
            return self._american_day(at)
        of = end + (self.keys[end] == "of")
        month = self._book.months.get(self.keys[of]) if of < len(self.keys) else None
        if month is None:
            return ()
        end = of + 1
        before = end
        year, end = self._year_behind(end)
        if not year:
            return ()
        more = (("end", f"{year}-{month:02}-{days[-1]:02}"),) if len(days) > 1 and days[-1] > days[0] else ()
        return self._dated(f"{year}-{month:02}-{days[0]:02}", at, end, more, is_sure=end > before)

    def _american_day(self, at: int) -> Answers:
        month = self._book.months.get(self.keys[at])
        if month is None or at + 1 >= len(self.keys) or not _DAY.match(self.keys[at + 1]):
            return ()
        year, end = self._year_behind(at + 2)
        day = int(re.sub(r"[^0-9]", "", self.keys[at + 1]))
        return self._dated(f"{year}-{month:02}-{day:02}", at, end, is_sure=end > at + 2) if year else ()

    def _year_behind(self, at: int) -> tuple[str, int]:
        """The year that stands behind a day or a month; else the only year of the sentence."""
        end = at + 1 if at < len(self.keys) and self.keys[at] in {",", "."} else at
        if end < len(self.keys) and _YEAR.match(self.keys[end]):
            return self.keys[end], end + 1
        years = {each for each in self.keys if _YEAR.match(each)}
        return (years.pop(), at) if len(years) == 1 else ("", at)

    def _written_month(self, at: int) -> Answers:
        month = self._book.months.get(self.keys[at])
        if month is None or at + 1 >= len(self.keys):
            return ()
        of = at + 1 + (self.keys[at + 1] in {"of", "i"})
        if of < len(self.keys) and _YEAR.match(self.keys[of]):
            return self._dated(f"{self.keys[of]}-{month:02}", at, of + 1)
        return ()

    def _year(self, at: int) -> Answers:
        end = at
        while end < len(self.keys) and self.keys[end] in self._book.list("before_years"):
            end += 1
        if end < len(self.keys) and _YEAR.match(self.keys[end]):
            return self._dated(self.keys[end], at, end + 1)
        return ()

    def page(self, at: int) -> Answers:
        """A web address."""
        text = self.tokens[at].text
        if not _URL.fullmatch(text):
            return ()
        said = text if "://" in text else f"https://{text}"
        return ((at + 1, (ReadValue(said, text),)),)
