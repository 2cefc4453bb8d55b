"""Files that grow, are cut, renamed, replaced, packed: each is known again, and nothing is lost or doubled."""

from __future__ import annotations

import gzip
import json
import os

import pytest
import zstandard

from synthetic.testing import ManualClock, expect_data, open_test_store
from synthetic_ingest.fingerprints import HEAD_BYTES
from synthetic_ingest.model import FileState
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
    trajectory,
    write,
)


def say(*texts: str) -> bytes:
    """Lines of a chat."""
    return jsonl(*({"role": "user", "content": text} for text in texts))


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

    def test_long_files_are_read_in_many_transactions(self, data_dir, path):
        built = long_session(300)
        content = built.bytes()
        with open_test_store(data_dir, settings={"plugins.ingest.batch_lines": "7"}) as store:
            ingest(store, write(path, content[: len(content) // 2]))
            assert file_at(store, path).state == FileState.PARTIAL
            ingest(store, write(path, content))
            assert file_at(store, path).line_count == file_at(store, path).message_count == 1_200
            assert count_store(store).spent() == {"large-1": (900, 6_000, 300_000, 30_000)}


class TestTruncation:
    """A file that was cut is read from its beginning, into the same transcript."""

    def test_what_is_known_is_not_stored_twice(self, store, path):
        ingest(store, write(path, say("one", "two", "three")))
        before = file_at(store, path)
        write(path, say("one"), LONG_AGO + 1)
        report = ingest(store, path)
        assert outcomes(report) == {"reread": 1}
        assert report.messages == 0
        append(path, say("four"))
        ingest(store, path)
        after = file_at(store, path)
        assert after.transcript_id == before.transcript_id
        assert after.offset_bytes == len(say("one", "four"))
        assert after.line_count == 2
        assert texts_of(store, path) == ["one", "two", "three", "four"]

    def test_cut_and_grown_beyond_where_it_was(self, store, path):
        built = long_session(60)
        ingest(store, write(path, built.bytes()))
        assert len(jsonl(*built.lines[:-5])) > HEAD_BYTES
        cut = built.lines[:-5]
        del built.lines[-5:]
        built.add("progress", data={"number": 0}, uuid="new")
        for number in range(30):
            built.user(f"another {number}", uuid=f"new {number}")
        write(path, built.bytes(), LONG_AGO + 1)
        report = ingest(store, path)
        assert outcomes(report) == {"reread": 1}
        assert report.messages == len(built.lines) - len(cut) == 31
        assert count_store(store).transcripts == 1

    def test_cut_to_nothing_it_waits(self, store, path):
        ingest(store, write(path, say("one", "two")))
        before = dump(store, exact=True)
        for rest in (b"", say("one")[:20]):
            write(path, rest, LONG_AGO + 1)
            assert outcomes(ingest(store, path)) == {"skipped": 1}
        assert dump(store, exact=True) == before
        ingest(store, write(path, say("one", "two", "three")))
        assert texts_of(store, path) == ["one", "two", "three"]

    def test_rejects_of_the_former_content_are_forgotten(self, store, path):
        ingest(store, write(path, say("one") + b"{broken\n" + say("two")))
        assert len(rejects_of(store, path)) == 1
        write(path, say("one", "two", "three"), LONG_AGO + 1)
        ingest(store, path)
        assert rejects_of(store, path) == []
        assert file_at(store, path).reject_count == 0


class TestRotation:
    """Another file at a known path is another transcript; the old one is known elsewhere."""

    def test_a_renamed_file_is_followed(self, store, path):
        ingest(store, write(path, say("one")))
        before = file_at(store, path)
        moved = path.rename(path.with_name("chat.1.jsonl"))
        append(moved, say("two"))
        assert outcomes(ingest(store, path.parent)) == {"continued": 1}
        after = file_at(store, moved)
        assert (after.id, after.transcript_id) == (before.id, before.transcript_id)
        assert texts_of(store, moved) == ["one", "two"]
        assert count_store(store).transcripts == 1

    def test_a_renamed_file_in_which_nothing_is_new(self, store, path):
        ingest(store, write(path, say("one")))
        moved = path.rename(path.with_name("elsewhere.jsonl"))
        ingest(store, moved)
        assert file_at(store, moved).message_count == 1
        assert outcomes(ingest(store, moved)) == {"unchanged": 1}
        assert count_store(store).transcripts == 1

    @pytest.mark.parametrize("old_name", ["a.jsonl", "z.jsonl"])
    def test_renamed_and_begun_anew(self, store, path, old_name):
        ingest(store, write(path, say("one", "two")))
        first = file_at(store, path)
        old = path.rename(path.with_name(old_name))
        append(old, say("three"))
        write(path, say("first", "second", "third", "fourth", "fifth"))
        assert outcomes(ingest(store, path.parent)) == {"new": 1, "continued": 1}
        assert file_at(store, old).id == first.id
        assert texts_of(store, old) == ["one", "two", "three"]
        assert texts_of(store, path) == ["first", "second", "third", "fourth", "fifth"]

    @pytest.mark.parametrize("old_name", ["a.jsonl", "z.jsonl"])
    def test_conversations_that_begin_alike_are_not_mixed(self, store, path, old_name):
        opening = say("You are a gardener. " * 50)
        ingest(store, write(path, opening + say("one", "two")))
        old = path.rename(path.with_name(old_name))
        write(path, opening + say("three"))
        ingest(store, path.parent)
        assert texts_of(store, old)[1:] == ["one", "two"]
        assert texts_of(store, path)[1:] == ["three"]

    def test_copied_and_begun_anew(self, store, path):
        ingest(store, write(path, say("one", "two")))
        first = file_at(store, path)
        old = write(path.with_name("chat.jsonl.1"), path.read_bytes())
        write(path, say("first", "second"), LONG_AGO + 1)
        ingest(store, path.parent)
        assert file_at(store, old).transcript_id == first.transcript_id
        assert texts_of(store, path) == ["first", "second"]
        assert count_store(store).transcripts == 2

    def test_rotated_and_packed(self, store, path):
        ingest(store, write(path, say("one", "two")))
        first = file_at(store, path)
        packed = write(path.with_name("chat.jsonl.1.gz"), gzip.compress(path.read_bytes()))
        path.unlink()
        write(path, say("first"))
        ingest(store, path.parent)
        assert file_at(store, packed).transcript_id == first.transcript_id
        assert file_at(store, packed).compression == "GZIP"
        assert count_store(store).transcripts == 2

    def test_replaced_and_never_seen_again(self, store, path):
        ingest(store, write(path, say("one")))
        first = file_at(store, path)
        path.unlink()
        ingest(store, write(path, say("first")))
        assert file_at(store, path).id != first.id
        states = store.read(lambda snapshot: snapshot.rows("SELECT id, state FROM ingest_files"))
        assert dict(states)[first.id] == FileState.REPLACED

    def test_a_second_name_of_a_file_is_that_file(self, store, path):
        ingest(store, write(path, say("one")))
        os.link(path, path.with_name("link.jsonl"))
        path.with_name("symlink.jsonl").symlink_to(path)
        assert outcomes(ingest(store, path.parent)) == {"unchanged": 3}
        assert count_store(store).transcripts == 1

    def test_numbers_that_are_used_again_do_not_confuse(self, store, path):
        ingest(store, write(path, say("one")))
        path.unlink()
        ingest(store, write(path.with_name("other.jsonl"), say("two")))
        assert count_store(store).transcripts == 2


class TestDocuments:
    """A document is read whole, as often as it changes."""

    def test_what_a_run_adds_is_stored_once(self, store, tmp_path):
        path = tmp_path / "run.traj"
        for steps in (1, 2, 5):
            content = json.dumps(trajectory(steps, tokens=steps * 100, finished=steps == 5)).encode()
            write(tmp_path / "new", content, LONG_AGO + steps).replace(path)
            ingest(store, path)
        count = count_store(store)
        assert (count.sessions, count.transcripts, count.tool_calls) == (1, 1, 5)
        assert count.spent() == {"open-2": (500, 50, 0, 0)}
        assert count.kinds == {"SYSTEM": 1, "TEXT": 1, "TOOL_CALL": 5, "TOOL_RESULT": 5, "OTHER": 3}

    def test_another_run_at_the_same_path_is_another_transcript(self, store, tmp_path):
        path = write(tmp_path / "run.traj", json.dumps(trajectory()).encode())
        ingest(store, path)
        other = trajectory()
        other["history"][1]["content"] = "The door squeaks."
        ingest(store, write(path, json.dumps(other).encode(), LONG_AGO + 1))
        assert count_store(store).transcripts == 2

    def test_touched_or_moved_it_stays_the_same(self, store, tmp_path):
        path = write(tmp_path / "run.traj", json.dumps(trajectory()).encode())
        ingest(store, path)
        os.utime(path, (LONG_AGO + 9, LONG_AGO + 9))
        assert ingest(store, path).messages == 0
        packed = write(tmp_path / "run.traj.gz", gzip.compress(path.read_bytes()))
        path.unlink()
        ingest(store, packed)
        assert count_store(store).transcripts == 1
        assert outcomes(ingest(store, packed)) == {"unchanged": 1}

    def test_a_document_that_cannot_be_read_is_rejected_until_it_can(self, store, tmp_path):
        content = json.dumps(trajectory()).encode()
        path = write(tmp_path / "run.traj", content[:-9])
        assert outcomes(ingest(store, path)) == {"failed": 1}
        record = file_at(store, path)
        assert (record.state, record.transcript_id, record.reject_count) == (FileState.FAILED, None, 1)
        [(number, offset, reason)] = rejects_of(store, path)
        assert (number, offset) == (1, 0)
        assert reason.startswith("It is not valid JSON")
        before = dump(store, exact=True)
        assert outcomes(ingest(store, path)) == {"failed": 1}
        assert dump(store, exact=True) == before
        assert outcomes(ingest(store, write(path, content))) == {"reread": 1}
        assert rejects_of(store, path) == []
        assert file_at(store, path).id == record.id
        assert outcomes(ingest(store, write(path, content[:-9], LONG_AGO + 1))) == {"failed": 1}
        assert file_at(store, path).transcript_id is not None
        assert file_at(store, path).message_count == 7

    def test_a_document_that_is_too_long_is_rejected(self, data_dir, tmp_path):
        path = write(tmp_path / "run.traj", json.dumps(trajectory(20)).encode())
        with open_test_store(data_dir, settings={"plugins.ingest.document_bytes_max": "2000"}) as store:
            report = ingest(store, path)
            assert outcomes(report) == {"failed": 1}
            [(_, _, reason)] = rejects_of(store, path)
            assert reason == "It is longer than 2000 bytes (plugins.ingest.document_bytes_max)."
            length = store.read(lambda snapshot: snapshot.value("SELECT length_bytes FROM ingest_rejects"))
            assert length == path.stat().st_size
        with open_test_store(data_dir) as store:
            assert outcomes(ingest(store, path)) == {"reread": 1}
            assert count_store(store).tool_calls == 20

    def test_documents_are_stored_in_batches_too(self, data_dir, tmp_path):
        path = write(tmp_path / "run.traj", json.dumps(trajectory(40)).encode())
        with open_test_store(data_dir, settings={"plugins.ingest.batch_lines": "9"}) as store:
            assert ingest(store, path).messages == 83
            assert count_store(store).kinds.total() == 83


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
