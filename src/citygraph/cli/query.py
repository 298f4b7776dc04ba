"""`citygraph query`: list the saved questions, or answer one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citygraph.cli.options import AsOf, FolderOption, Language, Quiet, day, language_name, open_or_reference
from citygraph.cli.output import (
    AnswerFormat,
    federated_words,
    print_answer,
    print_explanation,
    print_lists,
    print_report,
    print_sources,
    progress_bar,
    say,
    with_sources,
)
from citygraph.errors import QueryError
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.project import Project
    from citygraph.saved_query import SavedQuery

__all__ = ["CONTEXT_SETTINGS", "query"]

# What is left over are the parameters of the question, which only its file knows.
CONTEXT_SETTINGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def query(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of the question; without it they are listed.")
    ] = "",
    format_: Annotated[
        AnswerFormat, typer.Option("--format", "-f", help="How to write the answer.")
    ] = AnswerFormat.TABLE,
    as_of: AsOf = None,
    cite: Annotated[bool, typer.Option("--cite", help="Each row with its sources.")] = False,
    explain: Annotated[
        int,
        typer.Option(
            "--explain",
            metavar="ROW",
            help="Why that row is in the answer; rows count from 1.",
            show_default=False,
        ),
    ] = 0,
    extract: Annotated[
        Path | None,
        typer.Option(
            "--extract",
            "-e",
            metavar="FILE",
            help="An extract of Wikidata that answers in its place, for questions that ask it.",
            show_default=False,
        ),
    ] = None,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
    help_: Annotated[
        bool, typer.Option("--help", "-h", help="Show this message, or the parameters of a question.")
    ] = False,
) -> None:
    """Answer a saved question; without a name, list them all.

    A question's own parameters are options too: citygraph query members --network Eurocities
    """
    words = language_name(language)
    if help_ and not name:
        print(context.get_help())
        return
    project = open_or_reference(project_folder)
    if not name:
        _print_list(project, words)
        return
    if help_:
        _print_parameters(project, name, words)
        return
    values = _values(context.args, name)
    _build_if_needed(project, words, quiet=quiet)
    with progress_bar(quiet=quiet, language=words) as progress:
        answered = project.query(name, values, as_of=day(as_of), cite=cite, extract=extract, progress=progress)
    if explain:
        for found in project.explain_row(answered, explain, as_of=day(as_of)):
            print_explanation(found, format_="tree", language=words)
            print()
        return
    snapshot = project.snapshot(as_of=day(as_of))
    answer = answered.answer
    if format_ is AnswerFormat.TABLE:
        print(answered.query.question.in_language(words) or answered.query.title.in_language(words))
        print()
        print_answer(answer, snapshot, format_=format_, language=words, prefixes=project.prefixes, numbered=cite)
        if cite:
            print()
            print_sources(answered, language=words)
        if answered.query.lists:
            print()
            print_lists(answered, snapshot, language=words, prefixes=project.prefixes)
        if answered.federated is not None:
            print()
            print(federated_words(answered.federated, words))
        return
    if answered.federated is not None and not quiet:
        say(federated_words(answered.federated, words))
    if cite and answered.sources is not None:
        from citygraph.results import Solutions  # noqa: PLC0415

        answer = with_sources(answered, answer) if isinstance(answer, Solutions) else answer
    print_answer(answer, snapshot, format_=format_, language=words, prefixes=project.prefixes)


def _build_if_needed(project: Project, words: str, *, quiet: bool) -> None:
    """Build before the first question; say so when the files have changed since."""
    current = project.snapshots.current()
    if current is not None:
        if not quiet and project.is_stale(current):
            text = Text(
                "Filene er endret siden denne versjonen ble bygd. Kjør: citygraph build",
                "The files have changed since this version was built. Run: citygraph build",
            )
            say(text.in_language(words))
        return
    if not quiet:
        say(Text("Bygger grafen for første gang …", "Building the graph for the first time …").in_language(words))
    with progress_bar(quiet=quiet, language=words) as progress:
        outcome = project.build(progress=progress)
    if outcome.report.violations:
        print_report(outcome.report, words, notes=False)
        raise typer.Exit(1)


def _values(arguments: list[str], name: str) -> dict[str, str]:
    """`--network Eurocities --year=2020` to a dictionary."""
    values: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        key, equals, value = word.partition("=")
        if not key.startswith("--"):
            message = f"{word!r} is not expected here."
            raise QueryError(message, fix=f"See the parameters: citygraph query {name} --help")
        if not equals:
            if not waiting:
                message = f"{key} has no value."
                raise QueryError(message, fix=f"Write: citygraph query {name} {key} VALUE")
            value = waiting.pop(0)
        values[key.removeprefix("--").replace("-", "_") if key.removeprefix("--") not in values else key] = value
    return values


def _print_list(project: Project, words: str) -> None:
    for saved in project.queries():
        print(f"{saved.name}\n    {saved.question.in_language(words)}")
    say("")
    text = Text(
        "Svar på ett av dem: citygraph query NAVN --cite",
        "Answer one of them: citygraph query NAME --cite",
    )
    say(text.in_language(words))


def _print_parameters(project: Project, name: str, words: str) -> None:
    from citygraph.query import get_query  # noqa: PLC0415

    saved = get_query(project.folder / "queries", name)
    print(f"{saved.title.in_language(words)}\n{saved.question.in_language(words)}\n")
    print(f"citygraph query {saved.name} [--as-of DATE] [--cite] [--format csv]{_usage(saved)}")
    for parameter in saved.parameters:
        kind = "|".join(parameter.choices) or parameter.of_class or parameter.type
        default = f" [{parameter.default}]" if parameter.default is not None else ""
        print(f"  --{parameter.name} {kind}{default}  {parameter.about.in_language(words)}".rstrip())


def _usage(saved: SavedQuery) -> str:
    return "".join(
        f" --{each.name} …" if each.required and each.default is None else f" [--{each.name} …]"
        for each in saved.parameters
    )
