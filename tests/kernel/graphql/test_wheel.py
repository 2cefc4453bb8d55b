from __future__ import annotations

import asyncio

import pytest

from synthetic.graphql.wheel import Wheel

PATIENCE_SECONDS = 30

pytestmark = pytest.mark.anyio


class Connection:
    """Counts how often it is visited, and tells when it was often enough."""

    def __init__(self, visits: int = 1) -> None:
        self.visits = 0
        self.enough = asyncio.Event()
        self._expected = visits

    def visit(self) -> None:
        self.visits += 1
        if self.visits == self._expected:
            self.enough.set()


async def visited(*connections: Connection) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        for connection in connections:
            await connection.enough.wait()


async def test_each_is_visited_again_and_again_and_as_often_as_the_others():
    wheel, connections = Wheel(period_ms=60), [Connection(visits=4) for _ in range(50)]
    for connection in connections:
        wheel.add(connection)
    await visited(*connections)
    counts = [connection.visits for connection in connections]
    assert max(counts) - min(counts) <= 1


async def test_who_comes_last_is_visited_after_all_slots_that_were_there_before():
    """So nearly a period has passed: the slot that was visited last is the one whose turn comes last."""
    visited_in_order: list[str] = []

    class Named(Connection):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        def visit(self) -> None:
            super().visit()
            visited_in_order.append(self._name)

    class Bringing(Named):
        def visit(self) -> None:
            super().visit()
            if self.visits == 1:
                wheel.add(second)

    wheel = Wheel(period_ms=60)
    first, second = Bringing("first"), Named("second")
    wheel.add(first)
    await visited(second)
    # Both are in the slot whose turn it was then.
    assert visited_in_order == ["first", "first", "second"]


async def test_who_was_removed_is_not_visited_not_even_by_the_one_before_it():
    wheel, last = Wheel(period_ms=1), Connection(visits=2)
    removed = Connection()

    class Removing(Connection):
        def visit(self) -> None:
            super().visit()
            if self.visits == 1:
                wheel.remove(removed, slot)

    wheel.add(Removing())
    slot = wheel.add(removed)
    wheel.add(last)
    await visited(last)
    assert removed.visits == 0


async def test_after_the_last_connection_was_removed_a_new_one_is_visited_and_the_old_one_no_more():
    wheel, first, second = Wheel(period_ms=1), Connection(), Connection()
    slot = wheel.add(first)
    await visited(first)
    wheel.remove(first, slot)
    visits = first.visits
    wheel.add(second)
    await visited(second)
    assert first.visits == visits
