"""The text of a .docx or .odt file, from its own XML: what a reader sees of it, and no header, comment or deleted word."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from citygraph.documents import DocumentRefused, refuse_archive
from citygraph.read.text import (
    DocumentProperties,
    Extracted,
    KeptText,
    PartKind,
    ReadBounds,
    TextBuilder,
    read_error,
    refuse_long,
    title_first,
)

DOCX_MAKER: Final = "citygraph docx 1"
ODT_MAKER: Final = "citygraph odt 1"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LEVELS: Final = frozenset("012345678")
_MOST_REPEATED: Final = 100
_ODT_TYPE: Final = b"application/vnd.oasis.opendocument.text"


class _TooDeep(Exception):  # noqa: N818  # a signal
    """There are too many elements inside each other."""


class _Elements:
    """Follows the elements of an XML part by their local names; what is below a skipped element is not told."""

    def __init__(self, depth: int) -> None:
        self.path: list[str] = []
        self._depth = depth
        self._skipped = 0

    def parse(self, data: bytes) -> None:
        """Read a whole part.

        Raises:
            ExpatError: it is not well-formed.
            DocumentRefused, _TooDeep: it declares a document type, or is too deep.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_type
        parser.Parse(data, True)  # noqa: FBT003  # expat takes no keyword: this is all of it

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self.path.append(local)
        if len(self.path) > self._depth:
            raise _TooDeep
        if self._skipped or self.is_skipped(local):
            self._skipped += 1
            return
        self.begin(local, {each.rpartition(" ")[2]: value for each, value in attributes.items()})

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self.end(name.rpartition(" ")[2])
        self.path.pop()

    def _characters(self, text: str) -> None:
        if not self._skipped:
            self.characters(text)

    def is_skipped(self, name: str) -> bool:
        """Whether nothing of this element is read."""
        del name
        return False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def characters(self, text: str) -> None:
        """A text."""

    def end(self, name: str) -> None:
        """An element ends."""


def _refuse_type(*_: object) -> None:
    raise expat.ExpatError


@dataclass(slots=True)
class _Paragraph:
    words: list[str] = field(default_factory=list)
    kind: PartKind = "paragraph"


@dataclass(slots=True)
class _Table:
    number: int
    row: int = 0
    column: int = 0
    next_column: int = 1
    words: list[str] = field(default_factory=list)


class _Flow(_Elements):
    """Paragraphs and tables of a text, in both formats."""

    def __init__(self, bounds: ReadBounds, style_kinds: Mapping[str, PartKind]) -> None:
        super().__init__(bounds.depth)
        self._builder = TextBuilder(bounds)
        self._kinds = style_kinds
        self._paragraphs: list[_Paragraph] = []
        self._tables: list[_Table] = []
        self._tables_seen = self._paragraphs_seen = self._contents = 0
        self._notes: list[int] = []
        self._notes_seen = self._cells_seen = 0
        self._bounds = bounds
        self._footnotes: list[tuple[str, str]] = []

    @property
    def kept(self) -> KeptText:
        """The text."""
        return self._builder.made

    def say(self, words: str) -> None:
        """Words of the paragraph that is open."""
        if self._paragraphs:
            self._paragraphs[-1].words.append(words)

    def begin_paragraph(self, kind: PartKind) -> None:
        """A paragraph begins."""
        self._paragraphs.append(_Paragraph(kind="furniture" if self._contents else kind))

    def end_paragraph(self) -> None:
        """A paragraph ends: it is a part, or a line of a cell."""
        done = self._paragraphs.pop()
        words = "".join(done.words)
        if self._tables and not self._notes:
            self._tables[-1].words.append(words)
            return
        if self._notes:
            self._footnotes.append((words, f"footnote={self._notes[-1]}"))
            return
        self._paragraphs_seen += 1
        self._builder.add(done.kind, words, f"paragraph={self._paragraphs_seen}")
        if not self._paragraphs:
            self._end_footnotes()

    def begin_table(self) -> None:
        """A table begins, perhaps inside the cell of another."""
        if self._tables:
            self._end_words()
        self._tables_seen += 1
        self._tables.append(_Table(self._tables_seen))

    def begin_row(self) -> None:
        """A row begins."""
        if self._tables:
            table = self._tables[-1]
            table.row, table.next_column = table.row + 1, 1

    def begin_cell(self, width: int) -> None:
        """A cell begins, or some that are covered by another."""
        self._cells_seen += 1
        refuse_long(0, self._cells_seen, self._bounds)
        if self._tables:
            table = self._tables[-1]
            table.column = table.next_column
            table.next_column += min(max(width, 1), _MOST_REPEATED)

    def widen(self, width: int) -> None:
        """The cell that is open goes over so many columns."""
        if self._tables:
            self._tables[-1].next_column = self._tables[-1].column + min(max(width, 1), _MOST_REPEATED)

    def end_cell(self) -> None:
        """A cell ends."""
        if self._tables:
            self._end_words()

    def _end_words(self) -> None:
        table = self._tables[-1]
        words, table.words = "\n".join(each for each in table.words if each.strip()), []
        self._builder.add("cell", words, f"table={table.number}&row={table.row}&column={table.column}")

    def begin_note(self) -> None:
        """A footnote begins."""
        self._notes_seen += 1
        self._notes.append(self._notes_seen)

    def end_note(self) -> None:
        """A footnote ends; it stands behind the paragraph, or the table, that it belongs to."""
        self._notes.pop()
        if not self._paragraphs and not self._tables:
            self._end_footnotes()

    def end_table(self) -> None:
        """A table ends."""
        if self._tables:
            self._tables.pop()
        if not self._tables and not self._paragraphs:
            self._end_footnotes()

    def _end_footnotes(self) -> None:
        for words, place in self._footnotes:
            self._builder.add("paragraph", words, place)
        self._footnotes.clear()


def _number(text: str | None, default: int = 1) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < len("1000000") else default


# -- .docx ----------------------------------------------------------------------------------------------


class _Docx(_Flow):
    """The body, or the footnotes, of a Word document."""

    _SKIPPED: Final = frozenset({
        "Fallback", "del", "moveFrom", "instrText", "delInstrText", "delText", "rPrChange", "pPrChange", "tblPrChange",
        "sectPr", "rt", "fldData", "binData",
    })  # fmt: skip

    def __init__(self, bounds: ReadBounds, style_kinds: Mapping[str, PartKind]) -> None:
        super().__init__(bounds, style_kinds)
        self._is_hidden = False
        self._blocks: list[bool] = []

    def is_skipped(self, name: str) -> bool:
        # `del` below the properties of a row or paragraph marks its end and holds nothing.
        return name in self._SKIPPED

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "p":
                self.begin_paragraph("paragraph")
            case "r":
                self._is_hidden = False
            case "tbl":
                self.begin_table()
            case "tr":
                self.begin_row()
            case "tc":
                self.begin_cell(1)
            case "gridSpan":
                self.widen(_number(attributes.get("val")))
            case "sdt":
                self._blocks.append(False)
            case "docPartGallery" if "Contents" in attributes.get("val", "") and self._blocks:
                self._blocks[-1] = True
                self._contents += 1
            case "footnote" | "endnote":
                self.begin_note()
            case _ if self._paragraphs:
                self._in_paragraph(attributes)

    def _in_paragraph(self, attributes: Mapping[str, str]) -> None:
        match self.path[-3:]:
            case [*_, "pPr", "pStyle"]:
                self._style(self._kinds.get(attributes.get("val", ""), "paragraph"))
            case [*_, "pPr", "outlineLvl"] if attributes.get("val", "") in _LEVELS:
                self._style("heading")
            case ["pPr", "numPr", "numId"] if attributes.get("val") != "0":
                self._style("item")
            case ["r", "rPr", "vanish" | "webHidden"] if attributes.get("val", "1") not in {"0", "false", "off"}:
                self._is_hidden = True
            case [*_, "r", "tab" | "ptab"]:
                self.say("\t")
            case [*_, "r", "br" | "cr"]:
                self.say("\n")
            case [*_, "r", "noBreakHyphen"]:
                self.say("\u2011")

    def _style(self, kind: PartKind) -> None:
        if self._paragraphs[-1].kind == "paragraph":
            self._paragraphs[-1].kind = kind

    def characters(self, text: str) -> None:
        if self.path[-1] == "t" and not self._is_hidden:
            self.say(text)

    def end(self, name: str) -> None:
        match name:
            case "p":
                self.end_paragraph()
            case "tc":
                self.end_cell()
            case "tbl":
                self.end_table()
            case "sdt" if self._blocks.pop():
                self._contents -= 1
            case "footnote" | "endnote":
                self.end_note()


class _DocxStyles(_Elements):
    """What paragraphs of each style are, by the names that Word has for its own in every language."""

    def __init__(self, depth: int) -> None:
        super().__init__(depth)
        self.kinds: dict[str, PartKind] = {}
        self._style = ""
        self._based: dict[str, str] = {}

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        del name
        match self.path[-2:]:
            case [_, "style"]:
                self._style = attributes.get("styleId", "")
            case ["style", "name"] if kind := _kind_of_style(attributes.get("val", "")):
                self.kinds[self._style] = kind
            case ["style", "basedOn"]:
                self._based[self._style] = attributes.get("val", "")
            case ["pPr", "outlineLvl"] if attributes.get("val", "") in _LEVELS:
                self.kinds.setdefault(self._style, "heading")
            case ["numPr", "numId"] if attributes.get("val") != "0":
                self.kinds.setdefault(self._style, "item")

    def with_inherited(self) -> dict[str, PartKind]:
        """The kinds, with those of the styles that others are based on."""
        found = dict(self.kinds)
        for style in self._based:
            above, seen = style, {style}
            while above not in self.kinds and (above := self._based.get(above, "")) and above not in seen:
                seen.add(above)
            if above in self.kinds:
                found[style] = self.kinds[above]
        return found


def _kind_of_style(name: str) -> PartKind | None:
    """What a style of this name makes of a paragraph; `None` for a plain one."""
    said = name.replace("_20_", " ").casefold()
    if said == "title":
        return "title"
    if re.match(r"heading\b|overskrift \d|title\b|subtitle\b", said):
        return "heading"
    if re.match(r"toc\b|contents\b|table of (?:figures|contents)|header\b|footer\b", said):
        return "furniture"
    return "item" if said.startswith("list") else None


def read_docx(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of a Word document.

    Raises:
        ReadError: it is none, is broken, or is larger than the bounds.
    """

    def read(parts: Mapping[str, Callable[[], bytes]]) -> Extracted:
        main = _main_part(parts, bounds)
        folder = posixpath.dirname(main)
        styles = _DocxStyles(bounds.depth)
        if f"{folder}/styles.xml" in parts:
            styles.parse(parts[f"{folder}/styles.xml"]())
        body = _Docx(bounds, styles.with_inherited())
        body.parse(parts[main]())
        for notes in ("footnotes", "endnotes"):
            if f"{folder}/{notes}.xml" in parts:
                body.parse(parts[f"{folder}/{notes}.xml"]())
        about = _properties(parts, "docProps/core.xml", bounds)
        about.marks = tuple(_marks(parts, folder, bounds))
        return Extracted(title_first(body.kept), DOCX_MAKER, about)

    return _opened(data, name, bounds, read)


def _marks(parts: Mapping[str, Callable[[], bytes]], folder: str, bounds: ReadBounds) -> Iterator[str]:
    """The lines of headers and footers, which may say who may see it; they are no part of the text."""
    for path in sorted(parts):
        if re.match(rf"{re.escape(folder)}/(?:header|footer)\d*\.xml\Z", path):
            head = _Docx(bounds, {})
            head.parse(parts[path]())
            yield from (head.kept.words(part) for part in head.kept.parts)


class _Relations(_Elements):
    """Where the relations of a package lead, by the last word of their kind."""

    def __init__(self, depth: int) -> None:
        super().__init__(depth)
        self.found: dict[str, str] = {}

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            self.found.setdefault(attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", ""))


def _main_part(parts: Mapping[str, Callable[[], bytes]], bounds: ReadBounds) -> str:
    if "_rels/.rels" in parts:
        relations = _Relations(bounds.depth)
        relations.parse(parts["_rels/.rels"]())
        target = relations.found.get("officeDocument", "").lstrip("/")
        if target in parts:
            return target
    return "word/document.xml"


# -- .odt -----------------------------------------------------------------------------------------------


class _Odt(_Flow):
    """The content of an OpenDocument text."""

    _SKIPPED: Final = frozenset({
        "tracked-changes", "annotation", "note-citation", "hidden-text", "hidden-paragraph", "sequence-decls",
        "variable-decls", "user-field-decls", "forms", "scripts", "font-face-decls", "ruby-text",
    })  # fmt: skip
    # The name of a picture is no field with the title of the document.
    _DRAWN: Final = frozenset({"frame", "g", "custom-shape", "rect", "line", "ellipse", "path", "polygon"})

    def __init__(self, bounds: ReadBounds) -> None:
        super().__init__(bounds, {})
        self._styles: dict[str, PartKind] = {}
        self._items = 0

    def is_skipped(self, name: str) -> bool:
        return name in self._SKIPPED or (name in {"title", "desc"} and self.path[-2:-1][0] in self._DRAWN)

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "style" if (kind := _kind_of_style(attributes.get("parent-style-name", ""))) and "name" in attributes:
                self._styles[attributes["name"]] = kind
            case "p" | "h":
                self.begin_paragraph("heading" if name == "h" else self._kind(attributes.get("style-name", "")))
            case "list-item" | "list-header":
                self._items += 1
            case "table-of-content" | "illustration-index" | "table-index" | "alphabetical-index" | "bibliography":
                self._contents += 1
            case "table":
                self.begin_table()
            case "table-row":
                self.begin_row()
            case "table-cell" | "covered-table-cell":
                self.begin_cell(_number(attributes.get("number-columns-repeated")))
            case "note":
                self.begin_note()
            case "s":
                self.say(" " * min(_number(attributes.get("c")), _MOST_REPEATED))
            case "tab" | "line-break":
                self.say("\t" if name == "tab" else "\n")

    def _kind(self, style: str) -> PartKind:
        kind = self._styles.get(style) or _kind_of_style(style) or "paragraph"
        return "item" if self._items and kind == "paragraph" else kind

    def characters(self, text: str) -> None:
        # Blanks are as in HTML; more than one is written with elements.
        self.say(re.sub(r"[ \t\r\n]+", " ", text))

    def end(self, name: str) -> None:
        match name:
            case "p" | "h":
                self.end_paragraph()
            case "list-item" | "list-header":
                self._items -= 1
            case "table-of-content" | "illustration-index" | "table-index" | "alphabetical-index" | "bibliography":
                self._contents -= 1
            case "table":
                self.end_table()
            case "table-cell" | "covered-table-cell":
                self.end_cell()
            case "note":
                self.end_note()


def read_odt(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of an OpenDocument text.

    Raises:
        ReadError: it is none, is broken or encrypted, or is larger than the bounds.
    """

    def read(parts: Mapping[str, Callable[[], bytes]]) -> Extracted:
        manifest = parts["META-INF/manifest.xml"]() if "META-INF/manifest.xml" in parts else b""
        if b"encryption-data" in manifest:
            raise read_error("encrypted", name=name)
        content = _Odt(bounds)
        content.parse(parts["content.xml"]())
        about = _properties(parts, "meta.xml", bounds)
        if "styles.xml" in parts:
            # The only paragraphs of the styles are those of headers and footers.
            styles = _Odt(bounds)
            styles.parse(parts["styles.xml"]())
            about.marks = tuple(styles.kept.words(part) for part in styles.kept.parts)
        return Extracted(title_first(content.kept), ODT_MAKER, about)

    return _opened(data, name, bounds, read)


# -- both -----------------------------------------------------------------------------------------------


class _Core(_Elements):
    """What a document says of itself, in both formats."""

    _FIELDS: Final = {
        "title": "title", "creator": "author", "initial-creator": "author", "created": "created",
        "creation-date": "created", "modified": "modified", "date": "modified",
    }  # fmt: skip

    def __init__(self, depth: int) -> None:
        super().__init__(depth)
        self.about = DocumentProperties()

    def characters(self, text: str) -> None:
        field_ = self._FIELDS.get(self.path[-1])
        if field_ is not None:
            setattr(self.about, field_, getattr(self.about, field_) + text)


def _properties(parts: Mapping[str, Callable[[], bytes]], path: str, bounds: ReadBounds) -> DocumentProperties:
    core = _Core(bounds.depth)
    if path in parts:
        core.parse(parts[path]())
    for each in ("created", "modified"):
        day = _DAY.match(getattr(core.about, each))
        setattr(core.about, each, day[0] if day else "")
    return core.about


def _opened(
    data: bytes, name: str, bounds: ReadBounds, read: Callable[[Mapping[str, Callable[[], bytes]]], Extracted]
) -> Extracted:
    """What `read` makes of the parts of an archive, which is held against the bounds before.

    Raises:
        ReadError: it is broken, or larger than the bounds.
    """
    try:
        refuse_archive(data, bounds.unpacked)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {each: _reading(archive, each) for each in archive.namelist()}
            return read(parts)
    except DocumentRefused as refused:
        problem = refused.problem
        raise read_error(problem.code, fix="bomb", name=name, most=problem.values.get("limit", "")) from refused
    except _TooDeep as error:
        raise read_error("deep", fix="bomb", name=name, most=bounds.depth) from error
    except NotImplementedError as error:  # a way to pack that nobody uses
        raise read_error("broken", name=name) from error
    except RuntimeError as error:  # how zipfile says that a part is encrypted
        raise read_error("encrypted", name=name) from error
    except (
        zipfile.BadZipFile, zlib.error, expat.ExpatError, KeyError, ValueError, EOFError, OSError, IndexError,
    ) as error:  # fmt: skip  # what a part that is missing or broken leads to
        raise read_error("broken", name=name) from error


def _reading(archive: zipfile.ZipFile, part: str) -> Callable[[], bytes]:
    return lambda: archive.read(part)


def kind_of_archive(data: bytes) -> str:
    """The ending that an archive should have: `.docx`, `.odt`, `.xlsx`; empty for others."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < len(_ODT_TYPE) * 2:
                said = archive.read("mimetype").strip()
                return ".odt" if said.startswith(_ODT_TYPE) else ""
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError, EOFError, OSError):
        return ""
    if any(each.startswith("word/") for each in names):
        return ".docx"
    return ".xlsx" if any(each.startswith("xl/") for each in names) else ".odt" if "content.xml" in names else ""
