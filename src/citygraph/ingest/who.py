"""Which city is meant by what a row asks for: known, new, or a question; never merged on a name that could be another's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from citygraph.ingest.countries import country_name, is_region, is_state_name
from citygraph.ingest.earth import Neighbours, countries_at, is_close, lies_far
from citygraph.ingest.kinds import BodyKind
from citygraph.ingest.places import (
    Body,
    Gazetteer,
    WantedCity,
    are_other_names,
    bears_several,
    is_homonym,
    known_countries,
    parts_of,
    two_names,
    well_known_in,
)
from citygraph.ingest.report import ReviewDecision, ReviewKey, ReviewWord, review_key
from citygraph.matching.cities import other_names
from citygraph.matching.names import NameForm, read_name
from citygraph.messages import Text, key_of, sentence, text

_CITY_IN_NAMES: Final = frozenset({"US", "PH"})
_SHORTEST_ALONE: Final = 5
_MOST_CANDIDATES: Final = 5
_OF_SEVERAL: Final = frozenset(
    f"ingest.who.{reason}" for reason in ("maybe", "same_name", "bear_name", "no_country_several")
)


class CityAnswer(StrEnum):
    """How a question ended."""

    KNOWN = "known"
    NEW = "new"
    REVIEW = "review"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FoundCity:
    """The body that is meant, or why none could be chosen."""

    kind: CityAnswer
    body: Body | None = None
    reason: str = ""
    candidates: tuple[Body, ...] = ()
    notes: tuple[str, ...] = ()
    is_open: bool = False
    """With a refusal: a person may decide it in the review all the same."""

    @property
    def may_mean(self) -> tuple[Body, ...]:
        """Who was found, or may be meant."""
        return (self.body,) if self.body else self.candidates

    def bearers(self, name: str) -> list[Body]:
        """The candidates that bear this very name, when all that is asked is which of several is meant."""
        is_asked = self.kind is CityAnswer.REVIEW and key_of(self.reason) in _OF_SEVERAL
        core = read_name(name).core
        return [body for body in self.candidates if read_name(body.name).core == core] if is_asked else []


class Resolver:
    """Answers for the rows of one list; cities that are new join the known ones, so that the next row finds them."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        *,
        decisions: Mapping[ReviewKey, ReviewDecision],
        mint: Callable[[WantedCity], Body],
        unknown: str,
        near: float,
        unknown_organisation: str = "review",
    ) -> None:
        """Take what is known.

        Args:
            gazetteer: the cities of the graph.
            decisions: what a person has decided, by `review_key`.
            mint: makes a new body.
            unknown: what becomes of cities that are not known: `new`, `review` or `refuse`.
            near: from which likeness a name goes to the review.
            unknown_organisation: the same of names that speak of an organisation where no column says the kind.
        """
        self._gazetteer = gazetteer
        self._decisions = decisions
        self._mint = mint
        self._unknown = unknown
        self._unknown_organisation = unknown_organisation
        self._near = near
        self._answers: dict[WantedCity, FoundCity] = {}
        self.decided_new: dict[ReviewKey, Body] = {}
        self._listed: dict[str, Counter[str]] = defaultdict(Counter)
        self._neighbours = Neighbours(())
        self._points: dict[str, list[WantedCity]] = defaultdict(list)

    def resolve_all(self, asked: Iterable[WantedCity]) -> dict[WantedCity, FoundCity]:
        """An answer for each question; what is asked most often, with a country, comes first and sets the spelling."""
        counts = Counter(asked)
        for each, count in counts.items():
            if each.country:
                core = read_name(each.name).core
                self._listed[core][each.country] += count
                if each.point:
                    self._points[core].append(each)
        self._neighbours = Neighbours((
            *((read_name(body.name).core, body.country, body.point) for body in self._gazetteer.bodies),
            *((core, each.country, each.point) for core, found in self._points.items() for each in found),
        ))  # fmt: skip
        order = {each: place for place, each in enumerate(counts)}

        def rank(each: WantedCity) -> tuple[bool, bool, bool, int, int]:
            is_group = bool(parts_of(each.name, hyphened=True) or two_names(each.name))
            return (not each.country, "\ufffd" in each.name, is_group, -counts[each], order[each])

        for each in sorted(counts, key=rank):
            self._answers[each] = self._resolve(each)
        return self._answers

    def _resolve(self, asked: WantedCity) -> FoundCity:
        decision = self._decisions.get(review_key(asked))
        if decision is not None and decision.word is not ReviewWord.OPEN:
            return self._decided(asked, decision)
        if "\ufffd" in asked.name:
            return FoundCity(
                CityAnswer.REVIEW, reason=sentence("ingest.who.letters_lost"), candidates=self._candidates(asked)
            )
        if asked.kind is BodyKind.ORGANISATION or (word := self._organisation_word(asked)):
            return self._organisation(asked, "" if asked.kind else word)
        if not asked.country:
            return self._without_country(asked)
        exact = self._exact(asked)
        if lies_far(asked.point, asked.country):
            return self._misplaced(asked, exact)
        if reason := _unclear_in(asked):
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=self._candidates(asked))
        same = [body for body in exact if body.country in {asked.country, ""}]
        if same:
            found = self._among(asked, same)
            if found is not None:
                return found
        elif (partly := self._partly(asked)) is not None:
            return partly
        elsewhere = self._elsewhere(asked, [body for body in exact if body.country not in {asked.country, ""}])
        if elsewhere is not None:
            return elsewhere
        return self._not_exact(asked)

    def _decided(self, asked: WantedCity, decision: ReviewDecision) -> FoundCity:
        if decision.word is ReviewWord.SKIP:
            return FoundCity(CityAnswer.REFUSED, reason=decision.skipped)
        if decision.word is ReviewWord.NEW:
            key = review_key(asked)
            speaks_of = BodyKind.ORGANISATION if self._organisation_word(asked) else None
            asked = replace(
                asked,
                kind=decision.kind or asked.kind or speaks_of,
                country=asked.country or decision.country,
            )
            if not asked.country and asked.kind is not BodyKind.ORGANISATION:
                reason = sentence("ingest.who.new_without_country")
                return FoundCity(CityAnswer.REFUSED, reason=reason, is_open=True)
            if key not in self.decided_new:
                found = self._made(asked, sentence("ingest.note.new"))
                if found.body is not None:
                    self.decided_new[key] = found.body
                return found
            return FoundCity(CityAnswer.KNOWN, self.decided_new[key])
        chosen = self._gazetteer.by_iri.get(decision.target)
        if chosen is None:
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.chose_unknown", target=decision.target))
        return FoundCity(CityAnswer.KNOWN, chosen, notes=(sentence("ingest.note.chosen"),))

    def _exact(self, asked: WantedCity) -> list[Body]:
        """Whatever bears the name; of a name in several parts what bears the whole, else what bears each of them."""
        kind = asked.sought
        form = read_name(asked.name)
        whole = self._gazetteer.exact(form, kind)
        if known_countries(form.core) and kind is BodyKind.CITY:
            # "Akershus" may be all that a list says of a county; Turin is a city, and no province.
            whole = [body for body in whole if body.kind is not BodyKind.REGION]
        if kind is BodyKind.CITY:
            # A list that has "Fairfax County" and "Fairfax" tells them apart itself.
            whole = [body for body in whole if body.kind is not BodyKind.REGION or not body.is_new]
        if whole:
            return whole
        found = [self._gazetteer.exact(read_name(part), kind) for part in parts_of(asked.name, hyphened=True)]
        return [body for body in found[0] if all(body in each for each in found)] if found else []

    def _partly(self, asked: WantedCity) -> FoundCity | None:
        """The question for a name of which a part alone is known, or that is a part of a known one; nothing when neither.

        A part of a name is never a match: "Oslo – Bergen" is a group, "Oslo – Harbour Office" an office. Of two names that
        "and" joins one well-known city is enough ("Oslo & Akershus"), unless our list has the whole: "Brighton & Hove".
        """
        if "," in asked.name and asked.qualifier:
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.group"))
        form = read_name(asked.name)
        parts = parts_of(asked.name, hyphened=asked.kind is not BodyKind.REGION)
        joined = () if parts or known_countries(form.core) else two_names(asked.name)
        parts = parts or joined
        cores = [read_name(part).core for part in parts]
        found = [self._fitting(asked, self._gazetteer.exact(read_name(part), BodyKind.CITY)) for part in parts]
        bodies = list({id(body): body for each in found for body in each}.values())
        known = [
            part
            for part, core, each in zip(parts, cores, found, strict=True)
            if each or (asked.country in known_countries(core))
        ]
        is_told = not joined or len(known) == len(joined) or any(asked.country in well_known_in(core) for core in cores)
        if known and not _is_one_city(cores) and is_told:
            one = sentence("ingest.who.part", part=known[0])
            reason = one if len(known) == 1 else sentence("ingest.who.several_cities", cities=_both(known))
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(bodies[:_MOST_CANDIDATES]))
        if len(parts_of(asked.name)) > len(("Bolzano", "Bozen")) and not _is_one_city(cores):
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.group"))
        bearing = self._gazetteer.with_part(form.core) + self._gazetteer.exact(form, BodyKind.ORGANISATION)
        longer = self._fitting(asked, bearing)
        if longer:
            reason = sentence("ingest.who.maybe", name=longer[0].name)
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(longer[:_MOST_CANDIDATES]))
        return None

    @staticmethod
    def _fitting(asked: WantedCity, bodies: Iterable[Body]) -> list[Body]:
        """The bodies that nothing but the name speaks against: of the country, and not far away."""
        return [
            body
            for body in bodies
            if (not asked.country or body.country in {asked.country, ""})
            and is_close(asked.point, body.point) is not False
        ]

    def _organisation_word(self, asked: WantedCity) -> str:
        """The word with which the name speaks of an organisation; empty when it does not, or the graph has a city so named."""
        is_known = bool(asked.speaks_of) and self._gazetteer.is_named(read_name(asked.name), asked.country)
        return "" if asked.kind or is_known else asked.speaks_of

    def _organisation(self, asked: WantedCity, word: str) -> FoundCity:
        """An organisation: one of that name, else a new one or a question.

        Args:
            asked: the name; a city of the same name is another body.
            word: that says so; empty when a column does.
        """
        form = read_name(asked.label)
        same = [
            body
            for body in self._gazetteer.exact(form, BodyKind.ORGANISATION)
            if not asked.country or body.country in {asked.country, ""}
        ]
        if len(same) == 1:
            return FoundCity(CityAnswer.KNOWN, same[0])
        if same:
            reason = sentence("ingest.who.same_name", name=same[0].name)
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(same[:_MOST_CANDIDATES]))
        unknown = self._unknown_organisation if word else self._unknown
        if unknown == "new":
            return self._made(replace(asked, kind=BodyKind.ORGANISATION), "")
        reason = sentence("ingest.who.speaks_of", word=word) if word else sentence("ingest.who.not_known")
        if unknown == "refuse":
            return FoundCity(CityAnswer.REFUSED, reason=reason)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=self._candidates(asked))

    def _candidates(self, asked: WantedCity) -> tuple[Body, ...]:
        form = read_name(asked.name.replace("\ufffd", ""))
        exact = self._gazetteer.exact(form, asked.sought)
        near = [body for body, _ in self._gazetteer.near(form, asked, 70.0)]
        return tuple({id(body): body for body in [*exact, *near]}.values())[:_MOST_CANDIDATES]

    def _among(self, asked: WantedCity, same: list[Body]) -> FoundCity | None:
        """The one that is meant among cities of this name and country; nothing when it is none of them."""
        fitting = [body for body in same if _agree(asked, body)]
        if asked.point and (near := [body for body in fitting if is_close(asked.point, body.point)]):
            fitting = near
        far = [body for body in fitting if is_close(asked.point, body.point) is False]
        if len(far) == len(fitting):
            if any(not body.is_new for body in far):
                reason = sentence("ingest.who.other_place", name=asked.name, country=country_name(asked.country))
                return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(far))
            return None
        fitting = [body for body in fitting if body not in far]
        is_sure = bool(asked.qualifier) == bool(fitting[0].qualifier) and not _differ_in_city(asked, fitting[0])
        if len(fitting) == 1 and is_sure:
            return FoundCity(CityAnswer.KNOWN, fitting[0])
        if asked.region and (named := [body for body in fitting if body.region == asked.region]):
            fitting = named
            if len(fitting) == 1 and not _differ_in_city(asked, fitting[0]):
                return FoundCity(CityAnswer.KNOWN, fitting[0])
        several = len(fitting) > 1
        reason = sentence("ingest.who.same_name" if several else "ingest.who.maybe", name=fitting[0].name)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(fitting[:_MOST_CANDIDATES]))

    def _elsewhere(self, asked: WantedCity, others: list[Body]) -> FoundCity | None:
        """Why a known name with another country is a question; nothing when there is no doubt that it is another city."""
        listed = self._listed[read_name(asked.name).core]
        close = [
            body
            for body in others
            if is_close(asked.point, body.point) and (not body.is_new or listed[asked.country] <= listed[body.country])
        ]
        if close:
            reason = sentence(
                "ingest.who.lies_in", place=country_name(close[0].country), said=country_name(asked.country)
            )
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(close))
        core = read_name(asked.name).core
        rivals = {each.country for each in self._points[core] if is_close(asked.point, each.point)} - {asked.country}
        if rivals and max(listed[each] for each in rivals) >= listed[asked.country]:
            said = country_name(asked.country)
            reason = sentence("ingest.who.two_countries", said=said, others=_countries(rivals))
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(others[:_MOST_CANDIDATES]))
        # A state that we know lies in the country: "Paris, Texas, USA" needs no other sign.
        if (
            is_homonym(core)
            or is_region(asked.region, asked.country)
            or (asked.point and others and all(is_close(asked.point, each.point) is False for each in others))
        ):
            return None
        most = max(listed.values(), default=0)
        doubted = [body for body in others if not body.is_new or listed[asked.country] < most]
        countries = {body.country for body in doubted} | (well_known_in(core) - {asked.country})
        if asked.country in known_countries(core) or not countries:
            return None
        if asked.point and asked.country in (there := countries_at(asked.point)) and not countries & there:
            # The map says that it is another city of this name.
            return None
        said = country_name(asked.country)
        reason = sentence("ingest.who.known_in", name=asked.name, countries=_countries(countries), said=said)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(doubted[:_MOST_CANDIDATES]))

    def _misplaced(self, asked: WantedCity, exact: Sequence[Body]) -> FoundCity:
        """The question for a city whose point lies far from its country: one of the two is wrong."""
        elsewhere = self._elsewhere(asked, [body for body in exact if body.country not in {asked.country, ""}])
        if elsewhere is not None:
            return elsewhere
        around = self._neighbours.lies_in(read_name(asked.name).core, asked.country, asked.point)
        said = country_name(asked.country)
        reason = sentence("ingest.who.far", said=said)
        if around:
            reason = sentence("ingest.who.around", place=country_name(around), said=said)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(exact[:_MOST_CANDIDATES]))

    def _without_country(self, asked: WantedCity) -> FoundCity:
        exact = [body for body in self._exact(asked) if _agree(asked, body)]
        form = read_name(asked.name)
        close = [body for body in exact if is_close(asked.point, body.point)]
        if len(close) == 1:
            return FoundCity(
                CityAnswer.KNOWN,
                close[0],
                notes=(sentence("ingest.note.from_map", country=country_name(close[0].country)),),
            )
        if len(exact) > 1 or (exact and (is_homonym(form.core) or len(form.core) < _SHORTEST_ALONE)):
            reason = sentence("ingest.who.no_country_several")
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(exact[:_MOST_CANDIDATES]))
        if exact:
            if bool(asked.qualifier) != bool(exact[0].qualifier):
                return FoundCity(
                    CityAnswer.REVIEW, reason=sentence("ingest.who.maybe", name=exact[0].name), candidates=tuple(exact)
                )
            return FoundCity(CityAnswer.KNOWN, exact[0], notes=(_taken_as(exact[0].country),))
        countries = known_countries(form.core)
        if len(countries) == 1 and self._unknown == "new":
            (country,) = countries
            found = self._resolve(replace(asked, country=country))
            return replace(found, notes=(*found.notes, _taken_as(country)))
        if is_homonym(form.core):
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.no_country_several"))
        if (partly := self._partly(asked)) is not None:
            return partly
        return FoundCity(CityAnswer.REFUSED, reason=sentence("ingest.who.no_country_none"), is_open=True)

    def _not_exact(self, asked: WantedCity) -> FoundCity:
        candidates: dict[int, Body] = {}
        for form in _forms(asked.name):
            for body, _ in self._gazetteer.near(form, asked, self._near):
                apart = is_close(asked.point, body.point) is False or are_other_names(form, read_name(body.name))
                if _agree(asked, body) and not apart and body.kind is asked.sought:
                    candidates[id(body)] = body
        if candidates:
            chosen = tuple(candidates.values())[:_MOST_CANDIDATES]
            return FoundCity(
                CityAnswer.REVIEW, reason=sentence("ingest.who.resembles", name=chosen[0].name), candidates=chosen
            )
        around = self._neighbours.lies_in(read_name(asked.name).core, asked.country, asked.point)
        if around and asked.point and asked.country not in countries_at(asked.point):
            reason = sentence("ingest.who.around", place=country_name(around), said=country_name(asked.country))
            return FoundCity(CityAnswer.REVIEW, reason=reason)
        match self._unknown:
            case "new":
                return self._made(asked, "")
            case "review":
                return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.not_known"))
        return FoundCity(CityAnswer.REFUSED, reason=sentence("ingest.who.none_in_country"))

    def _made(self, asked: WantedCity, note: str) -> FoundCity:
        body = self._mint(asked)
        names = [asked.name]
        parts = parts_of(asked.name, hyphened=True)
        if _is_one_city([read_name(each).core for each in parts]):
            names += parts
        self._gazetteer.add(body, names)
        return FoundCity(CityAnswer.NEW, body, notes=(note,) if note else ())


def with_members_before(
    answers: Mapping[WantedCity, FoundCity],
    networks: Mapping[WantedCity, Collection[str]],
    before: Collection[tuple[str, str]],
) -> dict[WantedCity, FoundCity]:
    """The answers, with one for each name that several may bear and one alone of them bore in the edition before.

    No other row may mean that member: then it is listed once more, with less or more behind its name.

    Args:
        answers: what was found for each question.
        networks: of which networks the rows of each question claim membership.
        before: member and network of every membership of the edition before.
    """
    meant = Counter(body.iri for found in answers.values() for body in found.may_mean)
    settled = dict(answers)
    for asked, found in answers.items():
        wanted = networks.get(asked, ())
        bearers = found.bearers(asked.name) if wanted else []
        members = [body for body in bearers if all((body.authority, network) in before for network in wanted)]
        if len(members) == 1 and meant[members[0].iri] == 1:
            note = sentence("ingest.note.member_before", name=members[0].name)
            settled[asked] = FoundCity(CityAnswer.KNOWN, members[0], notes=(*found.notes, note))
    return settled


def _unclear_in(asked: WantedCity) -> str:
    """Why a name alone does not say which city of its country is meant, or whether it is one; empty when it does."""
    if asked.region or asked.qualifier or asked.point:
        return ""
    if is_state_name(asked.name, asked.country) and not asked.kind:
        return sentence("ingest.who.state", name=asked.name)
    if bears_several(read_name(asked.name).core, asked.country):
        return sentence("ingest.who.bear_name", country=country_name(asked.country))
    return ""


def _agree(asked: WantedCity, body: Body) -> bool:
    """Whether nothing that tells cities of one name apart speaks against it."""
    if asked.qualifier and body.qualifier and read_name(asked.qualifier).core != read_name(body.qualifier).core:
        return False
    return not (asked.region and body.region and asked.region != body.region)


def _differ_in_city(asked: WantedCity, body: Body) -> bool:
    """Whether "City" alone tells two names apart where it is a part of the name: Union and Union City in New Jersey."""
    one, other = read_name(asked.name).folded, read_name(body.name).folded
    is_name = body.country in _CITY_IN_NAMES and not known_countries(read_name(asked.name).core)
    return is_name and one != other and one.removesuffix(" city") == other.removesuffix(" city")


def _countries(codes: Iterable[str]) -> Text:
    names = [country_name(code) for code in sorted(codes)]
    return Text(", ".join(each.nb for each in names), ", ".join(each.en for each in names))


def _both(names: Sequence[str]) -> Text:
    between = text("ingest.who.and")
    return Text(between.nb.join(names), between.en.join(names))


def _taken_as(country: str) -> str:
    return sentence("ingest.note.taken_as", country=country_name(country))


def _forms(name: str) -> list[NameForm]:
    """The whole name first, then each half of a name in two languages."""
    return [read_name(each) for each in (name, *parts_of(name))]


def _is_one_city(cores: Sequence[str]) -> bool:
    """Whether names, as names are compared, are those of one city in several languages, as far as our list of them says."""
    cities = [set(other_names(core)) for core in cores]
    return bool(cities) and bool(set.intersection(*cities))
