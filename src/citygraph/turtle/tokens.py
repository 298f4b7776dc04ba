"""The tokens of Turtle 1.1 with their places (https://www.w3.org/TR/turtle/, section 6.5)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Token", "TurtleError", "tokens"]

_ESCAPE = r"\\[_~.\-!$&'()*+,;=/?#@%]"
_HEX = r"%[0-9A-Fa-f]{2}"
_PREFIX = r"[^\W\d_](?:[\w.\-·]*[\w\-·])?"
_LOCAL = rf"(?:[\w:]|{_HEX}|{_ESCAPE})(?:(?:[\w.\-:·]|{_HEX}|{_ESCAPE})*(?:[\w\-:·]|{_HEX}|{_ESCAPE}))?"
_STRING: Final = (
    r'"""(?:(?:""|")?(?:[^"\\]|\\.))*"""'
    r"|'''(?:(?:''|')?(?:[^'\\]|\\.))*'''"
    r'|"(?:[^"\\\n\r]|\\.)*"'
    r"|'(?:[^'\\\n\r]|\\.)*'"
)
_KINDS: Final = (
    ("space", r"\s+"),
    ("comment", r"#[^\n\r]*"),
    ("iri", r"<[^\x00-\x20<>\"{}|^`]*>"),
    ("string", _STRING),
    ("directive", r"@(?:prefix|base)\b"),
    ("language", r"@[A-Za-z]+(?:-[A-Za-z0-9]+)*"),
    ("datatype", r"\^\^"),
    ("blank", r"_:\w(?:[\w.\-·]*[\w\-·])?"),
    ("pname", rf"(?:{_PREFIX})?:(?:{_LOCAL})?"),
    ("number", r"[+-]?(?:\d+\.\d*[eE][+-]?\d+|\.?\d+[eE][+-]?\d+|\d*\.\d+|\d+)"),
    ("word", r"[A-Za-z]+"),
    ("mark", r"[.;,\[\]()]"),
)  # fmt: skip
_TOKEN: Final = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS), re.DOTALL)


class TurtleError(ValueError):
    """The text is not the Turtle 1.1 that this reader knows; the RDF parser has the last word."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token as written, with the line and column (from 1) of its first character."""

    kind: str
    text: str
    line: int
    column: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a Turtle document, comments included, white space left out.

    Raises:
        TurtleError: a character that starts no token.
    """
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        line = bisect_right(starts, position)
        if match is None or match.lastgroup is None:
            message = f"line {line}: cannot read {text[position : position + 20]!r}"
            raise TurtleError(message)
        if match.lastgroup != "space":
            yield Token(match.lastgroup, match.group(), line, position - starts[line - 1] + 1)
        position = match.end()
