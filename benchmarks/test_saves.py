"""A save is durable when it is answered, and waiting saves share a commit.

What sharing gains depends on the disk, since only the flush is shared. A
construct, whose row stands in six indexes, costs 20 us by hand; so on a virtual
disk that flushes in 60 us, not even SQL by hand gets ten times the rate, and on
one that takes 1 ms anything does. The last line tells the two apart: there the
64 are put into one commit by hand, with a savepoint each.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable

import apsw
import pytest

from synthetic import Transaction
from synthetic.store import Store
from synthetic_constructs import store as constructs

from .promises import Comparison

CONTENT = {"type": "task", "title": "A task to be measured", "metadata": {"env": "test", "n": 1}}
INSERT = (
    "INSERT INTO constructs (id, type, status, title, metadata, version, created_at, updated_at)"
    " VALUES (?, 'task', 'PLANNED', 'A task to be measured', '{\"env\":\"test\",\"n\":1}', 1, ?, ?)"
)
INSERT_PLAIN = "INSERT INTO leases (name, owner, token, expires_at) VALUES (:name, 'measured', 1, :at)"
COLUMNS = (
    "id, type, status, title, description, user_id, project_id, metadata, version,"
    " created_at, updated_at, started_at, ended_at"
)
NAMES = COLUMNS.split(", ")
CONCURRENT = 64

_numbers = itertools.count()


def new_id() -> str:
    return f"measured-{next(_numbers)}"


def insert_by_hand(connection: apsw.Connection, id: str) -> None:
    now = time.time_ns() // 1_000_000
    # Whether it is there already has to be asked by hand, too.
    assert not connection.execute("SELECT 1 FROM constructs WHERE id = ?", (id,)).fetchall()
    connection.execute(INSERT, (id, now, now))


def save_by_hand(connection: apsw.Connection, id: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    insert_by_hand(connection, id)
    connection.execute("COMMIT")


def test_one_row_saved_durably_and_loaded_back(compare: Comparison, durable_store: Store, hand: apsw.Connection):
    def ours() -> None:
        id = new_id()
        durable_store.write(lambda tx: constructs.save_construct(tx, CONTENT, id=id))
        assert durable_store.read(constructs.get_construct, id).id == id

    def limit() -> None:
        id = new_id()
        save_by_hand(hand, id)
        row = hand.execute(f"SELECT {COLUMNS} FROM constructs WHERE id = ?", (id,)).get
        assert dict(zip(NAMES, row, strict=True))["id"] == id

    compare("save one row durably and load it back", ours=ours, limit=limit, at_most=2, rounds=300)


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def run_concurrently(store: Store, loop: asyncio.AbstractEventLoop, save: Callable[[Transaction, str], object]) -> None:
    async def save_all() -> None:
        await asyncio.gather(*(store.kernel.database.write(save, new_id()) for _ in range(CONCURRENT)))

    loop.run_until_complete(save_all())


def save_construct(tx: Transaction, id: str) -> None:
    constructs.save_construct(tx, CONTENT, id=id)


def save_plain_row(tx: Transaction, id: str) -> None:
    tx.execute(INSERT_PLAIN, {"name": id, "at": tx.now})


def test_concurrent_durable_saves_share_commits(
    compare: Comparison, durable_store: Store, hand: apsw.Connection, loop: asyncio.AbstractEventLoop
):
    def limit() -> None:
        for _ in range(CONCURRENT):
            save_by_hand(hand, new_id())

    compare(
        f"{CONCURRENT} concurrent durable saves against one a commit",
        ours=lambda: run_concurrently(durable_store, loop, save_construct),
        limit=limit,
        at_least=10,
        rounds=40,
    )


def test_concurrent_durable_writes_of_a_plain_row_share_commits(
    compare: Comparison, durable_store: Store, hand: apsw.Connection, loop: asyncio.AbstractEventLoop
):
    def limit() -> None:
        for _ in range(CONCURRENT):
            hand.execute("BEGIN IMMEDIATE")
            hand.execute(INSERT_PLAIN, {"name": new_id(), "at": time.time_ns() // 1_000_000})
            hand.execute("COMMIT")

    compare(
        f"{CONCURRENT} concurrent durable writes of a plain row against one a commit",
        ours=lambda: run_concurrently(durable_store, loop, save_plain_row),
        limit=limit,
        at_least=10,
        rounds=40,
    )


def test_concurrent_durable_saves_beside_one_commit_by_hand(
    compare: Comparison, durable_store: Store, hand: apsw.Connection, loop: asyncio.AbstractEventLoop
):
    def limit() -> None:
        hand.execute("BEGIN IMMEDIATE")
        for _ in range(CONCURRENT):
            hand.execute("SAVEPOINT one")
            insert_by_hand(hand, new_id())
            hand.execute("RELEASE one")
        hand.execute("COMMIT")

    compare(
        f"{CONCURRENT} concurrent durable saves beside one commit by hand",
        ours=lambda: run_concurrently(durable_store, loop, save_construct),
        limit=limit,
        rounds=40,
    )
