"""This plugin's enums as the schema shows them, with what each value means.

Those that the store knows too are defined in `model.py`, which knows nothing
of GraphQL; types and inputs import them from here, so that none is ever used
without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_artifacts.model import ArtifactStatus, Encoding

__all__ = ["ArtifactOrder", "ArtifactStatus", "Encoding"]


class ArtifactOrder(StrEnum):
    """The orders that artifacts are listed in."""

    CREATED_AT_DESC = "desc"
    CREATED_AT_ASC = "asc"


describe_enum(
    ArtifactStatus,
    "Where an artifact stands.",
    {
        ArtifactStatus.AVAILABLE: "Its bytes can be fetched.",
        ArtifactStatus.DELETED: "It was deleted; until its grace time is over it can be restored.",
        ArtifactStatus.MISSING: "Its file is not there.",
        ArtifactStatus.ALTERED: "Its file is not what was stored, so its bytes are not served.",
    },
)
describe_enum(
    Encoding,
    "How the content of an artifact is kept in its file.",
    {
        Encoding.IDENTITY: "As it is.",
        Encoding.ZSTD: "Compressed, in frames of Zstandard; `zstd -d` makes the content of it.",
    },
    name="ArtifactEncoding",
)
describe_enum(
    ArtifactOrder,
    "The orders that artifacts are listed in; equal ones are ordered by id.",
    {
        ArtifactOrder.CREATED_AT_DESC: "What was stored last first.",
        ArtifactOrder.CREATED_AT_ASC: "What was stored first first.",
    },
)
