"""Headings between the rows, or names of sheets, that say the country or the network of what stands below."""

from __future__ import annotations

import re
from typing import Final

from citygraph.ingest.cleaning import clean
from citygraph.ingest.countries import country_label, country_of
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.tables import Row
from citygraph.ingest.towns import known_countries
from citygraph.matching.names import read_name
from citygraph.namespaces import fold

__all__ = ["Sections"]

_COUNTED: Final = re.compile(r"\s*[-–:,]?\s*[(\[]?\s*\d+\s*(?:members?|cities|medlemmer|byer|mitglieder|städte|membres|villes)?\s*[)\]]?\s*:?\Z|\s*:\Z", re.IGNORECASE)  # fmt: skip


class Sections:
    """What the last heading said; a heading that is not understood ends the section before it."""

    def __init__(self, map_: ListMap, sheet: str, networks: frozenset[str], *, alone: bool) -> None:
        """Begin a sheet.

        Args:
            map_: says whether headings and sheets name countries or networks.
            sheet: the name of the sheet.
            networks: names of networks that are known, folded.
            alone: whether the map names no other column of the rows, so that a row with one cell may be a city.
        """
        self._map = map_
        self._kind = map_.text("sections")
        self._networks = networks
        self._alone = alone
        self._is_like = False
        self.country = self._country(sheet) if map_.text("sheets") == "country" else ""
        self.network = sheet if map_.text("sheets") == "network" else ""
        self.problem = ""
        if map_.text("sheets") == "country" and not self.country:
            self.problem = f"the name of the sheet, {sheet!r}, is no country: add it to [countries] in the map"

    def take(self, row: Row, city: int) -> str:
        """The reason why a row is a heading; empty when it is none.

        A row with one filled cell is a heading when it names a country or a network that is known; another is perhaps one
        when it looks like it: in capitals, with a colon or a count behind it, or in another column than the cities.

        Args:
            row: the row.
            city: the place of the column of cities.
        """
        if not self._kind:
            return ""
        said = {text for cell in row.cells if (text := clean(cell).text)}
        if len(said) != 1:
            return ""
        text = said.pop()
        self._is_like = not known_countries(read_name(text).core) and (
            text.isupper()
            or _COUNTED.sub("", text) != text
            or city >= len(row.cells)
            or not clean(row.cells[city]).text
        )
        return self._take_country(text) if self._kind == "country" else self._take_network(text)

    def _take_country(self, text: str) -> str:
        bare = _COUNTED.sub("", text).strip(" :")
        country = self._country(bare)
        if country and not (self._alone and country == self.country):
            self.country, self.problem = country, ""
            return f"a section: {country_label(country, 'en')}"
        if self._alone or not self._is_like:
            return ""
        self.country = ""
        self.problem = (
            f"it stands below {bare[:60]!r}, which is no country that we know: add it to [countries] in the map"
        )
        return f"perhaps a section, but {bare[:60]!r} is no country that we know"

    def _take_network(self, text: str) -> str:
        bare = _COUNTED.sub("", text).strip(" :")
        if fold(bare) in self._networks or fold(text) in self._networks:
            self.network, self.problem = (bare if fold(bare) in self._networks else text), ""
            return f"a section: {self.network}"
        if self._alone or not self._is_like:
            return ""
        self.network = ""
        self.problem = (
            f"it stands below {bare[:60]!r}, which is no network that we know: add it to [networks] in the map"
        )
        return f"perhaps a section, but {bare[:60]!r} is no network that we know"

    def _country(self, text: str) -> str:
        return country_of(self._map.names("countries").get(fold(text), text)) if text else ""
