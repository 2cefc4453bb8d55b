"""What the tests of backups share: taking one, and looking at what was restored."""

from __future__ import annotations

from pathlib import Path

import apsw

from synthetic.backups.errors import BackupDamagedError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.records import Backup
from synthetic.backups.running import back_up_store
from synthetic.backups.sources import OpenBackup, find_damage, open_backup
from synthetic.store import Store

SAVE = 'mutation($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { construct { id } } }'


def go_on(_done_bytes: int) -> None:
    """Nobody asks to stop."""


def take(store: Store, target: BackupFolder | Path | None = None, hook=go_on, reason: str = "manual") -> Backup:
    """A backup of a store."""
    return back_up_store(store, store.kernel.backups, reason, hook, target)


def files_below(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ids_in(database: Path) -> list[str]:
    """The constructs in the database of a store that nobody has open."""
    connection = apsw.Connection(str(database))
    assert connection.pragma("integrity_check") == "ok"
    ids = [id for (id,) in connection.execute("SELECT id FROM constructs ORDER BY id")]
    connection.close()
    return ids


def damage_of(named: str, store: Store) -> str:
    """How the first damaged part of a backup is named, looked for as `verify` does; empty: it is whole."""
    try:
        with open_backup(named, store.kernel.backups.folder) as opened:
            found = find_damage(opened, go_on)
            if not found:
                opened.check_container()
    except BackupDamagedError as error:
        return error.message
    return found[0] if found else ""


def contents_of(opened: OpenBackup) -> list[str]:
    """The paths of what is in a backup."""
    return [file.path for file in opened.read_contents().files]
