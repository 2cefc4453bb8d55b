"""Optional plugins that only fail when the schema is built or the store is opened: left out, the rest unharmed."""

from __future__ import annotations

import pytest

import synthetic
from synthetic.errors import SyntheticError
from synthetic.testing import expect_data
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

FREE_DISK = "[kernel.database]\nfree_disk_bytes = 0\n"

TABLES = """
@hookimpl
def register_tables():
    return (Table(name="{name}s", purpose="Things.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_{name}"),)
"""

TYPE = '''
import strawberry

from synthetic import query

@strawberry.type(description="A thing.", name="Thing")
class {name}Thing:
    id: strawberry.ID = strawberry.field(description="Its id.")

@query
def all_{name}(snapshot) -> list[{name}Thing]:
    """All things."""
    return []

@hookimpl
def register_graphql():
    return (GraphQL(queries=(all_{name},)),)
'''

MAKES = {"migrations/0001_things.sql": "CREATE TABLE bads (id TEXT NOT NULL PRIMARY KEY) STRICT;"}

RETENTION = """
from dataclasses import dataclass
from synthetic import RetentionRule

@dataclass(frozen=True)
class BadSettings:
    keep_ms: int = 1_000

@hookimpl
def register_settings():
    return (Settings(BadSettings),)

@hookimpl
def register_retention():
    return (RetentionRule(name="old", purpose="Old.", table="bads", age_column="at", keep_setting="keep_ms"),)

@hookimpl
def prepare_connection(connection, role):
    pass
""" + TABLES.format(name="bad").replace(', kept="A few."', "")

BAD = {
    "a migration that fails": (
        TABLES.format(name="bad"),
        {"migrations/0001_x.sql": "CREATE TABLE nonsense;"},
        "MIGRATION_FAILED",
    ),
    "a migration that touches what is another's": (
        TABLES.format(name="bad"),
        {"migrations/0001_x.sql": MAKES["migrations/0001_things.sql"] + "DROP TABLE goods;"},
        "MIGRATION_FAILED",
    ),
    "a table that nothing makes": (TABLES.format(name="bad"), {"migrations/0001_x.sql": "SELECT 1;"}, "PLUGIN_FAILED"),
    "migrations with a gap": (TABLES.format(name="bad"), {"migrations/0002_x.sql": "SELECT 1;"}, "PLUGIN_FAILED"),
    "no migrations where they should be": (TABLES.format(name="bad"), {}, "PLUGIN_FAILED"),
    "a rule of retention that no index serves": (
        RETENTION,
        {"migrations/0001_x.sql": "CREATE TABLE bads (id TEXT NOT NULL PRIMARY KEY, at INTEGER) STRICT;"},
        "PLUGIN_FAILED",
    ),
    "a type that another has": (TYPE.format(name="bad"), {}, "PLUGIN_CLASH"),
    "a field of no type": (TYPE.format(name="bad").replace("list[badThing]", "object"), {}, "PLUGIN_FAILED"),
    "a connection that it spoils": (
        "@hookimpl\ndef prepare_connection(connection, role):\n    raise RuntimeError('spoilt')",
        {},
        "PLUGIN_FAILED",
    ),
}


def install(site: Site, code: str, modules: dict[str, str]) -> None:
    """Install a good plugin, a bad one, and one that requires the bad one."""
    site.install(
        "good",
        TABLES.format(name="good") + TYPE.format(name="good"),
        modules={"migrations/0001_goods.sql": "CREATE TABLE goods (id TEXT NOT NULL PRIMARY KEY) STRICT;"},
    )
    site.install("bad", code, modules=modules)
    site.install("worse", introduced_with(requires=("bad",)), introduced=False)


@pytest.mark.parametrize("case", BAD)
def test_an_optional_plugin_that_fails_late_is_left_out_by_name(site, tmp_path, case):
    code, modules, expected = BAD[case]
    install(site, code, modules)
    listed = {"good": "", "bad": "optional = true", "worse": ""}
    write_plugins_toml(tmp_path / "store", listed, extra=FREE_DISK)
    with synthetic.open(tmp_path / "store") as store:
        data = expect_data(
            store.graphql("{ allGood { id } plugins { loaded { name } leftOut { name reason action } } }")
        )
        left_out = store.kernel.registry.left_out
    assert [each["name"] for each in data["plugins"]["loaded"]] == ["good"]
    assert [each["name"] for each in data["plugins"]["leftOut"]] == ["bad", "worse"]
    assert "bad" in data["plugins"]["leftOut"][0]["reason"]
    assert left_out[0].code == expected


@pytest.mark.parametrize("case", BAD)
def test_one_that_is_not_optional_stops_the_start_by_name(site, tmp_path, case):
    code, modules, expected = BAD[case]
    install(site, code, modules)
    write_plugins_toml(tmp_path / "store", {"good": "", "bad": ""}, extra=FREE_DISK)
    with pytest.raises(SyntheticError) as caught:
        synthetic.open(tmp_path / "store")
    assert caught.value.code == expected
    assert "bad" in caught.value.message
    assert caught.value.suggested_action


def test_both_parties_of_a_clash_of_types_are_named(site, tmp_path):
    install(site, TYPE.format(name="bad"), {})
    write_plugins_toml(tmp_path / "store", {"good": "", "bad": ""}, extra=FREE_DISK)
    with pytest.raises(SyntheticError) as caught:
        synthetic.open(tmp_path / "store")
    assert caught.value.message.startswith("The plugins good and bad define one GraphQL type: Type Thing")
    assert caught.value.details["plugins"] == ["good", "bad"]


def test_an_optional_plugin_that_is_older_than_its_tables_is_left_out_with_its_data(site, tmp_path):
    install(site, TABLES.format(name="bad"), MAKES | {"migrations/0002_more.sql": "SELECT 1;"})
    write_plugins_toml(tmp_path / "store", {"bad": "optional = true"}, extra=FREE_DISK)
    with synthetic.open(tmp_path / "store") as store:
        store.write(lambda tx: tx.execute("INSERT INTO bads (id) VALUES ('1')"))
    (site.folder / "sample_bad" / "migrations" / "0002_more.sql").unlink()
    with synthetic.open(tmp_path / "store") as store:
        assert [each.code for each in store.kernel.registry.left_out] == ["STORE_NEWER"]
        assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM bads")) == 1
