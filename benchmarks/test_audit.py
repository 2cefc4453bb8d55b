"""What the audit log costs: a mutation takes at most a third more, and a million rows are checked in little memory.

A mutation over GraphQL, its events and a durable commit included, against the
same one on a store whose audit plugin is not loaded.
"""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from synthetic import Operation, OperationKind, Store, Transaction
from synthetic.testing import expect_data, open_test_store
from synthetic_audit.checks import CHECKS
from synthetic_audit.model import NO_HASH, hash_of
from synthetic_audit.store import insert_entry
from synthetic_audit.store.entries import COLUMNS

from .conftest import DURABLE
from .promises import Comparison, Promise, in_bytes, in_time

SAVE = """
mutation ($id: ID!) {
  saveConstruct(input: {id: $id, type: "task", title: "A task to be measured", metadata: {n: 1}}) { created }
}
"""
SAVES = 10
"""In one round: a single one is too short to be timed alone."""

CHECKED = 20_000
CHECKED_FULL = 1_000_000
MEMORY_BYTES_MAX = 16_000_000

_numbers = itertools.count()


def save(store: Store) -> None:
    for _ in range(SAVES):
        expect_data(store.graphql(SAVE, {"id": f"measured-{next(_numbers)}"}))


@pytest.fixture
def without_audit(tmp_path: Path) -> Iterator[Store]:
    """A store without the plugin."""
    directory = tmp_path / "without"
    directory.mkdir(mode=0o700)
    (directory / "plugins.toml").write_text("[plugins.audit]\nenabled = false\n", "utf-8")
    with open_test_store(directory, settings=DURABLE) as store:
        yield store


def test_a_recorded_mutation(compare: Comparison, durable_store: Store, without_audit: Store):
    compare(
        f"{SAVES} mutations with an audit row each",
        ours=lambda: save(durable_store),
        limit=lambda: save(without_audit),
        at_most=4 / 3,
        rounds=60,
    )


def write(tx: Transaction, count: int) -> None:
    for number in range(count):
        insert_entry(
            tx,
            Operation(
                name="saveJob", kind=OperationKind.MUTATION, actor="worker-1", entity_type="job",
                entity_id=f"job-{number}", details={"fields": ["id"]}, correlation_id=tx.new_id(), occurred_at=tx.now,
            ),
        )  # fmt: skip


def check(store: Store) -> None:
    for each in CHECKS:
        assert each.find is not None
        assert list(store.read(lambda snapshot, find=each.find: list(find(snapshot)))) == []


def hash_by_hand(directory: Path) -> None:
    connection = apsw.Connection(str(directory / "synthetic.db"))
    before = NO_HASH
    for row in connection.execute(f"SELECT {COLUMNS} FROM audit_log ORDER BY seq"):
        assert row[-2] == before
        before = hash_of(before, row[0], row[1], row[2:-2])
        assert row[-1] == before
    connection.close()


def timed(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def test_a_long_log_is_checked_in_little_memory(
    promise: Callable[[Promise], None], durable_store: Store, tmp_path: Path, is_full: bool
):
    rows = CHECKED_FULL if is_full else CHECKED
    for _ in range(rows // 10_000):
        durable_store.write(write, 10_000)
    seconds, most = timed(lambda: check(durable_store)), timed(lambda: hash_by_hand(tmp_path / "store"))
    name = f"the chain of {rows:,} rows checked, beside reading and hashing them by hand"
    promise(Promise(name, in_time(seconds), in_time(most), seconds / most, at_most=3))
    tracemalloc.start()
    check(durable_store)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ratio = peak_bytes / MEMORY_BYTES_MAX
    promise(Promise("memory of that", in_bytes(peak_bytes), in_bytes(MEMORY_BYTES_MAX), ratio, at_most=1))
