"""Where queries run: what brings a plan onto the event loop, and what takes it off again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic.database.database import Database
from synthetic.database.in_place_connection import OverBudget
from synthetic.database.interruption import Interruption
from synthetic.graphql import placement, placer
from synthetic.graphql.placement import (
    COST_GROWTH,
    COST_MAX,
    LATE_PAUSES,
    OVERRUN_PAUSES,
    SHORT_RUNS,
    Placement,
)
from synthetic.graphql.placer import Placer
from synthetic.metrics import Metrics
from synthetic.store import Store
from synthetic.testing import ManualClock, copy_template, open_test_store

LONG = 1.0
SHORT = placement.SHORT_SECONDS
COST = 100


def proven(cost: int = COST) -> Placement:
    """A plan whose runs in the pool were short."""
    plan = Placement()
    for _ in range(SHORT_RUNS):
        plan.ran_in_pool(cost, SHORT)
    return plan


def test_a_plan_begins_in_the_pool_and_leaves_it_once_it_was_seen_to_be_short():
    plan = Placement()
    for _ in range(SHORT_RUNS):
        assert not plan.is_in_place(COST, 0)
        plan.ran_in_pool(COST, SHORT)
    assert plan.is_in_place(COST, 0)


def test_a_plan_that_takes_long_stays_in_the_pool():
    plan = Placement()
    for _ in range(10):
        plan.ran_in_pool(COST, LONG)
        assert not plan.is_in_place(COST, 0)


def test_a_long_run_takes_back_what_short_ones_have_shown():
    plan = proven()
    plan.ran_in_pool(COST, LONG)
    assert not plan.is_in_place(COST, 0)
    plan.ran_in_pool(COST, SHORT)
    assert not plan.is_in_place(COST, 0)
    plan.ran_in_pool(COST, SHORT)
    assert plan.is_in_place(COST, 0)


def test_a_run_in_the_pool_that_waited_for_the_disk_shows_nothing():
    plan = Placement()
    for _ in range(SHORT_RUNS):
        plan.ran_in_pool(COST, SHORT, 2 * placement.READING_SECONDS_MAX)
    assert not plan.is_in_place(COST, 0)
    plan = proven()
    plan.ran_in_pool(COST, SHORT, 2 * placement.READING_SECONDS_MAX)
    assert plan.is_in_place(COST, 0)


def test_a_request_that_costs_much_more_than_was_seen_runs_in_the_pool_and_shows_more_there():
    plan = proven(10)
    assert plan.is_in_place(10 * COST_GROWTH, 0)
    assert not plan.is_in_place(10 * COST_GROWTH + 1, 0)
    plan.ran_in_pool(500, LONG)
    assert plan.is_in_place(10, 0)
    plan.ran_in_pool(500, SHORT)
    assert plan.is_in_place(500, 0)
    plan.ran_in_place(500 * COST_GROWTH, SHORT)
    assert plan.is_in_place(COST_MAX, 0)


def test_a_large_estimate_has_to_be_seen_to_be_short_itself():
    plan = proven(COST_MAX)
    assert plan.is_in_place(COST_MAX, 0)
    assert not plan.is_in_place(COST_MAX + 1, 0)
    plan.ran_in_pool(COST_MAX + 1, LONG)
    assert plan.is_in_place(COST_MAX, 0), "what is said of more says nothing of less"
    plan.ran_in_pool(50 * COST_MAX, SHORT)
    assert plan.is_in_place(50 * COST_MAX, 0)
    assert not plan.is_in_place(50 * COST_MAX + 1, 0)
    plan.ran_in_pool(50 * COST_MAX, LONG)
    assert not plan.is_in_place(1, 0)


def test_a_plan_that_may_not_run_in_place_does_not():
    plan = Placement(is_allowed=False)
    for _ in range(SHORT_RUNS):
        plan.ran_in_pool(COST, SHORT)
    assert not plan.is_in_place(COST, 0)


def test_a_plan_that_computes_for_too_long_each_time_goes_to_the_pool():
    plan = proven()
    for _ in range(placement.LATE_RUNS_MAX):
        assert plan.is_in_place(COST, 0)
        plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=False, was_cut=False)
    assert not plan.is_in_place(COST, LATE_PAUSES.first)


def test_a_plan_that_computes_for_too_long_now_and_then_stays_in_place():
    """The collector, or whoever else has the processor for a while, comes to every plan."""
    plan = proven()
    for _ in range(20):
        plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=False, was_cut=False)
        plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=False, was_cut=False)
        assert plan.is_in_place(COST, 0)
        for _ in range(2 * placement.RUNS_FOR_A_LATE_ONE):
            plan.ran_in_place(COST, SHORT)


def test_a_plan_that_was_kept_waiting_is_forgiven_unless_that_happens_again_and_again():
    plan = proven()
    for _ in range(10):
        plan.was_late(0.0001, 0, waited_for_disk=True, was_cut=False)
        plan.was_late(placement.SHORT_SECONDS, 0, waited_for_disk=True, was_cut=False)
        assert plan.is_in_place(COST, 0)
        for _ in range(2 * placement.RUNS_FOR_A_LATE_ONE):
            plan.ran_in_place(COST, SHORT)
    for _ in range(placement.LATE_RUNS_MAX):
        assert plan.is_in_place(COST, 0)
        plan.was_late(0.0001, 0, waited_for_disk=True, was_cut=False)
    for _ in range(SHORT_RUNS):
        plan.ran_in_pool(COST, SHORT)
    assert not plan.is_in_place(COST, LATE_PAUSES.first - 1)
    assert plan.is_in_place(COST, LATE_PAUSES.first)


def pauses_of(plan: Placement, now: float, times: int, bring: Callable[[float], None], step: int) -> list[int]:
    """How long a plan that has something against it, so many times, stays in the pool each time, in steps."""
    pauses: list[int] = []
    for _ in range(times):
        bring(now)
        for _ in range(SHORT_RUNS):
            plan.ran_in_pool(COST, SHORT)
        pause = step
        while not plan.is_in_place(COST, now + pause):
            assert not plan.is_in_place(COST, now + pause - step / 2)
            pause += step
        pauses.append(pause)
        now += pause
    return pauses


def test_a_plan_that_overran_stays_in_the_pool_for_ten_minutes_and_each_time_for_twice_as_long():
    plan = Placement()
    pauses = pauses_of(plan, 1_000.0, 8, plan.overran, 60)
    assert pauses == [600, 1_200, 2_400, 4_800, 9_600, 19_200, 21_600, 21_600]
    later = 1_000.0 + sum(pauses) + OVERRUN_PAUSES.longest
    assert pauses_of(plan, later + 1, 1, plan.overran, 60) == [600]


def test_a_plan_that_was_only_kept_waiting_comes_back_sooner():
    plan = Placement()

    def keep_waiting(now: float) -> None:
        for _ in range(placement.LATE_RUNS_MAX):
            plan.was_late(0.0001, now, waited_for_disk=True, was_cut=False)

    pauses = pauses_of(plan, 1_000.0, 10, keep_waiting, 10)
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1_280, 1_800, 1_800]
    assert pauses_of(plan, 1_000.0 + sum(pauses), 1, plan.overran, 60) == [3_600]


def test_a_run_that_is_cut_short_in_time_counts_less():
    plan = proven()
    for _ in range(3 * placement.LATE_RUNS_MAX):
        plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=False, was_cut=True)
        for _ in range(placement.RUNS_FOR_A_CUT_ONE):
            plan.ran_in_place(COST, SHORT)
    assert plan.is_in_place(COST, 0)
    runs = 0
    while plan.is_in_place(COST, 0):
        plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=False, was_cut=True)
        runs += 1
    assert runs > placement.LATE_RUNS_MAX


def test_a_run_that_used_up_its_steps_and_was_late_as_well_is_held_against_its_plan_once():
    plan = Placement()
    plan.was_late(placer.CUT_SECONDS, 0, waited_for_disk=True, was_cut=False)
    plan.overran(0)
    for _ in range(SHORT_RUNS):
        plan.ran_in_pool(COST, SHORT)
    assert not plan.is_in_place(COST, OVERRUN_PAUSES.first - 1)
    assert plan.is_in_place(COST, OVERRUN_PAUSES.first)


def test_after_its_pause_a_plan_has_to_show_again_that_it_is_short():
    plan = proven()
    plan.overran(0)
    assert not plan.is_in_place(COST, OVERRUN_PAUSES.first)
    plan.ran_in_pool(COST, SHORT)
    plan.ran_in_pool(COST, SHORT)
    assert plan.is_in_place(COST, OVERRUN_PAUSES.first)


class Queries:
    """A placer on a store, with a clock that only the queries move."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.database: Database = store.kernel.database
        self.metrics: Metrics = store.kernel.metrics
        self.clock = clock
        self.computed = 0.0
        self.disk_reads = 0
        self.placer = Placer(self.database, clock, self.metrics, lambda: self.computed, lambda: self.disk_reads)

    async def run(self, plan: Placement, function: Any, cost: int = COST) -> Any:
        return await self.placer.read(plan, cost, function, interruption=Interruption(self.clock))

    def counted(self, name: str) -> dict[str, float]:
        """The values of one of the metrics, by their label."""
        (family,) = [each for each in self.metrics.places.collect() if each.name == name]
        samples = [sample for sample in family.samples if sample.name.endswith("_total")]
        return {next(iter(sample.labels.values()), ""): sample.value for sample in samples}


@pytest.fixture
def queries(template: Path, tmp_path: Path) -> Iterator[Queries]:
    clock = ManualClock()
    with open_test_store(copy_template(template, tmp_path / "store"), clock=clock) as store:
        yield Queries(store, clock)


def where(snapshot: Any) -> str:
    """In which thread it runs."""
    snapshot.value("SELECT 1")
    return "in place" if threading.current_thread() is threading.main_thread() else "pool"


def endless_in_place(snapshot: Any) -> str:
    """What is short in the pool, and too long on the event loop."""
    place = where(snapshot)
    if place == "in place":
        snapshot.value("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")
    return place


@pytest.mark.anyio
async def test_a_query_runs_in_the_pool_until_it_was_short_twice_and_then_in_place(queries: Queries):
    plan = Placement()
    assert [await queries.run(plan, where) for _ in range(4)] == ["pool", "pool", "in place", "in place"]
    assert await queries.run(plan, where, COST_MAX + 1) == "pool"
    assert queries.counted("synthetic_queries") == {"in_place": 2, "pool": 3}
    assert queries.counted("synthetic_query_restarts") == {"over_budget": 0, "late": 0, "locked": 0, "in_use": 0}


@pytest.mark.anyio
async def test_a_query_that_is_slow_in_the_pool_stays_there(queries: Queries):
    def slow(snapshot: Any) -> str:
        queries.clock.advance(12)
        queries.computed += 0.012
        return where(snapshot)

    plan = Placement()
    assert {await queries.run(plan, slow) for _ in range(5)} == {"pool"}


@pytest.mark.anyio
async def test_a_query_that_waited_for_others_in_the_pool_was_short(queries: Queries):
    def waiting(snapshot: Any) -> str:
        queries.clock.advance(30)
        return where(snapshot)

    plan = Placement()
    assert [await queries.run(plan, waiting) for _ in range(2)] == ["pool", "pool"]
    assert await queries.run(plan, where) == "in place"


@pytest.mark.anyio
async def test_a_query_that_waits_for_the_disk_in_the_pool_stays_there_until_it_is_cached(queries: Queries):
    def reading(snapshot: Any) -> str:
        queries.clock.advance(30)
        queries.disk_reads += 8
        return where(snapshot)

    plan = Placement()
    assert {await queries.run(plan, reading) for _ in range(4)} == {"pool"}
    assert [await queries.run(plan, where) for _ in range(3)] == ["pool", "pool", "in place"]


@pytest.mark.anyio
async def test_a_query_over_its_budget_is_answered_by_the_pool_and_not_tried_in_place_again(queries: Queries):
    plan = proven()
    assert [await queries.run(plan, endless_in_place) for _ in range(4)] == ["pool"] * 4
    assert queries.counted("synthetic_query_restarts")["over_budget"] == 1
    assert queries.counted("synthetic_queries") == {"in_place": 0, "pool": 4}
    queries.clock.advance(round(OVERRUN_PAUSES.first * 1_000))
    assert await queries.run(plan, where) == "in place"


@pytest.mark.anyio
async def test_a_query_that_decodes_too_many_bytes_is_answered_by_the_pool_and_stays_there(queries: Queries):
    def decode(snapshot: Any, size_bytes: int) -> str:
        place = where(snapshot)
        for _ in range(8):
            snapshot.spend(size_bytes // 8)
        return place

    plan = proven()
    assert await queries.run(plan, lambda snapshot: decode(snapshot, placer.BYTES_MAX)) == "in place"
    assert await queries.run(plan, lambda snapshot: decode(snapshot, placer.BYTES_MAX)) == "in place"
    assert await queries.run(plan, lambda snapshot: decode(snapshot, placer.BYTES_MAX + 8)) == "pool"
    assert queries.counted("synthetic_query_restarts")["over_budget"] == 1
    assert await queries.run(plan, where) == "pool"


def taking(queries: Queries, ms: float, computing_ms: int, *, rows: bool = False, disk_reads: int = 0) -> Any:
    """A query that takes so long in place, of which it computes so long."""

    def function(snapshot: Any) -> str:
        place = where(snapshot)
        if place == "in place":
            queries.clock.advance(ms)
            queries.computed += computing_ms / 1_000
            queries.disk_reads += disk_reads
            if rows:
                snapshot.rows(
                    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 50) SELECT n FROM c"
                )
        return place

    return function


@pytest.mark.anyio
async def test_a_query_that_is_answered_too_late_in_place_goes_to_the_pool(queries: Queries):
    plan, slow = proven(), taking(queries, 6, 6)
    assert [await queries.run(plan, slow) for _ in range(5)] == ["in place"] * 3 + ["pool"] * 2
    assert set(queries.counted("synthetic_query_restarts").values()) == {0}
    (held,) = [each for each in queries.metrics.places.collect() if each.name == "synthetic_in_place_seconds"]
    by_bound = {sample.labels.get("le"): sample.value for sample in held.samples if sample.name.endswith("_bucket")}
    assert (by_bound["0.005"], by_bound["0.0075"], by_bound["+Inf"]) == (0, 3, 3)
    assert [sample.value for sample in held.samples if sample.name.endswith("_sum")] == [pytest.approx(0.018)]


@pytest.mark.anyio
@pytest.mark.parametrize(("ms", "late_runs"), [(6, placement.LATE_RUNS_MAX), (4.5, 9)])
async def test_a_query_that_is_late_by_its_own_work_is_cut_short_and_goes_to_the_pool(queries, ms, late_runs):
    plan, slow = proven(), taking(queries, ms, 4, rows=True)
    assert [await queries.run(plan, slow) for _ in range(12)] == ["pool"] * 12
    assert queries.counted("synthetic_query_restarts")["late"] == late_runs


@pytest.mark.anyio
async def test_a_query_that_was_kept_waiting_once_runs_in_place_the_next_time(queries: Queries):
    plan, waiting = proven(), taking(queries, 20, 0, rows=True, disk_reads=8)
    assert await queries.run(plan, waiting) == "pool"
    assert await queries.run(plan, where) == "in place"
    assert [await queries.run(plan, waiting) for _ in range(3)] == ["pool"] * 3
    assert queries.counted("synthetic_query_restarts")["late"] == placement.LATE_RUNS_MAX
    assert await queries.run(plan, taking(queries, 0, 0)) == "pool"


@pytest.mark.anyio
async def test_a_query_that_waits_for_no_disk_is_sent_to_the_pool_only_if_it_is_late_nearly_always(queries: Queries):
    late, in_time = taking(queries, 20, 0), taking(queries, 1, 0)
    plan = proven()
    places = [await queries.run(plan, late if number % 8 == 0 else in_time) for number in range(160)]
    assert places == ["in place"] * 160
    places = [await queries.run(plan, late) for _ in range(40)]
    assert (places[0], places[-1]) == ("in place", "pool")


@pytest.mark.anyio
async def test_an_error_of_the_query_is_its_answer_in_place_as_in_the_pool(queries: Queries):
    def fail(snapshot: Any) -> None:
        raise KeyError(where(snapshot))

    plan = proven()
    with pytest.raises(KeyError, match="in place"):
        await queries.run(plan, fail)
    with pytest.raises(KeyError, match="pool"):
        await queries.run(Placement(), fail)


@pytest.mark.anyio
async def test_a_lock_sends_all_plans_to_the_pool_for_a_moment_and_blames_none(queries: Queries):
    def locked(_snapshot: Any) -> str:
        if threading.current_thread() is threading.main_thread():
            raise OverBudget("locked")
        return "pool"

    first, second = proven(), proven()
    assert await queries.run(first, locked) == "pool"
    assert await queries.run(second, where) == "pool"
    queries.clock.advance(round(placer.LOCKED_SECONDS * 1_000))
    assert await queries.run(first, where) == "in place"
    assert await queries.run(second, where) == "in place"
    assert queries.counted("synthetic_query_restarts") == {"over_budget": 0, "late": 0, "locked": 1, "in_use": 0}


@pytest.mark.anyio
async def test_a_query_finds_the_connection_in_use_and_runs_in_the_pool(queries: Queries):
    entered, release = threading.Event(), threading.Event()

    def hold(_snapshot: Any) -> None:
        entered.set()
        assert release.wait(30)

    thread = threading.Thread(
        target=queries.database.read_in_place,
        args=(hold,),
        kwargs={"interruption": Interruption(queries.clock), "steps_max": 1_000},
    )
    thread.start()
    assert entered.wait(30)
    plan = proven()
    assert await queries.run(plan, where) == "pool"
    release.set()
    thread.join()
    assert await queries.run(plan, where) == "in place"
    assert queries.counted("synthetic_query_restarts") == {"over_budget": 0, "late": 0, "locked": 0, "in_use": 1}
