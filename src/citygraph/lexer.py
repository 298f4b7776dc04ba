"""The tokens of SPARQL 1.1 and of Turtle 1.1 with their places: two grammars of the same strings, names and IRIs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from citygraph.documents import STRING

# A name may hold any of these marks behind a stroke (SPARQL 1.1 Query, rule 173; Turtle 1.1, rule 172s). Whoever does
# not know that takes the rest of `ex:a\#b` for a comment, and of `ex:a\'b` for a string.
_ESCAPED_IN_NAME: Final = r"\\[_~.\-!$&'()*+,;=/?#@%]|%[0-9A-Fa-f]{2}"
_PREFIX: Final = r"[^\W\d_](?:[\w.\-·]*[\w\-·])?"
_LOCAL: Final = rf"(?:[\w:]|{_ESCAPED_IN_NAME})(?:(?:[\w.\-:·]|{_ESCAPED_IN_NAME})*(?:[\w\-:·]|{_ESCAPED_IN_NAME}))?"
_NAME: Final = rf"(?:{_PREFIX})?:(?:{_LOCAL})?"
_LANGUAGE: Final = r"@[A-Za-z]+(?:-[A-Za-z0-9]+)*"
_BLANK: Final = r"_:\w(?:[\w.\-·]*[\w\-·])?"


def _grammar(*kinds: tuple[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds), re.DOTALL)


SPARQL: Final = _grammar(
    ("space", r"\s+"),
    ("iri", r"<(?:[^\x00-\x20<>\"{}|^`\\]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*>"),
    ("comment", r"#[^\n\r]*"),
    ("string", STRING),
    ("variable", r"[?$]\w+"),
    ("language", _LANGUAGE),
    ("blank", _BLANK),
    ("pname", _NAME),
    ("number", r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+"),
    ("word", r"[A-Za-z_]\w*"),
    ("mark", r"."),
)
"""SPARQL 1.1 Query, 19.8; whatever it does not have is a mark of one character."""
TURTLE: Final = _grammar(
    ("space", r"\s+"),
    ("comment", r"#[^\n\r]*"),
    ("iri", r"<[^\x00-\x20<>\"{}|^`]*>"),
    ("string", STRING),
    ("directive", r"@(?:prefix|base)\b"),
    ("language", _LANGUAGE),
    ("datatype", r"\^\^"),
    ("blank", _BLANK),
    ("pname", _NAME),
    ("number", r"[+-]?(?:\d+\.\d*[eE][+-]?\d+|\.?\d+[eE][+-]?\d+|\d*\.\d+|\d+)"),
    ("word", r"[A-Za-z]+"),
    ("mark", r"[.;,\[\]()]"),
    ("unknown", r"."),
)
"""Turtle 1.1, 6.5; whatever it does not have is unknown."""
_UNICODE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LAST: Final = 0x10FFFF
_STROKE: Final = re.compile(r"\\(.)")


class Token(NamedTuple):
    """One token as written, with the line and column (from 1) where it starts, and its place in the text (from 0)."""

    kind: str
    text: str
    line: int
    column: int
    start: int

    @property
    def end(self) -> int:
        """The place behind it."""
        return self.start + len(self.text)


def word_of(token: Token) -> str:
    """The keyword or the name of a function that a token is, in capitals; empty for others."""
    return token.text.upper() if token.kind == "word" else ""


def tokens(text: str, grammar: re.Pattern[str]) -> Iterator[Token]:
    """The tokens of a text in one of the grammars, comments included, white space left out."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for match in grammar.finditer(text):
        kind = match.lastgroup or ""
        if kind != "space":
            start = match.start()
            line = bisect_right(starts, start)
            yield Token(kind, match.group(), line, start - starts[line - 1] + 1, start)


def unescaped(text: str) -> str:
    r"""The text with `\u0041` and `\U00000041` as the letters that they stand for (SPARQL 1.1 Query, 19.2)."""
    return _UNICODE.sub(lambda match: chr(min(int(match[1] or match[2], 16), _LAST)), text)


def bare_name(local: str) -> str:
    r"""The part of a name behind its colon, without the strokes before its marks (SPARQL 1.1 Query, rule 173).

    >>> bare_name(r"a\,b\\c")
    'a,b\\c'
    """
    return _STROKE.sub(r"\1", local)
