from __future__ import annotations

import asyncio
import gc

import pytest

from synthetic.security.believed import Believed

pytestmark = pytest.mark.anyio


class Source:
    """Answers lookups when it is told to, and counts them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, str | None] = {}
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.seconds = 0.0

    async def look_up(self, key: str) -> str | None:
        self.asked.append(key)
        self.reached.set()
        await self.open.wait()
        return self.answers[key]

    def now(self) -> float:
        return self.seconds


def believed(source: Source, entries_max: int = 10) -> Believed[str, str]:
    return Believed(source.look_up, source.now, seconds=1.0, entries_max=entries_max)


async def test_an_answer_is_believed_for_its_time_and_no_longer():
    source = Source()
    source.answers["k"] = "one"
    cache = believed(source)
    assert await cache.ask("k") == "one"
    source.answers["k"] = "two"
    source.seconds = 0.999
    assert await cache.ask("k") == "one"
    source.seconds = 1.0
    assert await cache.ask("k") == "two"
    assert source.asked == ["k", "k"]


async def test_nothing_is_never_believed():
    source = Source()
    source.answers["k"] = None
    cache = believed(source)
    assert await cache.ask("k") is None
    assert await cache.ask("k") is None
    assert len(source.asked) == 2
    assert "k" not in cache


async def test_an_answer_that_is_gone_is_forgotten():
    source = Source()
    source.answers["k"] = "one"
    cache = believed(source)
    await cache.ask("k")
    source.seconds, source.answers["k"] = 5.0, None
    assert "k" in cache
    assert await cache.ask("k") is None
    assert "k" not in cache


async def test_many_who_wait_ask_once():
    source = Source()
    source.answers["k"] = "one"
    source.open.clear()
    cache = believed(source)
    waiting = [asyncio.create_task(cache.ask("k")) for _ in range(50)]
    await source.reached.wait()
    source.open.set()
    assert await asyncio.gather(*waiting) == ["one"] * 50
    assert source.asked == ["k"]


async def test_who_leaves_does_not_take_the_answer_from_the_others():
    source = Source()
    source.answers["k"] = "one"
    source.open.clear()
    cache = believed(source)
    leaves, stays = asyncio.create_task(cache.ask("k")), asyncio.create_task(cache.ask("k"))
    await source.reached.wait()
    leaves.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaves
    source.open.set()
    assert await stays == "one"


async def test_an_error_reaches_all_and_is_not_remembered():
    source = Source()
    source.open.clear()
    cache = believed(source)
    waiting = [asyncio.create_task(cache.ask("k")) for _ in range(2)]
    await source.reached.wait()
    source.open.set()
    assert [type(answer) for answer in await asyncio.gather(*waiting, return_exceptions=True)] == [KeyError] * 2
    source.answers["k"] = "one"
    assert await cache.ask("k") == "one"


async def test_an_error_that_nobody_waits_for_makes_no_noise():
    source = Source()
    source.open.clear()
    cache = believed(source)
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    waiting = asyncio.create_task(cache.ask("k"))
    await source.reached.wait()
    waiting.cancel()
    source.open.set()
    await asyncio.wait(list(cache._lookups.values()))
    del waiting
    gc.collect()
    assert complaints == []


async def test_the_number_of_answers_is_bounded():
    source = Source()
    cache = believed(source, entries_max=2)
    for key in ("a", "b", "c"):
        source.answers[key] = key
        await cache.ask(key)
    assert [key in cache for key in ("a", "b", "c")] == [False, True, True]
