"""Whether the clock can be believed: one that has jumped by more than a day suspends retention.

What goes depends on the wall clock alone, so one that is set a year ahead
would let retention delete whatever there is. The store therefore remembers an
instant, and how long the machine had run by then. As long as the machine runs,
its running time, which nobody sets and which counts sleep too, tells what the
clock should show now. Small corrections add up: the instant is moved on by
running time alone.

After a restart of the machine nothing tells how long it was off. Then a clock
that shows more than a day after the last instant is taken for one that has
jumped as well: whoever confirms it once knows better, and deleting too late
harms less than deleting too early. So is one that shows more than a day before.

A store that has never looked has its log to go by, in the same way: the last
event from before this process is the last instant that is known. What this
process has written proves nothing, for it bears the time that is in doubt. In a
store whose log is empty, or that was written within a day, the clock is believed.

Once suspended, retention stays so until an operator confirms the clock, also
when it is set right: rows that were written in between may bear its time.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from synthetic.clock import Clock, RunningTime, SystemClock
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.database.transaction import Transaction
from synthetic.errors import iso_from_ms
from synthetic.json_text import from_json, to_json
from synthetic.log.event_types import RETENTION_RESUMED, RETENTION_SUSPENDED
from synthetic.retention.errors import RetentionSuspendedError

JUMP_MS = 86_400_000
ENTITY = "retention"
"""The entity of retention's own events: there is one in a store."""

_KEY = "retention_clock"

_EVENTS = 1_000
"""So many at the end of the log are looked at where nothing is remembered."""


class Suspension(NamedTuple):
    """Why retention does nothing.

    Attributes:
        since: When that was found, by the clock that is not believed.
        expected_at: What the clock should have shown then: exactly, or, where
            the machine was off for an unknown time, at the least.
        shown_at: What it showed.
    """

    since: int
    expected_at: int
    shown_at: int

    @property
    def reason(self) -> str:
        """Why, as a sentence."""
        return (
            f"The clock showed {iso_from_ms(self.shown_at)} where {iso_from_ms(self.expected_at)} was expected:"
            " it has jumped, or the machine was off."
        )


class ClockSource:
    """The clock of a kernel, as a resource of its transactions.

    Attributes:
        clock: Whose running time counts.
        opened_at: What it showed when the store was opened, Unix milliseconds.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.opened_at = clock.now_ms()

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """The machine's, for snapshots without a kernel."""
        return cls(SystemClock())


class _Memory(NamedTuple):
    """What the store remembers of the clock.

    Attributes:
        expected_at: An instant, Unix milliseconds.
        run: Of the machine, when it was.
        seconds: How long that had run by then.
        suspension: What was found and not confirmed yet.
    """

    expected_at: int
    run: str
    seconds: float
    suspension: Suspension | None


def find_suspension(snapshot: Snapshot) -> Suspension | None:
    """Why retention does nothing now, whether or not that was noted already; None: the clock is believed."""
    return _judge(_read(snapshot), snapshot)[1]


def require_clock(snapshot: Snapshot) -> None:
    """Refuse to delete by a clock that is not believed.

    Raises:
        RetentionSuspendedError: It is not.
    """
    suspension = find_suspension(snapshot)
    if suspension is not None:
        raise suspended_error(suspension)


def suspended_error(suspension: Suspension) -> RetentionSuspendedError:
    """The error with which retention is refused; the caller raises it."""
    return RetentionSuspendedError(suspension.reason, details=_as_details(suspension))


def check_clock(tx: Transaction) -> Suspension | None:
    """Look at the clock, and remember what it shows; a jump is told to the log once.

    Returns:
        Why retention does nothing; None: the clock is believed.
    """
    memory = _read(tx)
    expected_at, suspension = _judge(memory, tx)
    if suspension is None:
        _write(tx, expected_at, None)
    elif memory is None or memory.suspension is None:
        _write(tx, expected_at, suspension)
        tx.emit(RETENTION_SUSPENDED, ENTITY, payload=_as_details(suspension))
    return suspension


def confirm_clock(tx: Transaction) -> Suspension | None:
    """Take what the clock shows to be right, and go on from there.

    Returns:
        Why retention had done nothing; None: it was not suspended.
    """
    suspension = find_suspension(tx)
    _write(tx, tx.now, None)
    if suspension is not None:
        tx.emit(RETENTION_RESUMED, ENTITY)
    return suspension


def _judge(memory: _Memory | None, snapshot: Snapshot) -> tuple[int, Suspension | None]:
    """The instant to remember, and whether retention is suspended."""
    if memory is None:
        return _judge_by_log(snapshot)
    if memory.suspension is not None:
        return memory.expected_at, memory.suspension
    running = running_time(snapshot)
    same_run = running.run == memory.run and running.seconds >= memory.seconds
    passed_ms = round((running.seconds - memory.seconds) * 1000) if same_run else 0
    expected_at = memory.expected_at + passed_ms
    if abs(snapshot.now - expected_at) > JUMP_MS:
        return expected_at, Suspension(snapshot.now, expected_at, snapshot.now)
    return (expected_at if same_run else snapshot.now), None


def _judge_by_log(snapshot: Snapshot) -> tuple[int, Suspension | None]:
    """The same where nothing is remembered yet."""
    opened_at = snapshot.resource(ClockSource).opened_at
    written_at = snapshot.value(
        "SELECT ingested_at_utc FROM"
        " (SELECT position, ingested_at_utc FROM domain_events ORDER BY position DESC LIMIT :most)"
        " WHERE ingested_at_utc NOT BETWEEN :opened_at AND :now ORDER BY position DESC LIMIT 1",
        {"most": _EVENTS, "opened_at": opened_at, "now": snapshot.now},
    )
    # When it was opened counts, not the present: how long this process has run is no jump.
    if written_at is not None and abs(opened_at - written_at) > JUMP_MS:
        return written_at, Suspension(snapshot.now, written_at, snapshot.now)
    return snapshot.now, None


def running_time(snapshot: Snapshot) -> RunningTime:
    """How long the machine has run, its sleep included: what tells how much time has passed while the clock jumps."""
    return snapshot.resource(ClockSource).clock.running_time()


def is_clock_believed(snapshot: Snapshot) -> bool:
    """Whether what the clock shows fits what is known; where not, retention is suspended."""
    return find_suspension(snapshot) is None


def _read(snapshot: Snapshot) -> _Memory | None:
    text = snapshot.value("SELECT value FROM meta WHERE key = :key", {"key": _KEY})
    if text is None:
        return None
    value: dict[str, Any] = from_json(text)
    suspension = value.pop("suspension")
    return _Memory(**value, suspension=None if suspension is None else Suspension(**suspension))


def _write(tx: Transaction, expected_at: int, suspension: Suspension | None) -> None:
    running = running_time(tx)
    value = {
        "expected_at": expected_at,
        "run": running.run,
        "seconds": running.seconds,
        "suspension": None if suspension is None else suspension._asdict(),
    }
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"key": _KEY, "value": to_json(value)},
    )


def _as_details(suspension: Suspension) -> dict[str, str]:
    return {"expectedAt": iso_from_ms(suspension.expected_at), "shownAt": iso_from_ms(suspension.shown_at)}
