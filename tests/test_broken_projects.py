"""Each mistake of docs/model.md has a broken project in tests/data and gives exactly the finding it announces."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from citygraph import Finding, Project, Report, Severity
from clean_project import BROKEN, DATA, Expected, clean_project, expectations
from conftest import TODAY

_MADE_WHEN_RUNNING: Final = {
    "unreadable-file": "git keeps no unreadable file: tests/test_load.py makes a link to nothing and a loop of links",
    "unsafe-link": "a copy of a link is no link: tests/test_load.py makes them",
    **dict.fromkeys(
        (
            "link-gone",
            "link-merged",
            "link-wrong-type",
            "link-wrong-country",
            "link-unlike",
            "item-linked-twice",
            "two-items-linked",
        ),
        "`citygraph link check` reports it, with Wikidata or an extract at hand: tests/link/test_link.py",
    ),
}


def _matches(found: Finding, expected: Expected) -> bool:
    return (
        (found.code, found.severity) == (expected.code, expected.severity)
        and expected.file in {"", found.file}
        and expected.line in {0, found.line}
    )


def _list(report: Report) -> str:
    return "\n".join(f"{each.place} {each.severity} {each.code} {each.message.en}" for each in report) or "no findings"


def test_the_clean_project_has_no_finding_not_even_a_note(tmp_path: Path) -> None:
    report = Project.open(clean_project(tmp_path), today=TODAY).check().report
    assert not report.findings, _list(report)


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_project_gives_the_findings_it_announces_and_no_other(mistake: str, tmp_path: Path) -> None:
    expected = expectations(mistake)
    assert expected, f"tests/data/{mistake} does not say what it must give"
    folder = clean_project(tmp_path, mistake=mistake, questions=False)
    report = Project.open(folder, today=TODAY).check().report
    for each in expected:
        found = [one for one in report if _matches(one, each)]
        assert found, f"{each} is missing among\n{_list(report)}"
        for one in found:
            assert one.message.nb, one
            assert one.message.en, one
            assert one.fix.nb, one
            assert one.fix.en, one
            assert not re.search(r"\{[a-z_]+\}", one.message.nb + one.message.en + one.fix.nb + one.fix.en), one
    others = [one for one in report if not any(_matches(one, each) for each in expected)]
    assert not others, f"not announced:\n{_list(Report.of(others))}"


def test_every_finding_code_has_a_broken_project(tmp_path: Path) -> None:
    known = set(Project.open(clean_project(tmp_path)).finding_codes())
    shown = {each.code for mistake in BROKEN for each in expectations(mistake)}
    # `citygraph check` says nothing about portals: tests/publish has a case for each of those codes.
    of_portals = {code for code in known if code.startswith("publish-")}
    assert known - shown - of_portals == set(_MADE_WHEN_RUNNING)
    assert shown <= known, "a broken project announces a code that nothing defines"


def test_a_broken_project_named_like_a_code_shows_that_code(tmp_path: Path) -> None:
    for code in Project.open(clean_project(tmp_path)).finding_codes():
        if (DATA / code).is_dir():
            assert code in {each.code for each in expectations(code)}


def test_one_membership_with_two_members_does_not_merge_the_two_cities(tmp_path: Path) -> None:
    report = Project.open(clean_project(tmp_path, mistake="one-member"), today=TODAY).check().report
    assert [each.code for each in report.at_least(Severity.WARNING)] == ["one-member"]
