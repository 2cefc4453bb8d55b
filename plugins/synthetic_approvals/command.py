"""`synthetic approvals`: what agents ask for, shown so that it can be decided about, and the decisions."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from synthetic import Snapshot, Store, is_clock_believed, running_time
from synthetic.cli import DataOption, JsonOption, emit, fields_of, open_store, show
from synthetic_approvals.model import Approval, ApprovalStatus, Criteria, Decision, remaining_ms
from synthetic_approvals.presentation import (
    Shown,
    approval_as_json,
    approval_fields,
    approvals_table,
    arguments_in_lines,
    counts_in_words,
)
from synthetic_approvals.store import count_by_status, decide_approval, get_approval, query_approvals

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the approval.", show_default=False)]
StatusOption = Annotated[
    list[ApprovalStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Only approvals in this status. May be repeated."),
]
ToolOption = Annotated[
    list[str] | None, typer.Option("--tool", metavar="TOOL", help="Only approvals of this tool. May be repeated.")
]
ConstructOption = Annotated[str | None, typer.Option("--construct", metavar="ID", help="Only those of this construct.")]
SessionOption = Annotated[str | None, typer.Option("--session", metavar="ID", help="Only those of this session.")]
JobOption = Annotated[str | None, typer.Option("--job", metavar="ID", help="Only those of this job.")]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1_000)]
HashOption = Annotated[
    str | None,
    typer.Option(
        "--hash",
        metavar="HASH",
        help="Hash of the arguments that were looked at (`show` has it). Without it they are shown, and you are asked.",
    ),
]
CommentOption = Annotated[str | None, typer.Option("--comment", help="Why, for whoever looks at the approval.")]
DeciderOption = Annotated[str | None, typer.Option("--decider", metavar="WHO", help="Who decides; it is recorded.")]


def list_(
    status: StatusOption = None,
    tool: ToolOption = None,
    construct: ConstructOption = None,
    session: SessionOption = None,
    job: JobOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List approvals, those that were asked for last first, and count all by their status."""
    criteria = Criteria(
        statuses=status or None, tools=tool or None, construct_id=construct, session_id=session, job_id=job
    )

    def read(snapshot: Snapshot) -> tuple[list[Shown], bool, dict[ApprovalStatus, int]]:
        found = query_approvals(snapshot, criteria, first=limit)
        listed = _shown(snapshot, [edge.node for edge in found.edges])
        return listed, found.page_info.has_next_page, count_by_status(snapshot)

    with open_store(data) as store:
        listed, has_more, counts = store.read(read)
        now = store.kernel.clock.now_ms()
    if as_json:
        emit({"counts": counts, "approvals": [approval_as_json(each) for each in listed], "hasMore": has_more}, as_json)
        return
    if listed:
        show(approvals_table(listed, now), "")
    show(counts_in_words(counts) + (f" in all; the last {limit:,} are shown" if has_more else " in all"))


def show_(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show all of one approval: who asks for what and why, the arguments, and what was decided."""
    with open_store(data) as store:
        shown = store.read(_read_one, id)
    if as_json:
        emit(approval_as_json(shown), as_json)
    else:
        _show_one(shown)


def approve(
    id: IdArgument,
    sha256: HashOption = None,
    comment: CommentOption = None,
    decider: DeciderOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve what was asked for, with exactly the arguments that were looked at."""
    _decide(Decision.APPROVED, id, sha256, comment, decider, data, as_json=as_json)


def reject(
    id: IdArgument,
    sha256: HashOption = None,
    comment: CommentOption = None,
    decider: DeciderOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reject what was asked for; jobs that wait for it fail, unless it says that they go on."""
    _decide(Decision.REJECTED, id, sha256, comment, decider, data, as_json=as_json)


def _decide(
    decision: Decision,
    id: str,
    sha256: str | None,
    comment: str | None,
    decider: str | None,
    data: DataOption,
    *,
    as_json: bool,
) -> None:
    if sha256 is None and (as_json or not sys.stdin.isatty()):
        raise typer.BadParameter("It is needed where nobody can be asked.", param_hint="--hash")
    with open_store(data) as store:
        seen = _ask(store, id, decision) if sha256 is None else sha256
        store.operation(entity_type="approval", entity_id=id, details={"decision": str(decision)}).write(
            lambda tx: decide_approval(tx, id, decision, seen, comment=comment, decider=decider)
        )
        shown = store.read(_read_one, id)
        now = store.kernel.clock.now_ms()
    if as_json:
        emit(approval_as_json(shown), as_json)
    else:
        show(approvals_table([shown], now))


def _ask(store: Store, id: str, decision: Decision) -> str:
    """Show an approval, ask whether to go on, and return the hash of what was shown.

    Raises:
        typer.Abort: It is not to be decided.
    """
    shown = store.read(_read_one, id)
    _show_one(shown)
    verb = "Approve" if decision is Decision.APPROVED else "Reject"
    typer.confirm(f"\n{verb} this?", abort=True, err=True)
    return shown.approval.arguments_sha256


def _show_one(shown: Shown) -> None:
    show(fields_of(approval_fields(shown)), "\narguments", arguments_in_lines(shown.approval))


def _read_one(snapshot: Snapshot, id: str) -> Shown:
    return _shown(snapshot, [get_approval(snapshot, id)])[0]


def _shown(snapshot: Snapshot, approvals: list[Approval]) -> list[Shown]:
    """Approvals with how long they still wait."""
    running, believed = running_time(snapshot), is_clock_believed(snapshot)
    return [
        Shown(
            each,
            remaining_ms(each, running, snapshot.now, is_clock_believed=believed)
            if each.status == ApprovalStatus.PENDING
            else None,
        )
        for each in approvals
    ]
