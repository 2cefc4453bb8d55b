"""`LoadedFolds`: the folds of the loaded plugins, for reads that go the way between rows and events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Self, cast

from synthetic.consumer_contributions import Fold, Mirror
from synthetic.database.surroundings import SettingsLookup
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.fold_state import FoldState, FoldTable
from synthetic.log.events import Event
from synthetic.selector_contributions import Selector


class LoadedFolds:
    """The consumers of a kernel, as a resource of its transactions."""

    def __init__(self, declare: Callable[[], Sequence[DeclaredConsumer]]) -> None:
        """Make it.

        Args:
            declare: Gives the consumers. It is called when they are first needed, since their inputs may be made
                from what is lent to transactions later.
        """
        self._declare = declare

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without plugins there are none."""
        return cls(tuple)

    @cached_property
    def consumers(self) -> tuple[DeclaredConsumer, ...]:
        """All consumers, mirrors too."""
        return tuple(self._declare())

    @cached_property
    def folds(self) -> dict[str, DeclaredConsumer]:
        """The folds, by name."""
        return {each.name: each for each in self.consumers if isinstance(each.record, Fold)}

    def find_mirror(self, name: str) -> Mirror | None:
        """The mirror of a name."""
        found = next((each.record for each in self.consumers if each.name == name), None)
        return found if isinstance(found, Mirror) else None

    def find_table(self, name: str) -> tuple[DeclaredConsumer, FoldTable] | None:
        """The fold that a table belongs to, and the table; None: it is no fold's."""
        return self._tables.get(name)

    @cached_property
    def _tables(self) -> dict[str, tuple[DeclaredConsumer, FoldTable]]:
        return {table.name: (fold, table) for fold in self.folds.values() for table in fold.tables}


def fold_of(consumer: DeclaredConsumer) -> Fold:
    """The record of a consumer that is known to be a fold."""
    return cast("Fold", consumer.record)


def selector_of(consumer: DeclaredConsumer, table: FoldTable) -> Selector:
    """How the rows of a fold's table and events find one another."""
    return fold_of(consumer).selectors[table.name]


def fold_in(consumer: DeclaredConsumer, state: FoldState, events: Iterable[Event]) -> None:
    """Take a batch of events into the state of a fold."""
    fold = fold_of(consumer)
    for event in events:
        fold.apply(state, event)
    if fold.finish is not None:
        fold.finish(state)
