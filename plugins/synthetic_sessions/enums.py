"""This plugin's enums as the schema shows them, with what each value means.

`SessionStatus` is defined in `model.py`, which knows nothing of GraphQL; types
and inputs import it from here, so that it is never used without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_sessions.model import SessionStatus

__all__ = ["SessionContextOrder", "SessionOrder", "SessionStatus", "ThreadSessionOrder"]


class SessionOrder(StrEnum):
    """The orders that sessions are listed in, as columns and directions."""

    STARTED_AT_DESC = "started_at desc"
    STARTED_AT_ASC = "started_at asc"
    LAST_ACTIVITY_AT_DESC = "last_activity_at desc"
    LAST_ACTIVITY_AT_ASC = "last_activity_at asc"
    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"


class SessionContextOrder(StrEnum):
    """The orders that session contexts are listed in, as columns and directions."""

    LAST_USED_AT_DESC = "last_used_at desc"
    LAST_USED_AT_ASC = "last_used_at asc"
    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"


class ThreadSessionOrder(StrEnum):
    """The orders that thread sessions are listed in, as columns and directions."""

    LAST_MESSAGE_AT_DESC = "last_message_at desc"
    LAST_MESSAGE_AT_ASC = "last_message_at asc"
    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"


describe_enum(
    SessionStatus,
    "Where a run of an agent stands. Any status may follow any other.",
    {
        SessionStatus.ACTIVE: "Going on, or not known to be over.",
        SessionStatus.ENDED: "Over, as it was meant to be.",
        SessionStatus.FAILED: "Over because of an error.",
        SessionStatus.CANCELLED: "Over because it was not wanted any more.",
    },
)
describe_enum(
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
describe_enum(
    SessionContextOrder,
    "The orders that session contexts are listed in; equal ones are ordered by id.",
    {
        SessionContextOrder.LAST_USED_AT_DESC: "The last used first.",
        SessionContextOrder.LAST_USED_AT_ASC: "The longest unused first.",
        SessionContextOrder.CREATED_AT_DESC: "The last stored first.",
        SessionContextOrder.CREATED_AT_ASC: "The first stored first.",
    },
)
describe_enum(
    ThreadSessionOrder,
    "The orders that thread sessions are listed in; equal ones are ordered by id.",
    {
        ThreadSessionOrder.LAST_MESSAGE_AT_DESC: "The last talked in first.",
        ThreadSessionOrder.LAST_MESSAGE_AT_ASC: "The longest silent first.",
        ThreadSessionOrder.CREATED_AT_DESC: "The last stored first.",
        ThreadSessionOrder.CREATED_AT_ASC: "The first stored first.",
    },
)
