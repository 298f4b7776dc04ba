"""Processes started and asked how they ended, one thread at a time, so that no exit code is read twice."""

from __future__ import annotations

import signal
import threading
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Final

__all__ = ["exit_code", "start", "was_ended_by_others"]

# Starting a process, multiprocessing reads the exit codes of all that have ended; a code can be read once,
# and a thread that comes too late is told 255.
_reading: Final = threading.Lock()
_UNKNOWN: Final = frozenset({None, 255})
_FROM_OUTSIDE: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})


def start(process: BaseProcess) -> None:
    """Start a process.

    Raises:
        OSError: the machine has no process to give, or what starts them has ended.
    """
    with _reading:
        try:
            process.start()
        except EOFError as error:
            message = "What starts processes has ended."
            raise OSError(message) from error


def exit_code(process: BaseProcess, seconds: float) -> int | None:
    """The exit code of a process, waited for so many seconds; `None` when it has not ended then."""
    wait([process.sentinel], seconds)
    with _reading:
        return process.exitcode


def was_ended_by_others(code: int | None) -> bool:
    """Whether a process did not end by itself, as far as its exit code says.

    A query that needs too much memory or nests too deep ends its process by other signals or with code 1.
    """
    return code in _UNKNOWN or code in _FROM_OUTSIDE
