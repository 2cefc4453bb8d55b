"""The GraphQL type of entries of the audit log."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import functools
from typing import Annotated

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    Asked,
    Column,
    Connection,
    DateTime,
    FromRecord,
    Long,
    Order,
    Snapshot,
    page,
)
from synthetic_audit.enums import AuditOrder, OperationKind, OperationOutcome
from synthetic_audit.inputs import AuditFilter
from synthetic_audit.model import Criteria, Entry
from synthetic_audit.store import select_entries

OrderBy = Annotated[AuditOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[AuditFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(
    description="One thing that somebody did to the store, or was refused. It is never changed, and goes by age alone."
)
class AuditEntry:
    """A row of `audit_log`."""

    seq: Long = strawberry.field(
        description="Its number, one more than that of the entry before. It says in which order entries were written."
    )
    occurred_at: DateTime = strawberry.field(description="When it was done.")
    kind: OperationKind = strawberry.field(description="By which door somebody came.")
    name: str = strawberry.field(
        description="The mutation (`saveConstruct`), command (`token create`) or access (`authenticate`)."
    )
    actor: str = strawberry.field(
        description="In whose name: that of a token, `command:NAME`, what a program says that embeds the store, or "
        "`unknown` for who has no valid token."
    )
    entity_type: str | None = strawberry.field(description="What it was done to: `construct`.")
    entity_id: strawberry.ID | None = strawberry.field(description="The id of that.")
    outcome: OperationOutcome = strawberry.field(description="What came of it.")
    code: str | None = strawberry.field(description="The code of the error; null where it was done.")
    message: str | None = strawberry.field(description="The message of the error.")
    details: JSON = strawberry.field(
        description="A JSON object of names, counts and flags; of a mutation, which `fields` of its input were given."
    )
    correlation_id: strawberry.ID = strawberry.field(
        description="The same for all that one request or command causes, and in its events."
    )
    previous_hash: str = strawberry.field(description="The hash of the entry before: 64 hexadecimal digits.")
    hash: str = strawberry.field(description="SHA-256 of the entry and the hash before it: 64 hexadecimal digits.")

    of = FromRecord(Entry, previous_hash=Column("lower(hex(previous_hash))"), hash=Column("lower(hex(hash))"))


@functools.cache
def order_of(order_by: AuditOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    columns = ("seq",) if column == "seq" else (column, "seq")
    return Order(columns, (int,) * len(columns), descending=direction == "desc")


def page_of_entries(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: AuditOrder,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[AuditEntry]:
    """One page of the entries that meet the criteria.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or a cursor is not of this list.
    """
    order = order_of(order_by)
    return page(
        snapshot,
        AuditEntry,
        select_entries(snapshot, criteria, by_time=len(order.columns) > 1),
        order=order,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
