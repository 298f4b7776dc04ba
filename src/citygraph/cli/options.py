"""Options that several commands share, defined once; help pages and usage errors in both languages."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from citygraph.messages import Sentence, texts

if TYPE_CHECKING:
    from citygraph.project import Project


class LanguageName(StrEnum):
    """The languages of the interface."""

    NB = "nb"
    EN = "en"


class ReportFormat(StrEnum):
    """For whom a report is written: people or programs."""

    TEXT = "text"
    JSON = "json"


class FindingsFormat(StrEnum):
    """For whom findings are written: people, programs, or a service that runs checks."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    GITHUB = "github"


class DialectName(StrEnum):
    """How CSV is laid out (`csv_tables.Dialect`)."""

    STANDARD = "standard"
    EXCEL = "excel"


class EditionName(StrEnum):
    """What is taken of a graph with internal files: what may leave, or everything."""

    PUBLIC = "public"
    INTERNAL = "internal"


class EngineName(StrEnum):
    """The reasoning engines; all give the same answer."""

    COLUMNAR = "columnar"
    DUCKDB = "duckdb"
    SPARK = "spark"
    OWLRL = "owlrl"


Folder = Annotated[Path | None, typer.Argument(metavar="FOLDER", show_default=False)]
FolderOption = Annotated[Path | None, typer.Option("--project", "-C", metavar="FOLDER", show_default=False)]
Reference = Annotated[bool, typer.Option("--reference")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", show_default=False)]
Language = Annotated[LanguageName | None, typer.Option("--lang", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q")]
Format = Annotated[ReportFormat, typer.Option("--format", "-f")]
Findings = Annotated[FindingsFormat, typer.Option("--format", "-f")]
CsvDialect = Annotated[DialectName, typer.Option("--dialect")]
Edition = Annotated[EditionName, typer.Option("--edition")]
Watch = Annotated[bool, typer.Option("--watch")]
Engine = Annotated[EngineName | None, typer.Option("--reasoner", show_default=False)]


def open_project(folder: Path | None, *, reference: bool = False) -> Project:
    """The project in `folder`, or the one the current folder lies in; with `reference` the graph of the program.

    Raises:
        ConfigError: there is none; a command that judges or writes must not take another graph for it.
    """
    from citygraph.project import Project, reference_folder  # noqa: PLC0415  # keeps `--help` fast

    if folder is None and reference:
        return Project.open(reference_folder())
    return Project.open(folder) if folder is not None else Project.find(or_reference=False)


def open_or_reference(folder: Path | None) -> Project:
    """The project in `folder`, or the one the current folder lies in, or the graph that comes with the program."""
    from citygraph.project import Project  # noqa: PLC0415  # keeps `--help` fast

    return Project.open(folder) if folder is not None else Project.find()


def day(value: datetime | None) -> date | None:
    """The day that was typed, if any."""
    return value.date() if value is not None else None


def language_name(value: LanguageName | None) -> str:
    """The language asked for, else the one of the system."""
    return value.value if value is not None else _system_language()


def spoken_language() -> str:
    """The language that `--lang` names in the arguments of this process, else the one of the system."""
    given = [*sys.argv, ""]
    for word, following in pairwise(given):
        name = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and name in set(LanguageName):
            return name
    return _system_language()


def _system_language() -> str:
    """Bokmål on a Norwegian system, else English."""
    names = (os.environ.get(name, "") for name in ("CITYGRAPH_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    system = next((name for name in names if name), "")
    return "nb" if system.lower().startswith(("nb", "nn", "no")) else "en"


# Typer keeps the types of its contexts and formatters to itself.
Context: TypeAlias = Any
Formatter: TypeAlias = Any

TYPER_SETTINGS: Final[Mapping[str, Any]] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
_EXTRAS: Final = re.compile(r"  \[([^\[\]]+)\]\Z")


class Command(TyperCommand):
    """A command whose help is in `messages/help.toml`."""

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write the line that begins with "Usage"."""
        _write_usage(self, ctx, formatter)

    def format_help(self, ctx: Context, formatter: Formatter) -> None:
        """Write the whole help page."""
        self.help = _about(_path(ctx))
        super().format_help(ctx, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write the arguments, then the options."""
        _write_parameters(self, ctx, formatter)


class Group(TyperGroup):
    """A command with commands of its own, all with their help in `messages/help.toml`."""

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write the line that begins with "Usage"."""
        _write_usage(self, ctx, formatter)

    def format_help(self, ctx: Context, formatter: Formatter) -> None:
        """Write the whole help page."""
        self.help = _about(_path(ctx))
        super().format_help(ctx, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write the options, then the commands with their first sentences."""
        _write_parameters(self, ctx, formatter)
        path = "" if ctx.parent is None else f"{_path(ctx)}."
        with formatter.section(frame("of_command")):
            formatter.write_dl([(name, _first_sentence(f"{path}{name}")) for name in self.list_commands(ctx)])


def group_of(functions: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """Functions as the commands of one group, by name."""
    made = typer.Typer(cls=Group, no_args_is_help=True, **TYPER_SETTINGS)
    for name, function in functions.items():
        made.command(name, cls=Command)(function)
    return made


def frame(key: str, **values: object) -> str:
    """A text of the frame around all help pages, in the reader's language."""
    return texts("help")[f"frame.{key}"].filled(**values).in_language(spoken_language())


def print_usage_error(error: Exception) -> None:
    """What was typed wrong, on stderr, as Typer says it, in the reader's language."""
    context, message = getattr(error, "ctx", None), str(getattr(error, "format_message")())  # noqa: B009
    if message.startswith(frame("usage")):
        # Typer raises the help page itself when nothing was typed.
        print(message, file=sys.stderr)
        return
    if context is not None:
        hint = frame("try", command=context.command_path, option=context.help_option_names[0])
        has_help = context.command.get_help_option(context) is not None
        print(f"{context.get_usage()}\n{f'{hint}{chr(10)}' if has_help else ''}", file=sys.stderr)
    plain = getattr(error, "message", "")
    if spoken_language() == "nb" and isinstance(plain, Sentence):
        message = message.replace(str(plain), plain.nb)
    print(frame("error", message=_translated(message)), file=sys.stderr)


def _path(ctx: Context) -> str:
    """The names of a command and of the groups it lies in, as `link.suggest`."""
    names: list[str] = []
    while ctx.parent is not None:
        names.insert(0, ctx.info_name)
        ctx = ctx.parent
    return ".".join(names) or "citygraph"


def _about(path: str) -> str:
    return texts("help")[f"{path}.about"].in_language(spoken_language())


def _first_sentence(path: str) -> str:
    return _about(path).strip().partition("\n")[0]


def _write_usage(command: Command | Group, ctx: Context, formatter: Formatter) -> None:
    pieces = " ".join(command.collect_usage_pieces(ctx))
    for key in ("options", "command"):
        pieces = pieces.replace(texts("help")[f"frame.{key}"].en, frame(key))
    formatter.write_usage(ctx.command_path, pieces, frame("usage"))


def _write_parameters(command: Command | Group, ctx: Context, formatter: Formatter) -> None:
    for kind in ("argument", "option"):
        records = list(_records(command, ctx, kind))
        if records:
            with formatter.section(frame(f"of_{kind}")):
                formatter.write_dl(records)


def _records(command: Command | Group, ctx: Context, kind: str) -> Iterator[tuple[str, str]]:
    """Each parameter with what it means; what Typer adds between brackets is said in the reader's language too."""
    words, path = texts("help"), _path(ctx)
    for parameter in command.get_params(ctx):
        if parameter.param_type_name != kind:
            continue
        found = words.get(f"{path}.{parameter.name}") or words[f"shared.{parameter.name}"]
        setattr(parameter, "help", found.in_language(spoken_language()))  # noqa: B010  # not on Typer's base class
        record = parameter.get_help_record(ctx)
        if record is not None:
            yield record[0], _EXTRAS.sub(_translated_extras, record[1])


def _translated_extras(match: re.Match[str]) -> str:
    return f"  [{'; '.join(_translated(each) for each in match[1].split('; '))}]"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What Typer says, as patterns, each with the same in bokmål."""
    said = ((each.en, each.nb) for key, each in texts("help").items() if key.startswith("typer."))
    return tuple((re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(en))), nb) for en, nb in said)


def _translated(message: str) -> str:
    """A message of Typer in the reader's language, with what it has filled in; another text stays as it is.

    >>> _translated("Hello.")
    'Hello.'
    """
    if spoken_language() != "nb":
        return message
    for pattern, nb in _patterns():
        match = pattern.fullmatch(message)
        if match:
            return nb.format(**{name: _translated(text) for name, text in match.groupdict().items()})
    return message
