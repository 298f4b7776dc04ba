"""The commands that are one call of Project: new, check, build, sparql, explain, compare, export, format, finding."""

from __future__ import annotations

import difflib
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import (
    AsOf,
    Engine,
    FolderOption,
    Language,
    OwnFolder,
    OwnFolderOption,
    Quiet,
    Reference,
    ReportFormat,
    Watch,
    day,
    language_name,
    open_or_reference,
    open_project,
)
from citygraph.cli.output import (
    AnswerFormat,
    print_answer,
    print_explanation,
    print_report,
    progress_bar,
    report_json,
    say,
)
from citygraph.errors import ConfigError, ExportError, QueryError
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.project import Build, Checked, Project


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder to make, such as my-city.", show_default=False)
    ],
    base: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="The address that the names of your graph begin with; you can change it later."
        ),
    ] = "",
    title: Annotated[str, typer.Option(metavar="NAME", help="The name of your graph.")] = "",
    language: Language = None,
) -> None:
    """Start a project folder that passes every check.

    The folder must not exist yet, or be empty.

    citygraph new my-city --base https://data.my-city.example/
    """
    from citygraph.project import Project  # noqa: PLC0415  # keeps `--help` fast

    words = language_name(language)
    Project.new(folder, base=base, title=title)
    text = Text(
        f"{folder} er klar. Slik går du videre:\n"
        f"    cd {folder}\n    citygraph build\n    citygraph query members\n"
        "Skriv dine egne nettverk i data/networks/, og kjør citygraph check.",
        f"{folder} is ready. How to go on:\n"
        f"    cd {folder}\n    citygraph build\n    citygraph query members\n"
        "Write your own networks in data/networks/, and run citygraph check.",
    )
    say(text.in_language(words))


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


def check(
    folder: OwnFolder = None,
    reference: Reference = False,
    as_of: AsOf = None,
    reasoner: Engine = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="The mildest finding that makes the command fail.")
    ] = FailOn.VIOLATION,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes too.")] = False,
    format_: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="Text for people or JSON.")
    ] = ReportFormat.TEXT,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say everything that is wrong with the graph; nothing is kept.

    Findings go to stderr with file, line and column; with --format json they go to stdout.

    citygraph check my-city --fail-on warning
    """
    from citygraph.findings import Severity  # noqa: PLC0415

    words = language_name(language)
    project = open_project(folder, reference=reference)
    engine = reasoner.value if reasoner else None
    if watch:
        _watch(project, words, engine=engine, as_of=day(as_of), notes=notes)
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        report = project.check(as_of=day(as_of), engine=engine, progress=progress).report
    if format_ is ReportFormat.JSON:
        print(report_json(report))
    else:
        print_report(report, words, notes=notes)
    if report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)


def _watch(project: Project, words: str, *, engine: str | None, as_of: date | None, notes: bool) -> None:
    from citygraph.cli.output import say_inferred, watch  # noqa: PLC0415
    from citygraph.labels import Labels  # noqa: PLC0415
    from citygraph.project import Memory  # noqa: PLC0415

    memory = Memory()
    before: list[Checked] = []

    def run(opened: Project) -> None:
        checked = opened.check(as_of=as_of, engine=engine, memory=memory)
        print_report(checked.report, words, notes=notes)
        if before:
            say_inferred(before.pop().inferred, checked.inferred, Labels(checked.graphs.triples()), words)
        before.append(checked)

    watch(project, run, words)


def build(
    folder: OwnFolder = None,
    reference: Reference = False,
    as_of: AsOf = None,
    reasoner: Engine = None,
    master: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The cluster for --reasoner spark; without it the one in graph.toml.",
            show_default=False,
        ),
    ] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Build even when nothing has changed.")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes too.")] = False,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Check the graph and make a new version of it.

    The new version is used only when nothing must be mended; until then the previous one stays. The
    name of the version goes to stdout.

    citygraph build my-city --watch
    """
    words = language_name(language)
    project = open_project(folder, reference=reference)
    engine = reasoner.value if reasoner else None
    if master and (engine or project.config.engine) != "spark":
        message = "--master names a Spark cluster, so it goes with --reasoner spark."
        raise typer.BadParameter(message)
    _use_master(project, master)
    if watch:
        from citygraph.cli.output import watch as run_again  # noqa: PLC0415
        from citygraph.project import Memory  # noqa: PLC0415

        memory = Memory()

        def run(opened: Project) -> None:
            _use_master(opened, master)
            print_outcome(opened.build(as_of=day(as_of), engine=engine, memory=memory), words, notes=notes, quiet=quiet)

        run_again(project, run, words)
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        outcome = project.build(as_of=day(as_of), engine=engine, fresh=fresh, progress=progress)
    print_outcome(outcome, words, notes=notes, quiet=quiet)
    if outcome.report.violations:
        raise typer.Exit(1)


def _use_master(project: Project, master: str) -> None:
    if master:
        project.config = project.config.having("reason.spark_master", master)


def print_outcome(outcome: Build, words: str, *, notes: bool, quiet: bool) -> None:
    """The findings, then whether there is a new version; its name goes to stdout."""
    if not quiet or outcome.report.violations:
        print_report(outcome.report, words, notes=notes)
    if outcome.report.violations:
        kept = Text(
            f"Ingen ny versjon. {outcome.snapshot_id} er fortsatt i bruk."
            if outcome.snapshot_id
            else "Ingen ny versjon.",
            f"No new version. {outcome.snapshot_id} is still in use." if outcome.snapshot_id else "No new version.",
        )
        say(kept.in_language(words))
        return
    counts = outcome.counts
    if not quiet:
        done = Text(
            f"{counts['asserted']} påstander oppgitt, {counts['inferred']} utledet."
            + ("" if outcome.new else " Ingenting er endret siden sist."),
            f"{counts['asserted']} statements stated, {counts['inferred']} derived."
            + ("" if outcome.new else " Nothing has changed since the last build."),
        )
        say(done.in_language(words))
    print(outcome.snapshot_id, flush=True)


def sparql(
    text: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="The query, a file that holds it, or - for stdin.", show_default=False),
    ],
    format_: Annotated[
        AnswerFormat, typer.Option("--format", "-f", help="How to write the answer.")
    ] = AnswerFormat.TABLE,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Answer any SPARQL query.

    The project's prefixes need not be declared.

    citygraph sparql 'SELECT ?network WHERE { ?network a cg:CityNetwork }'
    """
    project = open_or_reference(project_folder)
    words = language_name(language)
    query = _read(text)
    with progress_bar(quiet=quiet, language=words) as progress:
        answer = project.sparql(query, as_of=day(as_of), progress=progress)
    snapshot = project.snapshot(as_of=day(as_of))
    print_answer(answer, snapshot, format_=format_, language=words, prefixes=project.prefixes)


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.endswith((".rq", ".sparql")) and "{" not in text:
        try:
            return Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            message = f"The file {text} cannot be read: {error}."
            raise QueryError(message, fix="Check the name of the file.") from error
    return text


class ExplainFormat(StrEnum):
    """How a proof is written."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"
    HTML = "html"


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="What the statement is about: a name or an address.")
    ],
    predicate: Annotated[
        str, typer.Argument(metavar="PROPERTY", help='The property: "deltar i", participatesIn, cg:participatesIn.')
    ],
    object_: Annotated[str, typer.Argument(metavar="VALUE", help="The other end: a name, an address or a text.")],
    every: Annotated[bool, typer.Option("--all", help="All proofs, the shortest first.")] = False,
    format_: Annotated[
        ExplainFormat, typer.Option("--format", "-f", help="A tree, JSON, Mermaid or HTML.")
    ] = ExplainFormat.TREE,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Say why a statement holds, or why it does not.

    citygraph explain Stavanger participatesIn Eurocities
    """
    project = open_or_reference(project_folder)
    found = project.explain(subject, predicate, object_, as_of=day(as_of), every=every)
    print_explanation(found, format_=format_.value, language=language_name(language))


class CompareFormat(StrEnum):
    """How the difference is written."""

    TEXT = "text"
    JSON = "json"
    MD = "md"


def compare(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="The version before: a project folder or a git revision.", show_default=False
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="The version after; without it the project as it is now.", show_default=False
        ),
    ] = "",
    format_: Annotated[
        CompareFormat, typer.Option("--format", "-f", help="Text, JSON or Markdown.")
    ] = CompareFormat.TEXT,
    as_of: AsOf = None,
    project_folder: OwnFolderOption = None,
    reference: Reference = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say what changed between two versions.

    Statements, findings and answers, in words.

    citygraph compare HEAD~1 --format md
    """
    from citygraph import compare as comparing  # noqa: PLC0415  # keeps `--help` fast

    words = language_name(language)
    project = open_project(project_folder, reference=reference)
    with progress_bar(quiet=quiet, language=words) as progress:
        changes = project.compare(old, new, as_of=day(as_of), progress=progress)
    if format_ is CompareFormat.JSON:
        print(comparing.write_json(changes))
    elif format_ is CompareFormat.MD:
        print(comparing.write_markdown(changes, words))
    else:
        print(comparing.write_text(changes, words))


class ExportFormat(StrEnum):
    """What the graph can be written as."""

    TTL = "ttl"
    NT = "nt"
    NQ = "nq"
    TRIG = "trig"
    JSONLD = "jsonld"
    RDF = "rdf"
    CSV = "csv"


class Which(StrEnum):
    """Which statements: those in the files, those that follow, or both."""

    ASSERTED = "asserted"
    INFERRED = "inferred"
    BOTH = "both"


def export(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="FILE",
            help="The file to write, or for csv the folder; without it the graph goes to stdout.",
                       show_default=False),
    ] = None,
    format_: Annotated[ExportFormat | None, typer.Option(
        "--format", "-f", help="The format; without it the ending of the file decides.", show_default=False)] = None,
    which: Annotated[Which, typer.Option("--which", help="Stated, derived or both.")] = Which.BOTH,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
) -> None:  # fmt: skip
    """Write the graph to a file: the same graph gives the same bytes.

    csv writes a folder with one table for each class.

    citygraph export graph.ttl --which asserted
    """
    project = open_or_reference(project_folder)
    chosen = _format(format_, target)
    if chosen is ExportFormat.CSV:
        if target is None:
            message = "csv is one table for each class, so it needs a folder to write to."
            raise ExportError(message, fix="Write: citygraph export tables --format csv")
        from citygraph.files import write_file  # noqa: PLC0415

        tables = project.tables(which=which.value, as_of=day(as_of))
        for name, data in tables.items():
            write_file(target / name, data)
        say(f"{len(tables)} tables in {target}")
        return
    data = project.export(format=chosen.value, which=which.value, as_of=day(as_of))
    if target is None:
        sys.stdout.buffer.write(data)
        return
    from citygraph.files import write_file  # noqa: PLC0415

    write_file(target, data)
    say(f"{target}: {len(data):,} bytes")


def _format(given: ExportFormat | None, target: Path | None) -> ExportFormat:
    if given is not None:
        return given
    if target is None:
        return ExportFormat.TTL
    ending = target.suffix.lstrip(".")
    try:
        return ExportFormat(ending)
    except ValueError as error:
        names = ", ".join(ExportFormat)
        message = f"The ending of {target} names no format."
        raise ExportError(message, fix=f"Add --format with one of: {names}.") from error


def format(  # noqa: A001  # the name of the command
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="Turtle files or a project folder; without it all of the project.", show_default=False
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when a file would change.")] = False,
    project_folder: OwnFolderOption = None,
    language: Language = None,
) -> None:
    """Rewrite Turtle files in the project's style.

    No value is changed and no comment lost.

    citygraph format my-city --check
    """
    from citygraph.findings import Report  # noqa: PLC0415

    chosen = list(paths or [])
    if len(chosen) == 1 and chosen[0].is_dir():
        project_folder, chosen = chosen[0], []
    for path in chosen:
        if not path.is_file():
            message = f"There is no file {path}."
            raise ConfigError(message, fix="Name a Turtle file, or leave it out for the whole project.")
    project = open_project(project_folder)
    results = project.format(chosen, write=not check)
    report = Report.of(*(result.findings for result in results))
    changed = [result.path for result in results if result.changed]

    def shown(path: Path) -> str:
        return str(path.relative_to(project.folder)) if path.is_relative_to(project.folder) else str(path)

    for path in changed:
        say(f"{'would change' if check else 'changed'}: {shown(path)}")
    if report.findings:
        print_report(report, language_name(language), notes=True)
    if report.violations or (check and changed):
        raise typer.Exit(1)


def finding(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The code of a finding; without it all codes are listed.")
    ] = "",
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Explain a finding: what it means and what to do next.

    citygraph finding missing-source
    """
    words = language_name(language)
    known = open_or_reference(project_folder).finding_codes()
    if not code:
        for each in known.values():
            print(f"{each.code:28} {each.severity.words.in_language(words):12} {each.title.in_language(words)}")
        return
    if code not in known:
        near = difflib.get_close_matches(code, known, n=3, cutoff=0.4)
        message = f"There is no finding {code!r}."
        raise ConfigError(message, fix=f"Did you mean: {', '.join(near)}?" if near else "List them: citygraph finding")
    each = known[code]
    print(f"{each.code} ({each.severity.words.in_language(words)})\n")
    print(each.title.in_language(words) + ".\n")
    message = each.message.in_language(words)
    if "{" not in message and message != each.title.in_language(words):
        print(message.rstrip(".") + ".\n")
    print(each.fix.in_language(words))
