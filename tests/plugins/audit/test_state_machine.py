"""Random operations, clocks, retention and damage, compared with a list in Python."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from plugins.audit.damaging import empty, findings, found_after, operation
from synthetic import Operation, OperationOutcome, Store, run_retention_batch
from synthetic.retention.clock_check import confirm_clock
from synthetic.testing import ManualClock, open_test_store
from synthetic_audit.settings import AuditSettings
from synthetic_audit.store import insert_entry

START = 1_800_000_000_000
DAY_MS = 86_400_000
KEEP_MS = AuditSettings().keep_ms
TEXTS = st.text(max_size=5) | st.sampled_from(["a", "b", "4:a,", "-"])


class UndoneError(Exception):
    """Ends a transaction of which nothing is to be kept."""


class AuditMachine(RuleBasedStateMachine):
    """The log under test beside the instants of its rows; one store for all runs, emptied before each."""

    store: Store
    clock: ManualClock

    def __init__(self) -> None:
        super().__init__()
        self.clock.jump(START - self.clock.now_ms())
        self.rows: list[tuple[int, int, str]] = []
        self.last_seq = 0
        empty(self.store)

    @rule(ms=st.sampled_from([0, 1, DAY_MS // 2, KEEP_MS // 3]))
    def time_passes(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(ms=st.integers(min_value=-3_600_000, max_value=3_600_000))
    def clock_is_corrected(self, ms: int) -> None:
        self.clock.jump(ms)

    @rule(entity_id=st.none() | TEXTS, code=TEXTS, ahead_ms=st.sampled_from([0, 0, 0, 365 * DAY_MS, -DAY_MS]))
    def record_one(self, entity_id: str | None, code: str, ahead_ms: int) -> None:
        at = self.clock.now_ms() + ahead_ms
        outcome = OperationOutcome.FAILED if code else OperationOutcome.DONE
        made = operation(self.last_seq, at, entity_id=entity_id, outcome=outcome, code=code or None)
        self.write([made], is_kept=True)

    @rule(count=st.integers(min_value=1, max_value=4), is_kept=st.booleans())
    def record_some(self, count: int, is_kept: bool) -> None:
        now = self.clock.now_ms()
        self.write([operation(self.last_seq + number, now) for number in range(count)], is_kept=is_kept)

    def write(self, made: list[Operation], *, is_kept: bool) -> None:
        def insert(tx) -> None:
            for each in made:
                insert_entry(tx, each)
            if not is_kept:
                raise UndoneError

        if not is_kept:
            with pytest.raises(UndoneError):
                self.store.write(insert)
            return
        self.store.write(insert)
        self.rows += [
            (self.last_seq + number, each.occurred_at, each.name) for number, each in enumerate(made, start=1)
        ]
        self.last_seq += len(made)

    @rule()
    def retention(self) -> None:
        line = (now := self.clock.now_ms()) - KEEP_MS
        gone = 0
        for index, (_, at, _) in enumerate(self.rows):
            if line <= at <= now:
                break
            if at < line:
                gone = index + 1
        # The runs of this machine share a store, and jump back to their start: an operator says that it is right.
        self.store.write(confirm_clock)
        assert self.store.write(run_retention_batch, "audit.old").rows == gone
        del self.rows[:gone]

    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        if not self.rows:
            return
        hit = sorted(data.draw(st.sets(st.sampled_from([seq for seq, _, _ in self.rows]), min_size=1, max_size=3)))
        listed = ", ".join(map(str, hit))
        changed = found_after(self.store, f"UPDATE audit_log SET correlation_id = 'other' WHERE seq IN ({listed})")
        assert changed == [("ALTERED", seq, seq) for seq in hit]
        removed = found_after(self.store, f"DELETE FROM audit_log WHERE seq IN ({listed})")
        assert [seq for _, first, last in removed for seq in range(first, last + 1)] == hit
        assert {kind for kind, _, _ in removed} == {"REMOVED"}

    @invariant()
    def holds_what_was_recorded_and_is_whole(self) -> None:
        rows = self.store.read(lambda s: s.rows("SELECT seq, occurred_at, name FROM audit_log ORDER BY seq"))
        assert rows == self.rows
        assert findings(self.store) == []


def run_machine(data_dir, *, examples: int, steps: int) -> None:
    # Monotonic time stands still, so that a slow machine makes no batch of retention smaller.
    AuditMachine.clock = ManualClock(START)
    with open_test_store(data_dir, clock=AuditMachine.clock) as AuditMachine.store:
        run_state_machine_as_test(
            AuditMachine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_a_log_does_what_a_list_does_and_names_what_is_done_to_it(data_dir):
    run_machine(data_dir, examples=25, steps=15)


@pytest.mark.full
def test_the_same_for_many_runs(data_dir):
    run_machine(data_dir, examples=400, steps=40)
