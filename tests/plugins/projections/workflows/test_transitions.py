"""`recordTransition`: what is stored, what the same id again means, what is late, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from plugins.projections.workflows.conftest import KEPT_MS, START
from plugins.projections.workflows.documents import DELETE, MACHINE, RECORD, SAVE_CONSTRUCT, SAVE_MACHINE
from synthetic import from_json, iso_from_ms
from synthetic_projections.workflows.store import removal

LISTED = """
query ($id: ID!) {
  workflowTransitions(filter: {workflowId: $id}, orderBy: OCCURRED_AT_ASC) {
    totalCount nodes { number from to supersededAt }
  }
}
"""


@pytest.fixture(scope="module", autouse=True)
def machine(store):
    store.graphql(SAVE_MACHINE, {"input": MACHINE})


@pytest.fixture
def record(ask):
    """Record a transition; the payload."""
    return lambda **fields: ask(RECORD, input=fields)["recordTransition"]


def at(day: int) -> str:
    return iso_from_ms(START + (day - 100) * 86_400_000)


def test_a_transition_keeps_all_that_was_said_and_who_recorded_it(ask, record):
    ask(SAVE_CONSTRUCT, id="c-all")
    told = {
        "id": "all-1", "workflowId": "all", "to": "DRAFT", "machine": "review", "projectId": "p", "storyId": "s",
        "constructId": "c-all", "actor": "planner", "reason": "It begins.", "metadata": {"a": 1}, "occurredAt": at(1),
    }  # fmt: skip
    payload = record(**told)
    assert payload["created"]
    expected = told | {
        "from": None, "number": 1, "isFinal": False, "machineVersion": 1, "recordedBy": "anonymous",
        "supersededAt": None,
    }  # fmt: skip
    assert payload["transition"] == expected
    assert record(**told) == payload | {"created": False}, "the same id again is the same transition"


def test_the_same_id_with_other_content_is_a_conflict_that_names_what_differs(record, refused):
    record(id="same-1", workflowId="same", to="A", machine="free", reason="One.")
    assert not record(id="same-1", workflowId="same", to="A", machine="free")["created"], (
        "what is left out is no change"
    )
    error = refused("CONFLICT", RECORD, input={"id": "same-1", "workflowId": "same", "to": "B", "reason": "Two."})
    assert error["details"] == {"field": "id", "id": "same-1", "differs": ["reason", "to"]}


def test_what_a_workflow_belongs_to_stays_until_it_is_said_otherwise(ask, record):
    ask(SAVE_CONSTRUCT, id="c-stay")
    names = ("machine", "projectId", "storyId", "constructId")

    def belongs(**fields):
        transition = record(workflowId="stay", **fields)["transition"]
        return tuple(transition[name] for name in names)

    assert belongs(to="A") == (None, None, None, None)
    assert belongs(to="B", projectId="p", storyId="s", constructId="c-stay") == (None, "p", "s", "c-stay")
    assert belongs(to="DRAFT", storyId=None, machine="free") == (None, "p", None, "c-stay")
    # A workflow that was free is put under a machine by the first transition that names one.
    assert belongs(to="READY", machine="review") == ("review", "p", None, "c-stay")
    ask('mutation { deleteConstruct(input: {id: "c-stay"}) { rows } }')
    assert belongs(to="DONE") == ("review", "p", None, None), "workflows outlive their constructs"


def test_from_must_be_the_state_that_the_store_knows(record, refused):
    error = refused("WORKFLOW_STATE_CONFLICT", RECORD, input={"workflowId": "known", "to": "B", "from": "A"})
    assert error["details"] == {"field": "from", "knownState": None}
    assert record(workflowId="known", to="A", **{"from": None})["transition"]["from"] is None
    assert record(workflowId="known", to="B", **{"from": "A"})["transition"]["from"] == "A"
    for wrong in ("A", None):
        sent = {"workflowId": "known", "to": "C", "from": wrong}
        assert refused("WORKFLOW_STATE_CONFLICT", RECORD, input=sent)["details"]["knownState"] == "B"


def test_a_machine_refuses_what_it_does_not_allow_and_names_what_it_does(record, refused):
    sent = {"workflowId": "legal", "to": "DONE", "machine": "review"}
    error = refused("ILLEGAL_WORKFLOW_TRANSITION", RECORD, input=sent)
    assert error["details"] == {
        "field": "to", "machine": "review", "machineVersion": 1, "knownState": None, "allowed": ["DRAFT"],
    }  # fmt: skip
    record(workflowId="legal", to="DRAFT", machine="review")
    record(workflowId="legal", to="READY")
    error = refused("ILLEGAL_WORKFLOW_TRANSITION", RECORD, input={"workflowId": "legal", "to": "READY"})
    assert (error["details"]["knownState"], error["details"]["allowed"]) == ("READY", ["DONE", "DRAFT"])
    assert record(workflowId="legal", to="DONE")["transition"]["isFinal"]
    assert refused("NOT_FOUND", RECORD, input={"workflowId": "x", "to": "A", "machine": "none"})["details"] == {
        "field": "machine", "name": "none",
    }  # fmt: skip
    for machine in ("free", "other"):
        sent = {"workflowId": "legal", "to": "DRAFT", "machine": machine}
        assert refused("CONFLICT", RECORD, input=sent)["details"] == {"field": "machine", "machine": "review"}


def test_a_late_transition_takes_its_place_and_leaves_the_workflow_where_it_is(ask, record):
    record(workflowId="late", to="A", occurredAt=at(1))
    record(workflowId="late", to="D", occurredAt=at(4))
    late = record(workflowId="late", to="C", occurredAt=at(3), **{"from": "A"})["transition"]
    assert late["from"] == "A"
    assert late["supersededAt"] == iso_from_ms(START), "it never says where the workflow stands"
    assert record(workflowId="late", to="B", occurredAt=at(3))["transition"]["from"] == "C", (
        "as late, and recorded later"
    )
    found = ask(LISTED, id="late")["workflowTransitions"]
    assert [(each["number"], each["to"]) for each in found["nodes"]] == [(1, "A"), (3, "C"), (4, "B"), (2, "D")]
    assert [each["to"] for each in found["nodes"] if each["supersededAt"] is None] == ["D"]
    assert record(workflowId="late", to="E")["transition"]["from"] == "D"


def test_a_late_transition_belongs_to_what_the_one_beside_it_belongs_to(ask, store, record):
    for id in ("c-then", "c-now"):
        ask(SAVE_CONSTRUCT, id=id)
    names = ("projectId", "storyId", "constructId")
    then, now = ("p-then", "s-then", "c-then"), ("p-now", "s-now", "c-now")
    record(workflowId="beside", to="A", occurredAt=at(2), **dict(zip(names, then, strict=True)))
    record(workflowId="beside", to="B", occurredAt=at(5), **dict(zip(names, now, strict=True)))
    for day, belongs in ((3, then), (1, then), (6, now)):
        transition = record(workflowId="beside", to="C", occurredAt=at(day))["transition"]
        assert tuple(transition[name] for name in names) == belongs, day
    sql = "SELECT payload FROM domain_events WHERE entity_id = 'beside' ORDER BY position"
    left = [from_json(text)["previousConstructId"] for (text,) in store.read(lambda tx: tx.rows(sql))]
    assert left == [None, "c-then", None, None, None], "a late one moves nothing"


def test_a_late_transition_puts_no_workflow_under_a_machine(record, refused):
    record(workflowId="free", to="DRAFT", machine="free", occurredAt=at(2))
    late = {"workflowId": "free", "to": "DRAFT", "occurredAt": at(1)}
    assert refused("BAD_USER_INPUT", RECORD, input=late | {"machine": "review"})["details"] == {"field": "machine"}
    assert record(**late, machine="free")["transition"]["machine"] is None


def test_a_transition_is_the_same_when_its_construct_has_gone(ask, record, refused):
    for id in ("c-sent", "c-other"):
        ask(SAVE_CONSTRUCT, id=id)
    sent = {"id": "again-1", "workflowId": "again", "to": "A", "constructId": "c-sent"}
    record(**sent)
    ask('mutation { deleteConstruct(input: {id: "c-sent"}) { rows } }')
    assert not record(**sent)["created"]
    error = refused("CONFLICT", RECORD, input=sent | {"constructId": "c-other"})
    assert error["details"]["differs"] == ["constructId"]


def test_a_late_transition_must_be_allowed_on_both_sides(record, refused):
    for to, day in (("DRAFT", 1), ("READY", 5)):
        record(workflowId="between", to=to, machine="review", occurredAt=at(day))
    error = refused(
        "ILLEGAL_WORKFLOW_TRANSITION", RECORD, input={"workflowId": "between", "to": "READY", "occurredAt": at(3)}
    )
    assert error["details"]["knownState"] == "READY", "the way on from it is not allowed"
    for to, day in (("DRAFT", 7), ("READY", 9)):
        record(workflowId="between", to=to, occurredAt=at(day))
    error = refused(
        "ILLEGAL_WORKFLOW_TRANSITION", RECORD, input={"workflowId": "between", "to": "DONE", "occurredAt": at(8)}
    )
    assert error["details"]["allowed"] == ["READY"], "the way to it is not allowed"


def test_what_says_no_instant_comes_after_all_that_is_known(record, refused):
    soon = iso_from_ms(START + 60_000)
    record(workflowId="ahead", to="A", occurredAt=soon)
    assert record(workflowId="ahead", to="B")["transition"]["occurredAt"] == soon
    beyond = {"workflowId": "ahead", "to": "C", "occurredAt": iso_from_ms(START + 60_001)}
    for instant in (beyond["occurredAt"], "1969-12-31T23:59:59.999Z"):
        error = refused("BAD_USER_INPUT", RECORD, input=beyond | {"occurredAt": instant})
        assert error["details"] == {"field": "occurredAt"}


def test_the_event_tells_what_a_fold_needs_and_happened_when_the_transition_did(store, record):
    record(id="told-1", workflowId="told", to="DRAFT", machine="review", occurredAt=at(2), actor="planner")
    (row,) = store.read(
        lambda tx: tx.rows("SELECT payload, occurred_at_utc FROM domain_events WHERE entity_id = 'told'")
    )
    assert from_json(row[0]) == {
        "transitionId": "told-1", "number": 1, "from": None, "to": "DRAFT", "status": "OPEN", "machine": "review",
        "machineVersion": 1, "projectId": None, "storyId": None, "previousConstructId": None,
        "actor": "planner", "isLate": False,
    }  # fmt: skip
    assert iso_from_ms(row[1]) == at(2)


def test_a_refused_transition_leaves_no_row_and_no_event(store, refused):
    def counts() -> tuple:
        sql = "SELECT (SELECT count(*) FROM workflow_transitions), (SELECT max(position) FROM domain_events)"
        return store.read(lambda tx: tx.row(sql))

    before = counts()
    refused("NOT_FOUND", RECORD, input={"workflowId": "none", "to": "A", "constructId": "nowhere"})
    for bad in ({"to": ""}, {"to": "A", "workflowId": " a"}, {"to": "A", "metadata": [1]}, {"to": "A", "reason": " "}):
        refused("BAD_USER_INPUT", RECORD, input={"workflowId": "none", **bad})
    assert counts() == before


def test_a_deleted_workflow_begins_anew(ask, record, refused):
    for to in "AB":
        record(workflowId="gone", to=to)
    assert ask(DELETE, id="gone") == {"deleteWorkflow": {"transitions": 2}}
    assert ask(LISTED, id="gone")["workflowTransitions"]["totalCount"] == 0
    assert refused("NOT_FOUND", DELETE, id="gone")["details"] == {"field": "id", "id": "gone"}
    transition = record(workflowId="gone", to="C")["transition"]
    assert (transition["number"], transition["from"]) == (1, None)


def test_many_transitions_are_deleted_in_small_transactions_and_the_last_one_last(store, ask, monkeypatch):
    monkeypatch.setattr("synthetic_projections.workflows.store.removal.BATCH_ROWS", 2)
    for _ in range(5):
        ask(RECORD, input={"workflowId": "many", "to": "A"})
    assert ask(DELETE, id="many") == {"deleteWorkflow": {"transitions": 5}}
    sql = "SELECT type FROM domain_events WHERE entity_id = 'many' ORDER BY position DESC LIMIT 2"
    assert store.read(lambda tx: tx.rows(sql)) == [("workflow.deleted",), ("workflow.transitioned",)]


@pytest.mark.parametrize("transitions", [2, 5])
def test_a_workflow_that_begins_anew_while_it_is_deleted_stays(store, ask, monkeypatch, transitions):
    monkeypatch.setattr(removal, "BATCH_ROWS", 2)

    class Overtaken:
        """Between two batches, others delete the workflow, and begin it anew."""

        def write(self, function, *args):
            came_to = store.write(function, *args)
            if "errors" not in store.graphql(DELETE, {"id": "anew"}) or came_to.is_last:
                ask(RECORD, input={"workflowId": "anew", "to": "NEW"})
            return came_to

    for _ in range(transitions):
        ask(RECORD, input={"workflowId": "anew", "to": "OLD"})
    assert removal.delete_workflow(Overtaken(), "anew") == 2
    assert [each["to"] for each in ask(LISTED, id="anew")["workflowTransitions"]["nodes"]] == ["NEW"]
    ask(DELETE, id="anew")


def test_of_many_that_go_on_from_the_same_state_at_once_one_does(store, ask):
    ask(RECORD, input={"workflowId": "raced", "to": "start"})

    def go(number: int) -> str:
        sent = {"id": f"raced-{number}", "workflowId": "raced", "to": f"taken-{number}", "from": "start"}
        answer = store.graphql(RECORD, {"input": sent})
        return answer["errors"][0]["extensions"]["code"] if "errors" in answer else "recorded"

    with ThreadPoolExecutor(6) as pool:
        came_to = list(pool.map(go, range(6)))
    assert sorted(came_to) == ["WORKFLOW_STATE_CONFLICT"] * 5 + ["recorded"]
    assert ask(LISTED, id="raced")["workflowTransitions"]["totalCount"] == 2


def test_what_is_sent_several_times_at_once_is_recorded_once(store, ask):
    sent = {"id": "repeated-1", "workflowId": "repeated", "to": "start", "metadata": {"a": 1}}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(RECORD, input=sent)["recordTransition"], range(4)))
    assert sorted(answer["created"] for answer in answers) == [False, False, False, True]
    sql = "SELECT count(*) FROM domain_events WHERE entity_id = 'repeated'"
    assert store.read(lambda tx: tx.value(sql)) == 1


def test_transitions_are_looked_for_by_state_and_actor_alone_with_a_notice(store):
    def notices(filter: dict) -> list[str]:
        document = "query ($f: WorkflowTransitionFilter) { workflowTransitions(filter: $f) { nodes { id } } }"
        answer = store.graphql(document, {"f": filter})
        return [notice["code"] for notice in answer.get("extensions", {}).get("notices", ())]

    assert notices({"actor": "a", "to": ["A"]}) == ["UNINDEXED_FILTER"]
    assert notices({"actor": "a", "workflowId": "w"}) == []
    assert notices({}) == []


def test_retention_keeps_what_was_recorded_last_and_where_the_workflow_stands(store, ask, record, refused, clock):
    pairs = [{"from": before, "to": after} for before, after in ("AB", "BB")]
    loop = {"name": "loop", "states": ["A", "B"], "initialStates": ["A"], "finalStates": [], "transitions": pairs}
    ask(SAVE_MACHINE, input=loop)
    for to, day in (("A", 1), ("B", 2), ("B", 6), ("B", 4)):
        record(workflowId="aged", to=to, machine="loop", occurredAt=at(day))
    early = {"workflowId": "aged", "to": "B", "occurredAt": at(0)}
    refused("ILLEGAL_WORKFLOW_TRANSITION", RECORD, input=early)
    clock.advance(KEPT_MS + 60_000)
    ask('mutation { runRetention(input: {rules: ["projections.transitions"]}) { __typename } }')
    kept = ask(LISTED, id="aged")["workflowTransitions"]["nodes"]
    assert [each["number"] for each in kept] == [4, 3], "the last recorded, and the last in time"
    # What came before them is not kept any more, so nobody can say that this would be the first.
    late = record(**early)["transition"]
    assert (late["number"], late["from"]) == (5, None)
    refused("ILLEGAL_WORKFLOW_TRANSITION", RECORD, input=early | {"to": "C"})


def test_retention_takes_only_the_beginning_so_that_no_late_one_is_judged_by_the_wrong_state(
    ask, record, refused, clock
):
    pairs = [{"from": before, "to": after} for before, after in ("AB", "BX", "BC", "XC", "CC", "CD", "DD")]
    chain = {"name": "chain", "states": [*"ABCDX"], "initialStates": ["A"], "finalStates": [], "transitions": pairs}
    ask(SAVE_MACHINE, input=chain)
    for to, day in (("A", 1), ("B", 4), ("C", 6), ("D", 8)):
        record(workflowId="gap", to=to, machine="chain", occurredAt=at(day))
    clock.advance(KEPT_MS)
    for to, day in (("X", 5), ("D", 9)):
        record(workflowId="gap", to=to, occurredAt=at(day))
    clock.advance(60_000)
    ask('mutation { runRetention(input: {rules: ["projections.transitions"]}) { __typename } }')
    kept = ask(LISTED, id="gap")["workflowTransitions"]["nodes"]
    assert [(each["number"], each["to"]) for each in kept] == [(5, "X"), (3, "C"), (4, "D"), (6, "D")], (
        "the time of the late one is not over, and it keeps what happened after it"
    )
    assert record(workflowId="gap", to="C", occurredAt=at(7))["transition"]["from"] == "C"
    refused("ILLEGAL_WORKFLOW_TRANSITION", RECORD, input={"workflowId": "gap", "to": "A", "occurredAt": at(7)})
    for day in (2, 3):
        late = record(workflowId="gap", to="B", occurredAt=at(day))["transition"]
        assert late["from"] is None, "what came before it has gone, perhaps also what came after the other late one"
