"""`citygraph link review`: a person's word on the candidates, at the terminal or with options."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.link_options import Author, Comment
from citygraph.cli.options import FolderOption, open_project
from citygraph.cli.printing import say

if TYPE_CHECKING:
    from citygraph.link import LinkDecision, Links
    from citygraph.sssom import Mapping

__all__ = ["review"]


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
    project_folder: FolderOption = None,
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
