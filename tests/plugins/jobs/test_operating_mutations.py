"""What callers and operators do with jobs over GraphQL: cancel, try again, replay, one by one or all of a filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugins.jobs.documents import (
    CANCEL,
    CANCEL_JOBS,
    CHECKPOINT,
    COMPLETE,
    FAIL,
    HEARTBEAT,
    JOB,
    REPLAY,
    RETRY,
    RETRY_JOBS,
    SAVE,
    mutation,
)
from plugins.logged import told
from synthetic import Store, Transaction, iso_from_ms
from synthetic.testing import expect_data, expect_error
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.store import BulkChange, cancel_job, cancel_jobs, find_job, save_job
from synthetic_jobs.store.bulk import BATCH_JOBS


@pytest.fixture
def statuses(ask):
    """The status of each job."""

    def read() -> dict[str, str]:
        nodes = ask("{ jobs(first: 1000) { nodes { id status } } }")["jobs"]["nodes"]
        return {node["id"]: node["status"] for node in nodes}

    return read


@pytest.fixture
def mixed(save, running, ask) -> None:
    """A job in each status; the RUNNING ones as `running`, and `stopping`, which is to be cancelled."""
    save(id="pending")
    for id in ("running", "stopping", "waiting", "completed", "failed"):
        running(id)
    ask(CANCEL, input={"id": "stopping"})
    ask(mutation("updateJobStatus"), input={"id": "waiting", "leaseToken": 1, "status": "WAITING"})
    ask(COMPLETE, input={"id": "completed", "leaseToken": 1})
    ask(FAIL, input={"id": "failed", "leaseToken": 1, "errorMessage": "No.", "retryable": False})
    save(id="cancelled")
    ask(CANCEL, input={"id": "cancelled"})


def test_a_job_that_nobody_holds_is_cancelled_at_once_and_again_changes_nothing(save, ask, clock) -> None:
    save(id="a")

    cancelled = ask(CANCEL, input={"id": "a", "reason": "Not needed."})["cancelJob"]["job"]
    clock.advance(1_000)

    assert (cancelled["status"], cancelled["errorMessage"]) == ("CANCELLED", "Not needed.")
    assert cancelled["completedAt"] == iso_from_ms(clock.now_ms() - 1_000)
    assert ask(CANCEL, input={"id": "a", "reason": "Other."})["cancelJob"]["job"] == cancelled


def test_a_running_job_is_cancelled_at_once_only_by_force(running, ask, refused) -> None:
    running("a")
    asked = ask(CANCEL, input={"id": "a"})["cancelJob"]["job"]
    assert (asked["status"], asked["cancelRequestedAt"] is None) == ("RUNNING", False)

    forced = ask(CANCEL, input={"id": "a", "force": True})["cancelJob"]["job"]

    assert (forced["status"], forced["leaseExpiresAt"]) == ("CANCELLED", None)
    refused("LEASE_LOST", HEARTBEAT, input={"id": "a", "leaseToken": 1})


@pytest.mark.parametrize("document", [CANCEL, RETRY, REPLAY], ids=["cancel", "retry", "replay"])
def test_a_job_that_is_not_there_is_not_found(shared_store, document) -> None:
    error = expect_error(shared_store.graphql(document, {"input": {"id": "x"}}), "NOT_FOUND")

    assert error["extensions"]["details"] == {"field": "id", "id": "x"}


def test_what_cannot_be_done_to_a_job_where_it_stands_is_refused(mixed, refused, statuses) -> None:
    before = statuses()
    for document, ids in (
        (CANCEL, ["completed", "failed"]),
        (RETRY, ["pending", "running", "waiting", "completed"]),
        (REPLAY, ["pending", "running", "waiting"]),
    ):
        for id in ids:
            error = refused("ILLEGAL_TRANSITION", document, input={"id": id})
            assert error["details"]["status"] == before[id], (document, id)
    assert statuses() == before


@pytest.mark.parametrize("reason", ["", " ", "a\0b"])
def test_a_reason_that_is_not_acceptable_is_refused(shared_store, reason) -> None:
    expect_data(shared_store.graphql(SAVE, {"input": {"id": "a", "kind": "build"}}))

    error = expect_error(shared_store.graphql(CANCEL, {"input": {"id": "a", "reason": reason}}), "BAD_USER_INPUT")

    assert error["extensions"]["details"]["field"] == "reason"
    assert shared_store.graphql(JOB, {"id": "a"})["data"]["job"]["status"] == "PENDING"


def test_a_job_that_failed_for_good_is_granted_another_attempt(save, claim, ask, clock) -> None:
    save(id="a", maxAttempts=1)
    claim("a")
    ask(CHECKPOINT, input={"jobId": "a", "leaseToken": 1, "phase": "scan"})
    ask(FAIL, input={"id": "a", "leaseToken": 1, "errorMessage": "No."})

    job = ask(RETRY, input={"id": "a"})["retryJob"]["job"]

    assert (job["status"], job["attempts"], job["maxAttempts"], job["completedAt"]) == ("PENDING", 1, 2, None)
    assert (job["runAfter"], job["checkpoints"]) == (iso_from_ms(clock.now_ms()), [{"phase": "scan"}])
    assert claim("a")["leaseToken"] == 2


def test_a_replay_is_a_new_job_that_begins_at_any_checkpoint(running, ask, refused) -> None:
    running("a", params={"n": 1}, idempotencyKey="once", priority=7)
    for number, phase in enumerate(("scan", "parse", "store")):
        ask(CHECKPOINT, input={"jobId": "a", "leaseToken": 1, "phase": phase, "data": number})
    ask(COMPLETE, input={"id": "a", "leaseToken": 1, "result": "done"})

    whole = ask(REPLAY, input={"id": "a", "newId": "whole"})["replayJob"]["job"]
    part = ask(REPLAY, input={"id": "a", "fromPhase": "parse"})["replayJob"]["job"]
    fresh = ask(REPLAY, input={"id": "a", "fromStart": True})["replayJob"]["job"]

    assert [checkpoint["phase"] for checkpoint in whole["checkpoints"]] == ["scan", "parse", "store"]
    assert part["checkpoints"] == [{"phase": "scan", "data": 0}, {"phase": "parse", "data": 1}]
    assert fresh["checkpoints"] == []
    for job in (whole, part, fresh):
        assert (job["replayOf"], job["status"], job["result"], job["idempotencyKey"]) == ("a", "PENDING", None, None)
        assert (job["kind"], job["params"], job["priority"], job["attempts"]) == ("build", {"n": 1}, 7, 0)
    assert len({whole["id"], part["id"], fresh["id"]}) == 3
    assert ask(REPLAY, input={"id": "a", "newId": "whole"})["replayJob"]["job"] == whole

    assert refused("CONFLICT", REPLAY, input={"id": "a", "newId": "a"})["details"]["field"] == "newId"
    assert refused("NOT_FOUND", REPLAY, input={"id": "a", "fromPhase": "x"})["details"]["field"] == "fromPhase"
    for given, field in (({"newId": ""}, "newId"), ({"fromPhase": "scan", "fromStart": True}, "fromPhase")):
        assert refused("BAD_USER_INPUT", REPLAY, input={"id": "a", **given})["details"]["field"] == field


def test_a_bulk_cancel_counts_first_and_then_cancels_what_a_filter_finds(mixed, save, ask, statuses) -> None:
    save(id="other", kind="deploy")
    wanted = {"filter": {"kinds": ["build"]}, "reason": "The release is off."}
    before = statuses()

    counted = ask(CANCEL_JOBS, input={**wanted, "dryRun": True})["cancelJobs"]
    assert counted == {"matched": 3, "changed": 0, "complete": True}
    assert statuses() == before

    done = ask(CANCEL_JOBS, input=wanted)["cancelJobs"]
    assert done == {"matched": 3, "changed": 3, "complete": True}
    assert statuses() == {**before, "pending": "CANCELLED", "waiting": "CANCELLED"}
    job = ask(JOB, id="running")["job"]
    assert (job["cancelRequestedAt"] is None, job["errorMessage"]) == (False, "The release is off.")
    assert ask(CANCEL_JOBS, input=wanted)["cancelJobs"] == {"matched": 0, "changed": 0, "complete": True}

    forced = ask(CANCEL_JOBS, input={**wanted, "force": True})["cancelJobs"]
    assert forced == {"matched": 2, "changed": 2, "complete": True}
    assert {statuses()[id] for id in ("running", "stopping")} == {"CANCELLED"}
    assert statuses()["other"] == "PENDING"


def test_a_bulk_cancel_of_some_statuses_leaves_the_others_alone(mixed, ask, statuses) -> None:
    before = statuses()

    done = ask(CANCEL_JOBS, input={"filter": {"statuses": ["WAITING", "FAILED"]}})["cancelJobs"]

    assert done == {"matched": 1, "changed": 1, "complete": True}
    assert statuses() == {**before, "waiting": "CANCELLED"}


def test_a_bulk_retry_grants_what_failed_or_was_cancelled_another_attempt(mixed, ask, statuses) -> None:
    wanted = {"filter": {"createdFrom": "2020-01-01T00:00:00Z"}}
    before = statuses()

    assert ask(RETRY_JOBS, input={**wanted, "dryRun": True})["retryJobs"]["matched"] == 2
    assert ask(RETRY_JOBS, input={"filter": {"errorContains": "nO"}})["retryJobs"]["changed"] == 1
    assert ask(RETRY_JOBS, input=wanted)["retryJobs"] == {"matched": 1, "changed": 1, "complete": True}

    assert statuses() == {**before, "failed": "PENDING", "cancelled": "PENDING"}


@pytest.mark.parametrize("document", [CANCEL_JOBS, RETRY_JOBS], ids=["cancel", "retry"])
@pytest.mark.parametrize(
    ("given", "field"),
    [({}, "filter"), ({"kinds": None}, "filter"), ({"kinds": [""]}, "filter.kinds"), ({"ids": ["\0"]}, "filter.ids")],
)
def test_a_bulk_change_of_nothing_in_particular_or_of_what_cannot_be_is_refused(
    shared_store, document, given, field
) -> None:
    for dry_run in (True, False):
        answer = shared_store.graphql(document, {"input": {"filter": given, "dryRun": dry_run}})
        assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"]["field"] == field


def test_a_bulk_change_takes_at_most_so_many_a_call_in_small_transactions(store, ask, monkeypatch) -> None:
    monkeypatch.setattr("synthetic_jobs.store.bulk.BATCH_JOBS", 4)
    monkeypatch.setattr("synthetic_jobs.store.bulk.CALL_JOBS", 10)
    for number in range(25):
        store.write(add, f"j{number:02}")
    wanted = {"filter": {"kinds": ["build"]}}

    answers = [ask(CANCEL_JOBS, input=wanted)["cancelJobs"] for _ in range(3)]

    assert ask(RETRY_JOBS, input={**wanted, "dryRun": True})["retryJobs"] == {
        "matched": 10,
        "changed": 0,
        "complete": False,
    }
    assert [(answer["changed"], answer["complete"]) for answer in answers] == [(10, False), (10, False), (5, True)]
    # The first stored first, each once.
    assert told(store, "job.status_changed") == [("job.status_changed", f"j{number:02}") for number in range(25)]


def test_a_bulk_change_that_ends_with_the_last_job_is_complete(store, ask, monkeypatch) -> None:
    monkeypatch.setattr("synthetic_jobs.store.bulk.BATCH_JOBS", 5)
    monkeypatch.setattr("synthetic_jobs.store.bulk.CALL_JOBS", 10)
    for number in range(10):
        store.write(add, f"j{number:02}")

    done = ask(CANCEL_JOBS, input={"filter": {"kinds": ["build"]}})["cancelJobs"]

    assert done == {"matched": 10, "changed": 10, "complete": True}


def add(tx: Transaction, id: str) -> None:
    save_job(tx, {"kind": "build"}, job_id=id)


class Meanwhile:
    """A store in which something else is written after the first write."""

    def __init__(self, store: Store, other: Callable[[Transaction], object]) -> None:
        self.read = store.read
        self._store = store
        self._others = [other]

    def write(self, function: Callable[..., Any], *args: Any) -> Any:
        result = self._store.write(function, *args)
        if self._others:
            self._store.write(self._others.pop())
        return result


def test_a_bulk_change_passes_over_what_became_something_else_meanwhile(store) -> None:
    def add_many(tx: Transaction) -> None:
        for number in range(BATCH_JOBS + 50):
            add(tx, f"j{number:03}")

    store.write(add_many)
    late = f"j{BATCH_JOBS + 10:03}"
    meanwhile = Meanwhile(store, lambda tx: cancel_job(tx, late, reason="Somebody else was first."))

    done = cancel_jobs(meanwhile, Criteria(kinds=["build"]), reason="All.")

    assert done == BulkChange(matched=BATCH_JOBS + 49, changed=BATCH_JOBS + 49, complete=True)
    assert store.read(find_job, late).error_message == "Somebody else was first."
    assert store.read(find_job, "j000").error_message == "All."
