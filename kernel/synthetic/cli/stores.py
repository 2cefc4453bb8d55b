"""Opening a store for one command."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from synthetic import looking
from synthetic.before_opening import is_new_store
from synthetic.cli.invocation import current_actor, current_command, current_overrides, data_directory
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_reader
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.kernel import Kernel
from synthetic.kernel_parts import surroundings_of
from synthetic.kernel_settings import DatabaseSettings
from synthetic.looking import without_plugins
from synthetic.origin import Origin
from synthetic.registry import Registry, load_registry
from synthetic.store import Store


@contextmanager
def open_store(data: Path | None, *, create: bool = False, adds: bool = False) -> Generator[Store]:
    """Open the store that `--data` names, with the settings of the command line, and close it after the block.

    A store that an older version wrote is not changed: that is for
    `synthetic migrate` and `synthetic serve`.

    Args:
        data: What the command got for `DataOption`.
        create: Make a store if there is none yet, or if making it was interrupted.
        adds: The command fills the store, so it is refused where the room is used up; what an operator does
            otherwise goes on.

    Raises:
        NoStoreError: There is none, and `create` is False.
        MigrationPendingError: It was written by an older version.
        SyntheticError: It cannot be opened; the code says why.
    """
    path = data_directory(data, os.environ)
    if not create:
        DataDirectory(path).require_store()
    registry = load_registry(path, overrides=current_overrides())
    migrate = create and is_new_store(path, registry)
    origin = Origin(current_actor(), is_upkeep=not adds)
    with Store(Kernel.open(path, registry=registry, migrate=migrate), origin, current_command()) as store:
        yield store


@contextmanager
def looking_into(
    directory: DataDirectory,
    settings: DatabaseSettings,
    registry: Registry | None = None,
    *,
    opening: Callable[[Path, DatabaseSettings], apsw.Connection] = open_reader,
    lent: Sequence[object] = (),
    interruption: Interruption | None = None,
) -> Generator[Snapshot]:
    """Read a store as it is, whatever its migrations and plugins, on a connection that cannot write.

    Args:
        directory: Of the store.
        settings: For the connection.
        registry: What the plugins lend to reads; None: they cannot be loaded.
        opening: Makes the connection.
        lent: What else is lent to reads, by its class.
        interruption: Whether the look should stop, asked during statements too.

    Raises:
        SyntheticError: It cannot be opened, or reading it fails.
    """
    surroundings = without_plugins() if registry is None else surroundings_of(registry, SystemClock())
    for resource in lent:
        surroundings.provide(resource)
    with looking.looking_into(
        directory, settings, surroundings, opening=opening, interruption=interruption
    ) as snapshot:
        yield snapshot
