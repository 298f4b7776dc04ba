"""Names that are withheld: known by their hash alone, in texts, addresses and the files of a folder."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from citygraph.matching.names import fold

_LONGEST: Final = 6
"""Words of the longest name that is looked for."""
_WORD: Final = re.compile(r"[^\W_]+")
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_ZLIB: Final = re.compile(r'"(eJ[A-Za-z0-9+/=]{8,})"')
"""What the journal of the desk keeps files as: zlib in base64."""
_PACKED: Final = frozenset({".xlsx", ".zip"})
_NEVER: Final = frozenset({".sqlite", ".sst", ".png", ".woff2", ".wasm"})
"""Files without a text of their own: what they hold stands in the files beside them, too."""


def words_of(text: str) -> list[str]:
    """The words of a text as names are compared: folded, without marks."""
    # Most lines of most files need no folding of letters.
    return _WORD.findall(text.lower() if text.isascii() else fold(text))


def name_hash(name: str) -> str:
    """The SHA-256 that a name is known by (`cg:sha256` of a person who is withheld), however it is written.

    >>> name_hash("Åse Øygard") == name_hash("ase-oygard")
    True
    """
    return hashlib.sha256(" ".join(words_of(name)).encode()).hexdigest()


def hashes_in(text: str, hashes: Collection[str], *, shortest: int = 2) -> set[str]:
    """Those of the hashes whose names stand in a text.

    Args:
        text: where to look.
        hashes: of names, see `name_hash`.
        shortest: how many words a name has at least; a single one may be a word of the language.
    """
    return _runs(text, hashes, shortest, set())


def _runs(text: str, hashes: Collection[str], shortest: int, clean: set[str]) -> set[str]:
    """The same, without the runs of words that are known to be no name; those that are seen to be none are added."""
    found: set[str] = set()
    words = words_of(text)
    for size in range(shortest, _LONGEST + 1):
        for start in range(len(words) - size + 1):
            run = " ".join(words[start : start + size])
            if run in clean:
                continue
            digest = hashlib.sha256(run.encode()).hexdigest()
            if digest in hashes:
                found.add(digest)
            else:
                clean.add(run)
    return found


def is_of_withheld(address: str, hashes: Collection[str]) -> bool:
    """Whether an address has the name of somebody who is withheld in it.

    >>> is_of_withheld("/person/kari-nordmann.ttl", {name_hash("Kari Nordmann")})
    True
    """
    return bool(hashes) and bool(hashes_in(unquote(address), hashes, shortest=1))


# -- files ------------------------------------------------------------------------------------------------


class NameSearch:
    """Looks for withheld names in files; each line is read once however many files have it."""

    def __init__(self, hashes: Collection[str]) -> None:
        """A search for the names of these hashes."""
        self._hashes = frozenset(hashes)
        self._clean: set[str] = set()
        self._lines: set[int] = set()

    def in_lines(self, lines: Iterable[bytes]) -> bool:
        """Whether a name stands in lines of text, also percent-encoded or with escapes of JSON and XML."""
        for line in lines:
            key = hash(line)
            if key in self._lines:
                continue
            text = line.decode("utf-8", "replace")
            if '"eJ' in text:
                text += "".join(map(_unpacked, _ZLIB.findall(text)))
            if "\\u" in text:
                text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
            if "%" in text:
                text = unquote(text)
            if "&" in text:
                text = html.unescape(text)
            if _runs(text, self._hashes, 2, self._clean):
                return True
            self._lines.add(key)
        return False

    def in_file(self, path: Path) -> bool:
        """Whether a name stands in a file or in its path's last part; packed files are looked into.

        Raises:
            OSError: the file cannot be read.
        """
        if self.in_lines([path.name.encode()]):
            return True
        ending = path.suffix.lower()
        if ending in _NEVER:
            return False
        try:
            if ending == ".gz":
                with gzip.open(path) as packed:
                    return self.in_lines(packed)
            if ending in _PACKED:
                with zipfile.ZipFile(path) as parts:
                    return any(self.in_lines(_split(parts.read(name))) for name in parts.namelist())
        except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error):
            # It is no packed file, whatever it is called.
            pass
        with path.open("rb") as file:
            return self.in_lines(file)

    def in_folder(self, folder: Path, *, besides: Collection[str] = ()) -> Iterator[str]:
        """The files below a folder that hold a name, by their paths in it; links are not followed.

        Args:
            folder: where to look.
            besides: names of files and folders that are left out.

        Raises:
            OSError: a file cannot be read.
        """
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_symlink() or not path.is_file() or not {*name.parts}.isdisjoint(besides):
                continue
            if self.in_lines([name.as_posix().encode()]) or self.in_file(path):
                yield name.as_posix()


def _unpacked(text: str) -> str:
    try:
        return "\n" + zlib.decompress(base64.b64decode(text)).decode("utf-8", "replace")
    except (ValueError, zlib.error):
        return ""


def _split(data: bytes) -> list[bytes]:
    # A workbook is one line of XML.
    return data.replace(b"><", b">\n<").split(b"\n")
