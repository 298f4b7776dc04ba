"""`citygraph explain`: why a statement holds, or why it does not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from citygraph.cli.answers import print_explanation
from citygraph.cli.options import AsOf, FolderOption, Language, day, language_name, open_project

__all__ = ["ExplainFormat", "explain"]


class ExplainFormat(StrEnum):
    """How a proof is written."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"
    HTML = "html"


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="What the statement is about: a name or an address.")
    ],
    predicate: Annotated[
        str, typer.Argument(metavar="PROPERTY", help='The property: "deltar i", participatesIn, cg:participatesIn.')
    ],
    object_: Annotated[str, typer.Argument(metavar="VALUE", help="The other end: a name, an address or a text.")],
    every: Annotated[bool, typer.Option("--all", help="All proofs, the shortest first.")] = False,
    format_: Annotated[
        ExplainFormat, typer.Option("--format", "-f", help="A tree, JSON, Mermaid or HTML.")
    ] = ExplainFormat.TREE,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Say why a statement holds, or why it does not.

    citygraph explain Stavanger participatesIn Eurocities
    """
    project = open_project(project_folder)
    found = project.explain(subject, predicate, object_, as_of=day(as_of), every=every)
    print_explanation(found, format_=format_.value, language=language_name(language))
