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
    "OwnFolder",
    "OwnFolderOption",
    "Quiet",
    "Reference",
    "ReportFormat",
    "Watch",
    "day",
    "language_name",
    "open_or_reference",
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
OwnFolder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="The project folder; without it the one you stand in.", show_default=False),
]
OwnFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        "-C",
        metavar="FOLDER",
        help="The project folder; without it the one you stand in.",
        show_default=False,
    ),
]
Reference = Annotated[bool, typer.Option("--reference", help="Take the graph that comes with the program.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
Watch = Annotated[bool, typer.Option("--watch", help="Run again whenever a file is saved, until Ctrl-C.")]
Engine = Annotated[
    EngineName | None,
    typer.Option("--reasoner", help="The reasoning engine; without it the one in graph.toml.", show_default=False),
]


def open_project(folder: Path | None, *, reference: bool = False) -> Project:
    """The project in `folder`, or the one the current folder lies in; with `reference` the graph of the program.

    Raises:
        ConfigError: there is none; a command that judges or writes must not take another graph for it.
    """
    from citygraph.project import Project, reference_folder  # noqa: PLC0415  # keeps `--help` fast

    if folder is None and reference:
        return Project.open(reference_folder())
    return Project.open(folder) if folder is not None else Project.find(or_reference=False)


def open_or_reference(folder: Path | None) -> Project:
    """The project in `folder`, or the one the current folder lies in, or the graph that comes with the program."""
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
