"""Somebody who is withheld is gone: from every face, from what was built and published before, and the address says so."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.findings import Finding
from citygraph.project.withholding import WithheldPlace, WithheldSearch
from citygraph.publish import NewFolder
from citygraph.web.app import create_site
from citygraph.web.site import write_site
from citygraph.web.site.plan import SiteLimits
from citygraph.web.site.write import RULES, SiteClient
from clean_project import clean_project
from conftest import TODAY

pytestmark = pytest.mark.slow

NAME = re.compile(rb"kari[^a-z0-9]{0,5}nordmann", re.IGNORECASE)
ADDRESSES = (
    "/person/kari-nordmann",
    "/person/kari-nordmann.ttl",
    "/person/kari-nordmann.json",
    "/id/person-kari-nordmann",
    "/nb/person/kari-nordmann/index.html",
    "/record/claim-of-kari-nordmann",
    "/why?s=id:person-kari-nordmann&p=foaf:name&o=%22Kari%20Nordmann%22",
    "/reconcile/preview?id=person-kari-nordmann",
)
OTHERS = {"/person/ola-nordmann": 200, "/person/withheld-1": 200, "/person/petter-nordmann": 404, "/kari": 404}
FACES = ("/person", "/queries.json", "/search/names.json?kind=person", "/person/withheld-1.jsonld", "/a-z/k")


@dataclass(frozen=True)
class Withheld:
    """A project that was built, pushed and published, then withheld a person, and was cleaned."""

    project: Project
    told: list[WithheldPlace]
    cleaned: list[WithheldPlace]
    again: list[WithheldPlace]
    folders: tuple[Path, ...]
    said: str


def publisher(project: Project) -> Callable[[Path, bool], bool]:
    def site(project: Project, folder: NewFolder, progress: Callable[[str, int, int], None]) -> Iterable[Finding]:
        return write_site(project, folder, progress, limits=SiteLimits(answers=0, proofs=0))

    return lambda folder, has_site: project.publish(folder, site=site if has_site else None).written


@pytest.fixture(scope="module")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Withheld:
    folder = tmp_path_factory.mktemp("withheld")
    settings = clean_project(folder / "project", questions=False) / "graph.toml"
    # One language, or the site has twice as many pages.
    settings.write_text(settings.read_text(encoding="utf-8").replace('["nb", "en"]', '["nb"]'), encoding="utf-8")
    project = Project.open(settings.parent, today=TODAY)
    mirror, published, copy = folder / "mirror", folder / "published", folder / "copy"
    project.build()
    project.snapshot(as_of=TODAY.replace(year=2018))
    project.push_snapshot(mirror)
    # As it was left by a publication with a page for each person.
    before = {
        "catalog/quality.ttl": "",
        "search/index.json": "{}",
        "person/kari-nordmann.ttl": "# Kari\u00a0Nordmann\n",
    }
    for name, text in before.items():
        (published / name).parent.mkdir(parents=True, exist_ok=True)
        (published / name).write_text(text, encoding="utf-8")
    sums = (f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in before.items())
    (published / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    (project.folder / "build" / "desk").mkdir()
    packed = base64.b64encode(zlib.compress(b"Kari Nordmann\n")).decode()
    (project.folder / "build" / "desk" / "1.json").write_text(json.dumps({"before": packed}), encoding="utf-8")
    (project.folder / "build" / "desk" / "2.json").write_text("{}", encoding="utf-8")
    dropped = project.folder / "build" / "desk" / "documents" / "0123456789abcdef"
    dropped.mkdir(parents=True)
    (dropped / "note.txt").write_text("Kari Nordmann is here.\n", encoding="utf-8")
    copy.mkdir()
    (copy / "list.csv").write_text("Ola Nordmann\nKARI NORDMANN\n", encoding="utf-8")
    project.edits.write(project.edits.check(project.edits.editor().withhold("Kari Nordmann", [])))
    search = WithheldSearch(project, publisher(project))
    places = (mirror, published, copy)
    told = search.find(places)
    said = CliRunner().invoke(app, ["snapshot", "withheld", str(mirror), "-C", str(project.folder), "--lang", "nb"])
    assert said.exit_code == 1
    cleaned = search.find(places, clean=True)
    return Withheld(
        project, told, cleaned, search.find(places), (project.folder / "build", mirror, published), said.stdout
    )


@contextmanager
def asking_for(accept: bytes, project: Project) -> Iterator[SiteClient]:
    """The site, asked for what some readers take."""
    site = create_site(project, workers=1)

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        others = [pair for pair in scope["headers"] if pair[0] != b"accept"]
        await site.app({**scope, "headers": [*others, (b"accept", accept)]}, receive, send)

    with start_blocking_portal() as portal:
        portal.call(site.service.start)
        try:
            yield SiteClient(asked, portal)
        finally:
            portal.call(site.service.stop)


def test_every_place_is_told_with_the_next_step_and_cleaned(withheld: Withheld) -> None:
    kinds = ["version", "day", "edit", "edit", "document", "mirror", "published", "file"]
    assert [each.kind for each in withheld.told] == kinds
    steps = {each.kind: str(each.next) for each in withheld.told}
    assert "citygraph build" in steps["version"]
    assert steps["published"].endswith(" --site")
    assert str(withheld.folders[1]) in steps["mirror"]
    assert "Bygg en ny først" in withheld.said
    left = [each for each in withheld.cleaned if not each.is_cleaned]
    # What nobody can make again is never removed.
    assert [each.kind for each in left] == ["document", "file"]
    assert [each.kind for each in withheld.again] == ["document", "file"]
    assert json.dumps([each.to_json() for each in withheld.again]).count('"nb"') == len(left)


def test_no_byte_of_what_is_built_and_published_has_the_name_and_the_rest_is_there(withheld: Withheld) -> None:
    for folder in withheld.folders:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert [path for path in files if NAME.search(path.read_bytes() + path.as_posix().encode())] == []
    built, mirror, published = withheld.folders
    assert (built / "desk" / "2.json").is_file()
    assert len(withheld.project.versions()) == len(withheld.project.versions(mirror)) == 1
    assert (published / "person" / "ola-nordmann.ttl").is_file()


def test_what_led_to_the_person_answers_410_and_says_nothing(withheld: Withheld) -> None:
    for accept in (b"*/*", b"text/html", b"application/json"):
        with asking_for(accept, withheld.project) as site:
            for address in ADDRESSES:
                answer = site.get(address)
                assert (answer.status, NAME.search(answer.body)) == (410, None), (address, accept)
                assert b"kommer ikke igjen" in answer.body or b'"request.gone"' in answer.body
            for address, status in OTHERS.items() if accept == b"*/*" else ():
                assert site.get(address).status == status, address
            for face in FACES if accept == b"*/*" else ():
                answer = site.get(face)
                assert (answer.status, NAME.search(answer.body)) == (200, None), face


def test_the_rule_of_a_static_site_covers_what_led_to_the_person_and_names_nobody(withheld: Withheld) -> None:
    published = withheld.folders[2]
    rule = re.search(r"RewriteRule (\S+) - \[G\]", (published / RULES).read_text(encoding="utf-8"))
    assert rule is not None
    gone = re.compile(rule[1])
    assert all(
        gone.search(path) for path in ("nb/person/kari-nordmann/", "person/kari-nordmann.ttl", "record/m-kari-x.json")
    )
    assert not gone.search("nb/city/bergen/")
    assert not (published / "person" / "kari-nordmann.ttl").exists()
