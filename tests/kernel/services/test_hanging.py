"""Background work that never comes to the end of its turn: named, in nobody's way, and left behind at a stop."""

from __future__ import annotations

import signal
import threading

from synthetic.services.hanging import HANGING_SECONDS, HangingWork
from synthetic.services.runner import BackgroundRunner
from synthetic.testing import ManualClock, expect_data, open_test_store, running_server, wait_until
from thirdparty.distributions import Site, write_plugins_toml

from .kit import Work, metric, service

HEALTH = "{ health { hanging { name seconds } } }"

STUCK = """
import pathlib
import threading

def wait_for_ever(tx):
    pathlib.Path({file!r}).touch()
    threading.Event().wait()

@hookimpl
def register_services():
    return (Service(name="wait", purpose="Waits for ever.", {kind}=wait_for_ever, every_ms=10),)
"""


def test_what_hangs_is_named_as_long_as_it_does_and_the_rest_goes_on(data_dir, caplog):
    clock = ManualClock()
    entered, leave, quick = threading.Event(), threading.Event(), Work(1)

    def hang(_store) -> int:
        entered.set()
        leave.wait(60)
        return 0

    with open_test_store(data_dir, clock=clock) as store:
        kernel = store.kernel
        services = (service("hang", work=hang), service("quick", step=quick.do))
        hanging = kernel.surroundings.resource(HangingWork)
        running = BackgroundRunner(services, (), kernel.database, clock, kernel.metrics, hanging)
        running.start()
        assert entered.wait(30)
        assert quick.ran.acquire(timeout=30)
        clock.advance(int(HANGING_SECONDS * 1000))
        wait_until(lambda: hanging.found)
        assert expect_data(store.graphql(HEALTH))["health"] == {
            "hanging": [{"name": "notes.hang", "seconds": HANGING_SECONDS}]
        }
        assert metric(store, "synthetic_service_hanging_seconds", service="notes.hang") == HANGING_SECONDS
        leave.set()
        wait_until(lambda: not hanging.found)
        wait_until(lambda: metric(store, "synthetic_service_hanging_seconds", service="notes.hang") == 0)
        running.stop()
    assert [record.levelname for record in caplog.records if "background work hangs" in record.getMessage()] == [
        "ERROR",
        "WARNING",
    ]


def test_a_service_that_blocks_the_only_writer_for_ever_does_not_hold_the_stop_up(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    reached = tmp_path / "reached"
    site.install("stuck", STUCK.format(file=str(reached), kind="step"))
    write_plugins_toml(tmp_path / "store", {"stuck": ""}, extra="[kernel.server]\nshutdown_ms = 500\n")
    with running_server(tmp_path / "store") as server:
        wait_until(reached.exists)
        assert server.stop(signal.SIGTERM) != 0  # cut short, and said so
        assert "the stop took too long" in "".join(server.log)
