"""Sessions of sub-agents: parents, cycles, and the construct that a family works on."""

from __future__ import annotations

import pytest

from plugins.sessions.documents import SAVE
from synthetic.testing import open_test_store
from synthetic_sessions.store import SessionFacts, get_session, merge_session_facts

FAMILY = """
query ($id: ID!) {
  session(id: $id) {
    parent { id }
    construct { id }
    children { totalCount nodes { id construct { id } children(first: 1) { nodes { id } } } }
  }
}
"""


def test_a_session_shows_its_parent_and_its_sub_agents(save, ask) -> None:
    save(id="a")
    save(id="b", parentSessionId="a")
    save(id="c", parentSessionId="a")
    save(id="d", parentSessionId="b")

    family = ask(FAMILY, id="a")["session"]

    assert family["parent"] is None
    assert family["children"]["totalCount"] == 2
    assert [child["id"] for child in family["children"]["nodes"]] == ["b", "c"]
    assert [child["children"]["nodes"] for child in family["children"]["nodes"]] == [[{"id": "d"}], []]
    assert ask(FAMILY, id="d")["session"]["parent"] == {"id": "b"}


def test_a_session_is_not_its_own_parent(save, refused) -> None:
    save(id="a")

    refused("SESSION_CYCLE", SAVE, input={"id": "a", "ifVersion": 1, "parentSessionId": "a"})


def test_a_session_is_not_below_itself(save, refused) -> None:
    save(id="a")
    save(id="b", parentSessionId="a")
    save(id="c", parentSessionId="b")

    error = refused("SESSION_CYCLE", SAVE, input={"id": "a", "ifVersion": 1, "parentSessionId": "c"})

    assert error["details"] == {"field": "parentSessionId", "id": "c"}


def test_a_session_that_was_named_as_a_parent_before_it_was_stored_is_not_put_below_its_child(save, store, refused):
    store.write(merge_session_facts, "child", SessionFacts(parent_session_id="late"))

    refused("SESSION_CYCLE", SAVE, input={"id": "late", "parentSessionId": "child"})


def test_a_family_is_no_deeper_than_the_settings_allow(data_dir) -> None:
    with open_test_store(data_dir, settings={"plugins.sessions.ancestors": "2"}) as store:
        for id, parent in (("a", None), ("b", "a"), ("c", "b")):
            assert "errors" not in store.graphql(SAVE, {"input": {"id": id, "parentSessionId": parent}})

        answer = store.graphql(SAVE, {"input": {"id": "d", "parentSessionId": "c"}})

    assert answer["errors"][0]["extensions"]["code"] == "SESSION_TOO_DEEP"


def test_a_parent_that_is_stored_after_its_child_is_found(store, ask) -> None:
    store.write(merge_session_facts, "child", SessionFacts(parent_session_id="late"))
    assert ask(FAMILY, id="child")["session"]["parent"] is None

    store.write(merge_session_facts, "late", SessionFacts())

    assert ask(FAMILY, id="child")["session"]["parent"] == {"id": "late"}


def test_a_sub_agent_works_on_the_construct_of_its_parent(save, construct) -> None:
    save(id="a", constructId=construct("c"))

    assert save(id="b", parentSessionId="a")["session"]["constructId"] == "c"


def test_a_sub_agent_that_names_a_construct_or_none_keeps_to_that(save, construct) -> None:
    save(id="a", constructId=construct("c"))

    assert save(id="b", parentSessionId="a", constructId=construct("other"))["session"]["constructId"] == "other"
    assert save(id="d", parentSessionId="a", constructId=None)["session"]["constructId"] is None


def test_a_construct_that_is_given_later_goes_to_all_below_that_have_none(save, construct, store) -> None:
    save(id="a")
    save(id="b", parentSessionId="a")
    save(id="c", parentSessionId="b")
    save(id="own", parentSessionId="a", constructId=construct("other"))
    save(id="below own", parentSessionId="own")

    save(id="a", ifVersion=1, constructId=construct("c"))

    def constructs(snapshot):
        return dict(snapshot.rows("SELECT id, construct_id FROM sessions"))

    assert store.read(constructs) == {"a": "c", "b": "c", "c": "c", "own": "other", "below own": "other"}
    assert store.read(get_session, "b").version == 2


def test_children_are_paged(save, ask) -> None:
    save(id="a")
    for number in range(5):
        save(id=f"child {number}", parentSessionId="a")
    document = """
    query ($after: String) {
      session(id: "a") { children(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }
    }
    """
    found, after, more = [], None, True
    while more:
        page = ask(document, after=after)["session"]["children"]
        found += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert found == [f"child {number}" for number in range(5)]


@pytest.mark.parametrize("count", [501, 3])
def test_a_construct_is_deleted_with_its_whole_family(save, construct, store, ask, count) -> None:
    save(id="a", constructId=construct("c"))
    save(id="stranger")
    for number in range(count):
        parent = "a" if number % 100 == 0 else f"child {number - 1}"
        store.write(merge_session_facts, f"child {number}", SessionFacts(parent_session_id=parent))

    ask('mutation { deleteConstruct(input: {id: "c"}) { rows } }')

    assert store.read(lambda snapshot: snapshot.rows("SELECT id FROM sessions")) == [("stranger",)]
