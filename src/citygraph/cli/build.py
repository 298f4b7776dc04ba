"""`citygraph build`: check, then a new version of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import AsOf, Engine, Folder, Language, Quiet, Watch, day, language_name, open_project
from citygraph.cli.printing import print_report, progress_bar, say
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.project import Build, Project

__all__ = ["build", "print_outcome"]


def build(
    folder: Folder = None,
    as_of: AsOf = None,
    reasoner: Engine = None,
    master: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The cluster for --reasoner spark; without it the one in graph.toml.",
            show_default=False,
        ),
    ] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Build even when nothing has changed.")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes too.")] = False,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Check the graph and make a new version of it.

    The new version is used only when nothing must be mended; until then the previous one stays. The
    name of the version goes to stdout.

    citygraph build my-city --watch
    """
    words = language_name(language)
    project = open_project(folder)
    engine = reasoner.value if reasoner else None
    if master and (engine or project.config.engine) != "spark":
        message = "--master names a Spark cluster, so it goes with --reasoner spark."
        raise typer.BadParameter(message)
    _use_master(project, master)
    if watch:
        from citygraph.cli.watching import watch as run_again  # noqa: PLC0415
        from citygraph.project import Memory  # noqa: PLC0415

        memory = Memory()

        def run(opened: Project) -> None:
            _use_master(opened, master)
            print_outcome(opened.build(as_of=day(as_of), engine=engine, memory=memory), words, notes=notes, quiet=quiet)

        run_again(project, run, words)
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        outcome = project.build(as_of=day(as_of), engine=engine, fresh=fresh, progress=progress)
    print_outcome(outcome, words, notes=notes, quiet=quiet)
    if outcome.report.violations:
        raise typer.Exit(1)


def _use_master(project: Project, master: str) -> None:
    if master:
        project.config = project.config.having("reason.spark_master", master)


def print_outcome(outcome: Build, words: str, *, notes: bool, quiet: bool) -> None:
    """The findings, then whether there is a new version; its name goes to stdout."""
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
        return
    counts = outcome.counts
    if not quiet:
        done = Text(
            f"{counts['asserted']} påstander oppgitt, {counts['inferred']} utledet."
            + ("" if outcome.new else " Ingenting er endret siden sist."),
            f"{counts['asserted']} statements stated, {counts['inferred']} derived."
            + ("" if outcome.new else " Nothing has changed since the last build."),
        )
        say(done.in_language(words))
    print(outcome.snapshot_id, flush=True)
