"""A page by its address: fetched once, politely and within bounds, never from inside a house unless that is said."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import ReadError
from citygraph.http import AGENT
from citygraph.project import reading
from citygraph.read import by_address
from citygraph.read.by_address import RobotRules, fetch_document, is_address, is_open_web
from citygraph.read.run import extract
from clean_project import clean_project
from conftest import TODAY
from loopback import Handler, LoopbackServer, listening

PAGE = b"<html><head><title>Om Nordnett</title></head><body><h1>Om Nordnett</h1><p>Fjordby er medlem.</p></body></html>"


class _Site(LoopbackServer):
    """A site, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.asked: list[str] = []
        self.agents: set[str] = set()


class _Pages(Handler):
    server: _Site

    def respond(self) -> None:
        self.server.asked.append(self.path)
        self.server.agents.add(self.headers["User-Agent"])
        path = self.path.partition("?")[0]
        if path.startswith("/moved"):
            target = {"/moved": "/om", "/moved-on": "/moved-on", "/moved-out": "file:///etc/passwd"}.get(path)
            target = target or "http://169.254.169.254/latest"
            return self.answer(b"", status=302, headers={"Location": target})
        pages = {
            "/robots.txt": (200, b"User-agent: *\nDisallow: /privat\n", "text/plain"),
            "/om": (200, PAGE, "text/html; charset=utf-8"),
            "/liste.xlsx": (200, b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            "/stor": (200, b"x" * 50_000, "text/plain"),
        }
        status, body, kind = pages.get(path, (404, b"no", "text/html"))
        return self.answer(body, kind, status=status)


@pytest.fixture(scope="module")
def site() -> Iterator[_Site]:
    """A site on this machine."""
    with listening(_Site()) as server:
        yield server


def test_a_page_is_fetched_once_and_kept_as_it_came(
    site: _Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "extract_apart", extract)
    folder = clean_project(tmp_path / "project", questions=False)
    settings = folder / "graph.toml"
    settings.write_text(settings.read_text() + "\n[read]\nprivate_addresses = true\n")
    project = Project.open(folder, today=TODAY)
    site.asked.clear()
    done = project.edits.documents.read_address(f"{site.address}/moved#top", {})
    assert done.checked is not None
    project.edits.write(done.checked)
    assert site.asked == ["/robots.txt", "/moved", "/om"]
    name = done.name.removeprefix("source:")
    assert (project.config.sources_folder / name).read_bytes() == PAGE
    record = json.loads((project.config.sources_folder / "text" / f"{name}.json").read_text())
    assert (record["address"], record["retrieved"][10:11]) == (f"{site.address}/om", "T")
    block = (folder / "data" / "sources.ttl").read_text()
    assert f"foaf:page <{site.address}/om>" in block
    assert done.about["access"].value == "RESTRICTED", "a page of one's own network is not public"
    assert not project.check().report.violations
    assert site.agents == {AGENT}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/moved-on", "more than 5 times"),
        ("/moved-out", "no web address"),
        ("/nothing", "404"),
        ("/liste.xlsx", "spreadsheetml"),
        ("/stor", "more than 10,000 bytes"),
        ("/privat/notat", "robots.txt"),
        ("/privat", "robots.txt"),
    ],
)
def test_what_is_no_document_is_refused_in_words(path: str, key: str, site: _Site) -> None:
    site.asked.clear()
    with pytest.raises(ReadError, match=key):
        fetch_document(f"{site.address}{path}", private=True, most=10_000)
    assert path not in site.asked or "robots" not in key


def test_nothing_inside_of_a_house_is_asked_unless_it_is_said(site: _Site) -> None:
    site.asked.clear()
    for address in (site.address, site.address.replace("127.0.0.1", "localhost"), "http://[::1]:1", "http://0:1"):
        with pytest.raises(ReadError, match="own network"):
            fetch_document(f"{address}/om")
    assert site.asked == []


def test_a_redirect_is_looked_up_like_the_first_address(site: _Site, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = ipaddress.ip_address("169.254.169.254")
    monkeypatch.setattr(by_address, "is_open_web", lambda number: number != inside)
    with pytest.raises(ReadError, match=r"169\.254"):
        fetch_document(f"{site.address}/moved-in")


@pytest.mark.parametrize(
    "address", ["ftp://example.org/a", "https://user:secret@example.org/", "http://", "https://exa mple.org/", "http://[", "https://example.org:0/"]
)  # fmt: skip
def test_other_addresses_are_not_asked(address: str) -> None:
    with pytest.raises(ReadError):
        fetch_document(address, private=True)


@pytest.mark.parametrize(
    ("number", "is_open"),
    [
        ("93.184.216.34", True), ("2606:2800::1", True), ("127.0.0.1", False), ("10.1.2.3", False), ("100.64.0.1", False),
        ("169.254.169.254", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
        ("fd00::1", False), ("fe80::1", False), ("224.0.0.1", False), ("0.0.0.1", False), ("::", False),
    ],
)  # fmt: skip
def test_which_numbers_are_of_the_open_web(number: str, is_open: bool) -> None:  # noqa: FBT001
    assert is_open_web(ipaddress.ip_address(number)) is is_open


@pytest.mark.parametrize(
    ("rules", "path", "is_allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: CityGraph\nDisallow: /x", "/a", True),
        ("User-agent: a\nUser-agent: citygraph\nDisallow: /a # no", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /*?print", "/a?print=1", False),
        ("User-agent: *\nDisallow: /%C3%A5", "/å", False),
        ("<html>\x00 no robots: at all", "/a", True),
        ("User-agent: *\nDisallow: /" + "*a" * 2000 + "$", "/" + "a" * 1999, True),
    ],
)
def test_robots_are_heard(rules: str, path: str, is_allowed: bool) -> None:  # noqa: FBT001
    assert RobotRules(rules).allows(path) is is_allowed


def test_what_is_an_address_and_what_a_file() -> None:
    assert [
        each for each in ("https://a.no/x", "HTTP://a", "memo.docx", "C:\\memo.docx", "a/b") if is_address(each)
    ] == [
        "https://a.no/x",
        "HTTP://a",
    ]
