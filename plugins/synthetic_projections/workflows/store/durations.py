"""How long workflows, and all those of a story or project, were in which state: what was folded, as of now."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from synthetic import Snapshot, to_json
from synthetic_projections.workflows.model import STATES_MAX

DURATION_MS_MAX = 2**53 - 1
"""No sum is told as more than what every client can read: the time of thousands of workflows in decades."""


class StateSummary(NamedTuple):
    """What workflows have to do with a state.

    Attributes:
        state: The state.
        workflows: How many are in it now.
        entries: How often they have come to it.
        duration_ms: For how long they were in it, all in all, with the time until now of those that are open.
    """

    state: str
    workflows: int
    entries: int
    duration_ms: int


class DurationsOf(Enum):
    """Of what; the value is the SQL of its summaries, each after the id of what it is of."""

    WORKFLOW = """
        SELECT workflow_id AS id, s.state AS state, w.state = s.state AS workflows, s.entries AS entries,
            s.closed_ms + iif(w.state = s.state AND w.status = 'OPEN', max(0, :now - w.since_at), 0) AS duration_ms
        FROM workflow_states AS s JOIN workflows AS w USING (workflow_id)
        WHERE workflow_id IN (SELECT value FROM json_each(:ids))"""
    STORY = """
        SELECT story_id AS id, state, workflows, entries,
            closed_ms + max(0, open_workflows * :now - open_since_ms) AS duration_ms
        FROM story_states WHERE story_id IN (SELECT value FROM json_each(:ids))"""
    PROJECT = """
        SELECT project_id AS id, state, workflows, entries,
            closed_ms + max(0, open_workflows * :now - open_since_ms) AS duration_ms
        FROM project_states WHERE project_id IN (SELECT value FROM json_each(:ids))"""


class StatusCount(NamedTuple):
    """How many constructs have a status."""

    status: str
    constructs: int


def list_durations(snapshot: Snapshot, of: DurationsOf, ids: Sequence[str]) -> list[list[StateSummary]]:
    """For each id the states that were ever come to: those that most workflows are in first, at most `STATES_MAX`.

    Args:
        snapshot: To read in.
        of: What the ids are of.
        ids: Of workflows, stories or projects.
    """
    found: dict[str, list[StateSummary]] = {id: [] for id in ids}
    for id, *row in snapshot.rows(
        "SELECT id, state, workflows, entries, min(duration_ms, :longest) FROM (SELECT *, row_number() OVER"
        f" (PARTITION BY id ORDER BY workflows DESC, entries DESC, state) AS place FROM ({of.value}))"
        " WHERE place <= :most ORDER BY id, place",
        {"ids": to_json(sorted(set(ids))), "now": snapshot.now, "most": STATES_MAX, "longest": DURATION_MS_MAX},
    ):
        found[id].append(StateSummary(*row))
    return [found[id] for id in ids]


def list_statuses(snapshot: Snapshot, project_ids: Sequence[str]) -> list[list[StatusCount]]:
    """For each project how many of its constructs have which status; those that none has are left out."""
    found: dict[str, list[StatusCount]] = {id: [] for id in project_ids}
    for project_id, *row in snapshot.rows(
        "SELECT project_id, status, constructs FROM project_statuses"
        " WHERE project_id IN (SELECT value FROM json_each(:ids)) ORDER BY project_id, status",
        {"ids": to_json(sorted(set(project_ids)))},
    ):
        found[project_id].append(StatusCount(*row))
    return [found[id] for id in project_ids]
