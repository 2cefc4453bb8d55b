"""All the SQL of workflows, stories and projects.

One file a concern: `machines`, `transitions` (the facts), `legality` (whether
a transition may be recorded), `removal`, `filters` (what a filter means) and
`durations` (what was folded, as of now). Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_projections.workflows.store.durations import list_durations
from synthetic_projections.workflows.store.filters import (
    mention_scan,
    select_machines,
    select_projects,
    select_stories,
    select_transitions,
    select_workflows,
)
from synthetic_projections.workflows.store.machines import find_machine, save_machine
from synthetic_projections.workflows.store.removal import delete_workflow
from synthetic_projections.workflows.store.transitions import find_current, find_transition, record_transition

__all__ = [
    "delete_workflow",
    "find_current",
    "find_machine",
    "find_transition",
    "list_durations",
    "mention_scan",
    "record_transition",
    "save_machine",
    "select_machines",
    "select_projects",
    "select_stories",
    "select_transitions",
    "select_workflows",
]
