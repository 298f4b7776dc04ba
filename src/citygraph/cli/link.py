"""`citygraph link`: find our things in Wikidata, review, check and compare the links, offer what is missing there."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import (
    Edition,
    EditionName,
    FolderOption,
    Format,
    Language,
    Quiet,
    ReportFormat,
    group_of,
    language_name,
    open_project,
)
from citygraph.cli.output import phrase, print_report, progress_bar, report_json, say
from citygraph.files import write_file
from citygraph.messages import sentence, texts

if TYPE_CHECKING:
    from datetime import date

    from citygraph.link import LinkDecision, LinkDifference, Links, Suggestion
    from citygraph.sssom import Mapping as Row

_MOST_NAMED = 5
Extract = Annotated[Path | None, typer.Option("--extract", "-e", metavar="FILE", show_default=False)]
Author = Annotated[str, typer.Option("--author", envvar="CITYGRAPH_AUTHOR", metavar="WHO")]
Comment = Annotated[str, typer.Option("--comment", metavar="TEXT", show_default=False)]


# -- suggest ------------------------------------------------------------------------------------------


def suggest(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", show_default=False)] = "",
    extract: Extract = None,
    limit: Annotated[int, typer.Option(min=1, max=20, metavar="N")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    edition: Edition = EditionName.PUBLIC,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Find candidates in Wikidata for everything without a link."""
    words = language_name(language)
    project = open_project(project_folder).in_edition(edition.value)
    source = project.link_source(extract)
    with progress_bar(quiet=quiet, language=words) as progress:
        found = project.links.suggest(source, entity=entity, limit=limit, keep=not dry_run, progress=progress)
    if format_ is ReportFormat.JSON:
        print(json.dumps([_suggestion_json(each, words) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        _print_suggestion(each, words)
    with_any = sum(bool(each.candidates) for each in found)
    say(phrase("link.suggested" if dry_run else "link.suggested_next", words, count=len(found), found=with_any))


def _suggestion_json(found: Suggestion, words: str) -> dict[str, object]:
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
        features = ", ".join(_feature(key, value, words) for key, value in each.features.items())
        sure = phrase("link.certain", words) if each is found.certain else ""
        print(f"  {each.score:5.1f}  {each.thing.id:<11} {each.thing.name(words)} · {each.thing.description}{sure}")
        print(f"         {features}")


def _feature(name: str, value: float | bool, words: str) -> str:  # noqa: FBT001  # a feature is one or the other
    known = texts("cli").get(f"link.feature.{name}")
    yes_or_no = "yes_no.yes" if value else "yes_no.no"
    said = phrase(yes_or_no, words) if isinstance(value, bool) else f"{value:g}"
    return f"{known.in_language(words) if known else name} {said}"


# -- review -------------------------------------------------------------------------------------------


def review(
    accept: Annotated[list[str] | None, typer.Option(metavar="ENTITY=ITEM", show_default=False)] = None,
    reject: Annotated[list[str] | None, typer.Option(metavar="ENTITY=ITEM", show_default=False)] = None,
    none: Annotated[list[str] | None, typer.Option(metavar="ENTITY", show_default=False)] = None,
    author: Author = "",
    confidence: Annotated[float, typer.Option(min=0.0, max=1.0, metavar="SHARE")] = 1.0,
    comment: Comment = "",
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Accept or reject the proposals, one by one, or with options."""
    from citygraph.link import LinkDecision, LinkWord  # noqa: PLC0415

    words, project = language_name(language), open_project(project_folder)
    pairs = [
        *((LinkWord.ACCEPT, *_pair(each, "id:place-oslo=Q585")) for each in accept or []),
        *((LinkWord.REJECT, *_pair(each, "id:place-oslo=Q585")) for each in reject or []),
        *((LinkWord.NONE, each, "") for each in none or []),
    ]
    if not pairs:
        _review_open(project.links, author, project.today, words)
        return
    for word, subject, item in pairs:
        sure = 1.0 if word is LinkWord.NONE else confidence
        decision = LinkDecision(subject, word, item, author, project.today, confidence=sure, comment=comment)
        project.links.decide(decision)
        say(phrase(f"link.{word.value}", words, subject=subject, object=item))


def _pair(given: str, form: str) -> tuple[str, str]:
    """What stands before and behind the last equals sign.

    Raises:
        BadParameter: there is none.
    """
    subject, equals, other = given.rpartition("=")
    if not equals:
        raise typer.BadParameter(sentence("cli.link.not_pair", given=repr(given), form=form))
    return subject, other


def _review_open(links: Links, author: str, day: date, words: str) -> None:
    """Ask about each thing with proposals, and write each decision at once."""
    waiting = links.open()
    without = [each for each, rows in links.waiting().items() if not rows]
    if without:
        shown = ", ".join(without[:_MOST_NAMED]) + (" …" if len(without) > _MOST_NAMED else "")
        say(phrase("link.without", words, count=len(without), names=shown, first=without[0]))
    if not waiting:
        say(phrase("link.nothing_waits", words))
        return
    if not sys.stdin.isatty() and not author:
        raise typer.BadParameter(sentence("cli.link.say_who"))
    name = author or typer.prompt(phrase("link.who", words), err=True)
    for number, (subject, candidates) in enumerate(waiting.items(), start=1):
        print(f"\n[{number}/{len(waiting)}] {candidates[0].slots.get('subject_label', '')} ({subject})")
        for place, each in enumerate(candidates, start=1):
            slots = each.slots
            print(f"  {place}  {each.object_id:<13} {slots.get('object_label', '')}  {slots.get('confidence', '')}")
            print(f"     {slots.get('comment', '')}")
        answer = _asked(len(candidates), words)
        if answer == "q":
            break
        for decision in _decisions(answer, subject, candidates, name, day):
            links.decide(decision)


def _asked(count: int, words: str) -> str:
    """What the person at the terminal answers: a number, `r`, `r` with a number, `n`, `s` or `q`."""
    while True:
        try:
            answer = input(phrase("link.ask", words)).strip().lower()
        except EOFError:
            return "q"
        number = answer.removeprefix("r")
        if answer in {"r", "n", "s", "q"} or (number.isdigit() and 1 <= int(number) <= count):
            return answer


def _decisions(answer: str, subject: str, candidates: list[Row], author: str, day: date) -> list[LinkDecision]:
    from citygraph.link import LinkDecision, LinkWord  # noqa: PLC0415

    if answer == "s":
        return []
    if answer == "n":
        return [LinkDecision(subject, LinkWord.NONE, "", author, day)]
    word = LinkWord.REJECT if answer.startswith("r") else LinkWord.ACCEPT
    number = answer.removeprefix("r")
    chosen = [candidates[int(number) - 1]] if number else candidates
    return [LinkDecision(subject, word, each.object_id, author, day) for each in chosen]


# -- check, compare and push --------------------------------------------------------------------------


def check(
    extract: Extract = None,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Say which links no longer hold."""
    from citygraph.findings import Report  # noqa: PLC0415

    project = open_project(project_folder)
    report = Report.of(project.links.check(project.link_source(extract), whole=extract is None))
    if format_ is ReportFormat.JSON:
        print(report_json(report))
    else:
        print_report(report, language_name(language), notes=True)
    if report.violations:
        raise typer.Exit(1)


def compare(
    extract: Extract = None,
    all_: Annotated[bool, typer.Option("--all")] = False,
    ours: Annotated[list[str] | None, typer.Option(metavar="ENTITY=PROPERTY", show_default=False)] = None,
    theirs: Annotated[list[str] | None, typer.Option(metavar="ENTITY=PROPERTY", show_default=False)] = None,
    author: Author = "",
    comment: Comment = "",
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Say where our facts and Wikidata have drifted apart."""
    words, project = language_name(language), open_project(project_folder)
    links = project.links
    for decision, given in (("ours", ours or []), ("theirs", theirs or [])):
        for pair in given:
            subject, property_ = _pair(pair, "id:eurocities=P571")
            links.decide_difference(subject, property_, decision, author=author, comment=comment)
    if ours or theirs:
        return
    found = links.compare(project.link_source(extract), keep=not dry_run)
    shown = [each for each in found.all if each.state.value != "same"] if all_ else list(found.new)
    if format_ is ReportFormat.JSON:
        print(_differences_json(shown))
        return
    names = {item: links.name(iri, words) for iri, item in links.linked().items()} if shown else {}
    for each in shown:
        print(_difference(each, names, words))
    if found.open and not shown:
        say(phrase("link.nothing_new", words, count=found.open))


def _differences_json(shown: Iterable[LinkDifference]) -> str:
    rows = [
        {"entity": each.subject_id, "property": each.property_id, "state": each.state.value,
         "ours": each.ours, "theirs": each.theirs, "changed": each.changed}
        for each in shown
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _difference(each: LinkDifference, names: Mapping[str, str], words: str) -> str:
    """One line; the property, and an item that is linked to a thing of ours, with its name."""
    state = phrase(f"link.state.{each.state.value.replace(' ', '_')}", words)
    ours, theirs = (
        re.sub(r"\bQ\d+\b", lambda item: f"{item[0]} {names.get(item[0], '')}".strip(), side) if side else "–"
        for side in (each.ours, each.theirs)
    )
    known = texts("link").get(f"property.{each.property_id}")
    about = f"  · {known.in_language(words)}" if known else ""
    line = f"{each.subject_id} {each.property_id} {state}: {ours} | {theirs}{about}"
    if not each.changed:
        return line
    return phrase("link.changed", words, line=line, side=phrase(f"link.side.{each.changed}", words))


class BatchFormat(StrEnum):
    """The two languages of QuickStatements."""

    V1 = "v1"
    CSV = "csv"


def push(
    extract: Extract = None,
    format_: Annotated[BatchFormat, typer.Option("--format", "-f")] = BatchFormat.V1,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", show_default=False)] = None,
    edition: Edition = EditionName.PUBLIC,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Write a QuickStatements batch of what Wikidata lacks."""
    from citygraph.link import write_csv, write_v1  # noqa: PLC0415

    project = open_project(project_folder).in_edition(edition.value)
    links = project.links
    facts = links.offered(project.link_source(extract))
    batch = (write_csv if format_ is BatchFormat.CSV else write_v1)(facts, links.linked())
    if output is not None:
        write_file(output, batch.encode())
    elif facts:
        print(batch, end="")
    say(phrase("link.offered_one" if len(facts) == 1 else "link.offered", language_name(language), count=len(facts)))


# -- fetch --------------------------------------------------------------------------------------------


def fetch(
    output: Annotated[Path, typer.Argument(metavar="FILE")],
    extract: Extract = None,
    edition: Edition = EditionName.PUBLIC,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Fetch an extract of Wikidata for this graph."""
    from citygraph.link import write_extract  # noqa: PLC0415

    words, project = language_name(language), open_project(project_folder).in_edition(edition.value)
    with progress_bar(quiet=quiet, language=words) as progress:
        items = project.links.gather(project.link_source(extract), progress=progress)
    say(phrase("link.fetched", words, count=write_extract(output, items), file=output))


app = group_of({"suggest": suggest, "review": review, "check": check, "compare": compare, "push": push, "fetch": fetch})
