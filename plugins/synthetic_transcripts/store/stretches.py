"""Sealed stretches: writing them, and reading them through a cache."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self, TypeAlias

from synthetic import SettingsLookup, Snapshot, Transaction, to_json
from synthetic_transcripts import codec
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.model import KindCounts, MessageKind
from synthetic_transcripts.settings import TranscriptSettings

ENTRY_BYTES = 400
"""What an entry of the cache takes beside its bytes: the objects, and their places in the table."""


_SELECT_FRAMES = (
    "SELECT s.id, s.format, s.size_bytes, s.ids, s.frame FROM json_each(:ids) AS j CROSS JOIN transcript_stretches AS s"
    " WHERE s.id = j.value"
)
_SELECT_HOLDING = """
SELECT j.key, s.id, s.first_seq, s.last_seq FROM json_each(:places) AS j
LEFT JOIN transcript_stretches AS s ON s.id = (
    SELECT h.id FROM transcript_stretches AS h
    WHERE h.transcript_key = j.value ->> 0 AND h.last_seq >= j.value ->> 1
    ORDER BY h.last_seq LIMIT 1
)
"""

DECOMPRESSING_IS_FASTER = 4
"""So many bytes are decompressed in the time in which one is decoded or parsed."""

_SIZE = 1
"""Where the size of a stretch stands behind its id."""


Place: TypeAlias = tuple[int, int]
"""The key of a transcript, and a seq of it."""


class Stretch(NamedTuple):
    """Where a stretch is: its row and the messages that it holds, both ends included."""

    id: int
    first_seq: int
    last_seq: int


class StretchCache:
    """Decompressed stretches that were read lately, within a bound of bytes; for any number of threads.

    An entry never goes stale: ids of stretches are never used again, and their
    rows never change. What a write transaction reads is not kept, because its
    ids are not final before the commit.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_used = 0
        self._entries: OrderedDict[int, codec.Encoded] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """The cache of a kernel, as large as `cache_bytes`."""
        return cls(settings(TranscriptSettings).cache_bytes)

    def find(self, stretch_id: int) -> codec.Encoded | None:
        """A stretch, or None; it is now the last to be dropped."""
        with self._lock:
            encoded = self._entries.get(stretch_id)
            if encoded is not None:
                self._entries.move_to_end(stretch_id)
            return encoded

    def keep(self, stretch_id: int, encoded: codec.Encoded) -> None:
        """Remember a stretch, and drop those that were not asked for the longest."""
        if _entry_size(encoded) > self.bytes_max:
            return
        with self._lock:
            if stretch_id in self._entries:
                return
            self._entries[stretch_id] = encoded
            self.bytes_used += _entry_size(encoded)
            while self.bytes_used > self.bytes_max:
                _, dropped = self._entries.popitem(last=False)
                self.bytes_used -= _entry_size(dropped)


def _entry_size(encoded: codec.Encoded) -> int:
    return len(encoded.ids) + len(encoded.rest) + ENTRY_BYTES


def count_kinds(kinds: Sequence[str]) -> KindCounts:
    """How many of each kind there are."""
    counts = Counter(kinds)
    return KindCounts(*(counts[kind] for kind in MessageKind))


def load_stretch(snapshot: Snapshot, stretch: Stretch) -> codec.Sealed:
    """The messages of a stretch.

    Raises:
        TranscriptDamagedError: What is stored is not a stretch of these messages.
    """
    ((_, sealed),) = load_stretches(snapshot, [stretch])
    if isinstance(sealed, TranscriptDamagedError):
        raise sealed
    return sealed


def load_stretches(
    snapshot: Snapshot, stretches: Sequence[Stretch]
) -> Iterator[tuple[Stretch, codec.Sealed | TranscriptDamagedError]]:
    """For each of some stretches its messages, or the error if they cannot be read; in no particular order."""
    for stretch, encoded in load_encoded(snapshot, stretches):
        yield stretch, _unsealed(stretch, encoded)


def load_encoded(
    snapshot: Snapshot, stretches: Sequence[Stretch]
) -> Iterator[tuple[Stretch, codec.Encoded | TranscriptDamagedError]]:
    """For each of some stretches what it was made of, or the error if that cannot be read; in no particular order.

    Those that are not in the cache are read by one statement, one after the other, so that only one is in memory.
    """
    cache = snapshot.resource(StretchCache)
    missing: dict[int, Stretch] = {}
    for stretch in stretches:
        encoded = cache.find(stretch.id)
        if encoded is None:
            missing[stretch.id] = stretch
        else:
            snapshot.spend(codec.head_bytes(encoded))
            yield stretch, encoded
    rows = snapshot.iterate(_SELECT_FRAMES, {"ids": to_json(list(missing))}) if missing else ()
    for id, *stored in rows:
        stretch = missing.pop(id)
        snapshot.spend(stored[_SIZE] // DECOMPRESSING_IS_FASTER)
        encoded = _decompressed(*stored)
        if isinstance(encoded, codec.Encoded) and not isinstance(snapshot, Transaction):
            cache.keep(id, encoded)
        yield stretch, encoded
    for stretch in missing.values():
        yield stretch, TranscriptDamagedError()


def _decompressed(layout: int, size_bytes: int, ids: bytes, frame: bytes) -> codec.Encoded | TranscriptDamagedError:
    if layout != codec.FORMAT:
        return TranscriptDamagedError()
    try:
        return codec.Encoded(ids, codec.decompress(frame, size_bytes))
    except TranscriptDamagedError as error:
        return error


def _unsealed(
    stretch: Stretch, encoded: codec.Encoded | TranscriptDamagedError
) -> codec.Sealed | TranscriptDamagedError:
    if isinstance(encoded, TranscriptDamagedError):
        return encoded
    try:
        sealed = codec.Sealed(encoded)
    except TranscriptDamagedError as error:
        return error
    is_whole = sealed.length == stretch.last_seq - stretch.first_seq + 1
    return sealed if is_whole else TranscriptDamagedError()


def locate(snapshot: Snapshot, places: Sequence[Place]) -> tuple[list[tuple[Stretch, list[Place]]], list[Place]]:
    """Where messages are, of any number of transcripts, by one statement.

    Args:
        snapshot: What is read.
        places: Keys of transcripts and seqs of theirs.

    Returns:
        The stretches that hold some of them, each with those that it holds, and
        those that are not sealed.
    """
    rows: list[tuple[int, int | None, int | None, int | None]] = snapshot.rows(
        _SELECT_HOLDING, {"places": to_json(places)}
    )
    held: dict[Stretch, list[Place]] = {}
    unsealed: list[Place] = []
    for number, id, first_seq, last_seq in rows:
        if id is None or first_seq is None or last_seq is None:
            unsealed.append(places[number])
        else:
            held.setdefault(Stretch(id, first_seq, last_seq), []).append(places[number])
    return list(held.items()), unsealed


def insert_stretch(tx: Transaction, transcript_key: int, first_seq: int, columns: Columns, level: int) -> None:
    """Seal messages: store them as one stretch."""
    ids, rest = codec.encode(columns)
    tx.execute(
        "INSERT INTO transcript_stretches (transcript_key, first_seq, last_seq,"
        " kind_text, kind_thinking, kind_tool_call, kind_tool_result, kind_system, kind_other,"
        " format, size_bytes, ids, frame)"
        " VALUES (:transcript_key, :first_seq, :last_seq,"
        " :text, :thinking, :tool_call, :tool_result, :system, :other, :format, :size_bytes, :ids, :frame)",
        {
            "transcript_key": transcript_key,
            "first_seq": first_seq,
            "last_seq": first_seq + columns.length - 1,
            **count_kinds(columns.kind)._asdict(),
            "format": codec.FORMAT,
            "size_bytes": len(rest),
            "ids": ids,
            "frame": codec.compress(rest, level),
        },
    )


def take_partial_stretch(
    tx: Transaction, transcript_key: int, settings: TranscriptSettings
) -> tuple[int, Columns] | None:
    """Take the last stretch out of the table if it is not full, so that it can be sealed again with more.

    Returns:
        Its first seq and its messages, or None.
    """
    row = tx.row(
        "SELECT id, first_seq, last_seq FROM transcript_stretches"
        " WHERE transcript_key = :key AND last_seq - first_seq + 1 < :messages AND size_bytes < :bytes AND last_seq ="
        " (SELECT max(last_seq) FROM transcript_stretches WHERE transcript_key = :key)",
        {"key": transcript_key, "messages": settings.stretch_messages, "bytes": settings.stretch_bytes},
    )
    if row is None:
        return None
    stretch = Stretch(*row)
    columns = load_stretch(tx, stretch).columns()
    tx.execute("DELETE FROM transcript_stretches WHERE id = :id", {"id": stretch.id})
    return stretch.first_seq, columns
