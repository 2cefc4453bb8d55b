"""Appending messages: the hot path of every ingest.

The cost is a few passes over columns and a fixed number of statements for a
batch. A batch that fills whole stretches writes them at once; only what is left
goes through the table of the tail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic import BadUserInputError, Snapshot, Transaction
from synthetic_transcripts import codec, intake
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.events import MESSAGES_APPENDED, USAGE_APPENDED, appended_payloads
from synthetic_transcripts.model import Appended, KindCounts, NewMessage, Transcript
from synthetic_transcripts.settings import TranscriptSettings
from synthetic_transcripts.store.accounting import record_usage
from synthetic_transcripts.store.sealing import body_sizes, read_tail, seal_full_stretches
from synthetic_transcripts.store.sources import find_seqs, insert_sources
from synthetic_transcripts.store.stretches import count_kinds
from synthetic_transcripts.store.transcripts import find_construct_id, get_transcript

_INSERT_MESSAGE = (
    f"INSERT INTO transcript_messages (transcript_key, seq, {', '.join(Columns._fields)})"
    f" VALUES (:transcript_key, :seq, {', '.join(f':{name}' for name in Columns._fields)})"
)


Payload = Mapping[str, Any]


class _Counts(NamedTuple):
    """What the new messages add to the counts of their transcript."""

    kinds: KindCounts
    tool_calls: int
    size_bytes: int
    first_at: int | None
    last_at: int | None


def append_messages(tx: Transaction, transcript_id: str, messages: Sequence[NewMessage]) -> Appended:
    """Append those messages that the transcript does not have, in their order.

    A message whose source id is known, or repeats in the batch, is a duplicate:
    it changes nothing, whatever its content. Usage counts once for each usage
    id, by the last message that has any.

    Raises:
        NotFoundError: There is no such transcript.
        BadUserInputError: A message is not acceptable; none is appended.
    """
    transcript = get_transcript(tx, transcript_id)
    settings = tx.settings(TranscriptSettings)
    if not messages:
        return Appended(None, None, 0, 0)
    columns = _only_new(tx, transcript, intake.pack(messages, settings.message_bytes))
    if columns.length == 0:
        return Appended(None, None, 0, len(messages))
    first_seq = transcript.message_count + 1
    insert_sources(tx, transcript.key, first_seq, columns.source_id)
    usage = record_usage(tx, transcript.key, columns)
    kept = _move_large_bodies(tx, transcript.key, first_seq, columns, settings)
    tail_count, tail_bytes = _place(tx, transcript, kept, settings)
    kinds, tool_calls = count_kinds(columns.kind), sum(columns.tool_calls)
    instants = [instant for instant in columns.occurred_at if instant is not None]
    counts = _Counts(kinds, tool_calls, sum(columns.sizes()), min(instants, default=None), max(instants, default=None))
    _update_counts(tx, transcript, counts, tail_count, tail_bytes)
    done = Appended(first_seq, first_seq + columns.length - 1, columns.length, len(messages) - columns.length)
    _tell(tx, transcript, counts, *appended_payloads(transcript, done, kinds, tool_calls, usage))
    return done


def _tell(
    tx: Transaction, transcript: Transcript, counts: _Counts, payload: Payload, further: Sequence[Payload]
) -> None:
    """Write to the log what was appended."""
    construct_id = find_construct_id(tx, transcript.session_id)
    occurred_at = tx.now if counts.last_at is None else min(counts.last_at, tx.now)
    tx.emit(MESSAGES_APPENDED, transcript.id, construct_id=construct_id, payload=payload, occurred_at=occurred_at)
    for more in further:
        tx.emit(USAGE_APPENDED, transcript.id, construct_id=construct_id, payload=more, occurred_at=occurred_at)


def find_refusals(snapshot: Snapshot, messages: Sequence[NewMessage]) -> list[BadUserInputError | None]:
    """For each message, why `append_messages` would refuse a batch that holds it; None if it would not."""
    settings = snapshot.settings(TranscriptSettings)
    return [_find_refusal(message, settings) for message in messages]


def _find_refusal(message: NewMessage, settings: TranscriptSettings) -> BadUserInputError | None:
    try:
        intake.pack([message], settings.message_bytes)
    except BadUserInputError as error:
        return error
    return None


def _only_new(tx: Transaction, transcript: Transcript, columns: Columns) -> Columns:
    """The messages whose source ids are new, the first of each."""
    first_places: dict[str, int] = {}
    for index, source_id in enumerate(columns.source_id):
        first_places.setdefault(source_id, index)
    if transcript.message_count:
        for source_id in find_seqs(tx, transcript.key, list(first_places)):
            del first_places[source_id]
    return columns if len(first_places) == columns.length else columns.chosen(list(first_places.values()))


def _move_large_bodies(
    tx: Transaction, transcript_key: int, first_seq: int, columns: Columns, settings: TranscriptSettings
) -> Columns:
    """Store bodies over `apart_bytes` apart; the columns then have None in their place."""
    bodies = list(columns.body)
    apart: list[dict[str, int | bytes]] = []
    for index, body in enumerate(bodies):
        if body is not None and len(body) > settings.apart_bytes:
            frame = codec.compress(body, settings.compression_level)
            apart.append({"key": transcript_key, "seq": first_seq + index, "frame": frame})
            bodies[index] = None
    if not apart:
        return columns
    tx.execute_many("INSERT INTO transcript_bodies (transcript_key, seq, frame) VALUES (:key, :seq, :frame)", apart)
    return columns._replace(body=bodies)


def _place(tx: Transaction, transcript: Transcript, columns: Columns, settings: TranscriptSettings) -> tuple[int, int]:
    """Put the messages into stretches, as far as they fill them, and the rest into the tail.

    Returns:
        How many messages the tail has now, and the bytes of their bodies.
    """
    sizes = body_sizes(columns)
    count = transcript.tail_count + columns.length
    held = transcript.tail_bytes + sum(sizes)
    if count < settings.stretch_messages and held < settings.stretch_bytes:
        _insert_tail(tx, transcript.key, transcript.message_count + 1, columns)
        return count, held
    rest = seal_full_stretches(tx, transcript, read_tail(tx, transcript).joined(columns), settings)
    # What is left of the old tail is in the table already: a byte limit can end a stretch within it.
    fresh = min(rest.length, columns.length)
    first_seq = transcript.message_count + columns.length - fresh + 1
    _insert_tail(tx, transcript.key, first_seq, rest.part(rest.length - fresh))
    return rest.length, sum(body_sizes(rest))


def _insert_tail(tx: Transaction, transcript_key: int, first_seq: int, columns: Columns) -> None:
    names = columns._fields
    tx.execute_many(
        _INSERT_MESSAGE,
        [
            {"transcript_key": transcript_key, "seq": seq, **dict(zip(names, values, strict=True))}
            for seq, values in enumerate(zip(*columns, strict=True), first_seq)
        ],
    )


def _update_counts(tx: Transaction, transcript: Transcript, counts: _Counts, tail_count: int, tail_bytes: int) -> None:
    tx.execute(
        "UPDATE transcripts SET message_count = message_count + :messages,"
        " kind_text = kind_text + :text, kind_thinking = kind_thinking + :thinking,"
        " kind_tool_call = kind_tool_call + :tool_call, kind_tool_result = kind_tool_result + :tool_result,"
        " kind_system = kind_system + :system, kind_other = kind_other + :other,"
        " tool_call_count = tool_call_count + :tool_calls, size_bytes = size_bytes + :size_bytes,"
        " first_at = min(coalesce(first_at, :first_at), coalesce(:first_at, first_at)),"
        " last_at = max(coalesce(last_at, :last_at), coalesce(:last_at, last_at)),"
        " tail_count = :tail_count, tail_bytes = :tail_bytes, appended_at = :now, updated_at = :now"
        " WHERE key = :key",
        {
            "messages": sum(counts.kinds),
            **counts.kinds._asdict(),
            "tool_calls": counts.tool_calls,
            "size_bytes": counts.size_bytes,
            "first_at": counts.first_at,
            "last_at": counts.last_at,
            "tail_count": tail_count,
            "tail_bytes": tail_bytes,
            "now": tx.now,
            "key": transcript.key,
        },
    )
