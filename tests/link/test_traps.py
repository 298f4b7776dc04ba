"""The traps that names and servers are known for, one by one."""

from __future__ import annotations

import re
import threading

import pytest

from citygraph.config import settings
from citygraph.http import Policy
from citygraph.matching.names import read_name
from citygraph.matching.score import Candidate, TargetIndex, Wanted
from citygraph.matching.things import Name, Thing, things_of
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Literal, Triple
from citygraph.results import Solutions
from citygraph.store.endpoint import RemoteStore
from misbehaving import Answer, Misbehaving, rows

CITY = frozenset({"city"})


def place(
    id_: str, country: str, *names: str, kinds: frozenset[str] = CITY, **more: frozenset[tuple[str, str]]
) -> Thing:
    main, *others = names
    found = (Name(main), *(Name(each, main=False) for each in others))
    return Thing(id_, found, kinds, frozenset({country}), codes=more.get("codes", frozenset()))


TRAPS = TargetIndex([
    place("bergen-no", "NO", "Bergen"), place("bergen-rugen", "DE", "Bergen auf Rügen"), place("bergen-nl", "NL", "Bergen"),
    place("bergen-celle", "DE", "Bergen"), place("mons", "BE", "Mons"),
    place("munster-heide", "DE", "Munster"), place("munster", "DE", "Münster"),
    place("newcastle", "GB", "Newcastle upon Tyne"), place("newcastle-gateshead", "GB", "Newcastle-Gateshead"),
    place("nice", "FR", "Nice"), place("nice-cote", "FR", "Nice Côte d’Azur"),
    place("lyon", "FR", "Lyon"), place("lyon-metropole", "FR", "Lyon Métropole"),
    place("ambelokipi", "GR", "Ambelokipi-Menemeni", "Αμπελόκηποι-Μενεμένη"),
    place("oslo", "NO", "Oslo"),
    place("oslo-kommune", "NO", "Oslo kommune", kinds=frozenset({"authority"}), codes=frozenset({("P2504", "0301")})),
])  # fmt: skip


def found(query: str, country: str = "", kinds: frozenset[str] = frozenset()) -> list[Candidate]:
    return TRAPS.find(Wanted((read_name(query),), kinds, frozenset({country} - {""})))


@pytest.mark.parametrize(
    ("query", "country", "id_"),
    [
        ("Bergen", "NO", "bergen-no"), ("Bergen", "NL", "bergen-nl"), ("Bergen", "BE", "mons"), ("Bergen", "DE", "bergen-celle"),
        ("Bergen auf Rugen", "", "bergen-rugen"), ("Münster", "DE", "munster"), ("Munster", "DE", "munster-heide"),
        ("Muenster", "DE", "munster"), ("Newcastle-Gateshead", "", "newcastle-gateshead"),
        ("NewcastleGateshead", "", "newcastle-gateshead"), ("Newcastle-upon-Tyne", "", "newcastle"),
        ("Nice Côte d'Azur", "", "nice-cote"), ("Nice Cote d’Azur", "", "nice-cote"), ("Nice", "FR", "nice"),
        ("Lyon", "FR", "lyon"), ("Lyon Metropole", "FR", "lyon-metropole"), ("Métropole Lyon", "FR", "lyon-metropole"),
        ("Ampelokipi-Menemeni", "GR", "ambelokipi"), ("Ambelokipi Menemeni", "", "ambelokipi"),
        ("Αμπελόκηποι - Μενεμένη", "", "ambelokipi"), ("Ampelokipoi-Menemeni", "GR", "ambelokipi"),
    ],
)  # fmt: skip
def test_a_trap_leads_to_its_place(query: str, country: str, id_: str) -> None:
    assert found(query, country)[0].thing.id == id_


@pytest.mark.parametrize(
    "query", ["Bergen", "Munster", "Newcastle", "Lyon Aéroport", "Ambelokipi", "BERGEN", "City of Bergen"]
)
def test_a_trap_decides_nothing_by_itself(query: str) -> None:
    assert not any(each.match for each in found(query))


def test_how_many_live_in_a_place_is_its_latest_observation() -> None:
    city, prefix = Iri("https://a/id/place-x"), PREFIXES["schema"]
    statements = [
        Triple(city, Iri(PREFIXES["rdf"] + "type"), Iri(CG + "City")),
        Triple(city, Iri(PREFIXES["skos"] + "prefLabel"), Literal("X-by")),
    ]
    seen = [("a", "population", "2010", "900"), ("b", "population", "2020", "800"), ("c", "area", "2021", "7000")]
    for number, kind, day, value in seen:
        node = Iri(f"https://a/id/obs-{number}")
        statements += [
            Triple(node, Iri(prefix + "observationAbout"), city),
            Triple(node, Iri(prefix + "measuredProperty"), Iri(f"https://a/concept/county-{kind}")),
            Triple(node, Iri(prefix + "observationDate"), Literal(day)),
            Triple(node, Iri(prefix + "value"), Literal(value)),
        ]
    assert things_of(statements)[city.value].population == 800


def test_the_same_name_is_a_place_and_an_authority() -> None:
    both = found("Oslo", "NO")
    assert [each.thing.id for each in both[:2]] == ["oslo", "oslo-kommune"]
    assert found("Oslo", "NO", frozenset({"authority"}))[0].thing.id == "oslo-kommune"


def test_a_code_that_matches_is_beyond_doubt_and_another_one_is_not() -> None:
    right = TRAPS.find(Wanted((read_name("Christiania"),), codes=frozenset({("P2504", "0301")})))
    assert (right[0].thing.id, right[0].score, right[0].match) == ("oslo-kommune", 100.0, True)
    wrong = TRAPS.find(Wanted((read_name("Oslo kommune"),), codes=frozenset({("P2504", "4601")})))
    assert not any(each.match for each in wrong if each.thing.id == "oslo-kommune")


@pytest.mark.parametrize(
    ("query", "is_graph"),
    [
        ("# SELECT nothing\nASK { ?s ?p ?o }", False),
        ("PREFIX a: <https://x.example/#SELECT>\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", True),
        ("PREFIX ask: <https://x.example/>\nDESCRIBE ask:x", True),
        ("BASE <https://x.example/ask>\nSELECT ?x WHERE { ?x <describe> ?o }", False),
        ("PREFIX ø: <https://x.example/ø/>\nSELECT ?x { ?x ø:construct ?o }", False),
        ("PREFIX a: <https://x.example/>#CONSTRUCT\nASK{?s a:select ?o}", False),
        ('SELECT ?x { ?x ?p "CONSTRUCT { } # \\" ASK" }', False),
    ],
)
def test_the_form_of_a_query_is_seen_through_its_prologue(
    server: Misbehaving, policy: Policy, query: str, is_graph: bool  # noqa: FBT001
) -> None:  # fmt: skip
    table = b'{"head": {}, "boolean": true}' if re.search(r"\bASK *\{", query) else rows("a")
    server.will(Answer(b"", type="application/n-triples") if is_graph else Answer(table))
    RemoteStore(server.address, policy).query(query)
    assert server.asked[0].headers["accept"] == (
        "application/n-triples" if is_graph else "application/sparql-results+json"
    )


def test_one_store_in_many_threads_mixes_no_answers(oxigraph: str, policy: Policy) -> None:
    store = RemoteStore(oxigraph, policy)
    wrong: list[object] = []

    def ask(number: int) -> None:
        answer = store.query(f"SELECT ?x WHERE {{ BIND({number} AS ?x) }}")
        if not isinstance(answer, Solutions) or getattr(answer.rows[0][0], "value", "") != str(number):
            wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_a_batch_for_wikidata_is_of_the_size_it_wants() -> None:
    (batch,) = [each.default for each in settings() if each.key == "federation.batch"]
    assert isinstance(batch, int)
    assert 50 <= batch <= 200
