"""This plugin's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_deliveries.model import DeliveryStatus

__all__ = ["CircuitState", "DeliveryStatus"]


class CircuitState(StrEnum):
    """Whether a target is tried."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"


describe_enum(
    DeliveryStatus,
    "Where a delivery stands.",
    {
        DeliveryStatus.PENDING: "It is to be sent, or to be tried again, or waits behind others of its entity.",
        DeliveryStatus.DELIVERED: "The receiver has answered with a status of 2xx.",
        DeliveryStatus.FAILED: "It was tried in vain for too often or too long; it is a dead letter where these are"
        " kept, and can be sent again.",
    },
)
describe_enum(
    CircuitState,
    "Whether a target is tried.",
    {
        CircuitState.CLOSED: "What is due is sent.",
        CircuitState.OPEN: "It fails again and again, so now and then a single delivery tries it.",
    },
)
