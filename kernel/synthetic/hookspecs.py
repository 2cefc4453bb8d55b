"""The plugin contract: every hook that the kernel calls, in one file.

A plugin is a package with a module `<package>.plugin`, named by an entry point
in the group `synthetic.plugins`. The functions of that module that carry
`@synthetic.hookimpl` are its contributions. What holds for all hooks here:

- They are called once, when a kernel is made, before any store is opened, in
  the order of the plugins (`requires`, `after`, then `plugins.toml`).
- They are synchronous, take no arguments and do no I/O.
- They return a tuple of records from `synthetic.contributions` (one record for
  `register_plugin`). Anything else, or an exception, stops the start with
  PLUGIN_FAILED and the plugin's name, unless `plugins.toml` calls the plugin
  optional.
- Two plugins that contribute the same name stop the start with PLUGIN_CLASH
  and both names.
"""

from __future__ import annotations

import pluggy

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
from synthetic.demo_contributions import DemoPart
from synthetic.retention_contributions import RetentionRule

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
        `GraphQL` records. Everything in them must have a description.

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
        table belongs to one fold at most.

    Example::

        class NoteTotal(NamedTuple):
            day: int
            notes: int

        def count_note(state: FoldState, event: Event) -> None:
            day = event.occurred_at_utc // 86_400_000
            total = state.get(NoteTotal, day) or NoteTotal(day, 0)
            state.put(total._replace(notes=total.notes + 1))

        @hookimpl
        def register_consumers():
            return (
                Fold(
                    name="totals",
                    purpose="How many notes were stored, by day.",
                    tables={"note_totals": NoteTotal},
                    types=(NOTE_SAVED,),
                    apply=count_note,
                ),
            )
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
