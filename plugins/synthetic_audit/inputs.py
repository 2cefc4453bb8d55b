"""What clients send in: the filter of `auditLog`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import DateTime
from synthetic_audit.enums import OperationKind, OperationOutcome
from synthetic_audit.model import Criteria


@strawberry.input(description="Which entries of the audit log are meant: all that is said here must hold.")
class AuditFilter:
    """The filter of `auditLog`."""

    actor: list[str] | None = strawberry.field(default=None, description="The actor is one of these.")
    kind: list[OperationKind] | None = strawberry.field(default=None, description="The kind is one of these.")
    name: list[str] | None = strawberry.field(
        default=None, description="The mutation, command or access is one of these: `saveConstruct`, `token create`."
    )
    entity_type: str | None = strawberry.field(
        default=None, description="It was done to a thing of this type: `construct`. It goes with `entityId`."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="It was done to the thing with this id."
    )
    outcome: list[OperationOutcome] | None = strawberry.field(default=None, description="The outcome is one of these.")
    code: list[str] | None = strawberry.field(default=None, description="The error code is one of these.")
    correlation_id: strawberry.ID | None = strawberry.field(
        default=None, description="It was done for the request, or by the command, with this correlation id."
    )
    occurred_from: DateTime | None = strawberry.field(default=None, description="Done at this instant or later.")
    occurred_before: DateTime | None = strawberry.field(default=None, description="Done before this instant.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            actors=self.actor,
            kinds=self.kind,
            names=self.name,
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            outcomes=self.outcome,
            codes=self.code,
            correlation_id=self.correlation_id,
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
        )
