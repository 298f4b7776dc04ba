"""Messy membership lists by seeded chance: real cities, and every kind of mess that lists have, each row with its kind."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["CITIES", "NETWORKS", "MessyRow", "as_csv", "messy_rows"]

# Country, city, latitude, longitude; and for some another name. From general knowledge, to two decimals.
CITIES = [line.split("|") for line in """NO|Oslo|59.91|10.75|Christiania
NO|Bergen|60.39|5.32
NO|Trondheim|63.43|10.40
NO|Stavanger|58.97|5.73
NO|Tromsø|69.65|18.96
NO|Kristiansand|58.15|8.00
NO|Ålesund|62.47|6.15
SE|Stockholm|59.33|18.07
SE|Göteborg|57.71|11.97|Gothenburg
SE|Malmö|55.60|13.00
SE|Linköping|58.41|15.62
SE|Umeå|63.83|20.26
DK|København|55.68|12.57|Copenhagen
DK|Aarhus|56.16|10.20
DK|Odense|55.40|10.39
FI|Helsinki|60.17|24.94|Helsingfors
FI|Tampere|61.50|23.76|Tammerfors
FI|Oulu|65.01|25.47
IS|Reykjavík|64.15|-21.94
DE|Berlin|52.52|13.40
DE|Hamburg|53.55|9.99
DE|München|48.14|11.58|Munich
DE|Köln|50.94|6.96|Cologne
DE|Leipzig|51.34|12.37
DE|Nürnberg|49.45|11.08|Nuremberg
DE|Düsseldorf|51.23|6.77
DE|Mannheim|49.49|8.47
DE|Karlsruhe|49.01|8.40
DE|Frankfurt am Main|50.11|8.68
FR|Paris|48.86|2.35
FR|Lyon|45.76|4.84
FR|Nantes|47.22|-1.55
FR|Bordeaux|44.84|-0.58
FR|Strasbourg|48.57|7.75
FR|Lille|50.63|3.06
FR|Rennes|48.11|-1.68
FR|Saint-Étienne|45.44|4.39
GB|London|51.51|-0.13
GB|Manchester|53.48|-2.24
GB|Glasgow|55.86|-4.25
GB|Leeds|53.80|-1.55
GB|Cardiff|51.48|-3.18
GB|Newcastle upon Tyne|54.98|-1.61
IE|Dublin|53.35|-6.26
IE|Cork|51.90|-8.47
NL|Amsterdam|52.37|4.90
NL|Rotterdam|51.92|4.48
NL|Utrecht|52.09|5.12
NL|Den Haag|52.08|4.31|The Hague
NL|Eindhoven|51.44|5.48
BE|Gent|51.05|3.72|Ghent
BE|Antwerpen|51.22|4.40|Antwerp
BE|Leuven|50.88|4.70
ES|Barcelona|41.39|2.17
ES|Madrid|40.42|-3.70
ES|Bilbao|43.26|-2.93
ES|Sevilla|37.39|-5.98|Seville
ES|Zaragoza|41.65|-0.88|Saragossa
ES|Málaga|36.72|-4.42
PT|Lisboa|38.72|-9.14|Lisbon
PT|Porto|41.15|-8.61
PT|Braga|41.55|-8.43
IT|Roma|41.90|12.50|Rome
IT|Milano|45.46|9.19|Milan
IT|Torino|45.07|7.69|Turin
IT|Firenze|43.77|11.26|Florence
IT|Bologna|44.49|11.34
IT|Genova|44.41|8.93
IT|Palermo|38.12|13.36
AT|Wien|48.21|16.37|Vienna
AT|Graz|47.07|15.44
AT|Salzburg|47.81|13.05
CH|Zürich|47.38|8.54|Zurich
CH|Genève|46.20|6.14|Geneva
CH|Basel|47.56|7.59
PL|Warszawa|52.23|21.01|Warsaw
PL|Kraków|50.06|19.94|Cracow
PL|Gdańsk|54.35|18.65
PL|Poznań|52.41|16.93
PL|Łódź|51.76|19.46
PL|Lublin|51.25|22.57
CZ|Praha|50.08|14.44|Prague
CZ|Brno|49.20|16.61
CZ|Ostrava|49.82|18.26
HU|Budapest|47.50|19.04
RO|București|44.43|26.10|Bucharest
RO|Cluj-Napoca|46.77|23.59
BG|Plovdiv|42.14|24.75
BG|Varna|43.21|27.91
GR|Thessaloniki|40.64|22.94
HR|Zagreb|45.82|15.98
HR|Rijeka|45.33|14.44
SI|Ljubljana|46.06|14.51
SK|Bratislava|48.15|17.11
SK|Košice|48.72|21.26
EE|Tallinn|59.44|24.75
EE|Tartu|58.38|26.72
LV|Riga|56.95|24.11
LT|Vilnius|54.69|25.28
LT|Kaunas|54.90|23.90
UA|Lviv|49.84|24.03
TR|İzmir|38.42|27.14
TR|Gaziantep|37.07|37.38
US|Seattle|47.61|-122.33
US|Chicago|41.88|-87.63
US|Boston|42.36|-71.06
US|Denver|39.74|-104.99
US|Atlanta|33.75|-84.39
CA|Toronto|43.65|-79.38
CA|Montréal|45.50|-73.57
CA|Vancouver|49.28|-123.12
MX|Guadalajara|20.67|-103.35
MX|Mérida|20.97|-89.62
BR|São Paulo|-23.55|-46.63
BR|Recife|-8.05|-34.90
BR|Curitiba|-25.43|-49.27
AR|Rosario|-32.95|-60.64
AR|Mendoza|-32.89|-68.85
CL|Valparaíso|-33.05|-71.61
CO|Medellín|6.24|-75.58
CO|Bogotá|4.71|-74.07
PE|Lima|-12.05|-77.04
EC|Quito|-0.18|-78.47
UY|Montevideo|-34.90|-56.16
JP|Hiroshima|34.39|132.46
JP|Nagasaki|32.75|129.88
JP|Yokohama|35.44|139.64
JP|Kyoto|35.01|135.77
JP|Sapporo|43.06|141.35
KR|Seoul|37.57|126.98
KR|Busan|35.18|129.08
CN|Shenzhen|22.54|114.06
CN|Chengdu|30.57|104.07
IN|Bengaluru|12.97|77.59
IN|Kochi|9.93|76.27
IN|Pune|18.52|73.86
ID|Jakarta|-6.21|106.85
ID|Surabaya|-7.26|112.75
PH|Quezon City|14.68|121.04
TH|Bangkok|13.76|100.50
VN|Hanoi|21.03|105.85
MY|Penang|5.41|100.33
AU|Melbourne|-37.81|144.96
AU|Brisbane|-27.47|153.03
NZ|Auckland|-36.85|174.76
ZA|Durban|-29.86|31.03
ZA|Cape Town|-33.92|18.42
KE|Nairobi|-1.29|36.82
GH|Accra|5.60|-0.19
SN|Dakar|14.72|-17.47
NG|Lagos|6.52|3.38
ET|Addis Ababa|9.03|38.74
MA|Rabat|34.02|-6.84
TN|Sousse|35.83|10.64
EG|Alexandria|31.20|29.92
JO|Amman|31.95|35.93
IL|Haifa|32.79|34.99""".splitlines()]  # fmt: skip

NETWORKS = [
    "Eurocities", "Metrex", "ICLEI", "C40 Cities", "Mayors for Peace", "Covenant of Mayors", "Energy Cities", "UCLG", "POLIS",
    "Climate Alliance", "Healthy Cities Network", "Creative Cities Network", "Learning Cities", "Rainbow Cities Network",
    "Cittaslow", "Resilient Cities Network", "Fast-Track Cities", "Intercultural Cities", "Safe Cities Forum", "Age-friendly Cities",
    "Making Cities Resilient", "World Heritage Cities", "Global Parliament of Mayors", "Milan Food Pact", "Cities Alliance",
    "Strong Cities", "CityNet", "Mercociudades", "Union of Baltic Cities", "Euro Towns",
]  # fmt: skip
_COUNTRIES = {
    "NO": ["Norway", "Norge", "NOR", "no"], "SE": ["Sweden", "Sverige", "SWE"], "DE": ["Germany", "Deutschland", "Tyskland", "DEU"],
    "FR": ["France", "Frankrike", "FRA"], "GB": ["United Kingdom", "UK", "Great Britain", "GBR"], "US": ["USA", "United States", "United States of America"],
    "ES": ["Spain", "España", "Spania"], "IT": ["Italy", "Italia", "ITA"], "KR": ["Republic of Korea", "Korea, Republic of", "South Korea"],
    "VN": ["Viet Nam", "Vietnam"], "TR": ["Türkiye", "Turkey"], "CZ": ["Czech Republic", "Czechia"], "NL": ["Netherlands", "The Netherlands"],
}  # fmt: skip
_AROUND = ("City of {}", "Municipality of {}", "{} Municipality", "Ville de {}", "Stadt {}", "{} kommune", "Comune di {}", "{}*", "{} [1]", " {} ", "{}\u00a0", "{}¹")  # fmt: skip
_STATUS = ("member", "Member", "full member", "associate", "observer", "Medlem", "")
_SYLLABLES = "ba be bo da den do fa fel gar gel hol il ja kar kel la lin lo ma mer mon na nor o pa per ra ri ro sa sel sin ta tel tor u va ver vi zan zer".split()  # noqa: SIM905
# Where invented towns lie: south, north, west and east of a box in each country.
_PLACES = {
    "NG": (5, 13, 4, 13), "BR": (-25, -5, -60, -42), "PH": (8, 17, 121, 125), "JP": (34, 40, 133, 141), "FR": (43.5, 49.5, -1, 7),
    "ES": (37, 43, -8, 0), "IN": (12, 28, 74, 84), "PL": (50, 54, 15, 23), "MX": (17, 28, -105, -97), "IT": (40, 46, 8, 16),
    "DE": (48, 54, 7, 14), "US": (32, 48, -120, -80), "GR": (36, 41, 21, 26), "PT": (37, 42, -9, -7), "TR": (37, 41, 28, 43),
}  # fmt: skip


@dataclass(frozen=True)
class MessyRow:
    """One row, and what was done to it."""

    kind: str
    cells: tuple[str, ...]


HEADER = ("City", "Country", "Network", "Status", "Member since", "Lat", "Long")


def messy_rows(count: int, seed: int = 17) -> Iterator[MessyRow]:
    """As many rows, most of them sound; with duplicates, slips, wrong countries and nonsense among them."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    cities = [*CITIES, *_invented(chance, max(200, count // 4))]
    seen: set[tuple[str, str]] = set()
    before: list[tuple[str, ...]] = []
    made = 0
    while made < count:
        country, name, lat, lon, *other = chance.choice(cities)
        network = chance.choice(NETWORKS)
        again = (country + name, network) in seen
        if again and len(seen) < len(cities) * len(NETWORKS) // 2:
            continue
        seen.add((country + name, network))
        row = (
            name, chance.choice(_COUNTRIES.get(country, [country])), network, chance.choice(_STATUS), _date(chance),
            *(number.replace(".", chance.choice((",", "."))) for number in (lat, lon)),
        )  # fmt: skip
        kind, cells = _messed(chance, row, other, before)
        before.append(row)
        made += 1
        yield MessyRow(kind, cells)


def _invented(chance: random.Random, count: int) -> list[list[str]]:
    """Towns that nobody knows, each somewhere in its country."""
    names: dict[str, list[str]] = {}
    while len(names) < count:
        name = "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(3, 4))).capitalize()
        country = chance.choice(list(_PLACES))
        south, north, west, east = _PLACES[country]
        names[name] = [country, name, f"{chance.uniform(south, north):.3f}", f"{chance.uniform(west, east):.3f}"]
    return list(names.values())


def _date(chance: random.Random) -> str:
    year, month, day = chance.randint(1986, 2023), chance.randint(1, 12), chance.randint(1, 28)
    return chance.choice((
        "", "", str(year), f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}", f"since {year}", str(32000 + chance.randint(0, 12000)),
        f"{month:02}/{year}", "soon",
    ))  # fmt: skip


def _messed(  # noqa: C901, PLR0911, PLR0912  # one line for each kind of mess
    chance: random.Random, row: tuple[str, ...], other: list[str], before: list[tuple[str, ...]]
) -> tuple[str, tuple[str, ...]]:
    name, rest, draw = row[0], row[1:], chance.random()
    if draw < 0.62:
        return "sound", row
    if draw < 0.72:
        return "decorated", (chance.choice(_AROUND).format(name), *rest)
    if draw < 0.76 and other:
        return "other language", (other[0], *rest)
    if draw < 0.79:
        return "capitals", (name.upper(), *rest)
    if draw < 0.81:
        return "no accents", (_plain(name), *rest)
    if draw < 0.83:
        return "mojibake", (_damaged(name), *rest)
    if draw < 0.86 and before:
        return "duplicate", chance.choice(before)
    if draw < 0.88 and len(name) > 6:
        place = chance.randrange(2, len(name) - 2)
        return "slip", (name[:place] + name[place + 1] + name[place] + name[place + 2 :], *rest)
    if draw < 0.90:
        return "wrong country", (
            name,
            chance.choice(("Bolivia", "Malawi", "Nepal")),
            *row[2:],
        )
    if draw < 0.91:
        return "no country", (name, "", *row[2:])
    if draw < 0.92:
        return "country not known", (name, "Atlantis", *row[2:])
    if draw < 0.93:
        return "left", (*row[:3], "left 2019", *row[4:])
    if draw < 0.94:
        return "former", (*row[:3], "former member", "", *row[5:])
    if draw < 0.95:
        return "status not known", (*row[:3], "gold", *row[4:])
    if draw < 0.96:
        return "empty", ("",) * len(row)
    if draw < 0.97:
        return "hostile", (chance.choice(_HOSTILE), *rest)
    if draw < 0.98:
        return "several networks", (*row[:2], f"{row[2]}; {chance.choice(NETWORKS)}", *row[3:])
    if draw < 0.99:
        return "quoted newline", (f"{name}\n", *rest)
    return "total", (f"Total: {len(before)}", "", "", "", "", "", "")


_HOSTILE = (
    '=HYPERLINK("http://example.org","x")', "<script>alert(1)</script>", "x> . <a> <b> <c", '"""', "../../etc/passwd\x00", "{{7*7}}",
    "'; DROP TABLE members;--", "\u202eolsO", "A" * 3000, "🏙", "12345",
)  # fmt: skip


def _plain(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))


def _damaged(name: str) -> str:
    """UTF-8 read as Windows-1252, as far as that gives letters."""
    try:
        return name.encode().decode("cp1252")
    except UnicodeDecodeError:
        return name


def as_csv(rows: list[MessyRow], *, delimiter: str = ";", title: str = "List of members") -> str:
    """The rows as a file, with a title and an empty line above the heading."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([title])
    writer.writerow([])
    writer.writerow(HEADER)
    writer.writerows(row.cells for row in rows)
    return text.getvalue()
