"""The rows of `workflow_machines`: what a machine allows, version by version."""

from __future__ import annotations

from collections.abc import Iterable

from synthetic import ConflictError, NotFoundError, Snapshot, Transaction, bad_input, check_id, find_changes, to_json
from synthetic_projections.settings import ProjectionSettings
from synthetic_projections.workflows.events import WORKFLOW_MACHINE_SAVED, machine_payload
from synthetic_projections.workflows.model import FREE, Machine, MachineContent, SavedMachine, check_machine

MACHINES_TABLE = "workflow_machines"
COLUMNS = ", ".join(Machine._fields)
FIELDS = {"initial_states": "initialStates", "final_states": "finalStates"}
STANDING_SHOWN = 10
"""Of the states that a new version takes away or ends otherwise and workflows stand in, an error names so many."""
STANDING_COUNTED = 1_000
"""It counts no more than so many workflows in each."""

_SELECT = f"SELECT {COLUMNS} FROM {MACHINES_TABLE}"
_INSERT = f"INSERT INTO {MACHINES_TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Machine._fields)})"


def find_machine(snapshot: Snapshot, name: str, version: int | None = None) -> Machine | None:
    """A version of a machine, or None.

    Args:
        snapshot: To read in.
        name: The machine's.
        version: Which; None: the one that holds now.
    """
    if version is None:
        return snapshot.record(Machine, _SELECT + " WHERE name = :name AND superseded_at IS NULL", {"name": name})
    return snapshot.record(
        Machine, _SELECT + " WHERE name = :name AND version = :version", {"name": name, "version": version}
    )


def get_machine(snapshot: Snapshot, name: str) -> Machine:
    """The version of a machine that holds now.

    Raises:
        NotFoundError: There is no such machine.
    """
    found = find_machine(snapshot, name)
    if found is None:
        raise NotFoundError(
            f"There is no workflow machine {name!r}.",
            action="Store it with `saveWorkflowMachine`, or name none.",
            details={"field": "machine", "name": name},
        )
    return found


def save_machine(tx: Transaction, name: str, content: MachineContent, *, if_version: int | None = None) -> SavedMachine:
    """Store a machine, or a new version of one; what holds already as sent is returned as it is.

    Args:
        tx: To write in.
        name: Its name.
        content: All of it; the order of states and pairs says nothing.
        if_version: The version that is to be replaced, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable.
        ConflictError: Another one holds, and `if_version` is not its version; or workflows stand in a state that the
            new version lacks, or that would be final, or not be final any more.
    """
    if check_id(name, "name") == FREE:
        raise bad_input("name", f"must not be {FREE!r}: that is the machine of workflows that name none")
    given = check_machine(content, tx.settings(ProjectionSettings))
    stored = find_machine(tx, name)
    changes = find_changes(stored, given, entity="workflow machine", id=name, if_version=if_version, fields=FIELDS)
    if stored is not None and not changes:
        return SavedMachine(stored, created=False, changed=False)
    machine = Machine(
        name=name,
        version=1 if stored is None else stored.version + 1,
        description=given["description"],
        states=str(given["states"]),
        initial_states=str(given["initial_states"]),
        final_states=str(given["final_states"]),
        transitions=str(given["transitions"]),
        saved_by=tx.origin.actor,
        created_at=tx.now,
        superseded_at=None,
    )
    if stored is not None:
        _refuse_stranded(tx, stored, machine)
        tx.execute(
            f"UPDATE {MACHINES_TABLE} SET superseded_at = :now WHERE name = :name AND superseded_at IS NULL",
            {"now": tx.now, "name": name},
        )
    tx.execute(_INSERT, machine._asdict())
    tx.emit(WORKFLOW_MACHINE_SAVED, name, payload=machine_payload(machine))
    return SavedMachine(machine, created=stored is None, changed=True)


def _refuse_stranded(tx: Transaction, stored: Machine, machine: Machine) -> None:
    """Refuse a version that would make something else of workflows than they are.

    They could never leave a state that it lacks; and whether they have ended
    was said when they came to their state, and is not said anew.
    """
    before, after = stored.rules(), machine.rules()
    lacking = _standing(tx, machine.name, before.followers.keys() - after.followers.keys())
    if lacking:
        raise ConflictError(
            f"Workflows of the machine {machine.name!r} stand in states that it would not have any more:"
            f" {', '.join(lacking)}.",
            action="Keep these states until no workflow stands in them.",
            details={"field": "states", "workflows": lacking},
        )
    turning = _standing(tx, machine.name, before.final ^ after.final)
    if turning:
        raise ConflictError(
            f"Workflows of the machine {machine.name!r} stand in states that are final in one of the two versions"
            f" alone: {', '.join(turning)}.",
            action="Leave `finalStates` as it is for these states until no workflow stands in them.",
            details={"field": "finalStates", "workflows": turning},
        )


def _standing(tx: Transaction, name: str, states: Iterable[str]) -> dict[str, int]:
    """How many workflows of a machine stand in each of some states: of the first that have any."""
    return dict(
        tx.rows(
            "SELECT state, workflows FROM (SELECT value AS state, (SELECT count(*) FROM (SELECT 1"
            " FROM workflow_transitions WHERE machine = :machine AND to_state = value AND superseded_at IS NULL"
            " LIMIT :counted)) AS workflows FROM json_each(:states)) WHERE workflows > 0 LIMIT :most",
            {
                "machine": name,
                "states": to_json(sorted(states)),
                "counted": STANDING_COUNTED,
                "most": STANDING_SHOWN,
            },
        )
    )
