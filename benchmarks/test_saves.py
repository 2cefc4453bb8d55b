"""A save is durable when it is answered, and waiting saves share a commit."""

from __future__ import annotations

import asyncio
import itertools
import time

from synthetic_constructs import store as constructs

CONTENT = {"type": "task", "title": "A task to be measured", "metadata": {"env": "test", "n": 1}}
INSERT = (
    "INSERT INTO constructs (id, type, status, title, metadata, version, created_at, updated_at)"
    " VALUES (?, 'task', 'PLANNED', 'A task to be measured', '{\"env\":\"test\",\"n\":1}', 1, ?, ?)"
)
COLUMNS = (
    "id, type, status, title, description, user_id, project_id, metadata, version,"
    " created_at, updated_at, started_at, ended_at"
)
NAMES = COLUMNS.split(", ")
CONCURRENT = 64


def save_by_hand(connection, id: str) -> None:
    now = time.time_ns() // 1_000_000
    connection.execute("BEGIN IMMEDIATE")
    # Whether it is there already has to be asked by hand, too.
    assert not connection.execute("SELECT 1 FROM constructs WHERE id = ?", (id,)).fetchall()
    connection.execute(INSERT, (id, now, now))
    connection.execute("COMMIT")


def test_one_row_saved_durably_and_loaded_back(compare, durable_store, hand):
    numbers = itertools.count()

    def ours() -> None:
        id = f"ours-{next(numbers)}"
        durable_store.write(lambda tx: constructs.save_construct(tx, CONTENT, id=id))
        assert durable_store.read(constructs.find_construct, id).id == id

    def limit() -> None:
        id = f"hand-{next(numbers)}"
        save_by_hand(hand, id)
        row = hand.execute(f"SELECT {COLUMNS} FROM constructs WHERE id = ?", (id,)).get
        assert dict(zip(NAMES, row, strict=True))["id"] == id

    compare("save one row durably and load it back", ours=ours, limit=limit, at_most=2, rounds=300)


def test_concurrent_durable_saves_share_commits(compare, durable_store, hand):
    numbers = itertools.count()
    database = durable_store.kernel.database
    loop = asyncio.new_event_loop()

    def save(tx, id: str):
        return constructs.save_construct(tx, CONTENT, id=id)

    async def save_all() -> None:
        await asyncio.gather(*(database.write(save, f"ours-{next(numbers)}") for _ in range(CONCURRENT)))

    def limit() -> None:
        for _ in range(CONCURRENT):
            save_by_hand(hand, f"hand-{next(numbers)}")

    compare(
        f"{CONCURRENT} concurrent durable saves against one a commit",
        ours=lambda: loop.run_until_complete(save_all()),
        limit=limit,
        at_least=10,
        rounds=40,
    )
    loop.close()
