"""`citygraph check`: load, validate and reason, and keep nothing."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import AsOf, Engine, Folder, Language, Quiet, Watch, day, language_name, open_project
from citygraph.cli.printing import print_report, progress_bar, report_json

if TYPE_CHECKING:
    from citygraph.project import Checked, Project

__all__ = ["FailOn", "check"]


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


def _watch(project: Project, words: str, *, engine: str | None, as_of: date | None, notes: bool) -> None:
    from citygraph.cli.watching import say_inferred, watch  # noqa: PLC0415
    from citygraph.labels import Labels  # noqa: PLC0415
    from citygraph.project import Memory  # noqa: PLC0415

    memory = Memory()
    before: list[Checked] = []

    def run(opened: Project) -> None:
        checked = opened.check(as_of=as_of, engine=engine, memory=memory)
        print_report(checked.report, words, notes=notes)
        if before:
            say_inferred(before.pop().inferred, checked.inferred, Labels(checked.graphs.triples()), words)
        before.append(checked)

    watch(project, run, words)


class ReportFormat(StrEnum):
    """How the findings are printed."""

    TEXT = "text"
    JSON = "json"


def check(
    folder: Folder = None,
    as_of: AsOf = None,
    reasoner: Engine = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="The mildest finding that makes the command fail.")
    ] = FailOn.VIOLATION,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes too.")] = False,
    format_: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="Text for people or JSON.")
    ] = ReportFormat.TEXT,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say everything that is wrong with the graph; nothing is kept.

    Findings go to stderr with file, line and column; with --format json they go to stdout.

    citygraph check my-city --fail-on warning
    """
    from citygraph.findings import Severity  # noqa: PLC0415

    words = language_name(language)
    project = open_project(folder)
    engine = reasoner.value if reasoner else None
    if watch:
        _watch(project, words, engine=engine, as_of=day(as_of), notes=notes)
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        report = project.check(as_of=day(as_of), engine=engine, progress=progress).report
    if format_ is ReportFormat.JSON:
        print(report_json(report))
    else:
        print_report(report, words, notes=notes)
    if report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)
