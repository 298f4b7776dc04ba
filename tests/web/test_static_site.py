"""`publish --site`: the folder on a plain file server in headless Chromium, its links, its bytes, its secrets."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import posixpath
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citygraph import Project
from citygraph.publish import NewFolder, Published
from citygraph.web.pages.graph import GraphView, KeptVersion
from citygraph.web.pages.search import find_things
from citygraph.web.site import SiteLimits, write_site
from citygraph.web.site.plan import file_name
from citygraph.web.site.write import SearchIndex
from clean_project import clean_project
from conftest import TODAY
from headless import NEEDS_BROWSER, WINDOWS, barriers, headless_browser, show
from pages_client import MARKUP, Pages
from patience import PATIENCE

pytest.importorskip("selenium.webdriver", reason="install it: pip install selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "src/citygraph/web/static/oxigraph.wasm"
pytestmark = [
    pytest.mark.slow,
    *NEEDS_BROWSER,
    pytest.mark.skipif(not ENGINE.is_file(), reason="build it: cd frontend && npm ci && npm run build"),
]
LIMITS = SiteLimits(answers=2, proofs=12)
SECRET = "Hemmelig plan om utmelding"  # noqa: S105  # a sentence
PLANS = f"""@prefix id: <https://w3id.org/citygraph/id/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

id:nordnett skos:editorialNote "{SECRET}"@nb .
"""
NOBODY = """#+ title:    { nb: "Ingen", en: "Nobody" }
#+ question: { nb: "Hva heter det?", en: "What is it called?" }
#+ params:   { network: { type: entity, class: "cg:CityNetwork", default: nobody } }
#+ columns:  [network, label]
PREFIX cg: <https://w3id.org/citygraph/ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?network ?label WHERE { ?network a cg:CityNetwork ; skos:prefLabel ?label }
"""
ADDRESSES = ("href", "src", "action", "data-index", "data-terms", "data-graph", "data-names")


def hostile_project(folder: Path) -> Path:
    """The clean project with names full of markup, and an internal file."""
    clean_project(folder)
    written = MARKUP.replace("\\", "\\\\").replace('"', '\\"')
    for path, before in (
        ("data/networks/nordnett.ttl", '"Nordnett"@nb'),
        ("data/places.ttl", '"Fjord City"@en'),
    ):
        file = folder / path
        text = file.read_text(encoding="utf-8")
        assert before in text
        name = before.rpartition('"')[0].lstrip('"')
        file.write_text(text.replace(before, before.replace(name, f"{name} {written}"), 1), encoding="utf-8")
    (folder / "data/internal").mkdir()
    (folder / "data/internal/plans.ttl").write_text(PLANS, encoding="utf-8")
    (folder / "queries/nobody.rq").write_text(NOBODY, encoding="utf-8")
    # The texts lie elsewhere, under a whole path, so that a copy of the project finds them too.
    texts = folder.with_name("texts")
    (folder / "sources").rename(texts)
    settings = folder / "graph.toml"
    key = '[publish]\ninternal = ["data/internal/*.ttl"]\n'
    text = settings.read_text(encoding="utf-8").replace("[publish]\n", key)
    settings.write_text(f'{text}\n[sources]\nfolder = "{texts}"\n', encoding="utf-8")
    return folder


def publish(folder: Path, target: Path, limits: SiteLimits = LIMITS) -> Published:
    """The folder with its site."""
    return Project.open(folder, today=TODAY).publish(target, site=functools.partial(write_site, limits=limits))


@pytest.fixture(scope="module")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_project(tmp_path_factory.mktemp("static") / "graph")


@pytest.fixture(scope="module")
def outcome(project_folder: Path) -> Published:
    return publish(project_folder, project_folder.parent / "some" / "where" / "site")


@pytest.fixture(scope="module")
def site(project_folder: Path, outcome: Published) -> Path:
    assert outcome.written, [each.message.en for each in outcome.report.violations]
    return project_folder.parent / "some" / "where" / "site"


class _Page(HTMLParser):
    """The links and the anchors of a page, and what runs in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.handlers: list[str] = []
        self.inline: list[str] = []
        self._data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name, value in attrs if name in ADDRESSES and value]
        self.anchors |= {value for name, value in attrs if name == "id" and value}
        self.handlers += [name for name in given if name.startswith("on")]
        if tag == "script" and not given.get("src") and given.get("type") != "application/ld+json":
            self.inline.append(str(attrs))


@functools.cache
def read_page(path: Path) -> _Page:
    """A page of a site that no test changes."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def html_files(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


# -- the folder -----------------------------------------------------------------------------------


def test_every_link_of_every_page_leads_to_a_file_and_stays_in_the_folder(site: Path) -> None:
    pages = html_files(site)
    assert len(pages) > 500
    broken, anchors, seen = [], {}, 0
    for path in pages:
        anchors[path] = read_page(path).anchors
    for path in pages:
        here = path.relative_to(site).as_posix()
        for link in read_page(path).links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in {"http", "https", "mailto"}, link
                continue
            seen += 1
            assert not link.startswith("/"), (here, link)
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(parts.path))) if parts.path else here
            )
            file = site / target
            there = not target.startswith("..") and file.is_file()
            if not there or (
                parts.fragment and unquote(parts.fragment) not in anchors.get(file, {unquote(parts.fragment)})
            ):
                broken.append((here, link))
    assert seen > 10_000
    assert broken == []


def test_every_page_names_its_twin_in_the_other_language_and_itself(site: Path) -> None:
    for path in html_files(site):
        here = path.relative_to(site).as_posix()
        if not here.startswith(("nb/", "en/")):
            continue
        text = path.read_text(encoding="utf-8")
        address = f"https://w3id.org/citygraph/{here.removesuffix('index.html')}"
        assert f'<link rel="canonical" href="{address}">' in text
        for language in ("nb", "en"):
            assert (
                f'<link rel="alternate" hreflang="{language}" href="https://w3id.org/citygraph/{language}/' in text
            ), here
        assert f'<html lang="{here[:2]}">' in text
        assert "Content-Security-Policy" in text
        assert "citygraph.invalid" not in text


def test_the_twins_of_a_thing_lie_beside_it_as_files(site: Path) -> None:
    for ending in ("ttl", "jsonld", "json"):
        assert (site / f"city/skogstad.{ending}").stat().st_size > 100
    assert (
        json.loads((site / "city/skogstad.json").read_bytes())["iri"] == "https://w3id.org/citygraph/id/place-skogstad"
    )


@given(st.text(min_size=1), st.text(min_size=1))
@example("..", ".")
@example("con", "CON")
@example("a/b", "a-b")
@example("index.html", "INDEX.HTML")
def test_any_text_becomes_a_plain_file_name_of_its_own(one: str, other: str) -> None:
    name = file_name(one)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,89}", name)
    assert not name.startswith("index.html")
    assert ".." not in name.split("/")
    assert (file_name(other) == name) == (one == other)


def test_two_runs_give_the_same_bytes(project_folder: Path, site: Path) -> None:
    again = project_folder.parent / "again"
    assert publish(project_folder, again).written
    assert (again / "SHA256SUMS").read_text(encoding="utf-8") == (site / "SHA256SUMS").read_text(encoding="utf-8")


def test_what_is_left_out_is_said_with_its_reason(outcome: Published, site: Path) -> None:
    said = {(each.code, each.file): each.message.en for each in outcome.report}
    assert "limit for one question is 2" in said["publish-site-answers", "queries/member-answer.rq"]
    assert "about" in said["publish-site-free-values", "queries/statements-about.rq"]
    assert "status 400" in said["publish-site-page", "nb/queries/nobody/index.html"]
    assert 'class="fault"' in (site / "nb/queries/nobody/index.html").read_text(encoding="utf-8")
    assert "first 12 proofs" in said["publish-site-proofs", "why"]
    assert len(list((site / "nb/why").rglob("index.html"))) == 12
    left = [path for path in html_files(site / "nb/authority") if "proofs-left-out" in path.read_text(encoding="utf-8")]
    assert left
    assert 'class="why"' in "".join(path.read_text(encoding="utf-8") for path in html_files(site / "nb"))


def test_choices_of_a_question_are_pages_of_their_own_with_files(site: Path) -> None:
    page = site / "nb/queries/members/network.nordnett/index.html"
    assert page.is_file()
    assert (site / "queries/members/network.nordnett.csv").read_text(encoding="utf-8").startswith("network,")
    text = (site / "nb/queries/members/index.html").read_text(encoding="utf-8")
    assert 'href="network.nordnett/index.html"' in text
    assert 'class="ask"' not in text


def test_a_list_narrowed_by_one_value_is_a_page_and_two_choices_are_none(site: Path) -> None:
    whole, narrowed = site / "nb/authority/index.html", site / "nb/authority/by/country.nor/index.html"
    assert 'href="by/country.nor/index.html"' in whole.read_text(encoding="utf-8")
    text = narrowed.read_text(encoding="utf-8")
    assert 'href="../../index.html"' in text
    assert 'href="../country.swe/index.html"' in text
    assert "facet-role" not in text
    assert "Fjordby kommune" in text
    assert "Skogstad kommune" not in text


def test_nothing_internal_is_in_any_file(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix == ".gz":
            data = gzip.decompress(path.read_bytes())
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                data = b"".join(book.read(name) for name in book.namelist())
        else:
            data = path.read_bytes() if path.is_file() else b""
        assert SECRET.encode() not in data, path
        assert b"plans.ttl" not in data, path


def test_the_text_of_a_source_stays_though_the_live_site_shows_it(project_folder: Path, site: Path) -> None:
    sentence = "og Skogstad er assosiert partner"
    project = Project.open(project_folder, today=TODAY)
    assert not project.build().report.violations
    assert sentence in Pages(project).get("/document/notat.txt?lang=nb").text
    page = (site / "nb/document/notat.txt/index.html").read_text(encoding="utf-8")
    assert "document-text" not in page
    assert not [path for path in html_files(site) if sentence in path.read_text(encoding="utf-8")]


def test_a_page_that_gives_something_internal_away_stops_the_run(project_folder: Path, tmp_path: Path) -> None:
    def careless(project: Project, folder: NewFolder, progress: object) -> list[Any]:
        del project, progress
        folder.write("nb/city/skogstad/index.html", f"<p>{SECRET}</p>".encode())
        folder.write("search/index.json", json.dumps({"rows": [["city", SECRET]]}).encode())
        return []

    outcome = Project.open(project_folder, today=TODAY).publish(tmp_path / "site", site=careless)
    assert {each.file for each in outcome.report if each.code == "publish-leak"} == {
        "nb/city/skogstad/index.html", "search/index.json",
    }  # fmt: skip
    assert not (tmp_path / "site").exists()


def test_hostile_names_stay_text_in_every_page(site: Path) -> None:
    met = 0
    for path in html_files(site):
        text = path.read_text(encoding="utf-8")
        page = read_page(path)
        assert not page.handlers, path
        assert not page.inline, path
        assert "<script>window.owned" not in text, path
        met += "window.owned" in text
    assert met > 10


def test_a_project_in_one_language_gets_one(tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "graph")
    settings = folder / "graph.toml"
    text = settings.read_text(encoding="utf-8").replace('languages = ["nb", "en"]', 'languages = ["nb"]')
    settings.write_text(text, encoding="utf-8")
    assert publish(folder, tmp_path / "site", SiteLimits(answers=0, proofs=0)).written
    assert (tmp_path / "site/nb/index.html").is_file()
    assert not (tmp_path / "site/en").exists()
    assert not (tmp_path / "site/nb/why").exists()
    assert 'href="nb/index.html"' in (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "nb/index.html" not in (tmp_path / "site/en.html").read_text(encoding="utf-8")


# -- the folder in a browser ------------------------------------------------------------------------


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """A plain file server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The folder on a plain file server, some folders deep."""
    handler = functools.partial(_Quiet, directory=str(site.parents[2]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{site.relative_to(site.parents[2]).as_posix()}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window."""
    with headless_browser(tmp_path_factory.mktemp("chromium"), browser="ALL", performance="ALL") as started:
        yield started


def until(browser: Any, selector: str) -> Any:  # noqa: ANN401
    """The element when it is there."""
    return WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, selector))


def asked_of(browser: Any) -> set[str]:  # noqa: ANN401
    """The hosts that have been asked since the last look."""
    messages = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    sent = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return {urlsplit(each).netloc for each in sent if each.startswith("http")}


PAGES = [
    "index.html", "en.html", "ontology/nb.html", "nb/index.html", "en/queries/index.html", "nb/queries/members/index.html",
    "nb/queries/members/network.nordnett/index.html", "nb/queries/places-on-the-map/index.html",
    "en/queries/president-on-date/index.html", "nb/network/index.html", "nb/network/nordnett/index.html",
    "en/city/fjordby/index.html", "nb/authority/fjordby-kommune/index.html", "nb/document/notat.txt/index.html",
    "en/a-z/index.html", "nb/search/index.html", "en/search/index.html?q=fjrodby", "nb/sparql/index.html", "WHY",
]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser: Any, address: str, site: Path, path: str, width: int, scheme: str) -> None:  # noqa: ANN401
    if path == "WHY":
        path = min(site.glob("nb/why/*/index.html")).relative_to(site).as_posix()
    assert (site / path.partition("?")[0]).is_file(), path
    show(browser, width=width, scheme=scheme)
    browser.get(address + path)
    if "?q=" in path:
        until(browser, ".hits a")
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert barriers(browser) == []
    # The pages of the folder itself have no icon.
    assert [each["message"] for each in browser.get_log("browser") if "favicon" not in each["message"]] == []


SEARCHES = [
    "fjordby", "Fjrodby", "FJORD", "skogstd", "nordnet", "fylke kommun", "ostfold", "Fjordby kommne", "by", "æøå", "zzzzzz",
    "Fjordby-Fjordbyen", "Nowhere / Skogstad", "rolle", "mdlm", "norge", "a b c d", "<img src=x>",
]  # fmt: skip


def test_the_search_finds_what_the_live_search_finds_in_its_order(
    browser: Any, address: str, project_folder: Path  # noqa: ANN401
) -> None:  # fmt: skip
    project = Project.open(project_folder, today=TODAY)
    assert not project.build().report.violations
    snapshot = project.snapshot()
    graph = GraphView(project, snapshot, KeptVersion(project, snapshot), snapshot)
    show(browser)
    met = 0
    for text in SEARCHES:
        browser.get(f"{address}nb/search/index.html?{urlencode({'q': text})}")
        until(browser, "#found[data-done]")
        links = [each.get_attribute("href") for each in browser.find_elements(By.CSS_SELECTOR, ".hits a")]
        wanted = [
            f"{address}nb/{kind.name}/{node.slug}/index.html"
            for hit, kind in find_things(graph, text)
            if (node := graph.directory.node(hit.iri)) is not None
        ]
        assert links == wanted, text
        met += len(links)
    assert met > 30


def test_an_index_in_parts_finds_the_same(browser: Any, address: str, site: Path) -> None:  # noqa: ANN401
    whole = json.loads((site / "search/index.json").read_bytes())
    split = site.parent / "split"
    for part in ("nb/search", "static"):
        shutil.copytree(site / part, split / part)
    (split / "search").mkdir()
    with SearchIndex(whole["kinds"], whole["first"], most_in_one=10) as index:
        for kind, page, term, nb, en, names, spellings in whole["rows"]:
            thing = {"term": term, "nb": names[nb], "en": names[en], "names": names, "spellings": spellings}
            index.add(kind, page, thing)
        elsewhere = {"term": "id:koln", "nb": "Köln", "en": "Köln", "names": ["Köln"], "spellings": [["cologne", 0]]}
        index.add("city", "city/koln/index.html", elsewhere)
        files = dict(index.files())
    for path, data in files.items():
        (split / path).write_bytes(data)
    assert {"search/index.json", "search/part-f.json", "search/part-s.json"} <= files.keys()
    assert json.loads(files["search/index.json"])["rows"] == []
    show(browser)
    for text in ("fjordby", "Fjrodby", "jfordby", "skogstd", "NORDNETT", "fjordby kommune"):
        found = []
        for folder in (address, address.replace("/site/", "/split/")):
            browser.get(f"{folder}nb/search/index.html?{urlencode({'q': text})}")
            until(browser, "#found[data-done]")
            links = browser.find_elements(By.CSS_SELECTOR, ".hits a")
            found.append([each.get_attribute("href").removeprefix(folder) for each in links])
        assert found[0][0] == found[1][0], text
        assert set(found[1]) <= set(found[0])
    browser.get(f"{address.replace('/site/', '/split/')}nb/search/index.html?q=Cologne")
    until(browser, "#found[data-done]")
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".hits a")] == ["Köln"]


def test_from_search_to_page_to_the_other_language_by_links_alone(browser: Any, address: str) -> None:  # noqa: ANN401
    show(browser, width=390)
    browser.get(address)
    browser.find_element(By.PARTIAL_LINK_TEXT, "Utforsk grafen").click()
    until(browser, "#q").send_keys("skogstd\n")
    until(browser, ".hits a").click()
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, "h1").text == "Skogstad")
    browser.find_element(By.LINK_TEXT, "English").click()
    WebDriverWait(browser, PATIENCE).until(lambda b: "/en/city/skogstad/" in b.current_url)
    assert asked_of(browser) == {urlsplit(address).netloc}


def ask(browser: Any, query: str) -> None:  # noqa: ANN401
    """Write a query into the editor and run it."""
    browser.execute_script(
        "const form = document.getElementById('editor');"
        "form.dispatchEvent(new CustomEvent('fill', { detail: arguments[0] })); form.requestSubmit()",
        query,
    )


def test_sparql_is_answered_in_the_browser_and_nobody_else_is_asked(browser: Any, address: str, site: Path) -> None:  # noqa: ANN401
    show(browser)
    browser.get(f"{address}en/sparql/index.html?example=members")
    asked_of(browser)
    until(browser, "#editor .code")
    browser.execute_script("document.getElementById('editor').requestSubmit()")
    table = until(browser, "#result table")
    assert table.find_elements(By.CSS_SELECTOR, "tbody tr")
    triples = len(set((site / "data/graph.nt").read_text(encoding="utf-8").splitlines()))
    ask(browser, "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, "#result").text == f"n\n{triples}")
    ask(browser, "SELECT ?city ?none WHERE { ?city a cg:City . OPTIONAL { ?city cg:nothing ?none } } ORDER BY ?city")
    link = until(browser, "#result a")
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#result th")] == ["city", "none"]
    assert link.get_attribute("href") == f"{address}en/city/fjordby/index.html"
    assert "Fjord City" in link.text
    ask(browser, "ASK { ?s a cg:City }")
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.ID, "status").text == "Yes")
    ask(browser, "CONSTRUCT { ?s a cg:City } WHERE { ?s a cg:City }")
    WebDriverWait(browser, PATIENCE).until(lambda b: "triples" in b.find_element(By.ID, "status").text)
    assert asked_of(browser) == {urlsplit(address).netloc}


@pytest.mark.parametrize("query", ["SELECT WHERE", "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"])
def test_what_cannot_be_answered_says_so_and_the_next_query_is(browser: Any, address: str, query: str) -> None:  # noqa: ANN401
    browser.get(f"{address}nb/sparql/index.html")
    until(browser, "#editor .code")
    ask(browser, query)
    assert until(browser, "#result .fault").text
    ask(browser, "ASK { ?s a cg:City }")
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.ID, "status").text == "Ja")
    assert not browser.find_elements(By.CSS_SELECTOR, "#result .fault")


def test_a_query_without_end_is_stopped_and_the_next_one_answered(browser: Any, address: str) -> None:  # noqa: ANN401
    browser.get(f"{address}en/sparql/index.html")
    until(browser, "#editor .code")
    ask(browser, "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }")
    fault = until(browser, "#result .fault")
    assert "stopped" in fault.text
    ask(browser, "ASK { ?s a cg:City }")
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.ID, "status").text == "Yes")


def test_without_scripts_everything_is_still_there(browser: Any, address: str) -> None:  # noqa: ANN401
    show(browser, scripts=False)
    try:
        browser.get(f"{address}nb/search/index.html?q=fjordby")
        assert "trenger JavaScript" in browser.find_element(By.TAG_NAME, "main").text
        browser.find_element(By.LINK_TEXT, "Alle navn fra A til Å").click()
        WebDriverWait(browser, PATIENCE).until(lambda b: "/nb/a-z/" in b.current_url)
        browser.find_element(By.LINK_TEXT, "F").click()
        WebDriverWait(browser, PATIENCE).until(lambda b: "/nb/a-z/f/" in b.current_url)
        browser.find_element(By.LINK_TEXT, "Fjordby").click()
        WebDriverWait(browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, "h1").text == "Fjordby")
        browser.get(f"{address}nb/queries/members/index.html")
        browser.find_element(By.CSS_SELECTOR, ".choices summary").click()
        browser.find_element(By.CSS_SELECTOR, ".choices a[data-value='id:nordnett']").click()
        WebDriverWait(browser, PATIENCE).until(lambda b: "/network.nordnett/" in b.current_url)
        assert browser.find_elements(By.CSS_SELECTOR, "table.answer tbody tr")
        browser.get(f"{address}nb/sparql/index.html")
        assert "trenger JavaScript" in browser.find_element(By.TAG_NAME, "main").text
        assert not browser.find_element(By.ID, "editor").is_displayed()
    finally:
        show(browser)


def test_nothing_runs_out_of_a_hostile_name(browser: Any, address: str) -> None:  # noqa: ANN401
    for path in ("nb/network/nordnett/index.html", "en/city/fjordby/index.html", "nb/search/index.html?q=nordnett"):
        browser.get(address + path)
        WebDriverWait(browser, PATIENCE).until(lambda b: "window.owned" in b.find_element(By.TAG_NAME, "main").text)
        assert browser.execute_script("return window.owned") is None
    browser.get(f"{address}nb/sparql/index.html")
    until(browser, "#editor .code")
    ask(browser, "SELECT ?network ?name WHERE { ?network a cg:CityNetwork ; skos:prefLabel ?name }")
    assert "window.owned" in until(browser, "#result table").text
    assert browser.execute_script("return window.owned") is None
