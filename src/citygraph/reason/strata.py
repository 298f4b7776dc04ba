"""The order in which rules run: strongly connected groups of relations, each before those that read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from citygraph.reason.plan import Plan
from citygraph.reason.relations import Key

__all__ = ["Stratum", "stratify"]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Relations that depend on each other, and the rules that conclude them.

    `plain` rules read none of these relations and run once; `recursive` ones run until nothing is new.
    """

    keys: frozenset[Key]
    plain: tuple[Plan, ...]
    recursive: tuple[Plan, ...]


def stratify(plans: Iterable[Plan]) -> tuple[Stratum, ...]:
    """The rules in strata; every stratum reads only itself and earlier ones."""
    plans = tuple(plans)
    edges: dict[Key, set[Key]] = defaultdict(set)
    by_head: dict[Key, list[Plan]] = defaultdict(list)
    for plan in plans:
        by_head[plan.head].append(plan)
        for step in plan.body:
            edges[step.key].add(plan.head)
    strata = []
    for keys in reversed(list(_components(edges, [*edges, *by_head]))):
        mine = [plan for key in sorted(keys) for plan in by_head.get(key, ())]
        recursive = tuple(plan for plan in mine if any(step.key in keys for step in plan.body))
        plain = tuple(plan for plan in mine if plan not in recursive)
        if mine:
            strata.append(Stratum(frozenset(keys), plain, recursive))
    return tuple(strata)


def _components(edges: dict[Key, set[Key]], nodes: Iterable[Key]) -> Iterator[set[Key]]:
    """Tarjan's algorithm without recursion, since a chain of classes may be thousands long."""
    order: dict[Key, int] = {}
    lowest: dict[Key, int] = {}
    stack: list[Key] = []
    on_stack: set[Key] = set()
    for root in nodes:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(sorted(edges.get(root, ()))))]
        while work:
            node, following = work[-1]
            descended = False
            for other in following:
                if other not in order:
                    order[other] = lowest[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(edges.get(other, ())))))
                    descended = True
                    break
                if other in on_stack:
                    lowest[node] = min(lowest[node], order[other])
            if descended:
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                lowest[parent] = min(lowest[parent], lowest[node])
            if lowest[node] == order[node]:
                component: set[Key] = set()
                while node not in component:
                    component.add(stack[-1])
                    on_stack.discard(stack.pop())
                yield component
