"""What a page gives to take along says the same as the page: as text, as a Word document and as slides."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import docx
import pptx
import pytest

from citygraph import Project
from citygraph.web.pages.take import MailBlock, MailRun, blocks_of, text_of
from clean_project import clean_project
from conftest import TODAY
from pages_client import Pages

ANSWER = "/queries/members.{}?network=Eurocities&as_of=2020-11-05&lang=en"


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


def test_a_word_document_has_the_rows_of_the_answer_its_account_and_its_sources(pages: Pages) -> None:
    answer = pages.get(ANSWER.format("docx"))
    assert answer.headers["content-disposition"] == 'attachment; filename="members.docx"'
    document = docx.Document(io.BytesIO(answer.content))
    said = [each.text for each in document.paragraphs]
    assert said[0] == "Members and partners"
    assert any(each.startswith("As of 2020-11-05: 3 hold.") for each in said)
    assert said[-1].startswith("http://graph.test/queries/members?")
    (table,) = document.tables
    rows = [[re.sub(r"( \[\d+\])+\Z", "", cell.text) for cell in row.cells] for row in table.rows]
    csv_rows = list(csv.DictReader(io.StringIO(pages.get(ANSWER.format("csv")).text)))
    assert len(rows) - 1 == len(csv_rows) > 1
    assert [row[1] for row in rows[1:]] == [each["member_label"] for each in csv_rows]
    sources = [each for each in document.paragraphs if each.style and each.style.name == "List Number"]
    numbers = re.findall(r"\[(\d+)\]", "".join(cell.text for row in table.rows for cell in row.cells))
    assert {*numbers} == {str(number) for number in range(1, len(sources) + 1)}
    assert all(link.address.startswith("http") for each in sources for link in each.hyperlinks)
    assert document.core_properties.language == "en-GB"


def test_slides_have_titles_and_what_is_long_goes_on_upon_the_next(pages: Pages) -> None:
    show = pptx.Presentation(io.BytesIO(pages.get("/queries/thematic-areas.pptx?network=Eurocities&lang=nb").content))
    titles = [each.shapes.title.text for each in show.slides]
    assert len(titles) == len(set(titles)) > 2
    tables = [shape.table for slide in show.slides for shape in slide.shapes if shape.has_table]
    head = [cell.text for cell in tables[0].rows[0].cells]
    assert all([cell.text for cell in each.rows[0].cells] == head for each in tables)
    shown = sum(len(each.rows) - 1 for each in tables)
    assert (
        shown
        == len(list(csv.reader(io.StringIO(pages.get("/queries/thematic-areas.csv?network=Eurocities").text)))) - 1
    )


@pytest.mark.parametrize(
    "address", ["/city/oslo.docx?lang=nb", "/authority/oslo-kommune?format=pptx&lang=en", ANSWER.format("docx")]
)
def test_the_same_answer_gives_the_same_bytes(address: str, pages: Pages) -> None:
    first = pages.get(address)
    assert first.status_code == 200
    assert first.content == pages.get(address).content


def test_the_page_of_an_answer_offers_them_and_copies_what_the_text_says(pages: Pages) -> None:
    page = pages.get("/queries/members?network=Eurocities&as_of=2020-11-05&lang=en").text
    for ending in ("txt", "docx", "pptx"):
        (href,) = re.findall(rf'<a class="file" href="(/queries/members\.{ending}\?[^"]*)"', page)
        assert pages.get(href.replace("&amp;", "&")).status_code == 200
    assert pages.get(ANSWER.format("txt")).text in page.replace("&#39;", "'").replace("&amp;", "&").replace(
        "&#34;", '"'
    )
    strict = pages.get(ANSWER.format("txt") + "&strict=1").text
    assert "strict=1" in strict.splitlines()[-1]


def test_a_question_without_rows_says_so_and_there_are_no_other_endings(pages: Pages) -> None:
    nobody = pages.get("/queries/members.txt?network=Eurocities&as_of=1900-01-01&lang=en")
    assert "No rows" in nobody.text
    assert pages.get("/queries/members.eml").status_code == 404


def test_names_that_are_markup_or_control_characters_stay_words() -> None:
    said = '<h2>A &lt;b&gt; &amp; \x07\x00B</h2><ul><li><a href="javascript:x">C</a> <a href="https://d.example/?a=1&amp;b=2">D</a></li></ul>'
    assert blocks_of(said) == [
        MailBlock("h2", [[MailRun("A <b> & B")]]),
        MailBlock("ul", [[MailRun("C"), MailRun(" "), MailRun("D", "https://d.example/?a=1&b=2")]]),
    ]


def test_text_numbers_each_list_of_its_own() -> None:
    said = '<h3>X</h3><ol><li><a href="https://a.example">A</a>: b</li><li>C</li></ol><p>and</p><ol><li>D</li></ol>'
    assert text_of(blocks_of(said)) == "X\n[1] A: b https://a.example\n[2] C\n\nand\n\n[1] D\n"


def test_a_question_with_yes_or_no_is_told_and_one_that_gives_a_graph_is_no_document(tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "graph", questions=False)
    head = '#+ title: { nb: "T", en: "T" }\n#+ question: { nb: "Er det noe?", en: "Is there anything?" }\n#+ columns: [{}]\n'
    (folder / "queries").mkdir(exist_ok=True)
    for name, query in (
        ("anything", "ASK { ?s ?p ?o }"),
        ("graph", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 3"),
    ):
        (folder / "queries" / f"{name}.rq").write_text(
            head.replace("{}", "s, p, o" if "CONSTRUCT" in query else "answer") + query + "\n", encoding="utf-8"
        )
    project = Project.open(folder, today=TODAY)
    assert not project.build().report.violations
    pages = Pages(project)
    assert "\nYes\n" in pages.get("/queries/anything.txt?lang=en").text
    for ending in ("txt", "docx", "svg"):
        assert pages.get(f"/queries/graph.{ending}").status_code == 404
    assert "mail-text" not in pages.get("/queries/graph").text
