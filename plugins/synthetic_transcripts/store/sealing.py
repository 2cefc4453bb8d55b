"""Sealing: how messages move from the tail into stretches.

A stretch is full with `stretch_messages` messages, or `stretch_bytes` of bodies.
Whatever is appended fills stretches from where the last one ended; what is left
stays in the tail. A tail that is idle, or whose session is over, is sealed as it
is, into a stretch that is not full; should the transcript go on, that stretch is
taken out and sealed again with what follows, so that a transcript that grows by
a message an hour still ends as few full stretches.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Transaction
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.model import Transcript
from synthetic_transcripts.settings import TranscriptSettings
from synthetic_transcripts.store.stretches import insert_stretch, take_partial_stretch
from synthetic_transcripts.store.transcripts import COLUMNS

TAIL_COLUMNS = ", ".join(Columns._fields)
TAILS_PER_STEP = 16
"""How many tails one step seals: at most 16 MiB of bodies, in a fraction of a second."""


def full_stretches(sizes: Sequence[int], settings: TranscriptSettings) -> list[int]:
    """Where full stretches end, as indexes; what lies behind the last does not fill one.

    Args:
        sizes: Bytes of each message's body that would stand in the stretch.
        settings: What makes a stretch full.
    """
    stops: list[int] = []
    start = 0
    held = 0
    for index, size in enumerate(sizes, 1):
        held += size
        if index - start >= settings.stretch_messages or held >= settings.stretch_bytes:
            stops.append(index)
            start, held = index, 0
    return stops


def body_sizes(columns: Columns) -> list[int]:
    """Bytes of each body, 0 for those that are stored apart."""
    return [0 if body is None else len(body) for body in columns.body]


def read_tail(tx: Transaction, transcript: Transcript) -> Columns:
    """The messages of the tail."""
    if transcript.tail_count == 0:
        return Columns.from_rows(())
    rows = tx.rows(
        f"SELECT {TAIL_COLUMNS} FROM transcript_messages WHERE transcript_key = :key ORDER BY seq",
        {"key": transcript.key},
    )
    return Columns.from_rows(rows)


def seal_full_stretches(
    tx: Transaction, transcript: Transcript, columns: Columns, settings: TranscriptSettings, *, all_of_it: bool = False
) -> Columns:
    """Seal what follows the last full stretch, and take it out of the tail.

    Args:
        tx: The transaction.
        transcript: As it was before `columns` were appended.
        columns: The tail and what was just appended to it.
        settings: What makes a stretch full.
        all_of_it: Whether the rest, which does not fill a stretch, is sealed too.

    Returns:
        What was not sealed.
    """
    first_seq = transcript.message_count - transcript.tail_count + 1
    partial = take_partial_stretch(tx, transcript.key, settings)
    if partial is not None:
        first_seq, before = partial
        columns = before.joined(columns)
    stops = full_stretches(body_sizes(columns), settings)
    if all_of_it and (not stops or stops[-1] < columns.length):
        stops.append(columns.length)
    start = 0
    for stop in stops:
        part = columns.part(start, stop)
        insert_stretch(tx, transcript.key, first_seq + start, part, settings.compression_level)
        start = stop
    tx.execute(
        "DELETE FROM transcript_messages WHERE transcript_key = :key AND seq < :seq",
        {"key": transcript.key, "seq": first_seq + start},
    )
    return columns.part(start)


def seal_tail(tx: Transaction, transcript: Transcript) -> int:
    """Seal the tail of a transcript, whole.

    Returns:
        How many messages were in it.
    """
    if transcript.tail_count == 0:
        return 0
    seal_full_stretches(tx, transcript, read_tail(tx, transcript), tx.settings(TranscriptSettings), all_of_it=True)
    tx.execute("UPDATE transcripts SET tail_count = 0, tail_bytes = 0 WHERE key = :key", {"key": transcript.key})
    return transcript.tail_count


def seal_idle_tails(tx: Transaction) -> int:
    """Seal some tails to which nothing was appended for `idle_ms`, or whose session is over.

    Returns:
        How many tails were sealed, 0 when there are no more.
    """
    idle_before = tx.now - tx.settings(TranscriptSettings).idle_ms
    transcripts = tx.records(
        Transcript,
        f"SELECT {COLUMNS} FROM transcripts t WHERE t.tail_count > 0 AND t.appended_at <= :idle_before"
        " ORDER BY t.appended_at LIMIT :limit",
        {"idle_before": idle_before, "limit": TAILS_PER_STEP},
    ) or tx.records(
        Transcript,
        f"SELECT {COLUMNS} FROM transcripts t JOIN sessions s ON s.id = t.session_id"
        " WHERE t.tail_count > 0 AND s.ended_at IS NOT NULL LIMIT :limit",
        {"limit": TAILS_PER_STEP},
    )
    for transcript in transcripts:
        seal_tail(tx, transcript)
    return len(transcripts)
