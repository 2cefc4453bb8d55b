"""What a deletion writes to the log: each row of a table that says so, leaf first, whoever owns the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthetic import Store, Transaction
from synthetic.contributions import Table
from synthetic.database.ownership import BATCH_ROWS, delete_owned, list_tables
from synthetic.errors import ConflictError
from synthetic.log.events import Event, read_events
from synthetic.testing import expect_data, open_test_store
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NOTES = (
    introduced_with(requires=("constructs",))
    + """
from synthetic import EventType, Reference

NOTE_DELETED = EventType(name="note.deleted", entity="note", purpose="A note was deleted.")
LINE_DELETED = EventType(name="note_line.deleted", entity="note_line", purpose="A line went with its note.")
STAMP_DELETED = EventType(name="note_stamp.deleted", entity="note_stamp", purpose="A stamp was deleted.")
SEAL_DELETED = EventType(name="note_seal.deleted", entity="note_seal", purpose="A seal was deleted.")

@hookimpl
def register_events():
    return (NOTE_DELETED, LINE_DELETED, STAMP_DELETED, SEAL_DELETED)

@hookimpl
def register_tables():
    of_note = Reference(column="note_id", table="notes")
    return (
        Table(
            name="notes", purpose="Notes.", deleted=NOTE_DELETED, kept="A few.",
            references=(Reference(column="about_id", table="constructs"),),
        ),
        Table(
            name="note_lines", purpose="Lines.", deleted=LINE_DELETED, kept="A few.",
            key=("note_id", "line_number"), references=(of_note,),
        ),
        Table(name="note_marks", purpose="Marks.", kept="A few.", references=(of_note,)),
        Table(
            name="note_stamps", purpose="Stamps.", deleted=STAMP_DELETED, kept="A few.",
            references=(Reference(column="note_id", table="notes", on_delete="clear"),),
        ),
        Table(
            name="note_seals", purpose="Seals.", deleted=SEAL_DELETED, kept="A few.",
            references=(Reference(column="note_id", table="notes", on_delete="refuse"),),
        ),
    )

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_notes"),)
"""
)
MIGRATION = """
CREATE TABLE notes (id TEXT PRIMARY KEY, about_id TEXT REFERENCES constructs (id)) STRICT;
CREATE TABLE note_lines (
    note_id TEXT NOT NULL REFERENCES notes (id), line_number INTEGER NOT NULL, PRIMARY KEY (note_id, line_number)
) STRICT, WITHOUT ROWID;
CREATE TABLE note_marks (id TEXT PRIMARY KEY, note_id TEXT REFERENCES notes (id)) STRICT;
CREATE TABLE note_stamps (id TEXT PRIMARY KEY, note_id TEXT REFERENCES notes (id)) STRICT;
CREATE TABLE note_seals (id TEXT PRIMARY KEY, note_id TEXT REFERENCES notes (id)) STRICT;
"""
ROWS = (
    "notes VALUES ('n1', 'c'), ('n2', 'c'), ('n3', 'd')",
    "note_lines VALUES ('n1', 1), ('n1', 2), ('n3', 1)",
    "note_marks VALUES ('m', 'n1')",
    "note_stamps VALUES ('s', 'n1')",
)


@pytest.fixture
def directory(site: Site, tmp_path: Path) -> Path:
    """A store with constructs `c` and `d`, and notes about them."""
    site.install("notes", NOTES, introduced=False, modules={"migrations/0001_notes.sql": MIGRATION})
    directory = tmp_path / "store"
    write_plugins_toml(directory, {"notes": ""}, shipped=True)
    with open_test_store(directory) as store:
        for id in "cd":
            document = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "P"}) { created } }'
            expect_data(store.graphql(document, {"id": id}))
        for rows in ROWS:
            store.write(Transaction.execute, f"INSERT INTO {rows}")
    return directory


def told(store: Store) -> list[Event]:
    """The events after those of the fixture."""
    return store.read(read_events, 0, 10_000).events[2:]


def short(event: Event) -> tuple[str, str, str | None]:
    return event.type, event.entity_id, event.construct_id


GONE_WITH_C = [
    ("note_line.deleted", "n1/1", "c"),
    ("note_line.deleted", "n1/2", "c"),
    ("note.deleted", "n1", "c"),
    ("note.deleted", "n2", "c"),
    ("construct.deleted", "c", "c"),
]


@pytest.mark.parametrize("is_loaded", [True, False])
def test_each_row_that_goes_is_told_leaf_first_even_if_its_plugin_is_not_loaded(directory, is_loaded: bool):
    write_plugins_toml(directory, {"notes": f"enabled = {str(is_loaded).lower()}"}, shipped=True)
    with open_test_store(directory) as store:
        assert (store.kernel.registry.find_plugin("notes") is not None) == is_loaded

        expect_data(store.graphql('mutation { deleteConstruct(input: {id: "c"}) { rows } }'))

        events = told(store)
        assert [short(event) for event in events] == GONE_WITH_C
        assert [event.module for event in events] == ["notes"] * 4 + ["constructs"]
        assert {event.actor for event in events} == {"anonymous"}
        assert len({event.correlation_id for event in events}) == 1
        assert [event.data() for event in events[1:3]] == [{"noteId": "n1", "lineNumber": 2}, {}]
        assert store.read(lambda snapshot: snapshot.rows("SELECT id, note_id FROM note_stamps")) == [("s", None)]


def test_of_a_row_that_is_no_construct_the_event_names_the_construct_that_it_points_at(directory):
    with open_test_store(directory) as store:
        delete_owned(store, "notes", "n1")

        assert [short(event) for event in told(store)] == [
            ("note_line.deleted", "n1/1", None),
            ("note_line.deleted", "n1/2", None),
            ("note.deleted", "n1", "c"),
        ]


def test_a_deletion_that_is_refused_tells_nothing(directory):
    with open_test_store(directory) as store:
        store.write(Transaction.execute, "INSERT INTO note_seals VALUES ('s', 'n1')")
        with pytest.raises(ConflictError):
            delete_owned(store, "constructs", "c")

        assert told(store) == []


def test_a_deletion_in_many_transactions_tells_each_row_once(directory):
    rows = BATCH_ROWS * 2 + 7
    with open_test_store(directory) as store:
        store.write(
            Transaction.execute,
            "INSERT INTO note_lines SELECT 'n3', value + 10 FROM"
            f" (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < {rows})"
            " SELECT * FROM c)",
        )
        delete_owned(store, "notes", "n3")

        lines = [event.entity_id for event in told(store)[:-1]]
        assert sorted(lines) == sorted(["n3/1", *(f"n3/{number + 10}" for number in range(1, rows + 1))])
        assert short(told(store)[-1]) == ("note.deleted", "n3", "d")


def records(store: Store) -> dict[str, Table]:
    return {table.record.name: table.record for table in store.read(list_tables)}


def test_the_event_types_of_tables_are_kept_in_the_store(directory):
    with open_test_store(directory) as store:
        declared = {table.record.name: table.record for table in store.kernel.registry.tables}
    write_plugins_toml(directory, {"notes": "enabled = false"}, shipped=True)
    with open_test_store(directory) as store:
        assert records(store)["notes"] == declared["notes"]
        assert records(store)["note_marks"].deleted is None


def test_a_table_on_record_that_says_nothing_of_events_is_deleted_from_without_any(directory):
    write_plugins_toml(directory, {"notes": "enabled = false"}, shipped=True)
    with open_test_store(directory) as store:
        store.write(
            Transaction.execute,
            "UPDATE registered_tables SET record = json_remove(record, '$.deleted') WHERE plugin = 'notes'",
        )
        delete_owned(store, "constructs", "c")

        assert [short(event) for event in told(store)] == GONE_WITH_C[-1:]
