"""Before and after: the same question on two days, what is in the answer of one of them alone, and where that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from citygraph.dates import date_in_words
from citygraph.rdf import Iri
from citygraph.results import Answer, Row, Solutions
from citygraph.web.pages.facts import AnswerTable, table_of
from citygraph.web.pages.page import Page
from citygraph.web.pages.pictures import Picture, map_of


@dataclass(frozen=True, slots=True)
class TwoDays:
    """What a question gives on two days.

    Attributes:
        before: the earlier day in words.
        day: the later day in words.
        came: the rows of the later day alone.
        went: the rows of the earlier day alone.
        stayed: how many are in both.
        map: where they are, each place with what became of it, for an answer with places.
    """

    before: str
    day: str
    came: AnswerTable
    went: AnswerTable
    stayed: int
    map: Picture | None


def two_days(page: Page, earlier: tuple[str, Answer], later: tuple[str, Answer]) -> TwoDays | None:
    """Two answers to one question, each with its day; `None` when they are no tables.

    Rows are the same when they name the same things, whatever their dates and figures.
    """
    (before, first), (day, second) = sorted((earlier, later), key=lambda each: each[0])
    if not isinstance(first, Solutions) or not isinstance(second, Solutions):
        return None
    old, new = ({_things(row): row for row in each.rows} for each in (first, second))
    came = [row for key, row in new.items() if key not in old]
    went = [row for key, row in old.items() if key not in new]
    stayed = [row for key, row in new.items() if key in old]
    marks = {row: mark for mark, rows in (("stayed", stayed), ("came", came), ("went", went)) for row in rows}

    def table(rows: Sequence[Row]) -> AnswerTable:
        return table_of(Solutions(second.columns, tuple(rows)), page.formatter, page.words)

    drawn = map_of(Solutions(second.columns, tuple(marks)), page.formatter, page.words, marks=tuple(marks.values()))
    if drawn is not None:
        drawn = replace(drawn, summary=page.words("query.map_of_days"))
    language = page.language
    return TwoDays(date_in_words(before, language), date_in_words(day, language), table(came), table(went), len(stayed), drawn)  # fmt: skip


def _things(row: Row) -> Row:
    """What makes a row the same on another day: the things that it names, all of it when it names none."""
    return tuple(each for each in row if isinstance(each, Iri)) or row
