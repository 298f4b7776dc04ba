"""What LibreOffice writes is read: the same words from .docx, .odt and .pdf, made of one document.

`documents/office.*` were made of office.fodt by LibreOffice 7.4; one of them is made anew here, by the one that is installed.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from citygraph.read.guess import guess_about
from citygraph.read.patterns import pattern_book
from citygraph.read.run import extract
from citygraph.read.sentences import sentences_of
from citygraph.read.text import Extracted

DOCUMENTS = Path(__file__).parents[1] / "documents"
OFFICE = shutil.which("soffice")
PARTS = [
    ("title", "Notat om Nordnett"),
    ("paragraph", "3. november 2020"),
    ("paragraph", "Nordnett er et nettverk. Fjordby er medlem siden 2019, og Nordnett har ca.\xa040 medlemmer."),
    ("heading", "Medlemmene"),
    ("item", "Fjordby"),
    ("item", "Ålesund og Göteborg"),
    ("paragraph", "Sekretariatet holder til i samarbeidshuset. \nNeste linje med 😀."),
    ("cell", "By"), ("cell", "Siden"), ("cell", "Fjordby"), ("cell", "2019"),
    ("paragraph", (
        "Oslo er ikke medlem. Kari Nordmann er leder av sekretariatet, og hun har vært det siden 2018, da det ble flyttet "
        "fra en annen by og til Fjordby av årsmøtet."
    )),
    ("paragraph", "Slutt."),
]  # fmt: skip
NOTE = ("paragraph", "Tallet er fra årsmøtet.")


def read(path: Path) -> Extracted:
    return extract(path.read_bytes(), path.name)


def parts(found: Extracted) -> list[tuple[str, str]]:
    return [(each.kind, found.kept.words(each)) for each in found.kept.parts]


@pytest.mark.parametrize("ending", ["docx", "odt"])
def test_a_text_document_is_read_part_by_part(ending: str) -> None:
    found = parts(read(DOCUMENTS / f"office.{ending}"))
    assert NOTE in found, "a footnote is read"
    assert [each for each in found if each != NOTE] == PARTS


@pytest.mark.parametrize("ending", ["docx", "odt", "pdf"])
def test_what_it_is_called_and_from_when_is_seen_in_each(ending: str) -> None:
    guesses = guess_about(read(DOCUMENTS / f"office.{ending}"), f"office.{ending}", today=date(2026, 12, 1))
    assert guesses.title.value == "Notat om Nordnett"
    assert guesses.date is not None
    assert guesses.date.value == "2020-11-03"


def _is_the_pdf(found: Extracted) -> None:
    said = parts(found)
    assert [words for kind, words in said if kind == "furniture"] == [
        "Nordnett – internt notat", "Side 1", "Nordnett – internt notat", "Side 2",
    ]  # fmt: skip
    assert [each for each in said if each[0] in {"title", "heading", "item"}] == [
        ("title", "Notat om Nordnett"), ("heading", "Medlemmene"), ("item", "• Fjordby"), ("item", "• Ålesund og Göteborg"),
    ]  # fmt: skip
    assert ("paragraph", "Fjordby 2019") in said, "a row of a table is a line of its own"
    assert "Tables on these pages" in str(found.notes[0])
    assert [each.text for each in sentences_of(found.kept, pattern_book()) if "Oslo" in each.text] == [
        "Oslo er ikke medlem."
    ]


def test_of_a_pdf_heads_items_and_rows_are_told_apart() -> None:
    _is_the_pdf(read(DOCUMENTS / "office.pdf"))


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="install it: apt-get install libreoffice-writer-nogui")
def test_what_the_installed_libreoffice_writes_is_read_the_same(tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [str(OFFICE), profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(DOCUMENTS / "office.fodt")], check=True, capture_output=True, timeout=120)
    _is_the_pdf(read(tmp_path / "office.pdf"))
