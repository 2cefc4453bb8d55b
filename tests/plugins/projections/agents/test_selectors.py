"""What selectors give is enough: folded alone, the events behind a row make that row, and they find it."""

from __future__ import annotations

from typing import Any

from plugins.projections.agents.fleet import START, TABLES, Fleet
from synthetic.log.consumers.fold_state import FoldState
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.lineage import behind as behind_rows
from synthetic.log.lineage.behind import find_behind
from synthetic_constructs.store import save_construct
from synthetic_jobs import store as jobs

EMPTY = "__empty"


def lively(fleet: Fleet) -> None:
    """Sessions and jobs of several agents, with and without constructs, approvals and outliers."""
    fleet.write(save_construct, {"type": "task", "title": "A task"}, id="c1")
    for number in range(36):
        construct = {"construct_id": "c1"} if number % 2 else {}
        agent = ("planner", "coder")[number % 3 == 0]
        fleet.session(f"s{number}", agent=agent, started_at=START + number, **construct)
        fleet.spend(f"s{number}", 10 + number, 20 + number)
        fleet.session(f"s{number}", status="ENDED", ended_at=START + 60_000 + number)
    fleet.ended("s-long", "planner", 10**9)
    fleet.session("s3", agent="planner")
    fleet.session("s0", construct_id="c1")
    fleet.spend("s0", 5, 5)
    for number in range(22):
        token = fleet.run(f"j{number}", f"box-{number % 3}")
        fleet.clock.advance(1_000)
        if number == 5:
            fleet.ask("a5", job_id="j5", session_id="s5")
            fleet.decide("a5", "REJECTED")
            fleet.write(jobs.fail_job, "j5", token, "No.", retry_after_ms=0)
            token = fleet.claim("j5", "box-9")
        fleet.write(jobs.complete_job, f"j{number}", token)
    fleet.fold()


def test_the_events_behind_a_row_make_the_row_and_find_it(fleet: Fleet):
    lively(fleet)
    consumer = fleet.consumer

    def look(snapshot) -> dict[str, int]:
        seen: dict[str, int] = {}
        for table in consumer.tables:
            for row in snapshot.records(table.record, f"SELECT {', '.join(table.columns)} FROM {table.name}"):
                key = tuple(row[: len(table.key)])
                behind = find_behind(snapshot, consumer, table, key)
                assert not behind.has_more
                made = folded(snapshot, behind.events)
                assert made.get(table.record, *key) == row, (table.name, key)
                touched = consumer.record.selectors[table.name].touched
                state = consumer.state(snapshot)
                assert any(key in touched(state, event) for event in behind.events), (table.name, key)
                seen[table.name] = seen.get(table.name, 0) + 1
        return seen

    def folded(snapshot, events) -> FoldState:
        state: Any = FoldState(consumer.tables, snapshot, lambda name: f"{name}{EMPTY}", consumer.inputs.value)
        fold_in(consumer, state, events)
        return state

    def with_empty_tables(tx) -> dict[str, int]:
        for table in TABLES:
            tx.execute(f"CREATE TEMP TABLE {table}{EMPTY} AS SELECT * FROM {table} WHERE FALSE")
        try:
            return look(tx)
        finally:
            for table in TABLES:
                tx.execute(f"DROP TABLE temp.{table}{EMPTY}")

    seen = fleet.store.write(with_empty_tables)
    assert seen.keys() == set(TABLES)
    assert seen["agent_outliers"] >= 1


def test_what_others_do_is_neither_behind_a_row_nor_in_its_way(fleet: Fleet):
    for number, agent in enumerate(("loner", None, "crowd")):
        fleet.session(f"of-{number}", agent=agent, started_at=START)
        fleet.spend(f"of-{number}", 1, 2)
        fleet.ask(f"asked-{number}", session_id=f"of-{number}")
        fleet.session(f"of-{number}", agent=agent, status="ENDED", ended_at=START + 1_000)
    for number in range(20):
        fleet.session(f"crowded-{number}", agent="crowd", started_at=START)
        fleet.spend(f"crowded-{number}", 1, 2)
        fleet.ask(f"crowding-{number}", session_id=f"crowded-{number}")
    for id, worker in (("lone-job", "lone-box"), ("other-job", "other-box")):
        token = fleet.run(id, worker, kind="lonely" if id == "lone-job" else "else")
        fleet.ask(f"asked-{id}", job_id=id)
        fleet.write(jobs.complete_job, id, token)
    fleet.fold()
    consumer = fleet.consumer
    tables = {table.name: table for table in consumer.tables}

    def look(snapshot, name: str, key: tuple) -> set[str]:
        behind = find_behind(snapshot, consumer, tables[name], key, limit=8)
        assert not behind.has_more, (name, key)
        return {
            str(event.data().get("sessionId") or event.data().get("jobId") or event.entity_id) for event in behind[0]
        }

    for name, of_agent, of_kind in (
        ("agent_groups", ("loner", ""), ("lone-box", "lonely")),
        ("agent_windows", ("loner", "", "DURATION_MS"), ("", "lonely", "DURATION_MS")),
        ("agent_metrics", ("loner", "", "DAY", START), ("lone-box", "lonely", "DAY", START)),
    ):
        assert fleet.store.read(look, name, ("SESSION", *of_agent)) == {"of-0"}
        assert fleet.store.read(look, name, ("SESSION", "", *of_agent[1:])) >= {"of-1"}
        assert fleet.store.read(look, name, ("JOB", *of_kind)) == {"lone-job"}
    assert fleet.store.read(look, "agent_outliers", ("SESSION", "of-0", "DURATION_MS")) == {"of-0"}


def test_no_more_payloads_are_looked_into_than_is_right_for_one_row(fleet: Fleet, monkeypatch):
    fleet.ended("scanned", "scanner", 1_000)
    fleet.fold()
    consumer = fleet.consumer
    table = next(table for table in consumer.tables if table.name == "agent_groups")
    key = ("SESSION", "scanner", "")
    assert not fleet.store.read(lambda snapshot: find_behind(snapshot, consumer, table, key)).has_more
    monkeypatch.setattr(behind_rows, "SCANNED_MAX", 1)
    assert fleet.store.read(lambda snapshot: find_behind(snapshot, consumer, table, key)).has_more
