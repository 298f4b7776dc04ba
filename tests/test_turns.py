"""Turns: nobody has two, nobody's is lost, and whoever asks much waits behind whoever asks little."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from citygraph.errors import StoreTimeout
from citygraph.store.turns import FairQueue, Turns
from patience import PATIENCE, until, wait_until


def test_each_asker_has_one_turn_and_all_together_a_few() -> None:
    async def work() -> list[str]:
        turns, order = Turns(2), list[str]()
        working: list[str] = []

        async def one(client: str) -> None:
            async with turns.of(client, PATIENCE):
                order.append(client)
                assert client not in working
                working.append(client)
                assert len(working) <= 2
                await asyncio.sleep(0.01)
                working.remove(client)

        await asyncio.gather(*(one(each) for each in ("greedy", "greedy", "greedy", "second", "third")))
        return order

    order = asyncio.run(work())
    assert sorted(order) == ["greedy", "greedy", "greedy", "second", "third"]
    assert order[:3] != ["greedy"] * 3
    assert order.index("third") < 4


def test_whoever_gives_up_takes_nobody_s_turn() -> None:
    async def work() -> None:
        turns = Turns(1)
        async with turns.of("first", PATIENCE):
            with pytest.raises(StoreTimeout):
                async with turns.of("second", 0.01):
                    raise AssertionError
            gone = asyncio.ensure_future(turns.of("third", PATIENCE).__aenter__())
            await asyncio.sleep(0)
            gone.cancel()
            late = asyncio.ensure_future(turns.of("fourth", PATIENCE).__aenter__())
            await asyncio.sleep(0)
        # The turn has come, and before it is taken its asker goes away.
        late.cancel()
        for each in (gone, late):
            with pytest.raises(asyncio.CancelledError):
                await each
        async with turns.of("fifth", PATIENCE):
            pass

    asyncio.run(work())


def test_turns_of_threads_go_round() -> None:
    turns, order = Turns(), list[str]()

    def one(client: str) -> None:
        with turns.of(client, PATIENCE):
            order.append(client)

    with ThreadPoolExecutor(8) as pool, turns.of("first", PATIENCE):
        for number, client in enumerate(("greedy", "greedy", "greedy", "greedy", "greedy", "modest"), start=1):
            pool.submit(one, client)
            wait_until(lambda number=number: len(turns._waiting) == number, "that it waits")  # type: ignore[misc]  # noqa: SLF001
    assert sorted(order) == ["greedy"] * 5 + ["modest"]
    assert order.index("modest") < 3
    with turns.of("first", PATIENCE), pytest.raises(StoreTimeout), turns.of("second", 0.01):
        raise AssertionError
    with turns.of("third", PATIENCE) as left:
        assert 0 < left <= PATIENCE


def test_threads_and_coroutines_wait_in_one_row() -> None:
    turns, order = Turns(), list[str]()

    def in_a_thread() -> None:
        with turns.of("thread", PATIENCE):
            order.append("thread")

    async def work() -> None:
        async with turns.of("coroutine", PATIENCE):
            waiting = asyncio.ensure_future(asyncio.to_thread(in_a_thread))
            later = asyncio.ensure_future(turns.enter("coroutine", PATIENCE))
            await until(lambda: len(turns._waiting) == 2, "that both wait")  # noqa: SLF001
            assert not order
        await waiting
        await later
        turns.leave("coroutine")

    asyncio.run(work())
    assert order == ["thread"]


def test_whoever_has_had_a_turn_goes_behind_whoever_came_meanwhile() -> None:
    queue = FairQueue[str]()
    for item in ("greedy 1", "greedy 2", "greedy 3"):
        queue.put("greedy", item)
    assert queue.take() == "greedy 1"
    queue.put("modest", "modest 1")
    queue.send_back("greedy")
    assert queue.take() == "modest 1"
    assert queue.take(lambda item: item != "greedy 2") is None
    queue.put("greedy", "greedy 1 again", first=True)
    assert [queue.take(), queue.take(), queue.take()] == ["greedy 1 again", "greedy 2", "greedy 3"]
    assert queue.take() is None
    assert len(queue) == 0
