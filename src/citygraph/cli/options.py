"""Options that several commands share, defined once."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

__all__ = [
    "AsOf",
    "Engine",
    "Folder",
    "FolderOption",
    "Format",
    "Language",
    "LanguageName",
    "Quiet",
    "Reference",
    "ReportFormat",
    "Watch",
    "day",
    "language_name",
    "open_or_reference",
    "open_project",
    "spoken_language",
]

if TYPE_CHECKING:
    from citygraph.project import Project


class LanguageName(StrEnum):
    """The languages of the interface."""

    NB = "nb"
    EN = "en"


class ReportFormat(StrEnum):
    """For whom a report is written: people or programs."""

    TEXT = "text"
    JSON = "json"


class EngineName(StrEnum):
    """The reasoning engines; all give the same answer."""

    COLUMNAR = "columnar"
    DUCKDB = "duckdb"
    SPARK = "spark"
    OWLRL = "owlrl"


Folder = Annotated[Path | None, typer.Argument(metavar="FOLDER", show_default=False)]
FolderOption = Annotated[Path | None, typer.Option("--project", "-C", metavar="FOLDER", show_default=False)]
Reference = Annotated[bool, typer.Option("--reference")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", show_default=False)]
Language = Annotated[LanguageName | None, typer.Option("--lang", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q")]
Format = Annotated[ReportFormat, typer.Option("--format", "-f")]
Watch = Annotated[bool, typer.Option("--watch")]
Engine = Annotated[EngineName | None, typer.Option("--reasoner", show_default=False)]


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
    """The language asked for, else the one of the system."""
    return value.value if value is not None else _system_language()


def spoken_language() -> str:
    """The language that `--lang` names in the arguments of this process, else the one of the system."""
    given = [*sys.argv, ""]
    for word, following in pairwise(given):
        name = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and name in set(LanguageName):
            return name
    return _system_language()


def _system_language() -> str:
    """Bokmål on a Norwegian system, else English."""
    names = (os.environ.get(name, "") for name in ("CITYGRAPH_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    system = next((name for name in names if name), "")
    return "nb" if system.lower().startswith(("nb", "nn", "no")) else "en"
