"""Where the facts behind a row were read: documents, passages in our words, and the day they hold for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import CONCEPT, PREFIXES, compress
from citygraph.query.names import ask_about
from citygraph.rdf import Iri, Literal, Term
from citygraph.saved_query import SavedQuery
from citygraph.sources import RECORDS, Anchor, anchor_of, carriers
from citygraph.sparql.text import tokens
from citygraph.store import Store

_SOURCES: Final = """
PREFIX cg:     <https://w3id.org/citygraph/ontology#>
PREFIX dct:    <http://purl.org/dc/terms/>
PREFIX oa:     <http://www.w3.org/ns/oa#>
PREFIX prov:   <http://www.w3.org/ns/prov#>
PREFIX schema: <https://schema.org/>
SELECT ?fact ?source ?document ?page ?date ?approximation ?modality WHERE {
  {values}
  ?fact prov:wasDerivedFrom ?source .
  OPTIONAL { ?source oa:hasSource ?document }
  OPTIONAL { ?source <http://xmlns.com/foaf/0.1/page> ?page }
  OPTIONAL { ?fact cg:asOf|schema:observationDate ?date }
  OPTIONAL { ?fact cg:approximation ?approximation }
  OPTIONAL { ?fact cg:modality ?modality }
}
"""
_CLAIMS: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT ?thing ?claim ?property ?value ?rank WHERE {
  {values}
  ?claim rdf:subject ?thing ; rdf:predicate ?property ; rdf:object ?value .
  OPTIONAL { ?claim cg:rank ?rank }
}
"""
_CLASSES: Final = """
SELECT ?thing ?class WHERE { {values} ?thing a ?class }
"""
_DOCUMENT_DAYS: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX dct: <http://purl.org/dc/terms/>
SELECT ?document ?day ?from ?until WHERE {
  {values}
  OPTIONAL { ?document dct:date ?day }
  OPTIONAL { ?document cg:dateNotBefore ?from }
  OPTIONAL { ?document cg:dateNotAfter ?until }
}
"""
_WORDS: Final = """
SELECT ?thing ?property ?text WHERE { {values} ?thing ?property ?text }
"""
_TITLE: Final = PREFIXES["dct"] + "title"
_DESCRIPTION: Final = PREFIXES["dct"] + "description"
_ROW_TITLE: Final = PREFIXES["csvw"] + "title"
_LABEL: Final = PREFIXES["skos"] + "prefLabel"
DEPRECATED: Final = Iri(CONCEPT + "rank-deprecated")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where one fact was read: `place` is a part of the document such as a passage or a row, `None` for all of it.

    `address` is the IRI of the place, or of the document. `start` and `end` are characters of the document where the
    place is a passage, else -1. `passage` says in our words what stands there; of a row of a list, what it is called.

    `of_thing` marks the source of a thing that a row tells something about, where no claim says which source
    carries the statement itself.
    """

    fact: str
    address: str
    document: str
    title: Text
    page: str
    start: int
    end: int
    passage: Text
    as_of: str
    approximation: str
    modality: str
    approximation_words: Text = field(default_factory=Text)
    modality_words: Text = field(default_factory=Text)
    of_thing: bool = False

    @property
    def place(self) -> Anchor | None:
        """The part of the document that was read; `None` for all of it."""
        return anchor_of(self.address)

    @property
    def is_exact(self) -> bool:
        """Whether the figure stands for itself and not for "about" or "nearly"."""
        return self.approximation in {"", "exact"}

    def to_json(self) -> dict[str, object]:
        """A plain dictionary, for JSON answers and web pages."""
        texts = ("title", "passage", "approximation_words", "modality_words")
        return {**asdict(self), **{name: getattr(self, name).to_json() for name in texts}}


def cite(facts: Iterable[Term], store: Store) -> dict[Term, tuple[Citation, ...]]:
    """The citations of each fact, by document and passage; a fact without a source has none."""
    wanted = [fact for fact in dict.fromkeys(facts) if isinstance(fact, Iri)]
    rows = list(ask_about(_SOURCES, {"fact": wanted}, store))
    texts = _texts(rows, store)
    found: dict[Term, dict[Citation, None]] = {fact: {} for fact in wanted}
    for row in rows:
        found[row["fact"]][_citation(row["fact"], row, texts)] = None
    days = _document_days(found.values(), store)
    return {fact: _dated(citations, days) for fact, citations in found.items()}


def sources_of_rows(
    rows: Sequence[Mapping[str, Term]], query: SavedQuery, bound: Mapping[str, Term], store: Store
) -> list[tuple[Citation, ...]]:
    """What each row rests on: the sources of the facts in its `cite` columns.

    Of a thing in such a column count the claims about it whose property the query names and whose value stands
    in the row; only without any the source of the thing itself, marked as such.
    """
    cited = [[row[name] for name in query.cite if name in row] for row in rows]
    nodes = dict.fromkeys(node for each in cited for node in each if isinstance(node, Iri))
    things = [node for node in nodes if node not in _records(nodes, store)] if nodes else []
    claims: dict[Term, list[dict[str, Term]]] = defaultdict(list)
    named = _names_in(query.text)
    # Servers do not agree on the order of rows.
    asked = ask_about(_CLAIMS, {"thing": things}, store) if things else ()
    for claim in sorted(asked, key=lambda row: str(row["claim"])):
        property_ = claim["property"]
        if isinstance(property_, Iri) and (property_.value in named or _local_name(property_) in named):
            claims[claim["thing"]].append(claim)
    of_thing = set(things)
    found: list[dict[tuple[Term, bool], None]] = []
    for row, each in zip(rows, cited, strict=True):
        here = {*row.values(), *bound.values()}
        carried: dict[tuple[Term, bool], None] = {}
        for node in each:
            about = {one["claim"]: one.get("rank") == DEPRECATED for one in claims[node] if one["value"] in here}
            by, is_thing = carriers(about, node, is_record=node not in of_thing)
            carried |= dict.fromkeys((one, is_thing) for one in by)
        found.append(carried)
    known = cite(dict.fromkeys(node for carried in found for node, _ in carried), store)
    return [_together(carried, known) for carried in found]


def _together(carried: Iterable[tuple[Term, bool]], known: Mapping[Term, tuple[Citation, ...]]) -> tuple[Citation, ...]:
    """The citations of one row, each passage once: as the source of a statement where it is that of a thing too."""
    cited = [(citation, is_thing) for node, is_thing in carried for citation in known.get(node, ())]
    of_statements = {citation.address for citation, is_thing in cited if not is_thing}
    shown = (
        replace(citation, of_thing=is_thing)
        for citation, is_thing in cited
        if not is_thing or citation.address not in of_statements
    )
    return tuple(dict.fromkeys(shown))


def _records(nodes: Iterable[Iri], store: Store) -> set[Term]:
    """Those of the nodes that are one fact each."""
    rows = ask_about(_CLASSES, {"thing": [*nodes]}, store)
    return {row["thing"] for row in rows if isinstance(row["class"], Iri) and row["class"].value in RECORDS}


def _names_in(text: str) -> frozenset[str]:
    """The IRIs and the local names behind a prefix that a query writes out."""
    names = (token.text for token in tokens(text) if token.kind in {"iri", "pname"})
    return frozenset(name[1:-1] if name.startswith("<") else name.partition(":")[2] for name in names)


def _local_name(iri: Iri) -> str:
    return compress(iri.value).partition(":")[2]


def _texts(rows: Iterable[dict[str, Term]], store: Store) -> Mapping[tuple[str, str], Text]:
    """All words that these rows need, asked together: titles, passages, and the names of codes."""
    wanted: dict[tuple[str, str], None] = {}
    for row in rows:
        source = row["source"].value if isinstance(row["source"], Iri) else ""
        anchor = anchor_of(source)
        wanted[anchor.source if anchor else source, _TITLE] = None
        if anchor:
            wanted[source, _ROW_TITLE if anchor.sort == "row" else _DESCRIPTION] = None
        for code in (row.get("approximation"), row.get("modality")):
            if isinstance(code, Iri):
                wanted[code.value, _LABEL] = None
    keys = [key for key in wanted if key[0]]
    things, properties = ([Iri(key[i]) for key in keys] for i in (0, 1))
    found: dict[tuple[str, str], list[Term]] = defaultdict(list)
    for row in ask_about(_WORDS, {"thing": things, "property": properties}, store):
        found[str(row["thing"])[1:-1], str(row["property"])[1:-1]].append(row["text"])
    return {key: _text(some) for key, some in found.items()}


def _document_days(found: Iterable[Iterable[Citation]], store: Store) -> Mapping[str, tuple[str, str]]:
    """Between which days each document was written, of the facts that are dated and rest on several documents."""
    wanted = dict.fromkeys(
        Iri(citation.document)
        for citations in found
        if any(each.as_of for each in citations) and len({each.document for each in citations}) > 1
        for citation in citations
        if citation.document
    )
    days: dict[str, tuple[str, str]] = {}
    for row in ask_about(_DOCUMENT_DAYS, {"document": [*wanted]}, store) if wanted else ():
        day, first, last = (
            each.value if isinstance(each, Literal) else ""
            for each in (row.get("day"), row.get("from"), row.get("until"))
        )
        days[str(row["document"])[1:-1]] = (day or first, day or last)
    return days


def _dated(citations: Iterable[Citation], days: Mapping[str, tuple[str, str]]) -> tuple[Citation, ...]:
    """One citation for each passage, with the latest date that its document can have spoken of.

    A fact that several documents confirm has their dates beside each other. Each date is shown with the documents
    that were written then. A document of another time is shown without a date; so is one of unknown time, when the
    fact has several dates. The only date of a fact is shown with each document when it fits none of them.
    """
    by_passage: dict[str, list[Citation]] = defaultdict(list)
    for citation in sorted(citations, key=_reading_order):
        by_passage[citation.address].append(citation)
    dates = {each.as_of for found in by_passage.values() for each in found}
    several = len({found[0].document for found in by_passage.values()}) > 1

    def fits(citation: Citation) -> bool:
        first, last = days.get(citation.document, ("", ""))
        return _is_within(citation.as_of, first, last) if first or last else len(dates) == 1

    fitting = {each for found in by_passage.values() for each in found if fits(each)}
    if not several or (not fitting and len(dates) == 1):
        return tuple(found[-1] for found in by_passage.values())
    return tuple(
        next((each for each in reversed(found) if each in fitting), replace(found[0], as_of=""))
        for found in by_passage.values()
    )


def _reading_order(citation: Citation) -> tuple[str, str, tuple[int, ...], str]:
    """By document, then by place in it, then by day."""
    place = citation.place
    return citation.document, place.sheet if place else "", place.numbers if place else (), citation.as_of


def _is_within(day: str, first: str, last: str) -> bool:
    """Whether a day lies between two others, each as precise as it is written; an empty one is no bound."""
    return day[: len(first)] >= first[: len(day)] and (not last or day[: len(last)] <= last[: len(day)])


def _citation(fact: Term, row: dict[str, Term], texts: Mapping[tuple[str, str], Text]) -> Citation:
    source = row["source"].value if isinstance(row["source"], Iri) else ""
    anchor = anchor_of(source)
    document = anchor.source if anchor else source
    start, end = anchor.numbers if anchor and anchor.sort == "passage" else (-1, -1)
    date = row.get("date")
    page = row.get("page")
    return Citation(
        fact=str(fact)[1:-1],
        address=source,
        document=document,
        title=texts.get((document, _TITLE), Text()),
        page=page.value if isinstance(page, Iri) else "",
        start=start,
        end=end,
        passage=texts.get((source, _ROW_TITLE if anchor.sort == "row" else _DESCRIPTION), Text()) if anchor else Text(),
        as_of=date.value if isinstance(date, Literal) else "",
        approximation=_code(row.get("approximation")),
        modality=_code(row.get("modality")).removeprefix("modality-"),
        approximation_words=_label(row.get("approximation"), texts),
        modality_words=_label(row.get("modality"), texts),
    )


def _code(term: Term | None) -> str:
    return compress(term.value).removeprefix("concept:") if isinstance(term, Iri) else ""


def _label(term: Term | None, texts: Mapping[tuple[str, str], Text]) -> Text:
    return texts.get((term.value, _LABEL), Text()) if isinstance(term, Iri) else Text()


def _text(texts: Iterable[Term]) -> Text:
    by_language = {text.language or "en": text.value for text in texts if isinstance(text, Literal)}
    return Text(*(by_language.get(language, "") for language in LANGUAGES))
