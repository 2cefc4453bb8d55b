"""The query `plugins`: what each plugin brings, how it is set up, and what is not loaded."""

from __future__ import annotations

import pytest

import synthetic
from synthetic.json_text import from_json, to_json
from synthetic.security.gate import Caller, Scope
from synthetic.testing import expect_data, expect_error
from thirdparty.distributions import introduced_with, write_plugins_toml

FREE_DISK = "[kernel.database]\nfree_disk_bytes = 0\n"

ALPHA = '''
from dataclasses import dataclass
from typing import Annotated

import strawberry
from msgspec import Meta

from synthetic import query

@dataclass(frozen=True)
class AlphaSettings:
    """How alpha works."""

    size: int = 1
    key: Annotated[str, Meta(description="A key.", extra={"secret": True})] = ""
    url: str = ""

@strawberry.type(description="A thing.")
class Thing:
    id: strawberry.ID = strawberry.field(description="Its id.")

@query
def things(snapshot) -> list[Thing]:
    """All things."""
    return []

def sweep(tx):
    return 0

@hookimpl
def register_settings():
    return (Settings(AlphaSettings),)

@hookimpl
def register_tables():
    return (Table(name="things", purpose="Things.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_alpha"),)

@hookimpl
def register_graphql():
    return (GraphQL(queries=(things,)),)

@hookimpl
def register_services():
    return (Service(name="sweep", purpose="Sweeps.", step=sweep, every_ms=60_000),)

@hookimpl
def record_operation(tx, operation):
    pass
'''

BETA = (
    introduced_with(requires=("alpha",))
    + '''
from sample_alpha.plugin import Thing
from synthetic import Extension, batched

@batched
def colour(snapshot, parents) -> list[str]:
    """What it looks like."""
    return ["red" for _ in parents]

@hookimpl
def register_graphql():
    return (GraphQL(extend=(Extension(type=Thing, fields=(colour,)),)),)
'''
)

GAMMA = """
@hookimpl
def register_tables():
    return (Table(name="boxes", purpose="Boxes.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_gamma"),)
"""

TABLE = "CREATE TABLE {} (id TEXT NOT NULL PRIMARY KEY) STRICT;"

QUERY = """{ plugins {
    loaded {
        name types requiredBy isOptional bytes contributions { hook kind name purpose }
        settings { name value default source isSecret }
    }
    leftOut { name } disabled unlisted { name distribution version } absent { name tables }
} }"""


@pytest.fixture
def store(site, tmp_path):
    """A store of alpha, and of beta, which requires it; gamma has left a table, delta fails, epsilon is not listed."""
    site.install("alpha", ALPHA, modules={"migrations/0001_things.sql": TABLE.format("things")})
    site.install("beta", BETA, introduced=False)
    site.install("gamma", GAMMA, modules={"migrations/0001_boxes.sql": TABLE.format("boxes")})
    site.install("delta", "import absent_module")
    site.install("epsilon", "", version="2.1")
    tables = {"alpha": 'key = "hunter2"\nurl = "http://me:hunter2@example.org/x"', "beta": "", "gamma": ""}
    write_plugins_toml(tmp_path / "store", tables, extra=FREE_DISK)
    synthetic.open(tmp_path / "store").close()
    tables |= {"gamma": "enabled = false", "delta": "optional = true"}
    write_plugins_toml(tmp_path / "store", tables, extra=FREE_DISK)
    with synthetic.open(tmp_path / "store") as store:
        yield store


def test_each_plugin_says_what_it_brings_and_what_is_not_loaded_is_named(store):
    answer = store.graphql(QUERY)
    found = expect_data(answer)["plugins"]
    alpha, beta = found["loaded"]
    assert alpha["types"] == ["Thing"]
    assert (alpha["requiredBy"], alpha["isOptional"], beta["requiredBy"]) == (["beta"], False, [])
    assert alpha["bytes"] > 0
    assert beta["bytes"] == 0
    assert [tuple(each.values()) for each in alpha["contributions"]] == [
        ("register_settings", "settings", "AlphaSettings", "How alpha works."),
        ("register_tables", "table", "things", "Things."),
        ("register_migrations", "migrations", "sample_alpha", ""),
        ("register_graphql", "query", "things", "All things."),
        ("register_services", "service", "sweep", "Sweeps."),
        ("record_operation", "implementation", "record_operation", "Called while a store is open."),
    ]
    assert beta["contributions"] == [
        {"hook": "register_graphql", "kind": "field", "name": "Thing.colour", "purpose": "What it looks like."}
    ]
    assert [each["name"] for each in found["leftOut"]] == ["delta"]
    assert "gamma" in found["disabled"]
    assert found["unlisted"] == [{"name": "epsilon", "distribution": "sample-epsilon", "version": "2.1"}]
    assert found["absent"] == [{"name": "gamma", "tables": ["boxes"]}]


def test_settings_are_shown_with_their_source_and_secrets_are_not(store):
    answer = store.graphql(QUERY)
    alpha = expect_data(answer)["plugins"]["loaded"][0]
    shown = {each["name"].removeprefix("plugins.alpha."): each for each in alpha["settings"]}
    assert (shown["size"]["value"], shown["size"]["source"]) == (1, "DEFAULT")
    assert (shown["key"]["value"], shown["key"]["source"], shown["key"]["isSecret"]) == ("(hidden)", "STORE", True)
    assert shown["url"]["value"] == "http://...@example.org/x"
    assert shown["enabled"]["value"] is True
    kernel = expect_data(store.graphql("{ plugins { kernelSettings { name value source } } }"))["plugins"]
    assert {"name": "kernel.database.free_disk_bytes", "value": 0, "source": "STORE"} in kernel["kernelSettings"]
    assert "hunter2" not in to_json(answer)


def test_settings_need_a_token_with_the_scope_admin_and_the_rest_does_not(store):
    reader = Caller("reader", "1", frozenset({Scope.READ}))
    query = '{ plugins(name: "alpha") { loaded { name settings { name } } } }'
    answer = from_json(to_json(store.kernel.engine.run_blocking(query, {}, reader).body))
    expect_error(answer, "FORBIDDEN")
    assert answer["data"]["plugins"]["loaded"] == [{"name": "alpha", "settings": None}]
