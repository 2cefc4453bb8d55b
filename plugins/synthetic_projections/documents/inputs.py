"""What clients send in: inputs of mutations, and the filter of `documents`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime
from synthetic_projections.documents.model import Criteria, DocumentContent

_CONTENT = tuple(DocumentContent.__annotations__)


@strawberry.input(
    description="A document to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new document it takes its default."
)
class SaveDocumentInput:
    """The input of `saveDocument`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the document is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    kind: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it is: PLAN, STORY, NOTE, HANDOVER, or another word of 1 to 200 printable characters. A new "
        "document needs it.",
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="One line for a person. A new document needs it."
    )
    body: str | None = strawberry.field(
        default=strawberry.UNSET, description="The text, in whatever markup the caller likes. A new document has none."
    )
    status: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where it stands, in the caller's words; null takes it away."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The construct that it belongs to, and is deleted with; null takes it away. A plan belongs to the "
        "construct that others carry out.",
    )
    story_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The story that it is about; null takes it away."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that it is about; null takes it away."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object. It replaces the one that is stored; they are not merged."
    )

    def content(self) -> DocumentContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast("DocumentContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="A document to delete.")
class DeleteDocumentInput:
    """The input of `deleteDocument`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which documents are meant: all that is said here must hold.")
class DocumentFilter:
    """The filter of `documents`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    kind: list[str] | None = strawberry.field(default=None, description="The kind is one of these.")
    status: list[str] | None = strawberry.field(default=None, description="The status is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")
    story_id: strawberry.ID | None = strawberry.field(default=None, description="It is about this story.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="It is about this project.")
    updated_from: DateTime | None = strawberry.field(default=None, description="Last changed at this instant or later.")
    updated_before: DateTime | None = strawberry.field(default=None, description="Last changed before this instant.")
    text: str | None = strawberry.field(
        default=None,
        description="Occurs in the title, whatever the case of ASCII letters. No index serves it: every document that "
        "the rest of the filter leaves is read, and the answer says so.",
    )

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            kinds=self.kind,
            statuses=self.status,
            construct_id=self.construct_id,
            story_id=self.story_id,
            project_id=self.project_id,
            updated_from=self.updated_from,
            updated_before=self.updated_before,
            text=self.text,
        )
