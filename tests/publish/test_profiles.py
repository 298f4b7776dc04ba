"""Each record passes its profile, ours and the official one, and every way to break it is caught."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from citygraph.findings import Severity
from citygraph.publish import PROFILES, check_harvest, check_profile, read_shapes, run_shapes
from citygraph.rdf import BlankNode, Iri, Literal, Triple, canonical_hash, parse
from portal_record import BASE, TYPE, catalog, iri, record, subjects

_NAMES: Final = tuple(PROFILES)
_OFFICIAL: Final = {
    "dcat-ap-3": (
        "dcat-ap-3.0.1/shapes.ttl",
        "dcat-ap-3.0.1/range.ttl",
        "dcat-ap-3.0.1/shapes_recommended.ttl",
        "dcat-ap-3.0.1/mdr-vocabularies.shape.ttl",
        "dcat-ap-3.0.1/deprecateduris.ttl",
    ),
    "dcat-ap-no-2": ("dcat-ap-no/shacl/DCAT-AP-NO-shacl_shapes_2.00.ttl",),
}
# What the official shapes still say, and why we leave it so.
_KNOWN: Final = {
    (
        "dcat-ap-3.0.1/mdr-vocabularies.shape.ttl",
        "dct:publisher",
    ): "only bodies of the EU are in its table of publishers",
    ("dcat-ap-3.0.1/deprecateduris.ttl", "adms:status"): "this file asks for the ADMS table, which 3.0.1 replaced",
}

# What each profile makes mandatory (standards.md 2.1); `dct:publisher` of a service in NO 3 alone.
_COMMON: Final = (
    ("dcat:Catalog", "dct:title"),
    ("dcat:Catalog", "dct:description"),
    ("dcat:Catalog", "dct:publisher"),
    ("dcat:Catalog", "dcat:dataset"),
    ("dcat:Catalog", "rdf:type"),
    ("dcat:Dataset", "dct:title"),
    ("dcat:Dataset", "dct:description"),
    ("dcat:Dataset", "rdf:type"),
    ("dcat:Distribution", "dcat:accessURL"),
    ("dcat:Distribution", "rdf:type"),
    ("dcat:DataService", "dct:title"),
    ("dcat:DataService", "dcat:endpointURL"),
    ("dcat:DataService", "rdf:type"),
)
_MANDATORY: Final = {
    "dcat-ap-3": (*_COMMON, ("foaf:Agent", "foaf:name")),
    "dcat-ap-no-3": (
        *_COMMON,
        ("foaf:Agent", "foaf:name"),
        ("vcard:Kind", "vcard:fn"),
        ("dcat:Catalog", "dcat:contactPoint"),
        ("dcat:Dataset", "dcat:contactPoint"),
        ("dcat:Dataset", "dcat:theme"),
        ("dcat:Dataset", "dct:publisher"),
        ("dcat:DataService", "dcat:contactPoint"),
        ("dcat:DataService", "dct:publisher"),
        ("dcat:CatalogRecord", "dct:modified"),
        ("dcat:CatalogRecord", "foaf:primaryTopic"),
    ),
    "dcat-ap-no-2": (
        *_COMMON,
        ("dcat:Catalog", "dct:identifier"),
        ("dcat:Dataset", "dct:identifier"),
        ("dcat:Dataset", "dcat:theme"),
        ("dcat:Dataset", "dct:publisher"),
        ("dcat:DataService", "dct:identifier"),
    ),
}
_VOCABULARY: Final = (
    ("dcat:Dataset", "dcat:theme"),
    ("dcat:Dataset", "dct:accessRights"),
    ("dcat:Dataset", "dct:accrualPeriodicity"),
    ("dcat:Dataset", "dct:language"),
    ("dcat:Dataset", "dct:spatial"),
    ("dcat:Catalog", "dct:license"),
    ("dcat:Catalog", "dct:language"),
    ("dcat:Catalog", "dct:spatial"),
    ("dcat:Catalog", "dcat:themeTaxonomy"),
    ("dcat:Distribution", "dct:format"),
    ("dcat:Distribution", "dcat:mediaType"),
    ("dcat:Distribution", "dct:license"),
    ("dcat:Distribution", "dcatap:availability"),
    ("dcat:Distribution", "adms:status"),
    ("dcat:DataService", "dcat:theme"),
    ("dcat:DataService", "dct:license"),
    ("dcat:DataService", "dct:accessRights"),
    ("foaf:Agent", "dct:type"),
)
_WRONG: Final = (
    "http://publications.europa.eu/resource/authority/corporate-body/EURUN",
    "https://example.org/no-such-term",
)
# A term of a table, but of another one.
_OTHER_TABLE: Final = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
_A_THIRD: Final = "http://publications.europa.eu/resource/authority/frequency/DAILY"
_DATATYPES: Final = (
    ("dcat:Distribution", "dcat:byteSize", Literal("many")),
    ("dcat:Dataset", "dct:issued", Literal("last year")),
    ("dcat:Dataset", "dct:modified", Literal("2026-11-23")),
    ("dcat:Dataset", "dct:title", Literal("no language")),
    ("dcat:Dataset", "dct:identifier", Literal("https://example.org/graph")),
    ("dcat:Distribution", "dcat:accessURL", Literal("https://example.org/")),
    ("dcat:Distribution", "dcat:accessURL", Iri("ftp://example.org/")),
    ("dcat:DataService", "dcat:endpointURL", Literal("https://example.org/sparql")),
    ("dcat:Catalog", "dct:publisher", Literal("The city")),
    ("dcat:Dataset", "dct:publisher", Iri("https://example.org/nobody")),
    ("dcat:Dataset", "dcat:contactPoint", Literal("post@example.org")),
    ("vcard:Kind", "vcard:hasEmail", Literal("post@example.org")),
    ("vcard:Kind", "vcard:hasEmail", Iri("mailto:nobody")),
    ("dct:PeriodOfTime", "dcat:startDate", Literal("1986")),
)


def _violations(triples: list[Triple], profile: str) -> list[str]:
    found = [*check_profile(triples, PROFILES[profile]), *check_harvest(triples, base=BASE)]
    return [each.message.en for each in found if each.severity is Severity.VIOLATION]


def _faults(triples: list[Triple], profile: str) -> list[str]:
    """What is said about a record; of version 3 of the Norwegian profile, what is said to be a violation.

    What is a violation by the others, their official shapes decide: test_mutations.py holds ours against them.
    """
    if profile == "dcat-ap-no-3":
        return _violations(triples, profile)
    return [
        each.message.en for each in [*check_profile(triples, PROFILES[profile]), *check_harvest(triples, base=BASE)]
    ]


@pytest.mark.parametrize("name", _NAMES)
def test_our_own_shapes_and_the_harvester_have_nothing_to_say(name: str) -> None:
    assert check_profile(record(name), PROFILES[name]) == []
    assert check_harvest(record(name), base=BASE) == []


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in _OFFICIAL.items() for file in files])
def test_the_official_shapes_find_no_violation_and_no_warning_without_a_reason(
    name: str, file: str, reference_data: Path
) -> None:
    results = run_shapes(record(name), read_shapes(reference_data / file))
    assert [each for each in results if each.severity is Severity.VIOLATION] == []
    paths = {prefix + ":" + each.path.strip("<>").removeprefix(iri(prefix + ":").value) for each in results
             for prefix in ("dct", "adms") if each.path.strip("<>").startswith(iri(prefix + ":").value)}  # fmt: skip
    assert {(file, path) for path in paths} <= set(_KNOWN)
    assert bool(results) == any(known == file for known, _ in _KNOWN)


@pytest.mark.parametrize(
    ("name", "class_", "property_"), [(name, *each) for name, found in _MANDATORY.items() for each in found]
)
def test_a_mandatory_property_that_is_left_out_is_caught(name: str, class_: str, property_: str) -> None:
    thing = subjects(record(name), class_)[0]
    broken = [t for t in record(name) if (t.subject, t.predicate) != (thing, iri(property_))]
    assert len(broken) < len(record(name))
    assert _violations(broken, name)


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("wrong", [*_WRONG, _OTHER_TABLE])
def test_a_value_that_its_vocabulary_does_not_have_is_caught(name: str, wrong: str) -> None:
    """All of them stand in one record, and each is named with its thing, its property and its value."""
    triples, put = list(record(name)), {}
    for class_, property_ in _VOCABULARY:
        thing = subjects(triples, class_)[0]
        old = next(t for t in triples if t.subject == thing and t.predicate == iri(property_))
        put[thing, property_] = Iri(wrong if (wrong, property_) != (_OTHER_TABLE, "dct:accessRights") else _A_THIRD)
        triples[triples.index(old)] = Triple(thing, old.predicate, put[thing, property_])
    assert len(put) == len(_VOCABULARY)
    said = _faults(triples, name)
    for (thing, property_), value in put.items():
        assert [each for each in said if all(word in each for word in (thing.value, property_, value.value))], property_


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(("class_", "property_", "value"), _DATATYPES)
def test_a_value_of_the_wrong_kind_is_caught(name: str, class_: str, property_: str, value: Iri | Literal) -> None:
    thing = subjects(record(name), class_)[0]
    broken = [t for t in record(name) if (t.subject, t.predicate) != (thing, iri(property_))]
    assert _faults([*broken, Triple(thing, iri(property_), value)], name)


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(
    ("class_", "property_"),
    [
        ("dcat:Catalog", "dct:license"),
        ("dcat:Catalog", "dct:publisher"),
        ("dcat:Dataset", "dct:accessRights"),
        ("dcat:Dataset", "dct:accrualPeriodicity"),
        ("dcat:Dataset", "dct:modified"),
        ("dcat:Distribution", "dct:format"),
        ("dcat:Distribution", "dcat:mediaType"),
        ("dcat:Distribution", "dcat:byteSize"),
    ],
)
def test_two_values_where_one_is_allowed_are_caught(name: str, class_: str, property_: str) -> None:
    thing = subjects(record(name), class_)[0]
    old = next(t.object for t in record(name) if t.subject == thing and t.predicate == iri(property_))
    second = Literal("2001-01-01", datatype=iri("xsd:date")) if isinstance(old, Literal) else Iri(str(old)[1:-1] + "x")
    assert _faults([*record(name), Triple(thing, iri(property_), second)], name)


@pytest.mark.parametrize("name", _NAMES)
def test_a_second_title_in_one_language_is_caught(name: str) -> None:
    dataset = subjects(record(name), "dcat:Dataset")[0]
    assert _faults([*record(name), Triple(dataset, iri("dct:title"), Literal("Another", language="en"))], name)


@pytest.mark.parametrize(
    "extra",
    [
        Triple(iri("dcat:x"), Iri("https://example.org/0123"), Literal("x")),
        Triple(Iri(f"{BASE}dataset/graph"), iri("dct:relation"), Iri(f"{BASE}id/oslo")),
        Triple(Iri(f"{BASE}dataset/graph"), iri("dct:relation"), Iri("http://example.com/relative")),
        Triple(BlankNode("x"), TYPE, iri("dcat:Dataset")),
        Triple(Iri(f"{BASE}dataset/other"), TYPE, iri("dcat:Dataset")),
    ],
    ids=["no XML name", "drags the graph in", "relative", "blank", "not linked"],
)
def test_what_the_harvester_stumbles_over_is_caught(extra: Triple) -> None:
    assert check_harvest([*record("dcat-ap-no-2"), extra], base=BASE)


@pytest.mark.parametrize("name", _NAMES)
def test_a_record_holds_addresses_only_and_nothing_of_the_graph_or_the_vocabularies(name: str) -> None:
    triples = record(name)
    assert not [t for t in triples if isinstance(t.subject, BlankNode) or isinstance(t.object, BlankNode)]
    assert not [t for t in triples if str(t.subject).startswith("<http://publications.europa.eu/")]
    assert "/ontology#" not in "".join(map(str, triples))


def test_the_profiles_differ_where_they_contradict_each_other() -> None:
    texts = {name: "\n".join(map(str, record(name))) for name in _NAMES}
    assert "https://www.iana.org/assignments/media-types/text/turtle" in texts["dcat-ap-3"]
    assert "https://www.w3.org/ns/iana/media-types/text/turtle" in texts["dcat-ap-no-3"]
    assert '"1234"^^<http://www.w3.org/2001/XMLSchema#decimal>' in texts["dcat-ap-no-2"]
    assert "http://purl.org/adms/status/Completed" in texts["dcat-ap-no-2"]
    assert "owl#versionInfo" in texts["dcat-ap-no-2"]
    assert "los/tema" in texts["dcat-ap-no-3"]
    assert "los/tema" not in texts["dcat-ap-3"]


def test_a_norwegian_publisher_gets_its_address_from_its_number() -> None:
    assert catalog().publisher is not None
    # The reference graph belongs to no registered body; its publisher names its own address.
    assert catalog().publisher.iri == f"{BASE}agent/publisher"  # type: ignore[union-attr]


def test_our_samples_of_the_reference_pass_our_shapes(reference_data: Path) -> None:
    for name in _NAMES:
        data = (reference_data / "samples" / f"{name}.ttl").read_bytes()
        # The samples are written against a base of their own.
        text = data.replace(b"@base <https://data.example.org/bynettverk/> .", b"")
        quads = parse(b"@base <https://data.example.org/bynettverk/> .\n" + text, format="ttl").quads
        assert canonical_hash(quads)
        found = check_profile([quad.triple for quad in quads], PROFILES[name])
        kept = [f for f in found if f.severity is Severity.VIOLATION]
        # A keyword, a page and a standard that the sample types in its background alone.
        expected = {"foaf:homepage", "dcat:landingPage", "dct:conformsTo", "dct:title"}
        assert {each.message.en.split(": ")[1].split()[0] for each in kept} <= expected


@pytest.mark.parametrize("start", ["2030-01-01", "2025-02-30", "", "spring"])
def test_a_period_that_ends_before_it_begins_or_is_no_period_is_caught(start: str) -> None:
    date = iri("xsd:date")
    period = subjects(record("dcat-ap-3"), "dct:PeriodOfTime")[0]
    broken = [t for t in record("dcat-ap-3") if t.predicate != iri("dcat:startDate")]
    assert _violations([*broken, Triple(period, iri("dcat:startDate"), Literal(start, datatype=date))], "dcat-ap-3")


@pytest.mark.parametrize("name", _NAMES)
def test_an_address_of_data_that_is_that_of_the_dataset_is_advised_against(name: str) -> None:
    given = record(name)
    link = next(each for each in given if each.predicate == iri("dcat:distribution"))
    own = Triple(link.object, iri("dcat:accessURL"), link.subject)  # type: ignore[arg-type]  # a distribution is no text
    said = "is the address of the dataset itself"
    before, after = (check_profile(each, PROFILES[name]) for each in (given, [*given, own]))
    assert not any(said in each.message.en for each in before)
    assert [each.severity for each in after if said in each.message.en] == [Severity.WARNING]


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("class_", ["dcat:Catalog", "dcat:Dataset", "dcat:Distribution", "dcat:DataService"])
def test_a_title_that_lacks_a_language_is_advised_against(name: str, class_: str) -> None:
    thing = subjects(record(name), class_)[0]
    broken = [t for t in record(name) if not (t.subject == thing and "dc/terms/title" in str(t) and "@nb" in str(t))]
    messages = [each.message.en for each in check_profile(broken, PROFILES[name])]
    assert any("dct:title is missing in a language that others have" in each for each in messages)
