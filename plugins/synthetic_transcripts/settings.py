"""Settings of the plugin, `[plugins.transcripts]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class TranscriptSettings:
    """How transcripts are sealed, cached and bounded."""

    stretch_messages: Annotated[
        int,
        Meta(ge=8, le=1_024, description="Messages that are sealed together; more compress better and read slower."),
    ] = 128
    stretch_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            le=16_777_216,
            description="A stretch is sealed with fewer messages when their content has this many bytes.",
        ),
    ] = 1_048_576
    apart_bytes: Annotated[
        int,
        Meta(
            ge=1_024,
            le=1_048_576,
            description="Content and metadata of a message that together have more bytes are stored apart, "
            "and read only when they are asked for.",
        ),
    ] = 32_768
    compression_level: Annotated[
        int,
        Meta(ge=1, le=19, description="Of zstd. Level 6 saves 8 % more space than 3 and takes three times as long."),
    ] = 3
    idle_ms: Annotated[
        int, Meta(ge=1_000, description="A tail to which nothing was appended for this long is sealed.")
    ] = 600_000
    cache_bytes: Annotated[
        int, Meta(ge=1_048_576, description="Most memory that decompressed stretches may take in a process.")
    ] = 67_108_864
    message_bytes: Annotated[
        int, Meta(ge=1_024, le=268_435_456, description="Most bytes of content and metadata of one message, as JSON.")
    ] = 16_777_216
    batch_messages: Annotated[int, Meta(ge=1, le=100_000, description="Most messages of one `appendMessages`.")] = 5_000
    answer_bytes: Annotated[
        int, Meta(ge=1_048_576, description="Most bytes of content and metadata that one page may answer with.")
    ] = 67_108_864
