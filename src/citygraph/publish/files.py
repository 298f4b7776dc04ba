"""The files of a published folder beside the graph: tables, answers, saved queries for others; each read back.

Tables are CSV, JSON, GeoJSON where there are coordinates, and a workbook. Saved queries are written as SIB examples
(<https://github.com/sib-swiss/sparql-examples>) and as grlc files.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from citygraph.csv_tables import sheet_columns, write_table
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple, canonical_hash, read_quads
from citygraph.results import Solutions, plain_text, with_key, write_answer
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sorted_quads import SortedQuads, distinct_triples, has_blank_node
from citygraph.sparql.text import Form

_LATITUDE: Final = frozenset({"latitude", "lat", "schema:latitude", "geo:lat"})
_LONGITUDE: Final = frozenset({"longitude", "long", "lon", "schema:longitude", "geo:long"})
_LONGEST_CELL: Final = 32_767
MOST_ROWS: Final = 1_048_575
"""Rows below the head of a sheet (Excel specifications and limits)."""
_MADE: Final = datetime(1980, 1, 1)  # noqa: DTZ001  # a workbook carries a time without zone; ours is always the same


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def class_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A class's CSV table in every format that fits, by the ending of the file."""
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    table = Table(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))
    yield "csv", data
    yield "json", _objects(table)
    yield from _on_a_map(table)
    yield from _workbook(table)


def answer_files(
    answer: Solutions, named: Solutions, name: Callable[[Iri], str], account: Mapping[str, object]
) -> Iterator[tuple[str, bytes]]:
    """The answer to a question in every format that fits, by the ending of the file.

    Args:
        answer: its rows.
        named: the same `with_names`, for those who read tables.
        name: what a thing is called, for the map.
        account: what the answer holds and leaves out (`query.Account.to_json`); empty for none.
    """

    def shown(term: Term | None) -> str:
        if isinstance(term, Iri):
            return name(term)
        return plain_text(term)

    yield "csv", write_table(named)
    body = write_answer(answer, format="json")
    yield "json", with_key(body, "account", account) if account else body
    yield from _on_a_map(Table(answer.columns, tuple(tuple(map(shown, row)) for row in answer.rows)))
    columns = sheet_columns(named, str)
    cells = (tuple(plain_text(row[place]) for _, place in columns) for row in named.rows)
    yield from _workbook(Table(tuple(heading for heading, _ in columns), tuple(cells)))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _on_a_map(table: Table) -> Iterator[tuple[str, bytes]]:
    """RFC 7946: a point for each row that has coordinates; the other columns are its properties."""
    north = _place(table.columns, _LATITUDE)
    east = _place(table.columns, _LONGITUDE)
    if north is None or east is None:
        return
    features = []
    for row in table.rows:
        latitude, longitude = _number(row[north]), _number(row[east])
        if latitude is None or longitude is None:
            continue
        properties = {
            column: cell
            for index, (column, cell) in enumerate(zip(table.columns, row, strict=True))
            if cell and index not in {north, east}
        }
        geometry = {"type": "Point", "coordinates": [longitude, latitude]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    if features:
        yield "geojson", _json({"type": "FeatureCollection", "features": features})


def _place(columns: Sequence[str], names: frozenset[str]) -> int | None:
    return next((index for index, column in enumerate(columns) if column in names), None)


def _workbook(table: Table) -> Iterator[tuple[str, bytes]]:
    """A sheet of texts; nothing in it is a formula. A table that no sheet can hold is no workbook."""
    if importlib.util.find_spec("xlsxwriter") is None or len(table.rows) > MOST_ROWS:
        return
    import xlsxwriter  # noqa: PLC0415  # an extra

    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": _MADE})
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet()
    for index, column in enumerate(table.columns):
        sheet.write_string(0, index, column, bold)
    for number, row in enumerate(table.rows, 1):
        for index, cell in enumerate(row):
            sheet.write_string(number, index, cell[:_LONGEST_CELL])
    sheet.freeze_panes(1, 0)
    book.close()
    yield "xlsx", file.getvalue()


def _objects(table: Table) -> bytes:
    """What `_json` makes of an object for each row without its empty cells, in a fifth of the time."""
    keys = [f"  {encode_basestring(column)}: " for column in table.columns]
    rows = (
        ",\n".join([key + encode_basestring(cell) for key, cell in zip(keys, row, strict=True) if cell])
        for row in table.rows
    )
    body = ",\n".join(f" {{\n{row}\n }}" if row else " {}" for row in rows)
    return (f"[\n{body}\n]\n" if body else "[]\n").encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


# -- saved queries for other programs --------------------------------------------------------------

_SH, _OWL = PREFIXES["sh"], PREFIXES["owl"]
_SPEX: Final = "https://purl.expasy.org/sparql-examples/ontology#"
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_PREFIXES_NODE: Final = "_:sparql_examples_prefixes"
_FORMS: Final = {
    Form.SELECT: (_SH + "SPARQLSelectExecutable", _SH + "select"),
    Form.ASK: (_SH + "SPARQLAskExecutable", _SH + "ask"),
    Form.CONSTRUCT: (_SH + "SPARQLConstructExecutable", _SH + "construct"),
    Form.DESCRIBE: (_SPEX + "SPARQLDescribeExecutable", _SPEX + "describe"),
}


def sib_prefixes(prefixes: Mapping[str, str]) -> str:
    """The shared file of the examples, which declares the prefixes; the blank node's label is part of the format."""
    declared = " ,\n".join(
        f'    [ sh:prefix "{prefix}" ; sh:namespace "{namespace}"^^xsd:anyURI ]'
        for prefix, namespace in sorted(prefixes.items())
    )
    return (
        f"@prefix owl: <{_OWL}> .\n@prefix sh: <{_SH}> .\n@prefix xsd: <{PREFIXES['xsd']}> .\n\n"
        f"{_PREFIXES_NODE} a owl:Ontology ;\n  owl:imports <{_SH}> ;\n  sh:declare\n{declared} .\n"
    )


def sib_example(query: SavedQuery, *, endpoint: str, defaults: Mapping[str, Term] | None = None) -> list[Triple]:
    """A question as an example of the SIB Swiss Institute of Bioinformatics, which SPARQL editors read.

    The format has no parameters: those with a value are written into the text as `BIND`. The comment is in English
    alone, because editors list a question once for each comment.
    """
    it = Iri(f"{endpoint}/.well-known/sparql-examples/{query.name}")
    class_, text = _FORMS[query.parsed.form]
    schema = PREFIXES["schema"]
    pairs: list[tuple[str, Term]] = [
        (_TYPE.value, Iri(_SH + "SPARQLExecutable")),
        (_TYPE.value, Iri(class_)),
        (PREFIXES["rdfs"] + "label", Literal(query.title.nb, language="nb")),
        (PREFIXES["rdfs"] + "label", Literal(query.title.en, language="en")),
        (PREFIXES["rdfs"] + "comment", Literal(query.question.en, language="en")),
        (_SH + "prefixes", BlankNode(_PREFIXES_NODE.removeprefix("_:"))),
        (text, Literal(_bound(_body(query), defaults or {}))),
        *((schema + "keywords", Literal(word)) for word in query.keywords),
        (schema + "target", Iri(endpoint)),
        *((_SPEX + "federatesWith", Iri(each)) for each in _asked_too(query)),
    ]
    return [Triple(it, Iri(predicate), value) for predicate, value in pairs]


def _asked_too(query: SavedQuery) -> tuple[str, ...]:
    """The address of the other server that the question asks, as its text names it."""
    if query.federates is None:
        return ()
    service = query.federates.service
    declared = re.search(rf"^\s*PREFIX\s+{re.escape(service)}:\s*<([^>]+)>", query.text, re.IGNORECASE | re.MULTILINE)
    return (declared[1] if declared else service,)


def sib_text(example: Iterable[Triple]) -> str:
    """An example as N-Triples, which is Turtle too and keeps the label of the node that all files share."""
    return "".join(f"{each.subject} {each.predicate} {each.object} .\n" for each in example)


def _body(query: SavedQuery) -> str:
    """The SPARQL without its header."""
    return "\n".join(line for line in query.text.splitlines() if not line.startswith("#+")).strip() + "\n"


def _bound(text: str, values: Mapping[str, Term]) -> str:
    """The query with each value bound at the beginning of its outermost pattern."""
    if not values:
        return text
    # The first brace outside of IRIs, texts and comments opens the pattern.
    for match in re.finditer(r'<[^<>\s]*>|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|\{', text):
        if match[0] == "{":
            rows = " ".join(str(value) for value in values.values())
            names = " ".join(f"?{name}" for name in values)
            return f"{text[: match.end()]}\n  VALUES ({names}) {{ ({rows}) }}{text[match.end() :]}"
    return text


def grlc_file(query: SavedQuery, *, endpoint: str) -> str:
    """A question with the decorations of grlc, its parameters renamed as grlc wants them.

    grlc pastes the values of parameters into the text, which we never do; the file says so.
    """
    names = {each.name: _grlc_name(each) for each in query.parameters}
    header: dict[str, Any] = {
        "summary": query.title.en,
        "description": query.question.en,
        "endpoint": endpoint,
        "method": "GET",
        "tags": list(query.keywords),
    }
    defaults = [{names[each.name][1:]: each.default} for each in query.parameters if each.default is not None]
    choices = [{names[each.name][1:]: list(each.choices)} for each in query.parameters if each.choices]
    header |= {key: value for key, value in (("defaults", defaults), ("enumerate", choices)) if value}
    lines = [
        f"#+ {line}" for line in yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=10_000).splitlines()
    ]
    if names:
        lines.append("# grlc pastes the values into this text: let it answer trusted people only.")
    return "\n".join(lines) + "\n" + _renamed(_body(query), names)


def _grlc_name(parameter: Parameter) -> str:
    marks = "_" if parameter.required and parameter.default is None else "__"
    kind = {"entity": "_iri", "integer": "_integer", "date": "_xsd_date"}.get(parameter.type, "")
    return f"?{marks}{parameter.name}{kind}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The query with its variables renamed token by token: not in IRIs, texts or comments."""

    def one(match: re.Match[str]) -> str:
        return names.get(match["name"] or "", match[0])

    tokens = r'<[^<>\s]*>|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|[?$](?P<name>\w+)'
    return re.sub(tokens, one, text)


# -- read back -------------------------------------------------------------------------------------

_WITH_GRAPHS: Final = frozenset({"nq", "trig"})

_Statement: TypeAlias = Triple | Quad


def reads_back(quads: SortedQuads, path: Path, format_: str) -> bool:
    """Whether the file is the graph that was written, lexical forms and all.

    Statements without blank nodes are compared as they come, subject by subject; only those with blank nodes are kept
    until the end, and must be isomorphic. Two graphs are the same exactly when both are: a renaming of blank nodes
    leaves every other statement as it is.
    """
    try:
        return _Comparison(quads, path, format_).holds()
    except ValueError:
        return False


class _Comparison:
    def __init__(self, quads: SortedQuads, path: Path, format_: str) -> None:
        self._quads, self._path, self._format = quads, path, format_
        self._wanted_blank: set[_Statement] = set()
        self._found_blank: set[_Statement] = set()

    def holds(self) -> bool:
        found = self._found()
        for group in self._wanted():
            some = list(islice(found, len(group)))
            # Turtle puts types and labels first.
            if some != group and set(some) != set(group):
                return self._holds_in_any_order()
        return next(found, None) is None and self._blank_holds()

    def _holds_in_any_order(self) -> bool:
        """The slow way, for a writer with an order of its own and for a file that lost something."""
        self._found_blank = set()
        wanted = {each for group in self._wanted() for each in group}
        return wanted == set(self._found()) and self._blank_holds()

    def _blank_holds(self) -> bool:
        wanted, found = self._wanted_blank, self._found_blank
        return wanted == found or (len(wanted) == len(found) and _hash(wanted) == _hash(found))

    def _wanted(self) -> Iterator[list[_Statement]]:
        graphs = self._quads.by_graph() if self._format == "trig" else [self._quads]
        for graph in graphs:
            for group, is_blank in zip(graph.groups(), graph.with_blank_nodes(), strict=True):
                statements: list[_Statement]
                statements = [*group] if self._format in _WITH_GRAPHS else [*distinct_triples(group)]
                if is_blank:
                    self._wanted_blank.update(filter(has_blank_node, statements))
                    statements = [each for each in statements if not has_blank_node(each)]
                yield statements

    def _found(self) -> Iterator[_Statement]:
        quads = read_quads(self._path, format=self._format)
        # What stands in a named graph is not in the graph that a reader of JSON-LD gets.
        is_kept = self._format in _WITH_GRAPHS
        found = (quad if is_kept or isinstance(quad.graph_name, Iri) else quad.triple for quad in quads)
        if not any(self._quads.with_blank_nodes()):
            yield from found
            return
        for each in found:
            if has_blank_node(each):
                self._found_blank.add(each)
            else:
                yield each


def _hash(statements: Iterable[_Statement]) -> str:
    return canonical_hash(
        each if isinstance(each, Quad) else Quad(each.subject, each.predicate, each.object) for each in statements
    )
