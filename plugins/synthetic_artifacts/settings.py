"""What an operator may change about artifacts: `[plugins.artifacts]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class ArtifactSettings:
    """`[plugins.artifacts]`: how much artifacts may take, how long they are kept, how their files are looked after."""

    size_bytes: Annotated[int, Meta(ge=1, description="Most bytes of the content of one; default: 8 GiB.")] = (
        8_589_934_592
    )
    inline_bytes: Annotated[
        int,
        Meta(ge=1, description="Most bytes of content that `createArtifact` takes; more goes to `/artifacts/{id}`."),
    ] = 524_288
    construct_bytes: Annotated[
        int, Meta(ge=1, description="Most bytes of all files of one construct; default: 64 GiB.")
    ] = 68_719_476_736
    all_bytes: Annotated[int, Meta(ge=1, description="Most bytes of all files together; default: 256 GiB.")] = (
        274_877_906_944
    )
    free_disk_bytes: Annotated[
        int, Meta(ge=0, description="With less free disk, no artifact is stored, so that the database has room.")
    ] = 134_217_728
    metadata_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a metadata object, as JSON.")] = 65_536
    metadata_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in metadata.")] = 16
    keep_ms: Annotated[
        int, Meta(ge=0, description="How long an artifact is kept after it was stored; default: 0, for ever.")
    ] = 0
    keep_expired_ms: Annotated[
        int, Meta(ge=0, description="How long one is kept after its expiresAt; default: an hour, 0: for ever.")
    ] = 3_600_000
    keep_deleted_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="The grace time: how long a deleted one can be restored; default: 24 hours, 0: for ever.",
        ),
    ] = 86_400_000
    remove_every_ms: Annotated[
        int, Meta(ge=100, le=3_600_000, description="How often files are looked for whose artifact is gone.")
    ] = 1_000
    watch_every_ms: Annotated[
        int,
        Meta(ge=100, le=3_600_000, description="How often it is looked whether the folder of artifacts is there."),
    ] = 5_000
    sweep_every_ms: Annotated[
        int, Meta(ge=1_000, description="How often all files are compared with what is stored of them.")
    ] = 3_600_000
    orphan_age_ms: Annotated[
        int,
        Meta(ge=600_000, description="A file that no artifact names is removed when it has not changed for so long."),
    ] = 3_600_000
