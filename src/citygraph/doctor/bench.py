"""What every probe has at hand: the three addresses, the usual requests, and how an answer is judged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

import httpx

from citygraph.doctor.asker import ROWS_TYPE, Asker, Reply
from citygraph.doctor.ground import ProbeGraphs
from citygraph.doctor.probe import Deviates, Fact, NotTried, Outcome, Refused, Verdict
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Solutions, read_json_answer

__all__ = [
    "NTRIPLES",
    "OK",
    "ONE",
    "Bench",
    "good",
    "many_rows",
    "number",
    "read_rows",
    "rows",
    "same",
    "short",
    "text_of",
]

NTRIPLES: Final = "application/n-triples"
OK: Final = Outcome(Verdict.OK)
"""What a probe gives that has nothing to say."""
ONE: Final = "SELECT ?x { VALUES ?x { 1 } }"
"""The smallest question with an answer that can be checked."""
_TEN: Final = "0 1 2 3 4 5 6 7 8 9"
_LIMITED: Final = "x-sparql-maxrows", "x-sql-state"


@dataclass
class Bench:
    """One examination while it goes on."""

    asker: Asker
    query: str
    update: str
    graph_store: str
    can_write: bool
    rows_to_ask: int
    graphs: ProbeGraphs = field(default_factory=ProbeGraphs)
    facts: dict[str, Fact] = field(default_factory=dict)

    def select(self, query: str, *, default_graphs: Sequence[str] = (), timeout: str = "") -> Reply:
        """A query as a form by POST, with one type to answer in."""
        form: dict[str, str | list[str]] = {"query": query}
        if default_graphs:
            form["default-graph-uri"] = list(default_graphs)
        if timeout:
            form["timeout"] = timeout
        return self.asker.ask("POST", self.query, form=form, headers={"Accept": ROWS_TYPE})

    def count(self, pattern: str, *, default_graphs: Sequence[str] = ()) -> int:
        """How often a pattern is found, as the server counts."""
        return number(self.select(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}", default_graphs=default_graphs))

    def size(self, graph: str) -> int:
        """How many triples a named graph has."""
        return self.count(f"GRAPH {Iri(graph)} {{ ?s ?p ?o }}")

    def send_update(self, update: str, *, as_form: bool | None = None) -> Reply:
        """An update, in the way that was found to work unless one is chosen.

        Raises:
            NotTried: there is no address for updates, or no way to send one works.
        """
        if not self.update:
            message = "no address for updates is known: --update"
            raise NotTried(message)
        if as_form is None:
            if not (self.facts.get("update_form") or self.facts.get("update_direct")):
                message = "updates do not work"
                raise NotTried(message)
            as_form = bool(self.facts.get("update_form"))
        if as_form:
            return self.asker.ask("POST", self.update, form={"update": update})
        headers = {"Content-Type": "application/sparql-update"}
        return self.asker.ask("POST", self.update, body=update.encode(), headers=headers)

    def store(self, method: str, graph: str, body: bytes | None = None, *, accept: str = NTRIPLES) -> Reply:
        """One request of the Graph Store Protocol about a named graph.

        Raises:
            NotTried: the address is not known.
        """
        if not self.graph_store:
            message = "no address of a graph store is known: --graph-store"
            raise NotTried(message)
        # Virtuoso answers 406 to a PUT that would rather have its empty answer in another type.
        headers = {"Accept": accept} if method in {"GET", "HEAD"} else {}
        headers |= {"Content-Type": NTRIPLES} if body is not None else {}
        return self.asker.ask(method, self.graph_store, parameters={"graph": graph}, body=body, headers=headers)

    def fill(self, graph: str, triples: Iterable[str]) -> None:
        """Put triples, each a line of N-Triples, into a graph of ours.

        Raises:
            NotTried: no way to write works.
            Refused: the server does not take them.
        """
        lines = "\n".join(triples)
        if self.facts.get("update_form") or self.facts.get("update_direct"):
            good(self.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{\n{lines}\n}} }}"))
        elif self.facts.get("graph_store_put"):
            good(self.store("PUT", graph, lines.encode()))
        else:
            message = "nothing could be written"
            raise NotTried(message)


def many_rows(count: int) -> tuple[str, str]:
    """A query with `count` rows and no data, and its pattern; of the count only the first digit counts."""
    digits = len(str(count)) - 1
    first = " ".join(str(each) for each in range(int(str(count)[0])))
    values = [first] + [_TEN] * digits
    pattern = " ".join(f"VALUES ?v{place} {{ {each} }}" for place, each in enumerate(values))
    return f"SELECT ?v0 {{ {pattern} }}", pattern


def good(reply: Reply) -> Reply:
    """The reply, when it says that it worked.

    Raises:
        Refused: it says that it did not.
    """
    if not reply.is_good:
        detail = "it wants a user and a password" if reply.status == httpx.codes.UNAUTHORIZED else reply.excerpt()
        raise Refused(f"HTTP {reply.status}" + (f": {detail}" if detail else ""))
    return reply


def rows(reply: Reply) -> Solutions:
    """The rows of an answer in JSON.

    Raises:
        Refused: the server said no.
        Deviates: it is something else, or only a part.
    """
    good(reply)
    _, state = (reply.headers.get(name) for name in _LIMITED)
    if state:
        message = f"the answer is marked as a part (X-SQL-State: {state})"
        raise Deviates(message)
    return read_rows(reply)


def read_rows(reply: Reply) -> Solutions:
    """The rows as they are, whether whole or not.

    Raises:
        Deviates: it is no table in JSON.
    """
    if reply.media_type not in {ROWS_TYPE, "application/json"}:
        message = f"the answer is {reply.media_type or 'of no type'} instead of {ROWS_TYPE}"
        raise Deviates(message)
    try:
        answer = read_json_answer(reply.body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = "the answer is not SPARQL JSON"
        if isinstance(error, json.JSONDecodeError):
            message = "the answer is broken JSON"
        raise Deviates(message) from error
    if not isinstance(answer, Solutions):
        message = "the answer is a yes or no instead of a table"
        raise Deviates(message)
    return answer


def number(reply: Reply) -> int:
    """The one whole number of an answer.

    Raises:
        Refused: the server said no.
        Deviates: it is something else.
    """
    found = rows(reply).rows
    term = found[0][0] if len(found) == 1 and found[0] else None
    if not isinstance(term, Literal) or not term.value.lstrip("-").isdigit():
        message = "a count has no number in it"
        raise Deviates(message)
    return int(term.value)


def text_of(term: Term | None) -> str:
    """A term as a person would read it in a cell."""
    match term:
        case Iri() | Literal():
            return term.value
        case None:
            return ""
        case Triple():
            return str(term)
    return str(term)


def short(term: Term | None) -> str:
    """A term as it is written, with `xsd:` for the long name of its datatype."""
    text = "nothing" if term is None else str(term)
    return (
        text.replace("<http://www.w3.org/2001/XMLSchema#", "xsd:").removesuffix(">") if "XMLSchema#" in text else text
    )


def same(expected: Sequence[Sequence[str]], found: Solutions) -> bool:
    """Whether the cells are those expected, row by row; numbers by value, everything else by its letters."""
    cells = [[text_of(term) for term in row] for row in found.rows]
    return len(cells) == len(expected) and all(
        len(row) == len(other) and all(_same_value(one, two) for one, two in zip(row, other, strict=True))
        for row, other in zip(expected, cells, strict=True)
    )


def _same_value(one: str, two: str) -> bool:
    try:
        return Decimal(one) == Decimal(two)
    except InvalidOperation:
        return one == two
