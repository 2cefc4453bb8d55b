"""What became of one plugin in one store: whether it is loaded, what it keeps there, what is amiss, what would go.

It is read without opening the store for writing, whatever its migrations, and
also where the plugins cannot be loaded: then it says what can be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthetic.database.migrations import Applied, find_pending
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.errors import NotFoundError, SyntheticError
from synthetic.kernel_parts import blueprint_of
from synthetic.log.sync.model import ModuleStatus, SyncStatus
from synthetic.plugins.discovery import InstalledPlugin
from synthetic.plugins.hooks import KERNEL
from synthetic.plugins.listing import LoadedPlugin
from synthetic.plugins.purge import PurgedTable, plan_purge
from synthetic.registry import Registry
from synthetic.setting_layers import did_you_mean

TROUBLE = (SyncStatus.FAILED, SyncStatus.STALE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something amiss with a plugin.

    Attributes:
        code: Of the error contract.
        message: What, as a sentence.
        action: What to do about it.
    """

    code: str
    message: str
    action: str

    @classmethod
    def of(cls, error: SyntheticError) -> Problem:
        """What an error says."""
        return cls(error.code, error.message, error.suggested_action)


@dataclass(frozen=True, slots=True)
class Purge:
    """What `synthetic plugins purge` would remove.

    Attributes:
        tables: In the order in which they would be dropped.
        refusal: Why it would be refused; None: it would not.
    """

    tables: tuple[PurgedTable, ...]
    refusal: Problem | None


NOTHING = Purge((), None)
"""Of a plugin that has no tables in the store."""


@dataclass(frozen=True, slots=True)
class PluginState:
    """What is known of a plugin apart from any store.

    Attributes:
        name: Its name.
        state: `loaded`, `left out`, `disabled`, `not listed`, `absent` or, where plugins cannot be loaded, `not known`.
        loaded: The loaded plugin.
        installed: What is installed by that name, or what it came in.
        problems: What is amiss.
    """

    name: str
    state: str
    loaded: LoadedPlugin | None
    installed: tuple[InstalledPlugin, ...]
    problems: tuple[Problem, ...]


def find_state(
    name: str,
    registry: Registry | None,
    failure: SyntheticError | None,
    installed: Sequence[InstalledPlugin],
    *,
    has_tables: bool,
) -> PluginState:
    """Say what became of a plugin.

    Args:
        name: Its name.
        registry: What is loaded; None: it cannot be.
        failure: Why not.
        installed: All that is installed.
        has_tables: Whether the store has tables of it.

    Raises:
        NotFoundError: Nobody knows it.
    """
    own = tuple(plugin for plugin in installed if plugin.name == name)
    if registry is None:
        if not own and not has_tables:
            raise _unknown(name, [plugin.name for plugin in installed])
        return PluginState(name, "not known", None, own, () if failure is None else (Problem.of(failure),))
    left_out = next((each for each in registry.left_out if each.name == name), None)
    loaded = registry.find_plugin(name)
    problems: tuple[Problem, ...] = ()
    if loaded is not None:
        state = "loaded"
    elif left_out is not None:
        state, problems = "left out", (Problem(left_out.code, left_out.reason, left_out.action),)
    elif name in registry.disabled:
        state = "disabled"
    elif own:
        state = "not listed"
    elif has_tables:
        state = "absent"
    else:
        raise _unknown(name, [*(plugin.name for plugin in installed), *registry.disabled])
    return PluginState(name, state, loaded, own, problems)


def owners_in(snapshot: Snapshot) -> tuple[str, ...]:
    """The plugins that have tables in a store; none in one that keeps no record of that yet."""
    if not snapshot.value("SELECT 1 FROM sqlite_schema WHERE name = 'registered_tables'"):
        return ()
    return tuple(sorted({table.plugin for table in list_tables(snapshot)} - {KERNEL}))


def ledger_problem(snapshot: Snapshot, registry: Registry, plugin: str) -> Problem | None:
    """What the store's ledger of migrations says against a loaded plugin."""
    known = [migration for migration in blueprint_of(registry).migrations if migration.plugin == plugin]
    rows = snapshot.rows(
        "SELECT plugin, number, name, checksum FROM schema_migrations WHERE plugin = :plugin", {"plugin": plugin}
    )
    try:
        pending = find_pending(known, [Applied(*row) for row in rows])
    except SyntheticError as error:
        return Problem.of(error)
    if not pending:
        return None
    names = ", ".join(map(str, pending))
    return Problem(
        "MIGRATION_PENDING", f"The store lacks {names}.", "`synthetic migrate` applies them, after a backup."
    )


def module_problems(statuses: Sequence[ModuleStatus], plugin: str) -> Iterator[Problem]:
    """What is amiss with the consumers of a plugin."""
    for status in statuses:
        if not status.module.startswith(f"{plugin}.") or status.status not in TROUBLE:
            continue
        if status.error is not None:
            yield Problem(status.error.code, f"{status.module}: {status.error.message}", status.error.action)
        for reason in () if status.error is not None else status.reasons:
            yield Problem(str(reason.reason), f"{status.module}: {reason.message}", "See `synthetic status`.")


def plan_removal(snapshot: Snapshot, plugin: str) -> Purge:
    """What a purge would remove, or why it would be refused."""
    try:
        return Purge(plan_purge(snapshot, plugin), None)
    except NotFoundError:
        return NOTHING
    except SyntheticError as error:
        return Purge((), Problem.of(error))


def _unknown(name: str, known: Sequence[str]) -> NotFoundError:
    return NotFoundError(
        f"No plugin called {name} is installed, listed, or has tables in this store.{did_you_mean(name, known)}",
        action="`synthetic plugins list` shows those that are.",
        details={"plugin": name},
    )
