"""Migrations: applied once, whole or not at all, and confined to their plugin's tables."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import FolderObjects
from synthetic.backups.proving import restore_files
from synthetic.clock import SystemClock
from synthetic.contributions import MigrationFolder, Stamped, Table
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import Migration, read_migrations
from synthetic.database.opening import Blueprint, inspect_store, ledger_guard, open_store
from synthetic.database.ownership import read_owners
from synthetic.errors import (
    MigrationEditedError,
    MigrationFailedError,
    MigrationPendingError,
    NotAStoreError,
    PluginClashError,
    PluginFailedError,
    StorageFullError,
    StorageReadOnlyError,
    StoreNewerError,
)
from synthetic.kernel_settings import DatabaseSettings
from synthetic.kernel_tables import KERNEL_TABLES

SETTINGS = DatabaseSettings(synchronous="OFF")
KERNEL = read_migrations([Stamped("kernel", MigrationFolder("synthetic"))])
NOTES = "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, body TEXT) STRICT;"


def line(*sql: str, plugin: str = "notes") -> tuple[Migration, ...]:
    return tuple(Migration(plugin, number, f"step_{number}", text) for number, text in enumerate(sql, 1))


def blueprint(
    *migrations: Migration,
    tables: tuple[str, ...] = ("notes",),
    requires: tuple[str, ...] = (),
    plugin: str = "notes",
) -> Blueprint:
    own = [Stamped(plugin, Table(name=name, purpose="For a test.", kept="For a test.")) for name in tables]
    return Blueprint(
        version="0.1",
        migrations=[*KERNEL, *migrations],
        tables=[*(Stamped("kernel", table) for table in KERNEL_TABLES), *own],
        requires={plugin: requires},
    )


class Site:
    """A data directory and what is done to it."""

    def __init__(self, path: Path) -> None:
        self.directory = DataDirectory(path)
        self.directory.prepare()

    def open(
        self, plan: Blueprint, *, migrate: bool = True, settings: DatabaseSettings = SETTINGS
    ) -> tuple[apsw.Connection, list[Migration]]:
        return open_store(
            self.directory, settings, plan, SystemClock(), migrate=migrate, progress=lambda migration: None
        )

    def migrate(self, plan: Blueprint, *, settings: DatabaseSettings = SETTINGS) -> list[str]:
        connection, applied = self.open(plan, settings=settings)
        connection.close()
        return [str(migration) for migration in applied]

    def tables(self) -> set[str]:
        connection = apsw.Connection(str(self.directory.database))
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        connection.close()
        return names

    def recorded(self) -> dict[str, str]:
        connection = apsw.Connection(str(self.directory.database))
        owners = read_owners(connection)
        connection.close()
        return owners

    def refusal(self, *sql: str, **options) -> str:
        with pytest.raises(MigrationFailedError) as refused:
            self.migrate(blueprint(*line(*sql), **options))
        return refused.value.message


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    return Site(tmp_path / "store")


def test_a_second_run_applies_nothing(site):
    plan = blueprint(*line(NOTES))
    assert site.migrate(plan) == [*map(str, KERNEL), "notes 0001_step_1"]
    assert site.migrate(plan) == []


def test_a_store_that_lacks_a_migration_is_refused_unless_asked_to_migrate(site):
    site.migrate(blueprint(*line(NOTES)))
    later = blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;"))
    with pytest.raises(MigrationPendingError, match="notes 0002_step_2"):
        site.open(later, migrate=False)
    assert [str(step) for step in inspect_store(site.directory, SETTINGS, later)] == ["notes 0002_step_2"]
    assert site.migrate(later) == ["notes 0002_step_2"]


def test_a_failing_migration_leaves_the_store_as_it_was_and_can_be_mended(site):
    site.migrate(blueprint(*line(NOTES)))
    broken = "ALTER TABLE notes ADD COLUMN author TEXT; INSERT INTO notes (id) VALUES (NULL);"
    assert "0002_step_2 failed" in site.refusal(NOTES, broken)
    connection, _ = site.open(blueprint(*line(NOTES)))
    assert [name for (_, name, *_) in connection.execute("PRAGMA table_info(notes)")] == ["id", "body"]
    connection.close()
    assert site.migrate(blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;"))) == ["notes 0002_step_2"]


def test_a_backup_is_made_before_a_store_with_data_is_changed(site):
    connection, _ = site.open(blueprint(*line(NOTES)))
    connection.execute("INSERT INTO notes (id) VALUES ('kept')")
    connection.close()
    assert not site.directory.backups.exists()  # a new store has nothing to lose
    site.migrate(blueprint(*line(NOTES, "DELETE FROM notes;")))
    folder = BackupFolder(site.directory.backups)
    (backup,), _ = folder.list_backups()
    assert (backup.reason, backup.is_whole, backup.proven_at is not None) == ("before-migration", False, True)
    assert backup.migrations == {"kernel": len(KERNEL), "notes": 1}
    restored = site.directory.path / "restored"
    restore_files(folder.read_contents(backup), FolderObjects(folder.path), restored, lambda _bytes: None)
    copy = apsw.Connection(str(restored / "synthetic.db"))
    assert copy.execute("SELECT id FROM notes").get == "kept"
    copy.close()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.path.rglob("*") if path.is_file()} == {0o600}


def test_without_a_backup_nothing_is_migrated_and_no_part_of_it_is_left(site):
    site.migrate(blueprint(*line(NOTES)))
    later = blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;"))
    site.directory.backups.touch()  # a file in the place of the directory
    with pytest.raises(StorageReadOnlyError, match="backup in"):
        site.migrate(later)
    site.directory.backups.unlink()
    with pytest.raises(StorageFullError, match="are needed in"):
        site.migrate(later, settings=replace(SETTINGS, free_disk_bytes=2**60))
    assert [path for path in site.directory.backups.rglob("*") if path.is_file()] == [site.directory.backups / "lock"]
    assert site.migrate(later) == ["notes 0002_step_2"]


def test_a_process_whose_ledger_lost_rows_stops_writing(site):
    plan = blueprint(*line(NOTES))
    connection, _ = site.open(plan)
    guard = ledger_guard(plan)
    guard(connection)
    connection.execute("DELETE FROM schema_migrations WHERE plugin = 'notes'")
    with pytest.raises(MigrationPendingError, match=r"notes 0001_step_1 any more\. This server has stopped writing"):
        guard(connection)
    connection.close()


def test_a_store_that_is_newer_than_the_code_is_refused_with_what_to_do(site):
    site.migrate(blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;")))
    with pytest.raises(StoreNewerError, match="has migration 2 of 'notes'; this installation knows 1") as refused:
        site.open(blueprint(*line(NOTES)))
    assert "Upgrade" in refused.value.suggested_action


def test_an_edited_migration_is_refused(site):
    site.migrate(blueprint(*line(NOTES)))
    with pytest.raises(MigrationEditedError, match="notes 0001_step_1 differs"):
        site.open(blueprint(*line(NOTES.replace("body", "text"))))


def test_a_migration_put_in_before_applied_ones_is_refused(site):
    connection, _ = site.open(blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;")))
    connection.execute("DELETE FROM schema_migrations WHERE plugin = 'notes' AND number = 1")
    connection.close()
    with pytest.raises(MigrationEditedError, match="is missing from a store that has later ones"):
        site.open(blueprint(*line(NOTES, "ALTER TABLE notes ADD COLUMN author TEXT;")))


def test_tables_of_a_plugin_that_is_not_loaded_any_more_stay(site):
    site.migrate(blueprint(*line(NOTES)))
    assert site.migrate(blueprint(tables=(), plugin="others")) == []
    assert "notes" in site.tables()
    assert "notes" in site.recorded()


def test_a_table_that_a_loaded_plugin_does_not_register_any_more_is_forgotten(site):
    site.migrate(blueprint(*line(NOTES)))
    site.migrate(blueprint(*line(NOTES), tables=()))
    assert "notes" not in site.recorded()


def test_a_plugin_cannot_take_over_a_table_that_an_absent_one_left(site):
    site.migrate(blueprint(*line(NOTES)))
    usurper = blueprint(*line("DROP TABLE notes;" + NOTES, plugin="usurper"), plugin="usurper")
    with pytest.raises(PluginClashError, match=r"usurper registers the table notes, which notes") as clash:
        site.migrate(usurper)
    assert "synthetic plugins purge notes" in clash.value.suggested_action
    with pytest.raises(PluginClashError):
        inspect_store(site.directory, SETTINGS, usurper)
    assert site.recorded()["notes"] == "notes"


@pytest.mark.parametrize("loaded", [True, False])
def test_a_name_that_begins_like_an_own_table_is_no_claim_to_a_table_of_another_plugin(site, loaded):
    """Also where it looks like the shadow of a virtual table, and whether the owner is loaded or not."""
    owners = blueprint(
        *line("CREATE TABLE notes_files (id TEXT) STRICT; CREATE TABLE notes_data (id TEXT) STRICT;", plugin="files"),
        tables=("notes_files", "notes_data"),
        plugin="files",
    )
    site.migrate(owners)
    kept = [table for table in owners.tables if table.plugin == "files"] if loaded else []
    for name in ("notes_files", "notes_data"):
        plan = blueprint(*line(f"{NOTES} DROP TABLE {name};"))
        plan = replace(plan, tables=[*plan.tables, *kept], requires=plan.requires | ({"files": ()} if loaded else {}))
        with pytest.raises(MigrationFailedError, match=f"'{name}', which plugin 'notes' did not register"):
            site.migrate(plan)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE notes_anything (id TEXT) STRICT;", "creates table 'notes_anything'"),
        ("CREATE TABLE notes_content (id TEXT) STRICT;", "it makes table 'notes_content'"),
        ("CREATE TABLE notes_new (id TEXT) STRICT;", "it makes table 'notes_new'"),
        ("CREATE VIRTUAL TABLE notes_data USING fts5 (body);", "creates table 'notes_data_data'"),
        ("ALTER TABLE notes RENAME TO renamed;", "it makes table 'renamed'"),
        ("CREATE TEMP TABLE notes (id TEXT);", "it leaves the temporary table 'notes' behind"),
    ],
)
def test_no_table_stays_that_is_not_registered(site, sql, reason):
    assert reason in site.refusal(NOTES + sql)
    assert "notes" not in site.tables()


def test_a_table_can_be_made_anew(site):
    numbered = "(number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT {}) STRICT;"
    first = f"CREATE TABLE notes {numbered.format('')} INSERT INTO notes (body) VALUES ('a'), ('b');"
    anew = (
        f"CREATE TABLE notes_new {numbered.format('NOT NULL')} INSERT INTO notes_new SELECT * FROM notes;"
        " DROP TABLE notes; ALTER TABLE notes_new RENAME TO notes;"
    )
    site.migrate(blueprint(*line(first)))
    assert site.migrate(blueprint(*line(first, anew))) == ["notes 0002_step_2"]
    assert "notes_new" not in site.tables()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sqlite_sequence SET seq = 0;",
        "DELETE FROM sqlite_sequence WHERE name = 'bills';",
        "INSERT INTO sqlite_sequence VALUES ('tokens', 7);",
    ],
)
def test_the_sequences_of_other_plugins_stay_as_they_are(site, sql):
    bills = line(
        "CREATE TABLE bills (number INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT) STRICT;"
        " INSERT INTO bills (x) VALUES ('a'), ('b');",
        plugin="bills",
    )
    site.migrate(blueprint(*bills, tables=("bills",), plugin="bills"))
    assert "it changes the sequence of table " in site.refusal(NOTES + sql)
    own = "CREATE TABLE notes (number INTEGER PRIMARY KEY AUTOINCREMENT) STRICT; INSERT INTO notes VALUES (5);"
    assert site.migrate(blueprint(*line(own + "UPDATE sqlite_sequence SET seq = 9 WHERE name = 'notes';")))


def test_two_starts_at_once_apply_each_migration_once(site):
    plan = blueprint(*line(NOTES))
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(site.migrate(plan))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, 0, 0, len(KERNEL) + 1]


def test_a_file_of_another_program_is_refused_and_left_as_it_is(site):
    other = apsw.Connection(str(site.directory.database))
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = site.directory.database.read_bytes()
    with pytest.raises(NotAStoreError, match="another program"):
        site.open(blueprint())
    assert site.directory.database.read_bytes() == before


def test_a_file_of_garbage_is_refused_and_left_as_it_is(site):
    garbage = b"this is not a database, whatever its name says " * 200
    site.directory.database.write_bytes(garbage)
    with pytest.raises(NotAStoreError):
        site.open(blueprint())
    assert site.directory.database.read_bytes() == garbage


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DROP TABLE tokens;", "drops table 'tokens'"),
        ("DELETE FROM tokens;", "deletes from table 'tokens'"),
        ("UPDATE meta SET value = '';", "writes to table 'meta'"),
        ("CREATE TABLE others (id TEXT) STRICT;", "creates table 'others'"),
        ("CREATE INDEX mine ON tokens (name);", "indexes table 'tokens'"),
        ("ALTER TABLE tokens ADD COLUMN x TEXT;", "alters table 'tokens'"),
        ("CREATE TRIGGER spy AFTER INSERT ON tokens BEGIN DELETE FROM notes; END;", "puts a trigger on table 'tokens'"),
        ("INSERT INTO notes (id) SELECT hash FROM tokens;", "reads table 'tokens'"),
        ("CREATE VIEW peek AS SELECT * FROM notes;", "creates table 'peek'"),
        ("ATTACH ':memory:' AS other;", "does SQLITE_ATTACH"),
        ("PRAGMA writable_schema = 1;", "runs PRAGMA writable_schema"),
        ("COMMIT;", "does SQLITE_TRANSACTION"),
    ],
)
def test_a_migration_is_confined_to_its_own_tables(site, sql, reason):
    assert reason in site.refusal(NOTES + sql)
    assert "notes" not in site.tables()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "CREATE TRIGGER sly AFTER INSERT ON notes BEGIN DELETE FROM tokens; END;",
            "trigger 'sly' deletes from table 'tokens'",
        ),
        (
            "CREATE TRIGGER sly AFTER UPDATE OF body ON notes BEGIN INSERT INTO meta VALUES ('a', 'b'); END;",
            "trigger 'sly' writes to table 'meta'",
        ),
        (
            "CREATE TRIGGER sly BEFORE DELETE ON notes BEGIN SELECT hash FROM tokens; END;",
            "trigger 'sly' reads table 'tokens'",
        ),
    ],
)
def test_the_body_of_a_trigger_is_confined_too(site, sql, reason):
    assert reason in site.refusal(NOTES + sql)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE notes (id TEXT);", "is not STRICT"),
        (
            "CREATE TABLE notes (id TEXT PRIMARY KEY, token TEXT REFERENCES tokens (id)) STRICT;",
            "points at 'tokens', of a plugin that it does not require",
        ),
        (
            "CREATE TABLE notes (id TEXT PRIMARY KEY, up TEXT REFERENCES notes DEFERRABLE INITIALLY DEFERRED) STRICT;",
            "has a deferred key",
        ),
    ],
)
def test_tables_keep_the_rules(site, sql, reason):
    assert reason in site.refusal(sql)


def test_a_key_to_a_required_plugin_is_allowed_but_may_not_cascade(site):
    keyed = "CREATE TABLE notes (id TEXT PRIMARY KEY, token TEXT REFERENCES tokens (id){}) STRICT;"
    assert "has an action" in site.refusal(keyed.format(" ON DELETE CASCADE"), requires=("kernel",))
    assert site.migrate(blueprint(*line(keyed.format("")), requires=("kernel",)))[-1] == "notes 0001_step_1"


def test_shadow_tables_of_a_full_text_index_are_its_own(site):
    indexed = NOTES + "CREATE VIRTUAL TABLE notes_text USING fts5 (body, content='notes');"
    assert site.migrate(blueprint(*line(indexed), tables=("notes", "notes_text")))
    assert "notes_text_data" in site.tables()


def test_rows_that_point_at_nothing_undo_a_migration(site):
    dangling = (
        "CREATE TABLE notes (id TEXT PRIMARY KEY, up TEXT REFERENCES notes (id)) STRICT;"
        " INSERT INTO notes VALUES ('a', 'nowhere');"
    )
    assert "leaves rows of 'notes' that point at nothing" in site.refusal(dangling)


def test_a_registered_table_that_no_migration_makes_is_reported(site):
    with pytest.raises(PluginFailedError, match="registers table 'drafts', which none of its migrations makes"):
        site.migrate(blueprint(*line(NOTES), tables=("notes", "drafts")))


@pytest.mark.parametrize("names", [["0002_second.sql"], ["0001_a.sql", "0001_b.sql"], ["first.sql"], []])
def test_files_must_be_numbered_without_gaps(tmp_path, monkeypatch, names):
    package = tmp_path / "numbered_notes"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in names:
        (package / "migrations" / name).write_text("SELECT 1;")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginFailedError, match="migration"):
        read_migrations([Stamped("notes", MigrationFolder("numbered_notes"))])


def test_a_start_that_is_killed_while_it_makes_a_store_leaves_none(site):
    class Killed(BaseException):
        pass

    plan = blueprint(*line(NOTES))
    for stop_at in range(len(plan.migrations)):
        seen: list[Migration] = []

        def stop(migration: Migration, seen=seen, stop_at=stop_at) -> None:
            seen.append(migration)
            if len(seen) > stop_at:
                raise Killed

        with pytest.raises(Killed):
            open_store(site.directory, SETTINGS, plan, SystemClock(), migrate=True, progress=stop)
        # Nothing or everything: what was made so far is not there.
        assert inspect_store(site.directory, SETTINGS, plan) == tuple(plan.migrations)
    assert len(site.migrate(plan)) == len(plan.migrations)
