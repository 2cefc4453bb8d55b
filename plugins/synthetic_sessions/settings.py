"""What an operator may change about sessions: `[plugins.sessions]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`[plugins.sessions]`: limits on what a session holds."""

    title_characters: Annotated[int, Meta(ge=1, description="Most characters of a title.")] = 1_000
    metadata_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a metadata object, as JSON.")] = 65_536
    metadata_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in metadata.")] = 16
    ancestors: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Most levels of sub-agents: a session deeper below its first is refused."),
    ] = 100
