"""Running retention: batch by batch, each in a transaction of its own, in the background or when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.pacing import leave_to_others
from synthetic.database.transaction import Transaction
from synthetic.errors import SyntheticError
from synthetic.faults import crash_point
from synthetic.kernel_settings import RetentionSettings
from synthetic.logs import logger_for
from synthetic.retention.batches import RetentionBatch, run_retention_batch
from synthetic.retention.clock_check import ClockSource, Suspension, check_clock, find_suspension, suspended_error
from synthetic.retention.meter import RetentionMeter
from synthetic.retention.rules import DeclaredRule, RetentionRules
from synthetic.retention.tally import Tally, tell_tally

log = logger_for(__name__)


@dataclass(slots=True)
class RuleOutcome:
    """What a run has deleted for one rule.

    Attributes:
        rule: The rule.
        before: Rows that are older than this instant go, Unix milliseconds; None: it keeps rows for ever.
        tables: How many rows went, by table, leaf first.
    """

    rule: DeclaredRule
    before: int | None = None
    tables: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, batch: RetentionBatch) -> None:
        """Take in one more batch."""
        self.before = batch.before
        for table, rows in batch.tables.items():
            self.tables[table] = self.tables.get(table, 0) + rows


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run has come to.

    Attributes:
        rules: What was deleted for each.
        complete: Whether all is deleted whose time is up.
    """

    rules: tuple[RuleOutcome, ...]
    complete: bool


def run_retention(
    store: BlockingStore, names: Sequence[str] | None, go_on: Callable[[RetentionBatch], bool]
) -> RunOutcome:
    """Delete what the rules say, and tell the log.

    Args:
        store: To read and write through.
        names: Of the rules, as `plugin.name`; None: all.
        go_on: Asked after each batch whether there may be another.

    Raises:
        NotFoundError: No loaded plugin has a rule of such a name.
        RetentionSuspendedError: The clock has jumped, and nobody has confirmed it.
    """
    outcomes = tuple(RuleOutcome(rule) for rule in choose_rules(store, names))
    suspension = _note_suspension(store)
    if suspension is not None:
        raise suspended_error(suspension)
    complete = all(_run_rule(store, outcome, go_on) for outcome in outcomes)
    _end(store)
    return RunOutcome(outcomes, complete)


def choose_rules(store: BlockingStore, names: Sequence[str] | None) -> list[DeclaredRule]:
    """The rules of these names, each once; all of them for None.

    Raises:
        NotFoundError: No loaded plugin has one of them.
    """
    rules = store.read(lambda snapshot: snapshot.resource(RetentionRules))
    return list(rules.rules.values()) if names is None else [rules.get(name) for name in dict.fromkeys(names)]


def retention_service(settings: RetentionSettings) -> Service:
    """Retention as the kernel's background work."""
    return Service(
        name="retention",
        purpose="Deletes what is older than the rules of the plugins keep it.",
        work=retention_step,
        every_ms=settings.every_ms,
    )


def retention_step(store: BlockingStore) -> int:
    """Delete one batch, of the first rule that has any; a rule that fails holds no other up.

    Returns:
        How many rows were deleted; 0 when there is nothing to do until the next run.

    Raises:
        SyntheticError: A rule fails, and the others have nothing more to delete.
    """
    suspension = _note_suspension(store)
    if suspension is not None:
        log.warning("retention suspended", reason=suspension.reason)
        return 0
    failure: SyntheticError | None = None
    for rule in choose_rules(store, None):
        try:
            batch = _run_batch(store, rule)
        except SyntheticError as error:
            failure = error
            continue
        if batch.has_more or batch.rows:
            return max(1, sum(batch.tables.values()))
    _end(store)
    if failure is not None:
        raise failure
    return 0


def _run_rule(store: BlockingStore, outcome: RuleOutcome, go_on: Callable[[RetentionBatch], bool]) -> bool:
    """Delete what one rule says; whether all of it is deleted."""
    while True:
        batch = _run_batch(store, outcome.rule)
        outcome.add(batch)
        if not batch.has_more:
            return True
        if not go_on(batch):
            return False


def _run_batch(store: BlockingStore, rule: DeclaredRule) -> RetentionBatch:
    clock = store.read(lambda snapshot: snapshot.resource(ClockSource)).clock
    started = clock.monotonic()
    batch = store.write(run_retention_batch, rule.name)
    crash_point("retention.batch_deleted")
    if batch.has_more:
        leave_to_others(clock.monotonic() - started)
    if batch.tables:
        store.read(lambda snapshot: snapshot.resource(RetentionMeter)).deleted(rule.name, batch.tables)
    return batch


def _note_suspension(store: BlockingStore) -> Suspension | None:
    """Why nothing may be deleted, told to the log; a clock that is believed costs no write here."""
    suspension = store.read(find_suspension)
    return None if suspension is None else store.write(check_clock)


def _end(store: BlockingStore) -> None:
    """Remember the clock and tell what was deleted: once a run, in one transaction."""

    def end(tx: Transaction) -> Tally:
        check_clock(tx)
        return tell_tally(tx)

    tally = store.write(end)
    if tally:
        log.info("retention ran", rules=tally)
