"""`citygraph link`: find our things in Wikidata, review, check and compare the links, offer what is missing there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.link_compare import compare, push
from citygraph.cli.link_options import Extract, Format, LinkFormat
from citygraph.cli.link_review import review
from citygraph.cli.options import FolderOption, Language, Quiet, language_name, open_project
from citygraph.cli.printing import print_report, progress_bar, report_json, say

if TYPE_CHECKING:
    from citygraph.link import Suggestion

__all__ = ["app"]

app = typer.Typer(
    help="Find our things in Wikidata, and keep the links true.\n\nEvery link is a decision of a person, kept in git.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def suggest(
    entity: Annotated[
        str,
        typer.Argument(metavar="ENTITY", help="One thing; without it everything without a link.", show_default=False),
    ] = "",
    extract: Extract = None,
    limit: Annotated[int, typer.Option(min=1, max=20, metavar="N", help="Candidates for each thing.")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the candidates and write nothing.")] = False,
    format_: Format = LinkFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Find candidates in Wikidata for everything without a link.

    They are kept as proposals in data/mappings/wikidata.sssom.tsv until somebody reviews them. Only an
    identifier that matches exactly makes a link by itself.

    citygraph link suggest id:place-oslo --dry-run
    """
    words = language_name(language)
    project = open_project(project_folder)
    source = project.link_source(extract)
    with progress_bar(quiet=quiet, language=words) as progress:
        found = project.links.suggest(source, entity=entity, limit=limit, keep=not dry_run, progress=progress)
    if format_ is LinkFormat.JSON:
        print(json.dumps([_json(each, words) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        _print_suggestion(each, words)
    with_any = sum(bool(each.candidates) for each in found)
    say(
        f"{len(found)} without a link, {with_any} with candidates."
        + ("" if dry_run else " Next: citygraph link review")
    )


def _json(found: Suggestion, words: str) -> dict[str, object]:
    return {
        "entity": found.thing.id,
        "name": found.thing.name(words),
        "candidates": [
            {
                "id": each.thing.id,
                "name": each.thing.name(words),
                "description": each.thing.description,
                "score": each.score,
                "identifier": each.identifier,
                "features": each.features,
            }
            for each in found.candidates
        ],
    }


def _print_suggestion(found: Suggestion, words: str) -> None:
    if not found.candidates:
        return
    print(f"{found.thing.name(words)} ({found.thing.id.rpartition('/')[2]})")
    for each in found.candidates:
        features = ", ".join(f"{key} {_said(value)}" for key, value in each.features.items())
        sure = "  = linked by its identifier" if each is found.certain else ""
        print(f"  {each.score:5.1f}  {each.thing.id:<11} {each.thing.name(words)} · {each.thing.description}{sure}")
        print(f"         {features}")


def _said(value: float | bool) -> str:  # noqa: FBT001  # a feature is one or the other
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}"


app.command()(review)


@app.command()
def check(
    extract: Extract = None,
    format_: Format = LinkFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Say which links no longer hold.

    An item that is gone or merged, of another kind, in another country, or linked twice.
    """
    from citygraph.findings import Report  # noqa: PLC0415

    project = open_project(project_folder)
    report = Report.of(project.links.check(project.link_source(extract), whole=extract is None))
    if format_ is LinkFormat.JSON:
        print(report_json(report))
    else:
        print_report(report, language_name(language), notes=True)
    if report.violations:
        raise typer.Exit(1)


app.command()(compare)
app.command()(push)


@app.command()
def fetch(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="The extract to write: a .jsonl file.")],
    extract: Extract = None,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Fetch an extract of Wikidata for this graph.

    The linked items and the candidates for everything else; with it all the other commands work offline.
    """
    from citygraph.link import write_extract  # noqa: PLC0415

    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=language_name(language)) as progress:
        items = project.links.gather(project.link_source(extract), progress=progress)
    say(f"{write_extract(output, items)} items in {output}")
