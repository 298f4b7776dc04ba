"""What a newer edition of a list changes: who joined, who is gone, who is called something else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from citygraph.ingest.known import Edition, Fact
from citygraph.matching.names import read_name
from citygraph.namespaces import fold

__all__ = ["Difference", "Unsaid", "differ"]


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes between two editions, or against the graph when there is no earlier one; memberships by address.

    Args:
        since: the day of the earlier edition; empty when there is none.
        joined: on the list now and not before.
        left: on the list before and not now, or in the graph and not on a complete list; the list does not say when they left.
        renamed: on both under another name: before and now.
        unclear: on the list before, and perhaps meant by a row that waits for a decision.
        missing: not on this list any more, which the map calls partial: they may be members still.
        disputed: not on a complete list, though another source says that they were members on that day or later.
    """

    since: str
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    renamed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What this edition leaves open: nobody who may be meant by a row that was not used has left.

    Args:
        pairs: member and network of rows that wait for a decision.
        names: the names in rows that were refused or wait.
    """

    pairs: Collection[tuple[str, str]]
    names: Collection[str]

    def may_mean(self, fact: Fact, name: str) -> bool:
        """Whether such a row may mean this membership, which an earlier list or the graph has under that name."""
        core = read_name(name).core
        return (fact.member, fact.organization) in self.pairs or (
            bool(core) and core in {read_name(each).core for each in self.names}
        )


def differ(
    previous: Edition | None,
    listed: Mapping[str, str],
    facts: Mapping[str, Fact],
    *,
    unsaid: Unsaid,
    networks: Collection[str],
    unlisted: Iterable[tuple[Fact, str]] = (),
    day: str = "",
    is_partial: bool = False,
) -> Difference:
    """Compare this edition with the one before, and with the graph where it is complete.

    Args:
        previous: the edition before, if there is one.
        listed: the memberships of this one, each with the name in the list.
        facts: the memberships of the graph.
        unsaid: the rows that are not decided.
        networks: what this list is about; a network that it does not mention at all has lost nobody.
        unlisted: memberships of the graph that a complete list should have and has not, with what the member is called.
        day: the day of this edition.
        is_partial: whether the list lacks members: then nobody has left.
    """
    earlier = previous.listed if previous else {}
    gone: dict[str, list[str]] = {"left": [], "unclear": [], "missing": [], "disputed": []}
    now = {(fact.member, fact.organization) for iri in listed if (fact := facts.get(iri))}
    candidates = [(fact, earlier[iri]) for iri in earlier if (fact := facts.get(iri))]
    seen = {fact.iri for fact, _ in candidates}
    for fact, name in [*candidates, *((fact, name) for fact, name in unlisted if fact.iri not in seen)]:
        if (
            fact.iri in listed
            or fact.end
            or fact.organization not in networks
            or (fact.member, fact.organization) in now
        ):
            continue
        if unsaid.may_mean(fact, name):
            gone["unclear"].append(fact.iri)
        elif is_partial:
            gone["missing"].append(fact.iri)
        elif any(each >= day[: len(each)] for each in fact.as_of):
            gone["disputed"].append(fact.iri)
        else:
            gone["left"].append(fact.iri)
    renamed = {
        iri: (earlier[iri], name)
        for iri, name in listed.items()
        if earlier.get(iri) and fold(earlier[iri]) != fold(name)
    }
    joined = [iri for iri in listed if iri not in earlier] if previous else []
    sorted_ = {kind: tuple(sorted(iris)) for kind, iris in gone.items()}
    return Difference(previous.as_of if previous else "", tuple(sorted(joined)), renamed=renamed, **sorted_)
