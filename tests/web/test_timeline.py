"""Where a period stands on its axis, and what its axis says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.rdf import Iri, Literal, Term
from citygraph.web.pages.drawings import TimelinePeriod, TimelineSpan, draw_timeline, moment_of


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("2020", 2020.0, 2021.0), ("2020-07", 2020.5, 2020 + 7 / 12), ("2020-01-01", 2020.0, 2020.0)],
)
def test_a_year_and_a_month_have_a_first_moment_and_a_last(text: str, first: float, last: float) -> None:
    assert moment_of(Literal(text)) == pytest.approx(first)
    assert moment_of(Literal(text), last=True) == pytest.approx(last)


@pytest.mark.parametrize(
    "term", [None, Iri("urn:2020"), Literal("soon"), Literal("2020-1"), Literal("2020-01-01T00:00")]
)
def test_what_is_no_date_has_no_moment(term: Term | None) -> None:
    assert moment_of(term) is None


def test_a_period_is_as_long_as_it_lasts_and_an_open_one_reaches_the_edge() -> None:
    rows = [
        TimelinePeriod("closed", "", "", 2002.0, 2005.0),
        TimelinePeriod("open at the end", "", "", 2005.0, None),
        TimelinePeriod("open at the beginning", "", "", None, 2001.0),
        TimelinePeriod("day", "", "", 2010.0, None, is_day=True),
        TimelinePeriod("turned round", "", "", 2005.0, 2002.0),
    ]
    assert draw_timeline(rows, low=2000, high=2010).spans == (
        TimelineSpan("closed", "", 20.0, 30.0, ""),
        TimelineSpan("open at the end", "", 50.0, 50.0, "", open_end=True),
        TimelineSpan("open at the beginning", "", 0.0, 10.0, "", open_begin=True),
        TimelineSpan("day", "", 100.0, 0.0, ""),
        TimelineSpan("turned round", "", 50.0, 0.0, ""),
    )


@pytest.mark.parametrize(
    ("low", "high", "years"),
    [
        (2019, 2021, ["2019", "2020", "2021"]),
        (2010, 2020, ["2010", "2012", "2014", "2016", "2018", "2020"]),
        (1986, 2021, ["1990", "1995", "2000", "2005", "2010", "2015", "2020"]),
    ],
)
def test_the_axis_has_round_years(low: int, high: int, years: list[str]) -> None:
    assert [year for year, _ in draw_timeline([], low=low, high=high).ticks] == years


@given(st.integers(0, 9_998), st.integers(1, 9_999))
def test_the_axis_has_few_years_and_all_of_them_on_it(low: int, length: int) -> None:
    ticks = draw_timeline([], low=low, high=low + length).ticks
    assert 1 <= len(ticks) <= 8
    assert [int(year) for year, _ in ticks] == sorted(int(year) for year, _ in ticks)
    assert all(0 <= place <= 100 for _, place in ticks)
