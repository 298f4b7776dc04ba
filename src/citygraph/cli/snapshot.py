"""`citygraph snapshot`: versions of the graph moved between machines through a mirror, and listed."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import Language, OwnFolderOption, Quiet, language_name, open_project
from citygraph.cli.output import progress_bar, say
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.project.replicas import Moved

__all__ = ["app"]

app = typer.Typer(
    help="Move versions of the graph between machines, and list them.\n\n"
    "One machine builds and pushes to a mirror, a folder; others pull from it, and serve.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class ListFormat(StrEnum):
    """How the list is written."""

    TEXT = "text"
    JSON = "json"


Which = Annotated[
    str,
    typer.Option("--snapshot", metavar="ID", help="Which version; without it the one in use.", show_default=False),
]


@app.command()
def push(
    mirror: Annotated[str, typer.Argument(metavar="DIR", help="The folder of the mirror; made when it is not there.")],
    snapshot: Which = "",
    project_folder: OwnFolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Put a version into a mirror, and make it the one in use there.

    Only what is not there yet is written, and everything is verified; an interrupted push goes on where it
    stopped. The name of the version goes to stdout.

    citygraph snapshot push /srv/mirror
    """
    words = language_name(language)
    if _is_address(mirror):
        message = "An address is only pulled from; push to the folder that the file server shows."
        raise typer.BadParameter(message)
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        moved = project.push_snapshot(Path(mirror), snapshot_id=snapshot, progress=progress)
    for name in moved.dropped:
        text = Text("{name} var skadet og er tatt ut av speilet.", "{name} was damaged and has left the mirror.")
        say(text.in_language(words).format(name=name))
    _print_moved(moved, words, quiet=quiet)


@app.command()
def pull(
    mirror: Annotated[str, typer.Argument(
        metavar="DIR|URL", help="The folder of the mirror, or the address at which a file server shows it.")],
    snapshot: Which = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Bring it also when a version of that name is here.")] = False,
    project_folder: OwnFolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Bring a version from a mirror and put it to use, whole and verified.

    A running `citygraph serve` picks it up. Until everything is here the version in use stays; an interrupted
    pull goes on where it stopped. The name of the version goes to stdout.

    citygraph snapshot pull https://files.my-city.example/graph/
    """
    words = language_name(language)
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        moved = project.pull_snapshot(_place(mirror), snapshot_id=snapshot, fresh=fresh, progress=progress)
    _print_moved(moved, words, quiet=quiet)


@app.command("list")
def list_(
    mirror: Annotated[str, typer.Argument(
        metavar="DIR|URL", help="A mirror; without it the versions that are here.", show_default=False)] = "",
    format_: Annotated[ListFormat, typer.Option("--format", "-f", help="Text for people or JSON.")] = ListFormat.TEXT,
    project_folder: OwnFolderOption = None,
) -> None:  # fmt: skip
    """List the versions that are here, or those of a mirror.

    A star marks the one in use, the newest stands last; then the reference date, statements and bytes.
    """
    versions = open_project(project_folder).versions(_place(mirror) if mirror else None)
    if format_ is ListFormat.JSON:
        print(json.dumps([asdict(each) for each in versions], ensure_ascii=False, indent=2))
        return
    for each in versions:
        line = f"{'*' if each.in_use else ' '} {each.snapshot_id} {each.as_of} {each.statements:>12,} {each.size:>16,}"
        print(f"{line} {each.pushed}".rstrip())


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def _place(text: str) -> str | Path:
    return text if _is_address(text) else Path(text)


def _print_moved(moved: Moved, language: str, *, quiet: bool) -> None:
    """What had to be moved to stderr, the name of the version to stdout."""
    if not quiet:
        done = Text(
            "{moved_files} av {files} filer flyttet, {moved_bytes:,} av {size:,} byte.",
            "{moved_files} of {files} files moved, {moved_bytes:,} of {size:,} bytes.",
        )
        here = Text("Alle filene var der. Versjonen er i bruk nå.", "Every file was there. The version is in use now.")
        same = Text("Ingenting nytt.", "Nothing new.")
        say((done if moved.moved_files else here if moved.new else same).in_language(language).format(**asdict(moved)))
    print(moved.snapshot_id, flush=True)
