"""Each of the kernel's own checks finds a fault that was made by hand, and nothing in a store without one."""

from __future__ import annotations

import json

import pytest

from kernel.checks.kit import found_by, outcome_of, spoil
from synthetic.checks.declared import LoadedChecks
from synthetic.checks.outcomes import CheckStatus
from synthetic.log.archive import archive_step
from synthetic.log.positions import begin_epoch
from synthetic.testing import ManualClock, expect_data, open_test_store
from synthetic.testing_commands import run_command

DAY_MS = 86_400_000


def save_session(store, id: str = "s1") -> None:
    expect_data(store.graphql(f'mutation {{ saveSession(input: {{id: "{id}", agent: "planner"}}) {{ created }} }}'))


@pytest.fixture
def lively(store):
    """A store with three events, of two epochs."""
    save_session(store, "s1")
    store.write(begin_epoch)
    save_session(store, "s2")
    return store


@pytest.fixture
def archived(data_dir):
    """A store whose log was moved to the archive, in segments of two events."""
    clock = ManualClock()
    settings = {"kernel.events.segment_events": "2"}
    with open_test_store(data_dir, clock=clock, settings=settings) as store:
        for number in range(4):
            save_session(store, f"s{number}")
        clock.advance(365 * DAY_MS)
        while archive_step(store.kernel.directory.archive, store):
            pass
        assert len(list(store.kernel.directory.archive.iterdir())) == 2
        yield store


def test_a_sound_store_passes_every_check(lively):
    for stamped in LoadedChecks.of(lively.kernel.registry.checks).checks:
        outcome = outcome_of(lively, f"{stamped.plugin}.{stamped.record.name}")
        assert (outcome.status, outcome.findings, outcome.reason) == (CheckStatus.PASSED, (), None), outcome


def test_an_archived_log_passes_every_check(archived):
    for name in ("log_ends", "log_epochs", "archive", "archive_contents"):
        assert found_by(archived, f"kernel.{name}") == []


def test_settings_that_a_start_would_refuse_are_found_while_the_store_is_open(lively):
    (lively.kernel.data_dir / "plugins.toml").write_text("[kernel.database]\nbusy_timeout_ms = -1\n")
    (finding,) = outcome_of(lively, "kernel.settings").findings
    assert finding.error_class.code == "SETTINGS_INVALID"
    assert "busy_timeout_ms" in finding.message
    (lively.kernel.data_dir / "plugins.toml").write_text("not TOML")
    assert len(found_by(lively, "kernel.settings")) == 1


def test_a_disk_with_less_room_than_a_start_asks_for_is_found(data_dir):
    words = ["check", "--data", str(data_dir), "--only", "kernel.disk", "--json"]
    done = run_command([*words, "--set", f"kernel.database.free_disk_bytes={2**52}"])
    (outcome,) = [each for each in json.loads(done.stdout)["checks"] if each["name"] == "kernel.disk"]
    assert (done.returncode, outcome["findings"][0]["code"]) == (65, "STORAGE_FULL")


def test_a_key_that_points_nowhere_is_found_with_its_row(lively):
    spoil(lively, "UPDATE sessions SET construct_id = 'gone' WHERE id = 's2'")
    (finding,) = outcome_of(lively, "kernel.keys").findings
    assert finding.message == ("The row 2 of sessions points by construct_id at a row of constructs that is not there.")
    assert finding.details == {"table": "sessions", "rowid": 2, "columns": ["construct_id"], "target": "constructs"}


def test_a_table_that_is_gone_is_found_also_of_a_plugin_that_is_not_loaded(lively):
    spoil(lively, "INSERT INTO registered_tables (name, plugin, record) VALUES ('old_things', 'elsewhere', '{}')")
    (finding,) = outcome_of(lively, "kernel.tables").findings
    assert (finding.entity_id, finding.error_class.code) == ("old_things", "STORE_DAMAGED")
    assert "elsewhere" in finding.message


COPY_OF_A_ROW = (
    "INSERT INTO schema_migrations SELECT {}, name, checksum, applied_at, applied_by"
    " FROM schema_migrations WHERE plugin = 'jobs' AND number = 1"
)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE schema_migrations SET checksum = hex(randomblob(32)) WHERE plugin = 'jobs'", "MIGRATION_EDITED"),
        ("UPDATE schema_migrations SET number = 99 WHERE plugin = 'kernel' AND number = 5", "MIGRATION_EDITED"),
        (COPY_OF_A_ROW.format("plugin, 90"), "STORE_NEWER"),
        (COPY_OF_A_ROW.format("'elsewhere', 2"), "CHECK_FAILED"),
    ],
)
def test_another_history_of_migrations_is_found(lively, sql, code):
    spoil(lively, sql)
    (finding,) = outcome_of(lively, "kernel.migrations").findings
    assert finding.error_class.code == code


def test_a_store_that_lacks_a_migration_is_not_at_fault(lively):
    spoil(lively, "DELETE FROM schema_migrations WHERE plugin = 'ingest'")
    outcome = outcome_of(lively, "kernel.migrations")
    assert (outcome.status, outcome.reason.error_class.code) == (CheckStatus.INCOMPLETE, "MIGRATION_PENDING")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'domain_events'", "positions would be used twice"),
        ("UPDATE meta SET value = '0123456789' WHERE key = 'epoch'", "of another epoch than the store"),
        ("DELETE FROM meta WHERE key = 'epoch'", "does not say which epoch"),
        ("INSERT INTO meta (key, value) VALUES ('log_pruned_to', '2')", "The archive ends at 0"),
    ],
)
def test_wrong_ends_of_the_log_are_found(lively, sql, words):
    spoil(lively, sql)
    assert any(words in message for _, message in found_by(lively, "kernel.log_ends"))


def test_an_event_of_an_epoch_that_was_over_is_found(lively):
    spoil(
        lively,
        "UPDATE domain_events SET epoch = (SELECT epoch FROM domain_events WHERE position = 1) WHERE position = 3",
    )
    ((entity, message),) = found_by(lively, "kernel.log_epochs")
    assert entity == "3"
    assert "stand behind the first one" in message


def test_an_epoch_that_begins_without_its_event_is_found(lively):
    spoil(lively, "UPDATE domain_events SET type = 'session.saved' WHERE position = 2")
    ((entity, message),) = found_by(lively, "kernel.log_epochs")
    assert entity == "2"
    assert "without the event that says so" in message


CONSUMER = (
    "INSERT INTO consumers (name, kind, types, tables, fingerprint, position, phase, set_aside, updated_at)"
    " VALUES ('elsewhere.totals', 'FOLD', '[]', '[]', '', {position}, 'FOLLOWING', {set_aside}, 1)"
)


def test_a_consumer_that_is_ahead_of_the_log_is_found_though_its_plugin_is_absent(lively):
    spoil(lively, CONSUMER.format(position=99, set_aside=0))
    assert found_by(lively, "kernel.consumers") == [
        ("elsewhere.totals", "The consumer elsewhere.totals stands at 99, beyond the end of the log, 3.")
    ]


def test_a_consumer_that_counts_what_is_not_on_record_is_found(lively):
    spoil(lively, CONSUMER.format(position=1, set_aside=2))
    ((entity, message),) = found_by(lively, "kernel.set_aside_events")
    assert entity == "elsewhere.totals"
    assert "counts 2 events" in message


def test_a_segment_that_is_gone_or_cut_short_is_found(archived):
    first, second = sorted(archived.kernel.directory.archive.iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    assert [entity for entity, _ in found_by(archived, "kernel.archive")] == [first.name, second.name]
    assert [entity for entity, _ in found_by(archived, "kernel.archive_contents")] == [first.name, second.name]


def test_one_byte_that_was_changed_in_a_segment_is_found_by_reading_it(archived):
    file = max(archived.kernel.directory.archive.iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert found_by(archived, "kernel.archive") == []
    (finding,) = outcome_of(archived, "kernel.archive_contents").findings
    assert (finding.entity_id, finding.error_class.code) == (file.name, "ARCHIVE_DAMAGED")


def test_a_gap_between_segments_is_found(archived):
    spoil(archived, "DELETE FROM log_segments WHERE first_position = 1")
    ((_, message),) = found_by(archived, "kernel.archive")
    assert message == "The events from 1 to 2 are in no segment."
