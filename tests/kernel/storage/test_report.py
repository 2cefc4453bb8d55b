"""What takes the room: tables and indexes, exactly where they are small and about where they are large, and files."""

from __future__ import annotations

import threading

import pytest

from synthetic.data_directory import DataDirectory
from synthetic.storage import report, trees
from synthetic.storage.files import measure_files
from synthetic.storage.report import StorageReport
from synthetic.storage.trees import estimate_pages, measure_database
from synthetic.testing import ManualClock, expect_data, open_test_store, wait_until

from .kit import fill

QUERY = """{ storage {
    usedBytes warnBytes limitBytes warning databaseBytes freePageBytes walBytes artifactBytes archiveBytes backupBytes
    quarantineBytes freeDiskBytes tables { table plugin bytes indexBytes isEstimate indexes { name bytes isEstimate } }
} }"""
EXACT = "SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = TRUE GROUP BY name"


def sizes_of(database) -> dict[str, int]:
    return {tree.name: tree.size_bytes for table in database.tables for tree in (table.own, *table.indexes)}


def test_small_tables_and_indexes_are_exact(store):
    fill(store, 500)
    found = store.read(measure_database)
    assert sizes_of(found) == dict(store.read(lambda snapshot: snapshot.rows(EXACT)))
    assert found.tables[0].table == "meta"
    assert found.tables[0].plugin == "kernel"
    assert not any(table.own.is_estimate for table in found.tables)


def test_large_ones_are_estimated_and_together_exact(store, monkeypatch):
    monkeypatch.setattr(trees, "PAGES_READ", 60)
    fill(store, 4_000, size=1_000)
    fill(store, 4_000, prefix="key", size=20)
    found = store.read(measure_database)
    exact = dict(store.read(lambda snapshot: snapshot.rows(EXACT)))
    (meta,) = [table for table in found.tables if table.table == "meta"]
    assert meta.own.is_estimate
    assert exact["meta"] / 2 < meta.own.size_bytes < exact["meta"] * 2
    assert sum(sizes_of(found).values()) == pytest.approx(sum(exact.values()), rel=0.02)


def test_the_shape_of_a_tree_tells_how_many_pages_it_has():
    rows = [("/", "internal", 9), ("/000/", "internal", 99), ("/000/000/", "leaf", 5), ("/000/001/", "leaf", 5)]
    assert estimate_pages(rows) == 1 + 10 + 1_000
    assert estimate_pages([*rows, ("/000/001/000+000000", "overflow", 0)]) == 1 + 10 + 1_000 + 500


def test_the_query_tells_what_the_files_take_and_follows_no_link(data_dir):
    for folder, size in (("artifacts/c/log", 1_000), ("archive", 2_000), ("backups", 3_000), ("quarantine", 4_000)):
        (data_dir / folder).mkdir(parents=True, exist_ok=True)
        (data_dir / folder / "file").write_bytes(b"x" * size)
    (data_dir / "artifacts" / "elsewhere").symlink_to(data_dir / "backups")
    with open_test_store(data_dir) as store:
        found = expect_data(store.graphql(QUERY))["storage"]
    files = {name: found[f"{name}Bytes"] for name in ("archive", "backup", "quarantine")}
    assert files == {"archive": 2_000, "backup": 3_000, "quarantine": 4_000}
    assert 1_000 <= found["artifactBytes"] < 1_300, "a link counts for itself"
    assert found["databaseBytes"] > 100_000
    assert found["freeDiskBytes"] > 0
    assert (found["warning"], found["limitBytes"]) == (None, None)
    by_name = {table["table"]: table for table in found["tables"]}
    assert by_name["sync_jobs"]["plugin"] == "jobs"
    assert by_name["sync_jobs"]["indexBytes"] == sum(each["bytes"] for each in by_name["sync_jobs"]["indexes"])


class SlowCount:
    """Counting files that takes until it is let go on."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = threading.Event()

    def __call__(self, directory: DataDirectory):
        self.begun += 1
        assert self.may_end.wait(60)
        return measure_files(directory)


ASKED = "{ storage { measuredAt artifactBytes } }"


def test_a_snapshot_does_not_wait_for_a_long_count_of_files_and_takes_the_last_one(data_dir, monkeypatch):
    count, clock = SlowCount(), ManualClock()
    monkeypatch.setattr(report, "measure_files", count)
    monkeypatch.setattr(report, "WAIT_SECONDS", 0.05)
    with open_test_store(data_dir, clock=clock) as store:
        for _ in range(2):
            (error,) = store.graphql(ASKED)["errors"]
            assert error["extensions"]["code"] == "OVERLOADED"
        assert count.begun == 1, "one count at a time"
        count.may_end.set()
        assert wait_until(lambda: store.graphql(ASKED).get("data"), "the first count")
        count.may_end.clear()
        begun = count.begun
        first = expect_data(store.graphql(ASKED))["storage"]
        clock.advance(11_000)
        second = expect_data(store.graphql(ASKED))["storage"]
        assert second["measuredAt"] > first["measuredAt"], "the database is measured anew meanwhile"
        assert count.begun == begun + 1
        count.may_end.set()


def test_while_one_measures_others_get_the_last_report(data_dir, monkeypatch):
    clock, measured, answers = ManualClock(), [], []
    begun, may_end = threading.Event(), threading.Event()
    real = report.measure_database

    def measure(snapshot):
        measured.append(snapshot)
        if len(measured) > 1:
            begun.set()
            assert may_end.wait(60)
        return real(snapshot)

    monkeypatch.setattr(report, "measure_database", measure)
    with open_test_store(data_dir, clock=clock) as store:

        def ask() -> StorageReport:
            return store.read(lambda snapshot: snapshot.resource(report.StorageReports).read(snapshot))

        first = ask()
        clock.advance(11_000)
        thread = threading.Thread(target=lambda: answers.append(ask()))
        thread.start()
        assert begun.wait(60)
        others = [ask() for _ in range(3)]
        may_end.set()
        thread.join(60)
        assert others == [first] * 3
        assert answers[0].measured_at > first.measured_at
        assert len(measured) == 2


def test_folders_that_cannot_be_read_are_left_out_and_named(data_dir):
    data_dir.mkdir(exist_ok=True)
    (data_dir / "artifacts").symlink_to("artifacts")
    (data_dir / "quarantine").mkdir()
    (data_dir / "quarantine" / "file").write_bytes(b"x" * 4_000)
    with open_test_store(data_dir) as store:
        found = expect_data(store.graphql("{ storage { artifactBytes quarantineBytes unreadable } }"))["storage"]
    assert found == {"artifactBytes": 0, "quarantineBytes": 4_000, "unreadable": ["artifacts"]}
