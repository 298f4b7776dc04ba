"""Every fact has a time, and what an answer leaves out is counted: rules, statuses, the day's graph, accounts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph import Project
from citygraph.as_of import DatedStatus, FactStatus, OnDay, facts_on
from citygraph.config import Duration
from citygraph.graphs import LIFTED, lifted_graph
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.query import Answered, OtherTimes, run_query, statuses_of
from citygraph.rdf import BlankNode, DefaultGraph, Iri, Literal, Quad, Triple, parse
from citygraph.results import Graph, Row, Solutions, Truth
from citygraph.saved_query import read_saved_query
from citygraph.store import MemoryStore
from citygraph.store.memory import DEFAULT_GRAPH
from clean_project import clean_project
from conftest import TODAY

RULES = Path(__file__).parent / "reason" / "as_of_rules"
ID = "https://w3id.org/citygraph/id/"
PREAMBLE = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()) + (
    f"@prefix cg: <{CG}> .\n@prefix concept: <{CONCEPT}> .\n@prefix id: <{ID}> .\n"
)
FIVE, ONE = Duration.parse("P5Y"), Duration.parse("P1Y")


def triples(text: str) -> list[Triple]:
    """The statements of a Turtle text with our prefixes."""
    parsed = parse((PREAMBLE + text).encode(), format="ttl")
    assert not parsed.problems, parsed.problems
    return [quad.triple for quad in parsed.quads]


def on(day: str, text: str) -> OnDay:
    return facts_on(triples(text), as_of=date.fromisoformat(day), stale_after=FIVE, lists_stale_after=ONE)


def interval(fact: str, begin: str = "", end: str = "", by: str = "time:hasTime") -> str:
    kinds = {4: ("inXSDgYear", "gYear"), 7: ("inXSDgYearMonth", "gYearMonth"), 10: ("inXSDDate", "date")}
    text = f"id:{fact} {by} id:{fact}-during . id:{fact}-during a time:ProperInterval .\n"
    for at, property_ in ((begin, "hasBeginning"), (end, "hasEnd")):
        if at:
            name, kind = kinds[len(at)]
            text += f"id:{fact}-during time:{property_} id:{fact}-{property_} . "
            text += f'id:{fact}-{property_} a time:Instant ; time:{name} "{at}"^^xsd:{kind} .\n'
    return text


def claim(name: str, subject: str, property_: str, value: str, more: str = "") -> str:
    return (
        f"{subject} {property_} {value} .\n"
        f"id:{name} a cg:Claim ; rdf:subject {subject} ; rdf:predicate {property_} ; rdf:object {value} ; "
        f"cg:rank concept:rank-preferred {more}.\n"
    )


# -- the rules ----------------------------------------------------------------------------------------

DAYS = st.sampled_from(["", "", "2015-01-01", "2018-03-01", "2020-06-30"])
YEARS = st.sampled_from(["", "2010", "2014-06", "2018-03-01", "2020"])


@st.composite
def memberships(draw: st.DrawFn) -> str:
    """Some memberships and lists, dated in all ways that data can be dated."""
    text = (
        "concept:role-full-member a org:Role ; org:roleProperty org:memberOf .\n"
        'concept:role-president a org:Role ; org:roleProperty org:headOf ; cg:staleAfter "P2Y"^^xsd:duration .\n'
    )
    for number in range(draw(st.integers(1, 4))):
        name, who, body = f"m{number}", f"id:a{draw(st.integers(0, 1))}", f"id:n{draw(st.integers(0, 1))}"
        role = draw(st.sampled_from(["concept:role-full-member", "concept:role-president", "concept:role-other"]))
        text += f"id:{name} a org:Membership ; org:member {who} ; org:organization {body} ; org:role {role} .\n"
        text += interval(name, draw(YEARS), draw(YEARS), by="org:memberDuring")
        for bound, at in zip(("dateNotBefore", "dateNotAfter"), draw(st.tuples(DAYS, DAYS)), strict=True):
            if at:
                side = draw(st.sampled_from(["hasBeginning", "hasEnd"]))
                text += (
                    f"id:{name} org:memberDuring id:{name}-during . id:{name}-during time:{side} id:{name}-{side} . "
                )
                text += f'id:{name}-{side} cg:{bound} "{at}"^^xsd:date .\n'
        for known in draw(st.lists(YEARS.filter(bool), max_size=2)):
            kind = {4: "gYear", 7: "gYearMonth", 10: "date"}[len(known)]
            text += f'id:{name} cg:asOf "{known}"^^xsd:{kind} .\n'
        if draw(st.booleans()):
            text += f"id:{name} cg:onBehalfOf id:city .\n"
        if draw(st.integers(0, 5)) == 0:
            text += f"id:{name} cg:rank concept:rank-deprecated .\n"
    if draw(st.booleans()):
        text += f'id:n0 schema:dissolutionDate "{draw(YEARS.filter(bool))}"^^xsd:gYear .\n'
    if draw(st.booleans()):
        text += f'id:list a cg:CompletenessStatement ; cg:listOf id:n1 ; cg:asOf "{draw(YEARS.filter(bool))}" .\n'
    return text


@given(
    memberships(), st.sampled_from(["2009-12-31", "2015-01-01", "2018-03-01", "2019-06-30", "2021-12-31", "2026-11-30"])
)
def test_the_rules_are_those_that_any_sparql_server_can_run(text: str, day: str) -> None:
    found = on(day, text)
    assert set(found.current) == by_sparql([t for t in triples(text) if t.subject not in found.deprecated], day)


def by_sparql(stated: list[Triple], day: str) -> set[Triple]:
    """The rules of docs/time.md as SPARQL, for one day."""
    as_of = date.fromisoformat(day)
    roles = {t.object for t in stated if t.predicate.value == PREFIXES["org"] + "role"}
    own = {str(t.subject): t.object.value for t in stated if t.predicate.value == CG + "staleAfter"}  # type: ignore[union-attr]
    fresh = {role: Duration.parse(own.get(str(role), "P5Y")).before(as_of).isoformat() for role in roles}
    values = {
        "as_of": day,
        "lists_fresh_from": ONE.before(as_of).isoformat(),
        "role_rows": " ".join(f'({role} "{since}")' for role, since in fresh.items()),
    }
    store = MemoryStore(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in stated)

    def construct(name: str) -> list[Triple]:
        query = (RULES / f"{name}.rq").read_text(encoding="utf-8")
        for key, value in values.items():
            query = query.replace("{{" + key + "}}", value)
        answer = store.query(query)
        assert isinstance(answer, Graph)
        store.load(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in answer.triples)
        return list(answer.triples)

    construct("bounds")
    return {*construct("as-of"), *construct("lists-as-of"), *construct("role-property")}


@pytest.mark.parametrize(
    ("day", "status"),
    [("2019-08-31", "not-yet"), ("2019-11-30", "holds"), ("2024-11-29", "holds"), ("2024-12-01", "last-known")],
)
def test_a_beginning_that_is_known_by_its_bounds_counts_from_the_last_of_its_days(day: str, status: str) -> None:
    text = (
        "id:m a org:Membership ; org:member id:a ; org:organization id:n ; org:role concept:role-x ; org:memberDuring id:i . "
        'id:i time:hasBeginning id:b . id:b cg:dateNotBefore "2019-09-01"^^xsd:date ; cg:dateNotAfter "2019-11-30"^^xsd:date .'
    )
    found = on(day, text)
    assert found.statuses.get(Iri(ID + "m"), DatedStatus(FactStatus.HOLDS)).status == status


@given(memberships(), st.sampled_from(["2009-12-31", "2016-01-01", "2021-12-31"]))
def test_every_membership_is_derived_on_the_day_or_when_time_or_rank_is_lifted(text: str, day: str) -> None:
    found = on(day, text)
    tied = Counter(
        t.object
        for t in (*found.current, *found.lifted, *found.rejected)
        if t.predicate.value == CG + "hasCurrentMembership"
    )
    facts = [t.subject for t in triples(text) if t.object == Iri(PREFIXES["org"] + "Membership")]
    assert tied == Counter(facts)
    away = {t.object for t in (*found.lifted, *found.rejected) if t.predicate.value == CG + "hasCurrentMembership"}
    for fact in away:
        # Of one that holds by its own dates the network or the member is no more.
        assert fact in found.statuses, fact


# -- direct statements --------------------------------------------------------------------------------

SEATS = (
    claim("old", "id:net", "org:hasPrimarySite", "id:oslo")
    + interval("old", "2010", "2022")
    + claim("new", "id:net", "org:hasPrimarySite", "id:bergen", '; cg:asOf "2024-05-01"^^xsd:date ')
    + interval("new", "2023-01-01")
)


@pytest.mark.parametrize(
    ("day", "seats", "statuses"),
    [
        ("2009-06-01", set(), {"old": FactStatus.NOT_YET, "new": FactStatus.NOT_YET}),
        ("2015-06-01", {"oslo"}, {"new": FactStatus.NOT_YET}),
        ("2022-12-31", {"oslo"}, {"new": FactStatus.NOT_YET}),
        ("2023-01-01", {"bergen"}, {"old": FactStatus.ENDED}),
        ("2029-05-01", {"bergen"}, {"old": FactStatus.ENDED}),
        ("2029-05-02", set(), {"old": FactStatus.ENDED, "new": FactStatus.LAST_KNOWN}),
    ],
)  # fmt: skip
def test_a_statement_holds_while_one_of_its_claims_does(
    day: str, seats: set[str], statuses: dict[str, FactStatus]
) -> None:
    found = on(day, SEATS)
    held = {t.object for t in found.holding(triples(SEATS)) if t.predicate == Iri(PREFIXES["org"] + "hasPrimarySite")}
    assert held == {Iri(ID + name) for name in seats}
    assert {fact: dated.status for fact, dated in found.statuses.items()} == {
        Iri(ID + n): s for n, s in statuses.items()
    }


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (claim("c", "id:net", "org:purpose", "concept:culture"), True),
        (claim("c", "id:net", "org:purpose", "concept:culture", '; cg:asOf "2010"^^xsd:gYear '), False),
        # Two claims: the later one confirms.
        (claim("c", "id:net", "org:purpose", "concept:culture", '; cg:asOf "2010"^^xsd:gYear ')
         + claim("d", "id:net", "org:purpose", "concept:culture", '; cg:asOf "2019"^^xsd:gYear '), True),
        # What happened stays true; so does what a property calls lasting, before and after.
        (claim("c", "id:net", "schema:foundingDate", '"1996"^^xsd:gYear', '; cg:asOf "2005"^^xsd:gYear '), True),
        ("cg:inCountry cg:isLasting true .\n" + claim("c", "id:net", "cg:inCountry", "id:nor", '; cg:asOf "2024"^^xsd:gYear '), True),
        ("cg:inCountry cg:isLasting true .\n" + claim("c", "id:net", "cg:inCountry", "id:nor") + interval("c", "2024"), False),
        # What is said of a record goes with the record.
        ("id:net a org:Membership .\n" + claim("c", "id:net", "cg:comesFrom", "id:x", '; cg:asOf "2005"^^xsd:gYear '), True),
        (claim("c", "id:net", "skos:prefLabel", '"Old"@en') + interval("c", "1990", "2000"), False),
    ],
)  # fmt: skip
def test_what_a_claim_says_of_time(text: str, holds: bool) -> None:  # noqa: FBT001  # a column of the table
    found = on("2020-11-05", text)
    assert bool(found.withheld) is not holds


def test_a_thing_is_not_there_before_it_is_founded_nor_after_it_is_dissolved() -> None:
    text = (
        'id:net a cg:CityNetwork ; skos:prefLabel "Net"@en ; schema:foundingDate "1996"^^xsd:gYear ; '
        'schema:dissolutionDate "2015-03-01"^^xsd:date ; org:hasPrimarySite id:oslo .\n'
        "id:other cg:partnerOf id:net . id:m a org:Membership ; org:organization id:net .\n"
    )
    for day, status in (("1995-12-31", FactStatus.NOT_YET), ("2015-03-02", FactStatus.ENDED)):
        found = on(day, text)
        assert set(found.withheld.values()) == {status}
        assert {t.predicate.value.rsplit("#")[-1].rsplit("/")[-1] for t in found.withheld} == {
            "type",
            "hasPrimarySite",
            "partnerOf",
        }
    assert not on("1996-01-01", text).withheld
    assert not on("2015-03-01", text).withheld


# -- answers ------------------------------------------------------------------------------------------

Ask = Callable[..., Answered]


@pytest.mark.parametrize("day", ["2020-11-05", "2028-01-01", "2012-01-01", "1980-01-01"])
@pytest.mark.parametrize("name", ["members", "norwegian-participants", "thematic-areas"])
def test_the_account_adds_up_on_every_day(this_project: Project, name: str, day: str) -> None:
    answered = this_project.query(name, as_of=date.fromisoformat(day))
    whole = this_project.query(name, as_of=date(2020, 11, 5))
    assert answered.account is not None
    assert whole.account is not None
    assert answered.account.day == day
    assert answered.account.holds == len(answered.answer)  # type: ignore[arg-type]
    assert answered.account.counts == Counter(each.status for each in answered.others)
    assert answered.account.whole == whole.account.whole
    assert not answered.account.is_cut


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2020-11-05", "2 of 140 stated (2020-11-05), complete for Norway."),
        ("2028-01-01", "0 of 140 stated (2020-11-05)."),
        ("2005-01-01", "0 of more than 70 stated (1996)."),
        ("1990-01-01", ""),
    ],
)
def test_the_account_tells_how_many_of_a_list_are_known(this_project: Project, day: str, said: str) -> None:
    answered = this_project.query("members", {"network": "Eurocities"}, as_of=date.fromisoformat(day))
    assert answered.account is not None
    words = [each.words.en for each in answered.account.lists if "role-full-member" in str(each.what)]
    assert words == [f"Eurocities, full member: {said}"] * bool(said)
    assert all(each in answered.account.words.en for each in words)
    told = answered.account.to_json(PREFIXES)
    assert told["words"] == answered.account.words.to_json()
    assert json.dumps(told)
    if day == "2020-11-05":
        assert "Eurocities, medlem: 2 av 140 oppgitt (2020-11-05), fullstendig for Norge." in answered.account.words.nb
        full = 'list="concept:role-full-member";known=2;stated="140";date="2020-11-05";complete="country:NOR"'
        assert f'"id:eurocities";{full}' in answered.account.header(PREFIXES)


def test_memberships_too_old_to_count_are_last_known_and_never_members(this_project: Project) -> None:
    answered = this_project.query("members", {"network": "Eurocities"}, as_of=date(2028, 1, 1))
    assert isinstance(answered.answer, Solutions)
    assert len(answered.answer) == 0
    known = {(each.cells[1], each.date) for each in answered.last_known}
    assert (Iri(ID + "oslo-kommune"), "2020-11-05") in known
    assert {each.status for each in answered.others} == {FactStatus.LAST_KNOWN}
    table = answered.shown()
    assert isinstance(table, Solutions)
    assert table.columns == ("network", "member", "role", "country", "day", "status", "status_date")
    assert {(row[4].value, row[5].value) for row in table.rows} == {("2028-01-01", "last-known")}  # type: ignore[union-attr]
    assert answered.shown(strict=True) == Solutions(table.columns, ())


@pytest.mark.parametrize("name", ["members", "figures-over-time", "thematic-areas", "our-networks"])
def test_rows_beside_an_answer_stand_in_the_order_of_the_question(this_project: Project, name: str) -> None:
    snapshot = this_project.snapshot(as_of=date(1980, 1, 1))
    question = this_project.question(name)
    lifted = snapshot.query(question.text, graphs=[Iri(DEFAULT_GRAPH), *snapshot.lifted_graphs[:-1]])
    assert isinstance(lifted, Solutions)
    places = {row: place for place, row in reversed([*enumerate(lifted.project(question.columns).rows)])}
    order = [places[each.cells] for each in this_project.query(name, snapshot=snapshot).others]
    assert len(order) > 1
    assert order == sorted(order)


IN_ALL = "?who cg:hasCurrentMembership ?m . ?m org:organization ?where"
MEMBERS = f"{IN_ALL} ; org:role/org:roleProperty org:memberOf"


@pytest.mark.parametrize("day", ["2020-11-05", "2028-01-01", "2012-01-01", "1985-06-01"])
@pytest.mark.parametrize(
    ("hidden", "columns", "named"),
    [
        ("?who cg:hasCurrentMembership/org:organization ?where", "?where", IN_ALL),
        ("?who cg:hasCurrentMembership/org:organization ?where", "?who ?where", IN_ALL),
        ("{ SELECT ?where WHERE { ?who cg:hasCurrentMembership/org:organization ?where } }", "?where", IN_ALL),
        ("?who org:memberOf ?where", "?who ?where", MEMBERS),
    ],
)
def test_a_row_that_names_no_fact_has_the_status_of_those_behind_it(
    this_project: Project, tmp_path: Path, hidden: str, columns: str, named: str, day: str
) -> None:
    """A path, and what follows from a membership, are told as the question that names the membership is."""
    head = "PREFIX cg: <https://w3id.org/citygraph/ontology#> PREFIX org: <http://www.w3.org/ns/org#>\n"
    snapshot = this_project.snapshot(as_of=date.fromisoformat(day))
    lifted = [Iri(DEFAULT_GRAPH), *snapshot.lifted_graphs[:-1]]
    whole = snapshot.query(f"{head}SELECT {columns} ?m WHERE {{ {named} }}", graphs=lifted)
    holding = snapshot.query(f"{head}SELECT DISTINCT {columns} WHERE {{ {hidden} }}")
    assert isinstance(whole, Solutions)
    assert isinstance(holding, Solutions)
    known = statuses_of([row["m"] for row in whole], snapshot, snapshot.lifted_graphs[-1])
    found: dict[Row, set[FactStatus]] = {}
    for row in whole.rows:
        if row[:-1] not in set(holding.rows) and row[-1] in known:
            found.setdefault(row[:-1], set()).add(known[row[-1]].status)
    names = ", ".join(columns.replace("?", "").split())
    path = tmp_path / "hidden.rq"
    path.write_text(
        f'#+ title: {{ nb: "x", en: "x" }}\n#+ question: {{ nb: "x?", en: "x?" }}\n#+ columns: [{names}]\n'
        f"{head}SELECT DISTINCT {columns} WHERE {{ {hidden} }}",
        encoding="utf-8",
    )
    times = OtherTimes(snapshot.manifest.as_of, [Iri(each) for each in snapshot.manifest.lifted_graphs])
    answered = run_query(read_saved_query(path), snapshot, values={}, prefixes=this_project.prefixes, times=times)
    told = {each.cells: each.status for each in answered.others}
    assert set(told) >= set(found)
    order = (FactStatus.LAST_KNOWN, FactStatus.UNDATED, FactStatus.ENDED, FactStatus.NOT_YET, FactStatus.REJECTED)
    for row, statuses in found.items():
        # A thing that is not there says it before its facts do.
        assert told[row] in {min(statuses, key=order.index), FactStatus.NOT_YET, FactStatus.ENDED}, row
        assert told[row] is not FactStatus.LAST_KNOWN or FactStatus.LAST_KNOWN in statuses, row


def test_a_membership_of_who_is_no_more_has_ended(this_project: Project) -> None:
    answered = this_project.query("members", {"network": "Metrex"}, as_of=date(2028, 1, 1))
    ended = {each.cells[1]: each.date for each in answered.others if each.status is FactStatus.ENDED}
    assert ended == {
        Iri(ID + "viken-fylkeskommune"): "2023-12-31",
        Iri(ID + "akershus-fylkeskommune-until-2019"): "2019-12-31",
    }


def test_the_day_s_graph_has_nothing_of_another_time_and_a_named_graph_has_it(this_project: Project) -> None:
    then, later = this_project.snapshot(as_of=date(2020, 11, 5)), this_project.snapshot(as_of=date(2028, 1, 1))
    held = {q.triple for q in then.asserted() if isinstance(q.subject, Iri) and not isinstance(q.object, BlankNode)}
    away = [q.triple for q in later.lifted() if q.graph_name == later.lifted_graphs[0] and q.triple in held]
    assert away
    for triple in away:
        ask = f"ASK {{ {triple.subject} {triple.predicate} {triple.object} }}"
        assert then.query(ask) == Truth(value=True)
        assert later.query(ask) == Truth(value=False)
        assert later.query(ask, graphs=later.lifted_graphs) == Truth(value=True)
    # A blank node has another name in each version.
    about = Iri("https://w3id.org/citygraph/")
    assert {t for t in held - {q.triple for q in later.stated()} if t.subject != about} == set()


def test_a_version_without_a_day_is_asked_for_the_day_of_its_readers(
    built_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Project.open(built_folder, today=TODAY).snapshot().manifest.as_of == "2020-11-05"
    monkeypatch.setenv("CITYGRAPH_TODAY", "2028-01-01")
    assert Project.open(built_folder, today=TODAY).snapshot().manifest.as_of == "2028-01-01"


@pytest.mark.parametrize(
    ("day", "words"),
    [("2020-11-05", ""), ("2028-01-01", "was last confirmed 2020-11-05"), ("2012-01-01", "holds from 2020-11-05 on")],
)
def test_a_statement_of_another_time_says_why_it_does_not_hold(this_project: Project, day: str, words: str) -> None:
    found = this_project.explain(
        "Metrex", "foaf:homepage", "https://www.eurometrex.org/", as_of=date.fromisoformat(day)
    )
    assert bool(found.proofs) is not bool(words)
    if words:
        assert found.gap is not None
        assert words in found.gap.words.en
        assert found.gap.met[0].origins[0].file == "data/networks/metrex.ttl"


_COUNTED = {
    "grouped": "SELECT ?net (COUNT(DISTINCT ?one) AS ?n) WHERE {{ {pattern} }} GROUP BY ?net ORDER BY DESC(?n)",
    "in a query": "SELECT ?net ?n WHERE {{ {{ SELECT ?net (COUNT(DISTINCT ?one) AS ?n) WHERE {{ {pattern} }} GROUP BY ?net }} }}",
    "all": "SELECT (COUNT(?one) AS ?n) WHERE {{ {pattern} }}",
}  # fmt: skip


@pytest.mark.parametrize("how", _COUNTED)
def test_a_count_is_told_with_what_is_last_known_besides(tmp_path: Path, how: str) -> None:
    base = "https://example.org/"
    current, within, status = (Iri(CG + name) for name in ("hasCurrentMembership", "within", "status"))
    ever, about = (lifted_graph(base, kind) for kind in ("inferred", "facts"))
    facts = {
        "a": ("net", None), "b": ("net", None), "c": ("net", FactStatus.LAST_KNOWN), "d": ("net", FactStatus.ENDED),
        "e": ("old", FactStatus.LAST_KNOWN), "f": ("old", FactStatus.NOT_YET), "g": ("gone", FactStatus.ENDED),
    }  # fmt: skip
    now: list[Quad] = []
    apart: list[Quad] = []
    for name, (net, said) in facts.items():
        kept, graph = (now, DefaultGraph()) if said is None else (apart, ever)
        kept.append(Quad(Iri(f"{ID}one-{name}"), current, Iri(ID + name), graph))
        kept.append(Quad(Iri(ID + name), within, Iri(ID + net), graph))
        apart += [] if said is None else [Quad(Iri(ID + name), status, said.concept, about)]
    # One that is last known and holds by another fact is no more than it was.
    apart += [Quad(Iri(f"{ID}one-a"), current, Iri(ID + "c"), ever)]
    columns = "n" if how == "all" else "net, n"
    path = tmp_path / "count.rq"
    path.write_text(
        f'#+ title: {{ nb: "M", en: "M" }}\n#+ question: {{ nb: "M?", en: "M?" }}\n#+ columns: [{columns}]\n'
        + _COUNTED[how].format(pattern=f"?one {current} ?fact . ?fact {within} ?net"),
        encoding="utf-8",
    )
    times = OtherTimes("2026-11-30", [lifted_graph(base, kind) for kind in LIFTED])
    store = MemoryStore(now, apart=apart)
    answered = run_query(read_saved_query(path), store, values={}, prefixes={}, times=times)
    more = 2 if how == "all" else 1
    for language, words in (("en", f"2, and {more} last known"), ("nb", f"2, og {more} sist kjent")):
        table = answered.for_people(language)
        assert isinstance(table, Solutions)
        assert [row[-1] for row in table.rows] == [Literal(words)]
    assert answered.for_people("en", strict=True) == answered.answer
    file, strict = answered.shown(), answered.shown(strict=True)
    assert isinstance(file, Solutions)
    assert isinstance(strict, Solutions)
    place = file.columns.index("n_last_known")
    assert [getattr(row[place], "value", None) for row in file.rows] == [str(more), *([None] if how != "all" else [])]
    assert "n_last_known" not in strict.columns
    told = [(str(each.whole["net"]), each.cells[-1], each.status) for each in answered.others if how != "all"]
    assert sorted(told, key=str) == sorted(
        [
            (f"<{ID}gone>", _whole(1), FactStatus.ENDED),
            (f"<{ID}old>", _whole(1), FactStatus.LAST_KNOWN),
        ] * (how != "all"),
        key=str,
    )  # fmt: skip
    assert answered.account is not None
    assert answered.account.counted.total == {
        FactStatus.LAST_KNOWN: 2, FactStatus.ENDED: 2, FactStatus.NOT_YET: 1,
    }  # fmt: skip
    assert "in the numbers besides 2 last known (too old to count), 2 ended, 1 not yet" in answered.account.words.en


def _whole(number: int) -> Literal:
    return Literal(str(number), datatype=Iri(PREFIXES["xsd"] + "integer"))


@pytest.mark.parametrize("order", [("left", "stale"), ("stale", "left")])
def test_what_is_last_known_is_not_hidden_by_a_fact_of_the_same_row_that_ended(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    base = "https://example.org/"
    facts = {"left": FactStatus.ENDED, "stale": FactStatus.LAST_KNOWN}
    ever, about = (lifted_graph(base, kind) for kind in ("inferred", "facts"))
    current, status = Iri(CG + "hasCurrentMembership"), Iri(CG + "status")
    # The engine gives rows in the order of its index, so both orders of names are tried.
    names = dict(zip(("a", "b"), order, strict=True))
    quads = [Quad(Iri(ID + "oslo"), current, Iri(ID + name), ever) for name in names]
    quads += [Quad(Iri(ID + name), status, facts[kind].concept, about) for name, kind in names.items()]
    path = tmp_path / "members.rq"
    path.write_text(
        '#+ title: { nb: "M", en: "M" }\n#+ question: { nb: "M?", en: "M?" }\n#+ columns: [member]\n#+ cite: [fact]\n'
        f"SELECT ?member ?fact WHERE {{ ?member {current} ?fact }} ORDER BY ?fact\n",
        encoding="utf-8",
    )
    graphs = [lifted_graph(base, kind) for kind in LIFTED]
    times = OtherTimes("2026-11-30", graphs)
    answered = run_query(read_saved_query(path), MemoryStore(apart=quads), values={}, prefixes={}, times=times)
    assert answered.account is not None
    assert answered.account.counts == {FactStatus.LAST_KNOWN: 1}
    assert [each.cells for each in answered.last_known] == [(Iri(ID + "oslo"),)]


OF_OTHER_TIMES = """
# Said once of 2010, and it follows from what the unit says without a date.
id:nordnett org:hasUnit id:nordnett-board .
id:claim-unit-2010 a cg:Claim ;
    rdf:subject id:nordnett ; rdf:predicate org:hasUnit ; rdf:object id:nordnett-board ;
    cg:rank concept:rank-preferred ; cg:modality concept:modality-stated ;
    cg:asOf "2010-01-01"^^xsd:date ; cg:asOfBasis concept:basis-document ; prov:wasDerivedFrom source:notat.txt .
# Two claims of one statement: one ended, one was confirmed long ago.
id:nordnett foaf:homepage <https://nordnett.example/> .
id:claim-home-old a cg:Claim ;
    rdf:subject id:nordnett ; rdf:predicate foaf:homepage ; rdf:object <https://nordnett.example/> ;
    cg:rank concept:rank-normal ; cg:modality concept:modality-stated ;
    cg:asOf "2010-01-01"^^xsd:date ; cg:asOfBasis concept:basis-document ; prov:wasDerivedFrom source:notat.txt .
id:claim-home-ended a cg:Claim ;
    rdf:subject id:nordnett ; rdf:predicate foaf:homepage ; rdf:object <https://nordnett.example/> ;
    cg:rank concept:rank-normal ; cg:modality concept:modality-stated ; prov:wasDerivedFrom source:notat.txt ;
    time:hasTime id:home-during .
id:home-during a time:ProperInterval ; time:hasEnd id:home-end .
id:home-end a time:Instant ; time:inXSDgYear "2005"^^xsd:gYear .
# Who is no more sent somebody whose term has no end.
id:gamle-kommune a cv:PublicOrganisation , org:Organization ; skos:prefLabel "Gamle kommune"@nb , "Old Town"@en ;
    schema:dissolutionDate "2019-12-31"^^xsd:date ; prov:wasDerivedFrom source:notat.txt .
id:m-kari-for-gamle a org:Membership ; org:member id:person-kari-nordmann ; org:organization id:nordnett-board ;
    org:role concept:role-board-member ; cg:onBehalfOf id:gamle-kommune ; cg:asOf "2020-11-05"^^xsd:date ;
    cg:asOfBasis concept:basis-document ; prov:wasDerivedFrom source:notat.txt .
"""


@pytest.fixture(scope="module")
def of_other_times(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with statements of other times, built without a day of its own on 2028-01-01."""
    folder = clean_project(tmp_path_factory.mktemp("times") / "project", questions=False)
    (folder / "data" / "times.ttl").write_text(PREAMBLE + OF_OTHER_TIMES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITYGRAPH_TODAY", "2028-01-01")
        project = Project.open(folder)
        assert project.build().new
    return project


FOAF_HOMEPAGE = Iri(f"{PREFIXES['foaf']}homepage")
WORDS = f"PREFIX id: <{ID}> PREFIX cg: <{CG}> PREFIX org: <{PREFIXES['org']}> "


def _is_so(project: Project, text: str, day: date, *, ever: bool = False) -> bool:
    snapshot = project.snapshot(as_of=day)
    found = snapshot.query(WORDS + text, graphs=snapshot.lifted_graphs if ever else None)
    return found == Truth(value=True)


@pytest.mark.parametrize("day", [date(2020, 11, 5), date(2028, 1, 1)])
def test_what_is_stated_of_another_time_holds_where_it_follows(of_other_times: Project, day: date) -> None:
    text = "ASK { id:nordnett org:hasUnit id:nordnett-board }"
    assert _is_so(of_other_times, text, day)
    assert _is_so(of_other_times, text, day, ever=True)


def test_what_holds_on_another_day_lies_in_no_graph_of_other_times(of_other_times: Project) -> None:
    then = of_other_times.snapshot(as_of=date(2012, 1, 1))
    homepage = Triple(Iri(ID + "nordnett"), FOAF_HOMEPAGE, Iri("https://nordnett.example/"))
    assert homepage in {quad.triple for quad in then.asserted()}
    assert homepage not in {quad.triple for quad in then.lifted() if quad.graph_name == then.lifted_graphs[0]}
    assert not set(then.manifest.asserted_graphs) & {graph.value for graph in then.lifted_graphs}


def test_what_follows_of_who_is_no_more_is_there_when_time_is_lifted(of_other_times: Project) -> None:
    text = "ASK { id:gamle-kommune cg:isRepresentedThrough id:m-kari-for-gamle }"
    assert not _is_so(of_other_times, text, date(2020, 11, 5))
    assert _is_so(of_other_times, text, date(2020, 11, 5), ever=True)


def test_of_two_claims_of_a_statement_the_one_that_says_most_says_what_it_is(of_other_times: Project) -> None:
    query = of_other_times.folder / "queries" / "homes.rq"
    query.write_text(
        '#+ title: { nb: "H", en: "H" }\n#+ question: { nb: "H?", en: "H?" }\n#+ columns: [network, home]\n'
        "PREFIX foaf: <http://xmlns.com/foaf/0.1/>\nSELECT ?network ?home WHERE { ?network foaf:homepage ?home }\n",
        encoding="utf-8",
    )
    answered = Project.open(of_other_times.folder).query("homes", as_of=date(2028, 1, 1))
    assert [(each.status, each.date) for each in answered.others] == [(FactStatus.LAST_KNOWN, "2010-01-01")]
