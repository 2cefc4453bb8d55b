"""Ends of attempts that the store would not take as they are: none leaves its job to run out of its lease."""

from __future__ import annotations

import asyncio
import math
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from synthetic.testing import wait_until
from synthetic.worker import Job, PermanentFailure, RetryLater, Waiting, Worker
from synthetic.worker.errors import PAUSE_SECONDS_MAX

from .kit import working


@pytest.fixture
def worker(server) -> Worker:
    return Worker(server.url, token=server.token, poll_ms=60_000)


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan, 10**8, PAUSE_SECONDS_MAX + 0.001])
def test_a_pause_that_no_store_takes_is_refused_when_it_is_made(seconds):
    with pytest.raises(ValueError, match="pause"):
        RetryLater(seconds)


@pytest.mark.parametrize("what", ["", " ", "x" * 201, "a\0", "line\nbreak", "end ", None])
def test_a_wait_that_no_store_takes_is_refused_when_it_is_made(what):
    with pytest.raises(ValueError, match="what the job waits for"):
        Waiting(what)
    assert Waiting("x" * 200).waiting_for == "x" * 200


@pytest.mark.parametrize(
    "until",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the mistake
        datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
    ],
)
def test_a_wait_until_an_instant_that_no_store_takes_is_refused_when_it_is_made(until):
    with pytest.raises(ValueError, match="until"):
        Waiting("morning", until)


def test_the_longest_pause_and_the_last_instant_are_taken(jobs, worker):
    last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    @worker.handles("patient")
    def patient(job: Job) -> None:
        if job.params["waits"]:
            job.wait_for("x" * 200, until=last)
        raise RetryLater(PAUSE_SECONDS_MAX)

    waits, pauses = jobs.save("patient", params={"waits": True}), jobs.save("patient", params={"waits": False})
    with working(worker):
        assert jobs.wait(waits, "WAITING")["runAfter"] == "9999-12-31T23:59:59.999Z"
        paused = wait_until(lambda: (found := jobs.get(pauses))["attempts"] and found["status"] == "PENDING" and found)
    assert datetime.fromisoformat(paused["runAfter"]) > datetime.now(UTC) + timedelta(days=365)


def test_words_that_no_store_keeps_are_replaced(jobs, worker):
    @worker.handles("rough")
    def rough(job: Job) -> None:
        raise PermanentFailure("bad \0 byte, half a \ud83d pair")

    job_id = jobs.save("rough")
    with working(worker):
        failed = jobs.wait(job_id, "FAILED")
    assert failed["errorMessage"] == "PermanentFailure: bad \ufffd byte, half a \ufffd pair"
    assert jobs.outcomes(job_id) == ["FAILED"]


class UntellableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Unmade(RetryLater):
    """A pause whose author forgot to say how long it is."""

    def __init__(self) -> None:
        Exception.__init__(self, "soon")


def test_exceptions_that_are_not_whole_fail_the_attempt(jobs, worker):
    @worker.handles("untellable")
    def untellable(job: Job) -> None:
        raise UntellableError

    @worker.handles("unmade")
    async def unmade(job: Job) -> None:
        await asyncio.sleep(0)
        raise Unmade

    @worker.handles("deep")
    def deep(job: Job) -> object:
        nested: list = []
        for _ in range(100_000):
            nested = [nested]
        return nested

    ids = {kind: jobs.save(kind, maxAttempts=2) for kind in ("untellable", "unmade", "deep")}
    with working(worker):
        failed = {kind: jobs.wait(job_id, "FAILED") for kind, job_id in ids.items()}
    assert failed["untellable"]["errorMessage"] == "UntellableError"
    assert failed["unmade"]["errorMessage"] == "Unmade: soon"
    assert "is no JSON" in failed["deep"]["errorMessage"]
    assert {kind: jobs.outcomes(job_id) for kind, job_id in ids.items()} == {
        "untellable": ["FAILED", "FAILED"], "unmade": ["FAILED", "FAILED"], "deep": ["FAILED"],
    }  # fmt: skip


def test_an_ending_that_the_store_refuses_fails_the_attempt_as_finally_as_it_was_meant(jobs, worker, monkeypatch):
    # As from a library that is older than what the store has learned to refuse.
    monkeypatch.setattr("synthetic.worker.attempt.UNSTORABLE", re.compile("(?!)"))

    @worker.handles("waits-wrong")
    def waits_wrong(job: Job) -> None:
        waiting = Waiting("approval:1")
        waiting.waiting_for = "\0"
        raise waiting

    @worker.handles("pauses-wrong")
    def pauses_wrong(job: Job) -> None:
        later = RetryLater(1)
        later.seconds = 10**10
        raise later

    @worker.handles("fails-wrong")
    def fails_wrong(job: Job) -> None:
        raise PermanentFailure("bad \0 byte")

    @worker.handles("completes-wrong")
    def completes_wrong(job: Job) -> object:
        return "bad \0 byte"

    kinds = ("waits-wrong", "pauses-wrong", "fails-wrong", "completes-wrong")
    ids = {kind: jobs.save(kind, maxAttempts=2) for kind in kinds}
    with working(worker):
        for kind, job_id in ids.items():
            assert "was refused: BAD_USER_INPUT" in jobs.wait(job_id, "FAILED")["errorMessage"], kind
    assert {kind: jobs.outcomes(job_id) for kind, job_id in ids.items()} == {
        "waits-wrong": ["FAILED", "FAILED"], "pauses-wrong": ["FAILED", "FAILED"],
        "fails-wrong": ["FAILED"], "completes-wrong": ["FAILED"],
    }  # fmt: skip
