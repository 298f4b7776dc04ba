"""An import speaks bokmål and English: outcomes, reasons, notes, questions, refusals, a draft."""

from __future__ import annotations

import csv
import io
import re
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.errors import IngestError
from citygraph.ingest.draft import draft_map
from citygraph.ingest.report import RowOutcome
from citygraph.messages import Sentence, Text, said_in, texts
from ingest_words import HEADING, MAP

ROWS = (
    "Oslo;Norway;C40;observer;1998;59,91;north;",
    "Oslo;Norway;C40;observer",
    "Bergen;Norge;C40;gold",
    "Stavanger;Sweden;C40",
    "Vienna, Norway;Austria;C40",
    "Paris;Belguim;C40",
    "Total;;;14",
    "Frankfurt;Germany;C40",
    ";Norway;C40",
    "Trondheim;Norway;;",
    "Tromsø;Norway;C40;søker",
    "Malmö;Sweden;Covenant of Mayors;member;soon",
)


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A new project, a list with something of every sort, and its map."""
    list_, map_ = tmp_path / "members.csv", tmp_path / "map.toml"
    list_.write_text(HEADING + "\n".join(ROWS) + "\n", encoding="utf-8")
    map_.write_text(MAP.format(day="2025-03-01"), encoding="utf-8")
    return Project.new(tmp_path / "city", example=True).folder, list_, map_


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    for key, said in texts("ingest").items():
        assert said.nb, key
        assert said.en, key
        places = [set(re.findall(r"\{(\w+)", each)) for each in (said.nb, said.en)]
        assert places[0] == places[1], key


def test_every_text_that_an_import_asks_for_is_there_and_none_is_left_over() -> None:
    sources = [
        file.read_text(encoding="utf-8")
        for file in Path(str(files("citygraph.ingest"))).glob("*.py")
    ] + [Path(str(files("citygraph.cli"))).joinpath("ingest.py").read_text(encoding="utf-8")]  # fmt: skip
    source = "\n".join(sources)
    known = texts("ingest")
    for key in re.findall(r'"ingest\.([a-z_]+\.[a-z_]+)"', source):
        assert key in known, key
    errors = re.findall(r'list_error\(\s*"([a-z_]+)"', source)
    assert {f"error.{key}" for key in errors} <= known.keys()
    fixes = re.findall(r'fix="([a-z_]+)"', source)
    assert {f"next.{key}" for key in fixes} <= known.keys()


def test_every_outcome_has_a_name() -> None:
    assert all(each.called.nb and each.called.en for each in RowOutcome)


def test_the_report_and_the_review_speak_the_language_of_the_reader(paths: tuple[Path, Path, Path]) -> None:
    folder, list_, map_ = paths
    told = {}
    for language in ("en", "nb"):
        done = Project.open(folder).ingest(list_, map_file=map_, language=language)
        with done.report.open(encoding="utf-8-sig", newline="") as file:
            told[language] = list(csv.DictReader(file))
        review = (folder / done.review).read_text(encoding="utf-8-sig")
        told[f"{language} review"] = list(csv.DictReader(io.StringIO(review)))
        for line in done.imported.lines:
            for said in filter(None, (line.reason, *line.notes)):
                assert isinstance(said, Sentence), said
                assert said_in(said, "nb") != said, said
    english, norwegian = told["en"], told["nb"]
    assert [each["outcome"] for each in english] == [each["outcome"] for each in norwegian]
    assert {each["reason"] for each in english if each["reason"]}.isdisjoint(
        {each["reason"] for each in norwegian if each["reason"]}
    )
    assert "statusen «gold» er ukjent: føy den til [roles] i kartet" in {each["reason"] for each in norwegian}
    assert {each["reason"] for each in told["nb review"]} == {
        "Stavanger er kjent i Norge; lista sier Sverige", "flere byer i Tyskland har dette navnet",
    }  # fmt: skip


def test_the_command_speaks_the_language_of_the_reader(paths: tuple[Path, Path, Path]) -> None:
    folder, list_, map_ = paths
    arguments = ["ingest", str(list_), "--map", str(map_), "--project", str(folder), "--dry-run"]
    run = CliRunner()
    english, norwegian = (run.invoke(app, [*arguments, "--lang", language]) for language in ("en", "nb"))
    assert english.exit_code == norwegian.exit_code == 0
    assert "13 rows read" in english.output
    assert "13 rader lest" in norwegian.output
    assert "avvist: " in norwegian.output
    assert "Ingenting er skrevet." in norwegian.output
    words = {"rows", "read", "refused", "member", "known", "list", "the", "is", "new"}
    assert not words & set(re.findall(r"[a-z]+", norwegian.output))


def test_a_draft_is_explained_in_the_language_of_the_reader(paths: tuple[Path, Path, Path]) -> None:
    _, list_, _ = paths
    english, norwegian = (draft_map(list_, language=language) for language in ("en", "nb"))
    assert "the same name for every edition of this list" in english
    assert "det samme navnet for hver utgave av denne lista" in norwegian
    # What is to be mended says so in the language of the reader.
    english = english.replace("MEND THIS", "RETT DETTE")
    assert [line.partition("#")[0] for line in english.splitlines()] == [
        line.partition("#")[0] for line in norwegian.splitlines()
    ]


def test_a_refusal_knows_itself_in_bokmal(tmp_path: Path) -> None:
    path = tmp_path / "list.docx"
    path.write_bytes(b"")
    with pytest.raises(IngestError) as caught:
        draft_map(path)
    assert said_in(caught.value.message, "nb") == "list.docx er verken CSV eller XLSX."
    assert said_in(caught.value.fix or "", "nb").startswith("Åpne den i et regneark")


def test_a_count_in_a_sentence_is_written_as_norwegians_write_it() -> None:
    assert texts("ingest")["error.too_many_rows"].filled(most=500000) == Text(
        "Lista har mer enn 500\u202f000 rader.", "The list has more than 500,000 rows."
    )
