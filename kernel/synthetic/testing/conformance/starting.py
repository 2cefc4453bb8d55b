"""Check of background work: it begins and ends whenever it is told to, in any order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from synthetic.testing.conformance.background import (
    consumers_of,
    count_failures,
    count_turns,
    runner_of,
    services_of,
    wait_for_turns,
)
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.subject import PluginUnderTest

END_SECONDS = 5.0


def services_start_and_stop_in_any_order(subject: PluginUnderTest) -> Iterator[str]:
    """Stopped before they were started, at once, in the middle; begun in both orders; handed over to another."""
    directory = subject.copy_of(subject.filled)
    with subject.opened(directory) as store:
        services, consumers = services_of(store, subject.name), consumers_of(store, subject.name)
        if not services and not consumers:
            raise NothingToCheckError("The plugin has no services and no consumers.")
        threads = set(threading.enumerate())
        runner_of(store, services, consumers).stop()
        at_once = runner_of(store, services, consumers)
        at_once.start()
        at_once.stop()
        for ordered in (services, services[::-1]):
            turns = {each.record.name: count_turns(store, f"{subject.name}.{each.record.name}") for each in services}
            runner = runner_of(store, ordered, consumers)
            runner.start()
            try:
                wait_for_turns(store, subject.name, turns)
            finally:
                runner.stop()
        first, second = runner_of(store, services, consumers), runner_of(store, services[::-1], consumers)
        for each in (first, second):
            each.start()
        for each in (first, second):
            each.stop()
        deadline = time.monotonic() + END_SECONDS
        late = [each.name for each in set(threading.enumerate()) - threads if not _has_ended(each, deadline)]
        if late:
            yield f"Threads go on after the stop: {', '.join(sorted(late))}."
        for name in [*(f"{subject.name}.{each.record.name}" for each in services), *(each.name for each in consumers)]:
            failures = count_failures(store, name)
            if failures:
                yield f"{name} failed {failures:g} times; the log says why."


def _has_ended(thread: threading.Thread, deadline: float) -> bool:
    thread.join(max(0.0, deadline - time.monotonic()))
    return not thread.is_alive()
