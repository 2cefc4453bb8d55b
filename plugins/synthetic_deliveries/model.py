"""Records of targets and deliveries, and the rules that need no store: what is wanted, when to try again. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from synthetic import Event, from_json, iso_from_ms, to_json

JITTERED_PART = 0.5
"""Of each pause so much is random, so that many deliveries which failed together do not come back together."""

FARTHEST_MS = 24 * 3_600_000
"""Longest pause that there is. What lies farther ahead was written by a clock that was wrong, and is due."""

EVERY_TYPE = "*"
GONE = "The receiver answered 410 Gone: it is not there any more."

FIELDS = {"event_types": "eventTypes", "construct_ids": "constructIds", "allow_private": "allowPrivate"}
"""Columns of a target that a sender gives and whose name differs from that of the field."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands; `enums.py` says what each value means."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DeliveryTarget(NamedTuple):
    """A row of `delivery_targets`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        name: For people.
        url: Where is posted to.
        secret: What requests are signed with: `whsec_` and Base64.
        event_types: JSON list of types, of beginnings such as `job.*`; empty: all.
        construct_ids: JSON list of the constructs whose events are wanted; empty: all events.
        allow_private: 1 where the receiver may have a private or loopback address.
        enabled: 1 while it is told of events.
        disabled_reason: Why it is not, where the store decided that.
        followed_position: Up to where the log was looked at for it.
        failures: Failed attempts since the last one that succeeded.
        opened_at: Since when its circuit is open.
        closed_until_at: Until when nothing is tried.
        last_success_at: When something arrived there last.
        last_error: JSON of the last failure, in the contract's shape.
        version: 1 at first, one more with each change that somebody makes.
        created_at: When it was stored first.
        updated_at: When somebody changed it last.
        previous_secrets: JSON list of what requests are signed with beside `secret`; see `previous_secrets_of`.
    """

    id: str
    name: str
    url: str
    secret: str
    event_types: str
    construct_ids: str
    allow_private: int
    enabled: int
    disabled_reason: str | None
    followed_position: int
    failures: int
    opened_at: int | None
    closed_until_at: int | None
    last_success_at: int | None
    last_error: str | None
    version: int
    created_at: int
    updated_at: int
    previous_secrets: str


class PreviousSecret(NamedTuple):
    """What requests to a target are still signed with, beside its secret.

    Attributes:
        secret: As that of a `DeliveryTarget`.
        until_at: Until when, Unix milliseconds UTC.
    """

    secret: str
    until_at: int


class Delivery(NamedTuple):
    """A row of `deliveries`; instants are Unix milliseconds UTC.

    Attributes:
        id: A UUIDv7.
        target_id: Where it goes.
        webhook_id: What the receiver knows the message by.
        event_id: The event that it tells.
        event_type: That event's type.
        construct_id: The construct that the event belongs to.
        entity_type: What kind of thing the event is about.
        entity_id: Which one.
        position: Its place among the deliveries of its entity.
        body: What is posted, JSON.
        status: A `DeliveryStatus`.
        attempts: How many were made.
        next_attempt_at: When the next is due; None: it waits behind another, or has ended.
        last_attempt_at: When the last one ended.
        last_status_code: What the receiver answered to it; None: nothing.
        last_error: JSON of why it failed, in the contract's shape.
        resend_of: Id of the delivery that it repeats.
        dead_letter_id: Id of the dead letter that it became.
        created_at: When the event was taken up for this target.
        ended_at: When it arrived, or failed for good.
        arrived_as: Of one that has failed: id of the delivery by which its message has arrived after all.
    """

    id: str
    target_id: str
    webhook_id: str
    event_id: str
    event_type: str
    construct_id: str | None
    entity_type: str
    entity_id: str
    position: int
    body: str
    status: str
    attempts: int
    next_attempt_at: int | None
    last_attempt_at: int | None
    last_status_code: int | None
    last_error: str | None
    resend_of: str | None
    dead_letter_id: str | None
    created_at: int
    ended_at: int | None
    arrived_as: str | None


class SavedTarget(NamedTuple):
    """What a save came to.

    Attributes:
        target: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
        made_secret: The secret, where the store has just made one: it is shown this once.
    """

    target: DeliveryTarget
    created: bool
    changed: bool
    made_secret: str | None


class Outcome(NamedTuple):
    """What an attempt came to.

    Attributes:
        delivery_id: Of which delivery.
        status_code: What the receiver answered; None: nothing that could be understood.
        error: Why it failed, as the contract's `code`, `message`, `action` and `details`; None: it arrived.
        retry_after_ms: How long the receiver asks to be left alone.
    """

    delivery_id: str
    status_code: int | None
    error: Mapping[str, Any] | None = None
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which deliveries are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        target_id: They go to this target.
        statuses: Their status is one of these.
        event_id: They tell this event.
        construct_id: Their event belongs to this construct.
        ended_from: They arrived, or failed for good, at this instant or later, Unix milliseconds UTC.
        ended_before: They did so before this instant.
    """

    target_id: str | None = None
    statuses: Sequence[DeliveryStatus] | None = None
    event_id: str | None = None
    construct_id: str | None = None
    ended_from: int | None = None
    ended_before: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target wants to be told, ready to be asked of many events.

    Attributes:
        types: Whole types.
        beginnings: What types begin with, up to the dot.
        constructs: Ids of constructs; empty: all events.
    """

    types: frozenset[str]
    beginnings: tuple[str, ...]
    constructs: frozenset[str]

    @classmethod
    def of(cls, target: DeliveryTarget) -> Wanted:
        """What this target wants."""
        patterns: list[str] = from_json(target.event_types) or [EVERY_TYPE]
        return cls(
            frozenset(each for each in patterns if not each.endswith(EVERY_TYPE)),
            tuple(each.removesuffix(EVERY_TYPE) for each in patterns if each.endswith(EVERY_TYPE)),
            frozenset(from_json(target.construct_ids)),
        )

    def takes(self, event: Event) -> bool:
        """Whether it wants to be told of this event."""
        if self.constructs and event.construct_id not in self.constructs:
            return False
        return event.type in self.types or event.type.startswith(self.beginnings or ("\0",))


def previous_secrets_of(target: DeliveryTarget) -> list[PreviousSecret]:
    """What requests to a target are signed with beside its secret, the newest first."""
    return [PreviousSecret(each["secret"], each["untilAt"]) for each in from_json(target.previous_secrets)]


def body_of(event: Event) -> str:
    """What is posted of an event: `type`, `timestamp` and `data`, as Standard Webhooks recommends."""
    return to_json(
        {
            "type": event.type,
            "timestamp": iso_from_ms(event.occurred_at_utc),
            "data": {
                "eventId": event.id,
                "position": f"{event.epoch}:{event.position}",
                "module": event.module,
                "entityType": event.entity_type,
                "entityId": event.entity_id,
                "constructId": event.construct_id,
                "actor": event.actor,
                "correlationId": event.correlation_id,
                "payload": event.data(),
            },
        }
    )


def pause_ms(failures: int, first_ms: int, ceiling_ms: int) -> int:
    """How long to wait after so many failures in a row (from 1): doubled with each, half of it at random.

    With the first at 5 s: 2.5 to 5 s, 5 to 10 s, 10 to 20 s, up to the ceiling.
    """
    longest = min(ceiling_ms, first_ms * 2 ** min(failures - 1, 40))
    return max(1, round(longest * (1 - JITTERED_PART * random.random())))  # noqa: S311 - jitter is no secret


def is_due(instant: int, now: int) -> bool:
    """Whether an instant has come, or lies so far ahead that the clock was wrong when it was written."""
    return instant <= now or instant > now + FARTHEST_MS
