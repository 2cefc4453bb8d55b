"""Turns: one thread computes at a time, and nobody waits for the end of a long read, or for one that sleeps."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from synthetic.database.turns import NEW_IN_A_ROW, SILENT_SECONDS, SLICE_SECONDS, Turns
from synthetic.testing import ManualClock, wait_until

from .conftest import SETTINGS, open_database

DEADLINE_SECONDS = 10.0
SLICE_MS, SILENT_MS = round(SLICE_SECONDS * 1000), round(SILENT_SECONDS * 1000)
SOME_STEPS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000) SELECT count(*) FROM c"


def begin(function) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_two_threads_never_compute_at_the_same_time():
    clock = ManualClock()
    turns = Turns(clock.monotonic)
    computing: list[int] = []
    most: list[int] = []

    def compute() -> None:
        turns.take()
        for _ in range(100):
            computing.append(1)
            most.append(len(computing))
            computing.pop()
            clock.advance(SLICE_MS // 2)
            turns.offer()
        turns.end()

    for thread in [begin(compute) for _ in range(4)]:
        thread.join(DEADLINE_SECONDS)
    assert len(most) == 400
    assert max(most) == 1


def test_a_thread_hands_its_turn_on_after_a_slice():
    clock = ManualClock()
    turns = Turns(clock.monotonic)
    had_turn = threading.Event()

    def short() -> None:
        turns.take()
        had_turn.set()
        turns.end()

    turns.take()
    other = begin(short)
    for _ in range(100):
        # However often it is offered: a slice has not passed.
        turns.offer()
    assert not had_turn.is_set()
    while not had_turn.is_set():
        clock.advance(SLICE_MS)
        turns.offer()
    turns.end()
    other.join(DEADLINE_SECONDS)


def test_who_has_had_no_turn_goes_before_those_that_have_but_not_for_ever():
    clock = ManualClock()
    turns = Turns(clock.monotonic)
    order: list[str] = []
    waiting = 0

    def wait(name: str) -> threading.Thread:
        """A newcomer that has got in line."""
        nonlocal waiting
        waiting += 1
        thread = begin(lambda: (turns.take(), order.append(name), turns.end()))
        wait_until(lambda: turns.waiting == waiting)
        return thread

    def long() -> None:
        turns.take()
        order.append("long begins")
        clock.advance(SLICE_MS)
        turns.offer()
        order.append("long goes on")
        turns.end()

    turns.take()
    threads = [begin(long)]
    wait_until(lambda: turns.waiting == 1)
    waiting = 1
    threads += [wait(f"new {number}") for number in range(2 * NEW_IN_A_ROW)]
    turns.end()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    news = [f"new {number}" for number in range(2 * NEW_IN_A_ROW)]
    # The first turn of the long one was a newcomer's too.
    before = NEW_IN_A_ROW - 1
    assert order == ["long begins", *news[:before], "long goes on", *news[before:]]


def test_a_thread_that_is_not_heard_of_keeps_nobody_waiting_and_gets_in_line_again():
    clock = ManualClock()
    turns = Turns(clock.monotonic)
    went_on, ended = threading.Event(), threading.Event()

    def next_in_line() -> None:
        turns.take()
        went_on.set()
        ended.wait(DEADLINE_SECONDS)
        turns.end()

    turns.take()
    clock.advance(2 * SILENT_MS)
    other = begin(next_in_line)
    assert went_on.wait(DEADLINE_SECONDS)
    turns.end()
    third = begin(lambda: (turns.take(), turns.end()))
    ended.set()
    turns.offer()
    turns.end()
    for thread in (other, third):
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


def test_a_long_read_does_not_keep_a_short_one_waiting_for_its_end(path):
    answered = threading.Event()

    def long(snapshot) -> int:
        rounds = 0
        while not answered.is_set():
            snapshot.value(SOME_STEPS)
            rounds += 1
        return rounds

    def short(snapshot) -> int:
        return snapshot.value("SELECT 1")

    async def scenario() -> None:
        with open_database(path, replace(SETTINGS, readers=2)) as database:
            began = asyncio.create_task(database.read(long))
            await asyncio.sleep(0)
            assert await asyncio.wait_for(database.read(short), DEADLINE_SECONDS) == 1
            answered.set()
            assert await began > 0

    asyncio.run(scenario())


def test_a_read_that_computes_nothing_does_not_keep_others_waiting(path):
    answered = threading.Event()

    async def scenario() -> None:
        with open_database(path, replace(SETTINGS, readers=2)) as database:
            waiting = asyncio.create_task(database.read(lambda _: answered.wait(DEADLINE_SECONDS)))
            await asyncio.sleep(0)
            assert await asyncio.wait_for(database.read(lambda snapshot: snapshot.value("SELECT 1")), 5) == 1
            answered.set()
            assert await waiting

    asyncio.run(scenario())
