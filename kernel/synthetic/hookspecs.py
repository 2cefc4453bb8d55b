"""The plugin contract: every hook that the kernel calls, in one file.

A plugin is a package with a module `<package>.plugin`, named by an entry point
in the group `synthetic.plugins`. The functions of that module that carry
`@synthetic.hookimpl` are its contributions. What holds for all hooks called
`register_...`:

- They are called once, when a kernel is made, before any store is opened, in
  the order of the plugins (`requires`, `after`, then `plugins.toml`).
- They are synchronous, take no arguments and do no I/O.
- They return a tuple of records from `synthetic.contributions` (one record for
  `register_plugin`). Anything else, or an exception, stops the start with
  PLUGIN_FAILED and the plugin's name, unless `plugins.toml` calls the plugin
  optional.
- Two plugins that contribute the same name stop the start with PLUGIN_CLASH
  and both names.

`prepare_connection` and `record_operation` alone are called while a store is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from synthetic.check_contributions import Check
from synthetic.command_contributions import Command
from synthetic.consumer_contributions import Consumer
from synthetic.contributions import (
    ErrorCode,
    EventType,
    GraphQL,
    MigrationFolder,
    Plugin,
    Service,
    Settings,
    Table,
)
from synthetic.database.preparation import ConnectionRole, PreparedConnection
from synthetic.demo_contributions import DemoPart
from synthetic.metric_contributions import MetricReading
from synthetic.operations.model import Operation
from synthetic.refusal_contributions import RefusalReaction
from synthetic.retention_contributions import RetentionRule
from synthetic.route_contributions import Route

if TYPE_CHECKING:
    from synthetic.database.transaction import Transaction

PROJECT = "synthetic"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_plugin() -> Plugin:  # pyright: ignore[reportReturnType]
    """Say who the plugin is. The only hook that every plugin must implement.

    Returns:
        One `Plugin` record.

    Example::

        @hookimpl
        def register_plugin():
            return Plugin(summary="Keeps notes.", requires=("constructs",))
    """


@hookspec
def register_settings() -> tuple[Settings, ...]:  # pyright: ignore[reportReturnType]
    """Name the settings class, read from `[plugins.NAME]` and the environment.

    Returns:
        At most one `Settings` record. An unknown key in the file stops the
        start with SETTINGS_INVALID and a "did you mean".

    Example::

        @dataclass(frozen=True)
        class NoteSettings:
            length_max: int = 1_000
            keep_done_ms: int = 30 * 86_400_000

        @hookimpl
        def register_settings():
            return (Settings(NoteSettings),)
    """


@hookspec
def register_tables() -> tuple[Table, ...]:  # pyright: ignore[reportReturnType]
    """Declare every table that the plugin owns.

    The records are also kept in the store, so that the kernel can delete,
    report and remove the rows of a plugin that is not installed any more. The
    plugin's migrations may touch these tables and no others.

    Returns:
        `Table` records; names are unique in the whole kernel.

    Example::

        @hookimpl
        def register_tables():
            return (
                Table(
                    name="notes",
                    purpose="Notes that people leave on a construct.",
                    references=(Reference(column="construct_id", table="constructs"),),
                    kept="Written by people, a few a day.",
                ),
                Table(
                    name="note_totals",
                    purpose="How many notes were stored, by day.",
                    key=("day",),
                    kept="One row a day.",
                ),
            )
    """


@hookspec
def register_migrations() -> tuple[MigrationFolder, ...]:  # pyright: ignore[reportReturnType]
    """Name the package whose `migrations` folder makes the declared tables.

    Returns:
        At most one `MigrationFolder`.

    Example::

        @hookimpl
        def register_migrations():
            return (MigrationFolder("synthetic_notes"),)
    """


@hookspec
def register_errors() -> tuple[ErrorCode, ...]:  # pyright: ignore[reportReturnType]
    """Declare the error codes that the plugin raises, so that they are documented.

    Returns:
        `ErrorCode` records; codes are unique in the whole kernel.

    Example::

        class NoteTooLongError(BadUserInputError):
            "The note is longer than `length_max`."
            code = "NOTE_TOO_LONG"

        @hookimpl
        def register_errors():
            return (ErrorCode(NoteTooLongError),)
    """


@hookspec
def register_events() -> tuple[EventType, ...]:  # pyright: ignore[reportReturnType]
    """Declare what the plugin writes to the log. `tx.emit` refuses what is not declared.

    Returns:
        `EventType` records; names are unique in the whole kernel.

    Example::

        NOTE_SAVED = EventType(name="note.saved", entity="note", purpose="A note was stored; its length.")

        def save_note(tx: Transaction, id: str, body: str) -> None:
            tx.execute("INSERT INTO notes (id, body) VALUES (:id, :body)", {"id": id, "body": body})
            tx.emit(NOTE_SAVED, id, payload={"length": len(body)})

        @hookimpl
        def register_events():
            return (NOTE_SAVED,)
    """


@hookspec
def register_graphql() -> tuple[GraphQL, ...]:  # pyright: ignore[reportReturnType]
    """Contribute root fields, types and fields on other plugins' types.

    Returns:
        `GraphQL` records. Everything in them must have a description. Fields
        are made when their module is imported, not in here: stores of one
        process that have the same plugins share what was built of them.

    Example::

        @query
        def note_count(snapshot: Snapshot) -> int:
            "How many notes there are."
            return snapshot.value("SELECT count(*) FROM notes")

        @hookimpl
        def register_graphql():
            return (GraphQL(queries=(note_count,)),)
    """


@hookspec
def register_retention() -> tuple[RetentionRule, ...]:  # pyright: ignore[reportReturnType]
    """Say which rows of the plugin's tables go when they are old, with all that belongs to them.

    The kernel runs the rules: every hour in the process that does the store's
    background work, and when an operator asks. It deletes in small
    transactions, the oldest rows first, and can say beforehand what would go.

    Returns:
        `RetentionRule` records; names are unique in the plugin. A rule names a
        table of the plugin and a field of its settings class. When the store
        is opened, the kernel asks for the plan of the rule's query: one that
        reads other rows than those that go stops the start with PLUGIN_FAILED.
        The rules of a plugin that is not loaded are not run.

    Example::

        # An index on notes (done_at) WHERE done_at IS NOT NULL gives these rows in the order of age.
        @hookimpl
        def register_retention():
            return (
                RetentionRule(
                    name="done",
                    purpose="Deletes notes that have been done with for a month.",
                    table="notes",
                    age_column="done_at",
                    keep_setting="keep_done_ms",
                ),
            )
    """


@hookspec
def register_consumers() -> tuple[Consumer, ...]:  # pyright: ignore[reportReturnType]
    """Contribute what follows the log: folds and mirrors.

    The process that does the store's background work runs them, each in a
    thread of its own. The position of each is stored in the transaction of its
    work. What an event does to a consumer that raises is its `on_error`; a
    fault of the store (busy, full) is waited out.

    Returns:
        `Fold` and `Mirror` records; names are unique in the plugin, and a
        table belongs to one fold at most. Each table of a fold has a
        `Selector`: the events behind a row, and the rows behind an event.

    Example::

        class NoteTotal(NamedTuple):
            day: int
            notes: int

        def count_note(state: FoldState, event: Event) -> None:
            day = event.occurred_at_utc // 86_400_000
            total = state.get(NoteTotal, day) or NoteTotal(day, 0)
            state.put(total._replace(notes=total.notes + 1))

        BY_DAY = Selector(
            behind=lambda day, found: [EventFilter()],
            touched=lambda state, event: [(event.occurred_at_utc // 86_400_000,)],
        )

        @hookimpl
        def register_consumers():
            totals = Fold(
                name="totals", purpose="How many notes were stored, by day.", types=(NOTE_SAVED,),
                tables={"note_totals": NoteTotal}, apply=count_note, selectors={"note_totals": BY_DAY},
            )
            return (totals,)
    """


@hookspec
def register_services() -> tuple[Service, ...]:  # pyright: ignore[reportReturnType]
    """Contribute background work.

    Returns:
        `Service` records. An exception in a service is logged, counted, and
        the service tried again with back-off; it stops nothing else.

    Example::

        def trim_notes(tx: Transaction) -> int:
            return tx.execute(
                "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE body = '' LIMIT 100)"
            )

        @hookimpl
        def register_services():
            return (Service(name="trim", purpose="Removes empty notes.", step=trim_notes, every_ms=60_000),)
    """


@hookspec
def register_commands() -> tuple[Command, ...]:  # pyright: ignore[reportReturnType]
    """Contribute verbs of the command line.

    Returns:
        `Command` records; names are unique in the whole kernel. A noun has
        verbs in place of a function: here, `synthetic notes count`.

    Example::

        def count(data: DataOption = None, as_json: JsonOption = False) -> None:
            "Count the notes of the store."
            with open_store(data) as store:
                emit({"notes": store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM notes"))}, as_json)

        @hookimpl
        def register_commands():
            return (Command("notes", summary="Look at notes.", verbs=(Command("count", count),)),)
    """


@hookspec
def register_checks() -> tuple[Check, ...]:  # pyright: ignore[reportReturnType]
    """Contribute invariants: what must hold of the plugin's rows and files, and no constraint can say.

    Run by `synthetic check` and, those of the effort `light`, by the query
    `integrity`; in a snapshot, on a store that others may be writing to, and
    not while the store lacks a migration of the plugin. An exception that is
    none of the error contract is logged; the check counts as not completed,
    and the others are run.

    Returns:
        `Check` records; names are unique in the plugin.

    Example::

        @hookimpl
        def register_checks():
            return (
                Check(
                    name="bodies",
                    purpose="A note that is done with has a body.",
                    sql="SELECT id, 'The note ' || id || ' is done and empty.' FROM notes"
                    " WHERE done_at IS NOT NULL AND body = ''",
                    entity="note",
                ),
            )
    """


@hookspec
def register_routes() -> tuple[Route, ...]:  # pyright: ignore[reportReturnType]
    """Contribute paths over HTTP, for what GraphQL is not made for: bytes, in both directions.

    A request has passed what all requests pass when the plugin is called: the
    checks of Host, Origin, token, scope and rate. Its answer gets a correlation
    id, the headers that keep a browser from running it, and a line in the
    access log. `serve` runs on the event loop: what waits for the disk goes
    through `request.in_thread`. An error of the contract that it raises before
    its answer has begun is the answer; another exception is answered with
    INTERNAL and logged; after the beginning, either ends the connection.

    Returns:
        `Route` records. The first segment of a path belongs to one plugin, or
        to the kernel. Of several routes of a plugin that fit a request, the
        first is asked.

    Example::

        def find_body(snapshot: Snapshot, id: str) -> str | None:
            return snapshot.value("SELECT body FROM notes WHERE id = :id", {"id": id})

        async def serve_body(request: RouteRequest) -> None:
            body = await request.read(find_body, request.path["id"])
            if body is None:
                raise NotFoundError
            await request.answer(200, {"content-type": "text/plain; charset=utf-8"}, body.encode())

        @hookimpl
        def register_routes():
            return (
                Route(
                    path="/notes/{id}",
                    purpose="The text of a note.",
                    methods={"GET": Scope.READ, "HEAD": Scope.READ},
                    serve=serve_body,
                ),
            )
    """


@hookspec
def register_metrics() -> tuple[MetricReading, ...]:  # pyright: ignore[reportReturnType]
    """Contribute gauges that are read from the store when somebody asks for `/metrics`.

    Each is read in a snapshot of its own and has a second. One that raises or
    takes longer is left out of that answer, counted in
    `synthetic_metric_reading_failures_total` and tried again after 30 s; what
    was read is shown for some seconds before it is read again.

    Returns:
        `MetricReading` records; names are unique in the whole kernel.

    Example::

        def count_open_notes(snapshot: Snapshot) -> float:
            return snapshot.value("SELECT count(*) FROM notes WHERE done_at IS NULL")

        @hookimpl
        def register_metrics():
            return (MetricReading(name="open_notes", purpose="Notes not done with.", read=count_open_notes),)
    """


@hookspec
def register_demo() -> tuple[DemoPart, ...]:  # pyright: ignore[reportReturnType]
    """Name the module with the plugin's part of the made-up fleet that `synthetic demo` makes and serves.

    Moments of one instant are written in the order of the plugins. A step of `live` that raises is tried again.

    Returns:
        At most one `DemoPart`; the demo alone imports its module.

    Example::

        from synthetic.demo import Moment

        def history(fleet, construct):
            yield Moment(construct.created_at, lambda tx: save_note(tx, construct.id, construct.title))

        def live(store, fleet, random):
            store.write(lambda tx: save_note(tx, tx.new_id(), random.choice(("Still at it.", "Done."))))

        @hookimpl
        def register_demo():
            return (DemoPart(module=__name__, every_ms=5_000),)
    """


@hookspec
def register_refusal_reactions() -> tuple[RefusalReaction, ...]:  # pyright: ignore[reportReturnType]
    """Do something about what consumers cannot take in.

    Consumers of all plugins are meant, and each is told of in the transaction
    in which it stops at an event or goes on without it (`refused`), and in
    which that is over (`settled`): the event was taken in after all, what the
    consumer holds was made anew, or the consumer is no more. The functions are
    called in load order. They do little, and nothing outside the transaction.
    What one of them raises keeps the consumer from going on, and the process
    tries again: so they raise nothing on purpose.

    Returns:
        `RefusalReaction` records.

    Example::

        def note_refusal(tx: Transaction, refusal: Refusal) -> None:
            tx.execute(
                "INSERT INTO notes (id, body) VALUES (:id, :body) ON CONFLICT DO NOTHING",
                {"id": refusal.key, "body": f"{refusal.consumer} could not take in an event."},
            )

        def strike_out(tx: Transaction, settlement: Settlement) -> None:
            tx.execute("DELETE FROM notes WHERE id = :key", {"key": settlement.key})

        @hookimpl
        def register_refusal_reactions():
            return (RefusalReaction(purpose="Notes what was refused.", refused=note_refusal, settled=strike_out),)
    """


@hookspec
def prepare_connection(connection: PreparedConnection, role: ConnectionRole) -> None:
    """Add functions and rankings to a connection, before anything runs on it.

    When it runs: for each connection to the store as it is opened, from
    whichever thread opens it, for every plugin that implements it, in load
    order. All connections that run a statement must know what the statement
    names, so there is seldom a reason to look at the role.

    What it must not do: keep the connection, read or write, or take long.

    Args:
        connection: What may be added to.
        role: `writer`; `reader`, for the pool and for checks; `in_place`, for short reads on an event loop.

    Raises:
        Exception: The connection is not used; whoever needed it gets PLUGIN_FAILED, and so a server does not start.

    Example::

        @hookimpl
        def prepare_connection(connection, role):
            connection.create_function("words_in", lambda body: len(body.split()), arguments=1)
    """


@hookspec
def record_operation(tx: Transaction, operation: Operation) -> None:
    """Keep a record of something that somebody did to the store, or was refused.

    Called while a store is open, for every mutation (but those that say
    `recorded=False`), every operator command that changes something, tokens as
    they are used and authorisation that is refused. Of several plugins that
    implement it each is called, in load order.

    When it runs: for a mutation on `tx`, in the mutation's own transaction,
    after its function; so the record is committed with the change, or neither.
    It is run again with the mutation when a commit that several writes share
    is lost. For a mutation on `store`, as BEGUN in its first transaction that
    changes something, and at the end, in a transaction of its own; there too
    for one that failed, whose own changes are undone. Uses of tokens and
    refusals are gathered, and come up to a minute later.

    What it must not do: have effects outside the transaction, start another
    write, or take long: everybody who writes waits for it. It may write to the
    plugin's tables, read any, and emit events.

    Args:
        tx: The transaction to record it in.
        operation: What was done: who, what, on which entity, what came of it.
            It holds no contents and no secrets.

    Raises:
        Exception: What it raises in the transaction of a change refuses the
            change: nothing of it is kept, and the caller gets the error
            (INTERNAL, if it is none of the contract). In a transaction of its
            own it undoes the record alone, for all plugins; that is logged,
            counted in `synthetic_operations_unrecorded_total`, and not told to
            the caller.

    Example::

        @hookimpl
        def record_operation(tx, operation):
            if operation.outcome == "DONE" and operation.name == "deleteConstruct":
                tx.execute(
                    "INSERT INTO notes (id, body) VALUES (:id, :body)",
                    {"id": tx.new_id(), "body": f"{operation.actor} deleted {operation.entity_id}"},
                )
    """
