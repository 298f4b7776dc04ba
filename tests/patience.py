"""How long a test waits for something that must happen: long enough for a machine that does much else.

No test says how fast something is. What must happen is waited for as a condition, with one patience for all; it is
used up only where something is wrong. A limit of the program that a test does not ask about is set to it too.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["PATIENCE", "until", "wait_until"]

PATIENCE: Final = float(os.environ.get("CITYGRAPH_TEST_PATIENCE", "300"))
"""Seconds; on a machine that is slower still, set CITYGRAPH_TEST_PATIENCE."""
_BETWEEN: Final = 0.01
_T = TypeVar("_T")


def wait_until(condition: Callable[[], _T], what: str) -> _T:
    """What `condition` gives as soon as that is true.

    Raises:
        AssertionError: it was not in all the time; `what` says what was waited for.
    """
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not in {PATIENCE:g} seconds"
        time.sleep(_BETWEEN)
    return found


async def until(condition: Callable[[], _T], what: str) -> _T:
    """The same in an event loop, which goes on meanwhile.

    Raises:
        AssertionError: it was not in all the time; `what` says what was waited for.
    """
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not in {PATIENCE:g} seconds"
        await asyncio.sleep(_BETWEEN)
    return found
