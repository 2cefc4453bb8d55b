"""The end of the log: what is past retention lies in files, and can be read from there."""

from __future__ import annotations

import contextlib
import os
import time

import pytest

from synthetic import Store, Transaction
from synthetic.errors import StorageReadOnlyError
from synthetic.log.archive import Archive, archive_step
from synthetic.log.errors import ArchiveDamagedError, ResyncRequiredError
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.events import read_events
from synthetic.log.positions import Position, check_position, read_ends
from synthetic.log.segments import list_segments
from synthetic.services.lease import LeaseLostError
from synthetic.store import BlockingDatabase
from synthetic.testing import ManualClock, open_test_store

DAY_MS = 86_400_000
KEEP_MS = 3 * DAY_MS
SETTINGS = {"kernel.events.keep_ms": str(KEEP_MS), "kernel.events.segment_events": "10"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(data_dir, clock):
    with open_test_store(data_dir, settings=SETTINGS, clock=clock) as opened:
        yield opened


def append(store, count: int) -> None:
    def emit(tx: Transaction) -> None:
        for number in range(count):
            tx.emit(EPOCH_BEGAN, f"e{number}", payload={"text": "grüße"})

    store.write(emit)


def archive(store) -> int:
    """Do all that there is to do; how many events were moved."""
    before = sum(segment.events for segment in store.read(list_segments))
    while archive_step(store.kernel.directory.archive, store):
        pass
    return sum(segment.events for segment in store.read(list_segments)) - before


def kept(store) -> list[int]:
    return [
        position for (position,) in store.read(lambda snapshot: snapshot.rows("SELECT position FROM domain_events"))
    ]


def test_what_is_a_minute_short_of_retention_stays(store, clock):
    append(store, 20)
    clock.advance(KEEP_MS - 60_000)
    assert archive(store) == 0
    clock.advance(120_000)
    assert archive(store) == 20
    assert kept(store) == []


def test_a_range_moves_whole_and_what_is_younger_stays(store, clock):
    append(store, 25)
    before = store.read(read_events, 0, 100).events
    clock.advance(KEEP_MS)
    append(store, 5)
    clock.advance(1)
    assert archive(store) == 20, "the last five do not fill a file, and are not a day late"
    assert kept(store) == list(range(21, 31))
    clock.advance(DAY_MS)
    assert archive(store) == 5
    assert [(each.first_position, each.last_position) for each in store.read(list_segments)] == [
        (1, 10),
        (11, 20),
        (21, 25),
    ]
    assert store.read(read_ends)[1:] == (25, 30)
    history = Archive(store.kernel.directory.archive)
    events, after = [], 0
    while after < 25:
        page = store.read(history.page, after, 7)
        events += page.events
        after = page.through
    assert events[:25] == before
    assert [event.position for event in store.read(history.page, 25, 100).events] == [26, 27, 28, 29, 30]


def test_positions_before_the_horizon_ask_for_a_new_beginning(store, clock):
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    archive(store)
    ends = store.read(read_ends)
    assert check_position(Position(ends.epoch, 10), ends) == 10
    with pytest.raises(ResyncRequiredError):
        check_position(Position(ends.epoch, 9), ends)


class CrashError(Exception):
    """The process would be gone."""


class CrashingStore(BlockingDatabase):
    """A store whose owner dies before a write."""

    def __init__(self, store: Store, before: str) -> None:
        super().__init__(store.kernel.database)
        self._before = before

    def write(self, function, *args):
        if function.__name__ == self._before:
            raise CrashError
        return super().write(function, *args)


@pytest.mark.parametrize("before", ["_record", "_delete_archived"])
def test_a_crash_between_file_and_record_or_record_and_deletion_loses_nothing(store, clock, before):
    append(store, 10)
    events = store.read(read_events, 0, 100).events
    clock.advance(KEEP_MS + 1)
    directory = store.kernel.directory.archive
    if before == "_delete_archived":
        archive_step(directory, store)
    with pytest.raises(CrashError):
        archive_step(directory, CrashingStore(store, before))
    assert len(kept(store)) == 10
    archive(store)
    assert kept(store) == []
    (segment,) = store.read(list_segments)
    assert store.read(Archive(directory).page, 0, 100).events == events
    assert [path.name for path in directory.iterdir()] == [segment.file]


class OvertakenStore(BlockingDatabase):
    """A store whose owner is held up before a read, until another process has done its work."""

    def __init__(self, store: Store, before: str) -> None:
        super().__init__(store.kernel.database)
        self._store = store
        self._before = before

    def read(self, function, *args):
        if function.__name__ == self._before:
            self._before = ""
            archive(self._store)
        return super().read(function, *args)

    def write(self, function, *args):
        if function.__name__ == "_record" and not self._before:
            raise LeaseLostError
        return super().write(function, *args)


@pytest.mark.parametrize("before", ["_find_range", "_read_range"])
def test_who_is_held_up_while_another_archives_leaves_its_files_alone(store, clock, before):
    append(store, 10)
    events = store.read(read_events, 0, 100).events
    clock.advance(KEEP_MS + 1)
    directory = store.kernel.directory.archive
    with contextlib.suppress(LeaseLostError):
        archive_step(directory, OvertakenStore(store, before))
    (segment,) = store.read(list_segments)
    assert store.read(Archive(directory).page, 0, 100).events == events
    assert [path.name for path in directory.iterdir()] == [segment.file]


def test_positions_that_were_never_given_out_are_not_missed(store, clock):
    append(store, 10)
    store.write(lambda tx: tx.execute("UPDATE sqlite_sequence SET seq = seq + 5 WHERE name = 'domain_events'"))
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    archive(store)
    assert store.read(read_ends).horizon == 25
    own = Archive(store.kernel.directory.archive)
    store.read(own.require)
    assert [event.position for event in store.read(own.page, 10, 3).events] == [16, 17, 18]


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_named_and_not_believed(store, clock, damage):
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    archive(store)
    (path,) = store.kernel.directory.archive.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content if damage == "changed" else content[:-1])
    with pytest.raises(ArchiveDamagedError, match=path.name):
        store.read(Archive(store.kernel.directory.archive).page, 0, 100)
    if damage != "changed":
        with pytest.raises(ArchiveDamagedError, match=path.name):
            store.read(Archive(store.kernel.directory.archive).require)


def test_a_range_that_is_not_on_record_is_missed(store, clock):
    append(store, 20)
    clock.advance(KEEP_MS + 1)
    archive(store)
    own = Archive(store.kernel.directory.archive)
    store.read(own.require)
    store.write(lambda tx: tx.execute("DELETE FROM log_segments WHERE first_position = 11"))
    with pytest.raises(ArchiveDamagedError, match="from 11 to 20"):
        store.read(own.require)
    store.read(own.require, 20)


def test_a_file_that_cannot_be_written_leaves_the_log_as_it_was(store, clock):
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    store.kernel.directory.archive.write_bytes(b"in the way")
    with pytest.raises(StorageReadOnlyError):
        archive_step(store.kernel.directory.archive, store)
    assert len(kept(store)) == 10
    assert store.read(read_ends).horizon == 0


def test_what_a_crash_has_left_half_written_goes_in_time(store, clock):
    directory = store.kernel.directory.archive
    directory.mkdir()
    old, new = directory / "events-1.jsonl.zst.a.partial", directory / "events-1.jsonl.zst.b.partial"
    for path, age_ms in ((old, DAY_MS + 60_000), (new, DAY_MS - 60_000)):
        path.touch()
        at = time.time() - age_ms / 1000
        os.utime(path, (at, at))
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    archive(store)
    assert (old.exists(), new.exists()) == (False, True)


def test_the_files_are_their_owners_alone_and_small(store, clock):
    append(store, 10)
    clock.advance(KEEP_MS + 1)
    archive(store)
    (path,) = store.kernel.directory.archive.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    (segment,) = store.read(list_segments)
    assert segment.size_bytes == path.stat().st_size
