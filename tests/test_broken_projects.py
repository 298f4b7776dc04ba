"""Each mistake of docs/model.md has a broken project in tests/data and gives exactly the finding it announces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from citygraph import Finding, Project, Report, Severity
from citygraph.load import load_files
from citygraph.validate import check_anchors, check_shapes, check_staleness, check_values
from clean_project import BROKEN, DATA, Expected, clean_project, expectations
from conftest import TODAY

# What a stage behind the reasoner finds; the others need not wait for it.
_AFTER: Final = frozenset(
    {
        "bad-query", "contradiction", "lead-not-in-network", "member-without-membership", "merged-nodes", "missing-shapes",
        "participant-without-country", "partner-counted-as-member", "several-countries", "two-countries", "two-presidents",
    }
)  # fmt: skip
_MADE_WHEN_RUNNING: Final = {
    "unreadable-file": "git keeps no unreadable file: tests/test_load.py makes a link to nothing and a loop of links",
}


def _findings(project: Project, expected: list[Expected]) -> Report:
    slow = project.config.engine == "owlrl" and "CITYGRAPH_FULL_CHECK" not in os.environ
    if not slow or any(each.code in _AFTER for each in expected):
        return project.check().report
    loaded = load_files(project.config)
    return Report.of(
        loaded.findings,
        check_shapes(loaded.graphs),
        check_values(loaded.graphs, project.config, today=project.today),
        check_anchors(loaded.graphs, project.config.sources_folder),
        check_staleness(loaded.graphs, project.config, as_of=project.config.as_of or project.today),
    )


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
    report = _findings(Project.open(clean_project(tmp_path, mistake=mistake), today=TODAY), expected)
    for each in expected:
        found = [one for one in report if _matches(one, each)]
        assert found, f"{each} is missing among\n{_list(report)}"
        for one in found:
            assert one.message.nb, one
            assert one.message.en, one
            assert one.fix.nb, one
            assert one.fix.en, one
            assert "{" not in one.message.nb + one.message.en + one.fix.nb + one.fix.en, one
    others = [one for one in report if not any(_matches(one, each) for each in expected)]
    assert not others, f"not announced:\n{_list(Report.of(others))}"


def test_every_finding_code_has_a_broken_project(tmp_path: Path) -> None:
    known = set(Project.open(clean_project(tmp_path)).finding_codes())
    shown = {each.code for mistake in BROKEN for each in expectations(mistake)}
    assert known - shown == set(_MADE_WHEN_RUNNING)
    assert shown <= known, "a broken project announces a code that nothing defines"


def test_a_broken_project_named_like_a_code_shows_that_code(tmp_path: Path) -> None:
    for code in Project.open(clean_project(tmp_path)).finding_codes():
        if (DATA / code).is_dir():
            assert code in {each.code for each in expectations(code)}


def test_one_membership_with_two_members_does_not_merge_the_two_cities(tmp_path: Path) -> None:
    report = Project.open(clean_project(tmp_path, mistake="one-member"), today=TODAY).check().report
    assert [each.code for each in report.at_least(Severity.WARNING)] == ["one-member"]
