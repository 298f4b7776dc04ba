"""`citygraph doctor`: what a SPARQL server can do and where it deviates."""

from __future__ import annotations

import shutil
import signal
import textwrap
from pathlib import Path
from typing import Annotated, Final

import typer

from citygraph.cli.options import Format, Language, Quiet, ReportFormat, language_name
from citygraph.cli.output import progress_bar, say
from citygraph.messages import text

_WIDEST: Final = 120


def doctor(
    endpoint: Annotated[str, typer.Option("--endpoint", "-e", metavar="URL")],
    update: Annotated[str, typer.Option("--update", metavar="URL")] = "",
    graph_store: Annotated[str, typer.Option("--graph-store", metavar="URL")] = "",
    write: Annotated[bool, typer.Option("--write")] = False,
    file: Annotated[Path | None, typer.Option("--file", "-o", metavar="FILE", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all")] = False,
    format_: Format = ReportFormat.TEXT,
    rows: Annotated[int, typer.Option(min=10, max=1_000_000, metavar="N")] = 20_000,
    timeout: Annotated[float, typer.Option(min=1, max=600, metavar="SECONDS")] = 10,
    contact: Annotated[str, typer.Option("--contact", envvar="CITYGRAPH_CONTACT", metavar="ADDRESS")] = "",
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Find out what a SPARQL server can do and where it deviates."""
    from citygraph.doctor import Options, examine, report_lines  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.store.server.capabilities import capabilities_json, write_capabilities  # noqa: PLC0415
    from citygraph.store.server.connection import Credentials  # noqa: PLC0415

    # Whoever stops us, our graphs are taken away first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    words = language_name(language)
    options = Options(update, graph_store, write=write, rows=rows, timeout=timeout, contact=contact)
    with progress_bar(quiet=quiet, language=words) as progress:
        found = examine(endpoint, options, credentials=Credentials.from_environment(), progress=progress)
    if file is not None:
        write_capabilities(file, found.capabilities, found.results)
    if format_ is ReportFormat.JSON:
        print(capabilities_json(found.capabilities, found.results), end="")
    else:
        for line in report_lines(found, words, everything=all_, wrap=_wrapped):
            print(line)
    if found.shows_password and not quiet:
        say(text("doctor.report.in_clear").in_language(words))
    if file is not None and not quiet:
        say(text("doctor.report.kept").filled(file=file).in_language(words))
    for graph in found.left_behind:
        say(text("doctor.report.left_behind").filled(graph=graph).in_language(words))
    if found.left_behind or not found.is_usable:
        raise typer.Exit(1)


def _wrapped(first: str, words: str) -> list[str]:
    width = max(60, min(shutil.get_terminal_size().columns, _WIDEST))
    return textwrap.wrap(words.strip(), width, initial_indent=first, subsequent_indent=" " * len(first))
