"""The sources of a row: document, passage, as-of date, how exact, and whether it is stated or derived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Final

from citygraph.language import LANGUAGES, Text
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.sources import excerpt_range
from citygraph.store import Store

__all__ = ["Citation", "cite"]

_SOURCES: Final = """
PREFIX cg:     <https://w3id.org/citygraph/ontology#>
PREFIX dct:    <http://purl.org/dc/terms/>
PREFIX oa:     <http://www.w3.org/ns/oa#>
PREFIX prov:   <http://www.w3.org/ns/prov#>
PREFIX schema: <https://schema.org/>
SELECT ?fact ?source ?document ?page ?date ?approximation ?modality WHERE {
  ?fact prov:wasDerivedFrom ?source .
  OPTIONAL { ?source oa:hasSource ?document }
  OPTIONAL { ?source <http://xmlns.com/foaf/0.1/page> ?page }
  OPTIONAL { ?fact cg:asOf|schema:observationDate ?date }
  OPTIONAL { ?fact cg:approximation ?approximation }
  OPTIONAL { ?fact cg:modality ?modality }
}
"""
_WORDS: Final = """
SELECT ?thing ?property ?text WHERE { ?thing ?property ?text }
"""
_DCT: Final = PREFIXES["dct"]
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
    found: dict[Term, tuple[Citation, ...]] = {}
    for fact in dict.fromkeys(facts):
        if not isinstance(fact, Iri):
            continue
        answer = store.query(_SOURCES, bind={"fact": fact})
        rows = list(answer) if isinstance(answer, Solutions) else []
        unique = dict.fromkeys(citation for row in rows for citation in [_citation(fact, row, store)])
        found[fact] = _latest(unique)
    return found


def _latest(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """One citation for each passage: of several dates the latest confirmation."""
    by_passage: dict[tuple[str, int, int], Citation] = {}
    for citation in sorted(citations, key=lambda each: (each.document, each.start, each.as_of)):
        by_passage[citation.document, citation.start, citation.end] = citation
    return tuple(by_passage.values())


def _citation(fact: Iri, row: dict[str, Term], store: Store) -> Citation:
    source = row["source"].value if isinstance(row["source"], Iri) else ""
    excerpt = excerpt_range(source)
    document = excerpt.source if excerpt else source
    date = row.get("date")
    page = row.get("page")
    return Citation(
        fact=fact.value,
        document=document,
        title=_words(document, _DCT + "title", store),
        page=page.value if isinstance(page, Iri) else "",
        start=excerpt.start if excerpt else -1,
        end=excerpt.end if excerpt else -1,
        passage=_words(source, _DCT + "description", store) if excerpt else Text(),
        as_of=date.value if isinstance(date, Literal) else "",
        approximation=_code(row.get("approximation")),
        modality=_code(row.get("modality")).removeprefix("modality-"),
        approximation_words=_label(row.get("approximation"), store),
        modality_words=_label(row.get("modality"), store),
    )


def _code(term: Term | None) -> str:
    return compress(term.value).removeprefix("concept:") if isinstance(term, Iri) else ""


def _label(term: Term | None, store: Store) -> Text:
    return _words(term.value, _LABEL, store) if isinstance(term, Iri) else Text()


def _words(iri: str, property_: str, store: Store) -> Text:
    bind: dict[str, Term] = {"thing": Iri(iri), "property": Iri(property_)}
    answer = store.query(_WORDS, bind=bind)
    texts = [row["text"] for row in answer] if isinstance(answer, Solutions) else []
    by_language = {text.language or "en": text.value for text in texts if isinstance(text, Literal)}
    return Text(*(by_language.get(language, "") for language in LANGUAGES))
