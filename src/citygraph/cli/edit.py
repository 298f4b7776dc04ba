"""`citygraph edit`: add, change, end, confirm, dispute, retract, withhold and take over facts; the options are the fields of their kinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from citygraph.cli.options import (
    TYPER_SETTINGS,
    Command,
    FolderOption,
    Format,
    Group,
    Language,
    ReportFormat,
    language_name,
    open_project,
)
from citygraph.cli.output import print_report, say
from citygraph.errors import EditError, QueryError
from citygraph.messages import Sentence, key_of, said_in, sentence, text

if TYPE_CHECKING:
    from citygraph.edit.kinds import FactField, FactKind
    from citygraph.edit.plan import EditPlan
    from citygraph.project.editing import CheckedEdit, Edits

# What is left over are the fields of the kind, which only its description knows; so is the help of one kind.
_SETTINGS: Final[dict[str, Any]] = {"context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}
_KIND: Final = typer.Argument(metavar="KIND", show_default=False)
_FACT: Final = typer.Argument(metavar="FACT", show_default=False)
DryRun = Annotated[bool, typer.Option("--dry-run")]
Help = Annotated[bool, typer.Option("--help", "-h")]


def add(
    context: typer.Context,
    kind: Annotated[str, _KIND] = "",
    dry_run: DryRun = False,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
    help_: Help = False,
) -> None:
    """Add a fact."""
    words = language_name(language)
    if help_ or not kind:
        _help(context, kind, project_folder, words)
        return
    said = said_options(context.args)
    _run(project_folder, lambda edits: edits.editor().add(kind, said), words, format_, dry_run=dry_run)


def _made(name: str) -> Callable[..., None]:
    """The command that makes one kind of edit of a fact that is there."""

    def command(
        context: typer.Context,
        fact: Annotated[str, _FACT] = "",
        dry_run: DryRun = False,
        format_: Format = ReportFormat.TEXT,
        project_folder: FolderOption = None,
        language: Language = None,
    ) -> None:
        words = language_name(language)
        if not fact:
            print(context.get_help())
            return
        said = said_options(context.args)
        _run(project_folder, lambda edits: getattr(edits.editor(), name)(fact, said), words, format_, dry_run=dry_run)

    return command


def take(
    networks: Annotated[list[str] | None, typer.Argument(metavar="NETWORK", show_default=False)] = None,
    dry_run: DryRun = False,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Take networks over from the reference graph."""
    words = language_name(language)
    if networks:
        _run(project_folder, lambda edits: edits.take(networks), words, format_, dry_run=dry_run)
        return
    for name, called in open_project(project_folder).edits.networks().items():
        print(f"  {name:<20} {called.in_language(words)}")
    say("")
    say(_said("take_next", words))


def kinds(
    kind: Annotated[str, _KIND] = "",
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """List the kinds of facts, or the fields of one."""
    words = language_name(language)
    known = open_project(project_folder).edits.kinds
    if kind:
        _print_kind(known.named(kind), words)
        return
    group = ""
    for each in known.values():
        heading = each.group.in_language(words)
        if heading != group:
            print(("\n" if group else "") + heading)
            group = heading
        print(f"  {each.name:<16} {each.title.in_language(words)}: {each.about.in_language(words)}")
    say("")
    say(_said("kinds_next", words))


def said_options(arguments: list[str]) -> list[tuple[str, str]]:
    """`--member Oslo --since=2019` as pairs, in order; an option may come several times.

    Raises:
        EditError: a word is no option, or an option has no value.
    """
    said: list[tuple[str, str]] = []
    waiting = list(arguments)
    while waiting:
        option, equals, value = waiting.pop(0).partition("=")
        if not option.startswith("--"):
            message = sentence("edit.command.unexpected", word=repr(option))
            raise EditError(message, fix=sentence("edit.command.quote_words"))
        if not equals:
            if not waiting:
                message = sentence("edit.command.no_value", option=option)
                raise EditError(message, fix=sentence("edit.command.write_value", option=option))
            value = waiting.pop(0)
        said.append((option.removeprefix("--"), value))
    return said


def _run(
    folder: Any,  # noqa: ANN401  # what the option gives
    plan: Callable[[Edits], EditPlan],
    words: str,
    format_: ReportFormat,
    *,
    dry_run: bool,
) -> None:
    """Plan an edit, check it, write it unless that is not wanted, and then say what was done."""
    edits = open_project(folder).edits
    try:
        made = plan(edits)
    except QueryError as error:
        if key_of(error.message) != "question.nothing":
            raise
        hint = text("edit.command.is_new")
        told = Sentence(f"{error.fix} {hint.en}", f"{said_in(error.fix, 'nb')} {hint.nb}")
        raise QueryError(error.message, fix=told, candidates=error.candidates) from error
    checked = edits.check(made, keep_documents=not dry_run)
    is_written = not dry_run and not checked.violations
    if is_written:
        edits.write(checked)
    if format_ is ReportFormat.JSON:
        print(json.dumps(_json(checked, is_written=is_written), ensure_ascii=False, indent=2))
    else:
        _show(checked, words, dry_run=dry_run)
    if dry_run and checked.violations:
        raise typer.Exit(1)
    if not dry_run and not is_written:
        edits.write(checked)  # Refuses it, in words.
    if format_ is ReportFormat.TEXT:
        files = ", ".join(each.path for each in made.changes)
        say(_said("dry_run", words) if dry_run else _said("written", words, files=files))


def _show(checked: CheckedEdit, words: str, *, dry_run: bool) -> None:
    """What the edit does, in sentences; the lines that change when nothing is written; and what it would break."""
    from citygraph.findings import Report  # noqa: PLC0415

    for each in checked.plan.told:
        print(each.in_language(words))
    if dry_run:
        print()
        print(checked.plan.difference, end="")
    if checked.findings:
        print_report(Report.of(checked.findings), words, notes=False)


def _json(checked: CheckedEdit, *, is_written: bool) -> dict[str, object]:
    return {
        "written": is_written,
        "facts": list(checked.plan.facts),
        "told": [each.to_json() for each in checked.plan.told],
        "files": [each.path for each in checked.plan.changes],
        "difference": checked.plan.difference,
        "findings": [each.to_json() for each in checked.findings],
    }


def _help(context: typer.Context, kind: str, folder: Any, words: str) -> None:  # noqa: ANN401
    if not kind:
        print(context.get_help())
        return
    _print_kind(open_project(folder).edits.kinds.named(kind), words)


def _print_kind(kind: FactKind, words: str) -> None:
    """What a kind is for, and its fields with what they mean."""
    print(f"{kind.name} ({kind.title.in_language(words)}): {kind.about.in_language(words)}\n")
    required = [f"--{each.option} …" for each in kind.fields if each.required and each.default is None]
    print(f"citygraph edit add {kind.name} {' '.join(required)}\n")
    for each in kind.fields:
        print(f"  --{each.option:<14} {_about(each, words)}")


def _about(field_: FactField, words: str) -> str:
    about = field_.about.in_language(words)
    is_required = field_.required and field_.default is None and not field_.is_document_day
    choices = " | ".join(each.rpartition("/")[2] for each in field_.choices)
    return " ".join(each for each in (about, f"[{_said('required', words)}]" if is_required else "", choices) if each)


def _said(key: str, language: str, **values: object) -> str:
    return text(f"edit.command.{key}").filled(**values).in_language(language)


app = typer.Typer(cls=Group, no_args_is_help=True, **TYPER_SETTINGS)
app.command("add", cls=Command, add_help_option=False, **_SETTINGS)(add)
for _name in ("change", "end", "confirm", "dispute", "retract", "withhold"):
    app.command(_name, cls=Command, **_SETTINGS)(_made(_name))
app.command("take", cls=Command)(take)
app.command("kinds", cls=Command)(kinds)
