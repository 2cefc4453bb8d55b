"""Root mutation fields of documents."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Transaction, mutation
from synthetic_projections.documents import store as document_store
from synthetic_projections.documents.inputs import DeleteDocumentInput, SaveDocumentInput
from synthetic_projections.documents.types import Document


@strawberry.type(description="What `saveDocument` came to.")
class SaveDocumentPayload:
    """The payload of `saveDocument`."""

    document: Document = strawberry.field(description="The document as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `deleteDocument` did.")
class DeleteDocumentPayload:
    """The payload of `deleteDocument`."""

    id: strawberry.ID = strawberry.field(description="The id of the document.")
    versions: int = strawberry.field(description="How many versions were deleted with it.")


@mutation(entity="document")
def save_document(tx: Transaction, input: SaveDocumentInput) -> SaveDocumentPayload:
    """Store a document, or a new version of one; what is there already as sent is returned as it is."""
    saved = document_store.save_document(tx, input.content(), id=input.id, if_version=input.if_version)
    return SaveDocumentPayload(document=Document.of(saved.document), created=saved.created, changed=saved.changed)


@mutation(entity="document", frees=True)
def delete_document(store: BlockingStore, input: DeleteDocumentInput) -> DeleteDocumentPayload:
    """Delete a document with all its versions."""
    return DeleteDocumentPayload(id=input.id, versions=document_store.delete_document(store, input.id))
