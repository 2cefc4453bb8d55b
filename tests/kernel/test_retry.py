"""Retry: only what is transient, with growing random pauses, inside the deadline."""

from __future__ import annotations

import math
import threading

import pytest

from synthetic.retry import Backoff, retry_until
from synthetic.testing import ManualClock


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Pauses:
    """In place of an event: it notes how long it was asked to wait, and moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        self.clock.advance(math.ceil(seconds * 1000))
        return False


def run(function, *, seconds: float = 60.0, stopped=None):
    clock = ManualClock()
    counted: list[BaseException] = []
    pauses = Pauses(clock)
    try:
        result = retry_until(
            seconds, function, is_transient=lambda error: isinstance(error, BlockingIOError), clock=clock,
            on_retry=counted.append, stopped=stopped or pauses,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        result = error
    return result, counted, pauses.seconds


def test_a_transient_fault_is_retried_and_counted():
    flaky = Flaky(BlockingIOError(), BlockingIOError())
    result, counted, pauses = run(flaky)
    assert (result, flaky.calls, len(counted)) == ("done", 3, 2)
    assert all(pause <= 0.02 for pause in pauses)


def test_what_is_not_transient_is_raised_at_once():
    flaky = Flaky(ValueError("no"))
    result, counted, _ = run(flaky)
    assert isinstance(result, ValueError)
    assert (flaky.calls, counted) == (1, [])


def test_the_deadline_ends_it_with_the_last_fault():
    flaky = Flaky(*[BlockingIOError(number, "busy") for number in range(10_000)])
    result, counted, pauses = run(flaky, seconds=5.0)
    assert isinstance(result, BlockingIOError)
    assert sum(pauses) <= 5.01
    assert len(counted) == flaky.calls - 1


def test_a_stop_ends_it_at_once():
    stopped = threading.Event()
    stopped.set()
    flaky = Flaky(BlockingIOError(), BlockingIOError())
    result, _, _ = run(flaky, stopped=stopped)
    assert isinstance(result, BlockingIOError)
    assert flaky.calls == 1


@pytest.mark.parametrize(("attempt", "ceiling"), [(0, 10), (1, 20), (6, 640), (7, 1_000), (500, 1_000)])
def test_pauses_stay_below_a_ceiling_that_doubles(attempt, ceiling):
    pauses = [Backoff().pause_ms(attempt) for _ in range(200)]
    assert 0 <= min(pauses) <= max(pauses) <= ceiling
    assert max(pauses) > ceiling / 2  # it is used, not only bounded
