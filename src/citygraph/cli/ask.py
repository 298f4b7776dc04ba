"""`citygraph ask`: a question in words, read as the nearest saved one, and its answer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import FolderOption, Language, Quiet, language_name, open_or_reference
from citygraph.cli.output import phrase, progress_bar
from citygraph.cli.query import print_answered, version_to_ask
from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.namespaces import expand
from citygraph.rdf import Iri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from citygraph.ask import Reading
    from citygraph.project import Project
    from citygraph.store import Snapshot


def ask(
    words: Annotated[list[str], typer.Argument(metavar="WORDS")],
    cite: Annotated[bool, typer.Option("--cite")] = False,
    strict: Annotated[bool, typer.Option("--strict")] = False,
    folder_or_reference: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Answer a question in words: say which saved one it is read as, and answer that."""
    spoken = language_name(language)
    project = open_or_reference(folder_or_reference)
    asked = " ".join(words)
    from citygraph.project.asking import read_text  # noqa: PLC0415  # keeps `--help` fast

    snapshot = version_to_ask(project, None, spoken, quiet=quiet)
    readings = read_text(asked, project, snapshot).readings
    if not readings:
        raise QueryError(sentence("cli.ask.nothing", text=asked), fix=sentence("cli.ask.list"))
    first, *others = readings
    print(phrase("ask.read_as", spoken, reading=_in_words(first, project, snapshot, spoken)))
    print(f"    {_as_command(first)}\n")
    if first.missing:
        raise QueryError(
            sentence("cli.ask.missing", names=", ".join(f"--{each}" for each in first.missing)),
            fix=sentence("cli.ask.add", command=_as_command(first)),
        )
    if first.as_of is not None:
        with progress_bar(quiet=quiet, language=spoken) as progress:
            snapshot = project.snapshot(as_of=first.as_of, progress=progress)
    with progress_bar(quiet=quiet, language=spoken) as progress:
        answered = project.query(first.query.name, first.values, cite=cite, snapshot=snapshot, progress=progress)
    print_answered(answered, snapshot, project, spoken, cite=cite, strict=strict)
    if others:
        print(f"\n{phrase('ask.others', spoken)}")
        for each in others:
            print(f"  {_in_words(each, project, snapshot, spoken)}\n    {_as_command(each)}")


def _in_words(reading: Reading, project: Project, snapshot: Snapshot, spoken: str) -> str:
    """The title of the question, and what it is filled with."""
    values = [_name(value, project.prefixes, snapshot, spoken) for value in reading.said]
    return ", ".join([reading.query.title.in_language(spoken), *values])


def _name(value: str, prefixes: Mapping[str, str], snapshot: Snapshot, spoken: str) -> str:
    from citygraph.query import names_of  # noqa: PLC0415  # keeps `--help` fast

    iri = expand(value, prefixes)
    return names_of([Iri(iri)], snapshot, prefixes=prefixes).of(iri, spoken) if iri else value


def _as_command(reading: Reading) -> str:
    """What to type to ask the same."""
    options = [word for name, value in reading.values.items() for word in (f"--{name.replace('_', '-')}", value)]
    options += ["--as-of", reading.as_of.isoformat()] if reading.as_of else []
    return shlex.join(["citygraph", "query", reading.query.name, *options])
