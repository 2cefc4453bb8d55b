"""The enums of this theme as the schema shows them."""

from __future__ import annotations

from enum import Enum

from synthetic import describe_enum


class TimelineOrder(Enum):
    """In which order a timeline is listed."""

    OCCURRED_AT_ASC = "asc"
    OCCURRED_AT_DESC = "desc"


describe_enum(
    TimelineOrder,
    "In which order a timeline is listed; what occurred at one instant, as it was appended.",
    {
        TimelineOrder.OCCURRED_AT_ASC: "The first first.",
        TimelineOrder.OCCURRED_AT_DESC: "The last first.",
    },
)
