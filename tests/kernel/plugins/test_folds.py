"""Folds and mirrors that cannot work are refused at the start, with the plugin's name."""

from __future__ import annotations

import pytest

from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.testing import open_test_store
from thirdparty.distributions import load, write_plugins_toml

CODE = """
from typing import NamedTuple
from synthetic import EventType, Fold, Mirror, Reference, Selector
from synthetic.contributions import Service

HAPPENED = EventType(name="{plugin}.happened", entity="thing", purpose="It happened.")

class Row(NamedTuple):
    name: str
    total: int

@hookimpl
def register_events():
    return (HAPPENED,)

@hookimpl
def register_tables():
    return (Table(name="{plugin}_rows", purpose="Rows.", key=("name",), kept="A test's."{table}),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_{plugin}"),)

@hookimpl
def register_consumers():
    fold = dict(
        name="rows", purpose="Rows.", tables={{"{plugin}_rows": Row}}, types=(HAPPENED,), apply=max,
        selectors={{"{plugin}_rows": Selector.of_entity("thing")}},
    )
    return ({consumers},)
"""
TABLE = "CREATE TABLE {plugin}_rows (name TEXT NOT NULL PRIMARY KEY, total INTEGER NOT NULL{more}) STRICT;"


def install(site, plugin, consumers="Fold(**fold)", table="", more="", after=""):
    site.install(
        plugin,
        CODE.format(plugin=plugin, consumers=consumers, table=table),
        modules={"migrations/0001_rows.sql": TABLE.format(plugin=plugin, more=more) + after},
    )


@pytest.mark.parametrize(
    ("number", "consumers", "message"),
    [
        (1, "Fold(**fold | {'types': ()})", "must name the types of its events"),
        (2, "Fold(**fold | {'tables': {}})", "must have a table"),
        (3, "Fold(**fold | {'tables': {'refused3_rows': dict}})", "must be a NamedTuple"),
        (4, "Fold(**fold | {'tables': {'refused4_rows': Row, 'more': Row}})", "a record of its own"),
        (5, "Fold(**fold | {'version': 0})", "must be at least 1"),
        (6, "Fold(**fold | {'name': 'No Name'})", "lower-case words"),
        (
            7,
            "Fold(**fold | {'tables': {'elsewhere': Row}, 'selectors': {'elsewhere': Selector.of_entity('thing')}})",
            "elsewhere, which the plugin does not register",
        ),
        (17, "Fold(**fold | {'selectors': {}})", "a selector for each of its tables: refused17_rows"),
        (18, "Fold(**fold | {'positions': {'refused18_rows': 'x'}})", "no table refused18_rows with the column x"),
        (8, "Service(name='both', purpose='Both.', step=len, work=len, every_ms=1)", "either a step or work"),
        (9, "Service(name='none', purpose='None.', every_ms=1)", "either a step or work"),
        (12, "Service(name='both', purpose='Both.', opens=len, work=len, every_ms=1)", "either a step or work"),
        (10, "HAPPENED", "must return a tuple of Consumer"),
        (11, "__import__('synthetic').Consumer(name='a', purpose='A.', types=(HAPPENED,))", "a Fold or a Mirror"),
    ],
)
def test_a_record_that_cannot_work_is_refused(site, tmp_path, number, consumers, message):
    install(site, f"refused{number}", consumers)
    with pytest.raises(PluginFailedError, match=message):
        load(tmp_path, **{f"refused{number}": ""})


@pytest.mark.parametrize(
    ("number", "table", "message"),
    [
        (1, ", references=(Reference(column='name', table='constructs'),)", "has references"),
        (2, ", deleted=HAPPENED", "has references"),
    ],
)
def test_the_kernel_deletes_no_rows_of_a_fold(site, tmp_path, number, table, message):
    install(site, f"tied{number}", table=table)
    with pytest.raises(PluginFailedError, match=message):
        load(tmp_path, **{f"tied{number}": ""})


def test_a_record_begins_with_the_key(site, tmp_path):
    install(site, "keyed", table="")
    plugin = site.folder / "sample_keyed" / "plugin.py"
    plugin.write_text(plugin.read_text().replace('key=("name",)', 'key=("total",)'))
    with pytest.raises(PluginFailedError, match=r"whose key is \(total\)"):
        load(tmp_path, keyed="")


def test_a_table_belongs_to_one_fold(site, tmp_path):
    install(site, "twice", "Fold(**fold), Fold(**fold | {'name': 'again'})")
    with pytest.raises(PluginClashError, match="table of a fold"):
        load(tmp_path, twice="")


def test_a_name_is_taken_once(site, tmp_path):
    mirror = "Mirror(name='rows', purpose='A.', types=(HAPPENED,), refresh=len, scan=len)"
    install(site, "same", f"Fold(**fold), {mirror}")
    with pytest.raises(PluginClashError, match="consumer"):
        load(tmp_path, same="")


def test_positions_of_events_are_in_the_key(site, tmp_path):
    install(site, "placed", "Fold(**fold | {'positions': {'placed_rows': 'total'}})")
    write_plugins_toml(tmp_path / "store", {"placed": ""})
    refused = pytest.raises(PluginFailedError, match="the column total, which is not of its key")
    with refused, open_test_store(tmp_path / "store"):
        pass


@pytest.mark.parametrize(
    ("number", "more", "after", "message"),
    [
        (1, ", parent TEXT REFERENCES shaped1_rows (name)", "", "has a foreign key"),
        (2, ", more TEXT", "", "has the columns"),
        (
            3,
            "",
            "CREATE TRIGGER shaped3_fired AFTER INSERT ON shaped3_rows BEGIN SELECT 1; END;",
            "is named by the trigger",
        ),
    ],
)
def test_a_table_that_could_not_be_exchanged_stops_the_start(site, tmp_path, number, more, after, message):
    install(site, f"shaped{number}", more=more, after=after)
    data_dir = tmp_path / "store"
    write_plugins_toml(data_dir, {f"shaped{number}": ""})
    with pytest.raises(PluginFailedError, match=message), open_test_store(data_dir):
        pass
    # Nothing of it is left open.
    write_plugins_toml(data_dir, {f"shaped{number}": "enabled = false"})
    with open_test_store(data_dir) as store, store.kernel.alone():
        pass
