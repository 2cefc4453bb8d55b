"""How many jobs of a kind may run at once, in all and with the same key. Only claims look at it."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, Transaction, check_id, to_json
from synthetic_jobs.content import check_whole
from synthetic_jobs.events import LIMIT_SAVED
from synthetic_jobs.model import JobLimit

RUNNING_MAX = 1_000_000

_COLUMNS = ", ".join(JobLimit._fields)


def save_limit(tx: Transaction, kind: str, running_max: int | None, running_per_key_max: int | None) -> JobLimit | None:
    """Set the limits of a kind, or take them away.

    Jobs that run already go on. With `running_max` 0 none is claimed: the kind is paused.

    Args:
        tx: To write in.
        kind: Of which jobs.
        running_max: How many may run at once; None: any number.
        running_per_key_max: How many of the same key; None: any number.

    Returns:
        The limit as it is stored now; None if there is none.

    Raises:
        BadUserInputError: A value is not acceptable.
    """
    check_id(kind, "kind")
    if running_max is not None:
        check_whole(running_max, "runningMax", 0, RUNNING_MAX)
    if running_per_key_max is not None:
        check_whole(running_per_key_max, "runningPerKeyMax", 1, RUNNING_MAX)
    stored = find_limits(tx, [kind]).get(kind)
    wanted = (running_max, running_per_key_max)
    if wanted == ((None, None) if stored is None else (stored.running_max, stored.running_per_key_max)):
        return stored
    limit = None
    if wanted == (None, None):
        tx.execute("DELETE FROM job_limits WHERE kind = :kind", {"kind": kind})
    else:
        limit = JobLimit(kind, running_max, running_per_key_max, tx.now)
        tx.execute(
            f"INSERT INTO job_limits ({_COLUMNS}) VALUES (:kind, :running_max, :running_per_key_max, :updated_at)"
            " ON CONFLICT (kind) DO UPDATE SET running_max = excluded.running_max,"
            " running_per_key_max = excluded.running_per_key_max, updated_at = excluded.updated_at",
            limit._asdict(),
        )
    tx.emit(LIMIT_SAVED, kind, payload={"runningMax": running_max, "runningPerKeyMax": running_per_key_max})
    return limit


def list_limits(snapshot: Snapshot) -> list[JobLimit]:
    """All limits, by kind."""
    return snapshot.records(JobLimit, f"SELECT {_COLUMNS} FROM job_limits ORDER BY kind")


def find_limits(snapshot: Snapshot, kinds: Sequence[str]) -> dict[str, JobLimit]:
    """Those of these kinds that have a limit."""
    found = snapshot.records(
        JobLimit,
        f"SELECT {_COLUMNS} FROM job_limits WHERE kind IN (SELECT value FROM json_each(:kinds))",
        {"kinds": to_json(list(kinds))},
    )
    return {limit.kind: limit for limit in found}


def count_running(snapshot: Snapshot, kind: str) -> int:
    """How many jobs of a kind run now."""
    return snapshot.value("SELECT count(*) FROM sync_jobs WHERE status = 'RUNNING' AND kind = :kind", {"kind": kind})


def count_running_by_key(snapshot: Snapshot, kind: str) -> dict[str, int]:
    """How many jobs of a kind run now with each key that any has."""
    counted = snapshot.rows(
        "SELECT key, count(*) FROM sync_jobs WHERE status = 'RUNNING' AND kind = :kind AND key IS NOT NULL"
        " GROUP BY key",
        {"kind": kind},
    )
    return dict(counted)
