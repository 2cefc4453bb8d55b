"""Root mutation fields of schedules."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import Transaction, mutation
from synthetic_jobs import store
from synthetic_jobs.schedule_inputs import JobScheduleInput, SaveJobScheduleInput
from synthetic_jobs.schedule_types import JobSchedule
from synthetic_jobs.types import Job


@strawberry.type(description="What `saveJobSchedule` came to.")
class SaveJobSchedulePayload:
    """The payload of `saveJobSchedule`."""

    schedule: JobSchedule = strawberry.field(description="The schedule as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="A schedule, as the mutation left it.")
class JobSchedulePayload:
    """The payload of the mutations that pause, resume and delete."""

    schedule: JobSchedule = strawberry.field(description="As it is now; a deleted one as it was.")


@strawberry.type(description="What `runJobSchedule` came to.")
class RunJobSchedulePayload:
    """The payload of `runJobSchedule`."""

    job: Job = strawberry.field(description="The job that was made.")


@mutation(entity="job_schedule")
def save_job_schedule(tx: Transaction, input: SaveJobScheduleInput) -> SaveJobSchedulePayload:
    """Store a schedule, or change one; what is there already as sent is returned as it is."""
    saved = store.save_schedule(tx, input.content(), schedule_id=input.id, if_version=input.if_version)
    return SaveJobSchedulePayload(schedule=JobSchedule.of(saved.schedule), created=saved.created, changed=saved.changed)


@mutation(entity="job_schedule")
def pause_job_schedule(tx: Transaction, input: JobScheduleInput) -> JobSchedulePayload:
    """Let a schedule make no more jobs until it is resumed."""
    return JobSchedulePayload(schedule=JobSchedule.of(store.pause_schedule(tx, input.id)))


@mutation(entity="job_schedule")
def resume_job_schedule(tx: Transaction, input: JobScheduleInput) -> JobSchedulePayload:
    """Let a schedule go on from its next instant after now."""
    return JobSchedulePayload(schedule=JobSchedule.of(store.resume_schedule(tx, input.id)))


@mutation(entity="job_schedule")
def run_job_schedule(tx: Transaction, input: JobScheduleInput) -> RunJobSchedulePayload:
    """Make a job of a schedule now, paused or not; its own instants stay as they are."""
    return RunJobSchedulePayload(job=Job.of(store.run_schedule(tx, input.id)))


@mutation(entity="job_schedule")
def delete_job_schedule(tx: Transaction, input: JobScheduleInput) -> JobSchedulePayload:
    """Delete a schedule; the jobs that it made stay."""
    return JobSchedulePayload(schedule=JobSchedule.of(store.delete_schedule(tx, input.id)))
