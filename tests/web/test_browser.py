"""The site in headless Chromium: every page type and picture, accessible, by keyboard, and safe from hostile names."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from headless import NEEDS_BROWSER, WINDOWS, barriers, headless_browser, show
from pages_client import MARKUP, hostile_copy
from patience import PATIENCE
from web.conftest import Server, serving

pytest.importorskip("selenium.webdriver", reason="install it: pip install selenium")
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
pytestmark = NEEDS_BROWSER
EXAMPLE = "SELECT ?place ?latitude ?longitude WHERE { ?place schema:latitude ?latitude ; schema:longitude ?longitude }"
WHY = urllib.parse.urlencode({
    "s": "<https://w3id.org/citygraph/id/place-stavanger>",
    "p": "<https://w3id.org/citygraph/ontology#participatesIn>",
    "o": "<https://w3id.org/citygraph/id/eurocities>",
})  # fmt: skip
PAGES = [
    "/", "/queries", "/queries/norwegian-participants", "/queries/places-on-the-map", "/queries/network-figures",
    "/queries/presidents-over-time", "/queries/organisation-chart", "/queries/president-on-date",
    "/authority?country=norway", "/build?show=cv:PublicOrganisation&where=cg:inCountry+country:NOR&add=cg:hasCurrentMembership+org:organization",
    "/queries/membership-changes", "/queries/members?as_of=never", "/network", "/network/eurocities", "/city/oslo",
    "/place/rogaland", "/country/nor", "/authority/oslo-kommune", "/person/dario-nardella", "/theme/topic-planning",
    "/concept/roles", "/role/president", "/working-group/eurocities-wg-food", "/body/eurocities-excom",
    "/organization/research-communities", "/document/eurocities-metrex-memo.txt", "/document/geonames",
    "/record/m-oslo-kommune-metrex", "/search", "/search?q=olso", "/editor",
    f"/editor?{urllib.parse.urlencode({'query': EXAMPLE})}", f"/why?{WHY}", "/city/stavangr", "/around/city/oslo",
]  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> str:
    """The limits of a site as it is delivered, but for many pages asked for by one reader."""
    return "\n[serve]\nper_client = 64\n"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window."""
    with headless_browser(tmp_path_factory.mktemp("chromium"), browser="ALL") as started:
        yield started


def complaints(browser: Any) -> list[str]:  # noqa: ANN401
    """What the console says, but for the status of pages that are errors on purpose."""
    return [e["message"] for e in browser.get_log("browser") if "Failed to load resource" not in e["message"]]


@pytest.mark.parametrize(
    ("path", "width", "scheme"), [("/", 1280, "light"), *((path, *window) for path in PAGES for window in WINDOWS)]
)
def test_axe_finds_nothing(browser: Any, server: Server, path: str, width: int, scheme: str) -> None:  # noqa: ANN401
    show(browser, width=width, scheme=scheme)
    browser.get(server.url + path)
    # What is folded away must be accessible too.
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert barriers(browser) == []
    assert complaints(browser) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_day_of_what_is_last_known_is_in_sight(browser: Any, server: Server, width: int) -> None:  # noqa: ANN401
    show(browser, width=width)
    browser.get(f"{server.url}/queries/members?lang=en")
    found = browser.execute_script(
        "return [...document.querySelectorAll('table.dated time')].map(each => each.getBoundingClientRect())"
        ".filter(box => box.width > 0).map(box => box.right)"
    )
    assert (len(found), max(found) <= width) == (1, True)


@pytest.mark.parametrize(
    ("path", "selector", "least"),
    [
        ("/queries/places-on-the-map", ".map-drawing .dot circle", 3),
        ("/queries/network-figures", ".bar-drawing rect", 8),
        ("/queries/presidents-over-time", ".span-drawing .span", 7),
        ("/queries/organisation-chart?network=eurocities", ".branches li a", 20),
        ("/queries/members", ".network-drawing .node circle", 6),
        ("/queries/figures-over-time", ".line-drawing circle", 8),
        ("/city/oslo", ".map-drawing .dot circle", 1),
        ("/around/city/oslo", ".around .wide .tied", 10),
    ],
)
@pytest.mark.parametrize("scripts", [True, False])
def test_a_picture_is_drawn_with_and_without_scripts(
    browser: Any, server: Server, path: str, selector: str, least: int, scripts: bool  # noqa: ANN401, FBT001
) -> None:  # fmt: skip
    show(browser, scripts=scripts)
    try:
        browser.get(server.url + path)
        drawn = browser.find_elements(By.CSS_SELECTOR, selector)
        assert len(drawn) >= least
        assert all(each.size["width"] > 0 for each in drawn)
        assert browser.find_elements(By.CSS_SELECTOR, "table tbody tr")
    finally:
        show(browser)


def test_the_box_suggests_things_and_questions_and_the_keyboard_chooses(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser, width=390)
    browser.get(server.url + "/?lang=nb")
    box = browser.find_element(By.ID, "q")
    box.send_keys("president i Metrex")
    options = WebDriverWait(browser, PATIENCE).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "#suggestions [role=option]")
    )
    assert "spørsmål" in " ".join(each.text for each in options)
    assert barriers(browser) == []
    box.send_keys(Keys.ARROW_DOWN)
    assert box.get_attribute("aria-activedescendant") == "suggestion-0"
    box.send_keys(Keys.ESCAPE)
    assert box.get_attribute("aria-expanded") == "false"
    box.send_keys(Keys.BACK_SPACE)
    WebDriverWait(browser, PATIENCE).until(lambda _: box.get_attribute("aria-expanded") == "true")
    box.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    WebDriverWait(browser, PATIENCE).until(lambda b: "/network/metrex" in b.current_url)
    assert complaints(browser) == []


def test_a_map_has_land_behind_its_places(browser: Any, server: Server) -> None:  # noqa: ANN401
    browser.get(server.url + "/queries/places-on-the-map")
    land = browser.find_element(By.CSS_SELECTOR, ".land").get_attribute("d")
    assert len(land) > 1000


def test_a_table_sorts_by_keyboard_and_keeps_sources_with_their_rows(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser)
    browser.get(server.url + "/queries/network-figures?lang=en")

    def column() -> list[str]:
        cells = browser.find_elements(By.CSS_SELECTOR, "table.answer tbody tr:first-child td:nth-child(5)")
        return [cell.text for cell in cells]

    button = browser.find_element(By.CSS_SELECTOR, "table.answer th:nth-child(5) button")
    button.send_keys(Keys.ENTER)
    assert [int(each) for each in column()] == sorted(int(each) for each in column())
    assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.SPACE)
    assert [int(each) for each in column()] == sorted((int(each) for each in column()), reverse=True)
    first = browser.find_element(By.CSS_SELECTOR, "table.answer tbody")
    assert "140" in first.text
    assert "Number of members" in first.text


def test_the_whole_way_from_search_to_source_goes_by_keyboard(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser)
    browser.get(server.url + "/?lang=en")
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    box = browser.find_element(By.ID, "q")
    box.send_keys("stavnger", Keys.ENTER)
    hit = WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, ".hits a"))
    assert hit.text == "Stavanger"
    hit.send_keys(Keys.ENTER)
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, "h1").text == "Stavanger")
    browser.find_element(By.CSS_SELECTOR, ".brief .mark a").send_keys(Keys.ENTER)
    link = WebDriverWait(browser, PATIENCE).until(
        lambda b: b.find_element(By.CSS_SELECTOR, ".brief-sources li:target a")
    )
    assert link.is_displayed()
    link.send_keys(Keys.ENTER)
    WebDriverWait(browser, PATIENCE).until(lambda b: "/document/" in b.current_url)
    assert browser.find_element(By.CSS_SELECTOR, "h1").text
    target = browser.execute_script("return document.querySelector(':target')?.textContent ?? ''")
    assert "1552" in target or "#char" not in browser.current_url


def test_the_list_of_questions_can_be_filtered(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser)
    browser.get(server.url + "/queries?lang=nb")
    field = browser.find_element(By.CSS_SELECTOR, ".filter input")
    field.send_keys("presidént")
    shown = [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".question-list li") if each.is_displayed()]
    assert 1 <= len(shown) < 10
    assert all("resident" in each for each in shown)


def test_the_editor_completes_runs_and_lets_go(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser)
    if not (ROOT / "src/citygraph/web/static/editor.js").is_file():
        pytest.skip("build it: cd frontend && npm ci && npm run build")
    browser.get(server.url + "/editor?lang=en")
    host = WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, ".code"))
    content = host.shadow_root.find_element(By.CSS_SELECTOR, ".cm-content")
    content.click()
    keys = ActionChains(browser)
    keys.key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(Keys.DELETE)
    keys.send_keys("ASK ", "{ id:place-osl").perform()
    # The list is drawn anew while it is read.
    waiting = WebDriverWait(browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])

    def offered() -> list[str]:
        return [each.text for each in host.shadow_root.find_elements(By.CSS_SELECTOR, ".cm-tooltip-autocomplete li")]

    waiting.until(lambda _: any("id:place-oslo" in each for each in offered()[:1]))
    ActionChains(browser).pause(0.2).send_keys(Keys.ENTER).send_keys(" a cg:City ").perform()
    assert "ASK { id:place-oslo a cg:City }" in content.text.replace("\n", " ")
    ActionChains(browser).send_keys(". ?n a cg:CityNetwork ; ").perform()
    waiting.until(lambda _: any("covers theme" in each for each in offered()))
    ActionChains(browser).send_keys(Keys.ESCAPE, "cg:hasTopik ?o ").perform()
    WebDriverWait(browser, PATIENCE).until(lambda b: "cg:hasTopic?" in b.find_element(By.ID, "while-writing").text)
    assert [each.text for each in host.shadow_root.find_elements(By.CSS_SELECTOR, ".cm-noted")] == ["cg:hasTopik"]
    ActionChains(browser).send_keys(Keys.BACKSPACE * len(". ?n a cg:CityNetwork ; cg:hasTopik ?o ")).perform()
    WebDriverWait(browser, PATIENCE).until(lambda b: not b.find_element(By.ID, "while-writing").text)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.text == "Run"
    content.click()
    ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    answer = WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, ".truth"))
    assert answer.text == "Yes"
    assert complaints(browser) == []


def test_the_editor_is_a_form_without_scripts(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser, scripts=False)
    try:
        browser.get(server.url + "/editor?lang=en")
        area = browser.find_element(By.ID, "query")
        area.clear()
        area.send_keys("ASK {}")
        browser.find_element(By.CSS_SELECTOR, "#editor button").click()
        assert WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, ".truth")).text == "Yes"
    finally:
        show(browser)


def test_a_printed_page_leaves_out_what_can_only_be_clicked(browser: Any, server: Server) -> None:  # noqa: ANN401
    show(browser)
    browser.get(server.url + "/queries/norwegian-participants?lang=en")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.CSS_SELECTOR, "form.ask").is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, "nav.menu").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, "table.answer").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, ".source-lines").is_displayed()
    finally:
        show(browser)


@pytest.fixture(scope="module")
def hostile(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site whose names are attacks."""
    folder = hostile_copy(built_folder, tmp_path_factory.mktemp("hostile") / "graph")
    assert not Project.open(folder).build().report.violations
    with serving(folder, "--workers", "2") as started:
        yield started


@pytest.mark.parametrize("path", [*PAGES, "/city/stavanger", "/network/metrex", "/queries/thematic-areas", "/queries/members",
                                  f"/search?q={urllib.parse.quote(MARKUP)}"])  # fmt: skip
def test_markup_in_a_name_runs_on_no_page(browser: Any, hostile: Server, path: str) -> None:  # noqa: ANN401
    show(browser)
    browser.get(hostile.url + path + ("&" if "?" in path else "?") + "lang=nb")
    assert browser.execute_script("return window.owned") is None
    assert browser.execute_script("return document.images.length") == 0
    assert (
        browser.execute_script("return document.querySelectorAll('svg[onload], [onerror], svg:not([class])').length")
        == 0
    )
    assert complaints(browser) == []


def test_markup_in_a_name_is_read_as_it_is_written(browser: Any, hostile: Server) -> None:  # noqa: ANN401
    for path in ("/city/stavanger", "/network/metrex", "/person/dario-nardella"):
        browser.get(f"{hostile.url}{path}?lang=nb")
        assert MARKUP in browser.find_element(By.CSS_SELECTOR, "h1").text
