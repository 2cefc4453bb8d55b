"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
    DemoPart,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Plugin,
    Reference,
    RetentionRule,
    Service,
    Settings,
    Table,
    Travel,
    hookimpl,
)
from synthetic_approvals import command, mutation, query, services, subscription, types
from synthetic_approvals.checks import CHECKS
from synthetic_approvals.errors import (
    AlreadyDecidedError,
    ApprovalExpiredError,
    ApprovalPendingError,
    ApprovalRefusedError,
    ApprovalTamperedError,
    ArgumentsChangedError,
)
from synthetic_approvals.events import APPROVAL_DELETED, EVENTS
from synthetic_approvals.metrics import METRICS
from synthetic_approvals.settings import ApprovalSettings
from synthetic_approvals.store.retention import RULE
from synthetic_constructs.types import Construct
from synthetic_jobs.types import Job
from synthetic_sessions.types import Session


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Decisions that agents await from people: made once, and bound to what was shown.",
        requires=("constructs", "sessions", "jobs"),
        with_={"search": "synthetic_approvals.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.approvals]`."""
    return (Settings(ApprovalSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Approvals, which belong to their construct, session and job."""
    return (
        Table(
            name="pending_approvals",
            purpose="What agents ask people for, and what these have decided.",
            references=(
                Reference(column="construct_id", table="constructs"),
                Reference(column="session_id", table="sessions"),
                Reference(column="job_id", table="sync_jobs"),
            ),
            deleted=APPROVAL_DELETED,
            travel=Travel(positions=("requested_position", "decision_position"), events=("decision_event_id",)),
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """Ended approvals go by age; the log keeps what was decided."""
    return (
        RetentionRule(
            name=RULE,
            purpose="Deletes approvals that were decided, cancelled or not decided in time.",
            table="pending_approvals",
            age_column="ended_at",
            keep_setting="keep_ended_ms",
            condition="ended_at IS NOT NULL",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_approvals"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return tuple(
        ErrorCode(error)
        for error in (
            AlreadyDecidedError,
            ApprovalPendingError,
            ApprovalRefusedError,
            ApprovalExpiredError,
            ArgumentsChangedError,
            ApprovalTamperedError,
        )
    )


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `approvals` of constructs, sessions and jobs, and how `node(id:)` finds an approval."""
    return (
        GraphQL(
            queries=(query.approval, query.approvals, query.check_approval),
            mutations=(
                mutation.request_approval,
                mutation.decide_approval,
                mutation.cancel_approval,
                mutation.delete_approval,
            ),
            subscriptions=(subscription.approval_updates,),
            extend=(
                Extension(type=Construct, fields=(types.approvals_of_construct,)),
                Extension(type=Session, fields=(types.approvals_of_session,)),
                Extension(type=Job, fields=(types.approvals_of_job,)),
            ),
            nodes={types.Approval: types.find_approval_nodes},
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """What becomes of approvals that nobody decides, of jobs that wait, and of what a wrong clock has ended."""
    return (
        Service(
            name="watch",
            purpose="Ends approvals that lapsed or whose job has finished, and lets jobs go on that wait for them.",
            work=services.watch,
            every_setting="watch_every_ms",
        ),
        Service(
            name="settle_instants",
            purpose="Lets what ended more than a day ahead of the clock have ended now, so that it grows old.",
            work=services.settle_ends,
            every_ms=60_000,
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The invariants of `checks.py`."""
    return CHECKS


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """The gauges of `metrics.py`."""
    return METRICS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_approvals.demo", every_ms=4_000),)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic approvals`."""
    return (
        Command(
            "approvals",
            summary="See what agents ask for, approve or reject it, and withdraw or delete it.",
            verbs=(
                Command("list", command.list_),
                Command("show", command.show_),
                Command("approve", command.approve),
                Command("reject", command.reject),
                Command("cancel", command.cancel),
                Command("delete", command.delete),
            ),
        ),
    )
