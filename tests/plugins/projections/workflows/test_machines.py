"""`saveWorkflowMachine`: versions, what may not be saved, and workflows that are under way meanwhile."""

from __future__ import annotations

import pytest

from plugins.projections.workflows.documents import MACHINE, RECORD, SAVE_MACHINE

SHOWN = """
query ($name: String!, $version: Int) {
  workflowMachine(name: $name, version: $version) { version states finalStates supersededAt savedBy }
}
"""


@pytest.fixture
def save(ask):
    """Save a machine; the payload."""
    return lambda **fields: ask(SAVE_MACHINE, input=MACHINE | fields)["saveWorkflowMachine"]


def test_the_order_of_states_says_nothing_and_what_is_there_is_no_new_version(save):
    first = save(name="order")
    assert (first["created"], first["changed"], first["machine"]["version"]) == (True, True, 1)
    again = save(
        name="order", states=[*reversed(MACHINE["states"]), "DONE"], transitions=[*reversed(MACHINE["transitions"])]
    )
    assert again == {"created": False, "changed": False, "machine": first["machine"]}


def test_a_change_needs_the_version_that_it_replaces_and_keeps_it(ask, save, refused):
    save(name="kept")
    changed = MACHINE | {"name": "kept", "finalStates": []}
    error = refused("CONFLICT", SAVE_MACHINE, input=changed)
    assert (error["details"]["storedVersion"], error["details"]["differs"]) == (1, ["finalStates"])
    assert save(**changed, ifVersion=1)["machine"]["version"] == 2
    now = ask(SHOWN, name="kept")["workflowMachine"]
    before = ask(SHOWN, name="kept", version=1)["workflowMachine"]
    assert (now["version"], now["finalStates"], now["supersededAt"]) == (2, [], None)
    assert (before["version"], before["finalStates"]) == (1, ["DONE"])
    assert before["supersededAt"]
    assert ask(SHOWN, name="kept", version=3)["workflowMachine"] is None


def test_transitions_name_the_version_that_allowed_them(ask, save):
    save(name="named")
    begun = ask(RECORD, input={"workflowId": "named", "to": "DRAFT", "machine": "named"})["recordTransition"]
    save(name="named", transitions=[*MACHINE["transitions"], {"from": "DRAFT", "to": "DONE"}], ifVersion=1)
    ended = ask(RECORD, input={"workflowId": "named", "to": "DONE"})["recordTransition"]
    assert [each["transition"]["machineVersion"] for each in (begun, ended)] == [1, 2]


def test_a_state_that_workflows_stand_in_cannot_be_taken_away(ask, save, refused):
    save(name="standing")
    ask(RECORD, input={"workflowId": "standing", "to": "DRAFT", "machine": "standing"})
    smaller = {
        "name": "standing", "ifVersion": 1, "states": ["READY", "DONE"], "initialStates": ["READY"],
        "transitions": [{"from": "READY", "to": "DONE"}],
    }  # fmt: skip
    error = refused("CONFLICT", SAVE_MACHINE, input=MACHINE | smaller)
    assert error["details"] == {"field": "states", "workflows": {"DRAFT": 1}}
    ask(RECORD, input={"workflowId": "standing", "to": "READY"})
    assert save(**smaller)["machine"]["states"] == ["DONE", "READY"]


def test_a_state_that_workflows_stand_in_stays_final_or_not(ask, save, refused):
    save(name="ended")
    for to in ("DRAFT", "READY", "DONE"):
        ask(RECORD, input={"workflowId": "ended", "to": to, "machine": "ended"})
    sent = MACHINE | {"name": "ended", "ifVersion": 1}
    for final in ([], ["READY"]):
        error = refused("CONFLICT", SAVE_MACHINE, input=sent | {"finalStates": final})
        assert error["details"] == {"field": "finalStates", "workflows": {"DONE": 1}}
    assert save(**sent | {"finalStates": ["DONE", "READY"]})["machine"]["version"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "free"),
        ("states", ["DRAFT", ""]),
        ("states", [f"S{number}" for number in range(201)]),
        ("initialStates", []),
        ("initialStates", ["NONE"]),
        ("finalStates", ["NONE"]),
        ("transitions", [{"from": "DRAFT", "to": "NONE"}]),
    ],
)
def test_a_machine_that_makes_no_sense_is_refused(refused, field, value):
    sent = MACHINE | {"name": "nonsense", field: value}
    assert refused("BAD_USER_INPUT", SAVE_MACHINE, input=sent)["details"] == {"field": field}


def test_machines_are_listed_by_name_in_the_version_that_holds(ask, save):
    for name in ("list-b", "list-a"):
        save(name=name)
    save(name="list-a", finalStates=[], ifVersion=1)
    found = ask("{ workflowMachines { nodes { name version } } }")["workflowMachines"]["nodes"]
    assert found == sorted(found, key=lambda each: each["name"])
    assert {"name": "list-a", "version": 2} in found
    assert {"name": "list-a", "version": 1} not in found
