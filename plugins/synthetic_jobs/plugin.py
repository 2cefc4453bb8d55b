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
    TravellingId,
    hookimpl,
)
from synthetic_constructs.types import Construct
from synthetic_jobs import (
    command,
    limit_command,
    mutation,
    query,
    schedule_command,
    schedule_mutation,
    schedule_query,
    schedule_types,
    services,
    subscription,
    types,
    watch_command,
    worker_mutation,
)
from synthetic_jobs.checks import CHECKS
from synthetic_jobs.errors import IllegalTransitionError, JobFailedError, JobsNotCompletedError, LeaseLostError
from synthetic_jobs.events import EVENTS, JOB_DELETED
from synthetic_jobs.metrics import METRICS
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.expiry import RULE

_OF_JOB = (Reference(column="job_id", table="sync_jobs"),)


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Durable work: claimed by lease, tried again, and gone on with from checkpoints.",
        requires=("constructs",),
        with_={"dead_letters": "synthetic_jobs.with_dead_letters", "search": "synthetic_jobs.with_search"},
        hooks="synthetic_jobs.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.jobs]`."""
    return (Settings(JobSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Jobs, which belong to their construct, what belongs to each, and limits."""
    return (
        Table(
            name="sync_jobs",
            purpose="Durable work: where each job stands, who holds it, and what came of it.",
            # `parent_id`, `replay_of` and `schedule_id` are no references: they may name what is gone.
            references=(Reference(column="construct_id", table="constructs"),),
            deleted=JOB_DELETED,
            travel=Travel(
                ids=(
                    TravellingId(column="parent_id", table="sync_jobs"),
                    TravellingId(column="replay_of", table="sync_jobs"),
                    TravellingId(column="schedule_id", table="job_schedules"),
                )
            ),
        ),
        Table(
            name="job_checkpoints",
            purpose="Where jobs can go on from, one row for each phase.",
            key=("job_id", "phase"),
            references=_OF_JOB,
            kept="Goes with its job, which has at most `checkpoints` of them.",
        ),
        Table(
            name="job_attempts",
            purpose="Who tried to do a job, and how that ended: one row for each claim.",
            key=("job_id", "number"),
            references=_OF_JOB,
            kept="Goes with its job, which has at most `attempts_kept` of them.",
        ),
        Table(
            name="job_limits",
            purpose="How many jobs of a kind may run at once.",
            key=("kind",),
            kept="One row for each kind that an operator has limited.",
            is_small=True,
            travel=Travel(entity="job_limit"),
        ),
        Table(
            name="job_schedules",
            purpose="What makes jobs by the clock.",
            kept="One row for each schedule: an operator makes and deletes them.",
            travel=Travel(
                entity="job_schedule",
                ids=(
                    TravellingId(column="last_job_id", table="sync_jobs"),
                    TravellingId(column="job", table="constructs", path="$.construct_id"),
                ),
            ),
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """Finished jobs go by age; those that are not finished never do."""
    return (
        RetentionRule(
            name=RULE,
            purpose="Deletes jobs that have finished, with their checkpoints and attempts.",
            table="sync_jobs",
            age_column="completed_at",
            keep_setting="keep_finished_ms",
            condition="completed_at IS NOT NULL",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_jobs"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    errors = (LeaseLostError, IllegalTransitionError, JobsNotCompletedError, JobFailedError)
    return tuple(ErrorCode(error) for error in errors)


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `Construct.jobs`, and how `node(id:)` finds a job."""
    return (
        GraphQL(
            queries=(
                query.job,
                query.jobs,
                query.job_counts,
                query.job_limits,
                schedule_query.job_schedule,
                schedule_query.job_schedules,
            ),
            mutations=(
                mutation.save_job,
                mutation.cancel_job,
                mutation.retry_job,
                mutation.replay_job,
                mutation.cancel_jobs,
                mutation.retry_jobs,
                mutation.save_job_limit,
                worker_mutation.claim_job,
                worker_mutation.heartbeat_job,
                worker_mutation.update_job_progress,
                worker_mutation.update_job_status,
                worker_mutation.save_checkpoint,
                worker_mutation.complete_job,
                worker_mutation.fail_job,
                schedule_mutation.save_job_schedule,
                schedule_mutation.pause_job_schedule,
                schedule_mutation.resume_job_schedule,
                schedule_mutation.run_job_schedule,
                schedule_mutation.delete_job_schedule,
            ),
            subscriptions=(subscription.job_updates,),
            extend=(Extension(type=Construct, fields=(types.jobs,)),),
            nodes={
                types.Job: types.find_job_nodes,
                schedule_types.JobSchedule: schedule_types.find_schedule_nodes,
            },
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """What becomes of jobs that nobody holds any more."""
    return (
        Service(
            name="reap",
            purpose="Requeues or fails jobs whose lease ran out, and ends waits that are over.",
            work=services.reap,
            every_setting="reap_every_ms",
        ),
        Service(
            name="schedules",
            purpose="Makes the jobs of schedules when their time has come.",
            work=services.fire,
            every_ms=1_000,
        ),
    )


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """How many jobs there are, and how many wait for somebody."""
    return METRICS


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The history of jobs against the jobs."""
    return CHECKS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_jobs.demo", every_ms=500),)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic jobs`."""
    schedules = Command(
        "schedules",
        summary="List, pause, resume and run the schedules that make jobs.",
        verbs=(
            Command("list", schedule_command.list_),
            Command("pause", schedule_command.pause),
            Command("resume", schedule_command.resume),
            Command("run", schedule_command.run),
        ),
    )
    return (
        Command(
            "jobs",
            summary="See what jobs do, cancel them, try them again, or run them anew.",
            verbs=(
                Command("list", command.list_),
                Command("show", command.show_),
                Command("watch", watch_command.watch),
                Command("retry", command.retry),
                Command("cancel", command.cancel),
                Command("replay", command.replay),
                Command("limit", limit_command.limit),
                schedules,
            ),
        ),
    )
