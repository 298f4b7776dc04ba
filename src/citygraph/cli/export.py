"""`citygraph export`: the graph as a file in any RDF format, or as tables."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from citygraph.cli.options import AsOf, FolderOption, day, open_project
from citygraph.cli.printing import say
from citygraph.errors import ExportError

__all__ = ["export"]


class ExportFormat(StrEnum):
    """What the graph can be written as."""

    TTL = "ttl"
    NT = "nt"
    NQ = "nq"
    TRIG = "trig"
    JSONLD = "jsonld"
    RDF = "rdf"
    CSV = "csv"


class Which(StrEnum):
    """Which statements: those in the files, those that follow, or both."""

    ASSERTED = "asserted"
    INFERRED = "inferred"
    BOTH = "both"


def export(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="FILE",
            help="The file to write, or for csv the folder; without it the graph goes to stdout.",
                       show_default=False),
    ] = None,
    format_: Annotated[ExportFormat | None, typer.Option(
        "--format", "-f", help="The format; without it the ending of the file decides.", show_default=False)] = None,
    which: Annotated[Which, typer.Option("--which", help="Stated, derived or both.")] = Which.BOTH,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
) -> None:  # fmt: skip
    """Write the graph to a file: the same graph gives the same bytes.

    csv writes a folder with one table for each class.

    citygraph export graph.ttl --which asserted
    """
    project = open_project(project_folder)
    chosen = _format(format_, target)
    if chosen is ExportFormat.CSV:
        if target is None:
            message = "csv is one table for each class, so it needs a folder to write to."
            raise ExportError(message, fix="Write: citygraph export tables --format csv")
        from citygraph.files import write_file  # noqa: PLC0415

        tables = project.tables(which=which.value, as_of=day(as_of))
        for name, data in tables.items():
            write_file(target / name, data)
        say(f"{len(tables)} tables in {target}")
        return
    data = project.export(format=chosen.value, which=which.value, as_of=day(as_of))
    if target is None:
        sys.stdout.buffer.write(data)
        return
    from citygraph.files import write_file  # noqa: PLC0415

    write_file(target, data)
    say(f"{target}: {len(data):,} bytes")


def _format(given: ExportFormat | None, target: Path | None) -> ExportFormat:
    if given is not None:
        return given
    if target is None:
        return ExportFormat.TTL
    ending = target.suffix.lstrip(".")
    try:
        return ExportFormat(ending)
    except ValueError as error:
        names = ", ".join(ExportFormat)
        message = f"The ending of {target} names no format."
        raise ExportError(message, fix=f"Add --format with one of: {names}.") from error
