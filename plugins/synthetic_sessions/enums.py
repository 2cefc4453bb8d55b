"""This plugin's enums as the schema shows them, with what each value means.

`SessionStatus` is defined in `model.py`, which knows nothing of GraphQL; types
and inputs import it from here, so that it is never used without a meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import strawberry

from synthetic_sessions.model import SessionStatus

__all__ = ["SessionOrder", "SessionStatus"]


def _describe(enum_class: Any, description: str, meanings: Mapping[Any, str]) -> None:
    """Make a GraphQL enum of a plain one; each of its values must have a meaning."""
    strawberry.enum(enum_class, description=description)
    for value in enum_class.__strawberry_definition__.values:
        value.description = meanings[enum_class(value.value)]


class SessionOrder(StrEnum):
    """The orders that sessions are listed in, as columns and directions."""

    STARTED_AT_DESC = "started_at desc"
    STARTED_AT_ASC = "started_at asc"
    LAST_ACTIVITY_AT_DESC = "last_activity_at desc"
    LAST_ACTIVITY_AT_ASC = "last_activity_at asc"
    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"


_describe(
    SessionStatus,
    "Where a run of an agent stands. Any status may follow any other.",
    {
        SessionStatus.ACTIVE: "Going on, or not known to be over.",
        SessionStatus.ENDED: "Over, as it was meant to be.",
        SessionStatus.FAILED: "Over because of an error.",
        SessionStatus.CANCELLED: "Over because it was not wanted any more.",
    },
)
_describe(
    SessionOrder,
    "The orders that sessions are listed in; equal ones are ordered by id.",
    {
        SessionOrder.STARTED_AT_DESC: "The last started first.",
        SessionOrder.STARTED_AT_ASC: "The first started first.",
        SessionOrder.LAST_ACTIVITY_AT_DESC: "The last active first.",
        SessionOrder.LAST_ACTIVITY_AT_ASC: "The longest inactive first.",
        SessionOrder.CREATED_AT_DESC: "The last stored first.",
        SessionOrder.CREATED_AT_ASC: "The first stored first.",
    },
)
