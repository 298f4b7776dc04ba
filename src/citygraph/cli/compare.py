"""`citygraph compare`: what changed between two versions of a graph, in words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from citygraph.cli.options import AsOf, FolderOption, Language, Quiet, day, language_name, open_project
from citygraph.cli.printing import progress_bar

__all__ = ["compare"]


class CompareFormat(StrEnum):
    """How the difference is written."""

    TEXT = "text"
    JSON = "json"
    MD = "md"


def compare(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="The version before: a project folder or a git revision.", show_default=False
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="The version after; without it the project as it is now.", show_default=False
        ),
    ] = "",
    format_: Annotated[
        CompareFormat, typer.Option("--format", "-f", help="Text, JSON or Markdown.")
    ] = CompareFormat.TEXT,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say what changed between two versions.

    Statements, findings and answers, in words.

    citygraph compare HEAD~1 --format md
    """
    from citygraph import compare as comparing  # noqa: PLC0415  # keeps `--help` fast

    words = language_name(language)
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        changes = project.compare(old, new, as_of=day(as_of), progress=progress)
    if format_ is CompareFormat.JSON:
        print(comparing.write_json(changes))
    elif format_ is CompareFormat.MD:
        print(comparing.write_markdown(changes, words))
    else:
        print(comparing.write_text(changes, words))
