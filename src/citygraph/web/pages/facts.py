"""Rows with their sources: the answer to a question, and what the page of a thing says as statements and tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.as_of import DatedStatus, FactStatus
from citygraph.labels import FALLBACK
from citygraph.messages import text
from citygraph.namespaces import compress, expand
from citygraph.query import Citation, cite
from citygraph.query.entity import FACT_TABLES, EntityClaim, EntityFact, claims_about, facts_about, identifier_code
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.terms import ShownTerm, TermFormatter, best_language

_GROUPS: Final = {
    "about": """
        skos:definition rdfs:comment skos:scopeNote skos:note dct:description skos:altLabel skos:notation
        org:classification schema:foundingDate schema:dissolutionDate foaf:homepage foaf:page cg:hasConstituency
        schema:startDate schema:endDate dct:date cg:dateNotBefore cg:dateNotAfter dct:language dct:format
        dct:publisher dct:creator dct:issued dct:license dct:accessRights dct:bibliographicCitation cg:staleAfter
        org:roleProperty skos:inScheme skos:broader skos:narrower schema:position cg:degree
        schema:repeatFrequency schema:byMonth dct:type cg:lastRead cg:sha256""",
    "aims": """
        cg:hasAim org:purpose cg:hasActivity cg:strategicFramework cg:relatesTo""",
    "themes": "cg:hasTopic cg:coversTheme dct:subject",
    "participation": """
        cg:participatesIn org:memberOf cg:associatedWith org:headOf cg:isRepresentedThrough cg:hasBeenAffiliatedWith
        org:holds org:heldBy org:hasMember cg:hasParticipant cg:representedCountry cg:comesFrom cg:onBehalfOf cg:jointWith""",
    "structure": """
        org:unitOf org:hasUnit cg:meetingRule org:postIn org:subOrganizationOf
        org:resultedFrom org:changedBy org:originalOrganization org:resultingOrganization schema:organizer""",
    "place": """
        cg:seatedIn org:hasPrimarySite cg:administers cg:administeredBy schema:containedInPlace cg:inCountry
        cg:locatedIn dct:spatial""",
    "links": """
        schema:sameAs skos:exactMatch skos:closeMatch skos:relatedMatch skos:broadMatch adms:identifier
        schema:latitude schema:longitude geo:lat geo:long""",
}
HEADINGS: Final = (*_GROUPS, "other")
"""The headings, in the order of the page."""
_PLACES: Final = {
    expand(curie) or curie: (group, position)
    for group, curies in _GROUPS.items()
    for position, curie in enumerate(curies.split())
}
_COLUMNS: Final = {
    "memberships": ("member", "role", "organization", "behalf", "when"),
    "figures": ("about", "indicator", "approximation", "value", "to", "unit", "paid_by", "date"),
    "lists": ("kind", "role", "place", "completeness", "date"),
    "disagreements": ("fact", "side", "followed"),
}
_PURPOSE: Final = expand("org:purpose")
"""What follows from an aim, and says no more than it."""
_MOST_FACTS: Final = 300
_MOST_ROWS: Final = 1000


# -- answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CitedSource:
    """One source as a line: the document, the passage in our words, and notes such as its date."""

    document: ShownTerm
    passage: str
    notes: tuple[str, ...]
    page: str = ""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One row: its cells, and when sources were asked for whether it is stated, and what it rests on."""

    cells: tuple[ShownTerm, ...]
    stated: bool | None = None
    sources: tuple[CitedSource, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """The rows that are shown; `count` is how many there are."""

    columns: tuple[str, ...]
    rows: tuple[AnswerRow, ...]
    count: int

    @property
    def cut(self) -> bool:
        """Whether the page shows fewer rows than there are; the files have all of them."""
        return len(self.rows) < self.count


def table_of(
    solutions: Solutions,
    formatter: TermFormatter,
    words: Words,
    *,
    stated: Sequence[bool] = (),
    sources: Sequence[Sequence[Citation]] = (),
) -> AnswerTable:
    """The first rows of an answer, each with what is known of its sources, and whether the files alone give it."""
    rows = []
    for number, row in enumerate(solutions.rows[:_MOST_ROWS]):
        cells = tuple(formatter.term(term) for term in row)
        of_row = cited_sources(sources[number], formatter, words) if number < len(sources) else ()
        rows.append(AnswerRow(cells, stated[number] if number < len(stated) else None, of_row))
    return AnswerTable(tuple(column_name(each, words) for each in solutions.columns), tuple(rows), len(solutions))


def column_name(column: str, words: Words) -> str:
    """What the heading of a column says."""
    return words.code("column", column)


def cited_sources(citations: Sequence[Citation], formatter: TermFormatter, words: Words) -> tuple[CitedSource, ...]:
    """Each source once, in the order given."""
    return tuple(dict.fromkeys(_source(citation, formatter, words) for citation in citations))


def _source(citation: Citation, formatter: TermFormatter, words: Words) -> CitedSource:
    language = formatter.language
    title = citation.title.in_language(language) or formatter.iri(citation.document).text
    notes = [citation.place.words.in_language(language)] if citation.place else []
    if citation.as_of:
        notes.append(words("fact.as_of", date=formatter.date(citation.as_of)))
    if not citation.is_exact:
        notes.append(words.code("approximation", citation.approximation))
    if citation.modality not in {"", "stated"}:
        notes.append(words.code("modality", citation.modality))
    if citation.of_thing:
        notes.append(text("interface.of_thing").in_language(language))
    return CitedSource(
        ShownTerm(title, formatter.urls.link(citation.address), external=formatter.urls.is_external(citation.address)),
        citation.passage.in_language(language),
        tuple(notes),
        citation.page if citation.page.startswith(("https://", "http://")) else "",
    )


# -- statements under their headings ---------------------------------------------------------------------


def _all(curies: str) -> frozenset[str]:
    return frozenset(expand(curie) or curie for curie in curies.split())


_HIDDEN: Final = _all("""
    rdf:type skos:prefLabel foaf:name dct:title rdfs:label prov:wasDerivedFrom
    org:hasMembership cg:hasCurrentMembership cg:hasCurrentList org:hasSubOrganization
    org:transitiveSubOrganizationOf skos:broaderTransitive skos:narrowerTransitive
""")
"""What stands in the head of the page, in a table of its own, or is said twice by derivation."""


_INCOMING_HIDDEN: Final = _HIDDEN | _all("""
    org:member org:organization org:role cg:onBehalfOf schema:observationAbout schema:measuredProperty
    rdf:subject rdf:predicate rdf:object cg:listOf cg:listKind cg:hasSide cg:follows cg:locatedIn
    org:unitOf org:hasUnit org:subOrganizationOf skos:broader skos:narrower skos:inScheme
    cg:participatesIn cg:hasParticipant org:memberOf org:hasMember cg:administers cg:administeredBy
    cg:approximation cg:modality cg:rank cg:asOfBasis cg:completeness cg:listRole adms:identifier
    prov:wasAttributedTo prov:wasQuotedFrom oa:hasSource oa:hasSelector dct:type cg:representedCountry
    org:resultedFrom org:changedBy
""")
"""Statements that name a thing and that its page already tells from its own side."""


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """One of the five statuses (`as_of.FactStatus`) and its words, with the date that decides."""

    code: str
    words: str


def shown_status(dated: DatedStatus, formatter: TermFormatter) -> ShownStatus:
    """A status as a badge says it."""
    words, code = Words(formatter.language), dated.status.value
    day = formatter.date(dated.date) if dated.date else ""
    return ShownStatus(code, words(f"status.{code}-{'dated' if day else 'plain'}", date=day))


@dataclass(frozen=True, slots=True)
class FactValue:
    """One value of one property, with what is known about the saying of it."""

    value: ShownTerm
    derived: bool
    triple: tuple[str, str, str]
    citations: tuple[Citation, ...] = ()
    comment: str = ""
    followed: bool = True
    status: ShownStatus | None = None
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactProperty:
    """All values of one property; `incoming` when the values say it of the thing."""

    label: str
    curie: str
    statements: tuple[FactValue, ...]
    incoming: bool = False

    @property
    def derived(self) -> bool:
        """Whether nobody wrote any of it down."""
        return all(statement.derived for statement in self.statements)


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Properties that answer the same kind of question."""

    key: str
    properties: tuple[FactProperty, ...]


def groups_about(iri: str, formatter: TermFormatter) -> list[FactGroup]:
    """The statements about a thing under their headings, empty headings left out."""
    graph = formatter.graph
    claims, named = (claims_about(iri, graph.store, incoming=incoming) for incoming in (False, True))
    stated = _by_kind(graph.statements(iri), claims)
    others = {key: False for key in claims if key not in stated}
    naming: dict[tuple[str, Term], bool] = {
        (property_, subject): derived
        for (property_, subject), derived in _by_kind(graph.statements(iri, incoming=True), named).items()
        if isinstance(subject, Iri) and graph.kind_of(subject.value) not in {None, FALLBACK}
    }
    statuses = graph.statuses(fact for key in others for fact in claims[key].facts)
    statements = _StatementFormatter(iri, formatter, claims, frozenset(others), statuses)
    stated_as = {kind: claim.stated_as for (kind, _), claim in [*claims.items(), *named.items()]}
    by_heading: dict[int, list[tuple[int, FactProperty]]] = defaultdict(list)
    for property_, shown in [*statements.properties(stated | others), *statements.properties(naming, incoming=True)]:
        heading, position = _place_of(stated_as.get(property_, property_))
        by_heading[heading].append((position + 100 * shown.incoming, shown))
    return [
        FactGroup(HEADINGS[number], tuple(shown for _, shown in sorted(found, key=lambda each: each[0])))
        for number, found in sorted(by_heading.items())
    ]


def _by_kind(
    statements: Mapping[tuple[str, Term], bool], claims: Mapping[tuple[str, Term], EntityClaim]
) -> dict[tuple[str, Term], bool]:
    """The statements, each relation and each activity by the kind that the claims about it tell."""
    kinds: dict[tuple[str, Term], list[str]] = defaultdict(list)
    for (property_, term), claim in claims.items():
        if claim.preferred and claim.stated_as != property_:
            kinds[claim.stated_as, term].append(property_)
    return {
        (property_, term): derived
        for (stated, term), derived in statements.items()
        for property_ in kinds.get((stated, term), [stated])
    }


def _place_of(property_: str) -> tuple[int, int]:
    """The place of a property: its heading, and its place below the heading."""
    heading, position = _PLACES.get(property_, ("other", 0))
    return (HEADINGS.index(heading), position)


@dataclass(frozen=True, slots=True)
class _StatementFormatter:
    """The statements about one thing; `not_followed` are claims that nobody took over as statements."""

    iri: str
    formatter: TermFormatter
    claims: Mapping[tuple[str, Term], EntityClaim]
    not_followed: frozenset[tuple[str, Term]]
    statuses: Mapping[Term, DatedStatus]

    def properties(
        self, statements: Mapping[tuple[str, Term], bool], *, incoming: bool = False
    ) -> list[tuple[str, FactProperty]]:
        """The properties of these statements, those left out that the page shows in another way."""
        formatter, hidden = self.formatter, _INCOMING_HIDDEN if incoming else _HIDDEN
        by_property: dict[str, list[Term]] = defaultdict(list)
        for (property_, term), derived in statements.items():
            if property_ not in hidden and not (derived and property_ == _PURPOSE):
                by_property[property_].append(term)
        found = []
        for property_, terms in by_property.items():
            shown = best_language(terms, formatter.language)
            values = [self._value((property_, term), derived=statements[property_, term]) for term in shown]
            values.sort(key=lambda each: (not each.followed, each.derived, each.value.text.casefold()))
            label = formatter.graph.label(property_, formatter.language)
            name = compress(property_, formatter.graph.project.prefixes)
            found.append((property_, FactProperty(label, name, tuple(values), incoming)))
        return found

    def _value(self, key: tuple[str, Term], *, derived: bool) -> FactValue:
        property_, term = key
        formatter, claim = self.formatter, self.claims.get(key)
        value = self._identifier(term) or formatter.term(term)
        triple = (f"<{self.iri}>", f"<{claim.stated_as if claim else property_}>", str(term))
        if claim is None:
            return FactValue(value, derived, triple)
        cited = cite(claim.counted, formatter.graph.store)
        comments = best_language(claim.comments, formatter.language)
        return FactValue(
            value,
            derived=False,
            triple=triple,
            citations=tuple(dict.fromkeys(citation for fact in claim.counted for citation in cited.get(fact, ()))),
            comment=comments[0].value if comments and isinstance(comments[0], Literal) else "",
            followed=key not in self.not_followed,
            status=self._status(claim) if key in self.not_followed else None,
            claims=tuple(fact.value for fact in claim.counted),
        )

    def _status(self, claim: EntityClaim) -> ShownStatus | None:
        """Why a statement does not hold, when its claims speak of another time."""
        found = [self.statuses[fact] for fact in claim.counted if fact in self.statuses]
        return shown_status(found[0], self.formatter) if found else None

    def _identifier(self, term: Term) -> ShownTerm | None:
        """An identifier by its kind and its code: its own name would say nothing."""
        formatter, graph = self.formatter, self.formatter.graph
        if not isinstance(term, Iri) or graph.kind_of(term.value) != FALLBACK or term.value in graph.directory:
            return None
        known = identifier_code(term, graph.store)
        if known is None:
            return None
        kind, code = known
        name = f"{graph.label(kind.value, formatter.language)}: " if isinstance(kind, Iri) else ""
        text = f"{name}{code.value if isinstance(code, Literal) else code}"
        return ShownTerm(text, formatter.urls.entity(term.value), iri=term.value)


# -- facts that tie several things together --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact: its cells in the order of the columns, and where it comes from."""

    cells: tuple[ShownTerm, ...]
    href: str
    citations: tuple[Citation, ...] = ()
    comment: str = ""
    status: ShownStatus | None = None
    iri: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether it holds on the day; `None` for facts that are not dated so."""
        return self.status.code == FactStatus.HOLDS if self.status is not None else None


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts of one sort; columns without any value, or with nothing but the thing itself, are left out."""

    key: str
    columns: tuple[str, ...]
    rows: tuple[FactRow, ...]
    count: int

    @property
    def cut(self) -> bool:
        """Whether the page shows fewer rows than there are."""
        return len(self.rows) < self.count


def tables_about(iri: str, formatter: TermFormatter) -> list[FactTable]:
    """The tables of one thing, empty ones left out."""
    facts = {sort: facts_about(iri, formatter.graph.store, sort) for sort in FACT_TABLES}
    return [_table(sort, found, iri, formatter) for sort, found in facts.items() if found]


def _table(sort: str, facts: Sequence[EntityFact], iri: str, formatter: TermFormatter) -> FactTable:
    ordered = sorted(facts, key=lambda fact: _order(fact, formatter))
    columns = tuple(
        column
        for column in _COLUMNS[sort]
        if any(fact.of(column) for fact in ordered) and not all(_is_only(fact.of(column), iri) for fact in ordered)
    )
    shown = ordered[:_MOST_FACTS]
    cited = cite((fact.node for fact in shown), formatter.graph.store) if sort != "disagreements" else {}
    statuses = formatter.graph.statuses(fact.node for fact in shown)
    rows = tuple(_row(fact, columns, cited.get(fact.node, ()), formatter, statuses.get(fact.node)) for fact in shown)
    return FactTable(sort, columns, rows, len(ordered))


def _is_only(terms: Sequence[Term], iri: str) -> bool:
    return all(isinstance(term, Iri) and term.value == iri for term in terms)


def _order(fact: EntityFact, formatter: TermFormatter) -> tuple[object, ...]:
    """What holds now first, then the newest, then by name."""
    dates = [term.value for column in ("begin", "date") for term in fact.of(column) if isinstance(term, Literal)]
    newest = tuple(-ord(letter) for letter in max(dates, default="")[:10])
    names = [name.casefold() for name in _labels(fact, ("member",), formatter)]
    kinds = _labels(fact, ("indicator", "kind", "fact"), formatter)
    return (not fact.is_current, kinds, not newest, newest, names, str(fact.of("fact")))


def _labels(fact: EntityFact, columns: Sequence[str], formatter: TermFormatter) -> list[str]:
    found = [term.value for column in columns for term in fact.of(column) if isinstance(term, Iri)]
    return [formatter.graph.label(iri, formatter.language) for iri in found]


def _row(
    fact: EntityFact,
    columns: Sequence[str],
    citations: tuple[Citation, ...],
    formatter: TermFormatter,
    dated: DatedStatus | None,
) -> FactRow:
    if dated is None and fact.is_current is not None:
        dated = DatedStatus(FactStatus.HOLDS if fact.is_current else FactStatus.UNDATED)
    comments = best_language(fact.of("comment"), formatter.language)
    return FactRow(
        cells=tuple(_period(fact, formatter) if c == "when" else _cell(fact.of(c), formatter) for c in columns),
        href=formatter.urls.entity(fact.node.value) if isinstance(fact.node, Iri) else "",
        citations=citations,
        comment=" ".join(term.value for term in comments if isinstance(term, Literal)),
        status=shown_status(dated, formatter) if dated is not None else None,
        iri=fact.node.value if isinstance(fact.node, Iri) else "",
    )


def _period(fact: EntityFact, formatter: TermFormatter) -> ShownTerm:
    """From when until when; for a fact without either, the day on which a source says that it holds."""
    begin, end, date = (formatter.term(next(iter(fact.of(name)), None)) for name in ("begin", "end", "date"))
    if not begin.text and not end.text:
        said = Words(formatter.language)("fact.as_of", date=date.text) if date.text else ""
        return ShownTerm(said, datetime=date.datetime)
    return ShownTerm(f"{begin.text or '?'} – {end.text or ''}".rstrip(), datetime=begin.datetime or end.datetime)


def _cell(terms: Sequence[Term], formatter: TermFormatter) -> ShownTerm:
    if len(terms) > 1:
        return ShownTerm(", ".join(formatter.term(term).text for term in terms))
    return formatter.term(terms[0]) if terms else ShownTerm("")
