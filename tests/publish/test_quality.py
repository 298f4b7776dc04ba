"""The predicted score: 405 for the whole record, and every field left out costs what the portal says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from citygraph.config import read_config
from citygraph.findings import Finding
from citygraph.publish import (
    DIMENSIONS,
    HIGHEST,
    PROFILES,
    LinkCheck,
    Published,
    catalog_of,
    score_of,
    write_record,
)
from citygraph.publish.quality import MACHINE_READABLE, METRICS, NON_PROPRIETARY, predict
from citygraph.publish.write import check_settings
from citygraph.rdf import Iri, Literal, Triple, parse
from citygraph.vocabularies import EUA, vocabularies
from loopback import Handler, LoopbackServer, listening
from portal_record import ITEMS, iri, record, subjects

_RECORD: Final = record("dcat-ap-3")
_COSTS: Final = (
    ("dcat:Dataset", "dcat:keyword", 30),
    ("dcat:Dataset", "dcat:theme", 30),
    ("dcat:Dataset", "dct:spatial", 20),
    ("dcat:Dataset", "dct:temporal", 20),
    ("dcat:Distribution", "dcat:accessURL", 50),
    ("dcat:Distribution", "dcat:downloadURL", 50),
    ("dcat:Distribution", "dct:format", 65),
    ("dcat:Distribution", "dcat:mediaType", 15),
    ("dcat:Distribution", "dct:license", 30),
    ("dcat:Dataset", "dct:accessRights", 15),
    ("dcat:Dataset", "dcat:contactPoint", 20),
    ("dcat:Dataset", "dct:publisher", 10),
    ("dcat:Distribution", "dct:rights", 5),
    ("dcat:Distribution", "dcat:byteSize", 5),
    ("dcat:Dataset", "dct:issued", 5),
    ("dcat:Dataset", "dct:modified", 5),
)


def _without(class_: str, property_: str, *, of: int | None = None) -> list[Triple]:
    things = subjects(_RECORD, class_)[:of]
    return [t for t in _RECORD if not (t.subject in things and t.predicate == iri(property_))]


def test_the_metrics_add_up() -> None:
    assert sum(each.points for each in METRICS if not each.norwegian) == HIGHEST == 405
    highest = {
        "findability": 100,
        "accessibility": 100,
        "interoperability": 110,
        "reusability": 75,
        "contextuality": 20,
    }
    score = predict(_RECORD, complies=lambda _: True)
    assert {name: score.in_dimension(name)[1] for name in DIMENSIONS} == highest


def test_names_and_points_are_those_of_the_published_lists(reference_data: Path) -> None:
    data = (reference_data / "dcat-ap-no/dcatno-mqa/dcatno-mqa-vocabulary-default-score-values.ttl").read_bytes()
    scores = {
        quad.subject.value.rpartition("#")[2]: int(quad.object.value)
        for quad in parse(data, format="ttl").quads
        if quad.predicate.value.endswith("trueScore")
        and isinstance(quad.subject, Iri)
        and isinstance(quad.object, Literal)
    }
    assert {each.name: each.points for each in METRICS} == scores


@pytest.mark.parametrize(
    ("file", "codes"), [("machine_readable_formats.csv", MACHINE_READABLE), ("non_proprietary.csv", NON_PROPRIETARY)]
)
def test_the_lists_of_formats_are_those_of_the_portal(file: str, codes: frozenset[str], reference_data: Path) -> None:
    lines = (reference_data / "mqa" / file).read_text(encoding="utf-8").split()
    assert {line.partition(",")[0].rpartition("/")[2] for line in lines} - {"ETSI_XML", "GPKG"} == codes


@pytest.mark.parametrize(
    ("file", "table"),
    [("access_rights.csv", "access-right"), ("licenses.csv", "licence"), ("file_types.csv", "file-type")],
)
def test_every_code_that_the_portal_counts_is_known(file: str, table: str, reference_data: Path) -> None:
    lines = (reference_data / "mqa" / file).read_text(encoding="utf-8").splitlines()
    unknown = {line.split(",")[0] for line in lines if not vocabularies()[table].has(line.split(",")[0])}
    # The list of licences also has addresses of other places; the table is what the metric counts.
    assert {each for each in unknown if each.startswith(EUA) and not each.endswith("OP_DATPRO")} == set()


@pytest.mark.parametrize(
    ("media_type", "points"),
    [
        ("https://www.iana.org/assignments/media-types/text/turtle", 405),
        ("http://www.iana.org/assignments/media-types/application/ld+json", 405),
        ("https://www.iana.org/assignments/media-types/turtle", 400),
        ("https://www.iana.org/assignments/media-types/words/turtle", 400),
        ("https://example.org/text/turtle", 400),
    ],
)
def test_a_media_type_of_no_registry_costs_five_points(media_type: str, points: int) -> None:
    changed = [
        t if t.predicate != iri("dcat:mediaType") else Triple(t.subject, t.predicate, Iri(media_type)) for t in _RECORD
    ]
    assert predict(changed, complies=lambda _: True).points == points


def test_access_rights_of_no_table_cost_five_points() -> None:
    other = Iri("https://example.org/open")
    changed = [t if t.predicate != iri("dct:accessRights") else Triple(t.subject, t.predicate, other) for t in _RECORD]
    assert predict(changed, complies=lambda _: True).points == 400


def test_the_reference_graph_reaches_every_point(published: tuple[Path, Published]) -> None:
    _, outcome = published
    assert outcome.score.points == 405
    assert outcome.score.norwegian_points == 435
    assert outcome.score.rating.en == "excellent"
    assert outcome.score.assumed_points == 80
    assert outcome.score.lost == ()


@pytest.mark.parametrize(("class_", "property_", "points"), _COSTS)
def test_a_field_that_is_left_out_costs_its_points(class_: str, property_: str, points: int) -> None:
    score = predict(_without(class_, property_), complies=lambda _: True)
    assert score.points == 405 - points
    assert sum(each.points for each in score.lost) == points


def test_a_field_that_half_of_the_distributions_lack_costs_half() -> None:
    assert predict(_without("dcat:Distribution", "dct:rights", of=1), complies=lambda _: True).points == 402.5
    # For interoperability the best distribution counts.
    assert predict(_without("dcat:Distribution", "dct:format", of=1), complies=lambda _: True).points == 405


def test_breaking_the_profile_costs_thirty_points() -> None:
    score = predict(_RECORD, complies=lambda _: False)
    assert (score.points, score.lost[0].metric, score.lost[0].points) == (375, "dcatApCompliance", 30)


def test_a_licence_of_no_table_costs_ten_points() -> None:
    other = [
        t if t.predicate != iri("dct:license") else Triple(t.subject, t.predicate, Iri("https://example.org/l"))
        for t in _RECORD
    ]
    assert score_of(other, []).points == 395


def test_fixes_come_with_the_greatest_gain_first() -> None:
    broken = [
        t
        for t in _without("dcat:Dataset", "dct:spatial")
        if t.predicate not in {iri("dcat:keyword"), iri("dct:issued")}
    ]
    lost = predict(broken, complies=lambda _: True).lost
    assert [(each.key, each.points) for each in lost] == [
        ("publish.keywords", 30),
        ("publish.spatial", 20),
        ("publish.issued", 5),
    ]


@pytest.fixture
def server() -> Iterator[str]:
    """A web server that has every file but those whose path holds `gone`."""

    class Files(Handler):
        def respond(self) -> None:
            self.answer(b"", status=404 if "gone" in self.path else 200)

    with listening(LoopbackServer(("127.0.0.1", 0), Files)) as served:
        yield f"{served.address}/"


def test_with_a_network_the_addresses_are_tried(server: str) -> None:
    def moved(to: str) -> list[Triple]:
        urls = {iri("dcat:accessURL"), iri("dcat:downloadURL")}
        return [
            Triple(t.subject, t.predicate, Iri(t.object.value.replace("https://w3id.org/citygraph/", to)))
            if t.predicate in urls and isinstance(t.object, Iri)
            else t
            for t in _RECORD
        ]

    links = LinkCheck()
    score = predict(moved(server), complies=lambda _: True, answers=links.answers)
    assert (score.points, score.assumed_points, links.findings) == (405, 0, [])
    score = predict(moved(f"{server}gone/"), complies=lambda _: True, answers=links.answers)
    assert score.points == 325
    assert {each.code for each in links.findings} == {"publish-dead-link"}
    assert "HTTP 404" in links.findings[0].message.en
    assert not links.answers("http://127.0.0.1:1/nothing")
    assert not links.answers("ftp://example.org/")


@pytest.mark.parametrize(
    ("key", "points"),
    [
        ("publisher.name", "15"),
        ("contact.email", "20"),
        ("publish.keywords", "30"),
        ("publish.themes", "30"),
        ("publish.spatial", "20"),
        ("publish.issued", "5"),
        ("publish.frequency", "0"),
        ("publish.availability", "0"),
        ("publish.provenance", "0"),
        ("publish.description", "0"),
        ("publisher.type", "0"),
    ],
)
def test_a_key_that_is_not_filled_in_is_named_with_its_points(key: str, points: str, own_copy: Path) -> None:
    path = own_copy / "graph.toml"
    table, name = key.split(".")
    names = {name, "url"} if key == "contact.email" else {name}
    kept, inside = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        inside = line.strip("[]") if line.startswith("[") else inside
        if not (inside == table and line.split(" ")[0] in names):
            kept.append(line)
    path.write_text("\n".join(kept), encoding="utf-8")
    found = _settings(own_copy)
    missing = {each.message.en for each in found if each.code == "publish-missing"}
    assert f"{key} is not filled in; that costs {points} of 405 points." in missing


def test_a_key_that_lacks_a_language_is_named(own_copy: Path) -> None:
    path = own_copy / "graph.toml"
    text = path.read_text(encoding="utf-8").replace(', en = "The citygraph project" }', " }")
    path.write_text(text, encoding="utf-8")
    assert [each.message.en.split()[0] for each in _settings(own_copy)] == ["publisher.name.en", "contact.name.en"]


def test_a_value_that_no_table_has_is_named_with_those_that_it_has(own_copy: Path) -> None:
    path = own_copy / "graph.toml"
    table = "https://themes.example.net/GOVERNMENT"
    path.write_text(path.read_text(encoding="utf-8").replace('"GOVE"', f'"{table}"'), encoding="utf-8")
    (found,) = _settings(own_copy)
    assert found.code == "publish-unknown-value"
    assert table in found.message.en
    assert "GOVE" in found.fix.en


def _settings(folder: Path) -> list[Finding]:
    """What is said about the settings of a project whose files are those of the small record."""
    config = read_config(folder)
    made = catalog_of(config, ITEMS, period=("1986-01-01", "2020-11-05"), modified=date(2026, 11, 23))
    triples = write_record(made, PROFILES["dcat-ap-3"])
    return [each for each in check_settings(config, score_of(triples, [])) if each.code != "publish-placeholder"]


@pytest.mark.parametrize(
    ("key", "value", "is_one"),
    [
        ("contact.email", "contact@w3id.example", True),
        ("contact.email", "post@oslo.kommune.no", False),
        ("contact.email", "post@mail.Example.ORG", True),
        ("contact.email", "post@myexample.org", False),
        ("contact.email", "post@anything.invalid", True),
        ("contact.url", "https://city.test/contact", True),
        ("contact.url", "https://test.oslo.kommune.no/", False),
        ("publisher.homepage", "https://example.com./", True),
        ("publish.site", "https://data.example.net/graph/", True),
        ("publish.service", "http://localhost:8000/", True),
    ],
)
def test_an_address_that_nobody_can_own_is_named(key: str, value: str, own_copy: Path, *, is_one: bool) -> None:
    config = read_config(own_copy)
    config = replace(config, values={**config.values, "contact.email": "post@oslo.kommune.no", key: value})
    made = catalog_of(config, ITEMS, period=("1986-01-01", "2020-11-05"), modified=date(2026, 11, 23))
    score = score_of(write_record(made, PROFILES["dcat-ap-3"]), [])
    found = [each for each in check_settings(config, score) if each.code == "publish-placeholder"]
    assert [each.message.en.split()[0] for each in found] == [key] * is_one


def test_our_own_address_is_a_placeholder_and_said_to_be(published: tuple[Path, Published]) -> None:
    (found,) = [each for each in published[1].report.findings if each.code == "publish-placeholder"]
    assert "contact@w3id.example" in found.message.en
