"""Waiting, where a resolver is asynchronous: the executor's steps are generators, and this is what drives them.

A step that needs values which are not there yet yields a list of awaitables,
and is sent what they gave: values, or the exceptions that they raised. While
nothing waits, no event loop is needed, and none is asked for.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterable, Awaitable, Generator, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

ResultT = TypeVar("ResultT")

Step: TypeAlias = Generator[list[Awaitable[Any]], list[Any], ResultT]
"""Something that may have to wait before it gives its result."""


KINDS_KEPT = 1_024
"""Classes of values and parents that are remembered, by each of those who ask them something."""


def is_awaitable(value: object) -> bool:
    """Whether a value must be awaited."""
    return hasattr(value, "__await__")


_kind_is_awaitable = functools.lru_cache(maxsize=KINDS_KEPT)(is_awaitable)


def may_wait(values: Iterable[Any]) -> bool:
    """Whether some of the values must be awaited, as their classes say."""
    return any(map(_kind_is_awaitable, {*map(type, values)}))


def abandon(values: Iterable[Any]) -> None:
    """Close the coroutines among some values, which nobody is going to await."""
    for value in values:
        if inspect.iscoroutine(value):
            value.close()


def settled(values: Sequence[Any]) -> Step[list[Any]]:
    """The values, with those that are awaitable replaced by what they give."""
    places = [place for place, value in enumerate(values) if is_awaitable(value)]
    results = list(values)
    if places:
        for place, result in zip(places, (yield [values[place] for place in places]), strict=True):
            results[place] = result
    return results


def together(steps: Iterable[Step[Any]]) -> Step[list[Any]]:
    """The results of several steps, which wait at the same time for what they wait for.

    When one of them raises, what the others wait for is abandoned.
    """
    results: list[Any] = []
    waiting: list[tuple[int, Step[Any], list[Awaitable[Any]]]] = []
    try:
        for place, step in enumerate(steps):
            results.append(None)
            _go_on(place, step, None, results, waiting)
        while waiting:
            answers = yield [awaitable for _place, _step, wanted in waiting for awaitable in wanted]
            before, waiting = waiting, []
            for place, step, wanted in before:
                _go_on(place, step, answers[: len(wanted)], results, waiting)
                answers = answers[len(wanted) :]
    except Exception:
        for _place, step, wanted in waiting:
            step.close()
            abandon(wanted)
        raise
    return results


def _go_on(
    place: int,
    step: Step[Any],
    answer: Any,
    results: list[Any],
    waiting: list[tuple[int, Step[Any], list[Awaitable[Any]]]],
) -> None:
    try:
        waiting.append((place, step, step.send(answer)))
    except StopIteration as ended:
        results[place] = ended.value


def run_until_waiting(step: Step[ResultT]) -> tuple[bool, Any]:
    """Run a step up to where it waits.

    Returns:
        True and its result; or False and what it waits for, for `finish`.
    """
    try:
        return False, step.send(None)  # pyright: ignore[reportArgumentType] - how a generator is started
    except StopIteration as ended:
        return True, ended.value


async def finish(step: Step[ResultT], wanted: list[Awaitable[Any]]) -> ResultT:
    """Run a step that waits to its end.

    When this is cancelled, so is all that it waits for, and that has ended
    before the cancellation goes on.
    """
    try:
        while True:
            try:
                wanted = step.send(await gather(wanted))
            except StopIteration as ended:
                return ended.value
    finally:
        step.close()


async def gather(awaitables: list[Awaitable[Any]]) -> list[Any]:
    """Await all; an exception takes the place of a result.

    Raises:
        BaseException: What is no Exception, such as a KeyboardInterrupt, ends the waiting for all.
    """
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        results = await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception | asyncio.CancelledError):
            raise result
    return [
        RuntimeError("what a resolver waited for was cancelled")
        if isinstance(result, asyncio.CancelledError)
        else result
        for result in results
    ]


async def listed(items: AsyncIterable[Any]) -> list[Any]:
    """The items of an asynchronous iterable."""
    return [item async for item in items]
