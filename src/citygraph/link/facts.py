"""Our facts in the words of Wikidata (property, value, qualifiers, the page that says so), and as a batch for it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.link.items import ItemValue
from citygraph.matching.names import countries, country_code
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple

_MEMBER_OF, _CHAIR, _COUNT = "P463", "P488", "P2124"
_FOUNDED, _SEAT, _SITE, _COUNTRY = "P571", "P159", "P856", "P17"
_YEAR, _MONTH, _DAY = 9, 10, 11
_PUBLIC: Final = Iri("http://publications.europa.eu/resource/authority/access-right/PUBLIC")
_CIRCA: Final = "Q5727902"
_PRECISION: Final = {0: 9, 1: 10, 2: 11}
_SEEN: Final = 3


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A public page, and the last day on which it was seen, if known."""

    page: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class LinkFact:
    """One fact: the subject's IRI, a property of Wikidata, a value, when it holds, and where it can be read."""

    subject: str
    property: str
    value: ItemValue
    as_of: str = ""
    begin: str = ""
    end: str = ""
    approximate: bool = False
    citations: tuple[PublicPage, ...] = ()


def facts_of(triples: Iterable[Triple | Quad], linked: Mapping[str, str]) -> list[LinkFact]:
    """The facts about linked things that Wikidata has a property for; `linked` is the item of each IRI."""
    return list(dict.fromkeys(_FactFinder(triples, linked).facts()))


class _FactFinder:
    def __init__(self, triples: Iterable[Triple | Quad], linked: Mapping[str, str]) -> None:
        self._linked = linked
        self._said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in triples:
            if isinstance(triple.subject, Iri):
                self._said[triple.subject.value][triple.predicate.value].append(triple.object)

    def facts(self) -> Iterator[LinkFact]:
        for subject in self._linked:
            if subject in self._said:
                yield from self._plain(subject)
        for node in list(self._said):
            classes = self._iris(node, "rdf:type")
            if PREFIXES["org"] + "Membership" in classes:
                yield from self._membership(node)
            elif PREFIXES["schema"] + "Observation" in classes:
                yield from self._count(node)

    def _plain(self, subject: str) -> Iterator[LinkFact]:
        cited = self._citations(subject)
        for term in self._of(subject, "schema:foundingDate"):
            if isinstance(term, Literal):
                claims = self._claims(subject, PREFIXES["schema"] + "foundingDate", term)
                yield LinkFact(subject, _FOUNDED, _time(term.value), citations=claims or cited)
        for site in self._iris(subject, "org:hasPrimarySite"):
            for place in self._iris(site, "schema:containedInPlace"):
                # Without a link for the place there is a seat, and nothing to compare it with.
                value = ItemValue("item", self._linked.get(place, ""))
                yield LinkFact(subject, _SEAT, value, citations=self._citations(site) or cited)
        for page in self._iris(subject, "foaf:homepage"):
            yield LinkFact(subject, _SITE, ItemValue("string", page), citations=cited)
        places = [subject, *self._iris(subject, "cg:administers")]
        for country in dict.fromkeys(each for place in places for each in self._iris(place, "cg:inCountry")):
            known = countries().get(country_code(country))
            item = self._linked.get(country) or (known.item if known else "")
            if item:
                yield LinkFact(subject, _COUNTRY, ItemValue("item", item), citations=cited)

    def _membership(self, node: str) -> Iterator[LinkFact]:
        members, wholes = self._iris(node, "org:member"), self._iris(node, "org:organization")
        roles = self._iris(node, "org:role")
        if len(members) != 1 or len(wholes) != 1:
            return
        member, whole = members[0], wholes[0]
        times = self._times(node)
        cited = self._citations(node)
        is_member = any(PREFIXES["org"] + "memberOf" in self._iris(role, "org:roleProperty") for role in roles)
        if is_member and member in self._linked and whole in self._linked:
            yield LinkFact(member, _MEMBER_OF, ItemValue("item", self._linked[whole]), *times, citations=cited)
        if CONCEPT + "role-president" in roles and member in self._linked and whole in self._linked:
            yield LinkFact(whole, _CHAIR, ItemValue("item", self._linked[member]), *times, citations=cited)

    def _count(self, node: str) -> Iterator[LinkFact]:
        subjects = self._iris(node, "schema:observationAbout")
        if CONCEPT + "member-count" not in self._iris(node, "schema:measuredProperty"):
            return
        days = self._texts(node, "schema:observationDate")
        approximate = any(each != CONCEPT + "exact" for each in self._iris(node, "cg:approximation"))
        for subject in subjects:
            for text in self._texts(node, "schema:value"):
                if subject in self._linked:
                    yield LinkFact(
                        subject, _COUNT, ItemValue("quantity", text), as_of=days[0] if days else "",
                        approximate=approximate, citations=self._citations(node),
                    )  # fmt: skip

    def _times(self, node: str) -> tuple[str, str, str]:
        as_of = self._texts(node, "cg:asOf")
        bounds: dict[str, str] = {}
        for interval in self._iris(node, "org:memberDuring"):
            for name in ("time:hasBeginning", "time:hasEnd"):
                for instant in self._iris(interval, name):
                    found = [
                        term.value
                        for predicate, terms in self._said.get(instant, {}).items()
                        if predicate.startswith(PREFIXES["time"] + "inXSD")
                        for term in terms
                        if isinstance(term, Literal)
                    ]
                    bounds[name] = found[0] if found else ""
        return (as_of[0] if as_of else "", bounds.get("time:hasBeginning", ""), bounds.get("time:hasEnd", ""))

    def _claims(self, subject: str, predicate: str, value: Term) -> tuple[PublicPage, ...]:
        """What the claims that say the same thing rest on."""
        found: list[PublicPage] = []
        for node, said in list(self._said.items()):
            if Iri(subject) in said.get(PREFIXES["rdf"] + "subject", ()):
                same = Iri(predicate) in self._of(node, "rdf:predicate") and value in self._of(node, "rdf:object")
                found += self._citations(node) if same else ()
        return tuple(dict.fromkeys(found))

    def _citations(self, node: str) -> tuple[PublicPage, ...]:
        found: list[PublicPage] = []
        for source in self._iris(node, "prov:wasDerivedFrom"):
            document = source.partition("#")[0]
            # As on the pages: whatever does not say PUBLIC is not for everybody.
            if any(rights != _PUBLIC for rights in self._of(document, "dct:accessRights")):
                continue
            seen = self._texts(document, "cg:dateNotAfter")
            pages = [each for each in self._iris(document, "foaf:page") if each.startswith(("https://", "http://"))]
            found += [PublicPage(page, seen[0] if seen else "") for page in pages]
        return tuple(dict.fromkeys(found))

    def _of(self, node: str, curie: str) -> list[Term]:
        prefix, _, name = curie.partition(":")
        return (
            self._said[node].get((CG if prefix == "cg" else PREFIXES[prefix]) + name, []) if node in self._said else []
        )

    def _iris(self, node: str, curie: str) -> list[str]:
        return [term.value for term in self._of(node, curie) if isinstance(term, Iri)]

    def _texts(self, node: str, curie: str) -> list[str]:
        return [term.value for term in self._of(node, curie) if isinstance(term, Literal)]


def _time(text: str) -> ItemValue:
    parts = text.lstrip("-").count("-")
    return ItemValue("time", text, precision=(_YEAR, _MONTH, _DAY)[min(parts, 2)])


# -- a batch of QuickStatements -----------------------------------------------------------------------


def write_v1(facts: Iterable[LinkFact], linked: Mapping[str, str]) -> str:
    """The batch in the tab-separated language of QuickStatements, version 1."""
    return "".join("\t".join(cell for pair in _cells(fact, linked) for cell in pair if cell) + "\n" for fact in facts)


def write_csv(facts: Iterable[LinkFact], linked: Mapping[str, str]) -> str:
    """The same batch as CSV: for each property a column, then its qualifiers and its reference."""
    rows = list(facts)
    properties = sorted({fact.property for fact in rows})
    columns = [(p, name) for p in properties for name in ("", "P580", "P582", "P585", "P1480", "S854", "S813")]
    used: set[tuple[str, str]] = set()
    lines: list[dict[tuple[str, str], str]] = []
    for fact in rows:
        (qid, _), (property_, value), *more = _cells(fact, linked)
        line = {("", ""): qid, (property_, ""): value, **{(property_, name): each for name, each in more}}
        used |= set(line)
        lines.append(line)
    kept = [("", ""), *(column for column in columns if column in used)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["qid" if not p else p if not name else name.replace("P", "qal") for p, name in kept])
    writer.writerows([line.get(column, "") for column in kept] for line in lines)
    return text.getvalue()


def _cells(fact: LinkFact, linked: Mapping[str, str]) -> list[tuple[str, str]]:
    cells = [(linked[fact.subject], ""), (fact.property, _value(fact.value))]
    cells += [
        (name, _day(text)) for name, text in (("P580", fact.begin), ("P582", fact.end), ("P585", fact.as_of)) if text
    ]
    if fact.approximate:
        cells.append(("P1480", _CIRCA))
    citation: PublicPage = fact.citations[0]
    cells.append(("S854", _text(citation.page)))
    if citation.seen:
        cells.append(("S813", _day(citation.seen)))
    return cells


def _value(value: ItemValue) -> str:
    match value.kind:
        case "time":
            return _day(value.text)
        case "item" | "quantity":
            return value.text
        case _:
            return _text(value.text)


def _text(text: str) -> str:
    """A text between quotation marks; the language has no escape, so what would end it is written as in an address."""
    return '"' + "".join("%22" if letter == '"' else letter for letter in " ".join(text.split())) + '"'


def _day(text: str) -> str:
    """A day, month or year with its precision.

    >>> _day("1986"), _day("2020-11-05")
    ('+1986-00-00T00:00:00Z/9', '+2020-11-05T00:00:00Z/11')
    """
    parts = text.partition("T")[0].split("-")[:_SEEN]
    year, month, day = [*parts, "00", "00"][:_SEEN]
    return f"+{year.zfill(4)}-{month}-{day}T00:00:00Z/{_PRECISION[len(parts) - 1]}"
