"""A Turtle document as its author wrote it: directives, blocks, comments, and the place of each statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from citygraph.lexer import TURTLE, Token, tokens
from citygraph.messages import Sentence, sentence

_DEEPEST: Final = 200
_RDF_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


class TurtleError(ValueError):
    """The text is not the Turtle 1.1 that this reader knows; the RDF parser has the last word."""

    def __init__(self, message: Sentence, line: int, column: int) -> None:
        """What is wrong at this place, both counted from 1."""
        super().__init__(message)
        self.message = message
        self.line, self.column = line, column


@dataclass(slots=True)
class WrittenTerm:
    """One subject, predicate or object.

    `text` is the term as written; for a list and for a blank node with properties it is empty, and
    `items` or `pairs` hold the content.
    """

    text: str
    line: int = 0
    column: int = 0
    items: list[WrittenTerm] | None = None
    pairs: list[Pair] | None = None


@dataclass(slots=True)
class Pair:
    """One predicate with one object, and the comments that belong to it."""

    predicate: WrittenTerm
    object: WrittenTerm
    comments: list[str] = field(default_factory=list)
    trailing: str = ""


@dataclass(slots=True)
class Block:
    """All statements written about one subject."""

    subject: WrittenTerm
    pairs: list[Pair]
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """A whole file: `prefixes` in the order written, the base IRI if one is set, blocks, comments."""

    prefixes: dict[str, str] = field(default_factory=dict)
    base: str = ""
    blocks: list[Block] = field(default_factory=list)
    opening: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)


def read_document(text: str) -> Document:
    """Read a Turtle document that the RDF parser has already accepted.

    Raises:
        TurtleError: it uses something outside Turtle 1.1, redefines a prefix, or nests too deep.
    """
    return _Reader(text).document()


class _Reader:
    """Recursive descent over the tokens (Turtle 1.1, section 6.5); comments are collected on the way."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[Token] = tokens(text, TURTLE)
        self._comments: list[str] = []
        self._line = 0
        self._place = (1, 1)
        self._token: Token | None = None
        self._last: Pair | None = None
        self._advance()

    def document(self) -> Document:
        document = Document()
        while self._token is not None:
            if self._directive(document):
                continue
            comments = self._take_comments()
            subject = self._node(0)
            if self._at("."):
                pairs: list[Pair] = []
            else:
                pairs = self._pairs(0, until=".")
            self._expect(".")
            document.blocks.append(Block(subject, pairs, comments))
        document.closing = self._take_comments()
        return document

    def _directive(self, document: Document) -> bool:
        token = self._token
        if token is None:
            return False
        word = token.text.lower().lstrip("@")
        if token.kind not in {"directive", "word"} or word not in {"prefix", "base"}:
            return False
        comments = self._take_comments()
        self._advance()
        if word == "prefix":
            name = self._take("pname").text.removesuffix(":")
            iri = self._take("iri").text
            if document.prefixes.get(name, iri) != iri:
                message = sentence("turtle.prefix", name=name)
                raise TurtleError(message, token.line, token.column)
            document.prefixes[name] = iri
        else:
            iri = self._take("iri").text
            if document.base not in {"", iri} or document.blocks:
                message = sentence("turtle.base")
                raise TurtleError(message, token.line, token.column)
            document.base = iri
        if token.kind == "directive":
            self._expect(".")
        document.opening += comments
        return True

    def _pairs(self, depth: int, *, until: str) -> list[Pair]:
        pairs: list[Pair] = []
        while not self._at(until):
            comments = self._take_comments()
            predicate = self._node(depth)
            if predicate.text == "a":
                predicate.text = _RDF_TYPE
            while True:
                comments += self._take_comments()
                pair = Pair(predicate, self._node(depth), comments)
                pairs.append(pair)
                self._last = pair
                comments = []
                if not self._at(","):
                    break
                self._advance()
            while self._at(";"):
                self._advance()
        if self._comments and pairs:
            # A comment just before the closing mark belongs to what stands above it.
            pairs[-1].comments += self._take_comments()
        return pairs

    def _node(self, depth: int) -> WrittenTerm:
        token = self._token
        if token is None:
            message = sentence("turtle.end")
            raise TurtleError(message, *self._place)
        if depth > _DEEPEST:
            message = sentence("turtle.deep", most=_DEEPEST)
            raise TurtleError(message, token.line, token.column)
        self._advance()
        if token.text == "[":
            pairs = self._pairs(depth + 1, until="]")
            self._expect("]")
            return WrittenTerm("" if pairs else "[]", token.line, token.column, pairs=pairs or None)
        if token.text == "(":
            items: list[WrittenTerm] = []
            while not self._at(")"):
                items.append(self._node(depth + 1))
            self._expect(")")
            return WrittenTerm("", token.line, token.column, items=items)
        if token.kind == "string":
            return WrittenTerm(token.text + self._suffix(), token.line, token.column)
        if token.kind in {"iri", "pname", "blank", "number"} or token.text in {"a", "true", "false"}:
            return WrittenTerm(token.text, token.line, token.column)
        message = sentence("turtle.unexpected", what=repr(token.text))
        raise TurtleError(message, token.line, token.column)

    def _suffix(self) -> str:
        token = self._token
        if token is not None and token.kind == "language":
            self._advance()
            return token.text
        if token is not None and token.kind == "datatype":
            self._advance()
            datatype = self._node(0)
            return "^^" + datatype.text
        return ""

    def _at(self, mark: str) -> bool:
        return self._token is not None and self._token.kind == "mark" and self._token.text == mark

    def _expect(self, mark: str) -> None:
        if not self._at(mark):
            found = repr(self._token.text) if self._token else sentence("turtle.file_end")
            message = sentence("turtle.mark", mark=repr(mark), found=found)
            raise TurtleError(message, *self._place)
        self._advance()

    def _take(self, kind: str) -> Token:
        token = self._token
        if token is None or token.kind != kind:
            message = sentence("turtle.kind", kind=kind)
            raise TurtleError(message, *self._place)
        self._advance()
        return token

    def _take_comments(self) -> list[str]:
        taken, self._comments = self._comments, []
        return taken

    def _advance(self) -> None:
        """Step to the next token that is no comment; a comment at the end of a line stays with its statement."""
        previous_line = self._line
        for token in self._tokens:
            if token.kind == "unknown":
                message = sentence("turtle.unreadable", what=repr(token.text))
                raise TurtleError(message, token.line, token.column)
            if token.kind != "comment":
                self._token, self._line = token, token.line
                self._place = token.line, token.column
                return
            if token.line == previous_line and self._last is not None and not self._last.trailing:
                self._last.trailing = token.text
            else:
                self._comments.append(token.text)
        self._token = None
