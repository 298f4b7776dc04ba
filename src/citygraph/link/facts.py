"""Our facts in the words of Wikidata (property, value, qualifiers, the page that says so), and as a batch for it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from citygraph.link.items import DAY, YEAR, ItemValue, year_and_rest
from citygraph.link.properties import (
    BEGIN,
    CHAIR,
    CIRCA,
    CIRCUMSTANCES,
    COUNT,
    COUNTRY,
    DAY_OF,
    END,
    FOUNDED,
    MEMBER_OF,
    OFFICES,
    PAGE,
    SEAT,
    SEEN,
    SITE,
)
from citygraph.matching.names import countries, country_code
from citygraph.matching.things import CODE_PROPERTIES, plain_code
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple

_PUBLIC: Final = Iri("http://publications.europa.eu/resource/authority/access-right/PUBLIC")
_LAST_PART: Final = ("id-ror",)
"""Kinds of identifiers that we keep as an address and Wikidata as its end."""


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A public page, and the last day on which it was seen, if known."""

    page: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class LinkFact:
    """One fact: the subject's IRI, a property of Wikidata, a value, when it holds, and where it can be read.

    `is_fit` is false of what is compared and not offered: the property is for persons, and a city holds the office.
    """

    subject: str
    property: str
    value: ItemValue
    as_of: str = ""
    begin: str = ""
    end: str = ""
    approximate: bool = False
    citations: tuple[PublicPage, ...] = ()
    is_fit: bool = True


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
        self._about: dict[str, list[str]] = defaultdict(list)
        for node in self._said:
            for subject in self._iris(node, "rdf:subject"):
                self._about[subject].append(node)

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
            if isinstance(term, Literal) and (value := _time(term.value)) is not None:
                yield self._stated(subject, "schema:foundingDate", term, FOUNDED, value)
        for site in self._iris(subject, "org:hasPrimarySite"):
            for place in self._iris(site, "schema:containedInPlace"):
                # Without a link for the place there is a seat, and nothing to compare it with.
                value = ItemValue("item", self._linked.get(place, ""))
                stated = self._stated(subject, "org:hasPrimarySite", Iri(site), SEAT, value)
                yield replace(stated, citations=self._citations(site) or stated.citations)
        for page in self._iris(subject, "foaf:homepage"):
            yield self._stated(subject, "foaf:homepage", Iri(page), SITE, ItemValue("string", page))
        places = [subject, *self._iris(subject, "cg:administers")]
        for country in dict.fromkeys(each for place in places for each in self._iris(place, "cg:inCountry")):
            known = countries().get(country_code(country))
            item = self._linked.get(country) or (known.item if known else "")
            if item:
                yield LinkFact(subject, COUNTRY, ItemValue("item", item), citations=cited)
        for identifier in self._iris(subject, "adms:identifier"):
            yield from self._code(subject, identifier)

    def _stated(self, subject: str, curie: str, value: Term, property_: str, theirs: ItemValue) -> LinkFact:
        """A statement with what the claims about it rest on, and when they say that it holds."""
        claims = self._claims(subject, curie, value)
        times = [self._times(each, "time:hasTime") for each in claims]
        as_of, begins, ends = (tuple(each) for each in zip(*times, strict=True)) if times else ((), (), ())
        found = dict.fromkeys(page for claim in claims for page in self._citations(claim))
        return LinkFact(
            subject, property_, theirs, max(as_of, default=""), min(filter(None, begins), default=""),
            max(ends) if all(ends) and ends else "", citations=tuple(found) or self._citations(subject),
        )  # fmt: skip

    def _code(self, subject: str, identifier: str) -> Iterator[LinkFact]:
        for kind in (each.removeprefix(CONCEPT) for each in self._iris(identifier, "dct:type")):
            for text in self._texts(identifier, "skos:notation") if kind in CODE_PROPERTIES else ():
                value = ItemValue("string", plain_code(text) if kind in _LAST_PART else text)
                cited = self._citations(identifier) or self._citations(subject)
                yield LinkFact(subject, CODE_PROPERTIES[kind], value, citations=cited)

    def _membership(self, node: str) -> Iterator[LinkFact]:
        members, wholes = self._iris(node, "org:member"), self._iris(node, "org:organization")
        if len(members) != 1 or len(wholes) != 1 or members[0] not in self._linked:
            return
        member, roles = members[0], self._iris(node, "org:role")
        value = ItemValue("item", self._linked[member])
        times, cited = self._times(node, "org:memberDuring"), self._citations(node)
        is_member = any(PREFIXES["org"] + "memberOf" in self._iris(role, "org:roleProperty") for role in roles)
        if is_member and wholes[0] in self._linked:
            whole = ItemValue("item", self._linked[wholes[0]])
            yield LinkFact(member, MEMBER_OF, whole, *times, citations=cited)
        is_person = PREFIXES["foaf"] + "Person" in self._iris(member, "rdf:type")
        for role in roles:
            property_ = OFFICES.get(role.removeprefix(CONCEPT), "")
            network = self._network_of(wholes[0]) if property_ else ""
            # A president is one of the network itself; whoever presides over its board may be another.
            if network and (network == wholes[0] or not role.endswith("president") or property_ != CHAIR):
                yield LinkFact(
                    network, property_, value, *times, citations=cited, is_fit=is_person or property_ == CHAIR
                )

    def _network_of(self, body: str) -> str:
        """The linked thing that a body is, or that the board is a unit of; nothing for a working group."""
        if body in self._linked:
            return body
        is_board = CG + "GoverningBody" in self._iris(body, "rdf:type")
        return next((each for each in self._iris(body, "org:unitOf") if is_board and each in self._linked), "")

    def _count(self, node: str) -> Iterator[LinkFact]:
        subjects = self._iris(node, "schema:observationAbout")
        if CONCEPT + "member-count" not in self._iris(node, "schema:measuredProperty"):
            return
        days = _times(self._texts(node, "schema:observationDate"))
        approximate = any(each != CONCEPT + "exact" for each in self._iris(node, "cg:approximation"))
        for subject in subjects:
            for text in self._texts(node, "schema:value"):
                if subject in self._linked:
                    yield LinkFact(
                        subject, COUNT, ItemValue("quantity", text), as_of=days[0] if days else "",
                        approximate=approximate, citations=self._citations(node),
                    )  # fmt: skip

    def _times(self, node: str, interval_by: str) -> tuple[str, str, str]:
        """The day, the beginning and the end of a membership or a claim, each empty when it is not said."""
        as_of = _times(self._texts(node, "cg:asOf"))
        bounds: dict[str, str] = {}
        for interval in self._iris(node, interval_by):
            for name in ("time:hasBeginning", "time:hasEnd"):
                for instant in self._iris(interval, name):
                    found = [
                        term.value
                        for predicate, terms in self._said.get(instant, {}).items()
                        if predicate.startswith(PREFIXES["time"] + "inXSD")
                        for term in terms
                        if isinstance(term, Literal)
                    ]
                    bounds[name] = next(iter(_times(found)), "")
        return (as_of[0] if as_of else "", bounds.get("time:hasBeginning", ""), bounds.get("time:hasEnd", ""))

    def _claims(self, subject: str, curie: str, value: Term) -> list[str]:
        """The claims that say the same thing and that nobody has rejected."""
        prefix, _, name = curie.partition(":")
        said = (Iri(subject), Iri(PREFIXES[prefix] + name), value)
        parts = ("rdf:subject", "rdf:predicate", "rdf:object")
        rejected = CONCEPT + "rank-deprecated"
        return [
            node
            for node in self._about[subject]
            if all(term in self._of(node, part) for term, part in zip(said, parts, strict=True))
            and rejected not in self._iris(node, "cg:rank")
        ]

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


def _time(text: str) -> ItemValue | None:
    """A day, month or year without its time zone; nothing when it is none of them."""
    try:
        sign, year, rest = year_and_rest(text)
    except ValueError:
        return None
    return ItemValue("time", "-".join([f"{sign}{year:04}", *rest]), precision=YEAR + len(rest))


def _times(texts: Iterable[str]) -> list[str]:
    return sorted(time.text for text in texts if (time := _time(text)) is not None)


# -- a batch of QuickStatements -----------------------------------------------------------------------


_MORE: Final = (BEGIN, END, DAY_OF, CIRCUMSTANCES, PAGE.replace("P", "S"), SEEN.replace("P", "S"))


def write_v1(facts: Iterable[LinkFact], linked: Mapping[str, str]) -> str:
    """The batch in the tab-separated language of QuickStatements, version 1."""
    return "".join("\t".join(cell for pair in _cells(fact, linked) for cell in pair if cell) + "\n" for fact in facts)


def write_csv(facts: Iterable[LinkFact], linked: Mapping[str, str]) -> str:
    """The same batch as CSV: for each property a column, then its qualifiers and its reference."""
    rows = list(facts)
    properties = sorted({fact.property for fact in rows})
    columns = [(p, name) for p in properties for name in ("", *_MORE)]
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
    cells += [(name, _day(text)) for name, text in ((BEGIN, fact.begin), (END, fact.end), (DAY_OF, fact.as_of)) if text]
    if fact.approximate:
        cells.append((CIRCUMSTANCES, CIRCA))
    citation: PublicPage = fact.citations[0]
    cells.append((PAGE.replace("P", "S"), _text(citation.page)))
    if citation.seen:
        cells.append((SEEN.replace("P", "S"), _day(citation.seen)))
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
    sign, year, rest = year_and_rest(text)
    month, day = [*rest, "00", "00"][:2]
    return f"{sign or '+'}{year:04}-{month}-{day}T00:00:00Z/{min(YEAR + len(rest), DAY)}"
