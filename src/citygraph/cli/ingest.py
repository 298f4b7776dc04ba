"""`citygraph ingest`: take a membership list in, row by row, with a report of every row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import Language, OwnFolderOption, Quiet, language_name, open_project
from citygraph.cli.output import say

if TYPE_CHECKING:
    from citygraph.project.lists import Ingested

__all__ = ["ingest"]

_SHOWN = 10


def ingest(
    list_: Annotated[Path, typer.Argument(metavar="LIST", help="The list: a .csv or .xlsx file.", show_default=False)],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", "-m", metavar="FILE", help="What its columns mean: a small TOML file.", show_default=False
        ),
    ] = None,
    draft: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Begin such a map from what the list shows, and stop.", show_default=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where the report of every row goes; beside the data without it.", show_default=False
        ),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The cities and networks that are not certain, and your decisions; beside the data without it.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and write no data.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 when a row was refused or waits.")] = False,
    project_folder: OwnFolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Take a membership list into the graph.

    Every row is imported, a duplicate, a question for the review, or refused with a reason; none is dropped.
    A newer edition of the same list tells who joined, left and changed name.

    citygraph ingest members.xlsx --map members.toml --dry-run
    """
    if draft is not None:
        _draft(list_, draft)
        return
    if map_file is None:
        message = "Say what the columns mean: --map FILE. To begin one: --draft FILE."
        raise typer.BadParameter(message)
    project = open_project(project_folder)
    delimiter = ";" if language_name(language) == "nb" else ","
    done = project.ingest(list_, map_file=map_file, report=report, review=review, delimiter=delimiter, dry_run=dry_run)
    _print(done, dry_run=dry_run, notes=not quiet, has_report=report is not None, has_review=review is not None)
    waiting = {"review", "refused", "partly imported"} & {each.value for each in done.imported.rows}
    if strict and waiting:
        raise typer.Exit(1)


def _draft(list_: Path, draft: Path) -> None:
    from citygraph.errors import IngestError  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.files import write_file  # noqa: PLC0415
    from citygraph.ingest.draft import draft_map  # noqa: PLC0415

    if draft.exists():
        message = f"{draft} is there already."
        raise IngestError(message, fix="Choose another name, or delete it first.")
    write_file(draft, draft_map(list_).encode())
    say(f"{draft} begun. Read it, mend it, then: citygraph ingest {list_} --map {draft} --dry-run")


def _print(done: Ingested, *, dry_run: bool, notes: bool, has_report: bool, has_review: bool) -> None:
    from citygraph.ingest.report import RowOutcome, reasons  # noqa: PLC0415

    imported = done.imported
    print(f"{imported.read:,} rows read")
    for outcome, count in imported.rows.items():
        print(f"  {count:>8,}  {outcome.value}")
    memberships = len({line.membership for line in imported.lines if line.outcome is RowOutcome.IMPORTED})
    made = ", ".join(f"{count:,} new {_plural(kind, count)}" for kind, count in imported.made.items())
    print(f"{memberships:,} memberships" + (f"; {made}" if made else ""))
    for network, count in imported.complete.items():
        why = f"partial: {count:,} {'row was' if count == 1 else 'rows were'} not taken in" if count else "complete"
        print(f"The list of {network}: {why}")
    _print_difference(done)
    if notes:
        for note in imported.notes[:_SHOWN]:
            say(f"note: {note}")
        for outcome in (RowOutcome.REFUSED, RowOutcome.REVIEW):
            found = reasons(imported.lines, outcome)
            for reason, count, row in found[:_SHOWN]:
                say(f"{outcome.value}: {reason} ({count:,}, first in row {row:,})")
            if len(found) > _SHOWN:
                say(f"{outcome.value}: {len(found) - _SHOWN:,} more reasons stand in the report")
    if done.later:
        say(f"note: newer editions have been imported before ({', '.join(done.later)}); import them again.")
    if not dry_run:
        say(f"Written: {', '.join(done.files)}")
    if has_report or not dry_run:
        say(f"Report of every row: {done.report}")
    if imported.questions:
        where = done.review if has_review or not dry_run else "the review, which a dry run writes only with --review"
        kinds = Counter(each.key.kind for each in imported.questions)
        waiting = " and ".join(f"{count:,} {_plural(kind, count)}" for kind, count in sorted(kinds.items()))
        say(f"{waiting} {'waits' if kinds.total() == 1 else 'wait'} for a decision: {where}")
    say("Nothing was written." if dry_run else "Next: citygraph check")


def _print_difference(done: Ingested) -> None:
    difference = done.imported.difference
    if difference is None:
        return
    against = f"Since {difference.since}" if difference.since else "Against the graph"
    print(
        f"{against}: {len(difference.joined):,} joined, {len(difference.left):,} left, "
        f"{len(difference.renamed):,} renamed"
    )
    for word in ("joined", "left", "unclear", "missing", "disputed"):
        iris = getattr(difference, word)
        for iri in iris[:_SHOWN]:
            print(f"  {word:<8} {iri.rpartition('/')[2]}")
        if len(iris) > _SHOWN:
            print(f"  {word:<8} and {len(iris) - _SHOWN:,} more")
    for iri, (before, now) in list(difference.renamed.items())[:_SHOWN]:
        print(f"  renamed  {iri.rpartition('/')[2]}: {before} is now {now}")


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return "cities" if word == "city" else f"{word}s"
