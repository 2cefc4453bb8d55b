from __future__ import annotations

from pathlib import Path

import pytest

from plugins.constructs.documents import LIST
from synthetic import Store
from synthetic.testing import ManualClock, expect_data, open_test_store
from synthetic_constructs.model import ConstructStatus
from synthetic_constructs.services import index_metadata
from synthetic_constructs.store import save_construct


def keys(store: Store) -> dict[str, str]:
    return dict(store.read(lambda snapshot: snapshot.rows("SELECT key, state FROM construct_metadata_keys")))


def entries(store: Store) -> list[tuple[str, str, str]]:
    return store.read(
        lambda snapshot: snapshot.rows("SELECT construct_id, key, value FROM construct_metadata ORDER BY 1, 2")
    )


def found(store: Store, key: str, value: object) -> tuple[str, bool]:
    """The ids that a metadata filter finds, and whether it said that it scans."""
    answer = store.graphql(LIST, {"filter": {"metadata": [{"key": key, "value": value}]}})
    nodes = expect_data(answer)["constructs"]["nodes"]
    return "".join(node["id"] for node in nodes), "notices" in answer.get("extensions", {})


def put(store: Store, id: str, metadata: dict[str, object], if_version: int | None = None) -> None:
    content = {"type": "plan", "title": id, "status": ConstructStatus.PLANNED, "metadata": metadata}
    store.write(lambda tx: save_construct(tx, content, id=id, if_version=if_version))


def steps(store: Store) -> list[int]:
    done: list[int] = []
    while step := store.write(index_metadata):
        done.append(step)
    return done


@pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env, team"}])
def test_values_of_declared_keys_are_kept_as_canonical_json(store, index) -> None:
    index()

    put(store, "a", {"env": "prod", "team": 1.0, "other": "x"})
    put(store, "b", {"env": True, "team": 2.5})
    put(store, "c", {"env": None, "team": ["core"]})
    put(store, "d", {"env": "x" * 201, "team": "x" * 200})
    put(store, "e", {"env": '"ü"'})

    assert entries(store) == [
        ("a", "env", '"prod"'),
        ("a", "team", "1"),
        ("b", "env", "true"),
        ("b", "team", "2.5"),
        ("d", "team", '"' + "x" * 200 + '"'),
        ("e", "env", '"\\"ü\\""'),
    ]
    assert found(store, "env", "x" * 201) == ("d", True)
    assert found(store, "env", '"ü"') == ("e", False)


@pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env"}])
def test_a_change_replaces_the_entries_of_its_construct_alone(store, index) -> None:
    index()
    put(store, "a", {"env": "prod"})
    put(store, "b", {"env": "prod"})

    put(store, "a", {"env": "test"}, if_version=1)
    assert entries(store) == [("a", "env", '"test"'), ("b", "env", '"prod"')]

    put(store, "a", {}, if_version=2)
    assert entries(store) == [("b", "env", '"prod"')]


def test_without_declared_keys_nothing_is_indexed_and_filters_say_that_they_scan(store, index) -> None:
    assert index() == []
    put(store, "a", {"env": "prod"})

    assert entries(store) == []
    assert found(store, "env", "prod") == ("a", True)


def test_a_newly_declared_key_is_built_in_batches_and_used_only_when_it_is_whole(data_dir: Path) -> None:
    with open_test_store(data_dir) as store:
        for id in "abcde":
            put(store, id, {"env": "prod" if id in "ac" else "test"})

    declared = {"plugins.constructs.metadata_keys": "env", "plugins.constructs.index_batch_constructs": "2"}
    with open_test_store(data_dir, settings=declared, clock=ManualClock()) as store:
        assert found(store, "env", "prod") == ("ca", True)
        assert store.write(index_metadata) == 1
        assert keys(store) == {"env": "BUILDING"}
        assert store.write(index_metadata) == 2
        assert [entry[0] for entry in entries(store)] == ["a", "b"]

        # What changes while the index is built is in it, on either side of where the building stands.
        put(store, "a", {"env": "test"}, if_version=1)
        put(store, "e", {"env": "prod"}, if_version=1)
        put(store, "aa", {"env": "prod"})
        put(store, "f", {"env": "prod"})
        assert found(store, "env", "prod")[1]

        assert steps(store) == [2, 2, 1]
        assert keys(store) == {"env": "READY"}
        assert found(store, "env", "prod") == ("f" + "aa" + "ec", False)
        assert [entry[0] for entry in entries(store)] == ["a", "aa", "b", "c", "d", "e", "f"]


def test_a_key_that_is_no_longer_declared_is_removed_in_batches(data_dir: Path) -> None:
    with open_test_store(data_dir, settings={"plugins.constructs.metadata_keys": "env,team"}) as store:
        steps(store)
        for id in "abcde":
            put(store, id, {"env": "prod", "team": "core"})

    fewer = {"plugins.constructs.metadata_keys": "team", "plugins.constructs.index_batch_constructs": "2"}
    with open_test_store(data_dir, settings=fewer) as store:
        assert found(store, "env", "prod")[1] is False
        assert store.write(index_metadata) == 1
        assert keys(store) == {"env": "RETIRING", "team": "READY"}
        assert found(store, "env", "prod") == ("edcba", True)

        # A save while it goes does not bring it back.
        put(store, "f", {"env": "prod", "team": "core"})
        assert steps(store) == [2, 2, 2]
        assert keys(store) == {"team": "READY"}
        assert {entry[1] for entry in entries(store)} == {"team"}
        assert found(store, "env", "prod") == ("fedcba", True)
        assert found(store, "team", "core") == ("fedcba", False)


def test_a_key_that_is_taken_out_and_put_back_is_built_afresh(data_dir: Path) -> None:
    declared = {"plugins.constructs.metadata_keys": "env"}
    with open_test_store(data_dir, settings=declared) as store:
        steps(store)
        put(store, "a", {"env": "prod"})
    with open_test_store(data_dir) as store:
        assert store.write(index_metadata) == 1
        put(store, "a", {"env": "test"}, if_version=1)
        put(store, "b", {"env": "prod"})
    with open_test_store(data_dir, settings=declared) as store:
        steps(store)

        assert keys(store) == {"env": "READY"}
        assert found(store, "env", "prod") == ("b", False)


def test_a_process_with_other_settings_keeps_the_index_whole(data_dir: Path) -> None:
    with open_test_store(data_dir, settings={"plugins.constructs.metadata_keys": "env"}) as store:
        steps(store)
        with open_test_store(data_dir) as older:
            put(older, "a", {"env": "prod"})

        assert found(store, "env", "prod") == ("a", False)
