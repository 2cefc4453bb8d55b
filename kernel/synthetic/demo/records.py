"""What the plan of the made-up fleet is made of: constructs, and the runs of agents on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["PLANNED", "ACTIVE", "BLOCKED", "COMPLETED", "FAILED", "CANCELLED"]
Kind: TypeAlias = Literal["plan", "implementation", "verification"]
Phases: TypeAlias = tuple[tuple[int, Status], ...]
"""When something came to which status, in order: instants in Unix milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConstruct:
    """A unit of the fleet's work.

    Attributes:
        id: In the form of a UUIDv7.
        kind: What it is.
        title: For people.
        goal: What is to be done, in words.
        part: The part of a program that it is about.
        project: The project that it belongs to.
        team: Who asked for it.
        phases: When it came to which status.
        links: Other constructs that are there by then: the kind of the
            relationship, and the id of the one at its other end.
    """

    id: str
    kind: Kind
    title: str
    goal: str
    part: str
    project: str
    team: str
    phases: Phases
    links: tuple[tuple[str, str], ...] = ()

    @property
    def created_at(self) -> int:
        """When it was planned."""
        return self.phases[0][0]

    def work(self) -> Iterator[tuple[int, int, Status]]:
        """The stretches in which it was worked on: from, to, and the status that ended each."""
        for (start, status), (end, after) in zip(self.phases, self.phases[1:], strict=False):
            if status == "ACTIVE":
                yield start, end, after


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSession:
    """A run of one of the fleet's agents.

    Attributes:
        id: In the form of a UUIDv7.
        construct: What it works on.
        parent_id: The session whose agent started it, if it is a sub-agent's.
        agent: Who runs, called by its work.
        model: What it speaks with.
        title: For people.
        started_at: Unix milliseconds.
        ended_at: Unix milliseconds; may lie beyond the end of the history: then it is running.
        outcome: How it ends.
        messages: How many messages it has when it ends.
    """

    id: str
    construct: FleetConstruct
    parent_id: str | None
    agent: str
    model: str
    title: str
    started_at: int
    ended_at: int
    outcome: Literal["ENDED", "FAILED", "CANCELLED"]
    messages: int
