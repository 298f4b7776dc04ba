"""The sources of a row: document, passage, date, how exact; and how complete the lists are that an answer relies on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from citygraph.graphs import excerpt_range
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import CONCEPT, PREFIXES, compress
from citygraph.query.names import ask_about
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.store import Store

__all__ = ["Citation", "ListStatement", "cite", "lists_behind"]

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
_WORDS: Final = """
SELECT ?thing ?property ?text WHERE { {values} ?thing ?property ?text }
"""
_TITLE: Final = PREFIXES["dct"] + "title"
_DESCRIPTION: Final = PREFIXES["dct"] + "description"
_LABEL: Final = PREFIXES["skos"] + "prefLabel"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where one fact was read: `start` and `end` are characters of the document, both -1 for all of it."""

    fact: str
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
    return {fact: _latest(citations) for fact, citations in found.items()}


def _texts(rows: Iterable[dict[str, Term]], store: Store) -> Mapping[tuple[str, str], Text]:
    """All words that these rows need, asked together: titles, passages, and the names of codes."""
    wanted: dict[tuple[str, str], None] = {}
    for row in rows:
        source = row["source"].value if isinstance(row["source"], Iri) else ""
        excerpt = excerpt_range(source)
        wanted[excerpt.source if excerpt else source, _TITLE] = None
        if excerpt:
            wanted[source, _DESCRIPTION] = None
        for code in (row.get("approximation"), row.get("modality")):
            if isinstance(code, Iri):
                wanted[code.value, _LABEL] = None
    keys = [key for key in wanted if key[0]]
    things, properties = ([Iri(key[i]) for key in keys] for i in (0, 1))
    found: dict[tuple[str, str], list[Term]] = defaultdict(list)
    for row in ask_about(_WORDS, {"thing": things, "property": properties}, store):
        found[str(row["thing"])[1:-1], str(row["property"])[1:-1]].append(row["text"])
    return {key: _text(some) for key, some in found.items()}


def _latest(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """One citation for each passage: of several dates the latest confirmation."""
    by_passage: dict[tuple[str, int, int], Citation] = {}
    for citation in sorted(citations, key=lambda each: (each.document, each.start, each.as_of)):
        by_passage[citation.document, citation.start, citation.end] = citation
    return tuple(by_passage.values())


def _citation(fact: Term, row: dict[str, Term], texts: Mapping[tuple[str, str], Text]) -> Citation:
    source = row["source"].value if isinstance(row["source"], Iri) else ""
    excerpt = excerpt_range(source)
    document = excerpt.source if excerpt else source
    date = row.get("date")
    page = row.get("page")
    return Citation(
        fact=str(fact)[1:-1],
        document=document,
        title=texts.get((document, _TITLE), Text()),
        page=page.value if isinstance(page, Iri) else "",
        start=excerpt.start if excerpt else -1,
        end=excerpt.end if excerpt else -1,
        passage=texts.get((source, _DESCRIPTION), Text()) if excerpt else Text(),
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


_CURRENT: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX dct: <http://purl.org/dc/terms/>
SELECT DISTINCT ?organization ?kind ?completeness ?date ?place ?role WHERE {
  ?organization cg:hasCurrentList ?list .
  ?list cg:listKind ?kind ; cg:completeness ?completeness ; cg:asOf ?date .
  OPTIONAL { ?list dct:spatial ?place }
  OPTIONAL { ?list cg:listRole ?role }
}
"""


@dataclass(frozen=True, slots=True)
class ListStatement:
    """How complete one list of one organisation is on the reference date, as a person has judged it."""

    organization: Term
    kind: Term
    completeness: Term
    date: str
    place: Term | None = None
    role: Term | None = None


def lists_behind(kinds: Sequence[str], things: Iterable[Term | None], store: Store) -> list[ListStatement]:
    """The statements that count now about lists of these kinds, of the organisations among `things`.

    Args:
        kinds: the `lists` of a saved query, such as `list-memberships`.
        things: every term of the answer and of its parameters.
        store: the graph that was asked.
    """
    wanted = {Iri(CONCEPT + kind) for kind in kinds}
    named = set(things)
    answer = store.query(_CURRENT)
    rows = list(answer) if isinstance(answer, Solutions) else []
    found = [
        ListStatement(
            row["organization"],
            row["kind"],
            row["completeness"],
            row["date"].value if isinstance(row["date"], Literal) else "",
            row.get("place"),
            row.get("role"),
        )
        for row in rows
        if row["kind"] in wanted and row["organization"] in named
    ]
    # Servers do not agree on where an empty cell stands in an order.
    return sorted(found, key=_order)


def _order(each: ListStatement) -> tuple[str, ...]:
    cells = (each.organization, each.kind, each.place, each.role, each.completeness)
    return (*("" if cell is None else str(cell) for cell in cells), each.date)
