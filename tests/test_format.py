"""`citygraph format`: the project's Turtle style, without changing a lexical form or losing a comment."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from citygraph import Project
from citygraph.format import format_file
from citygraph.rdf import canonical_hash, parse
from citygraph.turtle.document import read_document
from citygraph.turtle.layout import write_document
from clean_project import ROOT, clean_project
from generated import flat_triples

_COMMENT = re.compile(r"# mark \d+")


@given(flat_triples(), st.lists(st.sampled_from(["above", "behind", "none"]), min_size=12, max_size=12))
def test_layout_is_idempotent_and_keeps_every_comment(graph: list[object], places: list[str]) -> None:
    lines, marks = [], 0
    for triple, place in zip(graph, places, strict=False):
        marks += place != "none"
        lines += [f"# mark {marks}"] if place == "above" else []
        lines.append(f"{triple} ." + (f" # mark {marks}" if place == "behind" else ""))
    before = "\n".join([*lines, "# mark 0", ""])
    after = write_document(read_document(before))
    assert sorted(_COMMENT.findall(after)) == sorted(_COMMENT.findall(before))
    assert write_document(read_document(after)) == after
    same = [canonical_hash(parse(text.encode(), format="ttl").quads) for text in (before, after)]
    assert same[0] == same[1]


def _format(tmp_path: Path, text: str) -> str:
    path = tmp_path / "file.ttl"
    path.write_bytes(text.encode())
    result = format_file(path, name="file.ttl")
    assert not result.findings
    return result.after


def test_one_statement_stands_on_one_line_types_first_and_labels_second(tmp_path: Path) -> None:
    text = (
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n@prefix a: <http://a/> .\n"
        'a:s a:p a:x, a:y; skos:prefLabel "S"@en ; a a:C .\n'
    )
    assert _format(tmp_path, text) == (
        "@prefix a: <http://a/> .\n@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n\n"
        'a:s a a:C ;\n    skos:prefLabel "S"@en ;\n    a:p a:x ;\n    a:p a:y ;\n.\n'
    )


def test_no_lexical_form_is_changed(tmp_path: Path) -> None:
    terms = [
        "01",
        "1.50",
        "1E0",
        "true",
        "'it'",
        '"""a "b" c"""',
        '"\\u00e5"',
        '"x"@nb-NO',
        '"1"^^<http://a/dt>',
        "<http://a/\\u00e5>",
    ]
    text = f"<http://a/s> <http://a/p> {' , '.join(terms)} .\n"
    after = _format(tmp_path, text)
    assert all(f" {term} ;\n" in after for term in terms)


def test_a_byte_order_mark_and_windows_line_ends_go(tmp_path: Path) -> None:
    after = _format(tmp_path, "\ufeff# note\r\n<http://a/s> <http://a/p> 1 .\r\n")
    assert after.startswith("# note")
    assert "\r" not in after
    assert "\ufeff" not in after


def test_a_long_string_with_windows_line_ends_keeps_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "file.ttl"
    path.write_bytes(b'<http://a/s> <http://a/p> """one\r\ntwo""" .\n')
    before = parse(path.read_bytes(), format="ttl").quads
    after = parse(format_file(path, name="file.ttl").after.encode(), format="ttl").quads
    assert canonical_hash(after) == canonical_hash(before)


def test_blocks_of_one_subject_are_put_together(tmp_path: Path) -> None:
    text = "<http://a/s> <http://a/p> 1 .\n\n# other\n<http://a/t> <http://a/p> 2 .\n\n# again\n<http://a/s> <http://a/q> 3 .\n"
    after = _format(tmp_path, text)
    assert after.count("<http://a/s>") == 1
    assert "# again" in after
    assert "# other" in after


def test_a_file_with_a_mistake_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.ttl"
    path.write_text("<http://a/s> <http://a/p> .\n")
    result = format_file(path, name="data/file.ttl")
    assert not result.changed
    assert [(each.code, each.file, each.line) for each in result.findings] == [("syntax", "data/file.ttl", 1)]


def test_a_file_that_is_not_utf_8_or_not_there_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "latin.ttl").write_bytes(b"# \xe5\n")
    assert [each.code for each in format_file(tmp_path / "latin.ttl", name="latin.ttl").findings] == ["encoding"]
    assert [each.code for each in format_file(tmp_path / "none.ttl", name="none.ttl").findings] == ["unreadable-file"]


def test_turtle_with_two_bases_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.ttl"
    path.write_text("@base <http://a/> .\n<s> <p> 1 .\n@base <http://b/> .\n<s> <p> 2 .\n")
    result = format_file(path, name="file.ttl")
    assert not result.changed
    assert "base IRI changes" in result.findings[0].message.en
    assert "adressen i @base endres" in result.findings[0].message.nb


def test_formatting_writes_only_what_changes(tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    project = Project.open(folder)
    project.format()
    assert not [each.path for each in project.format(write=False) if each.changed]
    place = folder / "data" / "places.ttl"
    place.write_text(place.read_text().replace(" ;\n.", " ."))
    before = place.read_text()
    assert [each.path for each in project.format(write=False) if each.changed] == [place]
    assert place.read_text() == before
    project.format([place])
    assert place.read_text() == (ROOT / "tests/data/_clean/data/places.ttl").read_text()


def test_a_fault_that_only_the_formatter_minds_is_shown_where_it_is(tmp_path: Path) -> None:
    for name, text, place in (
        ("twice.ttl", "@prefix a: <http://a/> .\na:b a:c a:d .\n\n@prefix a: <http://b/> .\n", (4, 1)),
        ("base.ttl", "@base <http://a/> .\n<b> <c> <d> .\n @base <http://b/> .\n", (3, 2)),
        ("latin.ttl", '<a:a> <a:b> "x" .\n<a:a> <a:b> "\u00f8" .\n', (2, 14)),
    ):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
        (found,) = format_file(tmp_path / name, name=name).findings
        assert (found.line, found.column) == place, name
