"""Statements: new things with names that nobody has, memberships and their dates, and the rows that they come from."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import quote

from citygraph.ingest.countries import alpha3, country_label, country_name
from citygraph.ingest.dates import Period, first_day
from citygraph.ingest.entries import Entry
from citygraph.ingest.kinds import BodyKind
from citygraph.ingest.known import CSVW, KnownGraph, KnownMembership
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.places import Body, WantedCity, is_homonym
from citygraph.ingest.read import Listing
from citygraph.matching.cities import address_stem
from citygraph.matching.names import fold, read_name, shortened, slug
from citygraph.messages import Text, sentence, text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Triple

_SKOS, _SCHEMA, _XSD = PREFIXES["skos"], PREFIXES["schema"], PREFIXES["xsd"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_SOURCE: Final = PREFIXES["prov"] + "wasDerivedFrom"
# "Kansas City" is its name and no decoration, and so is the last word of "Cape Town".
_PART_OF_NAME: Final = frozenset({"city", "town", "by", "stadt", "stad", "dome", "council"})
_ORG, _TIME = PREFIXES["org"], PREFIXES["time"]
_LABEL: Final = PREFIXES["skos"] + "prefLabel"
_NOTE: Final = PREFIXES["skos"] + "note"
_PRECISION: Final = {4: ("inXSDgYear", "gYear"), 7: ("inXSDgYearMonth", "gYearMonth"), 10: ("inXSDDate", "date")}
_KINDS: Final = {4: "gYear", 7: "gYearMonth", 10: "date"}
_DCT, _PROV = PREFIXES["dct"], PREFIXES["prov"]
_MEDIA: Final = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IANA: Final = "https://www.iana.org/assignments/media-types/"


class Mint:
    """Gives names that are free; the same list gives the same names."""

    def __init__(self, base: str, taken: set[str]) -> None:
        """`taken` are the addresses that are in use; what is given out joins them."""
        self._things = base + "id/"
        self._taken = taken
        self._labels: set[tuple[str, str]] = set()

    def know(self, body: Body) -> None:
        """A body whose label another must not bear."""
        self._labels.add((body.kind, fold(body.name)))

    def body(self, asked: WantedCity) -> Body:
        """A new city or region, with two free names and a label that tells it apart."""
        kind = asked.sought
        bare = bare_name(asked.name) if kind is BodyKind.CITY else asked.name
        stem = address_stem(bare, asked.country)
        label = f"{bare} ({asked.qualifier})" if asked.qualifier else bare
        apart = f"{asked.country}-{asked.region or asked.qualifier}".lower()
        region = asked.region.upper() if len(asked.region) <= len("NSW") else asked.region.title()
        if region and not asked.qualifier and (is_homonym(fold(bare)) or (kind, fold(label)) in self._labels):
            label = f"{bare} ({region})"
        if (kind, fold(label)) in self._labels:
            label = f"{label}, {country_label(asked.country, 'en')}"
        apart = slug(apart)
        self._labels.add((kind, fold(label)))
        authority = f"city-of-{stem}" if kind is BodyKind.CITY else stem
        return Body(
            authority=self.free(authority, apart),
            place="" if kind is BodyKind.ORGANISATION else self.free(f"place-{stem}", apart),
            name=label,
            country=asked.country,
            kind=kind,
            qualifier=asked.qualifier,
            region=asked.region,
            point=asked.point,
            is_new=True,
        )

    def network(self, name: str) -> str:
        """A new network."""
        return self.free(address_stem(name, ""), "network")

    def free(self, stem: str, apart: str) -> str:
        """An address that nobody has: the stem, else with what tells it apart, else with a number."""
        for number in range(1, 100_000):
            tried = (stem, f"{stem}-{apart}", f"{stem}-{apart}-{number}")[min(number - 1, 2)]
            iri = self._things + shortened(tried)
            if iri not in self._taken:
                self._taken.add(iri)
                return iri
        message = f"no free name for {stem}"
        raise AssertionError(message)


def bare_name(name: str) -> str:
    """The name of the place without the words for its authority, in its own letters.

    >>> bare_name("Ville de Évry"), bare_name("Stockholms stad"), bare_name("Kansas City"), bare_name("City of Bergen")
    ('Évry', 'Stockholm', 'Kansas City', 'Bergen')
    """
    form = read_name(name)
    if form.core == form.folded or not form.core:
        return name
    words, folded, core = name.replace("’", "'").split(), form.folded.split(), form.core.split()
    if len(words) != len(folded):
        return name
    for place in range(len(folded) - len(core) + 1):
        if folded[place : place + len(core)] == core:
            behind = folded[place + len(core) :]
            if not place and behind and behind[-1] in _PART_OF_NAME and not form.nominative:
                return name
            kept = " ".join(words[place : place + len(core)])
            return kept[: len(form.nominative) - len(form.core)] if form.nominative and kept[-1:].isalpha() else kept
    return name


def iri_triple(subject: str, predicate: str, object_: str) -> Triple:
    """A statement about two things; an address that is none is a mistake of ours and raises ValueError."""
    return Triple(Iri(subject), Iri(predicate), Iri(object_))


def text_triple(subject: str, predicate: str, text: str, language: str = "", *, kind: str = "") -> Triple:
    """A statement with a text in a language, or a value of an XML Schema type."""
    if language:
        return Triple(Iri(subject), Iri(predicate), Literal(text, language=language))
    return Triple(Iri(subject), Iri(predicate), Literal(text, datatype=Iri(_XSD + kind)) if kind else Literal(text))


def day_triple(subject: str, predicate: str, day: str) -> Triple:
    """A statement with a day, a month or a year, as precise as it is written."""
    return text_triple(subject, predicate, day, kind=_KINDS[len(day)])


def said_triples(subject: str, predicate: str, said: Text) -> Iterator[Triple]:
    """A text in both languages."""
    yield text_triple(subject, predicate, said.nb, "nb")
    yield text_triple(subject, predicate, said.en, "en")


def country_iri(code: str) -> str:
    """The country in the authority table of the EU."""
    return PREFIXES["country"] + alpha3(code)


def describe_country(code: str, source: str) -> Iterator[Triple]:
    """A country that the graph does not have yet."""
    iri = country_iri(code)
    yield iri_triple(iri, _TYPE, CG + "Country")
    yield from said_triples(iri, _LABEL, country_name(code))
    yield text_triple(iri, _SKOS + "notation", code)
    yield iri_triple(iri, _SOURCE, source)


def describe_place(body: Body, written: str, region: str, source: str) -> Iterator[Triple]:
    """A place.

    Args:
        body: what it is.
        written: the name as the list writes it.
        region: the state or province as the list writes it.
        source: the row that names it first.
    """
    yield iri_triple(body.place, _TYPE, CG + ("Region" if body.kind is BodyKind.REGION else "City"))
    yield from said_triples(body.place, _LABEL, Text.of(body.name))
    yield iri_triple(body.place, CG + "inCountry", country_iri(body.country))
    if region:
        yield text_triple(body.place, _SKOS + "altLabel", f"{bare_name(written)}, {region}", "en")
    if body.point:
        for name, value in zip(("latitude", "longitude"), body.point, strict=True):
            yield text_triple(body.place, _SCHEMA + name, _decimal(value), kind="decimal")
    yield iri_triple(body.place, _SOURCE, source)


def describe_authority(body: Body, source: str) -> Iterator[Triple]:
    """The authority that governs a place."""
    yield iri_triple(body.authority, _TYPE, PREFIXES["cv"] + "PublicOrganisation")
    yield iri_triple(body.authority, _TYPE, PREFIXES["org"] + "Organization")
    is_city = body.kind is BodyKind.CITY
    named = text("ingest.statement.authority").filled(name=body.name) if is_city else Text.of(body.name)
    yield from said_triples(body.authority, _LABEL, named)
    yield iri_triple(body.authority, CG + "administers", body.place)
    yield iri_triple(body.authority, _SOURCE, source)


def describe_organisation(body: Body, source: str) -> Iterator[Triple]:
    """A body that governs no place: an association, a university, a company."""
    yield iri_triple(body.authority, _TYPE, PREFIXES["org"] + "Organization")
    yield from said_triples(body.authority, _LABEL, Text.of(body.name))
    if body.country:
        yield iri_triple(body.authority, CG + "inCountry", country_iri(body.country))
    yield iri_triple(body.authority, _SOURCE, source)


def describe_network(iri: str, name: str, source: str) -> Iterator[Triple]:
    """A network that the graph does not have yet."""
    yield iri_triple(iri, _TYPE, CG + "CityNetwork")
    yield from said_triples(iri, _LABEL, Text.of(name))
    yield iri_triple(iri, _SOURCE, source)


def _decimal(value: float) -> str:
    text = f"{value:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


@dataclass(frozen=True, slots=True)
class ListedMembership:
    """One membership that a row states."""

    member: str
    organization: str
    role: str
    period: Period
    has_left: bool
    as_of: str
    row: str


class Memberships:
    """The memberships of one edition, each with its name in the graph."""

    def __init__(self, facts: dict[str, KnownMembership], mint: Mint) -> None:
        """`facts` are the memberships that the graph has without this edition."""
        self._mint = mint
        self._facts = facts
        self._of: dict[tuple[str, str], list[KnownMembership]] = defaultdict(list)
        for fact in facts.values():
            self._of[fact.member, fact.organization].append(fact)

    def write(self, wanted: ListedMembership) -> tuple[str, list[Triple], list[str]]:
        """The address of the membership, what is to be written, and what the reader should know."""
        fact = self._continued(wanted)
        if fact is not None:
            triples, notes = self._confirmed(fact, wanted)
            return fact.iri, triples, notes
        iri = self._named(wanted)
        notes = self._contradictions(wanted)
        triples = [
            iri_triple(iri, _TYPE, _ORG + "Membership"),
            iri_triple(iri, _ORG + "member", wanted.member),
            iri_triple(iri, _ORG + "organization", wanted.organization),
            iri_triple(iri, _ORG + "role", CONCEPT + wanted.role),
            *self._dates(iri, wanted, has_basis=False),
            iri_triple(iri, _SOURCE, wanted.row),
        ]
        return iri, triples, notes

    def _continued(self, wanted: ListedMembership) -> KnownMembership | None:
        """The fact that this row says once more: the same role, and not ended before."""
        for fact in self._of[wanted.member, wanted.organization]:
            if fact.role != CONCEPT + wanted.role or fact.is_deprecated:
                continue
            if fact.end and wanted.has_left and not wanted.period.end:
                return fact
            same_end = bool(fact.end) and wanted.period.end[: len(fact.end)] == fact.end[: len(wanted.period.end)]
            if (not fact.end) or (wanted.period.end and same_end):
                return fact
        return None

    def _confirmed(self, fact: KnownMembership, wanted: ListedMembership) -> tuple[list[Triple], list[str]]:
        notes: list[str] = []
        begin, end = wanted.period.begin, wanted.period.end
        if fact.begin and begin and begin[: len(fact.begin)] != fact.begin[: len(begin)]:
            notes.append(sentence("ingest.note.began", ours=fact.begin, theirs=begin))
        if fact.end and wanted.has_left and not end:
            return [iri_triple(fact.iri, _SOURCE, wanted.row)], notes
        begin = "" if fact.begin else begin
        end = "" if fact.end else end
        rest = replace(wanted, period=Period(begin, end))
        triples = [*self._dates(fact.iri, rest, has_basis=fact.has_basis, interval=fact.interval, known=fact.begin)]
        triples.append(iri_triple(fact.iri, _SOURCE, wanted.row))
        return triples, notes

    def _contradictions(self, wanted: ListedMembership) -> list[str]:
        return [
            sentence(
                "ingest.note.other_role",
                role=fact.role.removeprefix(CONCEPT),
                membership=fact.iri.rpartition("/")[2],
            )
            for fact in self._of[wanted.member, wanted.organization]
            if fact.role != CONCEPT + wanted.role and not fact.end and not fact.is_deprecated
        ]

    def _named(self, wanted: ListedMembership) -> str:
        """`m-{member}-{organisation}`, with the role or the year of a second term behind it when that is taken."""
        member, organization = (each.rpartition("/")[2] for each in (wanted.member, wanted.organization))
        year = (wanted.period.begin or wanted.as_of)[:4]
        role = wanted.role.removeprefix("role-")
        others = self._of[wanted.member, wanted.organization]
        apart = role if any(fact.role != CONCEPT + wanted.role for fact in others) else year
        return self._mint.free(f"m-{member}-{organization}", apart)

    def _dates(
        self, iri: str, wanted: ListedMembership, *, has_basis: bool, interval: str = "", known: str = ""
    ) -> Iterator[Triple]:
        """When it held; `known` is the beginning that the graph has already, of the interval that it has."""
        begin, end = wanted.period.begin, wanted.period.end
        begins_later = bool(begin) and begin[: len(wanted.as_of)] > wanted.as_of[: len(begin)]
        ended = (bool(end) and end[: len(wanted.as_of)] < wanted.as_of[: len(end)]) or (wanted.has_left and not end)
        if not (wanted.has_left and ended) and not begins_later and not ended:
            yield day_triple(iri, CG + "asOf", wanted.as_of)
            if not has_basis:
                yield iri_triple(iri, CG + "asOfBasis", CONCEPT + "basis-document")
        if begin or end or wanted.has_left:
            during = interval or f"{iri}-during"
            if not interval:
                yield iri_triple(iri, _ORG + "memberDuring", during)
                yield iri_triple(during, _TYPE, _TIME + "ProperInterval")
            if begin:
                yield from _instant(during, "hasBeginning", f"{iri}-begin", begin)
            if end:
                yield from _instant(during, "hasEnd", f"{iri}-end", end)
            elif wanted.has_left:
                yield from _past(during, f"{iri}-end", wanted, begin or known)

    def begun(self, iri: str, begin: str, row: str) -> Iterator[Triple]:
        """The beginning of a membership that another row of the list names; nothing when the graph knows one.

        Args:
            iri: the membership, written already, with no date of its own.
            begin: when it began.
            row: the row that says so.
        """
        fact = self._facts.get(iri)
        if fact is None or not fact.begin:
            during = (fact.interval if fact else "") or f"{iri}-during"
            if fact is None or not fact.interval:
                yield iri_triple(iri, _ORG + "memberDuring", during)
                yield iri_triple(during, _TYPE, _TIME + "ProperInterval")
            yield from _instant(during, "hasBeginning", f"{iri}-begin", begin)
            yield iri_triple(iri, _SOURCE, row)

    def gone(self, fact: KnownMembership, *, last: str, now: str, document: str) -> Iterator[Triple]:
        """A membership that the list had and has no longer: it ended between the two days, and no one says when.

        Args:
            fact: the membership.
            last: the last day, month or year in which it is known to have held; empty when none is.
            now: the day, month or year of the edition that has it no longer; it holds from its first day on.
            document: that edition.
        """
        during, end = fact.interval or f"{fact.iri}-during", f"{fact.iri}-end"
        if not fact.interval:
            yield iri_triple(fact.iri, _ORG + "memberDuring", during)
            yield iri_triple(during, _TYPE, _TIME + "ProperInterval")
        yield iri_triple(during, _TIME + "hasEnd", end)
        yield iri_triple(end, _TYPE, _TIME + "Instant")
        since = max(first_day(last), first_day(fact.begin))
        if since:
            yield text_triple(end, CG + "dateNotBefore", since, kind="date")
        yield text_triple(end, CG + "dateNotAfter", max(_day_before(now), since), kind="date")
        yield from said_triples(end, _NOTE, text("ingest.statement.gone").filled(day=now))
        yield iri_triple(end, _SOURCE, document)


def _past(during: str, iri: str, wanted: ListedMembership, begin: str) -> Iterator[Triple]:
    """The end of a former membership of which the list says no more than that it is over; it is none on the list's day."""
    said = wanted.as_of
    yield iri_triple(during, _TIME + "hasEnd", iri)
    yield iri_triple(iri, _TYPE, _TIME + "Instant")
    yield text_triple(iri, CG + "dateNotAfter", max(_day_before(said), first_day(begin)), kind="date")
    yield from said_triples(iri, _NOTE, text("ingest.statement.past").filled(day=said))
    yield iri_triple(iri, _SOURCE, wanted.row)


def _day_before(day: str) -> str:
    """The day before a day; a month or a year counts as its first day."""
    return (date.fromisoformat(first_day(day)) - timedelta(days=1)).isoformat()


def _instant(during: str, property_: str, iri: str, day: str) -> Iterator[Triple]:
    name, kind = _PRECISION[len(day)]
    yield iri_triple(during, _TIME + property_, iri)
    yield iri_triple(iri, _TYPE, _TIME + "Instant")
    yield text_triple(iri, _TIME + name, day, kind=kind)


class Descriptions:
    """What has been described in this edition, and how many things of each kind are new."""

    def __init__(self, known: KnownGraph, document: str) -> None:
        """`document` is the source of countries: no row of a list says more of one than its name."""
        self._known = known
        self._document = document
        self._done: set[str] = set()
        self.made: Counter[str] = Counter()

    def body(self, entry: Entry, body: Body, row: str) -> Iterator[Triple]:
        """A city or region with its authority, or an organisation, as far as the graph does not have them."""
        if body.is_new and body.kind is BodyKind.ORGANISATION:
            if self._is_first(body.authority):
                self.made[body.kind] += 1
                yield from self.country(body.country)
                yield from describe_organisation(body, row)
            return
        if body.is_new and body.place and self._is_first(body.place):
            self.made[body.kind] += 1
            yield from self.country(body.country)
            yield from describe_place(body, entry.asked.name if entry.asked else body.name, entry.region, row)
        if body.authority not in self._known.taken and body.place and self._is_first(body.authority):
            yield from describe_authority(body, row)

    def country(self, code: str) -> Iterator[Triple]:
        """A country that the graph does not have; nothing without one."""
        iri = country_iri(code) if code else ""
        if iri and iri not in self._known.countries and self._is_first(iri):
            yield from describe_country(code, self._document)

    def network(self, iri: str, name: str, row: str) -> Iterator[Triple]:
        """A network that the graph does not have."""
        if self._is_first(iri):
            self.made["network"] += 1
            yield from describe_network(iri, name, row)

    def editors(self, iri: str) -> Iterator[Triple]:
        """The group that judges lists where nobody else is named, as far as the graph does not have it."""
        if self._is_first(iri):
            yield iri_triple(iri, _TYPE, PREFIXES["foaf"] + "Group")
            yield from said_triples(iri, PREFIXES["foaf"] + "name", text("ingest.statement.editors"))

    def _is_first(self, iri: str) -> bool:
        if iri in self._done:
            return False
        self._done.add(iri)
        return True


class Anchors:
    """The document of one list, and the rows of it that are cited."""

    def __init__(self, listing: Listing, map_: ListMap, base: str) -> None:
        """Name the document; nothing is cited yet."""
        self._listing = listing
        self._map = map_
        self.document = f"{base}source/{map_.name}-{map_.as_of}{listing.ending}"
        self._cited: set[str] = set()
        self._rows: list[Triple] = []

    def cite(self, entry: Entry) -> str:
        """The address of a row (RFC 7111), described once."""
        sheet = f"sheet={quote(entry.sheet, safe='')}&" if entry.sheet else ""
        iri = f"{self.document}#{sheet}row={entry.row}"
        if iri not in self._cited:
            self._cited.add(iri)
            digest = hashlib.sha256("\x1f".join(entry.cells).encode("utf-8", "surrogatepass")).hexdigest()
            self._rows += [
                iri_triple(iri, _TYPE, CSVW + "Row"),
                text_triple(iri, CSVW + "title", entry.written),
                iri_triple(iri, PREFIXES["oa"] + "hasSource", self.document),
                text_triple(iri, CG + "sha256", digest),
            ]
        return iri

    def triples(self) -> Iterator[Triple]:
        """The document, then its rows."""
        yield from self._described_document()
        yield from self._rows

    def _described_document(self) -> Iterator[Triple]:
        given, day = self._map.values["title"], self._map.as_of
        title = Text.of(given or f"{self._map.name}, {day}")
        iri = self.document
        yield iri_triple(iri, _TYPE, PREFIXES["foaf"] + "Document")
        yield iri_triple(iri, _TYPE, _PROV + "Entity")
        yield from said_triples(iri, _DCT + "title", Text(title.in_language("nb"), title.in_language("en")))
        yield day_triple(iri, _DCT + "date", day)
        yield iri_triple(iri, _DCT + "format", _IANA + _MEDIA[self._listing.ending])
        yield text_triple(iri, CG + "sha256", self._listing.sha256)
        for key, property_ in (("page", PREFIXES["foaf"] + "page"), ("licence", _DCT + "license")):
            if self._map.text(key):
                yield iri_triple(iri, property_, self._map.text(key))
