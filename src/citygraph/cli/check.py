"""`citygraph check`: load, validate and reason, and keep nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from citygraph.cli.options import AsOf, Engine, Folder, Language, Quiet, day, language_name, open_project
from citygraph.cli.printing import print_report, progress_bar, report_json

__all__ = ["FailOn", "check"]


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


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
    format_: Annotated[ReportFormat, typer.Option("--format", help="Text for people or JSON.")] = ReportFormat.TEXT,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say everything that is wrong with the graph; nothing is kept.

    Findings go to stderr with file, line and column; with --format json they go to stdout.
    """
    from citygraph.findings import Severity  # noqa: PLC0415

    words = language_name(language)
    project = open_project(folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        engine = reasoner.value if reasoner else None
        report = project.check(as_of=day(as_of), engine=engine, progress=progress).report
    if format_ is ReportFormat.JSON:
        print(report_json(report))
    else:
        print_report(report, words, notes=notes)
    if report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)
