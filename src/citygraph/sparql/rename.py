r"""Every IRI of a query by another name: prefixes and addresses resolved, `FROM` taken out and told apart.

What is an IRI for one reader is a comment for another (`ex:a\#b`), so a name with such marks in it is always written
out: no reader finds more in the new text than was found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from citygraph.errors import QueryError
from citygraph.lexer import Token, unescaped
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri
from citygraph.sparql.text import tokens

__all__ = ["Renamed", "rename_iris"]

_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A query under other names, without its `FROM`, and the graphs that stood there under their old ones."""

    text: str
    default: tuple[str, ...]
    named: tuple[str, ...]


def rename_iris(text: str, name: Callable[[str, bool], str | None], *, base: str = "") -> Renamed:
    """The query with each of its IRIs as `name` wants it, wherever it stands and however it is written.

    Args:
        text: the query.
        name: the new IRI for an old one, and whether it stands behind `GRAPH`; `None` leaves it as it is.
        base: what relative addresses are relative to, unless the text says so itself.

    Raises:
        QueryError: a name with marks in it has a prefix that the text does not declare.
    """
    reader = _Reader(text, base)
    pieces, place = [], 0
    for found in reader.found:
        pieces += [text[place : found.start], found.written(name)]
        place = found.end
    return Renamed("".join([*pieces, text[place:]]), tuple(reader.default), tuple(reader.named))


@dataclass(frozen=True, slots=True)
class _Found:
    """An IRI with its place; without an IRI a `FROM` or a `BASE`, which are needed no more."""

    start: int
    end: int
    text: str = ""
    iri: str | None = None
    is_graph: bool = False

    def written(self, name: Callable[[str, bool], str | None]) -> str:
        if self.iri is None:
            return ""
        new = name(self.iri, self.is_graph)
        if new is not None:
            return f"<{new}>"
        is_relative = self.text.startswith("<") and not is_absolute_iri(self.text[1:-1]) and is_absolute_iri(self.iri)
        return f"<{self.iri}>" if is_relative or ("\\" in self.text and self.text[0] != "<") else self.text


class _Reader:
    """Every IRI of a query in its order, and the graphs that `FROM` chooses."""

    def __init__(self, text: str, base: str) -> None:
        self.found: list[_Found] = []
        self.default: list[str] = []
        self.named: list[str] = []
        self._prefixes: dict[str, str] = {}
        self._base = base
        found = list(tokens(text))
        place, before = 0, ""
        while place < len(found):
            is_graph = before == "GRAPH"
            before = found[place].text.upper() if found[place].kind == "word" else ""
            place += self._step(found[place : place + 3], is_graph=is_graph)

    def _step(self, ahead: list[Token], *, is_graph: bool) -> int:
        """Read what stands here; how many tokens it was."""
        token = ahead[0]
        word = token.text.upper() if token.kind == "word" else ""
        kinds = tuple(each.kind for each in ahead[1:])
        if word == "PREFIX" and kinds == ("pname", "iri"):
            self._prefixes[ahead[1].text[:-1]] = self._note(ahead[2])
            return 3
        if word == "BASE" and kinds[:1] == ("iri",):
            # Every IRI is written out, so that the word is needed no more; Virtuoso takes it in front alone.
            self._base = self._iri(ahead[1]) or ""
            self.found.append(_Found(token.start, ahead[1].end))
            return 2
        if word == "FROM":
            is_named = len(ahead) > 1 and ahead[1].text.upper() == "NAMED"
            graph = ahead[1 + is_named] if len(ahead) > 1 + is_named else token
            iri = self._iri(graph)
            if iri is not None:
                (self.named if is_named else self.default).append(iri)
                self.found.append(_Found(token.start, graph.end))
                return 2 + is_named
        self._note(token, is_graph=is_graph)
        return 1

    def _note(self, token: Token, *, is_graph: bool = False) -> str:
        """Remember the IRI that stands here, if one does."""
        iri = self._iri(token)
        if iri is not None:
            self.found.append(_Found(token.start, token.end, token.text, iri, is_graph))
        return iri or ""

    def _iri(self, token: Token) -> str | None:
        if token.kind == "iri":
            plain = unescaped(token.text[1:-1])
            # `?a<?b&&?c>?d` compares; it only looks like an address that begins with a question mark.
            return urljoin(self._base, plain) if self._base and not plain.startswith("?") else plain
        if token.kind == "pname":
            name, _, local = token.text.partition(":")
            if name in self._prefixes:
                return self._prefixes[name] + _ESCAPED.sub(r"\1", local)
            if "\\" in local:
                message = sentence("query.prefix", line=token.line, column=token.column, name=name)
                raise QueryError(message, fix=sentence("next.declare", name=name), line=token.line)
        return None
