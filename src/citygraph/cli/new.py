"""`citygraph new` and `citygraph upgrade`: a project folder, what it begins with, and what the program gives it later."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citygraph.cli.options import Folder, Format, Language, ReportFormat, language_name, open_project
from citygraph.cli.output import phrase, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citygraph.new import Upgrade
    from citygraph.project import Project

_SHOWN_LINES: Final = 8


class ServiceName(StrEnum):
    """The services that run checks on every change, and that a new project can have a file for."""

    GITLAB = "gitlab"
    GITHUB = "github"
    FORGEJO = "forgejo"


class OriginName(StrEnum):
    """The graphs that networks can be taken over from."""

    REFERENCE = "reference"


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    network: Annotated[list[str] | None, typer.Option("--network", metavar="NETWORK", show_default=False)] = None,
    origin: Annotated[OriginName | None, typer.Option("--from", show_default=False)] = None,
    example: Annotated[bool, typer.Option("--example")] = False,
    base: Annotated[str, typer.Option(metavar="ADDRESS")] = "",
    title: Annotated[str, typer.Option(metavar="NAME")] = "",
    service: Annotated[ServiceName | None, typer.Option("--ci", show_default=False)] = None,
    language: Language = None,
) -> None:
    """Start a project folder that passes every check."""
    from citygraph.project import Project, reference_folder  # noqa: PLC0415  # keeps `--help` fast

    words, names = language_name(language), network or []
    if names or origin is not None:
        # A name that is not known leaves no folder behind.
        Project.open(reference_folder()).edits.networks(names)
    project = Project.new(folder, base=base, title=title, example=example)
    if names:
        _take(project, names, words)
    if service is not None:
        from citygraph.new import add_service  # noqa: PLC0415

        for name in add_service(folder, service.value):
            say(phrase("new.service", words, file=name))
    say(phrase("new.ready" if names or example else "new.empty", words, folder=folder))


def _take(project: Project, names: Sequence[str], words: str) -> None:
    edits = project.edits
    checked = edits.check(edits.take(names))
    edits.write(checked)
    for each in checked.plan.told:
        print(each.in_language(words))


def upgrade(
    folder: Folder = None,
    plan: Annotated[bool, typer.Option("--plan", "--dry-run")] = False,
    take: Annotated[list[str] | None, typer.Option("--take", metavar="FILE", show_default=False)] = None,
    service: Annotated[ServiceName | None, typer.Option("--ci", show_default=False)] = None,
    format_: Format = ReportFormat.TEXT,
    language: Language = None,
) -> None:
    """Bring the files that the program gave a project to what it gives now."""
    words, project = language_name(language), open_project(folder)
    done = project.upgrade(service=service.value if service else "", take=take or (), write=not plan)
    if format_ is ReportFormat.JSON:
        print(json.dumps({**done.to_json(), "planned": plan}, ensure_ascii=False, indent=2))
    else:
        _print_upgrade(done, words, is_plan=plan)
    if done.open:
        raise typer.Exit(1)


def _print_upgrade(done: Upgrade, words: str, *, is_plan: bool) -> None:
    from citygraph.new import FileOutcome  # noqa: PLC0415  # keeps `--help` fast

    say(phrase("upgrade.versions" if done.old else "upgrade.no_record", words, old=done.old, new=done.new))
    for each in done.changes:
        if each.outcome not in {FileOutcome.SAME, FileOutcome.YOURS}:
            print(phrase(f"upgrade.{each.outcome.value}", words, file=each.name))
        for collision in each.collisions:
            _print_collision(collision.line, collision.yours, collision.new, words)
    same, yours = done.count(FileOutcome.SAME), done.count(FileOutcome.YOURS)
    say(phrase("upgrade.rest", words, same=same, yours=yours))
    if is_plan:
        say(phrase("upgrade.planned", words))
    elif same + yours < len(done.changes):
        say(phrase("upgrade.next", words))
    if done.open:
        say(phrase("upgrade.open", words, count=len(done.open)))


def _print_collision(line: int, yours: bytes, new: bytes, words: str) -> None:
    """The lines that both changed, as far as a terminal should show them; the file below `upgrade/` has all."""
    print(phrase("upgrade.collision", words, line=line))
    for sign, text in (("-", yours), ("+", new)):
        lines = text.decode("utf-8", "replace").splitlines()
        for each in [*lines[:_SHOWN_LINES], *(["…"] if len(lines) > _SHOWN_LINES else [])]:
            print(f"      {sign} {each}")
