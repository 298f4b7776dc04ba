"""What the page of a thing says: statements by meaning, and tables of memberships, figures, lists, disagreements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.kinds import FALLBACK
from citygraph.namespaces import compress, expand
from citygraph.query import Citation, cite
from citygraph.rdf import Iri, Literal, Term
from citygraph.web.pages.graph import Reading
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.questions import ask_graph
from citygraph.web.pages.terms import Shower, Shown

__all__ = [
    "FactTable",
    "Group",
    "Property",
    "Statement",
    "best_language",
    "groups_about",
    "statements_of",
    "tables_about",
]

_GROUPS: Final = {
    "about": """
        skos:definition rdfs:comment skos:scopeNote skos:note dct:description skos:altLabel skos:notation
        org:classification schema:foundingDate schema:dissolutionDate foaf:homepage foaf:page cg:hasConstituency
        schema:startDate schema:endDate dct:date cg:dateNotBefore cg:dateNotAfter dct:language dct:format
        dct:publisher dct:creator dct:issued dct:license dct:accessRights dct:bibliographicCitation cg:staleAfter
        org:roleProperty skos:inScheme skos:broader skos:narrower schema:position cg:degree cg:exampleOf
        cg:firstOfKind schema:repeatFrequency schema:byMonth dct:type cg:sha256""",
    "aims": """
        cg:hasAim cg:forBenefitOf cg:concerns cg:promotes cg:usesMeans cg:worksThrough cg:membersWorkThrough
        cg:offersMembers cg:platformFor cg:putsOnAgenda cg:cutsAcross cg:connectsToEuPolicy cg:seeksInfluenceOn
        cg:seeksUrbanDimensionIn cg:contributesThrough cg:strategicFramework cg:expectedEffect
        cg:expectedEffectTowards""",
    "themes": "org:purpose cg:coversTheme cg:workingGroupsWithin dct:subject",
    "participation": """
        cg:participatesIn org:memberOf cg:associatedWith org:headOf cg:isRepresentedThrough cg:hasBeenAffiliatedWith
        cg:politicianIn cg:heldOfficeIn org:holds org:heldBy org:hasMember cg:hasParticipant cg:representedCountry
        cg:partnerOf cg:comesFrom cg:onBehalfOf cg:jointWith""",
    "structure": """
        org:unitOf org:hasUnit cg:highestBodyOf cg:meetingRule org:postIn org:subOrganizationOf
        org:resultedFrom org:changedBy org:originalOrganization org:resultingOrganization schema:organizer""",
    "place": """
        cg:seatedIn org:hasPrimarySite cg:administers cg:administeredBy schema:containedInPlace cg:inCountry
        cg:locatedIn dct:spatial schema:latitude schema:longitude geo:lat geo:long""",
    "links": "schema:sameAs skos:exactMatch skos:closeMatch skos:relatedMatch skos:broadMatch adms:identifier",
}

GROUPS: Final = (*_GROUPS, "other")
"""The headings, in the order of the page."""

_PLACES: Final = {
    expand(curie) or curie: (group, position)
    for group, curies in _GROUPS.items()
    for position, curie in enumerate(curies.split())
}


def _all(curies: str) -> frozenset[str]:
    return frozenset(expand(curie) or curie for curie in curies.split())


HIDDEN: Final = _all("""
    rdf:type skos:prefLabel foaf:name dct:title rdfs:label prov:wasDerivedFrom
    org:hasMembership cg:hasCurrentMembership cg:hasCurrentList org:hasSubOrganization
    org:transitiveSubOrganizationOf skos:broaderTransitive skos:narrowerTransitive
""")
"""What stands in the head of the page, in a table of its own, or is said twice by derivation."""

INCOMING_HIDDEN: Final = HIDDEN | _all("""
    org:member org:organization org:role cg:onBehalfOf schema:observationAbout schema:measuredProperty
    rdf:subject rdf:predicate rdf:object cg:listOf cg:listKind cg:hasSide cg:follows cg:locatedIn
    org:unitOf org:hasUnit org:subOrganizationOf skos:broader skos:narrower skos:inScheme
    cg:participatesIn cg:hasParticipant org:memberOf org:hasMember cg:administers cg:administeredBy
    cg:approximation cg:modality cg:rank cg:asOfBasis cg:completeness cg:listRole adms:identifier
    prov:wasAttributedTo prov:wasQuotedFrom oa:hasSource oa:hasSelector dct:type cg:representedCountry
    org:resultedFrom org:changedBy
""")
"""Statements that name a thing and that its page already tells from its own side."""


def group_of(predicate: str) -> tuple[int, int]:
    """The place of a property: its heading, and its place below the heading."""
    group, position = _PLACES.get(predicate, ("other", 0))
    return (GROUPS.index(group), position)


_OUT: Final = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 20000"
_IN: Final = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 20000"
_CLAIMS: Final = """
PREFIX cg:   <https://w3id.org/citygraph/ontology#>
PREFIX rdf:  <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?s ?claim ?p ?o ?date ?comment WHERE {
  ?claim rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o .
  OPTIONAL { ?claim cg:asOf ?date }
  OPTIONAL { ?claim rdfs:comment ?comment }
}
"""
_IDENTIFIER: Final = """
PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX dct:  <http://purl.org/dc/terms/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?s ?kind ?code WHERE { ?s skos:notation ?code . OPTIONAL { ?s dct:type ?kind } }
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One value of one property, with what is known about the saying of it."""

    value: Shown
    derived: bool
    triple: tuple[str, str, str]
    citations: tuple[Citation, ...] = ()
    date: Shown | None = None
    comment: str = ""
    followed: bool = True


@dataclass(frozen=True, slots=True)
class Property:
    """All values of one property; `incoming` when the values say it of the thing."""

    label: str
    curie: str
    statements: tuple[Statement, ...]
    incoming: bool = False

    @property
    def derived(self) -> bool:
        """Whether nobody wrote any of it down."""
        return all(statement.derived for statement in self.statements)


@dataclass(frozen=True, slots=True)
class Group:
    """Properties that answer the same kind of question."""

    key: str
    properties: tuple[Property, ...]


@dataclass(slots=True)
class _Claim:
    facts: list[Iri] = field(default_factory=list)
    date: Term | None = None
    comments: list[Literal] = field(default_factory=list)
    followed: bool = False


def statements_of(iri: str, reading: Reading, *, incoming: bool = False) -> dict[tuple[str, Term], bool]:
    """Every statement about a thing, or naming it: (property, other end) and whether it is only derived."""
    inferred = reading.manifest.inferred_graph
    bind = {"o": Iri(iri)} if incoming else {"s": Iri(iri)}
    found: dict[tuple[str, Term], bool] = {}
    for row in ask_graph(reading.store, _IN if incoming else _OUT, **bind):
        predicate, graph = row["p"], row["g"]
        if isinstance(predicate, Iri) and isinstance(graph, Iri):
            key = (predicate.value, row["s"] if incoming else row["o"])
            found[key] = found.get(key, True) and graph.value == inferred
    return found


def best_language(terms: Iterable[Term], language: str) -> list[Term]:
    """Of texts in several languages those in the wanted one, else in the one there is; other terms stay."""
    given = list(terms)
    texts = [term for term in given if isinstance(term, Literal) and term.language]
    wanted = [term for term in texts if term.language == language]
    shown = set(wanted or texts)
    return [term for term in given if not (isinstance(term, Literal) and term.language) or term in shown]


def groups_about(iri: str, reading: Reading, shower: Shower) -> list[Group]:
    """The statements about a thing under their headings, empty headings left out."""
    claims = _claims(iri, reading)
    stated = statements_of(iri, reading)
    for key, claim in claims.items():
        claim.followed = key in stated
        stated.setdefault(key, False)
    properties = _properties(iri, stated, reading, shower, claims=claims)
    naming: dict[tuple[str, Term], bool] = {
        (predicate, subject): derived
        for (predicate, subject), derived in statements_of(iri, reading, incoming=True).items()
        if isinstance(subject, Iri) and reading.kinds.get(subject.value, FALLBACK) != FALLBACK
    }
    properties += _properties(iri, naming, reading, shower, incoming=True)
    by_group: dict[int, list[tuple[int, Property]]] = defaultdict(list)
    for predicate, shown in properties:
        group, position = group_of(predicate)
        by_group[group].append((position + 100 * shown.incoming, shown))
    return [
        Group(GROUPS[number], tuple(shown for _, shown in sorted(found, key=lambda each: each[0])))
        for number, found in sorted(by_group.items())
    ]


def _properties(
    iri: str,
    found: dict[tuple[str, Term], bool],
    reading: Reading,
    shower: Shower,
    *,
    incoming: bool = False,
    claims: dict[tuple[str, Term], _Claim] | None = None,
) -> list[tuple[str, Property]]:
    hidden = INCOMING_HIDDEN if incoming else HIDDEN
    by_predicate: dict[str, list[Term]] = defaultdict(list)
    for predicate, term in found:
        if predicate not in hidden:
            by_predicate[predicate].append(term)
    properties = []
    for predicate, terms in by_predicate.items():
        statements = [
            _statement(
                iri, predicate, term, found[predicate, term], reading, shower, (claims or {}).get((predicate, term))
            )
            for term in best_language(terms, shower.language)
        ]
        statements.sort(key=lambda each: (not each.followed, each.derived, each.value.text.casefold()))
        label = reading.label(predicate, shower.language)
        name = compress(predicate, reading.project.prefixes)
        properties.append((predicate, Property(label, name, tuple(statements), incoming)))
    return properties


def _statement(
    iri: str,
    predicate: str,
    term: Term,
    derived: bool,  # noqa: FBT001
    reading: Reading,
    shower: Shower,
    claim: _Claim | None,
) -> Statement:
    value = _identifier(term, reading, shower) or shower.term(term)
    triple = (f"<{iri}>", f"<{predicate}>", str(term))
    if claim is None:
        return Statement(value, derived, triple)
    cited = cite(claim.facts, reading.store)
    comments = best_language(claim.comments, shower.language)
    return Statement(
        value,
        derived=False,
        triple=triple,
        citations=tuple(dict.fromkeys(citation for fact in claim.facts for citation in cited.get(fact, ()))),
        date=shower.term(claim.date) if claim.date is not None else None,
        comment=comments[0].value if comments and isinstance(comments[0], Literal) else "",
        followed=claim.followed,
    )


def _identifier(term: Term, reading: Reading, shower: Shower) -> Shown | None:
    """An identifier by its kind and its code: its own name would say nothing."""
    if not isinstance(term, Iri) or reading.kinds.get(term.value) != FALLBACK:
        return None
    if reading.is_named(term.value):
        return None
    for row in ask_graph(reading.store, _IDENTIFIER, s=term):
        kind, code = row.get("kind"), row["code"]
        name = f"{reading.label(kind.value, shower.language)}: " if isinstance(kind, Iri) else ""
        text = f"{name}{code.value if isinstance(code, Literal) else code}"
        return Shown(text, shower.urls.entity(term.value), iri=term.value)
    return None


def _claims(iri: str, reading: Reading) -> dict[tuple[str, Term], _Claim]:
    claims: dict[tuple[str, Term], _Claim] = defaultdict(_Claim)
    for row in ask_graph(reading.store, _CLAIMS, s=Iri(iri)):
        predicate, fact = row["p"], row["claim"]
        if not isinstance(predicate, Iri) or not isinstance(fact, Iri):
            continue
        claim = claims[predicate.value, row["o"]]
        if fact not in claim.facts:
            claim.facts.append(fact)
        claim.date = claim.date or row.get("date")
        comment = row.get("comment")
        if isinstance(comment, Literal) and comment not in claim.comments:
            claim.comments.append(comment)
    return dict(claims)


_HEAD: Final = """
PREFIX cg:     <https://w3id.org/citygraph/ontology#>
PREFIX dct:    <http://purl.org/dc/terms/>
PREFIX org:    <http://www.w3.org/ns/org#>
PREFIX rdf:    <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs:   <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/>
PREFIX time:   <http://www.w3.org/2006/time#>
"""
_MEMBERSHIPS: Final = (
    _HEAD
    + """
SELECT ?thing ?fact ?member ?organization ?role ?behalf ?begin ?end ?date ?comment ?current WHERE {
  { ?fact org:member ?thing } UNION { ?fact org:organization ?thing }
  UNION { ?fact cg:onBehalfOf ?thing } UNION { ?fact org:role ?thing }
  UNION { ?authority cg:administers ?thing . ?fact org:member ?authority }
  OPTIONAL { ?fact org:member ?member }
  OPTIONAL { ?fact org:organization ?organization }
  OPTIONAL { ?fact org:role ?role }
  OPTIONAL { ?fact cg:onBehalfOf ?behalf }
  OPTIONAL {
    ?fact org:memberDuring/time:hasBeginning/(time:inXSDDate|time:inXSDgYearMonth|time:inXSDgYear) ?begin .
  }
  OPTIONAL { ?fact org:memberDuring/time:hasEnd/(time:inXSDDate|time:inXSDgYearMonth|time:inXSDgYear) ?end }
  OPTIONAL { ?fact cg:asOf ?date }
  OPTIONAL { ?fact rdfs:comment ?comment }
  BIND (EXISTS { ?fact a cg:CurrentMembership } AS ?current)
}
LIMIT 5000
"""
)
# Optional patterns are looked up fact by fact; as plain ones the engine reads all memberships and joins (measured).
_FIGURES: Final = (
    _HEAD
    + """
SELECT ?thing ?fact ?about ?indicator ?approximation ?value ?date ?comment WHERE {
  { ?fact schema:observationAbout ?thing } UNION { ?fact schema:measuredProperty ?thing }
  ?fact schema:observationAbout ?about ; schema:measuredProperty ?indicator ; schema:value ?value .
  OPTIONAL { ?fact cg:approximation ?approximation }
  OPTIONAL { ?fact schema:observationDate ?date }
  OPTIONAL { ?fact rdfs:comment ?comment }
}
LIMIT 5000
"""
)
_LISTS: Final = (
    _HEAD
    + """
SELECT ?thing ?fact ?kind ?place ?role ?completeness ?date ?comment WHERE {
  ?fact cg:listOf ?thing ; cg:listKind ?kind ; cg:completeness ?completeness .
  OPTIONAL { ?fact cg:asOf ?date }
  OPTIONAL { ?fact dct:spatial ?place }
  OPTIONAL { ?fact cg:listRole ?role }
  OPTIONAL { ?fact rdfs:comment ?comment }
}
LIMIT 1000
"""
)
_DISAGREEMENTS: Final = (
    _HEAD
    + """
SELECT ?thing ?fact ?side ?followed ?comment WHERE {
  { ?any rdf:subject|org:organization|org:member|schema:observationAbout ?thing }
  UNION { ?tie org:member ?thing . ?any rdf:subject ?tie }
  UNION { ?authority cg:administers ?thing . ?any org:member ?authority }
  UNION { ?list cg:listOf ?thing . ?any rdf:subject ?list }
  ?fact cg:hasSide ?any ; cg:hasSide ?side .
  OPTIONAL { ?fact rdfs:comment ?comment }
  BIND (EXISTS { ?fact cg:follows ?side } AS ?followed)
}
LIMIT 1000
"""
)
_COLUMNS: Final = {
    "memberships": (_MEMBERSHIPS, ("member", "role", "organization", "behalf", "when")),
    "figures": (_FIGURES, ("about", "indicator", "approximation", "value", "date")),
    "lists": (_LISTS, ("kind", "role", "place", "completeness", "date")),
    "disagreements": (_DISAGREEMENTS, ("fact", "side", "followed")),
}
_MOST_SHOWN: Final = 300
_WHEN: Final = ("begin", "end", "date")
_DATED: Final = ("begin", "date")


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact: its cells in the order of the columns, and where it comes from."""

    cells: tuple[Shown, ...]
    href: str
    citations: tuple[Citation, ...] = ()
    comment: str = ""
    current: bool | None = None


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


def tables_about(iri: str, reading: Reading, shower: Shower) -> list[FactTable]:
    """The tables of one thing, empty ones left out."""
    tables = []
    for key, (text, columns) in _COLUMNS.items():
        merged = _merged(ask_graph(reading.store, text, thing=Iri(iri)))
        if merged:
            tables.append(_table(key, columns, merged, iri, reading, shower))
    return tables


def _merged(rows: Sequence[Mapping[str, Term]]) -> dict[tuple[Term, Term | None], dict[str, list[Term]]]:
    """One entry for each fact (and each side of a disagreement), with all values of each column."""
    merged: dict[tuple[Term, Term | None], dict[str, list[Term]]] = {}
    for row in rows:
        if "current" in row and not {"member", "organization", "role"} <= set(row):
            continue
        entry = merged.setdefault((row["fact"], row.get("side")), {})
        if "member" in row:
            entry.setdefault("when", [term for name in _WHEN if (term := row.get(name)) is not None][:1])
        for column, term in row.items():
            if term not in entry.setdefault(column, []):
                entry[column].append(term)
    return merged


def _table(
    key: str,
    columns: tuple[str, ...],
    merged: Mapping[tuple[Term, Term | None], Mapping[str, list[Term]]],
    iri: str,
    reading: Reading,
    shower: Shower,
) -> FactTable:
    entries = sorted(merged.values(), key=lambda entry: _order(entry, reading, shower.language))
    told = tuple(
        column
        for column in columns
        if any(entry.get(column) for entry in entries)
        and not all(_is_only(entry.get(column, []), iri) for entry in entries)
    )
    shown = entries[:_MOST_SHOWN]
    cited = cite((entry["fact"][0] for entry in shown), reading.store) if key != "disagreements" else {}
    return FactTable(key, told, tuple(_row(entry, told, cited, shower) for entry in shown), len(entries))


def _is_only(terms: Sequence[Term], iri: str) -> bool:
    return all(isinstance(term, Iri) and term.value == iri for term in terms)


def _order(entry: Mapping[str, list[Term]], reading: Reading, language: str) -> tuple[object, ...]:
    """What holds now first, then the newest, then by name."""
    dates = [term.value for column in _DATED for term in entry.get(column, []) if isinstance(term, Literal)]
    newest = tuple(-ord(letter) for letter in max(dates, default="")[:10])
    names = [
        reading.label(term.value, language).casefold() for term in entry.get("member", []) if isinstance(term, Iri)
    ]
    kinds = [
        reading.label(t.value, language)
        for c in ("indicator", "kind", "fact")
        for t in entry.get(c, [])
        if isinstance(t, Iri)
    ]
    return (not _true(entry.get("current", [])), kinds, not newest, newest, names, str(entry.get("fact")))


def _true(terms: Sequence[Term]) -> bool:
    return any(isinstance(term, Literal) and term.value == "true" for term in terms)


def _row(
    entry: Mapping[str, list[Term]], columns: Sequence[str], cited: Mapping[Term, tuple[Citation, ...]], shower: Shower
) -> FactRow:
    fact = entry["fact"][0]
    comments = best_language(entry.get("comment", []), shower.language)
    return FactRow(
        cells=tuple(_period(entry, shower) if c == "when" else _cell(entry.get(c, []), shower) for c in columns),
        href=shower.urls.entity(fact.value) if isinstance(fact, Iri) else "",
        citations=cited.get(fact, ()),
        comment=" ".join(term.value for term in comments if isinstance(term, Literal)),
        current=_true(entry["current"]) if "current" in entry else None,
    )


def _period(entry: Mapping[str, list[Term]], shower: Shower) -> Shown:
    """From when until when; for a fact without either, the day on which a source says that it holds."""
    begin, end, date = (shower.term(entry[name][0]) if name in entry else Shown("") for name in _WHEN)
    if not begin.text and not end.text:
        said = Words(shower.language)("fact.as_of", date=date.text) if date.text else ""
        return Shown(said, datetime=date.datetime)
    return Shown(f"{begin.text or '?'} – {end.text or ''}".rstrip(), datetime=begin.datetime or end.datetime)


def _cell(terms: Sequence[Term], shower: Shower) -> Shown:
    if len(terms) > 1:
        return Shown(", ".join(shower.term(term).text for term in terms))
    return shower.term(terms[0]) if terms else Shown("")
