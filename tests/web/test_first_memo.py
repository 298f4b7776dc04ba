"""The page "Your first memo": what it says happens, and its pictures are of the desk as it is.

`make pictures` runs this with CITYGRAPH_PICTURES, the folder that the pictures are put into.
"""

from __future__ import annotations

import doctest
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT
from headless import NEEDS_BROWSER, headless_browser, show
from patience import PATIENCE
from test_docs import blocks, run_page
from web.conftest import Server, serving

PAGES = {"en": ROOT / "docs" / "first-memo.md", "nb": ROOT / "docs" / "forste-notat.md"}
FORM = "/desk/add/website?organization=https://example.org/my-graph/id/harbour-net&lang="
SAID = {"f-page": "https://harbour.example/", "f-source": "memo.txt"}


@pytest.fixture(scope="module", autouse=True)
def a_day_after_the_memo() -> Iterator[None]:
    """The page and its pictures are of one day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITYGRAPH_TODAY", "2026-12-01")
        yield


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page makes, each block printing what it says."""
    folder, checker = tmp_path_factory.mktemp("first"), doctest.OutputChecker()
    for block, expected, printed in run_page(PAGES["en"], folder):
        assert not expected or checker.check_output(expected, printed, doctest.ELLIPSIS), f"{block.text}\n{printed}"
        assert "Error" not in printed
    return folder / "my-graph"


def test_both_pages_say_the_same_commands_and_show_the_same_pictures(graph: Path) -> None:
    assert (graph / "data" / "networks" / "harbour-net.ttl").is_file()
    english, norwegian = (page.read_text(encoding="utf-8") for page in PAGES.values())
    commands = {line.strip() for line in english.splitlines() if line.lstrip("$ ").startswith("citygraph ")}
    told = [line.removeprefix("$ ") for each in blocks(PAGES["nb"]) for line in each.text.splitlines()]
    assert len(told) > 5
    assert {each for each in told if each not in commands and f"$ {each}" not in commands} == {"cd my-graph"}
    pictures = [
        re.findall(r'<img src="pictures/([\w-]+)-(?:en|nb)\.png" alt="[^"]+"', page) for page in (english, norwegian)
    ]
    assert pictures[0] == pictures[1] == ["first-memo-network", "first-memo-form", "first-memo-preview"]


@pytest.fixture(scope="module")
def server(graph: Path) -> Iterator[Server]:
    with serving(graph, "--edit", "--workers", "1", "--edition", "internal") as started:
        yield started


@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
def test_the_pictures_are_taken_of_the_desk_as_it_is(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    from selenium.webdriver.common.by import By  # noqa: PLC0415
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    folder = Path(os.environ.get("CITYGRAPH_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    with headless_browser(tmp_path_factory.mktemp("chromium")) as browser:
        show(browser, width=800)
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})

        def take(name: str, language: str) -> None:
            # The words of the page stand there before it is taken.
            assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
            browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
            assert browser.get_screenshot_as_file(str(folder / f"first-memo-{name}-{language}.png"))

        for language, told in (("en", "Harbour Net has the website"), ("nb", "Harbour Net har nettstedet")):
            address = f"http://127.0.0.1:{server.port}"
            browser.get(f"{address}/network/harbour-net?lang={language}")
            assert "Lise Berg" in browser.page_source
            take("network", language)
            browser.get(f"{address}{FORM}{language}")
            for name, value in SAID.items():
                browser.find_element(By.NAME, name).send_keys(value)
            take("form", language)
            browser.find_element(By.CSS_SELECTOR, "button[value=preview]").click()
            WebDriverWait(browser, PATIENCE).until(lambda b: b.find_elements(By.CSS_SELECTOR, "button[value=write]"))
            assert told in browser.page_source
            take("preview", language)
    assert {path.name for path in folder.glob("first-memo-*.png")} == {
        f"first-memo-{name}-{language}.png" for name in ("network", "form", "preview") for language in PAGES
    }
