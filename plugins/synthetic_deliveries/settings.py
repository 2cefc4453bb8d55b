"""What an operator may change about deliveries: `[plugins.deliveries]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`[plugins.deliveries]`: how attempts are made and repeated, limits, and how long what has ended is kept."""

    targets: Annotated[int, Meta(ge=1, le=1_000, description="Most targets of a store.")] = 100
    pending_max: Annotated[
        int,
        Meta(
            ge=1, description="Most deliveries that wait for one target; the log keeps what follows until some ended."
        ),
    ] = 100_000
    concurrency: Annotated[int, Meta(ge=1, le=256, description="Most requests that run at once, in all.")] = 32
    target_concurrency: Annotated[int, Meta(ge=1, le=64, description="Most of them to one target.")] = 4
    connect_ms: Annotated[
        int, Meta(ge=10, le=60_000, description="How long a connection, its name and TLS may take.")
    ] = 5_000
    timeout_ms: Annotated[
        int, Meta(ge=10, le=120_000, description="How long an attempt may take in all, however lively it looks.")
    ] = 15_000
    response_bytes: Annotated[
        int, Meta(ge=0, le=1_048_576, description="How much of an answer's body is read; the rest is not waited for.")
    ] = 16_384
    attempts_max: Annotated[int, Meta(ge=1, le=100, description="After so many attempts a delivery has failed.")] = 15
    give_up_ms: Annotated[
        int, Meta(ge=1_000, description="A delivery that is older than this has failed with the next failed attempt.")
    ] = 3 * DAY_MS
    retry_first_ms: Annotated[
        int, Meta(ge=1, description="Pause after the first failed attempt at most; it doubles with each.")
    ] = 5_000
    retry_ceiling_ms: Annotated[int, Meta(ge=1, le=DAY_MS, description="Longest pause between two attempts.")] = (
        6 * 3_600_000
    )
    circuit_failures: Annotated[
        int, Meta(ge=1, description="After so many failures in a row a target is left alone for a while.")
    ] = 5
    circuit_first_ms: Annotated[
        int, Meta(ge=1, description="How long at first; it doubles each time that it fails again.")
    ] = 30_000
    circuit_ceiling_ms: Annotated[int, Meta(ge=1, le=DAY_MS, description="How long at most.")] = 900_000
    secret_overlap_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=30 * DAY_MS,
            description="How long requests are signed with a target's old secret too after it was rotated.",
        ),
    ] = DAY_MS
    follow_every_ms: Annotated[
        int,
        Meta(
            ge=10,
            le=60_000,
            description="How often the log, and what is due, is looked at while nothing is; "
            "a quarter as often, and at least each second, while no events come.",
        ),
    ] = 250
    ca_file: Annotated[
        str,
        Meta(description="A file of certificates (PEM) to trust in place of the usual ones; empty: the usual ones."),
    ] = ""
    keep_delivered_ms: Annotated[
        int, Meta(ge=0, description="How long a delivery is kept after it has arrived; 0: for ever.")
    ] = DAY_MS
    keep_failed_ms: Annotated[
        int, Meta(ge=0, description="How long one is kept that has failed for good; 0: for ever.")
    ] = 30 * DAY_MS
