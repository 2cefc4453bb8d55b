"""`synthetic retention`: shows by default, deletes when told to, and confirms the clock."""

from __future__ import annotations

import signal

import pytest

from kernel.retention.kit import add_errands, counts_of, install, keys_of
from synthetic.retention import clock_check
from synthetic.testing import open_test_store, wait_until
from synthetic.testing_commands import start_command

LONG_AGO = 1


@pytest.fixture
def errands(site, line):
    """A command line on a store with errands, two of which are due."""
    install(site, line.data_dir)
    file = line.data_dir / "plugins.toml"
    file.write_text(f"[kernel.database]\nfree_disk_bytes = 0\n{file.read_text()}")
    with open_test_store(line.data_dir) as store:
        add_errands(store, "a", "b", done_at=LONG_AGO)
        add_errands(store, "c", done_at=LONG_AGO, state="OPEN")
    return line


def left(errands) -> list[str]:
    with open_test_store(errands.data_dir) as store:
        return keys_of(store, "errands")


def test_it_shows_what_would_go_and_deletes_nothing(errands):
    output = errands.run("retention")
    row, *_ = [text for text in output.splitlines() if "errands.done" in text]
    assert row.split()[:4] == ["errands.done", "plugins.errands.keep_done_ms", "7", "d"]
    assert "2 parcels, 2 stops" in " ".join(row.split())
    assert left(errands) == ["a", "b", "c"]


def test_it_shows_of_each_table_how_much_goes_and_how_old_it_is(errands):
    with open_test_store(errands.data_dir) as store:
        add_errands(store, "later", done_at=LONG_AGO + 60_000)
    rows = [text.split() for text in errands.run("retention", "--dry-run").splitlines()]
    size = str(len("aDONE10") * 2 + len("laterDONE600010"))
    assert ["rule", "table", "rows", "size", "oldest", "newest"] in rows
    (own,) = [row for row in rows if row[:2] == ["errands.done", "errands"]]
    assert own[2:4] == ["3", size]
    assert own[-2:] == ["1970-01-01T00:00:00.001Z", "1970-01-01T00:01:00.001Z"]
    (belonging,) = [row for row in rows if row[:2] == ["errands.done", "parcels"]]
    assert belonging[2] == "3"
    assert not any("Z" in word for word in belonging), "parcels have no column that tells"


def test_what_it_shows_can_be_read_by_a_machine(errands):
    found = errands.run_json("retention", "--rule", "errands.done")
    assert (found["deleted"], found["suspended"]) == (False, None)
    (rule,) = found["rules"]
    assert (rule["rule"], rule["table"], rule["rows"], rule["refusedRows"]) == ("errands.done", "errands", 2, 0)
    assert rule["tables"][-1] == {
        "table": "errands",
        "action": "delete",
        "rows": 2,
        "sampleKeys": ["a", "b"],
        "bytes": len("aDONE10") * 2,
        "oldestAt": "1970-01-01T00:00:00.001Z",
        "newestAt": "1970-01-01T00:00:00.001Z",
    }


def test_a_dry_run_deletes_nothing_and_is_not_asked_for_together_with_a_run(errands):
    assert "2 parcels, 2 stops" in " ".join(errands.run("retention", "--dry-run").split())
    assert left(errands) == ["a", "b", "c"]
    errands.run("retention", "--dry-run", "--run", code=64)
    assert left(errands) == ["a", "b", "c"]


def test_told_to_run_it_deletes(errands):
    output = errands.run("retention", "--run", "--rule", "errands.done")
    assert [line.split()[-2:] for line in output.splitlines() if "errands.done" in line] == [
        ["parcels", "2"],
        ["stops", "2"],
        ["errands", "2"],
    ]
    assert left(errands) == ["c"]
    assert "Nothing was to be deleted" in errands.run("retention", "--run")


def test_what_it_deleted_can_be_read_by_a_machine(errands):
    found = errands.run_json("retention", "--run", "--rule", "errands.visits", "--rule", "errands.done")
    assert (found["deleted"], found["complete"]) == (True, True)
    assert [(rule["rule"], rule["rows"]) for rule in found["rules"]] == [("errands.visits", 0), ("errands.done", 2)]


def test_a_rule_that_is_not_there_is_refused(errands):
    assert errands.fail("retention", "--rule", "errands.gone", code=65)["code"] == "NOT_FOUND"


@pytest.fixture
def suspended(errands, monkeypatch):
    """The same after the clock has jumped."""
    errands.run("retention", "--run", "--rule", "errands.visits")
    with monkeypatch.context() as patch, open_test_store(errands.data_dir) as store:
        # Any clock is more than a day off, as seen from nowhere near it.
        patch.setattr(clock_check, "JUMP_MS", -1)
        assert store.write(clock_check.check_clock) is not None
    return errands


def test_a_suspension_is_shown_here_and_in_the_status(suspended):
    assert "Retention is suspended. The clock showed " in suspended.run("retention")
    assert suspended.run_json("retention")["suspended"].keys() == {"since", "expectedAt", "shownAt"}
    assert "Retention is suspended. The clock showed " in suspended.run("status")
    assert suspended.run_json("status")["retentionSuspended"] is not None


def test_while_suspended_nothing_is_deleted_until_the_clock_is_confirmed(suspended):
    error = suspended.fail("retention", "--run", code=65)
    assert error["code"] == "RETENTION_SUSPENDED"
    assert "--confirm-clock" in error["action"]
    assert left(suspended) == ["a", "b", "c"]
    output = suspended.run("retention", "--confirm-clock")
    assert "Retention is suspended" not in output
    assert "Confirmed: The clock showed " in output
    assert "not in doubt" in suspended.run("retention", "--confirm-clock")
    confirmed = suspended.run_json("retention", "--confirm-clock", "--rule", "errands.done")["confirmed"]
    assert (confirmed.keys(), confirmed["ended"]) == ({"now", "ended"}, None)
    assert suspended.run_json("status")["retentionSuspended"] is None
    assert suspended.run_json("retention", "--run")["complete"]
    assert left(suspended) == ["c"]


def test_stopped_by_a_signal_it_ends_after_a_batch_and_says_so(errands):
    total = 20_000
    with open_test_store(errands.data_dir) as store:
        add_errands(store, *(f"{number:05d}" for number in range(total)), done_at=LONG_AGO, stops=0, parcels=0)
        words = ["retention", "--run", "--rule", "errands.done", "--data", str(errands.data_dir)]
        process = start_command(words)
        wait_until(lambda: counts_of(store, "errands")["errands"] < total + 3, "the first batch")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        deleted = total + 3 - counts_of(store, "errands")["errands"]
        assert (process.returncode, errors) == (130, "")
        assert 0 < deleted < total
        assert f" {deleted:,}" in output
        assert "running it again goes on" in output
        # What was deleted is told, though the run was stopped.
        payload = store.read(
            lambda snapshot: snapshot.value("SELECT payload FROM domain_events WHERE type = 'retention.ran'")
        )
        assert f'"errands":{deleted}' in payload
