"""The probes: what each asks, how it is tried when data says so, and how an answer is judged."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, TypeAlias

from citygraph.doctor.server import (
    NTRIPLES,
    ROWS_TYPE,
    Deviates,
    ExaminedServer,
    Fact,
    P,
    S,
    good,
    rows_of,
    said_type,
    saying,
    saying_count,
)
from citygraph.http import HttpReply
from citygraph.messages import Text, text
from citygraph.rdf import Iri, Literal, Term, parse
from citygraph.results import Solutions

_Table: TypeAlias = tuple[tuple[str, ...], ...]


class Verdict(StrEnum):
    """How a probe ended."""

    OK = "ok"
    DEVIATES = "deviates"
    REFUSED = "refused"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found: the verdict, what was seen, and the capabilities that follow from it.

    Args:
        verdict: how it ended.
        seen: what the server did, for people; empty when it did what was expected.
        facts: capabilities with their values, where they are more than the one of the probe.
        is_silence: whether the server did not answer at all.
    """

    verdict: Verdict
    seen: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    is_silence: bool = False


OK = Outcome(Verdict.OK)
"""What a probe gives that has nothing to say."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to a server, as probes.toml explains its keys."""

    id: str
    group: str
    spec: str
    fact: str
    fact_if_ok: bool = True
    needed: bool = False
    writes: bool = False
    query: str = ""
    how: str = ""
    rows: _Table | None = None
    type: str = ""
    lines: tuple[str, ...] = ()
    begins: str = ""
    holds: str = ""
    lacks: str = ""
    objects: tuple[str, ...] = ()
    status: int = 0
    update: str = ""
    steps: tuple[Mapping[str, Any], ...] = ()
    fill: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    literal: str = ""

    @property
    def question(self) -> Text:
        """What is asked, answered with yes by "ok"."""
        return text(f"doctor.probe.{self.id}.question")

    @property
    def means(self) -> Text:
        """What it means for citygraph when the answer is not "ok"."""
        return text(f"doctor.probe.{self.id}.means")

    @property
    def fix(self) -> Text:
        """What to do about it, for whoever looks after the server or writes the queries."""
        return text(f"doctor.probe.{self.id}.fix")

    @property
    def is_data(self) -> bool:
        """Whether the keys of the probe say how it is tried; else it has a function of its own."""
        return bool(self.query or self.update or self.steps or self.literal)

    @property
    def is_harmless(self) -> bool:
        """Whether nobody has to do anything when the answer is not "ok"."""
        return self.fix.en.startswith("Nothing to do")


@cache
def read_probes() -> tuple[Probe, ...]:
    """Every probe, in the order in which they are tried."""
    data = tomllib.loads(files("citygraph.doctor").joinpath("probes.toml").read_text(encoding="utf-8"))
    probes = []
    for each in data["probe"]:
        rows = tuple(tuple(row) for row in each.pop("rows")) if "rows" in each else None
        lists: dict[str, Any] = {key: tuple(each.pop(key)) for key in ("lines", "objects", "steps") if key in each}
        probes.append(Probe(**each, **lists, rows=rows))
    return tuple(probes)


# -- trying what data says ----------------------------------------------------------------------------


def try_data(probe: Probe, server: ExaminedServer) -> Outcome:
    """A probe whose keys say how it is tried.

    Raises:
        ProbeEnd: it did not end well.
    """
    graphs = {name: server.graphs.new(f"{probe.id}-{name}") for name in ("a", "b") if probe.writes}
    names = {"s": S, "p": P, **{name: str(Iri(graph)) for name, graph in graphs.items()}}
    for name, triples in probe.fill.items():
        server.fill(graphs[name], [_filled(each, names) for each in triples])
    if probe.query:
        _judge(probe, server.ask(_filled(probe.query, names), how=probe.how, accept=probe.type or ROWS_TYPE))
    if probe.update:
        good(server.send_update(_filled(probe.update, names), how=probe.how))
    for step in probe.steps:
        _take(step, server, graphs["a"], names)
    if probe.literal:
        _keep(probe.literal, server, graphs["a"])
    for name, count in probe.counts.items():
        holds(server, graphs[name], count, saying("worked"))
    return OK


def _filled(words: str, names: Mapping[str, str]) -> str:
    return Template(words).safe_substitute(names)


def _judge(probe: Probe, reply: HttpReply) -> None:
    """Hold an answer against what the probe says of it.

    Raises:
        Refused, Deviates: it is another one.
    """
    if probe.status:
        if reply.status != probe.status:
            raise Deviates(saying("status", status=reply.status))
        return
    good(reply)
    if probe.rows is not None or probe.type == ROWS_TYPE:
        found = rows_of(reply)
        if probe.rows is not None and not same(probe.rows, found):
            got = "; ".join(", ".join(short(term) for term in row) for row in found.rows[:3])
            raise Deviates(saying("answer", answer=got or text("doctor.seen.empty")))
    elif probe.type and reply.media_type != probe.type:
        raise Deviates(saying("is_type", type=said_type(reply)))
    if probe.lacks and probe.lacks.encode() in reply.body:
        raise Deviates(saying("holds", text=probe.lacks))
    if probe.objects:
        _judge_triples(reply.body, probe.type, probe.objects)
    plain = reply.body.decode(errors="replace").replace("\r\n", "\n")
    lines = plain.split("\n")
    fits = not probe.lines or tuple(line for line in plain.splitlines() if line) == probe.lines
    if not fits or (probe.begins and lines[0] != probe.begins) or probe.holds not in plain:
        shown = " / ".join(line for line in lines if line or not probe.lines)
        raise Deviates(saying("table", table=shown[:100].replace("\t", " | ")))


def _judge_triples(body: bytes, media_type: str, objects: Sequence[str]) -> None:
    parsed = parse(body, format="ttl" if media_type == "text/turtle" else "nt", most_problems=1)
    if parsed.problems:
        raise Deviates(saying("unreadable", problem=parsed.problems[0].message))
    if sorted(str(quad.object) for quad in parsed.quads) != sorted(objects):
        raise Deviates(saying("triples_changed"))


def _take(step: Mapping[str, Any], server: ExaminedServer, graph: str, names: Mapping[str, str]) -> None:
    """One request to the graph store, and what must come of it."""
    triples = step.get("triples")
    body = "".join(f"{_filled(each, names)}\n" for each in triples).encode() if triples else None
    reply = good(server.store(step["method"], graph, body))
    if "objects" in step:
        _judge_triples(reply.body, NTRIPLES, step["objects"])
    if "count" in step:
        holds(server, graph, step["count"], saying("method_worked", method=step["method"]))


def _keep(literal: str, server: ExaminedServer, graph: str) -> None:
    """Write one literal, and read it back."""
    server.fill(graph, [f"{S} {P} {literal} ."])
    found = rows_of(server.ask(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}"))
    if len(found) != 1:
        raise Deviates(saying("values_back", count=len(found)))
    (expected,) = parse(f"{S} {P} {literal} .".encode(), format="nt").quads
    if found.rows[0][0] != expected.object:
        raise Deviates(saying("comes_back", value=short(found.rows[0][0])))


def holds(server: ExaminedServer, graph: str, size: int, what: str) -> None:
    """Count the triples of a graph.

    Raises:
        Deviates: there are more or fewer than `size`, although `what`.
    """
    found = server.size(graph)
    if found != size:
        raise Deviates(saying_count(what, found, size))


# -- answers ------------------------------------------------------------------------------------------


def text_of(term: Term | None) -> str:
    """A term as a person would read it in a cell."""
    if isinstance(term, Iri | Literal):
        return term.value
    return "" if term is None else str(term)


def short(term: Term | None) -> str:
    """A term as it is written, with `xsd:` for the long name of its datatype."""
    plain = "nothing" if term is None else str(term)
    named = plain.replace("<http://www.w3.org/2001/XMLSchema#", "xsd:")
    return named if named == plain else named.removesuffix(">")


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
