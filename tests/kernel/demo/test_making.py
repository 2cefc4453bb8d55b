"""A demo is made of the same rows each time, goes on where it was stopped, and touches nothing but its own."""

from __future__ import annotations

import subprocess
import sys
import threading

import msgspec
import pytest

from synthetic import BadUserInputError
from synthetic.data_directory import DataDirectory
from synthetic.demo.making import load_living
from synthetic.demo.mark import Mark, find_mark, write_mark
from synthetic.demo_errors import DemoUnfinishedError, NotADemoError
from synthetic.errors import DatabaseBusyError, SyntheticError
from synthetic.registry import load_registry
from synthetic.server import serve
from synthetic.testing import expect_data, open_test_store
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.store import list_due

from .kit import NOW, check_soundness, make, rows_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A demo of seed 1 and scale 1; not to be changed."""
    path = tmp_path_factory.mktemp("demo") / "store"
    return path, make(path)


@pytest.fixture(scope="module")
def rows(made):
    with open_test_store(made[0]) as store:
        return rows_of(store)


def test_the_same_seed_scale_and_instant_make_the_same_rows(rows, tmp_path):
    make(tmp_path / "again")
    with open_test_store(tmp_path / "again") as store:
        assert rows_of(store) == rows


def test_another_seed_makes_another_fleet(rows, tmp_path):
    make(tmp_path / "other", seed=2)
    with open_test_store(tmp_path / "other") as store:
        others = rows_of(store)
    for table in ("constructs", "sessions", "transcripts", "sync_jobs"):
        assert {row[0] for row in rows[table]}.isdisjoint(row[0] for row in others[table]) or table == "transcripts"
    assert {row[1] for row in rows["transcripts"]}.isdisjoint(row[1] for row in others["transcripts"])


def test_one_that_was_stopped_is_gone_on_with_and_comes_out_the_same(rows, tmp_path):
    path = tmp_path / "stopped"
    for until in (500, 2_500):
        assert not make(path, until=until).mark.is_filled
    with open_test_store(path) as store:
        assert 0 < len(rows_of(store)["constructs"]) < len(rows["constructs"])
    assert make(path).mark.is_filled
    with open_test_store(path) as store:
        assert rows_of(store) == rows


def test_every_plugin_with_a_part_has_rows_and_the_store_is_sound(made):
    path, came_to = made
    with open_test_store(path) as store:
        registry = store.kernel.registry
        assert came_to.mark.parts == tuple(stamped.plugin for stamped in registry.demo)
        for plugin in came_to.mark.parts:
            assert came_to.written[plugin] > 0, plugin
            tables = [stamped.record.name for stamped in registry.tables if stamped.plugin == plugin]
            assert any(rows_of(store)[table] for table in tables), plugin
        check_soundness(store)


def test_even_a_small_one_has_about_the_size_and_all_the_statuses_that_are_promised(made, rows):
    written = made[1].written
    assert 15 <= written["constructs"] <= 20
    assert 70 <= written["sessions"] <= 140
    assert 3_500 <= written["transcripts"] <= 7_000
    with open_test_store(made[0]) as store:

        def values(sql: str) -> set[str]:
            return {value for (value,) in store.read(lambda snapshot: snapshot.rows(sql))}

        statuses = {"PLANNED", "ACTIVE", "BLOCKED", "COMPLETED", "FAILED", "CANCELLED"}
        assert values("SELECT status FROM constructs") == statuses
        assert values("SELECT kind FROM construct_relationships") == {
            "PARENT",
            "PLAN_TO_IMPLEMENTATION",
            "DEPENDS_ON",
            "RELATED",
        }
        assert values("SELECT status FROM sessions") >= {"ACTIVE", "ENDED", "FAILED"}
        assert values("SELECT status FROM sync_jobs") == {
            "PENDING",
            "RUNNING",
            "WAITING",
            "COMPLETED",
            "FAILED",
            "CANCELLED",
        }
        assert values("SELECT outcome FROM job_attempts WHERE outcome IS NOT NULL") >= {"COMPLETED", "FAILED"}
    kinds = [sum(column) for column in zip(*(row[6:12] for row in rows["transcripts"]), strict=True)]
    assert all(kinds), "a kind of message does not occur"


def test_its_delivery_target_is_disabled_and_nothing_is_due_that_a_server_would_post(made):
    with open_test_store(made[0]) as store:
        told = store.read(
            lambda snapshot: snapshot.rows(
                "SELECT t.enabled, t.disabled_reason, d.status, count(*) FROM delivery_targets t"
                " JOIN deliveries d ON d.target_id = t.id GROUP BY d.status ORDER BY d.status"
            )
        )
        due = store.read(lambda snapshot: list_due(snapshot, {}, snapshot.settings(DeliverySettings)))
    assert [row[:3] for row in told] == [
        (0, "The demo posts nothing: this target is made up.", status) for status in ("DELIVERED", "PENDING")
    ]
    assert due == []


def test_nothing_in_it_lies_after_its_end_and_its_log_is_in_the_order_of_time(rows):
    written_at = [row[-1] for row in rows["domain_events"]]
    assert written_at == sorted(written_at)
    assert written_at[-1] <= NOW
    assert all(row[-2] <= row[-1] for row in rows["domain_events"])


def test_one_that_is_there_is_not_made_twice(made, rows):
    path, first = made
    again = make(path, seed=None, scale=None, now=None)
    assert (again.mark, again.written) == (first.mark, {})
    with open_test_store(path) as store:
        assert rows_of(store) == rows


@pytest.mark.parametrize(("option", "value"), [("seed", 2), ("scale", 3), ("now", NOW - 1)])
def test_another_one_than_the_one_that_is_there_is_refused(made, option, value):
    with pytest.raises(BadUserInputError, match=f"--{option}"):
        make(made[0], **{option: value})


def test_a_store_that_the_demo_did_not_make_is_refused_and_left_as_it_is(data_dir):
    before = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in data_dir.iterdir())
    with pytest.raises(NotADemoError):
        make(data_dir)
    assert sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in data_dir.iterdir()) == before


def test_one_that_was_begun_with_other_plugins_is_not_gone_on_with(tmp_path):
    path = tmp_path / "begun"
    make(path, until=100)
    mark = find_mark(DataDirectory(path))
    assert mark is not None
    write_mark(DataDirectory(path), msgspec.structs.replace(mark, parts=mark.parts[1:]))
    with pytest.raises(NotADemoError, match="other plugins"):
        make(path)


def test_a_half_made_one_that_somebody_has_changed_is_refused_with_what_to_do(tmp_path):
    make(tmp_path, until=500)
    with open_test_store(tmp_path) as store:
        expect_data(
            store.graphql(
                'mutation { saveConstruct(input: {id: "mine", type: "plan", title: "Mine"}) { construct { id } } }'
            )
        )
    with pytest.raises(NotADemoError, match="was changed") as caught:
        make(tmp_path)
    assert "Delete the directory" in caught.value.suggested_action


def test_a_moment_that_is_refused_when_it_goes_on_says_that_the_demo_was_changed(tmp_path):
    # What is no event: the workers of the history have lost the leases of all their jobs.
    lose = "UPDATE sync_jobs SET lease_token = lease_token + 7 WHERE status = 'RUNNING'"
    for until in range(500, 5_000, 500):
        make(tmp_path, until=until)
        with open_test_store(tmp_path) as store:
            if store.write(lambda tx: tx.execute(lose)):
                break
    with pytest.raises(NotADemoError, match="was changed") as caught:
        make(tmp_path)
    assert isinstance(caught.value.__cause__, SyntheticError)


def test_a_half_made_one_is_not_served(tmp_path):
    make(tmp_path, until=100)
    with pytest.raises(DemoUnfinishedError) as caught:
        serve(tmp_path)
    assert "`synthetic demo`" in caught.value.suggested_action


def test_while_it_is_served_retention_is_off_unless_it_is_asked_for(made):
    path, came_to = made
    for overrides, enabled in (({}, False), ({"kernel.retention.enabled": "true"}, True)):
        registry = load_living(DataDirectory(path), came_to.mark, overrides)
        assert registry.kernel_settings.retention.enabled is enabled


def test_a_mark_that_cannot_be_read_is_no_mark(tmp_path):
    DataDirectory(tmp_path).demo_mark.write_text('{"seed": 1}')
    with pytest.raises(NotADemoError, match="cannot be read"):
        make(tmp_path)


def test_one_that_somebody_has_open_is_not_written(tmp_path):
    make(tmp_path / "open", until=100)
    with open_test_store(tmp_path / "open"), pytest.raises(DatabaseBusyError):
        make(tmp_path / "open")


def test_nothing_of_it_is_imported_before_a_demo_runs():
    code = (
        "import sys, synthetic.cli.application, synthetic.server; from synthetic.registry import load_registry;"
        "load_registry(None); print(*(name for name in sys.modules if 'demo' in name))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(shown) == {"synthetic.demo_contributions", "synthetic.demo_errors", "synthetic.cli.demo"}


def test_the_shipped_plugins_have_parts():
    parts = [stamped.plugin for stamped in load_registry(None, environ={}).demo]
    assert parts == [
        "constructs",
        "sessions",
        "transcripts",
        "jobs",
        "approvals",
        "dead_letters",
        "deliveries",
        "artifacts",
        "projections",
        "search",
    ]


def test_two_that_begin_at_once_make_one_fleet(tmp_path):
    """The one that comes second waits, and then finds what it wants or another one; it writes nothing of its own."""
    path = tmp_path / "both"
    came_to: dict[int, object] = {}

    def begin(seed: int) -> None:
        try:
            came_to[seed] = make(path, seed=seed).mark
        except BadUserInputError as error:
            came_to[seed] = error

    threads = [threading.Thread(target=begin, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (mark for mark in came_to.values() if isinstance(mark, Mark))
    assert sum(isinstance(error, BadUserInputError) for error in came_to.values()) == 1
    assert find_mark(DataDirectory(path)) == winner
