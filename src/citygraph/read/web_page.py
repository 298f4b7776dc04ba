"""The text of a saved web page: what a reader sees of it, with navigation, banners and forms marked as furniture."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from citygraph.messages import Sentence
from citygraph.read.plain_text import decoded
from citygraph.read.text import (
    DocumentProperties,
    Extracted,
    KeptText,
    PartKind,
    ReadBounds,
    TextBuilder,
    TextPart,
    read_error,
    title_first,
)

MAKER: Final = "citygraph html 1"
_VOID: Final = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_UNSEEN: Final = frozenset({
    "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "select", "datalist", "head", "title",
})  # fmt: skip
_FURNITURE: Final = frozenset(["nav", "header", "footer", "aside", "form", "button", "dialog", "menu"])
_ROLES: Final = frozenset({
    "navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu", "menubar",
})  # fmt: skip
_NAMED: Final = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|breadcrumbs?|nav|navbar|navigation|navigasjon|menu|meny|sidebar|footer|"
    r"skip(?:-?(?:link|to|nav))?|share|sharing|social|newsletter|pagination|banner|informasjonskapsl\w*)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# What ends when another of these begins, as far up as the element that holds them both.
_CLOSED_BY: Final = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "tr": (frozenset({"tr", "td", "th"}), frozenset({"table"})),
    "td": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "th": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]{2,40})", re.IGNORECASE)
_ENCODINGS: Final = re.compile(r"(?:iso-?8859-\d+|windows-125\d|utf-?8|us-ascii|latin-?1)\Z", re.IGNORECASE)
_MARKED: Final = re.compile(r"<!\[[^>]*+>?")
_HEAD: Final = 4_096
_MOST_JSON: Final = 1_000_000
_LEAST_READ: Final = 0.1


@dataclass(slots=True)
class _Element:
    name: str
    is_unseen: bool = False
    is_furniture: bool = False
    is_main: bool = False
    is_pre: bool = False


@dataclass(slots=True)
class _Table:
    number: int
    row: int = 0
    column: int = 0


@dataclass(slots=True)
class _Head:
    """What the head of a page says, and its first time."""

    title: str = ""
    said: dict[str, str] = field(default_factory=dict)
    json: list[str] = field(default_factory=list)
    time: str = ""


class _Page(HTMLParser):
    """Follows a page as a browser would, without running anything of it."""

    def __init__(self, name: str, bounds: ReadBounds, *, by_names: bool = True) -> None:
        """A page of that name; whether classes and ids such as `cookie-banner` tell furniture, too."""
        super().__init__(convert_charrefs=True)
        self._name, self._by_names = name, by_names
        self.head = _Head()
        self._bounds = bounds
        self._builder = TextBuilder(bounds)
        self._open: list[_Element] = []
        self._words: list[str] = []
        self._tables: list[_Table] = []
        self._tables_seen = self._paragraphs = 0
        self._mains: list[bool] = []
        self._script = ""

    @property
    def kept(self) -> KeptText:
        """The text; where the page says what its main part is, all the rest is furniture."""
        self._end_block()
        made = self._builder.made
        if not any(self._mains):
            return made
        parts = zip(made.parts, self._mains, strict=True)
        return KeptText(
            made.text,
            tuple(
                part if is_main else TextPart("furniture", part.start, part.end, part.place) for part, is_main in parts
            ),
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        said = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.head.said.setdefault(said.get("property", said.get("name", "")).casefold(), said.get("content", ""))
        if tag == "time" and not self.head.time:
            self.head.time = said.get("datetime", "")
        if tag in _VOID:
            self._void(tag)
            return
        if tag in _BLOCKS:
            self._end_block()
            self._close_before(tag)
        if len(self._open) >= self._bounds.depth:
            raise read_error("deep", fix="bomb", name=self._name, most=self._bounds.depth)
        self._open.append(self._element(tag, said))
        self._script = said.get("type", "") if tag == "script" else ""
        if tag == "table":
            self._tables_seen += 1
            self._tables.append(_Table(self._tables_seen))
        elif self._tables and tag == "tr":
            self._tables[-1].row += 1
            self._tables[-1].column = 0
        elif self._tables and tag in {"td", "th"}:
            self._tables[-1].column += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without an end: in HTML the stroke says nothing."""
        self.handle_starttag(tag, attrs)

    def _void(self, tag: str) -> None:
        if tag in {"br", "wbr"}:
            self._words.append("\n" if tag == "br" else "")
        elif tag in _BLOCKS:
            self._end_block()

    def _close_before(self, tag: str) -> None:
        """A head, list item, row, cell or paragraph without an end tag ends when what cannot stand in it begins."""
        heads = [place for place, each in enumerate(self._open) if each.name == "head"]
        if heads and tag in _BLOCKS:
            self._drop(heads[0])
        if any(each.name == "p" for each in self._open[-1:]):
            self._open.pop()
        closed, within = _CLOSED_BY.get(tag, (frozenset(), frozenset()))
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].name in closed:
                self._drop(place)
            elif self._open[place].name in within or not closed:
                break

    def _drop(self, place: int) -> None:
        for each in self._open[place:]:
            if each.name == "table" and self._tables:
                self._tables.pop()
        del self._open[place:]

    def _element(self, tag: str, said: dict[str, str]) -> _Element:
        above = self._open[-1] if self._open else _Element("")
        style = said.get("style", "").replace(" ", "").casefold()
        is_unseen = (
            tag in _UNSEEN
            or "hidden" in said
            or said.get("aria-hidden") == "true"
            or "display:none" in style
            or "visibility:hidden" in style
        )
        is_main = tag == "main" or said.get("role") == "main" or (tag == "article" and not above.is_furniture)
        named = f"{said.get('class', '')} {said.get('id', '')}"
        is_furniture = tag not in {"body", "html", "main", "article"} and (
            said.get("role", "") in _ROLES
            or (self._by_names and bool(_NAMED.search(named)))
            or (tag in _FURNITURE and not (tag == "header" and above.is_main))
        )
        return _Element(
            tag,
            is_unseen=is_unseen or above.is_unseen,
            is_furniture=is_furniture or (above.is_furniture and tag != "main"),
            is_main=is_main or above.is_main,
            is_pre=tag == "pre" or above.is_pre,
        )

    def handle_endtag(self, tag: str) -> None:
        """An element ends; one that was not begun is nothing."""
        if tag in _BLOCKS:
            self._end_block()
        place = next((at for at in range(len(self._open) - 1, -1, -1) if self._open[at].name == tag), -1)
        if place >= 0:
            self._drop(place)

    def handle_data(self, data: str) -> None:
        """A text."""
        here = self._open[-1] if self._open else _Element("")
        if here.name == "title" and not self.head.title:
            self.head.title = " ".join(data.split())
        if here.name == "script" and "ld+json" in self._script and len(data) <= _MOST_JSON:
            self.head.json.append(data)
        if not here.is_unseen:
            self._words.append(data if here.is_pre else re.sub(r"[ \t\r\n\f]+", " ", data))

    def _end_block(self) -> None:
        """What was said since the last block is a part."""
        words = re.sub(r" *\n *", "\n", re.sub(r"  +", " ", "".join(self._words)))
        self._words.clear()
        if not words.strip():
            return
        here = self._open[-1] if self._open else _Element("")
        names = {each.name for each in self._open}
        kind: PartKind = "paragraph"
        if here.is_furniture:
            kind = "furniture"
        elif self._tables and names & {"td", "th"}:
            kind = "cell"
        elif names & _HEADINGS:
            kind = "heading"
        elif names & {"li", "dt", "dd"}:
            kind = "item"
        before = self._builder.count
        self._builder.add(kind, words, self._place(kind))
        if self._builder.count > before:
            self._mains.append(here.is_main and not here.is_furniture)

    def _place(self, kind: PartKind) -> str:
        if kind == "cell":
            table = self._tables[-1]
            return f"table={table.number}&row={max(table.row, 1)}&column={max(table.column, 1)}"
        self._paragraphs += 1
        return f"paragraph={self._paragraphs}"


def read_page(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of an .html file.

    Raises:
        ReadError: it is no text, or is larger than the bounds.
    """
    charset = _CHARSET.search(data[:_HEAD])
    said = charset[1].decode("ascii") if charset else ""
    notes: list[Sentence] = []
    if said and _ENCODINGS.match(said) and "utf" not in said.casefold() and not data.startswith(b"\xef\xbb\xbf"):
        text = data.decode(
            "cp1252" if said.casefold().replace("-", "").endswith(("88591", "latin1")) else said, "replace"
        )
    else:
        text, notes = decoded(data, name)
    kept, about = page_text(text, name, bounds)
    return Extracted(kept, MAKER, about, tuple(notes))


def page_text(text: str, name: str, bounds: ReadBounds) -> tuple[KeptText, DocumentProperties]:
    """The text of a page, and what it says of itself.

    Raises:
        ReadError: it is larger than the bounds.
    """
    said = _without_open_ends(text)
    page = _Page(name, bounds)
    page.feed(said)
    page.close()
    kept = page.kept
    read = sum(part.end - part.start for part in kept.reading())
    if read < len(kept.text) * _LEAST_READ:
        # A frame around everything that is called after a menu hides nothing.
        page = _Page(name, bounds, by_names=False)
        page.feed(said)
        page.close()
        kept = page.kept
    return title_first(kept), _about(page.head)


def _without_open_ends(text: str) -> str:
    """A page without comments that never end, which a parser would look for the end of again and again."""
    open_ = text.find("<!--", text.rfind("-->") + 1)
    return _MARKED.sub(" ", text if open_ < 0 else text[:open_])


def _about(head: _Head) -> DocumentProperties:
    said = head.said
    found = DocumentProperties(is_public=True)
    for each in head.json:
        _from_json(each, found)
    found.title = said.get("og:title", "") or head.title or found.title
    found.author = said.get("author", "") or found.author or said.get("og:site_name", "")
    days = (said.get(each, "") for each in ("article:published_time", "dcterms.date", "dc.date", "date"))
    found.published = next(
        (match[0] for each in (*days, found.published, head.time) if (match := _DAY.match(each))), ""
    )
    changed = _DAY.match(said.get("article:modified_time", "") or said.get("og:updated_time", ""))
    found.modified = changed[0] if changed else ""
    return found


def _from_json(text: str, found: DocumentProperties) -> None:
    """What the first article in schema.org's words says of a page."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return
    things = said if isinstance(said, list) else said.get("@graph", [said]) if isinstance(said, dict) else []
    for each in things if isinstance(things, list) else []:
        if isinstance(each, dict) and "Article" in str(each.get("@type", "")):
            found.published = found.published or str(each.get("datePublished", ""))
            author = each.get("author")
            author = author[0] if isinstance(author, list) and author else author
            name = author.get("name", "") if isinstance(author, dict) else author
            found.author = found.author or str(name or "")
