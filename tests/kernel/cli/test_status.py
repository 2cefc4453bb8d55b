"""`synthetic status`: what it shows of a store, and that it changes nothing."""

from __future__ import annotations

from synthetic.cli.stores import open_store
from synthetic.security.tokens import create_token


def tables_of(status, plugin):
    (found,) = [each for each in status["plugins"] if each["name"] == plugin]
    return {table["name"]: table for table in found["tables"]}


def test_it_counts_the_rows_and_bytes_of_each_plugins_tables(line, things):
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    with open_store(line.data_dir) as store:
        store.write(lambda tx: tx.execute_many("INSERT INTO things VALUES (:id)", [{"id": str(n)} for n in range(500)]))
    status = line.run_json("status")
    assert tables_of(status, "alpha")["things"]["rows"] == 500
    assert tables_of(status, "alpha")["things"]["bytes"] >= 500
    assert tables_of(status, "kernel")["tokens"]["rows"] == 0
    assert status["pendingMigrations"] == []
    assert status["databaseBytes"] > 0


def test_the_page_for_people_shows_the_same(line, things):
    line.list_plugins({"alpha": ""}, extra="readers = 3\n")
    line.run("migrate")
    page = [" ".join(row.split()) for row in line.run("status").splitlines()]
    assert f"Data directory {line.data_dir}" in page
    assert "Migrations up to date" in page
    assert any(row.startswith("alpha loaded things 0 ") for row in page)
    assert f"kernel.database.readers 3 5 {line.data_dir / 'plugins.toml'}" in page


def test_backups_are_counted_once_they_are_whole_and_the_last_proven_one_has_its_age(line):
    line.run("migrate")
    assert line.run_json("status")["lastProvenBackup"] is None
    taken = line.run_json("backup")
    (line.data_dir / "backups" / "20260102T000000-000-manual.json.1234.partial").write_bytes(b"cut")
    status = line.run_json("status")
    proven = status["lastProvenBackup"]
    assert (status["backups"], proven["id"], proven["provenAt"]) == (1, taken["id"], taken["provenAt"])
    assert 0 <= proven["ageMs"] < 60_000
    assert status["backupBytes"] > taken["addedBytes"]
    assert any(
        row.startswith("Last proven ") and row.rstrip().endswith(" ago") for row in line.run("status").splitlines()
    )


def test_quick_does_not_count(line):
    line.run("migrate")
    assert tables_of(line.run_json("status", "--quick"), "kernel")["tokens"] == {
        "name": "tokens",
        "rows": None,
        "bytes": None,
    }


def test_settings_that_were_changed_are_shown_with_their_default_and_source(line):
    line.run("migrate")
    shown = line.run_json("status", "--set", "kernel.log.level=debug")["settings"]
    assert {"name": "kernel.log.level", "value": "debug", "default": "info", "layer": "flag", "where": "--set"} in shown
    assert [each["name"] for each in shown if each["layer"] == "default"] == []


def test_a_store_that_lacks_migrations_is_shown_and_not_migrated(line, things):
    line.run("migrate")
    line.list_plugins({"alpha": ""})
    for _ in range(2):
        status = line.run_json("status")
        assert status["pendingMigrations"] == ["alpha 0001_things"]
        assert "tokens" in tables_of(status, "kernel")
    assert "1 pending (alpha 0001_things)" in line.run("status")


def test_tables_of_a_plugin_that_is_not_loaded_any_more_are_reported(line, things):
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    line.list_plugins()
    (alpha,) = [each for each in line.run_json("status")["plugins"] if each["name"] == "alpha"]
    assert (alpha["state"], alpha["tables"][0]["rows"]) == ("absent", 0)


def test_without_its_plugins_the_store_is_shown_and_the_reason_is_the_error(line, things, site):
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    site.install("alpha", "import absent_module")
    site.forget()
    page = line.run("status", code=78)
    assert "things" in page
    assert "not known, since the plugins cannot be loaded" in page
    assert line.errors.startswith("PLUGIN_FAILED: The plugin alpha: importing sample_alpha.plugin failed")


def test_a_plugin_that_was_left_out_is_reported_with_the_reason(line, site):
    site.install("alpha", "import absent_module")
    line.list_plugins({"alpha": "optional = true"})
    line.run("migrate")
    assert "alpha is left out: The plugin alpha: importing sample_alpha.plugin failed" in line.run("status")


def test_a_directory_that_others_can_read_is_warned_of(line):
    line.run("migrate")
    line.data_dir.chmod(0o755)
    assert "can be read by other users" in line.run_json("status")["problems"][0]
    assert "Warning: " in line.run("status")


def test_it_can_be_asked_while_the_store_is_open_and_written(line):
    line.run("migrate")
    with open_store(line.data_dir) as store:
        store.write(create_token, "first", ("read",))
        assert tables_of(line.run_json("status"), "kernel")["tokens"]["rows"] == 1


def test_a_file_that_is_no_database_is_an_error(line):
    (line.data_dir / "synthetic.db").write_text("not a database, but long enough to be looked at " * 10)
    assert line.fail("status", code=78)["code"] == "NOT_A_STORE"


def test_an_empty_database_file_is_a_store_that_lacks_everything(line):
    (line.data_dir / "synthetic.db").touch()
    status = line.run_json("status")
    assert status["pendingMigrations"][0] == "kernel 0001_foundation"
    assert all(migration.startswith("kernel ") for migration in status["pendingMigrations"])
    assert tables_of(status, "kernel") == {}
