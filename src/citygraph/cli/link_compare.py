"""`citygraph link compare` and `push`: where both sides have drifted apart, and what is offered to Wikidata."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from citygraph.cli.link_options import Author, Comment, Extract, Format, LinkFormat
from citygraph.cli.options import FolderOption, open_project
from citygraph.cli.printing import say

__all__ = ["compare", "push"]


def compare(
    extract: Extract = None,
    all_: Annotated[bool, typer.Option("--all", help="Every difference, also those shown before.")] = False,
    ours: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTITY=PROPERTY", help="Ours is right: id:eurocities=P571.", show_default=False),
    ] = None,
    theirs: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTITY=PROPERTY", help="Theirs is right; ours is not offered.", show_default=False),
    ] = None,
    author: Author = "",
    comment: Comment = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remember nothing.")] = False,
    format_: Format = LinkFormat.TEXT,
    project_folder: FolderOption = None,
) -> None:
    """Say where our facts and Wikidata have drifted apart.

    What is shown is remembered in data/mappings/wikidata.drift.tsv, so that a second run shows only what
    has changed on either side.

    citygraph link compare --theirs id:eurocities=P571 --author orcid:0000-…
    """
    project = open_project(project_folder)
    links = project.links
    for decision, texts in (("ours", ours or []), ("theirs", theirs or [])):
        for text in texts:
            subject, equals, property_ = text.rpartition("=")
            if not equals:
                message = f"{text!r} is not of the form id:eurocities=P571."
                raise typer.BadParameter(message)
            links.decide_difference(subject, property_, decision, author=author, comment=comment)
    if ours or theirs:
        return
    found = links.compare(project.link_source(extract), keep=not dry_run)
    shown = [each for each in found.all if each.state.value != "same"] if all_ else list(found.new)
    if format_ is LinkFormat.JSON:
        print(json.dumps([
            {"entity": each.subject_id, "property": each.property_id, "state": each.state.value,
             "ours": each.ours, "theirs": each.theirs, "changed": each.changed}
            for each in shown
        ], ensure_ascii=False, indent=2))  # fmt: skip
        return
    for each in shown:
        changed = f"  ({each.changed} changed)" if each.changed else ""
        print(
            f"{each.subject_id} {each.property_id} {each.state.value}: {each.ours or '–'} | {each.theirs or '–'}{changed}"
        )
    if found.open and not shown:
        say(f"Nothing new. {found.open} open since before: citygraph link compare --all")


class BatchFormat(StrEnum):
    """The two languages of QuickStatements."""

    V1 = "v1"
    CSV = "csv"


def push(
    extract: Extract = None,
    format_: Annotated[BatchFormat, typer.Option("--format", "-f", help="QuickStatements V1 or CSV.")] = BatchFormat.V1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here.", show_default=False)
    ] = None,
    project_folder: FolderOption = None,
) -> None:
    """Write a QuickStatements batch of what Wikidata lacks.

    Only facts whose source is a public page, each with that page as its reference. Nothing is sent.

    citygraph link push --output batch.txt
    """
    from citygraph.files import write_file  # noqa: PLC0415
    from citygraph.link import write_csv, write_v1  # noqa: PLC0415

    project = open_project(project_folder)
    links = project.links
    facts = links.offered(project.link_source(extract))
    text = (write_csv if format_ is BatchFormat.CSV else write_v1)(facts, links.linked())
    if output is not None:
        write_file(output, text.encode())
    elif facts:
        print(text, end="")
    if len(facts) == 1:
        say("1 statement. Read it, then paste it into QuickStatements.")
        return
    say(f"{len(facts)} statements. Read them, then paste them into QuickStatements.")
