"""Saved questions as a product: forms, dates, files, feeds, the description for programs, pictures."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citygraph import Project
from citygraph.query import Answered
from citygraph.results import Solutions, Truth
from citygraph.sources import Anchor
from citygraph.store.names import search_names, write_names
from citygraph.web.pages import drawings
from citygraph.web.pages.drawings import MapPlace, draw_map, draw_network
from citygraph.web.pages.files import answer_hash
from citygraph.web.pages.sources import ShownPassage, segments_of, sentences_of
from pages_client import Pages, words_of

MEMO = "Overskrift <b>\n\n" + "Et ord om Oslo. " * 200 + "Her står ingenting."


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


def test_the_form_is_made_from_the_parameters(pages: Pages) -> None:
    text = pages.get("/queries/leaving-network?lang=nb").text
    assert re.search(r'<option value="id:oslo-kommune" selected>Oslo kommune</option>', text)
    assert '<option value="id:bergen-kommune">Bergen kommune</option>' in text
    assert 'name="as_of" type="date"' in text
    short = pages.get("/queries/members?network=metrex&lang=en")
    assert '<option value="id:metrex" selected>Metrex</option>' in short.text
    assert "Eurocities" not in words_of(short.text).partition("Answer")[2].partition("Use the answer")[0]
    needs = pages.get("/queries/president-on-date?lang=en")
    assert needs.status_code == 200
    assert "Fill in what is missing" in needs.text
    assert 'type="date" required' in needs.text


def test_a_wrong_value_is_told_beside_the_form(pages: Pages) -> None:
    for query in ("network=atlantis", "as_of=yesterday", "as_of=0001-01-01", "nothing=1"):
        answer = pages.get(f"/queries/members?{query}")
        assert answer.status_code == 400, query
        assert 'role="alert"' in answer.text
        body = pages.get(f"/queries/members.csv?{query}")
        assert body.status_code == 400
        assert body.json()["status"] == 400


def test_another_day_gives_another_answer(pages: Pages) -> None:
    path = "/queries/network-presidents.csv"
    before, after = pages.get(path).text, pages.get(f"{path}?as_of=2022-01-01").text
    assert "anna-konig-jerlmyr" in before
    assert "anna-konig-jerlmyr" not in after
    assert "2022-01-01" in pages.get("/queries/network-presidents?as_of=2022-01-01").text


def test_sources_stand_under_each_row_and_can_be_left_out(pages: Pages) -> None:
    path = "/queries/norwegian-participants?lang=en"
    assert 'class="row-sources"' in pages.get(path).text
    assert 'class="row-sources"' not in pages.get(f"{path}&cite=0").text
    cited = next(csv.DictReader(io.StringIO(pages.get("/queries/norwegian-participants.csv?cite=1").text)))
    assert cited["stated"] in {"stated", "derived"}
    assert "#char=" in cited["sources"]


def test_a_switch_that_is_none_or_has_no_effect_is_told(pages: Pages) -> None:
    for address, said in (
        ("members.csv?cite=true", "cite cannot be 'true'"),
        ("members?cite=true", "cite cannot be"),
        ("members?strict=yes", "strict cannot be"),
        ("members.atom?cite=1", "cite has no effect on the answer as .atom"),
        ("members.json?dialect=excel", "dialect has no effect on the answer as .json"),
    ):
        answer = pages.get(f"/queries/{address}&lang=en")
        assert (answer.status_code, said in unescape(answer.text)) == (400, True), (address, answer.text[:300])
    assert pages.get("/queries/members.atom?cite=0").status_code == 200


def test_page_and_feed_are_strict_when_they_are_asked_to_be(pages: Pages) -> None:
    page, strict = (pages.get(f"/queries/members?lang=en{more}").text for more in ("", "&strict=1"))
    assert ("Intercultural" in page, 'id="last-known"' in page) == (True, True)
    assert 'id="last-known"' not in strict
    assert "1 last known" in words_of(strict)
    assert re.search(r'members\.csv\?[^"]*strict=1', strict)
    assert re.search(r'members\.atom\?[^"]*strict=1', strict)
    feed, strict = (pages.get(f"/queries/members.atom?lang=en{more}").text for more in ("", "&strict=1"))
    assert ("Last known" in feed, "2013" in feed) == (True, True)
    assert ("Last known" in strict, "2013" in strict) == (False, False)


def test_the_lists_behind_an_answer_are_named(pages: Pages) -> None:
    for name in ("member-answer", "members"):
        assert "How complete are the lists?" in words_of(pages.get(f"/queries/{name}?lang=en").text)


@pytest.mark.parametrize("name", ["members", "places-on-the-map", "network-figures", "presidents-over-time"])
def test_the_files_hold_the_rows_of_the_page(pages: Pages, name: str) -> None:
    rows = list(csv.reader(io.StringIO(pages.get(f"/queries/{name}.csv").text)))
    bindings = pages.get(f"/queries/{name}.json").json()
    assert [column for column in rows[0] if not column.endswith("_label")] == bindings["head"]["vars"]
    assert len(rows) - 1 == len(bindings["results"]["bindings"])
    assert len(pages.get(f"/queries/{name}.tsv").text.splitlines()) == len(rows)
    assert len(list(ET.fromstring(pages.get(f"/queries/{name}.xml").text)[1])) == len(rows) - 1  # noqa: S314
    strict = list(csv.reader(io.StringIO(pages.get(f"/queries/{name}.csv?strict=1").text)))
    assert pages.get(f"/queries/{name}.csv?strict=0").text == pages.get(f"/queries/{name}.csv").text
    refused = pages.get(f"/queries/{name}.csv?strict=true")
    assert (refused.status_code, "0, 1" in refused.text) == (400, True)
    status = rows[0].index("status")
    assert [row for row in rows[1:] if row[status] == "holds"] == strict[1:]
    assert {row[status] for row in rows[1:]} <= {"holds", "last-known"}
    page = words_of(pages.get(f"/queries/{name}?lang=en").text)
    assert f"{len(strict) - 1} rows" in page
    answer = pages.get(f"/queries/{name}.csv")
    assert answer.headers["Citygraph-Day"] == "2020-11-05"
    assert answer.headers["Citygraph-Account"].startswith(f"holds={len(strict) - 1}")
    assert ("Last known" in page) == (len(strict) < len(rows))
    assert f"As of 2020-11-05: {len(strict) - 1} hold" in page
    assert bindings["account"]["counts"]["holds"] == len(strict) - 1
    assert f"{bindings['account']['words']['en']} " in f"{page} "
    plain = pages.get(f"/queries/{name}.json", Accept="application/sparql-results+json")
    assert {"account": bindings["account"], **plain.json()} == bindings
    assert (plain.headers["Vary"], "account" in plain.json()) == (answer.headers["Vary"], False)


def test_a_table_names_its_things_in_the_language_of_the_reader_and_says_what_its_columns_are(pages: Pages) -> None:
    path, csvm = "/queries/members.csv?network=eurocities&lang=", "application/csvm+json"
    english = pages.get(f"{path}en")
    (oslo,) = [row for row in csv.DictReader(io.StringIO(english.text)) if "oslo" in row["member"]]
    assert (oslo["member_label"], oslo["role_label"]) == ("City of Oslo", "full member")
    beside = 'members.csv-metadata.json?network=eurocities&lang=en>; rel="describedby"; type="' + csvm
    assert beside in english.headers["Link"]
    described = pages.get(f"{path}en".replace(".csv", ".csv-metadata.json"))
    assert described.headers["Content-Type"] == csvm
    columns = described.json()["tableSchema"]["columns"]
    assert [each["titles"] for each in columns] == next(csv.reader(io.StringIO(english.text)))
    assert columns[2]["datatype"] == "anyURI"
    assert described.json()["dc:temporal"]["@value"] == "2020-11-05"
    excel = pages.get(f"{path}nb&dialect=excel").content
    assert excel.startswith(b"\xef\xbb\xbfnetwork;network_label;member;")
    assert "oslo-kommune;Oslo kommune;" in excel.decode()
    assert pages.get(f"{path}en&dialect=excel").content.startswith(b"\xef\xbb\xbfnetwork,network_label,")
    assert pages.get(f"{path}en&dialect=lotus").status_code == 400
    tsv = pages.get(f"{path}nb".replace(".csv", ".tsv")).text
    assert '"Oslo kommune"' in tsv
    assert tsv.startswith("?network\t?network_label\t")


def test_a_workbook_can_be_opened_and_holds_no_formula(pages: Pages) -> None:
    pytest.importorskip("xlsxwriter", reason="install it: pip install XlsxWriter")
    path = "/queries/network-figures.xlsx?lang=en"
    data = pages.get(path).content
    assert pages.get(path).content == data
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "<v>140</v>" in sheet
    assert "number of members" in strings
    assert "network (IRI)" in strings
    assert ">https://w3id.org/citygraph/id/eurocities<" in strings


def test_places_come_as_geojson(pages: Pages) -> None:
    answer = pages.get("/queries/places-on-the-map.geojson?lang=en")
    assert answer.headers["Content-Type"] == "application/geo+json"
    oslo = next(f for f in answer.json()["features"] if f["properties"]["place"]["name"] == "Oslo")
    assert oslo["geometry"] == {"type": "Point", "coordinates": [10.74609, 59.91273]}
    assert pages.get("/queries/members.geojson").status_code == 404
    assert pages.get("/queries/members.ttl").status_code == 404
    assert pages.get("/queries/members.exe").status_code == 404


def test_a_feed_changes_when_the_answer_does_and_only_then(pages: Pages, this_project: Project) -> None:
    feed = pages.get("/queries/members.atom?lang=en")
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    assert pages.get("/queries/members.atom?lang=en").content == feed.content
    atom = "{http://www.w3.org/2005/Atom}"
    root = ET.fromstring(feed.content)  # noqa: S314  # our own answer
    assert root.findtext(f"{atom}updated") == "2020-11-05T00:00:00Z"
    assert root.findtext(f"{atom}entry/{atom}id", "").startswith(root.findtext(f"{atom}id", "?"))
    assert "<table>" in root.findtext(f"{atom}entry/{atom}content", "")
    answered = this_project.query("members")
    assert isinstance(answered.answer, Solutions)
    fewer = replace(answered, answer=Solutions(answered.answer.columns, answered.answer.rows[1:]))
    assert answer_hash(answered) == answer_hash(this_project.query("members"))
    assert answer_hash(answered) != answer_hash(fewer)
    assert answer_hash(Answered(answered.query, Truth(value=True))) != answer_hash(fewer)


@pytest.mark.slow
def test_the_description_for_programs_keeps_its_promises(pages: Pages, this_project: Project) -> None:
    document = pages.get("/openapi.json?lang=en").json()
    assert document["openapi"] == "3.1.0"
    for query in this_project.queries():
        path = f"/queries/{query.name}.csv"
        operation = document["paths"][path]["get"]
        assert {each["name"] for each in operation["parameters"]} >= {p.name for p in query.parameters} | {"as_of"}
        needed = {each["name"]: "2020-11-06" for each in operation["parameters"] if each.get("required")}
        answer = pages.get(f"{path}?{httpx.QueryParams(needed)}")
        if query.federates is not None:
            # This site may not ask Wikidata, and a file cannot say why some of its columns are empty.
            assert (answer.status_code, answer.json()["status"]) == (503, 503)
            continue
        assert answer.status_code == 200, path
        media_type = answer.headers["Content-Type"].partition(";")[0]
        assert media_type in operation["responses"]["200"]["content"]
    ids = [each["get"]["operationId"] for each in document["paths"].values()]
    assert len(ids) == len(set(ids))


def test_snippets_name_the_address_of_this_answer(pages: Pages) -> None:
    text = pages.get("/queries/members?network=id:metrex").text
    assert "curl --fail" in text
    assert text.count("http://graph.test/queries/members.csv?network=id%3Ametrex") >= 3
    assert "PREFIX org:" in text


@pytest.mark.parametrize(
    ("name", "kind", "summary"),
    [
        ("places-on-the-map", "map", "Map of 3 places: Bergen, Oslo, Stavanger. 1 has no place on the map: Viken."),
        ("network-figures", "bar", "The largest is Eurocities · number of members (140)"),
        ("presidents-over-time", "timeline", "7 periods or dates from 2014 to 12 June 2025."),
        ("members", "network", "5 ties between 6 things; Eurocities has the most (3)."),
        ("figures-over-time", "line", "series of figures over time, 1996–2022."),
        ("organisation-chart", "tree", "things below Eurocities, Metrex."),
    ],
)
def test_every_picture_has_a_sentence_and_a_table(pages: Pages, name: str, kind: str, summary: str) -> None:
    text = pages.get(f"/queries/{name}?lang=en").text
    assert f'<figure class="picture {kind}">' in text
    assert summary in words_of(text)
    assert "data-sortable" in text
    assert kind == "tree" or re.search(r"<(svg|div)[^>]*aria-hidden=\"true\"", text)
    file = pages.get(f"/queries/{name}.svg?lang=en&picture={kind}")
    assert file.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(file.content)  # noqa: S314  # our own
    said = " ".join(" ".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "As of 2020-11-05" in said
    assert f"http://graph.test/queries/{name}?" in said
    names = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert not names & {"script", "style", "image", "foreignObject"}, "it is shown where neither is taken"
    assert pages.get(f"/queries/{name}.svg?picture=cake").status_code == 404


def test_the_editor_answers_without_scripts(pages: Pages) -> None:
    query = (
        "SELECT ?place ?latitude ?longitude WHERE { ?place schema:latitude ?latitude ; schema:longitude ?longitude }"
    )
    page = pages.get(f"/editor?{httpx.QueryParams(query=query, lang='en')}")
    assert page.status_code == 200
    assert "Map of 7 places" in words_of(page.text)
    sent = pages.get("/editor?lang=en", method="POST", data={"query": query})
    assert "Map of 7 places" in words_of(sent.text)
    assert "Yes" in words_of(pages.get("/editor?query=ASK%20%7B%7D&lang=en").text)
    assert "triples" in words_of(pages.get("/editor?query=DESCRIBE%20id:metrex&lang=en").text)
    for wrong in ("SELECT", "INSERT DATA {}", "SELECT * { SERVICE <http://a> { ?s ?p ?o } }", "(" * 3000):
        answer = pages.get("/editor", method="POST", data={"query": wrong})
        assert answer.status_code == 400, wrong[:40]
        assert 'role="alert"' in answer.text
    example = pages.get("/editor?example=members").text
    assert "#+ title" in example
    terms = pages.get("/editor/terms.json?lang=en").json()
    assert {"term": "id:place-oslo", "label": "Oslo"} in terms["terms"]
    assert any(each["term"] == "org:member" for each in terms["terms"])


def test_the_editor_knows_what_a_class_has_and_what_a_parameter_takes(pages: Pages) -> None:
    terms = pages.get("/editor/terms.json?lang=nb").json()
    networks = next(each for each in terms["terms"] if each["term"] == "cg:CityNetwork")
    assert (networks["label"], networks["kind"], networks["count"]) == ("bynettverk", "class", 20)
    said = dict(terms["properties"]["cg:CityNetwork"])
    assert said["cg:hasTopic"] > 0
    assert "schema:latitude" not in said
    assert terms["parameters"]["network"] == {"class": "cg:CityNetwork", "about": "Bare dette nettverket"}


@pytest.mark.parametrize(
    ("query", "noted"),
    [
        ("SELECT ?x { ?x a cg:City }", {"SELECT": "no LIMIT. The site gives"}),
        ("SELECT ?x { ?x a cg:City } LIMIT 5", {}),
        ("SELECT (COUNT(?x) AS ?n) { ?x a cg:City }", {}),
        ("SELECT ?y (COUNT(?x) AS ?n) { ?x a ?y } GROUP BY ?y", {"SELECT": "no LIMIT"}),
        ("ASK { ?æ😀 foo:a 1 ; foo:b 2 }", {"foo:a": "the prefix foo: is not declared"}),
        ("PREFIX foo: <x:> ASK { ?x foo:a 1 }", {"foo:a": "stands nowhere in the graph"}),
        ("ASK { '😀' cg:hasTopik 1 }", {"cg:hasTopik": "Did you mean cg:hasTopic?"}),
        ("ASK { ?m a org:Membership }", {"org:Membership": "do not hold as of 5 November 2020"}),
        ("ASK { ?m org:organization id:eurocities }", {"org:organization": "?x a cg:CurrentMembership"}),
        ("ASK { ?m a cg:CurrentMembership ; org:member ?x }", {}),
        ("SELECT ?x {", {"SELECT": "no LIMIT"}),
        ("SELECT ?x { '", {"SELECT": "no LIMIT"}),
        ("SELEC ?x", {}),
        ("DROP ALL", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_the_editor_notes_what_somebody_wants_to_know(pages: Pages, query: str, noted: dict[str, str]) -> None:
    sent = pages.get("/editor/notes.json?lang=en", method="POST", data={"query": query})
    units = query.encode("utf-16-le")
    found = {units[2 * each["from"] : 2 * each["to"]].decode("utf-16-le"): each["text"] for each in sent.json()}
    assert found.keys() == noted.keys()
    assert all(words in found[place] for place, words in noted.items())
    # Without scripts they stand below the answer.
    if noted and "foo:a" not in noted and query.endswith(("}", "?y")):
        page = words_of(pages.get(f"/editor?{httpx.QueryParams(query=query, lang='en')}").text)
        assert all(words in page for words in noted.values())


@pytest.fixture(scope="module")
def document(built_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a document of a graph belongs; the graph knows the hash of `MEMO`."""
    folder = tmp_path_factory.mktemp("at-hand") / "graph"
    shutil.copytree(built_folder, folder, symlinks=True, ignore=shutil.ignore_patterns("build"))
    sources = folder / "data/sources.ttl"
    text = sources.read_text(encoding="utf-8")
    recorded = re.search(r'eurocities-metrex-memo\.txt a foaf.*?cg:sha256 "([0-9a-f]{64})"', text, re.DOTALL)
    assert recorded is not None
    sources.write_text(text.replace(recorded[1], hashlib.sha256(MEMO.encode()).hexdigest()), encoding="utf-8")
    assert not Project.open(folder).build().report.violations
    (folder / "sources").mkdir()
    return folder / "sources/eurocities-metrex-memo.txt"


def _page_of(document: Path, *, show_restricted: bool = True, **headers: str) -> str:
    pages = Pages(Project.open(document.parents[1]), show_restricted=show_restricted)
    return pages.get("/document/eurocities-metrex-memo.txt?lang=en", "GET", None, **headers).text


def test_a_document_links_to_the_beginning_of_a_fact_by_the_name_of_the_fact(pages: Pages) -> None:
    shown = [pages.get(f"/document/{name}?lang=en").text for name in ("eurocities-metrex-memo.txt", "eurocities-about")]
    texts = [text for page in shown for text in re.findall(r"<a [^>]*>([^<]*)</a>", page)]
    assert [text for text in texts if re.fullmatch(r"id:\S+", text)] == []
    assert any(re.search(r" \(\w+\)$", text) for text in texts), [text for text in texts if "(" in text]


def test_without_a_version_a_reader_gets_a_page_with_the_next_step(tmp_path: Path) -> None:
    pages = Pages(Project.new(tmp_path / "my-city", example=True))
    page = pages.get("/?lang=nb", Accept="text/html")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "er ikke bygget ennå" in page.text
    assert "citygraph build" in page.text
    answer = pages.get("/queries/members.json")
    assert (answer.status_code, answer.json()["code"]) == (503, "project.not_built")


def test_a_document_that_is_not_for_everybody_keeps_its_text_to_itself(document: Path) -> None:
    document.write_text(MEMO, encoding="utf-8")
    for page in (
        _page_of(document, show_restricted=False),
        _page_of(document, x_forwarded_for="203.0.113.7"),
        _page_of(document, forwarded="for=203.0.113.7"),
    ):
        assert "Her står ingenting" not in page
        assert "Et ord om Oslo" not in page
        assert 'class="document-text"' not in page
        assert "not for distribution, so its text is not shown" in page
        assert 'id="char=1552,1582"' in page
    assert "Her står ingenting" in _page_of(document)


@pytest.mark.slow
def test_a_document_for_everybody_shows_its_text(document: Path, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    shutil.copytree(document.parents[1], folder, symlinks=True, ignore=shutil.ignore_patterns("build", document.name))
    sources = folder / "data/sources.ttl"
    text = sources.read_text(encoding="utf-8")
    sources.write_text(text.replace("access-right/RESTRICTED", "access-right/PUBLIC"), encoding="utf-8")
    assert not Project.open(folder).build().report.violations
    (folder / "sources" / document.name).write_text(MEMO, encoding="utf-8")
    assert "Her står ingenting" in _page_of(folder / "sources" / document.name, show_restricted=False)


def test_texts_that_are_not_for_everybody_are_shown_on_this_machine_alone(
    run: Callable[..., subprocess.CompletedProcess[str]], built_folder: Path
) -> None:
    for host in ("0.0.0.0", "::", "example.org"):  # noqa: S104  # refused
        refused = run("serve", str(built_folder), "--show-restricted", "--host", host, "--port", "0")
        assert refused.returncode == 2
        assert "can be reached from elsewhere" in refused.stderr


def test_a_document_at_hand_shows_its_text_with_the_passages_marked(document: Path) -> None:
    document.write_text(MEMO, encoding="utf-8")
    page = _page_of(document)
    text = page.partition('class="document-text"')[2].partition("</div>")[0]
    assert "<mark>" in text
    assert "<b>" not in text
    assert 'class="bare">Her står ingenting.' in text
    assert re.search(r"\d+ of \d+ sentences have no fact attached", page)
    assert "not for distribution" in page


def test_a_document_that_is_another_or_not_here_shows_no_text(document: Path) -> None:
    document.write_text(f"{MEMO} changed", encoding="utf-8")
    page = _page_of(document)
    assert "Her står ingenting" not in page
    assert "not the one the passages were taken from" in page
    document.unlink()
    page = _page_of(document)
    assert "not kept here" in page
    assert 'id="char=1552,1582"' in page


def test_segments_put_the_text_together_again() -> None:
    text = "Ett. To tre.\nFire fem."
    places = {"a": (0, 4), "b": (2, 8), "outside": (5, 900)}
    passages = [
        ShownPassage(Anchor("memo", f"char={start},{end}", "passage", "", (start, end)), words, ())
        for words, (start, end) in places.items()
    ]
    bare = [(13, 22)]
    segments = list(segments_of(text, passages, bare))
    assert "".join(each.text for each in segments) == text
    assert [len(each.passages) for each in segments[:3]] == [1, 2, 1]
    assert segments[-1].bare
    assert [text[a:b] for a, b in sentences_of(text)] == ["Ett.", "To tre.", "Fire fem."]


def test_a_map_keeps_its_places_inside_and_its_names_apart() -> None:
    places = [MapPlace(f"By {n}", 55 + n / 7, 5 + n / 3) for n in range(30)]
    drawn = draw_map(places)
    assert all(0 <= dot.x <= drawn.width and 0 <= dot.y <= drawn.height for dot in drawn.dots)
    one = draw_map([MapPlace("Pol", 90, 180)])
    assert one.height <= 640
    assert draw_map([MapPlace("A", -60, -179), MapPlace("B", 80, 179)]).dots[1].x <= drawings._WIDTH  # noqa: SLF001
    assert draw_map(places) == drawn


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(54, 60), st.floats(4, 30)), min_size=1, max_size=120, unique=True))
def test_places_that_would_lie_on_each_other_are_one_dot_with_their_number(points: list[tuple[float, float]]) -> None:
    places = [MapPlace(f"By {n}", *point, href=f"/city/{n}") for n, point in enumerate(points)]
    dots = draw_map(places).dots
    assert sum(dot.count for dot in dots) == len(places)
    for n, one in enumerate(dots):
        assert all(math.dist((one.x, one.y), (other.x, other.y)) > 11.8 for other in dots[:n])
        assert (one.count == 1) == bool(one.href)


def test_ten_thousand_places_are_drawn_as_few_dots_and_none_is_left_out() -> None:
    dots = draw_map([MapPlace(f"By {n}", 40 + n % 97 / 5, n // 97 / 5) for n in range(10_000)]).dots
    assert sum(dot.count for dot in dots) == 10_000
    assert len(dots) < 5_000


def test_a_network_is_drawn_the_same_every_time_and_inside_its_frame() -> None:
    ties = [("a", str(n)) for n in range(40)] + [("x", "y"), ("y", "z"), ("z", "x")]
    names = {name: (f"Navn {name}", "") for tie in ties for name in tie}
    drawn = draw_network(ties, names)
    assert drawn == draw_network(ties, names)
    assert len(drawn.nodes) == len(names)
    assert len(drawn.lines) == len(ties)
    assert all(0 <= node.x <= drawn.width and 0 <= node.y <= drawn.height for node in drawn.nodes)


def test_an_index_of_many_names_answers_at_once() -> None:
    with closing(sqlite3.connect(":memory:")) as names:
        write_names(
            names,
            (
                (f"iri:{n}", name, "", True)
                for n in range(20_000)
                for name in (f"Kommune nummer {n}", f"Municipality {n}")
            ),
        )
        hits = search_names(names, "Municipalty 777")
        assert len(hits) <= 50
        assert "777" in hits[0].name
        assert search_names(names, "kommune")


def test_pictures_take_what_the_columns_give(pages: Pages) -> None:
    text = pages.get(
        f"/editor?{httpx.QueryParams(query='SELECT ?a ?n WHERE { VALUES (?a ?n) { (1 UNDEF) (2 5) (3 -1) } }')}"
    ).text
    # A negative number has no length: no bars, and the table is there.
    assert 'class="picture bar"' not in text
    assert "data-sortable" in text


def test_the_source_of_a_thing_is_said_to_be_that_on_pages_and_in_files(pages: Pages) -> None:
    for language, words in (("nb", "kilde til tingen"), ("en", "source of the thing")):
        answer = words_of(pages.get(f"/queries/thematic-areas?network=Metrex&cite=1&lang={language}").text)
        assert words in answer
        carried = words_of(pages.get(f"/queries/thematic-areas?network=Eurocities&cite=1&lang={language}").text)
        assert words not in carried
    rows = [*csv.DictReader(pages.get("/queries/thematic-areas.csv?cite=1").text.splitlines())]
    of_things = {row["network"].rpartition("/")[2]: (row["sources"], row["sources_of_thing"]) for row in rows}
    assert of_things["metrex"][0] == ""
    assert of_things["metrex"][1].startswith("https://")
    assert "#char=" in of_things["eurocities"][0]
    assert of_things["eurocities"][1] == ""


def test_the_last_figure_the_first_and_those_with_room_are_named() -> None:
    figures = [drawings.Figure(2000 + each / 4, 10 + each, str(10 + each)) for each in range(41)]
    (panel,) = drawings.draw_lines([("members", "", figures)], low=2000, high=2011).panels
    named = [point for point in panel.points if point.text]
    assert {named[0].text, named[-1].text} == {"10", "50"}
    assert all(later.x - earlier.x >= 9 for earlier, later in pairwise(named))
    assert panel.points[-1].y == 0 < panel.points[0].y
