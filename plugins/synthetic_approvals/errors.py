"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class AlreadyDecidedError(ConflictError):
    """The approval has ended before, and an approval is decided once."""

    code = "ALREADY_DECIDED"
    action = "Leave it at the first decision, which is in `details`, or ask for another approval."


class ApprovalPendingError(ConflictError):
    """The approval has not been decided yet."""

    code = "APPROVAL_PENDING"
    recoverable = True
    action = "Wait until it is decided; `approvals` delivers that live."


class ApprovalRefusedError(ConflictError):
    """The approval was rejected or cancelled."""

    code = "APPROVAL_REFUSED"
    action = "Do not run it; whoever decided says why in `details.comment`, if anywhere."


class ApprovalExpiredError(ConflictError):
    """Nobody decided the approval in time."""

    code = "APPROVAL_EXPIRED"
    action = "Ask for another approval if it is still wanted."


class ArgumentsChangedError(ConflictError):
    """The tool or its arguments are not those of the approval."""

    code = "APPROVAL_ARGUMENTS_CHANGED"
    action = "Do not run it; ask for an approval of these arguments."


class ApprovalTamperedError(ConflictError):
    """What is stored of the approval is not what was asked for or decided."""

    code = "APPROVAL_TAMPERED"
    action = "Do not run it; find out who has changed the store by other means than its own."
