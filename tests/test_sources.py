"""Source documents: ranges count characters, and a passage that moved is found again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.sources import Excerpt, excerpt_range, find_moved, read_source


@given(st.integers(0, 999_999_999), st.integers(0, 999_999_999))
def test_the_name_of_a_passage_says_where_it_is(start: int, end: int) -> None:
    excerpt = Excerpt("https://a.example/source/memo.txt", start, end)
    assert excerpt_range(excerpt.iri) == excerpt


@pytest.mark.parametrize(
    "iri",
    [
        "https://a/memo.txt",
        "https://a/memo.txt#char=1",
        "https://a/memo.txt#char=a,b",
        "#char=1,2",
        "https://a/m#char=1,2/selector",
        "https://a/m#char=1,12345678901",
    ],
)
def test_other_names_are_no_passages(iri: str) -> None:
    assert excerpt_range(iri) is None


def test_characters_are_counted_as_they_are_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "memo.txt").write_bytes("a\r\nÅ🏙b".encode())
    source = read_source(tmp_path, "https://a/source/memo.txt")
    assert source is not None
    assert len(source.text) == 6
    assert source.passage_hash(3, 5) == hashlib.sha256("Å🏙".encode()).hexdigest()


@pytest.mark.parametrize(
    "iri",
    ["https://a/none.txt", "https://a/../secret", "https://a/..", "https://a/a%2Fb", "https://a/", "https://a/folder"],
)
def test_a_document_that_is_not_there_or_lies_elsewhere_is_none(iri: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert read_source(tmp_path, iri) is None


def test_a_document_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "memo.txt").write_bytes(b"\xe5")
    with pytest.raises(UnicodeDecodeError):
        read_source(tmp_path, "https://a/memo.txt")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_a_passage_is_found_wherever_it_went(before: str, passage: str, after: str) -> None:
    sha256 = hashlib.sha256(passage.encode()).hexdigest()
    starts = find_moved(before + passage + after, length=len(passage), sha256=sha256)
    assert len(before) in starts
    assert all((before + passage + after)[start : start + len(passage)] == passage for start in starts)
