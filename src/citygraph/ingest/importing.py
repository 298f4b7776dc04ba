"""One list into statements: every row gets an outcome, and the outcomes add up to the rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from citygraph.errors import IngestError
from citygraph.ingest.countries import country_label
from citygraph.ingest.difference import Difference, differ
from citygraph.ingest.entries import Claim, Entry, Outcome, read_entries
from citygraph.ingest.gazetteer import Asked, Body, Gazetteer
from citygraph.ingest.known import CSVW, Edition, Known
from citygraph.ingest.lists import Listing
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.memberships import Memberships, Wanted
from citygraph.ingest.minting import (
    Mint,
    country_iri,
    describe_authority,
    describe_country,
    describe_network,
    describe_place,
    iri_triple,
    text_triple,
)
from citygraph.ingest.networks import Networks
from citygraph.ingest.resolving import Found, Kind, Resolver
from citygraph.ingest.review import Decision, Question, review_key
from citygraph.ingest.tables import Limits
from citygraph.language import Text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Triple

__all__ = ["Import", "Line", "import_list"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_DCT, _PROV = PREFIXES["dct"], PREFIXES["prov"]
_MEDIA: Final = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IANA: Final = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: what became of a row, or of one of the memberships that it states."""

    sheet: str
    row: int
    outcome: Outcome
    reason: str = ""
    name: str = ""
    country: str = ""
    network: str = ""
    member: str = ""
    membership: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """What came of a list.

    Args:
        document: the address of the list as a source.
        lines: the report.
        rows: how many rows ended how; together they are all rows that were read.
        facts: the statements about networks, members and memberships.
        sources: the statements about the list and its rows.
        questions: what a person must decide.
        difference: what has changed since the last edition; nothing for the first.
        made: how many cities and networks are new.
        decided: what was made because the review says new, by the key of the question.
        notes: how the file was read.
    """

    document: str
    lines: tuple[Line, ...]
    rows: Mapping[Outcome, int]
    facts: tuple[Triple, ...]
    sources: tuple[Triple, ...]
    questions: tuple[Question, ...]
    difference: Difference | None
    made: Mapping[str, int]
    decided: Mapping[tuple[str, str, str], str]
    notes: tuple[str, ...]

    def candidate_names(self) -> dict[str, str]:
        """What the candidates of the review are called, by address."""
        found: dict[str, str] = {}
        for question in self.questions:
            for body in question.candidates:
                country = f" ({country_label(body.country, 'en')})" if body.country else ""
                found[body.iri] = f"{body.name}{country}"
        return found

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return sum(self.rows.values())


def import_list(
    listing: Listing,
    map_: ListMap,
    known: Known,
    *,
    base: str,
    decisions: Mapping[tuple[str, str, str], Decision],
    previous: Edition | None,
    limits: Limits,
) -> Import:
    """Everything that the list says, matched against the graph.

    Args:
        listing: the rows.
        map_: what the columns mean.
        known: the graph without this edition.
        base: the base address of the project.
        decisions: what a person said in the review.
        previous: the edition before this one.
        limits: how much of a row is read.

    Raises:
        IngestError: the map does not fit the list, or names a network or role that is not in the graph.
    """
    return _Importing(listing, map_, known, base, decisions, previous, limits).run()


class _Importing:
    def __init__(
        self,
        listing: Listing,
        map_: ListMap,
        known: Known,
        base: str,
        decisions: Mapping[tuple[str, str, str], Decision],
        previous: Edition | None,
        limits: Limits,
    ) -> None:
        self._listing, self._map, self._known, self._previous, self._limits = listing, map_, known, previous, limits
        self._day = map_.as_of.isoformat()
        self._document = f"{base}source/{map_.name}-{self._day}{listing.ending}"
        self._decisions = decisions
        bodies = list(known.bodies())
        taken = set(known.taken) | {iri for body, _ in bodies for iri in (body.authority, body.place) if iri}
        taken |= set(known.remembered_networks().values())
        self._mint = Mint(base, taken)
        for body, _ in bodies:
            self._mint.know(body)
        self._gazetteer = Gazetteer(bodies)
        self._resolver = Resolver(
            self._gazetteer,
            decisions=decisions,
            mint=self._mint.body,
            unknown=map_.text("unknown.city"),
            near=float(map_.values["near"]),
        )
        self._networks = Networks(known, map_, self._mint, base)
        self._memberships = Memberships(known.facts, self._mint)
        self._facts: list[Triple] = []
        self._rows: list[Triple] = []
        self._lines: list[Line] = []
        self._described: set[str] = set()
        self._cited: set[str] = set()
        self._first: dict[tuple[str, str], tuple[int, str, str, str]] = {}
        self._listed: dict[str, str] = {}
        self._unclear: set[tuple[str, str]] = set()
        self._made: Counter[str] = Counter()
        self._check_roles()

    def _check_roles(self) -> None:
        for role in (self._map.text("default_role"), *self._map.names("roles").values()):
            iri = CONCEPT + role.removeprefix("concept:")
            if role.removeprefix("concept:").startswith("role-") and iri not in self._known.roles:
                names = sorted(each.removeprefix(CONCEPT) for each in self._known.roles)
                message = f"The map names the role {role!r}, which the graph does not have."
                raise IngestError(message, fix=f"The roles are: {', '.join(names)}.")

    def run(self) -> Import:
        entries = list(read_entries(self._listing, self._map, self._limits))
        self._networks.find_all(claim.network for entry in entries for claim in entry.claims if not claim.problem)
        answers = self._resolver.resolve_all(each.asked for each in entries if each.asked and each.outcome is None)
        waiting: dict[tuple[str, str, str], tuple[Asked, Found, list[int]]] = {}
        outcomes: Counter[Outcome] = Counter()
        for entry in entries:
            found = answers.get(entry.asked) if entry.asked and entry.outcome is None else None
            if found is not None and found.kind is Kind.REVIEW and entry.asked:
                waiting.setdefault(review_key(entry.asked), (entry.asked, found, []))[2].append(entry.row)
            lines = self._row(entry, found)
            self._lines += lines
            outcomes[_together([line.outcome for line in lines])] += 1
        self._account(entries, outcomes)
        difference = self._differ()
        questions = tuple(Question(asked, tuple(rows), found.reason, found.candidates)
                          for asked, found, rows in waiting.values())  # fmt: skip
        return Import(
            document=self._document,
            lines=tuple(self._lines),
            rows={each: outcomes[each] for each in Outcome if outcomes[each]},
            facts=tuple(self._facts),
            sources=(*self._described_document(), *self._rows),
            questions=questions,
            difference=difference,
            made=dict(self._made),
            decided={key: body.authority for key, body in self._resolver.decided_new.items()},
            notes=self._listing.notes,
        )

    def _account(self, entries: list[Entry], outcomes: Counter[Outcome]) -> None:
        """Nothing is dropped in silence: as many outcomes as rows, and every row in the report."""
        rows = sum(len(sheet.rows) for sheet in self._listing.sheets)
        reported = {(line.sheet, line.row) for line in self._lines}
        if not rows == len(entries) == sum(outcomes.values()) == len(reported):
            message = f"{rows} rows were read, {sum(outcomes.values())} have an outcome, {len(reported)} are reported"
            raise AssertionError(message)

    def _row(self, entry: Entry, found: Found | None) -> list[Line]:
        asked = entry.asked
        line = Line(
            entry.sheet, entry.row, entry.outcome or Outcome.REFUSED, entry.reason, entry.written,
            asked.country if asked else "", notes=entry.notes,
        )  # fmt: skip
        if found is None or asked is None:
            return [line]
        line = replace(line, notes=(*entry.notes, *found.notes))
        if found.body is None:
            outcome = Outcome.REVIEW if found.kind is Kind.REVIEW else Outcome.REFUSED
            self._remember_unclear(entry, found)
            return [replace(line, outcome=outcome, reason=found.reason, network=each.network) for each in entry.claims]
        return [self._claim(line, entry, found.body, claim) for claim in entry.claims]

    def _remember_unclear(self, entry: Entry, found: Found) -> None:
        """Who may be meant by a row that is not decided has not left."""
        for claim in entry.claims:
            network = self._networks.find(claim.network)
            for body in found.candidates:
                if network.iri and body.authority:
                    self._unclear.add((body.authority, network.iri))

    def _claim(self, line: Line, entry: Entry, body: Body, claim: Claim) -> Line:
        line = replace(line, network=claim.network)
        if claim.problem:
            return replace(line, outcome=Outcome.REFUSED, reason=claim.problem)
        if CONCEPT + claim.role not in self._known.roles:
            return replace(line, outcome=Outcome.REFUSED, reason=f"the role {claim.role} is not in the graph")
        network = self._networks.find(claim.network)
        if not network.iri:
            outcome = Outcome.REVIEW if network.is_question else Outcome.REFUSED
            return replace(line, outcome=outcome, reason=network.reason)
        member = body.authority or self._new_authority(body)
        term = claim.period.begin if claim.period.end else ""
        key = (f"{member} {network.iri}", term)
        if key in self._first:
            row, sheet, role, place = self._first[key]
            if role != claim.role:
                reason = f"row {row} gives the role {role}, this one {claim.role}"
                return replace(line, outcome=Outcome.REFUSED, reason=reason, member=member)
            where = f"row {row}" + (f" of sheet {sheet}" if sheet != entry.sheet else "")
            return replace(line, outcome=Outcome.DUPLICATE, reason=f"of {where}", member=member, membership=place)
        row_iri = self._cite(entry)
        self._describe(entry, body, row_iri)
        if network.is_new:
            self._describe_network(network.iri, network.name, row_iri)
        iri, triples, notes = self._memberships.write(
            Wanted(member, network.iri, claim.role, claim.period, claim.has_left, entry.as_of or self._day, row_iri)
        )
        self._facts += triples
        self._first[key] = (entry.row, entry.sheet, claim.role, iri)
        self._listed[iri] = entry.written
        notes_ = (*line.notes, *notes, *((network.reason,) if network.reason else ()))
        return replace(line, outcome=Outcome.IMPORTED, reason="", member=member, membership=iri, notes=notes_)

    def _new_authority(self, body: Body) -> str:
        """A place of the graph whose authority nobody has written yet."""
        slug = body.place.rpartition("/")[2].removeprefix("place-")
        body.authority = self._mint.free(slug if body.kind == "region" else f"city-of-{slug}", "authority")
        return body.authority

    def _cite(self, entry: Entry) -> str:
        sheet = f"sheet={quote(entry.sheet, safe='')}&" if entry.sheet else ""
        iri = f"{self._document}#{sheet}row={entry.row}"
        if iri not in self._cited:
            self._cited.add(iri)
            digest = hashlib.sha256("\x1f".join(entry.cells).encode("utf-8", "surrogatepass")).hexdigest()
            self._rows += [
                iri_triple(iri, _TYPE, CSVW + "Row"),
                text_triple(iri, CSVW + "title", entry.written),
                iri_triple(iri, PREFIXES["oa"] + "hasSource", self._document),
                text_triple(iri, CG + "sha256", digest),
            ]
        return iri

    def _describe(self, entry: Entry, body: Body, row: str) -> None:
        if body.is_new and body.place and body.place not in self._described:
            self._described.add(body.place)
            self._made["region" if body.kind == "region" else "city"] += 1
            country = country_iri(body.country)
            if country not in self._known.countries and country not in self._described:
                self._described.add(country)
                self._facts += describe_country(body.country, self._document)
            self._facts += describe_place(body, entry.asked.name if entry.asked else body.name, entry.region, row)
        if body.authority not in self._known.taken and body.authority not in self._described and body.place:
            self._described.add(body.authority)
            self._facts += describe_authority(body, row)

    def _describe_network(self, iri: str, name: str, row: str) -> None:
        if iri not in self._described:
            self._described.add(iri)
            self._made["network"] += 1
            self._facts += describe_network(iri, name, row)

    def _described_document(self) -> Iterable[Triple]:
        given = self._map.values["title"]
        title = Text.of(given) if given else Text(f"{self._map.name}, {self._day}", f"{self._map.name}, {self._day}")
        iri = self._document
        yield iri_triple(iri, _TYPE, PREFIXES["foaf"] + "Document")
        yield iri_triple(iri, _TYPE, _PROV + "Entity")
        for language in ("nb", "en"):
            yield text_triple(iri, _DCT + "title", title.in_language(language), language)
        yield text_triple(iri, _DCT + "date", self._day, kind="date")
        yield iri_triple(iri, _DCT + "format", _IANA + _MEDIA[self._listing.ending])
        yield text_triple(iri, CG + "sha256", self._listing.sha256)
        for key, property_ in (("page", PREFIXES["foaf"] + "page"), ("licence", _DCT + "license")):
            if self._map.text(key):
                yield iri_triple(iri, property_, self._map.text(key))

    def _differ(self) -> Difference | None:
        if self._previous is None:
            return None
        difference = differ(
            self._previous, self._listed, self._known.facts, unclear=self._unclear, networks=self._networks.listed
        )
        for iri in difference.left:
            fact = self._known.facts[iri]
            self._facts += self._memberships.gone(
                fact, last=self._previous.as_of, now=self._day, document=self._document
            )
        return difference


def _together(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a row with several memberships."""
    kinds = set(outcomes)
    if len(kinds) == 1:
        return outcomes[0]
    if kinds == {Outcome.IMPORTED, Outcome.DUPLICATE}:
        return Outcome.IMPORTED
    if Outcome.IMPORTED in kinds:
        return Outcome.PARTLY
    return Outcome.REVIEW if Outcome.REVIEW in kinds else Outcome.REFUSED
