"""The retention rules of the loaded plugins, and the SQL that finds the rows whose time is up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from synthetic.contributions import Stamped, Table
from synthetic.database.deletion_steps import Step, key_of, list_steps, select_keys
from synthetic.database.snapshot import Parameters, Row, Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import InternalError, NotFoundError, PluginFailedError
from synthetic.retention.beginnings import EXPIRED, Beginning
from synthetic.retention_contributions import RetentionRule


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """A rule of a loaded plugin.

    Attributes:
        plugin: Whose it is.
        record: As the plugin declares it.
        table: Its table, as the plugin registers it.
        keep_ms: How long rows are kept; None: for ever.
    """

    plugin: str
    record: RetentionRule
    table: Table
    keep_ms: int | None

    @property
    def name(self) -> str:
        """As `plugin.name`."""
        return f"{self.plugin}.{self.record.name}"

    @property
    def setting(self) -> str:
        """The dotted name of the setting that says how long rows are kept."""
        return f"plugins.{self.plugin}.{self.record.keep_setting}"

    def before(self, now: int) -> int | None:
        """Rows that are older than this instant go; None: none does."""
        return None if self.keep_ms is None else max(0, now - self.keep_ms)

    def old_rows(self) -> str:
        """The rows that are older than `:before` and meet the condition: FROM and WHERE; `:now` may be in it."""
        record = self.record
        if record.in_order:
            return Beginning(record, self.table).rows()
        condition = f" AND ({record.condition})" if record.condition else ""
        return f"FROM {record.table} AS {EXPIRED} WHERE {EXPIRED}.{record.age_column} < :before{condition}"

    def oldest(self, rows: str) -> str:
        """The keys of the first `:batch` of such rows, the oldest first."""
        return f"SELECT {', '.join(self.table.key)} {rows} ORDER BY {EXPIRED}.{self.record.age_column} LIMIT :batch"


class RetentionRules:
    """All rules, as a resource of a kernel's transactions.

    Attributes:
        rules: By name, in load order.
    """

    def __init__(self, rules: Sequence[DeclaredRule]) -> None:
        self.rules: Mapping[str, DeclaredRule] = {rule.name: rule for rule in rules}

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel there are none."""
        return cls(())

    def get(self, name: str) -> DeclaredRule:
        """The rule of a name.

        Raises:
            NotFoundError: No loaded plugin has one.
        """
        rule = self.rules.get(name)
        if rule is None:
            raise NotFoundError(
                f"There is no retention rule {name!r}.",
                action=f"Name one of: {', '.join(self.rules) or 'there are none'}.",
                details={"rule": name},
            )
        return rule


def declare_rules(
    rules: Sequence[Stamped[RetentionRule]], tables: Sequence[Stamped[Table]], settings: Mapping[str, Any]
) -> RetentionRules:
    """All rules with what follows from their records.

    Args:
        rules: Of the loaded plugins, which were checked when these were loaded.
        tables: That these register.
        settings: Of each plugin that has some, by its name.
    """
    by_name = {table.record.name: table.record for table in tables}
    return RetentionRules(
        [
            DeclaredRule(
                rule.plugin,
                rule.record,
                by_name[rule.record.table],
                # 0 and None both mean: for ever.
                getattr(settings[rule.plugin], rule.record.keep_setting) or None,
            )
            for rule in rules
        ]
    )


@dataclass(frozen=True, slots=True)
class RuleSteps:
    """A rule in a store, with what belongs to its rows there.

    Attributes:
        rule: The rule.
        tables: All tables of the store.
    """

    rule: DeclaredRule
    tables: Sequence[Stamped[Table]]

    def expired(self) -> str:
        """The old rows that no other row refuses to lose: FROM and WHERE; `:now` may be in it."""
        if self.rule.record.in_order:
            return Beginning(self.rule.record, self.rule.table, self._refusals()).rows()
        return self.rule.old_rows() + "".join(f" AND NOT {refusal}" for refusal in self._refusals())

    def oldest(self, snapshot: Snapshot, before: int, most: int) -> list[Row]:
        """The keys of the first of these rows, in the order in which they go.

        Args:
            snapshot: To read in.
            before: Rows that are older than this instant go, Unix milliseconds.
            most: How many at most.
        """
        if self.rule.record.in_order:
            return Beginning(self.rule.record, self.rule.table, self._refusals()).first(snapshot, before, most)
        return snapshot.rows(self.rule.oldest(self.expired()), {"before": before, "batch": most})

    def _refusals(self) -> list[str]:
        """Conditions under which another row refuses to lose the expired one."""
        own = key_of(self.rule.table, f"{EXPIRED}.")
        return [
            f"EXISTS (SELECT 1 FROM {step.name} WHERE {step.condition})"
            for step in list_steps(self.tables, self.rule.record.table, f"= {own}")
            if step.action == "refuse"
        ]

    def of_all(self) -> list[Step]:
        """What becomes of which table when all expired rows go at once."""
        return self._changes(f"IN (SELECT {', '.join(self.rule.table.key)} {self.expired()})")

    def of_keys(self) -> list[Step]:
        """What becomes of which table when the rows with `:keys` go."""
        return self._changes(select_keys(self.rule.table))

    def _changes(self, selected: str) -> list[Step]:
        steps = list_steps(self.tables, self.rule.record.table, selected)
        return [step for step in steps if step.action != "refuse"]


def check_indexes(snapshot: Snapshot) -> None:
    """Refuse rules that would read more of their table than what has expired.

    Args:
        snapshot: Of the store as it was opened.

    Raises:
        PluginFailedError: There is one.
    """
    for rule in snapshot.resource(RetentionRules).rules.values():
        problem = _find_problem(snapshot, rule)
        if problem is not None:
            raise PluginFailedError(
                f"The retention rule {rule.name} {problem}.",
                action=f"Mend the rule, or let a migration of {rule.plugin} make an index on {rule.record.table}"
                f" ({rule.record.age_column}).",
                details={"plugin": rule.plugin, "rule": rule.name, "table": rule.record.table},
            )


def _find_problem(snapshot: Snapshot, rule: DeclaredRule) -> str | None:
    record = rule.record
    columns = {
        name: type_.upper()
        for name, type_ in snapshot.rows("SELECT name, type FROM pragma_table_info(:table)", {"table": record.table})
    }
    if columns.get(record.age_column) not in ("INTEGER", "INT"):
        return f"counts age from {record.age_column}, which is no integer column of {record.table}"
    if record.in_order and (len(rule.table.key) != 1 or columns.get(rule.table.key[0]) not in ("INTEGER", "INT")):
        return f"deletes in the order of the key of {record.table}, which is not one integer column"
    params: Parameters = {"before": 0, "batch": 1}
    try:
        if record.in_order:
            Beginning(record, rule.table).first(snapshot, 0, 1)
            return None
        rows = snapshot.rows(f"EXPLAIN QUERY PLAN {rule.oldest(rule.old_rows())}", params)
    except (InternalError, KeyError):
        # A mistake in the SQL; the second, for a parameter in it.
        return f"has a condition that is not SQL over columns of {record.table}: {record.condition}"
    plan = [str(row[-1]) for row in rows]
    is_searched = any(line.startswith(f"SEARCH {EXPIRED} ") and f"{record.age_column}<?)" in line for line in plan)
    if is_searched and not any(line.startswith(("SCAN", "USE TEMP B-TREE")) for line in plan):
        return None
    return f"has no index that gives the rows of {record.table} in order of {record.age_column}: {'; '.join(plan)}"
