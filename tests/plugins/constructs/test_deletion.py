from __future__ import annotations

import pytest

DELETE = """
mutation ($input: DeleteConstructInput!) {
  deleteConstruct(input: $input) { id dryRun rows tables { plugin table action rows sampleKeys } }
}
"""
TABLES = ("constructs", "construct_relationships", "construct_metadata")

pytestmark = pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env,team"}])


@pytest.fixture(autouse=True)
def related_constructs(save, relate, index) -> None:
    index()
    for id in "abc":
        save(id=id, type="plan", title=id.upper(), metadata={"env": "prod", "team": "core", "other": 1})
    relate("a", "PARENT", "b")
    relate("c", "DEPENDS_ON", "a")
    relate("b", "RELATED", "c")


def count_rows(store) -> dict[str, int]:
    return {
        table: store.read(lambda snapshot, table=table: snapshot.value(f"SELECT count(*) FROM {table}"))
        for table in TABLES
    }


PLAN = [
    {
        "plugin": "constructs",
        "table": "construct_metadata",
        "action": "DELETE",
        "rows": 2,
        "sampleKeys": ["a/env", "a/team"],
    },
    {
        "plugin": "constructs",
        "table": "construct_relationships",
        "action": "DELETE",
        "rows": 2,
        "sampleKeys": ["a/PARENT/b", "c/DEPENDS_ON/a"],
    },
    {"plugin": "constructs", "table": "constructs", "action": "DELETE", "rows": 1, "sampleKeys": ["a"]},
]


def test_a_dry_run_names_and_counts_all_that_would_go_and_deletes_nothing(store, ask) -> None:
    before = count_rows(store)

    plan = ask(DELETE, input={"id": "a", "dryRun": True})["deleteConstruct"]

    assert plan == {"id": "a", "dryRun": True, "rows": 5, "tables": PLAN}
    assert count_rows(store) == before == {"constructs": 3, "construct_relationships": 3, "construct_metadata": 6}


def test_a_deletion_takes_what_the_dry_run_named_and_leaves_the_rest(store, ask) -> None:
    done = ask(DELETE, input={"id": "a"})["deleteConstruct"]

    assert done == {"id": "a", "dryRun": False, "rows": 5, "tables": PLAN}
    assert count_rows(store) == {"constructs": 2, "construct_relationships": 1, "construct_metadata": 4}
    assert ask("""{ construct(id: "a") { id } b: construct(id: "b") { relationships { totalCount } } }""") == {
        "construct": None,
        "b": {"relationships": {"totalCount": 1}},
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_construct_that_is_not_there_cannot_be_deleted(refused, dry_run: bool) -> None:
    assert refused("NOT_FOUND", DELETE, input={"id": "x", "dryRun": dry_run})["details"] == {"field": "id", "id": "x"}


def test_an_id_that_was_deleted_can_be_used_again(ask, save, listed) -> None:
    ask(DELETE, input={"id": "a"})

    assert save(id="a", type="review", title="Anew")["construct"]["version"] == 1
    assert listed(metadata=[{"key": "env", "value": "prod"}]) == ["c", "b"]
