"""The one SERVICE block of a question that asks another server: what stands before it, in it, and around it.

`SERVICE` is SPARQL 1.1 Federated Query, section 2. The block is never run as it stands: its text becomes a query of its
own for that server, with the values of the variable that it shares with what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.errors import QueryError
from citygraph.lexer import Token
from citygraph.messages import sentence
from citygraph.sparql.text import read_query, tokens

_ALONE: Final = 1
_IN_OPTIONAL: Final = 2
_NAMED: Final = re.compile(r"([\w.-]*):\Z")


@dataclass(frozen=True, slots=True)
class ServiceBlock:
    """Where the block stands in the text, and how its two queries begin.

    Args:
        service: the name of the prefix, as in `SERVICE wikidata:`, or the address.
        silent: `SERVICE SILENT`: the rest of the answer is wanted also when the server fails.
        joined: the one variable that it shares with what stands before it.
        before: the variables of what stands before it.
        wanted: its variables that the rest of the query uses, the joined one first.
        keys_head: the prefixes of the query.
        keys_pattern: the pattern before the block.
        pattern: the pattern inside.
        prologue: the prefixes that the pattern inside needs.
    """

    service: str
    silent: bool
    joined: str
    before: frozenset[str]
    wanted: tuple[str, ...]
    keys_head: str
    keys_pattern: str
    pattern: str
    prologue: str
    start: int
    end: int

    def keys_query(self, variables: Sequence[str]) -> str:
        """The question that gives the values to ask the server about."""
        names = " ".join(f"?{name}" for name in dict.fromkeys((*variables, self.joined)))
        return f"{self.keys_head}\nSELECT DISTINCT {names} WHERE {{{self.keys_pattern}\n}}"

    def service_query(self) -> str:
        """The question for the server; values of the joined variable are still to be given to it."""
        names = " ".join(f"?{name}" for name in self.wanted)
        return f"{self.prologue}SELECT {names} WHERE {{{self.pattern}\n}}"

    def filled(self, text: str, block: str) -> str:
        """The whole question with a block in the place of the service."""
        return text[: self.start] + block + text[self.end :]


def read_service(text: str) -> ServiceBlock:
    """The SERVICE block of a SELECT query.

    Raises:
        QueryError: there is none or more than one, it stands where it cannot be taken out, or it shares
            no variable, or several, with what stands before it.
    """
    if "\\u" in text.lower():
        raise _refused(sentence("saved_query.service.escape"))
    return _Reader(text).read()


def _refused(detail: str, line: int = 0) -> QueryError:
    return QueryError(detail, fix=sentence("saved_query.service.described"), line=line)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))

    def read(self) -> ServiceBlock:
        select, opening = self._select()
        place = self._service()
        first, depth = self._outer(place, opening)
        name, brace = self._name(place)
        closing = self._closing(brace)
        if depth == _IN_OPTIONAL and self._tokens[closing + 1].text != "}":
            raise _refused(sentence("saved_query.service.alone"), self._tokens[place].line)
        inside = self._variables(brace, closing)
        before = self._variables(opening, first)
        shared = [each for each in inside if each in set(before)]
        if len(shared) != 1:
            names = ", ".join(f"?{each}" for each in shared) or sentence("saved_query.service.none")
            detail = sentence("saved_query.service.shared", names=names)
            raise _refused(detail, self._tokens[place].line)
        outside = {*before, *self._variables(closing, len(self._tokens)), *self._variables(select, opening)}
        wanted = dict.fromkeys((shared[0], *(each for each in inside if each in outside)))
        return ServiceBlock(
            service=name,
            silent=self._tokens[place + 1].text.upper() == "SILENT",
            joined=shared[0],
            before=frozenset(before),
            wanted=tuple(wanted),
            keys_head=self._text[: self._tokens[select].start],
            keys_pattern=self._text[self._tokens[opening].start + 1 : self._tokens[first].start],
            pattern=self._text[self._tokens[brace].start + 1 : self._tokens[closing].start],
            prologue=self._prologue(select, brace, closing),
            start=self._tokens[place].start,
            end=self._tokens[closing].start + 1,
        )

    def _words(self, word: str) -> list[int]:
        return [n for n, token in enumerate(self._tokens) if token.kind == "word" and token.text.upper() == word]

    def _select(self) -> tuple[int, int]:
        """Where SELECT stands, and the brace that opens its pattern."""
        found = self._words("SELECT")
        if not found or read_query(self._text).form != "SELECT":
            raise _refused(sentence("saved_query.service.select"))
        if self._words("FROM"):
            raise _refused(sentence("saved_query.service.from"), self._tokens[self._words("FROM")[0]].line)
        opening = next((n for n in range(found[0], len(self._tokens)) if self._mark(n) == "{"), -1)
        if opening < 0:
            raise _refused(sentence("saved_query.service.no_pattern"))
        return found[0], opening

    def _mark(self, number: int) -> str:
        token = self._tokens[number]
        return token.text if token.kind == "mark" else ""

    def _service(self) -> int:
        found = self._words("SERVICE")
        if len(found) != 1:
            line = self._tokens[found[1]].line if found else 0
            detail = sentence("saved_query.service.one", count=len(found))
            raise _refused(detail, line)
        return found[0]

    def _outer(self, place: int, opening: int) -> tuple[int, int]:
        """The token where the block begins, OPTIONAL around it included, and how deep the block stands."""
        depth = 0
        for number in range(opening, place):
            depth += {"{": 1, "}": -1}.get(self._mark(number), 0)
        if depth == _ALONE:
            return place, depth
        before = self._tokens[place - 2].text.upper(), self._tokens[place - 1].text
        if depth == _IN_OPTIONAL and before == ("OPTIONAL", "{"):
            return place - 2, depth
        detail = sentence("saved_query.service.outermost")
        raise _refused(detail, self._tokens[place].line)

    def _name(self, place: int) -> tuple[str, int]:
        """The service as it is named, and the brace that opens its block."""
        after = place + 2 if self._tokens[place + 1].text.upper() == "SILENT" else place + 1
        if after + 1 >= len(self._tokens) or self._mark(after + 1) != "{":
            raise _refused(sentence("saved_query.service.brace"), self._tokens[place].line)
        token: Token = self._tokens[after]
        named = _NAMED.match(token.text) if token.kind == "pname" else None
        if token.kind == "iri":
            return token.text[1:-1], after + 1
        if named is None:
            raise _refused(sentence("saved_query.service.name"), token.line)
        return named[1], after + 1

    def _closing(self, opening: int) -> int:
        depth = 0
        for number in range(opening, len(self._tokens)):
            depth += {"{": 1, "}": -1}.get(self._mark(number), 0)
            if depth == 0:
                return number
        raise _refused(sentence("saved_query.service.open"), self._tokens[opening].line)

    def _variables(self, start: int, end: int) -> tuple[str, ...]:
        found = (token.text[1:] for token in self._tokens[start:end] if token.kind == "variable")
        return tuple(dict.fromkeys(found))

    def _prologue(self, select: int, brace: int, closing: int) -> str:
        """The declarations that the block needs, and no others: nobody else has to see ours."""
        used = {t.text.partition(":")[0] for t in self._tokens[brace:closing] if t.kind == "pname"}
        lines: list[str] = []
        for number, token in enumerate(self._tokens[:select]):
            word = token.text.upper() if token.kind == "word" else ""
            if word == "BASE":
                lines.append(f"BASE {self._tokens[number + 1].text}\n")
            elif word == "PREFIX":
                name, iri = self._tokens[number + 1 : number + 3]
                if name.text.rstrip(":") in used:
                    lines.append(f"PREFIX {name.text} {iri.text}\n")
        return "".join(lines)
