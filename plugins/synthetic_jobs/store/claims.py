"""Who gets which job.

Within a kind, what has the highest priority goes first, and of that what has
been due for longest. Each priority is one look into the index `by_claim`, so a
claim costs the same however many jobs wait, are not due yet, or are finished.
Only a limit by key costs more: the jobs of busy keys that would come first are
passed over one by one, in the index alone (some 2,000 in a millisecond).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from synthetic import Snapshot, Transaction, bad_input, check_id, to_json
from synthetic_jobs.content import check_whole
from synthetic_jobs.model import Job, JobLimit, JobStatus, check_transition
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.attempts import begin_attempt
from synthetic_jobs.store.jobs import get_job, tell_status, write_job
from synthetic_jobs.store.leases import check_lease_ms
from synthetic_jobs.store.limits import count_running, count_running_by_key, find_limits
from synthetic_jobs.store.reaping import is_anything_stuck, reap_a_little

KINDS_MAX = 100
LIMIT_MAX = 1_000
_DUE = (
    "SELECT run_after, id, key FROM sync_jobs WHERE status = 'PENDING' AND kind = :kind AND priority = :priority"
    " AND run_after <= :now AND (run_after, id) > (:run_after, :id)"
)
_WITH_FREE_KEY = " AND (key IS NULL OR key NOT IN (SELECT value FROM json_each(:busy)))"
_IN_ORDER = " ORDER BY run_after, id LIMIT :limit"


class _Due(NamedTuple):
    """A job that is due, in the order of urgency; what it holds may be large, so it is read when it is handed over."""

    run_after: int
    id: str
    key: str | None


_START = _Due(-(2**63), "", None)


class _Queue:
    """The jobs of a kind that are due and that its limit allows, within one transaction.

    A key that is busy stays so until the transaction ends, so each job is looked
    at once: the walk goes on behind the last one.
    """

    def __init__(self, snapshot: Snapshot, kind: str, limit: JobLimit | None) -> None:
        self._snapshot = snapshot
        self._kind = kind
        self._priority: int | None = None
        self._place = _START
        self._waiting: deque[_Due] = deque()
        self._left: int | None = None
        self._per_key: int | None = None
        self._running: Counter[str] = Counter()
        if limit is None:
            return
        if limit.running_max is not None:
            self._left = max(0, limit.running_max - count_running(snapshot, kind))
        if limit.running_per_key_max is not None:
            self._per_key = limit.running_per_key_max
            self._running.update(count_running_by_key(snapshot, kind))

    def head(self, priority: int, wanted: int) -> _Due | None:
        """The job of a priority that comes next, if there is one; `wanted` jobs are looked for at a time."""
        if self._left == 0:
            return None
        if priority != self._priority:
            self._priority, self._place = priority, _START
            self._waiting.clear()
        while self._waiting and self._is_busy(self._waiting[0].key):
            self._waiting.popleft()
        if not self._waiting:
            self._waiting.extend(self._read(priority, wanted))
        return self._waiting[0] if self._waiting else None

    def take(self, due: _Due) -> None:
        """Count the head as running."""
        self._waiting.popleft()
        if self._left is not None:
            self._left -= 1
        if due.key is not None:
            self._running[due.key] += 1

    def _is_busy(self, key: str | None) -> bool:
        return self._per_key is not None and key is not None and self._running[key] >= self._per_key

    def _read(self, priority: int, wanted: int) -> list[_Due]:
        busy = [] if self._per_key is None else [key for key in self._running if self._is_busy(key)]
        found = self._snapshot.records(
            _Due,
            _DUE + (_WITH_FREE_KEY if busy else "") + _IN_ORDER,
            {
                "kind": self._kind,
                "priority": priority,
                "now": self._snapshot.now,
                "run_after": self._place.run_after,
                "id": self._place.id,
                "limit": wanted,
                **({"busy": to_json(busy)} if busy else {}),
            },
        )
        if found:
            self._place = found[-1]
        return found


def claim_jobs(
    tx: Transaction, kinds: Sequence[str], worker: str, *, limit: int = 1, lease_ms: int | None = None
) -> list[Job]:
    """Give a worker jobs that are due.

    Args:
        tx: To write in.
        kinds: Of which kinds.
        worker: Who it is, for people; the lease token is what counts.
        limit: How many at most; the settings may allow fewer, and fewer come where they are large.
        lease_ms: How long the lease lasts; None: as the settings say.

    Returns:
        The jobs, now RUNNING, the most urgent first; none when nothing is due, or the limits allow no more.

    Raises:
        BadUserInputError: A value is not acceptable.
    """
    wanted = _check_claim(kinds, worker, limit)
    lasting_ms = check_lease_ms(tx, lease_ms)
    settings = tx.settings(JobSettings)
    limit = min(limit, settings.claim_jobs)
    reap_a_little(tx)
    queues = _queues(tx, wanted)
    claimed: list[Job] = []
    left_bytes = settings.claim_bytes
    for priority in _priorities(tx, wanted):
        while len(claimed) < limit and left_bytes > 0:
            heads = [(due, queue) for queue in queues if (due := queue.head(priority, limit - len(claimed)))]
            if not heads:
                break
            due, queue = min(heads, key=lambda head: (head[0].run_after, head[0].id))
            queue.take(due)
            job = _hand_over(tx, get_job(tx, due.id), worker, lasting_ms)
            left_bytes -= _size_bytes(tx, job)
            claimed.append(job)
    return claimed


def is_anything_claimable(
    snapshot: Snapshot, kinds: Sequence[str], worker: str, *, limit: int = 1, lease_ms: int | None = None
) -> bool:
    """Whether `claim_jobs` may find anything: looked at before, it keeps those who only ask away from the writer.

    Raises:
        BadUserInputError: A value is not acceptable.
    """
    wanted = _check_claim(kinds, worker, limit)
    check_lease_ms(snapshot, lease_ms)
    if is_anything_stuck(snapshot):
        return True
    priorities = _priorities(snapshot, wanted)
    return any(queue.head(priority, 1) for queue in _queues(snapshot, wanted) for priority in priorities)


def claim_job(tx: Transaction, job_id: str, worker: str, *, lease_ms: int | None = None) -> Job:
    """Give a worker this one job, due or not, whatever the limits say.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such job.
        IllegalTransitionError: It is not PENDING.
    """
    check_id(worker, "worker")
    lasting_ms = check_lease_ms(tx, lease_ms)
    reap_a_little(tx)
    job = get_job(tx, job_id)
    check_transition(job, JobStatus.RUNNING)
    return _hand_over(tx, job, worker, lasting_ms)


def _priorities(snapshot: Snapshot, kinds: Sequence[str]) -> list[int]:
    """Which priorities the jobs have that wait, the highest first; one look into the index for each."""
    found = {
        priority
        for kind in kinds
        for (priority,) in snapshot.rows(
            "WITH RECURSIVE found (priority) AS ("
            " SELECT max(priority) FROM sync_jobs WHERE status = 'PENDING' AND kind = :kind"
            " UNION ALL SELECT (SELECT max(j.priority) FROM sync_jobs j"
            "  WHERE j.status = 'PENDING' AND j.kind = :kind AND j.priority < found.priority)"
            " FROM found WHERE found.priority IS NOT NULL"
            ") SELECT priority FROM found WHERE priority IS NOT NULL",
            {"kind": kind},
        )
    }
    return sorted(found, reverse=True)


def _check_claim(kinds: Sequence[str], worker: str, limit: int) -> list[str]:
    """The distinct kinds of a claim that is acceptable.

    Raises:
        BadUserInputError: It is not.
    """
    check_id(worker, "worker")
    check_whole(limit, "limit", 1, LIMIT_MAX)
    if not kinds or len(kinds) > KINDS_MAX:
        raise bad_input("kinds", f"must hold 1 to {KINDS_MAX} kinds")
    return sorted({check_id(kind, "kinds") for kind in kinds})


def _queues(snapshot: Snapshot, kinds: Sequence[str]) -> list[_Queue]:
    limits = find_limits(snapshot, kinds)
    return [_Queue(snapshot, kind, limits.get(kind)) for kind in kinds]


def _size_bytes(tx: Transaction, job: Job) -> int:
    """What a job weighs in the answer of a claim, with its latest checkpoint."""
    checkpoint: int = tx.value(
        "SELECT coalesce(max(length(data)), 0) FROM job_checkpoints WHERE job_id = :id", {"id": job.id}
    )
    return len(job.params) + len(job.metadata) + checkpoint


def _hand_over(tx: Transaction, job: Job, worker: str, lease_ms: int) -> Job:
    running = write_job(
        tx,
        job,
        status=str(JobStatus.RUNNING),
        attempts=job.attempts + 1,
        lease_owner=worker,
        lease_token=job.lease_token + 1,
        lease_ms=lease_ms,
        lease_expires_at=tx.now + lease_ms,
        started_at=tx.now if job.started_at is None else job.started_at,
    )
    begin_attempt(tx, running)
    tell_status(tx, job, running, worker=worker)
    return running
