"""Switching plugins on and off for a store, after a look at what would come of it.

Nothing is written that would keep the store from starting: the plugins are
loaded, the schema is built and the store's ledger is compared as the changed
file would have it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthetic.before_opening import pending_migrations
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import Migration
from synthetic.errors import ConflictError, NotFoundError, PluginClashError, PluginFailedError, SyntheticError
from synthetic.kernel import schema_of
from synthetic.plugins.description import required_by
from synthetic.plugins.discovery import list_installed
from synthetic.plugins.listing_file import ListingFile
from synthetic.registry import Registry, load_registry
from synthetic.setting_layers import did_you_mean, environment_name, read_layers
from synthetic.settling import settle


@dataclass(frozen=True, slots=True)
class Switched:
    """What would come of a change, or has.

    Attributes:
        before, after: The file without the change and with it.
        changed: The plugins whose state in the file is another.
        registry: What is loaded then.
        pending: Migrations that the store lacks for it.
    """

    before: ListingFile
    after: ListingFile
    changed: tuple[str, ...]
    registry: Registry
    pending: tuple[Migration, ...]

    def write(self) -> None:
        """Carry it out.

        Raises:
            ConflictError: Somebody has written the file meanwhile.
            SyntheticError: It cannot be written.
        """
        if self.changed:
            DataDirectory(self.before.path.parent).prepare()
            self.after.write(self.before)


def plan_switch(
    data_dir: Path,
    names: Sequence[str],
    *,
    is_on: bool,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Switched:
    """See what would come of switching plugins on or off, all at once.

    Args:
        data_dir: The data directory; it need not hold a store.
        names: Of the plugins.
        is_on: Whether they are to be loaded.
        overrides: Flags of the command line.
        environ: The environment.

    Raises:
        NotFoundError: There is no such plugin.
        ConflictError: Loaded plugins require one that is to be switched off,
            or something stronger than the file says otherwise.
        SyntheticError: The store would not start; the code says why.
    """
    _check_names(data_dir, names)
    if not is_on:
        _check_requirers(data_dir, names, overrides, environ)
    shipped = read_layers(None, {}, {}).plugin_names()
    before = after = ListingFile.read(data_dir)
    changed: list[str] = []
    for name in names:
        following = after.switched(name, is_on=is_on, is_listed=name in shipped)
        if following is not after:
            changed.append(name)
        after = following
    registry = _load_as(data_dir, after, overrides, environ)
    registry = settle(data_dir, registry)
    for name in names:
        _check_outcome(registry, name, is_on=is_on)
    schema_of(registry)
    pending = pending_migrations(data_dir, registry) if DataDirectory(data_dir).database.is_file() else ()
    return Switched(before, after, tuple(changed), registry, pending)


def _load_as(
    data_dir: Path, file: ListingFile, overrides: Mapping[str, str] | None, environ: Mapping[str, str]
) -> Registry:
    """Load the plugins as a file would have it."""
    text = file.text if file.text or file.path.exists() else None
    try:
        return load_registry(data_dir, overrides=overrides, environ=environ, text=text)
    except (PluginFailedError, PluginClashError) as error:
        raise type(error)(
            f"The store would not start: {error.message}", action=error.suggested_action, details=error.details
        ) from error


def _check_names(data_dir: Path, names: Sequence[str]) -> None:
    known = {*(plugin.name for plugin in list_installed()), *read_layers(data_dir, {}, {}).plugin_names()}
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"No plugin called {name} is installed or listed.{did_you_mean(name, known)}",
                action="`synthetic plugins list` shows those that are.",
                details={"plugin": name},
            )


def _check_requirers(
    data_dir: Path, names: Sequence[str], overrides: Mapping[str, str] | None, environ: Mapping[str, str]
) -> None:
    """Refuse to switch off what others need, and name all of them."""
    try:
        registry = load_registry(data_dir, overrides=overrides, environ=environ)
    except SyntheticError:
        return  # whether the change mends that is seen when the result is loaded
    for name in names:
        left = [other for other in required_by(registry, name) if other not in names]
        if left:
            raise ConflictError(
                f"{' and '.join(left)} cannot be without {name}.",
                action=f"Disable all of them: `synthetic plugins disable {' '.join((*reversed(left), *names))}`.",
                details={"plugin": name, "requiredBy": left},
            )


def _check_outcome(registry: Registry, name: str, *, is_on: bool) -> None:
    left_out = next((each for each in registry.left_out if each.name == name), None)
    if left_out is not None and is_on:
        raise PluginFailedError(left_out.reason, action=left_out.action, details={"plugin": name})
    if is_on is not (registry.find_plugin(name) is not None):
        stronger = next(
            (value.source.where for value in registry.settings_of(name) if value.name.endswith(".enabled")), "a flag"
        )
        raise ConflictError(
            f"{stronger} says otherwise of {name}, and is stronger than the file.",
            action=f"Take it away, or change it: {environment_name(f'plugins.{name}.enabled')} is the variable.",
            details={"plugin": name, "where": stronger},
        )
