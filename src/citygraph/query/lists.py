"""How complete the lists are that an answer relies on: "no" and "none" mean something only on a complete list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.namespaces import CONCEPT
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.store import Store

__all__ = ["ListStatement", "lists_behind"]

_CURRENT: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX dct: <http://purl.org/dc/terms/>
SELECT DISTINCT ?organization ?kind ?completeness ?date ?place ?role WHERE {
  ?organization cg:hasCurrentList ?list .
  ?list cg:listKind ?kind ; cg:completeness ?completeness ; cg:asOf ?date .
  OPTIONAL { ?list dct:spatial ?place }
  OPTIONAL { ?list cg:listRole ?role }
}
"""


@dataclass(frozen=True, slots=True)
class ListStatement:
    """How complete one list of one organisation is on the reference date, as a person has judged it."""

    organization: Term
    kind: Term
    completeness: Term
    date: str
    place: Term | None = None
    role: Term | None = None


def lists_behind(kinds: Sequence[str], things: Iterable[Term | None], store: Store) -> list[ListStatement]:
    """The statements that count now about lists of these kinds, of the organisations among `things`.

    Args:
        kinds: the `lists` of a saved query, such as `list-memberships`.
        things: every term of the answer and of its parameters.
        store: the graph that was asked.
    """
    wanted = {Iri(CONCEPT + kind) for kind in kinds}
    named = set(things)
    answer = store.query(_CURRENT)
    rows = list(answer) if isinstance(answer, Solutions) else []
    found = [
        ListStatement(
            row["organization"],
            row["kind"],
            row["completeness"],
            row["date"].value if isinstance(row["date"], Literal) else "",
            row.get("place"),
            row.get("role"),
        )
        for row in rows
        if row["kind"] in wanted and row["organization"] in named
    ]
    # Servers do not agree on where an empty cell stands in an order.
    return sorted(found, key=_order)


def _order(each: ListStatement) -> tuple[str, ...]:
    cells = (each.organization, each.kind, each.place, each.role, each.completeness)
    return (*("" if cell is None else str(cell) for cell in cells), each.date)
