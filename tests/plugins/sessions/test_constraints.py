"""The table refuses wrong states by itself, so that a mistake in the code is loud at the row."""

from __future__ import annotations

import apsw
import pytest

from synthetic import SyntheticError, Transaction

GOOD = {
    "id": "a",
    "construct_id": None,
    "parent_session_id": None,
    "agent": None,
    "title": None,
    "user_id": None,
    "project_id": None,
    "status": "ACTIVE",
    "started_at": 5,
    "last_activity_at": 5,
    "ended_at": None,
    "metadata": "{}",
    "version": 1,
    "created_at": 1,
    "updated_at": 1,
}

WRONG = {
    "empty id": {"id": ""},
    "unknown construct": {"construct_id": "nowhere"},
    "its own parent": {"parent_session_id": "b"},
    "empty agent": {"agent": ""},
    "unknown status": {"status": "DONE"},
    "active with an end": {"ended_at": 6},
    "ended without an end": {"status": "ENDED"},
    "ended before it started": {"status": "FAILED", "ended_at": 4},
    "active before it started": {"last_activity_at": 4},
    "no start": {"started_at": None},
    "text for an instant": {"created_at": "yesterday"},
    "metadata that is no object": {"metadata": "[]"},
    "metadata that is no JSON": {"metadata": "{"},
    "version 0": {"version": 0},
}


def insert(tx: Transaction, row: dict[str, object]) -> int:
    return tx.execute(f"INSERT INTO sessions ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_session_in_a_wrong_state_cannot_be_stored(store, wrong) -> None:
    store.write(insert, GOOD)

    with pytest.raises(SyntheticError) as failure:
        store.write(insert, GOOD | {"id": "b"} | wrong)

    assert isinstance(failure.value.__cause__, apsw.ConstraintError)
