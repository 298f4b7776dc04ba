"""`citygraph sparql`: any SPARQL query, from the command line, a file or stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citygraph.cli.answers import AnswerFormat, print_answer
from citygraph.cli.options import AsOf, FolderOption, Language, Quiet, day, language_name, open_project
from citygraph.cli.printing import progress_bar
from citygraph.errors import QueryError

__all__ = ["sparql"]


def sparql(
    text: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="The query, a file that holds it, or - for stdin.", show_default=False),
    ],
    format_: Annotated[
        AnswerFormat, typer.Option("--format", "-f", help="How to write the answer.")
    ] = AnswerFormat.TABLE,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Answer any SPARQL query.

    The project's prefixes need not be declared.

    citygraph sparql 'SELECT ?network WHERE { ?network a cg:CityNetwork }'
    """
    project = open_project(project_folder)
    words = language_name(language)
    query = _read(text)
    with progress_bar(quiet=quiet, language=words) as progress:
        answer = project.sparql(query, as_of=day(as_of), progress=progress)
    snapshot = project.snapshot(as_of=day(as_of))
    print_answer(answer, snapshot, format_=format_, language=words, prefixes=project.prefixes)


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.endswith((".rq", ".sparql")) and "{" not in text:
        try:
            return Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            message = f"The file {text} cannot be read: {error}."
            raise QueryError(message, fix="Check the name of the file.") from error
    return text
