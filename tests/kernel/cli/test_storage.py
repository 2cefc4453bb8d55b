"""`synthetic storage`: what takes the room of a store, for people and machines."""

from __future__ import annotations

from synthetic.testing import open_test_store


def test_it_shows_tables_and_files(line):
    with open_test_store(line.data_dir):
        pass
    shown = line.run("storage")
    assert "domain_events" in shown
    assert "Write-ahead log" in shown
    assert "Warning" not in shown


def test_a_machine_gets_the_same_figures_as_from_graphql(line):
    query = "{ storage { databaseBytes archiveBytes limitBytes tables { table bytes indexBytes isEstimate } } }"
    with open_test_store(line.data_dir) as store:
        asked = store.graphql(query)["data"]["storage"]
    found = line.run_json("storage")
    tables = asked.pop("tables")
    assert {name: found[name] for name in asked} == asked
    assert [{name: table[name] for name in tables[0]} for table in found["tables"]] == tables


def test_it_warns_where_the_store_is_larger_than_it_should_be(line):
    with open_test_store(line.data_dir):
        pass
    shown = line.run("storage", "--set", "kernel.storage.limit_bytes=1000")
    assert "Warning: Writes are refused. The store takes" in shown
