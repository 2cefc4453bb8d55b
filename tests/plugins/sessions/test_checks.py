"""The check of sessions finds a fault that was made by hand."""

from __future__ import annotations

from kernel.checks.kit import found_by, spoil
from synthetic.testing import expect_data

SAVE = """mutation($id: ID!, $parent: ID) {
    saveSession(input: {id: $id, agent: "planner", parentSessionId: $parent}) { created }
}"""


def test_sessions_that_are_below_themselves_are_found_and_none_that_hang_below_them(store):
    for id, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "c")):
        expect_data(store.graphql(SAVE, {"id": id, "parent": parent}))
    assert found_by(store, "sessions.descent") == []
    spoil(store, "UPDATE sessions SET parent_session_id = 'c' WHERE id = 'a'")
    assert sorted(entity for entity, _ in found_by(store, "sessions.descent")) == ["a", "b", "c"]
