"""Where each statement of a Turtle file stands: (subject, predicate, object) to line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urljoin

from citygraph.turtle.document import Document, Node

__all__ = ["Place", "places"]

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_LOCAL_ESCAPE = re.compile(r"\\(.)")
_BARE: Final = r"\1"
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_QUOTING: Final = (
    ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\b", "\\b"), ("\f", "\\f"),
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
_QUOTED = re.compile(r"(\"\"\"|'''|\"|')(.*)\1(@[A-Za-z0-9-]+|\^\^.+)?\Z", re.DOTALL)


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


def places(document: Document) -> dict[tuple[str, str, str], Place]:
    """The place of every statement and of every subject.

    Keys are terms in N-Triples syntax. A key with an empty predicate and object is the place of the
    subject itself; one with an empty object is the first statement with that predicate. Statements
    inside brackets are found through the statement that encloses them.
    """
    found: dict[tuple[str, str, str], Place] = {}
    resolve = _Resolver(document.prefixes, document.base)
    for block in document.blocks:
        subject = resolve.term(block.subject)
        found.setdefault((subject, "", ""), Place(block.subject.line, block.subject.column))
        for pair in block.pairs:
            predicate = resolve.term(pair.predicate)
            shared = pair.predicate.line == pair.object.line
            place = Place(pair.object.line, pair.predicate.column if shared else pair.object.column)
            found.setdefault((subject, predicate, ""), place)
            found.setdefault((subject, predicate, resolve.term(pair.object)), place)
    return found


class _Resolver:
    """Terms as written to terms in N-Triples syntax."""

    def __init__(self, prefixes: Mapping[str, str], base: str) -> None:
        self._prefixes = {name: iri[1:-1] for name, iri in prefixes.items()}
        self._base = base[1:-1]

    def term(self, node: Node) -> str:
        text = node.text
        if not text:
            return ""
        if text[0] in "\"'":
            return self._literal(text)
        if text in {"true", "false"}:
            return f'"{text}"^^<{_XSD}boolean>'
        if text[0] in "+-.0123456789":
            kind = "double" if "e" in text.lower() else "decimal" if "." in text else "integer"
            return f'"{text}"^^<{_XSD}{kind}>'
        return self._iri(text)

    def _iri(self, text: str) -> str:
        if text.startswith("<"):
            iri = _unescape(text[1:-1])
            return f"<{urljoin(self._base, iri) if self._base and ':' not in iri.split('/')[0] else iri}>"
        if text.startswith(("_:", "[")):
            return text
        prefix, _, local = text.partition(":")
        return f"<{self._prefixes.get(prefix, '')}{_LOCAL_ESCAPE.sub(_BARE, local)}>"

    def _literal(self, text: str) -> str:
        match = _QUOTED.match(text)
        if match is None:
            return text
        value, suffix = _unescape(match.group(2)), match.group(3) or ""
        quoted = _quote(value)
        if suffix.startswith("@"):
            # RDF 1.1 Concepts, 3.3: tags are equal in any case, and the RDF parser writes them small.
            return quoted + suffix.lower()
        if suffix.startswith("^^"):
            datatype = self._iri(suffix[2:])
            return quoted if datatype == f"<{_XSD}string>" else f"{quoted}^^{datatype}"
        return quoted


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] in "uU" and len(code) > 1 else _ESCAPES.get(code, code)

    return _ESCAPED.sub(one, text)


def _quote(value: str) -> str:
    """As in canonical N-Triples, so that the key equals `str(term)` of the RDF parser."""
    for plain, escaped in _QUOTING:
        value = value.replace(plain, escaped)
    value = _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04X}", value)
    return f'"{value}"'
