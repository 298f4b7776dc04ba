"""Deciding about links in the browser: plain forms on this machine alone, and nothing of another site reaches them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from citygraph import ConfigError, Project
from citygraph.link.links import MAPPING_FILE
from citygraph.sssom import Mapping, read_mappings
from citygraph.web.pages.review import LinkReview
from conftest import ROOT, TODAY
from headless import NEEDS_BROWSER, barriers, headless_browser, show
from web.conftest import Server, serving

ME = "orcid:0000-0002-1825-0097"
EXTRACT = ROOT / "tests" / "link" / "wikidata.nt"


@pytest.fixture(scope="module")
def folder(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own graph with proposals for everything."""
    folder = tmp_path_factory.mktemp("review") / "graph"
    shutil.copytree(built_folder, folder, symlinks=True)
    (folder / MAPPING_FILE).unlink()
    project = Project.open(folder, today=TODAY)
    project.links.suggest(project.link_source(EXTRACT))
    shutil.copy(folder / MAPPING_FILE, folder / "proposals.tsv")
    return folder


@pytest.fixture(scope="module")
def reviewed(folder: Path) -> Iterator[Server]:
    """The site with the page."""
    with serving(folder, "--review", "--workers", "1") as started:
        yield started


@pytest.fixture
def site(reviewed: Server) -> Server:
    """The same, with all proposals open again."""
    shutil.copy(reviewed.folder / "proposals.tsv", reviewed.folder / MAPPING_FILE)
    return reviewed


def rows(site: Server) -> dict[tuple[str, str], Mapping]:
    text = (site.folder / MAPPING_FILE).read_bytes().decode()
    return {(each.subject_id, each.object_id): each for each in read_mappings(text).mappings}


def form(site: Server, entity: str = "id:eurocities") -> dict[str, str]:
    """The hidden fields of the page of one thing, and who decides."""
    page = site.get("/review", params={"entity": entity, "lang": "en"}).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert fields["entity"] == entity
    return {**fields, "author": ME}


def send(site: Server, fields: dict[str, str], **headers: str) -> httpx.Response:
    return site.request("POST", "/review", data=fields, headers={"Origin": site.url, **headers})


def test_a_decision_is_written_at_once_with_author_and_the_next_one_follows(site: Server) -> None:
    answer = send(site, {**form(site), "decision": "accept:Q910", "comment": "same network"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/review?")
    row = rows(site)["id:eurocities", "wd:Q910"]
    assert row.accepted
    assert (row.slots["author_id"], row.slots["comment"]) == (ME, "same network")
    assert "id:eurocities" not in Project.open(site.folder).links.open()


def test_what_has_no_candidate_stands_in_the_queue_and_is_linked_by_its_item(site: Server) -> None:
    page = site.get("/review", params={"entity": "id:icorn", "lang": "en"}).text
    assert "No candidate has been found" in page
    assert "https://www.wikidata.org/w/index.php?search=International" in page
    assert "reject-all" not in page
    without = page.partition("Without a link and without a candidate")[2]
    # Networks first, and persons last.
    assert without.index("C40") < without.index("Albert Bore")
    assert send(site, {**form(site, "id:icorn"), "decision": "other", "other": "Q912"}).status_code == 303
    assert rows(site)["id:icorn", "wd:Q912"].accepted
    assert send(site, {**form(site, "id:arc"), "decision": "none"}).status_code == 303
    left = Project.open(site.folder).links.waiting()
    assert not {"id:icorn", "id:arc"} & set(left)
    assert left["id:c40"] == []


def test_the_other_buttons_mean_what_the_terminal_means(site: Server) -> None:
    assert send(site, {**form(site, "id:eurocities"), "decision": "reject:Q910"}).status_code == 303
    assert rows(site)["id:eurocities", "wd:Q910"].rejected
    assert send(site, {**form(site, "id:place-brussels"), "decision": "reject-all"}).status_code == 303
    found = [row for (subject, _), row in rows(site).items() if subject == "id:place-brussels"]
    assert found
    assert all(row.rejected for row in found)
    assert send(site, {**form(site, "id:place-oslo"), "decision": "none"}).status_code == 303
    assert rows(site)["id:place-oslo", "sssom:NoTermFound"].none_found
    other = {**form(site, "id:metrex"), "decision": "other", "other": "Q240"}
    assert send(site, other).status_code == 303
    assert rows(site)["id:metrex", "wd:Q240"].accepted


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"decision": "accept:Q910", "author": " "}, "the name of who made it"),
        ({"decision": "accept:nothing"}, "is not an item"),
        ({"decision": ""}, "holds no decision"),
        ({"decision": "other", "other": ""}, "is not an item"),
        ({"entity": "id:nobody", "decision": "none"}, "can be linked"),
    ],
)
def test_a_form_that_says_nothing_is_shown_again(site: Server, fields: dict[str, str], words: str) -> None:
    before = rows(site)
    answer = send(site, {**form(site), **fields})
    assert answer.status_code == 400
    assert words in answer.text
    assert rows(site) == before


def test_what_another_site_sends_is_refused(site: Server) -> None:
    before, good = rows(site), {**form(site), "decision": "accept:Q910"}
    bad: list[tuple[dict[str, str], dict[str, str]]] = [
        ({**good, "token": "x"}, {"Origin": site.url}),
        ({k: v for k, v in good.items() if k != "token"}, {"Origin": site.url}),
        (good, {"Origin": "https://evil.example"}),
        (good, {"Origin": "null"}),
        (good, {"Origin": site.url, "Sec-Fetch-Site": "cross-site"}),
        (good, {"Sec-Fetch-Site": "same-site"}),
        (good, {}),
        (good, {"Origin": "http://evil.example", "Host": "evil.example"}),
    ]
    for fields, headers in bad:
        assert site.request("POST", "/review", data=fields, headers=headers).status_code == 403, headers
    as_json = site.request("POST", "/review", json=good, headers={"Origin": site.url})
    assert as_json.status_code == 415
    assert site.get("/review", headers={"Host": "evil.example"}).status_code == 403
    assert site.get("/review", client="203.0.113.9").status_code == 403
    assert (
        site.request(
            "POST", "/review", data={**good, "comment": "x" * 30_000}, headers={"Origin": site.url}
        ).status_code
        == 413
    )
    assert rows(site) == before
    assert send(site, good, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_an_edit_meanwhile_is_noticed_and_nothing_is_lost(site: Server) -> None:
    seen = {**form(site), "decision": "accept:Q910"}
    other = {**form(site, "id:place-oslo"), "decision": "none"}
    # Another window decides about another thing: both are kept.
    assert send(site, other).status_code == 303
    path = site.folder / MAPPING_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("\tEurocities\t", "\tEUROCITIES\t", 1), encoding="utf-8")
    answer = send(site, seen)
    assert answer.status_code == 409
    assert "Nothing was written" in answer.text
    assert not rows(site)["id:eurocities", "wd:Q910"].accepted
    assert send(site, {**form(site), "decision": "accept:Q910"}).status_code == 303
    assert rows(site)["id:eurocities", "wd:Q910"].accepted
    assert rows(site)["id:place-oslo", "sssom:NoTermFound"].none_found


def test_no_name_becomes_markup(site: Server) -> None:
    path = site.folder / MAPPING_FILE
    text = path.read_text(encoding="utf-8").replace("\tEurocities\t", "\t<script>x</script>\t", 1)
    path.write_text(text, encoding="utf-8")
    page = site.get("/review?entity=id:eurocities").text
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_without_the_option_there_is_no_such_page(own_copy: Path) -> None:
    Project.open(own_copy, today=TODAY).build()
    before = (own_copy / MAPPING_FILE).read_bytes()
    with serving(own_copy, "--workers", "1") as server:
        assert server.get("/review").status_code == 404
        assert server.request("POST", "/review", data={}, headers={"Origin": server.url}).status_code in {404, 405}
    assert (own_copy / MAPPING_FILE).read_bytes() == before


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "graph.example"])  # noqa: S104
def test_it_starts_on_this_machine_alone(host: str) -> None:
    with pytest.raises(ConfigError, match="this machine alone"):
        LinkReview(host)


def test_it_does_not_start_behind_a_proxy() -> None:
    with pytest.raises(ConfigError, match="through a proxy"):
        LinkReview("127.0.0.1", root_path="/graph")
    assert LinkReview("::1").routes


# -- in a browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window."""
    with headless_browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_page(browser: Any, site: Server, language: str, width: int) -> None:  # noqa: ANN401
    show(browser, width=width)
    browser.get(f"{site.url}/review?lang={language}")
    assert barriers(browser) == []


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_decides_by_keyboard_alone(browser: Any, site: Server, scripts: bool) -> None:  # noqa: ANN401, FBT001
    from selenium.webdriver.common.by import By  # noqa: PLC0415
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    try:
        browser.get(f"{site.url}/review?lang=en&entity=id:eurocities")
        # Enter in a field sends nothing: the first button would accept the first candidate.
        browser.find_element(By.ID, "author").send_keys(ME, Keys.ENTER)
        assert not rows(site)["id:eurocities", "wd:Q910"].accepted
        button = browser.find_element(By.CSS_SELECTOR, 'button[value="accept:Q910"]')
        assert button.text == "Accept Q910"
        button.send_keys(Keys.SPACE)
        status = WebDriverWait(browser, 20).until(lambda b: b.find_element(By.CSS_SELECTOR, "[role=status]"))
        assert status.text == "Written: id:eurocities accept Q910"
        assert rows(site)["id:eurocities", "wd:Q910"].accepted
        assert browser.find_element(By.ID, "author").get_attribute("value") == ME
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
