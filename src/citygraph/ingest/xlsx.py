"""What the XML of a workbook says of a sheet, by itself: filled cells, texts, what is hidden, struck out or remarked.

Nothing here goes through openpyxl, so that `tables` can hold what openpyxl gives against it.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

_STRICT: Final = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/",
        b"http://schemas.openxmlformats.org/officeDocument/2006/",
    ),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
)
STRICT: Final = b"http://purl.oclc.org/ooxml/"
"""How the namespaces begin that a workbook has which is saved as Strict Open XML."""
_ESCAPE: Final = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")
_ADDRESS: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_NOT_SHOWN: Final = re.compile(r"\"[^\"]*\"|\[[^\]]*\]|\\.|[_*].|am/pm|a/p", re.IGNORECASE)
_CLOCK: Final = re.compile(r"h+\W*m+(?:\W*s+)?|m+\W*s+|h+|s+")
_DATE_LETTERS: Final = frozenset("ymdhseq")
_MOST_MERGED: Final = 100_000
_THREAD: Final = "[Threaded comment]"


def transitional(data: bytes) -> bytes:
    """A workbook in Strict Open XML with the namespaces that openpyxl knows; its parts are the same otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for part in old.infolist():
            content = old.read(part)
            for strict, usual in _STRICT:
                content = content.replace(strict, usual)
            new.writestr(part.filename, content)
    return out.getvalue()


def unescaped(text: str) -> str:
    r"""A text of a workbook with its escapes as the letters that they stand for.

    >>> unescaped("Oslo_x000D_"), unescaped("_x005F_x000D_"), unescaped("_xD83C__xDFD9_"), unescaped("a_x0_")
    ('Oslo\r', '_x000D_', '🏙', 'a_x0_')
    """
    if "_x" not in text:
        return text

    def letters(match: re.Match[str]) -> str:
        found = "".join(chr(int(each[2:6], 16)) for each in re.findall(r"_x[0-9A-Fa-f]{4}_", match[0]))
        # Two halves of one sign are written as two escapes.
        return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    return _ESCAPE.sub(letters, text)


def shown(code: str) -> str:
    r"""How much of a day a number format shows: `day`, `month`, `year`; `no-year` of a day or month without its year.

    >>> [shown(each) for each in ("mmm-yy", "yyyy", "dd.mm.yyyy", "d-mmm", "[$-409]mmmm\\ yyyy;@", 'yyyy-mm-dd hh:mm')]
    ['month', 'year', 'day', 'no-year', 'month', 'day']
    """
    bare = _NOT_SHOWN.sub("", code.partition(";")[0].replace('\\"', "")).casefold()
    letters = {letter for letter in bare if letter.isalpha()}
    if letters - _DATE_LETTERS:
        # Letters of another language, such as JJJJ: what they show is not known, so nothing is taken away.
        return "day"
    date = _CLOCK.sub("", bare)
    if not {"y", "e"} & letters:
        return "no-year" if re.search(r"(?<!d)d{1,2}(?!d)", date) or "m" in date else "day"
    if re.search(r"(?<!d)d{1,2}(?!d)", date):
        return "day"
    return "month" if "m" in date else "year"


def column_letters(place: int) -> str:
    """The letters of a column, from its place (from 0).

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _place(address: str) -> tuple[int, int]:
    """Row and place of the column of `B4`.

    Raises:
        ValueError: it is no address.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        message = f"{address!r} is no address of a cell"
        raise ValueError(message)
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1


def _is_on(value: str | None) -> bool:
    return value in {"1", "true", "on"}


class _Parsing:
    """Follows the elements of a part by their local names."""

    def __init__(self) -> None:
        self.path: list[str] = []

    def parse(self, text: bytes) -> None:
        """Read a whole part; an empty one says nothing.

        Raises:
            ExpatError: it is not well-formed.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.CharacterDataHandler = self.characters
        parser.EndElementHandler = self._end
        if text:
            parser.Parse(text, True)  # noqa: FBT003  # expat takes no keyword: this is all of it

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(" ")[2])
        self.begin(self.path[-1], attributes)

    def _end(self, name: str) -> None:
        self.end(name.rpartition(" ")[2])
        self.path.pop()

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def characters(self, text: str) -> None:
        """A text."""

    def end(self, name: str) -> None:
        """An element ends."""


class _Runs:
    """A text in runs: all of it, and what of it is struck out; how it is said in Japanese is no part of it."""

    def __init__(self) -> None:
        self.text, self.struck = "", ""
        self._is_struck = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "r":
            self._is_struck = False
        elif name == "strike":
            self._is_struck = _is_on(attributes.get("val", "1"))

    def characters(self, path: list[str], text: str) -> None:
        if path[-1] == "t" and "rPh" not in path:
            self.text += text
            if self._is_struck:
                self.struck += text

    @property
    def is_struck(self) -> bool:
        return bool(self.text.strip()) and self.struck.strip() == self.text.strip()


class SharedStrings(_Parsing):
    """The texts that the cells of a workbook share, with their escapes; and what of them is struck out, by number."""

    def __init__(self, text: bytes) -> None:
        """Read `xl/sharedStrings.xml`."""
        super().__init__()
        self.texts: list[str] = []
        self.struck: dict[int, str] = {}
        self._runs = _Runs()
        self.parse(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "si":
            self._runs = _Runs()
        self._runs.begin(name, attributes)

    def characters(self, text: str) -> None:
        """A text."""
        self._runs.characters(self.path, text)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "si":
            if self._runs.struck.strip():
                self.struck[len(self.texts)] = self._runs.struck
            self.texts.append(self._runs.text)


class _Comments(_Parsing):
    """The remarks that people hung on cells, by address."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = defaultdict(list)
        self._address = ""
        self.parse(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"comment", "threadedComment"}:
            self._address = attributes.get("ref", "")
            self.found[self._address].append("")

    def characters(self, text: str) -> None:
        if self._address and self.path[-1] in {"t", "text"} and "rPh" not in self.path:
            self.found[self._address][-1] += text

    def end(self, name: str) -> None:
        if name in {"comment", "threadedComment"}:
            self._address = ""


class _Targets(_Parsing):
    """Where the relations of a part lead, by the last word of their kind."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.parse(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            self.found.append((attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", "")))


class _Names(_Parsing):
    """The names of all sheets that a workbook says it has."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.parse(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self.path == ["workbook", "sheets", name]:
            self.found.add(attributes.get("name", ""))


def sheets_named(archive: zipfile.ZipFile) -> set[str]:
    """The names of the sheets of a workbook, also of those whose part openpyxl does not find and leaves out."""
    parts = [each for each in archive.namelist() if each.lower() == "xl/workbook.xml"]
    return _Names(archive.read(parts[0])).found if parts else set()


def comments_of(archive: zipfile.ZipFile, path: str) -> dict[tuple[int, int], str]:
    """What people remarked on the cells of a sheet, by row and place of the column.

    Args:
        archive: the workbook.
        path: the part that is the sheet.
    """
    folder, name = posixpath.split(path)
    relations = f"{folder}/_rels/{name}.rels"
    parts = set(archive.namelist())
    if relations not in parts:
        return {}
    said: dict[str, list[str]] = defaultdict(list)
    for kind, target in _Targets(archive.read(relations)).found:
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        if kind in {"comments", "threadedComment"} and part in parts:
            for address, texts in _Comments(archive.read(part)).found.items():
                said[address] += [text for text in texts if not text.startswith(_THREAD)]
    found = {address: " ".join(" ".join(unescaped(text).split()) for text in texts) for address, texts in said.items()}
    return {_place(address): text for address, text in found.items() if _ADDRESS.fullmatch(address) and text}


@dataclass(frozen=True, slots=True)
class Styles:
    """The numbers of the styles that say more than how a cell looks.

    Args:
        struck: styles whose text is struck out.
        shown: for styles of dates how much of the day they show, where that is not all of it.
    """

    struck: Collection[int] = ()
    shown: Mapping[int, str] = field(default_factory=dict)


class SheetXml(_Parsing):
    """One sheet, by its XML alone.

    Attributes:
        count: for each row how many cells hold a value.
        columns: and in which columns, as the bits of a number.
        hidden_rows: rows that are hidden.
        hidden_columns: places of hidden columns, where a cell is filled.
        merged: cells merged over several rows, as column, first and last row.
        without_value: cells with a formula that was saved without its value.
        errors: cells that hold an error such as #N/A.
        struck: for each row the places of cells that are struck out.
        partly: cells of which a part is struck out, and that part.
        shown: for each row the cells whose format shows less than a day.
    """

    def __init__(self, text: bytes, most: int, *, styles: Styles, strings: SharedStrings) -> None:
        """Read the part of a sheet.

        Args:
            text: its XML.
            most: how many rows are told apart; all later ones are counted as the one after these.
            styles: which styles say something.
            strings: the texts that cells share.

        Raises:
            ExpatError, ValueError: it is not well-formed, or numbers a row or cell with something else than a number.
        """
        super().__init__()
        self.count: Counter[int] = Counter()
        self.columns: dict[int, int] = defaultdict(int)
        self.hidden_rows: set[int] = set()
        self.merged: list[tuple[int, int, int]] = []
        self.without_value: dict[tuple[int, int], str] = {}
        self.errors: dict[tuple[int, int], str] = {}
        self.struck: dict[int, set[int]] = defaultdict(set)
        self.partly: dict[tuple[int, int], str] = {}
        self.shown: dict[int, dict[int, str]] = defaultdict(dict)
        self._hidden: list[range] = []
        self._most, self._styles, self._strings = most, styles, strings
        self._row, self._column = 0, -1
        self._cell: dict[str, str] = {}
        self._runs = _Runs()
        self._value = ""
        self._is_filled = self._has_formula = False
        self.parse(text)

    @property
    def hidden_columns(self) -> list[int]:
        """Places of hidden columns in which a cell is filled."""
        filled = 0
        for mask in self.columns.values():
            filled |= mask
        return [place for place in range(filled.bit_length()) if filled >> place & 1 and self._is_hidden(place)]

    def _is_hidden(self, place: int) -> bool:
        return any(place in each for each in self._hidden)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        match self.path:
            case ["worksheet", "sheetData", "row", "c"]:
                self._begin_cell(attributes)
            case ["worksheet", "sheetData", "row", "c", "f"]:
                self._has_formula = True
            case ["worksheet", "sheetData", "row", "c", "is"] if self._cell.get("t") == "inlineStr":
                self._is_filled = True
            case ["worksheet", "sheetData", "row", "c", "is", *_]:
                self._runs.begin(name, attributes)
            case ["worksheet", "sheetData", "row"]:
                self._row = int(float(attributes["r"])) if "r" in attributes else self._row + 1
                self._column = -1
                if _is_on(attributes.get("hidden")):
                    self.hidden_rows.add(self._row)
            case ["worksheet", "cols", "col"] if _is_on(attributes.get("hidden")):
                self._hidden.append(range(int(attributes["min"]) - 1, int(attributes["max"])))
            case ["worksheet", "mergeCells", "mergeCell"]:
                self._merge(attributes.get("ref", ""))

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        self._column = _place(attributes["r"])[1] if "r" in attributes else self._column + 1
        self._value, self._runs = "", _Runs()
        self._is_filled = self._has_formula = False

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        if not last or len(self.merged) >= _MOST_MERGED:
            return
        (top, column), (bottom, _) = _place(first), _place(last)
        if bottom > top:
            self.merged.append((column, top, bottom))

    def characters(self, text: str) -> None:
        """A text."""
        match self.path:
            case ["worksheet", "sheetData", "row", "c", "v"]:
                self._value += text
                self._is_filled = True
            case ["worksheet", "sheetData", "row", "c", "is", *_]:
                self._runs.characters(self.path, text)
                self._is_filled = self._is_filled or bool(text.strip())

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "c" and self.path == ["worksheet", "sheetData", "row", "c"]:
            self._end_cell()

    def _end_cell(self) -> None:
        if not self._is_filled:
            if self._has_formula:
                self.without_value[self._row, self._column] = f"{column_letters(self._column)}{self._row}"
            return
        row, column, style = min(self._row, self._most + 1), self._column, int(self._cell.get("s") or 0)
        self.count[row] += 1
        self.columns[row] |= 1 << column
        if self._cell.get("t") == "e":
            self.errors[row, column] = self._value
        elif style in self._styles.shown:
            self.shown[row][column] = self._styles.shown[style]
        struck = self._struck()
        if style in self._styles.struck or struck is None:
            self.struck[row].add(column)
        elif struck:
            self.partly[row, column] = struck

    def _struck(self) -> str | None:
        """What of the text of the cell is struck out; nothing to say when that is all of it."""
        if self._cell.get("t") != "s":
            return None if self._runs.is_struck else self._runs.struck.strip()
        number = int(self._value) if self._value.isdigit() else -1
        struck = self._strings.struck.get(number, "").strip()
        return None if struck and struck == self._strings.texts[number].strip() else struck
