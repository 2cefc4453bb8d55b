"""What a store lacks before it is opened: its migrations, or all that makes one."""

from __future__ import annotations

from pathlib import Path

from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import Migration
from synthetic.database.opening import inspect_store
from synthetic.errors import NotAStoreError, StoreDamagedError
from synthetic.kernel_parts import blueprint_of
from synthetic.recovery.damage import explain_damage
from synthetic.registry import Registry


def pending_migrations(data_dir: Path, registry: Registry, *, keeps_damaged: bool = False) -> tuple[Migration, ...]:
    """Which migrations the store in a directory lacks, without changing it.

    Args:
        data_dir: Where it is.
        registry: The loaded plugins.
        keeps_damaged: Keep a copy of a damaged database in `quarantine/`.

    Raises:
        SyntheticError: The store is not ours, damaged, newer than this code, or its
            history was edited.
    """
    settings, directory = registry.kernel_settings, DataDirectory(data_dir)
    try:
        return inspect_store(directory, settings.database, blueprint_of(registry))
    except (StoreDamagedError, NotAStoreError) as error:
        raise explain_damage(directory, settings, SystemClock(), error, keeps=keeps_damaged) from error


def is_new_store(data_dir: Path, registry: Registry) -> bool:
    """Whether the directory holds no store yet, or one whose making was interrupted: a store is made at once.

    Raises:
        SyntheticError: See `pending_migrations`.
    """
    return len(pending_migrations(data_dir, registry, keeps_damaged=True)) == len(blueprint_of(registry).migrations)
