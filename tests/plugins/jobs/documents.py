"""GraphQL documents that several of these tests send."""

from __future__ import annotations

FIELDS = """
    id userId projectId constructId parentId replayOf scheduleId kind key command params caller responseChannel
    priority maxAttempts onLapse idempotencyKey metadata status progress phase attempts retries runAfter waitingFor
    leaseOwner leaseToken leaseExpiresAt cancelRequestedAt result errorMessage version
    createdAt startedAt completedAt updatedAt
"""
JOB = f"query ($id: ID!) {{ job(id: $id) {{ {FIELDS} }} }}"
LIST = """
query ($filter: JobFilter, $orderBy: JobOrder! = CREATED_AT_DESC,
       $first: Int, $after: String, $last: Int, $before: String) {
  jobs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
CONSTRUCT = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }'


def mutation(name: str, selection: str = "job { id status }", input_type: str = "") -> str:
    """The document of a mutation with one variable, its input."""
    named = input_type or name[0].upper() + name[1:] + "Input"
    return f"mutation ($input: {named}!) {{ {name}(input: $input) {{ {selection} }} }}"


SAVE = mutation("saveJob", f"created changed job {{ {FIELDS} }}")
CLAIM = mutation("claimJob", f"job {{ {FIELDS} }} jobs {{ id leaseToken }}")
HEARTBEAT = mutation("heartbeatJob", "cancelRequested job { status leaseToken leaseExpiresAt updatedAt }")
PROGRESS = mutation("updateJobProgress", "cancelRequested job { progress phase leaseExpiresAt }")
STATUS = mutation("updateJobStatus", f"job {{ {FIELDS} }}")
CHECKPOINT = mutation(
    "saveCheckpoint", "cancelRequested checkpoint { phase data createdAt } job { checkpoints { phase } leaseExpiresAt }"
)
COMPLETE = mutation("completeJob", f"job {{ {FIELDS} }}")
FAIL = mutation("failJob", f"willRetry job {{ {FIELDS} }}")
CANCEL = mutation("cancelJob", f"job {{ {FIELDS} }}")
RETRY = mutation("retryJob", f"job {{ {FIELDS} checkpoints {{ phase }} }}")
REPLAY = mutation("replayJob", f"job {{ {FIELDS} checkpoints {{ phase data }} }}")
CANCEL_JOBS = mutation("cancelJobs", "matched changed complete")
RETRY_JOBS = mutation("retryJobs", "matched changed complete")
LIMIT = mutation("saveJobLimit", "limit { kind runningMax runningPerKeyMax updatedAt }")
