"""Drift: rows of a fold that the log does not make so are found, whoever changed them, and a rebuild mends them."""

from __future__ import annotations

import pytest

from synthetic.clock import SystemClock
from synthetic.kernel_settings import SyncSettings
from synthetic.log import events
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.drift import refolding, sampling
from synthetic.log.drift.checks import find_drift, find_drift_in_samples
from synthetic.log.drift.refolding import OneSnapshot, compare_whole
from synthetic.log.drift.sampling import compare_sample
from synthetic.log.drift.service import DriftWatch
from synthetic.log.drift.store import cursors_of, find_drift_check, save_comparison
from synthetic.log.sync import statuses
from synthetic.testing import ManualClock, expect_data, open_test_store, wait_until

from .kit import ask, count, digest, rebuild, record_of, running, until_following

MODULE = "tally.totals"
ALTER = "UPDATE tally_totals SET total = total + 1 WHERE name = 'a'"
REMOVE = "DELETE FROM tally_totals WHERE name = 'b'"
INVENT = "INSERT INTO tally_totals (name, parity, total, last_id) VALUES ('z', 0, 7, 'nobody')"
STATUS = """
{ syncStatus(module: "tally.totals") { status actions requested staleReasons { reason message } drift {
  scope compared differing rows { entityType entityId difference } hashes { table sha256 } checkedAt error { code }
} } }
"""
VERIFY = 'mutation { requestResync(input: {module: "tally.totals", action: VERIFY}) { status { requested } } }'


def status_of(store) -> dict:
    return expect_data(store.graphql(STATUS))["syncStatus"][0]


def fold_in(snapshot):
    return snapshot.resource(LoadedFolds).folds[MODULE]


def whole(snapshot):
    return compare_whole(OneSnapshot(snapshot), fold_in(snapshot))


def sample(snapshot, cursors=None, rows=20):
    return compare_sample(snapshot, fold_in(snapshot), cursors, rows)


def change(store, *statements) -> None:
    store.write(lambda tx: [tx.execute(statement) for statement in statements])


def until_verified(store) -> dict:
    expect_data(store.graphql(VERIFY))
    return wait_until(
        lambda: found if (found := status_of(store))["requested"] is None and found["drift"] else None, "the comparison"
    )


@pytest.fixture
def followed(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "a2", "b1", "c1"))
        yield store


def test_rows_that_were_changed_by_hand_make_the_module_stale_until_a_rebuild_mends_them(followed):
    before = digest(followed)
    clean = until_verified(followed)
    assert (clean["status"], clean["drift"]["scope"], clean["drift"]["differing"]) == ("SYNCED", "WHOLE", 0)
    assert clean["actions"] == ["REBUILD", "VERIFY"]
    change(followed, ALTER, REMOVE, INVENT)
    found = until_verified(followed)
    assert found["status"] == "STALE"
    assert [reason["reason"] for reason in found["staleReasons"]] == ["DRIFT"]
    assert "3 rows differ" in found["staleReasons"][0]["message"]
    assert "tally_totals/a/1" in found["staleReasons"][0]["message"]
    assert found["drift"]["rows"] == [
        {"entityType": "tally_totals", "entityId": "a/1", "difference": "ALTERED"},
        {"entityType": "tally_totals", "entityId": "b/1", "difference": "MISSING"},
        {"entityType": "tally_totals", "entityId": "z/0", "difference": "UNFOUNDED"},
    ]
    assert found["drift"]["hashes"] == clean["drift"]["hashes"], "it is the log's word, whatever the rows say"
    ask(followed, "REBUILD")
    mended = wait_until(
        lambda: now if (now := status_of(followed))["status"] == "SYNCED" else None, "the module to be mended"
    )
    assert (mended["drift"]["differing"], mended["drift"]["rows"]) == (0, [])
    assert digest(followed) == before


def test_a_sample_suspects_what_was_changed_and_goes_through_a_table_bit_by_bit(followed):
    assert followed.read(sample).comparison.differing == 0
    assert followed.read(lambda snapshot: list(find_drift_in_samples(snapshot))) == []
    change(followed, "UPDATE tally_totals SET total = total + 1 WHERE name = 'c'")
    cursors, suspected = {}, []
    for _ in range(4):
        sampled = followed.read(sample, cursors, 1)
        cursors = sampled.cursors
        suspected.append(sampled.comparison.differing)
    assert suspected[2] == 1
    assert cursors["tally_totals"] == [], "from the beginning again"
    for number, statement in enumerate([ALTER, REMOVE, INVENT], start=2):
        change(followed, statement)
        sampled = followed.read(sample, {})
        assert (sampled.comparison.differing, sampled.comparison.skipped) == (number, 0), statement
    findings = followed.read(lambda snapshot: list(find_drift(snapshot)))
    assert [(each.entity_id, each.details["difference"]) for each in findings] == [
        ("a/1", "ALTERED"),
        ("b/1", "MISSING"),
        ("c/1", "ALTERED"),
        ("z/0", "UNFOUNDED"),
    ]
    assert {each.details["module"] for each in findings} == {MODULE}


def test_a_sample_folds_the_same_events_once_and_goes_on_in_the_log_where_it_stopped(followed, monkeypatch):
    folded, fold = [], sampling._Folding._fold
    monkeypatch.setattr(sampling._Folding, "_fold", lambda self, taken: folded.append(len(taken)) or fold(self, taken))
    monkeypatch.setattr(events, "WINDOW_EVENTS", 2)
    sampled = followed.read(sample, {})
    assert (sampled.comparison.rows, folded) == (3, [4])
    assert sampled.cursors["domain_events"] == 2, "it has looked no further, though it found less than it may draw"


def test_what_was_found_before_a_rebuild_is_not_said_of_what_was_made_by_it(followed):
    class Interrupted:
        def read(self, function, *args):
            if function is refolding._end:
                rebuild(followed, MODULE)
            return followed.read(function, *args)

    change(followed, ALTER)
    found = followed.read(whole)
    assert found.differing == 1
    assert followed.write(save_comparison, MODULE, found, 0, {"tally_totals": ["a", 1]})
    assert compare_whole(Interrupted(), followed.read(fold_in)) is None
    assert not followed.write(save_comparison, MODULE, found, 0)
    check = followed.read(find_drift_check, MODULE)
    assert (check.differing, cursors_of(check)) == (0, {}), "it is made anew: all of it is looked at from the beginning"
    assert followed.write(save_comparison, MODULE, followed.read(whole), 0)


def test_the_watch_looks_by_itself_and_says_what_a_comparison_of_all_has_found(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "b1"))
    with open_test_store(tally_dir) as store:
        watch = DriftWatch(SyncSettings(sample_ms=1), SystemClock())

        def turns():
            wait_until(lambda: watch.work(store), "the watch to find something due")
            return store.read(find_drift_check, MODULE)

        wait_until(lambda: (check := turns()) is not None and check.scope == "SAMPLE", "a sample")
        change(store, ALTER)
        check = wait_until(lambda: found if (found := turns()).differing else None, "the altered row")
        assert (check.scope, check.differing) == ("WHOLE", 1)


def test_the_watch_goes_on_when_the_clock_was_put_right_and_soon_after_each_start(followed):
    folds = followed.read(lambda snapshot: snapshot.resource(LoadedFolds).folds)
    until_following(followed, 0, *folds)
    clock = ManualClock(now_ms=followed.kernel.clock.now_ms())
    watch = DriftWatch(SyncSettings(sample_ms=600_000), clock)
    assert watch.work(followed) == 0, "a process that has just started lets its folds catch up"
    clock.advance(60_000)
    compared = sum(iter(lambda: watch.work(followed), 0))
    assert compared == len(folds), "each, and only once"
    change(followed, f"UPDATE drift_checks SET checked_at = checked_at + 86400000 WHERE consumer = '{MODULE}'")
    assert watch.work(followed) == 1, "what was compared in the future was compared by a clock that was ahead"
    assert followed.read(find_drift_check, MODULE).checked_at <= followed.kernel.clock.now_ms()


def test_an_event_that_was_set_aside_is_no_drift(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_ON_ERROR", "skip")
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "b1", "c1"))
        monkeypatch.setenv("TALLY_BUG", "")
        assert store.read(whole).differing == 0
        assert store.read(sample).comparison.differing == 0
        assert status_of(store)["actions"] == ["REBUILD", "VERIFY"]
        for module in (refolding, statuses):
            monkeypatch.setattr(module, "SET_ASIDE_KEPT", 1)
        assert store.read(whole) is None, "there may have been more of which nothing is known any more"
        assert store.read(sample) is None
        assert status_of(store)["actions"] == ["REBUILD"]


def test_code_that_fails_at_the_past_is_told_of_and_not_taken_for_drift(followed, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "a2")
    found = until_verified(followed)
    assert found["drift"]["error"] == {"code": "INTERNAL"}
    assert (found["status"], found["drift"]["differing"]) == ("SYNCED", 0)
    assert record_of(followed).phase == "FOLLOWING"
