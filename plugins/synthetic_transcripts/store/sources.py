"""Which source ids a transcript has: what makes appending idempotent.

The index holds CRC-32 of a source id and the seq, 15 bytes a message, where the
ids themselves would take 60. It is a filter, not a judge: a hit counts only if
the message at that seq really has the source id. A transcript of 100,000
messages has about one pair of ids that share a hash; both are then rows of the
index, and a look-up of either compares two messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

from synthetic import Snapshot, Transaction, to_json
from synthetic_transcripts.store.stretches import load_stretch, locate

_SIGNED_32 = 0x8000_0000


def _hashes(source_ids: Iterable[str]) -> list[int]:
    # Brought into the range of a signed integer of 32 bits, which SQLite stores in four bytes.
    return [crc32(source_id.encode()) - _SIGNED_32 for source_id in source_ids]


def insert_sources(tx: Transaction, transcript_key: int, first_seq: int, source_ids: Sequence[str]) -> None:
    """Remember the source ids of messages that follow each other, the first with `first_seq`.

    They go in by order of the hash, which fills the pages of a new transcript
    to the brim, and in one statement, which takes half the time of one a row.
    """
    tx.execute(
        "INSERT INTO transcript_sources (transcript_key, hash, seq)"
        " SELECT :key, value, :first_seq + key FROM json_each(:hashes) ORDER BY value, key",
        {"key": transcript_key, "first_seq": first_seq, "hashes": to_json(_hashes(source_ids))},
    )


def find_seqs(snapshot: Snapshot, transcript_key: int, source_ids: Sequence[str]) -> dict[str, int]:
    """The seq of each of these source ids that the transcript has."""
    hits: list[tuple[int, int]] = snapshot.rows(
        "SELECT j.key, s.seq FROM json_each(:hashes) j CROSS JOIN transcript_sources s"
        " WHERE s.transcript_key = :key AND s.hash = j.value",
        {"key": transcript_key, "hashes": to_json(_hashes(source_ids))},
    )
    if not hits:
        return {}
    stored = _source_ids_at(snapshot, transcript_key, sorted({seq for _, seq in hits}))
    return {source_ids[index]: seq for index, seq in hits if stored.get(seq) == source_ids[index]}


def _source_ids_at(snapshot: Snapshot, transcript_key: int, seqs: Sequence[int]) -> dict[int, str]:
    """The source ids of the messages with these seqs, which are in order."""
    places, unsealed = locate(snapshot, [(transcript_key, seq) for seq in seqs])
    found: dict[int, str] = dict(
        snapshot.rows(
            "SELECT m.seq, m.source_id FROM json_each(:seqs) j CROSS JOIN transcript_messages m"
            " WHERE m.transcript_key = :key AND m.seq = j.value",
            {"key": transcript_key, "seqs": to_json([seq for _, seq in unsealed])},
        )
    )
    for stretch, held in places:
        sealed = load_stretch(snapshot, stretch)
        found.update((seq, sealed.source_id(seq - stretch.first_seq)) for _, seq in held)
    return found
