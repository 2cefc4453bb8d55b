"""The kernel's own settings: every limit and default that an operator may change.

Each class is one table of `plugins.toml`, `[kernel.NAME]`. How files, the
environment and flags are merged into them is `synthetic.settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Connections, the writer and the readers."""

    synchronous: Annotated[
        Literal["FULL", "NORMAL", "OFF"],
        Meta(
            description="FULL survives a power cut; NORMAL may lose the last commits in one; "
            "OFF may damage the store and is for tests alone."
        ),
    ] = "FULL"
    busy_timeout_ms: Annotated[int, Meta(ge=0, description="How long one attempt waits for a lock.")] = 5_000
    write_deadline_ms: Annotated[
        int, Meta(ge=1, description="How long a write may wait for the lock in all, attempts included.")
    ] = 10_000
    writer_queue: Annotated[int, Meta(ge=1, description="Writes that may wait before OVERLOADED.")] = 1_024
    group_writes: Annotated[int, Meta(ge=1, description="Most writes in one commit.")] = 64
    group_ms: Annotated[int, Meta(ge=1, description="No write joins a commit that is older than this.")] = 50
    coalesce_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=60_000,
            description="How long a coalesced write, such as a touch, waits for others of its key; so much may be "
            "lost when the process is killed. 0: each is written at once.",
        ),
    ] = 1_000
    coalesce_keys: Annotated[
        int, Meta(ge=1, description="Keys whose writes are coalesced at once; others are written at once.")
    ] = 10_000
    readers: Annotated[int, Meta(ge=1, le=64, description="Read-only connections and their threads.")] = 5
    reader_queue: Annotated[int, Meta(ge=1, description="Reads that may wait before OVERLOADED.")] = 1_024
    cache_bytes: Annotated[int, Meta(ge=1_048_576, description="Page cache of one connection.")] = 16_777_216
    free_disk_bytes: Annotated[
        int,
        Meta(ge=0, description="The start is refused with less free disk; below half of it a server refuses writes."),
    ] = 67_108_864


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where and how the server listens."""

    host: Annotated[str, Meta(description="Address or name to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0: one that is free.")] = 8787
    workers: Annotated[int, Meta(ge=1, le=64, description="Server processes on the one port.")] = 1
    connections: Annotated[int, Meta(ge=1, description="Open connections of one process.")] = 1_000
    read_timeout_ms: Annotated[
        int, Meta(ge=1, description="How long a client may take over a request's headers, and each part of its body.")
    ] = 10_000
    keep_alive_ms: Annotated[int, Meta(ge=1, description="How long an idle connection is kept.")] = 65_000
    shutdown_ms: Annotated[int, Meta(ge=1, description="How long running requests may finish in at a stop.")] = 10_000


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one request may ask for."""

    body_bytes: Annotated[int, Meta(ge=1, description="Size of a request's body.")] = 16_777_216
    json_depth: Annotated[int, Meta(ge=1, description="Nesting of a request's JSON.")] = 64
    document_bytes: Annotated[int, Meta(ge=1, description="Size of a GraphQL document.")] = 131_072
    tokens: Annotated[int, Meta(ge=1, description="Lexical tokens of a document.")] = 4_000
    depth: Annotated[int, Meta(ge=1, description="Levels of selections, fragments followed.")] = 16
    aliases: Annotated[int, Meta(ge=0, description="Aliased fields, fragments followed.")] = 64
    directives: Annotated[int, Meta(ge=0, description="Directives in a document.")] = 64
    cost: Annotated[int, Meta(ge=1, description="Fields that may be answered, page sizes multiplied in.")] = 500_000
    page_size: Annotated[int, Meta(ge=1, description="Most nodes of one page.")] = 1_000
    page_size_default: Annotated[int, Meta(ge=1, description="Nodes of a page when first and last are absent.")] = 50
    operation_ms: Annotated[int, Meta(ge=1, description="Deadline of one operation.")] = 30_000
    at_least_ms: Annotated[
        int, Meta(ge=0, description="How long a request waits for the position in `extensions.atLeast`.")
    ] = 5_000
    answer_bytes: Annotated[int, Meta(ge=1, description="Size of an operation's answer.")] = 67_108_864
    mutations: Annotated[int, Meta(ge=1, description="Mutations that run at once.")] = 64
    documents: Annotated[int, Meta(ge=1, description="Validated documents kept.")] = 1_000
    requests_per_second: Annotated[int, Meta(ge=1, description="Of one token or, without one, one address.")] = 2_000
    socket_init_ms: Annotated[int, Meta(ge=1, description="Time to send connection_init.")] = 3_000
    socket_ping_ms: Annotated[int, Meta(ge=1, description="Pause between pings; a silent peer is closed.")] = 15_000
    socket_operations: Annotated[int, Meta(ge=1, description="Operations running on one socket.")] = 100
    socket_frame_bytes: Annotated[int, Meta(ge=1, description="Size of a message on a WebSocket.")] = 1_048_576
    socket_queue: Annotated[int, Meta(ge=1, description="Frames waiting for a slow client.")] = 256
    sockets: Annotated[int, Meta(ge=1, description="Open WebSockets of one process.")] = 10_000
    stream_ping_ms: Annotated[
        int,
        Meta(ge=1, description="Silence after which an event stream sends a comment; who takes nothing is cut off."),
    ] = 15_000
    stream_operations: Annotated[int, Meta(ge=1, description="Operations running on one event stream.")] = 100
    stream_queue: Annotated[int, Meta(ge=1, description="Events waiting for a slow client.")] = 256
    stream_reservation_ms: Annotated[
        int, Meta(ge=1, description="How long a reserved event stream waits for its client to connect, or again.")
    ] = 10_000
    streams: Annotated[int, Meta(ge=1, description="Event streams of one process, open or reserved.")] = 2_000


@dataclass(frozen=True, slots=True)
class EventSettings:
    """The log of events."""

    keep_ms: Annotated[
        int, Meta(ge=60_000, description="Events older than this move to the archive; default: 30 days.")
    ] = 2_592_000_000
    segment_events: Annotated[int, Meta(ge=1, le=1_000_000, description="Events in one file of the archive.")] = 50_000
    external_types: Annotated[
        tuple[str, ...],
        Meta(description="Types of events that clients may append with emitEvent, beside those of plugins."),
    ] = ()


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """When what is old is deleted; for how long it is kept is each plugin's setting."""

    enabled: Annotated[bool, Meta(description="Whether the server deletes by itself what the rules do not keep.")] = (
        True
    )
    every_ms: Annotated[int, Meta(ge=1_000, description="Pause between two runs; default: an hour.")] = 3_600_000
    run_rows: Annotated[int, Meta(ge=1, description="After so many rows one `runRetention` ends, incomplete.")] = 10_000


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """How much room the store takes, and how what is free is given back."""

    warn_bytes: Annotated[
        int,
        Meta(ge=0, description="With more bytes in the data directory the module `storage` is STALE; 0: never."),
    ] = 0
    limit_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="With more bytes in the data directory, writes are answered STORAGE_FULL, while reads and "
            "deletes go on; 0: no limit.",
        ),
    ] = 0
    warn_free_disk_bytes: Annotated[
        int, Meta(ge=0, description="With less free disk the module `storage` is STALE; 0: never.")
    ] = 268_435_456
    free_page_bytes: Annotated[
        int,
        Meta(ge=0, description="So much free room the file keeps for what is written next; the rest is given back."),
    ] = 8_388_608
    wal_bytes: Annotated[
        int, Meta(ge=65_536, description="From this size on the write-ahead log is emptied and cut off.")
    ] = 16_777_216
    checkpoint_ms: Annotated[
        int, Meta(ge=10, description="How often the size of the write-ahead log is looked at.")
    ] = 250
    measure_ms: Annotated[
        int, Meta(ge=1_000, description="How often the files beside the database are counted; default: 30 s.")
    ] = 30_000


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """When backups are taken, where they go, and which ones are kept."""

    schedule: Annotated[
        str,
        Meta(
            max_length=200,
            description="When a server takes a backup, as five fields of cron in UTC, for instance `0 3 * * *`; "
            "empty: only when it is asked to.",
        ),
    ] = ""
    directory: Annotated[
        str,
        Meta(
            description="The folder of backups, outside of the data directory, to which it relates; empty: `backups` "
            "in it."
        ),
    ] = ""
    scratch: Annotated[
        str,
        Meta(
            description="Where backups are prepared and proven, which needs as much room as the store: outside of the "
            "data directory, to which it relates; empty: `backups` in it."
        ),
    ] = ""
    keep_count: Annotated[
        int, Meta(ge=1, le=10_000, description="So many backups of each kind are kept in the folder.")
    ] = 14
    keep_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="Older backups are removed, though never the newest that was proven; default: 30 days. 0: any "
            "age.",
        ),
    ] = 2_592_000_000
    wal_bytes: Annotated[
        int,
        Meta(
            ge=1_048_576,
            description="A backup is given up when the write-ahead log grows by more while the database is copied.",
        ),
    ] = 1_073_741_824


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """When a module counts as up to date."""

    stale_events: Annotated[int, Meta(ge=0, description="A consumer is STALE that has more events yet to apply.")] = (
        10_000
    )
    stale_ms: Annotated[
        int, Meta(ge=1, description="A consumer is STALE while an event that concerns it has waited longer.")
    ] = 30_000
    expected_interval_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="An outside module that has not said how often it syncs is STALE when its last success is "
            "longer ago; 0: never.",
        ),
    ] = 86_400_000
    attempt_stuck_ms: Annotated[
        int, Meta(ge=1, description="An attempt of an outside module that is silent for longer is taken to be stuck.")
    ] = 600_000
    monitor_ms: Annotated[int, Meta(ge=10, description="How often all modules are judged.")] = 1_000
    sample_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How often some rows of each fold are compared with the log; default: 10 minutes. 0: never.",
        ),
    ] = 600_000
    sample_rows: Annotated[int, Meta(ge=1, le=1_000, description="Rows of each table that are compared then.")] = 20
    modules: Annotated[int, Meta(ge=1, description="Outside modules that may report their state.")] = 1_000


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """When the store checks itself."""

    light_ms: Annotated[
        int, Meta(ge=0, description="How often the light checks are made by themselves; default: an hour. 0: never.")
    ] = 3_600_000


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """Who may reach the server."""

    hosts: Annotated[
        tuple[str, ...], Meta(description="Host names it answers to, beside loopback and the address it listens on.")
    ] = ()
    origins: Annotated[
        tuple[str, ...], Meta(description="Web origins that may call it, beside its own, as scheme://host:port.")
    ] = ()


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Structured logs on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least that is logged.")] = (
        "info"
    )
    format: Annotated[
        Literal["auto", "json", "text"], Meta(description="auto: text on a terminal, JSON elsewhere.")
    ] = "auto"


@dataclass(frozen=True, slots=True)
class KernelSettings:
    """Everything under `[kernel]`."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    security: SecuritySettings = field(default_factory=SecuritySettings)
    events: EventSettings = field(default_factory=EventSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    backups: BackupSettings = field(default_factory=BackupSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    log: LogSettings = field(default_factory=LogSettings)
