"""Who gets which job: order, what is due, limits by kind and key, and what a claim leaves behind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from plugins.jobs.driving import LEASE_MS, Jobs
from plugins.logged import payloads
from synthetic.testing import ManualClock, open_test_store
from synthetic_jobs import store as job_store


def claimed(jobs: Jobs, *kinds: str, limit: int = 100) -> list[str]:
    return [job.id for job in jobs.claim_jobs(list(kinds) or ["build"], "builder-1", limit=limit)]


def test_a_claim_gives_a_lease_with_a_token_and_begins_an_attempt(jobs: Jobs) -> None:
    jobs.add("a", user_id="user-1")
    jobs.clock.advance(5)
    now = jobs.clock.now_ms()

    (job,) = jobs.claim_jobs(["build"], "builder-1")

    assert job == jobs.get("a")
    assert (job.status, job.lease_owner, job.lease_token, job.attempts) == ("RUNNING", "builder-1", 1, 1)
    assert (job.lease_ms, job.lease_expires_at) == (LEASE_MS, now + LEASE_MS)
    assert (job.started_at, job.updated_at, job.version) == (now, now, 1)
    (attempt,) = jobs.attempts("a")
    assert attempt == ("a", 1, "builder-1", now, None, None, None)
    assert payloads(jobs.store, "job.status_changed") == [
        {
            "kind": "build", "status": "RUNNING", "userId": "user-1", "projectId": None, "parentId": None,
            "previousStatus": "PENDING", "progress": 0, "phase": None, "worker": "builder-1", "attempt": 1,
        }
    ]  # fmt: skip


def test_there_is_nothing_to_claim_twice_or_of_another_kind(jobs: Jobs) -> None:
    jobs.add("a")

    with jobs.unchanged():
        assert claimed(jobs, "test") == []
    assert claimed(jobs) == ["a"]
    with jobs.unchanged():
        assert claimed(jobs) == []


def test_the_most_urgent_is_claimed_first(jobs: Jobs) -> None:
    now = jobs.clock.now_ms()
    jobs.add("later", priority=5, run_after=now - 1)
    jobs.add("b", priority=5, run_after=now - 2)
    jobs.add("a", priority=5, run_after=now - 2)
    jobs.add("low", priority=0, run_after=0)
    jobs.add("high", priority=9, run_after=now)
    jobs.add("of another kind", "test", priority=5, run_after=now - 3)

    assert claimed(jobs, "build", "test") == ["high", "of another kind", "a", "b", "later", "low"]


def test_a_claim_takes_as_many_as_it_asks_for_in_order(jobs: Jobs) -> None:
    for number in range(5):
        jobs.add(f"a{number}", ("build", "test")[number % 2], priority=number % 3, run_after=number)

    assert claimed(jobs, "build", "test", limit=2) == ["a2", "a1"]
    assert claimed(jobs, "build", "test", limit=2) == ["a4", "a0"]
    assert claimed(jobs, "build", "test", limit=2) == ["a3"]


def test_what_is_not_due_waits_and_does_not_hold_up_what_is(jobs: Jobs) -> None:
    jobs.add("future", priority=9, run_after=jobs.clock.now_ms() + 1_000)
    jobs.add("now", priority=1)

    assert claimed(jobs) == ["now"]
    jobs.clock.advance(999)
    assert claimed(jobs) == []
    jobs.clock.advance(1)
    assert claimed(jobs) == ["future"]


def test_the_token_grows_with_each_claim_and_is_never_set_back(jobs: Jobs) -> None:
    tokens = [jobs.run("a", max_attempts=9).lease_token]
    for _ in range(3):
        jobs.update_job_status("a", "PENDING", lease_token=tokens[-1])
        tokens.append(jobs.claim_job("a", "builder-1").lease_token)
    jobs.cancel_job("a", force=True)
    jobs.retry_job("a")
    tokens.append(jobs.claim_jobs(["build"], "builder-1")[0].lease_token)

    assert tokens == [1, 2, 3, 4, 5]
    assert [number for _, number, _ in jobs.history("a")] == tokens
    assert jobs.get("a").started_at == jobs.attempts("a")[0].started_at


def test_a_limit_of_a_kind_holds_whoever_claims(jobs: Jobs) -> None:
    jobs.save_limit("build", 2, None)
    for number in range(4):
        jobs.add(f"a{number}")
        jobs.add(f"b{number}", "test")

    assert claimed(jobs, "build", limit=1) == ["a0"]
    assert claimed(jobs, "build", "test") == ["a1", "b0", "b1", "b2", "b3"]
    with jobs.unchanged():
        assert claimed(jobs) == []
    jobs.complete_job("a0", 1)
    assert claimed(jobs) == ["a2"]


def test_a_limit_of_0_pauses_a_kind_until_it_is_taken_away(jobs: Jobs) -> None:
    jobs.add("a")
    jobs.save_limit("build", 0, None)

    assert claimed(jobs) == []
    jobs.save_limit("build", None, None)
    assert claimed(jobs) == ["a"]


def test_a_limit_by_key_lets_other_keys_and_jobs_without_one_pass(jobs: Jobs) -> None:
    jobs.save_limit("build", None, 1)
    for id, key in (("a", "k1"), ("b", "k1"), ("c", "k2"), ("d", None), ("e", None), ("f", "k2")):
        jobs.add(id, key=key)
    jobs.run("of another kind", kind="test", key="k2")

    assert claimed(jobs, limit=3) == ["a", "c", "d"]
    assert claimed(jobs) == ["e"]
    jobs.complete_job("a", 1)
    assert claimed(jobs) == ["b"]


def test_both_limits_hold_at_once_across_priorities(jobs: Jobs) -> None:
    jobs.save_limit("build", 3, 2)
    for number in range(6):
        jobs.add(f"k{number}", key="k", priority=9 - number)
    jobs.add("other", key="l", priority=0)
    jobs.add("last", key="m", priority=0)

    assert claimed(jobs) == ["k0", "k1", "last"]
    keys = Counter(job.key for job in jobs.list_jobs_by_id(["k0", "k1", "last"]))
    assert keys == {"k": 2, "m": 1}


def test_a_limit_says_what_is_stored_and_tells_only_changes(jobs: Jobs) -> None:
    limit = jobs.save_limit("build", 2, 1)
    assert limit == ("build", 2, 1, jobs.clock.now_ms())
    jobs.clock.advance(5)
    with jobs.unchanged():
        assert jobs.save_limit("build", 2, 1) == limit
        assert jobs.save_limit("test", None, None) is None
    jobs.save_limit("audit", 0, None)
    assert [each.kind for each in jobs.list_limits()] == ["audit", "build"]
    assert jobs.save_limit("build", None, None) is None
    assert [each.kind for each in jobs.list_limits()] == ["audit"]
    assert payloads(jobs.store, "job_limit.saved") == [
        {"runningMax": 2, "runningPerKeyMax": 1},
        {"runningMax": 0, "runningPerKeyMax": None},
        {"runningMax": None, "runningPerKeyMax": None},
    ]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [("kind", ("", 1, 1)), ("runningMax", ("build", -1, None)), ("runningPerKeyMax", ("build", None, 0))],
)
def test_a_limit_that_makes_no_sense_is_refused(jobs: Jobs, field: str, arguments: tuple[str, int, int]) -> None:
    with jobs.refused("BAD_USER_INPUT", field):
        jobs.save_limit(*arguments)


def test_one_job_is_claimed_by_its_id_due_or_not_whatever_the_limits_say(jobs: Jobs) -> None:
    jobs.save_limit("build", 0, None)
    jobs.add("a", run_after=jobs.clock.now_ms() + 9_000)

    assert jobs.claim_job("a", "builder-1", lease_ms=500).lease_ms == 500
    with jobs.refused("ILLEGAL_TRANSITION"):
        jobs.claim_job("a", "builder-2")
    with jobs.refused("NOT_FOUND", "id"):
        jobs.claim_job("nobody", "builder-2")


def test_a_job_whose_lease_ran_out_is_claimed_at_once_by_its_id_or_kind(jobs: Jobs) -> None:
    jobs.run("a")
    jobs.run("b")
    jobs.clock.advance(LEASE_MS)

    assert jobs.claim_job("a", "builder-2").lease_token == 2
    assert claimed(jobs) == ["b"]
    assert jobs.history("a") == [("builder-1", 1, "LAPSED"), ("builder-2", 2, None)]


def test_a_claim_that_makes_no_sense_is_refused(jobs: Jobs) -> None:
    jobs.add("a")
    for field, arguments, named in (
        ("kinds", ([], "w"), {}),
        ("kinds", (["x"] * 101, "w"), {}),
        ("kinds", ([""], "w"), {}),
        ("worker", (["build"], ""), {}),
        ("limit", (["build"], "w"), {"limit": 0}),
        ("limit", (["build"], "w"), {"limit": 1_001}),
        ("leaseMs", (["build"], "w"), {"lease_ms": 99}),
        ("leaseMs", (["build"], "w"), {"lease_ms": 3_600_001}),
    ):
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.claim_jobs(*arguments, **named)


def test_a_claim_gets_no_more_than_the_settings_allow(data_dir: Path, clock: ManualClock) -> None:
    with open_test_store(data_dir, clock=clock, settings={"plugins.jobs.claim_jobs": "2"}) as store:
        jobs = Jobs(store, clock)
        for id in ("a", "b", "c"):
            jobs.add(id)
        assert claimed(jobs, limit=3) == ["a", "b"]


def test_only_so_many_attempts_of_a_job_are_kept(jobs: Jobs) -> None:
    kept = 100
    token = jobs.run("a").lease_token
    for _ in range(kept + 1):
        jobs.update_job_status("a", "PENDING", lease_token=token)
        token = jobs.claim_job("a", "builder-1").lease_token

    numbers = [number for _, number, _ in jobs.history("a")]
    assert numbers == list(range(3, kept + 3))
    assert jobs.list_attempts(["nobody", "a"])[0] == []


def test_a_backlog_of_a_busy_key_is_passed_over_once_by_a_claim_of_many(jobs: Jobs) -> None:
    jobs.save_limit("build", None, 1)
    for number in range(30):
        jobs.add(f"hot{number:02}", key="hot")
        jobs.clock.advance(1)
    for number in range(5):
        jobs.add(f"free{number}", key=f"k{number}")
    statements = 0

    def claim(tx) -> list[str]:
        nonlocal statements
        rows = tx.rows

        def counted(sql, *args):
            nonlocal statements
            statements += "run_after, id, key" in sql
            return rows(sql, *args)

        tx.rows = counted
        return [job.id for job in job_store.claim_jobs(tx, ["build"], "builder-1", limit=10)]

    assert jobs.store.write(claim) == ["hot00", "free0", "free1", "free2", "free3", "free4"]
    assert statements < 10
    assert jobs.claim_jobs(["build"], "builder-1", limit=10) == []


@pytest.mark.parametrize("settings", [{"plugins.jobs.claim_bytes": "1000"}])
def test_a_claim_hands_over_no_more_than_an_answer_holds_but_always_one(jobs: Jobs) -> None:
    for id in "abc":
        jobs.add(id, params={"text": "x" * 600})
    jobs.add("large", params={"text": "x" * 5_000}, priority=9)
    claimed = [[job.id for job in jobs.claim_jobs(["build"], "builder-1", limit=10)] for _ in range(3)]
    assert claimed == [["large"], ["a", "b"], ["c"]]


@pytest.mark.parametrize("settings", [{"plugins.jobs.claim_bytes": "1000"}])
def test_checkpoints_count_in_what_a_claim_hands_over(jobs: Jobs) -> None:
    for id in "ab":
        jobs.save_checkpoint(id, jobs.run(id).lease_token, "parse", "x" * 2_000)
        jobs.update_job_status(id, "PENDING", lease_token=1)
    assert [job.id for job in jobs.claim_jobs(["build"], "builder-1", limit=10)] == ["a"]


def test_whether_there_is_anything_to_claim_is_known_without_writing(jobs: Jobs) -> None:
    ask = lambda: jobs.store.read(job_store.is_anything_claimable, ["build"], "builder-1")  # noqa: E731 - asked often
    assert not ask()
    jobs.add("later", run_after=jobs.clock.now_ms() + 1_000)
    assert not ask()
    jobs.clock.advance(1_000)
    assert ask()
    jobs.save_limit("build", 0, None)
    assert not ask()
    jobs.save_limit("build", None, None)
    jobs.claim_jobs(["build"], "builder-1")
    assert not ask()
    jobs.clock.advance(LEASE_MS)
    assert ask()
