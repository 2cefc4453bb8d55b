"""What an operator may change about the audit log: `[plugins.audit]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """`[plugins.audit]`: how long is remembered who did what."""

    keep_ms: Annotated[
        int,
        Meta(ge=0, description="How long a row of the audit log is kept, in milliseconds; 0: for ever."),
    ] = 30 * 86_400_000
