"""Three processes that record in one store, one after the other and all at once, compared with a list in Python."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from plugins.audit import writer
from plugins.audit.damaging import empty, findings
from synthetic import Store, SystemClock
from synthetic.testing import open_test_store
from synthetic.testing_commands import ForkedProcess, start_command
from synthetic_audit.settings import AuditSettings

DAY_MS = 86_400_000
KEEP_MS = AuditSettings().keep_ms
PEERS = st.integers(min_value=0, max_value=2)
AGES_MS = st.sampled_from([0, 1, DAY_MS, KEEP_MS - DAY_MS, KEEP_MS + DAY_MS])


class Peer:
    """A process that writes."""

    def __init__(self, process: ForkedProcess | Popen[str], name: str) -> None:
        self.process = process
        self.name = name
        assert self.answer() == "ready"

    def order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"actor": self.name, **order}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


class ProcessesMachine(RuleBasedStateMachine):
    """The log under test, which three processes write and this one reads."""

    store: Store
    peers: list[Peer]

    def __init__(self) -> None:
        super().__init__()
        empty(self.store)
        self.rows: list[tuple[int, str, str, int]] = []
        self.last_seq = 0
        self.now = SystemClock().now_ms()

    @rule(peer=PEERS, age_ms=AGES_MS, count=st.integers(min_value=1, max_value=3), kept=st.booleans())
    def record(self, peer: int, age_ms: int, count: int, kept: bool) -> None:
        names = [f"name-{self.last_seq + number}" for number in range(1, count + 1)]
        at = self.now - age_ms
        self.peers[peer].order({"operations": [(name, at) for name in names], "kept": kept})
        assert self.peers[peer].answer() == ("done" if kept else "undone")
        if kept:
            self.rows += [
                (self.last_seq + number, name, self.peers[peer].name, at) for number, name in enumerate(names, start=1)
            ]
            self.last_seq += count

    @rule(age_ms=AGES_MS, times=st.integers(min_value=1, max_value=8))
    def record_all_at_once(self, age_ms: int, times: int) -> None:
        at = self.now - age_ms
        for peer in self.peers:
            peer.order({"operations": [("first", at), ("second", at)], "kept": True, "times": times})
        for peer in self.peers:
            assert peer.answer() == "done"
        rows = self.stored(after=self.last_seq)
        # Who came first is not known; the two of one transaction are side by side, and none is missing.
        expected = sorted((peer.name, at) for peer in self.peers for _ in range(times))
        assert [name for _, name, _, _ in rows] == ["first", "second"] * (3 * times)
        assert sorted((actor, when) for _, _, actor, when in rows[::2]) == expected
        assert [actor for _, _, actor, _ in rows[::2]] == [actor for _, _, actor, _ in rows[1::2]]
        self.rows += rows
        self.last_seq += 6 * times

    @rule(peer=PEERS)
    def retention(self, peer: int) -> None:
        kept = next((index for index, row in enumerate(self.rows) if row[3] >= self.now - KEEP_MS), len(self.rows))
        self.peers[peer].order({"retention": True})
        assert self.peers[peer].answer() == str(kept)
        del self.rows[:kept]

    def stored(self, after: int = 0) -> list[tuple[int, str, str, int]]:
        sql = "SELECT seq, name, actor, occurred_at FROM audit_log WHERE seq > :after ORDER BY seq"
        return self.store.read(lambda snapshot: snapshot.rows(sql, {"after": after}))

    @invariant()
    def holds_what_was_recorded_and_is_whole(self) -> None:
        assert self.stored() == self.rows
        assert findings(self.store) == []


@contextlib.contextmanager
def three_peers(directory: Path) -> Iterator[list[Peer]]:
    """Three processes on a store, which end with the `with`."""
    program = Path(writer.__file__)
    processes = [start_command([str(directory)], program=program, is_told=True) for _ in range(3)]
    try:
        yield [Peer(process, f"worker-{number}") for number, process in enumerate(processes)]
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            process.communicate()


def run_machine(directory: Path, *, examples: int, steps: int) -> None:
    with open_test_store(directory) as ProcessesMachine.store, three_peers(directory) as ProcessesMachine.peers:
        run_state_machine_as_test(
            ProcessesMachine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_three_processes_write_one_chain(data_dir):
    run_machine(data_dir, examples=4, steps=6)


@pytest.mark.full
def test_the_same_for_many_runs(data_dir):
    run_machine(data_dir, examples=150, steps=30)
