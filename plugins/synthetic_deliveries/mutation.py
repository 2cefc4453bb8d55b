"""Root mutation fields of deliveries. Where events go is an operator's affair: most need the scope `admin`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Scope, Transaction, mutation
from synthetic_deliveries import store as delivery_store
from synthetic_deliveries.inputs import (
    DeleteDeliveryTargetInput,
    ResendDeliveriesInput,
    ResendDeliveryInput,
    RotateDeliverySecretInput,
    SaveDeliveryTargetInput,
    TestDeliveryTargetInput,
)
from synthetic_deliveries.types import Delivery, DeliveryTarget


@strawberry.type(description="What `saveDeliveryTarget` came to.")
class SaveDeliveryTargetPayload:
    """The payload of `saveDeliveryTarget`."""

    target: DeliveryTarget = strawberry.field(description="The target as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")
    secret: str | None = strawberry.field(
        description="The secret, where the store has just made one for a new target: give it to the receiver now, "
        "since it is never shown again."
    )


@strawberry.type(description="What `deleteDeliveryTarget` came to.")
class DeleteDeliveryTargetPayload:
    """The payload of `deleteDeliveryTarget`."""

    id: strawberry.ID = strawberry.field(description="Id of the target, which is not there any more.")


@strawberry.type(description="What `testDeliveryTarget` came to.")
class TestDeliveryTargetPayload:
    """The payload of `testDeliveryTarget`."""

    target: DeliveryTarget = strawberry.field(
        description="The target; its `deliveries` show what becomes of the event `delivery_target.tested`."
    )


@strawberry.type(description="What `rotateDeliverySecret` came to.")
class RotateDeliverySecretPayload:
    """The payload of `rotateDeliverySecret`."""

    target: DeliveryTarget = strawberry.field(description="The target as it is stored now.")
    secret: str | None = strawberry.field(
        description="The secret, where the store has just made one: give it to the receiver before the old one ends, "
        "since it is never shown again."
    )


@strawberry.type(description="What `resendDelivery` came to.")
class ResendDeliveryPayload:
    """The payload of `resendDelivery`."""

    delivery: Delivery = strawberry.field(description="The new delivery, which has the same webhook id.")


@strawberry.type(description="What became of the failed deliveries that a filter finds.")
class ResendDeliveriesPayload:
    """The payload of `resendDeliveries`."""

    matched: int = strawberry.field(description="How many there were to send again, at most 10,000.")
    resent: int = strawberry.field(description="How many are sent again; 0 with dryRun.")
    complete: bool = strawberry.field(description="Whether there are no more. If not, send it again.")


@mutation(scope=Scope.ADMIN, entity="delivery_target")
def save_delivery_target(tx: Transaction, input: SaveDeliveryTargetInput) -> SaveDeliveryTargetPayload:
    """Store where events are to be posted, or change it; what is there already as sent is returned as it is."""
    saved = delivery_store.save_target(tx, input.content(), target_id=input.id, if_version=input.if_version)
    return SaveDeliveryTargetPayload(
        target=DeliveryTarget.of(saved.target),
        created=saved.created,
        changed=saved.changed,
        secret=saved.made_secret,
    )


@mutation(scope=Scope.ADMIN, entity="delivery_target", frees=True)
def delete_delivery_target(store: BlockingStore, input: DeleteDeliveryTargetInput) -> DeleteDeliveryTargetPayload:
    """Delete a target and all its deliveries, also those that are still to be sent."""
    deleted = delivery_store.delete_target(store, input.id)
    return DeleteDeliveryTargetPayload(id=strawberry.ID(deleted.id))


@mutation(scope=Scope.ADMIN, entity="delivery_target")
def test_delivery_target(tx: Transaction, input: TestDeliveryTargetInput) -> TestDeliveryTargetPayload:
    """Have the event `delivery_target.tested` posted to a target, whatever it wants to be told."""
    return TestDeliveryTargetPayload(target=DeliveryTarget.of(delivery_store.request_test(tx, input.id)))


@mutation(scope=Scope.ADMIN, entity="delivery_target")
def rotate_delivery_secret(tx: Transaction, input: RotateDeliverySecretInput) -> RotateDeliverySecretPayload:
    """Give a target another secret; for a while requests are signed with the old one too."""
    rotated = delivery_store.rotate_secret(
        tx,
        input.id,
        secret=input.secret,
        keep_previous_ms=input.keep_previous_ms,
        if_version=input.if_version,
    )
    return RotateDeliverySecretPayload(target=DeliveryTarget.of(rotated.target), secret=rotated.made_secret)


@mutation(entity="delivery")
def resend_delivery(tx: Transaction, input: ResendDeliveryInput) -> ResendDeliveryPayload:
    """Send once more what has arrived or failed, under the same webhook id, behind all that waits now."""
    return ResendDeliveryPayload(delivery=Delivery.of(delivery_store.resend_delivery(tx, input.id)))


@mutation(entity="delivery")
def resend_deliveries(store: BlockingStore, input: ResendDeliveriesInput) -> ResendDeliveriesPayload:
    """Send once more all that a filter finds and that have failed for good, at most 10,000 a call.

    A message that has arrived after all, or is on its way again, is left alone.
    """
    done = delivery_store.resend_deliveries(store, input.filter.criteria(), dry_run=input.dry_run)
    return ResendDeliveriesPayload(matched=done.matched, resent=done.resent, complete=done.complete)
