"""`citygraph read`: a document is registered, and its text kept, with guesses at what it is and where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citygraph.cli.options import FolderOption, Format, Language, ReportFormat, language_name, open_project
from citygraph.cli.output import print_report, say
from citygraph.cli.propose import decide_from, propose_to, tell_revision
from citygraph.messages import said_in, text

if TYPE_CHECKING:
    from citygraph.project.reading import ReadDocument

Said = Annotated[str | None, typer.Option(show_default=False)]


def read(
    file: Annotated[str, typer.Argument(metavar="FILE", show_default=False)],
    title: Said = None,
    date: Said = None,
    not_before: Said = None,
    not_after: Said = None,
    author: Said = None,
    access: Annotated[str | None, typer.Option(metavar="WHO", show_default=False)] = None,
    after: Annotated[str | None, typer.Option(metavar="DOCUMENT", show_default=False)] = None,
    propose: Annotated[Path | None, typer.Option(metavar="TABLE", show_default=False)] = None,
    decisions: Annotated[Path | None, typer.Option(metavar="TABLE", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    format_: Format = ReportFormat.TEXT,
    json_: Annotated[bool, typer.Option("--json")] = False,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Read a document: keep its text and register it."""
    from citygraph.read.by_address import is_address  # noqa: PLC0415  # keeps `--help` fast

    words = language_name(language)
    if date is not None and (not_before is not None or not_after is not None):
        raise typer.BadParameter(_said("both_dates", words))
    given = {
        "title": title, "date": date, "not-before": not_before, "not-after": not_after, "author": author,
        "access": access, "replaces": after,
    }  # fmt: skip
    project = open_project(project_folder)
    edits = project.edits
    what = {key: value for key, value in given.items() if value}
    documents = edits.documents
    if is_address(file):
        done = documents.read_address(file, what, keep=not dry_run)
    else:
        done = documents.read(Path(file), what, keep=not dry_run)
    checked = done.checked
    is_written = checked is not None and not dry_run and not checked.violations
    if checked is not None and is_written:
        edits.write(checked)
    if json_ or format_ is ReportFormat.JSON:
        print(json.dumps(_json(done, is_written=is_written), ensure_ascii=False, indent=2))
    else:
        _show(done, words, dry_run=dry_run)
    if checked is not None and checked.violations:
        if dry_run:
            raise typer.Exit(1)
        edits.write(checked)  # Refuses it, in words.
    if not json_ and format_ is ReportFormat.TEXT:
        _say_files(done, words, project.config.values["sources.folder"], dry_run=dry_run)
        if after is not None and not dry_run:
            tell_revision(done, project, words)
    if decisions is not None and not dry_run:
        decide_from(decisions, done, project, words)
    if propose is not None:
        propose_to(propose, done, project, words)


def _said(key: str, language: str, **values: object) -> str:
    return text(f"read.said.{key}").filled(**values).in_language(language)


def _show(done: ReadDocument, words: str, *, dry_run: bool) -> None:
    """What the document is, what is guessed of it and from where, and what a reader should know."""
    from citygraph.findings import Report  # noqa: PLC0415  # keeps `--help` fast

    key = "new" if done.about else "revised" if done.checked is not None else "restored" if done.restored else "known"
    print(_said(key, words, name=done.name, **_counts(done)))
    for field, guess in done.about.items():
        called = text(f"read.field.{field}").in_language(words)
        why = done.left_out.get(field, guess.why).in_language(words)
        print(f"  {called:<11} {_value(field, guess.value, words)}  ({why})")
    for note in done.notes:
        say(said_in(note, words))
    if done.checked is not None and dry_run:
        print()
        print(done.checked.plan.difference, end="")
    if done.checked is not None and done.checked.findings:
        print_report(Report.of(done.checked.findings), words, notes=False)


def _value(field: str, value: str, words: str) -> str:
    if field == "access" and value.isupper():
        return text(f"read.access.{value}").in_language(words)
    return value


def _say_files(done: ReadDocument, words: str, folder: object, *, dry_run: bool) -> None:
    """Which files were written, and how to correct what was guessed."""
    if dry_run:
        say(_said("dry_run", words))
        return
    changed = [each.path for each in done.checked.plan.changes] if done.checked is not None else []
    files = [*changed, *(f"{folder}/{each}" for each in done.files)]
    if files:
        say(_said("written", words, files=", ".join(files)))
    if done.checked is not None:
        say(_said("next", words, name=done.name))


def _counts(done: ReadDocument) -> dict[str, int]:
    furniture = sum(part.kind == "furniture" for part in done.kept.parts)
    return {"parts": len(done.kept.parts), "characters": len(done.kept.text), "furniture": furniture}


def _json(done: ReadDocument, *, is_written: bool) -> dict[str, Any]:
    """What a program wants to know: the document, what it is, its text in parts, and the findings."""
    checked = done.checked
    return {
        "document": done.iri,
        "written": is_written,
        "known": checked is None,
        "about": {
            field: {"value": guess.value, "from": guess.why.to_json(), "kept": field not in done.left_out}
            for field, guess in done.about.items()
        },
        "notes": [str(each) for each in done.notes],
        "files": list(done.files),
        "difference": checked.plan.difference if checked is not None else "",
        "findings": [each.to_json() for each in checked.findings] if checked is not None else [],
        "text": done.kept.text,
        "parts": [
            {"kind": each.kind, "start": each.start, "end": each.end, "place": each.place} for each in done.kept.parts
        ],
    }
