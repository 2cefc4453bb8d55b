"""The hook that deliveries offer to other plugins.

It is called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_deliveries.reactions import DeliveryReaction


@hookspec
def register_delivery_reactions() -> tuple[DeliveryReaction, ...]:  # pyright: ignore[reportReturnType]
    """Contribute what must be done in the transaction in which a delivery arrives, or fails for good.

    Returns:
        `DeliveryReaction` records. Their functions are called after the
        delivery was written, in the order of the plugins. What one of them
        raises leaves the delivery PENDING, and it is sent again.

    Example::

        def note_failure(tx: Transaction, delivery: Delivery) -> None:
            if delivery.status == DeliveryStatus.FAILED:
                tx.execute(
                    "INSERT INTO undelivered (delivery_id, failed_at) VALUES (:id, :now)",
                    {"id": delivery.id, "now": tx.now},
                )

        @hookimpl
        def register_delivery_reactions():
            return (DeliveryReaction(purpose="Keeps what did not arrive.", react=note_failure),)
    """
