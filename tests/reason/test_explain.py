"""Every inferred statement has a proof that the checker accepts; what does not hold has a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph import Project, load
from citygraph.as_of import facts_on
from citygraph.config import Duration
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Triple
from citygraph.reason.columnar import close
from citygraph.reason.proof.calendar import Calendar
from citygraph.reason.proof.explain import WRITERS, Explainer, write_explanation
from citygraph.reason.proof.facts import ColumnarFacts
from citygraph.reason.proof.prover import Proof, Prover
from citygraph.reason.proof.why_not import why_not
from citygraph.reason.proof.words import Explained, Explanation, Gap, Origin
from proof_check import TextFacts, faults
from reason.ontologies import DATA, KEYS, ONTOLOGIES, RARE_FACTS

Turtle = Callable[[str], tuple[Triple, ...]]

DAY = date(2020, 11, 5)
ID, ORG = PREFIXES["id"], PREFIXES["org"]


def texts(triple: Triple) -> tuple[str, str, str]:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def about(subject: str, predicate: str, object_: str) -> Triple:
    return Triple(Iri(ID + subject), Iri(predicate), Iri(ID + object_))


def x(subject: str, predicate: str, object_: str) -> tuple[str, str, str]:
    return f"<urn:x:{subject}>", f"<urn:x:{predicate}>", f"<urn:x:{object_}>"


@pytest.fixture(scope="module")
def graphs(this_project: Project) -> ProjectGraphs:
    return load.load_files(this_project.config).graphs


@pytest.fixture(scope="module")
def explainer(this_project: Project, graphs: ProjectGraphs) -> Explainer:
    return Explainer(graphs, this_project.config, as_of=DAY)


@pytest.fixture
def prover(turtle: Turtle) -> Callable[[str], Prover]:
    def make(text: str) -> Prover:
        state = close(turtle(text)).state
        return Prover(ColumnarFacts(state), state.book)

    return make


# -- proofs ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_inferred_statement_of_our_graph_has_a_proof_that_the_checker_accepts(
    explainer: Explainer, this_project: Project
) -> None:
    inferred = this_project.snapshot().inferred()
    assert len(inferred) > 1000
    found = {}
    for quad in inferred:
        proof = explainer.prover.prove(texts(quad.triple))
        assert proof is not None, quad
        found[str(quad)] = faults(proof, explainer.facts, explainer.book, explainer.given)
    assert {quad: wrong for quad, wrong in found.items() if wrong} == {}


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(axioms=ONTOLOGIES, data=DATA, rare=st.lists(RARE_FACTS, max_size=1), keys=st.lists(KEYS, max_size=1))
def test_every_inferred_statement_of_a_random_graph_has_a_proof(
    turtle: Turtle, axioms: list[str], data: list[str], rare: list[str], keys: list[str]
) -> None:
    triples = turtle("\n".join([*axioms, *data, *rare, *keys]))
    closure = close(triples)
    facts = ColumnarFacts(closure.state)
    prover = Prover(facts, closure.book)
    for triple in closure.inferred():
        proof = prover.prove(texts(triple))
        assert proof is not None, triple
        assert faults(proof, facts, closure.book) == []


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(axioms=ONTOLOGIES, data=DATA)
def test_both_kinds_of_index_give_proofs_of_the_same_length(turtle: Turtle, axioms: list[str], data: list[str]) -> None:
    closure = close(turtle("\n".join([*axioms, *data])))
    columnar = ColumnarFacts(closure.state)
    everything = list(columnar.match(None, None, None))
    plain = TextFacts((t for t in everything if columnar.is_asserted(t)), everything)
    for triple in closure.inferred():
        one, other = (Prover(facts, closure.book).prove(texts(triple)) for facts in (columnar, plain))
        assert one is not None
        assert other is not None
        assert one.size == other.size


def test_a_constant_of_an_axiom_that_becomes_equal_to_another_is_still_proved_from_the_axiom(turtle: Turtle) -> None:
    # The one value that :R asks for is equal to the one that is there, which follows from the axiom as written.
    closure = close(
        turtle(
            ':R owl:onProperty :p ; owl:hasValue :a ; owl:maxCardinality "1"^^xsd:nonNegativeInteger .:b a :R ; :p :b .'
        )
    )
    facts = ColumnarFacts(closure.state)
    inferred = [texts(triple) for triple in closure.inferred()]
    assert ("<urn:x:b>", "<http://www.w3.org/2002/07/owl#sameAs>", "<urn:x:a>") in inferred
    for triple in inferred:
        proof = Prover(facts, closure.book).prove(triple)
        assert proof is not None, triple
        assert faults(proof, facts, closure.book) == []


def test_a_statement_that_is_asserted_is_its_own_proof(prover: Callable[[str], Prover]) -> None:
    assert prover(":a :p :b .").prove(x("a", "p", "b")) == Proof(x("a", "p", "b"))


def test_the_shortest_proof_is_found_first(prover: Callable[[str], Prover]) -> None:
    long_way = ":p1 rdfs:subPropertyOf :p2 . :p2 rdfs:subPropertyOf :p3 . :a :p1 :b ."
    found = prover(long_way + ":q rdfs:subPropertyOf :p3 . :a :q :b .").prove(x("a", "p3", "b"))
    assert found is not None
    assert found.size == 1
    assert found.premises == (Proof(x("a", "q", "b")),)


def test_all_proofs_come_shortest_first_and_none_has_a_statement_to_spare(prover: Callable[[str], Prover]) -> None:
    ways = ":p1 rdfs:subPropertyOf :p2 . :p2 rdfs:subPropertyOf :p3 . :q rdfs:subPropertyOf :p3 . :a :p1 :b ; :q :b ."
    found = prover(ways).proofs(x("a", "p3", "b"))
    assert [proof.size for proof in found] == [1, 2]
    assert not any(one.leaves() <= other.leaves() for one in found for other in found if one is not other)


def test_a_circle_of_rules_proves_nothing_by_itself(prover: Callable[[str], Prover]) -> None:
    circle = (
        ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :p . :near a owl:SymmetricProperty . :a :near :b ; :q :c ."
    )
    found = prover(circle)
    assert found.prove(x("a", "p", "b")) is None
    for goal in (x("b", "near", "a"), x("a", "p", "c")):
        proof = found.prove(goal)
        assert proof is not None
        assert proof.size == 1


def test_things_that_are_near_each_other_in_a_ring_are_proved_without_going_round(
    prover: Callable[[str], Prover],
) -> None:
    ring = " ".join(f":n{i} :near :n{(i + 1) % 12} ." for i in range(12))
    found = prover(":near a owl:TransitiveProperty , owl:SymmetricProperty . " + ring)
    proof = found.prove(x("n0", "near", "n6"))
    assert proof is not None
    assert proof.size == 5
    assert faults(proof, found.facts, found.book) == []


def test_a_long_chain_is_proved_even_when_the_shortest_proof_is_too_far(prover: Callable[[str], Prover]) -> None:
    chain = " ".join(f":n{i} :near :n{i + 1} ." for i in range(120))
    found = prover(":near a owl:TransitiveProperty . " + chain)
    proof = found.prove(x("n0", "near", "n120"))
    assert proof is not None
    assert proof.size == 119
    assert faults(proof, found.facts, found.book) == []


def test_what_holds_by_equality_shows_the_pair_and_why_it_is_one(prover: Callable[[str], Prover]) -> None:
    found = prover(':code a owl:InverseFunctionalProperty . :a :code "1" ; :p :c . :b :code "1" .')
    proof = found.prove(x("b", "p", "c"))
    assert proof is not None
    assert proof.rule == "eq-rep-s"
    assert [part.rule for part in proof.premises] == ["prp-ifp", ""]
    assert faults(proof, found.facts, found.book) == []


def test_literals_match_by_value_in_a_proof_too(prover: Callable[[str], Prover]) -> None:
    found = prover(':code a owl:InverseFunctionalProperty . :a :code "1"^^xsd:integer . :b :code "01"^^xsd:integer .')
    proof = found.prove(("<urn:x:a>", "<http://www.w3.org/2002/07/owl#sameAs>", "<urn:x:b>"))
    assert proof is not None
    assert {part.triple[2] for part in proof.premises} == {
        '"1"^^<http://www.w3.org/2001/XMLSchema#integer>',
        '"01"^^<http://www.w3.org/2001/XMLSchema#integer>',
    }
    assert faults(proof, found.facts, found.book) == []


def test_an_axiom_that_follows_from_others_is_proved_too(prover: Callable[[str], Prover]) -> None:
    found = prover(":A rdfs:subClassOf :B . :B rdfs:subClassOf :C .")
    proof = found.prove(("<urn:x:A>", "<http://www.w3.org/2000/01/rdf-schema#subClassOf>", "<urn:x:C>"))
    assert proof is not None
    assert proof.rule == "scm-sco"
    assert faults(proof, found.facts, found.book) == []


def test_the_checker_finds_what_is_wrong(prover: Callable[[str], Prover]) -> None:
    found = prover(":p rdfs:subPropertyOf :q . :a :p :b . :c :p :d .")
    good = found.prove(x("a", "q", "b"))
    assert good is not None
    assert good.step is not None
    other = Proof(x("c", "p", "d"))
    forged = replace(good.step, premises=(other.triple,))
    wrong = {
        "a leaf that nobody stated": Proof(x("a", "q", "z")),
        "a premise that does not match": replace(good, step=forged, premises=(other,)),
        "parts of another step": replace(good, premises=(other,)),
        "a rule that does not exist": replace(good, step=replace(good.step, flat=None)),
        "axioms left out": replace(good, step=replace(good.step, axioms=()), axioms=()),
    }
    for what, proof in wrong.items():
        assert faults(proof, found.facts, found.book), what
    circular = replace(
        good, premises=(replace(good.premises[0], step=good.step, premises=(good,), axioms=good.axioms),)
    )
    assert any("rests on itself" in fault for fault in faults(circular, found.facts, found.book))


# -- the rules before OWL -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "as_of", [date(2020, 11, 5), date(2015, 6, 1), date(2019, 12, 31), date(2026, 1, 1), date(2031, 1, 1)]
)
def test_what_counts_on_a_day_is_what_the_rule_says(graphs: ProjectGraphs, as_of: date) -> None:
    stale_after, lists = Duration.parse("P5Y"), Duration.parse("P1Y")
    stated = graphs.triples(Part.ONTOLOGY, Part.DATA)
    on_day = facts_on(stated, as_of=as_of, stale_after=stale_after, lists_stale_after=lists)
    asserted = [each for each in stated if each.subject not in on_day.deprecated]
    derived = set(map(texts, on_day.current))
    calendar = Calendar(
        TextFacts(map(texts, asserted)),
        as_of=as_of,
        stale_after=stale_after,
        lists_stale_after=lists,
        derived=derived,
        labels=Labels(graphs.triples()),
    )
    asked = 0
    for triple in asserted:
        subject, _, end = texts(triple)
        by = {
            ORG + "member": "hasCurrentMembership",
            CG + "onBehalfOf": "isRepresentedThrough",
            CG + "listOf": "hasCurrentList",
        }
        name = by.get(triple.predicate.value)
        if name is not None:
            goal = (end, f"<{CG}{name}>", subject)
            counted = calendar.of(goal)
            assert counted is not None
            assert counted.counts == (goal in derived), (goal, counted.why)
            asked += 1
    assert asked > 20


def test_a_membership_says_which_dates_made_it_count(explainer: Explainer) -> None:
    goal = about("stavanger-kommune", CG + "hasCurrentMembership", "m-stavanger-kommune-eurocities")
    (proof,) = explainer.explain(goal).proofs
    assert proof.rule == "as-of"
    assert "2020-11-05" in proof.reason.en
    assert any(part.triple[1] == f"<{CG}asOf>" for part in proof.premises)


# -- our graph in words ---------------------------------------------------------------------------


def test_a_place_takes_part_because_its_municipality_is_an_associated_partner(explainer: Explainer) -> None:
    found = explainer.explain(about("place-stavanger", CG + "participatesIn", "eurocities"))
    assert found.holds
    tree = write_explanation(found, format="tree", language="nb")
    assert re.search(r"data/networks/eurocities\.ttl:\d+ ← .+, tegn 1552–1582", tree)
    assert re.search(r"prp-spo2: ontology/citygraph\.ttl:\d+", tree)
    assert "fordi" in tree
    assert "because" in write_explanation(found, format="tree", language="en")


def test_an_associated_partner_is_no_member_and_the_answer_says_so(explainer: Explainer) -> None:
    found = explainer.explain(about("stavanger-kommune", ORG + "memberOf", "eurocities"))
    assert not found.holds
    assert found.gap is not None
    assert "associated partner" in found.gap.words.en
    assert "asks for a full member" in found.gap.words.en
    assert "assosiert partner" in found.gap.words.nb
    assert len(found.gap.met) == 3


def test_what_is_missing_further_down_is_told_too(explainer: Explainer) -> None:
    found = explainer.explain(about("eurocities", ORG + "hasMember", "stavanger-kommune"))
    assert found.gap is not None
    assert "asks for a full member" in found.gap.words.en


def test_what_no_rule_concludes_has_to_be_stated(explainer: Explainer) -> None:
    found = explainer.explain(about("eurocities", CG + "asOf", "eurocities"))
    assert found.gap is not None
    assert "stated" in found.gap.words.en


def test_every_statement_of_the_files_is_found_there_whether_the_reasoner_reads_it_or_not(
    explainer: Explainer, graphs: ProjectGraphs
) -> None:
    for triple in graphs.triples()[::50]:
        found = explainer.explain(triple)
        # One of another time than the day is found as what is stated, and does not hold.
        (proof,) = found.proofs or (found.gap.met if found.gap is not None else ())
        assert not proof.rule
        assert proof.origins[0].file


def test_all_proofs_of_a_statement_are_given_when_they_are_asked_for(explainer: Explainer) -> None:
    goal = about("place-stavanger", CG + "participatesIn", "eurocities")
    assert len(explainer.explain(goal, every=True).proofs) > 1


def test_the_nearest_rule_is_the_one_with_most_premises_met(prover: Callable[[str], Prover]) -> None:
    found = prover(":c owl:propertyChainAxiom ( :p :q :r ) . :s rdfs:subPropertyOf :c . :a :p :b . :b :q :d .")
    gap = why_not(x("a", "c", "z"), found)
    assert gap.rule is not None
    assert gap.rule.name == "prp-spo2"
    assert gap.met == (x("a", "p", "b"), x("b", "q", "d"))
    assert [str(atom) for atom in gap.missing] == ["<urn:x:d> <urn:x:r> <urn:x:z>"]


# -- writers --------------------------------------------------------------------------------------

HOSTILE = 'x"]; click n0 "javascript:alert(1)" %%\n</li><script>alert(1)</script> `{{}}` \x1b[31m end'


def hostile() -> Explanation:
    words = Text(HOSTILE, HOSTILE)
    origin = Origin(HOSTILE, 3, 1, HOSTILE, words, 1, 2)
    leaf = Explained(x("a", "p", "b"), words, (origin,))
    top = Explained(x("a", "q", "b"), words, (), HOSTILE, words, (leaf,), (leaf,))
    return Explanation(x("a", "q", "b"), (top,), Gap(words, words, HOSTILE, (leaf,), (words,)))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_label_stays_text_in_html(language: str) -> None:
    tags = _Tags()
    tags.feed(write_explanation(hostile(), format="html", language=language))
    assert tags.found <= {"div", "p", "ul", "li", "span", "code", "details", "summary"}
    assert tags.attributes <= {"class", "title", "open"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_label_stays_inside_its_quotes_in_mermaid(language: str) -> None:
    for line in write_explanation(hostile(), format="mermaid", language=language).splitlines():
        assert line.count('"') in {0, 2}, line
        assert "<script" not in line
        assert "`" not in line


def test_a_hostile_label_neither_breaks_a_line_nor_reaches_the_terminal() -> None:
    tree = write_explanation(hostile(), format="tree", language="en")
    assert "\x1b" not in tree
    assert len(tree.splitlines()) == 7


def test_json_has_both_languages_and_everything_that_the_tree_shows(explainer: Explainer) -> None:
    found = explainer.explain(about("place-stavanger", CG + "participatesIn", "eurocities"))
    read = json.loads(write_explanation(found, format="json", language="en"))
    assert read == json.loads(json.dumps(found.to_json()))
    assert read["holds"]
    assert set(read["proofs"][0]["statement"]) == set(LANGUAGES)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_format_shows_a_gap(explainer: Explainer, name: str) -> None:
    found = explainer.explain(about("stavanger-kommune", ORG + "memberOf", "eurocities"))
    assert "Stavanger" in write_explanation(found, format=name, language="nb")
