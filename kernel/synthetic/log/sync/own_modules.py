"""The modules of the store itself: it knows how these fare, so nobody outside may say it.

What the kernel does by itself is trusted to what its module says: with a report
from outside, the schedule of backups could be switched off, or a backup that
was never taken be said to have succeeded. Plugins are no other: what is called
as one of them, or begins so (`search.meaning`), is what that plugin reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from synthetic.backups.notes import BACKUP
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import ConflictError
from synthetic.storage.notes import STORAGE

KERNEL_MODULES = frozenset({BACKUP, STORAGE})


@dataclass(frozen=True, slots=True)
class OwnModules:
    """What modules of the store itself are called, as a resource of snapshots.

    Attributes:
        plugins: The names of the loaded plugins.
    """

    plugins: frozenset[str]

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without plugins there are the kernel's alone."""
        return cls(frozenset())

    @classmethod
    def of(cls, plugins: Iterable[str]) -> Self:
        """Those of the kernel and of some plugins."""
        return cls(frozenset(plugins))

    def has(self, module: str) -> bool:
        """Whether a module is one of them."""
        return module in KERNEL_MODULES or module.partition(".")[0] in self.plugins


def require_outside(snapshot: Snapshot, module: str) -> None:
    """Refuse a report from outside about a module of the store itself.

    Raises:
        ConflictError: It is one.
    """
    if snapshot.resource(OwnModules).has(module):
        raise _own(module, "Report under another name.")


def require_no_kernel_module(module: str) -> None:
    """Refuse to take a module of the kernel off the list.

    One of a plugin can be taken off: it may be of something that the plugin does no more, and comes back otherwise.

    Raises:
        ConflictError: It is one.
    """
    if module in KERNEL_MODULES:
        raise _own(module, "Leave it on the list, and see in syncStatus what can be asked of it.")


def _own(module: str, action: str) -> ConflictError:
    return ConflictError(
        f"{module} is a module of the store itself, which knows how it fares.",
        action=action,
        details={"module": module},
    )
