"""A document is read whole, as often as it changes."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from synthetic.testing import open_test_store
from synthetic_ingest.model import FileState
from tests.plugins.ingest.kit import count_store, dump, file_at, ingest, outcomes, rejects_of
from tests.plugins.ingest.samples import LONG_AGO, write
from tests.plugins.ingest.samples_of_runs import trajectory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "chat.jsonl"


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
        assert count.kinds == {"SYSTEM": 1, "TEXT": 1, "TOOL_CALL": 5, "TOOL_RESULT": 5, "OTHER": 1}

    @pytest.mark.parametrize("shape", ["history", "trajectory"])
    @pytest.mark.parametrize("last", [1, 5], ids=["short", "long"])
    def test_read_as_it_grew_it_equals_one_that_was_read_at_its_end(self, tmp_path, shape, last):
        def run(steps, *, finished=False):
            document = trajectory(steps, tokens=steps * 100, finished=finished)
            return json.dumps(document if shape == "history" else {**document, "history": []}).encode()

        def transcripts(store):
            return {table: rows for table, rows in dump(store).items() if table.startswith("transcript")}

        path = tmp_path / "run.traj"
        stages = [*(run(steps) for steps in (0, 1, 2, 5) if steps <= last), run(last, finished=True)]
        with open_test_store(tmp_path / "grown") as store:
            for number, content in enumerate(stages):
                write(tmp_path / "new", content, LONG_AGO + number).replace(path)
                assert outcomes(ingest(store, path)) == ({"reread": 1} if number else {"new": 1})
            grown = transcripts(store)
            assert count_store(store).transcripts == 1
            assert count_store(store).spent() == {"open-2": (last * 100, last * 10, 0, 0)}
        with open_test_store(tmp_path / "whole") as store:
            ingest(store, path)
            assert transcripts(store) == grown

    def test_a_run_that_is_cut_before_anything_is_known_of_it_fails(self, store, tmp_path):
        write(tmp_path / "data" / "run.traj", b'{"traj')
        report = ingest(store, tmp_path / "data")
        assert outcomes(report) == {"failed": 1}
        assert report.failures[0]["reason"].startswith("It is not valid JSON")

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
