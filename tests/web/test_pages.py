"""What every page is: whole, in two languages, with its twins, behind a prefix, and safe from its own data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import httpx
import pytest
import rdflib

from citygraph import Project
from citygraph.rdf import Iri, parse
from citygraph.store import Snapshot
from citygraph.web.pages.graph import GraphView, KeptVersion
from citygraph.web.pages.i18n import all_words
from pages_client import MARKUP, Pages, hostile_copy, words_of

ROOT = Path(__file__).parents[2]
WHY = httpx.QueryParams(
    s="<https://w3id.org/citygraph/id/place-stavanger>",
    p="<https://w3id.org/citygraph/ontology#participatesIn>",
    o="<https://w3id.org/citygraph/id/eurocities>",
)
ENTITIES = [
    "/network/eurocities", "/network/metrex", "/city/stavanger", "/city/oslo", "/place/rogaland", "/country/nor",
    "/authority/oslo-kommune", "/person/dario-nardella", "/theme/topic-planning", "/concept/roles", "/role/president",
    "/working-group/eurocities-wg-food", "/body/eurocities-excom", "/document/eurocities-metrex-memo.txt",
    "/document/geonames", "/organization/research-communities", "/record/m-oslo-kommune-metrex",
]  # fmt: skip
PAGES = [
    "/", "/queries", "/network", "/person", "/search", "/search?q=oslo", "/editor", f"/why?{WHY}",
    "/editor?query=SELECT%20%3Fs%20%3Fo%20WHERE%20%7B%20%3Fs%20org%3Amember%20%3Fo%20%7D", *ENTITIES,
]  # fmt: skip


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


@pytest.fixture(scope="module")
def queries(this_project: Project) -> list[str]:
    """The addresses of all questions; one needs a day."""
    return [
        f"/queries/{q.name}{'?date=2020-11-06' if q.name == 'president-on-date' else ''}"
        for q in this_project.queries()
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_page_is_whole_in_both_languages(pages: Pages, path: str, language: str) -> None:
    answer = pages.get(path + ("&" if "?" in path else "?") + f"lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in answer.text
    assert answer.text.count("<h1>") == 1
    assert answer.text.rstrip().endswith("</html>")


@pytest.mark.slow
def test_every_question_has_a_page_with_its_answer_and_sources(pages: Pages, queries: list[str]) -> None:
    for path in queries:
        answer = pages.get(path)
        assert answer.status_code == 200, path
        assert 'id="answer"' in answer.text
        assert "data-sortable" in answer.text or 'class="empty"' in answer.text, path
    text = words_of(pages.get("/queries/norwegian-participants?lang=en").text)
    assert "Stavanger Municipality associated partner" in text
    assert "Memo on two city networks characters 1552–1582" in text


@pytest.mark.slow
def test_nothing_runs_inline_so_that_a_strict_policy_holds(pages: Pages, queries: list[str]) -> None:
    for path in [*PAGES, *queries, "/nothing/here"]:
        text = pages.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), path
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or 'type="application/ld+json"' in attributes


@pytest.mark.slow
def test_every_link_of_a_page_leads_somewhere(pages: Pages) -> None:
    seen: set[str] = set()
    for path in PAGES[::2]:
        for href in re.findall(r'(?:href|src|action)="(/[^"#]*)', pages.get(path).text):
            seen.add(href.replace("&amp;", "&"))
    missing = {path for path in seen if path != "/sparql" and pages.get(path).status_code not in {200, 303}}
    assert len(seen) > 250
    assert not missing


def test_the_language_comes_from_the_address_then_the_browser_and_stays(pages: Pages) -> None:
    assert pages.get("/").headers["Content-Language"] == "en"
    assert pages.get("/", Accept_Language="nn-NO,nn;q=0.9,en;q=0.5").headers["Content-Language"] == "nb"
    assert pages.get("/", Accept_Language="fr, en;q=0.2, nb;q=0.1").headers["Content-Language"] == "en"
    assert pages.get("/?lang=en", Accept_Language="nb").headers["Content-Language"] == "en"
    assert pages.get("/?lang=xx", Accept_Language="nb;q=bad").headers["Content-Language"] == "en"
    assert "Accept-Language" in pages.get("/").headers["Vary"]
    chosen = pages.get("/city/stavanger?lang=nb").text
    assert 'href="/authority/stavanger-kommune?lang=nb"' in chosen
    assert 'href="/city/stavanger?lang=en"' in chosen
    assert "lang=" not in re.sub(
        r'<link[^>]*>|class="languages".*?</nav>|<[^>]* lang="[^"]*"[^>]*>', "", pages.get("/").text
    )


def test_behind_a_prefix_every_address_begins_with_it(this_project: Project) -> None:
    pages = Pages(this_project, root_path="/graf")
    for path in ("/", "/city/oslo", "/queries/members", "/editor", "/search?q=oslo"):
        answer = pages.get(f"/graf{path}")
        assert answer.status_code == 200, path
        for href in re.findall(r'(?:href|src|action)="(/[^"]*)', answer.text):
            assert href.startswith("/graf/"), href


def test_an_identifier_leads_to_the_page_or_to_the_file_that_is_wanted(pages: Pages) -> None:
    def lands(accept: str, path: str = "/id/place-stavanger") -> str:
        answer = pages.get(path, Accept=accept)
        assert answer.status_code == 303
        assert "Accept" in answer.headers["Vary"]
        return answer.headers["Location"]

    assert lands("text/html,application/xhtml+xml,*/*;q=0.8") == "/city/stavanger"
    assert lands("*/*") == "/city/stavanger"
    assert lands("text/turtle") == "/city/stavanger.ttl"
    assert lands("application/ld+json") == "/city/stavanger.jsonld"
    assert lands("application/json;q=0.9, text/turtle;q=0.1") == "/city/stavanger.json"
    assert lands("text/*;q=0.5, text/html;q=0.1") == "/city/stavanger.ttl"
    assert lands("application/rdf+xml") == "/city/stavanger.rdf"
    assert lands("application/n-triples") == "/city/stavanger.nt"
    refused = pages.get("/id/place-stavanger", Accept="application/pdf")
    assert refused.status_code == 406
    assert "text/turtle" in refused.json()["errors"][1]
    assert lands("text/html", "/source/geonames") == "/document/geonames"
    assert pages.get("/concept/role-president").headers["Location"] == "/role/president"


@pytest.mark.slow
def test_every_thing_of_the_graph_has_an_address_that_answers(pages: Pages, this_project: Project) -> None:
    base = this_project.config.base
    things = {q.subject.value for q in this_project.quads("asserted") if isinstance(q.subject, Iri)}
    names = sorted(thing.removeprefix(f"{base}id/") for thing in things if thing.startswith(f"{base}id/"))
    assert len(names) > 300
    places = {pages.get(f"/id/{name}").headers.get("Location", name) for name in names}
    assert all(place.startswith("/") for place in places)
    for place in sorted(places)[::15]:
        for language in ("nb", "en"):
            answer = pages.get(f"{place}?lang={language}")
            assert answer.status_code == 200, place
            assert _raw_names(answer.text) == [], (place, language)


_RAW: Final = re.compile(
    r"\b(?:id|concept|cg|skos|org|prov|rdfs?|owl|schema|dct|time|foaf|adms|source):[A-Za-z][\w-]*", re.IGNORECASE
)


def _raw_names(page: str) -> list[str]:
    """Short addresses where a reader expects a name; the lasting address and code are what they are."""
    return _RAW.findall(
        words_of(re.sub(r"<code.*?</code>|<template.*?</template>|<pre.*?</pre>", " ", page, flags=re.DOTALL))
    )


@pytest.mark.parametrize("language", ["nb", "en"])
def test_everything_with_a_page_has_a_name_in_words(this_project: Project, snapshot: Snapshot, language: str) -> None:
    graph = GraphView(this_project, snapshot, KeptVersion(this_project, snapshot), snapshot)
    names = {iri: graph.label(iri, language) for iri in graph.directory.things()}
    assert len(names) > 900
    assert {iri: name for iri, name in names.items() if _RAW.search(name)} == {}
    # A fact about a membership is told by what that ties together; what has no name by what it is.
    base = this_project.config.base
    whole = names[f"{base}id/m-raymond-johansen-eurocities-excom-during"]
    assert whole == {"nb": "periode", "en": "period"}[language]
    properties = {q.predicate.value for q in this_project.quads("asserted") if str(q.subject)[1:-1] in names}
    assert {each for each in properties if _RAW.match(graph.label(each, language))} == set()


FOREIGN = {"ttl": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml"}


@pytest.mark.parametrize("path", ENTITIES)
def test_the_twins_of_a_page_say_the_same(pages: Pages, path: str) -> None:
    turtle = pages.get(f"{path}.ttl")
    assert turtle.headers["Content-Type"].startswith("text/turtle")
    parsed = parse(turtle.content, format="ttl")
    assert parsed.quads
    assert not parsed.problems
    linked = parse(pages.get(f"{path}.jsonld").content, format="jsonld")
    assert {str(quad.triple) for quad in linked.quads} == {str(quad.triple) for quad in parsed.quads}
    plain = pages.get(f"{path}.json").json()
    assert {"iri", "kind", "name", "statements", "tables", "snapshot", "as_of"} <= set(plain)
    assert f'rel="alternate" type="text/turtle" href="{path}.ttl"' in pages.get(path).text
    # The readers of rdflib are not ours.
    for name, media_type in FOREIGN.items():
        asked = pages.get(path, Accept=media_type)
        assert (asked.headers["Content-Type"].partition(";")[0], asked.headers["Vary"]) == (media_type, "Accept")
        assert asked.content == pages.get(f"{path}.{name}").content
        assert len(rdflib.Graph().parse(data=asked.content, format=media_type)) == len(parsed.quads)


def test_a_derived_fact_is_told_apart_and_says_why(pages: Pages) -> None:
    page = pages.get("/city/stavanger?lang=en")
    assert "Participates in derived Eurocities" in words_of(page.text).replace("participates", "Participates")
    address = re.search(r'class="why" href="([^"]*participatesIn[^"]*)"', page.text)
    assert address is not None
    proof = words_of(pages.get(address[1].replace("&amp;", "&")).text)
    assert "Stavanger – participates in – Eurocities" in proof
    assert "data/networks/eurocities.ttl" in proof
    assert pages.get(f"/why.json?{WHY}").json()["holds"] is True
    assert pages.get("/why?s=x&p=y&o=z").status_code == 400
    missing = httpx.QueryParams(s=WHY["s"], p="<http://www.w3.org/ns/org#memberOf>", o=WHY["o"])
    assert "This does not hold" in words_of(pages.get(f"/why?{missing}&lang=en").text)


def test_two_claims_are_both_shown_and_the_one_not_followed_says_so(pages: Pages) -> None:
    text = words_of(pages.get("/network/eurocities?lang=en").text)
    assert re.search(r"1986 Sources of 1986 1 source .*? 1991 another claim, not followed", text)


def test_a_relation_goes_by_its_kind_from_both_ends_and_a_wish_is_told_as_one(pages: Pages) -> None:
    metrex, groups = (
        words_of(pages.get(f"{path}?lang=en").text)
        for path in ("/network/metrex", "/organization/research-communities")
    )
    assert "partner of European institutions" in metrex
    assert "named under “partner of” by Metrex" in groups
    eurocities = words_of(pages.get("/network/eurocities?lang=en").text)
    assert "wants more of an urban dimension in the policy of EU institutions" in eurocities
    assert re.search(r"influences EU institutions.{0,200}not followed.{0,300}a wish", eurocities)
    assert "relates to" not in metrex + eurocities
    # What it does goes by its kind too, behind its aim and before its relations.
    order = ["has aim better", "means campaigns", "way of working activities", "service analysis", "urban dimension"]
    assert [eurocities.find(each) >= 0 for each in order] == [True] * len(order)
    assert max(map(eurocities.find, order[:-1])) < eurocities.find(order[-1])
    # An aim is the purpose; that need not be said twice.
    assert "purpose" not in eurocities


def test_an_unknown_address_names_what_comes_nearest(pages: Pages) -> None:
    page = pages.get("/city/stavangr?lang=en")
    assert page.status_code == 404
    assert 'href="/city/stavanger?lang=en"' in page.text
    body = pages.get("/city/stavangr.json").json()
    assert body["ok"] is False
    assert body["status"] == 404
    assert any("/city/stavanger" in each for each in body["errors"])
    assert pages.get("/queries/norwegian-participant").status_code == 404
    assert "norwegian-participants" in pages.get("/queries/norwegian-participant").text
    assert pages.get("/network.json").json()["count"] == 20
    for path in (
        "/network.csv",
        "/static/..%2Fpages.py",
        "/static/words.toml",
        "/id/%00",
        "/city/%3Cscript%3E",
        "/x/y.ttl",
    ):
        assert pages.get(path).status_code == 404, path


def test_a_page_that_has_not_changed_is_not_sent_again(pages: Pages) -> None:
    first = pages.get("/city/oslo")
    again = pages.get("/city/oslo", If_None_Match=first.headers["ETag"])
    assert again.status_code == 304
    assert not again.content
    style = re.search(r'href="(/static/site.css[^"]*)"', first.text)
    assert style is not None
    assert "immutable" in pages.get(style[1]).headers["Cache-Control"]


def test_search_forgives(pages: Pages) -> None:
    def first(text: str) -> str:
        results = pages.get(f"/search.json?{httpx.QueryParams(q=text)}").json()["results"]
        return str(results[0]["page"]) if results else ""

    for text in ("Oslo", "oslo", "OSLO", "olso", "osloo", "Osl"):
        assert first(text) == "/city/oslo", text
    assert first("Munchen") == first("münchen")
    assert first("ostfold") == first("Østfold") == first("østfold")
    assert first("koenig jerlmyr") == first("Anna König") == "/person/anna-konig-jerlmyr"
    assert first("Norge") == first("Norway") == first("norwa") == "/country/nor"
    assert first("Florens") == first("Firenze") or first("Florence") == "/city/florence"
    assert first("xqzwvk") == ""
    for text in ("a" * 5000, '"', "*", "NEAR(", "%", "' OR 1=1 --", "\u0000", "🏙", " "):
        assert pages.get(f"/search?{httpx.QueryParams(q=text)}").status_code == 200, text
    text = pages.get("/search?q=oslo&kind=authority&lang=nb").text
    assert "Oslo kommune" in text
    assert 'href="/city/oslo?lang=nb"' not in text


def test_every_word_is_there_in_both_languages_and_used() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "src/citygraph/web").rglob("*")
        if path.suffix in {".py", ".html"}
    )
    built = (
        "group.", "view.", "error.", "column.", "inverse.", "status.", "approximation.", "modality.", "boolean.",
        "act.", "desk.about_", "brief.", "take.", "facet.", "lists.", "reading.", "news.",
    )  # fmt: skip
    for key, words in all_words().items():
        assert words.nb, key
        assert words.en, key
        assert f'"{key}"' in code or key.startswith(built), f"nobody says {key}"


def test_structured_data_can_be_read(pages: Pages) -> None:
    for path in ("/", "/city/oslo", "/network/metrex", "/authority/oslo-kommune", "/queries/members"):
        block = re.search(r'<script type="application/ld\+json">(.*?)</script>', pages.get(path).text, re.DOTALL)
        assert block is not None
        document = json.loads(block[1])
        assert document["@context"] == "https://schema.org"
        assert document["name"]


@pytest.fixture(scope="module")
def hostile(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The pages of a graph whose names are attacks."""
    project = Project.open(hostile_copy(built_folder, tmp_path_factory.mktemp("hostile") / "graph"))
    built = project.build()
    assert not built.report.violations, built.report.violations
    return Pages(project)


@pytest.mark.parametrize("path", [*PAGES, "/queries/members", "/queries/places-on-the-map", "/queries/presidents-over-time",
                                  "/queries/thematic-areas", "/search?q=stavanger", f"/search?{httpx.QueryParams(q=MARKUP)}",
                                  "/city/stavangr"])  # fmt: skip
def test_markup_in_a_name_stays_text_on_every_page(hostile: Pages, path: str) -> None:
    answer = hostile.get(path + ("&" if "?" in path else "?") + "lang=nb")
    text = answer.text
    # It is the page itself, and no error in its place.
    assert answer.status_code == (404 if path == "/city/stavangr" else 200)
    assert "<h1" in text
    assert "<img" not in text
    assert "<svg/" not in text
    assert not re.search(r"<script(?![^>]*(?: src=|application/ld\+json))", text)
    for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL):
        json.loads(block)


@pytest.mark.parametrize("kind", ["network", "map", "timeline", "bar"])
def test_markup_in_a_name_stays_text_in_the_file_of_a_picture(hostile: Pages, kind: str) -> None:
    names = {
        "network": "members",
        "map": "places-on-the-map",
        "timeline": "presidents-over-time",
        "bar": "network-figures",
    }
    answer = hostile.get(f"/queries/{names[kind]}.svg?picture={kind}")
    assert answer.status_code == 200
    assert b"<img" not in answer.content
    assert b"<script" not in answer.content
    assert b"&lt;" in answer.content


def test_markup_in_a_name_is_shown_as_it_is_written(hostile: Pages) -> None:
    for path in ("/city/stavanger", "/network/metrex", "/person/dario-nardella", "/theme/topic-planning"):
        assert MARKUP in words_of(re.sub(r"<title>.*?</title>", "", hostile.get(f"{path}?lang=nb").text)), path
    feed = hostile.get("/queries/members.atom?lang=nb").text
    assert "<script" not in feed
    assert "&amp;lt;script" in feed
