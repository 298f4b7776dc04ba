"""`citygraph ingest`: take a membership list in, row by row, with a report of every row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import FolderOption, Language, Quiet, language_name, open_project
from citygraph.cli.output import say
from citygraph.messages import text

if TYPE_CHECKING:
    from citygraph.ingest.run import Ingested

_SHOWN = 10


def ingest(
    list_: Annotated[Path, typer.Argument(metavar="LIST", show_default=False)],
    map_file: Annotated[
        Path | None,
        typer.Option("--map", "-m", metavar="FILE", show_default=False),
    ] = None,
    draft: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    strict: Annotated[bool, typer.Option("--strict")] = False,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Take a membership list into the graph."""
    spoken = language_name(language)
    if draft is not None:
        _draft(list_, draft, spoken)
        return
    if map_file is None:
        raise typer.BadParameter(_said("no_map", spoken))
    project = open_project(project_folder)
    done = project.ingest(
        list_, map_file=map_file, report=report, review=review, delimiter=";" if spoken == "nb" else ",",
        language=spoken, dry_run=dry_run,
    )  # fmt: skip
    _print_counts(done, spoken)
    _print_difference(done, spoken)
    if not quiet:
        _say_reasons(done, spoken)
    _say_files(done, spoken, dry_run=dry_run, has_report=report is not None, has_review=review is not None)
    waiting = {"review", "refused", "partly imported"} & {each.value for each in done.imported.rows}
    if strict and waiting:
        raise typer.Exit(1)


def _said(key: str, language: str, **values: object) -> str:
    return text(f"ingest.command.{key}").filled(**values).in_language(language)


def _draft(list_: Path, draft: Path, language: str) -> None:
    from citygraph.files import write_file  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.ingest.draft import draft_map  # noqa: PLC0415
    from citygraph.ingest.tables import list_error  # noqa: PLC0415

    if draft.exists():
        raise list_error("draft_there", path=draft)
    write_file(draft, draft_map(list_, language=language).encode())
    say(_said("draft", language, draft=draft, list=list_))


def _print_counts(done: Ingested, language: str) -> None:
    """How many rows ended how, what is new, and of which networks the list is complete."""
    from citygraph.ingest.report import RowOutcome  # noqa: PLC0415

    imported = done.imported
    print(_said("rows", language, count=imported.read))
    for outcome, count in imported.rows.items():
        print(f"  {_said('count', language, count=count):>8}  {outcome.called.in_language(language)}")
    count = len({line.membership for line in imported.lines if line.outcome is RowOutcome.IMPORTED})
    made = ", ".join(_said(_plural(kind, number), language, count=number) for kind, number in imported.made.items())
    print(_said("memberships", language, count=count) + (f"; {made}" if made else ""))
    for network, count in imported.complete.items():
        key = "complete" if not count else "partial_one" if count == 1 else "partial"
        print(_said(key, language, network=network, count=count))


def _say_reasons(done: Ingested, language: str) -> None:
    """What should be known of the file, and why rows were not taken in, the commonest first."""
    from citygraph.ingest.report import RowOutcome, reasons  # noqa: PLC0415

    for note in done.imported.notes[:_SHOWN]:
        say(_said("note", language, note=note))
    for outcome in (RowOutcome.REFUSED, RowOutcome.REVIEW):
        found = reasons(done.imported.lines, outcome)
        for reason, count, row in found[:_SHOWN]:
            say(_said("reason", language, outcome=outcome.called, reason=reason, count=count, row=row))
        if len(found) > _SHOWN:
            say(_said("more_reasons", language, outcome=outcome.called, count=len(found) - _SHOWN))


def _say_files(done: Ingested, language: str, *, dry_run: bool, has_report: bool, has_review: bool) -> None:
    """Where everything was written, who waits for a decision, and what comes next."""
    if done.later:
        say(_said("later", language, days=", ".join(done.later)))
    if not dry_run:
        say(_said("written", language, files=", ".join(done.files)))
    if has_report or not dry_run:
        say(_said("report", language, report=done.report))
    if done.imported.questions:
        where = done.review if has_review or not dry_run else text("ingest.command.dry_review")
        kinds = Counter(each.key.kind for each in done.imported.questions)
        each = [
            _said(f"{_plural(kind, count)}_wait{'s' if count == 1 else ''}", language, count=count)
            for kind, count in sorted(kinds.items())
        ]
        waiting = text("ingest.who.and").in_language(language).join(each)
        say(_said("waits" if kinds.total() == 1 else "wait", language, waiting=waiting, where=where))
    say(_said("nothing_written" if dry_run else "next", language))


def _print_difference(done: Ingested, language: str) -> None:
    difference = done.imported.difference
    if difference is None:
        return
    counts = {word: len(getattr(difference, word)) for word in ("joined", "left", "renamed")}
    print(_said("since" if difference.since else "against", language, day=difference.since, **counts))
    for key in ("joined", "left", "unclear", "missing", "disputed"):
        iris, word = getattr(difference, key), _said(key, language)
        for iri in iris[:_SHOWN]:
            print(f"  {word:<8} {iri.rpartition('/')[2]}")
        if len(iris) > _SHOWN:
            print(f"  {word:<8} {_said('and_more', language, count=len(iris) - _SHOWN)}")
    word = _said("unclear", language)
    for iri in difference.unclear_before[:_SHOWN]:
        said = _said("unclear_before", language, iri=iri.rpartition("/")[2], day=difference.since)
        print(f"  {word:<8} {said}")
    if len(difference.unclear_before) > _SHOWN:
        print(f"  {word:<8} {_said('and_more', language, count=len(difference.unclear_before) - _SHOWN)}")
    word = _said("renamed_word", language)
    for iri, (before, now) in list(difference.renamed.items())[:_SHOWN]:
        print(f"  {word:<8} {_said('renamed', language, iri=iri.rpartition('/')[2], before=before, now=now)}")


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return "cities" if word == "city" else f"{word}s"
