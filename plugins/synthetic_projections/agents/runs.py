"""What each event makes of a run: pure functions from what it was to what it is."""

from __future__ import annotations

from typing import Any

from synthetic import Event, ms_from_iso
from synthetic_approvals.events import APPROVAL_EXPIRED, APPROVAL_REQUESTED
from synthetic_projections.agents.model import AgentRun, AgentWork, RunStatus
from synthetic_transcripts.events import usage_in

_OF_SESSIONS = {
    "ACTIVE": RunStatus.ACTIVE,
    "ENDED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "CANCELLED": RunStatus.CANCELLED,
}
_OF_JOBS = {
    "COMPLETED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "CANCELLED": RunStatus.CANCELLED,
}
"""Where a job stands that has finished; any other status is one on the way."""

_UNSUCCESSFUL = ("FAILED", "LAPSED")


def saved_session(run: AgentRun | None, event: Event) -> AgentRun:
    """The run of a session after `session.saved`."""
    data = event.data()
    status = _OF_SESSIONS[data["status"]]
    before = run or AgentRun(AgentWork.SESSION, event.entity_id, "", "", status, event.occurred_at_utc)
    # Events of before these instants were told have none.
    began_at = ms_from_iso(data["startedAt"]) if "startedAt" in data else before.began_at
    ended_at = None
    if status is not RunStatus.ACTIVE:
        told = data.get("endedAt")
        ended_at = ms_from_iso(told) if told else before.ended_at or event.occurred_at_utc
    is_new_cancel = status is RunStatus.CANCELLED and (run is None or run.status != RunStatus.CANCELLED)
    return before._replace(
        agent=data["agent"] or "",
        status=status,
        began_at=began_at,
        ended_at=ended_at,
        cancels=before.cancels + is_new_cancel,
    )


def changed_job(run: AgentRun | None, event: Event) -> AgentRun | None:
    """The run of a job after `job.status_changed`; None as long as nobody has claimed it."""
    data = event.data()
    if data["status"] == "RUNNING":
        return _claimed_job(run, event, data)
    if run is None:
        return None
    if run.working_since is not None:
        # A clock that was set back meanwhile makes no work undone.
        worked_ms = run.worked_ms + max(0, event.occurred_at_utc - run.working_since)
        failed_attempts = run.failed_attempts + (data.get("outcome") in _UNSUCCESSFUL)
        run = run._replace(working_since=None, worked_ms=worked_ms, failed_attempts=failed_attempts)
    status = _OF_JOBS.get(data["status"])
    if status is None:
        is_retry = run.status != RunStatus.ACTIVE
        return run._replace(status=RunStatus.ACTIVE, ended_at=None, retries=run.retries + is_retry)
    is_new_cancel = status is RunStatus.CANCELLED and not run.cancel_asked
    return run._replace(
        status=status, ended_at=event.occurred_at_utc, cancel_asked=0, cancels=run.cancels + is_new_cancel
    )


def _claimed_job(run: AgentRun | None, event: Event, data: dict[str, Any]) -> AgentRun:
    begun = run or AgentRun(
        AgentWork.JOB, event.entity_id, data["worker"], data["kind"], RunStatus.ACTIVE, event.occurred_at_utc
    )
    return begun._replace(
        agent=data["worker"],
        status=RunStatus.ACTIVE,
        ended_at=None,
        working_since=event.occurred_at_utc,
        attempts=begun.attempts + 1,
    )


def asked_to_cancel(run: AgentRun, _event: Event) -> AgentRun:
    """The run of a job after `job.cancel_requested`."""
    return run._replace(cancel_asked=1, cancels=run.cancels + 1)


def with_tokens(run: AgentRun, event: Event) -> AgentRun:
    """The run of a session after an event that tells of usage: corrections of what was told before are negative."""
    usage = usage_in(event)
    return run._replace(
        input_tokens=run.input_tokens + sum(each.input_tokens for each in usage),
        output_tokens=run.output_tokens + sum(each.output_tokens for each in usage),
        cache_read_tokens=run.cache_read_tokens + sum(each.cache_read_tokens for each in usage),
        cache_write_tokens=run.cache_write_tokens + sum(each.cache_write_tokens for each in usage),
    )


def with_approval(run: AgentRun, event: Event) -> AgentRun:
    """The run that has asked for a decision, after the request or its end."""
    if event.type == APPROVAL_REQUESTED.name:
        return run._replace(approvals_requested=run.approvals_requested + 1)
    if event.type == APPROVAL_EXPIRED.name:
        return run._replace(approvals_expired=run.approvals_expired + 1)
    if event.data()["status"] == "APPROVED":
        return run._replace(approvals_approved=run.approvals_approved + 1)
    return run._replace(approvals_rejected=run.approvals_rejected + 1)


def cut_off(run: AgentRun, event: Event) -> AgentRun:
    """The run after its session or job was deleted: what was not over by then never will be."""
    if run.status != RunStatus.ACTIVE:
        return run
    return run._replace(status=RunStatus.CANCELLED, ended_at=event.occurred_at_utc, working_since=None)
