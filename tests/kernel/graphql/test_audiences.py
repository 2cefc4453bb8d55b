"""Audiences: one source and one execution for all who want the same, and every member gets everything once, in order.

Members are driven without a network, so that a test decides when one has room.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from synthetic import Position, Store, Transaction
from synthetic.clock import SystemClock
from synthetic.graphql.answer_bytes import AnswerWriter
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.audience import Audience
from synthetic.graphql.published import Published
from synthetic.graphql.subscriptions import Subscription, Subscriptions
from synthetic.kernel_settings import LimitSettings
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.hub import Hub
from synthetic.log.positions import begin_epoch, read_position
from synthetic.metrics import Metrics
from synthetic.security.gate import ANONYMOUS, Caller, Scope
from synthetic.testing import open_test_store, wait_until
from thirdparty.distributions import Site, write_plugins_toml

PATIENCE_SECONDS = 60
EVERYTHING = "subscription ($after: Position) { events(after: $after) { position entityId } }"
ONLY_X = 'subscription ($after: Position) { events(after: $after, filter: { entityId: "x" }) { position entityId } }'
NOTHING = 'subscription ($after: Position) { events(after: $after, filter: { entityId: "-" }) { position entityId } }'
SEEDS = 12


def emit(tx: Transaction, *entity_ids: str) -> None:
    for entity_id in entity_ids:
        tx.emit(EPOCH_BEGAN, entity_id)


WHOSE = """
from synthetic import EventNode, Extension, batched

@batched
def whose(snapshot, parents, caller) -> list[str]:
    \"\"\"Who asks.\"\"\"
    return [caller.name for _ in parents]

@hookimpl
def register_graphql():
    return (GraphQL(extend=(Extension(type=EventNode, fields=(whose,)),)),)
"""


class Listener:
    """A member that has room for so many answers until it is let read."""

    def __init__(self, room: int = 1_000) -> None:
        self.audience: Audience | None = None
        self.room = room
        self.got: list[Published] = []
        self.ending: Published | None = None
        self.has_ended = asyncio.Event()
        self._unread = 0
        self._is_reading = True
        self._changed = asyncio.Event()

    @property
    def numbers(self) -> list[int]:
        return [published.position.number for published in self.got if published.position is not None]

    def take(self, published: Published) -> bool:
        if not self._is_reading:
            if self._unread == self.room:
                return False
            self._unread += 1
        self.got.append(published)
        self._tell()
        return True

    async def has_changed(self) -> None:
        changed = self._changed
        await changed.wait()

    async def handed_over(self) -> None:
        raise AssertionError("nothing here is about the latest alone")

    def finish(self, published: Published | None) -> None:
        self.ending = published
        self.has_ended.set()

    def pause(self) -> None:
        """Read nothing from now on."""
        self._is_reading = False

    def read(self) -> None:
        """Read all, and go on reading."""
        self._is_reading, self._unread = True, 0
        self._tell()

    async def until(self, number: int) -> None:
        """Wait until it has got the event with this position."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.got or self.numbers[-1] < number:
                changed = self._changed
                await changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass
class Desk:
    """Subscriptions to a store, and what was executed for them: for each execution, for how many events."""

    store: Store
    executed: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        engine, database = self.store.kernel.engine, self.store.kernel.database
        self.metrics = Metrics()
        clock = SystemClock()
        hub = Hub(database, self.metrics)
        self.subscriptions = Subscriptions(engine.schema, database, hub, clock, AnswerRenderer(clock), self._execute)
        self.writer = AnswerWriter(engine, LimitSettings())
        self.hub = hub

    async def _execute(self, *given: Any) -> list[Answer]:
        events: Sequence[Any] = given[-1]
        self.executed.append(len(events))
        return await self.store.kernel.engine.execute_events(*given)

    async def begin(
        self, text: str = EVERYTHING, after: Position | None = None, caller: Caller = ANONYMOUS
    ) -> Subscription:
        engine = self.store.kernel.engine
        variables = {} if after is None else {"after": str(after)}
        request = GraphQLRequest(text, variables)
        prepared = engine.documents.prepare(text, None, variables, hints=True)
        begun = await self.subscriptions.begin(prepared, request, caller, "test", None)
        assert isinstance(begun, Subscription)
        return begun

    async def join(self, listener: Listener, text: str = EVERYTHING, after: Position | None = None) -> Listener:
        (await self.begin(text, after)).deliver_to(listener, self.writer.json)
        return listener

    async def settled(self, *listeners: Listener) -> None:
        """Wait until each is in the open audience of those who want the same."""

        def is_settled() -> bool:
            return all(each.audience is not None and each.audience.is_open for each in listeners)

        await asyncio.to_thread(wait_until, is_settled, "all are settled")

    def write(self, *entity_ids: str) -> int:
        """Append events in one commit; the position of the last."""
        self.store.write(emit, *entity_ids)
        return self.head().number

    def head(self) -> Position:
        return self.store.read(read_position)

    def followers(self) -> float | None:
        """How many follow, as the metric tells it, who has a follower of its own or not."""
        return self.metrics.registry.get_sample_value("synthetic_subscribers")


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


pytestmark = pytest.mark.anyio


async def test_members_share_one_source_one_execution_and_the_bytes(desk: Desk):
    listeners = [await desk.join(Listener()) for _ in range(20)]
    await desk.settled(*listeners)
    assert len({id(listener.audience) for listener in listeners}) == 1
    assert desk.followers() == 20
    last = desk.write("a", "b", "c")
    for listener in listeners:
        await listener.until(last)
    assert sum(desk.executed) == 3
    first = listeners[0].got
    assert all(a is b for listener in listeners for a, b in zip(first, listener.got, strict=True))
    assert desk.hub.sharing == 19


async def test_what_one_commit_brings_is_executed_at_once(desk: Desk):
    listener = await desk.join(Listener())
    await desk.settled(listener)
    last = desk.write(*map(str, range(40)))
    await listener.until(last)
    assert listener.numbers == list(range(last - 39, last + 1))
    assert desk.executed == [40]


async def test_who_wants_something_else_is_in_another_audience(desk: Desk):
    everything, only_x = await desk.join(Listener()), await desk.join(Listener(), ONLY_X)
    await desk.settled(everything, only_x)
    assert everything.audience is not only_x.audience
    last = desk.write("a", "x", "b", "x")
    await everything.until(last)
    await only_x.until(last)
    assert (everything.numbers, only_x.numbers) == ([last - 3, last - 2, last - 1, last], [last - 2, last])


async def test_a_member_that_has_no_room_goes_on_by_itself_and_comes_back(desk: Desk):
    slow, quick = await desk.join(Listener(room=3)), await desk.join(Listener())
    await desk.settled(slow, quick)
    slow.pause()
    for _ in range(10):
        last = desk.write("a", "b")
        await quick.until(last)
    assert len(slow.got) == 3
    assert slow.audience is not quick.audience
    slow.read()
    await slow.until(last)
    await desk.settled(slow)
    assert slow.audience is quick.audience
    assert slow.numbers == quick.numbers == list(range(1, last + 1))
    assert desk.followers() == 2


async def test_the_last_member_that_leaves_takes_the_source_with_it(desk: Desk):
    listeners = [await desk.join(Listener()) for _ in range(3)]
    await desk.settled(*listeners)
    for left, listener in enumerate(listeners, 1):
        assert listener.audience is not None
        listener.audience.leave(listener)
        gone = functools.partial(lambda rest: desk.followers() == rest, len(listeners) - left)
        await asyncio.to_thread(wait_until, gone, "it is gone")
    newcomer = await desk.join(Listener())
    await desk.settled(newcomer)
    last = desk.write("a")
    await newcomer.until(last)
    assert [len(listener.got) for listener in listeners] == [0, 0, 0]


async def test_a_new_epoch_ends_all_members_with_what_to_do(desk: Desk):
    listeners = [await desk.join(Listener()) for _ in range(3)]
    await desk.settled(*listeners)
    desk.store.write(begin_epoch)
    for listener in listeners:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await listener.has_ended.wait()
        assert listener.ending is not None
        assert (listener.ending.code, listener.audience) == ("RESYNC_REQUIRED", None)
    assert desk.followers() == 0


async def test_a_failure_that_nobody_foresaw_ends_all_members_and_not_those_who_come_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    listeners = [await desk.join(Listener()) for _ in range(3)]
    await desk.settled(*listeners)
    real, failed = desk.store.kernel.engine.execute_events, asyncio.Event()

    async def fail_once(*given: Any) -> list[Answer]:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("planted")
        return await real(*given)

    monkeypatch.setattr(desk.store.kernel.engine, "execute_events", fail_once)
    desk.write("a")
    for listener in listeners:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await listener.has_ended.wait()
        assert listener.ending is not None
        assert listener.ending.code == "INTERNAL"
    newcomer = await desk.join(Listener())
    await desk.settled(newcomer)
    await newcomer.until(desk.write("b"))
    caplog.clear()


async def test_one_that_was_behind_is_given_what_the_others_were_given_in_the_meantime(desk: Desk):
    """It catches up while events are appended all the time: the audience has gone on by the time that it comes."""
    quick = await desk.join(Listener())
    await desk.settled(quick)
    start = desk.head()
    desk.write(*"abc")
    enough = asyncio.Event()

    async def write() -> None:
        while not enough.is_set():
            await asyncio.to_thread(desk.write, "d")

    writing = asyncio.create_task(write())
    late = [await desk.join(Listener(), after=start) for _ in range(5)]
    await desk.settled(*late)
    enough.set()
    await writing
    last = desk.write("e")
    for listener in late:
        await listener.until(last)
        assert listener.numbers == list(range(start.number + 1, last + 1))
        assert listener.audience is quick.audience


class Scene:
    """Members that come, stop reading, read again and leave, in an order that a seed decides, while events come."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.wanted: dict[Listener, tuple[str, int | None]] = {}
        self.written: dict[int, str] = {}

    async def play(self, steps: int) -> None:
        for _ in range(steps):
            await self.random.choice(
                (self.write, self.write, self.join, self.join, self.pause, self.read, self.leave)
            )()
            for _ in range(self.random.choice((0, 0, 1, 5, 20))):
                await asyncio.sleep(0)

    async def write(self) -> None:
        entities = self.random.choices("abx", k=self.random.choice((1, 1, 2, 7)))
        last = await asyncio.to_thread(self.desk.write, *entities)
        self.written |= dict(zip(range(last - len(entities) + 1, last + 1), entities, strict=True))

    async def join(self) -> None:
        text = self.random.choice((EVERYTHING, EVERYTHING, ONLY_X, NOTHING))
        after: Position | None = None
        if self.random.random() < 0.7:
            head = self.desk.head()
            after = head._replace(number=self.random.randint(0, head.number))
        listener = await self.desk.join(Listener(room=self.random.choice((1, 3, 50))), text, after)
        self.wanted[listener] = text, None if after is None else after.number

    async def pause(self) -> None:
        for listener in self.some():
            listener.pause()

    async def read(self) -> None:
        for listener in self.some():
            listener.read()

    async def leave(self) -> None:
        for listener in self.some()[:1]:
            if listener.audience is not None:
                listener.audience.leave(listener)
            del self.wanted[listener]

    def some(self) -> list[Listener]:
        return [listener for listener in self.wanted if self.random.random() < 0.4]

    async def check(self) -> None:
        for listener in self.wanted:
            listener.read()
        await self.desk.settled(*self.wanted)
        last = await asyncio.to_thread(self.desk.write, "x")
        self.written[last] = "x"
        matching = {
            EVERYTHING: sorted(self.written),
            ONLY_X: [number for number, entity in sorted(self.written.items()) if entity == "x"],
            NOTHING: [],
        }
        for listener, (text, after) in self.wanted.items():
            if text != NOTHING:
                await listener.until(last)
            # Without a position it began somewhere, and has missed nothing since.
            first = after + 1 if after is not None else min(listener.numbers, default=0)
            assert listener.numbers == [number for number in matching[text] if number >= first]
        assert len({id(listener.audience) for listener in self.wanted}) == len({t for t, _ in self.wanted.values()})


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_every_member_gets_everything_once_and_in_order_whoever_comes_goes_or_stops_reading(
    desk: Desk, seed: int
):
    scene = Scene(desk, seed)
    await scene.play(60)
    await scene.check()


@pytest.mark.full
@pytest.mark.parametrize("seed", range(SEEDS, 300))
async def test_every_member_gets_everything_once_and_in_order_for_many_seeds(desk: Desk, seed: int):
    scene = Scene(desk, seed)
    await scene.play(200)
    await scene.check()


async def test_what_is_told_who_asks_is_shared_by_those_with_one_token(site: Site, data_dir: Path):
    site.install("whose", WHOSE)
    write_plugins_toml(data_dir, {"whose": ""})
    with open_test_store(data_dir) as store:
        desk = Desk(store)
        after = desk.head()
        desk.write("a")
        text = EVERYTHING.replace("entityId", "whose")
        tokens = [(name, name) for name in ("planner", "reviewer")] + [("planner", "planner")]
        answers: list[Any] = []
        for name, token_id in tokens:
            subscription = await desk.begin(text, after, Caller(name, token_id, frozenset({Scope.READ})))
            answers.append(await anext(subscription.answers))
            await subscription.answers.aclose()
    assert [answer.body["data"]["events"]["whose"] for answer in answers] == ["planner", "reviewer", "planner"]
    assert len(desk.executed) == 2
