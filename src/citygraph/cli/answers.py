"""Answers on stdout: a table for people on a terminal, the standard formats for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from citygraph.errors import QueryError
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.labels import Labels
    from citygraph.query import Answered, Citation
    from citygraph.query.federate import Federated
    from citygraph.rdf import Term
    from citygraph.reason.proof.words import Explanation
    from citygraph.results import Answer, Row, Solutions
    from citygraph.store import Store

__all__ = [
    "AnswerFormat",
    "column_name",
    "federated_words",
    "print_answer",
    "print_explanation",
    "print_lists",
    "print_rows",
    "print_sources",
    "with_sources",
]

_SOURCE_COLUMNS = ("sources", "stated")


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
    numbered: bool = False,
) -> None:
    """Write an answer to stdout.

    Raises:
        QueryError: the format cannot carry this kind of answer.
    """
    from citygraph.results import Graph, Solutions, Truth, write_answer  # noqa: PLC0415

    if format_ is AnswerFormat.TABLE:
        match answer:
            case Solutions():
                print_rows(
                    answer,
                    _names((term for row in answer.rows for term in row), store, prefixes),
                    language=language,
                    numbered=numbered,
                )
            case Truth():
                print(Text(*(("ja", "yes") if answer.value else ("nei", "no"))).in_language(language))
            case Graph():
                from citygraph.export import export_bytes  # noqa: PLC0415
                from citygraph.rdf import Quad  # noqa: PLC0415

                quads = (Quad(t.subject, t.predicate, t.object) for t in answer.triples)
                _write(export_bytes(quads, format="ttl", prefixes=prefixes))
        return
    graph = format_ in {AnswerFormat.TTL, AnswerFormat.NT, AnswerFormat.JSONLD}
    if graph != isinstance(answer, Graph):
        kind = "a graph" if isinstance(answer, Graph) else "rows"
        fix = "Use ttl, nt or jsonld." if isinstance(answer, Graph) else "Use table, csv, tsv, json or xml."
        message = f"The answer is {kind}, which the format {format_.value} cannot carry."
        raise QueryError(message, fix=fix)
    try:
        _write(write_answer(answer, format=format_.value))
    except ValueError as error:
        message = f"The format {format_.value} cannot carry this answer."
        raise QueryError(message, fix="Use table, json or xml.") from error


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
    sys.stdout.buffer.flush()


def _names(terms: Iterable[Term | None], store: Store, prefixes: Mapping[str, str]) -> Labels:
    from citygraph.query import names_of  # noqa: PLC0415  # keeps `--help` fast

    return names_of(terms, store, prefixes=prefixes)


def print_rows(answer: Solutions, labels: Labels, *, language: str, numbered: bool = False) -> None:
    """A table for people: names instead of addresses, as wide as the terminal; numbered when sources follow."""
    from rich import box  # noqa: PLC0415  # Rich is needed for tables alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Cell  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in [*(["#"] if numbered else []), *answer.columns]:
        table.add_column(Cell(column_name(column, language)))
    for number, row in enumerate(answer.rows, 1):
        cells = [*([f"[{number}]"] if numbered else []), *(_cell(term, labels, language) for term in row)]
        table.add_row(*map(Cell, cells))
    console.print(table)
    rows = len(answer)
    words = Text(f"{rows} {'rad' if rows == 1 else 'rader'}", f"{rows} {'row' if rows == 1 else 'rows'}")
    console.print(Cell(f"({words.in_language(language)})", style="dim"))


def _cell(term: Term | None, labels: Labels, language: str) -> str:
    from citygraph.rdf import Literal  # noqa: PLC0415

    if isinstance(term, Literal) and term.datatype.value.endswith("#boolean"):
        return Text(*(("ja", "yes") if term.value in {"true", "1"} else ("nei", "no"))).in_language(language)
    words = labels.describe(term, language)
    return words[1:-1] if words.startswith("<") and words.endswith(">") else words


def print_sources(answered: Answered, *, language: str) -> None:
    """Below the table: for each row whether it is stated or derived, as of when, and where it was read."""
    if not answered.query.cite:
        print(
            Text("Dette spørsmålet viser ikke til enkeltfakta.", "This question cites no single facts.").in_language(
                language
            )
        )
        return
    for number, (citations, stated) in enumerate(zip(answered.sources, answered.stated, strict=True), 1):
        if not citations:
            print(f"[{number}] {Text('ingenting er kjent', 'nothing is known').in_language(language)}")
            continue
        words = [Text(*(("oppgitt", "stated") if stated else ("utledet", "derived"))).in_language(language)]
        dates = sorted({citation.as_of for citation in citations if citation.as_of})
        if dates:
            words.append(f"{Text('per', 'as of').in_language(language)} {', '.join(dates)}")
        print(f"[{number}] {', '.join(words)}")
        for line in dict.fromkeys(_line(citation, language) for citation in citations):
            print(f"    {line}")


def _line(citation: Citation, language: str) -> str:
    name = citation.title.in_language(language) or citation.document
    if citation.start >= 0:
        characters = Text("tegn", "characters").in_language(language)
        name += f", {characters} {citation.start}-{citation.end}: {citation.passage.in_language(language)}"
    notes = [] if citation.is_exact else [citation.approximation_words.in_language(language)]
    if citation.modality not in {"", "stated"}:
        notes.append(citation.modality_words.in_language(language))
    return f"{name} ({', '.join(notes)})" if notes else name


def print_lists(answered: Answered, store: Store, *, language: str, prefixes: Mapping[str, str]) -> None:
    """How complete the lists are that the answer relies on; without a complete one, "no" cannot be said."""
    statements = answered.lists
    if not statements:
        none = Text(
            "Ingen har sagt hvor fullstendig listen bak svaret er: det som ikke står her, er ukjent.",
            "Nobody has said how complete the list behind this answer is: what is not here is unknown.",
        )
        print(none.in_language(language))
        return
    terms = [t for each in statements for t in (each.organization, each.kind, each.completeness, each.place, each.role)]
    labels = _names(terms, store, prefixes)
    print(Text("Svaret bygger på disse listene:", "This answer relies on these lists:").in_language(language))
    for each in statements:
        parts = [each.organization, each.kind, each.place, each.role]
        names = ", ".join(labels.of(part, language) for part in parts if part is not None)
        day = Text("per", "as of").in_language(language)
        print(f"    {names}: {labels.of(each.completeness, language)} ({day} {each.date})")


def federated_words(federated: Federated, language: str) -> str:
    """Which columns come from another server, from where, and when it said so; or why they are empty."""
    shown = (*federated.columns, *federated.computed) if federated.failure else federated.columns
    names = ", ".join(column_name(each, language) for each in shown)
    where = f"{federated.service} ({federated.address})"
    if federated.failure:
        empty = Text(
            f"Fra {where}: ingenting. Tomt er: {names}. {federated.failure}",
            f"From {where}: nothing. Empty are: {names}. {federated.failure}",
        )
        return empty.in_language(language)
    day = f", {federated.fetched.astimezone():%Y-%m-%d %H:%M}" if federated.fetched else ""
    words = Text(f"Fra {where}{day}: {names}.", f"From {where}{day}: {names}.").in_language(language)
    if federated.computed:
        both = ", ".join(column_name(each, language) for each in federated.computed)
        words += Text(f" Regnet ut med det: {both}.", f" Worked out with it: {both}.").in_language(language)
    return words


def with_sources(answered: Answered, solutions: Solutions) -> Solutions:
    """The rows with two more columns: the addresses of their sources, and stated or derived."""
    from citygraph.rdf import Literal  # noqa: PLC0415
    from citygraph.results import Solutions as Rows  # noqa: PLC0415

    rows: list[Row] = []
    for row, citations, stated in zip(solutions.rows, answered.sources, answered.stated, strict=True):
        addresses = dict.fromkeys(
            f"{c.document}#char={c.start},{c.end}" if c.start >= 0 else c.document for c in citations
        )
        rows.append((*row, Literal(" ".join(addresses)), Literal("stated" if stated else "derived")))
    return Rows((*solutions.columns, *_SOURCE_COLUMNS), tuple(rows))


def print_explanation(explanation: Explanation, *, format_: str, language: str) -> None:
    """Why a statement holds, or why it does not; the formats are those of `reason.proof.writers`."""
    from citygraph.reason.proof.writers import write_explanation  # noqa: PLC0415

    print(write_explanation(explanation, format=format_, language=language).rstrip("\n"))
