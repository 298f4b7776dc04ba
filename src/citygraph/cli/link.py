"""`citygraph link`: find our things in Wikidata, review, check and compare the links, offer what is missing there."""

from __future__ import annotations

import json
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import Language, OwnFolderOption, Quiet, language_name, open_project
from citygraph.cli.output import print_report, progress_bar, report_json, say

if TYPE_CHECKING:
    from citygraph.link import LinkDecision, Links, Suggestion
    from citygraph.sssom import Mapping

__all__ = ["app"]

Extract = Annotated[
    Path | None,
    typer.Option(
        "--extract",
        "-e",
        metavar="FILE",
        help="An extract of Wikidata (.nt or .jsonl) to use instead of asking Wikidata.",
        show_default=False,
    ),
]
Author = Annotated[
    str,
    typer.Option("--author", envvar="CITYGRAPH_AUTHOR", metavar="WHO", help="Who decides; best an ORCID: orcid:0000-…"),
]
Comment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why, in a few words.", show_default=False)]


class LinkFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[LinkFormat, typer.Option("--format", "-f", help="Text for people or JSON.")]


def review(
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTITY=ITEM", help="Accept a link: id:place-oslo=Q585.", show_default=False),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTITY=ITEM", help="Reject it; it never comes back.", show_default=False),
    ] = None,
    none: Annotated[
        list[str] | None, typer.Option(metavar="ENTITY", help="There is no item for this thing.", show_default=False)
    ] = None,
    author: Author = "",
    confidence: Annotated[float, typer.Option(min=0.0, max=1.0, metavar="SHARE", help="How sure you are.")] = 1.0,
    comment: Comment = "",
    project_folder: OwnFolderOption = None,
) -> None:
    """Accept or reject the proposals, one by one, or with options.

    Each decision is written at once, with author and date.

    citygraph link review --accept id:place-oslo=Q585 --author orcid:0000-…
    """
    from citygraph.link import LinkDecision, LinkWord  # noqa: PLC0415

    project = open_project(project_folder)
    links = project.links
    words = [(LinkWord.ACCEPT, each) for each in accept or []] + [(LinkWord.REJECT, each) for each in reject or []]
    decisions: list[LinkDecision] = []
    for word, text in words:
        subject, equals, item = text.rpartition("=")
        if not equals:
            message = f"{text!r} is not of the form id:place-oslo=Q585."
            raise typer.BadParameter(message)
        decisions.append(
            LinkDecision(subject, word, item, author, project.today, confidence=confidence, comment=comment)
        )  # fmt: skip
    decisions += [LinkDecision(each, LinkWord.NONE, "", author, project.today, comment=comment) for each in none or []]
    if decisions:
        for each in decisions:
            links.decide(each)
            say(f"{each.subject_id}: {each.word.value} {each.object_id}".rstrip())
        return
    _review_open(links, author, project.today.isoformat())


def _review_open(links: Links, author: str, day: str) -> None:
    waiting = links.open()
    if not waiting:
        say("Nothing waits for a decision. Candidates come from: citygraph link suggest")
        return
    if not sys.stdin.isatty() and not author:
        message = "Say who decides: --author"
        raise typer.BadParameter(message)
    name = author or typer.prompt("Who decides (an ORCID, or a name)", err=True)
    for number, (subject, candidates) in enumerate(waiting.items(), start=1):
        print(f"\n[{number}/{len(waiting)}] {candidates[0].slots.get('subject_label', '')} ({subject})")
        for place, each in enumerate(candidates, start=1):
            slots = each.slots
            print(f"  {place}  {each.object_id:<13} {slots.get('object_label', '')}  {slots.get('confidence', '')}")
            print(f"     {slots.get('comment', '')}")
        said = _asked(len(candidates))
        if said == "q":
            break
        for decision in _decisions(said, subject, candidates, name, day):
            links.decide(decision)


def _asked(count: int) -> str:
    while True:
        try:
            said = input("number = accept, r = reject all, r2 = reject 2, n = no item exists, s = skip, q = stop: ")
        except EOFError:
            return "q"
        said = said.strip().lower()
        number = said.removeprefix("r")
        if said in {"r", "n", "s", "q"} or (number.isdigit() and 1 <= int(number) <= count):
            return said


def _decisions(said: str, subject: str, candidates: list[Mapping], author: str, day: str) -> list[LinkDecision]:
    from citygraph.link import LinkDecision, LinkWord  # noqa: PLC0415

    on = date.fromisoformat(day)
    if said == "s":
        return []
    if said == "n":
        return [LinkDecision(subject, LinkWord.NONE, "", author, on)]
    word = LinkWord.REJECT if said.startswith("r") else LinkWord.ACCEPT
    number = said.removeprefix("r")
    chosen = [candidates[int(number) - 1]] if number else candidates
    return [LinkDecision(subject, word, each.object_id, author, on) for each in chosen]


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
    project_folder: OwnFolderOption = None,
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
    project_folder: OwnFolderOption = None,
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
    project_folder: OwnFolderOption = None,
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
    project_folder: OwnFolderOption = None,
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
    project_folder: OwnFolderOption = None,
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
