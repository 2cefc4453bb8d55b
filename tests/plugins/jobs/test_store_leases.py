"""What the holder of a job may do with it, and that nobody else may: heartbeats, progress, checkpoints."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.jobs.driving import LEASE_MS, Jobs
from plugins.logged import logged, payloads, told
from synthetic import from_json

HOLDERS_VERBS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "heartbeat_job": ((), {}),
    "update_job_progress": ((), {"progress": 50}),
    "save_checkpoint": (("parse", {"at": 1}), {}),
    "complete_job": (({"ok": True},), {}),
    "fail_job": (("It broke.",), {}),
}
HOLDERS_STATUSES: dict[str, dict[str, Any]] = {
    "PENDING": {},
    "WAITING": {"waiting_for": "approval:1"},
    "COMPLETED": {},
    "FAILED": {"message": "It broke."},
    "CANCELLED": {},
}


def try_everything(jobs: Jobs, token: int, code: str = "LEASE_LOST", id: str = "a") -> None:
    """All that a holder may do, with a token that is worth nothing."""
    for verb, (arguments, named) in HOLDERS_VERBS.items():
        with jobs.refused(code):
            getattr(jobs, verb)(id, token, *arguments, **named)
    for status, named in HOLDERS_STATUSES.items():
        with jobs.refused(code):
            jobs.update_job_status(id, status, lease_token=token, **named)


def test_a_token_that_was_never_given_changes_nothing(jobs: Jobs) -> None:
    jobs.run("a")
    for token in (0, 2, -1):
        try_everything(jobs, token)


def test_a_lease_that_ran_out_changes_nothing_though_nobody_has_noticed_yet(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.clock.advance(LEASE_MS)
    try_everything(jobs, token)
    assert jobs.get("a").status == "RUNNING"


def test_a_lease_holds_until_its_last_millisecond(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.clock.advance(LEASE_MS - 1)
    assert jobs.heartbeat_job("a", token).lease_expires_at == jobs.clock.now_ms() + LEASE_MS


def test_whoever_lost_a_job_to_another_changes_nothing(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.clock.advance(LEASE_MS)
    jobs.claim_jobs(["build"], "builder-2")
    try_everything(jobs, token)
    assert jobs.get("a").lease_owner == "builder-2"


@pytest.mark.parametrize("status", ["PENDING", "WAITING", "FAILED", "CANCELLED"])
def test_whoever_let_go_of_a_job_changes_nothing(jobs: Jobs, status: str) -> None:
    token = jobs.run("a").lease_token
    if status == "FAILED":
        # By an operator's hand, so that this token's own attempt has not failed.
        jobs.update_job_status("a", "WAITING", lease_token=token)
        jobs.update_job_status("a", "FAILED", message="It will not come.")
    else:
        jobs.update_job_status("a", status, lease_token=token)
    try_everything(jobs, token)


def test_a_job_that_is_not_there_is_not_found(jobs: Jobs) -> None:
    try_everything(jobs, 1, "NOT_FOUND", "nobody")


def test_a_heartbeat_renews_the_lease_and_is_no_history(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    before = jobs.get("a")
    jobs.clock.advance(LEASE_MS - 1)

    jobs.heartbeat_job("a", token)

    assert jobs.get("a") == before._replace(lease_expires_at=jobs.clock.now_ms() + LEASE_MS)
    assert told(jobs.store)[-1] == ("job.status_changed", "a")


def test_a_lease_is_renewed_for_as_long_as_it_was_asked_for(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token

    assert jobs.heartbeat_job("a", token, lease_ms=200).lease_expires_at == jobs.clock.now_ms() + 200
    jobs.clock.advance(199)
    job = jobs.heartbeat_job("a", token)
    assert (job.lease_ms, job.lease_expires_at) == (200, jobs.clock.now_ms() + 200)
    for wrong in (99, 3_600_001):
        with jobs.refused("BAD_USER_INPUT", "leaseMs"):
            jobs.heartbeat_job("a", token, lease_ms=wrong)


@pytest.mark.parametrize("verb", ["heartbeat_job", "update_job_progress", "save_checkpoint"])
def test_whatever_a_holder_does_renews_the_lease(jobs: Jobs, verb: str) -> None:
    token = jobs.run("a").lease_token
    arguments, named = HOLDERS_VERBS[verb]
    for _ in range(3):
        jobs.clock.advance(LEASE_MS - 1)
        getattr(jobs, verb)("a", token, *arguments, **named)
        assert jobs.get("a").lease_expires_at == jobs.clock.now_ms() + LEASE_MS


def test_progress_is_kept_and_told_only_when_it_is_news(jobs: Jobs) -> None:
    token = jobs.run("a", user_id="user-1").lease_token
    jobs.clock.advance(5)

    jobs.update_job_progress("a", token, progress=40, phase="parse")
    jobs.update_job_progress("a", token, progress=40, phase="parse")
    jobs.update_job_progress("a", token, progress=40)
    jobs.update_job_progress("a", token, phase="store")
    job = jobs.update_job_progress("a", token, progress=30)

    assert (job.progress, job.phase, job.version, job.updated_at) == (30, "store", 1, jobs.clock.now_ms())
    shown = [(each["progress"], each["phase"]) for each in payloads(jobs.store, "job.progressed")]
    assert shown == [(40, "parse"), (40, "store"), (30, "store")]
    assert payloads(jobs.store, "job.progressed")[0] == {
        "kind": "build", "status": "RUNNING", "userId": "user-1", "projectId": None, "parentId": None,
        "progress": 40, "phase": "parse",
    }  # fmt: skip


def test_progress_that_makes_no_sense_is_refused(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for field, named in (
        ("progress", {}),
        ("progress", {"progress": 101}),
        ("progress", {"progress": -1}),
        ("phase", {"phase": ""}),
        ("phase", {"phase": "x" * 201}),
    ):
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.update_job_progress("a", token, **named)


def test_a_checkpoint_of_a_phase_replaces_the_one_before_and_is_the_latest(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    assert jobs.load_checkpoint("a") is None
    jobs.save_checkpoint("a", token, "scan", {"files": 3})
    jobs.save_checkpoint("a", token, "parse", [1])
    jobs.clock.advance(5)

    kept = jobs.save_checkpoint("a", token, "scan", {"files": 4})

    assert kept == ("a", "scan", 3, '{"files":4}', jobs.clock.now_ms())
    assert jobs.load_checkpoint("a") == kept == jobs.load_checkpoint("a", "scan")
    assert jobs.load_checkpoint("a", "parse").data == "[1]"
    assert jobs.load_checkpoint("a", "nothing") is None
    assert [each.phase for each in jobs.checkpoints("a")] == ["parse", "scan"]
    sizes = [(each["phase"], each["sizeBytes"]) for each in payloads(jobs.store, "job.checkpointed")]
    assert sizes == [("scan", 11), ("parse", 3), ("scan", 11)]


def test_any_json_can_be_a_checkpoint_and_its_size_is_told_in_bytes(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for number, data in enumerate((None, 0, "ü", False, [], {})):
        jobs.save_checkpoint("a", token, f"phase-{number}", data)

    assert [each.data for each in jobs.checkpoints("a")] == ["null", "0", '"ü"', "false", "[]", "{}"]
    assert [each["sizeBytes"] for each in payloads(jobs.store, "job.checkpointed")] == [4, 1, 4, 5, 2, 2]


def test_a_checkpoint_is_no_larger_than_allowed(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    most = 1_048_576 - 2

    jobs.save_checkpoint("a", token, "large", "x" * most)
    for field, phase, data in (
        ("data", "large", "x" * (most + 1)),
        ("data", "deep", from_json("[" * 33 + "]" * 33)),
        ("data", "number", 2**53),
        ("phase", "", 1),
    ):
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.save_checkpoint("a", token, phase, data)


def test_a_job_has_no_more_checkpoints_than_allowed_and_each_can_still_be_replaced(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for number in range(100):
        jobs.save_checkpoint("a", token, f"phase-{number}", number)

    with jobs.refused("BAD_USER_INPUT", "phase"):
        jobs.save_checkpoint("a", token, "one more", 1)
    jobs.save_checkpoint("a", token, "phase-0", "again")
    assert jobs.load_checkpoint("a").phase == "phase-0"


def test_checkpoints_outlive_the_attempt_that_saved_them(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.save_checkpoint("a", token, "scan", 1)
    jobs.clock.advance(LEASE_MS)

    again = jobs.claim_job("a", "builder-2")

    assert jobs.load_checkpoint("a").phase == "scan"
    jobs.save_checkpoint("a", again.lease_token, "parse", 2)
    jobs.fail_job("a", again.lease_token, "It broke.", retryable=False)
    assert [each.phase for each in jobs.checkpoints("a")] == ["scan", "parse"]
    assert jobs.list_checkpoints(["nobody", "a"])[0] == []


def test_no_event_carries_what_a_checkpoint_or_a_result_holds(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.save_checkpoint("a", token, "scan", {"secret": "zanzibar"})
    jobs.complete_job("a", token, {"secret": "zanzibar"})

    assert not [event for event in logged(jobs.store) if "zanzibar" in event.payload]
