"""Proposals are decided in a table: what is accepted is written once, what is rejected does not come back, all else waits."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.errors import EditError
from citygraph.messages import key_of
from citygraph.project import reading
from citygraph.project.proposing import DecisionOutcome, Proposals
from citygraph.read.decisions import edit_of, read_decisions, sha256_of
from citygraph.read.run import extract
from citygraph.read.text import KeptText
from clean_project import NETWORK, clean_project

DOCUMENT = "source:notat.txt"
Rows = list[dict[str, str]]


class Desk:
    """A clean project with its memo, and the proposals of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = clean_project(folder, questions=False)
        self.project = Project.open(self.folder)
        self.kept = _kept((self.folder / "sources" / "notat.txt").read_bytes().decode())
        self.proposals = Proposals(self.project.edits, self.project.config, today=date(2020, 11, 5))

    def rows(self) -> Rows:
        """The rows of the table, undecided."""
        data = self.proposals.table(self.kept, DOCUMENT, language="nb")
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def _kept(text: str) -> KeptText:
    from citygraph.read.sentences import parts_of_text  # noqa: PLC0415

    return KeptText(text, parts_of_text(text))


def _table(rows: Rows, delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One project for all; only the last test writes facts."""
    return Desk(tmp_path_factory.mktemp("proposals") / "project")


def test_the_table_says_each_proposal_in_words(desk: Desk) -> None:
    rows = desk.rows()
    by_kind = {row["kind"]: row for row in rows}
    assert {"founding", "membership"} <= set(by_kind)
    assert by_kind["founding"]["proposal"] == "Nordnett ble stiftet 1998"
    assert by_kind["founding"]["sentence"] == "Nordnett ble stiftet i 1998."
    assert all(row["decision"] == "" for row in rows)


def test_nothing_is_accepted_by_itself(desk: Desk) -> None:
    before = (desk.folder / NETWORK).read_bytes()
    assert _accepted(desk, _table(desk.rows())) == []
    assert (desk.folder / NETWORK).read_bytes() == before
    assert not (desk.folder / "data" / "decisions").exists()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"decision": "kanskje"}, "decision"),
        ({"words": "Skogstad"}, "words"),
        ({"place": "char=0,4000"}, "words"),
        ({"text": "0" * 64}, "changed"),
        ({"values": "Nordnett 1998"}, "values"),
    ],
)
def test_a_table_that_is_not_right_writes_nothing(change: dict[str, str], key: str, desk: Desk) -> None:
    rows = desk.rows()
    rows[0] |= {"decision": "ja"}
    rows[-1] |= change
    before = (desk.folder / NETWORK).read_bytes()
    with pytest.raises(EditError, match=key):
        desk.proposals.decide(_table(rows), desk.kept, DOCUMENT)
    assert (desk.folder / NETWORK).read_bytes() == before


def test_decisions_of_a_changed_text_are_refused(desk: Desk) -> None:
    with pytest.raises(EditError, match="has changed"):
        read_decisions(_table(desk.rows()), of_text=desk.kept.text + " ")


@pytest.mark.parametrize("data", [b"n;sentence\r\n", b"\xff\xfe\x00", b""])
def test_what_is_no_table_is_told(data: bytes, desk: Desk) -> None:
    with pytest.raises(EditError, match=r"table|column"):
        read_decisions(data, of_text=desk.kept.text)


def test_words_that_stand_in_several_places_keep_their_place(desk: Desk) -> None:
    text = "Fjordby er medlem. Fjordby er stor."
    (row,) = read_decisions(_table(desk.rows()[:1]), of_text=desk.kept.text)
    second = replace(row, words="Fjordby", start=text.rindex("Fjordby"), end=0, said=())
    assert edit_of(second, document=DOCUMENT, of_text=text) == [
        ("source", DOCUMENT),
        ("quote", "Fjordby"),
        ("occurrence", "2"),
    ]
    with pytest.raises(EditError, match="words"):
        edit_of(replace(row, words="aa", start=1), document=DOCUMENT, of_text="aaa")


def test_an_apostrophe_of_the_text_is_no_mark_of_the_table(desk: Desk) -> None:
    text = "'t Hart er med."
    row = desk.rows()[0] | {"words": "'t Hart", "place": "char=0,7", "text": sha256_of(text), "sentence": "'=1"}
    (read,) = read_decisions(_table([row]), of_text=text)
    assert read.words == "'t Hart"


def _accepted(desk: Desk, table: bytes) -> list[DecisionOutcome]:
    outcomes = desk.proposals.decide(table, desk.kept, DOCUMENT)
    assert [each for each in outcomes if each.decided.answer != "yes" and (each.told or each.refused)] == []
    return [each for each in outcomes if each.decided.answer == "yes"]


def test_nobody_is_asked_unless_a_model_is_set_up(desk: Desk) -> None:
    assert desk.proposals.modelled(desk.kept, DOCUMENT, []) is None


def test_what_is_accepted_is_written_and_what_is_rejected_does_not_come_back(desk: Desk) -> None:
    rows = desk.rows()
    for row in rows:
        row["decision"] = {"founding": "JA", "membership": "nei"}.get(row["kind"], "senere")
        if row["kind"] == "membership":
            row["values"] += "; since=1900"  # who changes a value and says no rejects what was proposed
        row["values"] = row["values"].replace("date=1998", "date=1997; rank=normal")
    table = _table(rows, ";")
    (outcome,) = _accepted(desk, table)
    assert outcome.refused == ""
    assert '"1997"' in (desk.folder / NETWORK).read_text(encoding="utf-8")
    kept = (desk.folder / "data" / "decisions" / "notat.txt.csv").read_text(encoding="utf-8")
    assert "Fjordby" not in kept
    assert "membership" in kept
    left = {row["kind"] for row in desk.rows()}
    assert "membership" not in left
    assert "founding" in left
    (twice,) = _accepted(desk, table)
    assert twice.refused, "the graph has it on the same words already"
    assert not desk.project.check().report.violations


@pytest.mark.slow
def test_the_command_writes_the_table_and_takes_it_back(desk: Desk, tmp_path: Path) -> None:
    memo, table = tmp_path / "memo.md", tmp_path / "table.csv"
    memo.write_text(
        "# Nordnett\n\n3. mars 2020\n\nFjordby har vært medlem siden 2001. Nordnett har ca. 77 medlemmer.\n"
    )
    command = ["read", str(memo), "--project", str(desk.folder), "--lang", "en"]
    made = CliRunner().invoke(app, [*command, "--propose", str(table)])
    assert made.exit_code == 0, made.output
    assert "Nothing is accepted" in made.output
    again = CliRunner().invoke(app, [*command, "--propose", str(table)])
    assert again.exit_code != 0, "a table that may have decisions is not written over"
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"), newline="")))
    for row in rows:
        row["decision"] = "yes" if row["sort"] == "clear" else "later"
    table.write_bytes(_table(rows))
    taken = CliRunner().invoke(app, [*command, "--decisions", str(table)])
    assert taken.exit_code == 0, taken.output
    assert "about 77" in taken.output
    assert "since in the row was not written" in taken.output
    assert "Written: 2, refused: 0, rejected by you: 0, not decided: " in taken.output


SECOND = """Notat om Nordnett

3. november 2021

Nordnett er stort. Nordnett ble stiftet i 1998. Det sies at
Kari Nordmann er leder, og hun er stolt. Skogstad er fortsatt assosiert partner. Nordnett har 3 partnerbyer.
"""


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A project whose memo has a new edition, and a figure of the day of the old one."""
    desk = Desk(tmp_path_factory.mktemp("edition") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "extract_apart", extract)  # test_read tries it in another process
        _two_editions(desk)
    return desk


def _two_editions(desk: Desk) -> None:
    edits = desk.project.edits
    first = desk.folder.parent / "first.txt"
    first.write_text("Notat om medlemmer\n\n5. november 2020\n\nKari Nordmann er leder. Nordnett har 3 partnerbyer.\n")
    for path, text, said in (
        (first, "", {}),
        (desk.folder.parent / "second.txt", SECOND, {"replaces": "first.txt", "date": "2021-11-03"}),
    ):
        path.write_text(text, encoding="utf-8") if text else None
        done = edits.documents.read(path, said)
        assert done.checked is not None
        edits.write(done.checked)
        desk.kept = done.kept
        if not text:
            for kind, values, quote in (
                ("figure", [("organization", "Nordnett"), ("indicator", "partner-city-count"), ("value", "3")], "3 partnerbyer"),
                ("office", [("member", "Kari Nordmann"), ("organization", "Nordnett"), ("role", "lead")], "Kari Nordmann er leder"),
            ):  # fmt: skip
                plan = edits.editor().add(kind, [*values, ("source", "first.txt"), ("quote", quote)])
                edits.write(edits.check(plan))


def test_a_new_edition_says_again_says_otherwise_and_proposes_what_is_new(edition: Desk) -> None:
    asked = edition.proposals.asked(edition.kept, "source:second.txt")
    assert [(each.sort, each.words) for each in asked] == [
        ("again", "3 partnerbyer"),
        ("choose", "Kari Nordmann er leder"),
    ]
    assert "source:first.txt ;\n" in (edition.folder / "data" / "sources.ttl").read_text(encoding="utf-8")
    new = edition.proposals.made(edition.kept, "source:second.txt")
    assert [each.words for each in new] == ["stiftet i 1998", "Skogstad er fortsatt assosiert partner"]


def test_what_is_said_again_is_confirmed_in_one_decision_and_no_is_not_asked_again(edition: Desk) -> None:
    data = edition.proposals.table(edition.kept, "source:second.txt", language="en")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    rows.insert(
        0,
        dict.fromkeys(rows[0], "")
        | {"n": "all", "kind": "confirm", "sort": "again", "decision": "yes"}
        | {"text": rows[0]["text"]},
    )
    rows[2]["decision"] = "no"
    outcomes = edition.proposals.decide(_table(rows), edition.kept, "source:second.txt")
    assert [each.refused for each in outcomes] == [""] * len(outcomes)
    assert "3, as of 2021-11-03" in outcomes[0].told[0].en, "a figure of the day is one of the new day"
    assert edition.proposals.asked(edition.kept, "source:second.txt") == []
    assert not edition.project.check().report.violations


def test_what_is_not_said_any_more_is_asked_about_and_ends_by_the_day_of_the_document(
    edition: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "extract_apart", extract)
    third = edition.folder.parent / "third.txt"
    third.write_text("Notat om ingenting\n\n1. mai 2022\n\nDet regner.\n", encoding="utf-8")
    edits = edition.project.edits
    done = edits.documents.read(third, {"replaces": "first.txt", "date": "2020-12"})
    assert done.checked is not None
    edits.write(done.checked)
    (gone,) = edition.proposals.asked(done.kept, done.name)
    assert (gone.sort, gone.said[1]) == ("gone", ("ended-by", "2020-12-31"))
    data = edition.proposals.table(done.kept, done.name, language="en")
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    (outcome,) = edition.proposals.decide(_table([row | {"decision": "yes"}]), done.kept, done.name)
    assert (outcome.refused, "Ended" in outcome.told[0].en) == ("", True)
    assert edition.proposals.asked(done.kept, done.name) == []


MEMBER = "role=concept:role-full-member; organization=id:nordnett; member="
NEW_THINGS = [
    ("membership", f"{MEMBER}Lillevik kommune; country=Norge", ["place-lillevik", "lillevik-kommune", "m-lillevik-kommune-nordnett"]),
    ("membership", f"{MEMBER}Bergen kommune", ["place-bergen", "bergen-kommune", "m-bergen-kommune-nordnett"]),
    ("membership", f"{MEMBER}Universitetet i Fjordby", ["universitetet-i-fjordby", "m-universitetet-i-fjordby-nordnett"]),
    ("membership", "member=id:fjordby-kommune; organization=Havnebyene", ["havnebyene", "m-fjordby-kommune-havnebyene"]),
    ("lead", "member=Ola Dahl; organization=Havnegruppa; new=working-group; network=id:nordnett",
     ["person-ola-dahl", "nordnett-wg-havnegruppa", "m-ola-dahl-nordnett-wg-havnegruppa-lead"]),
    ("city", "name=Stavanger; country=country:NOR", ["place-stavanger"]),
    ("membership", f"{MEMBER}Stavanger", ["stavanger-kommune", "m-stavanger-kommune-nordnett"]),
    ("topic", "organization=id:nordnett; topic=kystkultur", ["kystkultur", "claim-nordnett-topic-kystkultur"]),
    ("office", "member=Lise Berg; organization=id:nordnett; role=concept:role-president; since=2019; until=2018", "refused"),
    ("office", "member=Lise Berg; organization=id:nordnett; role=concept:role-president", ["person-lise-berg", "m-lise-berg-nordnett-president"]),
    ("membership", f"{MEMBER}Storvik", "Storvik"),
    ("membership", f"{MEMBER}Storvik kommune", "which country"),
]  # fmt: skip


@pytest.mark.slow
def test_what_a_fact_names_that_is_new_is_accepted_with_it_or_not_at_all(tmp_path: Path) -> None:
    """A list of facts that are made, the new things first, or a word of why none of them is."""
    desk = Desk(tmp_path / "project")
    row = dict.fromkeys(desk.rows()[0], "") | {"words": "Fjordby er medlem", "place": "char=29,46", "decision": "yes"}
    rows = [
        {**row, "n": str(number), "kind": kind, "values": values, "text": sha256_of(desk.kept.text)}
        for number, (kind, values, _) in enumerate(NEW_THINGS, start=1)
    ]
    outcomes = desk.proposals.decide(_table(rows), desk.kept, DOCUMENT)
    for (_, values, made), outcome in zip(NEW_THINGS, outcomes, strict=True):
        if isinstance(made, list):
            assert outcome.refused == "", values
            assert [each.en.split(":")[1].strip() for each in outcome.told] == made
        else:
            assert outcome.told == (), values
            assert outcome.fix, values
    asked = {key_of(each.refused) for each in outcomes if each.refused}
    assert asked == {"edit.refused", "proposals.which_new", "proposals.which_country"}
    people = (desk.folder / "data" / "people.ttl").read_text(encoding="utf-8")
    assert people.count("Lise Berg") == 1, "of what was refused nothing stays"
    places = (desk.folder / "data" / "places.ttl").read_text(encoding="utf-8")
    assert "country:NOR" in places.partition("id:place-bergen ")[2].partition("\n.\n")[0]
    assert not desk.project.check().report.violations
