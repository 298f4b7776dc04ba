"""What commands print: findings, errors, progress and notes on stderr, answers on stdout; and `--watch`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from citygraph.errors import CitygraphError, QueryError, SnapshotError
from citygraph.messages import Text, said_in, sentence, text, texts, written_out

if TYPE_CHECKING:
    from pathlib import Path

    from citygraph.findings import Finding, Report, Severity
    from citygraph.labels import Labels
    from citygraph.project import Project
    from citygraph.query import Account, Answered, Citation
    from citygraph.query.federate import Federated
    from citygraph.rdf import Quad, Term
    from citygraph.reason.proof.words import Explanation
    from citygraph.results import Answer, Solutions
    from citygraph.store import Snapshot, Store


_COLOURS: Final = {"violation": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}
_MOST_OF_A_CODE: Final = 20
_PLAIN, _FAINT = "\x1b[0m", "\x1b[2m"


def say(words: str) -> None:
    """One line for the person at the terminal."""
    print(words, file=sys.stderr)


def phrase(key: str, language: str, **values: object) -> str:
    """A text of `messages/cli.toml`, filled in, in a language."""
    return text(f"cli.{key}").filled(**values).in_language(language)


def print_error(error: CitygraphError, language: str) -> None:
    """What happened, and below it the next step."""
    say(phrase("error.line", language, message=error.message))
    if error.fix:
        say(f"    {said_in(error.fix, language)}")


def print_report(report: Report, language: str, *, notes: bool) -> None:
    """Each finding on two lines: where and what, then the next step; a count at the end.

    Of a mistake that is made hundreds of times the first are shown, and how many more there are.
    """
    colour = sys.stderr.isatty()
    shown = [finding for finding in report if notes or finding.severity != "info"]
    of_code: Counter[str] = Counter()
    for finding in shown:
        of_code[finding.code] += 1
        if of_code[finding.code] <= _MOST_OF_A_CODE:
            say(_two_lines(finding, language, colour=colour))
    for code, number in of_code.items():
        if number > _MOST_OF_A_CODE:
            say(phrase("report.and_more", language, number=number - _MOST_OF_A_CODE, code=code))
    counted = [_counted(severity, number, language) for severity, number in report.counts.items() if number]
    words = ", ".join(counted) or phrase("report.none", language)
    if len(shown) < len(report):
        words += phrase("report.hidden", language)
    say(words)


def _counted(severity: Severity, number: int, language: str) -> str:
    several = severity == "info" and number > 1
    words = phrase("report.notes", language) if several else severity.words.in_language(language)
    return f"{number} {words} ({severity.value})"


def _two_lines(finding: Finding, language: str, *, colour: bool) -> str:
    said = (finding.message.in_language(language), finding.fix.in_language(language))
    message, fix = (written_out(each, kept="\n") for each in said)
    severity = finding.severity.value
    if colour:
        severity = f"{_COLOURS[severity]}{severity}{_PLAIN}"
    first = " ".join(part for part in (written_out(finding.place), severity, finding.code, message) if part)
    more = f"citygraph finding {finding.code}"
    second = f"    {fix}  [{more}]" if fix else f"    [{more}]"
    return f"{first}\n{_FAINT}{second}{_PLAIN}" if colour else f"{first}\n{second}"


def write_report(report: Report, language: str, *, format_: str, folder: Path, notes: bool) -> None:
    """The findings in one of the `FindingsFormat`s: text goes to stderr, everything else to stdout."""
    if format_ == "text":
        print_report(report, language, notes=notes)
    elif format_ == "json":
        print(report_json(report))
    else:
        from citygraph.cli.ci import write_findings  # noqa: PLC0415  # XML and SARIF are wanted by services alone

        shown = [finding for finding in report if notes or finding.severity != "info"]
        print(write_findings(shown, format=format_, language=language, folder=folder))


def report_json(report: Report) -> str:
    """The findings as a JSON list, for other programs."""
    return json.dumps([finding.to_json() for finding in report], ensure_ascii=False, indent=2)


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


@contextmanager
def progress_bar(*, quiet: bool, language: str) -> Iterator[Callable[[str, int, int], None]]:
    """A callback for long work; a bar appears on a terminal when the work takes more than a second."""
    if quiet or not sys.stderr.isatty():
        yield _silent
        return
    started = time.monotonic()
    shown = False

    def show(what: str, done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - started < 1 and what != "reason":
            return
        shown = True
        # A stage without a text of its own is a question of `doctor`, in the reader's language already.
        stage = texts("cli").get(f"stage.{what}") or Text.of(said_in(what, language))
        words = stage.filled(done=f"{done:,}", total=f"{total:,}", left=f"{total - done:,}").in_language(language)
        filled = int(20 * done / max(total, 1))
        print(f"\r\x1b[K[{'#' * filled}{'.' * (20 - filled)}] {words} …", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def column_name(column: str, language: str) -> str:
    """The heading of a column: our word for it in the reader's language, else its own name."""
    from citygraph.labels import column_words  # noqa: PLC0415

    words = column_words().get(column)
    return words.in_language(language) if words else column.replace("_", " ")


class AnswerFormat(StrEnum):
    """How an answer is written: a table for people, or a standard format."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    XML = "xml"
    TTL = "ttl"
    NT = "nt"
    JSONLD = "jsonld"


def print_answer(
    answer: Answer,
    store: Store,
    *,
    format_: AnswerFormat,
    language: str,
    prefixes: Mapping[str, str],
    numbered: int = 0,
    account: Account | None = None,
) -> None:
    """Write an answer to stdout; the rows of a table are numbered from `numbered` on when sources follow.

    In JSON the `account` stands under a key of its own.

    Raises:
        QueryError: the format cannot carry this kind of answer.
    """
    from citygraph.results import Graph, Truth, with_key, write_answer  # noqa: PLC0415

    if format_ is not AnswerFormat.TABLE:
        _refuse_wrong_kind(format_, is_graph=isinstance(answer, Graph))
    if isinstance(answer, Graph):
        from citygraph.export import export_bytes  # noqa: PLC0415
        from citygraph.rdf import Quad  # noqa: PLC0415

        quads = (Quad(t.subject, t.predicate, t.object) for t in answer.triples)
        format_ = AnswerFormat.TTL if format_ is AnswerFormat.TABLE else format_
        _write(export_bytes(quads, format=format_.value, prefixes=prefixes))
    elif format_ is not AnswerFormat.TABLE:
        try:
            body = write_answer(answer, format=format_.value)
            is_told = account is not None and format_ is AnswerFormat.JSON
            _write(with_key(body, "account", account.to_json(prefixes)) if account and is_told else body)
        except ValueError as error:
            message = sentence("cli.answer.not_this", format=format_.value)
            raise QueryError(message, fix=sentence("cli.answer.use_other")) from error
    elif isinstance(answer, Truth):
        print(_yes_or_no(answer.value, language))
    else:
        labels = _names((term for row in answer.rows for term in row), store, prefixes)
        print_rows(answer, labels, language=language, numbered=numbered)


def print_named_rows(
    answer: Solutions,
    store: Store,
    *,
    format_: AnswerFormat,
    language: str,
    prefixes: Mapping[str, str],
    dialect: str,
) -> None:
    """Write rows as CSV in a dialect, or as TSV, with the names of things beside their addresses."""
    from citygraph.csv_tables import CsvLayout, Dialect, with_names, write_table  # noqa: PLC0415
    from citygraph.results import write_answer  # noqa: PLC0415

    labels = _names((term for row in answer.rows for term in row), store, prefixes)
    named = with_names(answer, lambda iri: labels.describe(iri, language), prefixes=prefixes)
    if format_ is AnswerFormat.CSV:
        _write(write_table(named, CsvLayout(Dialect(dialect), language)))
    else:
        _write(write_answer(named, format=format_.value))


def refuse_dialect(dialect: str, *, is_csv: bool) -> None:
    """A layout of CSV is for CSV.

    Raises:
        QueryError: it is given with another format.
    """
    if dialect != "standard" and not is_csv:
        raise QueryError(sentence("cli.answer.dialect_of_csv"), fix=sentence("cli.answer.add_csv"))


def _refuse_wrong_kind(format_: AnswerFormat, *, is_graph: bool) -> None:
    """Tables cannot carry graphs, nor the other way round.

    Raises:
        QueryError: the format is for the other kind.
    """
    if is_graph == (format_ in {AnswerFormat.TTL, AnswerFormat.NT, AnswerFormat.JSONLD}):
        return
    key, fix = ("not_rows", "use_graph_format") if is_graph else ("not_graph", "use_row_format")
    raise QueryError(sentence(f"cli.answer.{key}", format=format_.value), fix=sentence(f"cli.answer.{fix}"))


def _yes_or_no(value: bool, language: str) -> str:  # noqa: FBT001  # it is what is said
    return phrase("yes_no.yes" if value else "yes_no.no", language)


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
    sys.stdout.buffer.flush()


def _names(terms: Iterable[Term | None], store: Store, prefixes: Mapping[str, str]) -> Labels:
    from citygraph.query import names_of  # noqa: PLC0415  # keeps `--help` fast

    return names_of(terms, store, prefixes=prefixes)


def print_rows(answer: Solutions, labels: Labels, *, language: str, numbered: int = 0) -> None:
    """A table for people: names instead of addresses, as wide as the terminal; numbered from `numbered` on, 0 for not."""
    from rich import box  # noqa: PLC0415  # Rich is needed for tables alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Cell  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in [*(["#"] if numbered else []), *answer.columns]:
        table.add_column(Cell(column_name(column, language)))
    for number, row in enumerate(answer.rows, numbered):
        cells = [*([f"[{number}]"] if numbered else []), *(_cell(term, labels, language) for term in row)]
        table.add_row(*map(Cell, cells))
    console.print(table)
    counted = phrase("answer.row" if len(answer) == 1 else "answer.rows", language, count=len(answer))
    console.print(Cell(counted, style="dim"))


def _cell(term: Term | None, labels: Labels, language: str) -> str:
    from citygraph.rdf import Literal  # noqa: PLC0415

    if isinstance(term, Literal) and term.datatype.value.endswith("#boolean"):
        return _yes_or_no(term.value in {"true", "1"}, language)
    words = labels.describe(term, language)
    return words[1:-1] if words.startswith("<") and words.endswith(">") else words


def print_sources(answered: Answered, *, language: str, strict: bool = False) -> None:
    """Below the tables: for each row whether it is stated, derived or last known, as of when, and where it was read."""
    if not answered.query.cite:
        print(phrase("answer.no_facts", language))
        return
    kinds = ["answer.stated" if each else "answer.derived" for each in answered.stated]
    others = () if strict else answered.last_known
    kinds += ["answer.of_last_known"] * len(others)
    found = [*answered.sources, *(each.sources for each in others)]
    for number, (citations, kind) in enumerate(zip(found, kinds, strict=True), 1):
        if not citations:
            print(f"[{number}] {phrase('answer.nothing_known', language)}")
            continue
        words = [phrase(kind, language)]
        days = {citation.as_of for citation in citations}
        if len(days) == 1 and "" not in days:
            words.append(phrase("answer.as_of", language, day=citations[0].as_of))
        print(f"[{number}] {', '.join(words)}")
        for line in dict.fromkeys(_line(citation, language, dated=len(days) > 1) for citation in citations):
            print(f"    {line}")


def _line(citation: Citation, language: str, *, dated: bool) -> str:
    """One source; `dated` with the day that it gives, where the sources of a row give different ones."""
    name = citation.title.in_language(language) or citation.document
    if citation.place:
        values = {"name": name, "place": citation.place.words, "passage": citation.passage}
        name = phrase("answer.passage" if citation.passage else "answer.place", language, **values)
    notes = [] if citation.is_exact else [citation.approximation_words.in_language(language)]
    if citation.modality not in {"", "stated"}:
        notes.append(citation.modality_words.in_language(language))
    if dated and citation.as_of:
        notes.append(phrase("answer.as_of", language, day=citation.as_of))
    if citation.of_thing:
        notes.append(text("interface.of_thing").in_language(language))
    return f"{name} ({', '.join(notes)})" if notes else name


def print_lists(answered: Answered, store: Store, *, language: str, prefixes: Mapping[str, str]) -> None:
    """How complete the lists are that the answer relies on; without a complete one, "no" cannot be said."""
    statements = answered.lists
    if not statements:
        print(phrase("answer.no_lists", language))
        return
    terms = [t for each in statements for t in (each.organization, each.kind, each.completeness, each.place, each.role)]
    labels = _names(terms, store, prefixes)
    print(phrase("answer.lists", language))
    for each in statements:
        parts = [each.organization, each.kind, each.place, each.role]
        names = ", ".join(labels.of(part, language) for part in parts if part is not None)
        values = {"names": names, "completeness": labels.of(each.completeness, language), "day": each.date}
        print(phrase("answer.list", language, **values))


def say_unknown(text: str, snapshot: Snapshot, project: Project, language: str) -> None:
    """Tell of the terms of a query that the graph does not have; a version without a directory is not looked at."""
    from citygraph.query import unknown_terms  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.store.directory import Directory  # noqa: PLC0415

    with suppress(SnapshotError):
        vocabulary = Directory(snapshot.folder, project.prefixes).vocabulary
        for unknown in unknown_terms(text, snapshot, prefixes=project.prefixes, vocabulary=vocabulary):
            say(said_in(unknown.words, language))


def federated_words(federated: Federated, language: str) -> str:
    """Which columns come from another server, from where, and when it said so; or why they are empty."""
    shown = (*federated.columns, *federated.computed) if federated.failure else federated.columns
    names = ", ".join(column_name(each, language) for each in shown)
    where = f"{federated.service} ({federated.address})"
    if federated.failure:
        return phrase("answer.from_nobody", language, where=where, names=names, failure=federated.failure)
    day = f", {federated.fetched.astimezone():%Y-%m-%d %H:%M}" if federated.fetched else ""
    words = phrase("answer.from", language, where=where, day=day, names=names)
    if federated.computed:
        both = ", ".join(column_name(each, language) for each in federated.computed)
        words += phrase("answer.computed", language, names=both)
    return words


def print_explanation(explanation: Explanation, *, format_: str, language: str) -> None:
    """Why a statement holds, or why it does not; the formats are those of `reason.proof.writers`."""
    from citygraph.reason.proof.explain import write_explanation  # noqa: PLC0415

    print(write_explanation(explanation, format=format_, language=language).rstrip("\n"))


_PAUSE: Final = 0.3
_SHOWN: Final = 12


def watch(project: Project, run: Callable[[Project], None], language: str) -> None:
    """Run once, then again after every change of a file, until Ctrl-C."""
    from citygraph.project import Project as Opened  # noqa: PLC0415

    seen = None
    while True:
        stamp = project.stamp()
        if stamp == seen:
            time.sleep(_PAUSE)
            continue
        seen = stamp
        started = time.perf_counter()
        try:
            # graph.toml may be what was saved.
            project = Opened.open(project.folder)
            run(project)
        except CitygraphError as error:
            print_error(error, language)
        say(phrase("watch.waiting", language, seconds=f"{time.perf_counter() - started:.2f}"))


def say_inferred(before: Iterable[Quad], after: Iterable[Quad], labels: Labels, language: str) -> None:
    """The statements that follow now and did not before, and the other way round."""
    old, new = {quad.triple for quad in before}, {quad.triple for quad in after}
    for sign, triples in (("+", new - old), ("-", old - new)):
        for triple in sorted(triples, key=str)[:_SHOWN]:
            words = [labels.describe(term, language) for term in (triple.subject, triple.predicate, triple.object)]
            say(f"  {sign} {' '.join(words)}")
        if len(triples) > _SHOWN:
            say(f"  {sign} … {phrase('watch.more', language, count=len(triples) - _SHOWN)}")
