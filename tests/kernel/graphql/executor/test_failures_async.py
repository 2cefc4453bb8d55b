"""What goes wrong where resolvers are asynchronous: nothing hangs, and no task and no coroutine is left over."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import ExecutionResult

from .asking import schema_of, start, told


async def settled(result: Any) -> ExecutionResult:
    return result if isinstance(result, ExecutionResult) else await result


ASYNC = "type Query { slow: Int fast: Int must: Int! list: [A] } type A { n: Int m: Int! }"


@pytest.mark.anyio
async def test_an_asynchronous_resolver_that_fails_leaves_its_siblings_alone():
    release = asyncio.Event()

    async def slow(*_args: Any) -> int:
        await release.wait()
        return 1

    async def fast(*_args: Any) -> int:
        release.set()
        raise RuntimeError("failed")

    schema = schema_of(ASYNC, {"Query.slow": slow, "Query.fast": fast})
    result = await settled(start(schema, "{ slow fast }"))
    assert (result.data, told(result)) == ({"slow": 1, "fast": None}, [("failed", ["fast"])])


@pytest.mark.anyio
async def test_a_failure_that_makes_its_object_null_leaves_no_task_of_its_siblings():
    async def number(source: dict[str, int], _info: Any) -> int:
        for _ in range(source["turns"]):
            await asyncio.sleep(0)
        return 1

    async def fail(*_args: Any) -> int:
        raise RuntimeError("failed")

    schema = schema_of(ASYNC, {"A.n": number, "A.m": fail})
    before = asyncio.all_tasks()
    result = await settled(start(schema, "{ list { n m } }", {"list": [{"turns": 5}, {"turns": 0}]}))
    assert result.data == {"list": [None, None]}
    assert [error.path for error in result.errors or ()] == [["list", 0, "m"], ["list", 1, "m"]]
    assert asyncio.all_tasks() == before


@pytest.mark.anyio
@pytest.mark.filterwarnings("error")
async def test_an_execution_that_is_cancelled_half_way_cancels_what_it_waits_for():
    begun, ended = asyncio.Event(), list[str]()

    async def waiting(_source: Any, info: Any) -> int:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(info.path.as_list()[-1])
        raise AssertionError

    schema = schema_of(ASYNC, {"Query.slow": waiting, "Query.fast": waiting, "A.n": waiting})
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(settled(start(schema, "{ slow fast list { n } }", {"list": [{}, {}]})))
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
    assert ended.count("slow") == 1
    gc.collect()


@pytest.mark.anyio
@pytest.mark.filterwarnings("error")
async def test_what_was_never_begun_when_an_execution_is_cancelled_is_not_begun_later():
    begun, calls = asyncio.Event(), list[str]()

    async def slow(*_args: Any) -> dict[str, int]:
        begun.set()
        calls.append("slow")
        await asyncio.Event().wait()
        raise AssertionError

    async def below(*_args: Any) -> int:
        calls.append("below")
        return 1

    schema = schema_of("type Query { a: A } type A { n: Int }", {"Query.a": slow, "A.n": below})
    task = asyncio.ensure_future(settled(start(schema, "{ a { n } }")))
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gc.collect()
    assert calls == ["slow"]


@pytest.mark.anyio
async def test_a_resolver_that_was_itself_cancelled_is_an_error_and_not_the_end_of_the_execution():
    async def cancelled(*_args: Any) -> int:
        raise asyncio.CancelledError

    result = await settled(start(schema_of(ASYNC, {"Query.slow": cancelled}), "{ slow fast }", {"fast": 2}))
    assert result.data == {"slow": None, "fast": 2}
    assert [error.path for error in result.errors or ()] == [["slow"]]


@pytest.mark.anyio
async def test_awaitable_items_and_asynchronous_iterables_fail_where_they_are():
    async def later(value: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    async def stream() -> AsyncIterator[Any]:
        yield 1
        raise RuntimeError("stream")

    sdl = "type Query { items: [Int] strict: [Int!] stream: [Int] }"
    resolvers = {
        "Query.items": lambda *_args: [later(1), later(RuntimeError("two")), 3],
        "Query.strict": lambda *_args: [later(1), later(None)],
        "Query.stream": lambda *_args: stream(),
    }
    result = await settled(start(schema_of(sdl, resolvers), "{ items strict stream }"))
    assert result.data == {"items": [1, None, 3], "strict": None, "stream": None}
    assert told(result) == [
        ("two", ["items", 1]),
        ("Cannot return null for non-nullable field Query.strict.", ["strict", 1]),
        ("stream", ["stream"]),
    ]
