"""What a retention rule would delete, and deleting a batch of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from synthetic.database.deletion import CONSTRUCTS, TablePlan, carry_out, count_rows, plan_steps
from synthetic.database.deletion_steps import Step
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Row, Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.retention.clock_check import ClockSource, check_clock, require_clock
from synthetic.retention.extents import Extent, measure_extents
from synthetic.retention.rules import DeclaredRule, RetentionRules, RuleSteps
from synthetic.retention.tally import add_to_tally

BATCH_ROWS = 500
"""Most rows that one transaction deletes, in all tables: no other write should have to wait for long."""

HOLD_SECONDS = 0.005
"""A transaction that has deleted for so long begins nothing more, and nothing that will not be done by then."""

FIRST_ROWS = 16
"""Of a row that may own many, so many are deleted first."""

BeforeDelete: TypeAlias = Callable[[Transaction, Sequence[Row]], None]
"""See `RetentionRule.before_delete`."""


class RetentionBatch(NamedTuple):
    """What one transaction has deleted for a rule.

    Attributes:
        rule: Its name, as `plugin.name`.
        before: Rows that are older than this instant go, Unix milliseconds;
            None: the rule keeps rows for ever.
        rows: How many rows of the rule's own table went.
        tables: How many rows went, by table, leaf first.
        has_more: Whether there may be more to delete.
    """

    rule: str
    before: int | None
    rows: int
    tables: dict[str, int]
    has_more: bool


@dataclass(frozen=True, slots=True)
class RetentionPreview:
    """What a rule would delete now.

    Attributes:
        rule: The rule.
        before: Rows that are older than this instant would go; None: it keeps rows for ever.
        refused: How many old rows stay since others refuse to lose them.
        tables: What would become of the rows of which table, leaf first.
        extents: How much would go, and how old it is, by table.
    """

    rule: DeclaredRule
    before: int | None
    refused: int
    tables: tuple[TablePlan, ...]
    extents: Mapping[str, Extent]


def preview_rule(snapshot: Snapshot, rule: DeclaredRule) -> RetentionPreview:
    """Name, count and measure what a rule would delete, whether or not retention is suspended."""
    before = rule.before(snapshot.now)
    if before is None:
        return RetentionPreview(rule, None, 0, (), {})
    steps, params = RuleSteps(rule, list_tables(snapshot)), {"before": before, "now": snapshot.now}
    expired = steps.expired()
    refused: int = snapshot.value(f"SELECT (SELECT count(*) {rule.old_rows()}) - (SELECT count(*) {expired})", params)
    changes = steps.of_all()
    extents = measure_extents(snapshot, changes, params, rule.record.table, rule.record.age_column)
    return RetentionPreview(rule, before, refused, plan_steps(snapshot, changes, params), extents)


def run_retention_batch(tx: Transaction, rule: str) -> RetentionBatch:
    """Delete the oldest rows whose time is up by a rule, with all that belongs to them.

    To delete all of them, run it again, each time in a transaction of its own,
    while it has more. A row that owns more than a transaction deletes, in
    number or in size, loses it in several, and goes with the last.

    Args:
        tx: To write in.
        rule: Its name, as `plugin.name`.

    Raises:
        NotFoundError: No loaded plugin has such a rule.
        RetentionSuspendedError: The clock has jumped, and nobody has confirmed it.
    """
    found = tx.resource(RetentionRules).get(rule)
    require_clock(tx)
    before = found.before(tx.now)
    if before is None:
        return RetentionBatch(rule, None, 0, {}, has_more=False)
    steps = RuleSteps(found, list_tables(tx))
    # Constructs go one by one: all that goes with one names it in its event.
    most = 1 if found.record.table == CONSTRUCTS else found.record.batch
    keys = steps.oldest(tx, before, most)
    if not keys:
        return RetentionBatch(rule, before, 0, {}, has_more=False)
    # A long run remembers the clock as it goes, in transactions that write anyway.
    check_clock(tx)
    construct_id = str(keys[0][0]) if found.record.table == CONSTRUCTS else None
    deletion = _Deletion(tx, steps.of_keys(), construct_id, found.record.before_delete)
    deletion.run(keys)
    rows = deletion.tables.get(found.record.table, 0)
    if deletion.tables:
        add_to_tally(tx, rule, deletion.tables)
    return RetentionBatch(rule, before, rows, deletion.tables, has_more=rows < len(keys) or len(keys) == most)


class _Deletion:
    """Deletes rows with all that belongs to them, until it is done, or enough for one transaction.

    How long a row takes is not known before: it may own many, and they may be
    large. So it begins with one row, and takes twice as many each time, but no
    more than should be done in the time that is left. Only the first row may be
    left half done, where it owns too much for one transaction.

    Attributes:
        tables: How many rows went, by table, leaf first.
    """

    def __init__(
        self, tx: Transaction, changes: Sequence[Step], construct_id: str | None, before_delete: BeforeDelete | None
    ) -> None:
        self._tx = tx
        self._changes = changes
        self._construct_id = construct_id
        self._before_delete = before_delete
        self._clock = tx.resource(ClockSource).clock
        self._started = self._clock.monotonic()
        self._left = BATCH_ROWS
        self.tables: dict[str, int] = {}

    def run(self, keys: Sequence[Row]) -> None:
        """Delete the rows with these keys, in their order, as far as it comes."""
        done, size = self._delete(keys[:1], may_stop=True), 2
        position = 1
        while done and position < len(keys) and not self._is_enough():
            some = keys[position : position + size]
            while some and count_rows(self._tx, self._changes, _parameters(some), self._left) > self._left:
                some = some[: len(some) // 2]
            if not some:
                return
            done = self._delete(some, may_stop=False)
            position += len(some)
            size = min(size * 2, self._fitting(position))

    def _delete(self, keys: Sequence[Row], *, may_stop: bool) -> bool:
        """Carry out all steps for some rows; False once no more is to be done in this transaction."""
        params = _parameters(keys)
        for step in self._changes:
            # The last step is the rows themselves; by now all that belongs to them is gone, and they fit in.
            if self._before_delete is not None and step is self._changes[-1]:
                self._before_delete(self._tx, keys)
            size = FIRST_ROWS if may_stop else self._left
            while True:
                asked = min(size, self._left)
                done = carry_out(self._tx, step, params, asked, self._construct_id)
                self._left -= done
                if done and step.action == "delete":
                    self.tables[step.name] = self.tables.get(step.name, 0) + done
                if done < asked:
                    break
                if self._left == 0 or (may_stop and self._is_enough()):
                    return False
                size *= 2
        return True

    def _is_enough(self) -> bool:
        return self._left <= 0 or self._spent_seconds() > HOLD_SECONDS

    def _fitting(self, done: int) -> int:
        """How many more rows fit into the time that is left, by what those took that are done; at least one."""
        spent = self._spent_seconds()
        return max(1, int(done * (HOLD_SECONDS - spent) / spent)) if spent > 0 else BATCH_ROWS

    def _spent_seconds(self) -> float:
        return self._clock.monotonic() - self._started


def _parameters(keys: Sequence[Row]) -> dict[str, Any]:
    return {"keys": to_json([key[0] if len(key) == 1 else list(key) for key in keys])}
