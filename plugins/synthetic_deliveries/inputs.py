"""What clients send in: inputs of the mutations, and the filter of `deliveries`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import DateTime, Long
from synthetic_deliveries.enums import DeliveryStatus
from synthetic_deliveries.model import Criteria
from synthetic_deliveries.store import TargetContent

_CONTENT = ("name", "url", "secret", "event_types", "construct_ids", "allow_private", "enabled")


@strawberry.input(
    description="A target to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new target it takes its default."
)
class SaveDeliveryTargetInput:
    """The input of `saveDeliveryTarget`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the target is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="For people: 1 to 200 printable characters. A new target needs it."
    )
    url: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where to post: https, or http where private addresses are allowed. A new target needs it.",
    )
    secret: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What requests are signed with: `whsec_` and the Base64 of 24 to 64 random bytes. A new target "
        "gets one that is made for it, and shown this once. It is never shown again.",
    )
    event_types: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only events of these types; `job.*` is all whose types begin so. Empty: all.",
    )
    construct_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Only events of these constructs. Empty: all events."
    )
    allow_private: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether the receiver may have a private or loopback address. A new target's may not.",
    )
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it is told of events. A new target is. True closes its circuit where it is open.",
    )

    def content(self) -> TargetContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast("TargetContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="A target to delete.")
class DeleteDeliveryTargetInput:
    """The input of `deleteDeliveryTarget`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A target to try.")
class TestDeliveryTargetInput:
    """The input of `testDeliveryTarget`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A target to give another secret.")
class RotateDeliverySecretInput:
    """The input of `rotateDeliverySecret`."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    if_version: int | None = strawberry.field(
        default=None,
        description="The version that is to be changed; whatever it is without. With it, a call whose answer was lost "
        "can be sent again without another rotation.",
    )
    secret: str | None = strawberry.field(
        default=None,
        description="The new secret: `whsec_` and the Base64 of 24 to 64 random bytes. Without it, one is made, and "
        "shown this once.",
    )
    keep_previous_ms: Long | None = strawberry.field(
        default=None,
        description="How long requests are signed with the present secret too, up to 30 days. 0: it ends at once, and "
        "so do those before it. Without it, as the settings say.",
    )


@strawberry.input(description="A delivery to send again.")
class ResendDeliveryInput:
    """The input of `resendDelivery`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which deliveries are meant: all that is said here must hold.")
class DeliveryFilter:
    """The filter of `deliveries`."""

    target_id: strawberry.ID | None = strawberry.field(default=None, description="It goes to this target.")
    statuses: list[DeliveryStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    event_id: strawberry.ID | None = strawberry.field(default=None, description="It tells this event.")
    construct_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its event belongs to this construct."
    )
    ended_from: DateTime | None = strawberry.field(
        default=None, description="It arrived, or failed for good, then or later."
    )
    ended_before: DateTime | None = strawberry.field(
        default=None, description="It arrived, or failed for good, before."
    )

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            target_id=self.target_id,
            statuses=self.statuses,
            event_id=self.event_id,
            construct_id=self.construct_id,
            ended_from=self.ended_from,
            ended_before=self.ended_before,
        )


@strawberry.input(description="Which failed deliveries are to be sent again.")
class ResendDeliveriesInput:
    """The input of `resendDeliveries`."""

    filter: DeliveryFilter = strawberry.field(
        description="Which. At least one condition is needed; only what is FAILED is sent again."
    )
    dry_run: bool = strawberry.field(default=False, description="Only count them.")
