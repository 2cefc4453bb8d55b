"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class RelationshipCycleError(ConflictError):
    """The relationship would lead from a construct back to itself, which its kind forbids."""

    code = "RELATIONSHIP_CYCLE"
    action = "Remove one of the relationships of this kind that lead from `toId` to `fromId`, or use another kind."


class RelationshipGraphTooLargeError(ConflictError):
    """Too many constructs lead to this one to prove that the relationship closes no cycle."""

    code = "RELATIONSHIP_GRAPH_TOO_LARGE"
    action = "Relate fewer constructs in one chain, or raise `plugins.constructs.cycle_constructs`."
