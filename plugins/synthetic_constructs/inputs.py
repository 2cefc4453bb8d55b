"""What clients send in: inputs of mutations, and the filter of `constructs`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime
from synthetic_constructs.enums import ConstructStatus, RelationshipDirection, RelationshipKind
from synthetic_constructs.model import ConstructContent, Criteria, Related, Scalar

_CONTENT = ("type", "status", "title", "description", "user_id", "project_id", "metadata")


@strawberry.input(
    description="A construct to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new construct it takes its default."
)
class SaveConstructInput:
    """The input of `saveConstruct`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the construct is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    type: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What kind of work it is: 1 to 200 printable characters. A new construct needs it.",
    )
    status: ConstructStatus | None = strawberry.field(
        default=strawberry.UNSET, description="Where it stands. A new construct is PLANNED."
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="One line for a person. A new construct needs it."
    )
    description: str | None = strawberry.field(default=strawberry.UNSET, description="More text; null takes it away.")
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whom it is done for; null takes it away."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that it belongs to; null takes it away."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object. It replaces the one that is stored; they are not merged."
    )

    def content(self) -> ConstructContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast("ConstructContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="A construct to delete.")
class DeleteConstructInput:
    """The input of `deleteConstruct`."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    dry_run: bool = strawberry.field(default=False, description="Only say what would go.")


@strawberry.input(description="Two constructs to relate.")
class RelateConstructsInput:
    """The input of `relateConstructs`."""

    from_id: strawberry.ID = strawberry.field(description="The construct that the relationship begins at.")
    kind: RelationshipKind = strawberry.field(description="What it means.")
    to_id: strawberry.ID = strawberry.field(description="The construct that it leads to.")
    metadata: JSON | None = strawberry.field(
        default=None, description="A JSON object to keep with it. If they are related already, it must be the same."
    )


@strawberry.input(description="A relationship to remove.")
class UnrelateConstructsInput:
    """The input of `unrelateConstructs`."""

    from_id: strawberry.ID = strawberry.field(description="The construct that it begins at.")
    kind: RelationshipKind = strawberry.field(description="Its kind.")
    to_id: strawberry.ID = strawberry.field(description="The construct that it leads to.")


@strawberry.input(description="A key of the metadata, and the value that it must have.")
class ConstructMetadataFilter:
    """Part of `ConstructFilter`."""

    key: str = strawberry.field(description="A key of the metadata object itself, not of what is nested in it.")
    value: JSON = strawberry.field(description="A text, a number or a boolean.")


@strawberry.input(description="A construct, and how others are related to it.")
class RelatedConstructFilter:
    """Part of `ConstructFilter`."""

    id: strawberry.ID = strawberry.field(description="The construct.")
    kinds: list[RelationshipKind] | None = strawberry.field(
        default=None, description="Only relationships of these kinds; all without it."
    )
    direction: RelationshipDirection = strawberry.field(
        default=RelationshipDirection.BOTH, description="Which end of the relationships the construct stands at."
    )


@strawberry.input(description="Which constructs are meant: all that is said here must hold.")
class ConstructFilter:
    """The filter of `constructs`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    status: list[ConstructStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    type: list[str] | None = strawberry.field(default=None, description="The type is one of these.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The user is this one.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="The project is this one.")
    created_from: DateTime | None = strawberry.field(default=None, description="Stored at this instant or later.")
    created_before: DateTime | None = strawberry.field(default=None, description="Stored before this instant.")
    updated_from: DateTime | None = strawberry.field(default=None, description="Last changed at this instant or later.")
    updated_before: DateTime | None = strawberry.field(default=None, description="Last changed before this instant.")
    text: str | None = strawberry.field(
        default=None,
        description="Occurs in the title or the description, whatever the case of ASCII letters. No index serves it: "
        "every construct that the rest of the filter leaves is read, and the answer says so.",
    )
    metadata: list[ConstructMetadataFilter] | None = strawberry.field(
        default=None,
        description="The metadata has all of these. Keys that `plugins.constructs.metadata_keys` declares are "
        "looked up; for others every construct that the rest of the filter leaves is read, and the answer says so.",
    )
    related_to: RelatedConstructFilter | None = strawberry.field(
        default=None, description="It is related to a construct."
    )
    all_of: "list[ConstructFilter] | None" = strawberry.field(
        name="and", default=None, description="All of these hold."
    )
    any_of: "list[ConstructFilter] | None" = strawberry.field(
        name="or", default=None, description="At least one of these holds."
    )
    none_of: "ConstructFilter | None" = strawberry.field(name="not", default=None, description="This does not hold.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        related = self.related_to
        return Criteria(
            ids=self.ids,
            statuses=self.status,
            types=self.type,
            user_id=self.user_id,
            project_id=self.project_id,
            created_from=self.created_from,
            created_before=self.created_before,
            updated_from=self.updated_from,
            updated_before=self.updated_before,
            text=self.text,
            metadata=tuple((pair.key, cast("Scalar", pair.value)) for pair in self.metadata or ()),
            related=None if related is None else Related(related.id, related.kinds, related.direction),
            all_of=tuple(each.criteria() for each in self.all_of or ()),
            any_of=None if self.any_of is None else tuple(each.criteria() for each in self.any_of),
            none_of=None if self.none_of is None else self.none_of.criteria(),
        )
