"""RDF as data: terms, quads, parse, write, and the way to and from rdflib.

Everything keeps the lexical form: `"01"^^xsd:integer` is not turned into `1`, because files and
exports are written from parsed quads and a rewritten literal would be a difference nobody made.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, TypeAlias, cast
from xml.parsers import expat

import pyoxigraph
from pyoxigraph import BlankNode, DefaultGraph, Literal, Quad, Triple
from pyoxigraph import NamedNode as Iri

from citygraph.documents import DocumentBounds, DocumentRefused, place_of, plain_xml, problems_of
from citygraph.messages import in_both, sentence
from citygraph.namespaces import XSD_STRING

if TYPE_CHECKING:
    import rdflib

__all__ = [
    "BlankNode",
    "DefaultGraph",
    "Iri",
    "Literal",
    "Parsed",
    "Quad",
    "Subject",
    "SyntaxProblem",
    "Term",
    "Triple",
    "Writable",
    "canonical_hash",
    "from_rdflib",
    "lexical_forms_kept",
    "parse",
    "read_quads",
    "refuse_not_xml",
    "serialize",
    "serialize_to",
    "to_rdflib",
]


Subject: TypeAlias = Iri | BlankNode
Term: TypeAlias = Iri | BlankNode | Literal | Triple

_RDF_FORMATS: Final = {
    "ttl": pyoxigraph.RdfFormat.TURTLE,
    "nt": pyoxigraph.RdfFormat.N_TRIPLES,
    "rdf": pyoxigraph.RdfFormat.RDF_XML,
    "jsonld": pyoxigraph.RdfFormat.JSON_LD,
    "nq": pyoxigraph.RdfFormat.N_QUADS,
    "trig": pyoxigraph.RdfFormat.TRIG,
}
_DEEPEST: Final = 500
# XML 1.0, production 2: everything else cannot stand in a document, escaped or not.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Namespaces in XML 1.0, production 4 (NCName): how a name begins, and how it goes on.
_NAME_START: Final = (
    r"A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_XML_NAME_AT_END: Final = re.compile(rf"[{_NAME_START}][{_NAME_START}0-9.\-\xb7\u0300-\u036f\u203f\u2040]*\Z")


_KEYWORD: Final = re.compile(r"@[a-z]+")
_OF_CONTEXT: Final = re.compile(r"(?i)context|term|mapping|prefix")
_LONGEST_SEARCHED: Final = 500_000
"""Bytes of JSON-LD in which a problem is looked for, which means to read them some twenty times."""


class Writable(Protocol):
    """What statements can be written into: a file, or an answer on its way."""

    def write(self, data: bytes, /) -> int:
        """Take these bytes; how many they are."""
        ...

    def flush(self) -> None:
        """Hand on what is waiting."""
        ...


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """One place where the text is not RDF; line and column count from 1, 0 when not known."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says, as far as it could be read."""

    quads: tuple[Quad, ...]
    problems: tuple[SyntaxProblem, ...]


def parse(data: bytes, *, format: str, graph_name: Iri | None = None, most_problems: int = 20) -> Parsed:  # noqa: A002
    """The quads of one document, in its order, lexical forms untouched.

    Args:
        data: the document's bytes, UTF-8 without a byte-order mark.
        format: a short name of `formats.FORMATS` that carries triples or quads.
        graph_name: every quad is put into this graph; without it quads keep the graph the text gives.
        most_problems: reading stops after this many syntax problems.

    Blank nodes are named by the hash of the document and the order of their appearance, so that two
    files never share one and two runs give the same names.
    """
    quads: list[Quad] = []
    problems: list[SyntaxProblem] = []
    # Measured: some thousand triple terms inside each other end the process (pyoxigraph 0.5.13).
    if b"<<(" in data and (deep := next(problems_of(data, "ttl", DocumentBounds(len(data), _DEEPEST)), None)):
        return Parsed((), (SyntaxProblem(sentence("syntax.levels", most=_DEEPEST), deep.line, 0),))
    # A line-based document without this sign names no blank node, so that every quad can stay as it was read.
    as_read = graph_name is None and format in {"nt", "nq"} and b"_:" not in data
    named = _BlankNodeNames("b" + hashlib.sha256(data).hexdigest()[:12])
    if format == "rdf":
        try:
            data = plain_xml(data)
        except DocumentRefused as refused:
            return Parsed((), (SyntaxProblem(in_both("syntax", refused.problem.code), refused.problem.line, 0),))
        except UnicodeDecodeError as error:
            return Parsed((), (SyntaxProblem(error.reason, *place_of(error)),))
    reader = pyoxigraph.parse(data, format=_RDF_FORMATS[format], without_named_graphs=graph_name is not None)
    while len(problems) < most_problems:
        # pyoxigraph goes on after a syntax error at the next statement, so all of them can be reported.
        try:
            quad = next(reader, None)
        except SyntaxError as error:
            problems.append(SyntaxProblem(_plain(error.msg), error.lineno or 0, error.offset or 0))
            continue
        if quad is None:
            break
        quads.append(quad if as_read else named.rename(quad, graph_name))
    if format == "rdf" and (broken := _broken_xml(data)) is not None:
        # pyoxigraph takes a document that is cut off, and of one that is no XML it seldom says where.
        problems = [broken]
    if not all(each.line for each in problems):
        problems = _placed(problems, data, format)
    return Parsed(tuple(quads), tuple(replace(each, message=in_both("syntax", each.message)) for each in problems))


class _LineByLine:
    """A document that is read one line at a time, so that whoever reads it has read no more than it needed."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))
        self.number = 0

    def read(self, size: int = -1) -> bytes:
        del size
        line = next(self._lines, b"")
        self.number += bool(line)
        return line


def _placed(problems: Sequence[SyntaxProblem], data: bytes, format: str) -> list[SyntaxProblem]:  # noqa: A002
    """The same problems, each with a line: that of the document up to which the parser had read when it found it."""
    if format == "jsonld":
        places = {text: _line_in_json(data, text) for text in {each.message for each in problems if not each.line}}
        return [each if each.line else replace(each, line=places[each.message]) for each in problems]
    lines = _LineByLine(data)
    reader = pyoxigraph.parse(cast("BinaryIO", lines), format=_RDF_FORMATS[format])
    placed: list[SyntaxProblem] = []
    while len(placed) < len(problems):
        try:
            if next(reader, None) is None:
                break
        except SyntaxError as error:
            placed.append(replace(problems[len(placed)], line=error.lineno or lines.number))
    return [*placed, *problems[len(placed) :]]


def _line_in_json(data: bytes, message: str) -> int:
    """The line of what a problem of JSON-LD speaks of, which the parser does not say: 0 when it cannot be told.

    A keyword may stand in many places. All from some place on are renamed: the first place that must keep its keyword
    for the problem to come up is the one.
    """
    named = _KEYWORD.search(message) or _OF_CONTEXT.search(message)
    keyword = (named[0] if named and named[0].startswith("@") else "@context" if named else "").encode()
    places = [match.start() for match in re.finditer(rb'"%s"\s*:' % keyword, data)] if keyword else []
    if not places or len(data) > _LONGEST_SEARCHED:
        return 0

    def comes_up(kept: int) -> bool:
        rest = data[places[kept] :].replace(b'"%s"' % keyword, b'"x:%s"' % keyword[1:]) if kept < len(places) else b""
        head = data[: places[kept]] if kept < len(places) else data
        return any(_plain(each) == message for each in _messages(head + rest))

    first = bisect_left(range(len(places)), True, key=lambda number: comes_up(number + 1))  # noqa: FBT003
    return data.count(b"\n", 0, places[min(first, len(places) - 1)]) + 1


def _messages(data: bytes) -> Iterator[str]:
    reader = pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.JSON_LD)
    for _ in range(_LONGEST_SEARCHED):
        try:
            if next(reader, None) is None:
                return
        except SyntaxError as error:
            yield error.msg


_RDF_NAMES: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_WITHDRAWN: Final = frozenset({"bagID", "aboutEach", "aboutEachPrefix"})


def _broken_xml(data: bytes) -> SyntaxProblem | None:
    """Where a document is no XML, if it is none."""
    parser = expat.ParserCreate()
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat's own signature
    except expat.ExpatError as error:
        return SyntaxProblem(expat.ErrorString(error.code), error.lineno, error.offset + 1)
    return _withdrawn(data) if any(name.encode() in data for name in _WITHDRAWN) else None


def _withdrawn(data: bytes) -> SyntaxProblem | None:
    """Where an attribute stands that RDF/XML has no more (7.2.4): pyoxigraph drops what it says in silence."""
    parser = expat.ParserCreate(namespace_separator=" ")
    found: list[SyntaxProblem] = []

    def begin(_: str, attributes: dict[str, str]) -> None:
        for name in _WITHDRAWN & {each.removeprefix(f"{_RDF_NAMES} ") for each in attributes}:
            message = f"{_RDF_NAMES}{name} is not a valid attribute"
            found.append(SyntaxProblem(message, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    parser.StartElementHandler = begin
    with suppress(expat.ExpatError):
        parser.Parse(data, True)  # noqa: FBT003  # expat's own signature
    return found[0] if found else None


class _BlankNodeNames:
    """Stable names for the blank nodes of one document."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._names: dict[BlankNode, BlankNode] = {}

    def rename(self, quad: Quad, graph_name: Iri | None) -> Quad:
        subject, object_ = quad.subject, quad.object
        if isinstance(subject, BlankNode):
            subject = self._name(subject)
        if isinstance(object_, BlankNode):
            object_ = self._name(object_)
        return Quad(subject, quad.predicate, object_, quad.graph_name if graph_name is None else graph_name)

    def _name(self, node: BlankNode) -> BlankNode:
        return self._names.setdefault(node, BlankNode(f"{self._stem}n{len(self._names)}"))


def _plain(message: str) -> str:
    """The parser's sentence without its own words for the place, which we print in front of it."""
    head, colon, rest = message.partition(": ")
    return rest if colon and head.startswith("Parser error") else message


# -- writing --------------------------------------------------------------------------------------------


def serialize(
    statements: Iterable[Triple] | Iterable[Quad],
    *,
    format: str,  # noqa: A002
    prefixes: Mapping[str, str] | None = None,
) -> bytes:
    """The statements in one RDF format, in the order given, lexical forms untouched.

    Raises:
        ValueError: see `serialize_to`.
    """
    file = io.BytesIO()
    serialize_to(file, statements, format=format, prefixes=prefixes)
    return file.getvalue()


def serialize_to(
    into: Writable,
    statements: Iterable[Triple] | Iterable[Quad],
    *,
    format: str,  # noqa: A002
    prefixes: Mapping[str, str] | None = None,
) -> None:
    """What `serialize` gives, written into a file piece by piece.

    RDF/XML is XML: what pyoxigraph 0.5 writes without a look is refused here, or written so that it comes back.

    Raises:
        ValueError: RDF/XML cannot carry a statement: its property has no XML name at the end (RDF 1.1 XML Syntax,
            2.2), or a value is no text of XML; a part of the document may have been written.
    """
    is_xml = format == "rdf"
    pyoxigraph.serialize(
        _for_xml(statements) if is_xml else statements,
        output=cast("BinaryIO", _XmlFile(into) if is_xml else into),
        format=_RDF_FORMATS[format],
        prefixes=dict(prefixes) if prefixes else None,
    )


class _XmlFile:
    """XML on its way into a file: a carriage return is written as a reference, or it is read as a newline (2.11)."""

    def __init__(self, into: Writable) -> None:
        self._into = into

    def write(self, data: bytes) -> int:
        self._into.write(bytes(data).replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        self._into.flush()


def _for_xml(statements: Iterable[Triple] | Iterable[Quad]) -> Iterator[Any]:
    for statement in statements:
        try:
            _refuse_for_xml(statement)
        except ValueError as error:
            message = f"{statement.subject} {statement.predicate}: {error}"
            raise ValueError(message) from error
        blank = [each for each in (statement.subject, statement.object) if isinstance(each, BlankNode)]
        if any(not _XML_NAME_AT_END.match(each.value) for each in blank):
            yield Triple(_named_in_xml(statement.subject), statement.predicate, _named_in_xml(statement.object))
        else:
            yield statement


def _named_in_xml(term: Any) -> Any:  # noqa: ANN401  # a subject or an object, and the same again
    """A blank node under a name that `rdf:nodeID` can have (RDF 1.1 XML Syntax, 7.2.34); other terms as they are."""
    is_name = not isinstance(term, BlankNode) or _XML_NAME_AT_END.match(term.value)
    return term if is_name else BlankNode(f"x-{term.value.encode().hex()}")


def _refuse_for_xml(statement: Triple | Quad) -> None:
    if not _XML_NAME_AT_END.search(statement.predicate.value):
        message = f"RDF/XML has no name for the property <{statement.predicate.value}>"
        raise ValueError(message)
    for term in (statement.subject, statement.predicate, statement.object):
        match term:
            case Iri():
                refuse_not_xml(term.value)
            case Literal():
                refuse_not_xml(term.value)
                refuse_not_xml(term.datatype.value)
            case Triple():
                _refuse_for_xml(term)


def refuse_not_xml(text: str) -> None:
    """See that XML can carry a text (XML 1.0, production 2).

    Raises:
        ValueError: it cannot.
    """
    found = _NOT_XML.search(text)
    if found:
        message = f"a value holds the character U+{ord(found[0]):04X}, which XML cannot carry"
        raise ValueError(message)


def read_quads(path: Path, *, format: str) -> Iterator[Quad]:  # noqa: A002
    """The quads of a file of our own, one after the other, blank nodes as the file labels them.

    Raises:
        ValueError: the file is not in this format.
        OSError: it cannot be read.
    """
    # JSON-LD that begins with its context, and each thing with its types, is read without being held in memory.
    found = pyoxigraph.RdfFormat.STREAMING_JSON_LD if format == "jsonld" else _RDF_FORMATS[format]
    try:
        yield from pyoxigraph.parse(path=path, format=found)
    except SyntaxError as error:
        message = f"{path.name} cannot be read back: {_plain(error.msg)}"
        raise ValueError(message) from error


def canonical_hash(quads: Iterable[Quad]) -> str:
    """SHA-256 of the RDFC-1.0 canonical form: equal exactly when two data sets are isomorphic."""
    dataset = pyoxigraph.Dataset(quads)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("\n".join(sorted(str(quad) for quad in dataset)).encode()).hexdigest()


# -- to and from rdflib ---------------------------------------------------------------------------------


@contextmanager
def lexical_forms_kept() -> Iterator[None]:
    """Keep rdflib's normalisation of literals (a module global) switched off, and put it back afterwards."""
    import rdflib  # noqa: PLC0415  # rdflib costs a quarter of a second to import

    before = rdflib.NORMALIZE_LITERALS
    # For a date that is no date rdflib prints a traceback; we report it as `bad-literal`.
    log = logging.getLogger("rdflib.term")
    level = log.level
    rdflib.NORMALIZE_LITERALS = False
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = before
        log.setLevel(level)


def to_rdflib(triples: Iterable[Triple | Quad]) -> rdflib.Graph:
    """An rdflib graph with the same triples and the same lexical forms."""
    import rdflib  # noqa: PLC0415

    graph = rdflib.Graph()
    cache: dict[Term, rdflib.term.Node] = {}

    def node(term: Term) -> rdflib.term.Node:
        known = cache.get(term)
        if known is None:
            known = cache[term] = _rdflib_node(term)
        return known

    with lexical_forms_kept():
        for triple in triples:
            graph.add((node(triple.subject), node(triple.predicate), node(triple.object)))
    return graph


def _rdflib_node(term: Term) -> rdflib.term.Node:
    import rdflib  # noqa: PLC0415

    match term:
        case Iri():
            return rdflib.URIRef(term.value)
        case BlankNode():
            return rdflib.BNode(term.value)
        case Literal() if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        case Literal() if term.datatype.value == XSD_STRING:
            # rdflib keeps "x" and "x"^^xsd:string apart; RDF 1.1 does not.
            return rdflib.Literal(term.value)
        case Literal():
            return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value))
        case _:
            message = f"rdflib has no triple terms: {term}"
            raise ValueError(message)


def from_rdflib(node: rdflib.term.Node) -> Iri | BlankNode | Literal:
    """The same term as one of ours.

    Raises:
        ValueError: a kind of node that RDF 1.1 does not have.
    """
    import rdflib  # noqa: PLC0415

    match node:
        case rdflib.URIRef():
            return Iri(str(node))
        case rdflib.BNode():
            return BlankNode(str(node))
        case rdflib.Literal() if node.language:
            return Literal(str(node), language=node.language)
        case rdflib.Literal() if node.datatype is not None:
            return Literal(str(node), datatype=Iri(str(node.datatype)))
        case rdflib.Literal():
            return Literal(str(node))
        case _:
            message = f"not an RDF 1.1 term: {node!r}"
            raise ValueError(message)
