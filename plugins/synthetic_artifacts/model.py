"""Records of artifacts and what may be in them: pure, no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class ArtifactStatus(StrEnum):
    """Where an artifact stands; `enums.py` says what each value means."""

    AVAILABLE = "AVAILABLE"
    DELETED = "DELETED"
    MISSING = "MISSING"
    ALTERED = "ALTERED"


class Encoding(StrEnum):
    """How the content is kept in the file; `enums.py` says what each value means."""

    IDENTITY = "IDENTITY"
    ZSTD = "ZSTD"


class Artifact(NamedTuple):
    """A row of `artifacts`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        construct_id: The construct that it is kept for.
        session_id: The session that made it.
        job_id: The job that made it.
        type: What kind of artifact it is, in the words of the caller.
        name: What people call it.
        content_type: Media type of the content.
        size_bytes: Length of the content.
        stored_bytes: Length of the file.
        sha256: Of the content, 64 hexadecimal digits.
        encoding: An `Encoding`.
        path: Of the file, below `artifacts/`.
        metadata: A JSON object as canonical text.
        status: An `ArtifactStatus`.
        created_at: When it was stored.
        expires_at: When nobody needs it any more; None: not known.
        deleted_at: When it was deleted; None unless it is DELETED.
    """

    id: str
    construct_id: str
    session_id: str | None
    job_id: str | None
    type: str
    name: str
    content_type: str
    size_bytes: int
    stored_bytes: int
    sha256: str
    encoding: str
    path: str
    metadata: str
    status: str
    created_at: int
    expires_at: int | None
    deleted_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactContent:
    """What is said about a new artifact, apart from its bytes.

    Attributes:
        id: The caller's; None: a UUIDv7.
        construct_id: The construct that it is kept for; None: that of the job, or else of the session.
        session_id: The session that made it.
        job_id: The job that made it.
        type: What kind of artifact it is.
        name: What people call it.
        content_type: Media type of the content.
        metadata: A JSON object.
        expires_at: When nobody needs it any more, Unix milliseconds; None: not known.
        sha256: What the sender says the hash of the bytes is, in hexadecimal digits; None: nothing.
    """

    id: str | None = None
    construct_id: str | None = None
    session_id: str | None = None
    job_id: str | None = None
    type: str
    name: str
    content_type: str = "application/octet-stream"
    metadata: object = field(default_factory=dict[str, object])
    expires_at: int | None = None
    sha256: str | None = None


class SavedArtifact(NamedTuple):
    """What storing an artifact came to.

    Attributes:
        artifact: As it is stored now.
        created: Whether it was not there before; else the new file is not needed.
    """

    artifact: Artifact
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which artifacts are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these; None: those that are not deleted, or all where ids are named.
        types: The type is one of these.
        construct_id: It is kept for this construct.
        session_id: This session made it.
        job_id: This job made it.
        sha256: The content has this hash.
        created_from: Stored at or after, Unix milliseconds UTC.
        created_before: Stored before.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[ArtifactStatus] | None = None
    types: Sequence[str] | None = None
    construct_id: str | None = None
    session_id: str | None = None
    job_id: str | None = None
    sha256: str | None = None
    created_from: int | None = None
    created_before: int | None = None
