"""Documents and their versions: pure, no SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

from synthetic import check_id, check_json_object, check_text
from synthetic_projections.settings import ProjectionSettings

PLAN, STORY, NOTE, HANDOVER = "PLAN", "STORY", "NOTE", "HANDOVER"
"""The kinds that are known here; a kind is the caller's word, so there may be others."""


class Document(NamedTuple):
    """A row of `documents`: what a document is now, but for its body.

    Attributes:
        id: The caller's, or a UUIDv7.
        kind: What it is: PLAN, STORY, NOTE, HANDOVER, or another word of the caller's.
        title: One line for a person.
        status: Where it stands, in the caller's words, or None.
        construct_id: The construct that it belongs to; of a plan, the one that others carry out.
        story_id: The story that it is about.
        project_id: The project that it is about.
        metadata: A JSON object as canonical text.
        body_bytes: Length of the body in UTF-8.
        body_sha256: Its SHA-256, as hexadecimal digits.
        version: 1 at first, one more with each change.
        created_by: Who stored it first, as the store knows the caller.
        updated_by: Who changed it last.
        created_at: Unix milliseconds UTC.
        updated_at: Unix milliseconds UTC of the last change.
    """

    id: str
    kind: str
    title: str
    status: str | None
    construct_id: str | None
    story_id: str | None
    project_id: str | None
    metadata: str
    body_bytes: int
    body_sha256: str
    version: int
    created_by: str
    updated_by: str
    created_at: int
    updated_at: int


class DocumentVersion(NamedTuple):
    """A row of `document_versions`: all that a document was from one save to the next."""

    document_id: str
    version: int
    kind: str
    title: str
    body: str
    body_bytes: int
    body_sha256: str
    status: str | None
    construct_id: str | None
    story_id: str | None
    project_id: str | None
    metadata: str
    saved_by: str
    saved_at: int
    superseded_at: int | None


FIELDS = {
    "construct_id": "constructId",
    "story_id": "storyId",
    "project_id": "projectId",
    "body_sha256": "body",
}
"""Columns of a document whose name differs from that of the field."""


class DocumentContent(TypedDict, total=False):
    """What a save says about a document; a key that is absent says nothing about its field."""

    kind: str
    title: str
    body: str
    status: str | None
    construct_id: str | None
    story_id: str | None
    project_id: str | None
    metadata: Mapping[str, Any]


class SavedDocument(NamedTuple):
    """What a save came to.

    Attributes:
        document: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    document: Document
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which documents are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        kinds: The kind is one of these.
        statuses: The status is one of these.
        construct_id: Of this construct.
        story_id: Of this story.
        project_id: Of this project.
        updated_from: Last changed at or after, Unix milliseconds UTC.
        updated_before: Last changed before.
        text: Occurs in the title, whatever the case of ASCII letters.
    """

    ids: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    construct_id: str | None = None
    story_id: str | None = None
    project_id: str | None = None
    updated_from: int | None = None
    updated_before: int | None = None
    text: str | None = None


_IDS = (
    ("kind", "kind"),
    ("status", "status"),
    ("construct_id", "constructId"),
    ("story_id", "storyId"),
    ("project_id", "projectId"),
)


def check_content(content: DocumentContent, settings: ProjectionSettings) -> dict[str, Any]:
    """The columns that a save gives, each acceptable and as it is stored; of a body, its hash.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    columns: dict[str, Any] = {}
    for name, field in _IDS:
        if name in content:
            value = content[name]
            columns[name] = None if value is None and name != "kind" else check_id(value, field)
    if "title" in content:
        most = settings.document_title_characters
        columns["title"] = check_text(content["title"], "title", characters_min=1, characters_max=most)
    if "body" in content:
        body = check_text(content["body"], "body", characters_max=settings.document_body_characters)
        columns["body_sha256"] = describe_body(body)["body_sha256"]
    if "metadata" in content:
        columns["metadata"] = check_json_object(
            content["metadata"], "metadata", bytes_max=settings.metadata_bytes, depth_max=settings.metadata_depth
        )
    return columns


def describe_body(body: str) -> dict[str, Any]:
    """The columns that tell bodies apart without reading them."""
    data = body.encode()
    return {"body_bytes": len(data), "body_sha256": hashlib.sha256(data).hexdigest()}
