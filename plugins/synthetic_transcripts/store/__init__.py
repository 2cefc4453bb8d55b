"""All the SQL of transcripts, and what other plugins may use of this one.

One file a concern: `transcripts` (the rows), `appending`, `sealing`,
`reading`, `message_pages` and `written_messages` (of many transcripts at once),
`texts` (what single messages say), `stretches` (sealed messages and their cache), `sources` (which
source ids are known) and `accounting` (usage). Functions take the transaction
first.
"""

from __future__ import annotations

from synthetic_transcripts.model import (
    Appended,
    ContentForm,
    KindCounts,
    Message,
    MessageKind,
    MessagePage,
    MessageRole,
    MessageText,
    ModelUsage,
    NewMessage,
    NewTranscript,
    Transcript,
    Usage,
)
from synthetic_transcripts.store.accounting import list_usage, list_usage_of_sessions
from synthetic_transcripts.store.appending import append_messages, find_refusals
from synthetic_transcripts.store.message_pages import columns_for, read_message_rows, read_rows_of_kinds
from synthetic_transcripts.store.reading import find_messages, load_bodies, read_messages
from synthetic_transcripts.store.sealing import seal_idle_tails, seal_tail
from synthetic_transcripts.store.sources import find_seqs
from synthetic_transcripts.store.texts import Speech, find_texts
from synthetic_transcripts.store.transcripts import (
    ensure_transcript,
    find_transcript,
    find_transcripts,
    get_transcript,
)
from synthetic_transcripts.store.written_messages import TEXT, write_message_pages

__all__ = [
    "TEXT",
    "Appended",
    "ContentForm",
    "KindCounts",
    "Message",
    "MessageKind",
    "MessagePage",
    "MessageRole",
    "MessageText",
    "ModelUsage",
    "NewMessage",
    "NewTranscript",
    "Speech",
    "Transcript",
    "Usage",
    "append_messages",
    "columns_for",
    "ensure_transcript",
    "find_messages",
    "find_refusals",
    "find_seqs",
    "find_texts",
    "find_transcript",
    "find_transcripts",
    "get_transcript",
    "list_usage",
    "list_usage_of_sessions",
    "load_bodies",
    "read_message_rows",
    "read_messages",
    "read_rows_of_kinds",
    "seal_idle_tails",
    "seal_tail",
    "write_message_pages",
]
