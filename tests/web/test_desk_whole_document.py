"""A whole document through the reading page, from an empty graph: sentence by sentence, until the graph says what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.edit.facts import kind_of_fact, told
from citygraph.edit.state import EditedGraph
from citygraph.load import load_files
from citygraph.sources import anchor_of
from conftest import TODAY
from desk_client import DeskClient, hidden_of, values_of, words_beside
from pages_client import words_of
from web.test_desk_reading import answer, counted, fields, put_in, sentence

pytestmark = pytest.mark.slow  # each fact is written as on a desk
NAME = "fjordnett.md"
TEXT = """Fjordnett er et nettverk av byer. Fjordnett arbeider med kystkultur.

Fjordnett har ca. 40 medlemmer, og Oslo er medlem av Fjordnett. Oslo ligger i Norge.

Målet for nettverket er renere havner for alle som bor der. Bergen kommune leder dette for tang.

Møtet varte lenge.
"""
DAY = "2020-05-04"
WANTED = {
    ("Fjordnett is a network of cities", "et nettverk"),
    ("Fjordnett works on kystkultur", "kystkultur"),
    (f"number of members in Fjordnett: about 40, as of {DAY}", "ca. 40 medlemmer"),
    (f"City of Oslo is in Fjordnett as full member, as of {DAY}", "Oslo er medlem av Fjordnett"),
    ("Oslo lies in Norway", "Oslo ligger i Norge"),
    ("Fjordnett has the aim: renere havner", "renere havner"),
    (f"City of Bergen is lead of tang, as of {DAY}", "tang"),
}
"""What a reader takes out of the text: facts, and the words that say them."""


def written(project: Project) -> set[tuple[str, str]]:
    """The facts of the graph that rest on words of the document, with the words."""
    state, kinds = EditedGraph(load_files(project.config).graphs), project.edits.kinds
    text = (project.folder / "sources" / NAME).read_text(encoding="utf-8")
    labels, found = state.labels_with(), set[tuple[str, str]]()
    for iri in state.said:
        if (place := anchor_of(iri)) and place.source.endswith(NAME) and place.sort == "passage":
            subjects = {each for all_ in state.said_of.get(iri, {}).values() for each in all_}
            facts = [fact for each in subjects if (fact := kind_of_fact(each, kinds, state)) is not None]
            found |= {(told(fact, labels).en, text[place.numbers[0] : place.numbers[1]]) for fact in facts}
    return found


def form_of(desk: DeskClient, at: str, words: str, kind: str, quote: str) -> tuple[str, dict[str, Any]]:
    """The form for a fact of some words of a sentence: where it is, and what it is filled in with."""
    led = answer(desk, at, "kind", words, kind=kind, quote=quote)
    assert led.status_code == 303, words_beside(led.text)
    page = desk.get(led.headers["location"])
    return led.headers["location"], {**values_of(page), **hidden_of(page)}


def test_a_document_is_read_from_an_empty_graph_to_what_it_says(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "graph")
    project.build()
    desk = DeskClient(Project.open(project.folder, today=TODAY))
    at = put_in(desk, TEXT, name=NAME)
    # A document that nobody dates: what holds on a day asks for one, once.
    refused = answer(desk, at, "yes", "ca. 40", told="about 40")
    assert refused.status_code == 409
    assert "has no date" in words_of(refused.text)
    page = desk.get(at)
    assert desk.send(at, {**fields(page), "step": "day", "day": "no day"}).status_code == 409
    assert desk.send(at, {**fields(page), "step": "day", "day": DAY}).status_code == 303

    for words, what in (("kystkultur", "works on kystkultur"), ("et nettverk", "is a network"), ("ca. 40", "about 40"), ("ca. 40", "as full member")):  # fmt: skip
        done = answer(desk, at, "yes", words, told=what)
        assert done.status_code == 303, words_beside(done.text)
    # Nearly right: changed in its form, which writes it at once.
    part = sentence(desk.get(at), "renere havner")
    form = part[part.index('action="/desk/add/aim') :].partition("</form>")[0]
    said = {**hidden_of(form), "f-aim": "renere havner", "f-quote": "renere havner", "step": "take"}
    changed = desk.send(f"/desk/add/aim?read={NAME}&at=5&lang=en", said)
    assert changed.status_code == 303, words_beside(changed.text)
    assert changed.headers["location"].startswith(f"/desk/read/{NAME}?done=")
    # Without a proposal: the form of the kind, filled in with what the words name.
    where, filled = form_of(desk, at, "Oslo ligger", "city", "Oslo ligger i Norge")
    assert "Norway" in filled["f-country"] or "NOR" in str(filled["f-country"])
    assert desk.send(where, {**filled, "f-name-nb": "Oslo", "step": "take"}).status_code == 303
    where, filled = form_of(desk, at, "Bergen kommune", "lead", "tang")
    assert (filled["f-member"][0], filled["f-organization"][0]) == ("Bergen kommune", "tang")
    asked = desk.send(where, {**filled, "step": "take"})
    assert asked.status_code == 409, "of which network the group is, nothing tells"
    more = {"f-new": "working-group", "f-network": "Fjordnett"}
    assert desk.send(where, {**filled, **more, "step": "take"}).status_code == 303
    assert answer(desk, at, "nothing", "Møtet varte").status_code == 303

    found = written(project)
    assert WANTED - found == set(), found
    made = {told_ for told_, _ in found - WANTED}
    assert made <= {"Fjordnett is a network of cities", "Oslo lies in Norway", "City of Oslo governs Oslo", "Bergen lies in Norway", "City of Bergen governs Bergen", "tang is a working group of Fjordnett"}  # fmt: skip
    assert counted(desk.get(at))[2:] == (1, 0)
    assert not project.check().report.violations
