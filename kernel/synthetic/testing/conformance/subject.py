"""The plugin that is looked at, and the stores in which it is: each is made once, and copied by who changes it."""

from __future__ import annotations

import contextlib
import functools
import itertools
import shutil
import tempfile
from collections.abc import Callable, Collection, Generator, Iterable
from pathlib import Path
from typing import Self, TypeVar

from synthetic.clock import SystemClock
from synthetic.contributions import Plugin, Stamped, Table
from synthetic.database.confinement import Territory
from synthetic.database.ownership import list_tables
from synthetic.kernel import Kernel
from synthetic.plugins.discovery import get_installed, list_installed
from synthetic.registry import Registry
from synthetic.store import Store
from synthetic.testing.clocks import ManualClock
from synthetic.testing.conformance.background import let_background_work
from synthetic.testing.conformance.filling import fill_by_demo
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.witness import WriteWitness
from synthetic.testing.plugin_sets import PluginSettings, introduce, load_plugins, with_required, write_plugins_toml
from synthetic.testing.stores import FAST_SETTINGS, copy_template

RecordT = TypeVar("RecordT")

Fill = Callable[[Store], object]
"""Writes something of everything that a plugin keeps."""


class PluginUnderTest:
    """One installed plugin, and all that the checks need to look at it.

    Attributes:
        name: Its name.
        record: What it says of itself.
        package: Import name of the package that holds it.
        required: All plugins that it needs, in load order, without itself.
        companions: Those beside these for which it has `with_` modules, as far as they are installed.
        sdl: File with the GraphQL schema that was released, or None.
        walks: Filters that may do without an index; None: any may, and is noted.
        notes: What the check that runs wants to be known, beside problems.
        raised: What has stopped checks so far, and the first that each of it has stopped.
    """

    def __init__(
        self,
        name: str,
        *,
        fill: Fill | None = None,
        settings: PluginSettings | None = None,
        sdl: Path | None = None,
        walks: Collection[str] | None = None,
    ) -> None:
        """Find it; use it in a `with`.

        Args:
            name: Of an installed plugin.
            fill: Writes something of everything that it keeps; None: its part of the demo does.
            settings: Of its table in `plugins.toml`.
            sdl: File with the schema of the plugin and what it requires, as the last release had it.
            walks: Filters that may do without an index, such as `bookmarks.filter.title`; None: any may.

        Raises:
            PluginFailedError, PluginClashError: It is not installed, is installed twice, or cannot be imported.
        """
        self.name = name
        self.record: Plugin = introduce(name)
        self.required = with_required(name)[:-1]
        installed = list_installed()
        known = {each.name for each in installed}
        self.companions = tuple(other for other in self.record.with_ if other in known)
        self.package = get_installed(name, installed).module_name.rpartition(".")[0]
        self.sdl = sdl
        self.walks = walks
        self.notes: list[str] = []
        self.raised: dict[str, str] = {}
        self.witness = WriteWitness(self.package)
        self._fill = fill
        self._settings = dict(settings or {})
        self._numbers = itertools.count(1)
        self._kept = contextlib.ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        self._folder = Path(self._kept.enter_context(tempfile.TemporaryDirectory(prefix="synthetic-conformance-")))
        return self

    def __exit__(self, *_raised: object) -> None:
        self._kept.close()

    def new_directory(self, what: str) -> Path:
        """Where a store can be made; it goes with the subject.

        Raises:
            RuntimeError: The subject is not used in a `with`.
        """
        if self._folder is None:
            raise RuntimeError("use the plugin under test in a `with`")
        return self._folder / f"{next(self._numbers)}-{what}"

    def load(self, plugins: Collection[str], *, shipped: bool = False) -> Registry:
        """The registry of some plugins; this one has its settings."""
        listing = self.new_directory("plugins")
        self.list_plugins(listing, plugins, shipped=shipped)
        return load_plugins(listing)

    def list_plugins(self, directory: Path, plugins: Collection[str], *, shipped: bool = False) -> None:
        """Write the `plugins.toml` of a directory."""
        tables = {name: self._settings if name == self.name else {} for name in plugins}
        write_plugins_toml(directory, tables, shipped=shipped)

    @functools.cached_property
    def without(self) -> Registry:
        """What it requires, without it."""
        return self.load(self.required)

    @functools.cached_property
    def alone(self) -> Registry:
        """The plugin with what it requires and nothing else."""
        return self.load((*self.required, self.name))

    @functools.cached_property
    def tables(self) -> dict[str, Table]:
        """Its tables, by name."""
        return {each.record.name: each.record for each in self.alone.tables if each.plugin == self.name}

    def require_tables(self) -> dict[str, Table]:
        """Its tables, by name.

        Raises:
            NothingToCheckError: It has none.
        """
        if not self.tables:
            raise NothingToCheckError("The plugin has no tables.")
        return self.tables

    @contextlib.contextmanager
    def opened(
        self, directory: Path, registry: Registry | None = None, *, clock: ManualClock | None = None
    ) -> Generator[Store]:
        """A store of a directory, made if it is not there, migrated; for the length of a `with`.

        Args:
            directory: Where.
            registry: Of its plugins; None: `alone`.
            clock: None: one that shows what all stores of the subject show.
        """
        kernel = Kernel.open(
            directory, registry=registry or self.alone, migrate=True, clock=clock or self.new_clock(),
            overrides=FAST_SETTINGS,
        )  # fmt: skip
        with Store(kernel) as store:
            yield store

    def new_clock(self) -> ManualClock:
        """A clock that stands where those of the subject's stores begin, while monotonic time runs on."""
        return ManualClock(monotonic=SystemClock())

    @functools.cached_property
    def before(self) -> Path:
        """A store of what the plugin requires, filled, in which the plugin never was; closed."""
        directory = self.new_directory("before")
        with self.opened(directory, self.without) as store:
            fill_by_demo(store)
        return directory

    @functools.cached_property
    def filled(self) -> Path:
        """A store with the plugin and its rows, after its background work; closed. What it wrote was watched."""
        directory = self.new_directory("filled")
        with self.opened(directory) as store, self.witness.watching(store, self.territory(store)):
            written = fill_by_demo(store, self.name)
            if self._fill is not None:
                self._fill(store)
            elif not written:
                self.notes.append("It has no part of the demo, and no fill was given: its tables may be empty.")
            let_background_work(store, self.name)
        return directory

    def copy_of(self, directory: Path) -> Path:
        """A copy of a closed store, to change."""
        return copy_template(directory, self.new_directory("copy"))

    def territory(self, store: Store) -> Territory:
        """What the plugin may write to."""
        owners = {table.record.name: table.plugin for table in store.read(list_tables)}
        return store.kernel.blueprint.territory(self.name, owners)

    def own(self, contributed: Iterable[Stamped[RecordT]]) -> list[RecordT]:
        """The records among some that are the plugin's."""
        return [each.record for each in contributed if each.plugin == self.name]

    def forget(self, directory: Path) -> None:
        """Remove a store that is not needed any more."""
        shutil.rmtree(directory)
