"""Source documents and excerpts, their texts when they are at hand, and whose sources carry a statement."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar
from urllib.parse import unquote

from citygraph.messages import Text, text
from citygraph.namespaces import CG, PREFIXES

_Node = TypeVar("_Node")

# RFC 5147 in form; the numbers count Unicode code points of the decoded text, end exclusive.
_RANGE = re.compile(r"(?P<source>[^#]+)#char=(?P<start>\d{1,9}),(?P<end>\d{1,9})\Z")
# RFC 7111 for rows and cells of a table, with the sheet of a workbook before it; RFC 8118 for pages of a PDF.
_PLACE = re.compile(
    r"(?P<source>[^#]+)#(?:page=(?P<page>\d{1,9})|"
    r"(?:sheet=(?P<sheet>[^&#]*)&)?(?:row=(?P<row>\d{1,9})|cell=(?P<cell>\d{1,9},\d{1,9})))\Z"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One passage of a document: characters `start` up to, not including, `end`."""

    source: str
    start: int
    end: int

    @property
    def iri(self) -> str:
        """The IRI that names the passage."""
        return f"{self.source}#char={self.start},{self.end}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in a document that facts are read from: a passage, a row or a cell of a table, or a page.

    Attributes:
        source: the document.
        fragment: what stands behind its `#`.
        sort: `passage`, `row`, `cell` or `page`.
        sheet: the sheet of a workbook; empty where there is none.
        numbers: the characters (end exclusive), the row, the row and column, or the page; characters count from 0,
            everything else from 1.
    """

    source: str
    fragment: str
    sort: str
    sheet: str
    numbers: tuple[int, ...]

    @property
    def iri(self) -> str:
        """The IRI that names the place."""
        return f"{self.source}#{self.fragment}"

    @property
    def words(self) -> Text:
        """What the place is called inside its document: "row 17", "characters 4-14"."""
        names = {"first": self.numbers[0], "last": self.numbers[-1], "sheet": self.sheet}
        return text(f"interface.place.{self.sort}{'_of_sheet' if self.sheet else ''}").filled(**names)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document at hand: its decoded text, unchanged, and the SHA-256 of its bytes."""

    text: str
    sha256: str

    def passage_hash(self, start: int, end: int) -> str:
        """SHA-256 of the passage in UTF-8; of nothing when the range lies outside the text."""
        return hashlib.sha256(self.text[start:end].encode()).hexdigest()


def excerpt_range(iri: str) -> Excerpt | None:
    """The passage an excerpt IRI names, or `None` when the IRI names a whole document."""
    match = _RANGE.match(iri)
    return Excerpt(match["source"], int(match["start"]), int(match["end"])) if match else None


def anchor_of(iri: str) -> Anchor | None:
    """The place in a document that an IRI names, or `None` when it names a whole document or something else."""
    if passage := excerpt_range(iri):
        fragment = iri.partition("#")[2]
        return Anchor(passage.source, fragment, "passage", "", (passage.start, passage.end))
    match = _PLACE.match(iri)
    if match is None:
        return None
    sort = next(sort for sort in ("row", "cell", "page") if match[sort])
    numbers = tuple(map(int, match[sort].split(",")))
    return Anchor(match["source"], iri.partition("#")[2], sort, unquote(match["sheet"] or ""), numbers)


TEXTS: Final = "text"
"""The folder below that of the sources with the texts that were made of documents."""


def hash_of_text(said: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What the SHA-256 of the text of a document is, by what is said of it; of the file itself without another text."""
    return said.get(CG + "textSha256") or said.get(CG + "sha256") or ()


def read_source(folder: Path, source_iri: str) -> SourceText | None:
    """The text of the document in `folder` that carries the last part of its IRI as its name, or `None`.

    It is the text that was made of the document, `text/NAME.txt`, or the file itself where there is no other.

    Raises:
        UnicodeDecodeError: the file is there and is not UTF-8.
        OSError: the file is there and cannot be read.
    """
    name = PurePosixPath(source_iri).name
    if not name or name in {".", ".."} or not re.fullmatch(r"[\w.-]+", name):
        return None
    made = folder / TEXTS / f"{name}.txt"
    path = made if made.is_file() else folder / name
    if not path.is_file():
        return None
    data = path.read_bytes()
    # No newline translation and no normalisation: the ranges count what is in the file.
    return SourceText(data.decode("utf-8"), hashlib.sha256(data).hexdigest())


def find_moved(text: str, *, length: int, sha256: str) -> list[int]:
    """Where a passage of that length and hash starts in a changed text: every place, in order."""
    encode, digest = str.encode, hashlib.sha256
    return [
        start
        for start in range(max(0, len(text) - length + 1))
        if digest(encode(text[start : start + length])).hexdigest() == sha256
    ]


RECORDS: Final = frozenset(
    (
        *(CG + name for name in ("Claim", "CompletenessStatement", "Disagreement")),
        *(PREFIXES["org"] + name for name in ("ChangeEvent", "Membership", "Site")),
        *(PREFIXES["schema"] + name for name in ("Event", "Observation", "Schedule")),
        PREFIXES["adms"] + "Identifier",
    )
)
"""The classes of things that are one fact each: their source is the source of everything that is said about them."""


def carriers(claims: Mapping[_Node, bool], subject: _Node, *, is_record: bool) -> tuple[tuple[_Node, ...], bool]:
    """Whose sources carry a direct statement.

    A statement is carried by the claims about it; the source of a thing says that there is such a thing, and
    carries what is said about it only where the thing is itself one fact.

    Args:
        claims: the `cg:Claim`s with this subject, predicate and object, and whether each is deprecated.
        subject: the subject of the statement.
        is_record: whether the subject is of one of the `RECORDS`.

    Returns:
        the nodes whose sources count, and whether they are sources of the thing and not of the statement.
    """
    counted = tuple(node for node, deprecated in claims.items() if not deprecated)
    return (counted, False) if counted else ((subject,), not is_record)
