"""`Fold` and `Mirror`: what plugins hand to the kernel with `register_consumers`.

They validate themselves like the records of `synthetic.contributions`. How
they are run is `synthetic.log.consumers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

from synthetic.contributions import EventType, require, require_name, require_sentence
from synthetic.selector_contributions import Selector

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot
    from synthetic.database.surroundings import Surroundings
    from synthetic.database.transaction import Transaction
    from synthetic.log.consumers.fold_state import FoldState
    from synthetic.log.events import Event

Entity: TypeAlias = tuple[str, str]
"""Type and id of what an event is about."""

Scanned: TypeAlias = tuple[str, str, str]
"""Cursor, type and id of an entity that a scan came upon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """What follows the log: a `Fold` or a `Mirror`.

    Attributes:
        name: Unique within the plugin.
        purpose: One sentence.
        types: The events that it is given; None: all, of whichever plugin.
        version: To be raised when its function makes something else than before.
        on_error: What happens when an event cannot be taken in: `stop` (the
            consumer is FAILED until somebody decides) or `skip` (the event is
            set aside, and counted).
    """

    name: str
    purpose: str
    types: tuple[EventType, ...] | None
    version: int = 1
    on_error: Literal["stop", "skip"] = "stop"

    def __post_init__(self) -> None:
        require(type(self) is not Consumer, f"{self.name} must be a Fold or a Mirror")
        require_name(self.name, "consumer")
        require_sentence(self.purpose, f"purpose of {self.name}")
        require(self.types is None or self.types, f"the consumer {self.name} must name the types of its events")
        require(self.version >= 1, f"the version of {self.name} must be at least 1")


class FoldInputs(NamedTuple):
    """What a consumer depends on beside its events, such as a table of prices that an operator keeps in a file.

    Attributes:
        value: Handed out by `state.input(CLASS)`; it does not change.
        fingerprint: Changes when the consumer would make something else of the same events.
    """

    value: object
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold(Consumer):
    """Tables computed from events, and from nothing else but declared inputs.

    `apply` is a function of the state and one event: it reads no other table,
    asks no clock and draws no random numbers. So the tables can be made anew
    from the log at any time, and come out the same. That is done, beside the
    tables that answer until it is done, when `version`, the types, the records
    or the fingerprint of the inputs change, and when an operator asks for it.

    The tables are the fold's alone. They have no keys to other tables and no
    triggers, nothing has a key to them, and a migration that changes one drops
    it and creates it anew: what it holds comes back from the log.

    Attributes:
        tables: For each table, which the plugin registers too, the record of
            its rows: a NamedTuple whose fields are the columns, those of the
            key first, in its order.
        apply: Takes in one event.
        finish: Called behind the last event of a batch, before the rows are
            stored or compared: puts what `apply` has only noted, in
            `state.notes`, since many events change the same rows. Into which
            batches the log was cut must not show in what comes of it.
        selectors: For each table, how its rows and events find one another:
            the way from a row back to what made it, and the means by which the
            rows are compared with the log.
        positions: For tables whose rows are each about one event, and of no use
            without it: the column of the key that holds its position. Such a
            row is deleted once the event has left the log for the archive.
            `apply` may delete these rows, and depends on none of them.
        inputs: Makes what `apply` depends on beside the events, from settings
            and resources. It is called once, when a kernel is made; an error
            that it raises stops the start.
    """

    tables: Mapping[str, type[Any]]
    apply: Callable[[FoldState, Event], None]
    selectors: Mapping[str, Selector]
    positions: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Callable[[Surroundings], FoldInputs] | None = None
    finish: Callable[[FoldState], None] | None = None

    def __post_init__(self) -> None:
        Consumer.__post_init__(self)
        require(self.tables, f"the fold {self.name} must have a table")
        for table, record in self.tables.items():
            require_name(table, "table")
            require(_is_named_tuple(record), f"the record of {table} must be a NamedTuple")
        classes = list(self.tables.values())
        require(len(set(classes)) == len(classes), f"each table of the fold {self.name} must have a record of its own")
        lacking = sorted(set(self.tables) ^ set(self.selectors))
        require(not lacking, f"the fold {self.name} must have a selector for each of its tables: {', '.join(lacking)}")
        for table, column in self.positions.items():
            known = table in self.tables and column in self.tables[table]._fields  # pyright: ignore[reportAttributeAccessIssue]
            require(known, f"the fold {self.name} has no table {table} with the column {column}")


class Waiting(NamedTuple):
    """What a mirror has noted and not done yet.

    Attributes:
        entities: How many are waiting, up to the number that was asked about.
        since: When the first of them was noted, Unix milliseconds; None: there is none.
    """

    entities: int
    since: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror(Consumer):
    """What is kept in step with entities that events name, by reading them again.

    Attributes:
        refresh: Brings what is kept in step with the entities that are named,
            each once, as (type, id); one that is not there any more is taken
            out. It may be given an entity that has not changed.
        scan: Entities after a cursor, in the order of cursors, at most so many:
            all that exist, and all that the mirror still holds. The kernel
            calls it, from None on, when all is to be made anew.
        begin: Called when all is to be made anew, before the scan. What is kept goes on answering meanwhile.
        waiting: For a mirror that only notes what has changed, and does the
            work in a service of its own: how many entities wait for it, counted
            no further than the number that it is given. They count as events
            that it is behind.
        inputs: As of a fold: all is made anew when the fingerprint changes.
    """

    refresh: Callable[[Transaction, Sequence[Entity]], None]
    scan: Callable[[Snapshot, str | None, int], Sequence[Scanned]]
    begin: Callable[[Transaction], None] | None = None
    waiting: Callable[[Snapshot, int], Waiting] | None = None
    inputs: Callable[[Surroundings], FoldInputs] | None = None

    def __post_init__(self) -> None:
        Consumer.__post_init__(self)


def _is_named_tuple(record: Any) -> bool:
    return isinstance(record, type) and issubclass(record, tuple) and hasattr(cast("Any", record), "_fields")
