"""The words of many languages stand in files that anybody can add to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from citygraph.ingest import dates, draft, layout
from citygraph.ingest.dates import Status, read_date, read_status
from citygraph.ingest.draft import by_words
from citygraph.matching import names

Add = Callable[[str, str, str], None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Writes a text behind another into a copy of a file of words, which is read instead."""
    words = tmp_path / "words"
    shutil.copytree(str(files("citygraph.ingest").joinpath("words")), words)
    monkeypatch.setattr(names, "files", lambda _package: tmp_path)
    patterns = (dates._status_words, dates._date_words, draft._heading_words, layout._words)  # noqa: SLF001

    def forget() -> None:
        for each in (names.word_lists, names.words_of, *patterns):
            each.cache_clear()

    def add(name: str, behind: str, text: str) -> None:
        file = words / f"{name}.toml"
        before = file.read_text(encoding="utf-8")
        assert behind in before
        file.write_text(before.replace(behind, behind + text, 1), encoding="utf-8")
        forget()

    yield add
    forget()


def test_a_word_of_a_status_that_is_added_counts(add: Add) -> None:
    assert read_status("Uteblitt", {}) is None
    add("statuses", 'nb = ["utmeldt", ', '"uteblitt", ')
    assert read_status("Uteblitt", {}) == Status("left")
    assert read_status("uteblitt 2019", {}) == Status("left", end="2019")


def test_a_word_of_a_date_and_of_a_heading_that_is_added_counts(add: Add) -> None:
    assert (read_date("etter 2019"), by_words(["Bygd"])) == ("", {})
    add("dates", 'nb = ["fra og med", ', '"etter", ')
    add("headings", 'nb = ["by", ', '"bygd", ')
    assert (read_date("etter 2019"), by_words(["Bygd"])) == ("2019", {"city": 0})


@pytest.mark.parametrize("text", ["uteblitt, ", "1, "])
def test_a_file_of_words_that_is_broken_is_named_with_the_place(add: Add, text: str) -> None:
    add("statuses", 'nb = ["utmeldt", ', text)
    with pytest.raises(ValueError, match=r"citygraph/ingest/words/statuses\.toml"):
        read_status("Mitglied", {})
