"""Asking for redrives, and how they are read: many letters, retried at a rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from synthetic import (
    BlockingStore,
    ConflictError,
    NotFoundError,
    Order,
    Snapshot,
    Transaction,
    Value,
    bad_input,
    check_id,
    from_json,
    to_json,
)
from synthetic_dead_letters.events import REDRIVE_ENDED, REDRIVE_STARTED, redrive_payload
from synthetic_dead_letters.model import Criteria, DeadLetterStatus, Redrive, RedriveStatus
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.store.filters import criteria_as_json, select_dead_letters
from synthetic_dead_letters.store.policy import sources_of

REDRIVES = "dead_letter_redrives"
REDRIVE_COLUMNS = ", ".join(Redrive._fields)
REDRIVES_NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)

_SELECT = f"SELECT {REDRIVE_COLUMNS} FROM {REDRIVES}"
_INSERT = f"INSERT INTO {REDRIVES} ({REDRIVE_COLUMNS}) VALUES ({', '.join(f':{name}' for name in Redrive._fields)})"


def redrive_dead_letters(
    store: BlockingStore, criteria: Criteria, *, rate_per_second: float | None = None, redrive_id: str | None = None
) -> Redrive:
    """Begin to retry all pending letters that meet the criteria now, in the order of arrival.

    Args:
        store: To read and write with.
        criteria: Which; what it says of statuses is left out: pending ones.
        rate_per_second: At most so many retries a second; None: as the settings say.
        redrive_id: The sender's id; sent again, what is there is returned. None: a UUIDv7.

    Raises:
        BadUserInputError: A value is not acceptable.
        ConflictError: There is a redrive with this id of other letters, or too many are running.
    """
    matched, through_seq = store.read(count_redrivable, criteria)
    return store.write(_insert_redrive, criteria, rate_per_second, redrive_id, matched, through_seq)


def count_redrivable(snapshot: Snapshot, criteria: Criteria) -> tuple[int, int]:
    """How many letters a redrive would retry, and the number of the last one.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable.
    """
    where, params = pending_where(snapshot, criteria)
    matched, through_seq = snapshot.row(
        f"SELECT count(*), coalesce(max(seq), 0) FROM dead_letters WHERE {where}", params
    ) or (0, 0)
    return matched, through_seq


def pending_where(snapshot: Snapshot, criteria: Criteria) -> tuple[str, dict[str, Value]]:
    """The condition for pending letters of the loaded sources that meet the criteria, and its values."""
    selection = select_dead_letters(replace(criteria, statuses=(DeadLetterStatus.PENDING,)))
    params: dict[str, Value] = dict(selection.params)
    either = [] if selection.merged is None else ["(" + " OR ".join(f"({each})" for each in selection.merged) + ")"]
    sources = list(sources_of(snapshot))
    params |= {f"source_{index}": source for index, source in enumerate(sources)}
    among = f"source IN ({', '.join(f':source_{index}' for index in range(len(sources)))})" if sources else "FALSE"
    return " AND ".join([among, *either, *selection.where]), params


def find_redrive(snapshot: Snapshot, redrive_id: str) -> Redrive | None:
    """The redrive with this id, or None."""
    return snapshot.record(Redrive, _SELECT + " WHERE id = :id", {"id": redrive_id})


def get_redrive(snapshot: Snapshot, redrive_id: str) -> Redrive:
    """The redrive with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_redrive(snapshot, check_id(redrive_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no redrive with the id {redrive_id!r}.", details={"field": "id", "id": redrive_id}
        )
    return found


def list_running_redrives(snapshot: Snapshot) -> Sequence[Redrive]:
    """The redrives that are under way, those asked for first first."""
    return snapshot.records(Redrive, _SELECT + " WHERE ended_at IS NULL ORDER BY created_at, id")


def list_redrives(snapshot: Snapshot, limit: int) -> Sequence[Redrive]:
    """The redrives that were asked for last."""
    return snapshot.records(Redrive, _SELECT + " ORDER BY created_at DESC, id DESC LIMIT :limit", {"limit": limit})


def cancel_redrive(tx: Transaction, redrive_id: str) -> Redrive:
    """Begin no further retry of a redrive; one that has ended stays as it is. What is under way is not stopped.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is no such redrive.
    """
    redrive = get_redrive(tx, redrive_id)
    return redrive if redrive.ended_at is not None else end_redrive(tx, redrive, RedriveStatus.CANCELLED)


def end_redrive(tx: Transaction, redrive: Redrive, status: RedriveStatus) -> Redrive:
    """Write that a running redrive has come to its end."""
    after = redrive._replace(status=str(status), ended_at=tx.now)
    tx.execute(
        f"UPDATE {REDRIVES} SET status = :status, ended_at = :ended_at WHERE id = :id",
        {"status": after.status, "ended_at": after.ended_at, "id": after.id},
    )
    tx.emit(REDRIVE_ENDED, after.id, payload=redrive_payload(after))
    return after


def _insert_redrive(
    tx: Transaction,
    criteria: Criteria,
    rate_per_second: float | None,
    redrive_id: str | None,
    matched: int,
    through_seq: int,
) -> Redrive:
    settings = tx.settings(DeadLetterSettings)
    rate = min(settings.redrive_rate_per_second, settings.redrive_rate_per_second_max)
    if rate_per_second is not None:
        rate = float(rate_per_second)
        if not 0 < rate <= settings.redrive_rate_per_second_max:
            raise bad_input("ratePerSecond", f"must be above 0 and at most {settings.redrive_rate_per_second_max:g}")
    said = to_json(criteria_as_json(replace(criteria, statuses=None)))
    stored = None if redrive_id is None else find_redrive(tx, check_id(redrive_id, "id"))
    if stored is not None:
        _refuse_other(stored, said, rate)
        return stored
    if len(list_running_redrives(tx)) >= settings.redrives_max:
        raise ConflictError(
            f"{settings.redrives_max} redrives are running.",
            action="Wait until one of them has ended, or cancel one.",
        )
    redrive = Redrive(
        id=redrive_id or tx.new_id(),
        filter=said,
        rate_per_second=rate,
        status=str(RedriveStatus.RUNNING),
        through_seq=through_seq,
        cursor_seq=0,
        pass_retried=0,
        pass_left=0,
        matched=matched,
        retried=0,
        failed=0,
        paced_from_at=tx.now,
        paced_from_count=0,
        created_at=tx.now,
        created_by=tx.origin.actor,
        ended_at=None,
    )
    tx.execute(_INSERT, redrive._asdict())
    tx.emit(REDRIVE_STARTED, redrive.id, payload=redrive_payload(redrive))
    return redrive


def _refuse_other(stored: Redrive, said: str, rate: float) -> None:
    if (from_json(stored.filter), stored.rate_per_second) != (from_json(said), rate):
        raise ConflictError(
            f"There is a redrive with the id {stored.id!r} of other letters, or at another rate.",
            action="Choose another id, or leave it out.",
            details={"field": "id", "id": stored.id},
        )
