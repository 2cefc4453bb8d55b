"""The part of the test kit that is made for pytest: fixtures, and the conformance suite as a class of tests.

A test suite asks for it in its outermost `conftest.py`:

    pytest_plugins = ["synthetic.testing.pytest_plugin"]

All fixtures begin with `synthetic_`, so none of a suite's own is in their way.
A module says which plugins its stores have by overriding `synthetic_plugins`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from synthetic.clock import Clock, SystemClock
from synthetic.store import Store
from synthetic.testing.clients import ServerClient, StoreClient
from synthetic.testing.clocks import ManualClock
from synthetic.testing.conformance import CHECKS, ConformanceCheck
from synthetic.testing.conformance.records import Outcome
from synthetic.testing.conformance.subject import Fill, PluginUnderTest
from synthetic.testing.plugin_sets import PluginSettings, open_plugin_store, write_plugins_toml
from synthetic.testing.servers import RunningServer, running_server
from synthetic.testing.snapshots import expect_snapshot

UPDATE = "--update-snapshots"

Plugins = Iterable[str] | Mapping[str, PluginSettings]


class MakeStore(Protocol):
    """What the fixture `synthetic_stores` is."""

    def __call__(
        self, plugins: Plugins, *, settings: Mapping[str, str] | None = None, clock: Clock | None = None
    ) -> Store:
        """Open one more store, in a directory of its own, until the test ends.

        Args:
            plugins: Names of installed plugins, each with its settings where they are given.
            settings: More settings, by dotted name.
            clock: None: `synthetic_clock`.
        """
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option under which `synthetic_snapshot` writes what it would compare with."""
    group = parser.getgroup("synthetic")
    group.addoption(UPDATE, action="store_true", help="Write what is kept beside tests, in place of comparing with it.")


@pytest.fixture
def synthetic_plugins() -> Plugins:
    """Which plugins the stores of a module have, beside what these require; override it. None by default."""
    return ()


@pytest.fixture
def synthetic_clock() -> ManualClock:
    """The clock of the stores; it stands until it is moved, while monotonic time runs on."""
    return ManualClock(monotonic=SystemClock())


@pytest.fixture
def synthetic_stores(tmp_path: Path, synthetic_clock: ManualClock) -> Generator[MakeStore]:
    """Opens stores, each with a set of plugins; all are closed when the test ends."""
    with ExitStack() as opened:
        made: list[Path] = []

        def make(plugins: Plugins, *, settings: Mapping[str, str] | None = None, clock: Clock | None = None) -> Store:
            made.append(tmp_path / f"synthetic-store-{len(made) + 1}")
            store = open_plugin_store(made[-1], plugins, settings=settings, clock=clock or synthetic_clock)
            return opened.enter_context(store)

        yield make


@pytest.fixture
def synthetic_store(synthetic_stores: MakeStore, synthetic_plugins: Plugins) -> Store:
    """A store with the plugins of `synthetic_plugins`, opened in this process."""
    return synthetic_stores(synthetic_plugins)


@pytest.fixture
def synthetic_client(synthetic_store: Store) -> StoreClient:
    """A GraphQL client of `synthetic_store`, with every scope."""
    return StoreClient(synthetic_store)


@pytest.fixture
def synthetic_server(tmp_path: Path, synthetic_plugins: Plugins) -> Generator[RunningServer]:
    """A server process on loopback, with the plugins of `synthetic_plugins`."""
    directory = tmp_path / "synthetic-served"
    write_plugins_toml(directory, synthetic_plugins)
    with running_server(directory) as server:
        yield server


@pytest.fixture
def synthetic_server_client(synthetic_server: RunningServer) -> ServerClient:
    """A GraphQL client of `synthetic_server`, over HTTP, with every scope."""
    return ServerClient(synthetic_server)


@pytest.fixture
def synthetic_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a file: `synthetic_snapshot("schema.graphql", text)`, kept in `snapshots/` beside the test.

    With `--update-snapshots` it writes the file.
    """
    folder = request.path.parent / "snapshots"
    update = bool(request.config.getoption(UPDATE))

    def compare(name: str, text: str) -> None:
        expect_snapshot(folder / name, text, update=update)

    return compare


class PluginConformance:
    """The conformance suite as tests, one for each check: inherit from it, and name the plugin.

    Attributes:
        plugin: Name of the plugin, which must be installed.
        settings: Of its table in `plugins.toml`.
        sdl: File with the GraphQL schema of the last release, if there is one.
        walks: Filters that may do without an index, such as `bookmarks.filter.title`; None: any may.
        fill: Writes something of everything that the plugin keeps into a store; None: its part of the demo does.
    """

    plugin: ClassVar[str]
    settings: ClassVar[PluginSettings] = {}
    sdl: ClassVar[Path | None] = None
    walks: ClassVar[Collection[str] | None] = None
    fill: ClassVar[Fill | None] = None

    @pytest.fixture(scope="class")
    @classmethod
    def synthetic_subject(cls) -> Generator[PluginUnderTest]:
        """The plugin, with the stores that its checks share."""
        with PluginUnderTest(cls.plugin, fill=cls.fill, settings=cls.settings, sdl=cls.sdl, walks=cls.walks) as subject:
            yield subject

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_conformance(self, synthetic_subject: PluginUnderTest, check: ConformanceCheck) -> None:
        """One thing that holds of every plugin."""
        result = check.run(synthetic_subject)
        if result.outcome is Outcome.SKIPPED:
            pytest.skip(" ".join(result.notes))
        result.expect_passed()
