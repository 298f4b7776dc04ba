"""A document on the desk: it comes in, each sentence stands beside what it may say, and one click writes a fact."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from citygraph import Project
from citygraph.web.desk import reading
from clean_project import NETWORK, clean_project
from conftest import TODAY
from desk_client import DeskClient, hidden_of, values_of, words_beside
from pages_client import MARKUP, words_of

pytestmark = pytest.mark.slow  # a document is read in a process of its own
PAGE = "/desk/read?lang=en"
TEXT = """# Notat om Nordnett

Dato: 3. mars 2020

Nordnett har 57 medlemmer i 9 land. Skogstad vurderer å bli medlem.

Kari Storvik er president i Nordnett. Møtet varte lenge.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The clean project, built."""
    project = Project.open(clean_project(tmp_path_factory.mktemp("reading") / "graph", questions=False), today=TODAY)
    assert not project.build().report.violations
    return project


@pytest.fixture(scope="module")
def checking(built: Project) -> DeskClient:
    """The desk, which checks each edit."""
    return DeskClient(built, is_checked=True)


@pytest.fixture
def desk(built: Project, checking: DeskClient) -> Iterator[DeskClient]:
    """The same; what a test writes is put back."""
    before = {path: path.read_bytes() for path in files_of(built.folder)}
    yield checking
    for path in files_of(built.folder):
        if path in before:
            path.write_bytes(before[path])
        else:
            path.unlink()


def files_of(folder: Path) -> list[Path]:
    return [each for part in ("data", "sources") for each in sorted((folder / part).rglob("*")) if each.is_file()]


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def put_in(desk: DeskClient, text: str = TEXT, *, name: str = "nordnett-notat.md", **said: str) -> str:
    """Put a document in as it is guessed, and say where it is read."""
    sent = {"Origin": desk.origin}
    new = desk.ask("POST", PAGE, data={"token": token(desk.get(PAGE))}, files={"document": (name, text.encode(), "text/markdown")}, headers=sent)  # fmt: skip
    assert new.status_code == 303, words_beside(new.text)
    asked = desk.get(new.headers["location"])
    read = desk.send(new.headers["location"], values_of(asked) | {"f-access": "PUBLIC", **said})
    assert read.status_code == 303, words_beside(read.text)
    return str(read.headers["location"])


def sentence(page: str, words: str) -> str:
    """The part of a page about the sentence with these words."""
    parts = page.split('<section class="sentence')[1:]
    return next(each for each in parts if words in words_of(each.partition("</p>")[0]))


def fields(part: str, *, told: str = "") -> dict[str, str]:
    """What stands in the first form of a part, or in that of one proposal."""
    here = part[part.index(told) :] if told else part
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'name="(token|mark|start|sentence)" value="([^"]*)"', here)[:4]
    }


def answer(desk: DeskClient, at: str, step: str, words: str, *, told: str = "", **more: str) -> httpx.Response:
    """Decide something about the sentence with these words."""
    part = sentence(desk.get(at), words)
    return desk.send(at.partition("?")[0] + "?lang=en", {**fields(part, told=told), "step": step, **more})


def counted(page: str) -> tuple[int, ...]:
    found = re.search(r"(\d+) of (\d+) sentences have a fact, (\d+) have none, (\d+) are open", words_of(page))
    assert found
    return tuple(int(each) for each in found.groups())


def test_a_document_comes_in_with_guesses_and_one_click_writes_a_fact(desk: DeskClient) -> None:
    at = put_in(desk)
    page = desk.get(at)
    assert counted(page) == (0, 4, 0, 4)
    assert "number of members in Nordic Net: exact 57, as of the day of the document" in words_of(page)
    done = answer(desk, at, "yes", "57", told="exact 57")
    assert done.status_code == 303, words_beside(done.text)
    page = desk.get(done.headers["location"])
    assert counted(page) == (0, 4, 0, 4), "the sentence has another proposal still"
    assert "exact 57, as of 2020-03-03" in words_of(sentence(page, "57"))
    assert "Written." in page
    written = (desk.project.folder / NETWORK).read_text(encoding="utf-8")
    start = (desk.project.folder / "sources" / "nordnett-notat.md").read_text(encoding="utf-8").index("57 medlemmer")
    assert f"#char={start},{start + len('57 medlemmer')}" in written
    assert not desk.project.check().report.violations
    assert answer(desk, at, "yes", "57", told="exact 9").status_code == 303
    assert counted(desk.get(at)) == (1, 4, 0, 3)
    undone = desk.send("/desk/undo?lang=en", hidden_of(page.partition('class="done"')[2].partition("</form>")[0]))
    assert undone.status_code == 409, "a later edit of the same file must be undone first"


def test_no_is_kept_and_does_not_come_back_and_nothing_is_kept_too(desk: DeskClient) -> None:
    at = put_in(desk)
    assert answer(desk, at, "no", "57", told="exact 57").status_code == 303
    page = desk.get(at)
    assert "exact 57" not in words_of(page)
    assert "exact 9" in words_of(page)
    part = sentence(page, "Møtet varte lenge")
    assert answer(desk, at, "nothing", "Møtet varte lenge").status_code == 303
    assert counted(desk.get(at)) == (0, 4, 1, 3)
    kept = (desk.project.folder / "data" / "decisions" / "nordnett-notat.md.csv").read_text(encoding="utf-8")
    assert len(kept.splitlines()) == 3
    assert "lenge" not in kept, "no word of the text"
    # The form of a page that is old decides nothing.
    late = desk.send(at, {**fields(part), "step": "yes", "mark": "0" * 32})
    assert late.status_code == 409
    assert "not here any more" in words_of(late.text)


def test_a_remark_is_kept_and_shown_counted_and_undone(desk: DeskClient) -> None:
    at = put_in(desk)
    empty = answer(desk, at, "remark", "Møtet varte lenge", quote="Møtet", note=" ")
    assert "The remark is empty" in words_of(empty.text)
    said = answer(
        desk, at, "remark", "Møtet varte lenge", quote="varte lenge", note="Til neste gang: <b>tid</b>, se saken"
    )
    page = desk.get(said.headers["location"])
    assert "Remark: Til neste gang: <b>tid</b>, se saken" in words_of(sentence(page, "Møtet varte lenge"))
    assert (counted(page), "1 have a remark alone" in words_of(page)) == ((0, 4, 0, 3), True)
    path = desk.project.folder / "data" / "decisions" / "nordnett-notat.md.csv"
    kept = path.read_text(encoding="utf-8")
    start = (desk.project.folder / "sources" / "nordnett-notat.md").read_text(encoding="utf-8").index("varte lenge")
    assert kept.startswith("kind,place,fingerprint,decided,note\nremark,")
    assert f"char={start},{start + len('varte lenge')}" in kept
    # What is decided afterwards stands beside it, and a no is undone as a remark is: back on the page.
    no = answer(desk, at, "no", "57", told="exact 57")
    for address, is_there in ((no.headers["location"], True), (said.headers["location"], False)):
        page = desk.get(address)
        undone = desk.send("/desk/undo?lang=en", hidden_of(page.partition('class="done"')[2].partition("</form>")[0]))
        assert undone.headers["location"].startswith("/desk/read/nordnett-notat.md?done=")
        assert ("se saken" in words_of(desk.get(at))) == is_there
        assert "exact 57" in words_of(desk.get(at))


def test_words_that_stand_twice_in_a_sentence_are_those_that_were_selected(desk: DeskClient) -> None:
    at = put_in(desk, "# Notat\n\nSkogstad og Skogstad vurderer å bli medlem.\n")
    places = []
    for nth in ("", "0", "1", "2", "x" * 5):
        form = answer(desk, at, "kind", "Skogstad vurderer", kind="membership", quote="Skogstad", nth=nth)
        places += re.findall(r"f-occurrence=(\d)", form.headers["location"])
    assert places == ["1", "1", "2", "1", "1"]


def test_a_new_edition_asks_about_the_facts_of_the_one_before(desk: DeskClient) -> None:
    old = put_in(desk)
    for words, told in (("57", "exact 57"), ("57", "exact 9"), ("president", "Kari Storvik")):
        assert answer(desk, old, "yes", words, told=told, sure="1").status_code == 303
    new = TEXT.replace("2020", "2021").replace("Kari Storvik er president i Nordnett. ", "")
    at = put_in(desk, new, name="nordnett-2021.md", **{"f-replaces": "source:nordnett-notat.md"})
    page = desk.get(at)
    asked = page.partition('id="again"')[2].partition("</section>")[0]
    assert "Said again: number of members in Nordic Net: exact 57" in words_of(asked)
    assert "Not said any more. Has it ended? Kari Storvik is president" in words_of(asked)
    assert "exact 57" not in words_of(sentence(page, "57")), "it is asked about, and not proposed besides"
    again = desk.send(at.partition("?")[0] + "?lang=en", {"token": token(page), "step": "again"})
    assert again.status_code == 303, words_beside(again.text)
    page = desk.get(at)
    assert "Said again" not in words_of(page)
    assert "exact 57, as of 2021-03-03" in words_of(sentence(page, "57"))
    ended = page.partition('id="again"')[2].partition("</section>")[0]
    assert desk.send(at.partition("?")[0] + "?lang=en", {**fields(ended), "step": "yes"}).status_code == 303
    assert 'id="again"' not in desk.get(at)
    assert not desk.project.check().report.violations


def test_a_long_text_has_parts_and_is_not_read_anew_while_somebody_waits(
    desk: DeskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SENTENCES", 2)
    monkeypatch.setattr(reading, "SLOW", -1.0)
    at = put_in(desk)
    address = at.partition("?")[0] + "?lang=en&part="
    first, second = desk.get(address + "1"), desk.get(address + "2")
    assert counted(first) == counted(second) == (0, 4, 0, 4)
    assert ("57 medlemmer" in words_of(first), "57 medlemmer" in words_of(second)) == (True, False)
    assert "Møtet varte" in desk.get(address + "99")
    assert 'aria-current="page">2<' in second
    # A page that was opened before a decision decides still.
    for told in ("exact 57", "exact 9"):
        said = {**fields(sentence(first, "57"), told=told), "step": "yes"}
        done = desk.send(at, said)
        assert done.status_code == 303, words_beside(done.text)
        assert told not in re.findall(r"Proposed:.*?(exact \d+)", words_of(desk.get(address + "1")))
    assert "part=" in answer(desk, address + "99", "nothing", "Møtet varte").headers["location"]


def test_what_the_graph_has_otherwise_is_asked_before_it_is_written(desk: DeskClient) -> None:
    at = put_in(desk)
    before = {path: path.read_bytes() for path in files_of(desk.project.folder)}
    asked = answer(desk, at, "yes", "president")
    assert asked.status_code == 409
    assert "Not written yet" in words_of(asked.text)
    assert "two presidents at once" in words_of(asked.text)
    assert {path: path.read_bytes() for path in files_of(desk.project.folder)} == before, "the new person neither"
    sure = answer(desk, at, "yes", "president", sure="1")
    assert sure.status_code == 303, words_beside(sure.text)
    assert "Kari Storvik" in (desk.project.folder / "data" / "people.ttl").read_text(encoding="utf-8")
    done = hidden_of(desk.get(sure.headers["location"]).partition('class="done"')[2].partition("</form>")[0])
    assert desk.send("/desk/undo", done).status_code == 303
    assert {path: path.read_bytes() for path in files_of(desk.project.folder)} == before, "one decision, one undo"


def test_a_document_that_is_taken_back_takes_its_text_with_it(desk: DeskClient) -> None:
    before = {path: path.read_bytes() for path in files_of(desk.project.folder)}
    put_in(desk)
    work = desk.desk.work
    (edit,) = work.journal.newest(1)
    texts = {desk.project.folder / "sources" / name for name in edit.texts}
    assert {each.name for each in texts} >= {"nordnett-notat.md", "nordnett-notat.md.json"}
    work.undo(str(edit.number), who="")
    assert {path: path.read_bytes() for path in files_of(desk.project.folder)} == before
    # A text that somebody has changed since is nobody's copy, and stays.
    put_in(desk)
    (desk.project.folder / "sources" / "nordnett-notat.md").write_text("Changed", encoding="utf-8")
    work.undo(str(work.journal.newest(1)[0].number), who="")
    assert set(files_of(desk.project.folder)) - set(before) == {desk.project.folder / "sources" / "nordnett-notat.md"}


def test_a_sentence_without_a_proposal_leads_to_a_form_with_its_words(desk: DeskClient) -> None:
    at = put_in(desk)
    part = sentence(desk.get(at), "Skogstad vurderer")
    said = {**fields(part), "kind": "membership", "quote": "Skogstad vurderer å  bli medlem"}
    form = desk.send(at, {**said, "step": "kind"})
    assert form.status_code == 303
    page = desk.get(form.headers["location"])
    assert values_of(page)["f-quote"][0] == "Skogstad vurderer å bli medlem"
    assert "nordnett-notat" in form.headers["location"]
    for wrong in ({"quote": "Møtet varte lenge"}, {"quote": ""}, {"kind": "../x"}):
        refused = desk.send(at, {**said, **wrong, "step": "kind"})
        assert refused.status_code == 409, wrong
        assert "do not stand in the sentence" in words_of(refused.text)
    # What is written in that form leads back to the document.
    more = {"f-member": "Skogstad", "f-organization": "Nordnett", "f-role": "observer"}
    seen = desk.send(form.headers["location"], {**values_of(page), **hidden_of(page), **more, "step": "preview"})
    assert seen.status_code == 200, words_beside(seen.text)
    done = desk.send(form.headers["location"], {**hidden_of(seen.text), "step": "write"})
    assert done.headers["location"].startswith("/desk/read/nordnett-notat.md?done=")


def test_a_proposal_is_changed_in_the_form_of_its_kind(desk: DeskClient) -> None:
    part = sentence(desk.get(put_in(desk)), "57")
    form = part[part.index('action="/desk/add/figure') :].partition("</form>")[0]
    action = html.unescape(re.search(r'action="([^"]+)"', form)[1])  # type: ignore[index]
    shown = desk.send(action, {**hidden_of(form), "step": "form"})
    assert shown.status_code == 200
    filled = values_of(shown.text)
    assert (filled["f-value"][0], filled["f-quote"][0]) == ("57", "57 medlemmer")
    assert "id:" not in filled["f-organization"][0], "a name that a person knows"


def test_what_is_missing_or_breaks_a_rule_is_told_in_the_words_of_a_form(desk: DeskClient) -> None:
    at = put_in(desk, "# Uten dato\n\nNordnett har 57 medlemmer.\n", name="uten-dato.md")
    refused = answer(desk, at, "yes", "57")
    assert refused.status_code == 409
    (told,) = re.findall(r'<div class="fault" role="alert">(.*?)</div>', refused.text, re.DOTALL)
    assert "«date»" in words_of(told)
    assert "--" not in words_of(told)


def test_a_text_that_was_changed_keeps_nobody_from_the_other_documents(desk: DeskClient) -> None:
    at = put_in(desk)
    put_in(desk, TEXT.replace("57", "58"), name="annet-notat.md")
    (map_,) = (desk.project.folder / "sources").rglob("annet-notat.md.json")
    map_.write_text("no map", encoding="utf-8")
    page = desk.get(PAGE)
    assert "nordnett-notat.md" in page
    assert 'class="fault"' in page
    assert counted(desk.get(at))[1] == 4


@pytest.mark.parametrize("name", ["notat.exe", "notat", "../../graph.toml"])
def test_a_file_that_is_no_document_is_told(desk: DeskClient, name: str) -> None:
    sent = {"Origin": desk.origin}
    refused = desk.ask("POST", PAGE, data={"token": token(desk.get(PAGE))}, files={"document": (name, b"x", "text/plain")}, headers=sent)  # fmt: skip
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text


def test_words_that_are_markup_stay_words_and_another_site_writes_nothing(desk: DeskClient) -> None:
    at = put_in(desk, f"# Notat\n\nNordnett har 57 medlemmer. Se {MARKUP} der.\n")
    assert "<img" not in desk.get(at)
    part = sentence(desk.get(at), "57")
    foreign = desk.send(at, {**fields(part), "step": "yes"}, Origin="https://evil.example")
    assert foreign.status_code == 403
    assert desk.send(at, {**fields(part), "token": "0", "step": "yes"}).status_code == 403
    assert desk.ask("GET", "/desk/read/new/0123456789abcdef").status_code == 404
    assert desk.ask("GET", "/desk/read/../../etc/passwd").status_code == 404
