"""An Atom feed for each question: a new entry whenever the answer is another one (RFC 4287)."""

from __future__ import annotations

import hashlib
from typing import Final
from xml.etree import ElementTree as ET

from citygraph.query import Answered
from citygraph.results import Graph, Solutions, write_answer
from citygraph.web.answers import table_of
from citygraph.web.rendering import Page

__all__ = ["answer_hash", "feed_of"]

_ATOM: Final = "http://www.w3.org/2005/Atom"
_MOST_ROWS: Final = 200
# XML 1.0, 2.2: these characters cannot stand in a document at all.
_NOT_XML: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))


def answer_hash(answered: Answered) -> str:
    """The same for the same answer, whatever the version of the graph."""
    answer = answered.answer
    data = write_answer(answer, format="nt" if isinstance(answer, Graph) else "json")
    return hashlib.sha256(data).hexdigest()[:16]


def feed_of(page: Page, answered: Answered, *, here: str, page_address: str) -> bytes:
    """The feed with the answer as it is now; the same answer on the same day gives the same bytes."""
    query = answered.query
    updated = f"{page.reading.manifest.as_of}T00:00:00Z"
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": page.language})
    identity = f"{page.project.config.base}queries/{query.name}"
    _element(feed, "id", _identity(page, identity))
    _element(feed, "title", query.title.in_language(page.language))
    _element(feed, "subtitle", query.question.in_language(page.language))
    _element(feed, "updated", updated)
    _element(_element(feed, "author", ""), "name", page.project.config.title.in_language(page.language))
    _element(feed, "link", "", rel="self", href=here, type="application/atom+xml")
    _element(feed, "link", "", rel="alternate", href=page_address, type="text/html")
    entry = _element(feed, "entry", "")
    _element(entry, "id", f"{_identity(page, identity)}#{answer_hash(answered)}")
    _element(entry, "title", f"{query.title.in_language(page.language)}: {_size(page, answered)}")
    _element(entry, "updated", updated)
    _element(entry, "link", "", rel="alternate", href=page_address, type="text/html")
    _element(entry, "content", _table(page, answered), type="html")
    ET.indent(feed)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def _identity(page: Page, identity: str) -> str:
    """The question together with what was filled in."""
    query = str(page.request.url.query)
    return f"{identity}?{query}" if query else identity


def _size(page: Page, answered: Answered) -> str:
    if not isinstance(answered.answer, Solutions):
        return page.words("query.answer")
    count = len(answered.answer)
    return page.words("query.one_row") if count == 1 else page.words("query.rows", count=count)


def _table(page: Page, answered: Answered) -> str:
    """The rows as HTML, which Atom carries as text: escaped here once more by the XML writer."""
    if not isinstance(answered.answer, Solutions):
        return ""
    shown = table_of(answered.answer, page.shower, page.words)
    table = ET.Element("table")
    head = ET.SubElement(table, "tr")
    for column in shown.columns:
        ET.SubElement(head, "th").text = column.translate(_NOT_XML)
    for row in shown.rows[:_MOST_ROWS]:
        line = ET.SubElement(table, "tr")
        for cell in row.cells:
            ET.SubElement(line, "td").text = cell.text.translate(_NOT_XML)
    return ET.tostring(table, encoding="unicode", method="html")


def _element(parent: ET.Element, name: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text.translate(_NOT_XML) or None
    return element
