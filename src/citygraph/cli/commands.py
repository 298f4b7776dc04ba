"""The commands that are one call: check, build, sparql, explain, compare, export, format, rebase, migrate …."""

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
    CsvDialect,
    DialectName,
    Edition,
    EditionName,
    Engine,
    Findings,
    FindingsFormat,
    Folder,
    FolderOption,
    Language,
    Quiet,
    Reference,
    Watch,
    day,
    language_name,
    open_or_reference,
    open_project,
)
from citygraph.cli.output import (
    AnswerFormat,
    phrase,
    print_answer,
    print_explanation,
    print_report,
    progress_bar,
    refuse_dialect,
    say,
    say_unknown,
    write_report,
)
from citygraph.errors import ConfigError, ExportError, QueryError
from citygraph.files import write_file
from citygraph.messages import Text, said_in, sentence

if TYPE_CHECKING:
    from citygraph.project import Build, Checked, Project


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


def check(
    folder: Folder = None,
    reference: Reference = False,
    as_of: AsOf = None,
    reasoner: Engine = None,
    fail_on: Annotated[FailOn, typer.Option()] = FailOn.VIOLATION,
    notes: Annotated[bool, typer.Option("--notes")] = False,
    format_: Findings = FindingsFormat.TEXT,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say everything that is wrong with the graph; nothing is kept."""
    from citygraph.findings import Severity  # noqa: PLC0415

    words = language_name(language)
    project = open_project(folder, reference=reference)
    engine = reasoner.value if reasoner else None
    if watch:
        _watch(project, words, engine=engine, as_of=day(as_of), notes=notes)
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        report = project.check(as_of=day(as_of), engine=engine, progress=progress).report
    write_report(report, words, format_=format_.value, folder=project.folder, notes=notes)
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
    folder: Folder = None,
    reference: Reference = False,
    as_of: AsOf = None,
    reasoner: Engine = None,
    master: Annotated[str, typer.Option(metavar="URL", show_default=False)] = "",
    fresh: Annotated[bool, typer.Option("--fresh")] = False,
    notes: Annotated[bool, typer.Option("--notes")] = False,
    watch: Watch = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Check the graph and make a new version of it."""
    words = language_name(language)
    project = open_project(folder, reference=reference)
    engine = reasoner.value if reasoner else None
    if master and (engine or project.config.engine) != "spark":
        raise typer.BadParameter(sentence("cli.build.master_alone"))
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
        kept = "build.still" if outcome.snapshot_id else "build.none"
        say(phrase(kept, words, snapshot=outcome.snapshot_id))
        return
    if not quiet:
        say(phrase("build.done" if outcome.new else "build.same", words, **outcome.counts))
    print(outcome.snapshot_id, flush=True)


def sparql(
    text: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    format_: Annotated[AnswerFormat, typer.Option("--format", "-f")] = AnswerFormat.TABLE,
    as_of: AsOf = None,
    edition: Edition = EditionName.INTERNAL,
    folder_or_reference: FolderOption = None,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Answer any SPARQL query."""
    project = open_or_reference(folder_or_reference).in_edition(edition.value)
    words = language_name(language)
    query = _read(text)
    with progress_bar(quiet=quiet, language=words) as progress:
        answer = project.sparql(query, as_of=day(as_of), progress=progress)
    snapshot = project.snapshot(as_of=day(as_of))
    if not quiet and (format_ is AnswerFormat.TABLE or sys.stderr.isatty()):
        say_unknown(query, snapshot, project, words)
    print_answer(answer, snapshot, format_=format_, language=words, prefixes=project.prefixes)


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.endswith((".rq", ".sparql")) and "{" not in text:
        try:
            return Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            message = sentence("cli.sparql.unreadable", file=text, reason=error)
            raise QueryError(message, fix=sentence("cli.sparql.check_name")) from error
    return text


class ExplainFormat(StrEnum):
    """How a proof is written."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"
    HTML = "html"


def explain(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT")],
    predicate: Annotated[str, typer.Argument(metavar="PROPERTY")],
    object_: Annotated[str, typer.Argument(metavar="VALUE")],
    every: Annotated[bool, typer.Option("--all")] = False,
    format_: Annotated[ExplainFormat, typer.Option("--format", "-f")] = ExplainFormat.TREE,
    as_of: AsOf = None,
    edition: Edition = EditionName.INTERNAL,
    folder_or_reference: FolderOption = None,
    language: Language = None,
) -> None:
    """Say why a statement holds, or why it does not.

    citygraph explain Stavanger participatesIn Eurocities
    """
    project = open_or_reference(folder_or_reference).in_edition(edition.value)
    found = project.explain(subject, predicate, object_, as_of=day(as_of), every=every)
    print_explanation(found, format_=format_.value, language=language_name(language))


class CompareFormat(StrEnum):
    """How the difference is written."""

    TEXT = "text"
    JSON = "json"
    MD = "md"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    GITHUB = "github"


class Difference(StrEnum):
    """What difference makes the exit code 1: a finding that came, of this severity or worse, or something that changed."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"
    ANSWERS = "answers"
    STATEMENTS = "statements"
    ANYTHING = "anything"


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", show_default=False)] = "",
    format_: Annotated[CompareFormat, typer.Option("--format", "-f")] = CompareFormat.TEXT,
    fail_on: Annotated[Difference | None, typer.Option("--fail-on", show_default=False)] = None,
    as_of: AsOf = None,
    project_folder: FolderOption = None,
    reference: Reference = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Say what changed between two versions."""
    from citygraph import compare as comparing  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.findings import Report  # noqa: PLC0415

    words = language_name(language)
    project = open_project(project_folder, reference=reference)
    with progress_bar(quiet=quiet, language=words) as progress:
        changes = project.compare(old, new, as_of=day(as_of), progress=progress)
    if format_ is CompareFormat.JSON:
        print(comparing.write_json(changes))
    elif format_ is CompareFormat.MD:
        print(comparing.write_markdown(changes, words))
    elif format_ is CompareFormat.TEXT:
        print(comparing.write_text(changes, words))
    else:
        came = Report.of(changes.findings_added)
        write_report(came, words, format_=format_.value, folder=project.folder, notes=True)
    if fail_on is not None and comparing.has_difference(changes, fail_on.value):
        raise typer.Exit(1)


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
    """Which statements: those in the files, those that follow, or both; or the kinds of facts as SHACL shapes."""

    ASSERTED = "asserted"
    INFERRED = "inferred"
    BOTH = "both"
    KINDS = "kinds"


def export(
    target: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    format_: Annotated[ExportFormat | None, typer.Option("--format", "-f", show_default=False)] = None,
    dialect: CsvDialect = DialectName.STANDARD,
    which: Annotated[Which, typer.Option("--which")] = Which.BOTH,
    as_of: AsOf = None,
    edition: Edition = EditionName.PUBLIC,
    folder_or_reference: FolderOption = None,
    language: Language = None,
) -> None:
    """Write the graph to a file: the same graph gives the same bytes."""
    words, project = language_name(language), open_or_reference(folder_or_reference).in_edition(edition.value)
    chosen = _format(format_, target)
    if which is Which.KINDS and chosen is ExportFormat.CSV:
        raise ExportError(sentence("cli.export.kinds_no_table"), fix=sentence("cli.export.kinds_as_turtle"))
    refuse_dialect(dialect.value, is_csv=chosen is ExportFormat.CSV)
    if chosen is ExportFormat.CSV:
        _export_tables(project, target, words, dialect.value, which=which, as_of=day(as_of))
        return
    data = project.export(format=chosen.value, which=which.value, as_of=day(as_of), edition=edition.value)
    if target is None:
        sys.stdout.buffer.write(data)
        return
    write_file(target, data, is_private=project.config.has_internal)
    say(phrase("export.written", words, file=target, size=len(data)))


def _export_tables(
    project: Project, folder: Path | None, words: str, dialect: str, *, which: Which, as_of: date | None
) -> None:
    """One table for each class, and in the standard layout its metadata beside it.

    Raises:
        ExportError: there is no folder to write them to.
    """
    from citygraph.csv_tables import CsvLayout, Dialect, TableAbout  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.export import tables_per_class  # noqa: PLC0415

    if folder is None:
        raise ExportError(sentence("cli.export.needs_folder"), fix=sentence("cli.export.name_folder"))
    layout, quads = CsvLayout(Dialect(dialect), words), project.quads(which.value, as_of=as_of)
    # What the files state holds for no day.
    on = "" if which is Which.ASSERTED else project.snapshot(as_of=as_of).manifest.as_of
    about = TableAbout(Text(), licence=project.config.licence, day=on)
    tables = tables_per_class(quads, prefixes=project.prefixes, layout=layout, about=about)
    for name, data in tables.items():
        write_file(folder / name, data, is_private=project.config.has_internal)
    say(phrase("export.tables", words, count=sum(name.endswith(".csv") for name in tables), folder=folder))


def _format(given: ExportFormat | None, target: Path | None) -> ExportFormat:
    """The format that was asked for, else the one that the ending of the file names, else Turtle.

    Raises:
        ExportError: the ending names none.
    """
    if given is not None or target is None:
        return given or ExportFormat.TTL
    try:
        return ExportFormat(target.suffix.lstrip("."))
    except ValueError as error:
        message = sentence("cli.export.no_format", file=target)
        raise ExportError(message, fix=sentence("cli.export.add_format", names=", ".join(ExportFormat))) from error


def format(  # noqa: A001  # the name of the command
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILES", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check")] = False,
    project_folder: FolderOption = None,
    language: Language = None,
) -> None:
    """Rewrite Turtle files in the project's style."""
    from citygraph.findings import Report  # noqa: PLC0415

    words, chosen = language_name(language), list(paths or [])
    if len(chosen) == 1 and chosen[0].is_dir():
        project_folder, chosen = chosen[0], []
    for path in chosen:
        if not path.is_file():
            message = sentence("cli.format.no_file", file=path)
            raise ConfigError(message, fix=sentence("cli.format.name_file"))
    project = open_project(project_folder)
    results = project.format(chosen, write=not check)
    report = Report.of(*(result.findings for result in results))
    changed = [result.path for result in results if result.changed]

    def shown(path: Path) -> str:
        return str(path.relative_to(project.folder)) if path.is_relative_to(project.folder) else str(path)

    for path in changed:
        say(phrase("format.would_change" if check else "format.changed", words, file=shown(path)))
    if report.findings:
        print_report(report, words, notes=True)
    if report.violations or (check and changed):
        raise typer.Exit(1)


def rebase(
    old: Annotated[str, typer.Argument(metavar="OLD", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", show_default=False)],
    project_folder: FolderOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    language: Language = None,
) -> None:
    """Give all addresses of the project another beginning."""
    from citygraph.rebase import rebase as move  # noqa: PLC0415

    words, folder = language_name(language), open_project(project_folder).folder
    done = move(folder, old, new, write=not dry_run)
    for name, count in done.files.items():
        print(f"{count:>8}  {name}")
    for name in done.left:
        say(phrase("rebase.left", words, file=name, old=done.old))
    key = "rebase.would" if dry_run else "rebase.done"
    say(phrase(key, words, count=sum(done.files.values()), files=len(done.files), old=done.old, new=done.new))


def migrate(
    project_folder: FolderOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "--plan")] = False,
    language: Language = None,
) -> None:
    """Rewrite the project from the earlier vocabulary into today's words."""
    from citygraph.migrate import migrate as rewrite  # noqa: PLC0415
    from citygraph.project.pipeline import reference_folder  # noqa: PLC0415

    words, project = language_name(language), open_project(project_folder)
    done = rewrite(project.folder, base=project.config.base, reference=reference_folder(), write=not dry_run)
    for name, changes in done.files.items():
        print(name)
        for change, count in sorted(changes.items()):
            print(f"{count:>8}  {change}")
    for each in done.left:
        why = said_in(each.why, words)
        say(phrase("migrate.left", words, file=each.file, line=each.line, term=each.term, why=why))
    key = "migrate.would" if dry_run else "migrate.done"
    counted = sum(sum(changes.values()) for changes in done.files.values())
    if not done.files and not done.left:
        key = "migrate.nothing"
    say(phrase(key, words, files=len(done.files), count=counted, left=len(done.left)))


def finding(
    code: Annotated[str, typer.Argument(metavar="CODE")] = "",
    folder_or_reference: FolderOption = None,
    language: Language = None,
) -> None:
    """Explain a finding: what it means and what to do next.

    citygraph finding missing-source
    """
    words = language_name(language)
    known = open_or_reference(folder_or_reference).finding_codes()
    if not code:
        for each in known.values():
            print(f"{each.code:28} {each.severity.words.in_language(words):12} {each.title.in_language(words)}")
        return
    if code not in known:
        near = difflib.get_close_matches(code, known, n=3, cutoff=0.4)
        fix = sentence("cli.finding.mean", guesses=", ".join(near)) if near else sentence("cli.finding.list")
        raise ConfigError(sentence("cli.finding.unknown", code=repr(code)), fix=fix)
    each = known[code]
    print(f"{each.code} ({each.severity.words.in_language(words)})\n")
    print(each.title.in_language(words) + ".\n")
    message = each.message.in_language(words)
    if "{" not in message and message != each.title.in_language(words):
        print(message.rstrip(".") + ".\n")
    print(each.fix.in_language(words))
