"""What an operator may change about constructs: `[plugins.constructs]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

METADATA_KEYS_MAX = 32
"""Each declared key costs every save that uses it a row and an index entry."""


@dataclass(frozen=True, slots=True)
class ConstructSettings:
    """`[plugins.constructs]`: limits, and which metadata is indexed."""

    metadata_keys: Annotated[
        tuple[str, ...],
        Meta(
            max_length=METADATA_KEYS_MAX,
            description="Keys of metadata that filters find by index. Rows that exist are indexed in the background; "
            "taking a key out removes its index.",
        ),
    ] = ()
    title_characters: Annotated[int, Meta(ge=1, description="Most characters of a title.")] = 500
    description_characters: Annotated[int, Meta(ge=0, description="Most characters of a description.")] = 100_000
    metadata_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a metadata object, as JSON.")] = 65_536
    metadata_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in metadata.")] = 16
    cycle_constructs: Annotated[
        int,
        Meta(
            ge=1,
            description="Most constructs that are walked to see whether a new relationship closes a cycle; "
            "one that would need more is refused.",
        ),
    ] = 100_000
    index_batch_constructs: Annotated[
        int, Meta(ge=1, description="Constructs whose metadata is indexed in one transaction of background work.")
    ] = 500

    def __post_init__(self) -> None:
        for key in self.metadata_keys:
            if not 1 <= len(key) <= 200 or not key.isprintable() or key != key.strip():
                raise ValueError(f"metadata_keys: {key!r} must be 1 to 200 printable characters")
        if len(set(self.metadata_keys)) != len(self.metadata_keys):
            raise ValueError("metadata_keys: a key is named twice")
