"""`synthetic approvals`: what agents ask for, shown so that it can be decided about, and the decisions."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from synthetic import (
    BadUserInputError,
    ExitCode,
    Snapshot,
    Store,
    check_id,
    is_clock_believed,
    running_time,
)
from synthetic.cli import DataOption, JsonOption, emit, fields_of, open_store, show
from synthetic_approvals.model import Approval, ApprovalStatus, Criteria, Decision, remaining_ms
from synthetic_approvals.presentation import (
    Shown,
    approval_as_json,
    approval_fields,
    approvals_table,
    arguments_in_lines,
    counts_in_words,
    visible,
)
from synthetic_approvals.store import (
    cancel_approval,
    count_by_status,
    decide_approval,
    delete_approval,
    get_approval,
    query_approvals,
    refuse_tampered,
    refuse_undecidable,
)

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
DeciderOption = Annotated[
    str | None,
    typer.Option(
        "--decider", metavar="WHO", help="Who decides; it is recorded. Without it, your name on this machine."
    ),
]


ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, for whoever looks at the approval.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")]


class NobodyToAskError(BadUserInputError):
    """Nobody can be asked here whether to go on, so it must be said what is decided about."""

    exit_code = ExitCode.USAGE


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
    """List approvals, those that were asked for last first, and count by status all that the filter finds."""
    criteria = Criteria(
        statuses=status or None, tools=tool or None, construct_id=construct, session_id=session, job_id=job
    )

    def read(snapshot: Snapshot) -> tuple[list[Shown], bool, dict[ApprovalStatus, int]]:
        found = query_approvals(snapshot, criteria, first=limit)
        listed = _shown(snapshot, [edge.node for edge in found.edges])
        return listed, found.page_info.has_next_page, count_by_status(snapshot, criteria)

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


def cancel(id: IdArgument, reason: ReasonOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Withdraw what was asked for and is not decided; what is cancelled already stays as it is."""
    with open_store(data) as store:
        store.operation(entity_type="approval", entity_id=id).write(lambda tx: cancel_approval(tx, id, reason=reason))
        _emit_one(store, id, as_json=as_json)


def delete(id: IdArgument, yes: YesOption = False, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Delete an approval; one that is pending is cancelled first."""
    if not yes and (as_json or not sys.stdin.isatty()):
        raise NobodyToAskError(action=f"Look at it with `synthetic approvals show {id}`, then add --yes.")
    with open_store(data) as store:
        shown = store.read(_read_one, id)
        if not yes:
            _show_one(shown)
            _confirm("Delete", "Nothing was deleted.")
        with store.operation(entity_type="approval", entity_id=id):
            delete_approval(store, id)
    if as_json:
        emit({"deleted": id}, as_json)
    else:
        show(f"The approval {visible(id)} is deleted.")


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
        raise NobodyToAskError(
            action=f"Look at it with `synthetic approvals show {id}`, then name its hash with --hash."
        )
    who = _user_name() if decider is None else decider
    with open_store(data) as store:
        seen = _ask(store, id, decision) if sha256 is None else sha256
        store.operation(entity_type="approval", entity_id=id, details={"decision": str(decision)}).write(
            lambda tx: decide_approval(tx, id, decision, seen, comment=comment, decider=who)
        )
        _emit_one(store, id, as_json=as_json)


def _emit_one(store: Store, id: str, *, as_json: bool) -> None:
    """Answer with what an approval has become."""
    shown = store.read(_read_one, id)
    if as_json:
        emit(approval_as_json(shown), as_json)
    else:
        show(approvals_table([shown], store.kernel.clock.now_ms()))


def _user_name() -> str | None:
    """Who runs the command, as the machine knows them; None where it has no name for them that could be recorded."""
    try:
        return check_id(getpass.getuser(), "decider")
    except (BadUserInputError, KeyError, ImportError, OSError):
        return None


def _ask(store: Store, id: str, decision: Decision) -> str:
    """Show an approval, ask whether to go on, and return the hash of what was shown.

    Raises:
        AlreadyDecidedError: It was decided or cancelled.
        ApprovalExpiredError: Its time is up.
        ApprovalTamperedError: What is stored of it contradicts itself, or the log.
        typer.Exit: It is not to be decided.
    """
    shown = store.read(_read_decidable, id)
    _show_one(shown)
    _confirm("Approve" if decision is Decision.APPROVED else "Reject", "Nothing was decided.")
    return shown.approval.arguments_sha256


def _confirm(verb: str, otherwise: str) -> None:
    """Ask whether to go on.

    Raises:
        typer.Exit: No; it was said what that means.
        typer.Abort: There was no answer.
    """
    if not typer.confirm(f"\n{verb} this?", err=True):
        show(otherwise)
        raise typer.Exit(ExitCode.USAGE)


def _read_decidable(snapshot: Snapshot, id: str) -> Shown:
    """An approval about which somebody may be asked: nobody should ponder what is over, or what is forged."""
    approval = get_approval(snapshot, id)
    refuse_tampered(snapshot, approval)
    refuse_undecidable(snapshot, approval)
    return _shown(snapshot, [approval])[0]


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
