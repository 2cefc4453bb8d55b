"""What imports that are not complete have done: so one that was broken off goes on where it was."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError
from synthetic.transfer.policies import OnConflict, UnitOutcome


class Begun(NamedTuple):
    """An import that has begun.

    Attributes:
        seed: What new ids are made from.
        begun_at: When, Unix milliseconds UTC.
        done: What came of the units that are there already.
    """

    seed: str
    begun_at: int
    done: Sequence[UnitOutcome]


def begin_import(tx: Transaction, import_id: str, on_conflict: OnConflict) -> Begun:
    """Begin an import, or go on with it.

    Raises:
        ConflictError: It was begun with another policy.
    """
    found = tx.row("SELECT on_conflict, seed, begun_at FROM imports WHERE id = :id", {"id": import_id})
    if found is None:
        seed = secrets.token_hex(16)
        tx.execute(
            "INSERT INTO imports (id, on_conflict, seed, begun_at) VALUES (:id, :on_conflict, :seed, :begun_at)",
            {"id": import_id, "on_conflict": str(on_conflict), "seed": seed, "begun_at": tx.now},
        )
        return Begun(seed, tx.now, ())
    policy, seed, begun_at = found
    if policy != on_conflict:
        raise ConflictError(
            f"The import of this file was begun with --on-conflict {policy}, and is not complete.",
            action=f"Go on with it: give --on-conflict {policy}.",
            details={"onConflict": policy},
        )
    rows = tx.rows("SELECT outcome FROM imported_units WHERE import_id = :id ORDER BY unit", {"id": import_id})
    return Begun(seed, begun_at, [msgspec.json.decode(text, type=UnitOutcome) for (text,) in rows])


def note_unit(tx: Transaction, import_id: str, outcome: UnitOutcome) -> None:
    """Note that a unit is done, in the transaction that did it."""
    tx.execute(
        "INSERT INTO imported_units (import_id, unit, outcome, imported_at)"
        " VALUES (:import_id, :unit, :outcome, :imported_at)",
        {
            "import_id": import_id,
            "unit": outcome.unit,
            "outcome": msgspec.json.encode(outcome).decode(),
            "imported_at": tx.now,
        },
    )


def abandon_import(tx: Transaction, import_id: str) -> None:
    """Forget an import that has brought nothing."""
    tx.execute(
        "DELETE FROM imports WHERE id = :id AND NOT EXISTS (SELECT 1 FROM imported_units WHERE import_id = :id)",
        {"id": import_id},
    )


def end_import(tx: Transaction, import_id: str) -> None:
    """Forget an import that is complete."""
    tx.execute("DELETE FROM imported_units WHERE import_id = :id", {"id": import_id})
    tx.execute("DELETE FROM imports WHERE id = :id", {"id": import_id})
