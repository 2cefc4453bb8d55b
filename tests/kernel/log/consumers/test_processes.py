"""Server processes that share a store: one does the background work, another takes over, and a kill changes nothing."""

from __future__ import annotations

import signal

import pytest

from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.drift.refolding import compare_whole
from synthetic.testing import open_test_store, running_server, wait_until

from .kit import (
    ask,
    count,
    digest,
    let_lease_run_out,
    record_of,
    rows_of,
    until_following,
    write_source,
)

LETTERS = [f"{letter}{number}" for number in range(400) for letter in "abcd"]


@pytest.fixture
def hold(tmp_path, monkeypatch):
    """A file that a fold makes when it comes to the event `hold`, where it stays until there is `hold.go`."""
    monkeypatch.setenv("TALLY_HOLD", str(tmp_path / "hold"))
    return tmp_path / "hold"


def kill(server) -> None:
    server.stop(signal.SIGKILL)


def let_go(hold) -> None:
    hold.with_name("hold.go").touch()


def hold_again(hold) -> None:
    hold.with_name("hold.go").unlink()
    hold.unlink()


def owner(store):
    return store.read(lambda snapshot: snapshot.row("SELECT owner, token FROM leases WHERE expires_at > 0"))


def test_a_server_killed_while_it_folds_and_while_it_rebuilds_comes_out_equal(tally_dir, hold):
    with open_test_store(tally_dir) as store:
        with running_server(tally_dir) as server:
            until_following(store, count(store, "a0", "b0"))
            write_source(store, "one", "text")
            # Some of the events that follow are taken in before the kill, the others after.
            count(store, *LETTERS)
            last = count(store, "hold", *LETTERS)
            wait_until(hold.exists)
            kill(server)
        assert record_of(store).position < last
        let_go(hold)
        let_lease_run_out(tally_dir)
        with running_server(tally_dir) as server:
            until_following(store, last)
            folded = {name: digest(store, name) for name in ("tally.totals", "tally.sizes", "tally.copies")}
            assert [row[:3] for row in rows_of(store)][:2] == [("a", 1, 801), ("b", 1, 801)]
            hold_again(hold)
            ask(store, "REBUILD")
            wait_until(hold.exists)
            begun = record_of(store)
            assert begun.phase == "REBUILDING"
            assert digest(store) == folded["tally.totals"]
            kill(server)
        let_go(hold)
        let_lease_run_out(tally_dir)
        with running_server(tally_dir):
            wait_until(lambda: record_of(store).phase == "FOLLOWING")
            # It went on with the rebuild that was begun.
            assert {name: digest(store, name) for name in folded} == folded
            ask(store, "REBUILD")
            wait_until(lambda: record_of(store).requested is None and record_of(store).phase == "FOLLOWING")
            assert digest(store) == folded["tally.totals"]
            # And all of it is what the log makes, event by event.
            folds = store.read(lambda snapshot: snapshot.resource(LoadedFolds)).folds
            for name in ("tally.totals", "tally.sizes"):
                found = compare_whole(store, folds[name])
                assert found is not None
                assert (found.differing, found.rows > 0) == (0, True), name


def test_a_rebuild_that_was_killed_goes_on_from_where_it_was(tally_dir, hold):
    with open_test_store(tally_dir) as store:
        count(store, *LETTERS)
        last = count(store, "hold", "z1")
        with running_server(tally_dir) as server:
            wait_until(hold.exists)
            begun = wait_until(lambda: record if (record := record_of(store)).rebuild_through else None)
            kill(server)
        let_go(hold)
        let_lease_run_out(tally_dir)
        with running_server(tally_dir):
            until_following(store, last)
        assert begun.rebuild_through >= 500
        rebuilds = store.read(lambda snapshot: snapshot.value(
            "SELECT sum(units) FROM sync_attempts WHERE module = 'tally.totals'"
        ))  # fmt: skip
        # Nothing was taken in twice.
        assert rebuilds == len(LETTERS) + 2


def test_one_of_two_servers_works_and_the_other_takes_over_when_it_is_killed(tally_dir):
    with open_test_store(tally_dir) as store, running_server(tally_dir) as first:
        until_following(store, count(store, "a1"))
        before = owner(store)
        assert f":{first.process.pid}:" in before[0]
        with running_server(tally_dir) as second:
            until_following(store, count(store, "a2"))
            assert owner(store) == before
            kill(first)
            last = count(store, "a3", "b1")
            until_following(store, last)
            after = owner(store)
            assert f":{second.process.pid}:" in after[0]
            assert after[1] == before[1] + 1
            assert [row[:3] for row in rows_of(store)] == [("a", 1, 3), ("b", 1, 1)]


def test_a_server_that_is_stopped_hands_its_work_over_at_once(tally_dir):
    with open_test_store(tally_dir) as store, running_server(tally_dir) as first:
        until_following(store, count(store, "a1"))
        with running_server(tally_dir) as second:
            assert first.stop() == 0
            until_following(store, count(store, "a2"))
            assert f":{second.process.pid}:" in owner(store)[0]
