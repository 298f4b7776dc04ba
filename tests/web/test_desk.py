"""The desk: a fact is added and changed by a form, seen before it is written, and taken back byte for byte."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from citygraph import ConfigError, Project
from citygraph.cli.app import app
from citygraph.edit.facts import kind_of_fact
from citygraph.errors import EditError
from citygraph.files import locked
from citygraph.web.desk.pages import Desk
from citygraph.web.desk.work import seal_of
from clean_project import NETWORK, clean_project
from conftest import TODAY
from desk_client import DeskClient, hidden_of, values_of, words_beside
from pages_client import MARKUP, Pages

ADD = "/desk/add/membership?lang=en"
SAID = {
    "f-member": "Fjordby",
    "f-organization": "Nordnett",
    "f-role": "observer",
    "f-since": "30.11.2019",
    "f-source": "notat.txt",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The clean project, built."""
    project = Project.open(clean_project(tmp_path_factory.mktemp("desk") / "graph", questions=False), today=TODAY)
    assert not project.build().report.violations
    return project


@pytest.fixture
def desk(built: Project) -> Iterator[DeskClient]:
    """The desk; what a test writes is put back."""
    before = files_of(built)
    yield DeskClient(built)
    put_back(built, before)


@pytest.fixture(scope="module")
def checking(built: Project) -> DeskClient:
    """A desk that checks each edit as `citygraph check` does."""
    return DeskClient(built, is_checked=True)


def put_back(built: Project, before: dict[Path, bytes]) -> None:
    for path in files_of(built).keys() - before.keys():
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)


def files_of(project: Project) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted((project.folder / "data").rglob("*")) if path.is_file()}


def network(desk: DeskClient) -> str:
    return (desk.project.folder / NETWORK).read_bytes().decode()


def test_a_fact_is_seen_written_and_taken_back_byte_for_byte(checking: DeskClient) -> None:
    desk = checking
    before = files_of(desk.project)
    shown = desk.fill(ADD, SAID)
    assert shown.status_code == 200, words_beside(shown.text)
    assert "is in Nordic Net as observer since 2019-11-30" in shown.text
    assert f"<code>{NETWORK}</code>" in shown.text
    assert files_of(desk.project) == before
    done = desk.send(ADD, {**hidden_of(shown.text), "step": "write"})
    assert done.status_code == 303
    assert '"2019-11-30"^^xsd:date' in network(desk)
    page = desk.get(done.headers["location"])
    assert "Written." in page
    assert (
        desk.send("/desk/undo", hidden_of(page.partition('class="done"')[2].partition("</form>")[0])).status_code == 303
    )
    assert files_of(desk.project) == before


def test_what_is_wrong_stands_beside_its_field(desk: DeskClient) -> None:
    before = files_of(desk.project)
    wrong = {
        "f-member": "",
        "f-organization": "Nordnet",
        "f-since": "31.02.2019",
        "f-source": "notat.txt",
        "f-quote": "no such words",
    }
    answer = desk.fill(ADD, {**SAID, **wrong})
    assert answer.status_code == 400
    told = words_beside(answer.text)
    assert told[0].startswith("Something must be put right before it can be written")
    assert "This must be filled in." in told
    assert any("'31.02.2019' is no date" in each for each in told)
    assert any("do not stand in" in each for each in told)
    assert not any("--" in each or "citygraph" in each for each in told)
    # What comes nearest can be picked, and is taken then.
    pick = 'name="p-organization-0" value="id:nordnett"'
    assert pick in answer.text
    # What is not there can be added.
    assert 'href="/desk/add/network?lang=en" target="_blank"' in answer.text
    assert 'href="/desk/add/document?lang=en" target="_blank"' in answer.text
    assert files_of(desk.project) == before
    picked = desk.fill(ADD, {**SAID, "f-organization": "Nordnet", "p-organization-0": "id:nordnett"})
    assert "is in Nordic Net as observer" in picked.text


def test_a_fact_that_is_there_is_shown(desk: DeskClient) -> None:
    assert desk.make(ADD, SAID).status_code == 303
    again = desk.fill(ADD, SAID)
    assert again.status_code == 400
    assert "/desk/fact?fact=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fm-fjordby" in again.text
    assert words_beside(again.text)[0].startswith("That is there already")


def test_an_edit_that_breaks_a_rule_is_not_written(checking: DeskClient) -> None:
    desk = checking
    shown = desk.fill(ADD, {**SAID, "f-until": "2018"})
    assert shown.status_code == 400
    assert "This breaks a rule that is kept now" in shown.text
    assert 'value="write"' not in shown.text
    before = files_of(desk.project)
    assert desk.send(ADD, {**hidden_of(shown.text), "step": "write"}).status_code == 400
    assert files_of(desk.project) == before


def test_what_was_seen_is_written_and_nothing_else(desk: DeskClient) -> None:
    shown = desk.fill(ADD, SAID)
    sent = {**hidden_of(shown.text), "step": "write"}
    # Another value than the one that was looked at, as when two windows share a form: it is shown again.
    other = desk.send(ADD, {**sent, "f-since": "2018"})
    assert other.status_code == 409
    assert "Look at it again" in other.text
    # What somebody else changed in another place of the file is no hindrance, and stays.
    path = desk.project.folder / NETWORK
    path.write_text(f"# A remark of mine.\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert desk.send(ADD, sent).status_code == 303
    assert network(desk).startswith("# A remark of mine.\n")
    assert '"2019-11-30"^^xsd:date' in network(desk)


# -- edits of facts -----------------------------------------------------------------------------------

BASE = "https://w3id.org/citygraph/id/"
FACT = BASE + "m-fjordby-kommune-nordnett-observer"


def form_of(action: str, fact: str) -> str:
    return f"/desk/fact/{action}?lang=en&fact={fact}"


MEMBER = BASE + "m-skogstad-kommun-nordnett"


@pytest.mark.parametrize(
    ("action", "said", "words", "written"),
    [
        ("change", {"f-role": "concept:role-observer"}, "as observer", "org:role concept:role-observer ;"),
        ("end", {"f-until": "5.11.2020"}, "until 2020-11-05", 'time:inXSDDate "2020-11-05"^^xsd:date'),
        ("confirm", {"f-as-of": "05.11.2020"}, "as of 2020-11, 2020-11-05", 'cg:asOf "2020-11-05"^^xsd:date'),
        ("retract", {"f-note-en": "A slip."}, "It stays, as rejected", "cg:rank concept:rank-deprecated"),
        ("dispute", {"f-since": "2018", "f-source": "register"}, "another source says", "a cg:Disagreement"),
    ],
)  # fmt: skip
def test_each_edit_of_a_fact_is_a_form(
    desk: DeskClient, action: str, said: dict[str, str], words: str, written: str
) -> None:
    before = files_of(desk.project)
    # What an edit is about is not asked for again.
    assert ('name="f-member"' in desk.get(form_of(action, MEMBER))) == (action == "change")
    shown = desk.fill(form_of(action, MEMBER), said)
    assert words in shown.text, words_beside(shown.text)
    answer = desk.send(form_of(action, MEMBER), {**hidden_of(shown.text), "step": "write"})
    assert answer.status_code == 303
    assert written in network(desk)
    number = answer.headers["location"].partition("done=")[2].partition("&")[0]
    assert desk.send("/desk/undo", {"token": desk.desk.access.token(""), "edit": number}).status_code == 303
    assert files_of(desk.project) == before


def test_a_form_that_is_sent_as_it_was_opened_changes_nothing(desk: DeskClient) -> None:
    """One fact of each kind, with what its lists do not allow any longer and with more values than its kind has room for."""
    path = desk.project.folder / NETWORK
    text = path.read_text(encoding="utf-8").replace("concept:role-associated-partner", "concept:role-president", 1)
    text = text.replace(
        "    cg:asOfBasis concept:basis-document ;", "    cg:asOfBasis concept:basis-document , concept:basis-stated ;"
    )
    path.write_text(text, encoding="utf-8")
    editor = desk.desk.work.editor()
    facts = [kind_of_fact(iri, editor.kinds, editor.state) for iri in editor.state.said if iri.startswith(BASE)]
    of_kind = {fact.kind.name: fact.iri for fact in facts if fact is not None}
    assert len(of_kind) > 12
    before = files_of(desk.project)
    for iri in [*of_kind.values(), MEMBER]:
        page = desk.get(form_of("change", iri))
        answer = desk.send(form_of("change", iri), {**values_of(page), "step": "preview"})
        assert answer.status_code == 400, iri
        assert "It is not said what is to change" in answer.text, (iri, words_beside(answer.text))
    assert files_of(desk.project) == before


def test_a_form_that_somebody_overtook_is_refused_with_both_values(desk: DeskClient) -> None:
    path = form_of("change", MEMBER)
    mine = {**values_of(desk.get(path)), "f-role": "concept:role-observer", "step": "preview"}
    assert desk.make(path, {"f-role": "concept:role-full-member"}).status_code == 303
    before = files_of(desk.project)
    answer = desk.send(path, mine)
    assert answer.status_code == 409
    told = words_beside(answer.text)[0]
    assert "Somebody has changed this fact since you opened the form" in told
    assert "role observer full member" in told
    assert files_of(desk.project) == before
    # The form has been read anew: sent again it is the last word.
    assert desk.make(path, {"f-role": "concept:role-observer"}).status_code == 303


def test_an_edit_under_another_is_not_taken_back(desk: DeskClient) -> None:
    first = desk.make(ADD, SAID).headers["location"].partition("done=")[2].partition("&")[0]
    assert desk.make(form_of("end", FACT), {"f-until": "2020"}).status_code == 303
    before = files_of(desk.project)
    answer = desk.send("/desk/undo?lang=en", {"token": desk.desk.access.token(""), "edit": first})
    assert answer.status_code == 409
    assert "undo that first" in answer.text
    assert files_of(desk.project) == before


def test_pages_of_things_lead_to_the_forms_for_those_who_may_write(desk: DeskClient, built: Project) -> None:
    page = desk.get("/network/nordnett?lang=en")
    for action in ("change", "end", "confirm", "dispute", "retract"):
        assert f"/desk/fact/{action}?fact=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fm-skogstad-kommun-nordnett" in page
    assert "/desk/fact/dispute?fact=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fclaim-nordnett-founded-1998" in page
    # A figure is of its own day.
    assert "/desk/fact/change?fact=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fobs-nordnett-members-2020" in page
    assert "/desk/fact/end?fact=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fobs-nordnett-members-2020" not in page
    about = desk.get(f"/desk?lang=en&about={BASE}nordnett")
    assert "/desk/add/membership?organization=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fnordnett" in about
    assert 'value="Nordic Net"' in desk.get(f"{ADD}&organization={BASE}nordnett")
    fact = desk.get(f"/desk/fact?lang=en&fact={MEMBER}")
    assert "is in Nordic Net as associated partner" in fact
    assert "/desk" not in Pages(built).get("/network/nordnett").text


# -- who may write ------------------------------------------------------------------------------------


def test_what_another_site_or_machine_sends_is_refused(desk: DeskClient) -> None:
    before, good = files_of(desk.project), {**hidden_of(desk.fill(ADD, SAID).text), "step": "write"}
    bad: list[tuple[dict[str, str], dict[str, str]]] = [
        ({**good, "token": "x"}, {}),
        ({name: value for name, value in good.items() if name != "token"}, {}),
        (good, {"Origin": "https://evil.example"}),
        (good, {"Origin": "null"}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
        (good, {"Host": "evil.example", "Origin": "http://evil.example"}),
        (good, {"X-Forwarded-For": "127.0.0.1"}),
        (good, {"X-Real-IP": "127.0.0.1"}),
    ]
    for fields, headers in bad:
        assert desk.send(ADD, fields, **headers).status_code == 403, headers
        assert desk.send("/desk/undo", {**fields, "edit": "1"}, **headers).status_code == 403, headers
    assert desk.ask("POST", ADD, data=good).status_code == 403
    assert desk.ask("POST", ADD, json=good, headers={"Origin": desk.origin}).status_code == 415
    assert desk.send(ADD, {**good, "f-note-en": "x" * 200_000}).status_code == 413
    assert desk.send(ADD, {**good, **{f"x{number}": "1" for number in range(500)}}).status_code == 400
    for path in ("/desk", ADD, f"/desk/fact?fact={MEMBER}", form_of("end", MEMBER)):
        assert desk.ask("GET", path, headers={"Host": "evil.example"}).status_code == 403
        assert desk.ask("GET", path).headers["cache-control"] == "no-store"
    assert files_of(desk.project) == before


@pytest.mark.parametrize(
    "path",
    [
        "/desk/add/nothing", "/desk/add/..%2F..%2Fgraph.toml", "/desk/fact?fact=file:///etc/passwd", "/desk/fact",
        f"/desk/fact/explode?fact={MEMBER}", f"/desk/fact/end?fact={BASE}nobody",
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_is_not_found(desk: DeskClient, path: str) -> None:
    assert desk.ask("GET", path).status_code == 404
    answer = desk.send(path, {"token": desk.desk.access.token(""), "step": "write"})
    assert answer.status_code in {404, 405}


def test_settings_that_are_read_again_never_let_the_desk_show_what_became_internal(
    built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, again = tmp_path / "graph", list[Any]()
    shutil.copytree(built.folder, folder, symlinks=True)

    def run(_: object, **given: object) -> bool:
        again.append(given["again"])
        return True

    monkeypatch.setattr("citygraph.web.server.run", run)
    served = CliRunner().invoke(app, ["serve", str(folder), "--edit", "--quiet"])
    assert served.exit_code == 0, served.output
    settings = folder / "graph.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[publish]", '[publish]\ninternal = ["data/people.ttl"]'), encoding="utf-8")
    with pytest.raises(ConfigError, match="internal ones too"):
        again[0]()


@pytest.mark.parametrize("edit", ["", "0", "-1", "../../graph", "1e3", "99999999999999999999", "٣"])
def test_no_edit_is_taken_back_by_another_name(desk: DeskClient, edit: str) -> None:
    before = files_of(desk.project)
    assert desk.send("/desk/undo", {"token": desk.desk.access.token(""), "edit": edit}).status_code == 409
    assert files_of(desk.project) == before


def test_no_name_becomes_markup_and_no_path_is_read(desk: DeskClient) -> None:
    said = {"f-name-nb": MARKUP, "f-also-called": MARKUP, "f-source": "notat.txt"}
    shown = desk.make("/desk/add/network?lang=en", said)
    assert shown.status_code == 303
    pages = [desk.get(shown.headers["location"]), desk.get("/desk"), desk.get(ADD)]
    pages.append(desk.fill(ADD, {**SAID, "f-member": MARKUP, "f-note-en": MARKUP}).text)
    for page in pages:
        assert "<img" not in page
        assert "<svg/" not in page
        assert "&lt;img src=x" in page
    # The file of a document would be one of the server: a browser names none.
    form = desk.get("/desk/add/document?lang=en")
    assert "f-file" not in form
    hidden = {**values_of(form), "f-title-nb": "Passord", "f-file": "/etc/passwd", "step": "preview"}
    answer = desk.send("/desk/add/document?lang=en", hidden)
    assert "passwd" not in answer.text
    assert "root:" not in answer.text
    for name in ("/etc/passwd", "../../graph.toml", "file:///etc/passwd", "http://127.0.0.1:1/x", "\x00", "id:../x"):
        tried = desk.fill(ADD, {**SAID, "f-source": name, "f-quote": "root"})
        assert tried.status_code == 400, name


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "graph.example"])  # noqa: S104
def test_it_starts_on_this_machine_alone(built: Project, host: str) -> None:
    with pytest.raises(ConfigError, match="this machine alone"):
        Desk(built, host)
    with pytest.raises(ConfigError, match="through a proxy"):
        Desk(built, "127.0.0.1", root_path="/graph")


# -- a team -------------------------------------------------------------------------------------------

PUBLIC = "https://graph.example"
TEAM = f"""
[serve]
public_url = "{PUBLIC}"
trusted_proxies = "10.0.0.1, 192.0.2.0/28"

[edit]
user_header = "X-Forwarded-User"
"""
KARI = {"X-Forwarded-User": "Kari Nordmann"}


@pytest.fixture(scope="module")
def team(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same project for several people, in git."""
    folder = tmp_path_factory.mktemp("team") / "graph"
    shutil.copytree(built.folder, folder, symlinks=True)
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write(TEAM)
    (folder / ".gitignore").write_text("build/\n", encoding="utf-8")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        in_git(folder, *arguments)
    return Project.open(folder, today=TODAY)


def in_git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Office", "-c", "user.email=office@graph.example")
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, check=True, text=True)
    return done.stdout.strip()


def proxied(project: Project, *, peer: str = "192.0.2.7") -> DeskClient:
    return DeskClient(project, peer=peer, origin=PUBLIC, public=PUBLIC)


def test_a_name_is_believed_from_a_proxy_alone(team: Project) -> None:
    desk = proxied(team)
    assert "You write as Kari Nordmann." in desk.get("/desk?lang=en", **KARI)
    assert "/desk/fact/end" in desk.get("/network/nordnett", **KARI)
    # Whoever is not named, or named by somebody else, reads and does not write.
    refused: list[tuple[DeskClient, list[tuple[str, str]]]] = [
        (desk, []),
        (desk, [("X-Forwarded-User", "")]),
        (desk, [("X-Forwarded-User", "Kari"), ("X-Forwarded-User", "Ola")]),
        (desk, [("X-Forwarded-User", "x" * 300)]),
        (proxied(team, peer="203.0.113.9"), [*KARI.items()]),
        (proxied(team, peer="127.0.0.1"), [*KARI.items()]),
    ]
    for client, headers in refused:
        assert client.ask("GET", "/desk", headers=headers).status_code == 403, headers
        assert "/desk" not in client.ask("GET", "/network/nordnett", headers=headers).text
    good = {**hidden_of(desk.fill(ADD, SAID, **KARI).text), "step": "write"}
    before = files_of(team)
    for fields, named in (
        (good, {"X-Forwarded-User": "Ola"}),
        (good, {**KARI, "Origin": "https://evil.example"}),
        (good, {}),
        ({**good, "token": desk.desk.access.token("")}, KARI),
    ):
        assert desk.send(ADD, fields, **named).status_code == 403, named
    assert files_of(team) == before


def test_an_edit_is_a_commit_by_the_person_with_nothing_else_in_it(team: Project) -> None:
    with_commits = replace(team.config, values={**team.config.values, "edit.commit": "each"})
    desk = proxied(Project(with_commits, today=TODAY))
    waiting = team.folder / "data" / "people.ttl"
    waiting.write_text(f"{waiting.read_text(encoding='utf-8')}\n# Not finished.\n", encoding="utf-8")
    in_git(team.folder, "add", "data/people.ttl")
    done = desk.make(ADD, SAID, **{"X-Forwarded-User": "kari@graph.example"})
    assert done.status_code == 303
    assert in_git(team.folder, "log", "-1", "--format=%an <%ae> %s").startswith(
        "kari <kari@graph.example> New fact id:m-"
    )
    assert in_git(team.folder, "show", "--format=", "--name-only") == NETWORK
    assert in_git(team.folder, "diff", "--cached", "--name-only") == "data/people.ttl"
    page = desk.get(done.headers["location"], **KARI)
    assert in_git(team.folder, "rev-parse", "--short", "HEAD") in page
    edit = hidden_of(page.partition('class="done"')[2].partition("</form>")[0])
    assert desk.send("/desk/undo", edit, **KARI).status_code == 303
    assert in_git(team.folder, "log", "-1", "--format=%an %s").startswith("Kari Nordmann Undo: New fact")
    assert in_git(team.folder, "diff", "HEAD~2", "HEAD") == ""


def test_edits_may_have_a_branch_of_their_own(team: Project) -> None:
    here = in_git(team.folder, "rev-parse", "main")
    with_branch = replace(team.config, values={**team.config.values, "edit.commit": "branch"})
    desk = proxied(Project(with_branch, today=TODAY))
    assert desk.make(ADD, SAID, **KARI).status_code == 303
    branch = in_git(team.folder, "symbolic-ref", "--short", "HEAD")
    assert branch.startswith("desk/")
    edit = form_of("end", FACT)
    assert desk.make(edit, {"f-until": "2020"}, **KARI).status_code == 303
    assert in_git(team.folder, "symbolic-ref", "--short", "HEAD") == branch
    assert in_git(team.folder, "rev-parse", f"{branch}~2") == in_git(team.folder, "rev-parse", "main") == here


def test_what_git_refuses_is_written_and_told(team: Project) -> None:
    with_commits = replace(team.config, values={**team.config.values, "edit.commit": "each"})
    desk = proxied(Project(with_commits, today=TODAY))
    (team.folder / ".git" / "index.lock").write_bytes(b"")
    try:
        done = desk.make(form_of("confirm", MEMBER), {"f-as-of": "2020-11-05"}, **KARI)
    finally:
        (team.folder / ".git" / "index.lock").unlink()
    assert done.status_code == 303
    assert "git would not commit it" in desk.get(done.headers["location"] + "&lang=en", **KARI)


OLA = {"X-Forwarded-User": "Ola Nordmann"}
APPROVING = {"edit.approve": True, "edit.commit": "each"}


@pytest.fixture
def approving(team: Project) -> Iterator[DeskClient]:
    """The desk of a team where another person approves; what a test writes is put back, and nothing waits then."""
    before = files_of(team)
    desk = proxied(Project(replace(team.config, values={**team.config.values, **APPROVING}), today=TODAY))
    yield desk
    put_back(team, before)
    for each in desk.desk.work.journal.waiting():
        desk.desk.work.journal.drop(each)


def waiting_at(desk: DeskClient, path: str, said: dict[str, str], **person: str) -> str:
    """The page of an edit that a person has sent for approval."""
    sent = desk.make(path, said, **person)
    assert sent.status_code == 303, words_beside(sent.text)
    number = desk.desk.work.journal.waiting()[0].number
    assert sent.headers["location"].startswith(f"/desk?done={number}&")
    return f"/desk/waiting/{number}?lang=en"


def decide(desk: DeskClient, at: str, step: str, person: dict[str, str], **said: str) -> httpx.Response:
    return desk.send(at, {**hidden_of(desk.get(at, **person)), **said, "step": step}, **person)


def test_what_is_written_waits_until_another_person_approves_it(approving: DeskClient, team: Project) -> None:
    before = files_of(team)
    assert "Send for approval" in approving.fill(ADD, SAID, **KARI).text
    at = waiting_at(approving, ADD, SAID, **KARI)
    assert files_of(team) == before
    assert "Nothing is written before another person has approved it" in approving.get(
        "/desk?lang=en&done=" + at[14:].partition("?")[0], **KARI
    )
    # The same is not sent twice, by nobody.
    again = approving.send(ADD, {**hidden_of(approving.fill(ADD, SAID, **OLA).text), "step": "write"}, **OLA)
    assert "waits for approval already. It was written by Kari Nordmann" in " ".join(words_beside(again.text))
    # Who wrote it cannot approve it, by whatever way the name is written, nor reject it.
    assert not approving.desk.work.may_decide(approving.desk.work.journal.waiting()[0], "\uff2bari nordmann")
    for person in (KARI, {"X-Forwarded-User": "KARI NORDMANN "}):
        page = approving.get(at, **person)
        assert "Somebody else must approve it" in page
        assert "Approve and write" not in page
        for step in ("approve", "reject"):
            assert decide(approving, at, step, person, reason="Mine", seal="").status_code == 409
    assert files_of(team) == before
    page = approving.get(at, **OLA)
    assert "Municipality of Fjord City is in Nordic Net as observer since 2019-11-30" in page
    assert "Answers that change" in page
    assert decide(approving, at, "approve", OLA, seal="another").status_code == 409, (
        "what was seen is written, nothing else"
    )
    good = {**hidden_of(page), "step": "approve"}
    for fields, named in (
        ({**good, "token": approving.desk.access.token("Kari Nordmann")}, OLA),
        (good, {**OLA, "Origin": "https://evil.example"}),
        (good, {}),
    ):
        assert approving.send(at, fields, **named).status_code == 403, named
    done = decide(approving, at, "approve", OLA)
    assert done.status_code == 303
    assert approving.ask("GET", at, headers=OLA).status_code == 404
    log = in_git(team.folder, "log", "-1", "--format=%an|%(trailers:key=Approved-by,valueonly)").strip()
    assert log == "Kari Nordmann|Ola Nordmann"
    home = approving.get(done.headers["location"], **KARI)
    assert "· Kari Nordmann · approved by Ola Nordmann" in home
    # To take it back is a change, too.
    edit = hidden_of(home.partition('class="done"')[2].partition("</form>")[0])
    assert approving.send("/desk/undo", edit, **KARI).status_code == 303
    assert files_of(team) != before
    (waits,) = approving.desk.work.journal.waiting()
    back = decide(approving, f"/desk/waiting/{waits.number}?lang=en", "approve", OLA)
    assert back.status_code == 303
    assert files_of(team) == before
    assert in_git(team.folder, "log", "-1", "--format=%an %s").startswith("Kari Nordmann Undo: New fact")


def test_what_waits_is_rejected_with_a_reason_or_withdrawn_by_who_wrote_it(
    approving: DeskClient, team: Project
) -> None:
    before = files_of(team)
    at = waiting_at(approving, ADD, SAID, **KARI)
    assert decide(approving, at, "reject", OLA, reason="  ").status_code == 409
    assert decide(approving, at, "withdraw", OLA).status_code == 409
    assert decide(approving, at, "reject", OLA, reason="<b>Not</b> a member").status_code == 303
    assert "rejected by Ola Nordmann: &lt;b&gt;Not&lt;/b&gt; a member" in approving.get("/desk?lang=en", **KARI)
    at = waiting_at(approving, ADD, SAID, **KARI)
    assert decide(approving, at, "withdraw", KARI).status_code == 303
    assert approving.desk.work.journal.waiting() == []
    assert files_of(team) == before


def test_of_two_that_wait_in_one_file_both_are_approved_unless_one_overtakes_the_other(
    approving: DeskClient, team: Project
) -> None:
    end = waiting_at(approving, form_of("end", MEMBER), {"f-until": "2020-06-30"}, **KARI)
    other = waiting_at(approving, form_of("end", MEMBER), {"f-until": "2020-07-31"}, **KARI)
    again = waiting_at(approving, form_of("confirm", MEMBER), {"f-as-of": "2020-11-02"}, **KARI)
    new = waiting_at(approving, ADD, SAID, **KARI)
    assert decide(approving, new, "approve", OLA).status_code == 303
    assert decide(approving, end, "approve", OLA).status_code == 303
    written = (team.folder / NETWORK).read_text(encoding="utf-8")
    assert written.index("id:m-fjordby-kommune-nordnett-observer a") > written.index("id:m-fjordby-kommune-nordnett a")
    assert '"2020-06-30"' in written
    page = approving.get(other, **OLA)
    assert "it is overtaken, and cannot be approved" in page
    assert "Approve and write" not in page
    assert decide(approving, other, "approve", OLA).status_code == 409
    assert approving.get("/desk?lang=en", **OLA).count("overtaken</strong>") == 2
    assert "it is overtaken" in approving.get(again, **OLA), "what has ended is not confirmed"
    assert (team.folder / NETWORK).read_text(encoding="utf-8") == written
    assert decide(approving, other, "reject", OLA, reason="Too late").status_code == 303


def test_a_document_waits_with_its_text(approving: DeskClient, team: Project, tmp_path: Path) -> None:
    memo = tmp_path / "ventende.txt"
    memo.write_text("Nordnett har 3 medlemmer.\n", encoding="utf-8")
    work = approving.desk.work
    said = [("title", "Ventende"), ("date", "2020-11-06"), ("file", str(memo))]
    edit = work.write(work.editor().add("document", said), who="Kari")
    kept = team.folder / "sources" / "ventende.txt"
    assert (edit.waits, kept.exists()) == (True, False)
    done = work.approve(str(edit.number), who="Ola", seal=seal_of(work.plan_now(edit)))
    assert kept.read_bytes() == memo.read_bytes()
    assert done.texts.keys() == {"ventende.txt"}
    kept.unlink()


def test_approval_needs_to_know_who_writes(built: Project) -> None:
    alone = Project(replace(built.config, values={**built.config.values, "edit.approve": True}), today=TODAY)
    with pytest.raises(ConfigError, match="without a login nobody knows who writes"):
        DeskClient(alone)


def test_what_git_never_had_is_taken_back_without_a_word_about_git(team: Project) -> None:
    """A new file and an old one that were not committed: when they are as before, there is nothing to commit."""
    said = {"f-name-en": "South Net", "f-name-nb": "Sørnett", "f-source": "notat.txt"}
    in_git(team.folder, "add", "--all")
    in_git(team.folder, "commit", "--quiet", "--allow-empty", "-m", "All that is there")
    for path, fields in (("/desk/add/network?lang=en", said), (form_of("confirm", MEMBER), {"f-as-of": "2020-11-04"})):
        assert proxied(team).make(path, fields, **KARI).status_code == 303
        here = in_git(team.folder, "rev-parse", "HEAD")
        desk = proxied(Project(replace(team.config, values={**team.config.values, "edit.commit": "each"}), today=TODAY))
        number = desk.desk.work.journal.newest(1)[0].number
        token = desk.desk.access.token("Kari Nordmann")
        assert desk.send("/desk/undo", {"token": token, "edit": number}, **KARI).status_code == 303
        taken_back = desk.desk.work.journal.one(str(number))
        assert taken_back is not None
        assert (taken_back.is_undone, taken_back.problem, taken_back.commit) == (True, "", "")
        assert in_git(team.folder, "rev-parse", "HEAD") == here


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"serve.trusted_proxies": "*"}, "everybody is a proxy"), ({"serve.public_url": ""}, "needs the name")],
)
def test_a_team_without_a_name_or_a_proxy_is_refused(team: Project, settings: dict[str, str], why: str) -> None:
    config = replace(team.config, values={**team.config.values, **settings})
    with pytest.raises(ConfigError, match=why):
        Desk(Project(config, today=TODAY), "0.0.0.0")  # noqa: S104
    assert Desk(team, "0.0.0.0", root_path="/graph").routes  # noqa: S104


def test_of_two_who_write_in_one_file_at_once_both_are_heard_unless_it_is_the_same_fact(desk: DeskClient) -> None:
    work = desk.desk.work
    plans = [
        work.editor().confirm(MEMBER, [("on", "2020-10-01")]),
        work.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-10-02")]),
        work.editor().confirm(MEMBER, [("on", "2020-10-03")]),
    ]
    for plan in plans[:2]:
        work.write(plan, who="")
    with pytest.raises(EditError, match="changed by somebody else meanwhile"):
        work.write(plans[2], who="")
    assert [f"2020-10-0{day}" in network(desk) for day in (1, 2, 3)] == [True, True, False]


def test_a_desk_waits_for_another_one_of_the_same_project(desk: DeskClient) -> None:
    # As when settings are read again while an edit is written, or somebody starts a second server.
    other = DeskClient(desk.project).desk.work
    plan = other.editor().add("membership", [(name[2:], said) for name, said in SAID.items()])
    entered = threading.Event()

    def write() -> None:
        entered.set()
        other.write(plan, who="other")

    with locked(desk.desk.work.journal.folder):
        number = desk.desk.work.journal.next_number()
        thread = threading.Thread(target=write)
        thread.start()
        entered.wait()
        assert desk.desk.work.journal.next_number() == number
    thread.join()
    assert [each.number for each in other.journal.newest(1)] == [number]
    with (
        locked(other.journal.folder),
        pytest.raises(BlockingIOError),
        locked(desk.desk.work.journal.folder, wait=False),
    ):
        pass
