"""Stopping a command at a place where it likes to be stopped."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_requests() -> Generator[threading.Event]:
    """Let Ctrl-C and SIGTERM set an event while the block runs, in place of breaking off whatever runs.

    Ctrl-C may otherwise strike between any two steps, also where a connection
    changes hands. A second signal does strike: who presses again wants out.
    Only for the main thread.

    Yields:
        Set as soon as the command should come to an end.
    """
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        # Not from here: the main thread may hold the lock of the event, on its way into `wait`, and a handler runs in
        # the main thread. Not with `threading` either: to start a thread, that takes a lock of its own.
        _thread.start_new_thread(stop.set, ())
        restore()

    for number in STOP_SIGNALS:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
