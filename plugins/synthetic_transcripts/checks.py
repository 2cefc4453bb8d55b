"""What must hold between a transcript and its messages, sealed or not.

While a transcript is being deleted, which takes the rows that belong to it
first, or when that was cut short, messages seem to be missing.
"""

from __future__ import annotations

from collections.abc import Iterator

from synthetic import Check, Finding, Snapshot
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.model import KindCounts
from synthetic_transcripts.store.stretches import Stretch, count_kinds, load_stretches

STRETCHES_AT_ONCE = 32

_ACTION = (
    "If its session is being deleted, look again later; if that was cut short, delete it again. Else restore the newest"
    " backup without this finding, or save the transcript anew from its source."
)

_STRETCHES = """
SELECT t.id, 'A stretch of the transcript ' || t.id || ' begins at ' || s.first_seq || ', the one before it ends at '
    || s.before || '.'
FROM (
    SELECT transcript_key, first_seq, lag(last_seq, 1, 0) OVER (PARTITION BY transcript_key ORDER BY last_seq) AS before
    FROM transcript_stretches
) AS s CROSS JOIN transcripts AS t ON t.key = s.transcript_key
WHERE s.first_seq <> s.before + 1
"""

_TAILS = """
SELECT id, 'The transcript ' || id || ' has ' || message_count || ' messages, ' || tail_count || ' of them not sealed;'
    || ' sealed are those up to ' || sealed || ', and ' || tail || ' others are there, from ' || coalesce(first, 'none')
    || ' to ' || coalesce(last, 'none') || '.'
FROM (
    SELECT t.id, t.message_count, t.tail_count, t.tail_bytes,
        (SELECT coalesce(max(s.last_seq), 0) FROM transcript_stretches AS s WHERE s.transcript_key = t.key) AS sealed,
        count(m.seq) AS tail, min(m.seq) AS first, max(m.seq) AS last,
        coalesce(sum(m.content_bytes + m.metadata_bytes) FILTER (WHERE m.body IS NOT NULL), 0) AS held
    FROM transcripts AS t LEFT JOIN transcript_messages AS m ON m.transcript_key = t.key
    GROUP BY t.key
)
WHERE sealed + tail_count <> message_count OR tail <> tail_count OR held <> tail_bytes
    OR (tail > 0 AND (first <> sealed + 1 OR last <> message_count))
"""

_KINDS = ("text", "thinking", "tool_call", "tool_result", "system", "other")
_COUNTED = " + ".join(
    f"abs(t.kind_{kind} - coalesce(s.{kind}, 0)"
    f" - (SELECT count(*) FROM transcript_messages AS m WHERE m.transcript_key = t.key AND m.kind = '{kind.upper()}'))"
    for kind in _KINDS
)
_SUMMED = ", ".join(f"sum(kind_{kind}) AS {kind}" for kind in _KINDS)
_KIND_COUNTS = f"""
SELECT t.id, 'The transcript ' || t.id || ' counts its messages by kind otherwise than they are.'
FROM transcripts AS t LEFT JOIN (
    SELECT transcript_key, {_SUMMED} FROM transcript_stretches GROUP BY transcript_key
) AS s ON s.transcript_key = t.key
WHERE {_COUNTED} > 0
"""

_APART = """
SELECT t.id, 'The body of message ' || m.seq || ' of the transcript ' || t.id || ' is stored apart, and is not there.'
FROM transcript_messages AS m CROSS JOIN transcripts AS t ON t.key = m.transcript_key
WHERE m.body IS NULL AND NOT EXISTS (
    SELECT 1 FROM transcript_bodies AS b WHERE b.transcript_key = m.transcript_key AND b.seq = m.seq
)
"""

_SOURCES = """
SELECT id, 'The transcript ' || id || ' has ' || message_count || ' messages, and knows the sources of ' || known || '.'
FROM (
    SELECT t.id, t.message_count,
        (SELECT count(*) FROM transcript_sources AS s WHERE s.transcript_key = t.key) AS known
    FROM transcripts AS t
)
WHERE known <> message_count
"""

# Responses without an id are in the sums alone, so these may be larger.
_USAGE = """
SELECT t.id, 'The sums of usage of the transcript ' || t.id || ' are less than its responses cost'
    || iif(r.model = '', '.', ' (' || r.model || ').')
FROM (
    SELECT transcript_key, model, count(*) AS responses, sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens, sum(cache_read_tokens) AS cache_read_tokens,
        sum(cache_write_tokens) AS cache_write_tokens
    FROM transcript_responses GROUP BY transcript_key, model
) AS r
JOIN transcripts AS t ON t.key = r.transcript_key
LEFT JOIN transcript_usage AS u ON u.transcript_key = r.transcript_key AND u.model = r.model
WHERE u.model IS NULL OR u.responses < r.responses OR u.input_tokens < r.input_tokens
    OR u.output_tokens < r.output_tokens OR u.cache_read_tokens < r.cache_read_tokens
    OR u.cache_write_tokens < r.cache_write_tokens
"""


def find_unreadable_stretches(snapshot: Snapshot) -> Iterator[Finding]:
    """Read every message that is sealed, one stretch after the other."""
    last = 0
    while batch := snapshot.rows(
        "SELECT s.id, s.first_seq, s.last_seq, t.id, s.kind_text, s.kind_thinking, s.kind_tool_call,"
        " s.kind_tool_result, s.kind_system, s.kind_other"
        " FROM transcript_stretches AS s JOIN transcripts AS t ON t.key = s.transcript_key"
        " WHERE s.id > :last ORDER BY s.id LIMIT :limit",
        {"last": last, "limit": STRETCHES_AT_ONCE},
    ):
        last = batch[-1][0]
        facts = {row[0]: (row[3], KindCounts(*row[4:])) for row in batch}
        for stretch, sealed in load_stretches(snapshot, [Stretch(*row[:3]) for row in batch]):
            transcript_id, kinds = facts[stretch.id]
            if isinstance(sealed, TranscriptDamagedError):
                problem = "cannot be read"
            else:
                try:
                    found = count_kinds(sealed.columns().kind)
                except TranscriptDamagedError:
                    problem = "cannot be read"
                else:
                    problem = "" if found == kinds else "are of other kinds than is on record"
            if problem:
                yield Finding(
                    message=f"The messages {stretch.first_seq} to {stretch.last_seq} of the transcript {transcript_id}"
                    f" {problem}.",
                    entity_id=transcript_id,
                    details={"stretch": stretch.id, "first": stretch.first_seq, "last": stretch.last_seq},
                )


def _check(name: str, purpose: str, sql: str) -> Check:
    return Check(
        name=name, purpose=purpose, sql=sql, entity="transcript", error_class=TranscriptDamagedError, action=_ACTION
    )


CHECKS = (
    _check("stretches", "The sealed messages of a transcript follow one another from the first on.", _STRETCHES),
    _check("tails", "The messages that are not sealed follow those that are, up to the last.", _TAILS),
    _check("kinds", "A transcript counts its messages by kind as they are.", _KIND_COUNTS),
    _check("bodies", "Bodies that are stored apart are there.", _APART),
    _check("sources", "A transcript knows the source of each of its messages, once.", _SOURCES),
    _check("usage", "The sums of usage hold what every response costs.", _USAGE),
    Check(
        name="contents",
        purpose="Every sealed message can be read.",
        find=find_unreadable_stretches,
        entity="transcript",
        error_class=TranscriptDamagedError,
        action=_ACTION,
        effort="deep",
    ),
)
