"""The tables refuse wrong states by themselves, so that a mistake in the code is loud at the row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from synthetic import Store, SyntheticError, Transaction
from synthetic.testing import copy_template, open_test_store
from synthetic_jobs.model import FINISHED, Job, JobStatus

PENDING: dict[str, Any] = {
    **dict.fromkeys(Job._fields),
    "id": "a", "kind": "build", "params": "{}", "priority": 5, "max_attempts": 3, "on_lapse": "REQUEUE",
    "metadata": "{}", "status": "PENDING", "progress": 0, "attempts": 0, "retries": 0, "run_after": 5, "lease_token": 0,
    "version": 1, "created_at": 5, "updated_at": 5,
}  # fmt: skip
STARTED = {"attempts": 1, "lease_token": 1, "started_at": 6}
GOOD: dict[str, dict[str, Any]] = {
    "PENDING": PENDING,
    "RUNNING": PENDING | STARTED | {"lease_owner": "w", "lease_ms": 1, "lease_expires_at": 7},
    "WAITING": PENDING | STARTED | {"waiting_for": "approval:1"},
    "COMPLETED": PENDING | STARTED | {"completed_at": 8, "result": "1", "cancel_requested_at": 7},
    "FAILED": PENDING | STARTED | {"completed_at": 8, "error_message": "It broke."},
    "CANCELLED": PENDING | {"completed_at": 8, "cancel_requested_at": 7},
}
for status, row in GOOD.items():
    row = GOOD[status] = {**row, "status": status}

WRONG_OF_ANY: dict[str, dict[str, Any]] = {
    "an empty id": {"id": ""},
    "an id that is too long": {"id": "x" * 201},
    "no kind": {"kind": None},
    "an empty key": {"key": ""},
    "an empty command": {"command": ""},
    "params that are no object": {"params": "[]"},
    "params that are no JSON": {"params": "{"},
    "metadata that is no object": {"metadata": "1"},
    "priority 10": {"priority": 10},
    "no attempt at all": {"max_attempts": 0},
    "an unknown policy": {"on_lapse": "SHRUG"},
    "progress over 100": {"progress": 101},
    "progress below 0": {"progress": -1},
    "more attempts than there may be": {"attempts": 4, "lease_token": 4, "started_at": 6},
    "attempts below 0": {"attempts": -1},
    "a token below 0": {"lease_token": -1},
    "version 0": {"version": 0},
    "text for an instant": {"created_at": "yesterday"},
    "itself as its parent": {"parent_id": "b"},
    "itself as what it replays": {"replay_of": "b"},
    "a construct that is not there": {"construct_id": "nowhere"},
    "an empty error": {"error_message": ""},
}
WRONG_OF_ONE: list[tuple[str, dict[str, Any]]] = [
    ("PENDING", {"attempts": 3, "lease_token": 3, "started_at": 6}),
    ("PENDING", {"completed_at": 8}),
    ("PENDING", {"cancel_requested_at": 7}),
    ("PENDING", {"waiting_for": "approval:1"}),
    ("PENDING", {"result": "1"}),
    ("PENDING", {"lease_owner": "w"}),
    ("PENDING", {"lease_token": 1}),
    ("PENDING", {"started_at": 6}),
    ("RUNNING", {"lease_owner": None}),
    ("RUNNING", {"lease_ms": None}),
    ("RUNNING", {"lease_ms": 0}),
    ("RUNNING", {"lease_expires_at": None}),
    ("RUNNING", {"started_at": None}),
    ("RUNNING", {"lease_token": 0}),
    ("RUNNING", {"completed_at": 8}),
    ("RUNNING", {"result": "1"}),
    ("WAITING", {"started_at": None, "lease_token": 0}),
    ("WAITING", {"lease_owner": "w", "lease_ms": 1, "lease_expires_at": 7}),
    ("WAITING", {"cancel_requested_at": 7}),
    ("WAITING", {"waiting_for": ""}),
    ("COMPLETED", {"completed_at": None}),
    ("COMPLETED", {"started_at": None, "lease_token": 0}),
    ("COMPLETED", {"result": "{"}),
    ("COMPLETED", {"lease_expires_at": 7}),
    ("FAILED", {"completed_at": None}),
    ("FAILED", {"error_message": None}),
    ("FAILED", {"result": "1"}),
    ("FAILED", {"cancel_requested_at": 7}),
    ("FAILED", {"lease_owner": "w"}),
    ("CANCELLED", {"completed_at": None}),
    ("CANCELLED", {"result": "1"}),
    ("CANCELLED", {"waiting_for": "approval:1"}),
]


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One empty store for all these tests: none of them leaves a row."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("constraints") / "store")) as opened:
        yield opened


class AcceptedError(Exception):
    """All statements were; undoes them."""


def run(tx: Transaction, statements: Sequence[tuple[str, dict[str, Any]]]) -> None:
    for sql, params in statements:
        tx.execute(sql, params)
    raise AcceptedError


def inserted(row: dict[str, Any], table: str = "sync_jobs") -> tuple[str, dict[str, Any]]:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row


def accepts(store: Store, *statements: tuple[str, dict[str, Any]]) -> None:
    with pytest.raises(AcceptedError):
        store.write(run, statements)


def refuses(store: Store, *statements: tuple[str, dict[str, Any]]) -> None:
    """The last one, because of a constraint; those before it are fine."""
    accepts(store, *statements[:-1])
    with pytest.raises(SyntheticError) as failure:
        store.write(run, statements)
    assert isinstance(failure.value.__cause__, apsw.ConstraintError)


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_in_a_right_state_can_be_stored(store: Store, status: JobStatus) -> None:
    accepts(store, inserted(GOOD[status]))


@pytest.mark.parametrize("wrong", WRONG_OF_ANY.values(), ids=WRONG_OF_ANY.keys())
def test_a_job_with_a_wrong_value_cannot_be_stored(store: Store, wrong: dict[str, Any]) -> None:
    accepts(store, inserted(PENDING | {"id": "b"}))
    refuses(store, inserted(PENDING | {"id": "b"} | wrong))


@pytest.mark.parametrize(("status", "wrong"), WRONG_OF_ONE)
def test_a_job_in_a_wrong_state_cannot_be_stored(store: Store, status: str, wrong: dict[str, Any]) -> None:
    refuses(store, inserted(GOOD[status] | wrong))


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(JobStatus, 2)))
def test_a_status_that_is_changed_alone_is_refused_unless_times_and_lease_fit_it(
    store: Store, before: JobStatus, after: JobStatus
) -> None:
    """Each status has times, a lease or an error of its own; a failure has all that the other ends need."""
    statements = (inserted(GOOD[before]), ("UPDATE sync_jobs SET status = :status", {"status": str(after)}))
    if before == JobStatus.FAILED and after in FINISHED:
        accepts(store, *statements)
    else:
        refuses(store, *statements)


def test_a_key_that_makes_one_job_of_its_kind_is_unique(store: Store) -> None:
    first = inserted(PENDING | {"idempotency_key": "once"})
    refuses(store, first, inserted(PENDING | {"id": "b", "idempotency_key": "once"}))
    accepts(store, first, inserted(PENDING | {"id": "b", "idempotency_key": "once", "kind": "test"}))


CHECKPOINT = {"job_id": "a", "phase": "parse", "seq": 1, "data": "1", "created_at": 5}
ATTEMPT = {"job_id": "a", "number": 1, "worker": "w", "started_at": 5}
LIMIT = {"kind": "build", "running_max": 0, "updated_at": 5}
SCHEDULE = {
    "id": "s", "cron": "0 9 * * *", "timezone": "UTC", "missed": "ONCE", "overlap": "ALLOW",
    "job": '{"kind":"build"}', "next_at": 5, "version": 1, "created_at": 5, "updated_at": 5,
}  # fmt: skip
WRONG_PARTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("job_checkpoints", CHECKPOINT, {"job_id": "nobody"}),
    ("job_checkpoints", CHECKPOINT, {"phase": ""}),
    ("job_checkpoints", CHECKPOINT, {"seq": 0}),
    ("job_checkpoints", CHECKPOINT, {"data": "{"}),
    ("job_checkpoints", CHECKPOINT, {"data": None}),
    ("job_attempts", ATTEMPT, {"job_id": "nobody"}),
    ("job_attempts", ATTEMPT, {"number": 0}),
    ("job_attempts", ATTEMPT, {"worker": ""}),
    ("job_attempts", ATTEMPT, {"ended_at": 6}),
    ("job_attempts", ATTEMPT, {"outcome": "FAILED"}),
    ("job_attempts", ATTEMPT, {"ended_at": 6, "outcome": "SHRUGGED"}),
    ("job_attempts", ATTEMPT, {"error": ""}),
    ("job_limits", LIMIT, {"running_max": None}),
    ("job_limits", LIMIT, {"running_max": -1}),
    ("job_limits", LIMIT, {"running_per_key_max": 0}),
    ("job_limits", LIMIT, {"kind": ""}),
    ("job_schedules", SCHEDULE, {"cron": None}),
    ("job_schedules", SCHEDULE, {"every_ms": 1_000}),
    ("job_schedules", SCHEDULE, {"cron": None, "every_ms": 999}),
    ("job_schedules", SCHEDULE, {"missed": "SHRUG"}),
    ("job_schedules", SCHEDULE, {"overlap": "SHRUG"}),
    ("job_schedules", SCHEDULE, {"job": "{}"}),
    ("job_schedules", SCHEDULE, {"last_at": 5}),
]


@pytest.mark.parametrize(("table", "row", "wrong"), WRONG_PARTS)
def test_what_belongs_to_jobs_is_refused_in_a_wrong_state(
    store: Store, table: str, row: dict[str, Any], wrong: dict[str, Any]
) -> None:
    job = inserted(PENDING)
    refuses(store, job, inserted(row | wrong, table))
    refuses(store, job, inserted(row, table), inserted(row, table))
