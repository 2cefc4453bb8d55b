"""The plugin's part of the demo: what the made-up fleet's agents ask for, and what was decided.

Jobs of the fleet ask now and then and wait for the answer; somebody decides some
of what is asked for. The others are left for whoever looks at the demo.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

from synthetic import BlockingStore, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, read_first
from synthetic_approvals.model import Approval, ApprovalRequest, ApprovalStatus, Criteria, Decision
from synthetic_approvals.store import decide_approval, find_approval, get_approval, request_approval, select_approvals
from synthetic_approvals.store.filters import OLDEST_FIRST

MINUTE_MS = 60_000
RECENT_MS = 55 * MINUTE_MS
"""What has ended is kept for an hour, so nothing older is told."""

PENDING_MAX = 12
"""Nothing more is asked for while so much waits for a decision."""

COMMENTS = ("Looks right.", "Go ahead.", "Only on the staging system, please.", "Fine, with the tests green.")
REFUSALS = ("Not before the release.", "This touches what others are working on.", "Ask again with a smaller scope.")


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """In the last hour, those who worked on a construct asked now and then, and mostly got an answer."""
    draw = fleet.random("approvals", construct.id)
    begin = fleet.now - RECENT_MS
    for start, end, _ in construct.work():
        at = max(start, begin) + draw.randrange(MINUTE_MS, 20 * MINUTE_MS)
        while at < min(end, fleet.now - MINUTE_MS):
            approval_id = fleet.id_at(at, "approval", construct.id)
            request = _request(fleet, draw, construct.part, construct_id=construct.id, kind=construct.kind)
            yield Moment(at, partial(request_approval, request=request, approval_id=approval_id))
            answered_at = at + draw.randrange(MINUTE_MS // 2, 8 * MINUTE_MS)
            if answered_at < fleet.now - 5 * MINUTE_MS:
                decide = partial(_decide, approval_id=approval_id, is_given=draw.random() < 0.8, words=draw.random())
                yield Moment(answered_at, decide, amount=0)
            at = answered_at + draw.randrange(10 * MINUTE_MS, 30 * MINUTE_MS)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """A job asks and waits, or somebody decides what has waited longest."""
    store.write(_go_on, fleet, random)


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    selection = select_approvals(Criteria(statuses=(ApprovalStatus.PENDING,)))
    pending = read_first(tx, Approval, selection, OLDEST_FIRST, PENDING_MAX)
    if len(pending) < PENDING_MAX:
        _ask_for_running_job(tx, fleet, random)
    if pending and random.random() < len(pending) / (2 * PENDING_MAX):
        _decide(tx, pending[0].id, random.random() < 0.8, random.random())


def _ask_for_running_job(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """Let a job of the fleet ask that runs and has not asked before, and wait for the answer."""
    row = tx.row(
        "SELECT j.id, j.key, j.lease_token FROM sync_jobs j WHERE j.status = 'RUNNING' AND j.lease_expires_at > :now"
        " AND NOT EXISTS (SELECT 1 FROM pending_approvals a WHERE a.job_id = j.id)"
        " ORDER BY j.lease_expires_at LIMIT 1",
        {"now": tx.now},
    )
    if row is not None:
        job_id, part, lease_token = row
        request = _request(fleet, random, part or "store", job_id=job_id, kind="implementation")
        request_approval(tx, request, lease_token=lease_token)


def _request(
    fleet: Fleet, draw: Random, part: str, *, kind: str, construct_id: str | None = None, job_id: str | None = None
) -> ApprovalRequest:
    """Something that an agent wants to do with a part of a program."""
    tool, arguments, reason = _wish(draw, part)
    return ApprovalRequest(
        tool=tool,
        arguments=arguments,
        reason=reason,
        requester=fleet.agent(draw, kind),
        construct_id=construct_id,
        job_id=job_id,
    )


def _wish(draw: Random, part: str) -> tuple[str, dict[str, Any], str]:
    branch = f"agents/{part.replace(' ', '-')}"
    return draw.choice(
        (
            ("shell", {"command": f"git push origin {branch}"}, "The branch is ready for review."),
            ("deploy", {"service": part, "environment": "staging", "replicas": 2}, f"To try {part} under load."),
            ("delete_files", {"paths": [f"build/{part}", f"cache/{part}"]}, "The old output is in the way."),
            ("run_migration", {"module": part, "steps": 3, "dryRun": False}, f"The tables of {part} have changed."),
        )
    )


def _decide(tx: Transaction, approval_id: str, is_given: bool, words: float) -> None:
    """Decide something, unless that has been done."""
    if find_approval(tx, approval_id) is None:
        return
    approval = get_approval(tx, approval_id)
    if approval.status != ApprovalStatus.PENDING:
        return
    comments = COMMENTS if is_given else REFUSALS
    decision = Decision.APPROVED if is_given else Decision.REJECTED
    comment = comments[int(words * len(comments))]
    decide_approval(tx, approval_id, decision, approval.arguments_sha256, comment=comment, decider="reviewer-1")
