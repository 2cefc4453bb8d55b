"""A run of `synthetic ingest` is a job: seen from outside, and stopped from there."""

from __future__ import annotations

import json
import threading

import pytest

from synthetic.cli import main
from synthetic.testing import open_test_store
from synthetic_ingest.errors import IngestCancelledError
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.job import IngestJob
from synthetic_ingest.plans import IngestOptions
from synthetic_ingest.report import Phase
from synthetic_jobs.errors import LeaseLostError
from synthetic_jobs.store import Job, JobStatus, cancel_job, find_job, list_attempts, load_checkpoint
from tests.plugins.ingest.kit import count_store
from tests.plugins.ingest.samples import fill_folder, long_session, write
from tests.plugins.logged import payloads

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")


def command(data_dir, capsys, *arguments):
    """The exit code and the jobs that are in the store then."""
    code = main(["ingest", *map(str, arguments), "--data", str(data_dir), "--json", *NO_DISK_CHECK])
    capsys.readouterr()
    with open_test_store(data_dir) as store:
        return code, jobs_of(store)


def jobs_of(store) -> list[Job]:
    ids = [id for (id,) in store.read(lambda snapshot: snapshot.rows("SELECT id FROM sync_jobs ORDER BY created_at"))]
    return [job for job in (store.read(find_job, id) for id in ids) if job is not None]


def test_a_run_is_a_job_that_says_what_it_read(data_dir, tmp_path, capsys):
    folder = fill_folder(tmp_path / "data")
    code, [job] = command(data_dir, capsys, folder)
    assert (code, job.status, job.progress) == (0, "COMPLETED", 100)
    assert json.loads(job.params)["paths"] == [str(folder)]
    result = json.loads(job.result or "")
    assert (result["messages"], result["files"]["new"]) == (47, 6)
    with open_test_store(data_dir) as store:
        scanned = store.read(load_checkpoint, job.id, "scan")
        assert scanned is not None
        assert json.loads(scanned.data)["files"] == 6
        phases = [event["phase"] for event in payloads(store, "job.progressed")]
        assert list(dict.fromkeys(phases)) == [Phase.SCAN, Phase.PARSE, Phase.STORE]
    code, jobs = command(data_dir, capsys, folder)
    assert (code, [job.status for job in jobs]) == (0, ["COMPLETED", "COMPLETED"])


def test_looking_only_makes_no_job(data_dir, tmp_path, capsys):
    assert command(data_dir, capsys, fill_folder(tmp_path / "data"), "--dry-run") == (0, [])


def test_files_that_cannot_be_read_fail_the_job_with_the_first_of_them(data_dir, tmp_path, capsys):
    code, [job] = command(data_dir, capsys, tmp_path / "gone.jsonl")
    assert (code, job.status) == (65, "FAILED")
    assert "gone.jsonl" in (job.error_message or "")


def test_a_construct_that_is_not_there_makes_no_job(data_dir, tmp_path, capsys):
    assert command(data_dir, capsys, fill_folder(tmp_path / "data"), "--construct", "none") == (65, [])


class Running:
    """A run of which something else takes hold while it stores."""

    def __init__(self, store, folder, happens) -> None:
        self.stop = threading.Event()
        self.options = IngestOptions()
        self.job = IngestJob(store, [folder], self.options, self.stop)
        self.run = Ingest(store, importers_of(store), self.options, self.stop)
        self.happens = happens
        self.stored = 0

    def enter(self, phase: Phase) -> None:
        if phase is Phase.STORE:
            self.stored += 1
            if self.stored == 2:
                self.happens(self.job.id)
                self.job.heartbeat()
        self.job.enter(phase)

    def go(self, folder) -> None:
        self.job.scan()
        report = self.run.run([folder], lambda size_bytes, _: self.job.advance(size_bytes), self.enter)
        self.job.end(report)


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of many batches."""
    write(tmp_path / "data" / "long.jsonl", long_session(400).bytes())
    return tmp_path / "data"


@pytest.fixture
def store(data_dir):
    with open_test_store(data_dir, settings={"plugins.ingest.batch_lines": "20"}) as store:
        yield store


def test_who_cancels_the_job_ends_the_run_after_the_batch_and_the_next_one_goes_on(store, folder):
    running = Running(store, folder, lambda id: store.write(cancel_job, id))
    with pytest.raises(IngestCancelledError):
        running.go(folder)
    [job] = jobs_of(store)
    assert job.status == "CANCELLED"
    assert [attempt.outcome for attempt in store.read(list_attempts, [job.id])[0]] == ["CANCELLED"]
    assert running.stored == 2
    before = sum(count_store(store).kinds.values())
    assert before > 0
    Running(store, folder, lambda _: None).go(folder)
    assert [job.status for job in jobs_of(store)] == ["CANCELLED", "COMPLETED"]
    assert sum(count_store(store).kinds.values()) > before


def test_a_job_that_is_taken_away_ends_the_run(store, folder):
    running = Running(store, folder, lambda id: store.write(lambda tx: cancel_job(tx, id, force=True)))
    with pytest.raises(LeaseLostError):
        running.go(folder)
    assert running.stored == 2
    assert [job.status for job in jobs_of(store)] == [JobStatus.CANCELLED]


def test_a_run_that_breaks_off_fails_its_job(store, folder):
    def break_off(_id):
        raise RuntimeError("something else")

    running = Running(store, folder, break_off)
    with pytest.raises(RuntimeError) as raised:
        running.go(folder)
    running.job.abandon(raised.value)
    [job] = jobs_of(store)
    assert (job.status, job.error_message) == ("FAILED", "It broke off (RuntimeError).")
