"""The options that several of the `link` commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Author", "Comment", "Extract", "Format", "LinkFormat"]

Extract = Annotated[
    Path | None,
    typer.Option(
        "--extract",
        "-e",
        metavar="FILE",
        help="An extract of Wikidata (.nt or .jsonl) to use instead of asking Wikidata.",
        show_default=False,
    ),
]
Author = Annotated[
    str,
    typer.Option("--author", envvar="CITYGRAPH_AUTHOR", metavar="WHO", help="Who decides; best an ORCID: orcid:0000-…"),
]
Comment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why, in a few words.", show_default=False)]


class LinkFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[LinkFormat, typer.Option("--format", "-f", help="Text for people or JSON.")]
