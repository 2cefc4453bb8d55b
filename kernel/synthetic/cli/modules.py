"""How the modules of a store fare, as `synthetic status` shows it: once, or for as long as somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from rich.live import Live
from rich.table import Table

from synthetic.cli.output import console_on, emit, show, table_of
from synthetic.cli.stores import looking_into
from synthetic.data_directory import DataDirectory
from synthetic.database.snapshot import Snapshot
from synthetic.errors import iso_from_ms
from synthetic.log.positions import Position
from synthetic.log.sync.answer import read_answer, status_as_json
from synthetic.log.sync.model import ModuleStatus, SyncStatus
from synthetic.log.sync.publication import forgotten_status
from synthetic.log.sync.spans import span_in_words
from synthetic.registry import Registry

LOOK_SECONDS = 0.5
"""Pause between two looks of `--watch`."""

Modules: TypeAlias = tuple[Position, list[ModuleStatus]]

_URGENCY = (
    SyncStatus.FAILED,
    SyncStatus.STALE,
    SyncStatus.NEVER_SYNCED,
    SyncStatus.SYNCING,
    SyncStatus.SYNCED,
    SyncStatus.DISABLED,
)
_TABLES = ("consumers", "domain_events", "sync_state", "drift_checks", "drift_rows")


def find_modules(snapshot: Snapshot) -> Modules | None:
    """How every module fares; None in a store that lacks the tables for it."""
    names = [name for (name,) in snapshot.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return read_answer(snapshot) if set(_TABLES) <= set(names) else None


def modules_table(statuses: Sequence[ModuleStatus]) -> Table:
    """A table for people, with what needs them first: a terminal may not have room for all."""
    rows = [
        (
            status.module,
            status.status.value,
            None if status.since is None else iso_from_ms(status.since),
            None if status.last_success_at is None else iso_from_ms(status.last_success_at),
            _lag(status),
            "\n".join(_why(status)) or None,
            _asked(status),
        )
        for status in sorted(statuses, key=lambda status: _URGENCY.index(status.status))
    ]
    return table_of(("module", "status", "since", "last success", "lag", "why", "can be asked"), rows)


def watch_modules(directory: DataDirectory, registry: Registry, *, as_json: bool) -> None:
    """Show the modules until Ctrl-C: on a terminal a table that is drawn anew, else what changes.

    Args:
        directory: Of the store.
        registry: The plugins.
        as_json: Write one line of JSON for each module at first, and for each that fares otherwise later.

    Raises:
        SyntheticError: The store cannot be read.
    """
    looks = _looks(directory, registry)
    try:
        if as_json:
            _write_changes(looks, _emit_module)
        elif sys.stdout.isatty():
            with Live(console=console_on(sys.stdout), auto_refresh=False) as display:
                for _, statuses in looks:
                    display.update(modules_table(statuses), refresh=True)
        else:
            _write_changes(looks, lambda status, _: show(modules_table([status]), ""))
    except KeyboardInterrupt:
        return  # that is how it ends


def _looks(directory: DataDirectory, registry: Registry) -> Iterator[Modules]:
    """The modules now, and again each time that anything of them has changed."""
    last: list[ModuleStatus] | None = None
    while True:
        with looking_into(directory, registry.kernel_settings.database, registry) as snapshot:
            position, statuses = read_answer(snapshot)
        if statuses != last:
            last = statuses
            yield position, statuses
        time.sleep(LOOK_SECONDS)


def _write_changes(looks: Iterator[Modules], write: Callable[[ModuleStatus, Position], None]) -> None:
    """Write each module that fares otherwise than when it was last written."""
    written: dict[str, ModuleStatus] = {}
    for position, statuses in looks:
        present = {status.module: status for status in statuses}
        gone = {module: forgotten_status(module) for module in written if module not in present}
        for module, status in (present | gone).items():
            last = written.get(module)
            if last is None or (last.outline(), last.requested) != (status.outline(), status.requested):
                write(status, position)
                written[module] = status
        for module in gone:
            del written[module]


def _emit_module(status: ModuleStatus, position: Position) -> None:
    emit(status_as_json(status, position), True)  # noqa: FBT003 - as JSON


def _lag(status: ModuleStatus) -> str | None:
    if status.lag_ms is None:
        return None
    if status.lag_events is None:
        return span_in_words(status.lag_ms)
    return f"{status.lag_events:,} events, {span_in_words(status.lag_ms)}" if status.lag_events else "none"


def _why(status: ModuleStatus) -> Iterator[str]:
    yield from (f"{each.reason}: {each.message}" for each in status.reasons)
    if status.error is not None:
        yield f"{status.error.code}: {status.error.message} {status.error.action}"


def _asked(status: ModuleStatus) -> str | None:
    asked = [] if status.requested is None else [f"{status.requested} (asked)"]
    return ", ".join([*asked, *(action for action in status.actions if action != status.requested)]) or None
