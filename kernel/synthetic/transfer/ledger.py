"""What imports that are not complete have done: so one that was broken off goes on where it was."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError
from synthetic.json_text import from_json, to_json
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


def begin_import(
    tx: Transaction, import_id: str, on_conflict: OnConflict, without: Sequence[str], *, is_restart: bool
) -> Begun:
    """Begin an import, or go on with it.

    Args:
        tx: To write in.
        import_id: That of the export.
        on_conflict: The policy.
        without: The plugins whose rows are left out, in order.
        is_restart: Whether one that has begun is forgotten before.

    Raises:
        ConflictError: It was begun otherwise.
    """
    if is_restart:
        end_import(tx, import_id)
    found = tx.row("SELECT on_conflict, without, seed, begun_at FROM imports WHERE id = :id", {"id": import_id})
    if found is None:
        seed = secrets.token_hex(16)
        tx.execute(
            "INSERT INTO imports (id, on_conflict, seed, without, begun_at)"
            " VALUES (:id, :on_conflict, :seed, :without, :begun_at)",
            {
                "id": import_id,
                "on_conflict": str(on_conflict),
                "seed": seed,
                "without": to_json(without),
                "begun_at": tx.now,
            },
        )
        return Begun(seed, tx.now, ())
    policy, left_out, seed, begun_at = found
    if policy != on_conflict or left_out != to_json(without):
        options = " ".join((f"--on-conflict {policy}", *(f"--without {name}" for name in from_json(left_out))))
        raise ConflictError(
            f"The import of this file was begun with {options}, and is not complete.",
            action=f"Go on with it: give {options}. Or begin anew with --restart; what it has brought stays.",
            details={"onConflict": policy, "without": from_json(left_out)},
        )
    return Begun(seed, begun_at, _still_there(tx, import_id))


def _still_there(tx: Transaction, import_id: str) -> list[UnitOutcome]:
    """What came of the units that need not be done again.

    Where a construct is not there any more, or not yet, its unit is done again, and with it what belongs to several.
    """
    rows = tx.rows("SELECT outcome FROM imported_units WHERE import_id = :id ORDER BY unit", {"id": import_id})
    done = [msgspec.json.decode(text, type=UnitOutcome) for (text,) in rows]
    gone = {each.unit for each in done if each.kind == "CONSTRUCT" and not _is_there(tx, each.new_id or each.id)}
    if gone:
        gone |= {each.unit for each in done if each.kind == "LINKS"}
        tx.execute_many(
            "DELETE FROM imported_units WHERE import_id = :id AND unit = :unit",
            ({"id": import_id, "unit": unit} for unit in gone),
        )
    return [each for each in done if each.unit not in gone]


def _is_there(tx: Transaction, construct_id: str | None) -> bool:
    return tx.row(f"SELECT 1 FROM {CONSTRUCTS} WHERE id = :id", {"id": construct_id}) is not None


def require_turn(tx: Transaction, import_id: str, seed: str, unit: int) -> None:
    """Make sure that nobody else has imported a unit meanwhile, or begun anew.

    Raises:
        ConflictError: Somebody has.
    """
    begun = tx.row("SELECT 1 FROM imports WHERE id = :id AND seed = :seed", {"id": import_id, "seed": seed})
    done = tx.row(
        "SELECT 1 FROM imported_units WHERE import_id = :id AND unit = :unit", {"id": import_id, "unit": unit}
    )
    if begun is None or done is not None:
        raise ConflictError(
            "The same file is being imported by somebody else.",
            action="Wait until that is complete, and look whether anything is left to be imported.",
            details={"unit": unit},
        )


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


def abandon_import(tx: Transaction, import_id: str, seed: str) -> None:
    """Forget an import that has brought nothing."""
    tx.execute(
        "DELETE FROM imports WHERE id = :id AND seed = :seed"
        " AND NOT EXISTS (SELECT 1 FROM imported_units WHERE import_id = :id)",
        {"id": import_id, "seed": seed},
    )


def end_import(tx: Transaction, import_id: str) -> None:
    """Forget an import that is complete."""
    for table in ("imported_references", "imported_units"):
        tx.execute(f"DELETE FROM {table} WHERE import_id = :id", {"id": import_id})
    tx.execute("DELETE FROM imports WHERE id = :id", {"id": import_id})
