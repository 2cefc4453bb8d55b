"""Pages of the messages of many transcripts at once as JSON, which SQLite writes while none of them is sealed.

What is written of a message is what `message_pages` reads of it. A page of which
messages are sealed, stored apart or missing is not written: its rows are read.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from synthetic import JsonColumn, LeafFields, PageWriter, Snapshot, page_of, to_json
from synthetic_transcripts.model import ContentForm
from synthetic_transcripts.store.message_pages import Span

TEXT = JsonColumn(
    "CAST(CASE metadata_bytes WHEN 0 THEN body ELSE substr(body, 1, content_bytes) END AS TEXT)",
    f"form = '{ContentForm.BLOCKS}' OR body IS NULL",
)
"""The text of a message, of its columns; that of blocks is put together in Python."""


def write_message_pages(
    snapshot: Snapshot, writer: PageWriter, fields: LeafFields, transcript_ids: Sequence[str], span: Span
) -> list[str | None]:
    """For each transcript a page of its messages, whatever their kind.

    Args:
        snapshot: What is read.
        writer: Of the place of these pages in a plan.
        fields: What the messages have.
        transcript_ids: Whose messages.
        span: Which.

    Returns:
        For each its page; None where its rows have to be read, or there is no such transcript.
    """
    params = {"ids": to_json(list(transcript_ids)), "low": span.low, "high": span.high, "size": span.size}
    pages_sql = functools.partial(_pages_sql, backward=span.backward)
    return writer.write_many(snapshot, fields, pages_sql, params, len(transcript_ids))


def _pages_sql(row: str, *, backward: bool) -> str:
    ends = "max(:low, t.high - :size + 1), t.high" if backward else ":low, min(t.high, :low + :size - 1)"
    # Messages are found by the key of their table, which is in the order of seq.
    return f"""
WITH found (place, id, key, high) AS (
    SELECT j.key, t.id, t.key, min(t.message_count, :high)
    FROM json_each(:ids) AS j CROSS JOIN transcripts AS t WHERE t.id = j.value
), pages (place, transcript_id, page_key, start, stop) AS (SELECT t.place, t.id, t.key, {ends} FROM found AS t)
SELECT place, (
    SELECT CASE count(*) WHEN max(0, stop - start + 1) THEN {page_of(row)} END
    FROM transcript_messages WHERE transcript_key = page_key AND seq BETWEEN start AND stop
) FROM pages
"""
