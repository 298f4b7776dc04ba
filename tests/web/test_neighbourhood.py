"""One step around a thing: the same ties in words, in the picture and in the table, on the day that is asked for."""

from __future__ import annotations

import re

import pytest

from citygraph import Project
from citygraph.web.pages.neighbourhood import AroundDrawing, Neighbour, TiedGroup, draw_around
from citygraph.web.pages.terms import ShownTerm
from pages_client import Pages, words_of


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


def _onward(text: str) -> set[str]:
    return set(re.findall(r'href="(/around/[^"]*)"', text))


@pytest.mark.parametrize(
    ("language", "title", "tie"),
    [
        ("nb", "Rundt Oslo", "medlem i : Eurocities, Metrex"),
        ("en", "Around Oslo", "full member of : Eurocities, Metrex"),
    ],
)
def test_ties_are_told_in_words_drawn_and_listed(pages: Pages, language: str, title: str, tie: str) -> None:
    found = pages.get(f"/around/city/oslo?lang={language}").text
    assert f"<h1>{title}</h1>" in found
    assert tie in words_of(found)
    before, _, table = found.partition("<table")
    wide, narrow = before.partition('class="drawing wide"')[2], before.partition('class="drawing narrow"')[2]
    assert f"/around/network/metrex?lang={language}" in _onward(wide)
    assert _onward(wide) == _onward(narrow.partition('class="drawing wide"')[0])
    assert _onward(wide) <= _onward(table)
    # Every mark is in a link, and every link to a relation leads to its rows.
    assert len(re.findall(r"<a [^>]*><title>[^<]*</title><circle", before)) == before.count('class="tied ')
    assert set(re.findall(r'href="#(r\d+)"', before)) == set(re.findall(r'<tbody id="(r\d+)"', table))
    # A city and its authority are one, and nothing is around itself.
    assert "/around/authority/oslo-kommune" not in found
    # The page of the thing leads here.
    assert f'href="/around/city/oslo?lang={language}"' in pages.get(f"/city/oslo?lang={language}").text


def test_another_day_has_other_ties_and_the_way_on_keeps_it(pages: Pages) -> None:
    now, then = (pages.get(f"/around/network/eurocities?lang=en{day}").text for day in ("", "&as_of=2017-03-01"))
    presidents = [re.findall(r" president : ([^:]*)", words_of(each))[0] for each in (now, then)]
    assert "Dario Nardella" in presidents[0]
    assert "Daniël Termont" in presidents[1]
    assert "Dario Nardella" not in presidents[1]
    assert "as of 1 March 2017" in words_of(then)
    assert all("as_of=2017-03-01" in each for each in _onward(then))
    assert "have ended or not begun are left out" in words_of(then)


def test_what_is_not_there_and_what_is_no_day_are_told(pages: Pages) -> None:
    missing = pages.get("/around/city/stavangr?lang=en")
    assert missing.status_code == 404
    assert 'href="/around/city/stavanger?lang=en"' in missing.text
    assert pages.get("/around/city/oslo?as_of=tomorrow").status_code == 400


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("count", [1, 7, 10_000])
def test_many_are_grouped_and_all_stay_inside_the_picture(count: int, wide: bool) -> None:  # noqa: FBT001
    neighbours = tuple(
        Neighbour(ShownTerm(f"{each} {'x' * 200}"), "", "/around/x", None, derived=False) for each in range(count)
    )
    drawn: AroundDrawing = draw_around(
        "x" * 200, [TiedGroup(f"r{each}", "tie", neighbours) for each in range(40)], wide=wide
    )
    assert len(drawn.arms) == 16
    assert all(len(arm.marks) + arm.more == count and len(arm.marks) <= 6 for arm in drawn.arms)
    assert all(0 < mark.x < drawn.width and 0 < mark.y < drawn.height for arm in drawn.arms for mark in arm.marks)
    assert len({(mark.x, mark.y) for arm in drawn.arms for mark in arm.marks}) == sum(
        len(arm.marks) for arm in drawn.arms
    )
