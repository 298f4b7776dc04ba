"""Every fact of the memo is encoded, anchored to its passage, and said in our own words."""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.graphs import Part, ProjectGraphs
from citygraph.link.facts import facts_of
from citygraph.link.properties import OFFICES
from citygraph.load import load_files
from citygraph.matching.things import things_of
from citygraph.namespaces import CG, CONCEPT, PREFIXES, expand
from citygraph.rdf import Iri, Literal, parse
from citygraph.sssom import read_mappings
from conftest import ROOT

MEMO = "https://w3id.org/citygraph/source/eurocities-metrex-memo.txt"
MEMO_SHA256 = "6edfbd3d6cb60f012ec140b96008c6a298046f3aed8819c9799e0b723a7edfd1"
FACTS = list(csv.DictReader((ROOT / "data/mappings/facts.csv").read_text(encoding="utf-8").splitlines()))
HEAD = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())


@pytest.fixture(scope="module")
def graphs() -> ProjectGraphs:
    return load_files(Project.open(ROOT).config).graphs


@pytest.fixture(scope="module")
def statements(graphs: ProjectGraphs) -> set[str]:
    return {str(quad.triple) for quad in graphs.quads()}


def excerpt(fact: dict[str, str]) -> str:
    return f"{MEMO}#char={fact['char']}"


def test_the_table_names_each_of_the_104_facts_once() -> None:
    assert [fact["fact"] for fact in FACTS] == [f"F{number:03}" for number in range(1, 105)]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["fact"])
def test_a_fact_is_stated_by_its_triples(fact: dict[str, str], statements: set[str]) -> None:
    lines = [f"{pattern.strip()} ." for pattern in fact["triples"].split(" ; ")]
    parsed = parse((HEAD + "\n".join(lines)).encode(), format="ttl")
    assert not parsed.problems, parsed.problems
    wanted = {str(quad.triple) for quad in parsed.quads}
    assert wanted, "the fact names no triple"
    assert not wanted - statements


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["fact"])
def test_a_fact_is_anchored_to_its_passage(fact: dict[str, str], statements: set[str]) -> None:
    node = expand(fact["node"])
    derived, selector = PREFIXES["prov"] + "wasDerivedFrom", PREFIXES["oa"] + "hasSelector"
    start, _, end = fact["char"].partition(",")
    integer = f"^^<{PREFIXES['xsd']}integer>"
    iri = excerpt(fact)
    assert f"<{node}> <{derived}> <{iri}>" in statements
    assert f"<{iri}> <{selector}> <{iri}/selector>" in statements
    assert f'<{iri}/selector> <{PREFIXES["oa"]}start> "{start}"{integer}' in statements
    assert f'<{iri}/selector> <{PREFIXES["oa"]}end> "{end}"{integer}' in statements


def test_every_passage_is_said_in_both_languages(graphs: ProjectGraphs) -> None:
    described: dict[str, set[str | None]] = {}
    for quad in graphs.quads():
        if quad.predicate.value == PREFIXES["dct"] + "description" and isinstance(quad.object, Literal):
            described.setdefault(str(quad.subject)[1:-1], set()).add(quad.object.language)
    missing = [fact["fact"] for fact in FACTS if described.get(excerpt(fact)) != {"nb", "en"}]
    assert not missing


def test_the_hash_of_every_passage_is_that_of_the_memo(graphs: ProjectGraphs, memo: str) -> None:
    assert hashlib.sha256(memo.encode()).hexdigest() == MEMO_SHA256
    hashes = {
        str(quad.subject)[1:-1]: quad.object.value
        for quad in graphs.quads()
        if quad.predicate == Iri(CG + "sha256") and isinstance(quad.object, Literal)
    }
    for fact in FACTS:
        start, _, end = fact["char"].partition(",")
        assert hashes[excerpt(fact)] == hashlib.sha256(memo[int(start) : int(end)].encode()).hexdigest(), fact["fact"]
    assert hashes[MEMO] == MEMO_SHA256


def test_no_sentence_of_the_memo_stands_in_the_repository(memo: str) -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())

    source = words(memo)
    runs = {" ".join(source[i : i + 6]) for i in range(len(source) - 5)}
    folders = ("ontology", "data", "queries", "src", "docs", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in _TEXTS]
    for path in [*files, ROOT / "README.md", ROOT / "CHANGELOG.md"]:
        here = words(path.read_text(encoding="utf-8", errors="ignore"))
        shared = runs & {" ".join(here[i : i + 6]) for i in range(len(here) - 5)}
        assert not shared, f"{path}: {sorted(shared)[:3]}"


_TEXTS = {".ttl", ".rq", ".py", ".md", ".csv", ".tsv", ".toml", ".txt", ".jsonld", ".rdf"}


def test_the_memo_has_a_date_interval_with_reasons(graphs: ProjectGraphs) -> None:
    about = {
        (q.predicate.value, q.object.value)
        for q in graphs.quads()
        if str(q.subject) == f"<{MEMO}>" and isinstance(q.object, Literal)
    }
    assert (CG + "dateNotBefore", "2020-11-05") in about
    assert (CG + "dateNotAfter", "2023-12-31") in about
    reasons = [value for property_, value in about if property_ == PREFIXES["rdfs"] + "comment"]
    assert len(reasons) == 2
    assert all("2020-11-05" in reason and "Viken" in reason for reason in reasons)


def test_the_words_at_present_date_exactly_five_facts(graphs: ProjectGraphs) -> None:
    basis = Iri(CG + "asOfBasis")
    nodes = {
        str(quad.subject)
        for quad in graphs.quads()
        if quad.predicate == basis and str(quad.object).endswith("concept/basis-at-present>")
    }
    named = {f"<{expand(fact['node'])}>" for fact in FACTS if fact["fact"] in {"F060", "F078", "F079", "F080", "F096"}}
    assert nodes == named


def test_wishes_and_assessments_are_not_stated_as_facts(graphs: ProjectGraphs) -> None:
    claims: dict[str, dict[str, str]] = {}
    for quad in graphs.quads():
        if quad.predicate.value in _CLAIM:
            claims.setdefault(str(quad.subject), {})[_CLAIM[quad.predicate.value]] = str(quad.object)
    present = {str(quad.triple) for quad in graphs.quads()}
    soft = [c for c in claims.values() if c.get("modality", "").endswith(("modality-wish>", "modality-assessment>"))]
    assert len(soft) >= 4
    # Between the same two things there may be a relation of another kind that is stated: the kind is part of what is said.
    stated = {
        (c["subject"], c["predicate"], c["object"], c.get("kind"))
        for c in claims.values()
        if "object" in c and c not in soft
    }
    told = {each[:3] for each in stated if each[3]}
    for claim in soft:
        said = (claim["subject"], claim["predicate"], claim["object"])
        assert (*said, claim.get("kind")) not in stated
        assert " ".join(said) not in present or (claim.get("kind") and said in told)


_CLAIM = {
    PREFIXES["rdf"] + "subject": "subject",
    PREFIXES["rdf"] + "predicate": "predicate",
    PREFIXES["rdf"] + "object": "object",
    CG + "modality": "modality",
    CG + "relationKind": "kind",
}


def test_a_verified_identifier_is_published_and_an_unverified_one_is_not(graphs: ProjectGraphs) -> None:
    notations = {
        quad.object.value
        for quad in graphs.quads()
        if quad.predicate.value == PREFIXES["skos"] + "notation" and isinstance(quad.object, Literal)
    }
    assert {"958935420", "0301", "4601", "NO-03"} <= notations
    assert not {"12493392840-79", "SE110", "BE100", "UKM82"} & notations


def test_place_and_authority_are_linked_to_their_own_wikidata_items(this_project: Project) -> None:
    same_as = PREFIXES["schema"] + "sameAs"
    linked = {(str(q.subject), str(q.object)) for q in this_project.quads("asserted") if q.predicate.value == same_as}
    base, wikidata = "https://w3id.org/citygraph/id/", "http://www.wikidata.org/entity/"
    assert (f"<{base}place-oslo>", f"<{wikidata}Q585>") in linked
    assert (f"<{base}oslo-kommune>", f"<{wikidata}Q5245991>") in linked
    items = [item for _, item in linked]
    assert len(items) == len(set(items)), "one item is linked twice"


def test_every_link_names_who_decided_when_how_surely_and_by_which_source_of_the_graph(statements: set[str]) -> None:
    rows = read_mappings((ROOT / "data/mappings/wikidata.sssom.tsv").read_text(encoding="utf-8")).mappings
    for row in (each for each in rows if not each.rejected):
        named = re.findall(r"source:([\w-]+)", row.slots["comment"])
        assert named, row
        for source in named:
            document = f"<https://w3id.org/citygraph/source/{source}>"
            assert f"{document} <{PREFIXES['rdf']}type> <{PREFIXES['foaf']}Document>" in statements, row
        assert row.proposed or row.slots["author_id"] == "id:agent-editors"
        assert date.fromisoformat(row.slots["mapping_date"])
        assert 0 < float(row.slots["confidence"]) <= 1


def test_every_office_in_a_network_or_on_its_board_has_a_property_of_wikidata(graphs: ProjectGraphs) -> None:
    triples = list(graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES))
    everything = {iri: f"Q{number}" for number, iri in enumerate(sorted(things_of(triples)), start=1)}
    found = {(fact.property, fact.value.text) for fact in facts_of(triples, everything)}
    members = {each.subject: each.object for each in triples if each.predicate.value == PREFIXES["org"] + "member"}
    for role, property_ in OFFICES.items():
        held = [each.subject for each in triples if each.object == Iri(f"{CONCEPT}{role}") and each.subject in members]
        assert held or role.endswith(("acting-president", "-chair")), role
        for office in held:
            assert (property_, everything[str(members[office]).strip("<>")]) in found, office


def test_all_known_disagreements_stand_side_by_side(this_project: Project) -> None:
    answer = this_project.sparql(
        "SELECT ?d (COUNT(DISTINCT ?side) AS ?sides) WHERE { ?d a cg:Disagreement ; cg:hasSide ?side } GROUP BY ?d"
    )
    rows = list(answer)  # type: ignore[arg-type]
    assert len(rows) == 14
    assert all(isinstance(row["sides"], Literal) and int(row["sides"].value) >= 2 for row in rows)


def test_the_data_files_hold_no_blank_node(graphs: ProjectGraphs) -> None:
    assert not [f.path for f in graphs.files if f.path.startswith("data/") for q in f.quads if str(q).startswith("_:")]
    assert Path(ROOT / "data/networks/eurocities.ttl").is_file()
