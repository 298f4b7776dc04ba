"""What portals know a dataset by stays, whatever changes around it; what they would lose is said before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Final

import pytest
import rdflib

from citygraph import Project, publish
from citygraph.config import read_config
from citygraph.errors import CitygraphError, ConfigError, PublishError, QueryError
from citygraph.project.publishing import last_change
from citygraph.publish import catalog_of, package_of, write
from citygraph.publish.catalog import Catalog, Item
from citygraph.publish.identity import Plan, check_identifiers, known_of, pin_identifier
from citygraph.query import find_queries
from conftest import TODAY

_KEYS: Final = """
[publisher]
name       = { nb = "Min by", en = "My city" }
identifier = "958935420"
type       = "LocalAuthority"

[contact]
name  = { nb = "Min by", en = "My city" }
email = "post@my-city.no"

[publish]
description  = { nb = "Nettverkene byen er med i.", en = "The networks of the city." }
keywords     = { nb = ["bynettverk"], en = ["city networks"] }
themes       = ["GOVE"]
spatial      = ["Norway"]
frequency    = "IRREG"
availability = "STABLE"
provenance   = { nb = "Skrevet av byen selv.", en = "Written by the city itself." }
issued       = 2020-01-15
"""
_QUESTIONS: Final = ("members", "publishable")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Project.new(
        tmp_path_factory.mktemp("new") / "my-city", base="https://data.my-city.no/", example=True
    ).folder
    for path in (folder / "queries").glob("*.rq"):
        if path.stem not in _QUESTIONS:
            path.unlink()
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write(_KEYS)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "my-city")


def described(folder: Path) -> Catalog:
    """The catalogue, as it would be with a file for each question."""
    config = read_config(folder)
    queries = find_queries(folder / "queries")
    items = [Item(f"queries/{q.name}.csv", q.title, q.question, "CSV", "text/csv", 9, q.name) for q in queries]
    return catalog_of(config, items, period=("", ""), modified=TODAY, queries=queries)


def names(folder: Path) -> list[tuple[str, ...]]:
    """Everything that a portal may know the datasets, files and services by."""
    it = described(folder)
    found = [(each.iri, each.identifier, str(package_of(it, dataset=each)["name"])) for each in it.datasets]
    files = [(each.iri,) for dataset in it.datasets for each in dataset.distributions]
    return sorted([*found, *files, *[(each.iri, each.identifier) for each in it.services], (it.iri, it.identifier)])


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_title_changes_no_name(folder: Path) -> None:
    before = names(folder)
    change(folder / "graph.toml", 'title     = "My city"', 'title = { nb = "Byen", en = "Another name" }')
    assert names(folder) == before
    change(folder / "graph.toml", 'identifier = "data-my-city-no"', "# none")
    assert names(folder) == before  # the base gives what `new` made of it


def test_two_new_projects_of_one_name_share_no_identifier(tmp_path: Path) -> None:
    folders = [Project.new(tmp_path / str(n) / "networks", title="Networks", example=True).folder for n in range(2)]
    first, second = ({each.identifier for each in described(folder).datasets} for folder in folders)
    assert not first & second
    bases = ("https://a.no/graph/", "https://b.no/graph/", f"https://{'a' * 90}.no/", f"https://{'a' * 89}b.no/")
    long = [
        Project.new(tmp_path / f"x{n}", base=base, title="N", example=True).config.identifier
        for n, base in enumerate(bases)
    ]
    assert len(set(long)) == len(bases)


@pytest.mark.parametrize(
    "text", ["title = 'By og land'\n", "# hi\n\n[title]\nnb = 'x'\nen = 'By og land'\r\n", "\ufefftitle='By og land'"]
)
def test_the_identifier_of_before_is_written_once_and_nothing_else_changes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.toml"
    path.write_bytes(text.encode())
    assert pin_identifier(tmp_path) == "by-og-land"
    written = path.read_bytes().decode()
    assert (
        written.replace("\ufeff", "").replace('identifier = "by-og-land"', "").split() == text.lstrip("\ufeff").split()
    )
    assert read_config(tmp_path).identifier == "by-og-land"
    with pytest.raises(ConfigError, match="by-og-land"):
        pin_identifier(tmp_path)
    assert path.read_bytes().decode() == written


def test_a_renamed_question_goes_on_under_its_name(folder: Path) -> None:
    before, queries = names(folder), folder / "queries"
    (queries / "members.rq").rename(queries / "who-is-in.rq")
    assert names(folder) != before
    change(queries / "who-is-in.rq", "#+ title:", "#+ replaces: members\n#+ title:")
    assert names(folder) == before
    change(queries / "who-is-in.rq", "#+ replaces: members", "#+ identifier: data-my-city-no-query-members")
    assert names(folder) == before
    change(folder / "graph.toml", 'identifier = "data-my-city-no"', 'identifier = "other"')
    assert ("data-my-city-no-query-members") in {each.identifier for each in described(folder).datasets}


@pytest.mark.parametrize(
    "line", ["replaces: members", "identifier: data-my-city-no-query-members", "identifier: data-my-city-no-graph"]
)
def test_two_of_one_identifier_are_a_violation(line: str, folder: Path) -> None:
    change(folder / "queries" / "publishable.rq", "#+ title:", f"#+ {line}\n#+ title:")
    found = list(check_identifiers(read_config(folder), find_queries(folder / "queries")))
    assert [(each.code, each.file) for each in found] == [("publish-same-identifier", "queries/publishable.rq")]
    assert found[0].severity == "violation"


@pytest.mark.parametrize(
    "line",
    [
        "replaces: no",
        "replaces: 'a b'",
        "replaces: [members]",
        "identifier: https://a.no/",
        "identifier: 12",
        "identifier: Å",
    ],
)
def test_what_cannot_be_a_name_is_refused_with_its_line(line: str, folder: Path) -> None:
    change(folder / "queries" / "members.rq", "#+ title:", f"#+ {line}\n#+ title:")
    with pytest.raises(QueryError, match=re.escape(line.partition(":")[0])) as refused:
        find_queries(folder / "queries")
    assert refused.value.line > 0


@pytest.mark.parametrize("value", ["https://a.no/", "Å", "a b", "-a", "a" * 101])
def test_an_identifier_that_a_portal_would_change_is_refused(value: str, folder: Path) -> None:
    change(folder / "graph.toml", 'identifier = "data-my-city-no"', f'identifier = "{value}"')
    with pytest.raises(CitygraphError, match="identifier"):
        read_config(folder)


def test_a_graph_without_an_identifier_is_told(folder: Path) -> None:
    change(folder / "graph.toml", 'identifier = "data-my-city-no"', "# none")
    assert [each.code for each in check_identifiers(read_config(folder), ())] == ["publish-no-identifier"]


# -- a week of data commits ------------------------------------------------------------------------


class Harvester:
    """A portal that knows datasets by identifier and address, and deletes whatever is not in it."""

    def __init__(self, site: Path) -> None:
        self.site, self.deleted = site, list[str]()
        self.known: dict[str, str] = {}

    def harvest(self) -> None:
        """What a harvester of data.norge.no does."""
        graph = rdflib.Graph().parse(self.site / "catalog" / "dcat-ap-no-2.ttl")
        found = {
            str(graph.value(each, rdflib.DCTERMS.identifier)): str(each)
            for class_ in ("Dataset", "DatasetSeries")
            for each in graph.subjects(rdflib.RDF.type, rdflib.URIRef(f"{rdflib.DCAT}{class_}"))
        }
        self.deleted += [each for each in self.known if self.known[each] != found.get(each)]
        self.known = found


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def commit(folder: Path, day: str) -> None:
    env = {**os.environ, "GIT_COMMITTER_DATE": f"{day}T12:00:00Z", "GIT_AUTHOR_DATE": f"{day}T12:00:00Z"}
    config = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "--allow-empty", "-m", day)):
        subprocess.run(["git", "-C", str(folder), *config, *arguments], check=True, env=env)


def note(folder: Path, words: str) -> None:
    path = folder / "data" / "notes.ttl"
    prefix = "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    path.write_text(f'{prefix}<https://data.my-city.no/id/example-city> skos:note "{words}"@en .\n', encoding="utf-8")


def planned(folder: Path, site: Path, root: Path) -> Plan:
    before = tree(root)
    found = Project.open(folder, today=TODAY).publish(site, plan=True).plan
    assert tree(root) == before
    assert found is not None
    return found


def go(folder: Path, portal: Harvester, day: str, *, allow_removal: bool = False) -> Plan:
    """One day: a commit, a run, a harvest; what was done, which is what the files show."""
    commit(folder, day)
    site, lost = portal.site, len(portal.deleted)
    old = tree(site) if site.exists() else {}
    outcome = Project.open(folder, today=TODAY).publish(site, allow_removal=allow_removal)
    assert outcome.written, [each.message.en for each in outcome.report.violations]
    assert outcome.plan is not None
    now = {name: data for name, data in tree(site).items() if name != "SHA256SUMS"}
    assert set(outcome.plan.files.come) == now.keys() - old.keys()
    assert set(outcome.plan.files.leave) == old.keys() - now.keys() - {"SHA256SUMS"}
    assert set(outcome.plan.files.change) == {name for name in now.keys() & old.keys() if now[name] != old[name]}
    portal.harvest()
    assert portal.deleted[lost:] == [each.identifier for each in outcome.plan.leave]
    return outcome.plan


def refused(folder: Path, site: Path) -> PublishError:
    before = tree(site)
    with pytest.raises(PublishError) as stopped:
        Project.open(folder, today=TODAY).publish(site)
    assert tree(site) == before
    return stopped.value


@pytest.fixture
def no_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time of a run goes to the shapes of the profiles, which other tests are about."""
    monkeypatch.setattr(write, "check_pages", lambda *_, **__: [])


@pytest.mark.usefixtures("no_profiles")
def test_a_week_of_commits_loses_no_dataset_but_the_one_that_may_go(folder: Path, tmp_path: Path) -> None:
    portal, queries, members = Harvester(tmp_path / "site"), folder / "queries", "data-my-city-no-query-members"
    monday = go(folder, portal, "2026-03-02")
    assert {each.identifier for each in monday.come} == portal.known.keys()
    assert len(portal.known) == 1 + 1 + len(_QUESTIONS)
    note(folder, "Tuesday")
    change(folder / "graph.toml", 'title     = "My city"', 'title = { nb = "Byen", en = "Another name" }')
    tuesday = go(folder, portal, "2026-03-03")
    assert (tuesday.come, tuesday.leave) == ((), ())
    assert "data-my-city-no-graph" in {each.identifier for each in tuesday.change}
    (queries / "members.rq").rename(queries / "who-is-in.rq")
    stopped = refused(folder, portal.site)
    assert members in stopped.message
    assert {"replaces:", "--allow-removal."} <= set(stopped.fix.split())
    change(queries / "who-is-in.rq", "#+ title:", "#+ replaces: members\n#+ title:")
    commit(folder, "2026-03-05")
    thursday = planned(folder, portal.site, tmp_path)
    assert go(folder, portal, "2026-03-05") == thursday
    assert [each.identifier for each in thursday.change] == [members]
    assert ("queries/who-is-in.csv" in thursday.files.come, "queries/members.csv" in thursday.files.leave) == (
        True,
        True,
    )
    change(folder / "graph.toml", 'identifier = "data-my-city-no"', 'identifier = "city"')
    stopped = refused(folder, portal.site)
    assert "data-my-city-no-graph" in stopped.message
    assert "identify" in stopped.fix
    change(folder / "graph.toml", 'identifier = "city"', "# gone")
    assert pin_identifier(folder, portal.site) == "data-my-city-no"
    (queries / "publishable.rq").unlink()
    assert go(folder, portal, "2026-03-06", allow_removal=True).come == ()
    assert portal.deleted == ["data-my-city-no-query-publishable"]


@pytest.mark.usefixtures("no_profiles")
def test_answers_that_become_a_series_move_and_nothing_is_lost(folder: Path, tmp_path: Path) -> None:
    portal, path = Harvester(tmp_path / "site"), folder / "graph.toml"
    change(path, "issued       =", "query_datasets = false\nissued       =")
    go(folder, portal, "2026-03-02")
    assert portal.known.keys() == {"data-my-city-no-graph"}
    change(path, "query_datasets = false\n", "")
    plan = go(folder, portal, "2026-03-03")
    assert (plan.leave, portal.deleted) == ((), [])
    assert {each.identifier for each in plan.come} == portal.known.keys() - {"data-my-city-no-graph"}
    assert "data-my-city-no-answers" in portal.known
    moved = {file: (old.identifier, new.identifier) for file, (old, new) in plan.moved.items()}
    address = "https://data.my-city.no/queries/members.csv"
    assert moved[address] == ("data-my-city-no-graph", "data-my-city-no-query-members")
    assert {"file": address, "from": moved[address][0], "to": moved[address][1]} in plan.to_json()["datasets"]["moved"]  # type: ignore[index]
    assert all((portal.site / file.removeprefix("https://data.my-city.no/")).is_file() for file in moved)
    change(path, "issued       =", "query_datasets = false\nissued       =")
    assert "data-my-city-no-answers" in refused(folder, portal.site).message


# -- the day of the last change ----------------------------------------------------------------------


@pytest.mark.usefixtures("no_profiles")
def test_a_shallow_clone_is_told_and_no_wrong_day_is_written(folder: Path, tmp_path: Path) -> None:
    commit(folder, "2026-03-02")
    (folder / "README.md").write_text("Changed", encoding="utf-8")
    commit(folder, "2026-03-09")
    (folder / "README.md").write_text("Changed again", encoding="utf-8")
    commit(folder, "2026-03-16")
    paths = [str(path.relative_to(folder)) for path in (folder / "data").rglob("*.ttl")]
    wanted = {1: (date(2026, 3, 16), "shallow"), 2: (date(2026, 3, 9), "shallow"), 9: (date(2026, 3, 2), "commit")}
    for depth, expected in wanted.items():
        clone = tmp_path / str(depth)
        address = folder.as_uri()
        subprocess.run(["git", "clone", "-q", "--depth", str(depth), address, str(clone)], check=True)
        assert last_change(clone, paths, today=TODAY) == expected
    outcome = Project.open(tmp_path / "1", today=TODAY).publish(tmp_path / "site")
    assert outcome.written
    assert [each.severity for each in outcome.report if each.code == "publish-shallow"] == ["warning"]
    graph = rdflib.Graph().parse(tmp_path / "site" / "catalog" / "dcat-ap-3.ttl")
    assert list(graph.subject_objects(rdflib.DCTERMS.modified)) == []
    assert "2026-03-16" not in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    note(tmp_path / "1", "new")
    commit(tmp_path / "1", "2026-03-20")
    assert last_change(tmp_path / "1", [*paths, "data/notes.ttl"], today=TODAY) == (date(2026, 3, 20), "commit")


@pytest.mark.usefixtures("no_profiles")
def test_without_git_the_day_stays_while_the_data_do(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def published(day: int) -> tuple[str, ...]:
        Project.open(folder, today=date(2026, 5, day)).publish(tmp_path / "site")
        known = known_of(tmp_path / "site")
        assert known is not None
        return tuple({each.modified for each in known.datasets.values()})

    assert published(1) == ("2026-05-01",)
    change(folder / "graph.toml", "The networks of the city.", "What the city takes part in.")
    assert published(5) == ("2026-05-01",)
    sent: list[Catalog] = []
    monkeypatch.setattr(publish, "ckan_client", lambda *_: None)
    monkeypatch.setattr(publish, "push_to_ckan", lambda catalog, *_, **__: sent.append(catalog))
    Project.open(folder, today=date(2026, 5, 7)).publish_to_ckan("https://a.no/", "", upload=tmp_path / "site")
    assert [each.modified for each in sent] == ["2026-05-01"]
    note(folder, "new")
    assert published(9) == ("2026-05-09",)
