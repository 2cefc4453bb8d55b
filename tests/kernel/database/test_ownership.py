"""Deleting a row with all that belongs to it: named and counted first, then gone, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic.contributions import Reference, Stamped, Table
from synthetic.database.ownership import BATCH_ROWS, delete_owned, list_tables, plan_deletion, record_tables
from synthetic.errors import ConflictError
from synthetic.store import BlockingDatabase

from .conftest import open_database


def table(name: str, *references: Reference, key: tuple[str, ...] = ("id",)) -> Table:
    return Table(name=name, purpose="For a test.", kept="For a test.", references=references, key=key)


TABLES = [
    Stamped("places", table("places")),
    Stamped(
        "people",
        table(
            "people",
            Reference(column="place", table="places"),
            Reference(column="friend", table="people", on_delete="clear"),
        ),
    ),
    # Reached on two ways: by its person, and by its place.
    Stamped(
        "letters",
        table(
            "letters",
            Reference(column="person", table="people"),
            Reference(column="place", table="places"),
            key=("person", "number"),
        ),
    ),
    Stamped("seals", table("seals", Reference(column="person", table="people", on_delete="refuse"))),
]
DDL = """
CREATE TABLE registered_tables (name TEXT PRIMARY KEY, plugin TEXT, record TEXT);
CREATE TABLE places (id TEXT PRIMARY KEY) STRICT;
CREATE TABLE people (id TEXT PRIMARY KEY, place TEXT REFERENCES places (id), friend TEXT REFERENCES people (id)) STRICT;
CREATE TABLE letters (
    person TEXT REFERENCES people (id), number INTEGER, place TEXT REFERENCES places (id), PRIMARY KEY (person, number)
) STRICT;
CREATE TABLE seals (id TEXT PRIMARY KEY, person TEXT REFERENCES people (id)) STRICT;
"""


@pytest.fixture
def store(path: Path) -> Iterator[BlockingDatabase]:
    with open_database(path) as database:
        connection = database._writer._connection.raw
        connection.authorizer = None
        connection.execute(DDL)
        record_tables(connection, TABLES, ())
        store = BlockingDatabase(database)
        fill(store, "INSERT INTO places VALUES ('here'), ('there')")
        fill(store, "INSERT INTO people VALUES ('ann', 'here', NULL), ('bob', 'here', 'ann'), ('cy', 'there', 'ann')")
        fill(
            store, "INSERT INTO letters VALUES ('ann', 1, NULL), ('ann', 2, 'here'), ('cy', 1, 'here'), ('cy', 2, NULL)"
        )
        yield store


def fill(store: BlockingDatabase, sql: str) -> None:
    store.write(lambda tx: tx.execute(sql))


def content(store: BlockingDatabase) -> dict[str, list]:
    return store.read(
        lambda snapshot: (
            {name: snapshot.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("people", "letters")}
            | {"places": [id for (id,) in snapshot.rows("SELECT id FROM places")]}
        )
    )


def test_the_plan_names_and_counts_what_goes_and_what_is_cleared(store):
    plan = store.read(plan_deletion, "places", "here")
    assert [(step.plugin, step.table, step.rows, step.action, step.sample_keys) for step in plan.tables] == [
        ("people", "people", 1, "clear", ("cy",)),  # bob's friend goes too, but so does bob
        ("letters", "letters", 3, "delete", ("ann/1", "ann/2", "cy/1")),
        ("people", "people", 2, "delete", ("ann", "bob")),
        ("places", "places", 1, "delete", ("here",)),
    ]


def test_planning_changes_nothing(store):
    before = content(store)
    store.read(plan_deletion, "places", "here")
    assert content(store) == before


def test_what_belongs_to_the_row_goes_and_the_rest_stays(store):
    plan = store.read(plan_deletion, "places", "here")
    assert delete_owned(store, "places", "here") == plan
    assert content(store) == {
        "places": ["there"],
        "people": [("cy", "there", None)],
        "letters": [("cy", 2, None)],
    }
    assert store.read(plan_deletion, "places", "here").tables == ()


def test_more_rows_than_a_batch_go_too(store):
    rows = BATCH_ROWS * 2 + 1
    fill(
        store,
        "INSERT INTO letters SELECT 'bob', value, NULL FROM"
        f" (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < {rows})"
        " SELECT * FROM c)",
    )
    assert delete_owned(store, "people", "bob").tables[0].rows == rows
    assert [row[0] for row in content(store)["people"]] == ["ann", "cy"]


def test_a_row_that_refuses_keeps_everything(store):
    fill(store, "INSERT INTO seals VALUES ('s', 'ann')")
    before = content(store)
    with pytest.raises(ConflictError, match="1 rows of seals"):
        delete_owned(store, "places", "here")
    assert content(store) == before


class Meanwhile:
    """A store in which something happens between the plan of a deletion and its first batch."""

    def __init__(self, store: BlockingDatabase, sql: str) -> None:
        self._store = store
        self._sql: str | None = sql

    def read(self, function, *args):
        return self._store.read(function, *args)

    def write(self, function, *args):
        if self._sql is not None:
            fill(self._store, self._sql)
            self._sql = None
        return self._store.write(function, *args)


def test_a_row_that_comes_after_the_plan_and_refuses_keeps_everything(store):
    before = content(store)
    with pytest.raises(ConflictError, match="1 rows of seals"):
        delete_owned(Meanwhile(store, "INSERT INTO seals VALUES ('s', 'ann')"), "places", "here")
    assert content(store) == before


def test_a_table_on_record_that_is_not_there_any_more_is_passed_over(store):
    store.write(
        lambda tx: tx.execute(
            "INSERT INTO registered_tables SELECT 'ghosts', plugin, replace(record,"
            " 'seals', 'ghosts') FROM registered_tables WHERE name = 'seals'"
        )
    )
    assert "ghosts" not in [table.record.name for table in store.read(list_tables)]
    assert delete_owned(store, "places", "here").tables


def test_tables_of_plugins_that_are_gone_are_still_known(store):
    assert {table.plugin: table.record for table in store.read(list_tables)} == {
        table.plugin: table.record for table in TABLES
    }


def test_a_table_cannot_own_its_own_rows():
    with pytest.raises(ValueError, match="points at its own table"):
        table("people", Reference(column="friend", table="people"))
