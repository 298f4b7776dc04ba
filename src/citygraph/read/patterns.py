r"""Patterns of sentences as data: what a language says when it states a fact, read from `patterns/LANGUAGE.toml`.

A pattern is a line of words such as `{member+} (er|var) {role:grade} [(i|av) {organization}]`:

| written | means |
|---|---|
| `medlem` | this word, whatever its case |
| `medlem*` | a word that begins so |
| `(er\|var med)` | one of these |
| `[ikke]` | this, or nothing |
| `<be>` | one of a list of words in `[words]`; `<open>` and `<close>` are brackets |
| `…` | up to five words, none of them a mark |
| `{organization}` | the value of this field of the fact, of the sort that the field wants |
| `{role:grade}` | the same, of this sort: grade, office, public, person, place, network, date, number, money, phrase … |
| `{member+}` | one or more of them: each makes a fact of its own |
| `«` `»` | where the words begin and end that the fact stands on; without them it is all that matched |
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final, Generic, TypeAlias, TypeVar

_LANGUAGES: Final = ("nb", "nn", "en")
_NORWEGIAN: Final = frozenset({"nb", "nn"})
_PIECE: Final = re.compile(r"[()\[\]|«»…]|\{[^}]+\}|<[^>]+>|[^\s()\[\]|{}<>«»…]+|\S")
_SLOT: Final = re.compile(r"\{([\w-]*)(\+?)(?::([\w-]+))?\}\Z")
_GAP: Final = 5
_MARKS: Final = re.compile(r"\W+\Z")
_KEYS: Final = frozenset({
    "kind", "say", "set", "sure", "not_after", "only_after", "with_past", "modality", "example", "whole", "words_of",
})  # fmt: skip

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class AnyWord:
    """One word of some, by its letters or by how it begins."""

    keys: frozenset[str]
    beginnings: tuple[str, ...] = ()

    def fits(self, key: str) -> bool:
        """Whether a word is one of them."""
        return key in self.keys or (bool(self.beginnings) and key.startswith(self.beginnings))


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some lines of elements, the first that fits; an empty line makes it optional."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of a field: its option, the sort of value (empty: what the field wants), and whether there may be many."""

    option: str
    sort: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class SomeWords:
    """Some words that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where the words of the fact begin or end."""

    begins: bool


Element: TypeAlias = AnyWord | OneOf | Slot | SomeWords | Edge
Line: TypeAlias = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of words, and the kind of fact that it states.

    Attributes:
        name: the language and the place in its file, such as `nb 12`.
        kind: the kind of fact, by its name.
        line: what it is made of.
        needs: words of which a sentence has one, or the pattern is not in it.
        set: values of fields that go with it.
        sure: whether what it finds may be clear; else a person chooses.
        not_after: words that may not stand before it in its clause, since then it is about another thing.
        only_after: words of which one stands before it in its sentence.
        with_past: whether it holds in sentences about the past.
        modality: how the fact is said when the pattern itself says so.
        whole: whether the words of the fact are all that matched, even where the pattern lists many.
        words_of: the field whose words the fact stands on; empty: see `whole`.
        example: a sentence that it is for.
    """

    name: str
    kind: str
    line: Line
    needs: AnyWord | None
    set: Mapping[str, str] = field(default_factory=dict)
    sure: bool = True
    not_after: AnyWord | None = None
    only_after: AnyWord | None = None
    with_past: bool = False
    modality: str = ""
    whole: bool = False
    words_of: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class SlotMatch(Generic[Found]):
    """What stands in a slot: from word `start` to before word `end`."""

    slot: Slot
    values: tuple[Found, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PatternMatch(Generic[Found]):
    """A pattern in a sentence: from word `start` to before `end`, and the words `first` to `last` that the fact stands on."""

    pattern: Pattern
    start: int
    end: int
    first: int
    last: int
    slots: tuple[SlotMatch[Found], ...]


Find: TypeAlias = Callable[[Slot, int], Sequence[tuple[int, tuple[Found, ...]]]]
"""What may stand in a slot from a word on: the word behind it and the values, the longest first."""


def matches(pattern: Pattern, keys: Sequence[str], find: Find[Found]) -> Iterator[PatternMatch[Found]]:
    """Where a pattern stands in a sentence, from left to right; matches of one pattern do not overlap.

    Args:
        pattern: what is looked for.
        keys: the words of the sentence as they are compared.
        find: what may stand in a slot.
    """
    if pattern.needs is not None and not any(map(pattern.needs.fits, keys)):
        return
    at = 0
    while at < len(keys):
        found = next(_walk(pattern.line, 0, at, keys, find), None)
        if found is None or found[0] == at:
            at += 1
            continue
        end, said = found
        edges = {each.begins: where for each, where in said if isinstance(each, Edge)}
        slots = tuple(each for each, _ in said if isinstance(each, SlotMatch))
        yield PatternMatch(pattern, at, end, edges.get(True, at), edges.get(False, end), slots)
        at = end


_Said: TypeAlias = tuple[tuple[Any, int], ...]


def _walk(line: Line, index: int, at: int, keys: Sequence[str], find: Find[Found]) -> Iterator[tuple[int, _Said]]:
    """The ways in which the elements from `index` on stand from word `at` on: the word behind them, and what was said."""
    if index == len(line):
        yield at, ()
        return
    for end, said in _one(line[index], at, keys, find):
        for last, more in _walk(line, index + 1, end, keys, find):
            yield last, (*said, *more)


def _one(element: Element, at: int, keys: Sequence[str], find: Find[Found]) -> Iterator[tuple[int, _Said]]:
    match element:
        case AnyWord():
            if at < len(keys) and element.fits(keys[at]):
                yield at + 1, ()
        case OneOf(lines):
            for each in lines:
                yield from _walk(each, 0, at, keys, find)
        case Slot():
            for end, values in find(element, at) if at < len(keys) else ():
                yield end, ((SlotMatch(element, values, at, end), at),)
        case SomeWords():
            for end in range(at, min(at + _GAP, len(keys)) + 1):
                if end > at and _MARKS.match(keys[end - 1]):
                    return
                yield end, ()
        case Edge():
            yield at, ((element, at),)


class PatternBook:
    """The words and patterns of all languages."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        """`languages` is what the files hold, by the language."""
        self._raw = languages

    @cached_property
    def small_words(self) -> dict[str, frozenset[str]]:
        """The words that tell a language from the others."""
        return {name: frozenset(raw["small_words"]) for name, raw in self._raw.items()}

    @cached_property
    def _lists(self) -> dict[str, frozenset[str]]:
        names = {
            key
            for raw in self._raw.values()
            for key, value in raw.items()
            if isinstance(value, list) and key not in {"patterns", "beside", "lists"}
        }
        return {name: frozenset(w for raw in self._raw.values() for w in raw.get(name, ())) for name in names}

    @cache  # noqa: B019  # there is one book
    def of(self, language: str) -> PatternBook:
        """The words and patterns that a sentence of a language is read with."""
        return PatternBook({each: self._raw[each] for each in self._with(language)})

    def list(self, name: str) -> frozenset[str]:
        """The words of a list of all languages, such as `closings`."""
        return self._lists.get(name, frozenset())

    @cache  # noqa: B019  # there is one book
    def table(self, name: str) -> Mapping[str, str]:
        """The words of a table of all languages, such as `months` or `roles`, each with its heading."""
        return {
            word.casefold(): heading
            for raw in self._raw.values()
            if isinstance(raw.get(name), dict)
            for heading, words in raw[name].items()
            for word in words
        }

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words that the lists and tables know, and those of the things that a network has, such as its board."""
        lists = (
            each for raw in self._raw.values() for key, each in raw.items() if key not in {"words", "titles", "bodies"}
        )
        said = (w for one in lists for part in (one.values() if isinstance(one, dict) else [one]) for w in part if isinstance(w, str))  # fmt: skip
        own = (w for raw in self._raw.values() for name, ws in raw["words"].items() if name != "unit" for w in ws)
        return frozenset(word.casefold() for each in (*said, *own) for word in each.split())

    @cached_property
    def months(self) -> Mapping[str, int]:
        """The months by name."""
        return {word: int(number) for word, number in self.table("months").items()}

    @cache  # noqa: B019
    def cue(self, name: str, language: str) -> Line:
        """One of the words or phrases by which a language says that a sentence is no plain statement."""
        words = [each for one in self._with(language) for each in self._raw[one]["cues"].get(name, ())]
        return (_list_of(words),)

    @cache  # noqa: B019
    def patterns(self, language: str) -> tuple[Pattern, ...]:
        """The patterns that a sentence of a language is read with: those of bokmål and nynorsk are read together."""
        return tuple(each for one in self._with(language) for each in self._patterns_of(one, "patterns"))

    @cache  # noqa: B019
    def adverbials(self, language: str) -> tuple[Pattern, ...]:
        """What may stand beside a statement: since when, until when, on which day."""
        return tuple(each for one in self._with(language) for each in self._patterns_of(one, "beside"))

    @cache  # noqa: B019
    def leads(self, language: str) -> tuple[Pattern, ...]:
        """What stands above a list whose items are facts."""
        return tuple(each for one in self._with(language) for each in self._patterns_of(one, "lists"))

    def _with(self, language: str) -> tuple[str, ...]:
        together = _NORWEGIAN if language in _NORWEGIAN else {language}
        first = (language,) if language in self._raw else ()
        return first + tuple(each for each in self._raw if each in together and each != language)

    def _patterns_of(self, language: str, table: str) -> Iterator[Pattern]:
        words: dict[str, list[str]] = {"open": ["("], "close": [")"]}
        for one in self._with(language):
            for name, said in self._raw[one].get("words", {}).items():
                words.setdefault(name, []).extend(said)
        for number, raw in enumerate(self._raw[language].get(table, ()), start=1):
            name = f"{language} {table} {number}"
            if unknown := raw.keys() - _KEYS:
                message = f"{name}: {min(unknown)} is no key of a pattern; keys are {', '.join(sorted(_KEYS))}"
                raise ValueError(message)
            said = raw["say"] if isinstance(raw["say"], list) else [raw["say"]]
            for each in said:
                yield _pattern(name, raw, each, words)


def _pattern(name: str, raw: Mapping[str, Any], say: str, words: Mapping[str, Sequence[str]]) -> Pattern:
    line = compile_line(say, words, name)

    def guard(key: str) -> AnyWord | None:
        return _any_word([w for each in raw[key] for w in (words[each[1:-1]] if each[:1] == "<" else [each])]) if key in raw else None  # fmt: skip

    return Pattern(
        name=name,
        kind=raw.get("kind", ""),
        line=line,
        needs=next((each for each in line if isinstance(each, AnyWord)), None),
        set=raw.get("set", {}),
        sure=raw.get("sure", True),
        not_after=guard("not_after"),
        only_after=guard("only_after"),
        with_past=raw.get("with_past", False),
        modality=raw.get("modality", ""),
        whole=raw.get("whole", False),
        words_of=raw.get("words_of", ""),
        example=raw.get("example", ""),
    )


def compile_line(say: str, words: Mapping[str, Sequence[str]], name: str) -> Line:
    """The elements of a pattern as it is written.

    Args:
        say: the pattern.
        words: the lists that it may name.
        name: what it is called, for messages.

    Raises:
        ValueError: a bracket is open, or a list is not there; the message says in which pattern.
    """
    pieces = _PIECE.findall(say)
    lines, end = _lines(pieces, 0, "", words, name)
    if end != len(pieces):
        message = f'{name}: "{say}" has a bracket too many'
        raise ValueError(message)
    return lines[0] if len(lines) == 1 else (OneOf(tuple(lines)),)


def _lines(
    pieces: Sequence[str], at: int, closing: str, words: Mapping[str, Sequence[str]], name: str
) -> tuple[list[Line], int]:
    """The lines up to a closing bracket, and the piece behind it."""
    lines: list[list[Element]] = [[]]
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if piece == closing:
            return [tuple(each) for each in lines], at
        if piece in {"(", "["}:
            inner, at = _lines(pieces, at, ")" if piece == "(" else "]", words, name)
            lines[-1].append(_one_of(inner, optional=piece == "["))
        elif piece == "|":
            lines.append([])
        else:
            lines[-1].append(_element(piece, words, name))
    if closing:
        message = f"{name}: {closing} is missing in {' '.join(pieces)}"
        raise ValueError(message)
    return [tuple(each) for each in lines], at


def _one_of(lines: Sequence[Line], *, optional: bool) -> Element:
    single = [each[0] for each in lines if len(each) == 1 and isinstance(each[0], AnyWord)]
    if len(single) == len(lines) and not optional:
        keys = frozenset(key for each in single for key in each.keys)
        return AnyWord(keys, tuple(one for each in single for one in each.beginnings))
    return OneOf((*lines, ()) if optional else tuple(lines))


def _element(piece: str, words: Mapping[str, Sequence[str]], name: str) -> Element:
    if piece == "…":
        return SomeWords()
    if piece in {"«", "»"}:
        return Edge(begins=piece == "«")
    if match := _SLOT.match(piece):
        return Slot(match[1], match[3] or "", many=bool(match[2]))
    if piece.startswith("<"):
        if piece[1:-1] not in words:
            message = f"{name}: there is no list {piece} in [words]"
            raise ValueError(message)
        return _list_of(words[piece[1:-1]])
    if piece in {")", "]"} or piece[0] in "{}<>":
        message = f"{name}: {piece} is not understood"
        raise ValueError(message)
    return _any_word([piece])


def _list_of(words: Sequence[str]) -> Element:
    several = sorted((each.split() for each in words if " " in each), key=len, reverse=True)
    single = _any_word([each for each in words if " " not in each])
    lines: list[Line] = [tuple(_any_word([each]) for each in one) for one in several]
    return OneOf((*lines, (single,))) if lines else single


def _any_word(words: Sequence[str]) -> AnyWord:
    keys = [each.casefold() for each in words]
    return AnyWord(
        frozenset(each for each in keys if not each.endswith("*") or len(each) == 1),
        tuple(each[:-1] for each in keys if each.endswith("*") and len(each) > 1),
    )


def stands_in(line: Line, keys: Sequence[str], start: int, behind: int, end: int) -> int:
    """Behind which word some words without slots end that begin in a stretch and end before `end`; -1 without them."""
    for at in range(start, behind):
        found = [last for last, _ in _walk(line, 0, at, keys, _nothing) if last <= end]
        if found:
            return min(found)
    return -1


def _nothing(_slot: Slot, _at: int) -> Sequence[tuple[int, tuple[str, ...]]]:
    return ()


@cache
def pattern_book() -> PatternBook:
    """The words and patterns that come with the program; read once.

    Raises:
        ValueError: a file is no TOML; the message says which and where.
    """
    languages = {}
    for each in _LANGUAGES:
        text = files(__package__).joinpath("patterns", f"{each}.toml").read_text(encoding="utf-8")
        try:
            languages[each] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            message = f"citygraph/read/patterns/{each}.toml is not valid TOML: {error}"
            raise ValueError(message) from error
    return PatternBook(languages)
