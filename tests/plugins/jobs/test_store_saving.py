"""`save_job`, and what finds jobs: the same again writes nothing, other content needs the version it replaces."""

from __future__ import annotations

from typing import Any

from plugins.jobs.driving import Jobs
from plugins.logged import payloads, told
from synthetic import from_json
from synthetic_jobs.model import FINISHED, PRIORITY, LapsePolicy

WHOLE: dict[str, Any] = {
    "kind": "build",
    "user_id": "ada",
    "project_id": "p",
    "key": "repository-1",
    "command": "make all\n",
    "params": {"target": "all", "depth": 3},
    "caller": "planner",
    "response_channel": "channel-7",
    "priority": 9,
    "max_attempts": 2,
    "on_lapse": LapsePolicy.FAIL,
    "idempotency_key": "once",
    "metadata": {"b": 1, "a": [True, None]},
    "run_after": 1_800_000_005_000,
}


def test_a_new_job_is_pending_and_due_now(jobs: Jobs) -> None:
    saved = jobs.save_job({"kind": "build"})

    assert (saved.created, saved.changed) == (True, True)
    job = jobs.get(saved.job.id)
    assert job == saved.job
    assert (job.status, job.progress, job.attempts, job.lease_token, job.version) == ("PENDING", 0, 0, 0, 1)
    assert (job.run_after, job.created_at, job.updated_at) == (jobs.clock.now_ms(),) * 3
    assert (job.priority, job.max_attempts, job.on_lapse) == (PRIORITY, 5, "REQUEUE")
    assert (job.params, job.metadata, job.started_at, job.completed_at) == ("{}", "{}", None, None)


def test_everything_that_is_said_of_a_job_is_kept(jobs: Jobs) -> None:
    jobs.construct("c")
    jobs.add("parent")

    job = jobs.save_job({**WHOLE, "construct_id": "c", "parent_id": "parent"}, job_id="a").job

    kept = job._asdict()
    given = {**WHOLE, "construct_id": "c", "parent_id": "parent", "params": job.params, "metadata": job.metadata}
    assert {name: kept[name] for name in given} == given
    assert from_json(job.params) == WHOLE["params"]
    assert job.metadata == '{"a":[true,null],"b":1}'


def test_the_same_again_returns_what_is_there(jobs: Jobs) -> None:
    first = jobs.save_job(WHOLE, job_id="a").job
    jobs.clock.advance(1_000)

    with jobs.unchanged():
        again = jobs.save_job({**WHOLE, "metadata": {"a": [True, None], "b": 1}}, job_id="a", if_version=7)

    assert again == (first, False, False)


def test_a_save_sent_again_after_the_job_was_claimed_and_tried_again_says_nothing_new(jobs: Jobs) -> None:
    jobs.save_job(WHOLE, job_id="a")
    token = jobs.claim_job("a", "builder-1").lease_token
    jobs.fail_job("a", token, "Not yet.", retry_after_ms=9_000)

    with jobs.unchanged():
        again = jobs.save_job(WHOLE, job_id="a")

    assert not again.changed
    assert again.job.run_after == jobs.clock.now_ms() + 9_000


def test_other_content_without_the_version_is_a_conflict(jobs: Jobs) -> None:
    jobs.add("a", priority=1)

    with jobs.refused("CONFLICT", "ifVersion"):
        jobs.save_job({"kind": "build", "priority": 2}, job_id="a")
    with jobs.refused("CONFLICT", "ifVersion"):
        jobs.save_job({"priority": 2}, job_id="a", if_version=2)
    with jobs.refused("CONFLICT", "ifVersion"):
        jobs.save_job({"kind": "build"}, job_id="b", if_version=1)


def test_other_content_with_the_version_replaces_what_it_names(jobs: Jobs) -> None:
    jobs.add("a", priority=1, user_id="ada", run_after=jobs.clock.now_ms() + 5)
    jobs.clock.advance(1_000)

    saved = jobs.save_job({"priority": 2, "user_id": None, "run_after": 7}, job_id="a", if_version=1)

    assert (saved.created, saved.changed) == (False, True)
    job = jobs.get("a")
    assert (job.priority, job.user_id, job.run_after, job.version) == (2, None, 7, 2)
    assert job.updated_at == job.created_at + 1_000
    assert payloads(jobs.store, "job.saved")[1]["changed"] == ["userId", "priority", "runAfter"]


def test_an_idempotency_key_makes_one_job_of_its_kind(jobs: Jobs) -> None:
    first = jobs.save_job({"kind": "build", "idempotency_key": "once"}).job

    with jobs.unchanged():
        again = jobs.save_job({"kind": "build", "idempotency_key": "once"})
    assert again == (first, False, False)

    other_kind = jobs.save_job({"kind": "test", "idempotency_key": "once"})
    assert other_kind.created
    assert other_kind.job.id != first.id

    with jobs.refused("CONFLICT"):
        jobs.save_job({"kind": "build", "idempotency_key": "once", "command": "make"})
    changed = jobs.save_job({"kind": "build", "idempotency_key": "once", "command": "make"}, if_version=1)
    assert (changed.job.id, changed.job.version) == (first.id, 2)


def test_an_idempotency_key_cannot_be_that_of_another_job(jobs: Jobs) -> None:
    jobs.add("a", idempotency_key="once")
    jobs.add("b")

    with jobs.refused("BAD_USER_INPUT", "idempotencyKey"):
        jobs.add("c", idempotency_key="once")
    with jobs.refused("BAD_USER_INPUT", "idempotencyKey"):
        jobs.save_job({"idempotency_key": "once"}, job_id="b", if_version=1)
    assert jobs.add("a", idempotency_key="once").version == 1


def test_what_a_job_points_at_must_be_there(jobs: Jobs) -> None:
    with jobs.refused("NOT_FOUND", "constructId"):
        jobs.add("a", construct_id="nowhere")
    with jobs.refused("NOT_FOUND", "parentId"):
        jobs.add("a", parent_id="nobody")
    jobs.add("a")
    with jobs.refused("BAD_USER_INPUT", "parentId"):
        jobs.save_job({"parent_id": "a"}, job_id="a", if_version=1)
    with jobs.refused("NOT_FOUND", "constructId"):
        jobs.save_job({"construct_id": "nowhere"}, job_id="a", if_version=1)


def test_a_new_job_needs_a_kind_which_then_stays(jobs: Jobs) -> None:
    with jobs.refused("BAD_USER_INPUT", "kind"):
        jobs.save_job({"priority": 1}, job_id="a")
    jobs.add("a")
    with jobs.refused("BAD_USER_INPUT", "kind"):
        jobs.save_job({"kind": "test"}, job_id="a", if_version=1)


UNACCEPTABLE: list[tuple[str, dict[str, Any]]] = [
    ("kind", {"kind": ""}),
    ("kind", {"kind": "x" * 201}),
    ("userId", {"user_id": " ada"}),
    ("key", {"key": ""}),
    ("command", {"command": " "}),
    ("command", {"command": "x" * 10_001}),
    ("params", {"params": {"text": "x" * 262_144}}),
    ("params", {"params": [1]}),
    ("metadata", {"metadata": {"text": "x" * 65_536}}),
    ("metadata", {"metadata": {"n": 2**53}}),
    ("priority", {"priority": 10}),
    ("priority", {"priority": -1}),
    ("priority", {"priority": True}),
    ("maxAttempts", {"max_attempts": 0}),
    ("maxAttempts", {"max_attempts": 1_001}),
    ("onLapse", {"on_lapse": "SHRUG"}),
    ("runAfter", {"run_after": None}),
    ("runAfter", {"run_after": -1}),
    ("runAfter", {"run_after": 253_402_300_800_000}),
]


def test_a_value_that_is_not_acceptable_is_refused_by_its_name(jobs: Jobs) -> None:
    for field, content in UNACCEPTABLE:
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.save_job({"kind": "build", **content}, job_id="a")


def test_once_it_runs_only_the_metadata_of_a_job_can_be_changed(jobs: Jobs) -> None:
    jobs.run("RUNNING", max_attempts=1)
    for status in FINISHED:
        jobs.finish(status, status, max_attempts=1)

    for status in ("RUNNING", *FINISHED):
        with jobs.refused("ILLEGAL_TRANSITION"):
            jobs.save_job({"command": "make", "metadata": {"a": 1}}, job_id=status, if_version=1)
        job = jobs.save_job({"metadata": {"a": 1}}, job_id=status, if_version=1).job
        assert (job.metadata, job.version, job.status) == ('{"a":1}', 2, status)


def test_a_job_that_was_tried_keeps_an_attempt_to_come(jobs: Jobs) -> None:
    token = jobs.run("a", max_attempts=3).lease_token
    jobs.fail_job("a", token, "Not yet.", retry_after_ms=0)

    with jobs.refused("BAD_USER_INPUT", "maxAttempts"):
        jobs.save_job({"max_attempts": 1}, job_id="a", if_version=1)
    assert jobs.save_job({"max_attempts": 2}, job_id="a", if_version=1).job.max_attempts == 2


def test_a_job_that_is_not_there_is_not_found(jobs: Jobs) -> None:
    assert jobs.find_job("nobody") is None
    with jobs.refused("NOT_FOUND", "id"):
        jobs.get_job("nobody")
    with jobs.refused("NOT_FOUND", "jobId"):
        jobs.get_job("nobody", field="jobId")


def test_jobs_are_listed_by_id_in_the_order_that_is_asked_for(jobs: Jobs) -> None:
    a, b = jobs.add("a"), jobs.add("b")

    assert jobs.list_jobs_by_id(["b", "nobody", "a", "b"]) == [b, None, a, b]
    assert jobs.list_jobs_by_id([]) == []


def test_jobs_are_counted_by_kind_and_status(jobs: Jobs) -> None:
    assert jobs.count_jobs() == []
    jobs.add("a")
    jobs.add("b")
    jobs.run("c")
    jobs.add("d", "audit")

    assert jobs.count_jobs() == [("audit", "PENDING", 1), ("build", "PENDING", 2), ("build", "RUNNING", 1)]


def test_a_save_tells_what_it_changed_and_a_refused_one_nothing(jobs: Jobs) -> None:
    jobs.save_job({"kind": "build", "user_id": "ada", "project_id": "p"}, job_id="a")
    jobs.save_job({"command": "make"}, job_id="a", if_version=1)

    assert told(jobs.store, "job.saved") == [("job.saved", "a")] * 2
    first, second = payloads(jobs.store, "job.saved")
    assert first == {
        "kind": "build", "status": "PENDING", "userId": "ada", "projectId": "p", "parentId": None, "created": True,
        "version": 1, "replayOf": None, "scheduleId": None,
        "changed": ["userId", "projectId", "kind", "params", "priority", "maxAttempts", "onLapse", "metadata",
                    "runAfter"],
    }  # fmt: skip
    assert (second["created"], second["version"], second["changed"]) == (False, 2, ["command"])
