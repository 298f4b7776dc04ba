"""One query for each of many bindings: in one round trip where the store can do that, else one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from citygraph.rdf import Term
from citygraph.results import Solutions
from citygraph.store.base import Store

__all__ = ["query_each"]


@runtime_checkable
class _Batched(Protocol):
    """A store that takes many bindings at once."""

    def query_each(self, text: str, binds: Sequence[Mapping[str, Term]]) -> list[Solutions]:
        """The rows for each binding, in their order."""


def query_each(store: Store, text: str, binds: Sequence[Mapping[str, Term]]) -> list[Solutions]:
    """The rows of a SELECT for each binding, in their order.

    Raises:
        QueryError: the text is no valid query, or asks for no rows.
        StoreTimeout: the deadline passed.
        StoreError: the engine failed.
    """
    if isinstance(store, _Batched):
        return store.query_each(text, binds)
    found = [store.query(text, bind=bind) for bind in binds]
    return [answer for answer in found if isinstance(answer, Solutions)]
