"""Whether the retention rules of a plugin fit the tables and settings that it registers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from synthetic.consumer_contributions import Fold
from synthetic.contributions import Table
from synthetic.errors import PluginFailedError
from synthetic.retention_contributions import RetentionRule


def check_rules(plugin: str, contributed: Iterable[Any], settings: Any) -> None:
    """Refuse rules over tables that are not the plugin's or are a fold's, and tables that nothing bounds.

    Args:
        plugin: Its name.
        contributed: All its records, of any kind.
        settings: Its settings as they were loaded; None if it has none.

    Raises:
        PluginFailedError: There is one.
    """
    records = list(contributed)
    tables = {record.name: record for record in records if isinstance(record, Table)}
    folded = {name for record in records if isinstance(record, Fold) for name in record.tables}
    ruled: set[str] = set()
    for rule in records:
        if not isinstance(rule, RetentionRule):
            continue
        kept = getattr(settings, rule.keep_setting, "")
        if rule.table not in tables:
            problem = f"is over the table {rule.table}, which the plugin does not register"
        elif rule.table in folded:
            problem = f"is over the table {rule.table} of a fold, which comes from the log and from nothing else"
        elif kept is not None and (not isinstance(kept, int) or isinstance(kept, bool)):
            problem = (
                f"names {rule.keep_setting}, which is no setting of the plugin with a whole number of milliseconds"
            )
        elif kept is not None and kept < 0:
            problem = f"keeps rows for {kept} ms, as plugins.{plugin}.{rule.keep_setting} says; 0 keeps them for ever"
        else:
            ruled.add(rule.table)
            continue
        raise PluginFailedError(
            f"The plugin {plugin}: its retention rule {rule.name} {problem}.",
            details={"plugin": plugin, "rule": rule.name},
        )
    for name, table in tables.items():
        if not table.kept and name not in ruled:
            raise PluginFailedError(
                f"The plugin {plugin}: its table {name} has no retention rule and does not say why it needs none.",
                action="Return a rule for it from register_retention, or say why in `kept`.",
                details={"plugin": plugin, "table": name},
            )
