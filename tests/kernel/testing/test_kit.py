"""The test kit does what it says: clients, faults, snapshots, sets of plugins, and its fixtures."""

from __future__ import annotations

import pytest

from synthetic import Transaction
from synthetic.errors import PluginFailedError, StorageFullError
from synthetic.testing import (
    ServerClient,
    StoreClient,
    ddl_of,
    each_fault,
    expect_snapshot,
    fault_at,
    find_schema_changes,
    open_plugin_store,
    rows_of,
    schema_hash,
    with_required,
)

from .broken import install_marks

SAVE = 'mutation($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "T"}) { created } }'
EVENTS = 'subscription { events(filter: {types: ["construct.saved"]}) { entityId } }'


def save(tx: Transaction, *ids: str) -> None:
    for id in ids:
        tx.execute(
            "INSERT INTO constructs (id, type, title, status, metadata, version, created_at, updated_at)"
            " VALUES (:id, 'task', 'T', 'PLANNED', '{}', 1, 0, 0)",
            {"id": id},
        )


@pytest.fixture
def synthetic_plugins():
    return ("constructs",)


@pytest.mark.parametrize("kind", ["synthetic_client", "synthetic_server_client"])
def test_a_client_hears_what_happens_from_its_call_on(request, kind):
    client = request.getfixturevalue(kind)
    assert isinstance(client, StoreClient | ServerClient)
    client.data(SAVE, {"id": "before"})
    with client.subscribe(EVENTS) as heard:
        assert client.data(SAVE, {"id": "c1"}) == {"saveConstruct": {"created": True}}
        assert heard.data() == {"events": {"entityId": "c1"}}
        assert client.error("BAD_USER_INPUT", SAVE, {"id": ""})
        client.data(SAVE, {"id": "c2"})
        assert heard.data()["events"]["entityId"] == "c2"
    with client.subscribe("subscription { nothing }") as heard:
        heard.error("GRAPHQL_VALIDATION_FAILED")
    with client.subscribe(EVENTS) as heard, pytest.raises(AssertionError, match="nothing was heard"):
        heard.data(seconds=0.01)


def test_each_statement_of_a_write_fails_once_and_leaves_nothing_by_half(synthetic_store):
    reached = []

    def work():
        synthetic_store.write(lambda tx: tx.execute("DELETE FROM constructs"))
        synthetic_store.write(save, "a", "b")

    for point in each_fault(synthetic_store, work):
        reached.append(point.sql)
        assert len(rows_of(synthetic_store, "constructs")) in (0, 2), point.sql
    assert any(sql.startswith("INSERT INTO constructs") for sql in reached)
    assert any(sql.startswith("COMMIT") for sql in reached)
    assert len(rows_of(synthetic_store, "constructs")) == 2


def test_a_fault_is_the_error_of_the_contract_that_a_full_disk_is(synthetic_store):
    with fault_at(synthetic_store, 1) as point, pytest.raises(StorageFullError):
        synthetic_store.write(save, "a")
    assert point.sql is not None
    synthetic_store.write(save, "a")


def test_what_a_plugin_requires_comes_before_it_and_each_once():
    assert with_required("approvals", "jobs")[-1] in ("approvals", "jobs")
    assert with_required("transcripts") == ("constructs", "sessions", "transcripts")
    with pytest.raises(PluginFailedError, match="not installed"):
        with_required("of_nobody")


def test_the_structure_of_a_store_has_a_hash_that_rows_do_not_change(synthetic_store, synthetic_stores, tmp_path):
    before = schema_hash(synthetic_store)
    synthetic_store.write(save, "a")
    assert schema_hash(synthetic_store) == before
    assert schema_hash(synthetic_stores(["sessions"])) != before
    assert ddl_of(synthetic_store, ["constructs"]).startswith("CREATE TABLE constructs (")
    with pytest.raises(ValueError, match="registered"):
        rows_of(synthetic_store, "sqlite_schema")


def test_a_plugin_gets_the_settings_that_a_test_gives(site, tmp_path):
    name = install_marks(site)
    with open_plugin_store(tmp_path / "store", {name: {"keep_ms": 5}}) as store:
        (loaded,) = store.kernel.registry.plugins
        assert loaded.settings.keep_ms == 5


def test_a_snapshot_that_differs_is_shown_and_can_be_written_anew(tmp_path):
    path = tmp_path / "snapshots" / "schema.graphql"
    with pytest.raises(AssertionError, match="--update-snapshots"):
        expect_snapshot(path, "type Query { a: Int }\n")
    expect_snapshot(path, "type Query { a: Int }\n", update=True)
    expect_snapshot(path, "type Query { a: Int }\n")
    with pytest.raises(AssertionError, match=r"\+type Query \{ b: Int \}"):
        expect_snapshot(path, "type Query { b: Int }\n")


def test_changes_of_a_schema_are_breaking_or_not():
    before = "enum E { A } type Query { a(n: Int): E b: Int }"
    after = "enum E { A B } type Query { a(n: Int): E }"
    assert [str(change) for change in find_schema_changes(before, after)] == [
        "breaking: Field Query.b was removed. (FIELD_REMOVED)",
        "not breaking: Enum value E.B was added. (VALUE_ADDED_TO_ENUM)",
    ]
    assert find_schema_changes(before, before.replace("b: Int", "b: Int c: Int")) == []
