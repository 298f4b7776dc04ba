"""A push to a real CKAN on loopback: made once, changed where it differs, then left alone."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from citygraph import Project
from citygraph.errors import PublishError
from citygraph.export import export_bytes
from citygraph.messages import Text
from citygraph.publish import PROFILES, Published, Pushed, ckan_client, push_to_ckan, write_record
from citygraph.publish.catalog import Agent, Catalog
from citygraph.publish.ckan import Client
from citygraph.publish.ckan_package import extras_of
from citygraph.publish.record import NAMESPACES
from citygraph.rdf import Iri, Quad, parse
from ckan_server import Ckan, read_as_ckan, running_ckan, skip_without_ckan_server
from clean_project import clean_project
from conftest import TODAY
from portal_record import catalog, iri, many

_NAME: Final = "city-networks-graph"


@dataclass
class Spy:
    """A client that remembers what it was asked for, and can lose its connection."""

    client: Client
    actions: list[str]
    breaks_after: int = 1000

    @property
    def writes(self) -> list[str]:
        """The actions that change something."""
        reads = {"package_show", "package_search"}
        return [each for each in self.actions if each.startswith(("package_", "resource_")) and each not in reads]

    def call_action(
        self,
        action: str,
        data_dict: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Call one action, or fail."""
        if len(self.writes) >= self.breaks_after:
            message = "the cable was pulled"
            raise ConnectionError(message)
        self.actions.append(action)
        return self.client.call_action(action, data_dict, files=files)


@pytest.fixture(scope="module")
def ckan() -> Iterator[Ckan]:
    """The portal; the tests of this module push to it one after the other."""
    skip_without_ckan_server()
    with running_ckan() as running:
        for name in ("oslo", "bergen"):
            running.call("organization_create", name=name, title=name.capitalize())
        yield running


@pytest.fixture(scope="module")
def token(ckan: Ckan) -> str:
    """The token of somebody who may write in the organisation `oslo` alone."""
    return ckan.new_editor("kari", "oslo")


@pytest.fixture
def portal(ckan: Ckan, token: str) -> Iterator[Spy]:
    """The portal without our dataset."""
    yield Spy(ckan_client(ckan.url, token), [])
    # A private or deleted dataset is in no list.
    with contextlib.suppress(httpx.HTTPStatusError):
        ckan.call("dataset_purge", id=_NAME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published folder with the two files that the small catalogue describes."""
    for path in ("data/graph.ttl", "queries/members.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"the text of {path}", encoding="utf-8")
    return tmp_path


def _push(portal: Spy, it: Catalog | None = None, **options: Any) -> Pushed:  # noqa: ANN401  # those of the function
    (pushed,) = push_to_ckan(it or catalog(), portal, organization="oslo", **options)
    return pushed


def _shown(ckan: Ckan) -> dict[str, Any]:
    found: dict[str, Any] = ckan.call("package_show", id=_NAME)
    return found


def _activities(ckan: Ckan) -> list[str]:
    """What CKAN remembers as changes, its word for revisions."""
    return [each["activity_type"] for each in ckan.call("package_activity_list", id=_NAME)]


def _titled(words: Text) -> Catalog:
    return replace(catalog(), dataset=replace(catalog().dataset, title=words))


def test_a_second_push_changes_nothing(ckan: Ckan, portal: Spy) -> None:
    assert _push(portal).outcome == "created"
    before = _shown(ckan)
    assert ckan.call("package_list") == [_NAME]
    assert _activities(ckan) == ["new package"]
    assert _push(portal).outcome == "unchanged"
    assert portal.writes == ["package_create"]
    assert _shown(ckan) == before
    assert _activities(ckan) == ["new package"]
    assert ckan.call("package_list") == [_NAME]


def test_an_update_changes_what_differs_and_keeps_what_is_not_ours(ckan: Ckan, portal: Spy) -> None:
    _push(portal)
    held = _shown(ckan)
    theirs = [*held["extras"], {"key": "theirs", "value": "x"}]
    ckan.call("package_patch", id=held["id"], author_email="somebody@example.org", extras=theirs)
    before = _shown(ckan)
    pushed = _push(portal, _titled(Text("Nytt navn", "New name")))
    assert pushed.outcome == "updated"
    assert [(each.field, each.old, each.new) for each in pushed.changes] == [("title", "City networks", "New name")]
    after = _shown(ckan)
    assert after["metadata_modified"] > before["metadata_modified"]
    assert extras_of(after) == extras_of(before)
    changed = {key for key in after if after[key] != before[key]}
    # CKAN keeps extras in no order.
    assert changed - {"extras"} == {"title", "metadata_modified"}
    assert _activities(ckan)[0] == "changed package"


def test_one_file_that_differs_leaves_the_others_alone(ckan: Ckan, portal: Spy) -> None:
    _push(portal)
    before = {each["uri"]: each for each in _shown(ckan)["resources"]}
    first, second = catalog().dataset.distributions
    dataset = replace(catalog().dataset, distributions=(replace(first, byte_size=7), second))
    (change,) = _push(portal, replace(catalog(), dataset=dataset)).changes
    assert (change.field, change.old, change.new) == (f"resources.{first.iri}.size", 1234, 7)
    after = {each["uri"]: each for each in _shown(ckan)["resources"]}
    assert after[second.iri] == before[second.iri]
    assert (after[first.iri]["size"], after[first.iri]["id"]) == (7, before[first.iri]["id"])
    dataset = replace(catalog().dataset, distributions=(first,))
    gone = _push(portal, replace(catalog(), dataset=dataset)).changes
    assert [each.field for each in gone] == [f"resources.{second.iri}", f"resources.{first.iri}.size"]
    assert [each["uri"] for each in _shown(ckan)["resources"]] == [first.iri]


def test_a_dry_run_shows_the_difference_and_writes_nothing(ckan: Ckan, portal: Spy) -> None:
    pushed = _push(portal, dry_run=True)
    assert (pushed.outcome, ckan.call("package_list")) == ("created", [])
    assert {"name", "title", "resources"} <= {each.field for each in pushed.changes}
    _push(portal)
    before = _shown(ckan)
    dataset = replace(catalog().dataset, version="2")
    pushed = _push(portal, replace(catalog(), dataset=dataset), dry_run=True)
    assert (pushed.outcome, [each.field for each in pushed.changes]) == ("updated", ["version"])
    assert _shown(ckan) == before
    assert portal.writes == ["package_create"]


def test_files_are_sent_once_and_again_when_they_have_changed(ckan: Ckan, portal: Spy, folder: Path) -> None:
    assert _push(portal, upload=folder).outcome == "created"
    assert portal.writes == ["package_create", "resource_patch", "resource_patch"]
    held = _shown(ckan)
    for resource in held["resources"]:
        assert resource["url"].startswith(ckan.url)
        assert ckan.get(resource["url"].removeprefix(ckan.url)).text.startswith("the text of ")
    assert _push(portal, upload=folder).outcome == "unchanged"
    assert _shown(ckan) == held
    (folder / "data/graph.ttl").write_text("another text", encoding="utf-8")
    portal.actions.clear()
    pushed = _push(portal, upload=folder)
    assert [each.field.rpartition(".")[2] for each in pushed.changes] == ["hash"]
    assert portal.writes == ["package_update", "resource_patch"]
    assert [ckan.get(each["url"].removeprefix(ckan.url)).text for each in _shown(ckan)["resources"]] == [
        "another text",
        "the text of queries/members.csv",
    ]


def test_a_push_that_broke_off_is_taken_up_again(ckan: Ckan, portal: Spy, folder: Path) -> None:
    portal.breaks_after = 2
    with pytest.raises(PublishError, match="the cable was pulled"):
        _push(portal, upload=folder)
    portal.breaks_after = 1000
    portal.actions.clear()
    pushed = _push(portal, upload=folder)
    assert [each.field.rpartition(".")[2] for each in pushed.changes] == ["hash"]
    assert portal.writes == ["package_update", "resource_patch"]
    assert {each["url_type"] for each in _shown(ckan)["resources"]} == {"upload"}
    assert _push(portal, upload=folder).outcome == "unchanged"


def test_a_dataset_goes_from_sent_files_to_links_and_back(ckan: Ckan, portal: Spy, folder: Path) -> None:
    _push(portal, upload=folder)
    assert _push(portal).outcome == "updated"
    addresses = [each.url for each in catalog().dataset.distributions]
    assert [each["url"] for each in _shown(ckan)["resources"]] == addresses
    assert _push(portal).outcome == "unchanged"
    assert _push(portal, upload=folder).outcome == "updated"
    assert all(each["url"].startswith(ckan.url) for each in _shown(ckan)["resources"])
    assert _push(portal, upload=folder).outcome == "unchanged"


def test_without_the_published_files_nothing_is_sent(ckan: Ckan, portal: Spy, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="cannot be read"):
        _push(portal, upload=tmp_path / "nowhere")
    assert ckan.call("package_list") == []


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize("options", [{"organization": "oslo"}, {}, {"organization": "oslo", "dry_run": True}])
def test_a_wrong_token_is_an_error_that_names_the_variable(ckan: Ckan, token: str, options: dict[str, Any]) -> None:
    with pytest.raises(PublishError, match="does not let you in") as refused:
        push_to_ckan(catalog(), ckan_client(ckan.url, token), **options)
    assert "CITYGRAPH_CKAN_TOKEN" in refused.value.fix
    assert ckan.call("package_list") == []


@pytest.mark.parametrize("organization", ["bergen", "nowhere"])
def test_an_organisation_that_one_may_not_write_to_is_an_error_that_names_the_others(
    ckan: Ckan, portal: Spy, organization: str
) -> None:
    with pytest.raises(PublishError, match=organization) as refused:
        push_to_ckan(catalog(), portal, organization=organization)
    assert refused.value.fix == "Name one that you may write to: oslo"
    assert ckan.call("package_list") == []


def test_a_portal_that_wants_an_organisation_says_so(portal: Spy) -> None:
    with pytest.raises(PublishError, match="owner_org") as refused:
        push_to_ckan(catalog(), portal)
    assert "--organization" in refused.value.fix


def test_a_dataset_of_somebody_else_with_the_same_name_is_left_alone(ckan: Ckan, portal: Spy) -> None:
    ckan.call("package_create", name=_NAME, title="Something else", owner_org="oslo")
    before = _shown(ckan)
    with pytest.raises(PublishError, match="another dataset with the name city-networks-graph") as refused:
        _push(portal)
    assert "another identifier" in refused.value.fix
    assert _shown(ckan) == before
    # One that may not even be seen is not made a second time either.
    ckan.call("package_patch", id=_NAME, owner_org="bergen", private=True)
    with pytest.raises(PublishError, match="may not see"):
        _push(portal)


def test_a_dataset_that_was_deleted_comes_back(ckan: Ckan, portal: Spy) -> None:
    _push(portal)
    ckan.call("package_delete", id=_NAME)
    pushed = _push(portal)
    assert [(each.field, each.old, each.new) for each in pushed.changes] == [("state", "deleted", "active")]
    assert _shown(ckan)["state"] == "active"
    assert _push(portal).outcome == "unchanged"


def test_the_portal_knows_the_licence_as_an_open_one(ckan: Ckan, portal: Spy) -> None:
    table = "http://publications.europa.eu/resource/authority/licence/"
    for code, name in {"CC_BY_4_0": "cc-by", "CC0": "cc-zero", "NLOD_2_0": "other-at", "ODC_BL": "odc-odbl"}.items():
        _push(portal, replace(catalog(), licence=table + code))
        assert (_shown(ckan)["license_id"], _shown(ckan)["isopen"]) == (name, True)
    _push(portal, replace(catalog(), licence="https://example.org/licence"))
    assert _shown(ckan)["license_id"] == "notspecified"


def test_difficult_words_arrive_and_stay(ckan: Ckan, portal: Spy) -> None:
    dataset = replace(
        catalog().dataset,
        title=Text("«Bynett»", "“City” & <b>networks</b> 𝄞"),
        keywords={"en": ("a", "R&D: cities", "ÆØÅ", "x" * 200, "new\nline")},
    )
    _push(portal, replace(catalog(), dataset=dataset))
    assert _shown(ckan)["title"] == "“City” & <b>networks</b> 𝄞"
    assert sorted(each["name"] for each in _shown(ckan)["tags"]) == ["R D  cities", "new line", "x" * 100, "ÆØÅ"]
    assert _push(portal, replace(catalog(), dataset=dataset)).outcome == "unchanged"


def test_the_portal_gives_our_record_back(ckan: Ckan, portal: Spy) -> None:
    agent = Agent(
        "https://organization-catalog.fellesdatakatalog.digdir.no/organizations/958935420",
        Text("Oslo kommune", "City of Oslo"),
        "958935420",
        "http://purl.org/adms/publishertype/LocalAuthority",
        "https://oslo.kommune.no/",
    )
    it = replace(catalog(), publisher=agent)
    _push(portal, it)
    data = ckan.get(f"/dataset/{_NAME}.ttl")
    assert data.status_code == 200
    found = {quad.triple for quad in parse(data.content, format="ttl").quads}

    def values(thing: str, *path: str) -> set[str]:
        terms = {Iri(thing)}
        for each in path:
            terms = {t.object for t in found if t.subject in terms and t.predicate == iri(each)}  # type: ignore[misc]
        return {each.value for each in terms}

    dataset = it.dataset
    assert values(dataset.iri, "dct:title") == {"City networks"}
    assert values(dataset.iri, "dct:identifier") == {_NAME}
    assert values(dataset.iri, "dcat:theme") == set(dataset.themes)
    assert values(dataset.iri, "dct:language") == set(it.languages)
    assert values(dataset.iri, "dct:accessRights") == {dataset.access}
    assert values(dataset.iri, "dct:accrualPeriodicity") == {dataset.frequency}
    assert values(dataset.iri, "dct:spatial") == set(dataset.spatial)
    assert values(dataset.iri, "dct:temporal", "dcat:startDate") == {dataset.period[0]}
    assert values(dataset.iri, "dcat:contactPoint", "vcard:hasEmail") == {it.contact.email if it.contact else ""}
    assert values(dataset.iri, "dct:publisher") == {agent.iri}
    assert values(agent.iri, "foaf:name") == {"City of Oslo"}
    assert values(agent.iri, "dct:identifier") == {"958935420"}
    assert values(dataset.iri, "dcat:distribution") == {each.iri for each in dataset.distributions}
    for each in dataset.distributions:
        assert values(each.iri, "dcat:accessURL") == values(each.iri, "dcat:downloadURL") == {each.url}
        assert values(each.iri, "dct:license") == {it.licence}
        assert values(each.iri, "dcat:byteSize") == {str(each.byte_size)}
        assert values(each.iri, "dct:rights") == {it.rights_iri}
    listed = parse(ckan.get("/catalog.ttl").content, format="ttl")
    assert any(quad.object == Iri(dataset.iri) for quad in listed.quads)
    assert any("hydra" in quad.predicate.value for quad in listed.quads)


def test_a_harvested_catalogue_is_shown_again_and_why_it_names_no_access_service(
    ckan: Ckan, portal: Spy, tmp_path: Path
) -> None:
    jobs = []
    for name in ("dcat-ap-3", "dcat-ap-no-3"):
        quads = [Quad(each.subject, each.predicate, each.object) for each in write_record(catalog(), PROFILES[name])]
        path = tmp_path / f"{name}.ttl"
        path.write_bytes(export_bytes(quads, format="ttl", prefixes=NAMESPACES))
        jobs.append({"path": str(path), "format": "turtle", "language": "en", "profiles": ["euro_dcat_ap_3"]})
    shown = []
    for (dataset,) in read_as_ckan(jobs):
        dataset.pop("provenance_activity", None)
        ckan.call("package_create", **dataset, name=_NAME, owner_org="oslo")
        shown.append(ckan.get(f"/dataset/{_NAME}.ttl").status_code)
        ckan.call("dataset_purge", id=_NAME)
    # When the second becomes 200, ckanext-dcat has mended it, and dcat_ap_3.py need not leave the link out.
    assert shown == [200, 500]
    assert portal.writes == []


def test_the_command_takes_the_token_from_the_environment(
    ckan: Ckan, portal: Spy, token: str, tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    # A site of few files: each is sent by itself.
    project, site = clean_project(tmp_path / "project", questions=False), tmp_path / "site"
    published = Project.open(project, today=TODAY).publish(site)
    arguments = ("publish", "ckan", ckan.url, "--organization", "oslo", "--upload", str(site))
    refused = run(*arguments, cwd=project, CITYGRAPH_CKAN_TOKEN="")
    assert refused.returncode == 2
    assert "CITYGRAPH_CKAN_TOKEN" in refused.stderr
    assert ckan.call("package_list") == []
    made = run(*arguments, cwd=project, CITYGRAPH_CKAN_TOKEN=token)
    assert (made.returncode, "was created" in made.stderr) == (0, True), made.stderr
    assert 'title: null -> "City networks"' in made.stdout
    assert _push(portal, published.catalog, upload=site).outcome == "unchanged"
    assert len(_shown(ckan)["resources"]) == len(published.catalog.dataset.distributions) > 1


@pytest.fixture
def several(ckan: Ckan, portal: Spy) -> Iterator[Spy]:
    """The portal without any dataset of the larger catalogue."""
    yield portal
    for name in ckan.call("package_list"):
        ckan.call("dataset_purge", id=name)


def _push_all(portal: Spy, it: Catalog, **options: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # those of the function
    return [(each.name, each.outcome) for each in push_to_ckan(it, portal, organization="oslo", **options)]


def test_each_answer_is_a_dataset_of_the_portal_that_is_made_changed_and_left_alone_by_itself(
    ckan: Ckan, several: Spy
) -> None:
    it = many(2)
    names = [_NAME, "city-networks-query-question-1", "city-networks-query-question-2"]
    assert _push_all(several, it, dry_run=True) == [(name, "created") for name in names]
    assert several.writes == []
    assert _push_all(several, it) == [(name, "created") for name in names]
    assert sorted(ckan.call("package_list")) == names
    assert _push_all(several, it) == [(name, "unchanged") for name in names]
    changed = replace(it, answers=(it.answers[0], replace(it.answers[1], title=Text("Ny", "New"))))
    assert _push_all(several, changed) == [(names[0], "unchanged"), (names[1], "unchanged"), (names[2], "updated")]
    assert several.writes == ["package_create"] * 3 + ["package_update"]
    shown = ckan.call("package_show", id=names[2])
    assert shown["title"] == "New"
    assert {each["download_url"] for each in shown["resources"]} == {each.url for each in it.answers[1].distributions}
    assert extras_of(shown)["related_resource"] == f'["{it.dataset.iri}"]'
    # The portal says it to others as we said it to the portal.
    text = ckan.get(f"/dataset/{names[1]}.ttl").text
    triples = [quad.triple for quad in parse(text.encode(), format="ttl").quads]
    related = [t.object for t in triples if t.predicate == iri("dct:relation")]
    assert related == [Iri(it.dataset.iri)]


def test_a_dataset_that_the_catalogue_no_longer_has_stops_the_push_and_goes_when_that_is_said(
    ckan: Ckan, several: Spy
) -> None:
    it = many(2)
    _push_all(several, it)
    ckan.call("package_create", name="theirs", title="Theirs", owner_org="oslo")
    fewer, gone = replace(it, answers=it.answers[:1]), "city-networks-query-question-2"
    with pytest.raises(PublishError, match=f"'Question 2' \\({gone}\\)") as stopped:
        _push_all(several, fewer)
    assert "#+ replaces: OLD-NAME" in str(stopped.value.fix)
    assert several.writes == ["package_create"] * 3
    left = [(each.name, "unchanged") for each in push_to_ckan(fewer, several, organization="oslo", dry_run=True)][:2]
    assert _push_all(several, fewer, dry_run=True) == [*left, (gone, "deleted")]
    assert _push_all(several, fewer, allow_removal=True) == [*left, (gone, "deleted")]
    assert sorted(ckan.call("package_list")) == [_NAME, "city-networks-query-question-1", "theirs"]
    assert _push_all(several, fewer) == left
    assert _push_all(several, it)[2] == (gone, "updated")


def test_a_name_that_somebody_else_has_stops_the_push_before_the_first_dataset(ckan: Ckan, several: Spy) -> None:
    ckan.call("package_create", name="city-networks-query-question-2", title="Theirs", owner_org="oslo")
    with pytest.raises(PublishError, match="another dataset with the name city-networks-query-question-2"):
        _push_all(several, many(2))
    assert several.writes == []
    assert ckan.call("package_list") == ["city-networks-query-question-2"]


def test_the_files_of_each_answer_are_sent_once(ckan: Ckan, several: Spy, in_pages: tuple[Path, Published]) -> None:
    folder, outcome = in_pages
    dataset = replace(outcome.catalog.dataset, distributions=outcome.catalog.dataset.distributions[:3])
    it = replace(outcome.catalog, dataset=dataset, answers=outcome.catalog.answers[:2])
    assert [outcome for _, outcome in _push_all(several, it, upload=folder)] == ["created"] * 3
    sent = several.actions.count("resource_patch")
    assert sent == sum(len(each.distributions) for each in it.datasets)
    assert [outcome for _, outcome in _push_all(several, it, upload=folder)] == ["unchanged"] * 3
    assert several.actions.count("resource_patch") == sent
    for dataset in it.answers:
        shown = ckan.call("package_show", id=dataset.identifier)
        for resource in shown["resources"]:
            file = folder / resource["uri"].rpartition("/")[2].replace("-csv", ".csv")
            if file.suffix == ".csv":
                assert httpx.get(resource["url"]).content == (folder / "queries" / file.name).read_bytes()
