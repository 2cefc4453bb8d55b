"""The workers that the page about them shows, run as they stand there against a real server."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.worker.kit import SECONDS, Jobs

from kernel.graphql.node_tools import _node
from synthetic.testing import RunningServer, copy_template, running_server, wait_until
from synthetic.worker import Client

PAGE = Path(__file__).parents[3] / "docs" / "workers.md"


def code_of(name: str) -> str:
    return re.search(rf"<!-- file: {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]


@pytest.fixture(scope="module")
def server(template, tmp_path_factory) -> Iterator[RunningServer]:
    data = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    with running_server(
        data, "--set", "plugins.jobs.reap_every_ms=100", "--set", "plugins.jobs.result_bytes=1000"
    ) as started:
        yield started


@pytest.fixture
def jobs(server) -> Iterator[Jobs]:
    with Client(server.url, token=server.token) as client:
        yield Jobs(client)


class Run:
    """A worker of the page that runs, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=lambda: self.lines.extend(process.stdout), daemon=True)
        self._reader.start()

    def printed(self) -> str:
        """All that it printed; it must have ended."""
        self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return "".join(self.lines)


@contextlib.contextmanager
def running(
    program: str, file: Path, server: RunningServer, *, code: str | None = None, **variables: Any
) -> Iterator[Run]:
    """A worker of the page, or other code in its place; what is left of it is killed."""
    file.write_text(code or code_of(file.name))
    given = {name: str(value) for name, value in variables.items()}
    environment = {**os.environ, "SYNTHETIC_URL": server.url, "SYNTHETIC_TOKEN": server.token, **given}
    process = subprocess.Popen(
        [program, str(file)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield Run(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def done_of(jobs: Jobs, job_id: str) -> int:
    stored = jobs.get(job_id)["checkpoints"]
    return stored[0]["data"]["done"] if stored else 0


def test_the_worker_in_plain_graphql_goes_on_where_one_that_was_killed_stood(server, jobs, tmp_path):
    texts = ["two words", " three  more words "] * 200
    with running(_node(), tmp_path / "worker.mjs", server, LEASE_MS=1_000) as first:
        job_id = jobs.save("count-words", params={"texts": texts})
        wait_until(lambda: done_of(jobs, job_id) >= 5)
        first.process.kill()
        assert first.printed() == f"{job_id}: from 0\n"
    stood = done_of(jobs, job_id)
    assert stood < len(texts), "it must be killed in the middle"
    with running(_node(), tmp_path / "worker.mjs", server, LEASE_MS=10_000) as second:
        done = jobs.wait(job_id, "COMPLETED")
        broken = jobs.save("count-words", params={}, maxAttempts=1)
        assert "TypeError" in jobs.wait(broken, "FAILED")["errorMessage"]
        # Long enough to be told in the middle.
        unwanted = jobs.save("count-words", params={"texts": ["a"] * 50_000})
        wait_until(lambda: done_of(jobs, unwanted) >= 5)
        jobs.mutate("cancelJob", id=unwanted)
        assert [row["outcome"] for row in jobs.wait(unwanted, "CANCELLED")["history"]] == ["CANCELLED"]
        second.process.terminate()
        assert f"{job_id}: from {stood}\n{job_id}: completed\n" in second.printed()
        assert second.process.returncode == 0
    assert done["result"] == {"words": 5 * 200}
    assert [row["outcome"] for row in done["history"]] == ["LAPSED", "COMPLETED"]
    assert all(row["worker"].startswith("node:") for row in done["history"])


def test_the_worker_in_plain_graphql_fails_what_is_refused_and_goes_on_with_the_next_job(server, jobs, tmp_path):
    # The work is the reader's own: here it fails with words that the store has to refuse, or that it could not keep.
    begins = "async function countWords(job, lease) {"
    code = code_of("worker.mjs")
    assert code.count(begins) == 1
    code = code.replace(begins, begins + "\n  if (job.params.raises) throw job.params.raises.replace('NUL', '\\0');")
    unspeakable = jobs.save("count-words", params={"raises": " "}, maxAttempts=1)
    unprintable = jobs.save("count-words", params={"raises": "bad NUL byte"}, maxAttempts=1)
    huge = jobs.save("count-words", params={"texts": []}, maxAttempts=3)
    jobs.mutate("claimJob", id=huge, worker="planner")
    # With this the result comes out larger than the server takes.
    data = {"done": 0, "words": "x" * 2_000}
    jobs.mutate("saveCheckpoint", jobId=huge, leaseToken=1, phase="count", data=data)
    jobs.mutate("updateJobStatus", id=huge, leaseToken=1, status="PENDING")
    with running(_node(), tmp_path / "worker.mjs", server, code=code, LEASE_MS=1_000) as worker:
        assert jobs.wait(unprintable, "FAILED")["errorMessage"] == "bad \ufffd byte"
        refused = jobs.wait(huge, "FAILED")
        assert [row["outcome"] for row in refused["history"]] == ["RELEASED", "FAILED"]
        assert "result" in refused["errorMessage"]
        assert jobs.wait(unspeakable, "FAILED")["history"][0]["outcome"] == "LAPSED"
        assert jobs.wait(jobs.save("count-words", params={"texts": ["a b"]}), "COMPLETED")["result"] == {"words": 2}
        assert worker.process.poll() is None


def test_the_python_worker_of_the_page_counts_and_ends_when_it_is_told_to(server, jobs, tmp_path):
    job_id = jobs.save("count-words", params={"texts": ["one", "and two"]})
    wrong = jobs.save("count-words", params={"texts": "none"})
    with running(sys.executable, tmp_path / "worker.py", server) as worker:
        done = jobs.wait(job_id, "COMPLETED")
        failed = jobs.wait(wrong, "FAILED")
        worker.process.terminate()
        printed = worker.printed()
        assert worker.process.returncode == 0
    assert (done["result"], done["phase"]) == ({"words": 3}, "count")
    assert failed["errorMessage"] == "PermanentFailure: params.texts must be a list"
    assert "synthetic.worker:job completed" in printed
    assert "httpx" not in printed
