"""Consumers follow the log: in batches, from where they were, each by itself."""

from __future__ import annotations

import pytest

from synthetic.errors import ConflictError, NotFoundError
from synthetic.log.consumers import batches
from synthetic.log.consumers import follower as follower_module
from synthetic.log.consumers.passing import pass_over
from synthetic.log.consumers.store import (
    change_consumer,
    count_events_behind,
    find_next_event_at,
    has_reached,
    list_called,
    list_consumers,
    request_action,
)
from synthetic.plugins.purge import purge_plugin
from synthetic.testing import open_test_store, wait_until

from .kit import (
    TABLES,
    count,
    digest,
    pass_by,
    rebuild,
    record_of,
    rows_of,
    running,
    until_following,
    write_source,
)


def test_events_are_taken_in_and_come_out_as_in_a_rebuild(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, *(f"{letter}{number}" for number in range(700) for letter in "abc")))
        until_following(store, write_source(store, "one", "text"))
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 700), ("b", 1, 700), ("c", 1, 700)]
        before = {name: digest(store, name) for name in TABLES}
        rebuild(store)
        assert {name: digest(store, name) for name in TABLES} == before


def test_what_came_while_nobody_followed_is_taken_in_at_the_next_start(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
    with open_test_store(tally_dir) as store:
        position = count(store, "a2", "b1")
        assert record_of(store).position < position
    with running(tally_dir) as store:
        until_following(store, position)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 2), ("b", 1, 1)]


def test_a_row_that_a_fold_deletes_is_gone(tally_dir):
    with running(tally_dir) as store:
        count(store, "a1", "b1")
        until_following(store, count(store, "a1", amount=-1))
        assert [row[:3] for row in rows_of(store)] == [("b", 1, 1)]


def test_a_mirror_reads_again_what_events_name_and_takes_out_what_is_gone(tally_dir):
    with running(tally_dir) as store:
        write_source(store, "one", "first")
        write_source(store, "two", "other")
        write_source(store, "one", "second")
        until_following(store, write_source(store, "two", None), "tally.copies")
        assert [row[:2] for row in rows_of(store, "tally.copies")] == [("one", "second")]


def test_events_of_no_interest_move_the_position_without_a_write_for_each(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        head = pass_by(store, 50)
        until_following(store, head, "tally.totals")
        row = store.read(lambda snapshot: snapshot.row(
            "SELECT runs, units FROM sync_attempts WHERE module = 'tally.totals' ORDER BY number DESC"
        ))  # fmt: skip
        assert row[1] <= 1
        # They concern nobody, so nobody is behind.
        assert store.read(has_reached, "tally.totals", head)


def test_an_event_that_does_not_concern_a_consumer_does_not_wake_it(tally_dir, monkeypatch):
    looked: list[str] = []
    real = follower_module.look

    def look(snapshot, consumer, *given):
        looked.append(consumer.name)
        return real(snapshot, consumer, *given)

    monkeypatch.setattr(follower_module, "look", look)
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        looked.clear()
        for number in range(1, 11):
            pass_by(store, 1)
            # That one wants all events, so all have had the time to look.
            wait_until(lambda number=number: looked.count("projections.timeline") >= number)
        # Once by itself, to store what it had looked at before.
        assert looked.count("tally.copies") <= 1


def test_only_those_are_moved_past_events_whom_none_of_them_concerns(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
    with open_test_store(tally_dir) as store:
        stood = record_of(store).position
        count(store, "a2")
        head = pass_by(store, 3)
        store.write(lambda tx: change_consumer(tx, "projections.costs", phase="FAILED", error="{}", failed_at=1))
        assert pass_over(store) == 0
        assert record_of(store).position == stood
        assert record_of(store, "projections.costs").position < head
        assert record_of(store, "tally.copies").position >= head
        # One that the log has left behind has to be made anew, whatever comes.
        store.write(lambda tx: change_consumer(tx, "tally.copies", position=stood - 1))
        store.write(
            lambda tx: tx.execute("INSERT INTO meta (key, value) VALUES ('log_pruned_to', :to)", {"to": str(stood)})
        )
        pass_over(store)
        assert record_of(store, "tally.copies").position == stood - 1
        assert "tally.copies" in [name for name, _ in store.read(list_called)]


def test_an_event_of_another_process_is_taken_in_though_events_of_no_interest_follow_it_at_once(tally_dir):
    with running(tally_dir) as store, open_test_store(tally_dir) as other:
        until_following(store, count(store, "a1"))
        for number in range(2, 6):
            position = count(other, f"a{number}")
            pass_by(store, 1)
            until_following(store, position, "tally.totals")
            assert [row[:3] for row in rows_of(store)] == [("a", 1, number)]


def test_how_far_it_has_looked_is_stored_at_a_stop(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        looked = pass_by(store, 3)
        wait_until(lambda: record_of(store).position >= looked)
    with open_test_store(tally_dir) as store:
        assert record_of(store).position >= looked


def test_a_consumer_that_is_behind_says_since_when_and_by_how_much(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
    with open_test_store(tally_dir) as store:
        record = record_of(store)
        assert store.read(find_next_event_at, record) is None
        assert store.read(has_reached, "tally.totals", pass_by(store, 1))
        position = count(store, "a2", "a3")
        first = store.read(lambda snapshot: snapshot.value(
            "SELECT min(ingested_at_utc) FROM domain_events WHERE type = 'tally.counted' AND position > :after",
            {"after": record.position},
        ))  # fmt: skip
        assert store.read(find_next_event_at, record) == first
        assert store.read(count_events_behind, record, 10) == 2
        assert store.read(count_events_behind, record, 1) == 1
        assert not store.read(has_reached, "tally.totals", position)
        assert store.read(has_reached, "tally.totals", position - 2)
        assert not store.read(has_reached, "tally.nobody", 0)


def test_only_what_applies_can_be_asked_for(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        for action in ("RETRY", "RESUME"):
            with pytest.raises(ConflictError) as caught:
                store.write(request_action, "tally.totals", action)
            assert caught.value.details["actions"] == ["REBUILD"]
        with pytest.raises(NotFoundError):
            store.write(request_action, "tally.nobody", "REBUILD")


def test_a_consumer_that_its_plugin_gives_up_is_forgotten(tally_dir, site, monkeypatch):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
    (tally_dir / "plugins.toml").write_text("[plugins.tally]\nenabled = false\n")
    with running(tally_dir) as store:
        wait_until(lambda: record_of(store, "projections.activity").phase == "FOLLOWING")
        # Of a plugin that is not loaded nothing is forgotten.
        assert set(TABLES) <= {record.name for record in store.read(list_consumers)}
    (tally_dir / "plugins.toml").write_text("[plugins.tally]\n")
    plugin = site.folder / "sample_tally" / "plugin.py"
    plugin.write_text(plugin.read_text().replace('Fold(name="sizes"', 'Fold(name="dimensions"'))
    site.forget()
    with running(tally_dir) as store:
        wait_until(lambda: {"tally.dimensions"} <= {record.name for record in store.read(list_consumers)})
        wait_until(lambda: "tally.sizes" not in {record.name for record in store.read(list_consumers)})
        until_following(store, 1, "tally.dimensions")
        assert rows_of(store, "tally.sizes") == [(2, 1)]


def test_purging_a_plugin_forgets_its_consumers_and_what_their_rebuilds_left(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        rebuild(store, "tally.totals")
    (tally_dir / "plugins.toml").write_text("[plugins.tally]\nenabled = false\n")
    tally = "SELECT name FROM sqlite_schema WHERE name GLOB 'tally_*' AND type = 'table'"
    with running(tally_dir) as store:
        store.write(purge_plugin, "tally")
        assert {record.plugin for record in store.read(list_consumers)} == {"projections", "search"}
        wait_until(lambda: not store.read(lambda snapshot: snapshot.rows(tally)))


def test_a_consumer_says_how_much_it_has_taken_in(tally_dir):
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"))
        until_following(store, count(store, "a2", "a3"))
        metrics = store.kernel.metrics.registry
        assert metrics.get_sample_value("synthetic_consumer_events_total", {"consumer": "tally.totals"}) >= 2
        assert metrics.get_sample_value("synthetic_consumer_batch_seconds_count", {"consumer": "tally.totals"}) >= 1


def test_what_a_consumer_writes_is_written_in_its_own_name(tally_dir, monkeypatch):
    actors = set()
    real = batches.record_attempt

    def noting(tx, *args, **arguments):
        actors.add(tx.origin.actor)
        real(tx, *args, **arguments)

    monkeypatch.setattr(batches, "record_attempt", noting)
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"), "tally.totals", "tally.sizes")
    assert {"consumer:tally.totals", "consumer:tally.sizes"} <= actors
