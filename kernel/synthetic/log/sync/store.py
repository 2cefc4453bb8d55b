"""The rows of `sync_state`: what outside modules have reported, and what was published of every module."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import from_json, to_json
from synthetic.log.sync.model import ModuleKind, ModuleStatus, OutsideFacts, RecoveryAction, SyncError

_decoder = msgspec.json.Decoder(ModuleStatus)


class SyncState(NamedTuple):
    """A row of `sync_state`; instants are Unix milliseconds.

    Attributes:
        module: Its name.
        kind: What it is; a consumer has none of what follows, but `failures` and what was published.
        created_at: When it was first heard of.
        updated_at: When the row was changed last.
        expected_interval_ms: How much time may pass between two successes, as it has told.
        cursor: How far it has come, in its own words.
        heard_at: When the attempt that runs was last heard of; None: none runs.
        last_attempt_at: When the last attempt began.
        last_success_at: When the last one that succeeded ended.
        error: JSON of the error of the last attempt that ended, if it failed.
        disabled_at: Since when its owner has disabled it.
        requested: What was asked of it, and is not begun yet.
        requested_at: When that was asked.
        told_at: When the module was first told of that, in the answer to a report.
        failures: Attempts that have failed.
        published: JSON of the `ModuleStatus` that subscribers were last told of.
        published_position: Of the event that told them.
    """

    module: str
    kind: str
    created_at: int
    updated_at: int
    expected_interval_ms: int | None = None
    cursor: str | None = None
    heard_at: int | None = None
    last_attempt_at: int | None = None
    last_success_at: int | None = None
    error: str | None = None
    disabled_at: int | None = None
    requested: str | None = None
    requested_at: int | None = None
    told_at: int | None = None
    failures: int = 0
    published: str | None = None
    published_position: int | None = None

    def facts(self) -> OutsideFacts:
        """What is judged."""
        return OutsideFacts(
            expected_interval_ms=self.expected_interval_ms,
            heard_at=self.heard_at,
            last_attempt_at=self.last_attempt_at,
            last_success_at=self.last_success_at,
            error=error_of_text(self.error),
            disabled_at=self.disabled_at,
            requested=None if self.requested is None else RecoveryAction(self.requested),
            requested_at=self.requested_at,
        )

    def last_published(self) -> ModuleStatus | None:
        """What subscribers were last told of."""
        return None if self.published is None else _decoder.decode(self.published)


COLUMNS = ", ".join(SyncState._fields)
_SELECT = f"SELECT {COLUMNS} FROM sync_state"
_SAVE = (
    f"INSERT INTO sync_state ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in SyncState._fields)})"
    " ON CONFLICT (module) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in SyncState._fields if name not in ("module", "created_at"))
)


def new_state(module: str, kind: ModuleKind, now: int) -> SyncState:
    """The row of a module that nothing was known of."""
    return SyncState(module, kind.value, created_at=now, updated_at=now)


def find_state(snapshot: Snapshot, module: str) -> SyncState | None:
    """The row of a module, or None."""
    return snapshot.record(SyncState, _SELECT + " WHERE module = :module", {"module": module})


def list_states(snapshot: Snapshot) -> list[SyncState]:
    """All rows, by module."""
    return snapshot.records(SyncState, _SELECT + " ORDER BY module")


def count_outside(snapshot: Snapshot) -> int:
    """How many outside modules there are."""
    return snapshot.value("SELECT count(*) FROM sync_state WHERE kind = 'OUTSIDE'")


def save_state(tx: Transaction, state: SyncState) -> SyncState:
    """Write a row, whether it is there or not."""
    saved = state._replace(updated_at=tx.now)
    tx.execute(_SAVE, saved._asdict())
    return saved


def delete_state(tx: Transaction, module: str) -> None:
    """Forget a module and its attempts."""
    for table in ("sync_attempts", "sync_state"):
        tx.execute(f"DELETE FROM {table} WHERE module = :module", {"module": module})


def text_of_error(error: SyncError) -> str:
    """The JSON of an error, as it is stored."""
    return to_json(error.to_contract())


def error_of_text(text: str | None) -> SyncError | None:
    """The error of a stored JSON, if there is one."""
    return None if text is None else SyncError.of_contract(from_json(text))


def text_of_status(status: ModuleStatus) -> str:
    """The JSON of what is published."""
    return msgspec.json.encode(status).decode()
