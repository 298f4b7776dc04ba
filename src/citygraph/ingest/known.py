"""What the graph says already, what earlier editions of a list said, and what a newer edition changes; and their files."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from citygraph.ingest.countries import alpha2_of, is_region, region_of
from citygraph.ingest.dates import first_day
from citygraph.ingest.kinds import BodyKind
from citygraph.ingest.places import Body, bodies_of
from citygraph.ingest.tables import list_error
from citygraph.matching.names import fold, read_name
from citygraph.matching.things import Thing, things_of
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.turtle.layout import document_of, write_document

CSVW: Final = "http://www.w3.org/ns/csvw#"
_ORG, _TIME, _PROV = PREFIXES["org"], PREFIXES["time"], PREFIXES["prov"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_IN_COUNTRY: Final = CG + "inCountry"
_BROADER: Final = PREFIXES["skos"] + "broader"
_GRADE: Final = Iri(CONCEPT + "role-grade")
_NAMES: Final = frozenset({PREFIXES["skos"] + "prefLabel", PREFIXES["skos"] + "altLabel"})
_PLAIN_ORGANISATIONS: Final = frozenset({
    _ORG + "Organization", _ORG + "FormalOrganization", PREFIXES["foaf"] + "Organization", PREFIXES["foaf"] + "Agent",
})  # fmt: skip
_DEPRECATED: Final = CONCEPT + "rank-deprecated"
_DAYS: Final = tuple(_TIME + name for name in ("inXSDDate", "inXSDgYearMonth", "inXSDgYear"))
_ROW: Final = re.compile(r"#(?:sheet=[^&]*&)?row=\d+\Z")
_EDITION: Final = re.compile(r"\d{4}(?:-\d\d){0,2}\Z", re.ASCII)
_FOLDER: Final = "data/ingested"
_SOURCES: Final = "data/sources"
_MARK: Final = re.compile(r"\A# (?:[^\n]*) sha256 ([0-9a-f]{64})\n")
_HEAD: Final = "# Written by citygraph ingest from {name}; the next import writes it anew. sha256 "


@dataclass(frozen=True, slots=True)
class KnownMembership:
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
        return first_day(max((*self.as_of, self.begin), default=""))


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row of an earlier edition that was refused or waited: its name, its network, and who may be meant, by local names."""

    name: str
    network: str
    candidates: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListEdition:
    """What an earlier import of the same list said: for each membership the name in the list; and what it left open."""

    as_of: str
    listed: dict[str, str]
    open_rows: tuple[OpenRow, ...] = ()


@dataclass(slots=True)
class KnownGraph:
    """The graph without the edition that is imported now, and what that edition made when it was imported before."""

    triples: Sequence[Triple]
    remembered: Sequence[Triple] = ()
    things: dict[str, Thing] = field(init=False)
    facts: dict[str, KnownMembership] = field(init=False)
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

    def role_names(self) -> str:
        """The short names of its roles, to be read."""
        return ", ".join(sorted(each.removeprefix(CONCEPT) for each in self.roles))

    def bodies(self) -> Iterable[tuple[Body, list[str]]]:
        """Everything that can be a member: of the graph, then what this edition made before."""
        codes = _countries_of((*self.triples, *self.remembered))
        for is_new, triples in ((False, self.triples), (True, self.remembered)):
            yield from _organisations(triples, codes, self.taken if is_new else frozenset(), is_new=is_new)
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


def _organisations(
    triples: Iterable[Triple], codes: Mapping[str, str], without: Collection[str], *, is_new: bool
) -> Iterator[tuple[Body, list[str]]]:
    """Every organisation that is of no narrower class of ours, with its names."""
    classes: dict[str, set[str]] = defaultdict(set)
    names: dict[str, list[str]] = defaultdict(list)
    for each in triples:
        if not isinstance(each.subject, Iri):
            continue
        if each.predicate.value == _TYPE and isinstance(each.object, Iri):
            classes[each.subject.value].add(each.object.value)
        elif each.predicate.value in _NAMES and isinstance(each.object, Literal):
            names[each.subject.value].append(each.object.value)
    for iri, found in classes.items():
        if found <= _PLAIN_ORGANISATIONS and names[iri] and iri not in without:
            kind = BodyKind.ORGANISATION
            yield Body(iri, "", names[iri][0], codes.get(iri, ""), kind, is_new=is_new), names[iri]


def _with_country(body: Body, codes: dict[str, str]) -> Body:
    body.country = body.country or codes.get(body.place, "") or codes.get(body.authority, "")
    return body


def _with_region(body: Body, names: list[str]) -> tuple[Body, list[str]]:
    """An alias "Portland, OR" says which Portland this is, and so does the label "Wetzikon (ZH)"."""
    if body.qualifier and is_region(body.qualifier, body.country):
        body.region, body.qualifier = region_of(body.qualifier, body.country), ""
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


def facts_of(triples: Iterable[Triple]) -> list[KnownMembership]:
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
        found.append(KnownMembership(
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


def edition_of(
    as_of: str, facts: Iterable[Triple], rows: Iterable[Triple], open_rows: tuple[OpenRow, ...] = ()
) -> ListEdition:
    """What an edition lists, from the two files that its import wrote, and the rows of its report that were not taken in."""
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
    return ListEdition(as_of, listed, open_rows)


@dataclass(frozen=True, slots=True)
class ListDifference:
    """The changes between two editions, or against the graph when there is no earlier one; memberships by address.

    Args:
        since: the day of the earlier edition; empty when there is none.
        joined: on the list now and not before.
        unclear_before: on the list now, and perhaps meant by a row of the earlier edition that was not taken in.
        left: on the list before and not now, or in the graph and not on a complete list; the list does not say when they left.
        renamed: on both under another name: before and now.
        unclear: on the list before, and perhaps meant by a row that waits for a decision.
        missing: not on this list any more, which the map calls partial: they may be members still.
        disputed: not on a complete list, though another source says that they were members on that day or later.
    """

    since: str
    joined: tuple[str, ...] = ()
    unclear_before: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    renamed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What two editions leave open: nobody who may be meant by a row that was not used has left or joined.

    Args:
        pairs: member and network of rows of this one that wait for a decision.
        cores: the names in its rows that were refused or wait, as names are compared.
        maybe_before: memberships of this one that may be meant by a row of the one before that was refused or waits.
    """

    pairs: Collection[tuple[str, str]]
    cores: Collection[str]
    maybe_before: Collection[str]

    def may_mean(self, fact: KnownMembership, name: str) -> bool:
        """Whether such a row may mean this membership, which an earlier list or the graph has under that name."""
        core = read_name(name).core
        return (fact.member, fact.organization) in self.pairs or (bool(core) and core in self.cores)


def differ(
    previous: ListEdition | None,
    listed: Mapping[str, str],
    facts: Mapping[str, KnownMembership],
    *,
    unsaid: Unsaid,
    networks: Collection[str],
    unlisted: Iterable[tuple[KnownMembership, str]] = (),
    day: str = "",
    is_partial: bool = False,
) -> ListDifference:
    """Compare this edition with the one before, and with the graph where it is complete.

    Args:
        previous: the edition before, if there is one.
        listed: the memberships of this one, each with the name in the list.
        facts: the memberships of the graph.
        unsaid: the rows that are not decided.
        networks: what this list is about; a network that it does not mention at all has lost nobody.
        unlisted: memberships of the graph that a complete list should have and has not, with what the member is called.
        day: the day of this edition.
        is_partial: whether the list lacks members: then nobody has left.
    """
    earlier = previous.listed if previous else {}
    gone: dict[str, list[str]] = defaultdict(list)
    now = {(fact.member, fact.organization) for iri in listed if (fact := facts.get(iri))}
    candidates = [(fact, earlier[iri]) for iri in earlier if (fact := facts.get(iri))]
    seen = {fact.iri for fact, _ in candidates}
    for fact, name in [*candidates, *((fact, name) for fact, name in unlisted if fact.iri not in seen)]:
        if (
            fact.iri in listed
            or fact.end
            or fact.organization not in networks
            or (fact.member, fact.organization) in now
        ):
            continue
        if unsaid.may_mean(fact, name):
            gone["unclear"].append(fact.iri)
        elif is_partial:
            gone["missing"].append(fact.iri)
        elif any(each >= day[: len(each)] for each in fact.as_of):
            gone["disputed"].append(fact.iri)
        else:
            gone["left"].append(fact.iri)
    renamed = {
        iri: (earlier[iri], name)
        for iri, name in listed.items()
        if earlier.get(iri) and fold(earlier[iri]) != fold(name)
    }
    for iri in sorted(listed) if previous else ():
        if iri not in earlier:
            gone["unclear_before" if iri in unsaid.maybe_before else "joined"].append(iri)
    sorted_ = {kind: tuple(sorted(iris)) for kind, iris in gone.items()}
    return ListDifference(previous.as_of if previous else "", renamed=renamed, **sorted_)


class EditionFiles:
    """The paths of one edition of one list, from the project folder."""

    def __init__(self, folder: Path, name: str, day: str) -> None:
        """The paths below the project `folder` of the edition of the list `name` on `day`; no file is touched."""
        self.folder = folder
        self.name = name
        self.day = day
        self.facts = f"{_FOLDER}/{name}/{day}.ttl"
        self.sources = f"{_SOURCES}/{name}-{day}.ttl"
        self.report = f"{_FOLDER}/{name}/{day}.report.csv"
        self.review = f"{_FOLDER}/{name}/review.csv"
        self.before: dict[str, bytes | None] = {}

    def earlier(self) -> list[EditionFiles]:
        """The editions before this one that have been imported, the latest first; a year comes before its first day."""
        return [EditionFiles(self.folder, self.name, day) for day in reversed(self._days()) if day < self.day]

    def later(self) -> list[str]:
        """The days of editions that are newer than this one."""
        return [day for day in self._days() if day > self.day]

    def _days(self) -> list[str]:
        """The days, months and years of all editions, in order; they compare as text."""
        stems = (path.stem for path in (self.folder / _FOLDER / self.name).glob("*.ttl"))
        return sorted(stem for stem in stems if _EDITION.match(stem))

    def refuse_changed(self) -> None:
        """Nothing that a person has written is overwritten; what the files hold is kept in `before` until they are written.

        Raises:
            IngestError: a file of this edition was changed after the import that wrote it.
        """
        for each in (self.facts, self.sources):
            path = self.folder / each
            self.before[each] = data = path.read_bytes() if path.exists() else None
            if data is not None and not is_unchanged(data):
                raise list_error("changed", path=each)


def turtle(triples: Iterable[Triple], *, list_name: str, prefixes: Mapping[str, str]) -> bytes:
    """The statements in the project's layout, below a line that carries the hash of what follows."""
    text = write_document(document_of(triples, prefixes=prefixes))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{_HEAD.format(name=list_name)}{digest}\n\n{text}".encode()


def is_unchanged(data: bytes) -> bool:
    """Whether a file is as an import left it."""
    text = data.decode("utf-8", "replace")
    match = _MARK.match(text)
    return match is not None and hashlib.sha256(text[match.end() :].lstrip("\n").encode()).hexdigest() == match[1]
