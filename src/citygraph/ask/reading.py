"""What somebody typed, read as saved questions: the nearest first, with the names and dates of the text filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from citygraph.ask.mentions import DateMention, Mentions, NameMention, governed_by, mentions_in, number_in
from citygraph.ask.phrasings import Phrasings, meanings_of
from citygraph.matching.names import country_code
from citygraph.namespaces import CG, compress, expand
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.store.directory import Directory

_LEAST: Final = 0.35
_MOST: Final = 3
_OF_THE_BEST: Final = 0.5
"""A reading that comes half as near as the best is none."""
_OF_ITS_OWN: Final = 0.12
"""What a name counts for that a question has, or has not, a place for."""
_OF_A_DAY: Final = 0.2
_NORWAY: Final = "NO"
_LIST: Final = CG + "CompletenessStatement"
_SPAN: Final = re.compile(
    r"(?<!\w)(?P<number>\d{1,3}|et|ett|en|a|one|to|two|tre|three|fire|four|fem|five|seks|six|tolv|twelve|neste|next|det neste|kommende)?\s*"
    r"(?P<unit>måned|month|halvår|half[- ]year|år(?:ene|et)?\b|year)",
    re.IGNORECASE,
)
_MONTHS_OF: Final = {"måned": 1, "month": 1, "halvår": 6, "half": 6, "år": 12, "year": 12}


@dataclass(frozen=True, slots=True)
class Reading:
    """A saved question that a text may ask, with what the text says of its parameters.

    Args:
        query: the question.
        values: parameters by name, as `query` takes them: short addresses, dates, numbers.
        as_of: the day that the text names, when the question has no place of its own for one.
        nearness: how near it comes; more is nearer.
    """

    query: SavedQuery
    values: Mapping[str, str]
    as_of: date | None
    nearness: float

    @property
    def said(self) -> tuple[str, ...]:
        """The values as they are told: things first, then days and numbers; the day of the graph last."""
        entities = [each.name for each in self.query.parameters if each.type == "entity"]
        ordered = sorted(self.values, key=lambda name: name not in entities)
        return (*(self.values[name] for name in ordered), *([self.as_of.isoformat()] if self.as_of else []))

    @property
    def missing(self) -> tuple[str, ...]:
        """The parameters without which the question cannot be asked, and of which the text says nothing."""
        return tuple(
            each.name
            for each in self.query.parameters
            if each.required and each.default is None and each.name not in self.values
        )


@dataclass(frozen=True, slots=True)
class AskedText:
    """What a text asks: the saved questions that it may mean, the nearest first, and the things that it names."""

    readings: tuple[Reading, ...] = ()
    things: tuple[str, ...] = ()


def read_question(
    asked: str,
    phrasings: Phrasings,
    directory: Directory,
    *,
    prefixes: Mapping[str, str],
    today: date,
    most: int = _MOST,
) -> AskedText:
    """The saved questions that a text may ask; none for a text that only names one thing.

    Args:
        asked: what somebody typed, in either language; whatever is longer than 400 characters is cut.
        phrasings: of the questions to choose from.
        directory: the names of the graph.
        prefixes: for the short addresses of things.
        today: the day from which "last year" is counted.
        most: so many at most.
    """
    mentions = mentions_in(asked, directory, common=phrasings.words, today=today)
    if not mentions.rest and len(mentions.names) < 2:  # noqa: PLR2004  # one name leads to what is called so
        return AskedText(things=_things(mentions))
    meant = [*meanings_of(mentions.rest), *(word for name in mentions.names for word in _in_its_place(name))]
    filler = _Filler(asked, mentions, directory, prefixes)
    found = []
    for name, nearness in phrasings.nearness(meant).items():
        # What has no word in common with the text is no reading of it, whatever it has places for.
        if nearness > 0:
            found.append(filler.read(phrasings.questions[name], nearness))
    found.sort(key=lambda reading: (-reading.nearness, reading.query.name))
    best = max((each.nearness for each in found), default=0.0)
    near = [each for each in found if each.nearness >= max(_LEAST, _OF_THE_BEST * best)][:most]
    return AskedText(tuple(near), _things(mentions))


def _things(mentions: Mentions) -> tuple[str, ...]:
    return tuple(dict.fromkeys(iri for name in mentions.names for iri in name.iris))


def _in_its_place(name: NameMention) -> list[str]:
    """The words that stand for a name while questions are compared."""
    kind = {"network": "network", "person": "person", "country": "country"}.get(name.kind, "city")
    kind = {"working-group": "group", "body": "body"}.get(name.kind, kind)
    return [kind, "norwegian"] if name.kind == "country" and country_code(name.typed) == _NORWAY else [kind]


class _Filler:
    """The names and dates of one text, put into the places of a question."""

    def __init__(self, asked: str, mentions: Mentions, directory: Directory, prefixes: Mapping[str, str]) -> None:
        self.asked, self.mentions, self.directory, self.prefixes = asked, mentions, directory, prefixes
        self._meant: dict[tuple[NameMention, str], str] = {}

    def read(self, query: SavedQuery, nearness: float) -> Reading:
        """The question with what fits; a name or a day without a place, and a place without a name, make it less near."""
        values: dict[str, str] = {}
        # A name that is said twice is one.
        waiting = list({name.iris: name for name in reversed(self.mentions.names)}.values())[::-1]
        for parameter in query.parameters:
            if parameter.type == "entity":
                taken, iri = self._entity(parameter, waiting)
                if taken is not None:
                    waiting.remove(taken)
                    values[parameter.name] = compress(iri, self.prefixes)
            elif (value := self._plain(parameter)) is not None:
                values[parameter.name] = value
        self._lists(query, values)
        days = [each for each in self.mentions.dates if not each.and_later]
        has_day = any(each.type == "date" for each in query.parameters)
        as_of = (
            days[0].last
            if len(days) == len(self.mentions.dates) == 1 and not has_day and not set(values) & {"earlier", "later"}
            else None
        )
        nearness -= _OF_ITS_OWN * sum(each.kind != "country" for each in waiting)
        nearness -= self._emptiness(query, values)
        # Two years of which there are lists are the ends of a comparison.
        nearness += _OF_A_DAY * ("earlier" in values and "later" in values)
        if has_day:
            nearness += _OF_A_DAY if any(each.is_day for each in days) else -_OF_A_DAY
        return Reading(query, values, as_of, nearness)

    def _emptiness(self, query: SavedQuery, values: Mapping[str, str]) -> float:
        """How much less near a question comes that has places for names which the text, naming others, does not have.

        Most for one of two places of a class, as in a comparison; then for one that would be filled with its default.
        """
        classes = [each.of_class for each in query.parameters if each.type == "entity" and each.of_class]
        empty = [each for each in query.parameters if each.type == "entity" and each.name not in values]
        twice = sum(classes.count(each.of_class) > 1 for each in empty)
        by_default = sum(each.default is not None for each in empty)
        return _OF_ITS_OWN * (twice + by_default + len(empty) / 8) if self.mentions.names else 0.0

    def _entity(self, parameter: Parameter, names: Sequence[NameMention]) -> tuple[NameMention | None, str]:
        of_class = expand(parameter.of_class, self.prefixes) or ""
        found = ((name, self._of_class(name, of_class)) for name in names)
        return next(((name, iri) for name, iri in found if iri), (None, ""))

    def _of_class(self, name: NameMention, of_class: str) -> str:
        """What a name means among the things of a class; empty when nothing."""
        if (name, of_class) not in self._meant:
            fitting = [iri for iri in name.iris if not of_class or of_class in self.directory.classes(iri)]
            if not fitting and name.kind in {"city", "place"}:
                fitting = [governed_by(name, of_class, self.directory)]
            self._meant[name, of_class] = next(iter(fitting), "")
        return self._meant[name, of_class]

    def _plain(self, parameter: Parameter) -> str | None:
        days = [each for each in self.mentions.dates if not each.and_later]
        if parameter.type == "date":
            return next((each.last.isoformat() for each in _exact_first(days)), None)
        if parameter.type == "integer" and parameter.name == "months":
            return _months_in(self.asked)
        if parameter.type == "enum":
            said = self.asked.casefold()
            return next((each for each in parameter.choices if each.casefold() in said.split()), None)
        return None

    def _lists(self, query: SavedQuery, values: dict[str, str]) -> None:
        """Two years to the two lists of one thing that are of those years, the one of the network first."""
        places = [each.name for each in query.parameters if expand(each.of_class, self.prefixes) == _LIST]
        years = sorted({each.year for each in self.mentions.dates})
        if len(places) != len(years) or not places:
            return
        labels = {iri: self.directory.of(iri, "en") for iri in self.directory.of_class(_LIST)}
        named = [each for name in self.mentions.names for iri in name.iris for each in [self.directory.of(iri, "en")]]
        of_year = [{_of_what(label): iri for iri, label in labels.items() if f" {year}" in label} for year in years]
        both = sorted(set(of_year[0]).intersection(*of_year[1:]), key=lambda what: not any(n in what for n in named))
        if both:
            values |= {
                place: compress(found[both[0]], self.prefixes) for place, found in zip(places, of_year, strict=True)
            }


def _exact_first(days: Sequence[DateMention]) -> list[DateMention]:
    return sorted(days, key=lambda each: not each.is_day)


def _of_what(label: str) -> str:
    """What a list is of, without its day."""
    return label.rpartition(" – ")[0]


def _months_in(asked: str) -> str | None:
    """The number of months that a text speaks of: "6 months", "halvåret", "the next two years"."""
    match = _SPAN.search(asked)
    if match is None:
        return None
    said = (match["number"] or "").casefold()
    number = number_in(said) or 1
    unit = match["unit"].casefold()
    if number == 1 and not said and unit in {"måned", "month"}:
        return None
    return str(number * next(months for word, months in _MONTHS_OF.items() if unit.startswith(word)))
