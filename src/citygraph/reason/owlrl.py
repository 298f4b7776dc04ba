"""The reference: owlrl in a process of its own; slow, close to the specification's text, wrong in known places.

owlrl swaps rdflib's table of datatypes while it runs and writes contradictions into the result as
nodes, so it never runs in our process: `owlrl_process` closes the graph and lifts them out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.rdf import Triple, parse, serialize
from citygraph.reason.closure import Budget, Contradiction, FixedClosure, keep

_SECONDS: Final = 600.0


def close(triples: Iterable[Triple], *, budget: Budget | None = None) -> FixedClosure:
    """The OWL 2 RL closure of `triples` as owlrl sees it, tidied by the shared filter.

    Raises:
        ReasoningError: owlrl failed, took too long or too much memory, or derived more than the budget allows.
    """
    given = list(dict.fromkeys(triples))
    megabytes = (budget or Budget()).megabytes
    command = [sys.executable, "-m", "citygraph.reason.owlrl_process", str(megabytes)]
    data = serialize(given, format="nt")
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        message = sentence("reasoner.owlrl.long", seconds=_SECONDS)
        raise ReasoningError(message, fix=sentence("reasoner.owlrl.use_default")) from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        message = sentence("reasoner.owlrl.stopped", why=last[0])
        if done.returncode < 0 or last[0].startswith("MemoryError"):
            message = sentence("reasoner.owlrl.memory", most=megabytes)
        raise ReasoningError(message, fix=sentence("reasoner.owlrl.use_default"))
    heading, _, body = done.stdout.partition(b"\n")
    known = set(given)
    inferred = [quad.triple for quad in parse(body, format="nt").quads]
    inferred = [triple for triple in inferred if triple not in known and keep(triple)]
    if budget is not None and len(inferred) > budget.derived:
        message = sentence("reasoner.owlrl.too_many", count=len(inferred), most=budget.derived)
        raise ReasoningError(message, fix=sentence("reasoner.owlrl.look"))
    contradictions = tuple(
        Contradiction(found["rule"], _triples(found["premises"]), _triples(found["axioms"]))
        for found in json.loads(heading)
    )
    return FixedClosure(tuple(inferred), contradictions)


def _triples(lines: list[str]) -> tuple[Triple, ...]:
    return tuple(quad.triple for quad in parse("\n".join(lines).encode(), format="nt").quads)
