"""The answer to a question as a table for people: names with links, sources under each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.query import Answered, Citation
from citygraph.results import Solutions
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.terms import ShownTerm, TermFormatter

__all__ = ["AnswerTable", "CitedSource", "cited_sources", "column_name", "table_of"]

_MOST_SHOWN: Final = 1000


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


def column_name(column: str, words: Words) -> str:
    """What the heading of a column says."""
    return words.code("column", column)


def table_of(
    solutions: Solutions, formatter: TermFormatter, words: Words, *, answered: Answered | None = None
) -> AnswerTable:
    """The first rows of an answer; with `answered` each with its sources, when they were asked for."""
    cited = answered is not None and len(answered.stated) == len(solutions)
    rows = []
    for number, row in enumerate(solutions.rows[:_MOST_SHOWN]):
        cells = tuple(formatter.term(term) for term in row)
        if cited and answered is not None:
            sources = cited_sources(answered.sources[number], formatter, words)
            rows.append(AnswerRow(cells, answered.stated[number], sources))
        else:
            rows.append(AnswerRow(cells))
    return AnswerTable(tuple(column_name(each, words) for each in solutions.columns), tuple(rows), len(solutions))


def cited_sources(citations: Sequence[Citation], formatter: TermFormatter, words: Words) -> tuple[CitedSource, ...]:
    """Each source once, in the order given."""
    return tuple(dict.fromkeys(_source(citation, formatter, words) for citation in citations))


def _source(citation: Citation, formatter: TermFormatter, words: Words) -> CitedSource:
    language = formatter.language
    anchor = f"{citation.document}#char={citation.start},{citation.end}" if citation.start >= 0 else citation.document
    title = citation.title.in_language(language) or formatter.iri(citation.document).text
    place = words("fact.characters", start=citation.start, end=citation.end) if citation.start >= 0 else ""
    notes = [place] if place else []
    if citation.as_of:
        notes.append(words("fact.as_of", date=formatter.date(citation.as_of)))
    if not citation.is_exact:
        notes.append(words.code("approximation", citation.approximation))
    if citation.modality not in {"", "stated"}:
        notes.append(words.code("modality", citation.modality))
    return CitedSource(
        ShownTerm(title, formatter.urls.link(anchor), external=formatter.urls.is_external(anchor)),
        citation.passage.in_language(language),
        tuple(notes),
        citation.page if citation.page.startswith(("https://", "http://")) else "",
    )
