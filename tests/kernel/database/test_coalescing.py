"""Coalesced writes: how few they are, what is durable when, and what becomes of what cannot be written."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synthetic import CoalescedWrite, Store, SyntheticError, Transaction, bad_input
from synthetic.database.coalescing import BATCH_KEYS
from synthetic.errors import DatabaseBusyError
from synthetic.testing import copy_template, open_test_store, wait_until

LONG = {"kernel.database.coalesce_ms": "60000"}
"""So that nothing is written but what a test asks for."""


class Seen:
    """What the function of a coalesced write was called with, and what it raises."""

    def __init__(self) -> None:
        self.calls: list[dict[str, int]] = []
        self.fails: dict[str, Exception] = {}
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.kind: CoalescedWrite[int] = CoalescedWrite(name="tests_note", function=self.note, merge=max)

    def note(self, tx: Transaction, values: Mapping[str, int]) -> None:
        self.entered.set()
        assert self.go_on.wait(30)
        self.calls.append(dict(values))
        for key, value in values.items():
            if key in self.fails:
                raise self.fails[key]
            tx.execute(
                "INSERT INTO leases (name, owner, token, expires_at) VALUES (:key, 'test', 1, :value)"
                " ON CONFLICT (name) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
                {"key": f"test-{key}", "value": value},
            )


def stored(store: Store) -> dict[str, int]:
    rows = store.read(lambda tx: tx.rows("SELECT substr(name, 6), expires_at FROM leases WHERE name LIKE 'test-%'"))
    return dict(rows)


def counted(store: Store, outcome: str) -> float:
    return store.kernel.metrics.registry.get_sample_value("synthetic_coalesced_values_total", {"outcome": outcome}) or 0


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def directory(template: Path, tmp_path: Path) -> Path:
    return copy_template(template, tmp_path / "store")


@pytest.fixture
def store(directory: Path) -> Iterator[Store]:
    with open_test_store(directory, settings=LONG) as opened:
        yield opened


def test_the_first_value_is_durable_and_the_others_are_one_write(store, seen) -> None:
    assert store.coalesce(seen.kind, "a", 1)
    assert stored(store) == {"a": 1}

    assert not any(store.coalesce(seen.kind, "a", value) for value in (2, 9, 5))
    assert stored(store) == {"a": 1}
    store.kernel.database.coalesced.flush()

    assert seen.calls == [{"a": 1}, {"a": 9}]
    assert stored(store) == {"a": 9}
    assert (counted(store, "written"), counted(store, "joined"), counted(store, "lost")) == (2, 3, 0)


def test_without_a_merge_the_last_value_counts(store, seen) -> None:
    kind = CoalescedWrite(name="tests_last", function=seen.note)
    for value in (3, 2, 1):
        store.coalesce(kind, "a", value)
    store.kernel.database.coalesced.flush()

    assert seen.calls == [{"a": 3}, {"a": 1}]


def test_keys_and_kinds_do_not_mix_and_those_of_a_kind_share_a_transaction(store, seen) -> None:
    other = CoalescedWrite(name="tests_other", function=seen.note, merge=max)
    for _ in range(2):
        for key in ("a", "b"):
            store.coalesce(seen.kind, key, 1)
        store.coalesce(other, "a", 7)
    seen.calls.clear()
    store.kernel.database.coalesced.flush()

    assert sorted(seen.calls, key=len) == [{"a": 7}, {"a": 1, "b": 1}]


def test_what_waits_is_written_when_the_interval_is_over(directory, seen) -> None:
    with open_test_store(directory, settings={"kernel.database.coalesce_ms": "20"}) as store:
        store.coalesce(seen.kind, "a", 1)
        store.coalesce(seen.kind, "a", 2)
        wait_until(lambda: stored(store) == {"a": 2})


def test_a_key_of_which_nothing_was_said_for_an_interval_is_written_at_once_again(store, seen) -> None:
    store.coalesce(seen.kind, "a", 1)
    assert not store.coalesce(seen.kind, "a", 2)
    store.kernel.database.coalesced.flush()
    assert not store.coalesce(seen.kind, "a", 3)
    for _ in range(2):
        store.kernel.database.coalesced.flush()

    assert store.coalesce(seen.kind, "a", 4)


def test_what_waits_is_written_when_the_store_is_closed(directory, seen) -> None:
    with open_test_store(directory, settings=LONG) as store:
        for value in (1, 2):
            store.coalesce(seen.kind, "a", value)

    with open_test_store(directory) as store:
        assert stored(store) == {"a": 2}


def test_more_than_a_batch_is_written_in_several_transactions(store, seen) -> None:
    keys = [f"k{number}" for number in range(BATCH_KEYS + 1)]
    for value in (1, 2):
        for key in keys:
            store.coalesce(seen.kind, key, value)
    seen.calls.clear()
    store.kernel.database.coalesced.flush()

    assert [len(call) for call in seen.calls] == [BATCH_KEYS, 1]
    assert stored(store) == dict.fromkeys(keys, 2)


def test_keys_beyond_the_bound_are_written_at_once(directory, seen) -> None:
    with open_test_store(directory, settings=LONG | {"kernel.database.coalesce_keys": "1"}) as store:
        assert store.coalesce(seen.kind, "a", 1)
        assert not store.coalesce(seen.kind, "a", 2)
        assert [store.coalesce(seen.kind, "b", value) for value in (1, 2, 3)] == [True] * 3
        assert stored(store) == {"a": 1, "b": 3}


def test_with_no_interval_each_value_is_written_at_once(directory, seen) -> None:
    with open_test_store(directory, settings={"kernel.database.coalesce_ms": "0"}) as store:
        assert [store.coalesce(seen.kind, "a", value) for value in (1, 2)] == [True, True]
        assert stored(store) == {"a": 2}


def test_a_first_value_that_is_refused_is_the_callers_and_the_next_one_asks_again(store, seen) -> None:
    seen.fails["a"] = bad_input("a", "is refused")
    for _ in range(2):
        with pytest.raises(SyntheticError):
            store.coalesce(seen.kind, "a", 1)
    seen.fails.clear()

    assert store.coalesce(seen.kind, "a", 1)


def test_values_that_come_while_the_first_is_written_wait_and_are_not_lost(store, seen) -> None:
    seen.go_on.clear()
    first = threading.Thread(target=store.coalesce, args=(seen.kind, "a", 1))
    first.start()
    assert seen.entered.wait(30)
    assert not store.coalesce(seen.kind, "a", 2)
    seen.go_on.set()
    first.join()
    store.kernel.database.coalesced.flush()

    assert seen.calls == [{"a": 1}, {"a": 2}]


def test_a_value_that_cannot_be_written_is_lost_alone_and_told(store, seen, caplog) -> None:
    for value in (1, 2):
        for key in ("a", "b", "c"):
            store.coalesce(seen.kind, key, value)
    seen.fails["b"] = RuntimeError("broken")
    store.kernel.database.coalesced.flush()

    assert stored(store) == {"a": 2, "b": 1, "c": 2}
    assert counted(store, "lost") == 1
    (record,) = [record for record in caplog.records if "coalesced values lost" in record.getMessage()]
    assert "'b'" in record.getMessage()


def test_what_cannot_be_written_just_now_waits_on_with_what_comes(store, seen) -> None:
    for value in (1, 2):
        for key in ("a", "b"):
            store.coalesce(seen.kind, key, value)
    seen.fails["a"] = DatabaseBusyError()
    store.kernel.database.coalesced.flush()
    assert stored(store) == {"a": 1, "b": 1}
    store.coalesce(seen.kind, "a", 1)
    store.coalesce(seen.kind, "b", 3)
    seen.fails.clear()
    store.kernel.database.coalesced.flush()

    assert stored(store) == {"a": 2, "b": 3}
    assert counted(store, "lost") == 0


def test_values_that_cannot_be_merged_do_not_keep_others_from_being_written(directory, seen, caplog) -> None:
    def refuse(earlier: int, later: int) -> int:
        raise ValueError(f"{earlier} and {later}")

    proud = CoalescedWrite(name="tests_proud", function=seen.note, merge=refuse)
    with open_test_store(directory, settings=LONG) as store, ThreadPoolExecutor(1) as pool:
        store.coalesce(proud, "a", 1)
        store.coalesce(proud, "a", 2)
        seen.fails["a"] = DatabaseBusyError()
        # While the write of 2 waits in the function, 3 comes; then 2 has to be put back beside it.
        seen.go_on.clear()
        seen.entered.clear()
        flushed = pool.submit(store.kernel.database.coalesced.flush)
        assert seen.entered.wait(30)
        store.coalesce(proud, "a", 3)
        seen.go_on.set()
        flushed.result()
        assert counted(store, "lost") == 1
        seen.fails.clear()
        store.kernel.database.coalesced.flush()
        assert stored(store) == {"a": 3}

    assert "coalesced values lost" in caplog.text


def test_what_cannot_be_written_at_the_close_is_lost_and_told(directory, seen, caplog) -> None:
    with open_test_store(directory, settings=LONG) as store:
        for value in (1, 2):
            store.coalesce(seen.kind, "a", value)
        seen.fails["a"] = DatabaseBusyError()
        metrics = store.kernel.metrics

    assert metrics.registry.get_sample_value("synthetic_coalesced_values_total", {"outcome": "lost"}) == 1
    assert "coalesced values lost" in caplog.text


def test_from_many_threads_each_value_is_written_or_stands_behind_a_later_one(directory, seen) -> None:
    with open_test_store(directory, settings={"kernel.database.coalesce_ms": "5"}) as store:

        def put(first: int) -> None:
            for value in range(first, 400, 4):
                store.coalesce(seen.kind, f"k{value % 3}", value)

        threads = [threading.Thread(target=put, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with open_test_store(directory) as store:
        assert stored(store) == {"k0": 399, "k1": 397, "k2": 398}
