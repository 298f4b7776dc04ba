"""The list as a source: the document, and one address for each row that something was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from citygraph.ingest.entries import Entry
from citygraph.ingest.known import CSVW
from citygraph.ingest.lists import Listing
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.minting import iri_triple, text_triple
from citygraph.language import Text
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Triple

__all__ = ["Anchors"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_DCT, _PROV = PREFIXES["dct"], PREFIXES["prov"]
_MEDIA: Final = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IANA: Final = "https://www.iana.org/assignments/media-types/"


class Anchors:
    """The document of one list, and the rows of it that are cited."""

    def __init__(self, listing: Listing, map_: ListMap, base: str) -> None:
        """Name the document; nothing is cited yet."""
        self._listing = listing
        self._map = map_
        self.document = f"{base}source/{map_.name}-{map_.as_of.isoformat()}{listing.ending}"
        self._cited: set[str] = set()
        self._rows: list[Triple] = []

    def cite(self, entry: Entry) -> str:
        """The address of a row (RFC 7111), described once."""
        sheet = f"sheet={quote(entry.sheet, safe='')}&" if entry.sheet else ""
        iri = f"{self.document}#{sheet}row={entry.row}"
        if iri not in self._cited:
            self._cited.add(iri)
            digest = hashlib.sha256("\x1f".join(entry.cells).encode("utf-8", "surrogatepass")).hexdigest()
            self._rows += [
                iri_triple(iri, _TYPE, CSVW + "Row"),
                text_triple(iri, CSVW + "title", entry.written),
                iri_triple(iri, PREFIXES["oa"] + "hasSource", self.document),
                text_triple(iri, CG + "sha256", digest),
            ]
        return iri

    def triples(self) -> Iterator[Triple]:
        """The document, then its rows."""
        yield from self._described_document()
        yield from self._rows

    def _described_document(self) -> Iterator[Triple]:
        given, day = self._map.values["title"], self._map.as_of.isoformat()
        title = Text.of(given) if given else Text(f"{self._map.name}, {day}", f"{self._map.name}, {day}")
        iri = self.document
        yield iri_triple(iri, _TYPE, PREFIXES["foaf"] + "Document")
        yield iri_triple(iri, _TYPE, _PROV + "Entity")
        for language in ("nb", "en"):
            yield text_triple(iri, _DCT + "title", title.in_language(language), language)
        yield text_triple(iri, _DCT + "date", day, kind="date")
        yield iri_triple(iri, _DCT + "format", _IANA + _MEDIA[self._listing.ending])
        yield text_triple(iri, CG + "sha256", self._listing.sha256)
        for key, property_ in (("page", PREFIXES["foaf"] + "page"), ("licence", _DCT + "license")):
            if self._map.text(key):
                yield iri_triple(iri, property_, self._map.text(key))
