"""From a file to its text: what kind it is, in a process with bounds; and what is kept of it beside the file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final, get_args

from citygraph.errors import ReadError, StoreError, StoreTimeout
from citygraph.messages import reason_of
from citygraph.read.by_address import FetchedDocument
from citygraph.read.mail import read_mail
from citygraph.read.office import kind_of_archive, read_docx, read_odt
from citygraph.read.pdf import read_pdf
from citygraph.read.plain_text import MAKER, plain_spans, read_markdown, read_plain
from citygraph.read.text import Extracted, KeptText, PartKind, ReadBounds, TextPart, read_error
from citygraph.read.web_page import read_page
from citygraph.sources import TEXTS, read_source
from citygraph.store.process import apart

Reader = Callable[[bytes, str, ReadBounds], Extracted]

_READERS: Final[Mapping[str, Reader]] = {
    ".txt": read_plain, ".md": read_markdown, ".docx": read_docx, ".odt": read_odt, ".pdf": read_pdf,
    ".html": read_page, ".htm": read_page, ".eml": read_mail,
}  # fmt: skip
_LISTS: Final = frozenset({".xlsx", ".csv", ".tsv", ".ods", ".xls"})
_OLE: Final = b"\xd0\xcf\x11\xe0"
_HEAD: Final = 1_024
_OF_TEXT: Final = frozenset({".txt", ".md", ".html", ".htm", ".eml"})
_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL
)
_KINDS: Final = frozenset(get_args(PartKind))


def extract(data: bytes, name: str, bounds: ReadBounds | None = None) -> Extracted:
    """The text of a document, here and now; see `extract_apart` for one that a stranger wrote.

    Args:
        data: the file.
        name: its name; what stands behind its last dot says what it should be.
        bounds: how much is read.

    Raises:
        ReadError: it is of a kind that is not read, is not what its name says, is broken, encrypted, larger than the
            bounds, or has no text.
    """
    bounds = bounds or ReadBounds()
    if len(data) > bounds.size:
        raise read_error("large", name=name, most=bounds.size)
    ending = PurePath(name).suffix.lower()
    if ending not in _READERS:
        key = "list" if ending in _LISTS else "kind"
        raise read_error(key, name=name, kinds=", ".join(_READERS))
    if not data.strip():
        raise read_error("empty", name=name)
    _refuse_other(data, name, ending)
    found = _READERS[ending](data, name, bounds)
    if next(found.kept.reading(), None) is None:
        raise read_error("no_words", name=name)
    return found


def _refuse_other(data: bytes, name: str, ending: str) -> None:
    """Refuse a file that is not what its name says."""
    if data.startswith(_OLE):
        raise read_error("old_word", name=name)
    actual = _actual(data, ending)
    if actual == ending or (actual == ".html" and ending == ".htm"):
        return
    if not actual:
        raise read_error("other", name=name, ending=ending)
    if actual in _READERS:
        raise read_error("ending", name=name, actual=actual, right=PurePath(name).stem + actual)
    raise read_error("list" if actual in _LISTS else "broken", name=name)


def _actual(data: bytes, ending: str) -> str:
    """The ending that a file should have, by how it begins; empty when it begins as nothing that is read."""
    if data.startswith(b"%PDF-") or (ending == ".pdf" and b"%PDF-" in data[:_HEAD]):
        return ".pdf"
    if data.startswith(b"PK\x03\x04"):
        return kind_of_archive(data) or ".zip"
    if ending in _OF_TEXT:
        return ending
    return ".html" if _HTML.match(data[:_HEAD]) else ""


def extract_apart(data: bytes, name: str, bounds: ReadBounds | None = None) -> Extracted:
    """The same in a process of its own, which takes no more time and memory than the bounds say.

    Raises:
        ReadError: as for `extract`; or it takes too long, or too much memory.
    """
    bounds = bounds or ReadBounds()
    try:
        found = apart(_extracted, data, name, bounds, memory=bounds.memory, seconds=bounds.seconds)
    except StoreTimeout as error:
        raise read_error("slow", fix="bomb", name=name, seconds=int(bounds.seconds)) from error
    except StoreError as error:
        raise read_error("memory", fix="bomb", name=name) from error
    if not isinstance(found, Extracted):
        raise read_error("broken", name=name)
    return found


def _extracted(data: bytes, name: str, bounds: ReadBounds) -> Extracted | ReadError:
    """What the process gives back: an error, too, is an answer."""
    try:
        return extract(data, name, bounds)
    except ReadError as error:
        return error
    except RecursionError:
        return read_error("deep", fix="bomb", name=name, most=bounds.depth)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # what a library did not expect of a file, whatever it is
        return read_error("broken", name=name)


def read_bytes(path: Path, bounds: ReadBounds | None = None) -> bytes:
    """The bytes of a document.

    Raises:
        ReadError: it is no file, cannot be read, or is larger than the bounds.
    """
    bounds = bounds or ReadBounds()
    try:
        if path.is_dir():
            raise read_error("folder", path=path)
        if path.exists() and not path.is_file():
            raise read_error("no_file", path=path)
        if (size := path.stat().st_size) > bounds.size:
            raise read_error("large", name=path.name, size=size, most=bounds.size)
        with path.open("rb") as file:
            return file.read(bounds.size + 1)
    except OSError as error:
        raise read_error("unreadable", path=path, why=reason_of(error)) from error


# -- what is kept ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """What is written down when the text of a document is made, beside the text.

    Attributes:
        sha256: of the file as it came.
        text_sha256: of the text in UTF-8.
        maker: what made the text, with its version.
        parts: of the text.
        address: where the file was fetched from; empty for one that lay at hand.
        retrieved: when it was fetched.
    """

    sha256: str
    text_sha256: str
    maker: str
    parts: tuple[TextPart, ...]
    address: str = ""
    retrieved: str = ""

    @classmethod
    def of(cls, data: bytes, found: Extracted, origin: FetchedDocument | None = None) -> KeptRecord:
        """What is to be written down of a file and the text that was made of it."""
        text = hashlib.sha256(found.kept.text.encode()).hexdigest()
        address, when = (origin.address, origin.retrieved.isoformat(timespec="seconds")) if origin else ("", "")
        return cls(hashlib.sha256(data).hexdigest(), text, found.maker, found.kept.parts, address, when)

    def to_bytes(self) -> bytes:
        """As JSON, with one part in a line."""
        head = {"sha256": self.sha256, "textSha256": self.text_sha256, "madeBy": self.maker}
        head |= {"address": self.address, "retrieved": self.retrieved} if self.address else {}
        lines = (json.dumps([each.kind, each.start, each.end, each.place], ensure_ascii=False) for each in self.parts)
        begun = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
        parts = ",\n  ".join(lines)
        return f'{begun},\n "parts": [\n  {parts}\n ]\n}}\n'.encode()

    @classmethod
    def from_bytes(cls, data: bytes, length: int) -> KeptRecord:
        """The record that was written down of a text with so many characters.

        Raises:
            ValueError: it is none, or speaks of characters that the text does not have.
        """
        try:
            said: Any = json.loads(data)
            parts = tuple(TextPart(*each) for each in said["parts"])
            origin = str(said.get("address", "")), str(said.get("retrieved", ""))
            record = cls(str(said["sha256"]), str(said["textSha256"]), str(said["madeBy"]), parts, *origin)
            ends = [place for part in parts for place in (part.start, part.end)]
            is_right = ends == sorted(ends) and all(part.kind in _KINDS for part in parts)
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not is_right or (ends and not 0 <= ends[0] <= ends[-1] <= length):
            message = "parts outside of the text"
            raise ValueError(message)
        return record


def files_to_keep(name: str, data: bytes, found: Extracted, origin: FetchedDocument | None = None) -> dict[str, bytes]:
    """What is kept of a document in the folder of sources, by path: the file, its text where that is another, the map.

    Args:
        name: of the document in that folder.
        data: the file as it came.
        found: the text that was made of it.
        origin: where it was fetched from.
    """
    text = found.kept.text.encode()
    kept = {name: data, f"{TEXTS}/{name}.json": KeptRecord.of(data, found, origin).to_bytes()}
    if text != data:
        kept[f"{TEXTS}/{name}.txt"] = text
    return kept


def kept_document(folder: Path, source_iri: str) -> tuple[KeptText, str] | None:
    """The text that is kept of a document, and what made it; `None` when none is at hand.

    A text without a map, such as one that was registered by hand, is the file itself, and its parts are made from it.

    Args:
        folder: the folder of sources.
        source_iri: the document.

    Raises:
        ReadError: the text or its map cannot be read, or the map is of another text.
    """
    name = source_iri.rpartition("/")[2]
    try:
        source = read_source(folder, source_iri)
        if source is None:
            return None
        map_ = folder / TEXTS / f"{name}.json"
        if not map_.is_file():
            return KeptText(source.text, plain_spans(source.text)), MAKER
        record = KeptRecord.from_bytes(map_.read_bytes(), len(source.text))
    except (OSError, ValueError) as error:
        raise read_error("record", name=name, folder=folder) from error
    if record.text_sha256 != source.sha256:
        raise read_error("text_changed", fix="record", name=name, folder=folder)
    return KeptText(source.text, record.parts), record.maker
