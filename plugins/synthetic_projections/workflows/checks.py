"""What must hold of workflows, and no constraint can say."""

from __future__ import annotations

from synthetic import Check

# The index of what is not superseded makes sure that there is one at most.
_CURRENT = """
SELECT w.workflow_id, 'No transition says where the workflow ' || w.workflow_id || ' stands.'
FROM (SELECT DISTINCT workflow_id FROM workflow_transitions) AS w
WHERE NOT EXISTS (
    SELECT 1 FROM workflow_transitions AS t WHERE t.workflow_id = w.workflow_id AND t.superseded_at IS NULL
)
UNION ALL
SELECT t.workflow_id, 'The transition ' || t.id || ' says where the workflow ' || t.workflow_id
    || ' stands, and another one has happened after it.'
FROM workflow_transitions AS t
WHERE t.superseded_at IS NULL AND EXISTS (
    SELECT 1 FROM workflow_transitions AS later
    WHERE later.workflow_id = t.workflow_id AND (later.occurred_at, later.number) > (t.occurred_at, t.number)
)
"""

_MACHINES = """
SELECT DISTINCT t.workflow_id, 'The machine ' || t.machine || ' of the workflow ' || t.workflow_id
    || ' has no version ' || t.machine_version || '.'
FROM workflow_transitions AS t
WHERE t.machine IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM workflow_machines AS m WHERE m.name = t.machine AND m.version = t.machine_version
)
"""

CHECKS = (
    Check(
        name="workflow_current",
        purpose="A workflow stands where its last transition in the order of time has brought it.",
        sql=_CURRENT,
        entity="workflow",
        action="Find out who has changed workflow_transitions by other means than the store's; a backup has the row.",
        effort="full",
    ),
    Check(
        name="workflow_machines",
        purpose="The machine that allowed a transition is stored, in the version that allowed it.",
        sql=_MACHINES,
        entity="workflow",
        action="Find out who has changed workflow_machines by other means than the store's; a backup has the row.",
        effort="full",
    ),
)
