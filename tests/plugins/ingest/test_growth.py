"""What is added to a file is read, and nothing else again; whether its session is over is told by the file."""

from __future__ import annotations

import gzip
import os

import pytest
import zstandard

from synthetic.testing import ManualClock, expect_data, open_test_store
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.model import FileState, IngestFile
from synthetic_ingest.plans import IngestOptions, Plan
from synthetic_ingest.sources import Source
from synthetic_sessions.store import get_session
from tests.plugins.ingest.kit import count_store, dump, file_at, ingest, outcomes, rejects_of, texts_of
from tests.plugins.ingest.samples import (
    LONG_AGO,
    SESSION,
    CodingSession,
    append,
    jsonl,
    long_session,
    main_session,
    say,
    write,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "chat.jsonl"


class TestGrowth:
    """What is added to a file is read, and nothing else again."""

    def test_only_what_was_added_is_read(self, store, path):
        ingest(store, write(path, say("one", "two")))
        append(path, say("three"))
        report = ingest(store, path)
        assert outcomes(report) == {"continued": 1}
        assert (report.messages, report.lines, report.size_bytes) == (1, 1, len(say("three")))
        assert texts_of(store, path) == ["one", "two", "three"]

    def test_a_line_is_left_until_it_is_complete(self, store, path):
        content = say("one", "two")
        for stop in range(len(say("one")), len(content) - 1):
            write(path, content[:stop], LONG_AGO + stop)
            ingest(store, path)
            record = file_at(store, path)
            assert texts_of(store, path) == ["one"]
            assert record.offset_bytes == len(say("one"))
            assert record.state == (FileState.READ if stop == len(say("one")) else FileState.PARTIAL)
        ingest(store, write(path, content))
        assert texts_of(store, path) == ["one", "two"]
        assert file_at(store, path).state == FileState.READ

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"  \n", b"\n\n"])
    def test_a_last_object_is_taken_before_its_line_ends(self, store, path, end):
        ingest(store, write(path, say("one", "two")[:-1]))
        record = file_at(store, path)
        assert (record.state, record.line_count, record.offset_bytes) == (FileState.READ, 2, len(say("one", "two")) - 1)
        append(path, end + say("three") + b"{broken\n")
        ingest(store, path)
        assert texts_of(store, path) == ["one", "two", "three"]
        lines_before = 3 + end.count(b"\n") - 1
        assert [number for number, *_ in rejects_of(store, path)] == [lines_before + 1]
        assert file_at(store, path).line_count == lines_before + 1

    def test_a_last_object_may_be_followed_directly(self, store, path):
        ingest(store, write(path, say("one")[:-1]))
        append(path, say("two"))
        ingest(store, path)
        assert texts_of(store, path) == ["one", "two"]
        assert file_at(store, path).line_count == 1

    def test_an_end_that_does_not_come_changes_nothing(self, store, path):
        ingest(store, write(path, say("one")[:-1]))
        append(path, b" ")
        ingest(store, path)
        append(path, b'\n{"role"', LONG_AGO + 90)
        ingest(store, path)
        assert file_at(store, path).line_count == 1
        assert file_at(store, path).state == FileState.PARTIAL

    @pytest.mark.parametrize("last", [b"17", b'"text"', b"null", b"[1]"])
    def test_only_an_object_is_surely_complete(self, store, path, last):
        ingest(store, write(path, say("one") + last))
        assert file_at(store, path).state == FileState.PARTIAL
        assert rejects_of(store, path) == []

    def test_half_an_object_waits_however_long_its_file_rests(self, store, path):
        content = say("one", "two")
        for _ in range(2):
            report = ingest(store, write(path, content[:-9]))
            assert (report.partial, report.summary()["partial"], report.rejects) == (1, 1, 0)
        assert outcomes(report) == {"unchanged": 1}
        ingest(store, write(path, content))
        assert texts_of(store, path) == ["one", "two"]

    def test_a_copy_that_takes_the_place_of_the_file_is_followed_too(self, store, path):
        ingest(store, write(path, say("one", "two")))
        before = file_at(store, path)
        write(path.with_name("copy"), say("one", "two", "three")).replace(path)
        assert outcomes(ingest(store, path)) == {"continued": 1}
        after = file_at(store, path)
        assert after.transcript_id == before.transcript_id
        assert after.inode != before.inode

    def test_a_file_that_was_only_touched_is_not_read_again(self, store, path):
        ingest(store, write(path, say("one")))
        os.utime(path, (LONG_AGO + 5, LONG_AGO + 5))
        report = ingest(store, path)
        assert (report.messages, report.lines) == (0, 0)
        assert outcomes(ingest(store, path)) == {"unchanged": 1}

    @pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
    def test_packed_files_grow_by_members(self, store, path, pack):
        ingest(store, write(path, pack(say("one", "two"))))
        append(path, pack(say("three")))
        report = ingest(store, path)
        assert (report.messages, report.size_bytes) == (1, len(say("three")))
        assert texts_of(store, path) == ["one", "two", "three"]

    @pytest.mark.parametrize("limit", [{"plugins.ingest.batch_lines": "7"}, {"plugins.ingest.batch_bytes": "5000"}])
    def test_long_files_are_read_in_many_transactions(self, data_dir, path, limit):
        built = long_session(300)
        content = built.bytes()
        with open_test_store(data_dir, settings=limit) as store:
            ingest(store, write(path, content[: len(content) // 2]))
            assert file_at(store, path).state == FileState.PARTIAL
            ingest(store, write(path, content))
            assert file_at(store, path).line_count == file_at(store, path).message_count == 1_200
            assert count_store(store).spent() == {"large-1": (900, 6_000, 300_000, 30_000)}


class TestSessions:
    """Whether a session is over is told by its file."""

    def test_a_session_ends_when_its_file_rests_and_goes_on_when_it_grows(self, data_dir, tmp_path):
        built = CodingSession()
        built.user("one")
        path = write(tmp_path / f"{SESSION}.jsonl", built.bytes())
        clock = ManualClock(LONG_AGO * 1_000 + 60_000)
        with open_test_store(data_dir, clock=clock) as store:

            def status():
                session = store.read(get_session, SESSION)
                return session.status, session.ended_at

            ingest(store, path)
            assert status() == ("ACTIVE", None)
            clock.advance(1_800_000)
            assert outcomes(ingest(store, path)) == {"unchanged": 1}
            assert status() == ("ENDED", LONG_AGO * 1_000 + 1_500)
            before = dump(store, exact=True)
            ingest(store, path)
            assert dump(store, exact=True) == before
            append(path, jsonl(built.user("two")), clock.now_ms() // 1_000)
            ingest(store, path)
            assert status() == ("ACTIVE", None)
            clock.advance(1_800_001)
            append(path, jsonl(built.user("three")), LONG_AGO)
            ingest(store, path)
            assert status() == ("ENDED", LONG_AGO * 1_000 + 4_500)

    def test_a_session_goes_on_while_any_of_its_files_does(self, data_dir, tmp_path):
        content = main_session().bytes()
        now = LONG_AGO + 3_600
        write(tmp_path / "data" / "a.jsonl", content)
        write(tmp_path / "data" / "b.jsonl", content, now)
        with open_test_store(data_dir, clock=ManualClock(now * 1_000)) as store:
            ingest(store, tmp_path / "data")
            ingest(store, tmp_path / "data" / "a.jsonl")
            before = dump(store, exact=True)
            assert store.read(get_session, SESSION).status == "ACTIVE"
            ingest(store, tmp_path / "data")
            assert dump(store, exact=True) == before

    def test_a_session_goes_on_though_what_is_new_stands_in_a_file_that_rests(self, data_dir, tmp_path):
        built = main_session()
        now = LONG_AGO + 3_600
        resting = write(tmp_path / "data" / "a.jsonl", built.bytes())
        fresh = write(tmp_path / "data" / "b.jsonl", built.bytes(), now)
        with open_test_store(data_dir, clock=ManualClock(now * 1_000)) as store:
            ingest(store, fresh)
            ingest(store, resting)
            append(resting, jsonl(built.user("more")), LONG_AGO + 1)
            assert ingest(store, resting).messages == 1
            assert store.read(get_session, SESSION).status == "ACTIVE"

    def test_what_counts_is_when_a_file_was_changed_as_it_is_now(self, data_dir, tmp_path):
        built = main_session()
        now = LONG_AGO + 3_600
        path = write(tmp_path / f"{SESSION}.jsonl", built.bytes(), now)
        with open_test_store(data_dir, clock=ManualClock(now * 1_000)) as store:
            ingest(store, path)
            assert store.read(get_session, SESSION).status == "ACTIVE"
            append(path, jsonl(built.user("more")), LONG_AGO)
            assert ingest(store, path).messages == 1
            assert store.read(get_session, SESSION).status == "ENDED"

    def test_a_session_that_was_ended_by_others_is_left_so(self, store, tmp_path):
        path = write(tmp_path / f"{SESSION}.jsonl", main_session().bytes())
        ingest(store, path)
        version = store.read(get_session, SESSION).version
        expect_data(
            store.graphql(
                "mutation ($id: ID!, $version: Int!) {"
                " saveSession(input: {id: $id, ifVersion: $version, status: FAILED}) { session { id } } }",
                {"id": SESSION, "version": version},
            )
        )
        built = main_session()
        append(path, jsonl(built.user("more")))
        ingest(store, path)
        assert store.read(get_session, SESSION).status == "FAILED"


def test_a_reader_that_is_overtaken_reads_what_the_other_has_left(store, path):
    write(path, say("one", "two"))

    class Overtaken(Ingest):
        has_waited = False

        def _carry_out(self, plan: Plan, source: Source) -> tuple[IngestFile | None, bool]:
            if not self.has_waited:
                self.has_waited = True
                ingest(store, path)
                append(path, say("three"))
            return super()._carry_out(plan, source)

    report = Overtaken(store, importers_of(store), IngestOptions()).run([path])

    assert report.failures == []
    assert outcomes(report) == {"continued": 1}
    assert texts_of(store, path) == ["one", "two", "three"]
