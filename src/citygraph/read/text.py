"""The text that is kept of a document, what each stretch of it is, and how such a text is put together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from citygraph.errors import ReadError
from citygraph.messages import Sentence, sentence

PartKind: TypeAlias = Literal["title", "heading", "paragraph", "cell", "item", "furniture"]
"""What a stretch of a document is; `furniture` is no part of the reading: running heads, page numbers, navigation,
signatures, quoted mail."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """One stretch of a kept text: the characters `start` up to, not including, `end`.

    Attributes:
        kind: what it is.
        start: its first character.
        end: the character behind its last one.
        place: where it stands in the document as it came, most general first: `page=3&paragraph=2`,
            `table=1&row=4&column=2`.
    """

    kind: PartKind
    start: int
    end: int
    place: str


@dataclass(frozen=True, slots=True)
class KeptText:
    """The text made once from a document, in which facts are anchored.

    Characters are Unicode code points. Parts stand in the order of the text and do not overlap; what stands between
    them is white space or markup.
    """

    text: str
    parts: tuple[TextPart, ...]

    def words(self, part: TextPart) -> str:
        """The characters of a part."""
        return self.text[part.start : part.end]

    def reading(self) -> Iterator[TextPart]:
        """The parts that a person reads: all but the furniture."""
        return (part for part in self.parts if part.kind != "furniture")


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """How much is read of one document, and what reading it may take.

    Attributes:
        size: bytes of the file.
        unpacked: bytes of everything in it.
        characters: of its text.
        parts: of its text.
        depth: of elements inside each other.
        pages: of a PDF.
        seconds: until its text is there.
        memory: bytes of memory.
    """

    size: int = 100_000_000
    unpacked: int = 256_000_000
    characters: int = 4_000_000
    parts: int = 200_000
    depth: int = 1_000
    pages: int = 3_000
    seconds: float = 60.0
    memory: int = 1_000_000_000


@dataclass(slots=True)
class DocumentProperties:
    """What a document says of itself beside its text; empty where it says nothing.

    Attributes:
        title: what it is called.
        author: who wrote it.
        created: the day on which the file was begun.
        modified: the day on which it was saved last.
        published: the day that it bears: on which it was sent or put out.
        is_mail: whether it was sent to somebody.
        is_public: whether it was made for everybody to read.
        marks: lines of its headers and footers, where those are no part of the text.
    """

    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    published: str = ""
    is_mail: bool = False
    is_public: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a document with what made it, what the document says of itself, and what a reader should know."""

    kept: KeptText
    maker: str
    about: DocumentProperties = field(default_factory=DocumentProperties)
    notes: tuple[Sentence, ...] = ()


def read_error(key: str, /, *, fix: str = "", **values: object) -> ReadError:
    """The error `read.error.KEY` with its next step `read.next.FIX` (of the same key without one), filled in."""
    return ReadError(sentence(f"read.error.{key}", **values), fix=sentence(f"read.next.{fix or key}", **values))


# -- characters -----------------------------------------------------------------------------------------

_LINE_END: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What nobody sees: soft hyphens, marks of byte order, of joints, and controls; halves of a sign and what is no sign.
_SOFT_END: Final = re.compile("\xad[ \t]*\n")
_UNSEEN: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_HYPHENATED: Final = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,})[-\u2010]\n[ \t]*([^\W\d_]{2,})")
_AND: Final = frozenset(["og", "eller", "samt", "and", "or", "und", "oder", "et", "ou", "och", "eller"])


def tidy(text: str) -> str:
    r"""A text as it is kept: lines end with \n, letters are composed (NFC), what nobody sees is not there.

    >>> tidy("A\u030alesund\r\nko\u00adope\ufeffrerer\u00a0n\u00e5\x07")
    'Ålesund\nkoopererer\xa0nå'
    """
    lines = _SOFT_END.sub("-\n", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _UNSEEN.sub("", lines))


def without_line_hyphens(text: str) -> str:
    r"""A text in which no word is cut at the end of a line.

    A word that the text has elsewhere with a hyphen keeps it, and so does one that waits for a second part.

    >>> without_line_hyphens("Nettver-\nket har by-\nog distrikts-\nmedlemmer fra Nord-\nNorge.")
    'Nettverket har by-\nog distriktsmedlemmer fra Nord-\nNorge.'
    """
    if "-\n" not in text and "\u2010\n" not in text:
        return text
    written = set(re.findall(r"[^\W\d_]+-[^\W\d_]+", text.casefold()))

    def joined(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        if second[0].isupper() and not first.isupper():
            return match[0]
        if second.casefold() in _AND:
            return match[0]
        return f"{first}-{second}" if f"{first}-{second}".casefold() in written else f"{first}{second}"

    # Twice, as the second half of one word may be the first of another.
    return _HYPHENATED.sub(joined, _HYPHENATED.sub(joined, text))


class TextBuilder:
    """Puts a kept text together, part by part."""

    def __init__(self, bounds: ReadBounds) -> None:
        """A text without parts."""
        self._bounds = bounds
        self._pieces: list[str] = []
        self._parts: list[TextPart] = []
        self._length = 0

    def add(self, kind: PartKind, words: str, place: str) -> None:
        """One more part; nothing when the words are but blanks.

        Raises:
            ReadError: there are too many parts or characters.
        """
        said = without_line_hyphens(tidy(words)).strip(" \t\n")
        if not said:
            return
        before = self._parts[-1] if self._parts else None
        if before is not None:
            self._append(_between(before, kind, place))
        self._parts.append(TextPart(kind, self._length, self._length + len(said), place))
        self._append(said)
        refuse_long(self._length, len(self._parts), self._bounds)

    def _append(self, words: str) -> None:
        self._pieces.append(words)
        self._length += len(words)

    @property
    def count(self) -> int:
        """How many parts it has by now."""
        return len(self._parts)

    @property
    def made(self) -> KeptText:
        """The text as it is by now; it ends with a line end."""
        return KeptText("".join([*self._pieces, "\n" if self._pieces else ""]), tuple(self._parts))


def refuse_long(characters: int, parts: int, bounds: ReadBounds) -> None:
    """Refuse a text that is longer than the bounds.

    Raises:
        ReadError: it has too many characters or parts.
    """
    if characters > bounds.characters:
        raise read_error("long", most=bounds.characters)
    if parts > bounds.parts:
        raise read_error("many_parts", fix="long", most=bounds.parts)


def _between(before: TextPart, kind: PartKind, place: str) -> str:
    """What stands between two parts: a tab in a row of a table, a line end in a list, else an empty line."""
    if before.kind == kind == "cell":
        return "\t" if before.place.rpartition("&")[0] == place.rpartition("&")[0] else "\n"
    return "\n" if before.kind == kind == "item" else "\n\n"


def title_first(kept: KeptText) -> KeptText:
    """The text with its first heading as the title, where nothing else is one and little stands before it."""
    if any(part.kind == "title" for part in kept.parts):
        return kept
    first = next(iter(kept.reading()), None)
    if first is None or first.kind != "heading":
        return kept
    return KeptText(kept.text, tuple(_as_title(part, first) for part in kept.parts))


def _as_title(part: TextPart, first: TextPart) -> TextPart:
    return TextPart("title", part.start, part.end, part.place) if part is first else part


def joined_parts(text: str, spans: Iterable[TextPart], bounds: ReadBounds) -> KeptText:
    """A text whose parts are known, held against the bounds.

    Raises:
        ReadError: it has too many parts or characters.
    """
    parts = tuple(spans)
    refuse_long(len(text), len(parts), bounds)
    return KeptText(text, parts)
