"""Real stores in temporary directories, with any set of plugins.

A store is migrated once for each set of settings and then copied, the plugins
are loaded once for each set of settings of a process, and a store does not wait
for the disk (`synchronous=OFF`) unless a test asks for that.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sys
from collections.abc import Generator, Mapping
from pathlib import Path

from synthetic.clock import Clock, SystemClock
from synthetic.kernel import Kernel
from synthetic.registry import Registry, load_registry
from synthetic.setting_layers import ENVIRONMENT_PREFIX, FILE_NAME
from synthetic.store import Store

FAST_SETTINGS = {"kernel.database.synchronous": "OFF", "kernel.database.free_disk_bytes": "0"}
"""For tests that are not about durability."""


def make_template(directory: Path, settings: Mapping[str, str] | None = None) -> Path:
    """Make a migrated, empty store to copy from, and return its directory."""
    kernel = Kernel.open(directory, overrides={**FAST_SETTINGS, **(settings or {})}, migrate=True)
    kernel.close()
    return directory


def copy_template(template: Path, target: Path) -> Path:
    """Copy a template store, which must be closed, and return the copy's directory."""
    shutil.copytree(template, target)
    target.chmod(0o700)
    return target


@contextlib.contextmanager
def open_test_store(
    directory: Path, *, settings: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Generator[Store]:
    """A store that need not survive a power cut, for the length of a `with`.

    Where the directory has no `plugins.toml` of its own, the store has the
    same loaded plugins as others that were opened with these settings.
    """
    overrides = {**FAST_SETTINGS, **(settings or {})}
    registry = None if (directory / FILE_NAME).exists() else _shipped_registry(overrides)
    kernel = Kernel.open(directory, overrides=overrides, migrate=True, registry=registry, clock=clock or SystemClock())
    with Store(kernel) as store:
        yield store


def _shipped_registry(overrides: Mapping[str, str]) -> Registry:
    """The plugins that the shipped file lists; loading them takes longer than all else that opening does."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT_PREFIX)}
    return _load_once(tuple(sorted(overrides.items())), tuple(sorted(environment.items())), tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _load_once(
    overrides: tuple[tuple[str, str], ...], environment: tuple[tuple[str, str], ...], _import_path: tuple[str, ...]
) -> Registry:
    """Load what is the same as long as settings, environment and import path are, since a registry never changes."""
    return load_registry(None, overrides=dict(overrides), environ=dict(environment))
