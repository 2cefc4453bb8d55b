"""When a schedule makes a job: once for each instant, as its policies say, whoever looks and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.jobs.driving import Jobs
from plugins.logged import payloads
from synthetic import delete_owned, from_json, iso_from_ms
from synthetic.testing import ManualClock, open_test_store
from synthetic_jobs.model import Job
from synthetic_jobs.schedule_model import MissedPolicy, OverlapPolicy
from synthetic_jobs.services import fire as step

HOUR_MS = 3_600_000
GRACE_MS = 60_000


def save(jobs: Jobs, id: str = "s", **content: Any) -> int:
    """A schedule of an hour's interval unless it says otherwise; its first instant."""
    content = {"every_ms": HOUR_MS, "job": {"kind": "build"}, **content}
    return jobs.save_schedule(content, schedule_id=id).schedule.next_at


def fire(jobs: Jobs) -> list[int]:
    """Step as the service does, until nothing is due; what each step returned."""
    steps = []
    while done := step(jobs.store):
        steps.append(done)
    return steps


def made(jobs: Jobs, id: str = "s") -> list[Job]:
    """The jobs of a schedule in the order in which they were made."""
    found = [jobs.get(each["jobId"]) for each in payloads(jobs.store, "job_schedule.fired")]
    return [job for job in found if job.schedule_id == id]


def scheduled_for(jobs: Jobs, id: str = "s") -> list[str]:
    return [from_json(job.metadata)["scheduledFor"] for job in made(jobs, id)]


def test_a_job_is_made_at_its_instant_and_not_before(jobs: Jobs) -> None:
    content = {"kind": "build", "priority": 7, "params": {"a": 1}, "metadata": {"team": "t"}, "max_attempts": 2}
    at = save(jobs, job=content)
    jobs.clock.advance(HOUR_MS - 1)
    with jobs.unchanged():
        assert fire(jobs) == []
    jobs.clock.advance(1)

    assert fire(jobs) == [1]

    (job,) = made(jobs)
    assert (job.kind, job.priority, job.params, job.max_attempts) == ("build", 7, '{"a":1}', 2)
    assert (job.status, job.schedule_id, job.run_after) == ("PENDING", "s", at)
    assert from_json(job.metadata) == {"team": "t", "scheduledFor": iso_from_ms(at)}
    schedule = jobs.get_schedule("s")
    assert (schedule.next_at, schedule.last_at, schedule.last_job_id) == (at + HOUR_MS, at, job.id)
    assert schedule.version == 1
    assert payloads(jobs.store, "job_schedule.fired") == [{"kind": "build", "jobId": job.id, "at": iso_from_ms(at)}]
    assert payloads(jobs.store, "job.saved")[-1]["scheduleId"] == "s"
    with jobs.unchanged():
        assert fire(jobs) == []


def test_an_interval_does_not_drift_though_every_look_comes_late(jobs: Jobs) -> None:
    first = save(jobs)
    for late_ms in (1, 999, 59_999, 3):
        jobs.clock.jump(jobs.get_schedule("s").next_at - jobs.clock.now_ms() + late_ms)
        assert fire(jobs) == [1]

    assert scheduled_for(jobs) == [iso_from_ms(first + number * HOUR_MS) for number in range(4)]


def test_a_schedule_begins_when_it_is_told_to(jobs: Jobs) -> None:
    start = jobs.clock.now_ms() + 5_000
    assert save(jobs, starts_at=start) == start
    assert save(jobs, "cron", every_ms=None, cron="0 * * * *", starts_at=1_800_003_600_000) == 1_800_003_600_000


@pytest.mark.parametrize(
    ("missed", "jobs_made", "skipped"),
    [
        (MissedPolicy.ONCE, [0], []),
        (MissedPolicy.ALL, [0, 1, 2, 3], []),
        (MissedPolicy.SKIP, [], ["MISSED"]),
    ],
)
def test_what_passed_while_nothing_looked_goes_by_policy(
    jobs: Jobs, missed: MissedPolicy, jobs_made: list[int], skipped: list[str]
) -> None:
    first = save(jobs, missed=missed)
    jobs.clock.advance(4 * HOUR_MS + 2 * GRACE_MS)

    fire(jobs)

    assert scheduled_for(jobs) == [iso_from_ms(first + number * HOUR_MS) for number in jobs_made]
    assert [each["reason"] for each in payloads(jobs.store, "job_schedule.skipped")] == skipped
    assert jobs.get_schedule("s").next_at == first + 4 * HOUR_MS


def test_an_instant_of_the_last_minute_has_not_been_missed(jobs: Jobs) -> None:
    """Also where those before it were."""
    first = save(jobs, missed=MissedPolicy.SKIP)
    jobs.clock.advance(HOUR_MS + GRACE_MS - 1)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first)]

    jobs.clock.advance(3 * HOUR_MS)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first), iso_from_ms(first + 3 * HOUR_MS)]
    (event,) = payloads(jobs.store, "job_schedule.skipped")
    assert event == {
        "kind": "build", "reason": "MISSED", "from": iso_from_ms(first + HOUR_MS),
        "nextAt": iso_from_ms(first + 3 * HOUR_MS),
    }  # fmt: skip


def test_making_up_for_many_instants_takes_several_small_steps_and_ends_with_the_latest(jobs: Jobs) -> None:
    first = save(jobs, every_ms=60_000, missed=MissedPolicy.ALL)
    jobs.clock.advance(130 * 60_000)

    step(jobs.store)
    assert len(made(jobs)) == 50
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first + number * 60_000) for number in range(30, 130)]
    assert payloads(jobs.store, "job_schedule.skipped") == [
        {"kind": "build", "reason": "MISSED", "from": iso_from_ms(first), "nextAt": iso_from_ms(first + 30 * 60_000)}
    ]


def test_instants_in_a_row_that_one_job_holds_up_are_told_once(jobs: Jobs) -> None:
    save(jobs, every_ms=1_000, missed=MissedPolicy.ALL, overlap=OverlapPolicy.SKIP)
    jobs.clock.advance(HOUR_MS)
    assert len(fire(jobs)) == 1
    for _ in range(3):
        jobs.clock.advance(1_000)
        fire(jobs)
    assert len(made(jobs)) == 1
    assert [each["reason"] for each in payloads(jobs.store, "job_schedule.skipped")] == ["MISSED", "OVERLAP"]

    jobs.cancel_job(made(jobs)[0].id)
    jobs.clock.advance(1_000)
    fire(jobs)
    jobs.clock.advance(1_000)
    fire(jobs)
    assert len(made(jobs)) == 2
    assert len(payloads(jobs.store, "job_schedule.skipped")) == 3


def test_a_schedule_with_which_something_is_wrong_is_paused_and_the_others_have_their_turn(jobs: Jobs) -> None:
    for id in ("a", "b", "c"):
        save(jobs, id)
    wrong = "UPDATE job_schedules SET cron = '0 * * * *', every_ms = NULL, timezone = 'Moved/Away' WHERE id = 'a'"
    jobs.store.write(lambda tx: tx.execute(wrong))
    jobs.store.write(lambda tx: tx.execute("UPDATE job_schedules SET job = '{\"kind\": 5.5, \"x\": 1}' WHERE id = 'b'"))
    jobs.clock.advance(HOUR_MS)

    assert fire(jobs) == [3]
    assert jobs.get_schedule("c").last_at == jobs.clock.now_ms()
    reasons = [jobs.get_schedule(id).pause_reason for id in ("a", "b", "c")]
    assert "IANA time zone" in reasons[0]
    assert "unexpected" in reasons[1]
    assert reasons[2] is None
    assert jobs.get_schedule("a").paused_at == jobs.clock.now_ms()
    told = payloads(jobs.store, "job_schedule.saved")[-2:]
    assert {each["pauseReason"] for each in told} == set(reasons[:2])
    with jobs.refused("BAD_USER_INPUT", "timezone"):
        jobs.resume_schedule("a")
    jobs.save_schedule({"timezone": "UTC"}, schedule_id="a", if_version=1)
    resumed = jobs.resume_schedule("a")
    assert (resumed.paused_at, resumed.pause_reason) == (None, None)


def test_jobs_are_made_without_a_parent_that_is_gone(jobs: Jobs) -> None:
    jobs.finish("parent")
    save(jobs, job={"kind": "build", "parent_id": "parent"})
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    jobs.store.write(lambda tx: tx.execute("DELETE FROM job_attempts"))
    jobs.store.write(lambda tx: tx.execute("DELETE FROM sync_jobs WHERE id = 'parent'"))
    jobs.clock.advance(HOUR_MS)
    fire(jobs)

    assert [job.parent_id for job in made(jobs)] == ["parent", None]
    assert jobs.run_schedule("s").parent_id is None


def test_a_job_that_has_not_finished_holds_the_next_up_where_that_matters(jobs: Jobs) -> None:
    first = save(jobs, overlap=OverlapPolicy.SKIP)
    save(jobs, "freely")
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    jobs.clock.advance(HOUR_MS)
    fire(jobs)

    assert (len(made(jobs)), len(made(jobs, "freely"))) == (1, 2)
    assert [each["reason"] for each in payloads(jobs.store, "job_schedule.skipped")] == ["OVERLAP"]
    schedule = jobs.get_schedule("s")
    assert (schedule.next_at, schedule.last_at) == (first + 2 * HOUR_MS, first)
    jobs.cancel_job(made(jobs)[0].id)
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first), iso_from_ms(first + 2 * HOUR_MS)]


def test_a_schedule_runs_now_without_losing_its_turn_even_paused(jobs: Jobs) -> None:
    first = save(jobs)
    jobs.pause_schedule("s")
    jobs.clock.advance(5)

    job = jobs.run_schedule("s")

    assert (job.schedule_id, from_json(job.metadata)["scheduledFor"]) == ("s", iso_from_ms(jobs.clock.now_ms()))
    schedule = jobs.get_schedule("s")
    assert (schedule.next_at, schedule.last_at, schedule.last_job_id) == (first, jobs.clock.now_ms(), job.id)
    assert schedule.paused_at is not None


def test_a_schedule_whose_construct_was_deleted_is_passed_over_and_the_others_have_their_turn(jobs: Jobs) -> None:
    jobs.construct("c")
    save(jobs, "a", job={"kind": "build", "construct_id": "c"})
    save(jobs, "b")
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    delete_owned(jobs.store, "constructs", "c")
    jobs.clock.advance(HOUR_MS)

    assert fire(jobs) == [2]

    (event,) = payloads(jobs.store, "job_schedule.skipped")
    assert event["reason"] == "NOT_FOUND"
    assert jobs.get_schedule("a").next_at > jobs.clock.now_ms()
    assert jobs.get_schedule("b").last_at == jobs.clock.now_ms()
    with jobs.refused("NOT_FOUND", "constructId"):
        jobs.run_schedule("a")


def test_a_clock_that_is_set_back_fires_nothing_twice(jobs: Jobs) -> None:
    first = save(jobs)
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    jobs.clock.jump(-HOUR_MS)
    fire(jobs)
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first)]
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(first), iso_from_ms(first + HOUR_MS)]


@pytest.mark.parametrize("timing", [{}, {"every_ms": None, "cron": "0 * * * *"}])
def test_a_schedule_goes_on_when_a_clock_that_ran_ahead_is_corrected(jobs: Jobs, timing: dict[str, Any]) -> None:
    days_ms = 30 * 24 * HOUR_MS
    jobs.clock.jump(days_ms)
    ahead = save(jobs, **timing)
    later = save(jobs, "later", starts_at=ahead + HOUR_MS)
    jobs.clock.jump(-days_ms)

    assert fire(jobs) == [2]
    assert jobs.get_schedule("s").next_at == ahead - days_ms
    assert jobs.get_schedule("later").next_at == later
    moved = {"kind": "build", "from": iso_from_ms(ahead), "nextAt": iso_from_ms(ahead - days_ms)}
    assert payloads(jobs.store, "job_schedule.moved") == [moved]
    jobs.clock.advance(HOUR_MS)
    fire(jobs)
    assert scheduled_for(jobs) == [iso_from_ms(ahead - days_ms)]


def test_a_job_that_a_wrong_clock_made_far_ahead_is_not_waited_for(jobs: Jobs) -> None:
    first = save(jobs)
    for ahead_ms in (30 * 24 * HOUR_MS, HOUR_MS, -30 * 24 * HOUR_MS):
        jobs.clock.jump(ahead_ms)
        fire(jobs)
    assert jobs.get_schedule("s").next_at == first + HOUR_MS


def test_what_is_due_is_seen_to_the_longest_due_first(jobs: Jobs) -> None:
    for number in range(3):
        save(jobs, f"s{number}", starts_at=jobs.clock.now_ms() + 3 - number)
    jobs.clock.advance(5)

    assert jobs.list_due_schedules(2) == ["s2", "s1"]
    assert fire(jobs) == [3]


def test_two_processes_on_one_store_make_each_job_once(data_dir: Path, clock: ManualClock, jobs: Jobs) -> None:
    first = save(jobs)
    with open_test_store(data_dir, clock=clock) as second:
        other = Jobs(second, clock)
        for number in range(5):
            clock.advance(HOUR_MS)
            sooner, later = (jobs, other) if number % 2 else (other, jobs)
            assert (step(sooner.store), step(later.store)) == (1, 0)
    assert scheduled_for(jobs) == [iso_from_ms(first + number * HOUR_MS) for number in range(5)]
