"""What a route asks of the server's threads: what is refused, what waits its turn, and what is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from synthetic.errors import OverloadedError
from synthetic.graphql.bounded_threads import BoundedThreads
from synthetic.graphql.http_exchange import RequestHeaders
from synthetic.route_channel import RouteChannel
from synthetic.route_requests import RouteMeans, RouteRequest
from synthetic.security.callers import ANONYMOUS
from synthetic.store import Store


class SlowDisk:
    """Work that holds a thread up until it is let go on."""

    def __init__(self) -> None:
        self.has_ended = False
        self._begun = threading.Event()
        self._may_end = threading.Event()

    def work(self) -> None:
        self._begun.set()
        assert self._may_end.wait(60)
        self.has_ended = True

    async def wait_until_begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 60)

    def go_on(self) -> None:
        self._may_end.set()


@pytest.fixture
def disk():
    disk = SlowDisk()
    yield disk
    disk.go_on()


@pytest.fixture
def threads(store: Store, disk: SlowDisk):
    """One thread, and one place."""
    threads = BoundedThreads("routes", 1, 1, store.kernel.metrics)
    yield threads
    disk.go_on()
    threads.close()


def request_of(store: Store, threads: BoundedThreads) -> RouteRequest:
    """A request whose client sends without end, and takes everything."""

    async def receive():
        return {"type": "http.request", "body": b"part", "more_body": True}

    async def send(message):
        assert message["type"].startswith("http.response.")

    kernel = store.kernel
    means = RouteMeans(kernel.database, kernel.surroundings, threads, kernel.clock, 60_000)
    channel = RouteChannel(RequestHeaders([]), receive, send)
    return RouteRequest("PUT", {}, ANONYMOUS, "c", {"type": "http"}, channel, means)


@pytest.mark.anyio
async def test_however_often_it_is_cancelled_it_ends_with_the_thread(store, threads, disk):
    running = asyncio.create_task(request_of(store, threads).in_thread(disk.work))
    await disk.wait_until_begun()
    for _ in range(3):
        running.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not running.done(), "the thread still writes"
    disk.go_on()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert disk.has_ended


@pytest.mark.anyio
async def test_only_what_has_not_begun_is_refused_where_all_places_are_taken(store, threads, disk):
    taking = asyncio.create_task(request_of(store, threads).in_thread(disk.work))
    await disk.wait_until_begun()
    with pytest.raises(OverloadedError):
        await request_of(store, threads).in_thread(sum, [1, 2])
    answering, uploading = request_of(store, threads), request_of(store, threads)
    await answering.begin(200, {})
    async with contextlib.aclosing(uploading.parts()) as parts:
        assert await anext(parts) == b"part"
    waiting = [asyncio.create_task(each.in_thread(sum, [1, 2])) for each in (answering, uploading)]
    disk.go_on()
    assert await asyncio.gather(*waiting) == [3, 3]
    await taking
