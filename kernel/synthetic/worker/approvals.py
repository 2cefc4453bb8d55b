"""What a handler gets that has asked a person for an approval."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from synthetic.worker import documents
from synthetic.worker.errors import ApprovalRefused, StoreError, Waiting
from synthetic.worker.lease import Lease

_NAMESPACE = uuid.UUID("6f2f3a5e-6a0d-5b0e-9d53-0c8c35b1b7f4")
"""Of the ids of approvals: the same job, retried as often, and name make the same one, in every attempt."""

_BINDING = frozenset({"tool", "arguments"})
"""Of what is asked for, what makes it another request: the rest may be worded anew by each attempt."""


class Approval(NamedTuple):
    """A person has agreed.

    Attributes:
        id: The approval's.
        decided_by: Who, as the store knows them: the name of a token.
        decider: Who, in the words of the program that they decided with.
        comment: What they said about it.
    """

    id: str
    decided_by: str
    decider: str | None
    comment: str | None


def require_approval(lease: Lease, retries: int, name: str, given: dict[str, Any]) -> Approval:
    """Ask for an approval, unless that was done, and see what became of it.

    Args:
        lease: Of the job that asks.
        retries: How often that was retried by an operator: each time, a person is asked anew.
        name: What the handler calls it.
        given: The input of `requestApproval`, but for the ids.

    Raises:
        Waiting: Nobody has decided yet.
        ApprovalRefused: It was not given.
        LeaseLost: No answer came before the lease ran out.
        StoreError: The store has refused it.
    """
    approval_id = str(uuid.uuid5(_NAMESPACE, f"{lease.job_id}\n{retries}\n{name}"))
    asked = _ask(lease, {**given, "id": approval_id, "jobId": lease.job_id})
    if asked["status"] == "PENDING":
        raise Waiting(f"approval:{approval_id}")
    if asked["status"] != "APPROVED":
        comment = f": {asked['comment']}" if asked["comment"] else ""
        raise ApprovalRefused(f"the approval of {given['tool']} is {asked['status']}{comment}")
    # The store compares what is about to be run with what was decided; that it is approved is not enough.
    about = {"id": approval_id, "tool": given["tool"], "arguments": given["arguments"]}
    found = lease.read(documents.CHECK_APPROVAL, about)["checkApproval"]
    return Approval(approval_id, found["decidedBy"], found["decider"], found["comment"])


def _ask(lease: Lease, request: dict[str, Any]) -> dict[str, Any]:
    """Ask, or find what was asked for by the same id with the same tool and arguments; its status and comment.

    Raises:
        LeaseLost: No answer came before the lease ran out.
        StoreError: The store has refused it.
    """
    try:
        return lease.read(documents.REQUEST_APPROVAL, {"input": request})["requestApproval"]["approval"]
    except StoreError as error:
        differs = error.details.get("differs")
        if error.code != "CONFLICT" or not differs or not _BINDING.isdisjoint(differs):
            raise
        found = lease.read(documents.FIND_APPROVAL, {"id": request["id"]})["approval"]
        if found is None:
            # It was deleted in between, so that there is nothing to differ from any more.
            return lease.read(documents.REQUEST_APPROVAL, {"input": request})["requestApproval"]["approval"]
        return found
