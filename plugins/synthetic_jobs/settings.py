"""What an operator may change about jobs: `[plugins.jobs]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class JobSettings:
    """`[plugins.jobs]`: leases, retries, limits on what a job holds, and how long it is kept."""

    lease_ms: Annotated[
        int, Meta(ge=100, description="How long a claim or heartbeat holds a job, where the worker does not say.")
    ] = 60_000
    lease_ms_max: Annotated[int, Meta(ge=100, description="Longest lease that a worker may ask for.")] = 3_600_000
    max_attempts: Annotated[
        int, Meta(ge=1, le=1_000, description="Attempts of a job before it has failed for good, where it does not say.")
    ] = 5
    on_lapse: Annotated[
        Literal["REQUEUE", "FAIL"],
        Meta(description="What becomes of a job whose worker's lease ran out, where the job does not say."),
    ] = "REQUEUE"
    retry_first_ms: Annotated[
        int, Meta(ge=0, description="Ceiling of the random pause after the first failure; it doubles with each.")
    ] = 1_000
    retry_ceiling_ms: Annotated[int, Meta(ge=0, description="The pause grows no longer than this.")] = 3_600_000
    reap_every_ms: Annotated[
        int, Meta(ge=100, le=60_000, description="How often jobs are looked for whose lease ran out.")
    ] = 1_000
    claim_jobs: Annotated[int, Meta(ge=1, le=1_000, description="Most jobs of one claim.")] = 100
    claim_bytes: Annotated[
        int,
        Meta(
            ge=1,
            description="A claim that has handed over so many bytes of params, metadata and latest checkpoints takes no"
            " further job: its answer must not become too large to be sent.",
        ),
    ] = 16_777_216
    params_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a job's params, as JSON.")] = 262_144
    metadata_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a job's metadata, as JSON.")] = 65_536
    result_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a job's result, as JSON.")] = 1_048_576
    checkpoint_bytes: Annotated[int, Meta(ge=2, description="Most bytes of a checkpoint, as JSON.")] = 1_048_576
    json_depth: Annotated[
        int, Meta(ge=1, le=200, description="Most levels of nesting in params, metadata, results and checkpoints.")
    ] = 32
    command_characters: Annotated[int, Meta(ge=1, description="Most characters of a command.")] = 10_000
    error_characters: Annotated[
        int, Meta(ge=1, description="Most characters of an error message; what is longer is cut.")
    ] = 10_000
    checkpoints: Annotated[int, Meta(ge=1, le=10_000, description="Most checkpoints (phases) of a job.")] = 100
    attempts_kept: Annotated[
        int, Meta(ge=1, le=10_000, description="Most attempts of a job that are kept; older ones are forgotten.")
    ] = 100
    schedule_makeup: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Most instants that a schedule makes up for with a job each (`missed` is ALL): the latest.",
        ),
    ] = 100
    keep_finished_ms: Annotated[
        int, Meta(ge=0, description="How long a finished job is kept, with its checkpoints and attempts; 0: for ever.")
    ] = 7 * 24 * 3_600_000
