"""Whether a transition may be recorded where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from synthetic import ConflictError, Snapshot, bad_input
from synthetic_projections.workflows.errors import IllegalTransitionError, WorkflowStateConflictError
from synthetic_projections.workflows.model import FREE, Machine, Transition
from synthetic_projections.workflows.store.machines import get_machine


class Place(NamedTuple):
    """Where a transition stands among those of its workflow.

    Attributes:
        before: The one that happened before it, if any is known.
        after: The one that happened after it, where it is late.
        occurred_at: When it happened, Unix milliseconds.
        is_cut_off: Whether none is known before it because those that happened first are not kept any more.
    """

    before: Transition | None
    after: Transition | None
    occurred_at: int
    is_cut_off: bool = False

    @property
    def is_late(self) -> bool:
        """Whether others have happened after it."""
        return self.after is not None


def machine_of(
    snapshot: Snapshot, current: Transition | None, named: str | None, *, is_late: bool = False
) -> Machine | None:
    """The machine that has to allow a transition; None: the workflow is free.

    A workflow that has none may be put under one later, by a transition that
    says where it stands; it never changes to another, since its states would
    mean something else.

    Args:
        snapshot: To read in.
        current: Where the workflow stands.
        named: The machine that the transition names.
        is_late: Whether others have happened after the transition.

    Raises:
        BadUserInputError: A late transition names a machine, and the workflow has none.
        NotFoundError: There is no such machine.
        ConflictError: The workflow has another one.
    """
    stored = None if current is None else current.machine
    wanted = stored if named is None else None if named == FREE else named
    if stored is not None and wanted != stored:
        raise ConflictError(
            f"The workflow is under the machine {stored!r}.",
            action="Name this machine, or none.",
            details={"field": "machine", "machine": stored},
        )
    if is_late and stored is None and wanted is not None:
        raise bad_input(
            "machine",
            "must not be named by a late transition: the workflow is free where it stands",
            action="Name it in the next transition that happens after all others.",
        )
    return None if wanted is None else get_machine(snapshot, wanted)


def check_legal(machine: Machine | None, place: Place, to: str, given: Mapping[str, Any]) -> None:
    """Refuse a transition that the machine does not allow, or whose sender thinks the workflow elsewhere.

    Of a late one, both the way to it and the way on from it have to be allowed;
    the way to it is not judged where what was before it is not kept any more.

    Raises:
        WorkflowStateConflictError: `from_state` is given, and not the state before.
        IllegalTransitionError: The machine does not allow it.
    """
    known = place.before and place.before.to_state
    if "from_state" in given and given["from_state"] != known:
        raise WorkflowStateConflictError(
            "The store knows no state of the workflow before this one."
            if known is None
            else f"The workflow is in the state {known!r}.",
            details={"field": "from", "knownState": known},
        )
    if machine is None:
        return
    rules = machine.rules()
    allowed = rules.after(known)
    if to not in (rules.followers if place.is_cut_off else allowed):
        raise IllegalTransitionError(
            f"The machine {machine.name!r} does not allow {to!r} "
            + ("as the first state." if known is None else f"after {known!r}."),
            details=_details(machine, known, allowed),
        )
    if place.after is not None and place.after.to_state not in rules.after(to):
        raise IllegalTransitionError(
            f"The machine {machine.name!r} does not allow {place.after.to_state!r} after {to!r},"
            " and that is what came after this transition.",
            details=_details(machine, to, rules.after(to)),
        )


def _details(machine: Machine, state: str | None, allowed: frozenset[str]) -> dict[str, Any]:
    return {
        "field": "to",
        "machine": machine.name,
        "machineVersion": machine.version,
        "knownState": state,
        "allowed": sorted(allowed),
    }
