"""Root mutation fields of artifacts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Snapshot, Transaction, mutation
from synthetic_artifacts import store as artifact_store
from synthetic_artifacts.inputs import CreateArtifactInput, DeleteArtifactInput, RestoreArtifactInput
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.types import Artifact


@strawberry.type(description="What `createArtifact` came to.")
class CreateArtifactPayload:
    """The payload of `createArtifact`."""

    artifact: Artifact = strawberry.field(description="The artifact as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What `deleteArtifact` came to.")
class DeleteArtifactPayload:
    """The payload of `deleteArtifact`."""

    artifact: Artifact = strawberry.field(description="The artifact, deleted: it can be restored for a while.")


@strawberry.type(description="What `restoreArtifact` came to.")
class RestoreArtifactPayload:
    """The payload of `restoreArtifact`."""

    artifact: Artifact = strawberry.field(description="The artifact as it is stored now.")


@mutation(entity="artifact")
def create_artifact(store: BlockingStore, input: CreateArtifactInput) -> CreateArtifactPayload:
    """Keep a small file for a construct: its content is in the input."""
    data = input.data(store.read(_most_inline_bytes))
    saved = artifact_store.create_artifact(store, input.content(), (data,))
    return CreateArtifactPayload(artifact=Artifact.of(saved.artifact), created=saved.created)


@mutation(entity="artifact", frees=True)
def delete_artifact(tx: Transaction, input: DeleteArtifactInput) -> DeleteArtifactPayload:
    """Delete an artifact; until its grace time is over it can be restored."""
    return DeleteArtifactPayload(artifact=Artifact.of(artifact_store.delete_artifact(tx, input.id)))


@mutation(entity="artifact")
def restore_artifact(tx: Transaction, input: RestoreArtifactInput) -> RestoreArtifactPayload:
    """Take the deletion of an artifact back, in time."""
    return RestoreArtifactPayload(artifact=Artifact.of(artifact_store.restore_artifact(tx, input.id)))


def _most_inline_bytes(snapshot: Snapshot) -> int:
    return snapshot.settings(ArtifactSettings).inline_bytes
