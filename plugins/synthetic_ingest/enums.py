"""This plugin's enums as the schema shows them, with what each value means.

They are defined in `model.py`, which knows nothing of GraphQL; types import
them from here, so that they are never used without a meaning.
"""

from __future__ import annotations

from synthetic import describe_enum
from synthetic_ingest.model import Compression, FileState

__all__ = ["Compression", "FileState"]

describe_enum(
    FileState,
    "How far a file has been read.",
    {
        FileState.READING: "Not at its end yet: a reader is at work, or was stopped; the next ingest goes on.",
        FileState.READ: "All there was.",
        FileState.PARTIAL: "All but a last line that is not complete.",
        FileState.FAILED: "It cannot be read, or not any further; `problem` says why.",
        FileState.REPLACED: "Another file stands at its path now.",
    },
    name="IngestState",
)
describe_enum(
    Compression,
    "How the bytes of a file are packed.",
    {
        Compression.NONE: "They are not.",
        Compression.GZIP: "With gzip.",
        Compression.ZSTD: "With Zstandard.",
    },
    name="IngestCompression",
)
