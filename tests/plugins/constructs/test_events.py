"""What constructs write to the log: each change once, in the transaction that made it, and nothing else."""

from __future__ import annotations

import pytest

from plugins.logged import logged, payloads, told

RELATE = "mutation ($input: RelateConstructsInput!) { relateConstructs(input: $input) { created } }"
UNRELATE = "mutation ($input: UnrelateConstructsInput!) { unrelateConstructs(input: $input) { __typename } }"
DELETE = "mutation ($input: DeleteConstructInput!) { deleteConstruct(input: $input) { rows } }"


def link(from_id: str, kind: str, to_id: str) -> dict[str, str]:
    return {"fromId": from_id, "kind": kind, "toId": to_id}


@pytest.fixture
def three(save) -> None:
    for id in "abc":
        save(id=id, type="plan", title=id.upper())


def test_a_new_construct_is_told_with_what_it_is(store, save, clock) -> None:
    save(id="a", type="plan", title="A", status="ACTIVE", projectId="garden", userId="ada")

    (event,) = logged(store)
    assert (event.type, event.module, event.entity_type, event.entity_id) == (
        "construct.saved",
        "constructs",
        "construct",
        "a",
    )
    assert (event.construct_id, event.actor) == ("a", "anonymous")
    assert event.occurred_at_utc == event.ingested_at_utc == clock.now_ms()
    assert event.data() == {
        "created": True,
        "version": 1,
        "status": "ACTIVE",
        "previousStatus": None,
        "type": "plan",
        "projectId": "garden",
        "userId": "ada",
        "changed": ["type", "status", "title", "userId", "projectId", "metadata", "startedAt"],
    }


def test_a_change_is_told_with_the_fields_that_it_changed_and_the_status_before(store, save) -> None:
    save(id="a", type="plan", title="A", status="ACTIVE")
    save(id="a", title="B", status="COMPLETED", ifVersion=1)

    assert payloads(store)[1] == {
        "created": False,
        "version": 2,
        "status": "COMPLETED",
        "previousStatus": "ACTIVE",
        "type": "plan",
        "projectId": None,
        "userId": None,
        "changed": ["status", "title", "endedAt"],
    }


def test_the_same_content_again_tells_nothing(store, save) -> None:
    for _ in range(2):
        save(id="a", type="plan", title="A", metadata={"n": 1})
    save(id="a", title="A", ifVersion=1)

    assert told(store) == [("construct.saved", "a")]


def test_a_save_that_is_refused_tells_nothing(store, save, refused) -> None:
    save(id="a", type="plan", title="A")
    document = "mutation ($input: SaveConstructInput!) { saveConstruct(input: $input) { created } }"

    refused("CONFLICT", document, input={"id": "a", "title": "B"})
    refused("BAD_USER_INPUT", document, input={"id": "b", "title": "B"})

    assert told(store) == [("construct.saved", "a")]


def test_one_request_has_one_correlation_id_and_another_has_another(store, ask) -> None:
    document = """mutation {
      a: saveConstruct(input: {id: "a", type: "plan", title: "A"}) { created }
      b: saveConstruct(input: {id: "b", type: "plan", title: "B"}) { created }
    }"""
    ask(document)
    ask(document.replace('"a"', '"c"').replace('"b"', '"d"'))

    first, second, third, fourth = [event.correlation_id for event in logged(store)]
    assert first == second != third == fourth


@pytest.mark.usefixtures("three")
def test_a_relationship_is_told_when_it_is_made_and_when_it_is_removed(store, ask) -> None:
    for _ in range(2):
        ask(RELATE, input=link("a", "PARENT", "b"))
    ask(UNRELATE, input=link("a", "PARENT", "b"))

    events = logged(store)[3:]
    assert [(event.type, event.entity_type, event.entity_id, event.construct_id) for event in events] == [
        ("construct_relationship.saved", "construct_relationship", "a/PARENT/b", "a"),
        ("construct_relationship.deleted", "construct_relationship", "a/PARENT/b", "a"),
    ]
    assert [event.data() for event in events] == [link("a", "PARENT", "b")] * 2


@pytest.mark.usefixtures("three")
def test_a_relationship_without_direction_is_told_as_it_is_stored(store, ask) -> None:
    ask(RELATE, input=link("c", "RELATED", "b"))

    assert told(store)[3:] == [("construct_relationship.saved", "b/RELATED/c")]


@pytest.mark.usefixtures("three")
def test_relationships_that_are_refused_tell_nothing(store, ask, refused) -> None:
    ask(RELATE, input=link("a", "PARENT", "b"))
    before = told(store)

    refused("RELATIONSHIP_CYCLE", RELATE, input=link("b", "PARENT", "a"))
    refused("NOT_FOUND", UNRELATE, input=link("b", "PARENT", "a"))

    assert told(store) == before


@pytest.mark.usefixtures("three")
def test_a_deletion_tells_each_row_that_goes_and_the_construct_last(store, ask) -> None:
    ask(RELATE, input=link("a", "PARENT", "b"))
    ask(RELATE, input=link("c", "DEPENDS_ON", "a"))
    ask(RELATE, input=link("b", "PARENT", "c"))
    before = len(logged(store))

    ask(DELETE, input={"id": "a"})

    events = logged(store)[before:]
    assert [(event.type, event.entity_id) for event in events] == [
        ("construct_relationship.deleted", "a/PARENT/b"),
        ("construct_relationship.deleted", "c/DEPENDS_ON/a"),
        ("construct.deleted", "a"),
    ]
    assert events[1].data() == link("c", "DEPENDS_ON", "a")
    assert events[2].data() == {}
    assert {(event.construct_id, event.module, event.actor) for event in events} == {("a", "constructs", "anonymous")}
    assert len({event.correlation_id for event in events}) == 1


@pytest.mark.usefixtures("three")
def test_a_dry_run_tells_nothing(store, ask) -> None:
    ask(DELETE, input={"id": "a", "dryRun": True})

    assert len(told(store)) == 3


@pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env"}])
def test_the_upkeep_of_the_metadata_index_tells_nothing(store, save, index) -> None:
    save(id="a", type="plan", title="A", metadata={"env": "prod"})

    assert sum(index()) > 0
    assert told(store) == [("construct.saved", "a")]
