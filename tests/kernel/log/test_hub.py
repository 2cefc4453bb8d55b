"""Followers: every event once and in order, wherever one begins, whoever writes, however slowly one reads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from synthetic import Position, Store, Transaction
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.stepping import begin
from synthetic.graphql.subscriptions import Subscription
from synthetic.log.appended import EVENTS_TOLD_MAX
from synthetic.log.errors import ResyncRequiredError
from synthetic.log.event_types import SYNC_FORGOTTEN, SYNC_STATUS_CHANGED
from synthetic.log.events import EVERYTHING, EventFilter, read_events
from synthetic.log.hub import PAGE_EVENTS, WINDOW_EVENTS, Follower, Hub
from synthetic.log.positions import begin_epoch, read_ends, read_position
from synthetic.log.sync.enums import SyncOutcome
from synthetic.log.sync.reporting import report_sync
from synthetic.metrics import Metrics
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import open_test_store

PATIENCE_SECONDS = 60


def emit(tx: Transaction, *entity_ids: str) -> None:
    for entity_id in entity_ids:
        tx.emit(SYNC_FORGOTTEN, entity_id)


def emit_many(tx: Transaction, count: int) -> None:
    emit(tx, *map(str, range(count)))


def publish(tx: Transaction) -> None:
    """An event for both kinds of subscribers."""
    report_sync(tx, "outside", SyncOutcome.STARTED)


def hub_of(store: Store) -> Hub:
    return Hub(store.kernel.database, Metrics())


async def take(follower: Follower, count: int) -> list[int]:
    """The positions of the next events."""
    taken: list[int] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(taken) < count:
            taken += [event.position for event in await follower.next()]
    return taken


async def has_come_to(hub: Hub, position: int) -> None:
    """Wait until a hub has read, or been told, all up to a position: nobody is told of that."""
    while hub.end < position:  # noqa: ASYNC110
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def following(hub: Hub, after: Position | None = None, wanted: EventFilter = EVERYTHING):
    follower = await hub.follow(after, wanted)
    try:
        yield follower
    finally:
        follower.close()


@pytest.mark.anyio
async def test_a_follower_gets_what_is_committed_after_it_began(store):
    store.write(emit, "before")
    async with following(hub_of(store)) as follower:
        store.write(emit, "a", "b")
        store.write(emit, "c")
        assert await take(follower, 3) == [2, 3, 4]
        assert follower.position.number == 4


@pytest.mark.anyio
async def test_a_follower_that_names_a_position_gets_what_follows_it(store):
    store.write(emit_many, 3 * PAGE_EVENTS)
    start = store.read(read_position)._replace(number=7)
    async with following(hub_of(store), start) as follower:
        store.write(emit, "new")
        assert await take(follower, 3 * PAGE_EVENTS - 6) == list(range(8, 3 * PAGE_EVENTS + 2))


@pytest.mark.anyio
async def test_what_is_told_of_an_event_is_what_stands_in_the_log(store, monkeypatch):
    """Events of the process itself are not read from there, once the hub has come to its end."""

    def write(tx: Transaction) -> None:
        for text in ("plain", "nul \0 in it", "\u2028 \U0001f40c 'quoted' \"twice\"", "", "x" * 5_000):
            tx.emit(SYNC_STATUS_CHANGED, text, payload={"text": text, "none": None, "number": 1e300}, occurred_at=-5)
            tx.emit(SYNC_FORGOTTEN, "module", construct_id=text or None)

    hub = hub_of(store)
    real, reads = hub.page, []

    async def page(*given):
        reads.append(given)
        return await real(*given)

    monkeypatch.setattr(hub, "page", page)
    async with following(hub) as follower:
        events, reads_at = [], []
        async with asyncio.timeout(PATIENCE_SECONDS):
            for count in (10, 20, 30):
                store.write(write)
                while len(events) < count:
                    events += await follower.next()
                await has_come_to(hub, count)
                reads_at.append(len(reads))
        assert events == store.read(read_events, 0, 100).events
        assert reads_at[0] == reads_at[-1]


@pytest.mark.anyio
async def test_values_that_sqlite_converts_are_told_as_they_stand_in_the_log(store):
    """As a plugin may hand them over that does not look at the types of its values."""

    class Id(str):
        __slots__ = ()

    def write(tx: Transaction) -> None:
        number: Any = 5
        instant: Any = 7.0
        tx.emit(SYNC_FORGOTTEN, number)
        tx.emit(SYNC_FORGOTTEN, Id("5"), occurred_at=instant)

    hub = hub_of(store)
    async with following(hub, wanted=EventFilter(entity_id="5")) as follower:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for count in (2, 4):
                store.write(write)
                events = []
                while len(events) < 2:
                    events += await follower.next()
                assert events == store.read(read_events, 0, 100).events[count - 2 :]
                await has_come_to(hub, count)
                assert [type(event.entity_id) for event in events] == [str, str]
                assert [type(event.occurred_at_utc) for event in events] == [int, int]


@pytest.mark.anyio
async def test_a_write_that_was_undone_is_not_told_of(store):
    def fail(tx: Transaction) -> None:
        emit(tx, "never")
        tx.flush_events()
        raise LookupError("planted")

    def work(name: str) -> None:
        for number in range(50):
            with pytest.raises(Exception, match="planted"):
                store.write(fail)
            store.write(emit, f"{name}{number}", f"{name}{number} again")

    # Several at once, so that some fail in the middle of a commit that they share with others.
    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    async with following(hub_of(store)) as follower:
        for thread in threads:
            thread.start()
        events = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(events) < 300:
                events += await follower.next()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert events == store.read(read_events, 0, 500).events
        assert [event.position for event in events] == list(range(1, 301))


@pytest.mark.anyio
async def test_another_process_is_followed_as_well(store, data_dir):
    with open_test_store(data_dir) as other:
        async with following(hub_of(store)) as follower:
            await asyncio.to_thread(other.write, emit, "theirs")
            assert await take(follower, 1) == [1]
            store.write(emit, "ours")
            await asyncio.to_thread(other.write, emit, "theirs")
            assert await take(follower, 2) == [2, 3]


@pytest.mark.anyio
async def test_a_follower_that_is_far_behind_reads_the_log_and_catches_up(store):
    hub = hub_of(store)
    async with following(hub) as slow, following(hub) as quick:
        total = 0
        for _ in range(8):
            store.write(emit_many, WINDOW_EVENTS // 4)
            total += WINDOW_EVENTS // 4
            await take(quick, WINDOW_EVENTS // 4)
        assert total > WINDOW_EVENTS - 1
        assert await take(slow, total) == list(range(1, total + 1))
        store.write(emit, "last")
        assert await take(slow, 1) == await take(quick, 1) == [total + 1]


@pytest.mark.anyio
async def test_a_filter_leaves_out_the_others_and_the_position_goes_on_over_them(store):
    hub = hub_of(store)
    async with following(hub, wanted=EventFilter(entity_id="x")) as choosy, following(hub) as other:
        store.write(emit, "a", "x", "b")
        assert await take(choosy, 1) == [2]
        waiting = asyncio.create_task(choosy.next())
        store.write(emit, "c")
        await take(other, 4)
        store.write(emit, "x")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert [event.position for event in await waiting] == [5]
        assert choosy.position.number == 5


@pytest.mark.anyio
async def test_nothing_is_missed_or_doubled_while_many_write(store, data_dir):
    writers, writes = 4, 150
    with open_test_store(data_dir) as other:

        def work(target: Store) -> None:
            for number in range(writes):
                target.write(emit, *map(str, range(number % 3 + 1)))

        threads = [threading.Thread(target=work, args=(target,)) for target in (store, store, other, other)]
        hub = hub_of(store)
        async with following(hub) as early:
            for thread in threads:
                thread.start()
            first = await take(early, 1)
            start = store.read(read_position)
            async with following(hub, start) as late:
                total = writers * sum(number % 3 + 1 for number in range(writes))
                assert first + await take(early, total - len(first)) == list(range(1, total + 1))
                assert await take(late, total - start.number) == list(range(start.number + 1, total + 1))
        for thread in threads:
            thread.join(PATIENCE_SECONDS)


@pytest.mark.anyio
async def test_a_new_epoch_ends_those_who_follow_the_old_one(store):
    hub = hub_of(store)
    async with following(hub) as follower:
        waiting = asyncio.create_task(follower.next())
        store.write(emit, "a")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert len(await waiting) == 1
        waiting = asyncio.create_task(follower.next())
        await asyncio.sleep(0)
        store.write(begin_epoch)
        with pytest.raises(ResyncRequiredError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await waiting
        async with following(hub) as newer:
            store.write(emit, "b")
            assert await take(newer, 1) == [3]


@pytest.mark.anyio
async def test_a_follower_whose_next_events_are_gone_is_told(store):
    store.write(emit_many, 20)
    ends = store.read(read_ends)
    hub = hub_of(store)
    async with following(hub, Position(ends.epoch, 5)) as follower:
        store.write(lambda tx: tx.execute("INSERT INTO meta (key, value) VALUES ('log_pruned_to', '10')"))
        with pytest.raises(ResyncRequiredError):
            await follower.next()


@pytest.mark.anyio
@pytest.mark.parametrize("make", [lambda p: p._replace(number=p.number + 1), lambda p: p._replace(epoch="0" * 10)])
async def test_a_position_that_cannot_be_followed_is_refused_at_once(store, make):
    store.write(emit, "a")
    with pytest.raises(ResyncRequiredError):
        await hub_of(store).follow(make(store.read(read_position)))


@pytest.mark.anyio
async def test_nobody_watches_when_nobody_follows(store):
    hub = hub_of(store)
    async with following(hub):
        store.write(emit, "a")
    await asyncio.sleep(0)
    threads = {thread.name: thread for thread in threading.enumerate()}
    watching = threads.get("synthetic-log-watch")
    if watching is not None:
        watching.join(PATIENCE_SECONDS)
        assert not watching.is_alive()
    async with following(hub) as follower:
        store.write(emit, "b")
        assert await take(follower, 1) == [2]


def test_a_hub_serves_one_loop_after_another(store):
    hub = hub_of(store)

    async def once(label: str) -> int:
        async with following(hub) as follower:
            store.write(emit, label)
            return len(await take(follower, 1))

    assert [asyncio.run(once(label)) for label in "ab"] == [1, 1]


@pytest.mark.anyio
async def test_followers_outlive_what_nobody_foresaw_when_the_log_was_read(store, monkeypatch):
    hub = hub_of(store)
    async with following(hub) as follower:
        store.write(emit, "a")
        assert await take(follower, 1) == [1]
        real, failed = hub.page, asyncio.Event()

        async def page(*given):
            if not failed.is_set():
                failed.set()
                raise RuntimeError("planted")
            return await real(*given)

        monkeypatch.setattr(hub, "page", page)
        # More than the hub is told of without reading the log.
        store.write(emit_many, EVENTS_TOLD_MAX + 1)
        await failed.wait()
        assert await take(follower, EVENTS_TOLD_MAX + 1) == list(range(2, EVENTS_TOLD_MAX + 3))


@pytest.mark.anyio
@pytest.mark.parametrize("field", ["events { id }", "syncStatus { module }"])
async def test_a_subscription_that_is_closed_leaves_nobody_who_follows(store, monkeypatch, field):
    engine = store.kernel.engine

    def subscribers():
        return store.kernel.metrics.registry.get_sample_value("synthetic_subscribers")

    subscription = await engine.subscribe(GraphQLRequest(f"subscription {{ {field} }}"), ANONYMOUS, "test")
    assert isinstance(subscription, Subscription)
    follow, begun = Hub.follow, asyncio.Event()

    async def follow_and_tell(*given):
        follower = await follow(*given)
        begun.set()
        return follower

    monkeypatch.setattr(Hub, "follow", follow_and_tell)
    next_answer = asyncio.ensure_future(anext(subscription.answers))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await begun.wait()
        await asyncio.to_thread(store.write, publish)
        await next_answer
        assert subscribers() == 1
        await subscription.answers.aclose()
    assert subscribers() == 0


@pytest.mark.anyio
async def test_one_who_does_not_come_for_what_it_is_offered_is_offered_no_more_and_misses_nothing(store):
    hub, offered = hub_of(store), list[int]()
    async with following(hub) as follower, following(hub) as other:

        async def take_next() -> None:
            offered.extend(event.position for event in await follower.next())

        # As somebody who waits for its turn to send: it has asked for the next events, and is not gone on with.
        asking = begin(take_next())
        assert asking is not None
        while not follower.is_waiting:
            await asking
        everything: list[int] = []
        for _ in range(10):
            store.write(emit_many, PAGE_EVENTS // 2)
            everything += await take(other, PAGE_EVENTS // 2)
        while not asking.is_over:
            await asking
        assert len(offered) <= 2 * PAGE_EVENTS
        assert offered + await take(follower, len(everything) - len(offered)) == everything
