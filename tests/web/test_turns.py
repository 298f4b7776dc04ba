"""Turns for work that the server does itself: nobody has two, and nobody's turn is lost."""

from __future__ import annotations

import asyncio

import pytest

from citygraph.errors import StoreTimeout
from citygraph.web.turns import Turns


def test_each_asker_has_one_turn_and_all_together_a_few() -> None:
    async def work() -> list[str]:
        turns, order = Turns(2), list[str]()
        working: list[str] = []

        async def one(client: str) -> None:
            async with turns.of(client, 10):
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
        async with turns.of("first", 10):
            with pytest.raises(StoreTimeout):
                async with turns.of("second", 0.01):
                    raise AssertionError
            gone = asyncio.ensure_future(turns.of("third", 10).__aenter__())
            await asyncio.sleep(0)
            gone.cancel()
            late = asyncio.ensure_future(turns.of("fourth", 10).__aenter__())
            await asyncio.sleep(0)
        # The turn has come, and before it is taken its asker goes away.
        late.cancel()
        for each in (gone, late):
            with pytest.raises(asyncio.CancelledError):
                await each
        async with turns.of("fifth", 1):
            pass

    asyncio.run(work())
