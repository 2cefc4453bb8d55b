"""Copies of a whole store, made before something that cannot be undone.

A copy has its final name only once it is whole and on the disk: what ends in
`.partial` is what a crash has left of one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import apsw

from synthetic.data_directory import DataDirectory
from synthetic.database.failures import FULL_RETRY_MS, translate
from synthetic.durable_files import durable_path, translate_system_error
from synthetic.errors import StorageFullError

NO_ROOM = "There is no room for the backup that is made first; nothing was changed."


def backup_path(directory: DataDirectory, reason: str, now: int) -> Path:
    """Where a backup is to lie.

    Args:
        directory: The store's.
        reason: Words for the name, for instance `before-migration`.
        now: Unix milliseconds.
    """
    stamp = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    return directory.backups / f"{reason}-{stamp}-{now % 1000:03d}.db"


def back_up(connection: apsw.Connection, target: Path) -> None:
    """Copy the database into a file that only its owner can read; when it returns, the copy is on the disk.

    Args:
        connection: To the store, outside a transaction and not `query_only`.
        target: See `backup_path`; its directory is made if it is not there.

    Raises:
        StorageFullError: There is no room for it.
        StorageReadOnlyError: The file or its directory cannot be made.
        SyntheticError: The store cannot be read, for instance STORE_DAMAGED;
            whatever it is, no part of the copy is left and nothing was changed.
    """
    try:
        with durable_path(target) as partial:
            connection.execute("VACUUM INTO ?", (str(partial),))
    except apsw.Error as error:
        translated = translate(error, connection.system_errno)
        if isinstance(translated, StorageFullError):
            raise StorageFullError(NO_ROOM, retry_after_ms=FULL_RETRY_MS) from error
        raise translated from error
    except OSError as error:
        raise translate_system_error(error, f"The backup {target}, without which nothing was changed,") from error
