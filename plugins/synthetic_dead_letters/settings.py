"""What an operator may change about dead letters: `[plugins.dead_letters]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class DeadLetterSettings:
    """`[plugins.dead_letters]`: when letters are retried by themselves, limits, and how long they are kept."""

    retries_max: Annotated[
        Mapping[str, Annotated[int, Meta(ge=0, le=1_000)]],
        Meta(
            description="By the name of a source: how often the store retries each of its letters by itself; 0: only "
            "when somebody asks. What is not named is as the source says."
        ),
    ] = field(default_factory=dict[str, int])
    retry_first_ms: Annotated[
        int, Meta(ge=0, description="Ceiling of the random pause before the first retry; it doubles with each.")
    ] = 60_000
    retry_first_ms_by_source: Annotated[
        Mapping[str, Annotated[int, Meta(ge=0)]],
        Meta(description="By the name of a source: that ceiling, where it is another one."),
    ] = field(default_factory=dict[str, int])
    retry_ceiling_ms: Annotated[int, Meta(ge=0, description="The pause grows no longer than this.")] = 3_600_000
    work_timeout_ms: Annotated[
        int,
        Meta(ge=1_000, description="A retry that was under way in a process which died has failed after so long."),
    ] = 300_000
    retry_timeout_ms: Annotated[
        int,
        Meta(ge=1_000, description="A retry that goes on elsewhere has failed if it does not end within so long."),
    ] = 24 * 3_600_000
    watch_every_ms: Annotated[
        int,
        Meta(
            ge=50,
            le=60_000,
            description="How often letters are looked for that are due, and redrives go on; "
            "a quarter as often, up to a second, while no events of letters or redrives come.",
        ),
    ] = 250
    redrive_rate_per_second: Annotated[
        float, Meta(gt=0, description="Retries a second of a redrive that does not say how many.")
    ] = 10.0
    redrive_rate_per_second_max: Annotated[
        float, Meta(gt=0, description="Most retries a second that a redrive may ask for.")
    ] = 1_000.0
    redrives_max: Annotated[int, Meta(ge=1, description="Most redrives that run at the same time.")] = 10
    payload_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a payload, as JSON.")] = 262_144
    payload_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in a payload.")] = 64
    text_characters: Annotated[int, Meta(ge=1, description="Most characters of a resolution.")] = 10_000
    keep_ended_ms: Annotated[
        int,
        Meta(ge=0, description="How long a letter is kept after it was resolved or discarded; 0: for ever."),
    ] = 24 * 3_600_000
    keep_redrives_ms: Annotated[
        int, Meta(ge=0, description="How long a redrive is kept after it has ended; 0: for ever.")
    ] = 7 * 24 * 3_600_000
