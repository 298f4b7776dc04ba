"""Which tests start processes: they are marked `slow` by themselves, and no other test can start one.

A test is slow when it, a fixture that it uses, or a function of the tests that these call, names something that starts
processes. What starts them inside the product cannot be seen from here: then the test says `@pytest.mark.slow` itself,
and the error that it gets without the mark says so.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

import pytest

from citygraph.store.pool import Pool
from citygraph.store.process import SupervisedProcess

__all__ = ["mark_slow", "starting_no_process"]

_TESTS: Final = str(Path(__file__).parent)
_NAMES: Final = frozenset({"subprocess", "multiprocessing", "ProcessPoolExecutor", "fork", "posix_spawn"})
_OF_THE_PROGRAM: Final = (Pool, SupervisedProcess)
_EVENTS: Final = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})


def mark_slow(items: list[pytest.Item]) -> None:
    """Mark every test that starts processes, as far as the code of the tests shows it."""
    known: dict[object, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and any(_starts(each, known) for each in _functions(item)):
            item.add_marker("slow")


def _functions(item: pytest.Function) -> Iterator[object]:
    """The test and its fixtures, also those that its fixtures use."""
    yield item.function
    for definitions in item._fixtureinfo.name2fixturedefs.values():  # noqa: SLF001  # pytest has no other way
        for definition in definitions:
            yield definition.func


def _starts(value: object, known: dict[object, bool]) -> bool:
    """Whether a function or class of the tests names what starts processes, or calls one of the tests that does."""
    value = getattr(value, "__wrapped__", value)
    if isinstance(value, type):
        return any(_starts(each, known) for each in vars(value).values() if isinstance(each, FunctionType))
    if not isinstance(value, FunctionType) or not value.__code__.co_filename.startswith(_TESTS):
        return False
    if value not in known:
        # A function that is being looked at adds nothing to its own answer.
        known[value] = False
        names = set(_names(value.__code__))
        called = [value.__globals__.get(name) for name in names]
        known[value] = bool(names & _NAMES) or any(
            any(each is one for one in _OF_THE_PROGRAM) or (not isinstance(each, ModuleType) and _starts(each, known))
            for each in called
        )
    return known[value]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


class _Watch:
    """What is running now, and the processes that it started although it may not."""

    def __init__(self) -> None:
        self.test = ""
        self.older: set[threading.Thread] = set()
        self.started: list[str] = []

    def look(self, event: str) -> None:
        """Refuse a process.

        Raises:
            AssertionError: the test that is running is not marked slow.
        """
        if self.test and threading.current_thread() not in self.older:
            self.started.append(event)
            message = f"{self.test} starts a process ({event}): mark it with @pytest.mark.slow"
            raise AssertionError(message)


_watch: Final = _Watch()


@contextmanager
def starting_no_process(test: str) -> Iterator[list[str]]:
    """Meanwhile no process can be started but by threads from before; gives the list of what was tried."""
    _watch.older = {each for each in threading.enumerate() if each is not threading.main_thread()}
    _watch.test, _watch.started = test, []
    try:
        yield _watch.started
    finally:
        _watch.test = ""


def _audit(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _EVENTS:
        _watch.look(event)


def _start(self: BaseProcess) -> None:
    _watch.look(f"multiprocessing: {self.name}")
    _real_start(self)


_real_start: Final = BaseProcess.start
BaseProcess.start = _start  # type: ignore[method-assign]
sys.addaudithook(_audit)
