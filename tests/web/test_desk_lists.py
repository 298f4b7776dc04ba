"""Lists that are dropped on the desk: seen, decided, written as one edit of the engine of `ingest`, and undone byte for byte."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from citygraph import Project
from citygraph.web.desk import lists
from clean_project import clean_project
from conftest import TODAY
from desk_client import DeskClient, words_beside

LIST = b"City;Country;Status;Since\nFjordby;Norge;Member;2019\nSkogstad;Sverige;Member;2020\nOslo;Norge;Member;\nSkogsta;;Member;\n"
PAGE = "/desk/lists?lang=en"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> DeskClient:
    """The desk of a clean project that is built."""
    project = Project.open(clean_project(tmp_path_factory.mktemp("lists") / "graph", questions=False), today=TODAY)
    assert not project.build().report.violations
    return DeskClient(project)


def token(desk: DeskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', desk.get(PAGE))
    assert found
    return found[1]


def drop(desk: DeskClient, name: str, data: bytes, **headers: str) -> httpx.Response:
    sent = {"Origin": desk.origin, **headers}
    return desk.ask("POST", PAGE, data={"token": token(desk)}, files={"list": (name, data, "text/csv")}, headers=sent)


def fields(page: str) -> dict[str, Any]:
    """What stands in the form of a page."""
    found: dict[str, Any] = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input[^>]*name="([mhik]-[^"]+|token|seal)"[^>]*value="([^"]*)"', page)
        if name != "m-complete"
    }
    for name, options in re.findall(r'<select id="[^"]*" name="(c-\d+)">(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[0] if chosen else ""
    return found


def files_of(project: Project) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted((project.folder / "data").rglob("*")) if path.is_file()}


def test_a_list_is_seen_decided_written_and_taken_back(desk: DeskClient) -> None:
    before = files_of(desk.project)
    at = drop(desk, "Members 2020.csv", LIST).headers["location"]
    asked = fields(desk.get(at))
    assert [asked[f"c-{each}"] for each in range(4)] == ["city", "country", "status", "joined"]
    assert asked["m-list"] == "members", "the same for each edition"
    unsaid = desk.send(at, {**asked, "step": "check"})
    assert (unsaid.status_code, "as_of" in words_beside(unsaid.text)[0]) == (400, True)
    rows = desk.send(at, {**asked, "m-as_of": "2020-11-01", "m-network": "Nordnett", "step": "check"})
    assert "imported: 3 · refused: 1" in rows.text
    said = fields(rows.text)
    (question,) = [value for name, value in said.items() if name.startswith("k-")]
    assert question == '["Skogsta", "", "", "city"]'
    seen = desk.send(at, {**said, "v-0": "new", "n-0": "Sverige", "step": "preview"})
    assert "imported: 4" in seen.text
    assert files_of(desk.project) == before
    overtaken = desk.send(at, {"token": token(desk), "seal": "0", "step": "write"})
    assert overtaken.status_code == 409
    done = desk.send(at, {**fields(seen.text), "step": "write"})
    assert done.status_code == 303, words_beside(done.text)
    now = files_of(desk.project)
    assert b"nordnett" in now[desk.project.folder / "data" / "ingested" / "members" / "2020-11-01.ttl"]
    assert b"Skogsta" in now[desk.project.folder / "data" / "ingested" / "members" / "review.csv"]
    assert desk.ask("GET", at).status_code == 404, "what is written waits no more"
    page = desk.get(done.headers["location"])
    number = re.search(r'name="edit" value="(\d+)"', page)
    assert number
    assert "4 of 5 rows" in page
    undone = desk.send("/desk/undo?lang=en", {"token": token(desk), "edit": number[1]})
    assert undone.status_code == 303
    assert files_of(desk.project) == before


def test_columns_are_what_a_person_says_they_are(desk: DeskClient) -> None:
    data = b"X,Oslo-nettet,X\nFjordby,x,Norge\nSkogstad,,Sverige\n"
    at = drop(desk, "<b>'; ../../x.csv", data).headers["location"]
    page = desk.get(at)
    assert "<b>'" not in page
    said = {**fields(page), "m-list": "x", "m-as_of": "2020", "c-0": "city", "c-1": "", "c-2": "country"}
    desk.send(at, {**said, "step": "check"})
    kept = next(desk.project.snapshots.folder.glob("desk/lists/*/map.toml")).read_text(encoding="utf-8")
    assert 'as_of = "2020"' in kept
    assert "city = [1]" in kept
    assert "country = [3]" in kept
    assert "[wide]" not in kept


@pytest.mark.parametrize(
    ("name", "data"), [("list.docx", b"PK"), ("list", b"City\nOslo\n"), ("list.csv", b""), ("", b"City\n")]
)
def test_what_is_no_list_is_told(name: str, data: bytes, desk: DeskClient) -> None:
    answer = drop(desk, name, data)
    assert answer.status_code == 400


def test_a_broken_workbook_is_told_on_the_page_of_the_list(desk: DeskClient) -> None:
    page = desk.ask("GET", drop(desk, "list.xlsx", b"PK\x03\x04 no workbook").headers["location"])
    assert (page.status_code, len(words_beside(page.text))) == (400, 1)


def test_a_file_of_a_stranger_is_not_taken(desk: DeskClient) -> None:
    assert drop(desk, "list.csv", LIST, Origin="https://evil.example").status_code == 403
    forged = {"data": {"token": "0" * 64}, "files": {"list": ("list.csv", LIST)}, "headers": {"Origin": desk.origin}}
    assert desk.ask("POST", PAGE, **forged).status_code == 403
    assert desk.send(PAGE, {"token": token(desk)}).status_code == 415
    long = desk.ask("POST", PAGE, content=b"x", headers={"Origin": desk.origin, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10**12)})  # fmt: skip
    assert long.status_code == 413


@pytest.mark.parametrize("number", ["0" * 16, "%2e%2e%2fedits", "A" * 16])
def test_what_does_not_wait_is_not_there(number: str, desk: DeskClient) -> None:
    assert desk.ask("GET", f"/desk/lists/{number}").status_code == 404


def test_no_more_than_some_lists_wait(desk: DeskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_KEPT", 2)
    for number in range(4):
        drop(desk, f"l{number}.csv", LIST + f"By{number};Norge;;\n".encode())
    assert len(list(desk.project.snapshots.folder.glob("desk/lists/*"))) == 2
    assert "Lister som venter" in desk.get("/desk/lists?lang=nb")
