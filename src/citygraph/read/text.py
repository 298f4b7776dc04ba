"""The text that is kept of a document, and what each stretch of it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

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
    them is white space.
    """

    text: str
    parts: tuple[TextPart, ...]

    def words(self, part: TextPart) -> str:
        """The characters of a part."""
        return self.text[part.start : part.end]

    def reading(self) -> Iterator[TextPart]:
        """The parts that a person reads: all but the furniture."""
        return (part for part in self.parts if part.kind != "furniture")
