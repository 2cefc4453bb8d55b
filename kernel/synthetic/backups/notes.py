"""What the store itself knows of its backups, in `meta`: what was asked for, and the last one that was proven."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from synthetic.backups.records import Backup
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.storage.notes import find_note, save_note
from synthetic.validation import bad_input

BACKUP = "backup"
"""The sync module."""

REQUEST_KEY = "backup_request"
PROVEN_KEY = "backup_proven"


REQUESTED = "requested"
"""The reason of a backup of which nobody has said why it was asked for."""

_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
REASON_CHARACTERS_MAX = 50


class Request(NamedTuple):
    """A backup that somebody has asked for.

    Attributes:
        requested_at: When, Unix milliseconds.
        reason: Why, in lower-case words.
        attempt_id: Of the attempt that has begun it; "": it has not begun. One that has begun and was cut short is
            due again.
    """

    requested_at: int
    reason: str
    attempt_id: str = ""


class Proven(NamedTuple):
    """The last backup that was proven, wherever it went.

    Attributes:
        id: Its name.
        taken_at: Of when it is, Unix milliseconds.
        proven_at: When it was proven.
    """

    id: str
    taken_at: int
    proven_at: int


_request_decoder = msgspec.json.Decoder(Request)
_proven_decoder = msgspec.json.Decoder(Proven)


def check_reason(reason: str) -> str:
    """A reason that fits into the name of a backup.

    Raises:
        BadUserInputError: It does not.
    """
    if len(reason) > REASON_CHARACTERS_MAX or not _REASON.fullmatch(reason):
        raise bad_input(
            "reason", f"must be lower-case letters and digits, joined by hyphens, at most {REASON_CHARACTERS_MAX}"
        )
    return reason


def find_request(snapshot: Snapshot) -> Request | None:
    """The backup that is asked for and did not come to an end yet, or None."""
    text = find_note(snapshot, REQUEST_KEY)
    return _request_decoder.decode(text) if text else None


def save_request(tx: Transaction, reason: str) -> Request:
    """Ask for a backup; one that is asked for already, and has not begun, stays as it is."""
    found = find_request(tx)
    if found is not None and not found.attempt_id:
        return found
    request = Request(tx.now, reason)
    save_note(tx, REQUEST_KEY, to_json(tuple(request)))
    return request


def begin_request(tx: Transaction, attempt_id: str) -> None:
    """Note that what was asked for has begun."""
    found = find_request(tx)
    if found is not None:
        save_note(tx, REQUEST_KEY, to_json(tuple(found._replace(attempt_id=attempt_id))))


def end_request(tx: Transaction, attempt_id: str) -> None:
    """Note that what an attempt has begun has come to an end; what was asked for since stays."""
    found = find_request(tx)
    if found is not None and found.attempt_id == attempt_id:
        clear_request(tx)


def clear_request(tx: Transaction) -> None:
    """Forget what was asked for."""
    if find_note(tx, REQUEST_KEY):
        save_note(tx, REQUEST_KEY, "")


def find_proven(snapshot: Snapshot) -> Proven | None:
    """The last backup that was proven, or None."""
    text = find_note(snapshot, PROVEN_KEY)
    return _proven_decoder.decode(text) if text else None


def save_proven(tx: Transaction, backup: Backup) -> None:
    """Note that a backup was proven."""
    if backup.proven_at is not None:
        save_note(tx, PROVEN_KEY, to_json((backup.id, backup.taken_at, backup.proven_at)))
