"""What this theme raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class IllegalTransitionError(ConflictError):
    """The workflow's machine does not allow this transition."""

    code = "ILLEGAL_WORKFLOW_TRANSITION"
    action = "Go to one of the states in `details.allowed`, or save a machine that allows it."


class WorkflowStateConflictError(ConflictError):
    """The workflow is in another state than `from` says."""

    code = "WORKFLOW_STATE_CONFLICT"
    action = "Read `details.knownState` and decide again, or leave `from` out."
