"""Operations that several tests of workflows send."""

from __future__ import annotations

RECORD = """
mutation ($input: RecordTransitionInput!) {
  recordTransition(input: $input) {
    created
    transition {
      id workflowId number from to isFinal machine machineVersion projectId storyId constructId actor recordedBy
      reason metadata occurredAt supersededAt
    }
  }
}
"""
SAVE_MACHINE = """
mutation ($input: SaveWorkflowMachineInput!) {
  saveWorkflowMachine(input: $input) {
    created changed machine { name version states initialStates finalStates transitions { from to } supersededAt }
  }
}
"""
SAVE_CONSTRUCT = """
mutation ($id: ID!, $project: ID, $status: ConstructStatus) {
  saveConstruct(input: {id: $id, type: "task", title: "A task", projectId: $project, status: $status}) { created }
}
"""
DELETE = "mutation ($id: ID!) { deleteWorkflow(input: {id: $id}) { transitions } }"
MACHINE = {
    "name": "review",
    "states": ["DRAFT", "READY", "DONE"],
    "initialStates": ["DRAFT"],
    "finalStates": ["DONE"],
    "transitions": [
        {"from": "DRAFT", "to": "READY"},
        {"from": "READY", "to": "DONE"},
        {"from": "READY", "to": "DRAFT"},
    ],
}
