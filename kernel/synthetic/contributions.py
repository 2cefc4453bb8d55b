"""What plugins hand to the kernel: frozen records that validate themselves.

One record type per `register_*` hook (see `synthetic.hookspecs`). A record is
checked when it is built, so a mistake is reported at the plugin's own line.
The kernel stamps each with the name of the plugin it came from (`Stamped`), so
that every clash can name both sides. Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from synthetic.errors import CODE_PATTERN, SyntheticError
from synthetic.travel_contributions import Travel

if TYPE_CHECKING:
    from synthetic.database.ownership import BlockingStore
    from synthetic.database.transaction import Transaction

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
EVENT_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.[a-z][a-z0-9]*(_[a-z0-9]+)*")

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Stamped(Generic[RecordT]):
    """A record and the plugin that it came from ("kernel" for the kernel's own)."""

    plugin: str
    record: RecordT


def require(condition: object, problem: str) -> None:
    """Refuse a record.

    Raises:
        ValueError: The condition does not hold.
    """
    if not condition:
        raise ValueError(problem)


def require_name(name: str, what: str, pattern: re.Pattern[str] = NAME) -> None:
    """Refuse a name that is not of lower-case words."""
    require(pattern.fullmatch(name), f"{what} {name!r} must be lower-case words: {pattern.pattern}")


def require_sentence(text: str, what: str) -> None:
    """Refuse an empty explanation."""
    require(text.strip(), f"{what} must say in words what it is for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """Who a plugin is and what it needs (`register_plugin`).

    Attributes:
        summary: One sentence for `synthetic plugins`.
        requires: Names of plugins that must be loaded, and are loaded first.
        after: Names of plugins that are loaded first when they are there.
        kernel: Versions of the kernel it works with, as a version specifier
            (PEP 440), for instance ">=0.1,<0.2".
        with_: For each plugin that this one does not require but knows: the
            module that is registered only when that plugin is loaded.
        hooks: Module of hook specifications that this plugin offers to others.
    """

    summary: str
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    kernel: str = ">=0"
    with_: Mapping[str, str] = field(default_factory=dict[str, str])
    hooks: str | None = None

    def __post_init__(self) -> None:
        require_sentence(self.summary, "summary")
        for name in (*self.requires, *self.after, *self.with_):
            require_name(name, "plugin name")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings class of a plugin (`register_settings`).

    Attributes:
        settings_class: A frozen dataclass whose fields all have defaults, read
            from `[plugins.NAME]`. Bounds and descriptions are given with
            `Annotated[int, msgspec.Meta(ge=1, description="...")]`; a value
            that nobody is to be shown with `Meta(extra={"secret": True})`.
    """

    settings_class: type[Any]

    def __post_init__(self) -> None:
        cls = self.settings_class
        params = getattr(cls, "__dataclass_params__", None)
        require(is_dataclass(cls) and params is not None and params.frozen, f"{cls!r} must be a frozen dataclass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column that holds the key of a row elsewhere.

    Attributes:
        column: The column of the table that declares the reference.
        table: The table it points at.
        target: The column it points at.
        on_delete: What becomes of the row when the one it points at is deleted
            through the kernel: `delete` (it belongs to it), `clear` (the column
            becomes NULL) or `refuse` (the deletion is refused with CONFLICT).
    """

    column: str
    table: str
    target: str = "id"
    on_delete: Literal["delete", "clear", "refuse"] = "delete"

    def __post_init__(self) -> None:
        for name in (self.column, self.table, self.target):
            require_name(name, "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A kind of fact that a plugin writes to the log (`register_events`), with `tx.emit`.

    Attributes:
        name: What and what happened to it, in the past: `construct.saved`.
        entity: What kind of thing it is about, as `entityType` shows it.
        purpose: One sentence: when it is written, and what its payload holds.
        is_external: Whether clients may write it too, with `emitEvent`.
    """

    name: str
    entity: str
    purpose: str
    is_external: bool = False

    def __post_init__(self) -> None:
        require_name(self.name, "event type", EVENT_NAME)
        require_name(self.entity, "entity")
        require_sentence(self.purpose, f"purpose of {self.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that a plugin owns (`register_tables`).

    Attributes:
        name: As in SQL.
        purpose: One sentence.
        key: Columns of the primary key.
        references: Columns that point at other tables; the chain of `delete`
            references is how rows belong to a construct.
        deleted: What the kernel writes to the log for each row that it deletes,
            with the key as `entityId` (several columns joined by "/"). Also
            when the plugin is not loaded. None: the rows are no entities.
        kept: Why the table needs no retention rule; empty if it has one.
        travel: What its rows need on their way to another store (`synthetic export`).
        is_made_anew: Whether a mirror makes its rows from other tables, so that
            `synthetic recover` leaves it empty, for the mirror to fill.
        is_small: Whether it has few rows however large the store is, so that
            queries may read it from end to end.
    """

    name: str
    purpose: str
    key: tuple[str, ...] = ("id",)
    references: tuple[Reference, ...] = ()
    deleted: EventType | None = None
    kept: str = ""
    travel: Travel = field(default_factory=Travel)
    is_made_anew: bool = False
    is_small: bool = False

    def __post_init__(self) -> None:
        require_name(self.name, "table")
        require_sentence(self.purpose, f"purpose of {self.name}")
        require(self.key, f"table {self.name} must have a key")
        for reference in self.references:
            itself = reference.table == self.name and reference.on_delete == "delete"
            require(not itself, f"{self.name}.{reference.column} points at its own table: it can be cleared or refuse")


@dataclass(frozen=True, slots=True)
class MigrationFolder:
    """Where a plugin's migrations stand (`register_migrations`).

    Attributes:
        package: Import name of the package whose folder `migrations` holds
            files named `0001_words.sql`, numbered from 1 without gaps. The
            kernel reads them; a file that was released is never edited.
    """

    package: str

    def __post_init__(self) -> None:
        require(self.package, "package must be named")


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An error that a plugin raises (`register_errors`).

    Attributes:
        error_class: A subclass of `SyntheticError` with a code of its own and
            a docstring, which is the message.
    """

    error_class: type[SyntheticError]

    def __post_init__(self) -> None:
        cls = self.error_class
        require(SyntheticError in cls.__mro__, f"{cls!r} must be a SyntheticError")
        require(CODE_PATTERN.fullmatch(cls.code), f"code {cls.code!r} must be upper-case words")
        require("code" in cls.__dict__, f"{cls.__name__} must set a code of its own")
        require(cls.__doc__, f"{cls.__name__} must have a docstring: it is the message")


@dataclass(frozen=True, slots=True)
class Extension:
    """Fields that a plugin adds to a type of another (part of `GraphQL`).

    Attributes:
        type: The Strawberry type of a plugin in `requires`.
        fields: Fields made with `synthetic.batched`.
    """

    type: type[Any]
    fields: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQL:
    """What a plugin adds to the schema (`register_graphql`).

    Attributes:
        queries: Root fields made with `synthetic.query`.
        mutations: Root fields made with `synthetic.mutation`.
        subscriptions: Root fields made with `synthetic.subscription`.
        types: Types that no field names but that belong to the schema.
        extend: Fields on types of plugins that it requires.
        nodes: How `node(id:)` finds each type that implements `Node`: from
            the type to a function of (snapshot, ids) that returns, for each
            id, the object or None. If it has a parameter `asked`, it is told
            what is asked of the objects of this type.
        scalars: Scalars beyond the kernel's own, from the Python type to
            `strawberry.scalar(...)`.
    """

    queries: tuple[Any, ...] = ()
    mutations: tuple[Any, ...] = ()
    subscriptions: tuple[Any, ...] = ()
    types: tuple[type[Any], ...] = ()
    extend: tuple[Extension, ...] = ()
    nodes: Mapping[type[Any], Callable[..., Any]] = field(default_factory=dict[type[Any], Callable[..., Any]])
    scalars: Mapping[object, Any] = field(default_factory=dict[object, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Background work in small pieces (`register_services`).

    Of the processes that share a store, the one that holds the background
    lease runs it. A service is one of `step`, `work` and `opens`.

    Attributes:
        name: Unique within the plugin.
        purpose: One sentence.
        step: One write transaction, so it must be short: does a bounded amount
            of work in it and returns how many units it did.
        work: For what reads files or the network: does a bounded amount of
            work outside a transaction, with the reads and writes of the store
            that it is given, and returns how many units it did. Each of its
            writes is refused once another process has the lease.
        opens: For work that keeps something open between its pieces, such as
            connections: returns a context manager that gives the `work`. It is
            entered before the first piece, and left when the process stops or
            another one has the lease.
        every_ms: Pause after a piece that found nothing to do (returned 0), in
            milliseconds; else the next follows at once. While none of its
            `events` come, a pause of less than a second is four times as
            long, and up to a second; the next one ends it.
        every_setting: In place of `every_ms`: the field of the plugin's
            settings class that has the pause, where an operator may change it.
        events: Those after which there may be something to do, for a pause of
            less than a second; None: any. What comes with time alone is found
            in any case, a little later.
    """

    name: str
    purpose: str
    step: Callable[[Transaction], int] | None = None
    work: Callable[[BlockingStore], int] | None = None
    opens: Callable[[], AbstractContextManager[Callable[[BlockingStore], int]]] | None = None
    every_ms: int = 0
    every_setting: str = ""
    events: tuple[EventType, ...] | None = None

    def __post_init__(self) -> None:
        require_name(self.name, "service")
        require_sentence(self.purpose, f"purpose of {self.name}")
        given = [each for each in (self.step, self.work, self.opens) if each is not None]
        require(len(given) == 1, f"{self.name} must have either a step or work, or open it")
        require(self.every_setting or self.every_ms >= 1, f"every_ms of {self.name} must be at least 1")
        require(
            not (self.every_setting and self.every_ms), f"{self.name} must have every_ms or every_setting, not both"
        )
        require(self.events is None or self.events, f"the events of {self.name} must be named")
