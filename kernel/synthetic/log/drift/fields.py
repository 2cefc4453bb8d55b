"""Drift over GraphQL: `ModuleSyncStatus.drift`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Self

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.executor import values_of
from synthetic.graphql.fields import batched
from synthetic.graphql.scalars import DateTime, Long
from synthetic.json_text import from_json
from synthetic.log.drift.model import ROWS_KEPT, Difference, DriftScope
from synthetic.log.drift.model import DriftRow as DriftRowRecord
from synthetic.log.drift.store import DriftCheck, find_drift_check, list_drift_rows
from synthetic.log.positions import Position
from synthetic.log.sync.store import error_of_text
from synthetic.log.sync.types import ModuleSyncStatus, SyncError

describe_enum(
    DriftScope,
    "How much of a fold was compared with the log.",
    {
        DriftScope.SAMPLE: "Some rows, each with what the events behind it make.",
        DriftScope.WHOLE: "All rows, with what the whole log makes.",
    },
)
describe_enum(
    Difference,
    "How a row differs from what the log makes of it.",
    {
        Difference.ALTERED: "It has other values.",
        Difference.MISSING: "The log makes it, and it is not there.",
        Difference.UNFOUNDED: "It is there, and the log does not make it.",
    },
)


@strawberry.type(description="A row of a fold that differs from what the log makes of it.")
class DriftRow:
    """A row of `drift_rows`."""

    entity_type: str = strawberry.field(description="The table; `lineage` takes it.")
    entity_id: strawberry.ID = strawberry.field(description="The row's key, its parts joined by slashes.")
    difference: Difference = strawberry.field(description="How it differs.")

    @classmethod
    def of(cls, record: DriftRowRecord) -> Self:
        """The object of a record."""
        return cls(entity_type=record.table, entity_id=strawberry.ID(record.key), difference=record.difference)


@strawberry.type(description="The hash of a table of a fold.")
class TableHash:
    """A table's entry in `hashes`."""

    table: str = strawberry.field(description="Its name.")
    sha256: str = strawberry.field(description="Of its rows as the log makes them, in order of their keys.")


@strawberry.type(description="What came of comparing a fold with the log.")
class Drift:
    """A row of `drift_checks`."""

    scope: DriftScope | None = strawberry.field(description="How much was compared last; null: nothing was yet.")
    position: Position | None = strawberry.field(description="The fold's position then.")
    compared: Long = strawberry.field(description="How many rows were compared.")
    skipped: Long = strawberry.field(
        description="Rows of a sample that could not be compared: they are made from too many events, or from what "
        "only the archive has."
    )
    differing: Long = strawberry.field(description="How many rows differ, as far as is known.")
    rows: list[DriftRow] = strawberry.field(description=f"The first {ROWS_KEPT} of them.")
    hashes: list[TableHash] = strawberry.field(description="Of its tables, when all was compared last.")
    checked_at: DateTime | None = strawberry.field(description="When it was compared last, or that was tried.")
    took_ms: Long | None = strawberry.field(description="How long that took.")
    error: SyncError | None = strawberry.field(description="Why it could not be compared the last time.")

    @classmethod
    def of(cls, check: DriftCheck, rows: Sequence[DriftRowRecord], epoch: str) -> Self:
        """The object of a row."""
        error = error_of_text(check.error)
        hashes: dict[str, str] = from_json(check.hashes or "{}")
        return cls(
            scope=None if check.scope is None else DriftScope(check.scope),
            position=None if check.position is None else Position(epoch, check.position),
            compared=Long(check.rows),
            skipped=Long(check.skipped),
            differing=Long(check.differing),
            rows=[DriftRow.of(row) for row in rows],
            hashes=[TableHash(table=table, sha256=sha256) for table, sha256 in hashes.items()],
            checked_at=None if check.checked_at is None else DateTime(check.checked_at),
            took_ms=None if check.took_ms is None else Long(check.took_ms),
            error=None if error is None else SyncError.of(error),
        )


@batched(needs=("module",))
def drift(snapshot: Snapshot, parents: Sequence[ModuleSyncStatus]) -> list[Drift | None]:
    """What came of comparing it with the log; null for what is no fold, and before the first time."""
    epoch = snapshot.position().epoch
    found: list[Drift | None] = []
    for module in values_of(parents, "module"):
        check = find_drift_check(snapshot, module)
        found.append(None if check is None else Drift.of(check, list_drift_rows(snapshot, module), epoch))
    return found
