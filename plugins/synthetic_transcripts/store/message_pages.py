"""Pages of the messages of many transcripts at once, as rows of which no objects are made.

Seqs have no gaps, so the ends of a page follow from the number of messages. One
statement finds these, the unsealed messages between them, and where the sealed
ones are; one more reads the stretches that are not in the cache.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple

from synthetic import Row, Snapshot, to_json
from synthetic_transcripts.codec import Sealed
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.model import Message, MessageKind, MessageRow
from synthetic_transcripts.store.reading import read_messages
from synthetic_transcripts.store.stretches import Stretch, load_stretches
from synthetic_transcripts.store.transcripts import find_transcripts

SEQ_MAX = 2**53

_TRANSCRIPT, _STRETCH, _MESSAGE = range(3)
LEADING = ("place", "part", "transcript_id", "transcript_key", "seq")
"""Columns that every row has, before those that are asked for."""

STRETCH_ENDS = 2
"""Columns that a row says more of a stretch in: so many are read of messages at least."""

_seq_of = itemgetter(LEADING.index("seq"))

STATEMENTS_KEPT = 512
"""Statements that are remembered; clients choose the columns."""


class Span(NamedTuple):
    """Which messages a page is of.

    Attributes:
        low: Only messages with this seq or a higher one.
        high: Only messages with this seq or a lower one.
        size: How many at most.
        backward: Whether they are counted from the highest seq downwards.
    """

    low: int
    high: int
    size: int
    backward: bool

    def ends(self, message_count: int) -> tuple[int, int]:
        """The first and the last seq of the page; the last comes before the first where it is empty."""
        high = min(self.high, message_count)
        return (max(self.low, high - self.size + 1), high) if self.backward else (self.low, min(high, self._stop))

    def goes_on(self, start: int, stop: int, message_count: int) -> bool:
        """Whether more lies beyond the page with these ends, in the direction in which it is read."""
        return start > self.low if self.backward else stop < min(self.high, message_count)

    @property
    def _stop(self) -> int:
        return self.low + self.size - 1


class MessageRows(NamedTuple):
    """A page of messages.

    Attributes:
        rows: In the order of seq.
        more: Whether more lies beyond them, in the direction in which they were read.
        total: How many messages the transcript has of those that are asked for.
    """

    rows: list[Row]
    more: bool
    total: int


FoundRows = MessageRows | TranscriptDamagedError | None


@dataclass(slots=True)
class _Page:
    """A page while it is put together."""

    transcript_id: str
    transcript_key: int
    message_count: int
    start: int
    stop: int
    rows: list[Row] = field(default_factory=list[Row])

    def add(self, stretch: Stretch, sealed: Sealed, columns: Sequence[str]) -> None:
        """Take those messages of a stretch that are of the page."""
        seqs = range(max(self.start, stretch.first_seq), min(self.stop, stretch.last_seq) + 1)
        held = sealed.columns(seqs.start - stretch.first_seq, seqs.stop - stretch.first_seq)
        same = (repeat(None), repeat(_MESSAGE), repeat(self.transcript_id), repeat(self.transcript_key))
        self.rows += zip(*same, seqs, *(getattr(held, name) for name in columns), strict=False)

    def finished(self, span: Span) -> MessageRows | TranscriptDamagedError:
        start, stop = self.start, self.stop
        if len(self.rows) != (stop - start + 1 if stop >= start else 0):
            return TranscriptDamagedError(
                "Messages of this transcript are missing: it is being deleted, or the store is damaged.",
                details={"transcriptId": self.transcript_id},
            )
        self.rows.sort(key=_seq_of)
        return MessageRows(self.rows, span.goes_on(start, stop, self.message_count), self.message_count)


def columns_for(names: Collection[str]) -> tuple[str, ...]:
    """The columns that stand behind the `LEADING` ones in the rows of `read_message_rows`.

    Args:
        names: Of columns that are asked for; those that are none of messages do not count.
    """
    asked = [name for name in Columns._fields if name in names]
    return (
        *asked,
        *[name for name in Columns._fields[:STRETCH_ENDS] if name not in asked][: STRETCH_ENDS - len(asked)],
    )


def read_message_rows(
    snapshot: Snapshot, transcript_ids: Sequence[str], span: Span, columns: tuple[str, ...]
) -> list[FoundRows]:
    """For each transcript a page of its messages, whatever their kind.

    Args:
        snapshot: What is read.
        transcript_ids: Whose messages.
        span: Which.
        columns: What `columns_for` gave.

    Returns:
        For each its page; None where there is no such transcript, and the error where its messages cannot be read.
    """
    found: dict[int, _Page] = {}
    rows_of: dict[int, list[Row]] = {}
    sealed: dict[Stretch, list[_Page]] = {}
    params = {"ids": to_json(list(transcript_ids)), "low": span.low, "high": span.high, "size": span.size}
    for row in snapshot.rows(_pages_sql(columns, backward=span.backward), params):
        place, part = row[0], row[1]
        if part == _MESSAGE:
            rows_of[place].append(row)
        elif part == _STRETCH:
            sealed.setdefault(Stretch(*row[4:7]), []).append(found[place])
        else:
            page = found[place] = _Page(row[2], row[3], row[4], *span.ends(row[4]))
            rows_of[place] = page.rows
    errors: dict[int, TranscriptDamagedError] = {}
    for stretch, messages in load_stretches(snapshot, list(sealed)):
        for page in sealed[stretch]:
            if isinstance(messages, TranscriptDamagedError):
                errors[page.transcript_key] = messages
            else:
                page.add(stretch, messages, columns)
    return [
        None if (page := found.get(place)) is None else errors.get(page.transcript_key) or page.finished(span)
        for place in range(len(transcript_ids))
    ]


def read_rows_of_kinds(
    snapshot: Snapshot, transcript_ids: Sequence[str], span: Span, kinds: Sequence[MessageKind]
) -> list[FoundRows]:
    """For each transcript a page of its messages of some kinds, as `MessageRow`s; see `read_message_rows`.

    One walk for each transcript: how many stretches fill a page is known only when they are opened.
    """
    transcripts = find_transcripts(snapshot, transcript_ids)
    size = {"last" if span.backward else "first": span.size, "before_seq": span.high + 1}
    found: list[FoundRows] = []
    for transcript in transcripts:
        if transcript is None:
            found.append(None)
            continue
        try:
            page = read_messages(snapshot, transcript, kinds=kinds, after_seq=span.low - 1, **size)
        except TranscriptDamagedError as error:
            found.append(error)
            continue
        rows: list[Row] = [row_of(message, transcript.id) for message in page.messages]
        counts = transcript.counts._asdict()
        found.append(MessageRows(rows, page.more, sum(counts[kind.lower()] for kind in set(kinds))))
    return found


def row_of(message: Message, transcript_id: str) -> MessageRow:
    """A message as a row."""
    usage = message.usage
    return MessageRow(
        place=None,
        part=_MESSAGE,
        transcript_id=transcript_id,
        transcript_key=message.transcript_key,
        seq=message.seq,
        source_id=message.source_id,
        role=message.role,
        kind=message.kind,
        form=message.form,
        tool_calls=message.tool_calls,
        model=message.model,
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        cache_read_tokens=None if usage is None else usage.cache_read_tokens,
        cache_write_tokens=None if usage is None else usage.cache_write_tokens,
        usage_id=message.usage_id,
        parent_source_id=message.parent_source_id,
        occurred_at=message.occurred_at,
        content_bytes=message.content_bytes,
        metadata_bytes=message.metadata_bytes,
        body=message.body,
    )


@functools.lru_cache(maxsize=STATEMENTS_KEPT)
def _pages_sql(columns: tuple[str, ...], *, backward: bool) -> str:
    ends = "max(:low, t.high - :size + 1), t.high" if backward else ":low, min(t.high, :low + :size - 1)"
    unused = ", NULL" * (len(columns) - STRETCH_ENDS)
    return f"""
WITH found (place, id, key, message_count, high) AS (
    SELECT j.key, t.id, t.key, t.message_count, min(t.message_count, :high)
    FROM json_each(:ids) AS j CROSS JOIN transcripts AS t WHERE t.id = j.value
), pages (place, id, key, start, stop) AS (SELECT t.place, t.id, t.key, {ends} FROM found AS t)
SELECT place, {_TRANSCRIPT}, id, key, message_count, NULL, NULL{unused} FROM found
UNION ALL
SELECT p.place, {_STRETCH}, p.id, p.key, s.id, s.first_seq, s.last_seq{unused}
FROM pages AS p CROSS JOIN transcript_stretches AS s
WHERE p.start <= p.stop AND s.transcript_key = p.key AND s.last_seq >= p.start AND s.last_seq <= coalesce(
    (SELECT min(last_seq) FROM transcript_stretches WHERE transcript_key = p.key AND last_seq >= p.stop), p.stop)
UNION ALL
SELECT p.place, {_MESSAGE}, p.id, p.key, m.seq, {", ".join(f"m.{name}" for name in columns)}
FROM pages AS p CROSS JOIN transcript_messages AS m
WHERE m.transcript_key = p.key AND m.seq BETWEEN p.start AND p.stop
"""
