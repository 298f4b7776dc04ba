"""What a newer edition of a list changes: who joined, who is gone, who is called something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from citygraph.ingest.known import Edition, Fact
from citygraph.namespaces import fold

__all__ = ["Difference", "differ"]


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes between two editions; memberships by address.

    Args:
        since: the day of the earlier edition.
        joined: on the list now and not before.
        left: on the list before and not now; the list does not say when they left.
        renamed: on both under another name: before and now.
        unclear: on the list before, and perhaps meant by a row that waits for a decision.
    """

    since: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    renamed: Mapping[str, tuple[str, str]]
    unclear: tuple[str, ...]


def differ(
    previous: Edition,
    listed: Mapping[str, str],
    facts: Mapping[str, Fact],
    *,
    unclear: Collection[tuple[str, str]],
    networks: Collection[str],
) -> Difference:
    """Compare this edition with the one before.

    Args:
        previous: the edition before.
        listed: the memberships of this one, each with the name in the list.
        facts: the memberships of the graph.
        unclear: member and network of rows that are not decided: they have not left.
        networks: what this list is about; a network that it does not mention at all has lost nobody.
    """
    left, waiting = [], []
    now = {(fact.member, fact.organization) for iri in listed if (fact := facts.get(iri))}
    for iri in previous.listed:
        fact = facts.get(iri)
        if iri in listed or fact is None or fact.end or fact.organization not in networks:
            continue
        if (fact.member, fact.organization) in unclear:
            waiting.append(iri)
        elif (fact.member, fact.organization) not in now:
            left.append(iri)
    renamed = {
        iri: (previous.listed[iri], name)
        for iri, name in listed.items()
        if previous.listed.get(iri) and fold(previous.listed[iri]) != fold(name)
    }
    joined = [iri for iri in listed if iri not in previous.listed]
    return Difference(previous.as_of, tuple(sorted(joined)), tuple(sorted(left)), renamed, tuple(sorted(waiting)))
