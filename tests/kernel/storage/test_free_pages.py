"""Free pages: deletions make the file smaller, in short steps, and some room stays for what comes next."""

from __future__ import annotations

import threading

import pytest

from synthetic.database.writing_connection import WritingConnection
from synthetic.errors import StorageFullError
from synthetic.storage import free_pages
from synthetic.storage.free_pages import FIRST_PAGES, FreePages, read_free_pages
from synthetic.testing import open_test_store

from .kit import SMALL_LOG, database_bytes, empty, fill, metric


def steps_of(store) -> list[int]:
    """All steps until there is nothing to do."""
    kernel = store.kernel
    work = FreePages(kernel.database, kernel.settings, kernel.clock, kernel.storage_meter)
    steps = []
    while pages := work.step(store):
        steps.append(pages)
    return steps


@pytest.fixture
def store(data_dir):
    with open_test_store(data_dir, settings={**SMALL_LOG, "kernel.storage.free_page_bytes": "0"}) as store:
        yield store


def test_what_deletions_free_is_given_back(store):
    before = database_bytes(store)
    fill(store, 1_000)
    store.kernel.checkpointer.step(store)
    full = database_bytes(store)
    empty(store)
    assert store.read(read_free_pages) > 400
    steps = steps_of(store)
    assert steps[0] == FIRST_PAGES
    assert len(steps) > 2
    assert store.read(read_free_pages) == 0
    assert metric(store, "synthetic_pages_given_back_total") == sum(steps)
    store.kernel.checkpointer.step(store)
    assert database_bytes(store) < before + (full - before) // 10
    assert store.read(lambda snapshot: snapshot.value("SELECT integrity_check FROM pragma_integrity_check")) == "ok"


def test_some_room_stays(data_dir):
    with open_test_store(data_dir, settings={"kernel.storage.free_page_bytes": "409600"}) as store:
        fill(store, 1_000)
        empty(store)
        steps_of(store)
        assert store.read(read_free_pages) == 100


def test_rows_between_free_pages_are_kept(store):
    fill(store, 500)
    fill(store, 100, prefix="kept")
    empty(store)
    steps_of(store)
    rows = store.read(lambda snapshot: snapshot.rows("SELECT value FROM meta WHERE key GLOB 'kept*'"))
    assert rows == [("y" * 2_000,)] * 100


def test_a_step_that_took_long_is_followed_by_a_smaller_one(store, monkeypatch):
    monkeypatch.setattr(free_pages, "HOLD_SECONDS", -1.0)
    fill(store, 500)
    empty(store)
    assert steps_of(store)[:4] == [32, 16, 8, 4]


def test_writes_that_wait_come_in_between(store):
    fill(store, 1_000)
    empty(store)
    kernel = store.kernel
    order: list[str] = []
    begun, waiting = threading.Event(), threading.Event()

    def slow(connection: WritingConnection) -> None:
        begun.set()
        assert waiting.wait(10)
        connection.give_back(10, 100)
        order.append("pages")

    upkeep = threading.Thread(target=kernel.database.keep_up, args=(slow,))
    upkeep.start()
    assert begun.wait(10)
    write = threading.Thread(target=store.write, args=(lambda tx: order.append("write"),))
    write.start()
    waiting.set()
    for thread in (upkeep, write):
        thread.join(10)
    assert order == ["pages", "write"]


def test_upkeep_that_fails_leaves_writes_as_they_were(store):
    def fail(connection: WritingConnection) -> None:
        connection.give_back(10, 100)
        raise OSError(28, "No space left on device")

    fill(store, 200)
    empty(store)
    with pytest.raises((OSError, StorageFullError)):
        store.kernel.database.keep_up(fail)
    fill(store, 10)


@pytest.mark.parametrize("error", [MemoryError("no memory"), SystemExit("the end")])
def test_whatever_upkeep_raises_is_its_callers_answer_and_writes_go_on(store, error):
    def fail(connection: WritingConnection) -> None:
        connection.begin(100)
        connection.raw.execute("INSERT INTO meta (key, value) VALUES ('half', 'done')")
        raise error

    answers = []

    def ask() -> None:
        try:
            store.kernel.database.keep_up(fail)
        except BaseException as raised:  # noqa: BLE001 - whatever it is, it is looked at
            answers.append(raised)

    upkeep = threading.Thread(target=ask, daemon=True)
    upkeep.start()
    upkeep.join(30)
    assert answers == [error]
    fill(store, 1)
    keys = "SELECT key FROM meta WHERE key IN ('half', 'x0')"
    assert store.read(lambda snapshot: snapshot.rows(keys)) == [("x0",)], "what it had begun is undone"


def test_sql_of_a_plugin_cannot_give_pages_back(store):
    fill(store, 200)
    empty(store)
    steps_of(store)
    fill(store, 200)
    empty(store)
    before = store.read(read_free_pages)
    for pages in (FIRST_PAGES, 2 * FIRST_PAGES):
        with pytest.raises(Exception, match="could not carry out"):
            store.write(lambda tx, pages=pages: tx.execute(f"PRAGMA incremental_vacuum({pages})"))
    assert store.read(read_free_pages) == before
