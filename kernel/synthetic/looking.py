"""Looking into a store without opening it: a snapshot on a connection that cannot write, for commands and proofs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_reader
from synthetic.database.failures import translate
from synthetic.database.interruption import Interruption
from synthetic.database.preparation import ConnectionPreparation
from synthetic.database.readers import STEPS_BETWEEN_CHECKS
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.kernel_settings import DatabaseSettings, KernelSettings


@contextmanager
def looking_into(
    directory: DataDirectory,
    settings: DatabaseSettings,
    surroundings: Surroundings,
    *,
    opening: Callable[[Path, DatabaseSettings], apsw.Connection] = open_reader,
    interruption: Interruption | None = None,
) -> Generator[Snapshot]:
    """Read a store as it is, whatever its migrations and plugins, on a connection that cannot write.

    Args:
        directory: Of the store.
        settings: For the connection.
        surroundings: What plugins and the kernel lend to reads.
        opening: Makes the connection.
        interruption: Whether the look should stop, asked during statements too.

    Raises:
        SyntheticError: It cannot be opened, or reading it fails.
    """
    try:
        connection = opening(directory.database, settings)
    except apsw.Error as error:
        raise translate(error) from error
    try:
        clock = SystemClock()
        watch = interruption or Interruption(clock)
        connection.set_progress_handler(lambda: watch.reason() is not None, STEPS_BETWEEN_CHECKS)
        connection.execute("BEGIN")
        surroundings.resource(ConnectionPreparation).prepare(connection, "reader")
        snapshot = Snapshot(connection, clock.now_ms(), surroundings, watch)
        try:
            yield snapshot
        finally:
            snapshot.close()
    except apsw.Error as error:
        raise translate(error, connection.system_errno) from error
    finally:
        connection.close()


def without_plugins() -> Surroundings:
    """What is lent to reads where no plugin is loaded: the kernel's default settings, and resources that need none."""
    return Surroundings(_default_settings)


def _default_settings(settings_class: type[Any], /) -> Any:
    kernel = KernelSettings()
    for field in dataclasses.fields(kernel):
        if type(getattr(kernel, field.name)) is settings_class:
            return getattr(kernel, field.name)
    raise LookupError(f"no plugin is loaded that could have {settings_class.__name__}")
