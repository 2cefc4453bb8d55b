"""Retention over GraphQL: `runRetention`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Self

import strawberry

from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.graphql.fields import mutation
from synthetic.graphql.scalars import DateTime, Long
from synthetic.kernel_settings import RetentionSettings
from synthetic.retention.batches import RetentionBatch, RetentionPreview, preview_rule
from synthetic.retention.clock_check import Suspension, confirm_clock, find_suspension
from synthetic.retention.rules import DeclaredRule
from synthetic.retention.runs import RuleOutcome, choose_rules
from synthetic.retention.runs import run_retention as run_rules
from synthetic.security.gate import Scope


@strawberry.input(description="Which retention rules to run, and whether to delete or only to say what would go.")
class RunRetentionInput:
    """The input of `runRetention`."""

    rules: list[str] | None = strawberry.field(
        default=None, description="Names of rules, as PLUGIN.NAME; all without it."
    )
    dry_run: bool = strawberry.field(default=False, description="Delete nothing; only name and count what would go.")
    confirm_clock: bool = strawberry.field(
        default=False, description="Take what the clock shows to be right, and end a suspension, before anything else."
    )


@strawberry.type(description="What a retention rule does to one table.")
class RetentionTable:
    """A table of a `RetentionResult`."""

    table: str = strawberry.field(description="The table.")
    rows: Long = strawberry.field(description="How many rows go.")
    cleared_rows: Long | None = strawberry.field(
        description="How many rows stay and lose what they point at; only with dryRun."
    )
    sample_keys: list[str] | None = strawberry.field(
        description="Keys of the first rows that go, those of several columns joined by `/`; only with dryRun."
    )
    bytes: Long | None = strawberry.field(
        description="Bytes of the values of the rows that go, without what indexes take; only with dryRun."
    )
    oldest_at: DateTime | None = strawberry.field(
        description="The age of the oldest row that goes; only with dryRun, where the table tells."
    )
    newest_at: DateTime | None = strawberry.field(description="The age of the newest row that goes, likewise.")


@strawberry.type(description="What one retention rule came to.")
class RetentionResult:
    """A rule of a `RunRetentionPayload`."""

    rule: str = strawberry.field(description="Its name, as PLUGIN.NAME.")
    purpose: str = strawberry.field(description="What it deletes.")
    table: str = strawberry.field(description="The table whose rows it is about.")
    setting: str = strawberry.field(description="The setting that says how long rows are kept.")
    keep_ms: Long | None = strawberry.field(description="How long rows are kept; null: for ever.")
    before: DateTime | None = strawberry.field(
        description="Rows that are older than this instant go; null where none goes, or none was looked for."
    )
    rows: Long = strawberry.field(description="How many rows of the table go.")
    refused_rows: Long | None = strawberry.field(
        description="How many old rows stay since rows that point at them refuse to lose them; only with dryRun."
    )
    tables: list[RetentionTable] = strawberry.field(
        description="What goes, and what goes with it, of all plugins; what belongs to others comes first."
    )

    @classmethod
    def of_preview(cls, preview: RetentionPreview) -> Self:
        """What a rule would delete."""
        counts: dict[str, RetentionTable] = {}
        for plan in preview.tables:
            found = counts.setdefault(plan.table, _table(plan.table, 0, 0, []))
            if plan.action == "delete":
                found.rows, found.sample_keys = Long(plan.rows), list(plan.sample_keys)
            else:
                found.cleared_rows = Long((found.cleared_rows or 0) + plan.rows)
        for table, extent in preview.extents.items():
            if table in counts:
                counts[table].bytes = Long(extent.size_bytes)
                counts[table].oldest_at = _instant(extent.oldest_at)
                counts[table].newest_at = _instant(extent.newest_at)
        return cls._of(preview.rule, preview.before, list(counts.values()), Long(preview.refused))

    @classmethod
    def of_outcome(cls, outcome: RuleOutcome) -> Self:
        """What a rule has deleted."""
        tables = [_table(table, rows, None, None) for table, rows in outcome.tables.items()]
        return cls._of(outcome.rule, outcome.before, tables, None)

    @classmethod
    def _of(
        cls, rule: DeclaredRule, before: int | None, tables: list[RetentionTable], refused_rows: Long | None
    ) -> Self:
        return cls(
            rule=rule.name,
            purpose=rule.record.purpose,
            table=rule.record.table,
            setting=rule.setting,
            keep_ms=None if rule.keep_ms is None else Long(rule.keep_ms),
            before=None if before is None else DateTime(before),
            rows=next((each.rows for each in tables if each.table == rule.record.table), Long(0)),
            refused_rows=refused_rows,
            tables=tables,
        )


@strawberry.type(description="Why retention waits for an operator.")
class RetentionSuspension:
    """The clock has jumped, as far as can be told."""

    since: DateTime = strawberry.field(description="When that was found, by the clock that is in doubt.")
    expected_at: DateTime = strawberry.field(
        description="What the clock should have shown then; where the machine was off meanwhile, at the least."
    )
    shown_at: DateTime = strawberry.field(description="What it showed.")

    @classmethod
    def of(cls, suspension: Suspension) -> Self:
        """The object of a suspension."""
        return cls(
            since=DateTime(suspension.since),
            expected_at=DateTime(suspension.expected_at),
            shown_at=DateTime(suspension.shown_at),
        )


@strawberry.type(description="What `runRetention` did, or would do.")
class RunRetentionPayload:
    """The payload of `runRetention`."""

    dry_run: bool = strawberry.field(description="Whether nothing was deleted.")
    complete: bool = strawberry.field(
        description="Whether nothing is left that is to go; else call it again. With dryRun: whether nothing would go."
    )
    suspended: RetentionSuspension | None = strawberry.field(description="Why nothing is deleted at present, if so.")
    rules: list[RetentionResult] = strawberry.field(description="What each of the rules came to.")


@mutation(scope=Scope.ADMIN, frees=True)
def run_retention(store: BlockingStore, input: RunRetentionInput) -> RunRetentionPayload:
    """Delete what the retention rules do not keep; with dryRun, only name and count it, also while it is suspended."""
    rules = choose_rules(store, input.rules)
    if input.confirm_clock:
        store.write(confirm_clock)
    if input.dry_run:
        return store.read(_preview, rules)
    left = store.read(lambda snapshot: snapshot.settings(RetentionSettings).run_rows)

    def go_on(batch: RetentionBatch) -> bool:
        nonlocal left
        left -= sum(batch.tables.values())
        return left > 0

    outcome = run_rules(store, [rule.name for rule in rules], go_on)
    results = [RetentionResult.of_outcome(each) for each in outcome.rules]
    return RunRetentionPayload(dry_run=False, complete=outcome.complete, suspended=None, rules=results)


def _table(table: str, rows: int, cleared_rows: int | None, sample_keys: list[str] | None) -> RetentionTable:
    cleared = None if cleared_rows is None else Long(cleared_rows)
    return RetentionTable(
        table=table,
        rows=Long(rows),
        cleared_rows=cleared,
        sample_keys=sample_keys,
        bytes=None,
        oldest_at=None,
        newest_at=None,
    )


def _instant(at_ms: int | None) -> DateTime | None:
    return None if at_ms is None else DateTime(at_ms)


def _preview(snapshot: Snapshot, rules: list[DeclaredRule]) -> RunRetentionPayload:
    results = [RetentionResult.of_preview(preview_rule(snapshot, rule)) for rule in rules]
    suspension = find_suspension(snapshot)
    return RunRetentionPayload(
        dry_run=True,
        complete=all(result.rows == 0 for result in results),
        suspended=None if suspension is None else RetentionSuspension.of(suspension),
        rules=results,
    )
