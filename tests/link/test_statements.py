"""Statements of an item are a list: whatever their order, and in every form in which Wikidata gives them."""

from __future__ import annotations

import bz2
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.errors import ReconciliationError
from citygraph.link.compare import compare_facts
from citygraph.link.facts import LinkFact
from citygraph.link.items import (
    NONE,
    UNKNOWN,
    ItemStatement,
    ItemValue,
    WikidataItem,
    cut_time,
    entity_json,
    item_from_json,
    thing_of_item,
)
from citygraph.link.items_in_rdf import items_from_triples, triples_of_items
from citygraph.link.properties import PROPERTIES, CompareWay
from citygraph.link.wikidata import read_extract

DUMPS = Path(__file__).parent / "dumps"
NETWORK, CITY, CHAIR = "Q90000001", "Q90000002", "Q90000005"
KINDS = frozenset({"network", "authority"})

ITEMS = st.sampled_from(["Q90000001", "Q90000005", "Q90000006"]).map(lambda each: ItemValue("item", each))
NOT_KNOWN = st.sampled_from([ItemValue(UNKNOWN, ""), ItemValue(NONE, "")])
TIMES = st.builds(
    lambda year, month, day, precision: cut_time(f"{year:+05}-{month:02}-{day:02}T00:00:00Z", precision),
    st.integers(-3000, 2100).filter(bool),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 11),
)
FIGURES = st.integers(0, 200).map(lambda each: ItemValue("quantity", str(each)))
CODES = st.sampled_from(["NOHBY", "https://example.org/", "0301"]).map(lambda each: ItemValue("string", each))
QUALIFIERS = st.dictionaries(
    st.sampled_from(["P580", "P582", "P585", "P1480"]), st.lists(TIMES | NOT_KNOWN, min_size=1, max_size=2, unique=True).map(tuple),
    max_size=3,
)  # fmt: skip
OF_WAY = {CompareWay.EACH: ITEMS, CompareWay.DAY: FIGURES, CompareWay.CODE: CODES}
BESIDE = {CompareWay.QUALIFIER, CompareWay.REFERENCE}
COMPARED = st.sampled_from([each.id for each in PROPERTIES.values() if each.way not in BESIDE])
STATEMENTS = COMPARED.flatmap(
    lambda property_: st.builds(
        ItemStatement, st.just(property_),
        (TIMES if property_ == "P571" else OF_WAY.get(PROPERTIES[property_].way, ITEMS | CODES)) | NOT_KNOWN,
        st.sampled_from(["preferred", "normal", "normal", "deprecated"]), QUALIFIERS,
    )
)  # fmt: skip
YEARS = st.sampled_from(["", "1996", "2012-05", "2020-11-05"])
FACTS = st.builds(
    lambda statement, as_of, begin, end: LinkFact("x", statement.property, statement.value, as_of, begin, end),
    STATEMENTS.filter(lambda each: each.value.is_known), YEARS, YEARS, YEARS,
)  # fmt: skip


def compared(facts: list[LinkFact], item: WikidataItem) -> list[tuple[str, ...]]:
    found = compare_facts("id:x", KINDS, facts, item, frozenset({NETWORK}))
    return [each.key for each in found]


@given(
    st.lists(STATEMENTS, max_size=6, unique_by=repr), st.lists(FACTS, max_size=4), st.randoms(use_true_random=False)
)  # fmt: skip
def test_the_order_of_statements_qualifiers_and_facts_says_nothing(
    statements: list[ItemStatement], facts: list[LinkFact], chance: random.Random
) -> None:
    item = WikidataItem("Q1", {"en": "One", "nb": "En"}, statements=tuple(statements))
    raw = json.loads(entity_json(item))
    assert item_from_json(raw) == item
    # The same in another order: keys, statements of a property, values of a qualifier, and triples.
    for claims in raw["claims"].values():
        chance.shuffle(claims)
        for claim in claims:
            for snaks in claim.get("qualifiers", {}).values():
                chance.shuffle(snaks)
            claim["qualifiers"] = shuffled(claim.get("qualifiers", {}), chance)
    other = item_from_json(
        {**raw, "claims": shuffled(raw["claims"], chance), "labels": shuffled(raw["labels"], chance)}
    )
    triples = list(triples_of_items([item]))
    chance.shuffle(triples)
    mixed = facts[:]
    chance.shuffle(mixed)
    for same in (other, items_from_triples(triples)["Q1"]):
        assert same == item
        assert thing_of_item(same) == thing_of_item(item)
        assert compared(mixed, same) == compared(facts, item)


def shuffled(values: dict[str, object], chance: random.Random) -> dict[str, object]:
    keys = list(values)
    chance.shuffle(keys)
    return {key: values[key] for key in keys}


def test_dumps_say_the_same_in_json_and_in_rdf() -> None:
    entities, full = read_extract(DUMPS / "entities.json"), read_extract(DUMPS / "full.nt")
    assert entities == full
    assert set(full) == {NETWORK, CITY}
    # The truthy dump has the values that count, and nothing of how precise a time is.
    for qid, item in read_extract(DUMPS / "truthy.nt").items():
        for property_ in {each.property for each in full[qid].statements}:
            best = {(each.value.kind, each.value.text) for each in full[qid].best(property_)}
            assert {(each.value.kind, each.value.text) for each in item.best(property_)} == best, property_
        assert thing_of_item(item) == thing_of_item(full[qid])


def test_other_forms_of_the_same_dumps_are_read_alike(tmp_path: Path) -> None:
    full = (DUMPS / "full.nt").read_bytes()
    entities = json.loads((DUMPS / "entities.json").read_text(encoding="utf-8"))
    forms = {
        "latest-all.ttl": b"@prefix wd: <http://www.wikidata.org/entity/> .\nwd:Q90000001 a wd:Q43229 .\n" + full,
        "latest-all.nt.bz2": bz2.compress(full),
        "latest-all.json.bz2": bz2.compress((DUMPS / "entities.json").read_bytes()),
        "wbgetentities.json": json.dumps({"entities": {each["id"]: each for each in entities}, "success": 1}).encode(),
        "version-2.json": json.dumps({"entities": entities}).encode(),
    }
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
        assert read_extract(tmp_path / name) == read_extract(DUMPS / "full.nt"), name
    (tmp_path / "cut.json.bz2").write_bytes(forms["latest-all.json.bz2"][:300])
    (tmp_path / "damaged.nt.bz2").write_bytes(
        forms["latest-all.nt.bz2"][:80] + bytes(50) + forms["latest-all.nt.bz2"][130:]
    )
    for name in ("cut.json.bz2", "damaged.nt.bz2"):
        with pytest.raises(ReconciliationError, match=r"ends in the middle|damaged"):
            read_extract(tmp_path / name)


@pytest.mark.parametrize("file", ["entities.json", "full.nt"])
def test_what_a_network_is_told_from_a_dump(file: str) -> None:
    item = read_extract(DUMPS / file)[NETWORK]
    facts = [
        LinkFact("x", "P571", ItemValue("time", "1996", precision=9)),
        LinkFact("x", "P159", ItemValue("item", "Q90000004"), as_of="2015"),
        LinkFact("x", "P856", ItemValue("string", "http://www.harbour-towns.example")),
        LinkFact("x", "P2124", ItemValue("quantity", "20"), as_of="2010"),
        LinkFact("x", "P488", ItemValue("item", CHAIR), begin="2012", end="2016-05-31"),
        LinkFact("x", "P1037", ItemValue("item", "Q90000007"), as_of="2020"),
        LinkFact("x", "P3320", ItemValue("item", "Q90000006"), as_of="2020"),
    ]
    found = compare_facts("id:x", frozenset({"network"}), facts, item, frozenset())
    assert [(each.property_id, each.state.value, each.ours, each.theirs) for each in found] == [
        ("P1037", "disagree", "Q90000007 (2020)", "no value"),
        ("P159", "theirs newer", "Q90000004", "Q90000002, Q90000004 until 2018-06"),
        ("P2124", "same", "20 (2010)", "20 (2010)"),
        ("P2124", "theirs newer", "", "~31 (2024-01-01)"),
        ("P3320", "same", "Q90000006 (2020)", "Q90000006"),
        ("P488", "same", "Q90000005 (2012–2016-05-31)", "Q90000005"),
        ("P488", "theirs newer", "", "Q90000005 (2020)"),
        ("P571", "same", "1996", "1990–1999"),
        ("P856", "same", "http://www.harbour-towns.example", "https://harbour-towns.example/"),
    ]


def test_who_left_and_came_back_is_told_term_by_term() -> None:
    item = read_extract(DUMPS / "full.nt")[CITY]

    def told(*terms: tuple[str, str]) -> list[tuple[str, str, str]]:
        facts = [LinkFact("x", "P463", ItemValue("item", NETWORK), begin=begin, end=end) for begin, end in terms]
        found = compare_facts("id:x", frozenset({"authority"}), facts, item, frozenset({NETWORK}))
        return [(each.state.value, each.ours, each.theirs) for each in found if each.property_id == "P463"]

    first, second = (("2001", "2012"), ("2018", ""))
    assert {state for state, _, _ in told(first, second)} == {"same"}
    assert told(first)[1:] == [("theirs newer", "", f"{NETWORK} (2018)")]
    assert told(second)[1:] == [("theirs only", "", f"{NETWORK} (2001)")]
    assert told(("2001", "2014"), second)[0][0] == "disagree"
    assert ("ours only", f"{NETWORK} (1990–1995)", f"{NETWORK} from 2001 until 2012, {NETWORK} from 2018") in told(
        ("1990", "1995"), first, second
    )


@pytest.mark.parametrize(
    ("text", "precision", "years", "words"),
    [
        ("+1990-00-00T00:00:00Z", 8, (1990, 1999), "1990–1999"),
        ("+1900-00-00T00:00:00Z", 7, (1801, 1900), "1801–1900"),
        ("-0500-00-00T00:00:00Z", 7, (-500, -401), "-500–-401"),
        ("-0500-00-00T00:00:00Z", 8, (-509, -500), "-509–-500"),
        ("-0044-03-15T00:00:00Z", 11, (-44, -44), "-0044-03-15"),
        ("+00000001986-01-01T00:00:00Z", 9, (1986, 1986), "1986"),
        ("+1986-00-00T00:00:00Z", 11, (1986, 1986), "1986"),
        ("-3000000-00-00T00:00:00Z", 3, (-4000000, -2000000), "-4000000–-2000000"),
        ("-13798000000-00-00T00:00:00Z", 0, (-14798000000, -12798000000), "-14798000000–-12798000000"),
    ],
)
def test_a_time_is_as_precise_as_it_says(text: str, precision: int, years: tuple[int, int], words: str) -> None:
    time = cut_time(text, precision)
    assert (time.years, time.words) == (years, words)
    item = WikidataItem("Q1", statements=(ItemStatement("P571", time),))
    assert item_from_json(json.loads(entity_json(item))) == item
    assert items_from_triples(triples_of_items([item])) == {"Q1": item}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("bad", {"error": "x"}), ("time", {"time": "+19-9Z", "precision": 9}), ("time", {"time": "", "precision": 11})],
)
def test_a_value_that_cannot_be_read_is_unknown_and_the_item_is_kept(kind: str, value: object) -> None:
    snak = {"snaktype": "value", "property": "P571", "datavalue": {"type": kind, "value": value}}
    raw = {"id": "Q1", "labels": [], "claims": {"P571": [{"mainsnak": snak, "qualifiers": {"P585": [snak]}}]}}
    (statement,) = item_from_json(raw).statements
    assert (statement.value, statement.qualifiers["P585"]) == (ItemValue(UNKNOWN, ""), (ItemValue(UNKNOWN, ""),))
