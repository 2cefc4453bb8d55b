"""The GraphQL operations that a worker sends."""

from __future__ import annotations

_JOB = """id kind key command params caller responseChannel metadata userId projectId constructId parentId
    scheduleId progress phase attempts retries maxAttempts priority idempotencyKey leaseToken createdAt"""

CLAIM = f"mutation($input: ClaimJobInput!) {{ claimJob(input: $input) {{ jobs {{ {_JOB} }} }} }}"

HEARTBEAT = "mutation($input: HeartbeatJobInput!) { heartbeatJob(input: $input) { cancelRequested } }"
PROGRESS = "mutation($input: UpdateJobProgressInput!) { updateJobProgress(input: $input) { cancelRequested } }"
CHECKPOINT = "mutation($input: SaveCheckpointInput!) { saveCheckpoint(input: $input) { cancelRequested } }"
STATUS = "mutation($input: UpdateJobStatusInput!) { updateJobStatus(input: $input) { job { status } } }"
COMPLETE = "mutation($input: CompleteJobInput!) { completeJob(input: $input) { job { status } } }"
FAIL = "mutation($input: FailJobInput!) { failJob(input: $input) { willRetry job { status } } }"

LOAD_CHECKPOINT = """query($id: ID!, $phase: String) {
    job(id: $id) { checkpoint(phase: $phase) { phase data createdAt } }
}"""

REQUEST_APPROVAL = """mutation($input: RequestApprovalInput!) {
    requestApproval(input: $input) { approval { status comment } }
}"""
FIND_APPROVAL = "query($id: ID!) { approval(id: $id) { status comment } }"
CHECK_APPROVAL = """query($id: ID!, $tool: String!, $arguments: JSON!) {
    checkApproval(id: $id, tool: $tool, arguments: $arguments) { decidedBy decider comment }
}"""

UPDATES = """subscription($after: Position, $kinds: [String!]) {
    jobUpdates(after: $after, filter: { kinds: $kinds, statuses: [PENDING] }) { position job { status runAfter } }
}"""
