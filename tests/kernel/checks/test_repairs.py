"""`synthetic check --repair`: what can be made anew is, what cannot is left alone, and all is looked at again."""

from __future__ import annotations

import contextlib
import json
import os

import apsw
import pytest

from synthetic.recovery.rebuilding import run_consumers
from synthetic.testing import expect_data, open_test_store
from synthetic.testing_commands import run_command

from .kit import PAGE_BYTES

ENVIRONMENT = {"SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}
SAVE = 'mutation { saveConstruct(input: {id: "a", type: "task", title: "A task"}) { construct { id } } }'
INDEX = "constructs_by_type"


@pytest.fixture
def faulty(data_dir):
    """A store with a fold that has drifted, an index that lacks its row, and a directory that is open to others."""
    with open_test_store(data_dir) as store:
        expect_data(store.graphql(SAVE))
        run_consumers(store, lambda _done_bytes: None)
    with _writable(data_dir) as connection:
        connection.execute("UPDATE construct_activity SET messages = messages + 5")
        assert connection.changes() == 1
        row = connection.execute("SELECT * FROM sqlite_schema WHERE name = ?", (INDEX,)).fetchone()
        connection.execute("DELETE FROM sqlite_schema WHERE name = ?", (INDEX,))
    with _writable(data_dir) as connection:
        connection.execute("UPDATE constructs SET type = 'other'")
    with _writable(data_dir) as connection:
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    data_dir.chmod(0o755)
    return data_dir


@contextlib.contextmanager
def _writable(data_dir):
    """A connection that may change the schema; closed at the end, so that the next one reads it anew."""
    connection = apsw.Connection(str(data_dir / "synthetic.db"))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    connection.pragma("writable_schema", 1)
    try:
        yield connection
    finally:
        connection.close()


def repaired(data_dir, *names, more=("--repair", "--yes")):
    words = ["check", "--data", str(data_dir), "--json", "--deep", *more]
    for name in names:
        words += ["--only", name]
    done = run_command(words, environment={**os.environ, **ENVIRONMENT})
    return done.returncode, json.loads(done.stdout)


def test_what_can_be_made_anew_is_and_then_nothing_is_found(faulty):
    names = ("kernel.permissions", "kernel.folds", "kernel.contents")
    code, report = repaired(faulty, *names, more=())
    assert (code, report["status"]) == (65, "FAILED")
    assert "repairs" not in report
    told = {each["name"]: each["repair"] for each in report["checks"]}
    assert all(told[name] for name in names), "each says what a repair would do"
    code, report = repaired(faulty, *names)
    assert (code, report["status"]) == (0, "PASSED"), report
    assert {each["check"] for each in report["repairs"]} == set(names)
    assert faulty.stat().st_mode & 0o777 == 0o700


def test_nothing_is_written_to_a_file_whose_free_list_names_a_page_in_use(faulty):
    """SQLite would take the page for a new one: the rows on it would be gone with the first write."""
    with _writable(faulty) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute(
            "CREATE TABLE spare (x); INSERT INTO spare SELECT randomblob(3000) FROM sqlite_schema LIMIT 30;"
            "DROP TABLE spare"
        )
        in_use = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'constructs'").get
    database = faulty / "synthetic.db"
    content = bytearray(database.read_bytes())
    trunk = (int.from_bytes(content[32:36], "big") - 1) * PAGE_BYTES
    assert int.from_bytes(content[trunk + 4 : trunk + 8], "big") > 0
    content[trunk + 8 : trunk + 12] = in_use.to_bytes(4, "big")
    database.write_bytes(content)
    code, report = repaired(faulty, "kernel.contents", "kernel.permissions")
    assert (code, [each["check"] for each in report["repairs"]]) == (74, ["kernel.permissions"])
    assert database.read_bytes() == content
    # The structure is looked at also where something else alone was asked for.
    code, report = repaired(faulty, "kernel.folds")
    assert (code, "repairs" in report) == (74, False)
    assert database.read_bytes() == content
