"""The record of migrations: they are applied before there is anybody to tell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthetic.store import Store

MIGRATE = "migrate"
"""Name of the operation, whichever command has applied them."""


def record_migrations(store: Store) -> None:
    """Record which migrations were applied when the store was opened, if any: how many, by plugin."""
    applied = Counter(migration.plugin for migration in store.kernel.applied)
    if applied:
        store.operation(MIGRATE, details={"applied": dict(applied)}).done()
