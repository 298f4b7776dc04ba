"""`citygraph finding`: what a finding code means and what to do about it."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from citygraph.cli.options import FolderOption, Language, language_name, open_project
from citygraph.errors import ConfigError

__all__ = ["finding"]


def finding(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The code of a finding; without it all codes are listed.")
    ] = "",
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Explain a finding: what it means and what to do next.

    citygraph finding missing-source
    """
    words = language_name(language)
    known = open_project(project_folder).finding_codes()
    if not code:
        for each in known.values():
            print(f"{each.code:28} {each.severity.words.in_language(words):12} {each.title.in_language(words)}")
        return
    if code not in known:
        near = difflib.get_close_matches(code, known, n=3, cutoff=0.4)
        message = f"There is no finding {code!r}."
        raise ConfigError(message, fix=f"Did you mean: {', '.join(near)}?" if near else "List them: citygraph finding")
    each = known[code]
    print(f"{each.code} ({each.severity.words.in_language(words)})\n")
    print(each.title.in_language(words) + ".\n")
    message = each.message.in_language(words)
    if "{" not in message and message != each.title.in_language(words):
        print(message.rstrip(".") + ".\n")
    print(each.fix.in_language(words))
