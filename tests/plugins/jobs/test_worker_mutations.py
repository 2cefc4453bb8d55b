"""What workers say over GraphQL: what it comes to, and how it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.jobs.documents import (
    CANCEL,
    CHECKPOINT,
    CLAIM,
    COMPLETE,
    FAIL,
    HEARTBEAT,
    JOB,
    PROGRESS,
    SAVE,
    STATUS,
)
from synthetic import Store, iso_from_ms
from synthetic.testing import expect_data, expect_error

HELD = {
    "heartbeatJob": (HEARTBEAT, "id", {}),
    "updateJobProgress": (PROGRESS, "id", {"progress": 50}),
    "updateJobStatus": (STATUS, "id", {"status": "WAITING"}),
    "saveCheckpoint": (CHECKPOINT, "jobId", {"phase": "scan", "data": {}}),
    "completeJob": (COMPLETE, "id", {}),
    "failJob": (FAIL, "id", {"errorMessage": "No."}),
}
"""What only the holder of a job may say."""

held = pytest.mark.parametrize("name", HELD)


@pytest.fixture(scope="module")
def held_job(shared_store) -> dict[str, Any]:
    """The id and lease of a job that runs, in the shared store."""
    expect_data(shared_store.graphql(SAVE, {"input": {"id": "held", "kind": "build"}}))
    expect_data(shared_store.graphql(CLAIM, {"input": {"id": "held", "worker": "builder-1", "leaseMs": 3_600_000}}))
    return {"id": "held", "leaseToken": 1}


def status_of(store: Store, id: str) -> str:
    return expect_data(store.graphql(JOB, {"id": id}))["job"]["status"]


def test_a_claim_hands_over_what_is_due_most_urgent_first(save, ask, clock) -> None:
    save(id="later", runAfter="2100-01-01T00:00:00Z")
    save(id="first")
    save(id="urgent", priority=9)
    save(id="other", kind="deploy")
    kinds = {"kinds": ["build"], "worker": "builder-1"}

    claimed = ask(CLAIM, input={**kinds, "limit": 5, "leaseMs": 5_000})["claimJob"]

    assert claimed["jobs"] == [{"id": "urgent", "leaseToken": 1}, {"id": "first", "leaseToken": 1}]
    job = claimed["job"]
    now, until = iso_from_ms(clock.now_ms()), iso_from_ms(clock.now_ms() + 5_000)
    assert (job["id"], job["status"], job["leaseOwner"], job["attempts"]) == ("urgent", "RUNNING", "builder-1", 1)
    assert (job["startedAt"], job["leaseExpiresAt"]) == (now, until)
    assert ask(CLAIM, input=kinds)["claimJob"] == {"job": None, "jobs": []}


def test_a_claim_of_one_job_takes_it_before_it_is_due(save, claim, refused) -> None:
    save(id="a", runAfter="2100-01-01T00:00:00Z")

    assert claim("a")["leaseToken"] == 1
    error = refused("ILLEGAL_TRANSITION", CLAIM, input={"id": "a", "worker": "builder-2"})
    assert error["details"] == {"id": "a", "status": "RUNNING", "wanted": "RUNNING"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "kinds"),
        ({"kinds": ["build"], "id": "a"}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["a"] * 101}, "kinds"),
        ({"kinds": ["\0"]}, "kinds"),
        ({"kinds": ["build"], "worker": ""}, "worker"),
        ({"kinds": ["build"], "worker": "a\0"}, "worker"),
        ({"kinds": ["build"], "limit": 0}, "limit"),
        ({"kinds": ["build"], "limit": 1_001}, "limit"),
        ({"kinds": ["build"], "leaseMs": 99}, "leaseMs"),
        ({"id": "a", "leaseMs": 3_600_001}, "leaseMs"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(shared_store, given, field) -> None:
    expect_data(shared_store.graphql(SAVE, {"input": {"id": "a", "kind": "build"}}))

    answer = shared_store.graphql(CLAIM, {"input": {"worker": "builder-1", **given}})

    assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"]["field"] == field
    assert status_of(shared_store, "a") == "PENDING"


@held
def test_a_job_that_is_not_there_is_not_found(shared_store, name) -> None:
    document, id_name, content = HELD[name]

    answer = shared_store.graphql(document, {"input": {id_name: "x", "leaseToken": 1, **content}})

    assert expect_error(answer, "NOT_FOUND")["extensions"]["details"]["id"] == "x"


@pytest.mark.parametrize("way", ["another token", "the lease ran out", "somebody else has it", "it has finished"])
def test_who_does_not_hold_a_job_any_more_changes_nothing(running, ask, refused, claim, clock, way) -> None:
    for name in HELD:
        running(name)
        if way == "it has finished":
            ask(CANCEL, input={"id": name, "force": True})
    if way in ("the lease ran out", "somebody else has it"):
        clock.advance(60_000)
    if way == "somebody else has it":
        claimed = ask(CLAIM, input={"kinds": ["build"], "worker": "builder-2", "limit": len(HELD)})
        assert {job["leaseToken"] for job in claimed["claimJob"]["jobs"]} == {2}
    token = 3 if way == "another token" else 1

    for name, (document, id_name, content) in HELD.items():
        before = ask(JOB, id=name)
        error = refused("LEASE_LOST", document, input={id_name: name, "leaseToken": token, **content})
        assert error["details"]["leaseToken"] == token, name
        assert not error["recoverable"]
        assert ask(JOB, id=name) == before


def test_whatever_the_holder_says_renews_the_lease_as_long_as_the_job_runs(running, ask, clock) -> None:
    for name, (document, id_name, content) in HELD.items():
        running(name)
        clock.advance(59_999)

        ask(document, input={id_name: name, "leaseToken": 1, **content})

        job = ask(JOB, id=name)["job"]
        renewed = iso_from_ms(clock.now_ms() + 60_000)
        assert job["leaseExpiresAt"] == (renewed if job["status"] == "RUNNING" else None)


def test_a_heartbeat_says_whether_the_job_is_still_wanted(running, ask, clock) -> None:
    running("a")
    clock.advance(1_000)

    beat = ask(HEARTBEAT, input={"id": "a", "leaseToken": 1, "leaseMs": 90_000})["heartbeatJob"]
    assert not beat["cancelRequested"]
    assert beat["job"]["leaseExpiresAt"] == iso_from_ms(clock.now_ms() + 90_000)

    cancelled = ask(CANCEL, input={"id": "a", "reason": "Not needed."})["cancelJob"]["job"]
    assert (cancelled["status"], cancelled["cancelRequestedAt"]) == ("RUNNING", iso_from_ms(clock.now_ms()))
    said = [
        ask(HEARTBEAT, input={"id": "a", "leaseToken": 1})["heartbeatJob"],
        ask(PROGRESS, input={"id": "a", "leaseToken": 1, "progress": 9})["updateJobProgress"],
        ask(CHECKPOINT, input={"jobId": "a", "leaseToken": 1, "phase": "p"})["saveCheckpoint"],
    ]
    assert [payload["cancelRequested"] for payload in said] == [True, True, True]

    ended = ask(STATUS, input={"id": "a", "leaseToken": 1, "status": "CANCELLED"})["updateJobStatus"]["job"]
    assert (ended["status"], ended["errorMessage"], ended["leaseOwner"]) == ("CANCELLED", "Not needed.", None)


def test_progress_and_phase_are_told_apart_or_together(running, ask, refused) -> None:
    running("a")
    for given, seen in (
        ({"progress": 30}, (30, None)),
        ({"phase": "scan"}, (30, "scan")),
        ({"progress": 20, "phase": "parse"}, (20, "parse")),
    ):
        job = ask(PROGRESS, input={"id": "a", "leaseToken": 1, **given})["updateJobProgress"]["job"]
        assert (job["progress"], job["phase"]) == seen
    for given, field in (
        ({}, "progress"),
        ({"progress": 101}, "progress"),
        ({"progress": -1}, "progress"),
        ({"phase": ""}, "phase"),
        ({"phase": "a\0b"}, "phase"),
        ({"phase": "x" * 201}, "phase"),
    ):
        error = refused("BAD_USER_INPUT", PROGRESS, input={"id": "a", "leaseToken": 1, **given})
        assert error["details"]["field"] == field


def test_checkpoints_are_kept_one_for_each_phase_the_latest_last(running, ask, clock) -> None:
    running("a")
    for phase, data in (("scan", {"n": 1}), ("parse", None), ("scan", [1, 2])):
        clock.advance(1)
        saved = ask(CHECKPOINT, input={"jobId": "a", "leaseToken": 1, "phase": phase, "data": data})["saveCheckpoint"]
        assert saved["checkpoint"] == {"phase": phase, "data": data, "createdAt": iso_from_ms(clock.now_ms())}

    found = ask("""
    { job(id: "a") { checkpoints { phase data } checkpoint { phase } parse: checkpoint(phase: "parse") { phase data }
                     none: checkpoint(phase: "store") { phase } } }
    """)["job"]

    assert saved["job"]["checkpoints"] == [{"phase": "parse"}, {"phase": "scan"}]
    assert found == {
        "checkpoints": [{"phase": "parse", "data": None}, {"phase": "scan", "data": [1, 2]}],
        "checkpoint": {"phase": "scan"},
        "parse": {"phase": "parse", "data": None},
        "none": None,
    }


@pytest.mark.parametrize("settings", [{"plugins.jobs.checkpoints": "2", "plugins.jobs.checkpoint_bytes": "100"}])
def test_a_checkpoint_that_is_too_large_or_one_too_many_is_refused(running, ask, refused) -> None:
    running("a")
    held_job = {"jobId": "a", "leaseToken": 1}
    for phase in ("scan", "parse"):
        ask(CHECKPOINT, input={**held_job, "phase": phase})

    for given, field in (
        ({"phase": "store"}, "phase"),
        ({"phase": ""}, "phase"),
        ({"phase": "scan", "data": "x" * 100}, "data"),
        ({"phase": "scan", "data": {"a": 2**60}}, "data"),
        ({"phase": "scan", "data": "a\0b"}, "data"),
    ):
        assert refused("BAD_USER_INPUT", CHECKPOINT, input={**held_job, **given})["details"]["field"] == field
    ask(CHECKPOINT, input={**held_job, "phase": "parse", "data": 1})


def test_a_completed_job_has_its_result_and_completing_it_again_changes_nothing(running, ask, clock) -> None:
    for number, result in enumerate((None, 0, "done", [1, {"a": None}], {"files": 3})):
        id = running(f"job-{number}")
        clock.advance(1_000)
        done = ask(COMPLETE, input={"id": id, "leaseToken": 1, "result": result})["completeJob"]["job"]
        clock.advance(1_000_000)

        again = ask(COMPLETE, input={"id": id, "leaseToken": 1, "result": "other"})["completeJob"]["job"]

        assert (done["status"], done["result"], done["progress"], done["leaseToken"]) == ("COMPLETED", result, 100, 1)
        assert again == done


def test_a_result_that_is_not_acceptable_is_refused_and_the_job_goes_on(running, ask, refused) -> None:
    running("a")
    for result in ("x" * 1_048_576, {"a": 2**60}, "a\0b"):
        error = refused("BAD_USER_INPUT", COMPLETE, input={"id": "a", "leaseToken": 1, "result": result})
        assert error["details"]["field"] == "result"
    assert ask(JOB, id="a")["job"]["status"] == "RUNNING"


def test_a_failed_attempt_is_followed_by_another_until_there_are_none_left(save, ask, clock) -> None:
    save(id="a", maxAttempts=2)
    claim = {"kinds": ["build"], "worker": "builder-1"}
    ask(CLAIM, input=claim)
    fail = {"id": "a", "leaseToken": 1, "errorMessage": "The net is away.", "retryAfterMs": 5_000}

    first = ask(FAIL, input=fail)["failJob"]
    again = ask(FAIL, input=fail)["failJob"]

    assert first == again
    assert first["willRetry"]
    assert (first["job"]["status"], first["job"]["errorMessage"]) == ("PENDING", "The net is away.")
    assert first["job"]["runAfter"] == iso_from_ms(clock.now_ms() + 5_000)
    assert ask(CLAIM, input=claim)["claimJob"]["job"] is None
    clock.advance(5_000)
    assert ask(CLAIM, input=claim)["claimJob"]["job"]["leaseToken"] == 2
    last = ask(FAIL, input={**fail, "leaseToken": 2})["failJob"]
    assert (last["willRetry"], last["job"]["status"], last["job"]["attempts"]) == (False, "FAILED", 2)

    history = ask('{ job(id: "a") { history { number worker startedAt endedAt outcome error } } }')["job"]["history"]
    assert [(attempt["number"], attempt["outcome"], attempt["error"]) for attempt in history] == [
        (1, "FAILED", "The net is away."),
        (2, "FAILED", "The net is away."),
    ]
    assert all(attempt["worker"] == "builder-1" and attempt["startedAt"] and attempt["endedAt"] for attempt in history)


def test_a_failure_that_cannot_get_better_is_final(running, ask) -> None:
    running("a")

    failed = ask(FAIL, input={"id": "a", "leaseToken": 1, "errorMessage": "No such file.", "retryable": False})

    assert (failed["failJob"]["willRetry"], failed["failJob"]["job"]["status"]) == (False, "FAILED")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"errorMessage": ""}, "errorMessage"),
        ({"errorMessage": "a\0b"}, "errorMessage"),
        ({"retryAfterMs": -1}, "retryAfterMs"),
    ],
)
def test_a_failure_that_is_not_acceptable_is_refused(held_job, shared_store, given, field) -> None:
    answer = shared_store.graphql(FAIL, {"input": {"errorMessage": "No.", **held_job, **given}})

    assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"]["field"] == field
    assert status_of(shared_store, held_job["id"]) == "RUNNING"


def test_a_job_that_waits_is_held_by_nobody_and_goes_on_when_the_wait_is_over(running, ask, claim) -> None:
    running("a")
    wait = {"id": "a", "leaseToken": 1, "status": "WAITING", "waitingFor": "approval:7"}

    waiting = ask(STATUS, input=wait)["updateJobStatus"]["job"]
    assert (waiting["status"], waiting["waitingFor"], waiting["runAfter"]) == ("WAITING", "approval:7", None)
    assert (waiting["leaseOwner"], waiting["leaseExpiresAt"], waiting["attempts"]) == (None, None, 0)

    over = ask(STATUS, input={"id": "a", "status": "PENDING"})["updateJobStatus"]["job"]
    assert (over["status"], over["waitingFor"]) == ("PENDING", None)
    assert claim("a")["leaseToken"] == 2


def test_a_wait_can_have_an_end(running, ask, clock) -> None:
    running("a")
    until = iso_from_ms(clock.now_ms() + 1_000)

    waiting = ask(STATUS, input={"id": "a", "leaseToken": 1, "status": "WAITING", "runAfter": until})
    assert waiting["updateJobStatus"]["job"]["runAfter"] == until

    clock.advance(1_000)
    assert ask(CLAIM, input={"kinds": ["build"], "worker": "builder-2"})["claimJob"]["job"]["id"] == "a"


def test_a_job_that_is_given_back_does_not_count_the_attempt(running, ask) -> None:
    running("a")

    released = ask(STATUS, input={"id": "a", "leaseToken": 1, "status": "PENDING"})["updateJobStatus"]["job"]

    assert (released["status"], released["attempts"], released["leaseToken"]) == ("PENDING", 0, 1)
    assert ask('{ job(id: "a") { history { outcome } } }')["job"]["history"] == [{"outcome": "RELEASED"}]


@pytest.mark.parametrize("status", ["RUNNING", "WAITING", "COMPLETED", "FAILED"])
def test_a_status_that_cannot_follow_is_refused(shared_store, status) -> None:
    expect_data(shared_store.graphql(SAVE, {"input": {"id": "a", "kind": "build"}}))

    answer = shared_store.graphql(STATUS, {"input": {"id": "a", "status": status, "message": "No."}})

    error = expect_error(answer, "ILLEGAL_TRANSITION")["extensions"]
    assert (error["details"]["status"], error["details"]["wanted"]) == ("PENDING", status)
    assert status_of(shared_store, "a") == "PENDING"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "WAITING"}, "leaseToken"),
        ({"status": "PENDING", "leaseToken": 1, "waitingFor": "a"}, "waitingFor"),
        ({"status": "FAILED", "leaseToken": 1}, "message"),
        ({"status": "WAITING", "leaseToken": 1, "waitingFor": "\0"}, "waitingFor"),
        ({"status": "CANCELLED", "leaseToken": 1, "runAfter": "2030-01-01T00:00:00Z"}, "runAfter"),
    ],
)
def test_a_status_with_what_does_not_go_with_it_is_refused(held_job, shared_store, given, field) -> None:
    answer = shared_store.graphql(STATUS, {"input": {"id": held_job["id"], **given}})

    assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"]["field"] == field
    assert status_of(shared_store, held_job["id"]) == "RUNNING"
