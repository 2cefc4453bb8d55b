"""When backups are taken by themselves, and which ones are kept."""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import replace

import pytest

from synthetic.backups.errors import BackupBusyError, BackupUnprovenError
from synthetic.backups.notes import BACKUP, find_request, save_request
from synthetic.backups.records import Backup
from synthetic.backups.rotation import UNPROVEN_KEPT, choose_old, rotate
from synthetic.backups.schedule import pause_ms
from synthetic.backups.service import RETRY_MS, backup_service, find_due
from synthetic.errors import SettingsInvalidError, StorageFailedError, StorageReadOnlyError
from synthetic.kernel_settings import BackupSettings
from synthetic.log.sync.model import SyncOutcome
from synthetic.log.sync.reporting import report_sync
from synthetic.log.sync.store import find_state
from synthetic.testing import ManualClock, expect_data, open_test_store, running_server, wait_until

from .kit import SAVE, damage_of, take

NIGHTLY = "0 3 * * *"
SCHEDULED = {"kernel.backups.schedule": NIGHTLY}
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIDNIGHT = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def backup_of(number: int, *, age_ms: int, is_proven: bool = True, is_whole: bool = True) -> Backup:
    return Backup(
        id=f"20260101T000000-{number:03d}-manual", reason="manual", position="", taken_at=MIDNIGHT - age_ms,
        proven_at=0 if is_proven else None, is_whole=is_whole, database_bytes=0, files=0, file_bytes=0, added_bytes=0,
        contents=(), version="1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "keep_count", "keep_ms", "gone"),
    [
        ([0, 1, 2, 3], 3, 0, [3]),
        ([0, 1, 2, 3], 14, 2, [3]),  # exactly as old as they may be, they stay
        ([5, 6], 14, 2, [1]),  # the newest that was proven stays, however old
        ([], 1, 1, []),
    ],
)
def test_what_is_too_old_or_too_many_goes(ages, keep_count, keep_ms, gone):
    backups = [backup_of(number, age_ms=age) for number, age in enumerate(ages)]
    settings = BackupSettings(keep_count=keep_count, keep_ms=keep_ms)
    assert [backups.index(each) for each in choose_old(backups, settings, MIDNIGHT)] == gone


def test_the_newest_proven_one_of_the_whole_store_stays_behind_any_number_of_others():
    backups = [
        backup_of(0, age_ms=0, is_proven=False),
        backup_of(1, age_ms=1, is_whole=False),
        backup_of(2, age_ms=2),
        backup_of(3, age_ms=3),
    ]
    assert choose_old(backups, BackupSettings(keep_count=1), MIDNIGHT) == [backups[3]]


def test_those_that_are_worth_less_push_none_out_and_the_newest_stays():
    never, alone, whole = {"is_proven": False}, {"is_whole": False}, {}
    kinds = [whole, *[never] * 5, *[alone] * 3, *[whole] * 3]
    backups = [backup_of(number, age_ms=number, **kind) for number, kind in enumerate(kinds)]
    gone = choose_old(backups, BackupSettings(keep_count=2), MIDNIGHT)
    assert [backups.index(each) for each in gone] == [4, 5, 8, 10, 11]
    assert choose_old(backups[3:], BackupSettings(keep_count=9, keep_ms=1), MIDNIGHT) == [
        each for each in backups[4:] if each is not backups[9]
    ]


def test_after_the_clock_was_set_back_the_one_taken_last_is_the_newest(data_dir):
    clock = ManualClock(MIDNIGHT)
    with open_test_store(data_dir, settings={"kernel.backups.keep_count": "1"}, clock=clock) as store:
        take(store)
    clock = ManualClock(MIDNIGHT - 300 * DAY_MS)
    with open_test_store(data_dir, settings={"kernel.backups.keep_count": "1"}, clock=clock) as store:
        last = take(store)
        assert store.kernel.backups.folder.list_backups()[0] == [last]


def test_of_those_that_fail_their_checks_few_are_kept(data_dir):
    clock = ManualClock(MIDNIGHT)
    with open_test_store(data_dir, clock=clock) as store:
        proven = take(store)
        store.write(lambda tx: tx.execute("INSERT INTO meta VALUES ('log_pruned_to', '999')"))
        for _attempt in range(UNPROVEN_KEPT + 1):
            clock.advance(1_000)
            with pytest.raises(BackupUnprovenError):
                take(store)
        found = store.kernel.backups.folder.list_backups()[0]
        assert len(found) == UNPROVEN_KEPT + 1
        assert found[-1] == proven


def test_a_folder_that_cannot_be_made_is_reported_and_ends_what_was_asked_for(data_dir, tmp_path):
    (tmp_path / "file").touch()
    settings = {"kernel.backups.directory": str(tmp_path / "file" / "x"), **SCHEDULED}
    with open_test_store(data_dir, settings=settings) as store:
        service = backup_service(store.kernel.backups)
        store.write(save_request, "asked")
        with pytest.raises(StorageReadOnlyError):
            service.work(store)
        assert "STORAGE_READ_ONLY" in (store.read(find_state, BACKUP).error or "")
        assert store.read(find_request) is None
        assert service.work(store) == 0  # it is not due for ten minutes


def test_a_second_one_at_the_same_time_reports_nothing_and_leaves_what_was_asked_for(filled):
    filled.write(save_request, "asked")
    service = backup_service(filled.kernel.backups)
    with filled.kernel.backups.folder.locked():
        assert service.work(filled) == 0
        assert filled.read(find_state, BACKUP) is None
        assert filled.read(find_request).reason == "asked"
    refused = 0

    def meanwhile(_done_bytes: int) -> None:
        nonlocal refused
        if not refused:
            refused += 1
            with pytest.raises(BackupBusyError):
                take(filled)
            filled.write(save_request, "asked-again")

    take(filled, hook=meanwhile)
    state = filled.read(find_state, BACKUP)
    assert (refused, state.error, state.failures) == (1, None, 0)
    assert filled.read(find_request).reason == "asked-again"


def test_the_pieces_that_only_a_removed_backup_had_go_and_the_others_stay(filled):
    first = take(filled)
    (filled.kernel.data_dir / "archive" / "events-1-2.jsonl.zst").write_bytes(b"y" * 700_000)
    second = take(filled)
    folder = filled.kernel.backups.folder
    pieces = set(folder.path.glob("objects/*/*"))
    rotated = rotate(folder, replace(filled.kernel.settings.backups, keep_count=1), filled.kernel.clock.now_ms())
    assert rotated.backups == (first.id,)
    assert rotated.freed_bytes > 0
    assert set(folder.path.glob("objects/*/*")) < pieces
    assert damage_of(second.id, filled) == ""


def test_while_a_record_cannot_be_read_no_piece_is_removed(filled):
    take(filled)
    folder = filled.kernel.backups.folder
    (folder.path / "objects" / "00").mkdir(exist_ok=True)
    (folder.path / "objects" / "00" / "unused").write_bytes(b"x")
    (folder.path / "20260101T000000-000-manual.json").write_bytes(b"{}")
    with folder.locked():
        assert folder.remove_unused() == 0
        (folder.path / "20260101T000000-000-manual.json").unlink()
        assert folder.remove_unused() == 1


def test_a_folder_that_cannot_be_listed_once_is_not_taken_for_an_empty_one(filled):
    backup = take(filled)
    folder = filled.kernel.backups.folder
    pieces = set(folder.path.glob("objects/*/*"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with folder.locked():
        taken = []
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.open("/dev/null", os.O_RDONLY))
            with pytest.raises(StorageFailedError, match="cannot be listed"):
                folder.remove_unused()
            with pytest.raises(StorageFailedError, match="cannot be listed"):
                folder.next_sequence()
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert set(folder.path.glob("objects/*/*")) == pieces
    assert damage_of(backup.id, filled) == ""


def test_a_backup_is_due_at_first_then_by_the_schedule_when_asked_and_again_after_a_failure(data_dir):
    clock = ManualClock(MIDNIGHT)

    def due(schedule: str = NIGHTLY) -> str | None:
        found = store.read(find_due, schedule)
        return None if found is None else found.reason

    def report(outcome: SyncOutcome, error: StorageFailedError | None = None) -> None:
        store.write(lambda tx: report_sync(tx, BACKUP, outcome, error=error))

    with open_test_store(data_dir, clock=clock) as store:
        assert (due(), due("")) == ("schedule", None)
        report(SyncOutcome.STARTED)
        assert due() is None
        report(SyncOutcome.SUCCEEDED)
        clock.advance(3 * HOUR_MS - 1)
        assert due() is None
        clock.advance(1)
        assert (due(), due("")) == ("schedule", None)
        report(SyncOutcome.FAILED, StorageFailedError())
        clock.advance(RETRY_MS - 1)
        assert due() is None
        clock.advance(1)
        assert (due(), due("")) == ("schedule", None)
        report(SyncOutcome.SUCCEEDED)
        assert due("") is None
        store.write(save_request, "before-the-move")
        store.write(save_request, "another")
        assert due("") == "before-the-move"


def test_a_server_that_was_killed_over_a_backup_takes_it_up_again(data_dir):
    clock = ManualClock(MIDNIGHT)
    with open_test_store(data_dir, clock=clock) as store:
        store.write(lambda tx: report_sync(tx, BACKUP, SyncOutcome.STARTED))
        assert store.read(find_due, NIGHTLY) is None
        clock.advance(RETRY_MS)
        assert store.read(find_due, NIGHTLY) is not None


@pytest.mark.parametrize("schedule", ["hourly", "* * * *", "0 0 30 2 *", "61 * * * *", "0 0 0 * * *"])
def test_what_is_no_schedule_stops_the_start(data_dir, schedule):
    settings = {"kernel.backups.schedule": schedule}
    with open_test_store(data_dir, settings=settings) as store, pytest.raises(SettingsInvalidError, match="schedule"):
        backup_service(store.kernel.backups)


def test_backups_are_stale_an_hour_after_the_next_was_due():
    friday = MIDNIGHT + DAY_MS
    assert pause_ms(NIGHTLY, MIDNIGHT + 3 * HOUR_MS) == DAY_MS + HOUR_MS
    assert pause_ms(NIGHTLY, MIDNIGHT + 5 * HOUR_MS) == 22 * HOUR_MS + HOUR_MS
    assert pause_ms("0 8-18 * * 1-5", friday + 10 * HOUR_MS) == HOUR_MS + HOUR_MS
    assert pause_ms("0 8-18 * * 1-5", friday + 18 * HOUR_MS) == (6 + 48 + 8) * HOUR_MS + HOUR_MS
    assert pause_ms("*/15 * * * 1-5", friday + DAY_MS - HOUR_MS // 4) == 48 * HOUR_MS + HOUR_MS // 4 + HOUR_MS
    assert pause_ms("", MIDNIGHT) == 0


def test_a_schedule_that_is_changed_or_taken_away_holds_for_the_last_backup_too(data_dir):
    def expected(schedule: str, hours: int) -> tuple[int, str]:
        clock = ManualClock(MIDNIGHT + hours * HOUR_MS)
        with open_test_store(data_dir, settings={"kernel.backups.schedule": schedule}, clock=clock) as store:
            backup_service(store.kernel.backups).work(store)
            (module,) = expect_data(
                store.graphql(
                    '{ syncStatus(module: "backup") { status expectedIntervalMs attempts(first: 9) { id } } }'
                )
            )["syncStatus"]
        assert len(module["attempts"]) == 1
        return module["expectedIntervalMs"], module["status"]

    assert expected("0 * * * *", 0) == (HOUR_MS + HOUR_MS, "SYNCED")
    until_sunday = 3 * DAY_MS + 3 * HOUR_MS
    assert expected("0 3 * * 0", 5) == (until_sunday + HOUR_MS, "SYNCED")
    assert expected("", 99) == (0, "SYNCED")


def test_a_clock_that_was_ahead_once_does_not_keep_backups_from_being_taken(data_dir):
    for now, is_due_then in ((MIDNIGHT + 365 * DAY_MS, False), (MIDNIGHT, True)):
        with open_test_store(data_dir, settings=SCHEDULED, clock=ManualClock(now)) as store:
            if is_due_then:
                assert store.read(find_due, NIGHTLY) is not None
            backup_service(store.kernel.backups).work(store)
            assert store.read(find_due, NIGHTLY) is None
            assert store.read(find_state, BACKUP).last_attempt_at == now


def test_a_server_takes_one_by_its_schedule_and_another_when_it_is_asked(data_dir):
    asked = 'mutation { runBackup(input: {reason: "asked"}) { requestedAt reason } }'
    look = """{
        backups { lastProvenId lastProvenAgeMs requestedAt schedule totalCount nodes { reason provenAt isWhole } }
        syncStatus(module: "backup") { status expectedIntervalMs }
    }"""
    by_schedule = ("--set", f"kernel.backups.schedule={NIGHTLY}")
    with running_server(data_dir, *by_schedule), open_test_store(data_dir, settings=SCHEDULED) as store:

        def answer():
            return expect_data(store.graphql(look))

        expect_data(store.graphql(SAVE, {"id": "first"}))
        wait_until(lambda: answer()["backups"]["lastProvenId"], "the first backup")
        assert expect_data(store.graphql(asked))["runBackup"]["reason"] == "asked"
        wait_until(lambda: answer()["backups"]["totalCount"] == 2, "the backup that was asked for")
        found = wait_until(lambda: _settled(answer()), "the end of its report")
    assert [node["reason"] for node in found["backups"]["nodes"]] == ["asked", "schedule"]
    assert all(node["provenAt"] and node["isWhole"] for node in found["backups"]["nodes"])
    assert (found["backups"]["requestedAt"], found["backups"]["schedule"]) == (None, NIGHTLY)
    assert found["backups"]["lastProvenAgeMs"] < 120_000
    assert HOUR_MS < found["syncStatus"][0]["expectedIntervalMs"] <= DAY_MS + HOUR_MS


def _settled(found):
    return found if found["syncStatus"][0]["status"] == "SYNCED" else None


@pytest.mark.parametrize("reason", ["", "With Capitals", "a/b", "-a", "x" * 51, "a\0"])
def test_a_reason_that_fits_in_no_name_is_refused(store, reason):
    answer = store.graphql(
        "mutation($reason: String!) { runBackup(input: {reason: $reason}) { reason } }", {"reason": reason}
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert store.graphql("{ backups(first: -1) { totalCount } }")["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
