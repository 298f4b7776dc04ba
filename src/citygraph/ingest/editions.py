"""The files of an import: where they lie, how they are written, and whether a person has changed them since."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from citygraph.errors import IngestError
from citygraph.rdf import Triple
from citygraph.turtle import document_of, write_document

__all__ = ["EditionFiles", "is_unchanged", "turtle"]

_FOLDER: Final = "data/ingested"
_SOURCES: Final = "data/sources"
_MARK: Final = re.compile(r"\A# (?:[^\n]*) sha256 ([0-9a-f]{64})\n")
_HEAD: Final = "# Written by citygraph ingest from {name}; the next import writes it anew. sha256 "


class EditionFiles:
    """The paths of one edition of one list, from the project folder."""

    def __init__(self, folder: Path, name: str, day: str) -> None:
        """Name them; nothing is touched."""
        self.folder = folder
        self.name = name
        self.day = day
        self.facts = f"{_FOLDER}/{name}/{day}.ttl"
        self.sources = f"{_SOURCES}/{name}-{day}.ttl"
        self.report = f"{_FOLDER}/{name}/{day}.report.csv"
        self.review = f"{_FOLDER}/{name}/review.csv"

    def earlier(self) -> list[EditionFiles]:
        """The editions before this one that have been imported, the latest first."""
        days = sorted(path.stem for path in (self.folder / _FOLDER / self.name).glob("????-??-??.ttl"))
        return [EditionFiles(self.folder, self.name, day) for day in reversed(days) if day < self.day]

    def later(self) -> list[str]:
        """The days of editions that are newer than this one."""
        days = sorted(path.stem for path in (self.folder / _FOLDER / self.name).glob("????-??-??.ttl"))
        return [day for day in days if day > self.day]

    def refuse_changed(self) -> None:
        """Nothing that a person has written is overwritten.

        Raises:
            IngestError: a file of this edition was changed after the import that wrote it.
        """
        for each in (self.facts, self.sources):
            path = self.folder / each
            if path.exists() and not is_unchanged(path.read_bytes()):
                message = f"{each} has been changed by hand since it was imported."
                fix = "Move your lines to a file of their own below data/, then delete this one and import again."
                raise IngestError(message, fix=fix)


def turtle(triples: Iterable[Triple], *, list_name: str, prefixes: Mapping[str, str]) -> bytes:
    """The statements in the project's layout, below a line that carries the hash of what follows."""
    text = write_document(document_of(triples, prefixes=prefixes))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{_HEAD.format(name=list_name)}{digest}\n\n{text}".encode()


def is_unchanged(data: bytes) -> bool:
    """Whether a file is as an import left it."""
    text = data.decode("utf-8", "replace")
    match = _MARK.match(text)
    return match is not None and hashlib.sha256(text[match.end() :].lstrip("\n").encode()).hexdigest() == match[1]
