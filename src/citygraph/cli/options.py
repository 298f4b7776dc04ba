"""Options that several commands share, defined once."""

from __future__ import annotations

import os
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

__all__ = [
    "AsOf",
    "Engine",
    "Folder",
    "Language",
    "LanguageName",
    "Quiet",
    "ReportFormat",
    "Watch",
    "day",
    "language_name",
    "open_project",
]

if TYPE_CHECKING:
    from citygraph.project import Project


class LanguageName(StrEnum):
    """The languages of the interface."""

    NB = "nb"
    EN = "en"


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


class EngineName(StrEnum):
    """The reasoning engines; all give the same answer."""

    COLUMNAR = "columnar"
    DUCKDB = "duckdb"
    SPARK = "spark"
    OWLRL = "owlrl"


Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER",
        help="The project folder; without it the one you stand in, or the graph that comes with the program.",
        show_default=False,
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        "-C",
        metavar="FOLDER",
        help="The project folder; without it the one you stand in, or the graph that comes with the program.",
        show_default=False,
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="The world on that day, as far as the sources say.",
        show_default=False,
    ),
]
Language = Annotated[
    LanguageName | None,
    typer.Option(
        "--lang", help="Language of names and messages; without it the one of your system.", show_default=False
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
Watch = Annotated[bool, typer.Option("--watch", help="Run again whenever a file is saved, until Ctrl-C.")]
Engine = Annotated[
    EngineName | None,
    typer.Option("--reasoner", help="The reasoning engine; without it the one in graph.toml.", show_default=False),
]


def open_project(folder: Path | None) -> Project:
    """The project in `folder`, or the one the current folder lies in, or our own."""
    from citygraph.project import Project  # noqa: PLC0415  # keeps `--help` fast

    return Project.open(folder) if folder is not None else Project.find()


def day(value: datetime | None) -> date | None:
    """The day that was typed, if any."""
    return value.date() if value is not None else None


def language_name(value: LanguageName | None) -> str:
    """The language asked for, else bokmål on a Norwegian system, else English."""
    if value is not None:
        return value.value
    names = (os.environ.get(name, "") for name in ("CITYGRAPH_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    system = next((name for name in names if name), "")
    return "nb" if system.lower().startswith(("nb", "nn", "no")) else "en"
