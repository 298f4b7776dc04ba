"""Findings: one shape for every problem, in both languages, worst first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from citygraph import Finding, Project, Report, Severity
from citygraph.findings import definitions, finding
from citygraph.messages import Text
from clean_project import clean_project

_WORDS = Text("a", "b")


def test_every_code_of_program_shapes_and_checks_says_what_it_is_and_what_to_do(tmp_path: Path) -> None:
    for code, definition in Project.open(clean_project(tmp_path)).finding_codes().items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code), code
        for text in (definition.title, definition.message, definition.fix):
            assert text.nb, code
            assert text.en, code


def test_the_two_languages_ask_for_the_same_values() -> None:
    for code, definition in definitions().items():
        for text in (definition.message, definition.fix):
            assert set(re.findall(r"\{(\w+)\}", text.nb)) == set(re.findall(r"\{(\w+)\}", text.en)), code


@pytest.mark.parametrize(("line", "column", "place"), [(0, 0, "a.ttl"), (3, 0, "a.ttl:3:1"), (3, 7, "a.ttl:3:7")])
def test_a_place_can_be_clicked(line: int, column: int, place: str) -> None:
    assert Finding("x", Severity.INFO, _WORDS, file="a.ttl", line=line, column=column).place == place
    assert Finding("x", Severity.INFO, _WORDS, line=line, column=column).place == ""


def test_a_report_is_worst_first_and_says_each_thing_once() -> None:
    note, warning, violation = (Finding("x", severity, _WORDS, file="a.ttl") for severity in reversed(Severity))
    report = Report.of([note, warning], [violation, note])
    assert report.findings == (violation, warning, note)
    assert len(report) == 3
    assert report.violations == (violation,)
    assert report.at_least(Severity.WARNING) == (violation, warning)
    assert report.counts == {Severity.VIOLATION: 1, Severity.WARNING: 1, Severity.INFO: 1}


def test_a_finding_can_be_written_down_and_read_again() -> None:
    found = finding("syntax", file="data/å.ttl", line=2, column=3, detail="here")
    assert Finding.from_json(found.to_json()) == found
    assert found.message.en == "Reading stops here: here."


def test_a_code_or_a_value_that_is_missing_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        finding("no-such-code")
    with pytest.raises(KeyError):
        finding("syntax")


def test_severities_have_words_and_an_order() -> None:
    assert [severity.order for severity in Severity] == [0, 1, 2]
    assert all(severity.words.nb and severity.words.en for severity in Severity)
