"""A project of the earlier vocabulary is rewritten in today's words, with the smallest edits, and nothing is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from rdflib.plugins.sparql import prepareQuery

from citygraph.errors import ConfigError
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.migrate import Migrated, migrate, old_words, replacements
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress, prefixes_for
from citygraph.rdf import Iri, Quad, canonical_hash, parse
from conftest import ROOT

BASE = "https://data.my-city.example/"
TABLE = replacements(ROOT / "ontology")
HEAD = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in sorted(prefixes_for(BASE).items()))
DATA = "data/networks/fjordnet.ttl"


def run(folder: Path, files: dict[str, str], *, write: bool = True) -> tuple[Migrated, dict[str, str]]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    done = migrate(folder, base=BASE, reference=ROOT, write=write)
    return done, {name: (folder / name).read_bytes().decode() for name in files}


def body(text: str) -> str:
    """The text without its prefixes."""
    return re.sub(r"(?m)^@prefix.*\n", "", text).strip()


@pytest.mark.parametrize("old", sorted(TABLE), ids=compress)
def test_each_earlier_word_is_rewritten_with_its_claim_and_what_it_meant_is_kept(old: str, tmp_path: Path) -> None:
    name, new = compress(old), TABLE[old]
    claim = f"id:claim a cg:Claim ; rdf:subject id:a ; rdf:predicate {name} ; rdf:object concept:b ;\n    cg:rank concept:rank-preferred .\n"
    done, after = run(tmp_path, {DATA: f"{HEAD}\n# Kept.\nid:a {name} concept:b .   # and this\n\n{claim}"})
    text = body(after[DATA])
    kept = [f"id:a {compress(new.property)} concept:b .   # and this", f"rdf:predicate {compress(new.property)} ;"]
    assert text.startswith("# Kept.\n")
    assert all(each in text for each in kept)
    assert not done.left
    quads = {str(quad.triple) for quad in parse(after[DATA].encode(), format="ttl").quads}
    kind = f"<{BASE}id/claim> <{CG}relationKind> <{new.kind}>"
    of_concept = f"<{CONCEPT}b> <{PREFIXES['dct']}type> <{new.kind}>"
    assert (kind in quads) == (new.property == CG + "relatesTo")
    assert (of_concept in quads) == (new.property == CG + "hasActivity")
    again, same = run(tmp_path, {})
    assert not again.files
    assert not again.left
    assert not same


def test_only_what_must_change_changes_in_whatever_layout(tmp_path: Path) -> None:
    before = f"""{HEAD.replace("@prefix rdf:", "@prefix r:")}
# Ours
<{BASE}id/fjordnet> a cg:CityNetwork ; prov:wasDerivedFrom <{BASE}source/memo> ;
  <{CG}usesMeans> concept:x ,   # first
     concept:y ; skos:prefLabel "cg:usesMeans is no word here"@en ;
  cg:partnerOf id:commission , id:other .

concept:x a skos:Concept ; skos:inScheme concept:means ; skos:prefLabel "x"@en .
# At the end
"""
    done, after = run(tmp_path, {DATA: before.replace("\n", "\r\n")})
    text = body(after[DATA].replace("\r\n", "\n"))
    assert "\n" not in after[DATA].replace("\r\n", "")
    assert text.startswith(
        f"# Ours\n<{BASE}id/fjordnet> a cg:CityNetwork ; prov:wasDerivedFrom <{BASE}source/memo> ;\n"
    )
    assert (
        '  cg:hasActivity concept:x ,   # first\n     concept:y ; skos:prefLabel "cg:usesMeans is no word here"@en ;\n'
        in text
    )
    assert "  cg:relatesTo id:commission , id:other .\n" in text
    assert "skos:inScheme concept:means ;\n    dct:type concept:activity-means ; skos:prefLabel" in text
    assert "# At the end" in text
    # A relation without a claim gets one, in the words of this file and with the sources of what it is about.
    assert (
        """id:claim-fjordnet-partner-of-commission a cg:Claim ;
    r:subject id:fjordnet ;
    r:predicate cg:relatesTo ;
    r:object id:commission ;
    cg:relationKind concept:relation-partner-of ;
    cg:rank concept:rank-preferred ;
    cg:modality concept:modality-stated ;
    prov:wasDerivedFrom source:memo ;
."""
        in text
    )
    assert done.files[DATA]["cg:partnerOf -> cg:relatesTo (concept:relation-partner-of)"] == 2


def test_a_theme_becomes_a_topic_and_an_aim_stays_one(tmp_path: Path) -> None:
    lines = "id:a org:purpose concept:culture , # and, why\n concept:why .\nid:b org:purpose concept:why .\nid:c cg:hasAim concept:why ."
    _, after = run(tmp_path, {DATA: HEAD + lines})
    quads = {str(quad.triple) for quad in parse(after[DATA].encode(), format="ttl").quads}
    assert f"<{BASE}id/a> <{CG}hasTopic> <{CONCEPT}culture>" in quads
    assert f"<{BASE}id/b> <{CG}hasAim> <{CONCEPT}why>" in quads


def test_what_cannot_be_rewritten_is_named_with_file_and_line_and_stays(tmp_path: Path) -> None:
    files = {
        DATA: f'{HEAD}id:a org:hasUnit [ cg:partnerOf id:b ] .\nid:c cg:partnerOf "nobody" .\nid:d rdfs:seeAlso cg:promotes .',
        "data/other.rdf": f'<rdf:RDF xmlns:cg="{CG}">\n<cg:partnerOf/></rdf:RDF>',
        "queries/own.rq": "PREFIX cg: <https://w3id.org/citygraph/ontology#>\nSELECT ?x WHERE { ?x cg:partnerOf/cg:promotes ?y }",
    }
    done, after = run(tmp_path, files)
    first = HEAD.count("\n") + 1
    assert [(each.file, each.line, each.term) for each in done.left] == [
        (DATA, first, "cg:partnerOf"),
        (DATA, first + 1, "cg:partnerOf"),
        (DATA, first + 2, "cg:promotes"),
        ("data/other.rdf", 2, "cg:partnerOf"),
        ("queries/own.rq", 2, "cg:partnerOf"),
        ("queries/own.rq", 2, "cg:promotes"),
    ]
    assert after == files
    assert all(each.why.nb and each.why != each.why.nb for each in done.left)


@pytest.mark.parametrize(
    ("pattern", "now"),
    [
        ("?n org:purpose ?t .", "?n cg:hasTopic ?t ."),
        ("?n org:unitOf?/org:purpose ?t", "?n org:unitOf?/cg:hasTopic ?t"),
        ("?n cg:usesMeans ?m ; a ?c .", "?n cg:hasActivity ?m ; a ?c . ?m dct:type concept:activity-means ."),
        (
            "?n a ?c ; cg:partnerOf ?p",
            "?n a ?c ; cg:relatesTo ?p . [] rdf:subject ?n ; rdf:predicate cg:relatesTo ; rdf:object ?p ; cg:relationKind concept:relation-partner-of .",
        ),
        (
            "?c rdf:predicate cg:promotes ; rdf:object ?o .",
            "?c rdf:predicate cg:relatesTo ;\n cg:relationKind concept:relation-promotes ; rdf:object ?o .",
        ),
        (
            "{ ?n cg:partnerOf ?y VALUES ?y { <http://a> } }",
            "{ ?n cg:relatesTo ?y . [] rdf:subject ?n ; rdf:predicate cg:relatesTo ; rdf:object ?y ; cg:relationKind concept:relation-partner-of . VALUES ?y { <http://a> } }",
        ),
        (
            "?n cg:usesMeans ?m GRAPH ?g { ?n a ?c }",
            "?n cg:hasActivity ?m . ?m dct:type concept:activity-means . GRAPH",
        ),
        (
            "?n cg:usesMeans ?m SERVICE <u:a> { ?n a ?c }",
            "?n cg:hasActivity ?m . ?m dct:type concept:activity-means . SERVICE",
        ),
        # One of several objects is not asked alone: these stay, and are told.
        ("?n cg:partnerOf ?a , ?b .", "?n cg:partnerOf ?a , ?b ."),
        ("?n cg:usesMeans ?a , ?b", "?n cg:usesMeans ?a , ?b"),
        ("?c rdf:predicate cg:promotes , cg:partnerOf .", "?c rdf:predicate cg:promotes , cg:partnerOf ."),
        ("?n org:purpose ?a , ?b .", "?n cg:hasTopic ?a , ?b ."),
    ],
)
def test_a_question_asks_the_same_in_the_new_words(pattern: str, now: str, tmp_path: Path) -> None:
    names = sorted({"cg", "org", "rdf"})
    head = '#+ title: { en: "Own" }\n' + "".join(f"PREFIX {name}: <{PREFIXES[name]}>\n" for name in names)
    done, after = run(tmp_path, {"queries/own.rq": f"{head}SELECT * WHERE {{ {pattern} }}"})
    text = after["queries/own.rq"]
    assert bool(done.left) == (pattern == now)
    prepareQuery(text)
    assert text.startswith('#+ title: { en: "Own" }\nPREFIX ')
    assert " ".join(now.split()) in " ".join(text.split())
    declared = set(re.findall(r"PREFIX (\w+):", text))
    assert set(re.findall(r"\b([a-z]+):(?!/)", now)) <= declared


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("PREFIX org: <{org}> SELECT * WHERE {{\n ?n org:purpose ?t .\n}}\n",
         "PREFIX cg: <{cg}>\nSELECT * WHERE {{\n ?n cg:hasTopic ?t .\n}}\n"),
        ("PREFIX cg: <{cg}> PREFIX org: <{org}>\nSELECT * WHERE {{ ?n cg:hasTopic|org:purpose ?t }}\n",
         "PREFIX cg: <{cg}> SELECT * WHERE {{ ?n cg:hasTopic|cg:hasTopic ?t }}\n"),
        ("  prefix org: <{org}> # kept\n  SELECT * {{ ?n org:purpose ?t ; org:unitOf ?u }}\n",
         "  PREFIX cg: <{cg}>\nprefix org: <{org}> # kept\n  SELECT * {{ ?n cg:hasTopic ?t ; org:unitOf ?u }}\n"),
        ("SELECT * {{\n?n <{org}purpose> ?t\n}}\n", "PREFIX cg: <{cg}>\nSELECT * {{\n?n cg:hasTopic ?t\n}}\n"),
        ("\ufeffSELECT * {{ ?n <{org}purpose> ?t\n}}", "\ufeffPREFIX cg: <{cg}>\nSELECT * {{ ?n cg:hasTopic ?t\n}}"),
        ("  SELECT * {{\n ?n <{org}purpose> ?t\n}}\n", "  PREFIX cg: <{cg}>\nSELECT * {{\n ?n cg:hasTopic ?t\n}}\n"),
    ],
)  # fmt: skip
def test_a_question_keeps_its_lines_and_gets_its_prefixes(before: str, now: str, newline: str, tmp_path: Path) -> None:
    before, now = (each.format(**PREFIXES).replace("\n", newline) for each in (before, now))
    done, after = run(tmp_path, {"queries/own.rq": before, "queries/checks/own.rq": before})
    assert after == dict.fromkeys(after, now)
    assert not done.left
    prepareQuery(now.removeprefix("\ufeff"))


def test_a_byte_that_is_no_utf8_and_a_pipe_stop_nothing(tmp_path: Path) -> None:
    question = f"# \xe6\r\nPREFIX cg: <{CG}>\r\nSELECT ?n {{ ?n cg:aimsAt ?t }}\r\n"
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/own.rq").write_bytes(
        question.replace("cg:aimsAt", f"<{PREFIXES['org']}purpose>").encode("latin-1")
    )
    os.mkfifo(tmp_path / "queries/pipe.rq")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/own.ttl").write_bytes(f"{HEAD}# \xe6\nid:a cg:partnerOf id:b .\n".encode("latin-1"))
    copies = {
        "ontology/codes.ttl": HEAD,
        "ontology/citygraph.ttl": f'{HEAD}<{CG[:-1]}> a owl:Ontology ; owl:versionInfo "0.1.0" .\n',
    }
    done, after = run(tmp_path, {name: text.replace("\n", "\r\n") for name, text in copies.items()})
    assert (tmp_path / "queries/own.rq").read_bytes() == question.replace("aimsAt", "hasTopic").encode("latin-1")
    assert [(each.file, each.term) for each in done.left] == [("data/own.ttl", "cg:partnerOf")]
    assert all("\n" not in each.replace("\r\n", "") for each in after.values())


def test_an_earlier_word_in_a_question_or_a_check_is_found(tmp_path: Path) -> None:
    text = f"PREFIX cg: <{CG}> PREFIX org: <{PREFIXES['org']}>\nSELECT * {{ ?n org:purpose ?t }}"
    for name in ("queries/checks/own.rq", "queries/own.rq"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = old_words(ProjectGraphs(BASE, ()), tmp_path, ROOT / "ontology")
    assert sorted((each.file, each.line) for each in found) == [("queries/checks/own.rq", 2), ("queries/own.rq", 2)]


def test_the_copy_of_the_vocabulary_gains_what_is_new_and_keeps_what_is_its_own(tmp_path: Path) -> None:
    codes = f"""{HEAD}
concept:role-ordforer a org:Role , skos:Concept ;
    skos:broader concept:role-office ;
    cg:staleAfter "P9Y"^^xsd:duration ;   # our council says so
.

concept:role-elder a org:Role , skos:Concept ;
    skos:broader concept:role-office ;
.
"""
    terms = f'{HEAD}<https://w3id.org/citygraph/ontology> a owl:Ontology ; owl:versionInfo "0.1.0" .\n\ncg:partnerOf a owl:ObjectProperty .'
    done, after = run(tmp_path, {"ontology/codes.ttl": codes, "ontology/citygraph.ttl": terms})
    text = after["ontology/codes.ttl"]
    assert (
        '    skos:broader concept:role-office ;\n    skos:broader concept:role-mayor ;\n    cg:staleAfter "P9Y"' in text
    )
    assert "# our council says so" in text
    assert "concept:role-elder a org:Role" in text
    assert "\nconcept:theme-waste a skos:Concept" in text
    assert "concept:relation-partner-of" in after["ontology/citygraph.ttl"]
    ours = parse((ROOT / "ontology" / "citygraph.ttl").read_bytes(), format="ttl").quads
    assert canonical_hash(parse(after["ontology/citygraph.ttl"].encode(), format="ttl").quads) == canonical_hash(ours)
    assert done.files["ontology/citygraph.ttl"]["cg:partnerOf"] == 1
    again, _ = run(tmp_path, {})
    assert not again.files


def test_a_copy_of_todays_version_is_left_to_upgrade(tmp_path: Path) -> None:
    version = parse((ROOT / "ontology" / "citygraph.ttl").read_bytes(), format="ttl").quads
    (today,) = (quad.object.value for quad in version if quad.predicate.value == PREFIXES["owl"] + "versionInfo")  # type: ignore[union-attr]  # a literal
    terms = f'{HEAD}<https://w3id.org/citygraph/ontology> a owl:Ontology ; owl:versionInfo "{today}" .'
    files = {"ontology/codes.ttl": HEAD, "ontology/citygraph.ttl": terms, DATA: f"{HEAD}id:a org:purpose concept:b ."}
    done, after = run(tmp_path, files)
    assert list(done.files) == [DATA]
    assert not done.left
    assert {name: after[name] for name in files if name != DATA} == {
        name: files[name] for name in files if name != DATA
    }


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    files = {DATA: f"{HEAD}id:a org:purpose concept:b ; cg:partnerOf id:c ; prov:wasDerivedFrom source:m ."}
    planned, after = run(tmp_path, files, write=False)
    assert after == files
    done, after = run(tmp_path, {})
    assert (planned.files, planned.left) == (done.files, done.left)


def test_a_name_that_is_read_otherwise_stops_before_anything_is_written(tmp_path: Path) -> None:
    # The escape makes another name of it, which this reader of places does not see.
    files = {DATA: f"{HEAD}id:a <{CG}partner\\u004Ff> id:b . id:c org:purpose concept:d ."}
    with pytest.raises(ConfigError, match="fjordnet"):
        run(tmp_path, files)
    assert (tmp_path / DATA).read_text(encoding="utf-8") == files[DATA]


def test_a_project_in_todays_words_has_no_such_finding() -> None:
    def found(*names: tuple[str, str, str]) -> list[tuple[str, int]]:
        quads = tuple(Quad(*map(Iri, each)) for each in names)
        graphs = ProjectGraphs(BASE, (FileGraph(DATA, Iri(BASE + "graph/x"), Part.DATA, "", quads),))
        return [(each.file, each.line) for each in old_words(graphs, ROOT, ROOT / "ontology")]

    assert found(("s:a", CG + "hasTopic", "s:b")) == []
    assert found(("s:a", CG + "usesMeans", "s:b"), ("s:a", CG + "promotes", "s:b")) == [(DATA, 0)]
    assert found(("s:a", PREFIXES["rdf"] + "predicate", CG + "promotes")) == [(DATA, 0)]
    # Who says of an aim that it is the purpose, says what ORG means.
    purpose = PREFIXES["org"] + "purpose"
    assert found(("s:a", purpose, "s:why"), ("s:a", CG + "hasAim", "s:why")) == []
