"""Which city a row asks for: the name taken apart, its country, region and place on the map; or why it is none."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.ingest.cleaning import clean, coordinates, name_problem, tidy_case
from citygraph.ingest.countries import alpha2_only, country_label, country_like, country_of, named_country
from citygraph.ingest.gazetteer import Asked
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.regions import is_region, is_state, region_of
from citygraph.ingest.towns import known_countries
from citygraph.matching.names import other_names, read_name
from citygraph.namespaces import fold

__all__ = ["Asking", "Who", "apart", "cities_in"]

_DIRECTIONS: Final = frozenset({
    "city of", "the city of", "city", "town of", "municipality of", "commune", "kommune", "stadt", "ville de", "stad", "by",
    "comune di", "ayuntamiento de", "municipality", "municipio de", "landeshauptstadt", "hansestadt", "gemeente",
    "region de", "region of", "region", "province de", "province of", "provincia di", "provincia de", "county of", "county",
    "departement de", "metropole de", "communaute urbaine de", "royal borough of", "stadt-", "statutarni mesto", "hlavni mesto",
})  # fmt: skip
_NUMBERED: Final = re.compile(r"\A\d{1,5}\s*[.)]\s+(?=[^\W\d])")
_SEVERAL: Final = re.compile(
    r"(?:the )?(?:cities|towns|municipalities|kommunene|byene|städte|gemeinden|villes|communes|ciudades|comuni)\s.*\s(?:and|og|und|et|y|e)\s",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"\A[A-Z]{2}\Z")
# City states: there a city may bear the name of the country.
_ALIKE: Final = frozenset(
    {"SG", "MC", "LU", "DJ", "PA", "GT", "SM", "VA", "KW", "MX", "HK", "MO", "SV", "GI", "BR", "AD", "DZ"}
)


@dataclass(frozen=True, slots=True)
class Who:
    """The question for a city with the region as written; or the problem; and what the reader should know."""

    asked: Asked | None = None
    region: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


class Asking:
    """Reads who is meant by the rows of one sheet."""

    def __init__(self, map_: ListMap, names: Iterable[str]) -> None:
        """`names` are the cells of the city: together they tell whether "(NO)" is a country and "(OR)" a state."""
        self._map = map_
        self._codes_are_countries = _codes_are_countries(names)

    def read(self, written: str, cells: Mapping[str, str], section: str) -> Who:
        """Who is meant.

        Args:
            written: the name, cleaned.
            cells: the cells that the map names, cleaned.
            section: the country that a heading above the row or the sheet names, as two letters.
        """
        if problem := name_problem(written):
            return Who(problem=f"this is no name: {problem}")
        name, qualifier, behind = apart(_NUMBERED.sub("", written))
        said = cells.get("country", "")
        country = self.country(said)
        if said and not country:
            like = f" ({like}?)" if (like := country_like(said[:60])) else ""
            return Who(problem=f"the country {said[:60]!r} is not known{like}: add it to [countries] in the map")
        if _SEVERAL.match(name):
            return Who(problem=f"it names several cities: {name[:60]}")
        if not behind and (code := self._code(name, qualifier, country)):
            behind, qualifier = code, ""
        if behind and country and behind != country:
            # "Paris (Texas)" is no country; "Paris, France" in the row of Germany is a contradiction.
            names = f"{country_label(behind, 'en')} behind the name, {country_label(country, 'en')} in its column"
            return Who(problem=f"two countries: {names}")
        country = country or behind or section or self.country(self._map.text("country"))
        region = cells.get("region", "")
        if not region and qualifier and is_region(qualifier, country or "US"):
            region, country, qualifier = qualifier, country or "US", ""
        if qualifier and region_of(qualifier, country) == region_of(region, country):
            qualifier = ""
        if country and named_country(name) == country and country not in _ALIKE:
            return Who(problem=f"this is the name of a country and of no city: {name[:60]}")
        point, note = coordinates(cells.get("latitude", ""), cells.get("longitude", ""))
        asked = Asked(tidy_case(name), qualifier, country, region_of(region, country), point)
        return Who(asked, region, notes=(note,) if note else ())

    def country(self, said: str) -> str:
        """The two letters of a country as the list writes it; empty when it is none that the map or we know."""
        return country_of(self._map.names("countries").get(fold(said), said)) if said else ""

    def _code(self, name: str, qualifier: str, country: str) -> str:
        """The country that two or three letters behind a name say: "Oslo (NO)"; nothing when they say a state."""
        code = alpha2_only(qualifier)
        if not code or code == country:
            return code
        if is_state(qualifier) and not self._codes_are_countries:
            known = known_countries(read_name(name).core)
            return code if code in known and not country else ""
        return code


def _codes_are_countries(names: Iterable[str]) -> bool:
    """Whether two letters behind the names of a list are countries: some are codes that no state of the USA has."""
    countries = states = 0
    for each in names:
        _, qualifier, _ = apart(each)
        if _CODE.match(qualifier):
            is_country, is_state_ = bool(alpha2_only(qualifier)), is_state(qualifier)
            countries += is_country and not is_state_
            states += is_state_ and not is_country
    return countries > states


def apart(text: str) -> tuple[str, str, str]:
    """The name, what stands behind a comma or in brackets, and a country behind that; "Oslo, City of" is all name.

    >>> apart("Springfield, Illinois, USA"), apart("Frankfurt (Oder)"), apart("Oslo, City of")
    (('Springfield', 'Illinois', 'US'), ('Frankfurt', 'Oder', ''), ('City of Oslo', '', ''))
    """
    name, behind = _one_apart(text)
    if not behind:
        return text, "", ""
    if fold(behind) in _DIRECTIONS:
        return f"{behind} {name}", "", ""
    country = named_country(behind)
    if not country:
        return name, behind, ""
    inner, outer = _one_apart(name)
    return (inner, outer, country) if outer else (name, "", country)


def _one_apart(text: str) -> tuple[str, str]:
    if text.endswith((")", "]")):
        for opening in ("(", "["):
            name, bracket, inside = text.rpartition(opening)
            if bracket and name.strip() and inside[:-1].strip():
                return name.strip(), inside[:-1].strip()
    for between in (",", " – ", " - "):
        name, found, behind = text.rpartition(between)
        if found and name.strip() and behind.strip() and (between == "," or named_country(behind.strip())):
            return name.strip(), behind.strip()
    return text, ""


def cities_in(written: str) -> Iterator[str]:
    r"""The cities of one cell, cleaned; several stand apart by semicolons or lines.

    A line that only carries a name on is not another city.

    >>> list(cities_in("Köln/Düsseldorf")), list(cities_in("Bolzano/Bozen"))
    (['Köln', 'Düsseldorf'], ['Bolzano/Bozen'])
    >>> list(cities_in("Oslo; Bergen")), list(cities_in("Oslo\nBergen")), list(cities_in("Frankfurt\nam Main"))
    (['Oslo', 'Bergen'], ['Oslo', 'Bergen'], ['Frankfurt am Main'])
    """
    whole = clean(written).text
    written = html.unescape(written)
    parts = [name for part in written.split(";") for line in _lines(part) for name in _halves(clean(line).text)]
    yield from parts if len(parts) > 1 and not any(name_problem(part) for part in parts) else [whole]


def _halves(name: str) -> list[str]:
    """The two names of "Köln/Düsseldorf", when they are known to be of two cities; "Bolzano/Bozen" is one."""
    parts = [part.strip() for part in name.split("/") if part.strip()]
    cores = [read_name(part).core for part in parts]
    if len(parts) > 1 and all(known_countries(core) for core in cores):
        cities = [set(other_names(core)) | {core} for core in cores]
        if not any(one & other for place, one in enumerate(cities) for other in cities[place + 1 :]):
            return parts
    return [name] if name else []


def _lines(text: str) -> list[str]:
    """The lines of a cell, when each can be a name of its own."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) > 1 and all(line[:1].isupper() and fold(line) not in _DIRECTIONS for line in lines):
        known = [bool(known_countries(read_name(each).core)) for each in (*lines, " ".join(lines), "-".join(lines))]
        if any(known[:-2]) and not any(known[-2:]) and not any(named_country(line) for line in lines):
            return lines
    return [text]
