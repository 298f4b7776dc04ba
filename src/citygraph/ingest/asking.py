"""What a row asks for: the name taken apart, what letters behind it say, its country, its kind and its place on the map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from citygraph.ingest.cells import coordinates, name_problem, tidy_case
from citygraph.ingest.countries import (
    alpha2_only,
    country_like,
    country_name,
    country_of,
    federations_with,
    is_region,
    is_state,
    named_country,
    names_city_and_country,
    region_of,
)
from citygraph.ingest.kinds import BodyKind, abbreviation, form_of_body, is_region_name, kind_said, organisation_word
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.places import WantedCity, known_countries
from citygraph.matching.names import fold, one_of, read_name, words_of
from citygraph.messages import sentence

_NUMBERED: Final = re.compile(r"\A\d{1,5}\s*[.)]\s+(?=[^\W\d])")
_CODE: Final = re.compile(r"\A[A-Z]{2}\Z")
_NOTHING: Final = "NA"
"""Namibia, or what R and pandas write where nothing is known."""
_COUNTRIES: Final = "countries"
_LONGEST_ACRONYM: Final = 6
_FEW: Final = 0.002


@cache
def _several() -> re.Pattern[str]:
    cities, between = (one_of(words_of(__package__, "cells", *each)) for each in (("cities",), ("and", "and_cities")))
    return re.compile(rf"(?:the )?{cities}\s.*\s{between}\s", re.IGNORECASE)


@cache
def _before() -> frozenset[str]:
    return frozenset(map(fold, words_of(__package__, "places", "before")))


def belongs_in_front(words: str) -> bool:
    """Whether these are words in front of the name of a city, wherever a list puts them: "City of"."""
    return fold(words) in _before()


@dataclass(frozen=True, slots=True)
class Who:
    """The question for a city with the region as written; or the problem; and what the reader should know."""

    asked: WantedCity | None = None
    region: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


class CityReader:
    """Reads who is meant by the rows of one sheet."""

    def __init__(self, map_: ListMap, rows: Iterable[tuple[str, str]], kinds: Iterable[str] = ()) -> None:
        """Look at the list as a whole.

        Args:
            map_: what its columns mean.
            rows: the cells of city and country: together they tell whether "(NO)" is a country and "(OR)" a state.
            kinds: the cells of the column of kinds.
        """
        self._map = map_
        self._kinds = frozenset(map(self.kind, set(kinds)))
        rows = tuple(rows)
        self._letters = _Letters((name, self.country(country)) for name, country in rows)
        # Where longer names stand in capitals, short ones in capitals are no abbreviations.
        capitals = sum(name.isupper() and len(name) > _LONGEST_ACRONYM for name, _ in rows)
        self._in_capitals = capitals > max(1, _FEW * len(rows))

    def read(self, written: str, cells: Mapping[str, str], section: str) -> Who:
        """Who is meant.

        Args:
            written: the name, cleaned.
            cells: the cells that the map names, cleaned.
            section: the country that a heading above the row or the sheet names, as two letters.
        """
        if problem := name_problem(written):
            return Who(problem=sentence("ingest.row.no_name", why=problem))
        name, qualifier, behind = apart(_NUMBERED.sub("", written))
        said, kind_cell = cells.get("country", ""), cells.get("kind", "")
        country, kind = self.country(said), self.kind(kind_cell)
        if said and not country:
            like = country_like(said[:60])
            reason = "ingest.row.like_country" if like else "ingest.row.unknown_country"
            return Who(problem=sentence(reason, name=said[:60], like=like))
        if kind_cell and kind is None:
            return Who(problem=sentence("ingest.row.unknown_kind", kind=kind_cell[:60]))
        if behind and (state := self._state_behind(name, written, country)):
            qualifier, behind = state, ""
        if _several().match(name):
            return Who(problem=sentence("ingest.row.several", name=name[:60]))
        if not behind and (code := self._letters.country(name, qualifier, country)):
            behind = code
            qualifier = "" if not is_region(qualifier, code) else qualifier
        if behind and country and behind != country:
            # "Paris (Texas)" is no country; "Paris, France" in the row of Germany is a contradiction.
            names = {"behind": country_name(behind), "column": country_name(country)}
            return Who(problem=sentence("ingest.row.two_countries", **names))
        country = country or behind or section or self.country(self._map.text("country"))
        region = cells.get("region", "")
        if not region and qualifier and self._is_region(qualifier, country):
            region, country, qualifier = qualifier, country or "US", ""
        if qualifier and region_of(qualifier, country) == region_of(region, country):
            qualifier = ""
        if country and named_country(name) == country and not self._is_below(name, kind, country):
            return Who(problem=sentence("ingest.row.country_name", name=name[:60]))
        point, note = coordinates(cells.get("latitude", ""), cells.get("longitude", ""))
        kind, word = self._kind_and_word(kind, name, qualifier, country)
        asked = WantedCity(tidy_case(name), qualifier, country, region_of(region, country), point, kind, word)
        return Who(asked, region, notes=(note,) if note else ())

    def _state_behind(self, name: str, written: str, country: str) -> str:
        """What stands behind a name, when it is a state or province of the country as well as another country: Georgia."""
        text = _one_apart(written)[1]
        if country:
            return text if named_country(text) != country and is_region(text, country) else ""
        is_state_too = is_region(text, "US") and named_country(text) not in known_countries(read_name(name).core)
        return text if is_state_too and self._letters.name_states else ""

    def country(self, said: str) -> str:
        """The two letters of a country as the list writes it; empty when it is none that the map or we know."""
        return country_of(self._map.names("countries").get(fold(said), said)) if said else ""

    def kind(self, said: str) -> BodyKind | None:
        """The kind that a cell names, by the map or as we know it; nothing when neither does."""
        meant = self._map.names("kinds").get(fold(said))
        return BodyKind(meant) if meant else kind_said(said)

    @staticmethod
    def _is_below(name: str, kind: BodyKind | None, country: str) -> bool:
        """Whether what is called like a country is a city of that name, or a part that the column calls a region: Scotland."""
        own = country_name(country)
        is_part = kind is BodyKind.REGION and fold(name) not in {fold(own.nb), fold(own.en)}
        return is_part or names_city_and_country(name, country)

    def _kind_and_word(
        self, said: BodyKind | None, name: str, qualifier: str, country: str
    ) -> tuple[BodyKind | None, str]:
        """The kind that the column says, and the word with which the name speaks of an organisation.

        Where a column calls a county a city, the name is right; where it calls no member an organisation, it does not tell
        cities from these, and a name that speaks of one is a question.
        """
        if said is BodyKind.CITY and is_region_name(name):
            return None, ""
        if said is BodyKind.CITY and BodyKind.ORGANISATION not in self._kinds:
            word = organisation_word(name, country, _is_known)
            return (None, word) if word else (said, "")
        return said, "" if said else self._organisation_word(name, qualifier, country)

    def _organisation_word(self, name: str, qualifier: str, country: str) -> str:
        """The word or letters with which a name speaks of an organisation; empty when it does not."""
        if qualifier and form_of_body(qualifier, country):
            return qualifier
        word = organisation_word(f"{name} ({qualifier})" if qualifier else name, country, _is_known)
        if not word and name.isupper() and name.isalpha() and len(name) <= _LONGEST_ACRONYM and not self._in_capitals:
            word = "" if _is_known(read_name(name).core) else name
        return word or abbreviation(name, country, _is_known)

    def _is_region(self, qualifier: str, country: str) -> bool:
        """Whether this is a region of the country; without one, a state of the USA, if letters can be nothing else."""
        if country:
            return is_region(qualifier, country)
        is_clear = self._letters.are_states if _CODE.match(qualifier) else not named_country(qualifier)
        return is_clear and is_region(qualifier, "US")


def _is_known(core: str) -> bool:
    """Whether this is the name of a well-known city, as names are compared."""
    return bool(known_countries(core))


class _Letters:
    """What two or three letters behind the names of a list are: countries, or states and provinces of one country."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        """`rows` are names and countries; each name with letters behind it speaks for what these can mean."""
        self._for: Counter[str] = Counter()
        self.name_states = False
        """Whether other rows name states of the USA: then "Athens, Georgia" names no country."""
        for name, country in rows:
            behind = _one_apart(name)[1]
            if behind and is_region(behind, "US"):
                self.name_states |= country == "US" or not (country or named_country(behind))
            qualifier = apart(name)[1] if behind else ""
            if _CODE.match(qualifier):
                self._for.update(
                    system for system, code in _readings(qualifier).items() if not country or code == country
                )

    @property
    def are_states(self) -> bool:
        """Whether they are states of the USA, Canada or Australia rather than countries."""
        return max(self._for[each] for each in ("US", "CA", "AU")) > self._for[_COUNTRIES]

    def country(self, name: str, qualifier: str, country: str) -> str:
        """The country that letters behind a name say: "Oslo (NO)"; nothing when they say a region or a form of body.

        Args:
            name: what stands in front of them.
            qualifier: the letters.
            country: what the row says elsewhere; letters that speak of another are a contradiction.
        """
        code = alpha2_only(qualifier)
        if country:
            is_other = is_region(qualifier, country) or is_state(qualifier) or form_of_body(qualifier, country)
            return "" if code != country and (is_other or qualifier == _NOTHING) else code
        readings = _readings(qualifier)
        known = known_countries(read_name(name).core) & set(readings.values())
        if len(known) == 1:
            return next(iter(known))
        if code and qualifier != _NOTHING and not is_state(qualifier) and not self._are_provinces(readings):
            return code
        best = max(readings, key=lambda each: self._for[each], default="")
        others = [self._for[each] for each in readings if readings[each] != readings[best]] if best else []
        return readings[best] if best and self._for[best] > max(others, default=0) and self._for[best] > 1 else ""

    def _are_provinces(self, readings: Mapping[str, str]) -> bool:
        return any(self._for[each] > self._for[_COUNTRIES] for each in readings)


def _readings(letters: str) -> dict[str, str]:
    """The country that letters speak of, by what they may be: codes of countries, or of the regions of each federation."""
    code = alpha2_only(letters)
    found = {each: each for each in federations_with(letters)}
    return {_COUNTRIES: code, **found} if code else found


def apart(text: str) -> tuple[str, str, str]:
    """The name, what stands behind a comma or in brackets, and a country behind that; "Oslo, City of" is all name.

    >>> apart("Springfield, Illinois, USA"), apart("Frankfurt (Oder)"), apart("Oslo, City of")
    (('Springfield', 'Illinois', 'US'), ('Frankfurt', 'Oder', ''), ('City of Oslo', '', ''))
    """
    name, behind = _one_apart(text)
    if not behind:
        return text, "", ""
    if belongs_in_front(behind):
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
