"""Questions passed on to a server: askers take turns, as they do for workers, and nothing is left over."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import cast

import pytest

from citygraph.errors import StoreError
from citygraph.results import Answer, Truth
from citygraph.store.protocol import Bounds, Question
from citygraph.store.server.pool import ServerPool
from citygraph.store.server.versions import HeldVersions
from citygraph.store.turns import Share, StoreBusy
from patience import PATIENCE


class _Server:
    """A server with one version, which answers when it may, and notes what it was asked."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []

    def current(self) -> _Server:
        """The version in use."""
        return self

    def ask(self, text: str, **_: object) -> Answer:
        """Yes, once it may be said."""
        self.asked.append(text.split("#")[1])
        assert self.may_answer.wait(PATIENCE)
        return Truth(value=True)


def _question(name: str) -> Question:
    return Question(f"ASK {{ ?s ?p ?o }} #{name}")


async def _pool(server: _Server, folder: Path) -> ServerPool:
    share = Share(workers=1, per_client=5, queue=100)
    pool = ServerPool(cast("HeldVersions", server), folder, "v1", bounds=Bounds(), share=share)
    await pool.start()
    return pool


def test_whoever_asks_much_waits_behind_whoever_asks_little(tmp_path: Path) -> None:
    server = _Server()

    async def ask() -> None:
        pool = await _pool(server, tmp_path)
        greedy = [pool.ask(_question(f"greedy {number}"), client="greedy") for number in range(5)]
        modest = pool.ask(_question("modest"), client="modest")
        with pytest.raises(StoreBusy):
            pool.ask(_question("one too many"), client="greedy")
        assert pool.state["waiting"] == 5
        pool.give_up(greedy[4])
        with pytest.raises(StoreError, match="Nobody waits"):
            await greedy[4].begun
        server.may_answer.set()
        await asyncio.gather(modest.begun, *(each.begun for each in greedy[:4]))
        assert dict(pool.state)["waiting"] == 0
        await pool.close()

    asyncio.run(ask())
    assert server.asked == ["greedy 0", "modest", "greedy 1", "greedy 2", "greedy 3"]


def test_what_waits_when_the_pool_is_closed_is_told_so(tmp_path: Path) -> None:
    server = _Server()

    async def ask() -> None:
        pool = await _pool(server, tmp_path)
        first, second = (pool.ask(_question(name), client="a") for name in ("first", "second"))
        await pool.close(patience=0)
        with pytest.raises(StoreBusy):
            await second.begun
        server.may_answer.set()
        await first.begun

    asyncio.run(ask())
    assert server.asked == ["first"]
