"""Each check of constructs finds a fault that was made by hand, and nothing where there is none."""

from __future__ import annotations

import pytest

from kernel.checks.kit import found_by, spoil
from synthetic.testing import expect_data, open_test_store
from synthetic_constructs.services import index_metadata

SAVE = """mutation($id: ID!, $metadata: JSON!) {
    saveConstruct(input: {id: $id, type: "plan", title: "A plan", metadata: $metadata}) { created }
}"""
RELATE = 'mutation {{ relateConstructs(input: {{fromId: "{}", kind: {}, toId: "{}"}}) {{ created }} }}'
LINK = (
    "INSERT INTO construct_relationships (from_id, kind, to_id, metadata, created_at)"
    " VALUES ('{}', '{}', '{}', '{{}}', 1)"
)


@pytest.fixture
def linked(data_dir):
    """Constructs a, b, c, d: a chain of parents with two ways to its end, and an index of one key of their metadata."""
    (data_dir / "plugins.toml").write_text('[plugins.constructs]\nmetadata_keys = ["team"]\n')
    with open_test_store(data_dir) as store:
        for id in "abcd":
            expect_data(store.graphql(SAVE, {"id": id, "metadata": {"team": id, "other": 1}}))
        while store.write(index_metadata):
            pass
        for pair in ("ab", "bc", "ac", "cd"):
            expect_data(store.graphql(RELATE.format(pair[0], "PARENT", pair[1])))
        yield store


def test_links_and_an_index_as_they_should_be_have_no_faults(linked):
    assert found_by(linked, "constructs.circles") == []
    assert found_by(linked, "constructs.metadata_index") == []


def test_every_link_of_a_circle_is_found_and_no_other(linked):
    spoil(linked, LINK.format("c", "PARENT", "a"))
    found = [message for _, message in found_by(linked, "constructs.circles")]
    assert sorted(found) == [
        f"The link PARENT from {pair[0]} to {pair[1]} is in a circle." for pair in ("ab", "ac", "bc", "ca")
    ]


def test_links_of_different_kinds_make_no_circle(linked):
    spoil(linked, LINK.format("c", "DEPENDS_ON", "a"))
    assert found_by(linked, "constructs.circles") == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM construct_metadata WHERE construct_id = 'b'",
        "UPDATE construct_metadata SET value = '\"x\"' WHERE construct_id = 'b'",
        "UPDATE construct_metadata SET created_at = 1 WHERE construct_id = 'b'",
        "UPDATE constructs SET metadata = '{}' WHERE id = 'b'",
    ],
)
def test_an_index_that_differs_from_the_metadata_is_found(linked, sql):
    spoil(linked, sql)
    assert [entity for entity, _ in found_by(linked, "constructs.metadata_index")] == ["b"]


def test_an_index_that_is_still_being_built_may_lack_entries_but_not_hold_others(linked):
    spoil(
        linked,
        "UPDATE construct_metadata_keys SET state = 'BUILDING'",
        "DELETE FROM construct_metadata WHERE construct_id = 'b'",
    )
    assert found_by(linked, "constructs.metadata_index") == []
    spoil(linked, "UPDATE construct_metadata SET value = '1' WHERE construct_id = 'c'")
    assert [entity for entity, _ in found_by(linked, "constructs.metadata_index")] == ["c"]
