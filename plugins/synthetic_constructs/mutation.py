"""Root mutation fields of constructs and their relationships."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Mapping
from typing import Any, cast

import strawberry

from synthetic import BlockingStore, Long, Transaction, delete_owned, mutation, plan_deletion
from synthetic_constructs import store as constructs
from synthetic_constructs.inputs import (
    DeleteConstructInput,
    RelateConstructsInput,
    SaveConstructInput,
    UnrelateConstructsInput,
)
from synthetic_constructs.types import Construct, ConstructRelationship, DeletedRows


@strawberry.type(description="What `saveConstruct` came to.")
class SaveConstructPayload:
    """The payload of `saveConstruct`."""

    construct: Construct = strawberry.field(description="The construct as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `deleteConstruct` did, or would do.")
class DeleteConstructPayload:
    """The payload of `deleteConstruct`."""

    id: strawberry.ID = strawberry.field(description="The id of the construct.")
    dry_run: bool = strawberry.field(description="Whether nothing was deleted.")
    rows: Long = strawberry.field(description="How many rows in all.")
    tables: list[DeletedRows] = strawberry.field(
        description="What goes with it, of all plugins; the construct itself comes last."
    )


@strawberry.type(description="What `relateConstructs` came to.")
class RelateConstructsPayload:
    """The payload of `relateConstructs`."""

    relationship: ConstructRelationship = strawberry.field(description="The relationship as it is stored.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What `unrelateConstructs` removed.")
class UnrelateConstructsPayload:
    """The payload of `unrelateConstructs`."""

    relationship: ConstructRelationship = strawberry.field(description="The relationship as it was.")


@mutation(entity="construct")
def save_construct(tx: Transaction, input: SaveConstructInput) -> SaveConstructPayload:
    """Store a construct, or change one; what is there already as sent is returned as it is."""
    saved = constructs.save_construct(tx, input.content(), id=input.id, if_version=input.if_version)
    return SaveConstructPayload(construct=Construct.of(saved.construct), created=saved.created, changed=saved.changed)


@mutation(entity="construct", frees=True)
def delete_construct(
    store: BlockingStore,
    input: DeleteConstructInput,
) -> DeleteConstructPayload:
    """Delete a construct and all that belongs to it, in every plugin's tables; with dryRun, only name and count it."""
    store.read(constructs.get_construct, input.id)
    plan = (
        store.read(plan_deletion, "constructs", input.id)
        if input.dry_run
        else delete_owned(store, "constructs", input.id)
    )
    return DeleteConstructPayload(
        id=input.id,
        dry_run=input.dry_run,
        rows=Long(sum(table.rows for table in plan.tables)),
        tables=[DeletedRows.of(table) for table in plan.tables],
    )


@mutation(entity="construct_relationship")
def relate_constructs(tx: Transaction, input: RelateConstructsInput) -> RelateConstructsPayload:
    """Relate two constructs; what is related like this already is returned as it is."""
    related = constructs.relate_constructs(
        tx, input.from_id, input.kind, input.to_id, cast("Mapping[str, Any] | None", input.metadata)
    )
    return RelateConstructsPayload(relationship=ConstructRelationship.of(related.relationship), created=related.created)


@mutation(entity="construct_relationship", frees=True)
def unrelate_constructs(tx: Transaction, input: UnrelateConstructsInput) -> UnrelateConstructsPayload:
    """Remove a relationship; the constructs stay."""
    removed = constructs.unrelate_constructs(tx, input.from_id, input.kind, input.to_id)
    return UnrelateConstructsPayload(relationship=ConstructRelationship.of(removed))
