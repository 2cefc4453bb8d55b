"""Whether the folds of a plugin fit the tables that it registers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from synthetic.consumer_contributions import Fold
from synthetic.contributions import Table
from synthetic.errors import PluginFailedError


def check_folds(plugin: str, contributed: Iterable[Any]) -> None:
    """Refuse folds over tables that are not the plugin's, or have another key, or belong to other rows.

    Args:
        plugin: Its name.
        contributed: All its records, of any kind.

    Raises:
        PluginFailedError: There is one.
    """
    records = list(contributed)
    tables = {record.name: record for record in records if isinstance(record, Table)}
    for fold in records:
        if not isinstance(fold, Fold):
            continue
        for name, row in fold.tables.items():
            table = tables.get(name)
            fields: tuple[str, ...] = row._fields
            if table is None:
                problem = f"{name}, which the plugin does not register"
            elif fields[: len(table.key)] != table.key:
                problem = f"{name}, whose key is ({', '.join(table.key)}): the record must begin with these fields"
            elif table.references or table.deleted:
                problem = f"{name}, which has references: the fold itself takes rows out, when the events say so"
            else:
                continue
            raise PluginFailedError(
                f"The plugin {plugin}: its fold {fold.name} is over the table {problem}.",
                details={"plugin": plugin, "consumer": fold.name, "table": name},
            )
