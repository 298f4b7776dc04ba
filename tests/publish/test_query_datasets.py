"""The answer to each saved question as a dataset of its own: in every profile, in the score, and for each portal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import fdk_rdf_parser
import pytest

from citygraph import Project
from citygraph.config import read_config
from citygraph.publish import (
    PROFILES,
    Published,
    check_harvest,
    check_profile,
    package_of,
    read_shapes,
    run_shapes,
    score_of,
    write_record,
)
from citygraph.publish.catalog import DcatDataset, catalog_of
from citygraph.publish.check import closure_of
from citygraph.rdf import Iri, Literal, Triple
from citygraph.saved_query import read_saved_query
from conftest import ROOT, TODAY
from portal_record import BASE, ITEMS, catalog, iri, many, subjects

_ANSWERS: Final = 5
_WHOLE: Final = ("dcat-ap-no-2", "dcat-ap-no-3")
"""The profiles that stand in one file whatever the size."""


def _record(name: str) -> list[Triple]:
    return write_record(many(_ANSWERS), PROFILES[name])


def _objects(triples: list[Triple], thing: str, predicate: str) -> set[str]:
    return {str(t.object).strip("<>") for t in triples if t.subject == Iri(thing) and t.predicate == iri(predicate)}


@pytest.mark.parametrize("is_series", [True, False])
def test_the_answers_are_a_series_of_datasets_or_files_of_the_graph(*, is_series: bool) -> None:
    config = read_config(ROOT).having("publish.query_datasets", value=is_series)
    question = read_saved_query(ROOT / "queries" / "members.rq")
    it = catalog_of(config, ITEMS, period=("", ""), modified=TODAY, queries=[question])
    assert [each.query for each in it.answers] == ["members"] * is_series
    assert any(each.by_query for each in it.dataset.distributions) != is_series
    known = [each.iri for dataset in it.datasets for each in dataset.distributions]
    assert known == [f"{BASE}distribution/graph-ttl", f"{BASE}distribution/members-csv"]
    assert (it.series is not None) == is_series


def test_what_is_published_without_a_word_is_a_series(published: tuple[Path, Published]) -> None:
    it = published[1].catalog
    assert len(it.answers) > 20
    assert it.series is not None
    assert it.series.identifier == "city-networks-answers"
    assert not any(each.by_query for each in it.dataset.distributions)


def test_an_answer_speaks_of_the_day_that_it_was_asked_about(published: tuple[Path, Published]) -> None:
    it = published[1].catalog
    said = json.loads((published[0] / "queries/members.csv-metadata.json").read_text(encoding="utf-8"))
    day = said["dc:temporal"]["@value"]
    assert {each.period for each in it.answers} == {(day, day)}
    assert it.dataset.period[0] < it.dataset.period[1]
    members = next(each for each in it.answers if each.query == "members")
    for name in PROFILES:
        found = _objects(write_record(it, PROFILES[name]), f"{members.iri}/period", "dcat:startDate")
        assert [each.split('"')[1] for each in found] == [day]


@pytest.mark.parametrize("name", PROFILES)
def test_each_answer_is_in_the_series_and_nothing_else_is(name: str) -> None:
    it, triples = many(_ANSWERS), _record(name)
    assert it.series is not None
    (series,) = subjects(triples, "dcat:DatasetSeries")
    assert series.value == it.series.iri == f"{BASE}dataset/answers"
    inside = {t.subject for t in triples if t.predicate == iri("dcat:inSeries") and t.object == series}
    assert inside == {Iri(each.iri) for each in it.answers}
    assert _objects(triples, series.value, "dct:publisher")
    linked = series.value in _objects(triples, f"{BASE}catalog", "dcat:dataset")
    assert linked == (name in _WHOLE)
    first = _objects(triples, series.value, "dcat:first")
    assert first == ({it.answers[0].iri} if name in _WHOLE else set())
    assert not subjects(write_record(it, PROFILES[name], datasets=[it.dataset]), "dcat:DatasetSeries")


def test_every_question_that_was_answered_is_a_dataset_with_its_words_and_files(
    in_pages: tuple[Path, Published], this_project: Project
) -> None:
    folder, outcome = in_pages
    assert outcome.written
    it = outcome.catalog
    assert not any(each.by_query for each in it.dataset.distributions)
    queries = {each.name: each for each in this_project.queries()}
    wanted = {path.stem for path in (folder / "queries").glob("*.csv")}
    assert {each.query for each in it.answers} == wanted
    for each in it.answers:
        account = json.loads((folder / "queries" / f"{each.query}.json").read_text(encoding="utf-8"))["account"]
        for language in ("nb", "en"):
            question = queries[each.query].question.in_language(language)
            assert each.description.in_language(language) == f"{question} {account['words'][language]}"
    members = next(each for each in it.answers if each.query == "members")
    assert "2 of 140 stated" in members.description.en
    assert members.description.nb.startswith(
        "Hvem er med i hvert nettverk, og som hva? Per 2020-11-05: 5 gjelder, 1 sist"
    )
    assert len(wanted) > 20
    for each in it.answers:
        assert each.title == queries[each.query].title
        files = {distribution.url.removeprefix(BASE) for distribution in each.distributions}
        tables = {path.name for path in (folder / "queries").glob(f"{each.query}.*")}
        assert files == {f"queries/{name}" for name in tables - {f"{each.query}.csv-metadata.json"}}
        assert each.landing_page == f"{BASE}queries/{each.query}"
        assert each.derived_from == it.dataset.iri
    identifiers = [each.identifier for each in it.datasets]
    assert len({*identifiers, *(each.iri for each in it.datasets)}) == 2 * len(identifiers)


@pytest.mark.parametrize("name", PROFILES)
def test_a_record_of_many_datasets_passes_its_profile_and_the_harvester(name: str) -> None:
    triples = _record(name)
    assert len(subjects(triples, "dcat:Dataset")) == _ANSWERS + 1
    assert check_profile(triples, PROFILES[name]) == []
    assert check_harvest(triples, base=BASE) == []


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("dcat-ap-3", "dcat-ap-3.0.1/shapes.ttl"),
        ("dcat-ap-3", "dcat-ap-3.0.1/range.ttl"),
        ("dcat-ap-3", "dcat-ap-3.0.1/shapes_recommended.ttl"),
        ("dcat-ap-no-2", "dcat-ap-no/shacl/DCAT-AP-NO-shacl_shapes_2.00.ttl"),
    ],
)
def test_the_official_shapes_have_nothing_to_say(name: str, file: str, reference_data: Path) -> None:
    assert run_shapes(_record(name), read_shapes(reference_data / file)) == []


@pytest.mark.parametrize("name", PROFILES)
def test_an_answer_says_what_it_was_made_from_in_the_words_of_the_profile(name: str) -> None:
    it, triples = many(_ANSWERS), _record(name)
    for each in it.answers:
        for predicate in PROFILES[name].derived_from:
            assert _objects(triples, each.iri, predicate) == {it.dataset.iri}
    used = {t.predicate for t in triples if t.object == Iri(it.dataset.iri)}
    assert {iri(each) for each in PROFILES[name].derived_from} <= used
    assert ("dct:source" in PROFILES[name].derived_from) == (name in _WHOLE)


_LINKS: Final = [(name, predicate) for name, profile in PROFILES.items() for predicate in profile.derived_from]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "predicate"), _LINKS)
@pytest.mark.parametrize(
    "wrong",
    [Literal("the graph"), Literal(f"{BASE}dataset/graph"), Iri("http://example.com/graph"), Iri(f"{BASE}id/oslo")],
    ids=["a text", "an address as text", "a relative address", "a thing of the graph"],
)
def test_a_wrong_link_to_what_an_answer_was_made_from_is_caught(
    name: str, predicate: str, wrong: Iri | Literal
) -> None:
    answer, triples = Iri(many(_ANSWERS).answers[0].iri), _record(name)
    others = [t for t in triples if (t.subject, t.predicate) != (answer, iri(predicate))]
    assert len(others) == len(triples) - 1
    broken = [*others, Triple(answer, iri(predicate), wrong)]
    assert check_profile(broken, PROFILES[name]) or check_harvest(broken, base=BASE)


@pytest.mark.parametrize("name", _WHOLE)
def test_a_source_that_is_no_dataset_of_the_file_is_caught(name: str) -> None:
    answer = Iri(many(_ANSWERS).answers[0].iri)
    broken = [*_record(name), Triple(answer, iri("dct:source"), Iri("https://data.example.org/elsewhere"))]
    assert check_profile(broken, PROFILES[name])


@pytest.mark.parametrize("name", PROFILES)
def test_each_service_serves_what_it_gives(name: str) -> None:
    it, triples = many(_ANSWERS), _record(name)
    assert _objects(triples, f"{BASE}service/sparql", "dcat:servesDataset") == {it.dataset.iri}
    answers = {each.iri for each in it.answers}
    assert _objects(triples, f"{BASE}service/queries", "dcat:servesDataset") == answers
    assert _objects(write_record(catalog(), PROFILES[name]), f"{BASE}service/queries", "dcat:servesDataset") == {
        catalog().dataset.iri
    }


@pytest.mark.parametrize("name", PROFILES)
def test_what_a_harvester_takes_as_one_dataset_holds_nothing_of_the_others(name: str) -> None:
    it, triples = many(_ANSWERS), _record(name)
    datasets: set[object] = {Iri(each.iri) for each in it.datasets}
    files = {each.iri: {d.iri for d in each.distributions} for each in it.datasets}
    for each in it.datasets:
        taken = {str(t.subject).strip("<>") for t in closure_of(triples, Iri(each.iri), others=datasets)}
        assert files[each.iri] <= taken
        assert not taken & {other.iri for other in it.datasets if other != each}
        assert not taken & set().union(*(files[other.iri] for other in it.datasets if other != each))


@pytest.mark.slow
def test_the_score_is_the_mean_of_the_datasets(in_pages: tuple[Path, Published]) -> None:
    assert in_pages[1].score.points == 405
    triples = _record("dcat-ap-3")
    one = many(_ANSWERS).answers[2].iri
    without = [t for t in triples if (t.subject, t.predicate) != (Iri(one), iri("dcat:keyword"))]
    assert score_of(without, ()).points == 405 - 30 / (_ANSWERS + 1)
    # A fault of one dataset costs that one its compliance, one of the catalogue costs all of them theirs.
    for things, lost in (((one,), 30 / (_ANSWERS + 1)), ((f"{BASE}catalog",), 30), ((f"{BASE}agent/publisher",), 30)):
        title = iri("foaf:name" if things[0].endswith("publisher") else "dct:title")
        broken = [t for t in triples if not (t.predicate == title and str(t.subject).strip("<>") in things)]
        assert score_of(broken, check_profile(broken, PROFILES["dcat-ap-3"])).points == 405 - lost


@pytest.mark.parametrize("name", _WHOLE)
@pytest.mark.filterwarnings("ignore")
def test_the_parser_of_data_norge_no_reads_all_of_them_from_one_file(
    name: str, in_pages: tuple[Path, Published]
) -> None:
    folder, outcome = in_pages
    text = (folder / f"catalog/{name}.ttl").read_text(encoding="utf-8")
    assert "hydra" not in text
    assert list((folder / "catalog").glob(f"{name}-*")) == []
    wanted = {each.iri: each for each in outcome.catalog.datasets}
    found = fdk_rdf_parser.parse_datasets(text)
    series = outcome.catalog.series
    assert series is not None
    in_order = sorted(each.iri for each in outcome.catalog.answers)
    if read := found.pop(series.iri, None):
        assert read.title == series.title.to_json()
        assert read.datasetsInSeries == in_order[::-1]
    assert (read is not None) == (name == "dcat-ap-no-3")
    assert {each.uri for each in found.values() if each.inSeries} == set(in_order)
    assert {each.inSeries.uri for each in found.values() if each.inSeries} == {series.iri}
    assert set(found) == set(wanted)
    for address, dataset in found.items():
        assert dataset.title == wanted[address].title.to_json()
        assert dataset.description == wanted[address].description.to_json()
        assert {url for each in dataset.distribution for url in each.downloadURL} == {
            each.url for each in wanted[address].distributions
        }
        sources = [each.source.uri for each in dataset.references or ()]
        assert sources == [each for each in [wanted[address].derived_from] if each]
    services = fdk_rdf_parser.parse_data_services(text)
    assert {each.uri for each in services.values()} == {each.iri for each in outcome.catalog.services}


@pytest.mark.slow
def test_a_word_of_an_internal_file_in_a_question_stops_the_run_on_its_page(own_copy: Path, tmp_path: Path) -> None:
    (own_copy / "data" / "internal").mkdir()
    (own_copy / "data" / "internal" / "plans.ttl").write_text(
        "@prefix id: <https://w3id.org/citygraph/id/> .\n@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        'id:oslo-kommune skos:editorialNote "Vi vurderer å tre ut av nettverket neste år"@nb .\n',
        encoding="utf-8",
    )
    keys = '[publish]\nquery_datasets = true\npage_size = 2\ninternal = ["data/internal/*.ttl"]\n'
    path = own_copy / "graph.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[publish]\n", keys), encoding="utf-8")
    (own_copy / "queries" / "zz-plans.rq").write_text(
        '#+ title:    { nb: "Planer", en: "Plans" }\n'
        '#+ question: { nb: "Vi vurderer å tre ut av nettverket neste år", en: "What is planned?" }\n'
        "#+ columns:  [thing]\nSELECT ?thing WHERE { ?thing a <https://w3id.org/citygraph/ontology#CityNetwork> }\n",
        encoding="utf-8",
    )
    outcome = Project.open(own_copy, today=TODAY).publish(tmp_path / "site")
    leaks = {each.file for each in outcome.report if each.code == "publish-leak"}
    last = (len(outcome.catalog.datasets) + 1) // 2
    assert {f"catalog/dcat-ap-3-{last}.{ending}" for ending in ("ttl", "rdf", "jsonld")} <= leaks
    assert "catalog/dcat-ap-no-2.ttl" in leaks
    assert "catalog/dcat-ap-3.ttl" not in leaks
    assert not outcome.written


def _package_name(identifier: str) -> str:
    answer = many(1).answers[0]
    return str(package_of(many(1), dataset=replace(answer, identifier=identifier))["name"])


def test_long_names_of_questions_stay_apart_on_a_portal() -> None:
    names = {_package_name("a" * 100 + ending) for ending in ("", "-one", "-two")}
    assert len(names) == 3
    assert all(len(each) <= 100 for each in names)
    assert _package_name("city-networks-query-members") == "city-networks-query-members"


def _texts(dataset: DcatDataset) -> list[str]:
    package = package_of(many(_ANSWERS), dataset=dataset)
    return [package["title"], package["notes"], package["url"], *(each["url"] for each in package["resources"])]


def test_the_package_of_an_answer_has_its_own_words_and_files() -> None:
    first, second = many(_ANSWERS).answers[:2]
    assert _texts(first)[0] == "Spørsmål 1"
    assert set(_texts(first)) & set(_texts(second)) == {first.description.nb}
