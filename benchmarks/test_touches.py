"""A coalesced touch costs at most 1.5 times a plain UPDATE of the same row.

A plain UPDATE is a transaction of its own, durable when it returns, as whoever
writes the instant by hand would have it. A touch that is coalesced reads the
row and remembers the instant; one of a row that was not touched lately is
written at once, and so costs what a write of the store costs. The last lines
take the flush out: there both sides write a batch in one transaction, and all
that is ours is what a coalesced write adds to each value.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from synthetic.store import Store
from synthetic.testing import open_test_store
from synthetic_sessions.store import touch_session

from .conftest import DURABLE
from .promises import Comparison

SESSIONS = 1_000
SAVE = 'mutation { saveSession(input: {id: "s"}) { created } }'
TOUCH = 'mutation { touchSession(input: {id: "s"}) { durable } }'
INSERT = (
    "INSERT INTO sessions (id, status, started_at, last_activity_at, metadata, version, created_at, updated_at)"
    " VALUES (:id, 'ACTIVE', 1, 1, '{}', 1, 1, 1)"
)
UPDATE = "UPDATE sessions SET last_activity_at = ?, updated_at = ? WHERE id = ? AND last_activity_at < ?"

_ticks = itertools.count(time.time_ns() // 1_000_000)


def update(connection: apsw.Connection, id: str) -> None:
    now = next(_ticks)
    connection.execute(UPDATE, (now, now, id, now))


def update_durably(connection: apsw.Connection, id: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    update(connection, id)
    connection.execute("COMMIT")


@pytest.fixture
def store(tmp_path: Path, hand: apsw.Connection) -> Iterator[Store]:
    """A store with the same sessions as the one by hand, in which what waits is written when a test says so."""
    rows = [{"id": f"s{number}"} for number in range(SESSIONS)]
    hand.execute("BEGIN IMMEDIATE")
    hand.executemany(INSERT, rows)
    hand.execute("COMMIT")
    with open_test_store(tmp_path / "ours", settings=DURABLE | {"kernel.database.coalesce_ms": "60000"}) as opened:
        opened.write(lambda tx: tx.execute_many(INSERT, rows))
        yield opened


def test_a_touch_of_a_session_that_is_touched_all_the_time(
    compare: Comparison, store: Store, hand: apsw.Connection
) -> None:
    compare(
        "a coalesced touch beside a plain UPDATE",
        ours=lambda: touch_session(store, "s0"),
        limit=lambda: update_durably(hand, "s0"),
        at_most=1.5,
        rounds=1_000,
    )


def test_a_touch_of_a_session_that_was_not_touched_lately(
    compare: Comparison, store: Store, hand: apsw.Connection
) -> None:
    ids = itertools.cycle(f"s{number}" for number in range(SESSIONS))
    hand_ids = itertools.cycle(f"s{number}" for number in range(SESSIONS))

    def forget() -> None:
        # As if two intervals were over.
        store.kernel.database.coalesced.flush()
        store.kernel.database.coalesced.flush()

    compare(
        "a touch that is written at once beside a plain UPDATE",
        ours=lambda: touch_session(store, next(ids)),
        limit=lambda: update_durably(hand, next(hand_ids)),
        prepare=forget,
        at_most=1.5,
        rounds=500,
    )


def test_touches_of_many_sessions_that_are_written_together(
    compare: Comparison, store: Store, hand: apsw.Connection
) -> None:
    ids = [f"s{number}" for number in range(SESSIONS)]

    def ours() -> None:
        for id in ids:
            touch_session(store, id)
        store.kernel.database.coalesced.flush()

    def limit() -> None:
        for id in ids:
            update_durably(hand, id)

    for id in ids:
        touch_session(store, id)
    # From now on each has been touched within the interval before.
    ours()
    compare(
        f"{SESSIONS:,} touches of as many sessions, and their flush, beside plain UPDATEs",
        ours=ours,
        limit=limit,
        at_most=1.5,
        rounds=5,
    )


def test_touches_beside_updates_in_one_transaction(compare: Comparison, store: Store, hand: apsw.Connection) -> None:
    def ours() -> None:
        for _ in range(SESSIONS):
            touch_session(store, "s0")
        store.kernel.database.coalesced.flush()

    def limit() -> None:
        hand.execute("BEGIN IMMEDIATE")
        for _ in range(SESSIONS):
            update(hand, "s0")
        hand.execute("COMMIT")

    compare(f"{SESSIONS:,} touches of one session beside UPDATEs in one transaction", ours=ours, limit=limit, rounds=5)


def test_a_touch_over_graphql_beside_a_save(compare: Comparison, store: Store) -> None:
    store.graphql(SAVE)
    numbers = itertools.count()

    def save() -> None:
        answer = store.graphql(f'mutation {{ saveSession(input: {{id: "g{next(numbers)}"}}) {{ created }} }}')
        assert "errors" not in answer

    compare(
        "touchSession beside saveSession, both through GraphQL",
        ours=lambda: store.graphql(TOUCH),
        limit=save,
        rounds=200,
    )
