"""Catalogues that others wrote: checked in every format, whatever they hold, and nothing of theirs is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from citygraph import Project
from citygraph.errors import PublishError
from citygraph.export import export_bytes
from citygraph.findings import Report
from citygraph.publish import PROFILES, check_catalog, check_profile
from citygraph.publish.record import NAMESPACES
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Triple
from citygraph.vocabularies import EUA
from portal_record import BASE, TYPE, iri, record, subjects

_ENDINGS: Final = {"ttl": "ttl", "rdf": "rdf", "xml": "rdf", "jsonld": "jsonld", "json": "jsonld", "nt": "nt"}
_BOMB: Final = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY a "aaaaaaaaaa"> <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"> <!ENTITY c "&b;&b;&b;&b;&b;"> ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://www.w3.org/ns/dcat#">
<d:Catalog rdf:about="https://city.example/c"><d:x>&c;</d:x></d:Catalog></rdf:RDF>"""
_FILE_ENTITY: Final = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY secret SYSTEM "file:///etc/passwd"> ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:t="http://purl.org/dc/terms/">
<rdf:Description rdf:about="https://city.example/c"><t:title>&secret;</t:title></rdf:Description></rdf:RDF>"""
_REMOTE: Final = json.dumps({"@context": "https://contexts.example/dcat.jsonld", "@id": "https://city.example/c"})


def _check(path: Path, profile: str = "dcat-ap-3") -> Report:
    report, _ = check_catalog(path, base=BASE, profile=profile)
    return report


@pytest.mark.parametrize("ending", _ENDINGS)
@pytest.mark.parametrize("name", PROFILES)
def test_every_format_says_the_same(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"theirs.{ending}"
    quads = [Quad(each.subject, each.predicate, each.object) for each in record(name)]
    path.write_bytes(export_bytes(quads, format=_ENDINGS[ending], prefixes=NAMESPACES))
    assert _check(path, name).findings == ()
    broken = [quad for quad in quads if "foaf/0.1/name" not in quad.predicate.value]
    path.write_bytes(export_bytes(broken, format=_ENDINGS[ending], prefixes=NAMESPACES))
    assert [each.path for each in _check(path, name).findings] == ["<http://xmlns.com/foaf/0.1/name>"]


@pytest.mark.parametrize(
    ("ending", "text", "code"),
    [
        ("rdf", _BOMB, "entity-declaration"),
        ("xml", _FILE_ENTITY, "entity-declaration"),
        ("jsonld", _REMOTE, "remote-context"),
        ("json", _REMOTE, "remote-context"),
        ("json", "[" * 100_000 + "]" * 100_000, "too-deep"),
        ("ttl", "<https://c.example/> <https://c.example/p> " + "[ <https://c.example/p> " * 5000, "too-deep"),
        ("rdf", "<html><body>No catalogue today", "publish-harvest"),
        ("ttl", "<https://city.example/a b> a <http://www.w3.org/ns/dcat#Catalog> .", "publish-harvest"),
        ("ttl", "", "publish-harvest"),
        ("jsonld", "{", "publish-harvest"),
        ("jsonld", '"a text"', "publish-harvest"),
    ],
)
def test_hostile_and_broken_files_are_findings(ending: str, text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / f"theirs.{ending}"
    path.write_text(text, encoding="utf-8")
    report = _check(path)
    assert code in {each.code for each in report.violations}
    assert "root:" not in "".join(each.message.en for each in report.findings)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00<", "æ".encode("latin-1"), b"\x00" * 100], ids=["UTF-16", "Latin-1", "zeros"]
)
@pytest.mark.parametrize("ending", ["ttl", "rdf", "jsonld"])
def test_other_encodings_are_findings(ending: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"theirs.{ending}"
    path.write_bytes(data)
    assert _check(path).violations


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    quads = [Quad(each.subject, each.predicate, each.object) for each in record("dcat-ap-3")]
    path = tmp_path / "theirs.ttl"
    path.write_bytes(b"\xef\xbb\xbf" + export_bytes(quads, format="ttl", prefixes=NAMESPACES))
    assert _check(path).findings == ()


@pytest.mark.slow
def test_a_catalogue_that_no_harvester_takes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.ttl"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    (found,) = [each for each in _check(path).violations if each.code == "file-too-large"]
    assert "50,000,001" in found.message.en
    line = "<https://c.example/{0}> <https://c.example/p> <https://c.example/{0}> .\n"
    path.write_text("".join(map(line.format, range(200_001))), encoding="utf-8")
    assert any("too many statements" in each.message.en for each in _check(path).violations)


@pytest.mark.slow
def test_many_datasets_are_checked_one_by_one(tmp_path: Path) -> None:
    dcat, title = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/title"
    lines = [f"<https://c.example/> a <{dcat}Catalog> ."]
    for number in range(300):
        dataset = f"<https://c.example/dataset/{number}>"
        lines.append(
            f'<https://c.example/> <{dcat}dataset> {dataset} . {dataset} a <{dcat}Dataset> ; <{title}> "D"@en .'
        )
    path = tmp_path / "theirs.ttl"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = {each.focus_node for each in _check(path).violations if "description" in each.path}
    assert len(found) == 301


@pytest.mark.parametrize("name", PROFILES)
def test_what_a_profile_allows_others_is_no_violation(name: str, tmp_path: Path) -> None:
    contact, file = Iri(f"{BASE}contact"), subjects(record(name), "dcat:Distribution")[0]
    nameless = {contact: BlankNode("contact"), file: BlankNode("file")}
    if name == "dcat-ap-3":
        nameless[Iri(f"{BASE}agent/publisher")] = BlankNode("publisher")
    path = tmp_path / "theirs.ttl"
    year = Literal("2020", datatype=iri("xsd:gYear"))
    quads = []
    for each in record(name):
        value = year if each.predicate == iri("dct:issued") and name == "dcat-ap-3" else each.object
        subject, object_ = (nameless.get(t, t) if isinstance(t, Iri) else t for t in (each.subject, value))
        assert not isinstance(subject, Literal)
        quads.append(Quad(subject, each.predicate, object_))
    path.write_bytes(export_bytes(quads, format="ttl", prefixes=NAMESPACES))
    report = _check(path, name)
    assert report.violations == ()
    # It is advised against all the same: such names change with every harvest.
    assert {each.code for each in report.findings} == {"publish-profile-advice"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "class_", "path", "value"),
    [
        ("dcat-ap-3", "dcat:Dataset", "dct:title", Literal("Datasett")),
        ("dcat-ap-3", "dcat:Distribution", "dcat:accessURL", Iri("ftp://ftp.example.org/file.csv")),
        ("dcat-ap-no-2", "dcat:Dataset", "dct:title", Literal("Datasett")),
        ("dcat-ap-no-2", "dcat:Dataset", "dct:publisher", Iri("https://data.brreg.no/enhetsregisteret/api/enheter/1")),
        ("dcat-ap-no-2", "dcat:Catalog", "dct:license", Iri("https://data.norge.no/nlod/no/2.0")),
        ("dcat-ap-no-2", "vcard:Kind", "rdf:type", iri("vcard:Organization")),
        ("dcat-ap-no-3", "vcard:Kind", "rdf:type", iri("vcard:Organization")),
    ],
)
def test_what_others_often_write_is_no_violation(
    name: str, class_: str, path: str, value: Iri | Literal, tmp_path: Path
) -> None:
    thing, predicate = subjects(record(name), class_)[0], iri(path)
    kept = [each for each in record(name) if (each.subject, each.predicate) != (thing, predicate)]
    quads = [Quad(each.subject, each.predicate, each.object) for each in kept]
    file = tmp_path / "theirs.ttl"
    file.write_bytes(export_bytes([*quads, Quad(thing, predicate, value)], format="ttl", prefixes=NAMESPACES))
    report = _check(file, name)
    assert report.violations == ()
    # A vcard:Organization is a vcard:Kind by its own ontology, so that there is nothing to advise.
    advised = set() if value == iri("vcard:Organization") else {"publish-profile-advice"}
    assert {each.code for each in report.findings} == advised


@pytest.mark.parametrize("name", PROFILES)
def test_an_organisation_of_vcard_or_foaf_is_one(name: str) -> None:
    types = {iri("vcard:Kind"): iri("vcard:Organization"), iri("foaf:Agent"): iri("foaf:Organization")}
    given = [t for t in record(name) if t.object not in (iri("org:Organization"), iri("vcard:Organization"))]
    theirs = [
        Triple(t.subject, t.predicate, types.get(t.object, t.object) if isinstance(t.object, Iri) else t.object)
        for t in given
    ]
    assert check_profile(theirs, PROFILES[name]) == []


_DQV, _CV, _ODRL = "http://www.w3.org/ns/dqv#", "http://data.europa.eu/m8g/", "http://www.w3.org/ns/odrl/2/"
_TEXT, _THERE, _TEXT_NB = Literal("a text"), Iri("https://city.example/there"), Literal("en tekst", language="nb")
_OTHERS: Final = [
    # Of which class, which property, what it must not be, and what it may be.
    ("dcat:DataService", "dcat:version", _THERE, _TEXT),
    ("dcat:DataService", "adms:status", _TEXT, Iri(f"{EUA}distribution-status/COMPLETED")),
    ("dcat:DataService", "adms:versionNotes", _TEXT, _TEXT_NB),
    ("dcat:DataService", "dct:identifier", _THERE, _TEXT),
    ("dcat:DataService", "dct:rights", _TEXT, Iri(f"{BASE}rights")),
    ("dcat:DataService", f"{_CV}hasCost", _TEXT, Iri("https://city.example/cost")),
    ("dcat:Dataset", f"{_DQV}hasQualityMeasurement", _TEXT, Iri("https://city.example/measurement")),
    ("dcat:Dataset", f"{_DQV}hasQualityAnnotation", _TEXT, Iri("https://city.example/annotation")),
    ("dcat:Dataset", f"{_CV}hasCost", _TEXT, Iri("https://city.example/cost")),
    ("dcat:Dataset", "dcat:hasVersion", _TEXT, _THERE),
    ("dcat:Dataset", "dct:replaces", _TEXT, _THERE),
    ("dcat:Dataset", "dct:isReferencedBy", _TEXT, _THERE),
    ("dcat:Dataset", "dct:relation", BlankNode("it"), _THERE),
    ("dcat:Dataset", "dct:subject", _TEXT, _THERE),
    ("dcat:Dataset", "dct:type", _TEXT, Iri(f"{EUA}dataset-type/STATISTICAL")),
    ("dcat:Dataset", "adms:versionNotes", _TEXT, _TEXT_NB),
    ("dcat:Catalog", "dct:temporal", _TEXT, Iri(f"{BASE}dataset/graph/period")),
    ("dcat:Distribution", f"{_ODRL}hasPolicy", _TEXT, Iri("https://city.example/policy")),
    ("dcat:CatalogRecord", "dct:title", _TEXT, _TEXT_NB),
]


def test_version_3_of_the_norwegian_profile_looks_at_what_records_of_others_have() -> None:
    given, profile = record("dcat-ap-no-3"), PROFILES["dcat-ap-no-3"]

    def name(path: str) -> Iri:
        return Iri(path) if "://" in path else iri(path)

    def with_(column: int) -> list[Triple]:
        added = [Triple(subjects(given, each[0])[0], name(each[1]), each[column]) for each in _OTHERS]  # type: ignore[arg-type]
        own = {(each.subject, each.predicate) for each in added}
        types = {"cost": f"{_CV}Cost", "measurement": f"{_DQV}QualityMeasurement", "policy": f"{_ODRL}Policy"}
        types["annotation"] = f"{_DQV}QualityAnnotation"
        things = [Triple(Iri(f"https://city.example/{each}"), TYPE, Iri(type_)) for each, type_ in types.items()]
        page = Triple(Iri("https://city.example/cost"), iri("foaf:page"), _THERE)
        return [*(each for each in given if (each.subject, each.predicate) not in own), *added, *things, page]

    wrong = {
        (each.focus_node, each.path) for each in check_profile(with_(2), profile) if each.code == "publish-profile"
    }
    assert wrong >= {(str(subjects(given, each[0])[0]), str(name(each[1]))) for each in _OTHERS}
    assert [each for each in check_profile(with_(3), profile) if each.code == "publish-profile"] == []


def test_loops_and_odd_terms_do_not_stop_the_check(tmp_path: Path) -> None:
    path = tmp_path / "theirs.ttl"
    path.write_text(
        """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
        <https://c.example/> a dcat:Catalog, "Catalog" ; dcat:dataset <https://c.example/>, _:b, 7 ;
            dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "x"^^<http://www.w3.org/2001/XMLSchema#date> ] ;
            dct:publisher <https://c.example/> ; dct:title "a"@en, "b"@en-gb, ""@x-odd .
        _:b a dcat:Dataset ; dcat:distribution _:b ; dct:isPartOf _:b .""",
        encoding="utf-8",
    )
    for name in PROFILES:
        assert _check(path, name).violations


def test_a_folder_is_no_file_and_a_missing_one_is_an_error(this_project: Project, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no catalogue"):
        this_project.check_catalog(tmp_path / "nothing.ttl", profile="dcat-ap-3")
