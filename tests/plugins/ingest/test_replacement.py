"""Files that are cut, renamed, replaced, packed: each is known again, and nothing is lost or doubled."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from synthetic_ingest.fingerprints import HEAD_BYTES
from synthetic_ingest.model import FileState
from tests.plugins.ingest.kit import count_store, dump, file_at, ingest, outcomes, rejects_of, texts_of
from tests.plugins.ingest.samples import LONG_AGO, append, jsonl, long_session, say, write
from tests.plugins.ingest.samples_of_runs import trajectory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "chat.jsonl"


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


class TestRewriting:
    """A file that holds something else behind the same long beginning is another one, if ids do not tell."""

    opening = say("You are a gardener. " * (HEAD_BYTES // 16))

    def test_a_message_that_was_changed_in_place_is_in_one_transcript_only(self, store, path):
        ingest(store, write(path, self.opening + say("one", "two", "three")))
        before = file_at(store, path)
        report = ingest(store, write(path, self.opening + say("one", "TWO", "three"), LONG_AGO + 1))
        assert (outcomes(report), report.messages) == ({"new": 1}, 4)
        assert texts_of(store, path)[1:] == ["one", "TWO", "three"]
        counts = store.read(lambda snapshot: snapshot.rows("SELECT id, state, message_count FROM ingest_files"))
        assert sorted(counts) == sorted(
            [(before.id, FileState.REPLACED, 4), (file_at(store, path).id, FileState.READ, 4)]
        )

    def test_copied_and_begun_anew_with_the_same_long_beginning(self, store, path):
        ingest(store, write(path, self.opening + say("one", "two")))
        first = file_at(store, path)
        old = write(path.with_name("chat.jsonl.1"), path.read_bytes())
        write(path, self.opening + say("three"), LONG_AGO + 1)
        ingest(store, path)
        ingest(store, old)
        assert texts_of(store, path)[1:] == ["three"]
        assert texts_of(store, old)[1:] == ["one", "two"]
        assert file_at(store, old).transcript_id == first.transcript_id

    def test_cut_and_nothing_else_it_is_the_same(self, store, path):
        ingest(store, write(path, self.opening + say("one", "two")))
        first = file_at(store, path)
        report = ingest(store, write(path, self.opening + say("one"), LONG_AGO + 1))
        assert (outcomes(report), report.messages) == ({"reread": 1}, 0)
        assert file_at(store, path).id == first.id


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


class TestChangeOfFormat:
    """What a path holds may turn into something else."""

    def test_lines_become_a_document_and_lines_again(self, store, path):
        ingest(store, write(path, say("one")))
        ingest(store, write(path, json.dumps(trajectory()).encode(), LONG_AGO + 1))
        assert file_at(store, path).format == "swe-agent"
        ingest(store, write(path, say("one", "two"), LONG_AGO + 2))
        assert texts_of(store, path) == ["one", "two"]
        assert count_store(store).transcripts == 2

    def test_a_document_that_could_not_be_read_becomes_lines(self, store, path):
        ingest(store, write(path, json.dumps(trajectory()).encode()[:-5]))
        ingest(store, write(path, say("one"), LONG_AGO + 1))
        assert (file_at(store, path).format, count_store(store).transcripts) == ("chat", 1)
