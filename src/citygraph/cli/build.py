"""`citygraph build`: check, then a new version of the graph."""

from __future__ import annotations

from typing import Annotated

import typer

from citygraph.cli.options import AsOf, Engine, Folder, Language, Quiet, day, language_name, open_project
from citygraph.cli.printing import print_report, progress_bar, say
from citygraph.language import Text

__all__ = ["build"]


def build(
    folder: Folder = None,
    as_of: AsOf = None,
    reasoner: Engine = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Build even when nothing has changed.")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes too.")] = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Check the graph and make a new version of it.

    The new version is used only when nothing must be mended; until then the previous one stays. The
    name of the version goes to stdout.
    """
    words = language_name(language)
    project = open_project(folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        engine = reasoner.value if reasoner else None
        outcome = project.build(as_of=day(as_of), engine=engine, fresh=fresh, progress=progress)
    if not quiet or outcome.report.violations:
        print_report(outcome.report, words, notes=notes)
    if outcome.report.violations:
        kept = Text(
            f"Ingen ny versjon. {outcome.snapshot_id} er fortsatt i bruk."
            if outcome.snapshot_id
            else "Ingen ny versjon.",
            f"No new version. {outcome.snapshot_id} is still in use." if outcome.snapshot_id else "No new version.",
        )
        say(kept.in_language(words))
        raise typer.Exit(1)
    counts = outcome.counts
    if not quiet:
        done = Text(
            f"{counts['asserted']} påstander oppgitt, {counts['inferred']} utledet."
            + ("" if outcome.new else " Ingenting er endret siden sist."),
            f"{counts['asserted']} statements stated, {counts['inferred']} derived."
            + ("" if outcome.new else " Nothing has changed since the last build."),
        )
        say(done.in_language(words))
    print(outcome.snapshot_id)
