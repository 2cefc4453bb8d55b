from __future__ import annotations

import pytest

from plugins.constructs.documents import RELATE

UNRELATE = """
mutation ($input: UnrelateConstructsInput!) {
  unrelateConstructs(input: $input) { relationship { fromId kind toId metadata } }
}
"""
LINKS = """
query ($id: ID!, $direction: RelationshipDirection! = BOTH, $kinds: [RelationshipKind!]) {
  construct(id: $id) {
    relationships(direction: $direction, kinds: $kinds) {
      totalCount
      nodes { fromId kind toId }
    }
  }
}
"""


@pytest.fixture(autouse=True)
def constructs(save) -> None:
    for id in "abcdef":
        save(id=id, type="plan", title=id.upper())


def link(from_id: str, kind: str, to_id: str) -> dict[str, str]:
    return {"fromId": from_id, "kind": kind, "toId": to_id}


def test_relating_stores_a_link_and_relating_again_changes_nothing(relate) -> None:
    first = relate("a", "PARENT", "b", metadata={"why": "split"})
    again = relate("a", "PARENT", "b", metadata={"why": "split"})
    silent = relate("a", "PARENT", "b")

    assert first == {
        "created": True,
        "relationship": link("a", "PARENT", "b")
        | {"metadata": {"why": "split"}, "createdAt": "2027-01-15T08:00:07.000Z"},
    }
    assert again == silent == {"created": False, "relationship": first["relationship"]}


def test_relating_again_with_other_metadata_is_a_conflict(relate, refused) -> None:
    relate("a", "PARENT", "b", metadata={"why": "split"})

    error = refused("CONFLICT", RELATE, input=link("a", "PARENT", "b") | {"metadata": {}})

    assert error["details"] == {"field": "metadata"}


def test_the_same_two_may_be_related_by_several_kinds(relate, ask) -> None:
    relate("a", "PARENT", "b")
    relate("a", "DEPENDS_ON", "b")

    links = ask(LINKS, id="a")["construct"]["relationships"]

    assert links == {"totalCount": 2, "nodes": [link("a", "DEPENDS_ON", "b"), link("a", "PARENT", "b")]}


def test_unrelating_removes_that_link_alone(relate, ask, refused) -> None:
    relate("a", "PARENT", "b")
    relate("a", "DEPENDS_ON", "b")

    removed = ask(UNRELATE, input=link("a", "PARENT", "b"))["unrelateConstructs"]

    assert removed == {"relationship": link("a", "PARENT", "b") | {"metadata": {}}}
    assert ask(LINKS, id="b")["construct"]["relationships"]["nodes"] == [link("a", "DEPENDS_ON", "b")]
    refused("NOT_FOUND", UNRELATE, input=link("a", "PARENT", "b"))


def test_a_kind_without_direction_is_one_link_whichever_way_it_is_told(relate, ask) -> None:
    told = relate("b", "RELATED", "a")
    again = relate("a", "RELATED", "b")

    assert told["created"]
    assert not again["created"]
    assert ask(LINKS, id="b")["construct"]["relationships"]["nodes"] == [link("a", "RELATED", "b")]
    assert ask(UNRELATE, input=link("b", "RELATED", "a"))["unrelateConstructs"]


def test_a_construct_cannot_be_related_to_itself(refused) -> None:
    for kind in ("PARENT", "RELATED"):
        assert refused("BAD_USER_INPUT", RELATE, input=link("a", kind, "a"))["details"] == {"field": "toId"}


@pytest.mark.parametrize(("from_id", "to_id", "field"), [("x", "a", "fromId"), ("a", "x", "toId")])
def test_both_constructs_must_exist(refused, from_id: str, to_id: str, field: str) -> None:
    assert refused("NOT_FOUND", RELATE, input=link(from_id, "PARENT", to_id))["details"]["field"] == field


def test_metadata_of_a_link_is_checked(refused) -> None:
    error = refused("BAD_USER_INPUT", RELATE, input=link("a", "PARENT", "b") | {"metadata": [1]})

    assert error["details"] == {"field": "metadata"}


@pytest.mark.parametrize("kind", ["PARENT", "PLAN_TO_IMPLEMENTATION", "DEPENDS_ON"])
def test_a_link_that_would_close_a_cycle_is_refused(relate, refused, kind: str) -> None:
    relate("a", kind, "b")
    relate("b", kind, "c")
    relate("a", kind, "c")

    error = refused("RELATIONSHIP_CYCLE", RELATE, input=link("c", kind, "a"))

    assert error["details"] == {"field": "toId"} | link("c", kind, "a")
    refused("RELATIONSHIP_CYCLE", RELATE, input=link("b", kind, "a"))


def test_kinds_do_not_close_each_others_cycles(relate) -> None:
    relate("a", "PARENT", "b")

    assert relate("b", "DEPENDS_ON", "a")["created"]


def test_a_kind_that_allows_cycles_closes_them(relate) -> None:
    relate("a", "RELATED", "b")
    relate("b", "RELATED", "c")

    assert relate("c", "RELATED", "a")["created"]


@pytest.mark.parametrize("settings", [{"plugins.constructs.cycle_constructs": "3"}])
def test_a_link_whose_cycle_check_would_walk_too_far_is_refused(relate, refused) -> None:
    relate("a", "PARENT", "b")
    relate("b", "PARENT", "c")
    relate("c", "PARENT", "d")

    refused("RELATIONSHIP_GRAPH_TOO_LARGE", RELATE, input=link("d", "PARENT", "e"))
    assert relate("e", "PARENT", "a")["created"]


def test_direction_and_kinds_choose_among_the_links_of_a_construct(relate, ask) -> None:
    relate("a", "PARENT", "b")
    relate("b", "PARENT", "c")
    relate("b", "DEPENDS_ON", "d")

    def links(**arguments: object) -> list[dict[str, str]]:
        return ask(LINKS, id="b", **arguments)["construct"]["relationships"]["nodes"]

    assert links() == [link("b", "DEPENDS_ON", "d"), link("b", "PARENT", "c"), link("a", "PARENT", "b")]
    assert links(direction="INCOMING") == [link("a", "PARENT", "b")]
    assert links(direction="OUTGOING") == [link("b", "DEPENDS_ON", "d"), link("b", "PARENT", "c")]
    assert links(kinds=["PARENT"]) == [link("b", "PARENT", "c"), link("a", "PARENT", "b")]
    assert links(kinds=[]) == []


def test_links_are_paged_in_both_directions(relate, ask) -> None:
    for id in "bcdef":
        relate("a", "PARENT", id)
    document = """
    query ($first: Int, $after: String, $last: Int, $before: String) {
      construct(id: "a") {
        relationships(first: $first, after: $after, last: $last, before: $before) {
          nodes { toId } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
      }
    }
    """

    def page(**arguments: object) -> tuple[str, dict[str, object]]:
        found = ask(document, **arguments)["construct"]["relationships"]
        return "".join(node["toId"] for node in found["nodes"]), found["pageInfo"]

    ids, info = page(first=2)
    assert (ids, info["hasNextPage"]) == ("fe", True)
    ids, info = page(first=2, after=info["endCursor"])
    assert ids == "dc"
    ids, after_last = page(first=2, after=info["endCursor"])
    assert (ids, after_last["hasNextPage"]) == ("b", False)
    assert page(last=1, before=info["startCursor"])[0] == "e"


def test_parents_and_children_are_constructs_the_first_related_first(relate, ask) -> None:
    for child in "dcb":
        relate("a", "PARENT", child)
    relate("e", "PARENT", "b")
    relate("a", "DEPENDS_ON", "f")

    found = ask(
        """{ constructs(orderBy: CREATED_AT_ASC) { nodes {
              id children { totalCount nodes { id title } } parents { nodes { id } }
        } } }"""
    )["constructs"]["nodes"]

    children = {node["id"]: "".join(child["id"] for child in node["children"]["nodes"]) for node in found}
    parents = {node["id"]: "".join(parent["id"] for parent in node["parents"]["nodes"]) for node in found}
    assert children == {"a": "dcb", "b": "", "c": "", "d": "", "e": "b", "f": ""}
    assert parents == {"a": "", "b": "ae", "c": "a", "d": "a", "e": "", "f": ""}


def test_both_ends_of_a_link_can_be_followed(relate, ask) -> None:
    relate("a", "PARENT", "b")

    (node,) = ask(
        """{ construct(id: "b") { relationships { nodes {
              fromConstruct { title } toConstruct { title children { totalCount } }
        } } } }"""
    )["construct"]["relationships"]["nodes"]

    assert node == {"fromConstruct": {"title": "A"}, "toConstruct": {"title": "B", "children": {"totalCount": 0}}}
