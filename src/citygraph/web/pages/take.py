"""A page to take along: what an e-mail says of it, as text, as a Word document and as slides.

The templates `mail_*.html` say a page in a few elements of HTML: headings, paragraphs, lists, tables and links. What goes
onto the clipboard is that HTML; everything else is written from it, so that all of them say the same.
"""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from html.parser import HTMLParser
from importlib.util import find_spec
from itertools import groupby
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import Response

from citygraph.saved_query import SavedQuery
from citygraph.web.pages.drawings import LineChart, Timeline, Tree
from citygraph.web.pages.facts import CitedSource
from citygraph.web.pages.page import Page, respond
from citygraph.web.pages.pictures import BarChart, Picture
from citygraph.web.requests import origin_of

TEXT: Final = "txt"
OFFICE: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""Endings of documents that a person edits further, with their media types (ISO/IEC 29500)."""
_LIBRARIES: Final = {"docx": "docx", "pptx": "pptx"}
# XML 1.0, 2.2: these characters cannot stand in a document at all.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TONGUES: Final = {"nb": "nb-NO", "en": "en-GB"}
_LINES_ON_SLIDE: Final = {"ol": 15}
_LINES: Final = 9
_ROWS_ON_SLIDE: Final = 9
_LETTERS_ON_LINE: Final = 95
_OLDEST_IN_ZIP: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(slots=True)
class MailRun:
    """Words that lead to an address, or to none."""

    text: str
    href: str = ""


@dataclass(slots=True)
class MailBlock:
    """A heading (`h2`, `h3`), a paragraph (`p`), a line of a list (`ul`, `ol`) or a row of a table (`th`, `td`).

    A row has a list of runs for each of its cells, everything else has one.
    """

    kind: str
    cells: list[list[MailRun]] = field(default_factory=lambda: [[]])

    @property
    def text(self) -> str:
        """The words of all cells."""
        return "\t".join(_words(cell) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Take:
    """What a page offers to take along: for the clipboard, and (ending, address) of its files."""

    html: Markup
    text: str
    files: tuple[tuple[str, str], ...]


def endings() -> tuple[str, ...]:
    """The endings of what can be written here; documents of an office need the extra `office`."""
    return (TEXT, *(ending for ending, library in _LIBRARIES.items() if find_spec(library) is not None))


def take_of(html: Markup, page: Page, address_of: Callable[[str], str]) -> Take:
    """What a page offers.

    Args:
        html: what a template `mail_*.html` wrote.
        page: the page; one of a static site offers no documents of an office.
        address_of: the address of the file with an ending.
    """
    known = (TEXT,) if page.request.scope.get("citygraph.static") else endings()
    return Take(html, text_of(blocks_of(html)), tuple((each, address_of(each)) for each in known))


def taken(page: Page, html: Markup, ending: str, name: str, *, day: str) -> Response:
    """What is said in one format, under a name.

    Args:
        page: the page that is taken along.
        html: what a template `mail_*.html` wrote of it.
        ending: one of those `offered`.
        name: what the file is called, without its ending.
        day: the day that it is about, as `2026-11-30`.
    """
    blocks = blocks_of(html)
    if ending == TEXT:
        body, media_type = text_of(blocks).encode(), "text/plain; charset=utf-8"
    else:
        write = _word if ending == "docx" else _slides
        body, media_type = write(blocks, page, day), OFFICE[ending]
    response = respond(page.request, body, media_type)
    response.headers["Content-Language"] = page.language
    response.headers["X-Content-Type-Options"] = "nosniff"
    how = "inline" if ending == TEXT else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{name}.{ending}"'
    response.headers.add_vary_header("Accept-Language")
    return response


def source_address(source: CitedSource, page: Page) -> str:
    """Where a source can be read: on the web, else on its page here; empty when it has neither."""
    if source.page or source.document.external:
        return source.page or source.document.href
    return absolute(page, source.document.href) if source.document.href else ""


def absolute(page: Page, path: str) -> str:
    """The address under which the reader reaches a path of ours, for use outside this page."""
    return origin_of(page.request.scope) + path.removeprefix(page.urls.prefix)


# -- reading what a template says ------------------------------------------------------------------------


def blocks_of(html: str) -> list[MailBlock]:
    """The blocks of what a template `mail_*.html` wrote, in order; empty ones are left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    for cell in (cell for block in reader.blocks for cell in block.cells if cell):
        cell[-1].text = cell[-1].text.rstrip()
    return [each for each in reader.blocks if each.text.strip()]


class _Reader(HTMLParser):
    """Reads the few elements that the templates use; what stands in others is read as if they were not there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[MailBlock] = []
        self._list = "ul"
        self._href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag:
            case "ul" | "ol":
                self._list = tag
            case "li":
                self.blocks.append(MailBlock(self._list))
            case "h2" | "h3" | "p":
                self.blocks.append(MailBlock(tag))
            case "tr":
                self.blocks.append(MailBlock("td", []))
            case "th" | "td":
                self.blocks[-1].kind = tag
                self.blocks[-1].cells.append([])
            case "a":
                address = dict(attrs).get("href") or ""
                self._href = address if address.startswith(("https://", "http://")) else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        said = re.sub(r"\s+", " ", _NOT_XML.sub("", data))
        if self.blocks and self.blocks[-1].cells and said:
            cell = self.blocks[-1].cells[-1]
            cell.append(MailRun(said if cell else said.lstrip(), self._href))


def _words(cell: Iterable[MailRun]) -> str:
    return "".join(each.text for each in cell).strip()


# -- text ------------------------------------------------------------------------------------------------


def text_of(blocks: Sequence[MailBlock]) -> str:
    """Plain text: lists with hyphens, numbered lists with the numbers that the text refers to, tables as lines."""
    lines: list[str] = []
    number = 0
    for before, block in zip([None, *blocks], blocks, strict=False):
        number = number + 1 if block.kind == "ol" and before is not None and before.kind == "ol" else 1
        starts = {"ul": "- ", "ol": f"[{number}] "}
        is_close = before is not None and (before.kind == block.kind or before.kind in {"h3", "th"})
        if before is not None and not (is_close and block.kind not in {"p", "h3"}):
            lines.append("")
        text = block.text.replace("\t", " · ")
        if block.kind == "ol":
            # Behind a source stands where it can be read.
            text = " ".join([text, *(each.href for each in block.cells[0] if each.href)])
        lines.append(starts.get(block.kind, "") + text)
    return "\n".join(lines) + "\n"


# -- Word ------------------------------------------------------------------------------------------------


def _word(blocks: Sequence[MailBlock], page: Page, day: str) -> bytes:
    """A document in Word's own styles, so that it takes on those of the house it is pasted into."""
    import docx  # noqa: PLC0415  # an extra
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415

    document = docx.Document()
    _about(document.core_properties, blocks, page, day)
    properties = document.styles["Normal"].element.get_or_add_rPr()
    tongue = OxmlElement("w:lang")
    tongue.set(qn("w:val"), _TONGUES.get(page.language, page.language))
    properties.append(tongue)
    styles = {"h2": "Heading 1", "h3": "Heading 2", "ul": "List Bullet", "ol": "List Number"}
    for is_table, group in groupby(blocks, key=lambda each: each.kind in {"th", "td"}):
        found = list(group)
        if not is_table:
            for block in found:
                _write_runs(document.add_paragraph(style=styles.get(block.kind)), block.cells[0])
            continue
        width = max(len(each.cells) for each in found)
        table = document.add_table(rows=len(found), cols=width, style="Light Grid Accent 1")
        for row, block in zip(table.rows, found, strict=True):
            for cell, runs in zip(row.cells, block.cells, strict=False):
                _write_runs(cell.paragraphs[0], runs)
        _repeat_heading(table.rows[0], found[0], OxmlElement)
    return _written(document)


def _repeat_heading(row: Any, block: MailBlock, element: Any) -> None:  # noqa: ANN401  # types of an extra
    """Let the headings stand on each page that a table goes on to."""
    if block.kind == "th":
        row._tr.get_or_add_trPr().append(element("w:tblHeader"))  # noqa: SLF001  # the library has no other way


def _write_runs(paragraph: Any, runs: Iterable[MailRun]) -> None:  # noqa: ANN401  # types of an extra
    from docx.opc.constants import RELATIONSHIP_TYPE  # noqa: PLC0415
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415

    for each in runs:
        run = paragraph.add_run(each.text)
        if each.href:
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), paragraph.part.relate_to(each.href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
            run.font.underline = True
            run._r.addprevious(link)  # noqa: SLF001  # the library writes no links
            link.append(run._r)  # noqa: SLF001


# -- slides ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Slide:
    """One slide: its title, and lines or the rows of a table."""

    title: str
    blocks: list[MailBlock]
    is_small: bool = False


def _slides(blocks: Sequence[MailBlock], page: Page, day: str) -> bytes:
    """Slides of 16 by 9, each with a title of its own; what does not fit goes on upon the next."""
    import pptx  # noqa: PLC0415  # an extra
    from pptx.util import Inches, Pt  # noqa: PLC0415

    show = pptx.Presentation()
    show.slide_width, show.slide_height = Inches(13.333), Inches(7.5)
    _about(show.core_properties, blocks, page, day)
    layout = show.slide_layouts[5]  # a title and nothing else
    for each in _planned(blocks):
        slide = show.slides.add_slide(layout)
        title = slide.shapes.title
        title.left, title.top, title.width, title.height = Inches(0.6), Inches(0.35), Inches(12.1), Inches(1.0)
        title.text = each.title
        title.text_frame.paragraphs[0].runs[0].font.size = Pt(30)
        place = (Inches(0.6), Inches(1.5), Inches(12.1), Inches(5.4))
        if each.blocks and each.blocks[0].kind in {"th", "td"}:
            _slide_table(slide, each.blocks, place, Pt(14))
        else:
            frame = slide.shapes.add_textbox(*place).text_frame
            frame.word_wrap = True
            for number, block in enumerate(each.blocks):
                line = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
                line.space_after = Pt(6)
                _slide_runs(line, block, Pt(12 if each.is_small else 18))
    return _written(show)


def _slide_table(slide: Any, rows: Sequence[MailBlock], place: tuple[Any, ...], size: Any) -> None:  # noqa: ANN401  # types of an extra
    left, top, width, _ = place
    columns = max(len(each.cells) for each in rows)
    table = slide.shapes.add_table(len(rows), columns, left, top, width, 0).table
    for at, block in enumerate(rows):
        for column, runs in enumerate(block.cells):
            _slide_runs(table.cell(at, column).text_frame.paragraphs[0], MailBlock("p", [runs]), size)


def _slide_runs(paragraph: Any, block: MailBlock, size: Any) -> None:  # noqa: ANN401  # types of an extra
    for each in ([MailRun("• ")] if block.kind == "ul" else []) + block.cells[0]:
        run = paragraph.add_run()
        run.text = each.text
        run.font.size = size
        if each.href:
            run.hyperlink.address = each.href


def _planned(blocks: Sequence[MailBlock]) -> list[_Slide]:
    """Which blocks stand on which slide: a heading begins one, and what is too long for one is given several."""
    sections: list[_Slide] = []
    for block in blocks:
        if block.kind in {"h2", "h3"}:
            sections.append(_Slide(block.text, []))
        elif sections:
            sections[-1].blocks.append(block)
    slides: list[_Slide] = []
    for section in sections:
        parts = list(_parts(section.blocks)) or [[]]
        for number, part in enumerate(parts, 1):
            title = f"{section.title} ({number}/{len(parts)})" if len(parts) > 1 else section.title
            is_small = bool(part) and part[0].kind == "ol"
            slides.append(_Slide(title, part, is_small))
    return slides


def _parts(blocks: Sequence[MailBlock]) -> Iterable[list[MailBlock]]:
    """What fits on one slide each: rows below their headings, and lines by their length."""
    number = 0
    for is_table, group in groupby(blocks, key=lambda each: each.kind in {"th", "td"}):
        found = list(group)
        if is_table:
            head = [each for each in found if each.kind == "th"][:1]
            rows = [each for each in found if each.kind == "td"]
            for start in range(0, len(rows), _ROWS_ON_SLIDE):
                yield [*head, *rows[start : start + _ROWS_ON_SLIDE]]
            continue
        part: list[MailBlock] = []
        room = most = _LINES_ON_SLIDE.get(found[0].kind, _LINES)
        for block in found:
            number = number + 1 if block.kind == "ol" else 0
            said = MailBlock("ol", [[MailRun(f"{number}. "), *block.cells[0]]]) if block.kind == "ol" else block
            lines = 1 + len(said.text) // (_LETTERS_ON_LINE if most == _LINES else 2 * _LETTERS_ON_LINE)
            if part and lines > room:
                yield part
                part, room = [], most
            part.append(said)
            room -= lines
        if part:
            yield part


# -- a picture -------------------------------------------------------------------------------------------

_PICTURE_WIDTH: Final = 960
_LETTERS: Final = 112


def picture_of(page: Page, picture: Picture, *, title: SavedQuery, below: Sequence[str]) -> bytes:
    """A picture as a file of its own: SVG without scripts and styles, its title above it, and below it where it is from.

    Args:
        page: for the language.
        picture: what is drawn.
        title: the question that it answers.
        below: what stands below it.
    """
    above = _wrapped([title.question.in_language(page.language), picture.summary, picture.note])
    under = _wrapped(below)
    top, height = 74 + 22 * len(above), _height(picture)
    return str(
        page.say(
            "picture.svg",
            picture=picture,
            saved=title,
            above=above,
            below=under,
            top=top,
            drawn_height=height,
            width=_PICTURE_WIDTH,
            height=top + height + 40 + 20 * len(under),
        )
    ).encode()


def _wrapped(texts: Iterable[str]) -> list[str]:
    return [_NOT_XML.sub("", line) for each in texts for line in textwrap.wrap(each, _LETTERS, break_on_hyphens=False)]


def _height(picture: Picture) -> int:
    """How much room the drawing takes, as the template lays it out."""
    match picture.drawn:
        case BarChart(bars=rows):
            return 46 * len(rows)
        case Tree() as tree:
            return 26 * len(tree.rows)
        case LineChart(panels=rows):
            return 176 * len(rows) + 28
        case Timeline(spans=rows):
            return 46 * len(rows) + 28
        case drawing:
            return round(drawing.height * 900 / max(drawing.width, 1))


# -- both ------------------------------------------------------------------------------------------------


def _about(properties: Any, blocks: Sequence[MailBlock], page: Page, day: str) -> None:  # noqa: ANN401  # types of an extra
    """Say what the document is; it is made on the day that it is about, so that the same answer gives the same bytes."""
    made = datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC).replace(tzinfo=None)
    properties.title = next((each.text for each in blocks), "")[:255]
    properties.author = page.project.config.title.in_language(page.language)[:255]
    properties.language = _TONGUES.get(page.language, page.language)
    properties.comments = ""
    properties.last_modified_by = ""
    properties.created = properties.modified = made


def _written(document: Any) -> bytes:  # noqa: ANN401  # types of an extra
    """The bytes of a document; its parts bear no time, so that the same document gives the same bytes."""
    file = io.BytesIO()
    document.save(file)
    again = io.BytesIO()
    with zipfile.ZipFile(file) as parts, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            archive.writestr(zipfile.ZipInfo(name, _OLDEST_IN_ZIP), parts.read(name), zipfile.ZIP_DEFLATED)
    return again.getvalue()
