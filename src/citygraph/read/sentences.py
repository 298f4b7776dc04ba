"""A kept text as sentences: their words, what each sentence is, and what nobody proposes facts from.

A sentence may run over line ends and over an empty line, as it does in memos. What follows a greeting at the end of a
letter is a signature: it is no sentence, and neither are lines of a mail's head or lines with a private address.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from citygraph.read.patterns import PatternBook
from citygraph.read.text import KeptText, TextPart

SentenceKind: TypeAlias = Literal["heading", "sentence", "item"]

# A letter may be written with a mark of its own behind it, and a word may hold signs that nobody sees.
_LETTERS: Final = "(?:[^\\W_][\u0300-\u036f\xad\u200b\u2060]*)+"
_TOKEN: Final = re.compile(
    r"https?://[^\s<>\"»]+|www\.[^\s<>\"»]+|(?:1[6-9]|20)\d\d(?=-(?:1[6-9]|20)\d\d(?!\d))"
    rf"|{_LETTERS}(?:[-'’.&+]{_LETTERS})*(?:[.,]\d+)*|\d+(?:[.,]\d+)*|[^\s\xad\u200b\u2060\ufeff]"
)
_UNSEEN: Final = re.compile("[\xad\u200b\u2060]")
_END: Final = re.compile(r"[.!?]+[)\"»”’]*(?=\s+[\"«“(]?[^\W\d_a-zæøå]|\s+\d|\s*\Z)|\n(?=\s*[-–•*]\s)")
_MAIL_HEAD: Final = re.compile(
    r"\A(?:from|fra|frå|to|til|cc|kopi|sent|sendt|date|dato|reply-to|svar til):\s", re.IGNORECASE
)
_MAIL_START: Final = re.compile(r"\A(?:from|fra|frå):\s", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"\A(?:subject|emne|re|vs|sv|fwd?):\s*", re.IGNORECASE)
_BULLET: Final = re.compile(r"\A(?:[-–•*·]|\(?[0-9a-z]{1,2}[.)](?!\s+[^\W\d_]+\.?\s+\d{4}))\s+")
_PRIVATE: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\d-])(?:\+?47[ .]?)?(?:\d{2} ){3}\d{2}(?!\d)"
    r"|\b(?:tlf|telefon|tel|phone|mob|mobil|mobile)\b\.?:?\s*\+?\d",
    re.IGNORECASE,
)
_HOME: Final = re.compile(r"\b[^\W\d_]+(?:veien|vegen|gata|gaten|gate|vei|street|road)\s+\d+[A-Z]?\b", re.IGNORECASE)
_LINE: Final = re.compile(r"[^\n]+")
_HEADING_WORDS: Final = 14
_WRAPPED: Final = 0.6
_GREETING: Final = 6
_LONGEST: Final = 150
"""Words of a sentence: what is read of one takes time that grows faster than its length."""


@dataclass(frozen=True, slots=True)
class ReadWord:
    """One word or mark: its letters as they are composed (NFC), where it stands in the text, and how it is compared."""

    text: str
    start: int
    end: int
    key: str


@dataclass(frozen=True, slots=True)
class TextSentence:
    """One sentence, item of a list or heading of a text.

    Attributes:
        number: its place among the sentences, from 1.
        start: its first character in the text.
        end: the character behind its last one.
        text: its words with single blanks.
        tokens: its words and marks; those of brackets too.
        kind: what it is.
        language: the set of patterns that it is read with.
        lead: for an item, the sentence above the list; for others empty.
    """

    number: int
    start: int
    end: int
    text: str
    tokens: tuple[ReadWord, ...] = field(repr=False)
    kind: SentenceKind = "sentence"
    language: str = "nb"
    lead: tuple[ReadWord, ...] = field(default=(), repr=False)


def tokens_of(text: str, start: int, end: int) -> tuple[ReadWord, ...]:
    """The words and marks of a stretch of a text; a mark at the end of a web address is none of it."""
    found: list[ReadWord] = []
    for match in _TOKEN.finditer(text, start, end):
        words = match[0]
        kept = words.rstrip(".,;:!?)’”") if "://" in words or words.startswith("www.") else words
        letters = unicodedata.normalize("NFC", _UNSEEN.sub("", kept))
        key = letters.casefold().replace("’", "'")
        found.append(ReadWord(letters, match.start(), match.start() + len(kept), key))
        for offset, mark in enumerate(words[len(kept) :], start=match.start() + len(kept)):
            found.append(ReadWord(mark, offset, offset + 1, mark))
    return tuple(found)


def parts_of_text(text: str) -> tuple[TextPart, ...]:
    """The parts of a plain text, as far as its lines tell: paragraphs, items and headings."""
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[TextPart]:
    for block in re.finditer(r"\S.*?(?=\n[ \t\r]*\n|\s*\Z)", text, re.DOTALL):
        lines = [match for match in _LINE.finditer(text, block.start(), block.end()) if match[0].strip()]
        longest = max(len(match[0]) for match in lines)
        start = lines[0].start()
        for number, line in enumerate(lines):
            words, last = line[0].strip(), number + 1 == len(lines)
            if not last and not _ends_part(words, lines[number + 1][0].strip(), longest):
                continue
            yield _part(text, start, line.end())
            start = -1 if last else lines[number + 1].start()


def _ends_part(line: str, following: str, longest: int) -> bool:
    """Whether a line is a part of its own: nothing runs on from it into the next one."""
    if _BULLET.match(following) or _MAIL_HEAD.match(line) or _SUBJECT.match(line):
        return True
    return len(line) < _WRAPPED * max(longest, 60) and following[:1].isupper() and line[-1:] not in {",", "-", "–"}


def _part(text: str, start: int, end: int) -> TextPart:
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    words = text[start:end]
    if _BULLET.match(words):
        return TextPart("item", start, end, "")
    is_heading = "\n" not in words and words[-1] not in ".!?;:,)" and len(words.split()) <= _HEADING_WORDS
    return TextPart("heading" if is_heading and not _MAIL_HEAD.match(words) else "paragraph", start, end, "")


def sentences_of(text: KeptText | str, book: PatternBook) -> list[TextSentence]:
    """The sentences of a text that a person reads, in order.

    Args:
        text: a kept text, or a plain one.
        book: the words of each language: what it is told by, how letters end, what is no end of a sentence.

    Returns:
        Headings, sentences and items; nothing of signatures, of the head of a mail, or with a private address.
    """
    kept = text if isinstance(text, KeptText) else KeptText(text, parts_of_text(text))
    general = _language(kept.text.casefold(), book, "nb")
    found: list[TextSentence] = []
    lead: tuple[ReadWord, ...] = ()
    for part in _joined(kept.text, _read(kept, book)):
        words = kept.text[part.start : part.end]
        subject = _SUBJECT.match(words)
        kind: SentenceKind = "heading" if part.kind in {"heading", "title"} or subject else "sentence"
        kind = "item" if part.kind == "item" else kind
        begin = part.start + (subject.end() if subject else 0)
        begin += len(bullet[0]) if kind == "item" and (bullet := _BULLET.match(words)) else 0
        for start, end in _ends(kept.text, begin, part.end, book, is_whole=kind == "heading"):
            if _PRIVATE.search(kept.text, start, end) or _HOME.search(kept.text, start, end):
                continue
            for tokens in _cut(tokens_of(kept.text, start, end)):
                first, last = tokens[0].start, tokens[-1].end
                said = " ".join(kept.text[first:last].split())
                language = _language(said.casefold(), book, general, least=1)
                above = lead if kind == "item" else ()
                found.append(TextSentence(len(found) + 1, first, last, said, tokens, kind, language, above))
                lead = tokens if kind != "item" else lead
    return found


def _cut(tokens: tuple[ReadWord, ...]) -> Iterator[tuple[ReadWord, ...]]:
    """A sentence; one that no person would write is cut at a comma or a line where there is one, so that it has an end."""
    while len(tokens) > _LONGEST:
        pairs = pairwise(tokens[: _LONGEST + 1])
        at = max((number for number, (one, other) in enumerate(pairs, start=1) if one.key in {",", ";"} or other.start > one.end + 1), default=_LONGEST)  # fmt: skip
        yield tokens[:at]
        tokens = tokens[at:]
    if tokens:
        yield tokens


def _read(kept: KeptText, book: PatternBook) -> Iterator[TextPart]:
    """The parts that say something: a greeting ends a letter, until the next one begins."""
    signed = False
    for part in kept.reading():
        words = kept.words(part).strip()
        first = words.split("\n", 1)[0].rstrip(" ,.!").casefold()
        if _MAIL_START.match(words) or first.split(" ")[0].rstrip(":1234567890") in book.list("attachments"):
            signed = False
        is_closing = first in book.list("closings_alone") or any(
            first == each or first.startswith(f"{each} ") for each in book.list("closings")
        )
        if is_closing:
            signed = len(first.split()) <= _GREETING
        if not signed and not _MAIL_HEAD.match(words):
            yield part


def _joined(text: str, parts: Iterable[TextPart]) -> Iterator[TextPart]:
    """The parts, with those in one between which a sentence runs on: the first has no end, the second no beginning."""
    waiting: TextPart | None = None
    for part in parts:
        words = text[part.start : part.end].lstrip()
        runs_on = words[:1].islower() or words[:1] == "("
        if waiting is not None and runs_on and part.kind != "item" and _is_open(text, waiting):
            waiting = TextPart("paragraph", waiting.start, part.end, waiting.place)
            continue
        if waiting is not None:
            yield waiting
        waiting = part
    if waiting is not None:
        yield waiting


def _is_open(text: str, part: TextPart) -> bool:
    last = re.split(r"[.!?]\s", text[part.start : part.end])[-1]
    return text[part.end - 1] not in ".!?:" and part.kind in {"paragraph", "heading"} and len(last.split()) > 3  # noqa: PLR2004  # a sentence, and no heading


def _ends(text: str, start: int, end: int, book: PatternBook, *, is_whole: bool) -> Iterator[tuple[int, int]]:
    """Where each sentence of a stretch begins and ends, without white space around it."""
    at = start
    for match in () if is_whole else _END.finditer(text, start, end):
        if _is_end(text, match, end, book):
            yield from _trimmed(text, at, match.end())
            at = match.end()
    yield from _trimmed(text, at, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _is_end(text: str, match: re.Match[str], end: int, book: PatternBook) -> bool:
    """Whether a full stop ends a sentence: not behind a short form, a first letter of a name, or the number of a day."""
    if match[0][0] != "." or match.end() >= end:
        return True
    before = re.search(r"[^\s(]+\Z", text[max(0, match.start() - 20) : match.start()])
    word = before[0].casefold() if before else ""
    following = text[match.end() : match.end() + 20].split()
    then = following[0].casefold().strip(".,") if following else ""
    if word in book.list("abbreviations") or (len(word) == 1 and word.isalpha()):
        return False
    is_day = bool(re.search(r"(?:\A|[^\d])\d{1,2}\Z", word))
    return not (is_day and (then in book.months or (then.isdigit() and len(then) < len("2020"))))


def _language(words: str, book: PatternBook, otherwise: str, *, least: int = 0) -> str:
    """The language whose small words stand in a text most often, and oftener than `least`; else another."""
    counted = Counter(re.findall(r"[^\W\d_]+", words))
    scores = {name: sum(counted[each] for each in small) for name, small in book.small_words.items()}
    best = max(scores, key=lambda each: scores[each])
    return best if scores[best] > max(scores.get(otherwise, 0), least) else otherwise
