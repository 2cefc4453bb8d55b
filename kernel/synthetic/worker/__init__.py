"""A library for workers: programs that claim jobs from a server and run a function for each of them.

    from synthetic.worker import Job, Worker

    worker = Worker("http://127.0.0.1:8787/graphql", concurrency=4)

    @worker.handles("embed", lease_ms=60_000)
    def embed(job: Job) -> object:
        return {"vectors": len(job.params["texts"])}

    worker.run()

It speaks GraphQL to a running server and nothing else, so it may run on
another machine; it neither opens a store nor is it part of the server.
`docs/workers.md` has the protocol, for workers in other languages too.
"""

from synthetic.worker.approvals import Approval
from synthetic.worker.claimed_job import Checkpoint
from synthetic.worker.client import Client
from synthetic.worker.errors import (
    ApprovalRefused,
    AttemptEnded,
    JobCancelled,
    LeaseLost,
    PermanentFailure,
    Released,
    RequestFailedError,
    RetryLater,
    StoreError,
    UnreachableError,
    Waiting,
)
from synthetic.worker.job import AsyncJob, Job
from synthetic.worker.worker import Worker

__all__ = [
    "Approval",
    "ApprovalRefused",
    "AsyncJob",
    "AttemptEnded",
    "Checkpoint",
    "Client",
    "Job",
    "JobCancelled",
    "LeaseLost",
    "PermanentFailure",
    "Released",
    "RequestFailedError",
    "RetryLater",
    "StoreError",
    "UnreachableError",
    "Waiting",
    "Worker",
]
