"""Answers: rows, yes or no, or a graph; written in the SPARQL result formats."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.etree import ElementTree as ET

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, serialize

__all__ = ["Answer", "Graph", "Row", "Solutions", "Truth", "write_answer"]

Row: TypeAlias = tuple[Term | None, ...]
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_SRX: Final = "http://www.w3.org/2005/sparql-results#"
_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"


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


def write_answer(answer: Answer, *, format: str) -> bytes:  # noqa: A002
    """The answer in `csv`, `tsv`, `json` or `xml`, or a graph in an RDF format.

    Raises:
        ValueError: the format cannot carry this kind of answer.
    """
    if isinstance(answer, Graph):
        return serialize(answer.triples, format=format)
    match format:
        case "csv" if isinstance(answer, Solutions):
            return _csv(answer)
        case "tsv" if isinstance(answer, Solutions):
            return _tsv(answer)
        case "json":
            return _json(answer)
        case "xml":
            return _xml(answer)
    message = f"{format} cannot carry {type(answer).__name__}"
    raise ValueError(message)


def _csv(answer: Solutions) -> bytes:
    """SPARQL 1.1 Query Results CSV, section 3: plain values, line ends CR LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(answer.columns)
    writer.writerows(["" if term is None else _plain(term) for term in row] for row in answer.rows)
    return text.getvalue().encode()


def _plain(term: Term) -> str:
    match term:
        case Iri() | Literal():
            return term.value
        case _:
            return str(term)


def _tsv(answer: Solutions) -> bytes:
    """SPARQL 1.1 Query Results TSV, section 4: terms in Turtle syntax; their tabs and newlines are escaped."""
    lines = ["\t".join("?" + column for column in answer.columns)]
    lines += ["\t".join("" if term is None else str(term) for term in row) for row in answer.rows]
    return ("\n".join(lines) + "\n").encode()


def _json(answer: Solutions | Truth) -> bytes:
    if isinstance(answer, Truth):
        document: dict[str, object] = {"head": {}, "boolean": answer.value}
    else:
        bindings = [{column: _json_term(term) for column, term in row.items()} for row in answer]
        document = {"head": {"vars": list(answer.columns)}, "results": {"bindings": bindings}}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _json_term(term: Term) -> dict[str, object]:
    match term:
        case Iri():
            return {"type": "uri", "value": term.value}
        case BlankNode():
            return {"type": "bnode", "value": term.value}
        case Literal() if term.language:
            return {"type": "literal", "value": term.value, "xml:lang": term.language}
        case Literal() if term.datatype.value != _XSD_STRING:
            return {"type": "literal", "value": term.value, "datatype": term.datatype.value}
        case Literal():
            return {"type": "literal", "value": term.value}
        case Triple():
            inner = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
            return {"type": "triple", "value": {part: _json_term(each) for part, each in inner.items()}}
    message = f"not a term: {term!r}"
    raise ValueError(message)


def _xml(answer: Solutions | Truth) -> bytes:
    ET.register_namespace("", _SRX)
    root = ET.Element(f"{{{_SRX}}}sparql")
    head = ET.SubElement(root, f"{{{_SRX}}}head")
    if isinstance(answer, Truth):
        ET.SubElement(root, f"{{{_SRX}}}boolean").text = str(answer.value).lower()
    else:
        for column in answer.columns:
            ET.SubElement(head, f"{{{_SRX}}}variable", name=column)
        results = ET.SubElement(root, f"{{{_SRX}}}results")
        for row in answer:
            result = ET.SubElement(results, f"{{{_SRX}}}result")
            for column, term in row.items():
                _xml_term(ET.SubElement(result, f"{{{_SRX}}}binding", name=column), term)
    if any(_NOT_XML.search(text) for text in root.itertext()):
        message = "XML 1.0 cannot carry a control character that stands in the answer"
        raise ValueError(message)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _xml_term(binding: ET.Element, term: Term) -> None:
    match term:
        case Iri():
            ET.SubElement(binding, f"{{{_SRX}}}uri").text = term.value
        case BlankNode():
            ET.SubElement(binding, f"{{{_SRX}}}bnode").text = term.value
        case Literal():
            element = ET.SubElement(binding, f"{{{_SRX}}}literal")
            element.text = term.value
            if term.language:
                element.set(f"{_XML}lang", term.language)
            elif term.datatype.value != _XSD_STRING:
                element.set("datatype", term.datatype.value)
        case Triple():
            triple = ET.SubElement(binding, f"{{{_SRX}}}triple")
            for part in ("subject", "predicate", "object"):
                _xml_term(ET.SubElement(triple, f"{{{_SRX}}}{part}"), getattr(term, part))
