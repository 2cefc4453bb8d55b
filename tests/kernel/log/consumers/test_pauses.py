"""When consumers take in what is new: after a burst, and after those who subscribe have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic.log.consumers.pauses import LINGER_SECONDS, Pauses
from synthetic.log.watch import LogWatch
from synthetic.services.workers import Stopping
from synthetic.testing import ManualClock, open_test_store


class Rests(Stopping):
    """Says for how long it was rested, and does not."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.seconds: list[float] = []

    def rest(self, seconds: float) -> None:
        self.seconds.append(round(seconds, 6))


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[LogWatch]:
    with open_test_store(tmp_path / "store") as store:
        yield store.kernel.database.watch


def rests_after(pauses: Pauses, clock: ManualClock, idle_ms: int) -> list[float]:
    """How long a consumer pauses before a turn that comes so long after one that found the end of the log."""
    stopping = Rests(clock)
    pauses.note_idle()
    clock.advance(idle_ms)
    pauses.rest(stopping)
    return stopping.seconds


def test_a_burst_is_taken_in_together_and_what_comes_alone_at_once(watch: LogWatch):
    clock = ManualClock()
    pauses = Pauses(clock, watch)
    assert rests_after(pauses, clock, 10) == [LINGER_SECONDS - 0.01]
    assert rests_after(pauses, clock, 1_000) == []


def test_those_who_subscribe_have_what_is_new_before_consumers_begin(watch: LogWatch):
    clock = ManualClock()
    pauses = Pauses(clock, watch)
    end = watch.listen(lambda _appended: None, count_subscribers=lambda: 1_000)
    assert rests_after(pauses, clock, 1_000) == [0.02]
    many = watch.listen(lambda _appended: None, count_subscribers=lambda: 1_000_000)
    assert rests_after(pauses, clock, 1_000) == [LINGER_SECONDS], "however many there are"
    end()
    many()
    assert rests_after(pauses, clock, 1_000) == []


def test_a_turn_that_follows_one_with_more_to_do_comes_at_once(watch: LogWatch):
    clock = ManualClock()
    pauses, stopping = Pauses(clock, watch), Rests(clock)
    assert rests_after(pauses, clock, 0) == [LINGER_SECONDS]
    pauses.rest(stopping)
    assert stopping.seconds == []
