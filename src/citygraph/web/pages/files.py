"""Answers as files: JSON, CSV, TSV, XML, a workbook, GeoJSON, a graph in an RDF format, and an Atom feed."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response

from citygraph.csv_tables import (
    ADDRESS,
    METADATA_ENDING,
    CsvLayout,
    Dialect,
    TableAbout,
    columns_of,
    describe_table,
    sheet_columns,
    with_names,
    write_table,
)
from citygraph.errors import QueryError
from citygraph.export import export_bytes
from citygraph.formats import content_type, place_in, takes_more_keys
from citygraph.messages import Text, sentence
from citygraph.query import Answered
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.results import Answer, Graph, Solutions, plain_text, with_key, write_answer
from citygraph.web.pages.facts import table_of
from citygraph.web.pages.page import Page, respond

_ATOM: Final = "http://www.w3.org/2005/Atom"
_MOST_ROWS: Final = 200
METADATA: Final = f"csv{METADATA_ENDING}"
"""The ending of the metadata of a CSV table."""
# XML 1.0, 2.2: these characters cannot stand in a document at all.
_NOT_XML: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))


# -- files -----------------------------------------------------------------------------------------------


def answer_file(page: Page, answered: Answered, format: str, *, strict: bool = False) -> Response:  # noqa: A002
    """The answer in one format, under the name of its question; with `METADATA` what the columns of its table are.

    With `strict` it has no rows that are only last known.
    """
    name = f"{answered.query.name}.{format}"
    is_metadata = format == METADATA
    answer = answered.shown(strict=strict)
    body = _metadata(page, answered, answer) if is_metadata else _written(page, answered, answer, format)
    response = respond(page.request, body, "application/csvm+json" if is_metadata else content_type(format))
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    if format == "csv" and _dialect(page) is Dialect.STANDARD:
        parameters = f"?{page.request.url.query}" if page.request.url.query else ""
        beside = f'<{name}{METADATA_ENDING}{parameters}>; rel="describedby"; type="application/csvm+json"'
        response.headers.append("Link", beside)
    account_headers(page, response, answered)
    return response


def _dialect(page: Page) -> Dialect:
    """How a CSV table is laid out: as `dialect` in the address says.

    Raises:
        QueryError: there is no such layout.
    """
    said = page.request.query_params.get("dialect", Dialect.STANDARD.value)
    if said not in set(Dialect):
        raise QueryError(
            sentence("question.no_dialect", said=said), fix=sentence("next.dialect", known=", ".join(Dialect))
        )
    return Dialect(said)


def _day(page: Page) -> str:
    """The day that the answer holds for: that in the address, which has been read already, else that of the version."""
    return page.request.query_params.get("as_of", "").strip() or page.graph.manifest.as_of


def _named(page: Page, answer: Solutions) -> Solutions:
    """The rows with the names of things, in the language of the page."""
    return with_names(
        answer, lambda iri: page.formatter.graph.label(iri.value, page.language), prefixes=page.project.prefixes
    )


def _metadata(page: Page, answered: Answered, answer: Answer) -> bytes:
    query, account = answered.query, answered.account
    named = _named(page, answer) if isinstance(answer, Solutions) else Solutions((), ())
    about = TableAbout(
        query.title,
        query.question,
        licence=page.project.config.licence,
        day=_day(page),
        account=account.words if account is not None else Text(),
    )
    return describe_table(f"{query.name}.csv", columns_of(named, page.language), about)


def account_headers(page: Page, response: Response, answered: Answered | None) -> None:
    """Say in headers which day an answer holds for, and what it holds and leaves out (RFC 9651)."""
    if answered is not None and answered.account is not None:
        response.headers["Citygraph-Day"] = answered.account.day
        response.headers["Citygraph-Account"] = answered.account.header(page.project.prefixes)


def _written(page: Page, answered: Answered, answer: Answer, format: str) -> bytes:  # noqa: A002
    if isinstance(answer, Graph):
        quads = (Quad(each.subject, each.predicate, each.object) for each in answer.triples)
        return export_bytes(quads, format=format, prefixes=page.project.prefixes)
    if isinstance(answer, Solutions):
        match format:
            case "csv":
                return write_table(_named(page, answer), CsvLayout(_dialect(page), page.language))
            case "tsv":
                return write_answer(_named(page, answer), format="tsv")
            case "geojson":
                return _geojson(page, answer)
            case "xlsx":
                return _workbook(page, answered, _named(page, answer))
    body = write_answer(answer, format=format)
    account = answered.account
    if account is None or format != "json" or not takes_more_keys(page.request.headers.get("accept", "")):
        return body
    return with_key(body, "account", account.to_json(page.project.prefixes))


def _number(term: Term | None) -> float | None:
    try:
        number = float(term.value) if isinstance(term, Literal) else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None


def _geojson(page: Page, solutions: Solutions) -> bytes:
    """RFC 7946: a point for each row that has coordinates; the other columns are its properties."""
    at = place_in(solutions.columns)
    features = []
    for row in solutions.rows:
        north, east = (_number(row[at[0]]), _number(row[at[1]])) if at else (None, None)
        if north is None or east is None:
            continue
        properties: dict[str, object] = {}
        for index, (column, term) in enumerate(zip(solutions.columns, row, strict=True)):
            if term is not None and index not in (at or ()):
                shown = page.formatter.term(term)
                properties[column] = {"name": shown.text, "iri": shown.iri} if shown.iri else shown.text
        geometry = {"type": "Point", "coordinates": [east, north]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return _json({"type": "FeatureCollection", "features": features})


def _workbook(page: Page, answered: Answered, solutions: Solutions) -> bytes:
    """A workbook with the answer by name, and a sheet that says what it is; nothing in it is a formula."""
    import xlsxwriter  # noqa: PLC0415  # an extra; without it no workbooks

    manifest = page.graph.manifest
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, options)
    made = datetime.combine(date.fromisoformat(_day(page)), time(), tzinfo=UTC).replace(tzinfo=None)
    book.set_properties({"title": answered.query.title.in_language(page.language), "created": made})
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet(page.words("query.answer")[:31])
    columns = sheet_columns(solutions, lambda column: page.words.code("column", column))
    for index, (heading, _) in enumerate(columns):
        sheet.write_string(0, index, heading, bold)
    for number, row in enumerate(solutions.rows, 1):
        for index, (heading, place) in enumerate(columns):
            _write_cell(page, sheet, (number, index), row[place], is_address=heading.endswith(ADDRESS))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(solutions), 1), len(columns) - 1)
    sheet.autofit(max_width=360)
    about = book.add_worksheet(page.words("group.about")[:31])
    lines = [
        (page.words("page.questions"), answered.query.question.in_language(page.language)),
        (page.words("query.as_of"), _day(page)),
        *(
            [(page.words("query.account"), answered.account.words.in_language(page.language))]
            if answered.account
            else []
        ),
        (page.words("page.version"), manifest.snapshot_id),
        (page.words("page.licence"), page.project.config.licence),
        *((page.words.code("column", name), _cell(page, term)) for name, term in answered.bound.items()),
    ]
    for number, (label, value_text) in enumerate(lines):
        about.write_string(number, 0, label, bold)
        about.write_string(number, 1, value_text)
    about.autofit(max_width=500)
    book.close()
    return file.getvalue()


def _write_cell(page: Page, sheet: Any, at: tuple[int, int], term: Term | None, *, is_address: bool) -> None:  # noqa: ANN401  # an extra's
    if term is None:
        return
    value = _number(term) if isinstance(term, Literal) and not page.formatter.term(term).datetime else None
    if value is not None and page.formatter.term(term).number:
        sheet.write_number(*at, value)
    else:
        sheet.write_string(*at, (plain_text(term) if is_address else _cell(page, term))[:32_767])


def _cell(page: Page, term: Term) -> str:
    if isinstance(term, Iri):
        return page.formatter.iri(term.value).text
    return term.value if isinstance(term, Literal) else str(term)


def json_response(
    request: Request, value: object, *, status: int = 200, media_type: str = "application/json"
) -> Response:
    """Any value as JSON, with an ETag."""
    response = respond(request, _json(value), media_type, status=status)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


# -- the feed (RFC 4287) ---------------------------------------------------------------------------------


def feed_of(page: Page, answered: Answered, *, here: str, page_address: str, strict: bool = False) -> bytes:
    """The feed with the answer as it is now; the same answer on the same day gives the same bytes.

    With `strict` it has no rows that are only last known.
    """
    query = answered.query
    updated = f"{_day(page)}T00:00:00Z"
    identity = f"{page.project.config.base}queries/{query.name}"
    title, about = (each.in_language(page.language) for each in (query.title, query.question))
    feed = _feed(page, identity, title, about, here=here, page_address=page_address)
    entry = _element(feed, "entry", "")
    _element(entry, "id", f"{_identity(page, identity)}#{answer_hash(answered, strict=strict)}")
    _element(entry, "title", f"{query.title.in_language(page.language)}: {_size(page, answered)}")
    _element(entry, "updated", updated)
    _element(entry, "link", "", rel="alternate", href=page_address, type="text/html")
    if answered.account is not None:
        _element(entry, "summary", answered.account.words.in_language(page.language))
    _element(entry, "content", _tables(page, answered, strict=strict), type="html")
    return _feed_bytes(feed)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed: what it is known by, what it says, where that is, and its day as far as it is known."""

    identity: str
    title: str
    address: str
    day: str


def feed_of_entries(  # what a feed has (RFC 4287, 4.1.1)
    page: Page, name: str, title: str, subtitle: str, entries: Iterable[FeedEntry], *, here: str, page_address: str
) -> bytes:
    """A feed of things that happened; the same version gives the same bytes."""
    feed = _feed(page, f"{page.project.config.base}{name}", title, subtitle, here=here, page_address=page_address)
    for each in entries:
        entry = _element(feed, "entry", "")
        _element(entry, "id", each.identity)
        _element(entry, "title", each.title)
        # A month or a year begins on its first day.
        _element(entry, "updated", f"{each.day}{'0001-01-01'[len(each.day) :] if each.day else _day(page)}T00:00:00Z")
        _element(entry, "link", "", rel="alternate", href=each.address, type="text/html")
    return _feed_bytes(feed)


def _feed(page: Page, identity: str, title: str, subtitle: str, *, here: str, page_address: str) -> ET.Element:
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": page.language})
    _element(feed, "id", _identity(page, identity))
    _element(feed, "title", title)
    _element(feed, "subtitle", subtitle)
    _element(feed, "updated", f"{_day(page)}T00:00:00Z")
    _element(_element(feed, "author", ""), "name", page.project.config.title.in_language(page.language))
    _element(feed, "link", "", rel="self", href=here, type="application/atom+xml")
    _element(feed, "link", "", rel="alternate", href=page_address, type="text/html")
    return feed


def _feed_bytes(feed: ET.Element) -> bytes:
    ET.indent(feed)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def answer_hash(answered: Answered, *, strict: bool = False) -> str:
    """The same for the same answer, whatever the version of the graph; unless `strict` of the rows last known too."""
    answer = answered.answer
    data = write_answer(answer, format="nt" if isinstance(answer, Graph) else "json")
    if answered.last_known and not strict:
        data += write_answer(answered.last_known_rows(), format="json")
    return hashlib.sha256(data).hexdigest()[:16]


def _identity(page: Page, identity: str) -> str:
    """The question together with what was filled in."""
    query = str(page.request.url.query)
    return f"{identity}?{query}" if query else identity


def _size(page: Page, answered: Answered) -> str:
    if not isinstance(answered.answer, Solutions):
        return page.words("query.answer")
    count = len(answered.answer)
    return page.words("query.one_row") if count == 1 else page.words("query.rows", count=count)


def _tables(page: Page, answered: Answered, *, strict: bool) -> str:
    """The rows as HTML, which Atom carries as text; below them, unless `strict`, those that are last known."""
    rows = answered.for_people(page.language, strict=strict)
    if not isinstance(rows, Solutions):
        return ""
    if strict or not answered.last_known:
        return _table(page, rows)
    heading = ET.Element("h3")
    heading.text = page.words("query.last_known")
    told = ET.tostring(heading, encoding="unicode", method="html")
    return f"{_table(page, rows)}{told}{_table(page, answered.last_known_rows())}"


def _table(page: Page, answer: Solutions) -> str:
    """Rows as HTML: escaped here once more by the XML writer."""
    shown = table_of(answer, page.formatter, page.words)
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
