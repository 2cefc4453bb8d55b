"""The budget: a warning in sync status, STORAGE_FULL at the limit, while reads, deletes and upkeep go on."""

from __future__ import annotations

import pytest

from synthetic import Store
from synthetic.errors import StorageFullError
from synthetic.log.sync.statuses import find_status
from synthetic.origin import Origin
from synthetic.storage.watch import watch_step
from synthetic.store import BlockingDatabase
from synthetic.testing import ManualClock, expect_data, expect_error, open_test_store

from .kit import empty, fill, metric

SAVE = 'mutation { saveConstruct(input: {id: "%s", type: "task", title: "A task"}) { construct { id } } }'
DELETE = 'mutation { deleteConstruct(input: {id: "before"}) { dryRun } }'
UPKEEP = Origin("service:test", is_upkeep=True)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def opened(data_dir, clock, **settings: int):
    named = {f"kernel.storage.{name}": str(value) for name, value in settings.items()}
    return open_test_store(data_dir, settings={"kernel.database.free_disk_bytes": "0", **named}, clock=clock)


def look_again(store: Store, clock: ManualClock) -> None:
    """As the background work does, and then a second passes."""
    background = BlockingDatabase(store.kernel.database, origin=UPKEEP)
    watch_step(store.kernel.directory, store.kernel.storage_meter, background)
    clock.advance(1_001)


def reasons_of(store: Store) -> list[str]:
    status = store.read(find_status, "storage")
    return [] if status is None else [each.reason for each in status.reasons]


def test_at_the_limit_writes_are_refused_while_reads_and_deletes_go_on(data_dir, clock):
    with opened(data_dir, clock, limit_bytes=4_000_000) as store:
        expect_data(store.graphql(SAVE % "before"))
        fill(store, 1_500)
        clock.advance(1_001)
        error = expect_error(store.graphql(SAVE % "after"), "STORAGE_FULL")
        assert error["extensions"]["recoverable"]
        assert error["extensions"]["retryAfterMs"] > 0
        assert expect_data(store.graphql("{ constructs { totalCount } }")) == {"constructs": {"totalCount": 1}}
        expect_data(store.graphql(DELETE))
        assert expect_data(store.graphql("{ constructs { totalCount } }")) == {"constructs": {"totalCount": 0}}


def test_what_is_deleted_makes_room_before_the_file_is_smaller(data_dir, clock):
    with opened(data_dir, clock, limit_bytes=4_000_000, wal_bytes=65_536) as store:
        fill(store, 1_500)
        clock.advance(1_001)
        with pytest.raises(StorageFullError):
            store.write(lambda tx: None)
        store.kernel.database.write_blocking(
            lambda tx: tx.execute("DELETE FROM meta WHERE key GLOB 'x*'"), origin=UPKEEP
        )
        store.kernel.checkpointer.step(store)
        clock.advance(1_001)
        fill(store, 10, prefix="again")


def test_a_second_passes_between_two_looks(data_dir, clock):
    with opened(data_dir, clock, limit_bytes=4_000_000) as store:
        fill(store, 1_500)
        fill(store, 1, prefix="within")
        clock.advance(1_001)
        with pytest.raises(StorageFullError, match=r"takes .* MiB, and its limit is 3\.8 MiB"):
            fill(store, 1, prefix="later")


def test_files_beside_the_database_count_too(data_dir, clock):
    with opened(data_dir, clock, limit_bytes=10_000_000) as store:
        folder = data_dir / "artifacts" / "c" / "log"
        folder.mkdir(parents=True)
        (folder / "large.bin").write_bytes(b"x" * 11_000_000)
        look_again(store, clock)
        with pytest.raises(StorageFullError):
            store.write(lambda tx: None)
        (folder / "large.bin").unlink()
        look_again(store, clock)
        store.write(lambda tx: None)


def test_at_the_warning_level_the_module_is_stale_and_says_why(data_dir, clock):
    with opened(data_dir, clock, warn_bytes=4_000_000, limit_bytes=40_000_000, wal_bytes=65_536) as store:
        look_again(store, clock)
        assert store.read(find_status, "storage") is None, "nothing is to be said yet"
        fill(store, 1_500)
        look_again(store, clock)
        status = store.read(find_status, "storage")
        assert (status.status, reasons_of(store)) == ("STALE", ["STORAGE_SHORT"])
        assert "warns" in status.reasons[0].message
        store.write(lambda tx: None)
        empty(store)
        store.kernel.checkpointer.step(store)
        look_again(store, clock)
        assert store.read(find_status, "storage").status == "SYNCED"
        assert metric(store, "synthetic_storage_bytes") < 4_000_000


def test_the_reason_says_when_writes_are_refused(data_dir, clock):
    with opened(data_dir, clock, warn_bytes=2_000_000, limit_bytes=20_000_000) as store:
        fill(store, 700)
        look_again(store, clock)
        assert "Writes are refused" not in store.read(find_status, "storage").reasons[0].message
        fill(store, 2_500, prefix="more")
        look_again(store, clock)
        assert store.read(find_status, "storage").reasons[0].message.startswith("Writes are refused.")


def test_a_short_disk_warns_and_then_refuses(data_dir, clock):
    with opened(data_dir, clock, warn_free_disk_bytes=2**62) as store:
        look_again(store, clock)
        assert reasons_of(store) == ["STORAGE_SHORT"]
        store.write(lambda tx: None)
    most = {"kernel.database.free_disk_bytes": "0"}
    with open_test_store(data_dir, settings=most, clock=clock) as store:
        store.write(lambda tx: None)


def test_without_limits_nothing_is_refused_or_told(data_dir, clock):
    with opened(data_dir, clock, warn_free_disk_bytes=0) as store:
        fill(store, 1_500)
        look_again(store, clock)
        fill(store, 1, prefix="more")
        assert store.read(find_status, "storage") is None
