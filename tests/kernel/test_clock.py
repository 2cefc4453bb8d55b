"""How long the machine has run: the same count in every process, and none that a wall clock moves."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from synthetic import clock as clock_module
from synthetic.clock import SystemClock, counter_through_sleep
from synthetic.testing import ManualClock

ASK = "from synthetic.clock import SystemClock; print(*SystemClock().running_time(), sep='\\n')"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which run of the machine it is")
def test_the_running_time_of_the_machine_goes_on_from_process_to_process():
    before = SystemClock().running_time()
    other = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, timeout=60)
    run, seconds = other.stdout.split()
    after = SystemClock().running_time()
    assert before.run == run == after.run
    assert before.seconds < float(seconds) < after.seconds


def test_where_the_machine_does_not_say_each_process_is_a_run_of_its_own(monkeypatch):
    monkeypatch.setattr(clock_module, "_machine_run", lambda: None)
    first, second = SystemClock().running_time(), SystemClock().running_time()
    assert first.run == second.run
    assert first.run.startswith("process ")
    assert first.seconds <= second.seconds


@pytest.mark.skipif(not hasattr(time, "CLOCK_MONOTONIC_RAW"), reason="no clock of that name")
def test_on_macos_the_counter_is_one_that_goes_on_in_sleep_and_elsewhere_the_one_of_python():
    assert counter_through_sleep("darwin") == time.CLOCK_MONOTONIC_RAW
    assert counter_through_sleep("win32") is None


def test_a_jump_of_a_manual_clock_moves_nothing_but_what_it_shows():
    manual = ManualClock(1_000)
    before = (manual.running_time(), manual.monotonic())
    manual.jump(5_000)
    assert (manual.running_time(), manual.monotonic()) == before
    assert manual.now_ms() == 6_000
    manual.advance(2_000)
    assert manual.running_time().seconds == before[0].seconds + 2
    assert ManualClock().running_time().run != before[0].run
