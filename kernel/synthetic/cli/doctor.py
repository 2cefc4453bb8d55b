"""`synthetic doctor`: one page on how a store is, and what to run next."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import typer

from synthetic.before_opening import pending_migrations
from synthetic.checks.declared import LoadedChecks
from synthetic.checks.ledger_checks import ExpectedMigrations
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, fields_of, show
from synthetic.cli.stores import looking_into
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import check_sqlite_version
from synthetic.database.snapshot import Snapshot
from synthetic.errors import MigrationPendingError, SyntheticError, iso_from_ms
from synthetic.kernel_parts import blueprint_of
from synthetic.kernel_settings import KernelSettings
from synthetic.log.archive import Archive
from synthetic.logs import correlation_id
from synthetic.recovery.examination import Ailment, Patient, Weight, examine
from synthetic.registry import Registry, load_registry
from synthetic.store_folder import StoreFolder

VERDICTS = {
    Weight.DATA: ("IN_DANGER", "Data is in danger: do the first of these before anything is written."),
    Weight.WORK: ("NOT_WORKING", "The store does not work as it is set up."),
    Weight.CARE: ("NEEDS_CARE", "The store works; these things are to be looked after."),
}
SOUND = ("SOUND", "Nothing is found wrong.")
SHOWN_MAX = 20
"""So many findings are shown to people; --json has them all."""


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say on one page how the store is, what is wrong with it, the heaviest first, and what to run next.

    Nothing is changed. It works on a store that does not open, that is damaged,
    or whose plugins cannot be loaded. It looks at what can be seen in a moment;
    `synthetic check` looks further.
    """
    directory = DataDirectory(data_directory(data, os.environ))
    check_sqlite_version()
    registry, failure = _load(directory)
    ailments = examine(_patient(directory, registry, failure))
    name, words = VERDICTS[ailments[0].weight] if ailments else SOUND
    if as_json:
        emit(_as_json(directory, name, words, ailments), as_json)
    else:
        _show(directory, words, ailments)
    if ailments and ailments[0].weight is not Weight.CARE:
        raise typer.Exit(ailments[0].error.exit_code)


def _load(directory: DataDirectory) -> tuple[Registry | None, SyntheticError | None]:
    try:
        return load_registry(directory.path, overrides=current_overrides()), None
    except SyntheticError as error:
        return None, error


def _patient(directory: DataDirectory, registry: Registry | None, failure: SyntheticError | None) -> Patient:
    settings = KernelSettings() if registry is None else registry.kernel_settings
    lent: tuple[object, ...] = (Archive(directory.archive), StoreFolder(directory.path))
    if registry is not None:
        lent = (*lent, ExpectedMigrations(tuple(blueprint_of(registry).migrations)))

    @contextmanager
    def opening() -> Generator[Snapshot]:
        with looking_into(directory, settings.database, registry, lent=lent) as snapshot:
            yield snapshot

    def inspect() -> None:
        pending = () if registry is None else pending_migrations(directory.path, registry)
        if pending:
            raise MigrationPendingError(f"The store lacks {', '.join(map(str, pending))}.")

    return Patient(
        directory=directory,
        settings=settings,
        checks=LoadedChecks.of(() if registry is None else registry.checks),
        opening=opening,
        inspect=inspect,
        clock=SystemClock(),
        failure=failure,
    )


def _next_steps(ailments: list[Ailment]) -> list[str]:
    """What to do, in order, each said once."""
    return list(dict.fromkeys(each.error.suggested_action for each in ailments))


def _show(directory: DataDirectory, words: str, ailments: list[Ailment]) -> None:
    show(f"{directory.path}: {words}")
    for each in ailments[:SHOWN_MAX]:
        show(
            f"\n{each.error.code}: {each.error.message}",
            fields_of({"  About": each.about, "  What to do": each.error.suggested_action}),
        )
    if len(ailments) > SHOWN_MAX:
        show(f"\n{len(ailments) - SHOWN_MAX} more; --json shows them all.")
    if not ailments:
        show("`synthetic check` looks further: at every row, key and page.")


def _as_json(directory: DataDirectory, name: str, words: str, ailments: list[Ailment]) -> dict[str, Any]:
    now_ms, correlation = SystemClock().now_ms(), correlation_id()
    return {
        "dataDirectory": str(directory.path),
        "checkedAt": iso_from_ms(now_ms),
        "verdict": name,
        "message": words,
        "findings": [
            {"weight": each.weight.name, "about": each.about, **each.error.to_contract(correlation, now_ms)}
            for each in ailments
        ],
        "next": _next_steps(ailments),
    }
