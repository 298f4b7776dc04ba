"""One fact of ours against one statement of theirs, state by state; and what a batch says of it."""

from __future__ import annotations

import json

import pytest

from citygraph.link.compare import DriftState, check_networks, compare_facts
from citygraph.link.facts import LinkFact, PublicPage, write_csv, write_v1
from citygraph.link.items import ItemStatement, ItemValue, WikidataItem, entity_json, item_from_json
from citygraph.link.items_in_rdf import items_from_triples, triples_of_items
from citygraph.rdf import parse
from citygraph.sssom import read_mappings

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


UNKNOWN, NONE = (ItemValue(kind, "") for kind in ("unknown", "none"))


@pytest.mark.parametrize(
    ("ends", "state", "theirs", "if_we_know_of_the_end"),
    [
        ([UNKNOWN], DriftState.DISAGREE, "Q5 until unknown", DriftState.SAME),
        ([NONE], DriftState.SAME, "Q5", DriftState.SAME),
        ([UNKNOWN, ItemValue("time", "2019")], DriftState.DISAGREE, "Q5 until 2019", DriftState.DISAGREE),
        ([ItemValue("time", "2010", precision=8)], DriftState.DISAGREE, "Q5 until 2010–2019", DriftState.DISAGREE),
        ([ItemValue("time", "2020", precision=8)], DriftState.SAME, "Q5", DriftState.SAME),
        ([ItemValue("time", "2100", precision=7)], DriftState.SAME, "Q5", DriftState.SAME),
        ([ItemValue("time", "2030", precision=8)], DriftState.THEIRS_NEWER, "Q5 until 2030–2039", DriftState.DISAGREE),
    ],
)
def test_an_end_is_one_also_when_nobody_knows_it_precisely(
    ends: list[ItemValue], state: DriftState, theirs: str, if_we_know_of_the_end: DriftState
) -> None:
    over = ItemStatement("P488", item("Q5"), qualifiers={"P582": tuple(ends)})
    assert chairs(OURS, over) == [(state, "Q5 (2020-11-05)", theirs)]
    ended = LinkFact(NETWORK, "P488", item("Q5"), as_of="2020-11-05", end="2020-12")
    assert chairs(ended, over)[0][0] is if_we_know_of_the_end
    # Somebody came back: one statement without an end is enough, in whatever order they come.
    for statements in ([over, chair("Q5")], [chair("Q5", P580="2020"), over]):
        assert chairs(OURS, *statements) == [(DriftState.SAME, "Q5 (2020-11-05)", "Q5")]


def test_what_they_prefer_overrules_what_they_do_not_prefer() -> None:
    def ranked(value: ItemValue, rank: str = "normal") -> ItemStatement:
        return ItemStatement("P488", value, rank)

    assert chairs(None, ranked(item("Q6")), ranked(NONE, "preferred")) == []
    assert chairs(OURS, ranked(item("Q5")), ranked(NONE, "preferred")) == [
        (DriftState.DISAGREE, "Q5 (2020-11-05)", "no value")
    ]
    assert chairs(OURS, ranked(NONE, "deprecated"), ranked(item("Q5")))[0][0] is DriftState.SAME
    # What they have without preferring it is not offered to them again; what is no longer preferred is no news.
    assert chairs(OURS, ranked(item("Q5")), ranked(item("Q7")), ranked(item("Q6"), "preferred")) == [
        (DriftState.SAME, "Q5 (2020-11-05)", "Q5"),
        (DriftState.THEIRS_ONLY, "", "Q6"),
    ]
    assert chairs(OURS, ranked(item("Q5"), "deprecated"))[0][0] is DriftState.OURS_ONLY


@pytest.mark.parametrize(
    ("value", "state", "theirs"),
    [
        (ItemValue("time", "1990", precision=8), DriftState.SAME, "1990–1999"),
        (ItemValue("time", "2000", precision=7), DriftState.SAME, "1901–2000"),
        (ItemValue("time", "2000", precision=6), DriftState.SAME, "1001–2000"),
        (ItemValue("time", "1980", precision=8), DriftState.DISAGREE, "1980–1989"),
        (UNKNOWN, DriftState.OURS_ONLY, "unknown value"),
        (NONE, DriftState.DISAGREE, "no value"),
    ],
)
def test_a_value_that_is_not_precise_disagrees_only_with_what_it_excludes(
    value: ItemValue, state: DriftState, theirs: str
) -> None:
    ours = LinkFact(NETWORK, "P571", ItemValue("time", "1996", precision=9))
    assert chairs(ours, ItemStatement("P571", value)) == [(state, "1996", theirs)]


@pytest.mark.parametrize(
    ("founded", "site", "doubtful"),
    [
        ("1850", "https://else.example", True),
        ("1990", "https://else.example", False),
        ("1850", "http://www.example.org/", False),
        ("1850", "", False),
    ],
)
def test_a_network_of_which_nothing_agrees_is_doubtful(founded: str, site: str, doubtful: bool) -> None:  # noqa: FBT001
    head = "subject_id\tpredicate_id\tobject_id\tmapping_justification\n"
    rows = read_mappings(f"{head}id:network\tskos:exactMatch\twd:Q1\tsemapv:ManualMappingCuration\n")
    ours = [
        LinkFact(NETWORK, "P571", ItemValue("time", "1996", precision=9)),
        LinkFact(NETWORK, "P856", ItemValue("string", "https://example.org")),
    ]
    statements = [ItemStatement("P571", ItemValue("time", founded, precision=8))]
    statements += [ItemStatement("P856", ItemValue("string", site))] if site else []
    item = WikidataItem("Q1", statements=tuple(statements))
    compared = compare_facts("id:network", frozenset({"network"}), ours, item, frozenset())
    found = list(check_networks(rows, compared, file="links.tsv"))
    assert [(each.code, each.line) for each in found] == [("link-unlike", 2)] * doubtful
    assert not doubtful or "1850–1859" in found[0].message.nb


def test_figures_of_one_day_are_all_there() -> None:
    days = {"P585": (ItemValue("time", "2020"),)}
    ours = LinkFact(NETWORK, "P2124", ItemValue("quantity", "140"), as_of="2020")
    both = [ItemStatement("P2124", ItemValue("quantity", text), "normal", days) for text in ("140", "150")]
    for statements in (both, both[::-1]):
        assert chairs(ours, *statements)[0] == (DriftState.SAME, "140 (2020)", "140 (2020)")


def test_values_that_are_unknown_or_none_stay_so_in_json_and_in_rdf() -> None:
    qualifiers = {"P580": (NONE,), "P582": (UNKNOWN,)}
    statements = (
        ItemStatement("P463", item("Q9"), "normal", qualifiers),
        ItemStatement("P488", NONE, "preferred"),
        ItemStatement("P571", ItemValue("time", "1990", precision=8)),
        ItemStatement("P571", UNKNOWN),
    )
    whole = WikidataItem("Q1", labels={"en": "One"}, statements=statements)
    assert item_from_json(json.loads(entity_json(whole))) == whole
    assert items_from_triples(triples_of_items([whole])) == {"Q1": whole}
    # The simple form says the same, with blank nodes for what nobody knows.
    text = "<{0}Q1> a <{1}novalue/P488> ; <{1}direct/P571> [] ; <{1}direct/P463> <{0}Q9> ."
    prefixes = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/"
    simple = parse(text.format(*prefixes).encode(), format="ttl")
    read = items_from_triples(quad.triple for quad in simple.quads)["Q1"]
    assert {each.property: each.value for each in read.statements} == {
        "P463": item("Q9"), "P488": NONE, "P571": UNKNOWN
    }  # fmt: skip


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
