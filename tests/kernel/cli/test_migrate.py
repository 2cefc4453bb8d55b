"""`synthetic migrate`: plan, dry run, application, and what is refused."""

from __future__ import annotations

from synthetic.contributions import MigrationFolder, Stamped
from synthetic.database.migrations import read_migrations

KERNEL = read_migrations([Stamped("kernel", MigrationFolder("synthetic"))])
OWN = [{"plugin": each.plugin, "number": each.number, "name": each.name} for each in KERNEL]
THINGS = {"plugin": "alpha", "number": 1, "name": "things"}


def test_a_new_store_is_planned_made_and_then_up_to_date(line):
    planned = line.run("migrate")
    assert planned.splitlines()[0] == f"A new store in {line.data_dir} needs {len(KERNEL)} migrations:"
    assert planned.splitlines()[1:] == [*(f"  {each}" for each in KERNEL), "Applied."]
    assert line.run("migrate") == f"The store in {line.data_dir} is up to date.\n"


def test_a_dry_run_changes_nothing(line):
    assert line.run_json("migrate", "--dry-run") == {"pending": OWN, "applied": []}
    assert not (line.data_dir / "synthetic.db").exists()


def test_machines_are_told_what_was_pending_and_what_was_applied(line):
    assert line.run_json("migrate") == {"pending": OWN, "applied": OWN}
    assert line.run_json("migrate") == {"pending": [], "applied": []}


def test_the_tables_of_a_plugin_that_comes_later_are_added_after_a_backup(line, things):
    line.run("migrate")
    line.list_plugins({"alpha": ""})
    assert line.fail("token", "list", code=78)["code"] == "MIGRATION_PENDING"
    assert line.run_json("migrate") == {"pending": [THINGS], "applied": [THINGS]}
    assert len(list((line.data_dir / "backups").glob("*-before-migration.json"))) == 1
    assert line.run_json("token", "list") == []


def test_a_migration_that_was_edited_is_refused(line, things, site):
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    (site.folder / "sample_alpha/migrations/0001_things.sql").write_text("CREATE TABLE things (id INTEGER);")
    error = line.fail("migrate", code=78)
    assert error["code"] == "MIGRATION_EDITED"
    assert "alpha 0001_things" in error["message"]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(line):
    (line.data_dir / "synthetic.db").write_text("not a database, but long enough to be looked at " * 10)
    before = (line.data_dir / "synthetic.db").read_bytes()
    assert line.fail("migrate", code=78)["code"] == "NOT_A_STORE"
    assert (line.data_dir / "synthetic.db").read_bytes() == before


def test_a_command_that_makes_a_store_takes_up_one_whose_making_was_interrupted(tmp_path, capsys):
    """A start that was killed after the file was made and before its tables leaves an empty database."""
    import apsw

    from synthetic.cli import main

    data = tmp_path / "store"
    data.mkdir(mode=0o700)
    connection = apsw.Connection(str(data / "synthetic.db"))
    connection.pragma("auto_vacuum", "INCREMENTAL")
    connection.pragma("journal_mode", "WAL")
    connection.close()
    chat = tmp_path / "chat.jsonl"
    chat.write_text('{"role": "user", "content": "Hello"}\n{"role": "assistant", "content": "Hello yourself"}\n')
    fast = ["--set", "kernel.database.synchronous=OFF", "--set", "kernel.database.free_disk_bytes=0"]
    assert main(["ingest", str(chat), "--data", str(data), *fast]) == 0, capsys.readouterr().err
    assert "1 new" in capsys.readouterr().out
