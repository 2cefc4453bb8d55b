"""Metrics of the store's room."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class StorageMeter:
    """What the process that does the background work counts of the files it keeps small.

    Attributes:
        wal_bytes: Of the write-ahead log's file, when it was looked at last.
        wal_pinned_seconds: For how long readers have kept it from being emptied; 0: they do not.
        checkpoints: By outcome: `copied` into the database, `emptied` too, or `busy`.
        pages_given_back: Free pages that were taken out of the file.
        bytes_used: What counts against `kernel.storage.limit_bytes`.
        free_disk_bytes: Free on the disk.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self.wal_bytes = Gauge("synthetic_wal_bytes", "Bytes of the write-ahead log's file.", registry=registry)
        self.wal_pinned_seconds = Gauge(
            "synthetic_wal_pinned_seconds",
            "How long readers have kept the write-ahead log from being emptied.",
            registry=registry,
        )
        self.checkpoints = Counter(
            "synthetic_checkpoints",
            "Checkpoints: copied, emptied (the log was cut off too) or busy (a reader or writer kept it).",
            ("outcome",),
            registry=registry,
        )
        self.pages_given_back = Counter(
            "synthetic_pages_given_back", "Free pages taken out of the database file.", registry=registry
        )
        self.bytes_used = Gauge(
            "synthetic_storage_bytes", "Bytes that count against the store's limit.", registry=registry
        )
        self.free_disk_bytes = Gauge(
            "synthetic_free_disk_bytes", "Bytes free on the disk of the data directory.", registry=registry
        )
