"""The rows of `workflow_transitions`: recording what happened, and finding it again."""

from __future__ import annotations

from typing import Any, cast

from synthetic import ConflictError, Snapshot, Transaction, check_id
from synthetic_constructs.store import find_construct, get_construct
from synthetic_projections.workflows.events import WORKFLOW_TRANSITIONED, transitioned_payload
from synthetic_projections.workflows.model import (
    FREE,
    RecordedTransition,
    Transition,
    TransitionContent,
    check_transition,
)
from synthetic_projections.workflows.store.legality import Place, check_legal, machine_of

TRANSITIONS_TABLE = "workflow_transitions"
COLUMNS = ", ".join(Transition._fields)
FIELDS = {
    "workflow_id": "workflowId",
    "project_id": "projectId",
    "story_id": "storyId",
    "construct_id": "constructId",
    "from_state": "from",
    "to_state": "to",
    "occurred_at": "occurredAt",
}
"""Columns of a transition whose name differs from that of the field."""

_SELECT = f"SELECT {COLUMNS} FROM {TRANSITIONS_TABLE}"
_INSERT = f"INSERT INTO {TRANSITIONS_TABLE} ({COLUMNS}) VALUES ({', '.join(f':{each}' for each in Transition._fields)})"


def find_transition(snapshot: Snapshot, id: str) -> Transition | None:
    """The transition with this id, or None."""
    return snapshot.record(Transition, _SELECT + " WHERE id = :id", {"id": id})


def find_current(snapshot: Snapshot, workflow_id: str) -> Transition | None:
    """The transition that says where a workflow stands, or None: the store does not know it."""
    return snapshot.record(
        Transition, _SELECT + " WHERE workflow_id = :id AND superseded_at IS NULL", {"id": workflow_id}
    )


def record_transition(
    tx: Transaction, workflow_id: str, to: str, content: TransitionContent, *, id: str | None = None
) -> RecordedTransition:
    """Record that a workflow has come to a state; the same id again is the same transition.

    One that says when it happened takes its place by that: where others have
    happened since, it is late, and the workflow stays where those have brought
    it. One that does not say it happens now, and after all others.

    Args:
        tx: To write in.
        workflow_id: The workflow; it begins with its first transition.
        to: The state that it has come to.
        content: What else is said.
        id: The caller's id; without it, the transition is new and gets a UUIDv7.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such machine or construct.
        ConflictError: There is a transition with this id that says something else, or the workflow has another machine.
        WorkflowStateConflictError: `from_state` is not the state that came before.
        IllegalTransitionError: The machine does not allow it.
    """
    check_id(workflow_id, "workflowId")
    check_id(to, "to")
    given = check_transition(tx, content)
    stored = None if id is None else find_transition(tx, check_id(id, "id"))
    if stored is not None:
        _refuse_other(tx, stored, {**given, "workflow_id": workflow_id, "to_state": to})
        return RecordedTransition(stored, created=False)
    current = find_current(tx, workflow_id)
    place = _place_of(tx, workflow_id, current, given)
    machine = machine_of(tx, current, given.get("machine"), is_late=place.is_late)
    check_legal(machine, place, to, given)
    if given.get("construct_id") is not None:
        get_construct(tx, given["construct_id"], field="constructId")
    # Of a late one what came next before it says what it belongs to, or else what came next; not what holds now.
    beside = place.before or place.after
    transition = Transition(
        id=tx.new_id() if id is None else id,
        workflow_id=workflow_id,
        number=1 + _last_number(tx, workflow_id),
        machine=machine and machine.name,
        machine_version=machine and machine.version,
        project_id=_kept(given, beside, "project_id"),
        story_id=_kept(given, beside, "story_id"),
        construct_id=_kept(given, beside, "construct_id"),
        from_state=place.before and place.before.to_state,
        to_state=to,
        is_final=int(machine is not None and to in machine.rules().final),
        actor=given.get("actor"),
        recorded_by=tx.origin.actor,
        reason=given.get("reason"),
        metadata=given.get("metadata") or "{}",
        occurred_at=place.occurred_at,
        recorded_at=tx.now,
        superseded_at=tx.now if place.is_late else None,
    )
    _insert(tx, transition, current)
    return RecordedTransition(transition, created=True)


def _insert(tx: Transaction, transition: Transition, current: Transition | None) -> None:
    is_late = transition.superseded_at is not None
    if not is_late:
        tx.execute(
            f"UPDATE {TRANSITIONS_TABLE} SET superseded_at = :now WHERE workflow_id = :id AND superseded_at IS NULL",
            {"now": tx.now, "id": transition.workflow_id},
        )
    tx.execute(_INSERT, transition._asdict())
    tx.emit(
        WORKFLOW_TRANSITIONED,
        transition.workflow_id,
        construct_id=transition.construct_id,
        payload=transitioned_payload(None if is_late else current, transition),
        occurred_at=transition.occurred_at,
    )


def _place_of(tx: Transaction, workflow_id: str, current: Transition | None, given: dict[str, Any]) -> Place:
    """Where a new transition stands among those of its workflow."""
    if current is None:
        return Place(None, None, given.get("occurred_at", tx.now))
    occurred_at: int = given.get("occurred_at", max(tx.now, current.occurred_at))
    if occurred_at >= current.occurred_at:
        return Place(current, None, occurred_at)
    params = {"id": workflow_id, "at": occurred_at}
    # A row of the same instant was recorded before this one, and so comes before it.
    before = tx.record(
        Transition,
        _SELECT + " WHERE workflow_id = :id AND occurred_at <= :at ORDER BY occurred_at DESC, number DESC LIMIT 1",
        params,
    )
    after = tx.record(
        Transition,
        _SELECT + " WHERE workflow_id = :id AND occurred_at > :at ORDER BY occurred_at, number LIMIT 1",
        params,
    )
    # Retention deletes only what was first in time. What has come late to the place of that knows of no state before
    # it, and nor does what comes late behind such a one.
    is_cut_off = (before is None or before.from_state is None) and _lacks_numbers(tx, workflow_id)
    return Place(None if is_cut_off else before, after, occurred_at, is_cut_off)


def _lacks_numbers(tx: Transaction, workflow_id: str) -> bool:
    """Whether transitions of a workflow have been deleted: numbers are given from 1 on, and none is left out."""
    return tx.value(
        f"SELECT count(*) < max(number) FROM {TRANSITIONS_TABLE} WHERE workflow_id = :id", {"id": workflow_id}
    )


def _last_number(tx: Transaction, workflow_id: str) -> int:
    found = tx.value(f"SELECT max(number) FROM {TRANSITIONS_TABLE} WHERE workflow_id = :id", {"id": workflow_id})
    return found or 0


def _kept(given: dict[str, Any], beside: Transition | None, name: str) -> str | None:
    """What a transition says that its workflow belongs to; what it does not mention is as in the one beside it."""
    if name in given or beside is None:
        return given.get(name)
    return cast("str | None", getattr(beside, name))


def _refuse_other(tx: Transaction, stored: Transition, given: dict[str, Any]) -> None:
    """Refuse a transition with an id that another one has.

    A construct that is gone is not compared: the stored one may have named it before it went.

    Raises:
        ConflictError: Something that is given differs from what is stored.
    """
    told = stored._asdict()
    if given.get("machine") == FREE:
        given["machine"] = None
    construct_id = given.get("construct_id")
    if construct_id is not None and stored.construct_id is None and find_construct(tx, construct_id) is None:
        del given["construct_id"]
    differs = [FIELDS.get(name, name) for name, value in given.items() if told[name] != value]
    if differs:
        raise ConflictError(
            f"The transition {stored.id!r} is stored with other content.",
            action="Give this one another id, or none.",
            details={"field": "id", "id": stored.id, "differs": differs},
        )
