"""A map begun from the headings of a list, for a person to read and mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from citygraph.errors import IngestError
from citygraph.ingest.cleaning import clean
from citygraph.ingest.lists import read_list
from citygraph.ingest.tables import Limits, Row, Sheet
from citygraph.namespaces import fold, slug

__all__ = ["draft_map"]

_WORDS: Final = {
    "city": "city|town|municipality|member|member city|name|name of city|city name|by|kommune|bynavn|medlem|navn|stadt|gemeinde|"
    "ville|commune|ciudad|municipio|citta|comune|stad|local government|city or town|member name|cidade|miasto|mesto|city/region",
    "country": "country|land|pays|pais|paese|staat|nation|country name|state/country|country code|iso|iso2|iso3|kraj",
    "region": "state|region|province|county|fylke|state/province|bundesland|departement|provincia|prefecture",
    "network": "network|networks|nettverk|netzwerk|reseau|red|rete|organisation|organization|association|membership|memberships|"
    "network name|tmn|city network",
    "status": "status|type|role|membership type|member type|category|medlemstype|mitgliedschaft|grade|membership status",
    "joined": "joined|since|member since|year joined|year|date joined|join date|start|start date|from|innmeldt|medlem siden|seit|"
    "depuis|desde|accession|entry|year of accession|year of joining|membership date",
    "left": "left|until|end|end date|to|utmeldt|bis|exit|year left|date left|withdrawal",
    "latitude": "latitude|lat|breddegrad|breite|coordinates|koordinater|koordinaten|lat/lon|y|latitud|geo|location",
    "longitude": "longitude|lon|lng|long|lengdegrad|lange|x|longitud",
}
_LOOKED_AT: Final = 40
_MARKS: Final = re.compile(r"[^\w/]+")


def draft_map(path: Path) -> str:
    """A map for the list, with its headings as comments.

    Raises:
        IngestError: the list cannot be read, or no row looks like headings.
    """
    listing = read_list(path, limits=Limits())
    best = max(
        ((sheet, row) for sheet in listing.sheets for row in sheet.rows[:_LOOKED_AT]),
        key=lambda each: (len(_guess(each[1])), -each[1].number),
        default=(Sheet("", ()), Row(0, ())),
    )
    sheet, row = best
    guessed = _guess(row)
    if "city" not in guessed:
        message = f"{path.name}: no row looks like the names of columns with a city among them."
        raise IngestError(message, fix="Write the map by hand: docs/lists.md says how.")
    lines = [
        f"list   = {_quoted(slug(path.stem) or 'list')}   # the same name for every edition of this list",
        "as_of  = 2000-01-01   # MEND THIS: the day for which the list holds",
        '# title = { nb = "…", en = "…" }',
        '# page  = "https://…"   # where the list was found',
    ]
    if sheet.name and len(listing.sheets) > 1:
        lines.append(f"sheet  = {_quoted(sheet.name)}")
    if "network" not in guessed:
        lines.append('network = "MEND THIS: the network, or [wide] for one column for each network"')
    lines += ["", "[columns]"]
    lines += [f"{name:<9} = {_quoted(heading)}" for name, heading in guessed.items()]
    others = [text for cell in row.cells if (text := clean(cell).text) and text not in guessed.values()]
    lines += ["", *(f"# not used: {each[:80]}" for each in others[:40])]
    return "\n".join(lines).rstrip() + "\n"


def _guess(row: Row) -> dict[str, str]:
    headings = {_MARKS.sub(" ", fold(text)).strip(): text for cell in row.cells if (text := clean(cell).text)}
    found: dict[str, str] = {}
    for name, words in _WORDS.items():
        for word in words.split("|"):
            if word in headings and headings[word] not in found.values():
                found[name] = headings[word]
                break
    return found


def _quoted(text: str) -> str:
    """A TOML basic string."""
    plain = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x20 or letter in '"\\' else letter for letter in text)  # noqa: PLR2004
    return f'"{plain}"'
