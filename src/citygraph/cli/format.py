"""`citygraph format`: the Turtle files in the project's style."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citygraph.cli.options import FolderOption, Language, language_name, open_project
from citygraph.cli.printing import print_report, say
from citygraph.errors import ConfigError

__all__ = ["format"]


def format(  # noqa: A001  # the name of the command
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="Turtle files or a project folder; without it all of the project.", show_default=False
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when a file would change.")] = False,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Rewrite Turtle files in the project's style.

    No value is changed and no comment lost.

    citygraph format my-city --check
    """
    from citygraph.findings import Report  # noqa: PLC0415

    chosen = list(paths or [])
    if len(chosen) == 1 and chosen[0].is_dir():
        project_folder, chosen = chosen[0], []
    for path in chosen:
        if not path.is_file():
            message = f"There is no file {path}."
            raise ConfigError(message, fix="Name a Turtle file, or leave it out for the whole project.")
    project = open_project(project_folder)
    results = project.format(chosen, write=not check)
    report = Report.of(*(result.findings for result in results))
    changed = [result.path for result in results if result.changed]

    def shown(path: Path) -> str:
        return str(path.relative_to(project.folder)) if path.is_relative_to(project.folder) else str(path)

    for path in changed:
        say(f"{'would change' if check else 'changed'}: {shown(path)}")
    if report.findings:
        print_report(report, language_name(language), notes=True)
    if report.violations or (check and changed):
        raise typer.Exit(1)
