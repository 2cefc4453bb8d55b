"""How a redrive goes on: piece by piece, at its rate, from where it was when a process died.

It goes over its letters in the order of arrival, and over them again as long as
some are left that had to wait for earlier ones with their key. It retries each
letter once. How far it is stands in its row, and changes in the transaction
that writes what came of a retry; so does how many this pass has left, by which
its end is known without looking at the letters again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from synthetic import BlockingStore, Snapshot, Transaction, from_json
from synthetic_dead_letters.model import DeadLetter, DeadLetterStatus, Redrive, RedriveStatus
from synthetic_dead_letters.store.filters import criteria_from_json
from synthetic_dead_letters.store.redrives import (
    REDRIVES,
    end_redrive,
    find_redrive,
    list_running_redrives,
    pending_where,
)
from synthetic_dead_letters.store.retrying import RetryRequest, is_passed_over, retry_dead_letter

BATCH_LETTERS = 200
"""Letters that are looked at by one read."""

BATCHES_MAX = 10
"""Reads of one turn in which all letters have to wait for others."""

TURN_RETRIES_MAX = 200
"""Retries of one turn, so that other redrives have theirs."""

BEHIND_MS_MAX = 1_000
"""After a pause of a process, a redrive makes up for no more than so much time."""


class _Candidate(NamedTuple):
    """A letter that may be next.

    Attributes:
        id: Its id.
        seq: Its number in the order of arrival.
        lane: Its source and key; None: it has no key.
        is_blocked: Whether an earlier letter of its lane is open.
    """

    id: str
    seq: int
    lane: tuple[str, str] | None
    is_blocked: bool


def go_on_with_redrives(store: BlockingStore) -> int:
    """Let each running redrive go on, as far as its rate allows.

    Returns:
        How many letters were retried.
    """
    return sum(_go_on(store, redrive.id) for redrive in store.read(list_running_redrives))


def retries_allowed(redrive: Redrive, now: int) -> int:
    """How many retries the rate of a redrive allows by now."""
    ms = now - redrive.paced_from_at
    return math.floor(ms * redrive.rate_per_second / 1_000) + redrive.paced_from_count - redrive.retried


class _Turn:
    """How far a turn of a redrive has come.

    Attributes:
        cursor: The number of the last letter that was looked at.
        retried: How many letters this turn has retried.
        left: How many it has come upon and not retried since that was last written down.
    """

    def __init__(self, store: BlockingStore, redrive: Redrive) -> None:
        self._store = store
        self._redrive = redrive
        self.cursor = redrive.cursor_seq
        self.retried = 0
        self.left = 0

    def go_on(self, most: int) -> bool:
        """Retry so many letters at most; whether all behind the cursor were looked at."""
        for _ in range(BATCHES_MAX):
            if self.retried >= most:
                break
            candidates = self._store.read(_list_candidates, self._redrive, self.cursor)
            self._retry_some(candidates, most)
            if len(candidates) < BATCH_LETTERS and (not candidates or self.cursor == candidates[-1].seq):
                return True
        return False

    def _retry_some(self, candidates: Sequence[_Candidate], most: int) -> None:
        """Retry what has not to wait for an earlier one."""
        touched: set[tuple[str, str]] = set()
        for candidate in candidates:
            if self.retried >= most:
                break
            # What was in the way when the candidates were read may have been dealt with in this very loop.
            may_go = not candidate.is_blocked or candidate.lane in touched
            if may_go and self._retry(candidate):
                self.retried += 1
                if candidate.lane is not None:
                    touched.add(candidate.lane)
            else:
                self.left += 1
            self.cursor = candidate.seq

    def _retry(self, candidate: _Candidate) -> bool:
        """Retry a letter; False where it is not to be retried now."""
        left = self.left

        def count(tx: Transaction, letter: DeadLetter) -> None:
            _count(tx, self._redrive.id, letter, left)

        try:
            retry_dead_letter(
                self._store, RetryRequest(letter_id=candidate.id, redrive_id=self._redrive.id, settled=count)
            )
        except Exception as error:
            if not is_passed_over(error):
                raise
            return False
        self.left = 0
        return True


def _go_on(store: BlockingStore, redrive_id: str) -> int:
    """One turn of a redrive; how many letters were retried."""
    redrive, now = store.read(_look, redrive_id)
    if redrive is None or redrive.ended_at is not None:
        return 0
    allowed = retries_allowed(redrive, now)
    most = max(1, math.ceil(redrive.rate_per_second * BEHIND_MS_MAX / 1_000))
    if allowed > most or now < redrive.paced_from_at:
        store.write(_pace_anew, redrive_id)
    turn = _Turn(store, redrive)
    is_through = turn.go_on(min(allowed, most, TURN_RETRIES_MAX))
    if is_through:
        store.write(_end_pass, redrive_id, turn.left)
    elif turn.cursor != redrive.cursor_seq:
        store.write(_keep_cursor, redrive_id, turn.cursor, turn.left)
    return turn.retried


def _look(snapshot: Snapshot, redrive_id: str) -> tuple[Redrive | None, int]:
    return find_redrive(snapshot, redrive_id), snapshot.now


def _list_candidates(snapshot: Snapshot, redrive: Redrive, cursor: int) -> list[_Candidate]:
    """Pending letters that this redrive has not retried, behind the cursor."""
    where, params = pending_where(snapshot, criteria_from_json(from_json(redrive.filter)))
    rows = snapshot.rows(
        "SELECT id, seq, source, key, key IS NOT NULL AND EXISTS (SELECT 1 FROM dead_letters e"
        " WHERE e.source = dead_letters.source AND e.key = dead_letters.key AND e.seq < dead_letters.seq"
        f" AND e.status IN ('PENDING', 'RETRYING')) FROM dead_letters WHERE {where} AND seq > :cursor"
        " AND seq <= :through AND redrive_id IS NOT :redrive ORDER BY seq LIMIT :limit",
        {**params, "cursor": cursor, "through": redrive.through_seq, "redrive": redrive.id, "limit": BATCH_LETTERS},
    )
    return [
        _Candidate(id, seq, None if key is None else (source, key), bool(is_blocked))
        for id, seq, source, key, is_blocked in rows
    ]


def _count(tx: Transaction, redrive_id: str, letter: DeadLetter, left: int) -> None:
    """Write that a redrive has retried a letter, and how many it has left before it."""
    tx.execute(
        f"UPDATE {REDRIVES} SET retried = retried + 1, pass_retried = pass_retried + 1, failed = failed + :failed,"
        " pass_left = pass_left + :left, cursor_seq = :seq WHERE id = :id",
        {
            "id": redrive_id,
            "seq": letter.seq,
            "failed": int(letter.status == DeadLetterStatus.PENDING),
            "left": left,
        },
    )


def _pace_anew(tx: Transaction, redrive_id: str) -> None:
    """Count the rate from now on: a process was away, or the clock was set back."""
    tx.execute(
        f"UPDATE {REDRIVES} SET paced_from_at = :now, paced_from_count = retried WHERE id = :id",
        {"id": redrive_id, "now": tx.now},
    )


def _keep_cursor(tx: Transaction, redrive_id: str, cursor: int, left: int) -> None:
    tx.execute(
        f"UPDATE {REDRIVES} SET cursor_seq = :cursor, pass_left = pass_left + :left WHERE id = :id",
        {"id": redrive_id, "cursor": cursor, "left": left},
    )


def _end_pass(tx: Transaction, redrive_id: str, left: int) -> None:
    """All letters were looked at: the redrive is through, unless some that are left may still have their turn."""
    redrive = find_redrive(tx, redrive_id)
    if redrive is None or redrive.ended_at is not None:
        return
    if redrive.pass_left + left > 0 and (redrive.pass_retried > 0 or _is_retrying(tx, redrive_id)):
        tx.execute(
            f"UPDATE {REDRIVES} SET cursor_seq = 0, pass_retried = 0, pass_left = 0 WHERE id = :id",
            {"id": redrive.id},
        )
    else:
        end_redrive(tx, redrive, RedriveStatus.DONE)


def _is_retrying(snapshot: Snapshot, redrive_id: str) -> bool:
    """Whether a retry that a redrive has begun is under way: what waits for it may still have its turn."""
    found = snapshot.rows(
        "SELECT 1 FROM dead_letters WHERE redrive_id = :id AND status = 'RETRYING' LIMIT 1", {"id": redrive_id}
    )
    return bool(found)
