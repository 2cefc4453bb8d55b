"""Which optional plugins have to be left out of a store: a look, before it is opened."""

from __future__ import annotations

from pathlib import Path

from synthetic.before_opening import pending_migrations
from synthetic.errors import SyntheticError
from synthetic.kernel import schema_of
from synthetic.registry import Registry


def settle(data_dir: Path, registry: Registry) -> Registry:
    """The plugins less the optional ones with which the store in a directory cannot be opened, as far as a look tells.

    Raises:
        SyntheticError: It cannot be opened, and no optional plugin is why.
    """
    while any(plugin.optional for plugin in registry.plugins):
        try:
            schema_of(registry)
            pending_migrations(data_dir, registry)
            break
        except SyntheticError as error:
            registry = registry.without_failed(error)
    return registry
