"""`[plugins.ingest]`: bounds of what is read at once, and when a session counts as over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Bounds of `synthetic ingest`."""

    batch_lines: Annotated[int, Meta(ge=1, le=100_000, description="Most lines of one write transaction.")] = 1_000
    batch_bytes: Annotated[
        int, Meta(ge=1, description="A write transaction is closed with the line that passes this, in bytes.")
    ] = 4_194_304
    line_bytes_max: Annotated[
        int, Meta(ge=1_024, description="A longer line is rejected. Two to ten times this is held in memory.")
    ] = 16_777_216
    document_bytes_max: Annotated[
        int, Meta(ge=1_024, description="A longer document (.traj) is rejected; it is held in memory whole.")
    ] = 67_108_864
    excerpt_characters: Annotated[
        int, Meta(ge=0, le=10_000, description="How much of a rejected line is kept for the operator.")
    ] = 200
    rejects_per_file: Annotated[
        int, Meta(ge=1, description="Rejected lines of one file that are kept; the rest are only counted.")
    ] = 1_000
    watch_rescan_ms: Annotated[
        int, Meta(ge=1_000, description="How often `--watch` looks at all files again, whatever it was told of.")
    ] = 60_000
    idle_ms: Annotated[
        int, Meta(ge=1, description="A session whose file has not changed for this long counts as ended.")
    ] = 1_800_000
