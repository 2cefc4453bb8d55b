"""`synthetic plugins purge`: removes what an absent plugin left, after a backup, and nothing else."""

from __future__ import annotations

import io
import sys

import apsw
import pytest

from synthetic.cli.stores import open_store

BOXES = """
from synthetic import Reference

@hookimpl
def register_tables():
    thing = Reference(column="thing_id", table="things")
    return (
        Table(name="boxes", purpose="Boxes.", references=(thing,), kept="A few."),
        Table(name="lids", purpose="Lids.", references=(Reference(column="box_id", table="boxes"),), kept="A few."),
    )

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_beta"),)
"""

BOXES_MIGRATION = """
CREATE TABLE boxes (id TEXT PRIMARY KEY, thing_id TEXT REFERENCES things (id)) STRICT;
CREATE TABLE lids (id TEXT PRIMARY KEY, box_id TEXT REFERENCES boxes (id)) STRICT;
"""


@pytest.fixture
def stored(line, things, site):
    """A store with a table of `alpha`, two tables of `beta`, which point at it, and a row in each."""
    code = "@hookimpl\ndef register_plugin():\n    return Plugin(summary='x', requires=('alpha',))\n" + BOXES
    site.install("beta", code, introduced=False, modules={"migrations/0001_boxes.sql": BOXES_MIGRATION})
    line.list_plugins({"alpha": "", "beta": ""})
    line.run("migrate")
    with open_store(line.data_dir) as store:
        for sql in ("things VALUES ('1')", "boxes VALUES ('1', '1')", "lids VALUES ('1', '1')"):
            store.write(lambda tx, sql=sql: tx.execute(f"INSERT INTO {sql}"))
    return line


def tables(line):
    return {table["name"] for plugin in line.run_json("status")["plugins"] for table in plugin["tables"]}


def test_the_tables_of_a_plugin_that_was_taken_out_are_removed_leaf_first_after_a_backup(stored):
    stored.list_plugins({"alpha": ""})
    done = stored.run_json("plugins", "purge", "beta", "--yes")
    assert done["tables"] == [{"table": "lids", "rows": 1}, {"table": "boxes", "rows": 1}]
    assert tables(stored) & {"things", "boxes", "lids"} == {"things"}
    stored.list_plugins({"alpha": "", "beta": ""})
    stored.run("restore", done["backup"])
    with open_store(stored.data_dir) as store:
        assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM lids")) == 1


def test_a_plugin_that_comes_back_begins_anew(stored):
    stored.list_plugins({"alpha": ""})
    stored.run("plugins", "purge", "beta", "--yes")
    stored.list_plugins({"alpha": "", "beta": ""})
    assert stored.run_json("migrate")["applied"] == [{"plugin": "beta", "number": 1, "name": "boxes"}]
    with open_store(stored.data_dir) as store:
        assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM boxes")) == 0


def test_what_others_point_at_is_kept(stored):
    stored.list_plugins()
    error = stored.fail("plugins", "purge", "alpha", "--yes", code=65)
    assert (error["code"], error["message"]) == ("CONFLICT", "The table boxes of beta points at things.")
    assert {"things", "boxes", "lids"} <= tables(stored)


def test_from_a_damaged_store_nothing_is_removed(stored):
    stored.list_plugins({"alpha": ""})
    database = stored.data_dir / "synthetic.db"
    with open_store(stored.data_dir) as store:
        pages = store.read(lambda snapshot: snapshot.value("SELECT pageno FROM dbstat WHERE name = 'lids'"))
    checkpoint = apsw.Connection(str(database))
    checkpoint.pragma("wal_checkpoint", "TRUNCATE")
    checkpoint.close()
    with database.open("r+b") as file:
        file.seek((pages - 1) * 4096)
        file.write(b"\xff" * 4096)
    damaged = database.read_bytes()
    assert stored.fail("plugins", "purge", "beta", "--yes", code=74)["code"] == "STORE_DAMAGED"
    assert database.read_bytes() == damaged


def test_while_another_has_the_store_open_nothing_is_removed(stored):
    with open_store(stored.data_dir):
        stored.list_plugins({"alpha": ""})
        error = stored.fail("plugins", "purge", "beta", "--yes", code=75)
        assert (error["code"], error["message"]) == ("DATABASE_BUSY", "Another process has this store open.")
        assert "Stop the server" in error["action"]
        assert {"boxes", "lids"} <= tables(stored)
    stored.run("plugins", "purge", "beta", "--yes")
    assert tables(stored) & {"boxes", "lids"} == set()


@pytest.mark.parametrize("name", ["beta", "kernel"])
def test_what_is_in_use_is_kept(stored, name):
    assert stored.fail("plugins", "purge", name, "--yes", code=65)["code"] == "CONFLICT"
    assert {"boxes", "lids"} <= tables(stored)


def test_what_nobody_knows_is_not_found(stored):
    assert stored.fail("plugins", "purge", "gamma", "--yes", code=65)["code"] == "NOT_FOUND"


def test_a_dry_run_shows_it_and_changes_nothing(stored):
    stored.list_plugins({"alpha": ""})
    assert stored.run_json("plugins", "purge", "beta", "--dry-run")["removed"] is False
    assert [row.split() for row in stored.run("plugins", "purge", "beta", "--dry-run").splitlines()[2:]] == [
        ["lids", "1"],
        ["boxes", "1"],
    ]
    assert {"boxes", "lids"} <= tables(stored)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_without_a_terminal_it_must_be_confirmed_by_a_flag(stored, monkeypatch, words):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    stored.list_plugins({"alpha": ""})
    stored.run("plugins", "purge", "beta", *words, code=64)
    assert "Add --yes" in stored.errors
    assert {"boxes", "lids"} <= tables(stored)


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, set()), ("n\n", 130, {"boxes", "lids"})])
def test_on_a_terminal_it_asks(stored, monkeypatch, answer, code, left):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    stored.list_plugins({"alpha": ""})
    stored.run("plugins", "purge", "beta", code=code)
    assert tables(stored) & {"boxes", "lids"} == left
