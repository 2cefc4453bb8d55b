"""What an operator may change about sessions: `[plugins.sessions]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`[plugins.sessions]`: what a session holds, when it is stale, and how long contexts and threads are kept."""

    title_characters: Annotated[int, Meta(ge=1, description="Most characters of a title.")] = 1_000
    metadata_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a metadata object, as JSON.")] = 65_536
    metadata_depth: Annotated[
        int, Meta(ge=1, le=200, description="Most levels of nesting in metadata, and in the state of a context.")
    ] = 16
    state_bytes: Annotated[int, Meta(ge=2, description="Most bytes of the state of a context, as JSON.")] = 1_048_576
    ancestors: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Most levels of sub-agents: a session deeper below its first is refused."),
    ] = 100
    stale_ms: Annotated[
        int,
        Meta(ge=1, description="An active session is stale that nobody has touched for so long; default: 30 minutes."),
    ] = 1_800_000
    keep_contexts_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How long a session context is kept after its last use; default: 24 hours, 0: for ever.",
        ),
    ] = 86_400_000
    keep_threads_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How long a thread session is kept after its last message; default: 7 days, 0: for ever.",
        ),
    ] = 604_800_000
