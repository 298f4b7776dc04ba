"""The text of a rule to patterns: Turtle with variables, and with words for the lists of OWL.

- `( .. ?c .. )` is any member of the list; `( .. ?c .. ?d .. )` any two members, in the order of the list;
- `( ?c* )` is the whole list. A data pattern with a starred variable is repeated once for each member: the
  starred variables of the ontology are replaced by the member, all others are numbered. `?v+` is the next
  one after `?v*`, `?v0` the first and `?v$` the last;
- a number stands for every literal with that integer value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

__all__ = ["SAME", "TYPE", "ListPattern", "Pattern", "expand", "number", "patterns"]

_PREFIXES: Final = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class ListPattern:
    """A list in a rule: the whole of it (`starred`), or some of its members in order."""

    variables: tuple[str, ...]
    starred: bool


Pattern: TypeAlias = tuple[str, str, "str | ListPattern"]


def expand(word: str) -> str:
    """A word of a rule as a term in N-Triples, or the variable itself."""
    if word.startswith("?"):
        return word
    if word == "a":
        word = "rdf:type"
    if word.isdigit():
        return number(int(word))
    prefix, _, name = word.partition(":")
    return f"<{_PREFIXES[prefix]}{name}>"


def number(value: int) -> str:
    """The literal that stands for every literal with this integer value."""
    return f'"{value}"^^<{_PREFIXES["xsd"]}nonNegativeInteger>'


TYPE: Final = expand("a")
SAME: Final = expand("owl:sameAs")


@cache
def patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of a rule's text; a list becomes a `ListPattern`."""
    found: list[Pattern] = []
    words = iter(text.split())
    subject = next(words, "")
    while subject:
        predicate, word = next(words), next(words)
        found.append((expand(subject), expand(predicate), _list(words) if word == "(" else expand(word)))
        if next(words, ".") == ".":
            subject = next(words, "")
    return tuple(found)


def _list(words: Iterator[str]) -> ListPattern:
    """The rest of a list, up to its closing bracket."""
    members: list[str] = []
    for word in words:
        if word == ")":
            break
        if word != "..":
            members.append(word)
    return ListPattern(tuple(name.removesuffix("*") for name in members), members[0].endswith("*"))
