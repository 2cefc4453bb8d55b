"""This theme's part of the demo: each construct is carried along by a workflow, under one machine for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from random import Random

from synthetic import BlockingStore, Order, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, read_first
from synthetic_projections.workflows.model import MachineContent, Transition, TransitionContent, TransitionCriteria
from synthetic_projections.workflows.store import (
    find_machine,
    record_transition,
    save_machine,
    select_transitions,
)

MACHINE = "delivery"
NEWEST_FIRST = Order(("occurred_at", "number", "id"), (int, int, str), descending=True)
LOOKED_AT = 40
"""A step looks at so many of the last transitions."""

OPEN_MIN = 6
"""Where fewer of the workflows that these belong to are under way, another one begins."""

FOLLOWERS: Mapping[str, tuple[str, ...]] = {
    "QUEUED": ("IN_PROGRESS", "DROPPED"),
    "IN_PROGRESS": ("IN_REVIEW", "WAITING", "FAILED", "DROPPED"),
    "WAITING": ("IN_PROGRESS", "DROPPED"),
    "IN_REVIEW": ("DONE", "IN_PROGRESS", "DROPPED"),
    "FAILED": ("IN_PROGRESS",),
    "DONE": ("IN_PROGRESS",),
    "DROPPED": (),
}
FINAL = ("DONE", "DROPPED", "FAILED")
STATES: Mapping[str, str] = {
    "PLANNED": "QUEUED",
    "ACTIVE": "IN_PROGRESS",
    "BLOCKED": "WAITING",
    "COMPLETED": "DONE",
    "FAILED": "FAILED",
    "CANCELLED": "DROPPED",
}
"""Where a construct of a status has its workflow."""

REASONS: Mapping[str, tuple[str, ...]] = {
    "IN_PROGRESS": ("An agent has taken it.", "The review found something.", "What it waited for is there."),
    "WAITING": ("It needs what another one makes.", "A decision is awaited."),
    "IN_REVIEW": ("The tests are green.", "Ready to be looked at."),
    "DONE": ("The review is through.", "All that was planned is there."),
    "FAILED": ("The tests stay red.",),
    "DROPPED": ("It is not wanted any more.",),
}
CONTENT = MachineContent(
    description="How work goes through the fleet.",
    states=tuple(FOLLOWERS),
    initial_states=("QUEUED",),
    final_states=FINAL,
    transitions=tuple((state, other) for state, others in FOLLOWERS.items() for other in others),
)


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """The workflow follows the statuses of the construct; before it is done, somebody looks at it."""
    draw = fleet.random("workflow", construct.id)
    before = ""
    for at, status in construct.phases:
        state = STATES[status]
        if state == "DONE":
            reviewed = max(before_at(construct, at), at - draw.randrange(5 * 60_000, 20 * 60_000))
            yield _moment(fleet, construct, draw, reviewed, "IN_REVIEW")
        if state != before:
            yield _moment(fleet, construct, draw, at, state)
        before = state


def before_at(construct: FleetConstruct, at: int) -> int:
    """The instant of the phase before the one that begins at an instant."""
    return max(phase for phase, _ in construct.phases if phase < at)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """One of the workflows in which something happened lately goes on, as its machine allows."""
    store.write(_go_on, fleet, random)


def _moment(fleet: Fleet, construct: FleetConstruct, draw: Random, at: int, state: str) -> Moment:
    content: TransitionContent = {
        "machine": MACHINE,
        "project_id": construct.project,
        "story_id": _story_of(construct.project, construct.part),
        "construct_id": construct.id,
        "actor": fleet.agent(draw, construct.kind),
    }
    if state in REASONS:
        content["reason"] = draw.choice(REASONS[state])
    transition_id = fleet.id_at(at, "transition", construct.id, state)
    return Moment(
        at, partial(_record, workflow_id=_workflow_of(construct.id), to=state, content=content, id=transition_id)
    )


def _record(tx: Transaction, *, workflow_id: str, to: str, content: TransitionContent, id: str) -> None:
    if find_machine(tx, MACHINE) is None:
        save_machine(tx, MACHINE, CONTENT)
    record_transition(tx, workflow_id, to, content, id=id)


def _story_of(project: str, part: str) -> str:
    return f"{project}/{part.replace(' ', '-')}"


def _workflow_of(construct_id: str) -> str:
    return f"delivery-{construct_id}"


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    lately = read_first(tx, Transition, select_transitions(TransitionCriteria()), NEWEST_FIRST, LOOKED_AT)
    standing = [each for each in lately if each.superseded_at is None and each.machine == MACHINE]
    under_way = [each for each in standing if not each.is_final]
    machine = find_machine(tx, MACHINE)
    if len(under_way) < OPEN_MIN or machine is None:
        _begin_another(tx, fleet, random)
        return
    workflow = random.choice(under_way)
    following = sorted(machine.rules().after(workflow.to_state) & REASONS.keys())
    if following:
        to = random.choice(following)
        actor, reason = fleet.agent(random, "implementation"), random.choice(REASONS[to])
        record_transition(tx, workflow.workflow_id, to, {"actor": actor, "reason": reason})


def _begin_another(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """Something is queued in one of the projects."""
    _, part = fleet.goal(random)
    project = fleet.project(random.randrange(1_000))
    content: TransitionContent = {"machine": MACHINE, "project_id": project, "story_id": _story_of(project, part)}
    _record(tx, workflow_id=_workflow_of(tx.new_id()), to="QUEUED", content=content, id=tx.new_id())
