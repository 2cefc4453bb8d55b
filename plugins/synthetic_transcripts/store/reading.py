"""Reading messages: a page in either direction from any seq, never the whole.

Seqs have no gaps, so a page without a filter is a range of seqs, and costs the
same wherever it lies. With a filter, stretches that have none of the kinds are
passed over by their counts, and each that is opened adds to the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from synthetic import Row, Snapshot, to_json
from synthetic_transcripts import codec
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.errors import ContentTooLargeError, TranscriptDamagedError
from synthetic_transcripts.model import Message, MessageKind, MessagePage, Transcript
from synthetic_transcripts.settings import TranscriptSettings
from synthetic_transcripts.store.stretches import Place, Stretch, load_stretch, load_stretches, locate
from synthetic_transcripts.store.transcripts import find_transcripts

_COUNT_COLUMNS = {kind: f"kind_{kind.lower()}" for kind in MessageKind}
_SELECT_TAIL = (
    f"SELECT seq, {', '.join(Columns._fields)} FROM transcript_messages"
    " WHERE transcript_key = :key AND seq BETWEEN :low AND :high ORDER BY seq"
)

_SELECT_PLACES = (
    f"SELECT m.transcript_key, m.seq, {', '.join(f'm.{column}' for column in Columns._fields)}"
    " FROM json_each(:places) AS j CROSS JOIN transcript_messages AS m"
    " WHERE m.transcript_key = j.value ->> 0 AND m.seq = j.value ->> 1"
)


def read_messages(
    snapshot: Snapshot,
    transcript: Transcript,
    *,
    first: int | None = None,
    after_seq: int = 0,
    last: int | None = None,
    before_seq: int | None = None,
    kinds: Collection[MessageKind] | None = None,
) -> MessagePage:
    """A page of messages, in the order of seq.

    Args:
        snapshot: What is read.
        transcript: As this snapshot has it.
        first: How many, from the lowest seq upwards.
        after_seq: Only messages with a higher seq.
        last: How many, from the highest seq downwards; either `first` or `last` is given.
        before_seq: Only messages with a lower seq.
        kinds: Only messages of these kinds; None for all.

    Raises:
        TranscriptDamagedError: What is stored cannot be read.
    """
    low = max(after_seq, 0) + 1
    high = transcript.message_count if before_seq is None else min(before_seq - 1, transcript.message_count)
    backwards = first is None
    size = (last or 0) if first is None else first
    if kinds is None:
        start, stop = (max(low, high - size + 1), high) if backwards else (low, min(high, low + size - 1))
        messages = _read_range(snapshot, transcript, start, stop)
        return MessagePage(messages, more=start > low if backwards else stop < high)
    parts = _parts(snapshot, transcript, low, high, frozenset(kinds), backwards=backwards)
    found = _collect(parts, size + 1, backwards=backwards)
    page = found[-size:] if backwards else found[:size]
    return MessagePage(page if size else [], more=len(found) > size)


def find_messages(snapshot: Snapshot, places: Sequence[tuple[str, int]]) -> list[Message | None]:
    """For each pair of transcript id and seq its message, or None.

    Raises:
        TranscriptDamagedError: What is stored cannot be read.
    """
    transcripts = find_transcripts(snapshot, sorted({transcript_id for transcript_id, _ in places}))
    by_id = {transcript.id: transcript for transcript in transcripts if transcript is not None}
    wanted = {
        (by_id[transcript_id].key, seq)
        for transcript_id, seq in places
        if transcript_id in by_id and 1 <= seq <= by_id[transcript_id].message_count
    }
    found = {(message.transcript_key, message.seq): message for message in _read_places(snapshot, sorted(wanted))}
    return [
        found.get((by_id[transcript_id].key, seq)) if transcript_id in by_id else None for transcript_id, seq in places
    ]


class Bodied(Protocol):
    """What of a message says where its body is."""

    @property
    def transcript_key(self) -> int:
        """Whose it is."""
        ...

    @property
    def seq(self) -> int:
        """Its place in the transcript."""
        ...

    @property
    def content_bytes(self) -> int:
        """Length of the content."""
        ...

    @property
    def metadata_bytes(self) -> int:
        """Length of the metadata."""
        ...

    @property
    def body(self) -> bytes | None:
        """Both, unless they stand apart."""
        ...


def load_bodies(snapshot: Snapshot, messages: Sequence[Bodied]) -> list[bytes]:
    """For each message its content and metadata, one after the other, fetched where they stand apart.

    Raises:
        ContentTooLargeError: They are more than `answer_bytes` together.
        TranscriptDamagedError: What is stored cannot be read.
    """
    size = sum(message.content_bytes + message.metadata_bytes for message in messages)
    size_max = snapshot.settings(TranscriptSettings).answer_bytes
    if size > size_max:
        raise ContentTooLargeError(
            f"The content of these {len(messages)} messages has {size} bytes; one answer carries up to {size_max}.",
            details={"sizeBytes": size, "sizeBytesMax": size_max},
        )
    snapshot.spend(size)
    apart: defaultdict[int, list[int]] = defaultdict(list)
    for message in messages:
        if message.body is None:
            apart[message.transcript_key].append(message.seq)
    frames = {
        (transcript_key, seq): frame
        for transcript_key, seqs in apart.items()
        for seq, frame in snapshot.rows(
            "SELECT b.seq, b.frame FROM json_each(:seqs) j CROSS JOIN transcript_bodies b"
            " WHERE b.transcript_key = :key AND b.seq = j.value",
            {"key": transcript_key, "seqs": to_json(seqs)},
        )
    }
    return [
        _decompressed(frames.get((message.transcript_key, message.seq)), message)
        if message.body is None
        else message.body
        for message in messages
    ]


def _decompressed(frame: bytes | None, message: Bodied) -> bytes:
    if frame is None:
        raise TranscriptDamagedError("The content of a message is missing.", details={"seq": message.seq})
    return codec.decompress(frame, message.content_bytes + message.metadata_bytes)


def _read_range(snapshot: Snapshot, transcript: Transcript, start: int, stop: int) -> list[Message]:
    """The messages from seq `start` to `stop`, both included; none when `stop` comes before `start`."""
    count = max(stop - start + 1, 0)
    messages = _collect(_parts(snapshot, transcript, start, stop), count)
    if len(messages) != count:
        raise TranscriptDamagedError(
            "Messages of this transcript are missing: it is being deleted, or the store is damaged.",
            details={"transcriptId": transcript.id},
        )
    return messages


def _collect(parts: Iterator[list[Message]], size: int, *, backwards: bool = False) -> list[Message]:
    """Messages of parts, until there are `size`; those that are more are cut off where the reading ended."""
    found: list[Message] = []
    while len(found) < size and (part := next(parts, None)) is not None:
        found = [*part, *found] if backwards else [*found, *part]
    return found[max(len(found) - size, 0) :] if backwards else found[: max(size, 0)]


def _parts(
    snapshot: Snapshot,
    transcript: Transcript,
    low: int,
    high: int,
    kinds: frozenset[MessageKind] | None = None,
    *,
    backwards: bool = False,
) -> Iterator[list[Message]]:
    """The messages from seq `low` to `high`, both included, stretch by stretch and then the tail, or the other way."""
    sealed = transcript.message_count - transcript.tail_count
    if backwards and high > sealed:
        yield _tail_messages(snapshot, transcript, low, high, kinds)
    if low <= min(sealed, high):
        for stretch in _stretches_between(snapshot, transcript.key, low, min(sealed, high), kinds, backwards=backwards):
            seqs = range(max(low, stretch.first_seq), min(high, stretch.last_seq) + 1)
            yield _sealed_messages(snapshot, transcript, stretch, seqs, kinds)
    if not backwards and high > sealed:
        yield _tail_messages(snapshot, transcript, low, high, kinds)


def _stretches_between(
    snapshot: Snapshot,
    transcript_key: int,
    low: int,
    high: int,
    kinds: frozenset[MessageKind] | None,
    *,
    backwards: bool,
) -> Iterator[Stretch]:
    """The stretches that hold messages from seq `low` to `high`, without those that have none of the kinds."""
    counts = " OR ".join(f"{_COUNT_COLUMNS[kind]} > 0" for kind in sorted(kinds or ()))
    rows = snapshot.iterate(
        "SELECT id, first_seq, last_seq FROM transcript_stretches"
        " WHERE transcript_key = :key AND last_seq BETWEEN :low AND"
        " (SELECT min(last_seq) FROM transcript_stretches WHERE transcript_key = :key AND last_seq >= :high)"
        f" AND ({'TRUE' if kinds is None else counts or 'FALSE'})"
        f" ORDER BY last_seq {'DESC' if backwards else 'ASC'}",
        {"key": transcript_key, "low": low, "high": high},
    )
    return (Stretch(*row) for row in rows)


def _sealed_messages(
    snapshot: Snapshot, transcript: Transcript, stretch: Stretch, seqs: range, kinds: frozenset[MessageKind] | None
) -> list[Message]:
    """Those messages of a stretch that have these seqs, and are of these kinds."""
    sealed = load_stretch(snapshot, stretch)
    start, stop = seqs.start - stretch.first_seq, seqs.stop - stretch.first_seq
    columns = sealed.columns(start, stop)
    if kinds is None:
        return columns.messages(transcript.key, seqs)
    indexes = sealed.indexes_of(kinds, start, stop)
    chosen = columns.chosen([index - start for index in indexes])
    return chosen.messages(transcript.key, [stretch.first_seq + index for index in indexes])


def _tail_messages(
    snapshot: Snapshot, transcript: Transcript, low: int, high: int, kinds: frozenset[MessageKind] | None = None
) -> list[Message]:
    rows: list[Row] = snapshot.rows(_SELECT_TAIL, {"key": transcript.key, "low": low, "high": high})
    if kinds is not None:
        place = 1 + Columns._fields.index("kind")
        rows = [row for row in rows if row[place] in kinds]
    columns = Columns.from_rows(row[1:] for row in rows)
    return columns.messages(transcript.key, [row[0] for row in rows])


def _read_places(snapshot: Snapshot, places: Sequence[Place]) -> Iterator[Message]:
    """The messages at these places, at each of which there is one."""
    held, unsealed = locate(snapshot, places)
    wanted = dict(held)
    for stretch, sealed in load_stretches(snapshot, list(wanted)):
        if isinstance(sealed, TranscriptDamagedError):
            raise sealed
        key, first = wanted[stretch][0]
        start = first - stretch.first_seq
        indexes = [seq - first for _, seq in wanted[stretch]]
        columns = sealed.columns(start, start + indexes[-1] + 1)
        yield from columns.chosen(indexes).messages(key, [first + index for index in indexes])
    if unsealed:
        yield from _messages_of_tails(snapshot, unsealed)


def _messages_of_tails(snapshot: Snapshot, places: Sequence[Place]) -> Iterator[Message]:
    rows: list[Row] = snapshot.rows(_SELECT_PLACES, {"places": to_json(places)})
    for row in rows:
        yield from Columns.from_rows([row[2:]]).messages(row[0], [row[1]])
