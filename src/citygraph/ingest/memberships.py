"""Claims to memberships: a new fact, or one more confirmation of a fact that the graph has; dates never invented."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from citygraph.ingest.dates import Period
from citygraph.ingest.known import Fact
from citygraph.ingest.minting import Mint, iri_triple, text_triple
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Triple

__all__ = ["Memberships", "Wanted"]

_ORG, _TIME = PREFIXES["org"], PREFIXES["time"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_SOURCE: Final = PREFIXES["prov"] + "wasDerivedFrom"
_NOTE: Final = PREFIXES["skos"] + "note"
_PRECISION: Final = {4: ("inXSDgYear", "gYear"), 7: ("inXSDgYearMonth", "gYearMonth"), 10: ("inXSDDate", "date")}
_KINDS: Final = {4: "gYear", 7: "gYearMonth", 10: "date"}


@dataclass(frozen=True, slots=True)
class Wanted:
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

    def __init__(self, facts: dict[str, Fact], mint: Mint) -> None:
        """`facts` are the memberships that the graph has without this edition."""
        self._mint = mint
        self._facts = facts
        self._of: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in facts.values():
            self._of[fact.member, fact.organization].append(fact)

    def write(self, wanted: Wanted) -> tuple[str, list[Triple], list[str]]:
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

    def _continued(self, wanted: Wanted) -> Fact | None:
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

    def _confirmed(self, fact: Fact, wanted: Wanted) -> tuple[list[Triple], list[str]]:
        notes: list[str] = []
        begin, end = wanted.period.begin, wanted.period.end
        if fact.begin and begin and begin[: len(fact.begin)] != fact.begin[: len(begin)]:
            notes.append(f"the graph says it began {fact.begin}, the list {begin}: the graph is kept")
        if fact.end and wanted.has_left and not end:
            return [iri_triple(fact.iri, _SOURCE, wanted.row)], notes
        begin = "" if fact.begin else begin
        end = "" if fact.end else end
        rest = replace(wanted, period=Period(begin, end))
        triples = [*self._dates(fact.iri, rest, has_basis=fact.has_basis, interval=fact.interval)]
        triples.append(iri_triple(fact.iri, _SOURCE, wanted.row))
        return triples, notes

    def _contradictions(self, wanted: Wanted) -> list[str]:
        return [
            f"the graph also has the role {fact.role.removeprefix(CONCEPT)} ({fact.iri.rpartition('/')[2]})"
            for fact in self._of[wanted.member, wanted.organization]
            if fact.role != CONCEPT + wanted.role and not fact.end and not fact.is_deprecated
        ]

    def _named(self, wanted: Wanted) -> str:
        """`m-{member}-{organisation}`, with the role or the year of a second term behind it when that is taken."""
        member, organization = (each.rpartition("/")[2] for each in (wanted.member, wanted.organization))
        year = (wanted.period.begin or wanted.as_of)[:4]
        role = wanted.role.removeprefix("role-")
        others = self._of[wanted.member, wanted.organization]
        apart = role if any(fact.role != CONCEPT + wanted.role for fact in others) else year
        return self._mint.free(f"m-{member}-{organization}", apart)

    def _dates(self, iri: str, wanted: Wanted, *, has_basis: bool, interval: str = "") -> Iterator[Triple]:
        begin, end = wanted.period.begin, wanted.period.end
        begins_later = bool(begin) and begin > wanted.as_of[: len(begin)]
        ended = (bool(end) and end < wanted.as_of[: len(end)]) or (wanted.has_left and not end)
        if not (wanted.has_left and ended) and not begins_later and not ended:
            yield text_triple(iri, CG + "asOf", wanted.as_of, kind=_KINDS[len(wanted.as_of)])
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
                yield from _past(during, f"{iri}-end", wanted)

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

    def gone(self, fact: Fact, *, last: str, now: str, document: str) -> Iterator[Triple]:
        """A membership that the list had and has no longer: it ended between the two days, and no one says when.

        Args:
            fact: the membership.
            last: the last day on which it is known to have held; empty when none is.
            now: the day of the edition that has it no longer.
            document: that edition.
        """
        during, end = fact.interval or f"{fact.iri}-during", f"{fact.iri}-end"
        if not fact.interval:
            yield iri_triple(fact.iri, _ORG + "memberDuring", during)
            yield iri_triple(during, _TYPE, _TIME + "ProperInterval")
        yield iri_triple(during, _TIME + "hasEnd", end)
        yield iri_triple(end, _TYPE, _TIME + "Instant")
        before = (date.fromisoformat(now) - timedelta(days=1)).isoformat()
        if last:
            yield text_triple(end, CG + "dateNotBefore", last, kind="date")
        yield text_triple(end, CG + "dateNotAfter", max(before, last), kind="date")
        yield text_triple(end, _NOTE, f"Står ikke på listen {now}; listen sier ikke når det tok slutt.", "nb")
        yield text_triple(end, _NOTE, f"Not on the list of {now}; the list does not say when it ended.", "en")
        yield iri_triple(end, _SOURCE, document)


def _past(during: str, iri: str, wanted: Wanted) -> Iterator[Triple]:
    """The end of a former membership of which the list says no more than that it is over."""
    last = {4: f"{wanted.as_of}-12-31", 7: f"{wanted.as_of}-28"}.get(len(wanted.as_of), wanted.as_of)
    yield iri_triple(during, _TIME + "hasEnd", iri)
    yield iri_triple(iri, _TYPE, _TIME + "Instant")
    yield text_triple(iri, CG + "dateNotAfter", last, kind="date")
    yield text_triple(iri, _NOTE, f"Tidligere medlem på listen {last}; listen sier ikke når det tok slutt.", "nb")
    yield text_triple(iri, _NOTE, f"A former member on the list of {last}; the list does not say when it ended.", "en")
    yield iri_triple(iri, _SOURCE, wanted.row)


def _instant(during: str, property_: str, iri: str, day: str) -> Iterator[Triple]:
    name, kind = _PRECISION[len(day)]
    yield iri_triple(during, _TIME + property_, iri)
    yield iri_triple(iri, _TYPE, _TIME + "Instant")
    yield text_triple(iri, _TIME + name, day, kind=kind)
