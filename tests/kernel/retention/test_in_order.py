"""A rule that goes in order: the table only ever loses its beginning, and its plugin is told before it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic import RetentionBatch, Store, run_retention_batch
from synthetic.errors import PluginFailedError
from synthetic.retention.batches import RetentionPreview, preview_rule
from synthetic.retention.rules import RetentionRules
from synthetic.testing import open_test_store
from thirdparty.distributions import WITH_SETTINGS, Site, write_plugins_toml

from . import kit

MIGRATION = """
CREATE TABLE leaves (number INTEGER NOT NULL PRIMARY KEY, written_at INTEGER, kind TEXT NOT NULL) STRICT;
CREATE TABLE remarks (id INTEGER NOT NULL PRIMARY KEY, leaf INTEGER NOT NULL REFERENCES leaves (number)) STRICT;
CREATE INDEX remarks_by_leaf ON remarks (leaf);
CREATE TABLE pins (id INTEGER NOT NULL PRIMARY KEY, leaf INTEGER NOT NULL REFERENCES leaves (number)) STRICT;
CREATE INDEX pins_by_leaf ON pins (leaf);
CREATE TABLE torn (number INTEGER NOT NULL PRIMARY KEY, remarks INTEGER NOT NULL) STRICT;
"""
CODE = """
from synthetic import Reference, RetentionRule

@hookimpl
def register_tables():
    return (
        Table(name="leaves", purpose="Leaves of a journal.", key={key}),
        Table(name="remarks", purpose="Remarks.", kept="A few.", references=(
            Reference(column="leaf", table="leaves", target="number"),
        )),
        Table(name="pins", purpose="Pins.", kept="A few.", references=(
            Reference(column="leaf", table="leaves", target="number", on_delete="refuse"),
        )),
        Table(name="torn", purpose="What went.", key=("number",), kept="A few."),
    )

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_journal"),)

def note(tx, keys):
    for (number,) in keys:
        remarks = tx.value("SELECT count(*) FROM remarks WHERE leaf = :number", {"number": number})
        tx.execute("INSERT INTO torn VALUES (:number, :remarks)", {"number": number, "remarks": remarks})
        if tx.value("SELECT kind FROM leaves WHERE number = :number", {"number": number}) == "CURSED":
            raise RuntimeError("It is cursed.")

@hookimpl
def register_retention():
    return (
        RetentionRule(
            name="old", purpose="Old leaves.", table="leaves", age_column="written_at", keep_setting="size",
            condition="kind <> 'FAIR'", in_order=True, before_delete=note, batch=4,
        ),
    )
"""
KEEP_MS = 10


def install(site: Site, directory: Path, *, key: str = '("number",)') -> None:
    site.install("journal", WITH_SETTINGS + CODE.replace("{key}", key), modules={"migrations/0001_j.sql": MIGRATION})
    write_plugins_toml(directory, {"journal": f"size = {KEEP_MS}"})


@pytest.fixture
def store(site: Site, tmp_path: Path, clock) -> Iterator[Store]:
    install(site, tmp_path / "store")
    with open_test_store(tmp_path / "store", clock=clock) as opened:
        yield opened


def add(store: Store, *ages_ms: int | None, first: int = 1, kind: str = "PLAIN", remarks: int = 0) -> None:
    """Store leaves of these ages, one behind the other; of None, without an instant."""

    def write(tx) -> None:
        for number, age_ms in enumerate(ages_ms, start=first):
            at = None if age_ms is None else kit.NOW - age_ms
            values = {"number": number, "at": at, "kind": kind}
            tx.execute("INSERT INTO leaves VALUES (:number, :at, :kind)", values)
            tx.execute_many("INSERT INTO remarks (leaf) VALUES (:leaf)", [{"leaf": number}] * remarks)

    store.write(write)


def preview(store: Store) -> RetentionPreview:
    return store.read(lambda snapshot: preview_rule(snapshot, snapshot.resource(RetentionRules).get("journal.old")))


def run(store: Store) -> RetentionBatch:
    """One batch, which takes as many leaves as the preview says, up to its own size."""
    expected = sum(table.rows for table in preview(store).tables if table.table == "leaves")
    batch = store.write(run_retention_batch, "journal.old")
    assert batch.rows == min(expected, 4)
    return batch


def left(store: Store) -> list[int]:
    return kit.keys_of(store, "leaves", "number")


LEAVES: tuple[tuple[tuple[int | None, ...], list[int]], ...] = (
    ((12, 11, 10, 9), [3, 4]),
    ((12, 9, 12, 12), [2, 3, 4]),
    ((9, 12, 12), [1, 2, 3]),
    ((12, -1, 12, 9), [4]),
    ((12, -1, 9, 12), [2, 3, 4]),
    ((-1, -1, -1), [1, 2, 3]),
    ((12, None, 12), [2, 3]),
    ((12, -1, -1, -1, -1, -1, 12, 9), [5, 6, 7, 8]),
    ((12, -1, -1, -1, -1, -1, 9), [2, 3, 4, 5, 6, 7]),
    ((), []),
)
"""The ages of leaves, those in the future below 0, and which are left after a batch."""


def test_only_the_beginning_goes(store):
    for ages_ms, stay in LEAVES:
        store.write(lambda tx: tx.execute("DELETE FROM torn") + tx.execute("DELETE FROM leaves"))
        add(store, *ages_ms)

        run(store)

        assert left(store) == stay, ages_ms


def test_one_that_its_condition_keeps_keeps_all_behind_it(store):
    add(store, 99, 99)
    add(store, 99, first=3, kind="FAIR")
    add(store, 99, first=4)

    run(store)

    assert left(store) == [3, 4]


def test_one_that_another_refuses_to_lose_keeps_all_behind_it(store):
    add(store, 99, 99, 99, 9)
    store.write(lambda tx: tx.execute("INSERT INTO pins (leaf) VALUES (2)"))
    assert preview(store).refused == 2

    run(store)
    assert left(store) == [2, 3, 4]

    store.write(lambda tx: tx.execute("DELETE FROM pins"))
    run(store)
    assert left(store) == [4]


def test_the_plugin_is_told_of_each_row_right_before_it_goes(store):
    add(store, *[99] * 10, 9, remarks=3)
    while run(store).has_more:
        pass

    assert left(store) == [11]
    told = store.read(lambda snapshot: snapshot.rows("SELECT number, remarks FROM torn ORDER BY number"))
    assert told == [(number, 0) for number in range(1, 11)]


def test_a_row_that_owns_too_much_for_one_transaction_is_told_of_once_when_it_goes(store):
    add(store, 99, remarks=1_200)
    batches = [store.write(run_retention_batch, "journal.old")]
    while left(store):
        assert kit.keys_of(store, "torn", "number") == []
        batches.append(store.write(run_retention_batch, "journal.old"))

    assert kit.keys_of(store, "torn", "number") == [1]
    assert len(batches) >= 3


def test_what_the_plugin_raises_keeps_the_rows(store):
    add(store, 99, kind="CURSED")

    with pytest.raises(RuntimeError, match="cursed"):
        store.write(run_retention_batch, "journal.old")

    assert left(store) == [1]
    assert kit.keys_of(store, "torn", "number") == []


@pytest.mark.parametrize("key", ['("number", "kind")', '("kind",)'])
def test_a_table_without_a_number_for_a_key_has_no_order(site, tmp_path, key):
    install(site, tmp_path / "store", key=key)
    with pytest.raises(PluginFailedError, match="which is not one integer column"), open_test_store(tmp_path / "store"):
        pass
