"""Facts that tie several things together, as tables: memberships, figures, lists, disagreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.query import Citation, cite
from citygraph.rdf import Iri, Literal, Term
from citygraph.web.asking import ask_graph
from citygraph.web.facts import best_language
from citygraph.web.reading import Reading
from citygraph.web.showing import Shower, Shown
from citygraph.web.words import Words

__all__ = ["FactRow", "FactTable", "tables_about"]

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
