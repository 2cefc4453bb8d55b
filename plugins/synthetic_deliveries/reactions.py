"""What a reaction to the end of a delivery is: the contract between deliveries and the plugins that react. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic_deliveries.model import Delivery

if TYPE_CHECKING:
    from synthetic import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReaction:
    """Something that must be true in the very commit in which a delivery ends (`register_delivery_reactions`).

    Attributes:
        purpose: One sentence.
        react: Is given the transaction and the delivery, DELIVERED or FAILED.
            It does little and reads no file and no network, since the writer
            waits for it; what it raises undoes the end of the delivery, which is then sent again.
    """

    purpose: str
    react: Callable[[Transaction, Delivery], None]

    def __post_init__(self) -> None:
        if not self.purpose.strip():
            raise ValueError("a reaction to deliveries must say in words what it is for")


def react_to(tx: Transaction, delivery: Delivery) -> None:
    """Let everything react that is to react to the end of a delivery, in the order of the plugins."""
    for reaction in tx.contributed(DeliveryReaction):
        reaction.react(tx, delivery)
