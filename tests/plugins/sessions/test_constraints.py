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

CONTEXT = {
    "id": "x", "session_id": "a", "user_id": None, "channel": "C", "thread_ts": "1", "state": "{}", "last_used_at": 1,
    "version": 1, "created_at": 1, "updated_at": 1,
}  # fmt: skip
THREAD = {
    "id": "x", "channel": "C", "thread_ts": "1", "session_id": "a", "user_id": None, "last_message_at": 1,
    "version": 1, "created_at": 1, "updated_at": 1,
}  # fmt: skip
WRONG_ROWS = {
    "context of an unknown session": ("session_contexts", {"session_id": "nowhere"}),
    "context in a channel without a thread": ("session_contexts", {"thread_ts": None}),
    "context in a thread without a channel": ("session_contexts", {"channel": None}),
    "state that is no object": ("session_contexts", {"state": "1"}),
    "context that was never used": ("session_contexts", {"last_used_at": None}),
    "context with an empty id": ("session_contexts", {"id": ""}),
    "thread of an unknown session": ("thread_sessions", {"thread_ts": "2", "session_id": "nowhere"}),
    "thread of no session": ("thread_sessions", {"thread_ts": "2", "session_id": None}),
    "thread that is there already": ("thread_sessions", {}),
    "thread of no channel": ("thread_sessions", {"channel": ""}),
    "thread named by bytes": ("thread_sessions", {"thread_ts": b"2"}),
    "thread of version 0": ("thread_sessions", {"thread_ts": "2", "version": 0}),
}


def insert(tx: Transaction, row: dict[str, object], table: str = "sessions") -> int:
    return tx.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_session_in_a_wrong_state_cannot_be_stored(store, wrong) -> None:
    store.write(insert, GOOD)

    with pytest.raises(SyntheticError) as failure:
        store.write(insert, GOOD | {"id": "b"} | wrong)

    assert isinstance(failure.value.__cause__, apsw.ConstraintError)


def test_a_context_or_thread_in_a_wrong_state_cannot_be_stored(store) -> None:
    store.write(insert, GOOD)
    good = {"session_contexts": CONTEXT, "thread_sessions": THREAD}
    for table, row in good.items():
        store.write(insert, row, table)

    for name, (table, wrong) in WRONG_ROWS.items():
        with pytest.raises(SyntheticError) as failure:
            store.write(insert, good[table] | {"id": "b"} | wrong, table)
        assert isinstance(failure.value.__cause__, apsw.ConstraintError), name


def test_a_thread_that_looks_like_a_number_is_kept_as_the_text_that_it_is(store) -> None:
    store.write(insert, GOOD)
    store.write(insert, THREAD | {"thread_ts": "1712345678.000100"}, "thread_sessions")

    assert store.read(lambda snapshot: snapshot.rows("SELECT thread_ts, typeof(thread_ts) FROM thread_sessions")) == [
        ("1712345678.000100", "text")
    ]
