"""Rebuilds: beside what answers, whole or not at all, and by themselves where they have to be."""

from __future__ import annotations

import pytest

from synthetic.clock import SystemClock
from synthetic.json_text import from_json
from synthetic.log.archive import archive_step
from synthetic.log.consumers.shadows import shadow_of
from synthetic.log.consumers.store import has_reached
from synthetic.log.positions import read_ends
from synthetic.log.segments import list_segments
from synthetic.testing import ManualClock, open_test_store, wait_until

from .kit import (
    TABLES,
    ask,
    count,
    digest,
    rebuild,
    record_of,
    rows_of,
    running,
    until_failed,
    until_following,
    write_source,
)

NAMES = "SELECT name FROM sqlite_schema WHERE tbl_name GLOB 'tally_totals*' AND sql IS NOT NULL ORDER BY name"


def names(store) -> list[str]:
    return store.read(lambda snapshot: [name for (name,) in snapshot.rows(NAMES)])


def test_a_changed_version_is_rebuilt_by_itself_while_the_old_table_answers(tally_dir, monkeypatch, tmp_path):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "a2", "hold", "b1"))
        before = rows_of(store)
    monkeypatch.setenv("TALLY_VERSION", "2")
    monkeypatch.setenv("TALLY_FACTOR", "3")
    monkeypatch.setenv("TALLY_HOLD", str(tmp_path / "hold"))
    with running(tally_dir) as store:
        wait_until((tmp_path / "hold").exists)
        last = count(store, "c1")
        assert rows_of(store) == before
        assert record_of(store).phase == "REBUILDING"
        # What the new code would make of new events does not go into what the old code has made.
        assert not store.read(has_reached, "tally.totals", last)
        (tmp_path / "hold.go").touch()
        until_following(store, last)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 6), ("b", 1, 3), ("c", 1, 3), ("h", 1, 3)]
        assert store.read(has_reached, "tally.totals", last)


def test_the_table_goes_on_following_while_it_is_rebuilt_with_the_same_code(tally_dir, monkeypatch):
    with running(tally_dir) as store:
        until_following(store, count(store, *(f"a{number}" for number in range(1_200))))
        ask(store, "REBUILD")
        positions = [count(store, f"b{number}") for number in range(50)]
        wait_until(lambda: store.read(has_reached, "tally.totals", positions[-1]))
        until_following(store, positions[-1])
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 1_200), ("b", 1, 50)]


def test_after_many_rebuilds_the_table_is_defined_as_before_and_nothing_is_left(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "b1"))
        definition = "SELECT replace(sql, '\"', '') FROM sqlite_schema WHERE name = 'tally_totals'"
        before = store.read(lambda snapshot: snapshot.value(definition))
        plan = "EXPLAIN QUERY PLAN SELECT * FROM tally_totals WHERE total = 1"
        for _ in range(4):
            rebuild(store, "tally.totals")
            until_following(store, count(store, "a1"))
        assert store.read(lambda snapshot: snapshot.value(definition)) == before
        assert "tally_totals_by_total" in str(store.read(lambda snapshot: snapshot.rows(plan)))
        wait_until(lambda: len(names(store)) == 3, "the removal of what was replaced")
        assert [name.partition("__")[0] for name in names(store)] == [
            "tally_totals", "tally_totals_by_name", "tally_totals_by_total",
        ]  # fmt: skip
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 5), ("b", 1, 1)]


def test_a_reader_that_has_its_statements_prepared_sees_the_new_table(tally_dir, monkeypatch):
    query = "SELECT total FROM tally_totals WHERE name = 'a'"
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        for _ in range(3):
            assert store.read(lambda snapshot: snapshot.value(query)) == 1
            rebuild(store, "tally.totals")
        with store.kernel.database.snapshot(_never(store)) as snapshot:
            assert snapshot.value(query) == 1
            position = record_of(store).position
            ask(store, "REBUILD")
            until_following(store, count(store, "a2"))
            assert record_of(store).position > position
            # A snapshot that was open before still sees what was there then.
            assert snapshot.value(query) == 1
        assert store.read(lambda snapshot: snapshot.value(query)) == 2


def _never(store):
    from synthetic.database.interruption import Interruption

    return Interruption(store.kernel.clock)


def test_a_consumer_that_is_new_on_a_store_with_events_takes_in_the_past(tally_dir):
    with open_test_store(tally_dir) as store:
        count(store, "a1", "a2")
        write_source(store, "one", "text")
        store.write(lambda tx: tx.execute("INSERT INTO tally_sources (id, body) VALUES ('two', 'older than the log')"))
        last = count(store, "b1")
    with running(tally_dir) as store:
        until_following(store, last)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 2), ("b", 1, 1)]
        assert [row[0] for row in rows_of(store, "tally.copies")] == ["one", "two"]


def test_a_rebuilt_mirror_drops_what_is_gone_without_an_event(tally_dir):
    with running(tally_dir) as store:
        write_source(store, "one", "text")
        until_following(store, write_source(store, "two", "text"), "tally.copies")
        store.write(lambda tx: tx.execute("DELETE FROM tally_sources WHERE id = 'two'"))
        rebuild(store, "tally.copies")
        assert [row[0] for row in rows_of(store, "tally.copies")] == ["one"]


def test_a_mirror_is_scanned_in_order_in_more_than_one_batch(tally_dir):
    with open_test_store(tally_dir) as store:
        store.write(lambda tx: tx.execute_many(
            "INSERT INTO tally_sources (id, body) VALUES (:id, '')", [{"id": f"{number:05}"} for number in range(1_300)]
        ))  # fmt: skip
    with running(tally_dir) as store:
        until_following(store, 0, "tally.copies")
        assert [row[0] for row in rows_of(store, "tally.copies")] == [f"{number:05}" for number in range(1_300)]
        assert {row[2] for row in rows_of(store, "tally.copies")} == {1}


def test_a_failed_consumer_whose_code_has_changed_rebuilds_by_itself(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        last = count(store, "a1", "b1", "c1")
        until_failed(store)
    monkeypatch.setenv("TALLY_BUG", "")
    monkeypatch.setenv("TALLY_VERSION", "2")
    monkeypatch.setenv("TALLY_FACTOR", "5")
    with running(tally_dir) as store:
        until_following(store, last)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 5), ("b", 1, 5), ("c", 1, 5)]


def test_a_rebuild_that_fails_leaves_the_table_answering_and_following(tally_dir, monkeypatch):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "b1"))
        monkeypatch.setenv("TALLY_BUG", "b1")
        ask(store, "REBUILD")
        assert until_failed(store).rebuild_through is not None
        later = count(store, "a2")
        wait_until(lambda: record_of(store).position >= later)
        assert record_of(store).phase == "FAILED"
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 2), ("b", 1, 1)]
        monkeypatch.setenv("TALLY_BUG", "")
        ask(store, "RETRY")
        until_following(store, later)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 2), ("b", 1, 1)]
        assert shadow_of("tally_totals") not in names(store)


def test_code_that_goes_back_to_what_made_the_table_gives_the_rebuild_up(tally_dir, monkeypatch, tmp_path):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "hold"))
    monkeypatch.setenv("TALLY_VERSION", "2")
    monkeypatch.setenv("TALLY_BUG", "hold")
    with running(tally_dir) as store:
        until_failed(store)
    monkeypatch.setenv("TALLY_VERSION", "1")
    with running(tally_dir) as store:
        until_following(store, count(store, "b1"))
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 1), ("b", 1, 1), ("h", 1, 1)]


def prune(store, through: int) -> None:
    """What retention does to the log, without an archive."""

    def remove(tx):
        tx.execute("DELETE FROM domain_events WHERE position <= :through", {"through": through})
        tx.execute(
            "INSERT INTO meta (key, value) VALUES ('log_pruned_to', :through)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {"through": str(through)},
        )

    store.write(remove)


def test_a_mirror_left_behind_the_log_is_rebuilt_and_a_fold_without_its_past_says_so(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
    with open_test_store(tally_dir) as store:
        write_source(store, "one", "text")
        last = count(store, "a2")
        prune(store, last)
    with running(tally_dir) as store:
        until_following(store, last, "tally.copies")
        assert [row[0] for row in rows_of(store, "tally.copies")] == ["one"]
        failed = until_failed(store)
        assert from_json(failed.error)["code"] == "ARCHIVE_DAMAGED"
        assert failed.actions() == ("RETRY", "REBUILD")
        # What it has keeps answering.
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 1)]


def test_a_fold_that_follows_is_not_stopped_by_a_rebuild_that_cannot_be_made(tally_dir):
    with running(tally_dir) as store:
        until_following(store, position := count(store, "a1", "a2"))
        prune(store, position - 1)
        ask(store, "REBUILD")
        wait_until(lambda: record_of(store).requested is None)
        until_following(store, count(store, "a3"))
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 3)]


def test_rebuilding_everything_again_and_again_changes_nothing(tally_dir):
    with running(tally_dir) as store:
        write_source(store, "one", "text")
        until_following(store, count(store, *(f"{letter}{number}" for number in range(40) for letter in "ab")))
        before = {name: digest(store, name) for name in TABLES}
        for _ in range(2):
            rebuild(store)
            assert {name: digest(store, name) for name in TABLES} == before


def archive(store) -> int:
    """Move all that is past retention; how many steps that took."""
    steps = 0
    while archive_step(store.kernel.directory.archive, store):
        steps += 1
    return steps


@pytest.fixture
def old(tally_dir):
    """A store all of whose events so far are in the archive, in files of a hundred, and that is followed."""
    clock = ManualClock(monotonic=SystemClock())
    settings = {"kernel.events.keep_ms": "60000", "kernel.events.segment_events": "100"}
    with open_test_store(tally_dir, settings=settings, clock=clock) as store:
        runner = store.kernel.services()
        runner.start()
        until_following(store, count(store, *(f"{letter}{number}" for number in range(200) for letter in "abc")))
        clock.advance(2 * 86_400_000)
        assert archive(store) > 6
        # Who had not looked at the last events yet, though they do not concern it, is made anew first.
        until_following(store, store.read(read_ends).horizon)
        yield store
        runner.stop()


def test_a_rebuild_reads_the_past_from_the_archive(old):
    assert old.read(read_ends).horizon >= 600
    before = digest(old)
    rebuild(old, "tally.totals")
    assert digest(old) == before
    until_following(old, count(old, "a1", "d1"))
    assert [row[:3] for row in rows_of(old)] == [("a", 1, 201), ("b", 1, 200), ("c", 1, 200), ("d", 1, 1)]


def test_a_file_of_the_archive_that_is_damaged_fails_the_rebuild_and_leaves_the_table(old):
    segment = old.read(list_segments)[2]
    file = old.kernel.directory.archive / segment.file
    content = file.read_bytes()
    file.write_bytes(b"x" * len(content))
    before = digest(old)
    ask(old, "REBUILD")
    failed = until_failed(old)
    assert from_json(failed.error)["code"] == "ARCHIVE_DAMAGED"
    assert digest(old) == before
    file.write_bytes(content)
    ask(old, "RETRY")
    until_following(old, 0, "tally.totals")
    assert digest(old) == before
