"""Records of constructs and what may be in them: pure, no SQL.

Any status may follow any other. Agents report what has become of their work,
and a store that refused the truth (a completed construct that was opened
again) would only be lied to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias, TypedDict

from synthetic import bad_input, check_id, check_json, check_json_object, check_text, from_json
from synthetic_constructs.settings import ConstructSettings

INDEXED_VALUE_CHARACTERS_MAX = 200
"""Longer values of declared keys are not copied to the index; filters for them scan."""

Scalar: TypeAlias = str | int | float | bool


class ConstructStatus(StrEnum):
    """Where a unit of agent work stands; `enums.py` says what each value means."""

    PLANNED = "PLANNED"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED_STATUSES = frozenset({ConstructStatus.COMPLETED, ConstructStatus.FAILED, ConstructStatus.CANCELLED})


class RelationshipKind(StrEnum):
    """How one construct stands to another; `enums.py` says which direction means what."""

    PARENT = "PARENT"
    PLAN_TO_IMPLEMENTATION = "PLAN_TO_IMPLEMENTATION"
    DEPENDS_ON = "DEPENDS_ON"
    RELATED = "RELATED"


KINDS_WITHOUT_CYCLES = frozenset(
    {RelationshipKind.PARENT, RelationshipKind.PLAN_TO_IMPLEMENTATION, RelationshipKind.DEPENDS_ON}
)
KINDS_WITHOUT_DIRECTION = frozenset({RelationshipKind.RELATED})


class RelationshipDirection(StrEnum):
    """Which end of its relationships a construct is looked for at."""

    OUTGOING = "OUTGOING"
    INCOMING = "INCOMING"
    BOTH = "BOTH"


class ConstructRecord(NamedTuple):
    """A row of `constructs`.

    Attributes:
        id: The caller's, or a UUIDv7.
        type: What kind of work it is, in the caller's words.
        status: A `ConstructStatus`.
        title: One line for a person.
        description: Any more text, or None.
        user_id: Whom it is done for; recorded and filtered by, no wall.
        project_id: What it belongs to.
        metadata: A JSON object as canonical text.
        version: 1 at first, one more with each change.
        created_at: Unix milliseconds UTC; never changes.
        updated_at: Unix milliseconds UTC of the last change.
        started_at: When it first was ACTIVE, or None.
        ended_at: When it came to the ended status it is in, or None while it is in no such status.
    """

    id: str
    type: str
    status: str
    title: str
    description: str | None
    user_id: str | None
    project_id: str | None
    metadata: str
    version: int
    created_at: int
    updated_at: int
    started_at: int | None
    ended_at: int | None


FIELDS = {
    "user_id": "userId",
    "project_id": "projectId",
    "started_at": "startedAt",
    "ended_at": "endedAt",
}
"""Columns of a construct whose name differs from that of the field."""


class RelationshipRecord(NamedTuple):
    """A row of `construct_relationships`."""

    from_id: str
    kind: str
    to_id: str
    metadata: str
    created_at: int


class ConstructContent(TypedDict, total=False):
    """What a save says about a construct; a key that is absent says nothing about its field."""

    type: str
    status: ConstructStatus
    title: str
    description: str | None
    user_id: str | None
    project_id: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Related:
    """The constructs at the other end of one construct's relationships.

    Attributes:
        construct_id: The one construct.
        kinds: Kinds that count; None means all.
        direction: OUTGOING: it is `from`; INCOMING: it is `to`.
    """

    construct_id: str
    kinds: Sequence[RelationshipKind] | None = None
    direction: RelationshipDirection = RelationshipDirection.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which constructs are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these.
        types: The type is one of these.
        user_id: The user is this one.
        project_id: The project is this one.
        created_from: Created at or after, Unix milliseconds UTC.
        created_before: Created before.
        updated_from: Last changed at or after.
        updated_before: Last changed before.
        text: Occurs in the title or the description, whatever the case of ASCII letters.
        metadata: Keys and the values that the metadata holds for them.
        related: It is related to a construct.
        all_of: All of these hold too.
        any_of: At least one of these holds.
        none_of: This does not hold.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[ConstructStatus] | None = None
    types: Sequence[str] | None = None
    user_id: str | None = None
    project_id: str | None = None
    created_from: int | None = None
    created_before: int | None = None
    updated_from: int | None = None
    updated_before: int | None = None
    text: str | None = None
    metadata: Sequence[tuple[str, Scalar]] = ()
    related: Related | None = None
    all_of: Sequence[Criteria] = ()
    any_of: Sequence[Criteria] | None = None
    none_of: Criteria | None = None


ALL_CONSTRUCTS = Criteria()
"""Criteria that say nothing."""


def check_content(content: ConstructContent, limits: ConstructSettings) -> dict[str, str | None]:
    """The columns that a save gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    columns: dict[str, str | None] = {}
    if "type" in content:
        columns["type"] = check_id(content["type"], "type")
    if "status" in content:
        columns["status"] = _check_status(content["status"])
    if "title" in content:
        columns["title"] = check_text(
            content["title"], "title", characters_min=1, characters_max=limits.title_characters
        )
    if "description" in content:
        description = content["description"]
        columns["description"] = (
            None
            if description is None
            else check_text(description, "description", characters_max=limits.description_characters)
        )
    if "user_id" in content:
        columns["user_id"] = None if content["user_id"] is None else check_id(content["user_id"], "userId")
    if "project_id" in content:
        columns["project_id"] = None if content["project_id"] is None else check_id(content["project_id"], "projectId")
    if "metadata" in content:
        columns["metadata"] = check_metadata(content["metadata"], limits)
    return columns


def check_metadata(metadata: object, limits: ConstructSettings) -> str:
    """A metadata object as canonical JSON text.

    Raises:
        BadUserInputError: It is no object, too large, too deep, or cannot be kept exactly.
    """
    return check_json_object(metadata, "metadata", bytes_max=limits.metadata_bytes, depth_max=limits.metadata_depth)


def _check_status(status: object) -> str:
    if status not in ConstructStatus.__members__.values():
        raise bad_input("status", "must be one of " + ", ".join(ConstructStatus))
    return str(status)


def index_entries(metadata: str, keys: Sequence[str]) -> list[tuple[str, str]]:
    """What of a construct's metadata goes into the index.

    Args:
        metadata: JSON object as text.
        keys: The keys that are indexed.

    Returns:
        Pairs of key and canonical JSON text, for values that a filter can ask for.
    """
    if not keys or metadata == "{}":
        return []
    members = from_json(metadata)
    found = [(key, indexed_value(members[key])) for key in keys if key in members]
    return [(key, value) for key, value in found if value is not None]


def indexed_value(value: object) -> str | None:
    """A scalar as canonical JSON text, or None when it is of a kind or length that is not indexed."""
    if not isinstance(value, Scalar) or (isinstance(value, str) and len(value) > INDEXED_VALUE_CHARACTERS_MAX):
        return None
    return check_json(value, "value", bytes_max=8 * INDEXED_VALUE_CHARACTERS_MAX, depth_max=0)
