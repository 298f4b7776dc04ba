"""The proof of a derived statement, when the program can give one."""

from __future__ import annotations

import importlib.util
from functools import cache

__all__ = ["can_explain"]


@cache
def can_explain() -> bool:
    """Whether this version of the program has proofs."""
    return importlib.util.find_spec("citygraph.reason.explain") is not None
