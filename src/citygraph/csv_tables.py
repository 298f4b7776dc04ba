"""CSV tables that people open: names beside addresses, no formulas, the layout of their spreadsheet; and what the columns are.

The metadata of a table are CSV on the Web (W3C): a program that has the two files knows what each column means.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from citygraph.labels import column_words
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import PREFIXES, XSD_STRING, compress
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions, plain_text

_PLAIN_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# The wide forms are formulas to programs of East Asia.
_STARTS_FORMULA: Final = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NAME_ENDING: Final = "_label"
"""How the column ends that has the names of the things in the column before it."""
ADDRESS: Final = " (IRI)"
"""How the heading ends, in a workbook, of the addresses behind the names."""
_BOM: Final = "\ufeff"
_XSD: Final = PREFIXES["xsd"]
_FRACTIONS: Final = frozenset(_XSD + name for name in ("decimal", "double", "float"))
_FRACTION: Final = re.compile(r"([+-]?\d*)\.(\d+)", re.ASCII)


class Dialect(StrEnum):
    """How a CSV table is laid out: as RFC 4180 says, or as Excel opens it in the reader's language."""

    STANDARD = "standard"
    EXCEL = "excel"


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """A dialect, and the language of the reader.

    Excel takes UTF-8 for what it is when a byte-order mark stands first. In Norwegian it cuts cells at the semicolon and
    reads numbers with a comma.
    """

    dialect: Dialect = Dialect.STANDARD
    language: str = "en"

    @property
    def mark(self) -> str:
        """What stands at the beginning of the file."""
        return _BOM if self.dialect is Dialect.EXCEL else ""

    @property
    def delimiter(self) -> str:
        """What stands between two cells."""
        return ";" if self.dialect is Dialect.EXCEL and self.language == "nb" else ","

    def cell(self, term: Term | None, words: str) -> str:
        """The words of a term, the fraction of a number behind the mark that its reader uses."""
        if self.delimiter == "," or not isinstance(term, Literal) or term.datatype.value not in _FRACTIONS:
            return words
        return _FRACTION.sub(r"\1,\2", words) if _FRACTION.fullmatch(words) else words


STANDARD: Final = CsvLayout()


def with_names(answer: Solutions, name: Callable[[Iri], str], *, prefixes: Mapping[str, str] = PREFIXES) -> Solutions:
    """The rows, and behind each column of things one with their names, `member_label` behind `member`.

    A column in which nothing has a name stays alone: addresses of pages. So does one whose names the question gives itself.

    Args:
        answer: the rows; whatever else is said of each, as where it was read, stands in columns of it.
        name: what a thing is called in the language that was asked for, or its CURIE.
        prefixes: for CURIEs, which are no names.
    """
    names: dict[str, list[Literal | None]] = {}
    known: dict[Iri, Literal | None] = {}
    for place, column in enumerate(answer.columns):
        if column + NAME_ENDING in answer.columns:
            continue
        things = [row[place] if isinstance(row[place], Iri) else None for row in answer.rows]
        for thing in set(things) - known.keys():
            if isinstance(thing, Iri):
                words = name(thing)
                known[thing] = Literal(words) if words and words != compress(thing.value, prefixes) else None
        found = [known[thing] if isinstance(thing, Iri) else None for thing in things]
        if any(found):
            names[column] = found
    columns = [each for column in answer.columns for each in (column, column + NAME_ENDING)[: 1 + (column in names)]]
    rows = [
        tuple(
            each
            for column, term in zip(answer.columns, row, strict=True)
            for each in ((term, names[column][number]) if column in names else (term,))
        )
        for number, row in enumerate(answer.rows)
    ]
    return Solutions(tuple(columns), tuple(rows))


def sheet_columns(named: Solutions, title: Callable[[str], str]) -> list[tuple[str, int]]:
    """The headings of a workbook, each with the place of its column: names first, and the address behind the name.

    Args:
        named: rows `with_names`.
        title: what a column of the question is called.
    """
    headings: list[tuple[str, int]] = []
    for place, column in enumerate(named.columns):
        if column + NAME_ENDING in named.columns:
            names = named.columns.index(column + NAME_ENDING)
            headings += [(title(column), names), (title(column) + ADDRESS, place)]
        elif not _is_of_names(named, column):
            headings.append((title(column), place))
    return headings


def _is_of_names(named: Solutions, column: str) -> bool:
    return column.endswith(NAME_ENDING) and column.removesuffix(NAME_ENDING) in named.columns


def write_table(answer: Solutions, layout: CsvLayout = STANDARD) -> bytes:
    """The rows as CSV that a person opens in a spreadsheet: no cell is a formula."""
    cells = ([layout.cell(term, plain_text(term)) for term in row] for row in answer.rows)
    return write_cells([answer.columns, *cells], layout)


def write_cells(rows: Iterable[Sequence[str]], layout: CsvLayout = STANDARD) -> bytes:
    """Rows of texts as CSV, line ends CR LF, each cell `defused`; the names of the columns are the first row."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n", delimiter=layout.delimiter)
    writer.writerows(map(defused, row) for row in rows)
    return f"{layout.mark}{file.getvalue()}".encode()


def defused(cell: str) -> str:
    r"""A cell for a person's spreadsheet, which shows it and does not run it (OWASP, CSV injection).

    What begins like a formula, also behind space and empty lines, gets an apostrophe in front. A plain number
    stays one. Answers for programs are written as they are: SPARQL 1.1 Query Results CSV knows no such marks.

    >>> defused("=1+1"), defused("\n=1"), defused("-3.5"), defused("-2+3")
    ("'=1+1", "'\n=1", '-3.5', "'-2+3")
    """
    return f"'{cell}" if _STARTS_FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell


# -- what the columns are (CSV on the Web) ----------------------------------------------------------------

METADATA_ENDING: Final = "-metadata.json"
"""What stands behind the name of a table in the name of its metadata (Model for Tabular Data, 5.3)."""
_CSVW_TYPES: Final = frozenset({
    "anyURI", "boolean", "date", "dateTime", "decimal", "double", "duration", "float", "gYear", "gYearMonth", "integer",
    "nonNegativeInteger", "positiveInteger",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its heading, what people call it, and what stands in it.

    `datatype` is a name of XSD, `language` that of the texts, `property` the IRI of what its cells say of the thing, and
    `separator` what stands between several values of one cell.
    """

    heading: str
    title: Text
    datatype: str = "string"
    language: str = ""
    property: str = ""
    separator: str = ""


_NOTHING: Final = Text()


@dataclass(frozen=True, slots=True)
class TableAbout:
    """What a table is, for those who have nothing but the file.

    `day` is the day that it holds for. `account` says how many rows hold, are last known, ended (`query.Account.words`).
    """

    title: Text
    description: Text = _NOTHING
    licence: str = ""
    day: str = ""
    source: str = ""
    account: Text = _NOTHING


def columns_of(answer: Solutions, language: str) -> list[TableColumn]:
    """What stands in each column of an answer, that of names included.

    Args:
        answer: the rows as they are written.
        language: that of the names.
    """
    return [_answer_column(answer, place, language) for place in range(len(answer.columns))]


def _answer_column(answer: Solutions, place: int, language: str) -> TableColumn:
    name = answer.columns[place]
    if _is_of_names(answer, name):
        title = text("publish.table.name_of").filled(column=_title(name.removesuffix(NAME_ENDING)))
        return TableColumn(name, title, language=language)
    terms = [row[place] for row in answer.rows if row[place] is not None]
    kinds = {_XSD + "anyURI" if isinstance(term, Iri) else _kind(term) for term in terms}
    kind = kinds.pop().removeprefix(_XSD) if len(kinds) == 1 else "string"
    return TableColumn(name, _title(name), kind if kind in _CSVW_TYPES else "string")


def _kind(term: Term | None) -> str:
    """The datatype of a cell that is written as it is."""
    is_plain = isinstance(term, Literal) and defused(term.value) == term.value
    return term.datatype.value if isinstance(term, Literal) and is_plain else XSD_STRING


def _title(column: str) -> Text:
    words = column_words().get(column)
    return words or Text.of(column.replace("_", " "))


def describe_table(file: str, columns: Sequence[TableColumn], about: TableAbout) -> bytes:
    """The metadata of a CSV table in the standard layout, which lie beside it under its name and `METADATA_ENDING`.

    Args:
        file: the name of the table's file.
        columns: what its columns are, in order.
        about: what it is.
    """
    said: dict[str, object] = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": file,
        "dc:title": _said(about.title),
        "dc:description": _said(about.description),
        "dc:license": {"@id": about.licence} if about.licence else None,
        "dc:source": {"@id": about.source} if about.source else None,
        "dc:temporal": {"@value": about.day, "@type": "xsd:date"} if about.day else None,
        "rdfs:comment": _said(about.account),
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True},
        "tableSchema": {"columns": _columns_metadata(columns)},
    }
    kept = {key: value for key, value in said.items() if value}
    return (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode()


def _columns_metadata(columns: Sequence[TableColumn]) -> list[dict[str, object]]:
    """What is said of each column; no two have one name (Metadata Vocabulary for Tabular Data, 5.6)."""
    said: list[dict[str, object]] = []
    names: set[str] = set()
    for number, column in enumerate(columns, 1):
        name = re.sub(r"[^A-Za-z0-9_.]", "_", column.heading)
        # A name begins with no underscore.
        name = name if name[:1].isalnum() and name not in names else f"column_{number}"
        names.add(name)
        of_column: dict[str, object] = {
            "name": name,
            "titles": column.heading,
            "dc:title": _said(column.title),
            "datatype": column.datatype,
            "lang": column.language,
            "propertyUrl": column.property,
            "separator": column.separator,
        }
        said.append({key: value for key, value in of_column.items() if value})
    return said


def _said(words: Text) -> object:
    """A text in each of its languages; one that is the same in all, without a language (5.8)."""
    told = {language: words.in_language(language) for language in LANGUAGES}
    if len(set(told.values())) == 1:
        return words.en
    return [{"@value": each, "@language": language} for language, each in told.items()]
