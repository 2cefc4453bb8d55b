"""The sums of agents: equal to those counted from the tables that the events are about, whatever happens."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random
from typing import Any

import pytest

from plugins.projections.agents.fleet import DAY_MS, MINUTE_MS, QUARTER_MS, START, Fleet
from synthetic import BlockingStore, delete_owned
from synthetic.testing import expect_data
from synthetic_jobs import store as jobs
from synthetic_projections.agents.model import AgentCounts, AgentRun
from synthetic_projections.agents.sketches import bin_of, change_sketch

RUN = f"SELECT {', '.join(AgentRun._fields)} FROM agent_runs WHERE run_id = :id"


def run_of(fleet: Fleet, id: str) -> AgentRun | None:
    fleet.fold()
    return fleet.store.read(lambda snapshot: snapshot.record(AgentRun, RUN, {"id": id}))


def counts_of(fleet: Fleet, agent: str, kind: str = "") -> dict[str, int]:
    """The sums of an agent over all time that are not 0; the days must say what the quarters do."""
    fleet.fold()
    names = AgentCounts._fields
    sums = ", ".join(f"sum({name})" for name in names)
    grains = [
        fleet.store.read(
            lambda snapshot, grain=grain: snapshot.row(
                f"SELECT {sums} FROM agent_metrics WHERE agent = :agent AND kind = :kind AND grain = :grain",
                {"agent": agent, "kind": kind, "grain": grain},
            )
        )
        for grain in ("QUARTER", "DAY")
    ]
    assert grains[0] == grains[1]
    return {name: value for name, value in zip(names, grains[0] or (), strict=True) if value}


def begins_of(fleet: Fleet, agent: str) -> list[tuple[str, int]]:
    fleet.fold()
    return fleet.store.read(
        lambda snapshot: snapshot.rows(
            "SELECT grain, begin_at FROM agent_metrics WHERE agent = :agent ORDER BY 1, 2", {"agent": agent}
        )
    )


def test_what_a_run_counts_itself_stands_in_the_same_order_in_the_sums():
    run = AgentRun("JOB", "j", "a", "k", "FAILED", 0, 5, None, 3, 0, *range(1, 13))
    assert run.counts._asdict() == {
        "runs": 1, "active": 0, "completed": 0, "failed": 1, "cancelled": 0, "duration_ms": 3,
        **dict(zip(AgentRun._fields[10:], range(1, 13), strict=True)),
    }  # fmt: skip


def test_a_session_counts_where_it_began_with_all_that_it_came_to(fleet: Fleet):
    began = START - 3 * DAY_MS + 5 * MINUTE_MS
    fleet.session("s1", agent="planner", started_at=began)
    fleet.spend("s1", 100, 20, 7, 3, response="r1")
    assert counts_of(fleet, "planner")["active"] == 1
    fleet.spend("s1", 110, 30, 7, 3, response="r1")
    fleet.session("s1", status="ENDED", ended_at=began + 90_000)
    assert counts_of(fleet, "planner") == {
        "runs": 1, "completed": 1, "input_tokens": 110, "output_tokens": 30, "cache_read_tokens": 7,
        "cache_write_tokens": 3, "duration_ms": 90_000,
    }  # fmt: skip
    quarter, day = began - 5 * MINUTE_MS, began - began % DAY_MS
    assert begins_of(fleet, "planner") == [("DAY", day), ("QUARTER", quarter)]


def test_a_session_that_gets_its_agent_later_takes_all_along(fleet: Fleet):
    fleet.ended("s2", "wrong-name", 1_000)
    fleet.spend("s2", 9, 8)
    fleet.ask("a-s2", session_id="s2")
    before = counts_of(fleet, "wrong-name")
    fleet.session("s2", agent="right-name")
    assert counts_of(fleet, "right-name") == before
    assert counts_of(fleet, "wrong-name") == {}
    groups = fleet.store.read(lambda snapshot: snapshot.rows("SELECT agent FROM agent_groups"))
    assert ("wrong-name",) not in groups
    assert ("right-name",) in groups


def test_a_session_that_goes_on_and_one_whose_start_is_found_to_be_earlier(fleet: Fleet):
    fleet.ended("s3", "resumed", 5_000, status="FAILED")
    assert counts_of(fleet, "resumed") == {"runs": 1, "failed": 1, "duration_ms": 5_000}
    fleet.session("s3", status="ACTIVE")
    assert counts_of(fleet, "resumed") == {"runs": 1, "active": 1}
    fleet.session("s3", status="ENDED", started_at=START - QUARTER_MS, ended_at=START)
    assert counts_of(fleet, "resumed") == {"runs": 1, "completed": 1, "duration_ms": QUARTER_MS}
    assert begins_of(fleet, "resumed")[1] == ("QUARTER", START - QUARTER_MS)


def test_a_cancelled_run_has_no_duration(fleet: Fleet):
    fleet.ended("s4", "stopped", 5_000, status="CANCELLED")
    assert counts_of(fleet, "stopped") == {"runs": 1, "cancelled": 1, "cancels": 1}


def test_a_job_counts_the_time_in_which_it_ran_for_whoever_had_it_last(fleet: Fleet):
    clock, token = fleet.clock, fleet.run("j1", "worker-a", "compile", max_attempts=3)
    clock.advance(1_000)
    fleet.write(jobs.fail_job, "j1", token, "It broke.", retry_after_ms=0)
    clock.advance(500_000)
    token = fleet.claim("j1", "worker-b")
    assert counts_of(fleet, "worker-a", "compile") == {}
    clock.advance(2_000)
    fleet.write(jobs.update_job_status, "j1", "WAITING", lease_token=token, waiting_for="a:1")
    clock.advance(900_000)
    fleet.write(jobs.resume_waiting_jobs, "a:1")
    token = fleet.claim("j1", "worker-b")
    clock.advance(4_000)
    fleet.write(jobs.complete_job, "j1", token)
    assert counts_of(fleet, "worker-b", "compile") == {
        "runs": 1, "completed": 1, "attempts": 3, "failed_attempts": 1, "duration_ms": 7_000,
    }  # fmt: skip


def test_what_people_do_about_a_job_is_counted(fleet: Fleet):
    token = fleet.run("j2", "worker-c", "deploy")
    for id, decision in (("a1", "APPROVED"), ("a2", "REJECTED"), ("a3", None)):
        fleet.ask(id, job_id="j2")
        if decision:
            fleet.decide(id, decision)
    fleet.write(jobs.cancel_job, "j2")
    fleet.write(jobs.fail_job, "j2", token, "Stopped.")
    fleet.write(jobs.retry_job, "j2")
    fleet.claim("j2", "worker-c")
    fleet.write(jobs.cancel_job, "j2", force=True)
    assert counts_of(fleet, "worker-c", "deploy") == {
        "runs": 1, "cancelled": 1, "attempts": 2, "failed_attempts": 1, "retries": 1, "cancels": 2,
        "approvals_requested": 3, "approvals_approved": 1, "approvals_rejected": 1,
    }  # fmt: skip


def test_a_job_that_nobody_has_claimed_is_no_run(fleet: Fleet):
    fleet.write(jobs.save_job, {"kind": "unclaimed"}, job_id="j3")
    fleet.write(jobs.cancel_job, "j3")
    assert run_of(fleet, "j3") is None


def test_a_clock_that_is_set_back_makes_no_negative_time(fleet: Fleet):
    token = fleet.run("j4", "worker-d", "clock")
    fleet.clock.jump(-5_000)
    fleet.write(jobs.complete_job, "j4", token)
    fleet.clock.jump(5_000)
    run = run_of(fleet, "j4")
    assert run is not None
    assert run.duration_ms == 0
    assert counts_of(fleet, "worker-d", "clock") == {"runs": 1, "completed": 1, "attempts": 1}


def test_what_was_done_stays_counted_when_the_run_is_deleted(fleet: Fleet):
    fleet.ended("s5", "deleted", 5_000)
    fleet.session("s6", agent="deleted", started_at=START)
    fleet.fold()
    delete_all(fleet.store, "s5", "s6")
    assert counts_of(fleet, "deleted") == {"runs": 2, "completed": 1, "cancelled": 1, "duration_ms": 5_000}
    assert run_of(fleet, "s5") is None


def delete_all(store: BlockingStore, *session_ids: str) -> None:
    for session_id in session_ids:
        delete_owned(store, "sessions", session_id)


def test_what_the_log_does_not_know_counts_for_nobody(fleet: Fleet):
    fleet.session("s7", agent="older-than-the-log")
    fleet.fold()
    fleet.store.write(lambda tx: tx.execute("DELETE FROM agent_runs WHERE run_id = 's7'"))
    before = fleet.rows()
    fleet.spend("s7", 5, 5)
    fleet.fold()
    assert fleet.rows() == before
    fleet.refold(Random(0))


def live(fleet: Fleet, life: int, steps: int) -> None:
    """Let agents work for a while, at random."""
    random = Random(life)
    agents, workers, kinds = ("planner-x", "coder-x", None), ("box-1", "box-2", "box-3"), ("build-x", "test-x")
    tokens: dict[str, int] = {}
    sessions: list[str] = []
    for step in range(steps):
        fleet.clock.advance(random.randrange(10 * MINUTE_MS))
        match random.randrange(9):
            case 0 | 1:
                sessions.append(f"live-{life}-s{step}")
                started_at = fleet.clock.now_ms() - random.randrange(2 * DAY_MS)
                fleet.session(sessions[-1], agent=random.choice(agents), started_at=started_at)
            case 2 if sessions:
                status = random.choice(("ENDED", "ENDED", "FAILED", "CANCELLED", "ACTIVE"))
                fleet.session(random.choice(sessions), status=status)
            case 3 if sessions:
                fleet.spend(random.choice(sessions), *(random.randrange(1_000) for _ in range(4)))
            case 4 | 5:
                tokens[f"live-{life}-j{step}"] = fleet.run(
                    f"live-{life}-j{step}", random.choice(workers), random.choice(kinds)
                )
            case 6 | 7 if tokens:
                end_attempt(fleet, random, tokens, workers)
            case 8 if sessions:
                fleet.ask(f"live-{life}-a{step}", session_id=random.choice(sessions))
                if random.random() < 0.7:
                    fleet.decide(f"live-{life}-a{step}", random.choice(("APPROVED", "REJECTED")))
            case _:
                pass


def end_attempt(fleet: Fleet, random: Random, tokens: dict[str, int], workers: tuple[str, ...]) -> None:
    id = random.choice(list(tokens))
    token = tokens.pop(id)
    match random.randrange(4):
        case 0:
            fleet.write(jobs.fail_job, id, token, "It broke.", retry_after_ms=0)
            tokens[id] = fleet.claim(id, random.choice(workers))
        case 1:
            fleet.write(jobs.fail_job, id, token, "It broke.", retryable=False)
            if random.random() < 0.5:
                fleet.write(jobs.retry_job, id)
                tokens[id] = fleet.claim(id, random.choice(workers))
        case 2:
            fleet.write(jobs.update_job_status, id, "PENDING", lease_token=token)
            tokens[id] = fleet.claim(id, random.choice(workers))
        case _:
            fleet.write(jobs.complete_job, id, token)


def counted(fleet: Fleet) -> dict[tuple[str, ...], dict[str, int]]:
    """The sums that the tables of sessions, jobs, transcripts and approvals tell, by group and quarter of an hour."""
    sums: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    bins: defaultdict[tuple[Any, ...], Counter[int]] = defaultdict(Counter)
    ended_as = {"ENDED": "completed", "COMPLETED": "completed", "FAILED": "failed", "CANCELLED": "cancelled"}

    def add(key: tuple[Any, ...], status: str, duration_ms: int | None, more: dict[str, int]) -> None:
        sums[key].update({"runs": 1, ended_as.get(status, "active"): 1, **more})
        if ended_as.get(status) in ("completed", "failed") and duration_ms is not None:
            sums[key]["duration_ms"] += duration_ms
            bins[key][bin_of(duration_ms)] += 1

    def read(snapshot) -> None:
        for id, agent, status, began, ended in snapshot.rows(
            "SELECT id, coalesce(agent, ''), status, started_at, ended_at FROM sessions WHERE id LIKE 'live-%'"
        ):
            tokens = snapshot.row(
                "SELECT sum(u.input_tokens), sum(u.output_tokens), sum(u.cache_read_tokens), sum(u.cache_write_tokens)"
                " FROM transcripts t JOIN transcript_usage u ON u.transcript_key = t.key WHERE t.session_id = :id",
                {"id": id},
            )
            asked = Counter(
                status
                for (status,) in snapshot.rows(
                    "SELECT status FROM pending_approvals WHERE session_id = :id", {"id": id}
                )
            )
            names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
            more = {name: value or 0 for name, value in zip(names, tokens, strict=True)}
            more |= {"approvals_requested": asked.total(), "approvals_approved": asked["APPROVED"]}
            more |= {"approvals_rejected": asked["REJECTED"]}
            key = ("SESSION", agent, "", began // QUARTER_MS * QUARTER_MS)
            add(key, status, None if ended is None else ended - began, more)
        for id, kind, status, retries in snapshot.rows(
            "SELECT id, kind, status, retries FROM sync_jobs WHERE id LIKE 'live-%'"
        ):
            attempts = snapshot.rows(
                "SELECT worker, started_at, ended_at, outcome FROM job_attempts WHERE job_id = :id ORDER BY number",
                {"id": id},
            )
            worked = sum(ended - began for _, began, ended, _ in attempts if ended is not None)
            failed = sum(outcome in ("FAILED", "LAPSED") for *_, outcome in attempts)
            more = {"attempts": len(attempts), "failed_attempts": failed, "retries": retries}
            key = ("JOB", attempts[-1][0], kind, attempts[0][1] // QUARTER_MS * QUARTER_MS)
            add(key, status, worked, more)

    fleet.store.read(read)
    return {
        key: {**{name: value for name, value in values.items() if value}, "durations": change_sketch("[]", bins[key])}
        for key, values in sums.items()
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_life_the_sums_are_those_of_the_tables_and_of_a_rebuild(fleet: Fleet, seed: int):
    live(fleet, seed, 120)
    fleet.fold()
    groups = ("planner-x", "coder-x", "", "box-1", "box-2", "box-3")
    columns = ("work", "agent", "kind", "begin_at", "durations", *AgentCounts._fields)
    rows = fleet.store.read(
        lambda snapshot: snapshot.rows(f"SELECT {', '.join(columns)} FROM agent_metrics WHERE grain = 'QUARTER'")
    )
    found = {
        row[:4]: {
            **{name: value for name, value in zip(columns[5:], row[5:], strict=True) if value},
            "durations": row[4],
        }
        for row in rows
        if row[1] in groups
    }
    for values in found.values():
        # Nobody has a table of them.
        values.pop("cancels", None)
    assert found == counted(fleet)
    folded = fleet.rows()
    fleet.refold(Random(seed))
    assert fleet.rows() == folded


def test_the_checks_find_a_row_that_was_altered_by_hand(fleet: Fleet):
    fleet.ended("s8", "checked", 5_000)
    fleet.fold()
    checks = "{ integrity { __typename } }"
    expect_data(fleet.store.graphql(checks))
    faults = {
        check.record.name: check.record.sql
        for check in fleet.store.kernel.registry.checks
        if check.plugin == "projections"
    }
    assert fleet.store.read(lambda snapshot: snapshot.rows(faults["agent_days"])) == []
    assert fleet.store.read(lambda snapshot: snapshot.rows(faults["agent_groups"])) == []
    fleet.store.write(
        lambda tx: tx.execute("UPDATE agent_metrics SET output_tokens = 77 WHERE agent = 'checked' AND grain = 'DAY'")
    )
    fleet.store.write(lambda tx: tx.execute("UPDATE agent_groups SET runs = 9 WHERE agent = 'checked'"))
    ((day, what),) = fleet.store.read(lambda snapshot: snapshot.rows(faults["agent_days"]))
    assert day.startswith("SESSION/checked//")
    assert "checked" in what
    assert [id for id, _ in fleet.store.read(lambda snapshot: snapshot.rows(faults["agent_groups"]))] == [
        "SESSION/checked/"
    ]
