"""`[plugins.reviews]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """`[plugins.reviews]`: how long a review may be, how long it is kept, and a key that nobody is shown."""

    body_characters: Annotated[int, Meta(ge=1, description="Most characters of a review.")] = 2_000
    keep_ms: Annotated[int, Meta(ge=0, description="How long a review is kept, in milliseconds; 0: for ever.")] = 0
    signing_key: Annotated[str, Meta(description="Signs reviews.", extra={"secret": True})] = ""
