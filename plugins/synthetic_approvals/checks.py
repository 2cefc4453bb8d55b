"""What must hold of approvals, and no constraint can say."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator

from synthetic import Check, Finding, Snapshot
from synthetic_approvals.canonical import hash_arguments
from synthetic_approvals.errors import ApprovalTamperedError
from synthetic_approvals.model import Approval
from synthetic_approvals.store import COLUMNS, find_contradictions, find_idle_waits

_BATCH = 200
_TRIGGER = re.compile(r"^(?P<sql>CREATE TRIGGER (?P<name>\w+).*?^END);$", re.DOTALL | re.MULTILINE)
_LATE_MS = 60_000
"""Background work sees to jobs within a second or so."""


def find_altered_arguments(snapshot: Snapshot) -> Iterator[Finding]:
    """Approvals whose arguments are not those whose hash is stored with them."""
    for approval_id, arguments, sha256 in snapshot.iterate(
        "SELECT id, arguments, arguments_sha256 FROM pending_approvals"
    ):
        snapshot.spend(len(arguments))
        if hash_arguments(arguments) != sha256:
            yield Finding(
                message=f"The arguments of approval {approval_id!r} are not those that were asked for.",
                entity_id=approval_id,
                details={"argumentsSha256": sha256},
            )


def find_contradicted_rows(snapshot: Snapshot) -> Iterator[Finding]:
    """Approvals of any status whose row says something else than the log says of their request and their end."""
    last = ""
    while approvals := snapshot.records(
        Approval,
        f"SELECT {COLUMNS} FROM pending_approvals WHERE id > :last ORDER BY id LIMIT :batch",
        {"last": last, "batch": _BATCH},
    ):
        last = approvals[-1].id
        for approval, contradiction in zip(approvals, find_contradictions(snapshot, approvals), strict=True):
            if contradiction is not None:
                yield Finding(
                    message=f"Approval {approval.id!r} is not what the store has written: {contradiction}.",
                    entity_id=approval.id,
                    details={"status": approval.status, "decisionEventId": approval.decision_event_id},
                )


def find_altered_triggers(snapshot: Snapshot) -> Iterator[Finding]:
    """Triggers that keep approvals as they are, and are missing or altered; and such as no migration has made."""
    stored: dict[str, str] = dict(
        snapshot.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'pending_approvals'")
    )
    made = _migrated_triggers()
    for name in sorted(made.keys() | stored.keys()):
        if name not in stored:
            trouble = "is missing"
        elif name not in made:
            trouble = "was made by no migration"
        elif stored[name] != made[name]:
            trouble = "was altered"
        else:
            continue
        yield Finding(message=f"The trigger {name!r} of the table of approvals {trouble}.", details={"trigger": name})


def _migrated_triggers() -> dict[str, str]:
    """The triggers that the migrations make, by name: each as the database keeps its text."""
    folder = importlib.resources.files("synthetic_approvals").joinpath("migrations")
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return {found["name"]: found["sql"] for script in scripts for found in _TRIGGER.finditer(script.read_text("utf-8"))}


def find_jobs_that_wait_for_nothing(snapshot: Snapshot) -> Iterator[Finding]:
    """Jobs that background work ought to have let go on, or to have failed."""
    for job_id, waiting_for in find_idle_waits(snapshot, snapshot.now - _LATE_MS):
        yield Finding(
            message=f"The job {job_id!r} waits for {waiting_for!r}, which is over or not there.",
            entity_id=job_id,
            details={"waitingFor": waiting_for},
        )


CHECKS = (
    Check(
        name="arguments",
        purpose="The hash of each approval's arguments is the one that is stored with them.",
        find=find_altered_arguments,
        entity="approval",
        error_class=ApprovalTamperedError,
    ),
    Check(
        name="log",
        purpose="Each approval is what the log says of its request and of its end, as far back as the log reaches.",
        find=find_contradicted_rows,
        entity="approval",
        error_class=ApprovalTamperedError,
    ),
    Check(
        name="triggers",
        purpose="The triggers that keep what was asked for, and what has ended, are those of the migrations.",
        find=find_altered_triggers,
        error_class=ApprovalTamperedError,
    ),
    Check(
        name="waits",
        purpose="No job has waited for over a minute for an approval that is over, or not there.",
        find=find_jobs_that_wait_for_nothing,
        entity="job",
        action="Serve the store, which lets the job go on within seconds; or end its wait with `updateJobStatus`.",
    ),
)
