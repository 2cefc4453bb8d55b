"""Workers that are killed, stopped, continued and told to end; a server that goes away and comes back."""

from __future__ import annotations

import re
import signal

import pytest

from synthetic.testing import running_server, wait_until
from synthetic.worker import Client

from .kit import SECONDS, Jobs, lines_of, process


def test_a_worker_that_is_killed_is_replaced_by_one_that_goes_on_from_the_checkpoint(server, jobs, tmp_path):
    params = {"steps": 5, "stands_at": 3}
    with process(server, tmp_path, "steps-kill", lease_ms=500) as first:
        job_id = jobs.save("steps-kill", params=params)
        wait_until(lambda: "1 stands" in lines_of(tmp_path / job_id))
        first.kill()
        first.wait()
    with process(server, tmp_path, "steps-kill", lease_ms=5_000):
        done = jobs.wait(job_id, "COMPLETED")
    assert done["result"] == {"steps": 5, "attempt": 2}
    assert [row["outcome"] for row in done["history"]] == ["LAPSED", "COMPLETED"]
    attempts = [line.split(" ", 1) for line in lines_of(tmp_path / job_id)]
    assert [words for token, words in attempts if token == "1"] == [
        "from 0",
        *(f"step {n}" for n in range(3)),
        "stands",
    ]
    assert [words for token, words in attempts if token == "2"] == ["from 3", "step 3", "step 4"]


def test_a_worker_that_is_continued_after_its_lease_ran_out_is_fenced(server, jobs, tmp_path):
    with process(server, tmp_path, "gate-stop", lease_ms=500) as first:
        job_id = jobs.save("gate-stop")
        wait_until(lambda: "1 waits" in lines_of(tmp_path / job_id))
        first.send_signal(signal.SIGSTOP)
        with process(server, tmp_path, "gate-stop", lease_ms=5_000) as second:
            wait_until(lambda: "2 waits" in lines_of(tmp_path / job_id))
            # Both may end now; the first one does as soon as it is continued.
            (tmp_path / f"{job_id}.open").touch()
            done = jobs.wait(job_id, "COMPLETED")
            assert done["result"] == {"attempt": 2}
            first.send_signal(signal.SIGCONT)
            # A later job shows that the first worker is alive, and has come past the end of its attempt.
            second.terminate()
            second.wait(SECONDS)
            later = jobs.save("gate-stop")
            wait_until(lambda: lines_of(tmp_path / later))
        first.terminate()
        (tmp_path / f"{later}.open").touch()
        assert first.wait(SECONDS) == 0
    assert jobs.get(job_id) == done
    assert jobs.outcomes(job_id) == ["LAPSED", "COMPLETED"]
    assert jobs.get(later)["status"] == "COMPLETED"


def test_the_first_signal_waits_for_the_jobs_and_the_second_gives_them_back_at_once(server, jobs, tmp_path):
    with process(server, tmp_path, "gate-term", concurrency=2, stop_ms=600_000) as worker:
        ends, stays = jobs.save("gate-term"), jobs.save("gate-term")
        for job_id in (ends, stays):
            wait_until(lambda job_id=job_id: lines_of(tmp_path / job_id))
        worker.send_signal(signal.SIGTERM)
        (tmp_path / f"{ends}.open").touch()
        jobs.wait(ends, "COMPLETED")
        unclaimed = jobs.save("gate-term")
        assert worker.poll() is None
        worker.send_signal(signal.SIGINT)
        assert worker.wait(SECONDS) == 0
    assert (jobs.get(stays)["status"], jobs.get(stays)["attempts"]) == ("PENDING", 0)
    assert jobs.outcomes(stays) == ["RELEASED"]
    assert jobs.get(unclaimed)["leaseToken"] == 0


@pytest.mark.parametrize("how", [pytest.param(signal.SIGTERM, marks=pytest.mark.full), signal.SIGKILL])
def test_jobs_finish_although_the_server_is_restarted_in_the_middle(data_dir, tmp_path, how):
    with running_server(data_dir) as server:
        port = re.search(r":(\d+)/", server.url)[1]
        with process(server, tmp_path, "steps", "gate", lease_ms=60_000, concurrency=2) as worker:
            with Client(server.url, token=server.token) as client:
                jobs = Jobs(client)
                stepping = jobs.save("steps", params={"steps": 20, "step_seconds": 0.02})
                gated = jobs.save("gate")
                wait_until(lambda: "1 step 1" in lines_of(tmp_path / stepping) and lines_of(tmp_path / gated))
                server.stop(how)
                # Its handler ends while there is nobody to tell it to.
                (tmp_path / f"{gated}.open").touch()
            with running_server(data_dir, "--port", port), Client(server.url, token=server.token) as client:
                jobs = Jobs(client)
                for job_id in (stepping, gated):
                    done = jobs.wait(job_id, "COMPLETED")
                    assert [row["outcome"] for row in done["history"]] == ["COMPLETED"]
                # The worker hears of new ones again.
                jobs.wait(jobs.save("steps", params={"steps": 1}), "COMPLETED")
                held = jobs.save("gate")
                wait_until(lambda: lines_of(tmp_path / held))
            # There is no server to give the job back to: a worker that is to end ends all the same.
            worker.terminate()
            worker.send_signal(signal.SIGINT)
            assert worker.wait(SECONDS) == 0
