"""`stop_requests`: no signal is lost, wherever the main thread is when it comes."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from synthetic.cli import stop_requests
from synthetic.cli.stopping import STOP_SIGNALS

PATIENCE_SECONDS = 30


class SignalAtStep:
    """A trace function that sends this process a signal before one step of `threading`.

    Attributes:
        has_struck: Whether there was such a step.
    """

    def __init__(self, step: int, number: signal.Signals) -> None:
        self.has_struck = False
        self._steps_left = step
        self._number = number

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != threading.__file__:
            return None
        if event == "line" and not self.has_struck:
            if self._steps_left == 0:
                self.has_struck = True
                signal.raise_signal(self._number)
            self._steps_left -= 1
        return self


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_counts_at_whichever_step_of_the_waiting_it_comes(number: signal.Signals):
    for step in itertools.count():
        strike = SignalAtStep(step, number)
        with stop_requests() as stop:
            before = sys.gettrace()
            sys.settrace(strike)
            try:
                stop.wait(0)
            finally:
                sys.settrace(before)
            if not strike.has_struck:
                break
            assert stop.wait(PATIENCE_SECONDS)
    assert step > 5, "a wait has more steps than that"


def test_handlers_are_restored_at_the_end_and_by_the_first_signal():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with stop_requests() as stop:
        assert [signal.getsignal(number) for number in STOP_SIGNALS] != before
        signal.raise_signal(signal.SIGTERM)
        assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
        assert stop.wait(PATIENCE_SECONDS)
    with stop_requests() as stop:
        pass
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
    assert not stop.is_set()
