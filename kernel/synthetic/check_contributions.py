"""`Check` and `Finding`: what plugins hand to the kernel with `register_checks`.

How checks are run, and what is said about what they find, is
`synthetic.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, TypeVarTuple, get_args

from synthetic.checks.errors import CheckFailedError
from synthetic.contributions import require, require_name, require_sentence
from synthetic.error_contract import SyntheticError

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot
    from synthetic.database.transaction import Transaction

Effort: TypeAlias = Literal["light", "full", "deep"]
"""How much a check reads, the least first."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")

EFFORTS: tuple[Effort, ...] = get_args(Effort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing in a store that is not as it must be.

    Attributes:
        message: What is wrong, in one sentence.
        entity_type: What kind of thing it is about; None: what the check says.
        entity_id: Which one; None: no single one.
        action: What to do about it, as one sentence; None: what the check or its error says.
        details: More about it, for programs: short values that JSON knows, never bodies nor secrets.
        error_class: Whose code it has; None: that of the check.
    """

    message: str
    entity_type: str | None = None
    entity_id: str | None = None
    action: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error_class: type[SyntheticError] | None = None

    def __post_init__(self) -> None:
        require_sentence(self.message, "a finding")


class Readings(Protocol):
    """The store, for a check that takes longer than one snapshot should be held: it reads again and again."""

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)`, in a snapshot that may be newer than the last."""
        ...

    def go_on(self) -> None:
        """To be called before much is read or hashed outside of `read`.

        Raises:
            SyntheticError: The check is to stop.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """How what a check finds is put right without losing anything (part of a `Check`).

    Attributes:
        does: What it does, in one sentence, for whoever is asked before.
        apply: A write, as `apply(tx, findings)`: how many things it has put right. It makes anew what is made from
            other rows, and deletes none that says something of its own. Like any write it may be run again; an effect
            outside of the transaction must be the same then.
    """

    does: str
    apply: Callable[[Transaction, Sequence[Finding]], int]

    def __post_init__(self) -> None:
        require_sentence(self.does, "what a repair does")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that must hold of a store, and that no constraint of a table can say (`register_checks`).

    It has `sql`, `find` or `find_over_time`. It may be run at any time, also while others
    write, and on a store that is damaged; it changes nothing.

    Attributes:
        name: Unique in the plugin; shown as `plugin.name`.
        purpose: One sentence: what holds.
        sql: A query that returns no rows when all is well, else one for each
            fault: the id of the entity, and what is wrong in words. `:now` is
            the time, in Unix milliseconds.
        find: A function that looks, and returns or yields what it finds. It
            holds no more in memory than it must, since tables may be large,
            and calls `snapshot.spend` before it decodes or hashes much, so that
            it can be cut short. What it raises from the error contract and
            cannot be mended by waiting, is a finding too.
        find_over_time: The same for what reads much beside the database, such
            as files: it gets `Readings` and no snapshot, so that none is held
            while it does. The store may change between two of them, so it
            looks again before it says that something is wrong.
        entity: The kind of thing that the rows of `sql` are about.
        error_class: Whose code its findings have: an error that the plugin
            registers, or CHECK_FAILED.
        action: What to do about what it finds; empty: what the error says.
        effort: `light`: looks a bounded number of rows up in indexes, so it
            may be run at every query of `integrity`. `full`: reads whole
            indexes or tables. `deep`: reads and decodes all that is stored.
        repair: What `synthetic check --repair` does about what it finds; None: nothing is safe to be done.
    """

    name: str
    purpose: str
    sql: str = ""
    find: Callable[[Snapshot], Iterable[Finding]] | None = None
    find_over_time: Callable[[Readings], Iterable[Finding]] | None = None
    entity: str = ""
    error_class: type[SyntheticError] = CheckFailedError
    action: str = ""
    effort: Effort = "full"
    repair: Repair | None = None

    def __post_init__(self) -> None:
        require_name(self.name, "check")
        require_sentence(self.purpose, f"purpose of {self.name}")
        ways = bool(self.sql), self.find is not None, self.find_over_time is not None
        require(sum(ways) == 1, f"the check {self.name} must have one of sql, find and find_over_time")
        require(not self.sql or self.entity, f"the check {self.name} must name the entity that its rows are about")
        if self.entity:
            require_name(self.entity, f"entity of {self.name}")
        require(SyntheticError in self.error_class.__mro__, f"error_class of {self.name} must be a SyntheticError")
        require(self.effort in EFFORTS, f"effort of {self.name} must be one of {', '.join(EFFORTS)}")
