"""What the columns of a list probably hold: by the words of their headings, then by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from citygraph.ingest.cleaning import clean
from citygraph.ingest.countries import country_of
from citygraph.ingest.dates import read_date
from citygraph.ingest.statuses import read_status
from citygraph.ingest.tables import Row
from citygraph.ingest.towns import known_countries
from citygraph.matching.names import read_name
from citygraph.namespaces import fold

__all__ = ["by_content", "by_words", "cells_of", "heading_score", "is_city", "is_mark", "is_marked", "marked"]

# Whole headings, folded; the first kind that has one takes the column.
_WORDS: Final = {
    "city": "city|town|municipality|member city|name of city|city name|by|kommune|bynavn|stadt|gemeinde|kommun|"
    "ville|commune|ciudad|municipio|citta|comune|stad|gemeente|local government|local authority|city or town|cidade|miasto|mesto|"
    "city/region|city/town|name of the city|mitgliedsstadt|ville membre|medlemsby|medlemskommune|medlem|member|mitglied|membre|"
    "member name|name|navn|nom|nombre|nome|naam",
    "country": "country|land|pays|pais|paese|staat|nation|country name|state/country|kraj|country code|iso|iso2|iso3|country (iso)",
    "region": "state|region|province|county|fylke|state/province|bundesland|departement|provincia|prefecture|lan|canton|kanton",
    "network": "network|networks|nettverk|netzwerk|netzwerke|reseau|reseaux|red|rete|organisation|organization|association|"
    "membership|memberships|network name|tmn|city network|medlemskap|mitgliedschaften|member of|medlem i|mitglied in|membre de",
    "status": "status|type|role|membership type|member type|category|medlemstype|mitgliedschaft|grade|membership status|rolle|"
    "statut|type of membership|art der mitgliedschaft|medlemsstatus|mitgliedsstatus|kategorie|categorie|estado",
    "joined": "joined|since|member since|year joined|year|date joined|join date|start|start date|from|innmeldt|medlem siden|seit|"
    "depuis|desde|accession|entry|year of accession|year of joining|membership date|ar|jahr|annee|fra|siden|beitritt",
    "left": "left|until|end|end date|to|utmeldt|bis|exit|year left|date left|withdrawal|til|austritt|jusqu'en|sortie|slutt",
    "latitude": "latitude|lat|breddegrad|breite|breitengrad|coordinates|koordinater|koordinaten|lat/lon|y|latitud|geo|location",
    "longitude": "longitude|lon|lng|long|lengdegrad|lange|langengrad|x|longitud",
}
_HEADINGS: Final = frozenset(word for words in _WORDS.values() for word in words.split("|"))
# One such word in a heading is enough; a date says more than what it is the date of.
_WITHIN: Final = {
    "joined": "since|joined|joining|accession|siden|innmeldt|innmeldingsdato|seit|beitritt|beitrittsdatum|depuis|adhesion|desde|sinds|alta",
    "left": "left|leaving|withdrawal|utmeldt|austritt|sortie|until|retrait",
    "status": "status|statut|type|role|rolle|medlemstype|kategori",
    "country": "country|land|pays|pais|paese|staat",
    "network": "network|networks|nettverk|netzwerk|reseau|rete",
    "region": "state|province|county|fylke|bundesland|departement|region",
    "city": "city|town|municipality|kommune|stadt|gemeinde|ville|commune|ciudad|citta|comune|kommun|gemeente|byen|kommunen",
}
# Columns of lists that say nothing of a membership.
_OTHER: Final = frozenset({
    "nr", "no", "number", "#", "id", "population", "innbyggere", "einwohner", "habitants", "founded", "grunnlagt", "gegrundet", "fonde",
    "remarks", "remark", "merknad", "notes", "note", "bemerkung", "remarque", "comment", "comments", "kommentar", "website", "url",
    "email", "contact", "kontakt", "mayor", "borgermester", "ordforer", "burgermeister", "maire", "address", "adresse", "phone",
    "telefon", "total", "sum", "antall", "anzahl", "established", "members", "medlemmer", "inhabitants",
})  # fmt: skip
_MARKS: Final = re.compile(r"[^\w/']+")
_SAMPLE: Final = 400
_MANY, _SOME = 0.7, 0.3
_LEAST: Final = 2


def _plain(name: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(name)).split())


def by_words(names: Sequence[str]) -> dict[str, int]:
    """The columns whose headings say what they hold, by kind."""
    plain = [_plain(name) for name in names]
    found: dict[str, int] = {}
    for kind, words in _WORDS.items():
        for word in words.split("|"):
            if word in plain and plain.index(word) not in found.values():
                found[kind] = plain.index(word)
                break
    for kind, within in _WITHIN.items():
        wanted = set(within.split("|"))
        places = [
            place
            for place, text in enumerate(plain)
            if place not in found.values() and wanted & set(re.split(r"[ /']", text))
        ]
        if kind not in found and places:
            found[kind] = places[0]
    return found


def heading_score(names: Sequence[str]) -> int:
    """How much a row looks like the names of columns with a city among them: whole headings count twice; 0 when it does not."""
    plain = [_plain(name) for name in names]
    whole = set(plain) & _HEADINGS
    others = [name for name, text in zip(names, plain, strict=True) if text and text not in _HEADINGS | _OTHER]
    if any(is_mark(name) or country_of(name) or not any(map(str.isalpha, name)) for name in others):
        return 0
    found = by_words(names)
    if "city" not in found:
        return 0
    is_sure = plain[found["city"]] in _WORDS["city"].split("|")
    filled = sum(map(bool, names))
    return len(whole) + len(found) if (is_sure and (filled > 1 or len(names) == 1)) or len(found) > 1 else 0


def cells_of(rows: Sequence[Row], place: int) -> list[str]:
    """What stands in a column, cleaned, without empty cells."""
    cells = (clean(row.cells[place]).text for row in rows[:_SAMPLE] if place < len(row.cells))
    return [cell for cell in cells if cell]


def by_content(rows: Sequence[Row], width: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The columns that show what they hold: names of cities, of countries."""
    found: dict[str, int] = {}
    for kind, is_one in (("country", _is_country), ("city", is_city)):
        shares = {place: _share(cells_of(rows, place), is_one) for place in range(width) if place not in taken.values()}
        best = max(shares, key=lambda place: shares[place], default=None)
        if kind not in taken and best is not None and shares[best] >= _SOME and best not in found.values():
            found[kind] = best
    return found


def marked(rows: Sequence[Row], names: Sequence[str], taken: Mapping[str, int]) -> list[int]:
    """The columns that are probably networks: most of their cells are a mark, a year or a word of a status."""
    found = []
    for place, name in enumerate(names):
        words = set(_MARKS.sub(" ", fold(name)).split())
        if place in taken.values() or not name or words & _OTHER or read_date(name):
            continue
        cells = cells_of(rows, place)
        if cells and is_marked(cells):
            found.append(place)
    return found


def is_marked(cells: Sequence[str]) -> bool:
    """Whether most cells of a column are marks; so they are when there is none."""
    return sum(map(is_mark, cells)) >= _MANY * len(cells)


def _share(cells: Sequence[str], is_one: object) -> float:
    return sum(bool(is_one(cell)) for cell in cells) / len(cells) if len(cells) >= _LEAST and callable(is_one) else 0.0


def _is_country(cell: str) -> bool:
    return bool(country_of(cell))


def is_city(cell: str) -> bool:
    """Whether a cell names a well-known city."""
    return bool(known_countries(read_name(cell).core))


def is_mark(cell: str) -> bool:
    """Whether a cell is what stands in a column that is a network: a mark, a year, a status."""
    return fold(cell) in {
        "1",
        "0",
        "-",
        "no",
        "nei",
        "nein",
        "non",
        "y",
        "n",
        "true",
        "false",
        "j",
        "•",
        "●",
        "?",
    } or bool(read_status(cell, {}))
