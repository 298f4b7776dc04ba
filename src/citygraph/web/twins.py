"""The files beside the page of every thing, and what the page tells search engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from citygraph.export import export_bytes
from citygraph.kinds import FALLBACK, Kind
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.web.facts import Group, statements_of
from citygraph.web.files import json_response
from citygraph.web.reading import Reading
from citygraph.web.rendering import Page, respond
from citygraph.web.tables import FactTable, tables_about

__all__ = ["MEDIA", "structured_data", "twin"]

MEDIA: Final = {"ttl": "text/turtle; charset=utf-8", "jsonld": "application/ld+json"}
_MOST_RECORDS: Final = 400


def twin(page: Page, iri: str, format_: str) -> Response:
    """What the page of a thing says, as Turtle, JSON-LD or JSON."""
    if format_ == "json":
        return json_response(page.request, _as_json(page, iri))
    quads = _quads_about(iri, page.reading)
    data = export_bytes(quads, format=format_, prefixes=page.project.prefixes)
    response = respond(page.request, data, MEDIA[format_])
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _quads_about(iri: str, reading: Reading) -> list[Quad]:
    """What is said of a thing, what names it, and all that the naming records say."""
    quads = [Quad(Iri(iri), Iri(p), value) for p, value in statements_of(iri, reading)]
    records = []
    for predicate, subject in statements_of(iri, reading, incoming=True):
        if isinstance(subject, Iri):
            quads.append(Quad(subject, Iri(predicate), Iri(iri)))
            if reading.kinds.get(subject.value) == FALLBACK:
                records.append(subject.value)
    for record in sorted(set(records))[:_MOST_RECORDS]:
        quads += [Quad(Iri(record), Iri(p), value) for p, value in statements_of(record, reading)]
    return quads


def _as_json(page: Page, iri: str) -> dict[str, object]:
    reading, manifest = page.reading, page.reading.manifest
    return {
        "iri": iri,
        "kind": reading.kinds[iri].name,
        "name": {language: reading.label(iri, language) for language in ("nb", "en")},
        "as_of": manifest.as_of,
        "snapshot": manifest.snapshot_id,
        "statements": [_statement_json(p, term, derived) for (p, term), derived in _said(iri, reading)],
        "tables": {
            table.key: [
                {
                    **{name: cell.iri or cell.datetime or cell.text for name, cell in zip(table.columns, row.cells, strict=True)},
                    "current": row.current,
                    "sources": [citation.to_json() for citation in row.citations],
                }
                for row in table.rows
            ]
            for table in tables_about(iri, reading, page.shower)
        },
    }  # fmt: skip


def _said(iri: str, reading: Reading) -> list[tuple[tuple[str, Term], bool]]:
    return sorted(statements_of(iri, reading).items(), key=lambda item: (item[0][0], str(item[0][1])))


def _statement_json(predicate: str, term: Term, derived: bool) -> dict[str, object]:  # noqa: FBT001
    value: dict[str, object] = {"value": term.value if isinstance(term, Iri | Literal) else str(term)}
    if isinstance(term, Literal):
        value["datatype"] = term.datatype.value
        if term.language:
            value["language"] = term.language
    return {"property": predicate, "kind": "iri" if isinstance(term, Iri) else "literal", "derived": derived, **value}


def structured_data(
    page: Page, iri: str, kind: Kind, groups: Sequence[Group], tables: Sequence[FactTable]
) -> dict[str, object]:
    """The thing in schema.org's words, for search engines."""
    names = sorted({text for text, *_ in page.reading.names.get(iri, [])} - {page.reading.label(iri, page.language)})
    said = {each.curie: each.statements for group in groups for each in group.properties if not each.incoming}
    document: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": kind.schema_type,
        "@id": iri,
        "name": page.reading.label(iri, page.language),
    }
    if names:
        document["alternateName"] = names
    same = [statement.value.iri for statement in said.get("schema:sameAs", ()) if statement.followed]
    if same:
        document["sameAs"] = same
    for curie, key in (("schema:foundingDate", "foundingDate"), ("foaf:homepage", "url")):
        values = [each.value.datetime or each.value.iri for each in said.get(curie, ()) if each.followed]
        if values:
            document[key] = values[0]
    latitude, longitude = said.get("schema:latitude", ()), said.get("schema:longitude", ())
    if latitude and longitude:
        document["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": latitude[0].value.number,
            "longitude": longitude[0].value.number,
        }
    for table in tables:
        if table.key == "memberships" and "organization" in table.columns and kind.name in {"authority", "person"}:
            place = table.columns.index("organization")
            current = [row.cells[place] for row in table.rows if row.current]
            if current:
                document["memberOf"] = [{"@type": "Organization", "name": cell.text} for cell in current]
    return document
