"""Making faults by hand, and seeing what a check says of them."""

from __future__ import annotations

from pathlib import Path

import apsw

from synthetic.checks.declared import LoadedChecks
from synthetic.checks.outcomes import CheckOutcome
from synthetic.checks.running import run_check
from synthetic.store import Store

PAGE_BYTES = 4096


def spoil(store: Store, *statements: str) -> None:
    """Change rows behind the store's back, without regard to keys and constraints."""
    connection = apsw.Connection(str(store.kernel.directory.database))
    # What the store does for itself may be writing.
    connection.set_busy_timeout(30_000)
    try:
        connection.pragma("foreign_keys", 0)
        connection.pragma("ignore_check_constraints", 1)
        for statement in statements:
            connection.execute(statement).fetchall()
            assert connection.changes(), f"nothing was changed by {statement}"
    finally:
        connection.close()


def outcome_of(store: Store, name: str) -> CheckOutcome:
    """What comes of one check, whatever its effort."""
    checks = LoadedChecks.of(store.kernel.registry.checks)
    (stamped,) = checks.chosen("deep", [name])
    return store.read(run_check, stamped)


def found_by(store: Store, name: str) -> list[tuple[str | None, str]]:
    """Entity and message of each finding of a check, which must have come to its end."""
    outcome = outcome_of(store, name)
    assert outcome.reason is None, outcome.reason
    return [(finding.entity_id, finding.message) for finding in outcome.findings]


def page_of(data_dir: Path, name: str) -> int:
    """The root page of a table or index, counted from 1."""
    connection = apsw.Connection(str(data_dir / "synthetic.db"))
    try:
        return connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]
    finally:
        connection.close()


def zero_page(data_dir: Path, number: int) -> None:
    """Overwrite a page of a closed database with zeros; its log must have been folded back."""
    with (data_dir / "synthetic.db").open("r+b") as file:
        file.seek((number - 1) * PAGE_BYTES)
        file.write(bytes(PAGE_BYTES))
