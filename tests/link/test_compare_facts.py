"""One fact of ours against one statement of theirs, state by state; and what a batch says of it."""

from __future__ import annotations

import pytest

from citygraph.link.compare import State, compare_facts
from citygraph.link.facts import Citation, Fact, write_csv, write_v1
from citygraph.link.items import Item, Statement, Value

NETWORK = "https://example.org/id/network"


def item(text: str) -> Value:
    return Value("item", text)


def chairs(fact: Fact | None, *statements: Statement) -> list[tuple[State, str, str]]:
    found = compare_facts(
        "id:network", frozenset({"network"}), [fact] if fact else [], Item("Q1", statements=statements), frozenset()
    )
    return [(each.state, each.ours, each.theirs) for each in found]


def chair(text: str, **qualifiers: str) -> Statement:
    return Statement("P488", item(text), qualifiers={name: (Value("time", day),) for name, day in qualifiers.items()})


OURS = Fact(NETWORK, "P488", item("Q5"), as_of="2020-11-05")


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("2019", State.DISAGREE),
        ("2020-10", State.DISAGREE),
        # The coarser of the two says that it is the same time, so that they do not contradict one another.
        ("2020", State.SAME),
        ("2020-11", State.SAME),
        ("2022", State.THEIRS_NEWER),
    ],
)
def test_an_end_that_only_they_know_is_before_our_day_or_after_it(end: str, state: State) -> None:
    theirs = "Q5" if state is State.SAME else f"Q5 until {end}"
    assert chairs(OURS, chair("Q5", P582=end)) == [(state, "Q5 (2020-11-05)", theirs)]


def test_somebody_else_is_news_when_they_came_after_our_day() -> None:
    ours = (State.SAME, "Q5 (2020-11-05)", "Q5")
    for since, state in (("2021", State.THEIRS_NEWER), ("2010", State.THEIRS_ONLY)):
        assert chairs(OURS, chair("Q5"), chair("Q6", P580=since)) == [ours, (state, "", f"Q6 ({since})")]
    since_2019 = Fact(NETWORK, "P488", item("Q5"), begin="2019")
    assert chairs(since_2019, chair("Q6", P580="2018"))[1][0] is State.THEIRS_ONLY
    assert chairs(since_2019, chair("Q6", P580="2020"))[1][0] is State.THEIRS_NEWER


def test_figures_belong_to_their_day_and_deprecated_ones_do_not_count() -> None:
    def count(text: str, day: str, rank: str = "normal") -> Statement:
        days = {"P585": (Value("time", day),)} if day else {}
        return Statement("P2124", Value("quantity", text), rank, days)

    ours = Fact(NETWORK, "P2124", Value("quantity", "140"), as_of="2020")
    assert chairs(ours, count("140.0", "2020-06")) == [(State.SAME, "140 (2020)", "140 (2020)")]
    assert chairs(ours, count("150", "2020")) == [(State.DISAGREE, "140 (2020)", "150")]
    assert chairs(ours, count("150", "2020", "deprecated")) == [(State.OURS_ONLY, "140 (2020)", "")]
    # A figure without a day is of no day, and not of every one.
    assert [state for state, _, _ in chairs(ours, count("150", ""))] == [State.OURS_ONLY, State.THEIRS_ONLY]


def test_no_text_of_ours_ends_a_cell_or_a_line_of_the_batch() -> None:
    page = 'https://example.org/a"b\tc\nCREATE'
    fact = Fact(NETWORK, "P856", Value("string", 'https://example.org/"\tLAST'), citations=(Citation(page),))
    batch = write_v1([fact], {NETWORK: "Q1"})
    assert batch == 'Q1\tP856\t"https://example.org/%22 LAST"\tS854\t"https://example.org/a%22b c CREATE"\n'
    heading, *lines = write_csv([fact], {NETWORK: "Q1"}).splitlines()
    assert (heading, len(lines)) == ("qid,P856,S854", 1)
