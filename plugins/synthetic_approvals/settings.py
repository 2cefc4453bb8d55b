"""What an operator may change about approvals: `[plugins.approvals]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

LIFETIME_MS_MIN = 1_000


@dataclass(frozen=True, slots=True)
class ApprovalSettings:
    """`[plugins.approvals]`: how long a decision is awaited, limits on what is asked for, and how long it is kept."""

    lifetime_ms: Annotated[
        int, Meta(ge=LIFETIME_MS_MIN, description="How long a decision is awaited, where the request does not say.")
    ] = 3_600_000
    lifetime_ms_max: Annotated[
        int, Meta(ge=LIFETIME_MS_MIN, description="Longest time for which a request may await its decision.")
    ] = 30 * 24 * 3_600_000
    arguments_bytes: Annotated[int, Meta(ge=2, description="Most bytes of the arguments, as JSON.")] = 65_536
    arguments_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in the arguments.")] = 32
    text_characters: Annotated[int, Meta(ge=1, description="Most characters of a reason or a comment.")] = 10_000
    refuse_own_decisions: Annotated[
        bool, Meta(description="Whether who has asked for an approval, by the name of the token, may not decide it.")
    ] = False
    watch_every_ms: Annotated[
        int,
        Meta(ge=100, le=60_000, description="How often approvals are looked for that have lapsed or are not needed."),
    ] = 1_000
    keep_ended_ms: Annotated[
        int, Meta(ge=0, description="How long an approval is kept after it has ended; 0: for ever.")
    ] = 3_600_000
