"""Backups over GraphQL: `backups` and `runBackup`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated, Self

import strawberry

from synthetic.backups.notes import REQUESTED, check_reason, find_proven, find_request, save_request
from synthetic.backups.records import Backup as BackupRecord
from synthetic.backups.running import StoreBackups
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.graphql.fields import mutation, query
from synthetic.graphql.scalars import DateTime, Long
from synthetic.kernel_settings import BackupSettings, LimitSettings
from synthetic.security.gate import Scope
from synthetic.validation import bad_input

DISK_BYTES = 4_194_304
"""What reading the folder is worth: too much for an event loop."""


@strawberry.type(description="A backup in the folder that the settings name.")
class Backup:
    """One of `Backups`."""

    id: strawberry.ID = strawberry.field(description="Its name, which begins with when it was taken.")
    reason: str = strawberry.field(
        description="Why it was taken: `manual`, `schedule`, `requested`, or before what, such as `before-migration`."
    )
    position: str = strawberry.field(description="The place in the log that all of it is of.")
    taken_at: DateTime = strawberry.field(description="When the database was copied.")
    proven_at: DateTime | None = strawberry.field(
        description="When it was last restored into a scratch place and passed all checks; null: it has not."
    )
    problems: list[str] = strawberry.field(description="What the checks have found there.")
    is_whole: bool = strawberry.field(
        description="Whether files are in it too; else it is of the database alone, as before a migration."
    )
    bytes: Long = strawberry.field(description="What it takes once it is restored.")
    added_bytes: Long = strawberry.field(description="What it added to the folder, as stored.")
    files: Long = strawberry.field(description="How many files there are beside the database.")
    version: str = strawberry.field(description="The version of Synthetic that took it.")

    @classmethod
    def of(cls, backup: BackupRecord) -> Self:
        """The object of a record."""
        return cls(
            id=strawberry.ID(backup.id),
            reason=backup.reason,
            position=backup.position,
            taken_at=DateTime(backup.taken_at),
            proven_at=None if backup.proven_at is None else DateTime(backup.proven_at),
            problems=list(backup.problems),
            is_whole=backup.is_whole,
            bytes=Long(backup.size_bytes),
            added_bytes=Long(backup.added_bytes),
            files=Long(backup.files),
            version=backup.version,
        )


@strawberry.type(description="The store's backups.")
class Backups:
    """Answer of `backups`."""

    last_proven_id: strawberry.ID | None = strawberry.field(
        description="The newest backup that was proven, wherever it went; null: none was."
    )
    last_proven_at: DateTime | None = strawberry.field(description="When it was taken.")
    last_proven_age_ms: Long | None = strawberry.field(description="How long ago that was.")
    requested_at: DateTime | None = strawberry.field(description="Since when one is asked for that has not begun.")
    schedule: str | None = strawberry.field(description="When backups are taken, as cron in UTC; null: when asked to.")
    total_count: int = strawberry.field(description="How many there are in the folder.")
    unreadable: list[str] = strawberry.field(description="What is wrong with records that cannot be read.")
    nodes: list[Backup] = strawberry.field(description="The newest ones, the newest first.")


@strawberry.input(description="A backup that is asked for.")
class RunBackupInput:
    """The input of `runBackup`."""

    reason: str = strawberry.field(
        default=REQUESTED,
        description="A word for its name: lower-case letters and digits, joined by hyphens, at most 50.",
    )


@strawberry.type(description="What `runBackup` has done: the backup is taken in the background.")
class RunBackupPayload:
    """The payload of `runBackup`."""

    requested_at: DateTime = strawberry.field(
        description="Since when it is asked for; earlier than now, if it was asked for already and has not begun."
    )
    reason: str = strawberry.field(description="The word for its name, of whoever was first to ask.")


@query
def backups(
    snapshot: Snapshot,
    first: Annotated[int, strawberry.argument(description="How many at most, the newest first.")] = 20,
) -> Backups:
    """The backups in the folder that the settings name, and how old the last proven one is."""
    most = snapshot.settings(LimitSettings).page_size
    if not 0 <= first <= most:
        raise bad_input("first", f"must be from 0 to {most}")
    snapshot.spend(DISK_BYTES)
    found, wrong = snapshot.resource(StoreBackups).folder.list_backups()
    proven, request = find_proven(snapshot), find_request(snapshot)
    return Backups(
        last_proven_id=None if proven is None else strawberry.ID(proven.id),
        last_proven_at=None if proven is None else DateTime(proven.taken_at),
        last_proven_age_ms=None if proven is None else Long(max(0, snapshot.now - proven.taken_at)),
        requested_at=None if request is None or request.attempt_id else DateTime(request.requested_at),
        schedule=snapshot.settings(BackupSettings).schedule or None,
        total_count=len(found),
        unreadable=[error.message for error in wrong],
        nodes=[Backup.of(each) for each in found[:first]],
    )


@mutation(scope=Scope.ADMIN)
def run_backup(tx: Transaction, input: RunBackupInput) -> RunBackupPayload:
    """Ask for a backup: the process that does the background work begins it within about a second.

    How it fares is in `syncStatus(module: "backup")`, and what came of it in `backups`.
    """
    request = save_request(tx, check_reason(input.reason))
    return RunBackupPayload(requested_at=DateTime(request.requested_at), reason=request.reason)
