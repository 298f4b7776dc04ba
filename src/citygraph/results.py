"""Answers: rows, yes or no, or a graph; written in the SPARQL result formats, and read back from JSON.

There is one layout for each format, whoever writes it: JSON is written byte for byte as the engine itself does, which
a worker leaves it to whenever it can. Long answers are written piece by piece: the first bytes leave before the last
row is found.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final, TypeAlias

from citygraph.jsonld import write_compacted
from citygraph.namespaces import PREFIXES, XSD_STRING
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple, refuse_not_xml, serialize
from citygraph.sorted_quads import SortedQuads

Row: TypeAlias = tuple[Term | None, ...]
JSON_END: Final = "]}}"
"""What stands behind the rows of an answer in JSON."""
_SRX: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>'
_ITS: Final = 'xmlns:its="http://www.w3.org/2005/11/its" its:version="2.0"'
_PIECE: Final = 32_000
"""Characters that wait before they are handed on."""
# A reader of XML turns CR into LF unless it is written as a reference (XML 1.0, 2.11), and in attributes, where none of
# ours has any, all of white space into blanks (3.3.3).
_XML_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
# What `json.dumps` does with one text, without the way there.
_quoted: Final = encode_basestring


@dataclass(frozen=True, slots=True)
class Solutions:
    """The rows of a SELECT: columns in the order of the query text, one term or nothing per cell."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Term]]:
        """Each row as a dictionary of the columns that are bound in it."""
        for row in self.rows:
            yield {column: term for column, term in zip(self.columns, row, strict=True) if term is not None}

    def project(self, columns: tuple[str, ...]) -> Solutions:
        """The same rows with these columns only, in this order."""
        places = [self.columns.index(column) for column in columns]
        if len(places) > 1:
            return Solutions(columns, tuple(map(itemgetter(*places), self.rows)))
        return Solutions(columns, tuple(tuple(row[place] for place in places) for row in self.rows))


@dataclass(frozen=True, slots=True)
class Truth:
    """The answer to an ASK."""

    value: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The triples of a CONSTRUCT or DESCRIBE, each once."""

    triples: tuple[Triple, ...]


Answer: TypeAlias = Solutions | Truth | Graph


def write_answer(answer: Answer, *, format: str, prefixes: Mapping[str, str] = PREFIXES) -> bytes:  # noqa: A002
    """The answer in `csv`, `tsv`, `json` or `xml`, or a graph in an RDF format; in JSON-LD it is compacted with the prefixes.

    Raises:
        ValueError: the format cannot carry this kind of answer, or a value in it.
    """
    match answer:
        case Graph() if format == "jsonld":
            file = io.BytesIO()
            write_compacted(SortedQuads(Quad(*triple) for triple in answer.triples), file, prefixes=prefixes)
            return file.getvalue()
        case Graph():
            return serialize(answer.triples, format=format)
        case Truth():
            return write_truth(value=answer.value, format=format)
        case Solutions():
            return b"".join(write_rows(answer.columns, answer.rows, format=format))


def write_truth(*, value: bool, format: str) -> bytes:  # noqa: A002
    """The answer to an ASK in `json` or `xml`.

    Raises:
        ValueError: the format cannot carry it.
    """
    word = str(value).lower()
    if format == "json":
        return f'{{"head":{{}},"boolean":{word}}}'.encode()
    if format == "xml":
        return f"{_SRX}</head><boolean>{word}</boolean></sparql>\n".encode()
    message = f"{format} cannot carry yes or no"
    raise ValueError(message)


def write_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[Term | None]],
    *,
    format: str,  # noqa: A002
) -> Iterator[bytes]:
    """The rows in `json`, `xml`, `csv` or `tsv`, piece by piece.

    Raises:
        ValueError: the format carries no rows, or a value cannot stand in it.
    """
    match format:
        case "json":
            texts = _json(columns, rows)
        case "xml":
            texts = _xml(columns, rows)
        case "tsv":
            texts = _tsv(columns, rows)
        case "csv":
            texts = _csv(columns, rows)
        case _:
            message = f"{format} cannot carry rows"
            raise ValueError(message)
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(waiting).encode()
            waiting.clear()
            size = 0
    yield "".join(waiting).encode()


# -- JSON -----------------------------------------------------------------------------------------------


def _json(columns: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> Iterator[str]:
    yield json_head(columns)
    starts = [f"{_quoted(column)}:" for column in columns]
    between = ""
    for row in rows:
        cells = [start + json_term(term) for start, term in zip(starts, row, strict=False) if term is not None]
        yield f"{between}{{{','.join(cells)}}}"
        between = ","
    yield JSON_END


def json_head(columns: Sequence[str]) -> str:
    """What stands before the rows; between two rows stands a comma and nothing else."""
    return f'{{"head":{{"vars":[{",".join(map(_quoted, columns))}]}},"results":{{"bindings":['


def with_key(start: bytes, key: str, value: object) -> bytes:
    """The start of an answer in JSON, or all of it, with a key more, which stands before the others.

    SPARQL 1.1 Query Results JSON names no other keys than `head`, `results` and `boolean`; most readers pass over what they
    do not know, some only before the rows, and some refuse it.
    """
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{{{_quoted(key)}:{said},".encode() + start.removeprefix(b"{")


def json_term(term: Term) -> str:
    """One value (SPARQL 1.1 Query Results JSON Format, 3.2.2); no two terms are written alike."""
    if type(term) is Iri:
        return f'{{"type":"uri","value":{_quoted(term.value)}}}'
    match term:
        case Iri():
            return f'{{"type":"uri","value":{_quoted(term.value)}}}'
        case Literal() if term.language:
            direction = f',"its:dir":"{term.direction}"' if term.direction is not None else ""
            return f'{{"type":"literal","value":{_quoted(term.value)},"xml:lang":"{term.language}"{direction}}}'
        case Literal() if term.datatype.value != XSD_STRING:
            return f'{{"type":"literal","value":{_quoted(term.value)},"datatype":{_quoted(term.datatype.value)}}}'
        case Literal():
            return f'{{"type":"literal","value":{_quoted(term.value)}}}'
        case BlankNode():
            return f'{{"type":"bnode","value":{_quoted(term.value)}}}'
        case Triple():
            return (
                f'{{"type":"triple","value":{{{",".join(f"{_quoted(n)}:{json_term(t)}" for n, t in _parts(term))}}}}}'
            )


def _parts(triple: Triple) -> tuple[tuple[str, Term], ...]:
    return (("subject", triple.subject), ("predicate", triple.predicate), ("object", triple.object))


class JsonRows:
    """Counts the rows of an answer in JSON while the engine writes it, whatever its values hold.

    Between rows stands `},{`, which strings may hold too; so what stands in strings is left out.
    """

    def __init__(self) -> None:
        """`between` counts the places between two rows; it is one less than the rows, and 0 without any."""
        self.between = 0
        self._is_outside = True
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """The next bytes of the answer."""
        data = self._rest + data
        # Cut where no escape and no `},{` is cut in two.
        cut = len(data.rstrip(b"\\},"))
        self._rest = data[cut:]
        parts = data[:cut].replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside = parts[0 if self._is_outside else 1 :: 2]
        self.between += b'"'.join(outside).count(b"},{")
        if len(parts) % 2 == 0:
            self._is_outside = not self._is_outside


def read_json_answer(body: bytes) -> Solutions | Truth:
    """Rows or a yes/no out of SPARQL 1.1 results in JSON, RDF 1.2 triple terms included.

    Raises:
        ValueError: it is not JSON.
        KeyError, TypeError: it is JSON of another kind.
    """
    document: dict[str, Any] = json.loads(body)
    if "boolean" in document:
        if not isinstance(document["boolean"], bool):
            message = "a truth value is true or false"
            raise TypeError(message)
        return Truth(document["boolean"])
    columns = tuple(str(each) for each in document["head"]["vars"])
    rows: list[Row] = [
        tuple(_term(binding[column]) if column in binding else None for column in columns)
        for binding in document["results"]["bindings"]
    ]
    return Solutions(columns, tuple(rows))


def _term(raw: Mapping[str, Any]) -> Term:
    kind, value = raw["type"], raw["value"]
    match kind:
        case "uri":
            return Iri(value)
        case "bnode":
            # Servers label blank nodes as they like; ours follow the grammar of N-Triples.
            return BlankNode("r" + "".join(letter if letter.isalnum() else "x" for letter in value))
        case "literal" | "typed-literal" if raw.get("xml:lang"):
            return Literal(value, language=raw["xml:lang"])
        case "literal" | "typed-literal" if raw.get("datatype"):
            return Literal(value, datatype=Iri(raw["datatype"]))
        case "literal" | "typed-literal":
            return Literal(value)
        case "triple":
            parts = [_term(value[part]) for part in ("subject", "predicate", "object")]
            return Triple(*parts)  # type: ignore[arg-type]  # the format allows only what a triple can hold
    message = f"an unknown kind of term: {kind!r}"
    raise ValueError(message)


# -- XML ------------------------------------------------------------------------------------------------


def _xml(columns: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> Iterator[str]:
    names = [f'"{_xml_text(column)}"' for column in columns]
    yield _SRX + "".join(f"<variable name={name}/>" for name in names) + "</head><results>"
    for number, row in enumerate(rows, start=1):
        cells = []
        for name, term in zip(names, row, strict=True):
            try:
                cells += [f"<binding name={name}>{_xml_term(term)}</binding>"] if term is not None else []
            except ValueError as error:
                message = f"row {number}, column {name}: {error}; ask for JSON"
                raise ValueError(message) from error
        yield f"\n<result>{''.join(cells)}</result>"
    yield "\n</results></sparql>\n"


def _xml_term(term: Term) -> str:
    match term:
        case Iri():
            return f"<uri>{_xml_text(term.value)}</uri>"
        case Literal() if term.language:
            direction = f' its:dir="{term.direction}" {_ITS}' if term.direction is not None else ""
            return f'<literal xml:lang="{term.language}"{direction}>{_xml_text(term.value)}</literal>'
        case Literal() if term.datatype.value != XSD_STRING:
            return f'<literal datatype="{_xml_text(term.datatype.value)}">{_xml_text(term.value)}</literal>'
        case Literal():
            return f"<literal>{_xml_text(term.value)}</literal>"
        case BlankNode():
            return f"<bnode>{term.value}</bnode>"
        case Triple():
            return f"<triple>{''.join(f'<{name}>{_xml_term(each)}</{name}>' for name, each in _parts(term))}</triple>"


def _xml_text(text: str) -> str:
    """For the content of an element, and for an attribute between double quotes."""
    refuse_not_xml(text)
    return text.translate(_XML_ESCAPES)


# -- CSV and TSV ----------------------------------------------------------------------------------------


def _tsv(columns: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> Iterator[str]:
    """SPARQL 1.1 Query Results TSV, section 4: terms in Turtle syntax; their tabs and newlines are escaped."""
    yield "\t".join("?" + column for column in columns) + "\n"
    for row in rows:
        yield "\t".join(["" if term is None else str(term) for term in row]) + "\n"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> Iterator[str]:
    """SPARQL 1.1 Query Results CSV, section 3: plain values, line ends CR LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([plain_text(term) for term in row])
        if text.tell() >= _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def plain_text(term: Term | None) -> str:
    """A value without its type or language; empty without one."""
    if term is None:
        return ""
    return term.value if isinstance(term, Iri | Literal) else str(term)
