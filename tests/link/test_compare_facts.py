"""One fact of ours against one statement of theirs, state by state; and what a batch says of it."""

from __future__ import annotations

import pytest

from citygraph.link.compare import DriftState, compare_facts
from citygraph.link.facts import LinkFact, PublicPage, write_csv, write_v1
from citygraph.link.items import ItemStatement, ItemValue, WikidataItem

NETWORK = "https://example.org/id/network"


def item(text: str) -> ItemValue:
    return ItemValue("item", text)


def chairs(fact: LinkFact | None, *statements: ItemStatement) -> list[tuple[DriftState, str, str]]:
    found = compare_facts(
        "id:network",
        frozenset({"network"}),
        [fact] if fact else [],
        WikidataItem("Q1", statements=statements),
        frozenset(),
    )
    return [(each.state, each.ours, each.theirs) for each in found]


def chair(text: str, **qualifiers: str) -> ItemStatement:
    return ItemStatement(
        "P488", item(text), qualifiers={name: (ItemValue("time", day),) for name, day in qualifiers.items()}
    )


OURS = LinkFact(NETWORK, "P488", item("Q5"), as_of="2020-11-05")


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("2019", DriftState.DISAGREE),
        ("2020-10", DriftState.DISAGREE),
        # The coarser of the two says that it is the same time, so that they do not contradict one another.
        ("2020", DriftState.SAME),
        ("2020-11", DriftState.SAME),
        ("2022", DriftState.THEIRS_NEWER),
    ],
)
def test_an_end_that_only_they_know_is_before_our_day_or_after_it(end: str, state: DriftState) -> None:
    theirs = "Q5" if state is DriftState.SAME else f"Q5 until {end}"
    assert chairs(OURS, chair("Q5", P582=end)) == [(state, "Q5 (2020-11-05)", theirs)]


def test_somebody_else_is_news_when_they_came_after_our_day() -> None:
    ours = (DriftState.SAME, "Q5 (2020-11-05)", "Q5")
    for since, state in (("2021", DriftState.THEIRS_NEWER), ("2010", DriftState.THEIRS_ONLY)):
        assert chairs(OURS, chair("Q5"), chair("Q6", P580=since)) == [ours, (state, "", f"Q6 ({since})")]
    since_2019 = LinkFact(NETWORK, "P488", item("Q5"), begin="2019")
    assert chairs(since_2019, chair("Q6", P580="2018"))[1][0] is DriftState.THEIRS_ONLY
    assert chairs(since_2019, chair("Q6", P580="2020"))[1][0] is DriftState.THEIRS_NEWER


def test_figures_belong_to_their_day_and_deprecated_ones_do_not_count() -> None:
    def count(text: str, day: str, rank: str = "normal") -> ItemStatement:
        days = {"P585": (ItemValue("time", day),)} if day else {}
        return ItemStatement("P2124", ItemValue("quantity", text), rank, days)

    ours = LinkFact(NETWORK, "P2124", ItemValue("quantity", "140"), as_of="2020")
    assert chairs(ours, count("140.0", "2020-06")) == [(DriftState.SAME, "140 (2020)", "140 (2020)")]
    assert chairs(ours, count("150", "2020")) == [(DriftState.DISAGREE, "140 (2020)", "150")]
    assert chairs(ours, count("150", "2020", "deprecated")) == [(DriftState.OURS_ONLY, "140 (2020)", "")]
    # A figure without a day is of no day, and not of every one.
    assert [state for state, _, _ in chairs(ours, count("150", ""))] == [DriftState.OURS_ONLY, DriftState.THEIRS_ONLY]


def test_no_text_of_ours_ends_a_cell_or_a_line_of_the_batch() -> None:
    page = 'https://example.org/a"b\tc\nCREATE'
    fact = LinkFact(NETWORK, "P856", ItemValue("string", 'https://example.org/"\tLAST'), citations=(PublicPage(page),))
    batch = write_v1([fact], {NETWORK: "Q1"})
    assert batch == 'Q1\tP856\t"https://example.org/%22 LAST"\tS854\t"https://example.org/a%22b c CREATE"\n'
    heading, *lines = write_csv([fact], {NETWORK: "Q1"}).splitlines()
    assert (heading, len(lines)) == ("qid,P856,S854", 1)
