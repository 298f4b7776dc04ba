"""The text of a .txt or .md file: the file itself, where it is UTF-8 without marks; its lines as parts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from citygraph.messages import Sentence, sentence
from citygraph.read.text import (
    DocumentProperties,
    Extracted,
    KeptText,
    PartKind,
    ReadBounds,
    TextPart,
    joined_parts,
    read_error,
    refuse_long,
    tidy,
    title_first,
    without_line_hyphens,
)

MAKER: Final = "citygraph text 1"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_MOST_CONTROLS: Final = 0.02
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LONGEST_HEADING: Final = 100
# "3. november 2020" is a day, and no item of a list.
_ITEM: Final = re.compile(
    r"[ \t]*(?:[-*+•‣◦▪–—·][ \t]+|\(?\d{1,3}[.)](?![ \t]+[^\W\d_]+\.?[ \t]+\d{4})[ \t]+|\(?[a-zæøå][.)][ \t]+)"
)
_LABELLED: Final = re.compile(r"[ \t]*[^\W\d_][\w /-]{0,30}:[ \t]")
PAGE_NUMBER: Final = re.compile(
    r"[ \t]*(?:[-–—|][ \t]*)?(?:(?:side|page|s\.|p\.|pg\.)[ \t]*)?\d{1,4}"
    r"(?:[ \t]*(?:av|of|/|von)[ \t]*\d{1,4})?[ \t]*(?:[-–—|])?[ \t]*\Z",
    re.IGNORECASE,
)
"""A line that is the number of a page."""
_HEADING: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\Z")
_FENCE: Final = re.compile(r" {0,3}(```+|~~~+)")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_RULE: Final = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*\|?[ \t]*\Z")
_FRONT: Final = re.compile(r"---\n(.*?\n)(?:---|\.\.\.)(?:\n|\Z)", re.DOTALL)
_SAID_IN_FRONT: Final = re.compile(r"(title|author|date|tittel|forfatter|dato):[ \t]*(.+)")
_FRONT_KEYS: Final = {"tittel": "title", "forfatter": "author", "dato": "date"}


def decoded(data: bytes, name: str) -> tuple[str, list[Sentence]]:
    """The characters of a text file, and what a reader should know: by its mark, UTF-8, UTF-16, then Windows-1252.

    Raises:
        ReadError: it is no text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    notes: list[Sentence] = []
    try:
        text = data.decode(encoding or _wide(data) or "utf-8")
    except UnicodeDecodeError as error:
        if encoding or b"\x00" in data:
            raise read_error("not_text", name=name) from error
        text = data.decode("cp1252", "replace")
        notes.append(sentence("read.note.windows", name=name))
    if "\x00" in text or len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text):
        raise read_error("not_text", name=name)
    return text, notes


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: every other byte of plain letters is zero."""
    odd, even = data[1:2000:2].count(0), data[:2000:2].count(0)
    many = len(data[:2000]) // 5
    return "utf-16-le" if odd > many > even else "utf-16-be" if even > many > odd else ""


def read_plain(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of a .txt file.

    Raises:
        ReadError: it is no text, or is longer than the bounds.
    """
    text, notes = decoded(data, name)
    kept = plain_parts(text, bounds)
    return Extracted(kept, MAKER, notes=tuple(notes))


def plain_parts(text: str, bounds: ReadBounds) -> KeptText:
    """A text with its paragraphs, headings and items, as empty lines and the shape of lines tell them.

    Raises:
        ReadError: it is longer than the bounds.
    """
    refuse_long(len(text), 0, bounds)
    said = without_line_hyphens(tidy(text))
    return title_first(joined_parts(said, _blocks(said), bounds))


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    words: str
    number: int


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for number, words in enumerate(text.split("\n"), start=1):
        yield _Line(start, words, number)
        start += len(words) + 1


def _part(kind: PartKind, first: _Line, last: _Line, skipped: int = 0) -> TextPart:
    """The lines from `first` to `last` without the blanks around them, and without so many characters before."""
    words = first.words[skipped:]
    start = first.start + skipped + len(words) - len(words.lstrip())
    end = last.start + len(last.words.rstrip())
    return TextPart(kind, start, max(start, end), f"line={first.number}")


def plain_spans(text: str) -> tuple[TextPart, ...]:
    """The parts of a text that is kept as it is."""
    return tuple(_blocks(text))


def _blocks(text: str) -> Iterator[TextPart]:
    block: list[_Line] = []
    for line in _lines(text):
        if line.words.strip():
            block.append(line)
        elif block:
            yield from _of_block(block)
            block = []
    if block:
        yield from _of_block(block)


def _of_block(block: list[_Line]) -> Iterator[TextPart]:
    """The parts of some lines without an empty one between them."""
    if len(block) == 1:
        yield _part(_kind_of_line(block[0].words), block[0], block[0], _mark(block[0].words))
        return
    if all(_LABELLED.match(each.words) for each in block):
        yield from (_part("paragraph", each, each) for each in block)
        return
    first = block[0]
    for before, line in pairwise(block):
        if _ITEM.match(line.words):
            yield _part("item" if _mark(first.words) else "paragraph", first, before, _mark(first.words))
            first = line
    yield _part("item" if _mark(first.words) else "paragraph", first, block[-1], _mark(first.words))


def _mark(words: str) -> int:
    """How many characters the mark of an item takes."""
    found = _ITEM.match(words)
    return found.end() if found else 0


def _kind_of_line(words: str) -> PartKind:
    said = words.strip()
    if PAGE_NUMBER.match(said) or not any(each.isalnum() for each in said):
        return "furniture"
    if _ITEM.match(words):
        return "item"
    is_short = len(said) <= _LONGEST_HEADING and said[-1] not in ".!?:;,"
    return "heading" if is_short and not _LABELLED.match(words) else "paragraph"


# -- Markdown -------------------------------------------------------------------------------------------


def read_markdown(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of a .md file; its marks stay in the text, and stand outside of the parts where they can.

    Raises:
        ReadError: it is no text, or is longer than the bounds.
    """
    text, notes = decoded(data, name)
    refuse_long(len(text), 0, bounds)
    said = without_line_hyphens(tidy(text))
    about = DocumentProperties()
    front = _FRONT.match(said)
    if front is not None:
        for key, value in _SAID_IN_FRONT.findall(front[1]):
            field_ = {"date": "published"}.get(_FRONT_KEYS.get(key, key), _FRONT_KEYS.get(key, key))
            setattr(about, field_, value.strip().strip("\"'"))
    kept = title_first(joined_parts(said, _of_markdown(said, front.end() if front else 0), bounds))
    return Extracted(kept, MAKER, about, tuple(notes))


def _of_markdown(text: str, begin: int) -> Iterator[TextPart]:
    """The parts of a text in Markdown, whose front matter ends at `begin`."""
    if begin:
        yield TextPart("furniture", 0, len(text[:begin].rstrip()), "line=1")
    reading = _Markdown()
    for line in _lines(text):
        if line.start >= begin:
            yield from reading.parts_by(line)
    yield from reading.end_block()


class _Markdown:
    """Reads lines of Markdown, one after the other."""

    def __init__(self) -> None:
        self._block: list[_Line] = []
        self._fence = ""
        self._table = self._row = 0

    def parts_by(self, line: _Line) -> Iterator[TextPart]:
        """The parts that are known with this line."""
        marked = _FENCE.match(line.words)
        row, self._row = self._row, 0
        if self._fence or marked:
            yield from self.end_block()
            if line.words.strip():
                yield _part("furniture", line, line)
            self._fence = _fence_after(self._fence, marked)
        elif line.words.lstrip().startswith("|"):
            yield from self.end_block()
            self._table, self._row = self._table + (row == 0), row + 1
            if not _RULE.match(line.words):
                yield from _cells(line, self._table, self._row)
        elif heading := _HEADING.match(line.words):
            yield from self.end_block()
            if heading[2]:
                yield TextPart(
                    "heading", line.start + heading.start(2), line.start + heading.end(2), f"line={line.number}"
                )
        elif len(self._block) == 1 and _UNDERLINE.match(line.words):
            yield _part("heading", self._block[0], self._block[0])
            self._block = []
        elif line.words.strip():
            self._block.append(line)
        else:
            yield from self.end_block()

    def end_block(self) -> Iterator[TextPart]:
        """The lines that wait, as paragraphs or items: a short line is a heading only when it is marked as one."""
        block, self._block = self._block, []
        for part in _of_block(block) if block else ():
            yield TextPart("paragraph", part.start, part.end, part.place) if part.kind == "heading" else part


def _fence_after(fence: str, marked: re.Match[str] | None) -> str:
    if not fence:
        return marked[1] if marked else ""
    return "" if marked and marked[1].startswith(fence) else fence


def _cells(line: _Line, table: int, row: int) -> Iterator[TextPart]:
    """The cells of a row that is written with strokes."""
    before = len(line.words) - len(line.words.lstrip().removeprefix("|"))
    for column, match in enumerate(
        re.finditer(r"(?:[^|\\]|\\.)+", line.words[before:].rstrip().removesuffix("|")), start=1
    ):
        said = match[0].strip()
        if said:
            start = line.start + before + match.start() + match[0].index(said)
            yield TextPart("cell", start, start + len(said), f"table={table}&row={row}&column={column}")
