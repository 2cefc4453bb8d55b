"""What clients send in: the filter of `artifacts`, and the inputs of the mutations."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import base64
import binascii

import strawberry

from synthetic import JSON, DateTime, bad_input
from synthetic_artifacts.enums import ArtifactStatus
from synthetic_artifacts.model import ArtifactContent, Criteria

DEFAULT_BYTES_TYPE = "application/octet-stream"
DEFAULT_TEXT_TYPE = "text/plain; charset=utf-8"


@strawberry.input(description="A small file to keep for a construct; large ones are sent to `/artifacts/{id}`.")
class CreateArtifactInput:
    """The input of `createArtifact`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters. Sent again with the same content, what is there is returned. "
        "Without it, a UUIDv7.",
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The construct that it is kept for. Without it, that of the job, or else of the session.",
    )
    session_id: strawberry.ID | None = strawberry.field(default=None, description="The session that made it.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job that made it.")
    type: str = strawberry.field(
        description="What kind of artifact it is, such as log or report: 1 to 200 printable characters."
    )
    name: str = strawberry.field(
        description="What people call it: the name of a file without folders, 1 to 200 printable characters."
    )
    content_type: str | None = strawberry.field(
        default=None,
        description="Media type of the content. Without it, text/plain of a text, application/octet-stream of bytes.",
    )
    text: str | None = strawberry.field(default=None, description="The content, where it is text; kept as UTF-8.")
    base64: str | None = strawberry.field(default=None, description="The content in base64, where it is no text.")
    sha256: str | None = strawberry.field(
        default=None,
        description="SHA-256 of the content in hexadecimal digits. What does not have it is refused.",
    )
    metadata: JSON | None = strawberry.field(default=None, description="A JSON object.")
    expires_at: DateTime | None = strawberry.field(
        default=None, description="When nobody needs it any more; it is deleted some time after that."
    )

    def content(self) -> ArtifactContent:
        """What is said about it, apart from its bytes."""
        default = DEFAULT_BYTES_TYPE if self.text is None else DEFAULT_TEXT_TYPE
        return ArtifactContent(
            id=self.id,
            construct_id=self.construct_id,
            session_id=self.session_id,
            job_id=self.job_id,
            type=self.type,
            name=self.name,
            content_type=default if self.content_type is None else self.content_type,
            metadata={} if self.metadata is None else self.metadata,
            expires_at=self.expires_at,
            sha256=self.sha256,
        )

    def data(self, bytes_max: int) -> bytes:
        """The bytes of the content.

        Raises:
            BadUserInputError: There are none, or both kinds, or they cannot be read, or are too many.
        """
        if (self.text is None) == (self.base64 is None):
            raise bad_input("text", "or base64 must be given, and not both")
        try:
            if self.text is not None:
                field, data = "text", self.text.encode()
            else:
                field, data = "base64", base64.b64decode(self.base64 or "", validate=True)
        except UnicodeEncodeError:
            raise bad_input("text", "must be text without halves of surrogate pairs") from None
        except (binascii.Error, ValueError):
            raise bad_input("base64", "must be base64, with its padding") from None
        if len(data) > bytes_max:
            raise bad_input(
                field, f"must have at most {bytes_max:,} bytes", action="Send the content to `/artifacts/{id}`."
            )
        return data


@strawberry.input(description="An artifact to delete.")
class DeleteArtifactInput:
    """The input of `deleteArtifact`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A deleted artifact that is still wanted.")
class RestoreArtifactInput:
    """The input of `restoreArtifact`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which artifacts are meant: all that is said here must hold.")
class ArtifactFilter:
    """The filter of `artifacts`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    statuses: list[ArtifactStatus] | None = strawberry.field(
        default=None,
        description="The status is one of these. Without it, and without ids, deleted ones are left out.",
    )
    types: list[str] | None = strawberry.field(default=None, description="The type is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It is kept for this construct.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="This session made it.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="This job made it.")
    sha256: str | None = strawberry.field(
        default=None, description="The content has this SHA-256, in hexadecimal digits."
    )
    created_from: DateTime | None = strawberry.field(default=None, description="Stored at this instant or later.")
    created_before: DateTime | None = strawberry.field(default=None, description="Stored before this instant.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            statuses=self.statuses,
            types=self.types,
            construct_id=self.construct_id,
            session_id=self.session_id,
            job_id=self.job_id,
            sha256=self.sha256,
            created_from=self.created_from,
            created_before=self.created_before,
        )
