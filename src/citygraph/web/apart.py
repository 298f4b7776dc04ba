"""Work that needs more than a query, in a process that may die: the world on another day, and proofs."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

from citygraph.errors import CitygraphError, StoreError, StoreTimeout
from citygraph.messages import sentence
from citygraph.rdf import Triple
from citygraph.store.process import exit_code, start, was_ended_by_others
from citygraph.store.turns import Turns
from citygraph.store.worker import limit_memory

__all__ = ["Apart", "Retired", "derive_day", "read_explainer"]

_TRIES: Final = 4
_LOOK_EVERY: Final = 0.02
_RESERVED: Final = 16_000_000_000


def derive_day(folder: str, day: str) -> str:
    """Work out what the files of the version in use say about a day; the folder of that version."""
    from citygraph.project import Project  # noqa: PLC0415  # the process of the server has no need of it here

    return str(Project.open(folder).snapshot(as_of=date.fromisoformat(day)).folder)


def read_explainer(folder: str, snapshot: str, day: str) -> Callable[[tuple[str, str, str]], Any]:
    """What explains the statements of a version, given in N-Triples syntax.

    The files are read when they are those of the version, because then lines can be named.
    """
    from citygraph.graphs import ProjectGraphs  # noqa: PLC0415
    from citygraph.project import Project  # noqa: PLC0415
    from citygraph.rdf import parse  # noqa: PLC0415
    from citygraph.reason.proof.explain import Explainer  # noqa: PLC0415
    from citygraph.store import Snapshot  # noqa: PLC0415

    project, version, as_of = Project.open(folder), Snapshot(Path(snapshot)), date.fromisoformat(day)
    if not project.is_stale(version):
        explainer, _ = project.explainer(as_of=as_of)
    else:
        graphs = ProjectGraphs.from_quads(project.config.base, version.asserted())
        explainer = Explainer(graphs, project.config, as_of=as_of)

    def explain(terms: tuple[str, str, str]) -> Any:  # noqa: ANN401  # an `Explanation`
        triple: Triple = parse(f"{' '.join(terms)} .".encode(), format="nt").quads[0].triple
        return explainer.explain(triple)

    return explain


def _work(pipe: Connection, prepare: Callable[..., Any], arguments: tuple[object, ...], memory: int) -> None:
    """What runs in the process: prepare once, then one answer after the other."""
    try:
        # Each thread of the libraries reserves address space that it never uses.
        limit_memory(memory + _RESERVED)
        prepared = prepare(*arguments)
        pipe.send(("ready", None if callable(prepared) else prepared))
        while callable(prepared):
            pipe.send(_answer(prepared, pipe.recv()))
    except EOFError:
        return
    except CitygraphError as error:
        pipe.send(("error", StoreError(error.message, fix=error.fix)))
    except MemoryError:
        pipe.send(("error", StoreError(sentence("limit.memory"), fix=sentence("next.again"))))


def _answer(prepared: Callable[[Any], Any], question: object) -> tuple[str, object]:
    try:
        return "answer", prepared(question)
    except CitygraphError as error:
        return "refused", error


class _Run:
    """One process and the pipe to it, ended when it takes too much memory, or too long before it is ready."""

    def __init__(
        self, prepare: Callable[..., Any], arguments: tuple[object, ...], memory: int, patience: float
    ) -> None:
        """Start it.

        Raises:
            OSError: the machine has no process to give.
        """
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("forkserver").Process(
            target=_work, args=(theirs, prepare, arguments, memory), daemon=True
        )
        self.is_ready = self.is_asked = False
        self.reason: StoreError | None = None
        start(self.process)
        theirs.close()
        self._memory, self._patience = memory, patience
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Whether the process is there no more."""
        return bool(wait([self.process.sentinel], 0))

    def end(self, reason: StoreError | None = None) -> None:
        """End it, for this reason."""
        self.reason = self.reason or reason
        self.process.kill()

    def _watch(self) -> None:
        pid, until = self.process.pid or 0, time.monotonic() + self._patience
        first = _memory_of(pid)
        while not wait([self.process.sentinel], _LOOK_EVERY if self.is_asked or not self.is_ready else 1.0):
            if _memory_of(pid) - first > self._memory:
                self.end(StoreError(sentence("limit.memory"), fix=sentence("next.again")))
            elif not self.is_ready and time.monotonic() > until:
                message = sentence("limit.answer_time", seconds=self._patience)
                self.end(StoreTimeout(message, fix=sentence("next.again")))


def _memory_of(pid: int) -> int:
    """The bytes of memory that a process uses; nought when it is gone, or the machine does not say."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE")
    return 0


class Retired(StoreError):  # noqa: N818  # the state it is in
    """This process belongs to a version that is served no more."""


class Apart:
    """One process that prepares something and then answers questions about it, in bounded time and memory.

    A process that somebody else ends is started again, a few times for one question.
    """

    def __init__(
        self, prepare: Callable[..., Any], *arguments: object, memory: int, seconds: float, patience: float
    ) -> None:
        """A process that is not started yet.

        Args:
            prepare: a function of a module; what it gives back is sent, or asked when it can be called.
            arguments: what it takes.
            memory: bytes that the process may use on top of what it begins with.
            seconds: how long one answer may take.
            patience: how long the preparation may take; whoever waits longer than `seconds` is told to come again.
        """
        self._prepare, self._arguments, self._memory = prepare, arguments, memory
        self._seconds, self._patience = seconds, patience
        self._turns = Turns()
        self._run: _Run | None = None
        self._ready: object = None
        self._is_retired = False

    @property
    def is_over(self) -> bool:
        """Whether it prepares nothing any more: it is ready, or it failed, or took too long."""
        run = self._run
        return run is None or run.is_ready or run.has_ended

    @property
    def pid(self) -> int | None:
        """The process, when there is one."""
        return self._run.process.pid if self._run is not None else None

    @property
    def is_asked(self) -> bool:
        """Whether it is looking for an answer."""
        return self._run is not None and self._run.is_asked

    def start(self) -> None:
        """Begin to prepare, without waiting for it.

        Raises:
            StoreError: the machine has no process to give.
        """
        if self._run is None:
            try:
                self._run = _Run(self._prepare, self._arguments, self._memory, self._patience)
            except OSError as error:
                raise StoreError(sentence("limit.no_process"), fix=sentence("next.again")) from error

    def prepared(self, client: str = "") -> Any:  # noqa: ANN401  # whatever `prepare` gives
        """What was prepared.

        Raises:
            StoreTimeout: it is not ready yet, or somebody else waits for it.
            StoreError: it cannot be prepared.
        """
        return self._tried(client, lambda _run, _until: self._ready)

    def ask(self, question: object, client: str = "") -> Any:  # noqa: ANN401  # whatever the process answers
        """One answer.

        Raises:
            StoreTimeout: it is not ready yet, or the deadline passed.
            StoreError: there is no answer.
        """

        def answer(run: _Run, until: float) -> object:
            run.is_asked = True
            run.pipe.send(question)
            if not run.pipe.poll(max(until - time.monotonic(), 0.0)):
                self._end()
                raise StoreTimeout(sentence("limit.answer_time", seconds=self._seconds), fix=sentence("next.again"))
            kind, value = run.pipe.recv()
            run.is_asked = False
            return self._taken(kind, value)

        return self._tried(client, answer)

    def close(self) -> None:
        """End the process now."""
        self._is_retired = True
        self._end()

    def retire(self) -> None:
        """End the process when the question that it answers is answered; nobody is let in any more."""
        self._is_retired = True

        def end() -> None:
            with suppress(StoreError), self._turns.of("", self._seconds):
                self._end()
            self._end()

        threading.Thread(target=end, daemon=True).start()

    def _tried(self, client: str, work: Callable[[_Run, float], Any]) -> Any:  # noqa: ANN401
        until = time.monotonic() + self._seconds
        with self._turns.of(client, self._seconds):
            for _ in range(_TRIES):
                if self._is_retired:
                    raise Retired(sentence("limit.ended"), fix=sentence("next.again"))
                self.start()
                run = self._run
                if run is None:
                    continue
                try:
                    self._be_ready(run, until)
                    return work(run, until)
                except (EOFError, OSError) as error:
                    code = exit_code(run.process, 1.0)
                    self._end()
                    if run.reason is None and was_ended_by_others(code):
                        continue
                    # A library that cannot have memory ends its process by a signal.
                    died = sentence("limit.memory" if (code or 0) < 0 else "limit.ended")
                    raise run.reason or StoreError(died, fix=sentence("next.again")) from error
        raise StoreError(sentence("limit.ended"), fix=sentence("next.again"))

    def _be_ready(self, run: _Run, until: float) -> None:
        if run.is_ready:
            return
        if not run.pipe.poll(max(until - time.monotonic(), 0.0)):
            raise StoreTimeout(sentence("busy.preparing"), fix=sentence("next.again"))
        kind, value = run.pipe.recv()
        self._ready = self._taken(kind, value)
        run.is_ready = True

    def _taken(self, kind: str, value: object) -> object:
        if kind == "error":
            self._end()
        if isinstance(value, CitygraphError):
            raise value
        return value

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()
            exit_code(run.process, 5.0)
            run.pipe.close()
