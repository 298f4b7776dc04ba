"""What the graph says already: bodies, networks, roles, memberships, the names that are taken, earlier editions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.ingest.countries import alpha2_of
from citygraph.ingest.gazetteer import Body, bodies_of
from citygraph.ingest.regions import region_of
from citygraph.matching.names import read_name
from citygraph.matching.things import Thing, things_of
from citygraph.namespaces import CG, CONCEPT, PREFIXES, fold
from citygraph.rdf import Iri, Literal, Term, Triple

__all__ = ["CSVW", "Edition", "Fact", "Known", "edition_of", "facts_of"]

CSVW: Final = "http://www.w3.org/ns/csvw#"
_ORG, _TIME, _PROV = PREFIXES["org"], PREFIXES["time"], PREFIXES["prov"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_IN_COUNTRY: Final = CG + "inCountry"
_BROADER: Final = PREFIXES["skos"] + "broader"
_GRADE: Final = Iri(CONCEPT + "role-grade")
_DEPRECATED: Final = CONCEPT + "rank-deprecated"
_DAYS: Final = tuple(_TIME + name for name in ("inXSDDate", "inXSDgYearMonth", "inXSDgYear"))
_ROW: Final = re.compile(r"#(?:sheet=[^&]*&)?row=\d+\Z")


@dataclass(frozen=True, slots=True)
class Fact:
    """One membership of the graph, as far as an import must know it."""

    iri: str
    member: str
    organization: str
    role: str
    begin: str = ""
    end: str = ""
    as_of: tuple[str, ...] = ()
    has_basis: bool = False
    interval: str = ""
    is_deprecated: bool = False

    @property
    def last_known(self) -> str:
        """The last day on which the graph says that it held, or began; empty when it says neither."""
        last = max((*self.as_of, self.begin), default="")
        return f"{last}-01-01"[:10] if len(last) == len("2020") else f"{last}-01"[:10] if last else ""


@dataclass(frozen=True, slots=True)
class Edition:
    """What an earlier import of the same list said: for each membership the name in the list."""

    as_of: str
    listed: dict[str, str]


@dataclass(slots=True)
class Known:
    """The graph without the edition that is imported now, and what that edition made when it was imported before."""

    triples: Sequence[Triple]
    remembered: Sequence[Triple] = ()
    things: dict[str, Thing] = field(init=False)
    facts: dict[str, Fact] = field(init=False)
    roles: set[str] = field(init=False)
    taken: set[str] = field(init=False)
    networks: dict[str, str] = field(init=False)
    countries: set[str] = field(init=False)
    grades: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Read the graph once."""
        self.things = things_of(self.triples)
        self.facts = {each.iri: each for each in facts_of(self.triples)}
        self.roles = _of_class(self.triples, _ORG + "Role")
        self.countries = _of_class(self.triples, CG + "Country")
        self.grades = {
            each.subject.value
            for each in self.triples
            if each.predicate.value == _BROADER and each.object == _GRADE and isinstance(each.subject, Iri)
        }
        self.taken = {each.subject.value for each in self.triples if isinstance(each.subject, Iri)}
        self.networks = {}
        for iri, thing in self.things.items():
            if "network" in thing.kinds:
                for name in thing.names:
                    self.networks.setdefault(fold(name.text), iri)
                self.networks.setdefault(fold(iri.rpartition("/")[2]), iri)

    def bodies(self) -> Iterable[tuple[Body, list[str]]]:
        """Everything that can be a member: of the graph, then what this edition made before."""
        codes = _countries_of((*self.triples, *self.remembered))
        for body, names in bodies_of(self.things, self.triples):
            yield _with_region(_with_country(body, codes), names)
        for body, names in bodies_of(things_of(self.remembered), self.remembered):
            if body.iri not in self.taken:
                body.is_new = True
                yield _with_region(_with_country(body, codes), names)

    def remembered_networks(self) -> dict[str, str]:
        """The networks that this edition made before, by folded name."""
        made = things_of(self.remembered)
        return {fold(name.text): iri for iri, thing in made.items() if "network" in thing.kinds for name in thing.names}


def _countries_of(triples: Iterable[Triple]) -> dict[str, str]:
    """In which country each place lies, as two letters: the table of the EU has more of them than the matcher."""
    return {
        each.subject.value: code
        for each in triples
        if each.predicate.value == _IN_COUNTRY
        and isinstance(each.subject, Iri)
        and isinstance(each.object, Iri)
        and (code := alpha2_of(each.object.value))
    }


def _with_country(body: Body, codes: dict[str, str]) -> Body:
    body.country = body.country or codes.get(body.place, "") or codes.get(body.authority, "")
    return body


def _with_region(body: Body, names: list[str]) -> tuple[Body, list[str]]:
    """An alias "Portland, OR" says which Portland this is."""
    for name in names:
        before, comma, behind = name.rpartition(", ")
        if comma and read_name(before).core == read_name(body.name).core and not body.region:
            body.region = region_of(behind, body.country)
    return body, names


def _of_class(triples: Iterable[Triple], class_: str) -> set[str]:
    return {
        each.subject.value
        for each in triples
        if each.predicate.value == _TYPE and each.object == Iri(class_) and isinstance(each.subject, Iri)
    }


def facts_of(triples: Iterable[Triple]) -> list[Fact]:
    """Every membership, with the ends of its interval."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if isinstance(triple.subject, Iri):
            said[triple.subject.value][triple.predicate.value].append(triple.object)
    found = []
    for iri, about in list(said.items()):
        if Iri(_ORG + "Membership") not in about.get(_TYPE, ()):
            continue
        interval = _first(about, _ORG + "memberDuring")
        found.append(Fact(
            iri=iri,
            member=_first(about, _ORG + "member"),
            organization=_first(about, _ORG + "organization"),
            role=_first(about, _ORG + "role"),
            begin=_bound(said, interval, _TIME + "hasBeginning"),
            end=_bound(said, interval, _TIME + "hasEnd"),
            as_of=tuple(sorted(each.value for each in about.get(CG + "asOf", ()) if isinstance(each, Literal))),
            has_basis=CG + "asOfBasis" in about,
            interval=interval,
            is_deprecated=Iri(_DEPRECATED) in about.get(CG + "rank", ()),
        ))  # fmt: skip
    return found


def _first(about: dict[str, list[Term]], property_: str) -> str:
    return next((each.value for each in about.get(property_, ()) if isinstance(each, Iri)), "")


def _bound(said: dict[str, dict[str, list[Term]]], interval: str, end: str) -> str:
    """The date at one end; of an end that is only known to lie before a day, that day."""
    instant = said.get(_first(said[interval], end)) if interval in said else None
    for property_ in (*_DAYS, CG + "dateNotAfter"):
        for each in (instant or {}).get(property_, ()):
            if isinstance(each, Literal):
                return each.value
    return ""


def edition_of(as_of: str, facts: Iterable[Triple], rows: Iterable[Triple]) -> Edition:
    """What an edition lists, from the two files that its import wrote."""
    title = CSVW + "title"
    names = {
        each.subject.value: each.object.value
        for each in rows
        if each.predicate.value == title and isinstance(each.subject, Iri) and isinstance(each.object, Literal)
    }
    listed: dict[str, str] = {}
    for each in facts:
        if (
            each.predicate.value == _PROV + "wasDerivedFrom"
            and isinstance(each.subject, Iri)
            and isinstance(each.object, Iri)
            and _ROW.search(each.object.value)
            and "/id/m-" in each.subject.value
        ):
            listed.setdefault(each.subject.value, names.get(each.object.value, ""))
    return Edition(as_of, listed)
