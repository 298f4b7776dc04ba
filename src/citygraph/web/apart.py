"""Work that needs more than a query, in a process that may die: the world on another day, and proofs."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from citygraph.errors import CitygraphError, StoreError, StoreTimeout
from citygraph.rdf import Triple
from citygraph.sentences import sentence
from citygraph.store.worker import limit_memory

__all__ = ["Apart", "derive_day", "read_explainer"]


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
    from citygraph.reason.explain import Explainer  # noqa: PLC0415
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
        limit_memory(memory)
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


class Apart:
    """One process that prepares something and then answers questions about it, in bounded time and memory."""

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
        self._turn = threading.Lock()
        self._process: Any = None
        self._pipe: Connection | None = None
        self._began = 0.0
        self._ready: object = None
        self.is_ready = False

    @property
    def is_over(self) -> bool:
        """Whether it prepares nothing any more: it is ready, or it failed, or took too long."""
        return self.is_ready or self._process is None or self._process.exitcode is not None

    def prepared(self) -> Any:  # noqa: ANN401  # whatever `prepare` gives
        """What was prepared.

        Raises:
            StoreTimeout: it is not ready yet, or somebody else waits for it.
            StoreError: it cannot be prepared.
        """
        until = time.monotonic() + self._seconds
        self._enter(until)
        try:
            self._be_ready(until)
            return self._ready
        finally:
            self._turn.release()

    def ask(self, question: object) -> Any:  # noqa: ANN401  # whatever the process answers
        """One answer.

        Raises:
            StoreTimeout: it is not ready yet, or the deadline passed.
            StoreError: there is no answer.
        """
        until = time.monotonic() + self._seconds
        self._enter(until)
        try:
            pipe = self._be_ready(until)
            pipe.send(question)
            if not pipe.poll(max(until - time.monotonic(), 0.0)):
                self._end()
                raise StoreTimeout(sentence("limit.answer_time", seconds=self._seconds), fix=sentence("next.again"))
            return self._receive(pipe)
        except (EOFError, OSError) as error:
            self._end()
            raise StoreError(sentence("limit.ended"), fix=sentence("next.again")) from error
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process."""
        self._end()

    def _enter(self, until: float) -> None:
        if not self._turn.acquire(timeout=max(until - time.monotonic(), 0.0)):
            raise StoreTimeout(sentence("busy.others"), fix=sentence("next.again"))

    def _be_ready(self, until: float) -> Connection:
        if self._process is None or (self._process.exitcode is not None and not self.is_ready):
            self._start()
        pipe = self._pipe
        if pipe is None:
            raise StoreError(sentence("limit.ended"), fix=sentence("next.again"))
        if not self.is_ready:
            try:
                if not pipe.poll(max(until - time.monotonic(), 0.0)):
                    if time.monotonic() - self._began > self._patience:
                        self._end()
                    raise StoreTimeout(sentence("busy.preparing"), fix=sentence("next.again"))
                self._ready = self._receive(pipe)
            except EOFError as error:
                self._end()
                raise StoreError(sentence("limit.memory"), fix=sentence("next.again")) from error
            self.is_ready = True
        return pipe

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(
            target=_work, args=(theirs, self._prepare, self._arguments, self._memory), daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe, self._began = ours, time.monotonic()

    def _receive(self, pipe: Connection) -> object:
        kind, value = pipe.recv()
        if kind == "error":
            self._end()
        if isinstance(value, CitygraphError):
            raise value
        return value

    def _end(self) -> None:
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        self.is_ready = False
        if process is not None:
            process.kill()
            process.join(5)
        if pipe is not None:
            pipe.close()
