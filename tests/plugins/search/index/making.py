"""Transcripts and jobs to be found, and the index brought up to date at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthetic import Store
from synthetic_search.index import indexing, pending
from synthetic_search.index.expressions import Expression, Phrase, Ranked
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.index.places import find_places
from synthetic_search.index.retrieval import find_by_words
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import (
    MessageKind,
    MessageRole,
    NewMessage,
    NewTranscript,
    append_messages,
    ensure_transcript,
)

NOW = 1_800_000_000_000
"""When the clock of the tests stands."""


def say(store: Store, transcript_id: str, *texts: str, session_id: str = "s", occurred_at: int = NOW) -> None:
    """Append messages to a transcript, which is made if it is not there, with its session."""

    def write(tx):
        merge_session_facts(tx, session_id, SessionFacts())
        transcript = ensure_transcript(tx, NewTranscript(id=transcript_id, session_id=session_id))
        start = transcript.message_count
        messages = [
            NewMessage(
                source_id=f"{start + number}",
                role=MessageRole.ASSISTANT,
                kind=MessageKind.TEXT,
                text=text,
                occurred_at=occurred_at,
            )
            for number, text in enumerate(texts)
        ]
        append_messages(tx, transcript_id, messages)

    store.write(write)


def call_tool(store: Store, transcript_id: str, name: str, given: dict[str, Any], *, session_id: str = "s") -> None:
    """Append a message that calls a tool."""

    def write(tx):
        merge_session_facts(tx, session_id, SessionFacts())
        transcript = ensure_transcript(tx, NewTranscript(id=transcript_id, session_id=session_id))
        blocks = [{"type": "tool_use", "id": "c", "name": name, "input": given}]
        message = NewMessage(
            source_id=f"{transcript.message_count}",
            role=MessageRole.ASSISTANT,
            kind=MessageKind.TOOL_CALL,
            blocks=blocks,
            tool_calls=1,
        )
        append_messages(tx, transcript_id, [message])

    store.write(write)


def index_all(store: Store) -> None:
    """Note everything that there is, as a rebuild does, and index it."""
    cursor = None
    while found := store.read(pending.scan, cursor, 100):
        store.write(pending.note, [(entity_type, id) for _, entity_type, id in found])
        cursor = found[-1][0]
    index_noted(store)


def index_noted(store: Store) -> None:
    """Index what was noted."""
    while indexing.index_pending(store):
        pass


def words(text: str) -> Ranked:
    """Words side by side."""
    return Ranked(tuple(Phrase(word) for word in text.split()))


def found_ids(store: Store, expression: Expression | str, filters: Filters = EVERYTHING, limit: int = 50) -> list[str]:
    """Ids of the documents that match, best first."""
    asked = words(expression) if isinstance(expression, str) else expression

    def read(snapshot):
        hits = find_by_words(snapshot, asked, filters, limit).hits
        return [place.document_id for place in find_places(snapshot, [hit.id for hit in hits]) if place]

    return store.read(read)


def kinds_of(store: Store, ids: Sequence[int]) -> list[str]:
    """Kinds of documents."""
    return [place.kind for place in store.read(find_places, ids) if place]
