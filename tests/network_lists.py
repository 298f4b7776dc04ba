"""Lists as offices of networks make them, by seeded chance: wide and long, in four languages, with all that stands around a table.

Each row says what must become of it, so that nothing is right by chance: `kind` names the mess, `expected` what the list means.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from messy_lists import CITIES, NETWORKS

__all__ = ["WIDE_NETWORKS", "Expected", "long_list", "overview", "survey"]

WIDE_NETWORKS: Final = ("Eurocities", "C40 Cities", "ICLEI", "Rainbow Cities Network", "Climate Alliance")
_NAMES: Final = {
    "NO": "Norge|Norwegen|Norvège|Norway", "SE": "Sverige|Schweden|Suède|Sweden", "DK": "Danmark|Dänemark|Danemark|Denmark",
    "DE": "Tyskland|Deutschland|Allemagne|Germany", "FR": "Frankrike|Frankreich|France|France", "ES": "Spania|Spanien|Espagne|Spain",
    "IT": "Italia|Italien|Italie|Italy", "PL": "Polen|Polen|Pologne|Poland", "PT": "Portugal|Portugal|Portugal|Portugal",
    "AT": "Østerrike|Österreich|Autriche|Austria", "NL": "Nederland|Niederlande|Pays-Bas|Netherlands",
    "BE": "Belgia|Belgien|Belgique|Belgium", "FI": "Finland|Finnland|Finlande|Finland", "GB": "Storbritannia|Vereinigtes Königreich|Royaume-Uni|UK",
    "CZ": "Tsjekkia|Tschechien|Tchéquie|Czech Republic", "CH": "Sveits|Schweiz|Suisse|Switzerland", "IE": "Irland|Irland|Irlande|Ireland",
}  # fmt: skip
_COUNTRIES: Final = {code: names.split("|") for code, names in _NAMES.items()}
_AROUND: Final = (
    "{}", "{}", "{}", "{} kommune", "City of {}", "Ville de {}", "Stadt {}", "{}*", "{}¹", "{}\u00a0", " {} ", "{} ({})", "{}, {}", "{} ({code})",
    "Kommune {}", "Municipality of {}",
)  # fmt: skip
# A mark, the role that it means, the beginning and the end; nothing for marks that mean no membership.
_MARKS: Final = (
    ("x", "full-member", "", ""), ("✓", "full-member", "", ""), ("X", "full-member", "", ""), ("2004", "full-member", "2004", ""),
    ("since 2011", "full-member", "2011", ""), ("siden 2007", "full-member", "2007", ""), ("seit Mai 2009", "full-member", "2009-05", ""),
    ("1.5.2004", "full-member", "2004-05-01", ""), ("May 2004", "full-member", "2004-05", ""), ("2004/05", "full-member", "2004", ""),
    ("observer", "observer", "", ""), ("Observatør siden 2012", "observer", "2012", ""), ("Beobachter", "observer", "", ""),
    ("associate", "associate-member", "", ""), ("x (2013)", "full-member", "2013", ""), ("until 2019", "full-member", "", "2019"),
    ("2001–2010", "full-member", "2001", "2010"), ("bis 2016", "full-member", "", "2016"), ("38108", "full-member", "2004-05-01", ""),
    ("former member", "full-member", "", ""), ("depuis 2004", "full-member", "2004", ""), ("partner", "associated-partner", "", ""),
)  # fmt: skip
_NONE: Final = ("", "", "", "", "", "", "-", "–", "nei", "no", "n/a")
_NOT_YET: Final = ("candidate", "søker", "not a member", "Antragsteller")
_OPEN: Final = ("?", "gold", "see note")


@dataclass(frozen=True, slots=True)
class Expected:
    """A row of a list: its cells, the mess, and what it means.

    Args:
        cells: as they stand in the file.
        kind: the mess.
        claims: for each network its role, begin and end; with the word `open` for what a person must see, `none` for who is no member.
        about: country and city, the same for every spelling of one city; empty for what is no member.
    """

    cells: tuple[str, ...]
    kind: str
    claims: tuple[tuple[str, str, str, str], ...] = ()
    about: tuple[str, str] = ("", "")


def _cities() -> list[list[str]]:
    return [city for city in CITIES if city[0] in _COUNTRIES]


def _towns(chance: random.Random, count: int) -> list[list[str]]:
    """Towns that nobody knows; each has its name in one country, near no other name."""
    first = [
        "Brok",
        "Vand",
        "Skarn",
        "Trol",
        "Mell",
        "Glar",
        "Fjon",
        "Krut",
        "Hapl",
        "Dwin",
        "Sorv",
        "Bluk",
        "Yrst",
        "Nemp",
        "Quor",
        "Zelt",
        "Ostr",
        "Wugh",
        "Pahl",
        "Rinq",
        "Tvel",
        "Gnor",
        "Jask",
        "Bex",
        "Cloh",
        "Dymm",
        "Fraz",
        "Hulv",
        "Kepp",
        "Lorq",
    ]
    last = [
        "avik",
        "ograd",
        "etto",
        "ubourg",
        "inowo",
        "asund",
        "ezza",
        "ihamn",
        "ořice",
        "ueva",
        "astre",
        "ylä",
        "overt",
        "ampton",
        "ekirk",
    ]
    middle = ["a", "e", "i", "o", "u", "al", "er", "in", "or", "um", "ast", "eld", "isk", "ond", "urg"]
    names = [f"{one}{two}{three}" for one in first for two in middle for three in last]
    chance.shuffle(names)
    return [[chance.choice(list(_COUNTRIES)), name, "", ""] for name in names[:count]]


def _written(chance: random.Random, city: list[str], language: int) -> str:
    pattern = chance.choice(_AROUND)
    if "code" in pattern:
        return pattern.format(city[1], code=city[0])
    return pattern.format(city[1], *[_COUNTRIES[city[0]][language]] * (pattern.count("{}") - 1))


def overview(seed: int, count: int, *, language: int = 3) -> Iterator[Expected]:
    """A wide list, city by city below the heading of its country: a column for each network."""
    chance = random.Random(seed)  # noqa: S311  # lists, not secrets
    cities = [*_cities(), *_towns(chance, count)]
    cities = sorted(cities[:count], key=lambda each: each[0])
    yield Expected(("Overview of memberships in city networks",), "title")
    yield Expected(("Last updated 1.5.2024; x = member",), "title")
    yield Expected((), "empty")
    yield Expected(("No.", "City", "Networks", "", "", "", "", "Comment"), "names")
    yield Expected(("", "", *WIDE_NETWORKS, ""), "names")
    country, number = "", 0
    for city in cities:
        if city[0] != country:
            country = city[0]
            yield Expected((f"{_COUNTRIES[country][language].upper()} ({chance.randint(2, 40)})",), "section")
        number += 1
        marks, claims = _marks(chance)
        cells = (
            str(number),
            _written(chance, city, language),
            *marks,
            chance.choice(("", "", "", "new", "see website")),
        )
        yield Expected(cells, "row", tuple(claims), (city[0], city[1]))
        if chance.random() < 0.01:
            yield Expected((), "empty")
    yield Expected(("Total", str(number), "12", "9", "14", "3", "7", ""), "total")
    yield Expected((), "empty")
    yield Expected(("* hosts the secretariat",), "note")
    yield Expected(("¹ The city joined on behalf of its region; the membership is under discussion.",), "note")
    yield Expected(("Source: websites of the networks, May 2024",), "note")


def _marks(chance: random.Random) -> tuple[list[str], list[tuple[str, str, str, str]]]:
    while True:
        marks: list[str] = []
        claims: list[tuple[str, str, str, str]] = []
        for network in WIDE_NETWORKS:
            draw = chance.random()
            if draw < 0.5:
                marks.append(chance.choice(_NONE))
            elif draw < 0.96:
                mark, role, begin, end = chance.choice(_MARKS)
                marks.append(mark)
                claims.append((network, role, begin, end))
            elif draw < 0.98:
                marks.append(chance.choice(_NOT_YET))
                claims.append((network, "none", "", ""))
            else:
                marks.append(chance.choice(_OPEN))
                claims.append((network, "open", "", ""))
        if claims:
            return marks, claims


def long_list(seed: int, count: int, *, language: int) -> Iterator[Expected]:
    """A long list: one membership a row, cells of cities and countries empty where they repeat, several networks in a cell."""
    chance = random.Random(seed)  # noqa: S311
    heading = (
        ("Kommune", "Land", "Nettverk", "Status", "Medlem siden", "Utmeldt"),
        ("Stadt", "Land", "Netzwerk", "Status", "Mitglied seit", "Austritt"),
        ("Ville", "Pays", "Réseau", "Statut", "Date d’adhésion", "Jusqu’en"),
        ("City", "Country", "Network", "Status", "Joined", "Left"),
    )[language]
    yield Expected(heading, "names")
    made = 0
    cities = [*_cities(), *_towns(chance, count // 3)]
    for city in cities:
        before = ""
        for place, network in enumerate(chance.sample(NETWORKS, k=min(len(NETWORKS), chance.choice((1, 1, 2, 3, 4))))):
            if made == count:
                return
            made += 1
            date, begin = chance.choice((("", ""), ("1.5.2004", "2004-05-01"), ("2004", "2004"), ("Mai 2009", "2009-05"), ("2004-05-01 00:00:00", "2004-05-01"), ("ca. 1998", "1998")))  # fmt: skip
            status, role = chance.choice((("", "full-member"), ("Mitglied", "full-member"), ("observatør", "observer"), ("membre associé", "associate-member")))  # fmt: skip
            name = "" if before == city[1] and place else _written(chance, city, language)
            country = "" if before == city[1] and place else _COUNTRIES[city[0]][language]
            before = city[1]
            yield Expected(
                (name, country, network, status, date, ""), "row", ((network, role, begin, ""),), (city[0], city[1])
            )


def survey(path: Path, seed: int, count: int) -> list[tuple[str, int, Expected]]:
    """Write a workbook with two rows of headings, merged cells, a sheet for notes, a hidden one, hidden rows, dates and formulas.

    Returns:
        For each row of a city its sheet, its number in it, and what it means.
    """
    import xlsxwriter  # noqa: PLC0415

    chance = random.Random(seed)  # noqa: S311
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    made: list[tuple[str, int, Expected]] = []
    for sheet_name, part in (("Europe A–G", 0), ("Europe H–Z", 1)):
        sheet = book.add_worksheet(sheet_name)
        sheet.merge_range(0, 0, 0, 7, "Networks of cities: survey")
        sheet.merge_range(2, 0, 3, 0, "Country")
        sheet.merge_range(2, 1, 3, 1, "City")
        sheet.merge_range(2, 2, 2, 6, "Networks")
        for place, name in enumerate(WIDE_NETWORKS):
            sheet.write_string(3, 2 + place, name)
        cities = sorted(
            [*_cities(), *_towns(chance, count)][part : 2 * count : 2][: count // 2], key=lambda each: each[0]
        )
        _rows(book, sheet, sheet_name, cities, chance, made)
    hidden = book.add_worksheet("Old")
    hidden.write_row(0, 0, ("Country", "City", *WIDE_NETWORKS))
    hidden.write_row(1, 0, ("Norway", "Moss", "x"))
    hidden.hide()
    book.add_worksheet("Read me").write(0, 0, "Made by the international office")
    book.close()
    return made


def _rows(
    book: Any,  # noqa: ANN401  # xlsxwriter has no types
    sheet: Any,  # noqa: ANN401
    name: str,
    cities: list[list[str]],
    chance: random.Random,
    made: list[tuple[str, int, Expected]],
) -> None:
    """The cities of one sheet, each country in one merged cell."""
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    row = 4
    while cities:
        country = cities[0][0]
        same = [city for city in cities if city[0] == country]
        cities = cities[len(same) :]
        if len(same) > 1:
            sheet.merge_range(row, 0, row + len(same) - 1, 0, _COUNTRIES[country][3])
        else:
            sheet.write_string(row, 0, _COUNTRIES[country][3])
        for city in same:
            marks, claims = _marks(chance)
            written = _written(chance, city, 3)
            if chance.random() < 0.1:
                sheet.write_formula(row, 1, f'="{written}"', None, written)
            else:
                sheet.write_string(row, 1, written)
            for place, mark in enumerate(marks):
                if mark == "1.5.2004":
                    sheet.write_number(row, 2 + place, 38108, day)
                elif mark.isdigit():
                    sheet.write_number(row, 2 + place, int(mark))
                else:
                    sheet.write_string(row, 2 + place, mark)
            if chance.random() < 0.02:
                sheet.set_row(row, None, None, {"hidden": True})
            made.append((name, row + 1, Expected((), "row", tuple(claims), (city[0], city[1]))))
            row += 1
    sheet.write_string(row, 0, "Total")
    sheet.write_formula(row, 2, "=COUNTA(C5:C99)", None, 95)
    sheet.write_string(row + 2, 0, "* hosts the secretariat. Source: own survey, May 2024.")
