"""The GraphQL type of artifacts, and the fields that it adds to constructs, sessions and jobs."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    pages,
    values_of,
)
from synthetic_artifacts.enums import ArtifactOrder, ArtifactStatus, Encoding
from synthetic_artifacts.folders import FOLDER
from synthetic_artifacts.inputs import ArtifactFilter
from synthetic_artifacts.model import Artifact as ArtifactRecord
from synthetic_artifacts.model import Criteria
from synthetic_artifacts.store import select_artifacts
from synthetic_artifacts.store.filters import NEWEST_FIRST, OLDEST_FIRST
from synthetic_artifacts.store.rows import TABLE
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_jobs.types import Job, find_job_nodes
from synthetic_sessions.types import Session, find_session_nodes

OrderBy = Annotated[ArtifactOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[
    ArtifactFilter | None, strawberry.argument(description="Which; without it, all that are not deleted.")
]


def url_of(artifact_id: str) -> str:
    """Where the bytes of an artifact are, as a path on the server."""
    return f"/artifacts/{quote(artifact_id, safe='')}"


def _path_in_data_directory(path: str) -> str:
    return f"{FOLDER}/{path}"


@strawberry.type(description="A file that is kept for a construct.")
class Artifact(Node):
    """A row of `artifacts`, and those around it."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    construct_id: strawberry.ID = strawberry.field(description="Id of the construct that it is kept for.")
    session_id: strawberry.ID | None = strawberry.field(description="Id of the session that made it.")
    job_id: strawberry.ID | None = strawberry.field(description="Id of the job that made it.")
    type: str = strawberry.field(description="What kind of artifact it is, in the words of the caller.")
    name: str = strawberry.field(description="What people call it.")
    content_type: str = strawberry.field(description="Media type of the content.")
    size_bytes: Long = strawberry.field(description="Length of the content, in bytes.")
    stored_bytes: Long = strawberry.field(description="Length of the file on the disk, in bytes.")
    sha256: str = strawberry.field(description="SHA-256 of the content, in lower-case hexadecimal digits.")
    encoding: Encoding = strawberry.field(description="How the content is kept in the file.")
    path: str = strawberry.field(description="Where the file is, below the data directory of the store.")
    url: str = strawberry.field(description="Where the content can be fetched: a path on this server.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    status: ArtifactStatus = strawberry.field(description="Where it stands.")
    created_at: DateTime = strawberry.field(description="When it was stored.")
    expires_at: DateTime | None = strawberry.field(
        description="When nobody needs it any more, if that is known; it is deleted some time after that."
    )
    deleted_at: DateTime | None = strawberry.field(description="When it was deleted; null unless it is DELETED.")

    of = FromRecord(
        ArtifactRecord,
        path=Column("path", read=_path_in_data_directory),
        url=Column("id", read=url_of),
    )

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Artifact]", asked: Asked) -> list[Construct | None]:
        """The construct that it is kept for."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[Artifact]", asked: Asked) -> list[Session | None]:
        """The session that made it."""
        return find_session_nodes(snapshot, values_of(parents, "session_id"), asked)

    @batched(needs=("job_id",))
    @staticmethod
    def job(snapshot: Snapshot, parents: "Sequence[Artifact]", asked: Asked) -> list[Job | None]:
        """The job that made it."""
        return find_job_nodes(snapshot, values_of(parents, "job_id"), asked)


def _artifacts_of(column: str) -> Any:
    """The field `artifacts` of a type whose objects a column of artifacts names: of constructs, sessions, jobs."""

    @batched(needs=("id",))
    def artifacts(
        snapshot: Snapshot,
        parents: Sequence[Node],
        asked: Asked,
        filter: Filter = None,
        order_by: OrderBy = ArtifactOrder.CREATED_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Artifact]]:
        """The files that were stored in its name, the last first unless asked otherwise; deleted ones are left out."""
        criteria = Criteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Artifact,
            select_artifacts(criteria, each=column),
            each=values_of(parents, "id"),
            order=order_of(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    return artifacts


artifacts_of_construct = _artifacts_of("construct_id")
artifacts_of_session = _artifacts_of("session_id")
artifacts_of_job = _artifacts_of("job_id")


def find_artifact_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Artifact | None]:
    """For each id, the artifact or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Artifact, TABLE, ids, asked)


def order_of(order_by: ArtifactOrder) -> Order:
    """The order that a client asks for."""
    return NEWEST_FIRST if order_by is ArtifactOrder.CREATED_AT_DESC else OLDEST_FIRST
