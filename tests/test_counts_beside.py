"""A number of which some is last known is told as two numbers, or it is said that nobody can: never as a wrong one, never in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.as_of import FactStatus
from citygraph.graphs import LIFTED, lifted_graph
from citygraph.namespaces import CG, CONCEPT
from citygraph.query import OtherTimes, run_query
from citygraph.query.lists import counted_lists, lists_behind
from citygraph.query.run import Answered
from citygraph.rdf import DefaultGraph, Iri, Literal, Quad, Term, parse
from citygraph.results import Solutions
from citygraph.saved_query import read_saved_query
from citygraph.store import MemoryStore

BASE, ID = "https://example.org/", "https://w3id.org/citygraph/id/"
CURRENT, WITHIN, AMOUNT, STATUS = (Iri(CG + name) for name in ("hasCurrentMembership", "within", "amount", "status"))
PATTERN = f"?one {CURRENT} ?fact . ?fact {WITHIN} ?net . ?fact {AMOUNT} ?x"
LAST, ENDED = FactStatus.LAST_KNOWN, FactStatus.ENDED
# A: two hold, one is last known, one has ended. B: one holds, three are last known. C: two are last known.
# D: one holds. E: one is last known, one has ended.
FACTS = [
    ("A", None), ("A", None), ("A", LAST), ("A", ENDED), ("B", None), ("B", LAST), ("B", LAST), ("B", LAST),
    ("C", LAST), ("C", LAST), ("D", None), ("E", LAST), ("E", ENDED),
]  # fmt: skip


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    ever, about = (lifted_graph(BASE, kind) for kind in ("inferred", "facts"))
    now: list[Quad] = []
    apart: list[Quad] = []
    for number, (net, said) in enumerate(FACTS):
        kept, graph = (now, DefaultGraph()) if said is None else (apart, ever)
        fact, one = Iri(f"{ID}fact-{number}"), Iri(f"{ID}one-{number}")
        kept.append(Quad(one, CURRENT, fact, graph))
        kept.append(Quad(fact, WITHIN, Iri(ID + net), graph))
        kept.append(Quad(fact, AMOUNT, Literal("10", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer")), graph))
        apart += [] if said is None else [Quad(fact, STATUS, said.concept, about)]
    return MemoryStore(now, apart=apart)


def asked(text: str, columns: str, store: MemoryStore, folder: Path) -> Answered:
    path = folder / "count.rq"
    head = f'#+ title: {{ nb: "M", en: "M" }}\n#+ question: {{ nb: "M?", en: "M?" }}\n#+ columns: [{columns}]\n'
    path.write_text(head + text.replace("PATTERN", PATTERN), encoding="utf-8")
    times = OtherTimes("2026-11-30", [lifted_graph(BASE, kind) for kind in LIFTED])
    return run_query(read_saved_query(path), store, values={}, prefixes={}, times=times)


def row(cells: tuple[Term | None, ...]) -> str:
    return " ".join("-" if each is None else str(getattr(each, "value", each)).removeprefix(ID) for each in cells)


GROUPED = "SELECT ?net (COUNT(?one) AS ?n) WHERE { PATTERN } GROUP BY ?net"
A, B = "A 2, and 1 last known", "B 1, and 3 last known"
BESIDE = ["C 2 last-known", "E 1 last-known"]
MADE = ["C - last-known", "E - last-known"]


@pytest.mark.parametrize(
    ("text", "rows", "others", "is_told"),
    [
        (GROUPED, [A, B, "D 1"], BESIDE, True),
        (f"{GROUPED} ORDER BY DESC(?n) ?net LIMIT 1", [A], BESIDE[:1], True),
        (f"{GROUPED} ORDER BY ?net OFFSET 1", [B, "D 1"], BESIDE, True),
        # B has more than one when those that are last known are counted with it.
        (f"{GROUPED} HAVING (COUNT(?one) > 1)", [A], ["B 3 last-known", *BESIDE], True),
        (f"{GROUPED} HAVING (COUNT(?one) < 3) ORDER BY ?net", [A, B, "D 1"], BESIDE, True),
        (GROUPED.replace("?one)", "*)"), [A, B, "D 1"], BESIDE, True),
        (GROUPED.replace("?one)", "DISTINCT ?x)"), ["A 1", "B 1", "D 1"], ["C 1 last-known", "E 1 last-known"], True),
        ("SELECT ?net ?n { { GROUPED } } ORDER BY ?net", [A, B, "D 1"], BESIDE, True),
        ("SELECT ?net ?n { { GROUPED } } ORDER BY DESC(?n) DESC(?net) LIMIT 1", [A], BESIDE[1:], True),
        # What is made from several rows is right for a group of which all is of one kind, and left out of any other.
        (GROUPED.replace("COUNT(?one)", "COUNT(?one) * 2"), ["A 4", "B 2", "D 2"], ["C 4 last-known", "E - last-known"], False),
        (GROUPED.replace("COUNT(?one)", "SUM(?x)"), ["A 20", "B 10", "D 10"], ["C 20 last-known", "E - last-known"], False),
        ("SELECT ?net ?n { { GROUPED } FILTER (?n > 1) }", ["A 2"], ["B - last-known", *MADE], False),
        ("SELECT ?net ?n { { GROUPED ORDER BY DESC(?n) ?net LIMIT 1 } }", ["A 2"], [], False),
        ("SELECT ?net ?n { { SELECT ?net (COUNT(?one) AS ?m) { PATTERN } GROUP BY ?net } BIND (?m + 1 AS ?n) }",
         ["A 3", "B 2", "D 2"], MADE, False),
        ("SELECT ?net (COUNT(?one) AS ?n) { PATTERN } GROUP BY ?net ?x ?fact", ["A 1", "A 1", "B 1", "D 1"], MADE, False),
        ("SELECT (STR(?net) AS ?key) ?n { { GROUPED } }", ["A 2", "B 1", "D 1"], MADE, False),
    ],
)  # fmt: skip
def test_numbers_of_groups(
    text: str, rows: list[str], others: list[str], is_told: bool, store: MemoryStore, tmp_path: Path  # noqa: FBT001
) -> None:  # fmt: skip
    columns = "key, n" if "?key" in text else "net, n"
    answered = asked(text.replace("GROUPED", GROUPED), columns, store, tmp_path)
    table, account = answered.for_people("en"), answered.account
    assert isinstance(table, Solutions)
    assert account is not None
    assert sorted(map(row, table.rows)) == rows
    assert sorted(f"{row(each.cells)} {each.status.value}" for each in answered.others) == others
    assert ("what they would be with the rest cannot be told" in account.words.en) is not is_told
    assert ("kan ikke sies" in account.words.nb) is not is_told
    assert ("untold" in account.to_json({})) is ("counted-untold" in account.header({})) is not is_told


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("COUNT(?one)", "4, and 7 last known"),
        ("COUNT(DISTINCT ?net)", "3, and 2 last known"),
        ("AVG(?x)", "10"),
        ("SUM(?x)", "40"),
        ("MAX(?one)", None),
    ],
)
def test_a_number_of_all(made: str, shown: str | None, store: MemoryStore, tmp_path: Path) -> None:
    answered = asked(f"SELECT ({made} AS ?n) WHERE {{ PATTERN }}", "n", store, tmp_path)
    table = answered.for_people("en")
    assert isinstance(table, Solutions)
    assert len(table.rows) == 1
    assert shown in {None, row(table.rows[0])}
    # Never a second number for the same.
    assert answered.others == ()
    assert answered.account is not None


def test_two_numbers_of_which_one_can_be_told(store: MemoryStore, tmp_path: Path) -> None:
    text = "SELECT ?net (COUNT(?one) AS ?n) (SUM(?x) AS ?m) WHERE { PATTERN } GROUP BY ?net ORDER BY ?net"
    answered = asked(text, "net, n, m", store, tmp_path)
    table, file, account = answered.for_people("nb"), answered.shown(), answered.account
    assert isinstance(table, Solutions)
    assert isinstance(file, Solutions)
    assert account is not None
    assert [row(each) for each in table.rows] == ["A 2, og 1 sist kjent 20", "B 1, og 3 sist kjent 10", "D 1 10"]
    assert sorted(row(each.cells) for each in answered.others) == ["C 2 20", "E 1 -"]
    assert file.columns[:4] == ("net", "n", "m", "n_last_known")
    assert account.to_json({})["untold"] == ["m"]


def test_a_question_that_shows_some_rows_says_of_how_many_and_counts_all_beside_it(
    store: MemoryStore, tmp_path: Path
) -> None:
    text = "SELECT ?net ?one WHERE { PATTERN } ORDER BY ?net ?one LIMIT 2 OFFSET 1"
    answered = asked(text, "net, one", store, tmp_path)
    account = answered.account
    assert account is not None
    assert (account.holds, account.in_all) == (2, 4)
    # What ended is told from what is last known, although the row does not show the fact that says so.
    assert account.counts == {LAST: 7, ENDED: 2}
    assert [row(each.cells) for each in answered.last_known] == ["A one-2", "B one-5"]
    assert "2 hold, of 4 in all, of which the question shows some, 7 last known" in account.words.en
    assert account.to_json({})["in_all"] == 4
    assert "in-all=4" in account.header({})


def test_a_number_that_is_none_does_not_stop_the_account(store: MemoryStore, tmp_path: Path) -> None:
    text = 'SELECT ?net ?n WHERE { PATTERN BIND (STRDT("about 9", <http://www.w3.org/2001/XMLSchema#integer>) AS ?n) } ORDER BY ?n ?net'
    account = asked(text, "net, n", store, tmp_path).account
    assert account is not None
    assert account.counts == {LAST: 2}


def test_a_list_that_is_complete_whatever_the_role_knows_its_members() -> None:
    data = f"""
        @prefix cg: <{CG}> . @prefix concept: <{CONCEPT}> . @prefix id: <{ID}> . @prefix org: <http://www.w3.org/ns/org#> .
        id:net cg:hasCurrentList id:list .
        id:list cg:listKind concept:list-memberships ; cg:completeness concept:complete ; cg:asOf "2020-01-01" .
        id:a cg:hasCurrentMembership id:m1 , id:m2 . id:b cg:hasCurrentMembership id:m3 .
        id:m1 org:organization id:net ; org:role id:member . id:m2 org:organization id:net ; org:role id:chair .
        id:m3 org:organization id:net ; org:role id:member .
    """
    store = MemoryStore(
        Quad(each.subject, each.predicate, each.object) for each in parse(data.encode(), format="ttl").quads
    )
    kinds, things = ["list-memberships"], [Iri(f"{ID}net"), *(Iri(f"{ID}thing-{number}") for number in range(600))]
    statements = lists_behind(kinds, things, store)
    (found,) = counted_lists(statements, things, kinds, store, day="2020-11-05", prefixes={})
    assert (found.known, found.complete) == (2, (None,))
