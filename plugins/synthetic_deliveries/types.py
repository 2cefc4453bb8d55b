"""The GraphQL types of targets and deliveries."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Node,
    Snapshot,
    batched,
    find_rows,
    from_json,
    pages,
)
from synthetic_deliveries.enums import CircuitState, DeliveryStatus
from synthetic_deliveries.inputs import DeliveryFilter
from synthetic_deliveries.model import Criteria
from synthetic_deliveries.model import Delivery as DeliveryRecord
from synthetic_deliveries.model import DeliveryTarget as TargetRecord
from synthetic_deliveries.store import select_deliveries
from synthetic_deliveries.store.filters import NEWEST_FIRST

Filter = Annotated[DeliveryFilter | None, strawberry.argument(description="Which; all without it.")]


def _circuit_of(_created_at: int, opened_at: int | None) -> CircuitState:
    return CircuitState.CLOSED if opened_at is None else CircuitState.OPEN


def _last_until(previous_secrets: str) -> DateTime | None:
    untils = [each["untilAt"] for each in from_json(previous_secrets)]
    return DateTime(max(untils)) if untils else None


@strawberry.type(description="Where events are posted to. Its secret is never shown.")
class DeliveryTarget(Node):
    """A row of `delivery_targets`, without its secret."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    name: str = strawberry.field(description="For people.")
    url: str = strawberry.field(description="Where is posted to.")
    event_types: list[str] = strawberry.field(
        description="Types of events that it wants, or their beginnings such as `job.*`; empty: all."
    )
    construct_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of the constructs whose events it wants; empty: all events."
    )
    allow_private: bool = strawberry.field(description="Whether its receiver may have a private or loopback address.")
    enabled: bool = strawberry.field(description="Whether it is told of events.")
    disabled_reason: str | None = strawberry.field(description="Why it is not, where the store decided that.")
    circuit: CircuitState = strawberry.field(description="Whether it is tried.")
    failures: int = strawberry.field(description="Failed attempts in a row.")
    closed_until_at: DateTime | None = strawberry.field(
        description="Until when nothing is tried; null while its circuit is CLOSED."
    )
    last_success_at: DateTime | None = strawberry.field(description="When something arrived there last.")
    last_error: JSON | None = strawberry.field(description="The last failure, in the shape of the error contract.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")
    previous_secret_until_at: DateTime | None = strawberry.field(
        description="Until when requests are signed with an earlier secret too; null where they are not."
    )

    of = FromRecord(
        TargetRecord,
        event_types=Column("event_types", read=from_json),
        construct_ids=Column("construct_ids", read=from_json),
        circuit=Column("created_at", "opened_at", read=_circuit_of),
        allow_private=Column("allow_private", read=bool),
        enabled=Column("enabled", read=bool),
        previous_secret_until_at=Column("previous_secrets", read=_last_until),
    )

    @batched(needs=("id",))
    @staticmethod
    def deliveries(
        snapshot: Snapshot,
        parents: "Sequence[DeliveryTarget]",
        asked: Asked,
        filter: Filter = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Delivery]]":
        """What was, and is to be, posted there, the last first."""
        criteria = Criteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Delivery,
            select_deliveries(criteria, each="target_id"),
            each=[parent.id for parent in parents],
            order=NEWEST_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


@strawberry.type(description="An event that is to be posted to a target, or was.")
class Delivery(Node):
    """A row of `deliveries`."""

    id: strawberry.ID = strawberry.field(description="A UUIDv7.")
    target_id: strawberry.ID = strawberry.field(description="Id of the target.")
    webhook_id: str = strawberry.field(
        description="`webhook-id`: by it a receiver knows a message that it was sent before."
    )
    event_id: strawberry.ID = strawberry.field(description="Id of the event that it tells.")
    event_type: str = strawberry.field(description="That event's type.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that the event belongs to.")
    entity_type: str = strawberry.field(description="What kind of thing the event is about.")
    entity_id: str = strawberry.field(description="Which one.")
    body: JSON = strawberry.field(description="What is posted.")
    status: DeliveryStatus = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How many attempts were made.")
    next_attempt_at: DateTime | None = strawberry.field(
        description="When the next is due; null where it has ended, or waits behind another of its entity."
    )
    last_attempt_at: DateTime | None = strawberry.field(description="When the last one ended.")
    last_status_code: int | None = strawberry.field(
        description="What the receiver answered to it; null where it did not."
    )
    last_error: JSON | None = strawberry.field(
        description="Why the last one failed, in the shape of the error contract; null where it did not."
    )
    resend_of: strawberry.ID | None = strawberry.field(description="Id of the delivery that it repeats.")
    dead_letter_id: strawberry.ID | None = strawberry.field(description="Id of the dead letter that it became.")
    created_at: DateTime = strawberry.field(description="When the event was taken up for this target.")
    ended_at: DateTime | None = strawberry.field(description="When it arrived, or failed for good.")
    arrived_as: strawberry.ID | None = strawberry.field(
        description="Of one that has failed: id of the delivery by which its message has arrived after all."
    )

    of = FromRecord(DeliveryRecord)

    @batched(needs=("target_id",))
    @staticmethod
    def target(snapshot: Snapshot, parents: "Sequence[Delivery]", asked: Asked) -> list[DeliveryTarget | None]:
        """The target."""
        return find_target_nodes(snapshot, [parent.target_id for parent in parents], asked)


def find_target_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[DeliveryTarget | None]:
    """For each id, the target or None: how `node(id:)` finds them."""
    return find_rows(snapshot, DeliveryTarget, "delivery_targets", ids, asked)


def find_delivery_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Delivery | None]:
    """For each id, the delivery or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Delivery, "deliveries", ids, asked)
