"""Constructs: units of agent work, and how they stand to each other.

A construct has a type (the caller's word: plan, review, deployment), a status,
a title, JSON metadata, and belongs to a user and a project if it says so. What
agents produce hangs on it: other plugins' tables point at `constructs`, and
what belongs to a construct is deleted with it.

Tables: `constructs`; `construct_relationships`, the links between them;
`construct_metadata`, the index of those metadata keys that the settings
declare; `construct_metadata_keys`, how far that index has come.

States: PLANNED, ACTIVE, BLOCKED, and the ended ones COMPLETED, FAILED and
CANCELLED. Any may follow any other. A construct in an ended status has
`ended_at`; one that was ever ACTIVE has `started_at`.

Relationships: PARENT, PLAN_TO_IMPLEMENTATION and DEPENDS_ON lead from one
construct to another and forbid cycles; RELATED has no direction.

Events: `construct.saved`, `construct.deleted`, `construct_relationship.saved`,
`construct_relationship.deleted`. The upkeep of the metadata index writes none.

Error codes: RELATIONSHIP_CYCLE, RELATIONSHIP_GRAPH_TOO_LARGE, and the
kernel's BAD_USER_INPUT, NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
