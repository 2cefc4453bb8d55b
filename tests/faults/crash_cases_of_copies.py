"""Backups, restores, exports and imports, and how a crash in each of them is looked at; for programs."""

from __future__ import annotations

import shutil
from pathlib import Path

from crash_stores import KEYS, Case, beside, command, fill, find_missing, opened
from workload import save_all


def prepare_backup(data: Path) -> None:
    fill(data)
    command("backup", "--data", str(data))


def find_wrong_backups(data: Path) -> list[str]:
    command("backup", "verify", "--data", str(data))
    return find_missing(data)


def find_wrong_after_kill(data: Path) -> list[str]:
    """Backups that the folder lists are whole, whatever happened to the last one."""
    command("backup", "verify", "--data", str(data))
    return []


def prepare_restore(data: Path) -> None:
    prepare_backup(data)
    with opened(data) as store:
        store.write(save_all, "later")


def _constructs(data: Path) -> set[str]:
    with opened(data) as store:
        return store.read(lambda snapshot: {id for (id,) in snapshot.rows("SELECT id FROM constructs")})


def find_mixture(data: Path) -> list[str]:
    """After a restore was killed, the store is the old one or the new one."""
    found = _constructs(data)
    return [] if found in (set(KEYS), {*KEYS, "later"}) else [f"a mixture of stores: {sorted(found)}"]


def find_not_restored(data: Path) -> list[str]:
    found = _constructs(data)
    left = [name for name in ("restore.json", "restoring") if (data / name).exists()]
    return [*find_missing(data), *([] if found == set(KEYS) else [f"not restored: {found}"]), *left]


def prepare_import(data: Path) -> None:
    source = beside(data, "source")
    shutil.copytree(data, source)
    source.chmod(0o700)
    fill(source)
    command("export", "--workspace", "--to", str(beside(data, "export.zip")), "--data", str(source))


def export(data: Path) -> None:
    command("export", "--workspace", "--to", str(beside(data, "out.zip")), "--replace", "--data", str(data))


def find_half_export(data: Path) -> list[str]:
    """The file is not there, or it can be imported."""
    out = beside(data, "out.zip")
    if out.exists():
        other = beside(data, "other")
        shutil.rmtree(other, ignore_errors=True)
        command("migrate", "--data", str(other))
        command("import", str(out), "--data", str(other))
        return find_missing(other)
    return []


def recover_beside(data: Path) -> None:
    """What was placed already is done."""
    if not beside(data, "new").exists():
        command("recover", "--into", str(beside(data, "new")), "--data", str(data))


def find_not_recovered(data: Path) -> list[str]:
    left = [str(path) for path in data.parent.glob("*.partial")]
    return [*find_missing(beside(data, "new")), *find_missing(data), *left]


CASES_OF_COPIES = {
    "backup": Case(
        ("backup.copied", "backup.pieces_kept", "backup.recorded", "backup.removing"),
        lambda data: command("backup", "--data", str(data)), prepare_backup, find_wrong_backups,
        find_wrong_after_kill, {"SYNTHETIC_BACKUPS_KEEP_COUNT": "1"},
    ),
    "backup_to_file": Case(
        ("backup.copied", "backup.file_written"),
        lambda data: command("backup", "--to", str(beside(data, "one.zip")), "--data", str(data)), fill,
        lambda data: command("backup", "verify", str(beside(data, "one.zip")), "--data", str(data)) or [],
    ),
    "restore": Case(
        (
            "restore.staged", "restore.checked", "restore.noted", "restore.clearing", "restore.clearing:2",
            "restore.cleared", "restore.placing", "restore.placing:2", "restore.placed",
        ),
        lambda data: command("restore", "latest", "--data", str(data)), prepare_restore,
        find_not_restored, find_mixture,
    ),
    "recovery": Case(
        ("recover.staged", "recover.loaded", "recover.checked", "recover.placed"),
        recover_beside, fill, find_not_recovered, find_missing,
    ),
    "recovery_in_place": Case(
        (
            "recover.staged", "recover.loaded", "recover.checked", "restore.noted", "restore.clearing",
            "restore.cleared", "restore.placing", "recover.placed",
        ),
        lambda data: command("recover", "--replace", "--yes", "--data", str(data)), fill, find_missing, find_missing,
    ),
    "import": Case(
        (
            "import.begun", "import.files_written", "import.files_written:2", "import.unit_stored",
            "import.unit_stored:3", "transaction.committed:2",
        ),
        lambda data: command("import", str(beside(data, "export.zip")), "--data", str(data)),
        prepare_import, find_missing,
    ),
    "export": Case(("export.members_written", "export.named"), export, fill, find_half_export, find_half_export),
}  # fmt: skip
"""By operation; `operations.py` says what starts each."""
