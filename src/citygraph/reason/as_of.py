"""Which memberships hold on the reference date, and which property a role stands for: two rules before OWL.

Time never enters OWL 2 RL, which can neither compare dates nor read a value of a role. The rules are
SPARQL, beside this file in `as_of_rules/`, so that any SPARQL server can run them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.resources import files
from typing import Final

from citygraph.config import Duration
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import DefaultGraph, Iri, Literal, Quad, Term, Triple
from citygraph.results import Graph
from citygraph.store import MemoryStore

_RANK, _DEPRECATED = Iri(CG + "rank"), Iri(CONCEPT + "rank-deprecated")
_STALE_AFTER = Iri(CG + "staleAfter")
_TYPE = Iri(PREFIXES["rdf"] + "type")
_ROLE, _IS_ROLE = Iri(PREFIXES["org"] + "role"), Iri(PREFIXES["org"] + "Role")
_DATES: Final = frozenset(
    Iri(iri)
    for iri in (
        CG + "asOf",
        PREFIXES["schema"] + "observationDate",
        PREFIXES["time"] + "inXSDDate",
        PREFIXES["time"] + "inXSDgYearMonth",
        PREFIXES["time"] + "inXSDgYear",
    )
)
_DAY: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?\Z")


def drop_deprecated(triples: Iterable[Triple]) -> list[Triple]:
    """The triples without everything said about facts whose rank is deprecated."""
    given = list(triples)
    dropped = {t.subject for t in given if t.predicate == _RANK and t.object == _DEPRECATED}
    return [triple for triple in given if triple.subject not in dropped]


def latest_date(triples: Iterable[Triple], *, today: date) -> date:
    """The latest day that the facts speak of and that is not in the future; `today` when there is none.

    A year counts as its first day: nothing says that the fact held at its end.
    """
    days = [
        day
        for triple in triples
        if triple.predicate in _DATES and isinstance(triple.object, Literal) and (day := _day(triple.object.value))
    ]
    return max((day for day in days if day <= today), default=today)


def _day(text: str) -> date | None:
    match = _DAY.match(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        # Not a day of the calendar; the shapes report it.
        return None


def apply_rules(
    triples: Sequence[Triple], *, as_of: date, stale_after: Duration, lists_stale_after: Duration
) -> list[Triple]:
    """What the two rules derive from the asserted triples for one reference date, in a stable order.

    Args:
        triples: what the files state, without deprecated facts.
        as_of: the reference date.
        stale_after: how long a fact counts when its role does not say.
        lists_stale_after: how long a completeness statement counts.
    """
    store = MemoryStore(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples)
    values = {
        "as_of": as_of.isoformat(),
        "lists_fresh_from": lists_stale_after.before(as_of).isoformat(),
        "role_rows": " ".join(
            f'({role} "{duration.before(as_of).isoformat()}")' for role, duration in _roles(triples, stale_after)
        ),
    }
    # Steps to reckon with, not part of what is derived.
    steps = _construct(store, "bounds", {})
    store.load(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in steps)
    derived = [*_construct(store, "as-of", values), *_construct(store, "lists-as-of", values)]
    store.load(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in derived)
    derived += _construct(store, "role-property", values)
    return sorted(dict.fromkeys(derived), key=str)


def _roles(triples: Sequence[Triple], default: Duration) -> list[tuple[Iri, Duration]]:
    """Every role that is declared or held, with the time that a fact with this role stays fresh."""
    roles: set[Term] = {t.subject for t in triples if t.predicate == _TYPE and t.object == _IS_ROLE}
    roles |= {t.object for t in triples if t.predicate == _ROLE}
    own: dict[object, Duration] = {}
    for triple in triples:
        if triple.predicate == _STALE_AFTER and isinstance(triple.object, Literal):
            try:
                own[triple.subject] = Duration.parse(triple.object.value)
            except ValueError:
                # The shape bad-role reports it; meanwhile the default of graph.toml counts.
                continue
    return [(role, own.get(role, default)) for role in sorted(roles, key=str) if isinstance(role, Iri)]


def _construct(store: MemoryStore, name: str, values: dict[str, str]) -> list[Triple]:
    text = files("citygraph.reason").joinpath("as_of_rules", f"{name}.rq").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    answer = store.query(text)
    if not isinstance(answer, Graph):
        message = f"the rule {name} is not a CONSTRUCT"
        raise AssertionError(message)  # noqa: TRY004  # our own rule file
    return list(answer.triples)
