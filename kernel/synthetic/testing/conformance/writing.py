"""Check of who writes what: the code of a plugin writes to its own tables, and to no others."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic.database.snapshot import Snapshot
from synthetic.retention.batches import run_retention_batch
from synthetic.retention.clock_check import confirm_clock
from synthetic.retention.rules import DeclaredRule, RetentionRules
from synthetic.store import Store
from synthetic.testing.conformance.migrating import row_counts
from synthetic.testing.conformance.subject import PluginUnderTest

DAY_MS = 86_400_000
BATCHES_MAX = 100


def writes_only_its_tables(subject: PluginUnderTest) -> Iterator[str]:
    """While rows are made, in the background and in retention; the kernel's tables are the kernel's too."""
    directory = subject.copy_of(subject.filled)
    clock = subject.new_clock()
    with subject.opened(directory, clock=clock) as store:
        empty = [name for name, rows in row_counts(store, tuple(subject.tables)).items() if not rows]
        if empty:
            subject.notes.append(f"No rows were made in {', '.join(empty)}: `fill` can make some.")
        longest = max((rule.keep_ms or 0 for rule in store.read(_rules_of, subject.name)), default=0)
        # The history of a demo ends before the clock of the tests, which would look like a clock that has jumped.
        store.write(confirm_clock)
        clock.advance(longest + DAY_MS)
        with subject.witness.watching(store, subject.territory(store)):
            _forget_old(store, subject.name)
    yield from subject.witness.trespasses


def _rules_of(snapshot: Snapshot, plugin: str) -> list[DeclaredRule]:
    return [rule for rule in snapshot.resource(RetentionRules).rules.values() if rule.plugin == plugin]


def _forget_old(store: Store, plugin: str) -> None:
    """Let the plugin's rules delete what is old by now."""
    for rule in store.read(_rules_of, plugin):
        for _ in range(BATCHES_MAX):
            if not store.write(run_retention_batch, rule.name).has_more:
                break
