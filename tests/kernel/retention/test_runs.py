"""Runs of retention: in the background, on request, broken off, killed; what they tell and count."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from synthetic import Store, from_json, run_retention_batch
from synthetic.app import create_app
from synthetic.clock import SystemClock
from synthetic.database.interruption import Interruption
from synthetic.errors import ConflictError, InternalError, NotFoundError
from synthetic.origin import Origin
from synthetic.retention.clock_check import check_clock, confirm_clock
from synthetic.retention.errors import RetentionSuspendedError
from synthetic.retention.runs import retention_step, run_retention
from synthetic.services.lease import Lease, LeaseLostError
from synthetic.services.service_work import FencedStore
from synthetic.testing import open_test_store, running_server, wait_until

from .kit import DAY_MS, MINUTE_MS, NOW, add_errands, counts_of, keys_of


def runs_told(store: Store) -> list[dict[str, Any]]:
    """The payloads of the events of runs."""
    sql = "SELECT payload FROM domain_events WHERE type = 'retention.ran' ORDER BY position"
    return store.read(lambda snapshot: [from_json(payload) for (payload,) in snapshot.rows(sql)])


def metric(store: Store, name: str, **labels: str) -> float | None:
    return store.kernel.metrics.registry.get_sample_value(name, labels)


def always(_batch) -> bool:
    return True


def test_a_run_deletes_all_of_all_rules_and_tells_it_once(store):
    add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO visits VALUES ('a', 1, 1), ('a', 2, :now)", {"now": NOW}))
    outcome = run_retention(store, None, always)
    assert outcome.complete
    assert {each.rule.name: each.tables for each in outcome.rules if each.tables} == {
        "errands.done": {"parcels": 250, "stops": 250, "errands": 250},
        "errands.visits": {"visits": 1},
    }
    assert runs_told(store) == [
        {
            "rows": 751,
            "rules": {"errands.done": {"parcels": 250, "stops": 250, "errands": 250}, "errands.visits": {"visits": 1}},
        }
    ]
    assert metric(store, "synthetic_retention_deleted_total", rule="errands.done") == 750
    assert metric(store, "synthetic_retention_deleted_total", rule="errands.visits") == 1


def test_a_run_that_finds_nothing_tells_nothing(store):
    add_errands(store, "new", done_at=NOW)
    assert run_retention(store, None, always).complete
    assert runs_told(store) == []


def test_a_run_of_one_rule_leaves_the_others_alone(store):
    add_errands(store, "old", done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO visits VALUES ('a', 1, 1)"))
    assert [each.rule.name for each in run_retention(store, ["errands.visits"] * 2, always).rules] == ["errands.visits"]
    assert counts_of(store, "errands", "visits") == {"errands": 1, "visits": 0}
    with pytest.raises(NotFoundError):
        run_retention(store, ["errands.visits", "errands.none"], always)


def test_a_run_stops_between_batches_when_it_is_told_to(store):
    add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=1)
    outcome = run_retention(store, None, lambda batch: batch.rows < 100)
    assert not outcome.complete
    assert counts_of(store, "errands", "stops", "parcels") == {"errands": 150, "stops": 150, "parcels": 150}
    assert run_retention(store, None, always).complete
    assert [told["rows"] for told in runs_told(store)] == [300, 450]


class BrokenStore:
    """A store that fails at the n-th write."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._writes = writes

    def read(self, function, *args):
        return self._store.read(function, *args)

    def write(self, function, *args):
        if self._writes == 0:
            raise ConflictError("planted")
        self._writes -= 1
        return self._store.write(function, *args)


def test_what_a_run_that_failed_had_deleted_is_told_by_the_next(store):
    add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=1)
    with pytest.raises(ConflictError):
        run_retention(BrokenStore(store, 2), ["errands.done"], always)
    assert counts_of(store, "errands") == {"errands": 50}
    assert runs_told(store) == []
    run_retention(store, None, always)
    assert [told["rows"] for told in runs_told(store)] == [750]


def test_a_plugins_own_use_of_a_batch_is_told_too(store):
    add_errands(store, "old", done_at=1)
    store.write(run_retention_batch, "errands.done")
    assert runs_told(store) == []
    assert retention_step(store) == 0
    assert len(runs_told(store)) == 1


def test_the_background_work_does_a_batch_a_turn_and_tells_it_at_the_end(store):
    add_errands(store, *(f"{number:03d}" for number in range(150)), done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO visits VALUES ('a', 1, 1)"))
    assert [retention_step(store) for _ in range(3)] == [300, 150, 1]
    assert runs_told(store) == []
    assert retention_step(store) == 0
    assert len(runs_told(store)) == 1


def test_a_rule_that_fails_holds_no_other_up(store):
    store.write(
        lambda tx: tx.execute(
            "CREATE TEMP TRIGGER planted BEFORE DELETE ON main.errands BEGIN SELECT RAISE(ABORT, 'planted'); END"
        )
    )
    add_errands(store, "old", done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO visits VALUES ('a', 1, 1)"))
    assert retention_step(store) == 1
    with pytest.raises(InternalError):
        retention_step(store)
    assert counts_of(store, "errands", "stops", "visits") == {"errands": 1, "stops": 1, "visits": 0}
    assert len(runs_told(store)) == 1


def test_suspended_background_work_deletes_nothing_and_says_so(store, clock, caplog):
    assert retention_step(store) == 0
    add_errands(store, "fresh", done_at=NOW)
    clock.jump(30 * DAY_MS)
    assert retention_step(store) == 0
    assert "retention suspended" in caplog.text
    with pytest.raises(RetentionSuspendedError):
        run_retention(store, None, always)
    assert keys_of(store, "errands") == ["fresh"]
    store.write(confirm_clock)
    assert retention_step(store) == 3


@pytest.mark.anyio
async def test_a_scrape_shows_whether_the_store_is_suspended_whoever_has_confirmed(store, clock):
    transport = httpx.ASGITransport(app=create_app(store.kernel, no_auth=True), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def shown() -> list[str]:
            lines = (await client.get("/metrics")).text.splitlines()
            return [line for line in lines if line.startswith("synthetic_retention_suspended ")]

        await store.kernel.database.write(check_clock)
        assert await shown() == ["synthetic_retention_suspended 0.0"]
        clock.jump(30 * DAY_MS)
        assert await shown() == ["synthetic_retention_suspended 1.0"]
        await store.kernel.database.write(confirm_clock)
        assert await shown() == ["synthetic_retention_suspended 0.0"]


class WatchedStore(BrokenStore):
    """A store that notes what is written."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, -1)
        self.written: list[str] = []

    def write(self, function, *args):
        self.written.append(function.__name__)
        return super().write(function, *args)


def test_a_batch_costs_no_write_beside_its_own_and_the_clock_is_remembered_with_it(store, clock):
    add_errands(store, *(f"{number:03d}" for number in range(150)), done_at=1)
    watched = WatchedStore(store)
    assert retention_step(watched) > 0
    assert set(watched.written) == {"run_retention_batch"}
    clock.jump(30 * DAY_MS)
    with pytest.raises(RetentionSuspendedError):
        store.write(run_retention_batch, "errands.done")


def test_a_process_that_has_lost_the_lease_deletes_nothing_more(store):
    clock = SystemClock()
    add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=1)
    hold = Lease(store.kernel.database, clock).find_free()
    assert hold is not None
    fenced = FencedStore(store.kernel.database, hold, Interruption(clock), Origin("service:kernel.retention"))
    assert retention_step(fenced) == 300
    store.write(lambda tx: tx.execute("UPDATE leases SET owner = 'other', token = token + 1"))
    with pytest.raises(LeaseLostError):
        retention_step(fenced)
    assert counts_of(store, "errands") == {"errands": 150}


@pytest.mark.parametrize("enabled", [True, False])
def test_the_process_with_the_lease_runs_it_unless_it_is_switched_off(errands_dir, enabled):
    settings = {"kernel.retention.enabled": str(enabled).lower()}
    with open_test_store(errands_dir, settings=settings) as store:
        add_errands(store, "old", done_at=1)
        background = store.kernel.services()
        background.start()
        try:
            # The lease is there once the services run; those that are switched off are not among them.
            wait_until(lambda: metric(store, "synthetic_background") == 1, "the lease")
            if enabled:
                wait_until(lambda: runs_told(store), "a run")
        finally:
            background.stop()
        assert keys_of(store, "errands") == ([] if enabled else ["old"])
        names = [each.record.name for each in background._services if each.plugin == "kernel"]
        assert ("retention" in names) == enabled


def test_a_server_that_is_killed_in_the_middle_leaves_a_whole_store_and_the_next_one_ends_it(errands_dir):
    total = 15_000
    with open_test_store(errands_dir) as store:
        ids = [f"{number:05d}" for number in range(total)]
        add_errands(store, *ids, done_at=1, stops=2)

    def begun(store: Store) -> bool:
        return counts_of(store, "errands")["errands"] < total

    with running_server(errands_dir) as server, open_test_store(errands_dir) as store:
        wait_until(lambda: begun(store), "the first batch")
        server.process.kill()
        server.process.wait()
        left = counts_of(store, "errands", "stops", "parcels")
        assert 0 < left["errands"] < total
        # What is left is whole, and what has gone has gone whole.
        assert left == {"errands": left["errands"], "stops": 2 * left["errands"], "parcels": left["errands"]}
        assert store.read(lambda snapshot: snapshot.rows("PRAGMA foreign_key_check")) == []
        assert runs_told(store) == []
        outcome = run_retention(store, None, always)
        assert (
            next(each.tables for each in outcome.rules if each.rule.name == "errands.done")["errands"]
            == (left["errands"])
        )
        assert [told["rows"] for told in runs_told(store)] == [4 * total]


def test_the_clock_is_looked_at_again_with_every_batch(store, clock):
    add_errands(store, *(f"{number:03d}" for number in range(150)), done_at=NOW - 8 * DAY_MS)
    add_errands(store, "fresh", done_at=NOW - MINUTE_MS)
    store.write(check_clock)

    def jump(_batch) -> bool:
        clock.jump(30 * DAY_MS)
        return True

    with pytest.raises(RetentionSuspendedError):
        run_retention(store, ["errands.done"], jump)
    assert counts_of(store, "errands") == {"errands": 51}
