"""The tables refuse wrong states by themselves, so that a mistake in the code is loud at the row."""

from __future__ import annotations

import apsw
import pytest

from synthetic import Store, SyntheticError, Transaction

GOOD = {
    "id": "a",
    "type": "plan",
    "status": "PLANNED",
    "title": "A",
    "description": None,
    "user_id": None,
    "project_id": None,
    "metadata": "{}",
    "version": 1,
    "created_at": 1,
    "updated_at": 1,
    "started_at": None,
    "ended_at": None,
}

WRONG = {
    "empty id": {"id": ""},
    "no id": {"id": None},
    "unknown status": {"status": "DONE"},
    "empty title": {"title": ""},
    "metadata that is no object": {"metadata": "[]"},
    "metadata that is no JSON": {"metadata": "{"},
    "version 0": {"version": 0},
    "text for an instant": {"created_at": "yesterday"},
    "active and never started": {"status": "ACTIVE"},
    "ended without an instant": {"status": "FAILED"},
    "an end without an ended status": {"ended_at": 5},
    "empty project": {"project_id": ""},
}


def insert(tx: Transaction, table: str, row: dict[str, object]) -> int:
    return tx.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)


def assert_refused(store: Store, table: str, row: dict[str, object]) -> None:
    with pytest.raises(SyntheticError) as failure:
        store.write(insert, table, row)
    assert isinstance(failure.value.__cause__, apsw.ConstraintError)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_construct_in_a_wrong_state_cannot_be_stored(store, wrong) -> None:
    store.write(insert, "constructs", GOOD)
    assert_refused(store, "constructs", GOOD | {"id": "b"} | wrong)


WRONG_LINKS = {
    "to itself": {"to_id": "a"},
    "from nowhere": {"from_id": "x"},
    "to nowhere": {"to_id": "x"},
    "unknown kind": {"kind": "CHILD"},
    "without direction, the wrong way round": {"kind": "RELATED", "from_id": "b", "to_id": "a"},
    "twice": {},
}


@pytest.mark.parametrize("wrong", WRONG_LINKS.values(), ids=WRONG_LINKS.keys())
def test_a_wrong_relationship_cannot_be_stored(store, wrong) -> None:
    link = {"from_id": "a", "kind": "PARENT", "to_id": "b", "metadata": "{}", "created_at": 1}
    for id in ("a", "b"):
        store.write(insert, "constructs", GOOD | {"id": id})
    store.write(insert, "construct_relationships", link)
    assert_refused(store, "construct_relationships", link | wrong)


def test_a_key_that_is_indexed_whole_has_no_place_where_its_building_stands(store) -> None:
    assert_refused(store, "construct_metadata_keys", {"key": "env", "state": "READY", "backfilled_to": "a"})
