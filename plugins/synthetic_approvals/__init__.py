"""Approvals: decisions that agents await from people, before they do something.

Whoever wants to run a tool asks first, with the arguments. A person approves or
rejects, once, and exactly what was shown: the decision is bound to the SHA-256
of the canonical form of the arguments (RFC 8785). Before the tool runs, the
worker has the store check that it was approved, with these very arguments.

Tables: `pending_approvals`.

States: PENDING, and the ended ones APPROVED, REJECTED, EXPIRED and CANCELLED,
which never change again. The table itself refuses to change what was asked
for, and what has ended.

A job can wait for its approvals without a worker: it is PENDING again when all
are approved, and FAILED as soon as one is not, unless that one says that the
job goes on all the same. Approvals lapse by the time that the machine has run,
which nobody sets, and not by the clock.

Events: `approval.requested`, `approval.decided`, `approval.expired`,
`approval.cancelled`, `approval.deleted`.

Error codes: ALREADY_DECIDED, APPROVAL_PENDING, APPROVAL_REFUSED,
APPROVAL_EXPIRED, APPROVAL_ARGUMENTS_CHANGED, APPROVAL_TAMPERED, and the
kernel's BAD_USER_INPUT, NOT_FOUND, CONFLICT and FORBIDDEN.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
