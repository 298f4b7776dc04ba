"""Source documents and excerpts: IRI, character range, hash, and the text when it is at hand."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# RFC 5147 in form; the numbers count Unicode code points of the decoded text, end exclusive.
_RANGE = re.compile(r"(?P<source>[^#]+)#char=(?P<start>\d{1,9}),(?P<end>\d{1,9})\Z")


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


def read_source(folder: Path, source_iri: str) -> SourceText | None:
    """The document in `folder` that carries the last part of its IRI as its name, or `None`.

    Raises:
        UnicodeDecodeError: the file is there and is not UTF-8.
        OSError: the file is there and cannot be read.
    """
    name = PurePosixPath(source_iri).name
    if not name or name in {".", ".."} or not re.fullmatch(r"[\w.-]+", name):
        return None
    path = folder / name
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
