"""`citygraph query`: list the saved questions, or answer one of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from citygraph.cli.options import (
    AsOf,
    CsvDialect,
    DialectName,
    Edition,
    EditionName,
    FolderOption,
    Language,
    Quiet,
    day,
    language_name,
    open_or_reference,
)
from citygraph.cli.output import (
    AnswerFormat,
    federated_words,
    phrase,
    print_answer,
    print_explanation,
    print_lists,
    print_named_rows,
    print_report,
    print_sources,
    progress_bar,
    refuse_dialect,
    say,
)
from citygraph.errors import QueryError
from citygraph.messages import sentence

if TYPE_CHECKING:
    from datetime import date

    from citygraph.project import Project
    from citygraph.query import Answered
    from citygraph.saved_query import SavedQuery
    from citygraph.store import Snapshot

# What is left over are the parameters of the question, which only its file knows; so is its own help.
SETTINGS: Final[dict[str, Any]] = {
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
    "add_help_option": False,
}


def query(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")] = "",
    format_: Annotated[AnswerFormat, typer.Option("--format", "-f")] = AnswerFormat.TABLE,
    dialect: CsvDialect = DialectName.STANDARD,
    as_of: AsOf = None,
    edition: Edition = EditionName.INTERNAL,
    cite: Annotated[bool, typer.Option("--cite")] = False,
    strict: Annotated[bool, typer.Option("--strict")] = False,
    explain: Annotated[int, typer.Option("--explain", metavar="ROW", show_default=False)] = 0,
    extract: Annotated[Path | None, typer.Option("--extract", "-e", metavar="FILE", show_default=False)] = None,
    folder_or_reference: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
    help_: Annotated[bool, typer.Option("--help", "-h")] = False,
) -> None:
    """Answer a saved question; without a name, list them all."""
    words, on = language_name(language), day(as_of)
    refuse_dialect(dialect.value, is_csv=format_ is AnswerFormat.CSV)
    if help_ and not name:
        print(context.get_help())
        return
    project = open_or_reference(folder_or_reference).in_edition(edition.value)
    if not name:
        _print_list(project, words)
        return
    if help_:
        _print_parameters(project, name, words)
        return
    values = _values(context.args, name)
    snapshot = version_to_ask(project, on, words, quiet=quiet)
    with progress_bar(quiet=quiet, language=words) as progress:
        answered = project.query(name, values, cite=cite, extract=extract, snapshot=snapshot, progress=progress)
    if explain:
        for found in project.explain_row(answered, explain, as_of=on):
            print_explanation(found, format_="tree", language=words)
            print()
    elif format_ is AnswerFormat.TABLE:
        print_answered(answered, snapshot, project, words, cite=cite, strict=strict)
    else:
        if answered.federated is not None and not quiet:
            say(federated_words(answered.federated, words))
        # Only to a person: a script that takes both streams reads the status of each row in its column.
        if answered.account is not None and not quiet and sys.stderr.isatty():
            say(answered.account.words.in_language(words))
        from citygraph.results import Solutions  # noqa: PLC0415  # keeps `--help` fast

        answer = answered.shown(strict=strict)
        how: dict[str, Any] = {"format_": format_, "language": words, "prefixes": project.prefixes}
        if isinstance(answer, Solutions) and format_ in {AnswerFormat.CSV, AnswerFormat.TSV}:
            print_named_rows(answer, snapshot, dialect=dialect.value, **how)
        else:
            print_answer(answer, snapshot, account=answered.account, **how)


def version_to_ask(project: Project, as_of: date | None, words: str, *, quiet: bool) -> Snapshot:
    """The version to ask: built before the first question, and said to be old when the files have changed since."""
    current = project.current()
    if current is None and project.snapshots.current() is None:
        if not quiet:
            say(phrase("query.first_build", words))
        with progress_bar(quiet=quiet, language=words) as progress:
            outcome = project.build(progress=progress)
        if outcome.report.violations:
            print_report(outcome.report, words, notes=False)
            raise typer.Exit(1)
    elif current is not None and not quiet and project.is_stale(current):
        say(phrase("query.stale", words))
    with progress_bar(quiet=quiet, language=words) as progress:
        return project.snapshot(as_of=as_of, progress=progress)


def print_answered(  # what a person sees of an answer
    answered: Answered, snapshot: Snapshot, project: Project, words: str, *, cite: bool, strict: bool
) -> None:
    """The question, its answer as a table, and below it what it rests on."""
    print(answered.query.question.in_language(words) or answered.query.title.in_language(words))
    print()
    table, prefixes = AnswerFormat.TABLE, project.prefixes
    shown = answered.for_people(words, strict=strict)
    print_answer(shown, snapshot, format_=table, language=words, prefixes=prefixes, numbered=int(cite))
    if answered.last_known and not strict:
        print(f"\n{phrase('answer.last_known', words)}\n")
        first = len(answered.stated) + 1 if cite else 0
        print_answer(
            answered.last_known_rows(), snapshot, format_=table, language=words, prefixes=prefixes, numbered=first
        )
    if answered.account is not None:
        print(answered.account.words.in_language(words))
    if cite:
        print()
        print_sources(answered, language=words, strict=strict)
    if answered.query.lists:
        print()
        print_lists(answered, snapshot, language=words, prefixes=project.prefixes)
    if answered.federated is not None:
        print()
        print(federated_words(answered.federated, words))


def _values(arguments: list[str], name: str) -> dict[str, str]:
    """`--network Eurocities --year=2020` to a dictionary.

    Raises:
        QueryError: a word is no option, an option has no value, or was given twice.
    """
    values: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        option, equals, value = word.partition("=")
        if not option.startswith("--"):
            fix = sentence("cli.query.see_parameters", name=name)
            raise QueryError(sentence("cli.query.unexpected", word=repr(word)), fix=fix)
        if not equals:
            if not waiting:
                fix = sentence("cli.query.write_value", name=name, option=option)
                raise QueryError(sentence("cli.query.no_value", option=option), fix=fix)
            value = waiting.pop(0)
        key = option.removeprefix("--").replace("-", "_")
        if key in values:
            message = sentence("cli.query.twice", option=option, first=repr(values[key]), second=repr(value))
            raise QueryError(message, fix=sentence("cli.query.once"))
        values[key] = value
    return values


def _print_list(project: Project, words: str) -> None:
    for saved in project.queries():
        print(f"{saved.name}\n    {saved.question.in_language(words)}")
    say("")
    say(phrase("query.answer_one", words))


def _print_parameters(project: Project, name: str, words: str) -> None:
    saved = project.question(name)
    print(f"{saved.title.in_language(words)}\n{saved.question.in_language(words)}\n")
    print(phrase("query.usage", words, name=saved.name, parameters=_usage(saved)))
    for parameter in saved.parameters:
        kind = "|".join(parameter.choices) or parameter.of_class or parameter.type
        default = f" [{parameter.default}]" if parameter.default is not None else ""
        print(f"  --{parameter.name} {kind}{default}  {parameter.about.in_language(words)}".rstrip())


def _usage(saved: SavedQuery) -> str:
    return "".join(
        f" --{each.name} …" if each.required and each.default is None else f" [--{each.name} …]"
        for each in saved.parameters
    )
