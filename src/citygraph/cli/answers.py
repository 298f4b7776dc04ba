"""Answers on stdout: a table for people on a terminal, the standard formats for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from citygraph.errors import QueryError
from citygraph.language import Text

if TYPE_CHECKING:
    from citygraph.labels import Labels
    from citygraph.query import Answered, Citation
    from citygraph.rdf import Term
    from citygraph.results import Answer, Row, Solutions
    from citygraph.store import Store

__all__ = ["AnswerFormat", "print_answer", "print_lists", "print_rows", "print_sources", "with_sources"]

_SOURCE_COLUMNS = ("sources", "stated")


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
                    _labels((term for row in answer.rows for term in row), store, prefixes),
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
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _labels(terms: Iterable[Term | None], store: Store, prefixes: Mapping[str, str]) -> Labels:
    """The labels of these things."""
    from citygraph.labels import LABEL_PROPERTIES, Labels  # noqa: PLC0415
    from citygraph.rdf import Iri, Triple  # noqa: PLC0415
    from citygraph.results import Solutions  # noqa: PLC0415

    triples = []
    for thing in dict.fromkeys(term for term in terms if isinstance(term, Iri)):
        found = store.query("SELECT ?thing ?property ?label WHERE { ?thing ?property ?label }", bind={"thing": thing})
        if isinstance(found, Solutions):
            triples += [
                Triple(thing, row["property"], row["label"])  # type: ignore[arg-type]
                for row in found
                if str(row["property"])[1:-1] in LABEL_PROPERTIES
            ]
    return Labels(triples, prefixes=prefixes)


def print_rows(answer: Solutions, labels: Labels, *, language: str, numbered: bool = False) -> None:
    """A table for people: names instead of addresses, as wide as the terminal; numbered when sources follow."""
    from rich import box  # noqa: PLC0415  # Rich is needed for tables alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Cell  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in [*(["#"] if numbered else []), *answer.columns]:
        table.add_column(Cell(column.replace("_", " ")))
    for number, row in enumerate(answer.rows, 1):
        cells = [*([f"[{number}]"] if numbered else []), *(_cell(term, labels, language) for term in row)]
        table.add_row(*map(Cell, cells))
    console.print(table)
    rows = len(answer)
    words = Text(f"{rows} {'rad' if rows == 1 else 'rader'}", f"{rows} {'row' if rows == 1 else 'rows'}")
    console.print(Cell(f"({words.in_language(language)})", style="dim"))


def _cell(term: object, labels: Labels, language: str) -> str:
    return "" if term is None else labels.describe(term, language)  # type: ignore[arg-type]


def print_sources(answered: Answered, *, language: str) -> None:
    """Below the table: for each row whether it is stated or derived, as of when, and where it was read."""
    for number, (citations, stated) in enumerate(zip(answered.sources, answered.stated, strict=True), 1):
        words = [Text(*(("oppgitt", "stated") if stated else ("utledet", "derived"))).in_language(language)]
        dates = sorted({citation.as_of for citation in citations if citation.as_of})
        if dates:
            words.append(f"{Text('per', 'as of').in_language(language)} {', '.join(dates)}")
        print(f"[{number}] {', '.join(words)}")
        lines = [_line(citation, language) for citation in citations]
        for line in dict.fromkeys(lines) or [Text("ingen kilde", "no source").in_language(language)]:
            print(f"    {line}")


def _line(citation: Citation, language: str) -> str:
    name = citation.title.in_language(language) or citation.document
    if citation.start >= 0:
        characters = Text("tegn", "characters").in_language(language)
        name += f", {characters} {citation.start}-{citation.end}: {citation.passage.in_language(language)}"
    notes = []
    if not citation.is_exact:
        words = _approximations().get(citation.approximation, Text.of(citation.approximation))
        notes.append(words.in_language(language))
    if citation.modality not in {"", "stated"}:
        notes.append(_modalities().get(citation.modality, Text.of(citation.modality)).in_language(language))
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
    labels = _labels(terms, store, prefixes)
    print(Text("Svaret bygger på disse listene:", "This answer relies on these lists:").in_language(language))
    for each in statements:
        parts = [each.organization, each.kind, each.place, each.role]
        names = ", ".join(labels.of(part, language) for part in parts if part is not None)
        day = Text("per", "as of").in_language(language)
        print(f"    {names}: {labels.of(each.completeness, language)} ({day} {each.date})")


def _approximations() -> Mapping[str, Text]:
    return {
        "about": Text("omtrent", "about"),
        "nearly": Text("nær", "nearly"),
        "at-least": Text("minst", "at least"),
        "more-than": Text("over", "more than"),
        "at-most": Text("høyst", "at most"),
    }


def _modalities() -> Mapping[str, Text]:
    return {
        "implied": Text("underforstått", "implied"),
        "wish": Text("et ønske", "a wish"),
        "assessment": Text("en vurdering", "an assessment"),
        "rule": Text("en regel", "a rule"),
        "first": Text("påstand om å være først", "a claim to be first"),
    }


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
