"""Facts about workflows: transitions, and machines that say which are allowed. Pure, no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypedDict

from synthetic import Snapshot, bad_input, check_id, check_json_object, check_text, from_json, to_json
from synthetic_projections.settings import ProjectionSettings

FREE = "free"
"""The machine of workflows that name none: any state, in any order, and none is final. It is not stored."""

STATES_MAX = 200
TRANSITIONS_MAX = 2_000
"""Of one machine: it is read and parsed whole with each transition."""

AHEAD_MS_MAX = 60_000
"""A transition may lie so far in the future, since clocks differ; one further off would hold a workflow up."""


class WorkStatus(StrEnum):
    """Whether something goes on; `enums.py` says what each value means."""

    OPEN = "OPEN"
    ENDED = "ENDED"


class Transition(NamedTuple):
    """A row of `workflow_transitions`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        workflow_id: The workflow.
        number: Which one of the workflow it is, in the order in which they were recorded.
        machine: The machine that allowed it; None: the workflow has none.
        machine_version: The version of it.
        project_id: The project that the workflow belongs to from then on.
        story_id: The story that it belongs to.
        construct_id: The construct that it is about.
        from_state: The state that came before it in time, as the store knew it; None for the first.
        to_state: The state that it leads to.
        is_final: 1 where the machine calls that state final.
        actor: Who made it, in the words of the caller.
        recorded_by: Who recorded it, as the store knows the caller.
        reason: Why, for people.
        metadata: A JSON object as canonical text.
        occurred_at: When it happened.
        recorded_at: When it was recorded.
        superseded_at: When it ceased to say where the workflow stands; None in the one that does.
    """

    id: str
    workflow_id: str
    number: int
    machine: str | None
    machine_version: int | None
    project_id: str | None
    story_id: str | None
    construct_id: str | None
    from_state: str | None
    to_state: str
    is_final: int
    actor: str | None
    recorded_by: str
    reason: str | None
    metadata: str
    occurred_at: int
    recorded_at: int
    superseded_at: int | None


class TransitionContent(TypedDict, total=False):
    """What a sender says about a transition; a key that is absent says nothing.

    The machine, the project, the story and the construct of a workflow stay as
    they are when they are not named.
    """

    machine: str
    project_id: str | None
    story_id: str | None
    construct_id: str | None
    from_state: str | None
    actor: str | None
    reason: str | None
    occurred_at: int
    metadata: Any


class RecordedTransition(NamedTuple):
    """What recording came to.

    Attributes:
        transition: As it is stored.
        created: Whether it was not there before.
    """

    transition: Transition
    created: bool


class Machine(NamedTuple):
    """A row of `workflow_machines`: one version of a machine, its lists as JSON text."""

    name: str
    version: int
    description: str | None
    states: str
    initial_states: str
    final_states: str
    transitions: str
    saved_by: str
    created_at: int
    superseded_at: int | None

    def rules(self) -> Rules:
        """What it allows."""
        pairs: list[list[str]] = from_json(self.transitions)
        followers: dict[str, set[str]] = {state: set() for state in from_json(self.states)}
        for before, after in pairs:
            followers[before].add(after)
        return Rules(
            initial=frozenset(from_json(self.initial_states)),
            final=frozenset(from_json(self.final_states)),
            followers={state: frozenset(found) for state, found in followers.items()},
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a machine allows.

    Attributes:
        initial: The states that a workflow may begin in.
        final: Those in which it has ended.
        followers: For each state, those that may follow it.
    """

    initial: frozenset[str]
    final: frozenset[str]
    followers: dict[str, frozenset[str]]

    def after(self, state: str | None) -> frozenset[str]:
        """The states that may follow a state; None: there was none before."""
        return self.initial if state is None else self.followers.get(state, frozenset())


class SavedMachine(NamedTuple):
    """What a save came to.

    Attributes:
        machine: The version that holds now.
        created: Whether there was no machine of this name.
        changed: Whether a version was written.
    """

    machine: Machine
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineContent:
    """What a machine is to be.

    Attributes:
        description: What it is for.
        states: All states.
        initial_states: Those that a workflow may begin in.
        final_states: Those in which it has ended.
        transitions: Pairs of a state and one that may follow it.
    """

    description: str | None
    states: Sequence[str]
    initial_states: Sequence[str]
    final_states: Sequence[str]
    transitions: Sequence[tuple[str, str]]


def check_machine(content: MachineContent, settings: ProjectionSettings) -> dict[str, str | None]:
    """The columns of a machine, each acceptable and in the one form in which it is stored: sorted, each once.

    Raises:
        BadUserInputError: A state is no id or not declared, there are too many, or nothing could ever begin.
    """
    if len(content.states) > STATES_MAX:
        raise bad_input("states", f"must hold at most {STATES_MAX} states")
    if len(content.transitions) > TRANSITIONS_MAX:
        raise bad_input("transitions", f"must hold at most {TRANSITIONS_MAX} pairs")
    states = {check_id(state, "states") for state in content.states}
    pairs = set(content.transitions)
    for field, named in (
        ("initialStates", set(content.initial_states)),
        ("finalStates", set(content.final_states)),
        ("transitions", {state for pair in pairs for state in pair}),
    ):
        if unknown := sorted(named - states):
            raise bad_input(field, f"names {unknown[0][:200]!r}, which is none of the states")
    if not content.initial_states:
        raise bad_input("initialStates", "must name a state: no workflow could begin")
    description = content.description
    return {
        "description": None
        if description is None
        else check_text(description, "description", characters_max=settings.reason_characters),
        "states": to_json(sorted(states)),
        "initial_states": to_json(sorted(set(content.initial_states))),
        "final_states": to_json(sorted(set(content.final_states))),
        "transitions": to_json(sorted(pairs)),
    }


_IDS = (
    ("machine", "machine"),
    ("project_id", "projectId"),
    ("story_id", "storyId"),
    ("construct_id", "constructId"),
    ("from_state", "from"),
    ("actor", "actor"),
)


def check_transition(snapshot: Snapshot, content: TransitionContent) -> dict[str, Any]:
    """The columns that a sender gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    settings, columns = snapshot.settings(ProjectionSettings), dict[str, Any]()
    for name, field in _IDS:
        if name in content:
            value = content[name]
            columns[name] = None if value is None else check_id(value, field)
    if "reason" in content:
        reason = content["reason"]
        columns["reason"] = (
            None
            if reason is None
            else check_text(reason, "reason", characters_min=1, characters_max=settings.reason_characters)
        )
    if "metadata" in content:
        columns["metadata"] = check_json_object(
            content["metadata"], "metadata", bytes_max=settings.metadata_bytes, depth_max=settings.metadata_depth
        )
    if "occurred_at" in content:
        if content["occurred_at"] > snapshot.now + AHEAD_MS_MAX:
            raise bad_input("occurredAt", f"must not lie more than {AHEAD_MS_MAX // 1000} seconds in the future")
        if content["occurred_at"] < 0:
            raise bad_input("occurredAt", "must not lie before 1970")
        columns["occurred_at"] = content["occurred_at"]
    return columns


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionCriteria:
    """Which transitions are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        workflow_id: Of this workflow.
        project_id: Of this project.
        story_id: Of this story.
        construct_id: About this construct.
        to_states: They lead to one of these states.
        actor: Made by this one, by the caller's word.
        occurred_from: They happened at or after, Unix milliseconds UTC.
        occurred_before: They happened before.
    """

    ids: Sequence[str] | None = None
    workflow_id: str | None = None
    project_id: str | None = None
    story_id: str | None = None
    construct_id: str | None = None
    to_states: Sequence[str] | None = None
    actor: str | None = None
    occurred_from: int | None = None
    occurred_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCriteria:
    """Which workflows, stories or projects are meant; what a kind of them does not have is None.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these.
        states: The state is one of these.
        machine: The machine is this one.
        project_id: Of this project.
        story_id: Of this story.
        construct_id: About this construct.
        active_from: The last transition was at or after, Unix milliseconds UTC.
        active_before: It was before.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[WorkStatus] | None = None
    states: Sequence[str] | None = None
    machine: str | None = None
    project_id: str | None = None
    story_id: str | None = None
    construct_id: str | None = None
    active_from: int | None = None
    active_before: int | None = None
