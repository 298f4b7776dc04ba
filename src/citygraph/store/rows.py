"""Rows in the SPARQL result formats, piece by piece: the first bytes leave before the last row is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple
from citygraph.store.rdf_xml import refuse_not_xml

__all__ = ["JSON_END", "JsonRows", "json_head", "json_term", "write_rows", "write_truth"]

_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_SRX: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>'
JSON_END: Final = "\n]}}\n"
"""What stands behind the rows of an answer in JSON."""
_PIECE: Final = 32_000
# What `json.dumps` does with one text, without the way there.
_quoted: Final = encode_basestring

Row = Sequence[Term | None]


class JsonRows:
    """Counts the rows of an answer in JSON while the engine writes it, whatever its values hold.

    Between rows stands `},{`, which strings may hold too; so what stands in strings is left out.
    """

    def __init__(self) -> None:
        """Nothing was written yet."""
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


def write_truth(*, value: bool, format: str) -> bytes:  # noqa: A002
    """The answer to an ASK in `json` or `xml`.

    Raises:
        ValueError: the format cannot carry it.
    """
    word = str(value).lower()
    if format == "json":
        return f'{{"head":{{}},"boolean":{word}}}\n'.encode()
    if format == "xml":
        return f"{_SRX}</head><boolean>{word}</boolean></sparql>\n".encode()
    message = f"{format} cannot carry yes or no"
    raise ValueError(message)


def write_rows(columns: Sequence[str], rows: Iterable[Row], *, format: str) -> Iterator[bytes]:  # noqa: A002
    """The rows in `json`, `xml`, `csv` or `tsv`.

    Raises:
        ValueError: a value cannot stand in this format.
    """
    match format:
        case "json":
            texts = _json(columns, rows)
        case "xml":
            texts = _xml(columns, rows)
        case "tsv":
            texts = _tsv(columns, rows)
        case _:
            texts = _csv(columns, rows)
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


def _json(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    yield json_head(columns)
    starts = [f"{_quoted(column)}:" for column in columns]
    between = "\n"
    for row in rows:
        cells = [start + json_term(term) for start, term in zip(starts, row, strict=False) if term is not None]
        yield f"{between}{{{','.join(cells)}}}"
        between = ",\n"
    yield JSON_END


def json_head(columns: Sequence[str]) -> str:
    """What stands before the rows."""
    return f'{{"head":{{"vars":[{",".join(map(_quoted, columns))}]}},"results":{{"bindings":['


def json_term(term: Term) -> str:
    """One value (SPARQL 1.1 Query Results JSON Format, 3.2.2); no two terms are written alike."""
    if type(term) is Iri:
        return f'{{"type":"uri","value":{_quoted(term.value)}}}'
    match term:
        case Iri():
            return f'{{"type":"uri","value":{_quoted(term.value)}}}'
        case Literal() if term.language:
            return f'{{"type":"literal","value":{_quoted(term.value)},"xml:lang":"{term.language}"}}'
        case Literal() if term.datatype.value != _XSD_STRING:
            return f'{{"type":"literal","value":{_quoted(term.value)},"datatype":{_quoted(term.datatype.value)}}}'
        case Literal():
            return f'{{"type":"literal","value":{_quoted(term.value)}}}'
        case BlankNode():
            return f'{{"type":"bnode","value":{_quoted(term.value)}}}'
        case Triple():
            parts = (("subject", term.subject), ("predicate", term.predicate), ("object", term.object))
            return f'{{"type":"triple","value":{{{",".join(f"{_quoted(n)}:{json_term(t)}" for n, t in parts)}}}}}'


def _xml(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    names = [quoteattr(column) for column in columns]
    yield _SRX + "".join(f"<variable name={name}/>" for name in names) + "</head><results>"
    for row in rows:
        cells = [
            f"<binding name={name}>{_xml_term(term)}</binding>"
            for name, term in zip(names, row, strict=True)
            if term is not None
        ]
        yield f"\n<result>{''.join(cells)}</result>"
    yield "\n</results></sparql>\n"


def _xml_term(term: Term) -> str:
    match term:
        case Iri():
            return f"<uri>{_xml_text(term.value)}</uri>"
        case Literal() if term.language:
            return f"<literal xml:lang={quoteattr(term.language)}>{_xml_text(term.value)}</literal>"
        case Literal() if term.datatype.value != _XSD_STRING:
            return f"<literal datatype={quoteattr(term.datatype.value)}>{_xml_text(term.value)}</literal>"
        case Literal():
            return f"<literal>{_xml_text(term.value)}</literal>"
        case BlankNode():
            return f"<bnode>{term.value}</bnode>"
        case Triple():
            parts = (("subject", term.subject), ("predicate", term.predicate), ("object", term.object))
            return f"<triple>{''.join(f'<{name}>{_xml_term(each)}</{name}>' for name, each in parts)}</triple>"


def _xml_text(text: str) -> str:
    refuse_not_xml(text)
    # A reader of XML turns CR into LF unless it is written as a reference (XML 1.0, 2.11).
    return escape(text, {"\r": "&#13;"})


def _tsv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    yield "\t".join("?" + column for column in columns) + "\n"
    for row in rows:
        yield "\t".join(["" if term is None else str(term) for term in row]) + "\n"


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if term is None else _plain(term) for term in row])
        if text.tell() >= _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _plain(term: Term) -> str:
    return term.value if isinstance(term, Iri | Literal) else str(term)
