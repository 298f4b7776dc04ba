"""ckanext-dcat's own parser, in the environment of CKAN, reads every field of each catalogue in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from citygraph.export import export_bytes
from citygraph.messages import Text
from citygraph.publish import PROFILES, Published, write_record
from citygraph.publish.catalog import Agent, Catalog
from citygraph.publish.ckan_package import Portal, extras_of, package_of
from citygraph.publish.record import NAMESPACES
from citygraph.publish.write import DATA_FORMATS
from citygraph.rdf import Quad
from ckan_server import read_as_ckan, skip_without_ckan
from portal_record import catalog

Read = Mapping[tuple[str, ...], dict[str, Any]]

_FORMATS: Final = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}
_PARSERS: Final = {"dcat-ap-3": "euro_dcat_ap_3", "dcat-ap-no-3": "euro_dcat_ap_3", "dcat-ap-no-2": "euro_dcat_ap_2"}
_AGENT: Final = Agent(
    "https://organization-catalog.fellesdatakatalog.digdir.no/organizations/958935420",
    Text("Oslo kommune", "City of Oslo"),
    "958935420",
    "http://purl.org/adms/publishertype/LocalAuthority",
    "https://oslo.kommune.no/",
)


def _catalog() -> Catalog:
    return replace(catalog(), publisher=_AGENT)


def _jobs(folder: Path) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    """What is read, each under a name of its own: every format of every profile, and the multilingual ones."""
    for name, profile in PROFILES.items():
        triples = write_record(_catalog(), profile)
        quads = [Quad(each.subject, each.predicate, each.object) for each in triples]
        for ending, format_ in _FORMATS.items():
            path = folder / f"{name}.{ending}"
            path.write_bytes(export_bytes(quads, format=ending, prefixes=NAMESPACES))
            job: dict[str, object] = {
                "path": str(path),
                "format": format_,
                "language": "nb",
                "profiles": [_PARSERS[name]],
            }
            yield (name, ending), job
            if ending == "ttl":
                yield (name, "multilingual"), {**job, "profiles": [_PARSERS[name], "euro_dcat_ap_scheming"]}
                yield (name, "en"), {**job, "language": "en"}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, published: tuple[Path, Published]) -> Read:
    """The one dataset that ckanext-dcat finds in each catalogue; of the published one the graph, and the answers beside it."""
    skip_without_ckan()
    jobs = dict(_jobs(tmp_path_factory.mktemp("catalogs")))
    whole = published[0] / "catalog" / "dcat-ap-3.ttl"
    jobs["whole",] = {"path": str(whole), "format": "turtle", "language": "nb", "profiles": ["euro_dcat_ap_3"]}
    answers = read_as_ckan(list(jobs.values()))
    whole_one = {extras_of(each)["uri"]: each for each in answers[-1]}
    assert set(whole_one) == {each.iri for each in published[1].catalog.datasets}
    answers[-1] = [whole_one[published[1].catalog.dataset.iri]]
    assert [len(each) for each in answers] == [1] * len(jobs)
    return {name: datasets[0] for name, datasets in zip(jobs, answers, strict=True)}


@pytest.mark.parametrize("format_", _FORMATS)
@pytest.mark.parametrize("name", PROFILES)
def test_every_field_of_the_dataset_is_read(name: str, format_: str, read: Read) -> None:
    found = read[name, format_]
    it = _catalog()
    dataset, contact = it.dataset, it.contact
    assert contact is not None
    themes = dataset.themes if name == "dcat-ap-3" else (*dataset.themes, *dataset.los)
    extras = extras_of(found)
    for key in ("theme", "language"):
        extras[key] = json.loads(extras[key])
    assert extras == {
        "uri": dataset.iri,
        "identifier": dataset.identifier,
        "issued": dataset.issued,
        "modified": dataset.modified,
        "theme": sorted(themes),
        "language": sorted(it.languages),
        "spatial_uri": dataset.spatial[0],
        "temporal_start": dataset.period[0],
        "temporal_end": dataset.period[1],
        "frequency": dataset.frequency,
        "access_rights": dataset.access,
        "provenance": extras["provenance"],
        "publisher_uri": _AGENT.iri,
        "publisher_name": _AGENT.name.nb,
        "publisher_identifier": _AGENT.identifier,
        "publisher_type": _AGENT.type,
        "publisher_url": _AGENT.homepage,
        "contact_uri": contact.iri,
        "contact_name": contact.name.nb,
        "contact_email": contact.email.removeprefix("mailto:"),
        "contact_url": contact.url,
        # Not ours: the parser puts the portal itself where a dataset has no foaf:homepage.
        "homepage": "https://portal.example.org",
    }
    # The parser looks at no language where it reads the label of a provenance.
    assert extras["provenance"] in dataset.provenance.to_json().values()
    assert (found["title"], found["notes"]) == (dataset.title.nb, dataset.description.nb)
    assert (found["url"], found["version"]) == (dataset.landing_page, dataset.version)
    assert [each["name"] for each in found["tags"]] == sorted(w for words in dataset.keywords.values() for w in words)
    generated = found.get("provenance_activity", [])
    assert [each["uri"] for each in generated] == [each for each in [PROFILES[name].generated_by] if each]


@pytest.mark.parametrize("name", PROFILES)
def test_every_field_of_the_files_is_read(name: str, read: Read) -> None:
    found = read[name, "ttl"]
    it, profile = _catalog(), PROFILES[name]
    files = {each["uri"]: each for each in found["resources"]}
    assert set(files) == {each.iri for each in it.dataset.distributions}
    for each in it.dataset.distributions:
        resource = dict(files[each.iri])
        services = json.loads(resource.pop("access_services", "[]"))
        assert json.loads(resource.pop("language")) == sorted(it.languages)
        assert resource == {
            "uri": each.iri,
            "distribution_ref": each.iri,
            "name": each.title.nb,
            "description": each.description.nb,
            "url": each.url,
            "access_url": each.url,
            "download_url": each.url,
            "format": each.format,
            "mimetype": profile.media_types + each.media_type,
            "size": each.byte_size,
            "license": it.licence,
            "rights": it.rights_iri,
            "status": profile.status(it.status),
            "availability": it.availability,
            "issued": it.issued,
            "modified": it.modified,
        }
        assert len(services) == (profile.access_service and each.by_query)
        for service in services:
            meant = next(one for one in it.services if one.is_api)
            assert service["uri"] == meant.iri
            assert (service["title"], service["description"]) == (meant.title.nb, meant.description.nb)
            assert service["endpoint_url"] == [meant.endpoint]
            assert service["endpoint_description"] == meant.endpoint_description
            assert service["serves_dataset"] == [it.dataset.iri]
            assert service["conforms_to"] == [meant.conforms_to[0]]
            assert service["format"] == [meant.format]
            assert service["license"] == it.licence
            assert service["access_rights"] == it.dataset.access
            assert service["publisher"][0]["identifier"] == _AGENT.identifier
            assert service["contact"][0]["email"] == extras_of(found)["contact_email"]


@pytest.mark.parametrize("name", PROFILES)
def test_a_portal_with_a_multilingual_schema_reads_both_languages(name: str, read: Read) -> None:
    found = read[name, "multilingual"]
    it = _catalog()
    assert it.contact is not None
    assert found["title_translated"] == it.dataset.title.to_json()
    assert found["notes_translated"] == it.dataset.description.to_json()
    assert found["provenance"] == it.dataset.provenance.to_json()
    assert {k: sorted(v) for k, v in found["tags_translated"].items()} == {
        language: sorted(words) for language, words in it.dataset.keywords.items()
    }
    assert found["contact"][0]["name_translated"] == it.contact.name.to_json()
    files = {each["uri"]: each for each in found["resources"]}
    for each in it.dataset.distributions:
        assert files[each.iri]["name_translated"] == each.title.to_json()
        assert files[each.iri]["description_translated"] == each.description.to_json()


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_push_gives_the_portal_what_a_harvest_would(language: str, read: Read) -> None:
    harvested = read["dcat-ap-3", "en" if language == "en" else "ttl"]
    pushed = package_of(_catalog(), Portal(language))
    theirs, ours = extras_of(harvested), extras_of(pushed)
    # The parser looks at no language where it reads the label of a provenance.
    assert theirs["provenance"] in _catalog().dataset.provenance.to_json().values()
    theirs["provenance"] = ours["provenance"]
    assert theirs == {key: value for key, value in ours.items() if key != "spatial_text"} | {
        "homepage": "https://portal.example.org"
    }
    for field in ("title", "notes", "url", "version", "tags"):
        assert pushed[field] == harvested[field]
    files = {each["uri"]: each for each in harvested["resources"]}
    for resource in pushed["resources"]:
        # People read these two on the page of the portal; a push gives words where a harvest gives addresses.
        shown = {"format", "mimetype"}
        other = {key: value for key, value in files[resource["uri"]].items() if key not in {*shown, "distribution_ref"}}
        assert {key: value for key, value in resource.items() if key not in shown} == other


def test_every_file_of_the_reference_graph_is_read(read: Read, published: tuple[Path, Published]) -> None:
    wanted = {each.url for each in published[1].catalog.dataset.distributions}
    assert {each["download_url"] for each in read["whole",]["resources"]} == wanted
    assert len(wanted) == len(DATA_FORMATS)
