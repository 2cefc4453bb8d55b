"""The background work of one plugin in a test: run until it has nothing to do, begun and ended in many ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from synthetic.contributions import Service, Stamped
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.store import list_consumers
from synthetic.log.positions import read_position
from synthetic.services.runner import BackgroundRunner
from synthetic.store import Store
from synthetic.testing.clocks import wait_until

TURNS_SECONDS = 20.0


def services_of(store: Store, plugin: str) -> list[Stamped[Service]]:
    """The services of a plugin."""
    return [each for each in store.kernel.registry.services if each.plugin == plugin]


def consumers_of(store: Store, plugin: str) -> list[DeclaredConsumer]:
    """The consumers of a plugin."""
    return [each for each in store.kernel.consumers if each.name.partition(".")[0] == plugin]


def runner_of(
    store: Store, services: Sequence[Stamped[Service]], consumers: Sequence[DeclaredConsumer]
) -> BackgroundRunner:
    """What runs some services and consumers of an open store; who makes it starts and stops it."""
    kernel = store.kernel
    return BackgroundRunner(services, consumers, kernel.database, kernel.clock, kernel.metrics)


def let_background_work(store: Store, plugin: str) -> None:
    """Run a plugin's services and consumers until each service had a turn and each consumer has read the whole log.

    Raises:
        AssertionError: They did not come so far within twenty seconds.
    """
    services, consumers = services_of(store, plugin), consumers_of(store, plugin)
    if not services and not consumers:
        return
    runner = runner_of(store, services, consumers)
    runner.start()
    try:
        wait_for_turns(store, plugin, {each.record.name: 0.0 for each in services})
        wait_until(
            lambda: _has_followed(store, [each.name for each in consumers]),
            f"that the consumers of {plugin} have read the log", seconds=TURNS_SECONDS,
        )  # fmt: skip
    finally:
        runner.stop()


def wait_for_turns(store: Store, plugin: str, turns: Mapping[str, float]) -> None:
    """Wait until each of some services had one more turn; one that failed counts.

    Args:
        store: Where they run.
        plugin: Whose they are.
        turns: From the name of each to how many turns it had before.

    Raises:
        AssertionError: One had none within twenty seconds.
    """
    for name, before in turns.items():
        service = f"{plugin}.{name}"
        wait_until(partial(_had_more_turns, store, service, before), f"a turn of {service}", seconds=TURNS_SECONDS)


def _had_more_turns(store: Store, service: str, before: float) -> bool:
    return count_turns(store, service) > before


def count_turns(store: Store, service: str) -> float:
    """How many turns a service had, those that failed too."""
    return _sample(store, "synthetic_service_step_seconds_count", service) + count_failures(store, service)


def count_failures(store: Store, service: str) -> float:
    """How many turns of a service or consumer failed."""
    return _sample(store, "synthetic_service_failures_total", service)


def _sample(store: Store, name: str, service: str) -> float:
    return store.kernel.metrics.registry.get_sample_value(name, {"service": service}) or 0.0


def _has_followed(store: Store, names: Sequence[str]) -> bool:
    head = store.read(read_position).number
    found = {each.name: each for each in store.read(list_consumers)}
    return all(name in found and (found[name].phase == "FAILED" or found[name].position >= head) for name in names)
