"""`citygraph snapshot`: versions of the graph moved between machines through a mirror, chosen, and listed."""

from __future__ import annotations

import json
from dataclasses import asdict
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
from citygraph.cli.output import phrase, progress_bar, say
from citygraph.messages import said_in, sentence

if TYPE_CHECKING:
    from citygraph.store.transfer import Moved

Which = Annotated[str, typer.Option("--snapshot", metavar="ID", show_default=False)]


def push(
    mirror: Annotated[str, typer.Argument(metavar="DIR")],
    snapshot: Which = "",
    edition: Edition = EditionName.PUBLIC,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Put a version into a mirror, and make it the one in use there."""
    words = language_name(language)
    if _is_address(mirror):
        raise typer.BadParameter(sentence("cli.snapshot.only_pulled"))
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        moved = project.push_snapshot(Path(mirror), snapshot_id=snapshot, edition=edition.value, progress=progress)
    for name in moved.dropped:
        say(phrase("snapshot.dropped", words, name=name))
    _print_moved(moved, words, quiet=quiet)


def pull(
    mirror: Annotated[str, typer.Argument(metavar="DIR|URL")],
    snapshot: Which = "",
    fresh: Annotated[bool, typer.Option("--fresh")] = False,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Bring a version from a mirror and put it to use, whole and verified."""
    words = language_name(language)
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:
        moved = project.pull_snapshot(_place(mirror), snapshot_id=snapshot, fresh=fresh, progress=progress)
    _print_moved(moved, words, quiet=quiet)


def use(
    snapshot: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Put a version that is on this machine to use."""
    manifest = open_project(project_folder).use_snapshot(snapshot)
    if not quiet:
        say(phrase("snapshot.in_use", language_name(language), snapshot=manifest.snapshot_id, day=manifest.as_of))
    print(manifest.snapshot_id, flush=True)


def list_(
    mirror: Annotated[str, typer.Argument(metavar="DIR|URL", show_default=False)] = "",
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """List the versions that are here, or those of a mirror."""
    del language  # a list is numbers and names
    versions = open_project(project_folder).versions(_place(mirror) if mirror else None)
    if format_ is ReportFormat.JSON:
        print(json.dumps([asdict(each) for each in versions], ensure_ascii=False, indent=2))
        return
    for each in versions:
        line = f"{'*' if each.in_use else ' '} {each.snapshot_id} {each.as_of} {each.statements:>12,} {each.size:>16,}"
        print(f"{line} {each.pushed}".rstrip())


def withheld(
    places: Annotated[list[Path] | None, typer.Argument(metavar="DIR", show_default=False)] = None,
    clean: Annotated[bool, typer.Option("--clean")] = False,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Find where the names of those who are withheld still lie, and clean it."""
    from citygraph.project.withholding import WithheldSearch  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.web.site import write_site  # noqa: PLC0415

    words = language_name(language)
    project = open_project(project_folder)
    with progress_bar(quiet=quiet, language=words) as progress:

        def publish(folder: Path, has_site: bool) -> bool:  # noqa: FBT001
            return project.publish(folder, site=write_site if has_site else None, progress=progress).written

        search = WithheldSearch(project, publish)
        found = search.find(places or (), clean=clean)
    if format_ is ReportFormat.JSON:
        print(json.dumps([each.to_json() for each in found], ensure_ascii=False, indent=2))
    else:
        for each in found:
            state = "cleaned" if each.is_cleaned else "held"
            print(
                phrase(f"withheld.{state}", words, kind=phrase(f"withheld.kind_{each.kind}", words), place=each.place)
            )
            if each.next:
                print(f"  {said_in(each.next, words)}")
        if not search.hashes:
            say(phrase("withheld.no_hash" if search.people else "withheld.nobody", words))
        elif not quiet:
            say(phrase("withheld.looked" if found else "withheld.nowhere", words))
    if any(not each.is_cleaned and each.kind != "document" for each in found):
        raise typer.Exit(1)


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def _place(text: str) -> str | Path:
    return text if _is_address(text) else Path(text)


def _print_moved(moved: Moved, language: str, *, quiet: bool) -> None:
    """What had to be moved to stderr, the name of the version to stdout."""
    if not quiet:
        key = "moved" if moved.moved_bytes else "here" if moved.new else "same"
        say(phrase(f"snapshot.{key}", language, **asdict(moved)))
    print(moved.snapshot_id, flush=True)


app = group_of({"push": push, "pull": pull, "use": use, "list": list_, "withheld": withheld})
