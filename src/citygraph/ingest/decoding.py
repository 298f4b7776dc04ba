"""Bytes to letters: the encoding as said, by its mark, UTF-8, or the one in which the names of cities are names."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.towns import spellings

__all__ = ["decode"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# What spreadsheet programs of Western and Central Europe, of Turkey, of old Macintoshes and of DOS save.
_OTHERS: Final = {
    "cp1250": "Windows-1250",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "mac_roman": "Macintosh",
    "cp850": "DOS 850",
}
_SAMPLE: Final = 4_000_000
_LEAST: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]+")


def decode(data: bytes, name: str, encoding: str) -> tuple[str, list[str]]:
    """The text of a file, and how it was read when that is not UTF-8.

    Args:
        data: the bytes.
        name: of the file, for messages.
        encoding: as the map or the metadata say; empty when they do not.

    Raises:
        IngestError: it cannot be read in the encoding that is said or that its first bytes name.
    """
    if encoding.lower() in {"utf-8", "utf8"}:
        encoding = "utf-8-sig"
    chosen = encoding or next((each for mark, each in _BOMS if data.startswith(mark)), "") or _wide(data)
    if chosen:
        try:
            return data.decode(chosen), ([] if encoding or chosen == "utf-8-sig" else [f"read as {chosen.upper()}"])
        except (UnicodeDecodeError, LookupError) as error:
            message = f"{name} cannot be read as {chosen}: {error}."
            raise IngestError(message, fix='Name its encoding in the map: encoding = "windows-1252"') from error
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return _by_names(data)


def _by_names(data: bytes) -> tuple[str, list[str]]:
    """Read in Windows-1252, unless another encoding gives more names of cities that we know."""
    sample = data[:_SAMPLE]
    found = {each: _names_in(sample.decode(each, "replace")) for each in ("cp1252", *_OTHERS)}
    best = max(found, key=lambda each: found[each])
    if best != "cp1252" and found[best] >= max(_LEAST, found["cp1252"] + 1):
        note = f"read as {_OTHERS[best]}, because that gives names of cities: if letters are wrong, set encoding in the map"
        return data.decode(best, "replace"), [note]
    # Five bytes have no letter in Windows-1252; they stay visible as damage, and their rows go to the review.
    return data.decode("cp1252", "replace"), ["read as Windows-1252, because it is not UTF-8"]


def _names_in(text: str) -> int:
    words = {word.casefold() for word in _WORD.findall(text) if not word.isascii()}
    return len(words & _vocabulary())


@cache
def _vocabulary() -> frozenset[str]:
    """The words with letters of their own in names of cities."""
    return frozenset(word for name in spellings() for word in _WORD.findall(name.casefold()) if not word.isascii())


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: every other byte of plain letters is zero."""
    sample = data[:2000]
    if len(sample) < len("a;b;"):
        return ""
    odd, even = sample[1::2].count(0) / len(sample[1::2]), sample[::2].count(0) / len(sample[::2])
    many = 0.4
    return "utf-16-le" if odd > many > even else "utf-16-be" if even > many > odd else ""
