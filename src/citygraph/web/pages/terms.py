"""Terms as people read them: names instead of addresses, dates in words, numbers with spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from citygraph.dates import KnownDate, date_in_words, duration_in_words, interval_in_words
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Term
from citygraph.web.pages.graph import GraphView
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.urls import Urls

_XSD: Final = PREFIXES["xsd"]
_DATES: Final = frozenset(_XSD + name for name in ("date", "gYear", "gYearMonth", "dateTime"))
_NUMBERS: Final = frozenset(
    _XSD + name for name in ("integer", "decimal", "double", "float", "int", "nonNegativeInteger")
)
_WIKIDATA: Final = PREFIXES["wd"]


@dataclass(frozen=True, slots=True)
class ShownTerm:
    """One term on a page: its words, where a click leads, and for machines its date, IRI and language."""

    text: str
    href: str = ""
    external: bool = False
    iri: str = ""
    datetime: str = ""
    number: str = ""
    language: str = ""


def _number_in_words(value: str) -> str:
    """A number with a narrow space between thousands; four digits stay together."""
    if not re.fullmatch(r"-?\d{5,}", value):
        return value
    return f"{int(value):,}".replace(",", "\u202f")


class TermFormatter:
    """Shows terms of one version of the graph in one language."""

    def __init__(self, graph: GraphView, urls: Urls) -> None:
        """Names come from the graph; addresses, and the language, from `urls`."""
        self.graph, self.urls = graph, urls
        self.language = urls.choice.language

    def term(self, term: Term | None) -> ShownTerm:
        """One term, whatever it is."""
        match term:
            case None:
                return ShownTerm("")
            case Iri():
                return self.iri(term.value)
            case Literal():
                return self._literal(term)
            case _:
                return ShownTerm(str(term))

    def iri(self, iri: str) -> ShownTerm:
        """A thing by its name, with a link to its page."""
        href = self.urls.link(iri)
        text = self.graph.label(iri, self.language)
        if iri.startswith(_WIKIDATA):
            text = f"Wikidata: {iri.removeprefix(_WIKIDATA)}"
        elif text == f"<{iri}>":
            text = iri.removeprefix("https://").removeprefix("http://").rstrip("/") or iri
        return ShownTerm(text, href, external=self.urls.is_external(iri), iri=iri)

    def kind(self, iri: str) -> str:
        """The word in the address of a thing; empty for a thing without a page."""
        kind = self.graph.kind_of(iri)
        return kind.name if kind else ""

    def number(self, value: int) -> str:
        """A whole number with a narrow space between thousands."""
        return _number_in_words(str(value))

    def date(self, value: str) -> str:
        """A date in the words of the page's language."""
        return date_in_words(value, self.language)

    def interval(self, begin: KnownDate, end: KnownDate) -> str:
        """From when until when in the words of the page's language; empty when neither is known."""
        return interval_in_words(begin, end, self.language)

    def _literal(self, literal: Literal) -> ShownTerm:
        value, datatype = literal.value, literal.datatype.value
        if datatype in _DATES:
            return ShownTerm(date_in_words(value, self.language), datetime=value)
        if datatype in _NUMBERS:
            return ShownTerm(_number_in_words(value), number=value)
        if datatype == _XSD + "boolean":
            return ShownTerm(Words(self.language).code("boolean", value))
        if datatype == _XSD + "duration":
            return ShownTerm(duration_in_words(value, self.language))
        language = literal.language or ""
        return ShownTerm(value, language=language if language != self.language else "")


def best_language(terms: Iterable[Term], language: str) -> list[Term]:
    """Of texts in several languages those in the wanted one, else in the one there is; other terms stay."""
    given = list(terms)
    texts = [term for term in given if isinstance(term, Literal) and term.language]
    wanted = [term for term in texts if term.language == language]
    shown = set(wanted or texts)
    return [term for term in given if not (isinstance(term, Literal) and term.language) or term in shown]
